/*
 * Add-on webhooks: a partner has itself told of what happens to the app that
 * its installation is on.
 */
#include "webhook.h"
#include "addons.h"
#include "json.h"
#include "mem.h"

#include <string.h>

/* Commit it; the answer is w. */
static const struct fail *
save(struct cgi *c, struct addon_result *r, const struct webhook *w,
    const char *did)
{
	/* not by its URL, which may hold a secret */
	struct event e = event_new("%s: %s %s webhook %s", r->app->name,
	    r->provider->slug, did, w->id);

	event_addon(&e, r->addon->id);
	c->json = webhook_view(w, r->addon);
	c->revision = app_addon_revision(r->addon);
	return app_save(&c->act, r->app, &e);
}

static size_t
count(const struct addon *a)
{
	const struct webhook *w;
	size_t n = 0;

	for (w = a->webhooks; w != NULL; w = w->next)
		n++;
	return n;
}

const struct fail *
webhook_create(struct cgi *c)
{
	struct webhook *w = mem_alloc(sizeof(*w)), **end;
	struct addon_result r;
	const char *secret;
	const struct fail *f = webhook_set(&secret, w, c->act.conf, c->body);

	if (f == NULL)
		f = partner_edit(&r, c, NULL);
	if (f != NULL)
		return f;
	if (count(r.addon) >= WEBHOOKS_MAX) {
		store_unlock(c->act.store);
		return fail_field(NULL, "base",
		    "an add-on has at most %d webhooks", WEBHOOKS_MAX);
	}
	for (end = &r.addon->webhooks; *end != NULL; end = &(*end)->next)
		;
	*end = w;
	f = save(c, &r, w, "added");
	if (f != NULL)
		return f;
	c->status = 201;
	if (secret != NULL)
		cgi_header(c, "Heroku-Webhook-Secret", secret);
	return NULL;
}

const struct fail *
webhook_change(struct cgi *c)
{
	struct addon_result r;
	struct webhook *w;
	const char *secret;
	const struct fail *f = partner_edit(&r, c, NULL);

	if (f != NULL)
		return f;
	f = webhook_find(&w, r.addon, c->param[1]);
	if (f == NULL)
		f = webhook_set(&secret, w, c->act.conf, c->body);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	return save(c, &r, w, "changed");
}

const struct fail *
webhook_delete(struct cgi *c)
{
	struct webhook **at, *w;
	struct addon_result r;
	const struct fail *f = partner_edit(&r, c, NULL);

	if (f != NULL)
		return f;
	f = webhook_find(&w, r.addon, c->param[1]);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	for (at = &r.addon->webhooks; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	return save(c, &r, w, "removed");
}

const struct fail *
webhook_list(struct cgi *c)
{
	const struct webhook *w;
	struct addon_result r;
	const struct fail *f = partner_locate(&r, c);

	if (f != NULL)
		return f;
	c->json = cJSON_CreateArray();
	c->revision = app_addon_revision(r.addon);
	for (w = r.addon->webhooks; w != NULL; w = w->next)
		cJSON_AddItemToArray(c->json, webhook_view(w, r.addon));
	return NULL;
}

const struct fail *
webhook_show(struct cgi *c)
{
	struct addon_result r;
	struct webhook *w;
	const struct fail *f = partner_locate(&r, c);

	if (f == NULL)
		f = webhook_find(&w, r.addon, c->param[1]);
	if (f != NULL)
		return f;
	c->json = webhook_view(w, r.addon);
	c->revision = app_addon_revision(r.addon);
	return NULL;
}

/* What past finds: all of it, or the one that the path names. */
static const struct fail *
answer_past(struct cgi *c, const char *what,
    const struct fail *(*past)(cJSON **out, struct store *store,
        const struct app *app, const struct addon *addon, const char *id))
{
	struct addon_result r;
	const struct fail *f = partner_locate(&r, c);

	if (f == NULL)
		f = past(&c->json, c->act.store, r.app, r.addon, c->param[1]);
	if (f != NULL || c->param[1] == NULL)
		return f;
	c->json = cJSON_DetachItemFromArray(c->json, 0);
	return c->json == NULL ? fail_missing(what) : NULL;
}

const struct fail *
webhook_sent(struct cgi *c)
{
	return answer_past(c, "webhook delivery", webhook_deliveries);
}

const struct fail *
webhook_causes(struct cgi *c)
{
	return answer_past(c, "webhook event", webhook_events);
}
