/*
 * Where the app's people have an add-on's log sent.  Source: Scalingo API, "Log
 * drains".
 */
#include "addons.h"
#include "conf.h"
#include "json.h"
#include "log-drain.h"
#include "mem.h"

#include <string.h>

static cJSON *
drain_view(const struct app *app, const char *url)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "app_id", app->id);
	json_add_text(o, "url", url);
	return o;
}

const struct fail *
log_drains(struct cgi *c)
{
	cJSON *list = cJSON_AddArrayToObject(cgi_answer(c, 200), "drains");
	const struct log_drain *d;
	struct addon_result r;
	const struct fail *f =
	    addon_load(&r, &c->act, c->param[0], c->param[1]);

	if (f != NULL)
		return f;
	for (d = r.addon->owner_drains; d != NULL; d = d->next)
		cJSON_AddItemToArray(list, drain_view(r.app, d->url));
	c->revision = app_addon_revision(r.addon);
	return NULL;
}

/* host and port stand for a URL; both are texts, as clients send them. */
static const char *
url_of(const cJSON *drain)
{
	const char *url = json_text(drain, "url");
	const char *host = json_text(drain, "host");
	const char *port = json_text(drain, "port");

	if (url != NULL && url[0] != '\0')
		return url;
	if (host == NULL || host[0] == '\0')
		return NULL;
	return port == NULL || port[0] == '\0'
	           ? mem_printf("tcp+tls://%s", host)
	           : mem_printf("tcp+tls://%s:%s", host, port);
}

/* scheme and host: what stands behind may be a secret. */
static const char *
place_of(const char *url)
{
	const char *host = strstr(url, "://") + 3, *at;
	size_t len = strcspn(host, "/?#");

	at = memchr(host, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	return mem_printf("%.*s%.*s", (int)(strstr(url, "://") + 3 - url), url,
	    (int)len, host);
}

static const struct fail *
save(struct cgi *c, struct addon_result *r, const struct log_drain *d, bool new)
{
	const char *place = place_of(d->url);
	struct event e = event_new("%s: the log of %s goes %s to %s",
	    r->app->name, r->addon->provider, new ? "now" : "no more", place);
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "url", place);
	json_add_text(data, "addon_uuid", r->addon->id);
	json_add_text(data, "addon_name", r->addon->provider);
	event_add(&e, new ? "new_addon_log_drain" : "delete_addon_log_drain",
	    data);
	event_addon(&e, r->addon->id);
	return app_save(&c->act, r->app, &e);
}

const struct fail *
log_drain_create(struct cgi *c)
{
	struct addon_result r;
	struct log_drain *d;
	const char *url;
	cJSON *given;
	/* whose app it is comes before what is wanted of it */
	const struct fail *f =
	    addon_load(&r, &c->act, c->param[0], c->param[1]);

	if (f == NULL)
		f = cgi_body_object(&given, c, "drain");
	if (f != NULL)
		return f;
	url = url_of(given);
	if (url == NULL)
		return fail(FAIL_SYNTAX, "url, or host and port, is required");
	f = log_drain_check(url);
	if (f == NULL)
		f = app_edit_addon(&r.app, &r.addon, &c->act, c->param[0],
		    c->param[1]);
	if (f != NULL)
		return f;
	f = log_drain_add(&d, &r.addon->owner_drains, url);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	cJSON_AddItemToObject(cgi_answer(c, 201), "drain",
	    drain_view(r.app, url));
	return save(c, &r, d, true);
}

const struct fail *
log_drain_destroy(struct cgi *c)
{
	const char *url = cgi_param(c, "url");
	struct addon_result r;
	struct log_drain *d;
	const struct fail *f =
	    addon_load(&r, &c->act, c->param[0], c->param[1]);

	if (f == NULL && url == NULL)
		f = fail(FAIL_SYNTAX, "url is required");
	if (f != NULL)
		return f;
	f = app_edit_addon(&r.app, &r.addon, &c->act, c->param[0], c->param[1]);
	if (f != NULL)
		return f;
	f = log_drain_remove(&d, &r.addon->owner_drains, url);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	c->status = 204;
	return save(c, &r, d, false);
}
