/*
 * Heroku's Platform API for Partners, version 3: one installation, by the
 * access token that its grant was exchanged for.
 */
#include "addons.h"
#include "addon.h"
#include "json.h"
#include "mem.h"
#include "money.h"
#include "work.h"

#include <string.h>

/* An installation that has left its app, and whose removal is not done. */
static const struct fail *
departed(struct addon_result *r, const struct cgi *c)
{
	const struct fail *f;
	struct work *work;

	f = work_load(&work, c->act.store, c->resource);
	if (f == NULL && work == NULL)
		f = fail_missing("addon");
	if (f != NULL)
		return f;
	r->provider = c->provider;
	r->app = mem_alloc(sizeof(*r->app));
	r->app->id = work->app_id;
	r->app->name = work->app_name;
	r->app->owner = work->owner;
	r->addon = mem_alloc(sizeof(*r->addon));
	r->addon->id = work->addon_id;
	r->addon->provider = work->provider;
	r->addon->plan = r->addon->plan_id = work->plan;
	r->addon->resource = work->resource;
	r->addon->status = "deprovisioning";
	r->addon->provisioned_at = r->addon->updated_at = work->created_at;
	return NULL;
}

/* The request's own word for the installation must be one of its names. */
static const struct fail *
check_name(const struct addon_result *r, const struct cgi *c)
{
	const char *ident = c->param[0], *id = c->resource;

	if (ident == NULL || strcmp(ident, id) == 0 ||
	    strcmp(ident, id + strlen("ad-")) == 0 ||
	    strcmp(ident, addon_name(r->addon)) == 0)
		return NULL;
	return fail_missing("addon");
}

const struct fail *
partner_installed(struct addon_result *r, struct cgi *c)
{
	const struct fail *f = addon_locate(r, &c->act, c->resource, true);

	if (f != NULL)
		return f->code == FAIL_MISSING ? fail_missing("addon") : f;
	return check_name(r, c);
}

const struct fail *
partner_locate(struct addon_result *r, struct cgi *c)
{
	const struct fail *f = addon_locate(r, &c->act, c->resource, true);

	if (f != NULL && f->code == FAIL_MISSING)
		f = departed(r, c);
	return f == NULL ? check_name(r, c) : f;
}

const struct fail *
partner_edit(struct addon_result *r, struct cgi *c, const char *app)
{
	const struct fail *f = store_lock(c->act.store);

	if (f != NULL)
		return f;
	f = app == NULL ? partner_installed(r, c) : partner_on_app(r, c);
	if (f == NULL && app != NULL && !partner_is_called(r->app, app))
		f = fail_missing("app");
	if (f == NULL)
		f = event_match(&c->act, "add-on",
		    app_addon_revision(r->addon));
	if (f != NULL)
		store_unlock(c->act.store);
	return f;
}

static const char *
state_of(const struct addon *a)
{
	if (strcmp(a->status, "provisioning") == 0 ||
	    strcmp(a->status, "deprovisioning") == 0)
		return a->status;
	return "provisioned";
}

/* "{id, name}" of something under key. */
static cJSON *
add_named(cJSON *o, const char *key, const char *id, const char *name)
{
	cJSON *named = cJSON_AddObjectToObject(o, key);

	json_add_text(named, "id", id);
	json_add_text(named, "name", name);
	return named;
}

/* The add-on object.  Source: Heroku Platform API, "Add-on". */
static cJSON *
view(const struct cgi *c, const struct addon_result *r)
{
	const struct addon *a = r->addon;
	cJSON *o = cJSON_CreateObject(), *part;

	cJSON_AddArrayToObject(o, "actions");
	add_named(o, "addon_service", r->provider->slug, r->provider->slug);
	add_named(o, "app", r->app->id, r->app->name);
	part = add_named(o, "billing_entity", r->app->id, r->app->name);
	json_add_text(part, "type", "app");
	part = cJSON_AddObjectToObject(o, "billed_price");
	cJSON_AddNumberToObject(part, "cents",
	    (double)(money_round(money_of(a->price)) / (MONEY_ONE / 100)));
	cJSON_AddFalseToObject(part, "contract");
	json_add_text(part, "unit", "month");
	cJSON_AddItemToObject(o, "config_vars", addon_names(r->provider, a));
	json_add_text(o, "created_at", a->provisioned_at);
	json_add_text(o, "id", a->id + strlen("ad-"));
	json_add_text(o, "name", addon_name(a));
	add_named(o, "plan", a->plan_id,
	    mem_printf("%s:%s", r->provider->slug, a->plan));
	json_add_text(o, "provider_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	json_add_text(o, "provision_message", NULL);
	json_add_text(o, "state", state_of(a));
	json_add_text(o, "updated_at", a->updated_at);
	json_add_text(o, "web_url",
	    r->provider->sso_url == NULL || r->provider->sso_salt == NULL
	        ? NULL
	        : mem_printf("%s/#/apps/%s/addons/%s", c->act.conf->public_url,
	              r->app->name, a->id));
	return o;
}

const struct fail *
partner_addon(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f = partner_locate(&r, c);

	if (f != NULL)
		return f;
	c->json = view(c, &r);
	c->revision = app_addon_revision(r.addon);
	return NULL;
}

const struct fail *
partner_addons(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f = partner_locate(&r, c);

	if (f != NULL)
		return f;
	c->json = cJSON_CreateArray();
	cJSON_AddItemToArray(c->json, view(c, &r));
	return NULL;
}

/* config as [{"name":…,"value":…}, …]. */
static cJSON *
config_view(const struct addon *a)
{
	cJSON *list = cJSON_CreateArray(), *item;
	const struct json_var *v;

	for (v = a->config; v != NULL; v = v->next) {
		item = cJSON_CreateObject();
		json_add_text(item, "name", v->name);
		json_add_text(item, "value", v->value);
		cJSON_AddItemToArray(list, item);
	}
	return list;
}

const struct fail *
partner_config(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f = partner_locate(&r, c);

	if (f != NULL)
		return f;
	c->json = config_view(r.addon);
	c->revision = app_addon_revision(r.addon);
	return NULL;
}

const struct fail *
partner_config_set(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f;
	cJSON *config;

	f = partner_locate(&r, c);
	if (f == NULL)
		f = cgi_body_config(&config, c, true);
	if (f == NULL)
		f = addon_configure(&r, &c->act, c->resource, config);
	if (f != NULL)
		return f;
	c->json = config_view(r.addon);
	c->revision = app_addon_revision(r.addon);
	addons_start_tick(c);
	return NULL;
}

static const struct fail *
finish(struct cgi *c, bool ready)
{
	struct addon_result r;
	const struct fail *f = partner_locate(&r, c);

	if (f == NULL)
		c->json = view(c, &r);
	if (f == NULL)
		f = addon_finish(&r, &c->act, c->resource, ready);
	if (f != NULL)
		return f;
	if (ready)
		c->json = view(c, &r);
	else
		cJSON_ReplaceItemInObjectCaseSensitive(c->json, "state",
		    cJSON_CreateString("deprovisioned"));
	addons_start_tick(c);
	return NULL;
}

const struct fail *
partner_ready(struct cgi *c)
{
	return finish(c, true);
}

const struct fail *
partner_failed(struct cgi *c)
{
	return finish(c, false);
}
