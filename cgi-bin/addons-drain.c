/*
 * Where a Heroku v3 provider has the log of its app sent.  Source: Heroku,
 * "Platform API for Partners"; Platform API, "Log Drain".
 */
#include "addons.h"
#include "clock.h"
#include "json.h"
#include "log-drain.h"
#include "mem.h"

#include <string.h>

/* The drain; own: it is the add-on's, not the app's alone. */
static cJSON *
drain_view(const struct addon_result *r, const struct log_drain *d, bool own)
{
	cJSON *o = cJSON_CreateObject();

	if (own)
		partner_add_addon(o, r->addon);
	else
		json_add_text(o, "addon", NULL);
	partner_add_app(o, r->app);
	json_add_text(o, "created_at", d->created_at);
	json_add_text(o, "id", d->id);
	json_add_text(o, "token", d->token);
	json_add_text(o, "updated_at", d->updated_at);
	json_add_text(o, "url", d->url);
	return o;
}

/* The add-on's own drain, by the token that its order told; false: none. */
static bool
own_drain(struct log_drain *d, const struct addon *a)
{
	const char *uuid = a->id + strlen("ad-");

	*d = (struct log_drain){.id = uuid,
	    .url = a->log_drain_url,
	    .token = mem_printf("d.%s", uuid),
	    .created_at = a->provisioned_at,
	    .updated_at = a->updated_at};
	return a->log_drain_url != NULL;
}

const struct fail *
partner_drains(struct cgi *c)
{
	const struct log_drain *more;
	struct addon_result r;
	struct log_drain d;
	const struct fail *f = partner_installed(&r, c);

	if (f != NULL)
		return f;
	c->json = cJSON_CreateArray();
	if (own_drain(&d, r.addon))
		cJSON_AddItemToArray(c->json, drain_view(&r, &d, true));
	for (more = r.addon->log_drains; more != NULL; more = more->next)
		cJSON_AddItemToArray(c->json, drain_view(&r, more, false));
	c->revision = app_addon_revision(r.addon);
	return NULL;
}

/* *out = the body's url.  FAIL_SYNTAX, FAIL_INVALID. */
static const struct fail *
read_url(const char **out, const struct cgi *c)
{
	*out = json_text(c->body, "url");
	return *out == NULL ? fail(FAIL_SYNTAX, "url is required")
	                    : log_drain_check(*out);
}

static const struct fail *
save(struct cgi *c, const struct addon_result *r, const char *did)
{
	struct event e = event_new("%s: %s %s a log drain", r->app->name,
	    r->provider->slug, did);

	event_addon(&e, r->addon->id);
	c->revision = app_addon_revision(r->addon);
	return app_save(&c->act, r->app, &e);
}

const struct fail *
partner_drain_change(struct cgi *c)
{
	struct addon_result r;
	struct log_drain d;
	const struct fail *f;
	const char *url;

	f = read_url(&url, c);
	if (f == NULL)
		f = partner_edit(&r, c, NULL);
	if (f != NULL)
		return f;
	if (!own_drain(&d, r.addon) || !log_drain_is(&d, c->param[1])) {
		store_unlock(c->act.store);
		return fail_missing("log drain");
	}
	r.addon->log_drain_url = url;
	r.addon->updated_at = clock_text(clock_now());
	own_drain(&d, r.addon);
	c->json = drain_view(&r, &d, true);
	return save(c, &r, "changed");
}

const struct fail *
partner_drain_add(struct cgi *c)
{
	struct addon_result r;
	struct log_drain *d;
	const struct fail *f;
	const char *url;

	f = read_url(&url, c);
	if (f == NULL)
		f = partner_edit(&r, c, c->param[0]);
	if (f != NULL)
		return f;
	f = log_drain_add(&d, &r.addon->log_drains, url);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	c->status = 201;
	c->json = drain_view(&r, d, false);
	return save(c, &r, "added");
}

const struct fail *
partner_drain_remove(struct cgi *c)
{
	struct addon_result r;
	struct log_drain *d;
	const struct fail *f = partner_edit(&r, c, c->param[0]);

	if (f != NULL)
		return f;
	f = log_drain_remove(&d, &r.addon->log_drains, c->param[1]);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	c->json = drain_view(&r, d, false);
	return save(c, &r, "removed");
}
