/*
 * What a Heroku v3 provider sees of the apps that have its installation.
 * Source: Heroku, "Platform API for Partners"; Platform API, "App", "Add-on
 * Attachment".
 */
#include "account.h"
#include "addons.h"
#include "attachment.h"
#include "conf.h"
#include "json.h"
#include "mem.h"

#include <string.h>

const struct fail *
partner_on_app(struct addon_result *r, struct cgi *c)
{
	struct cgi unnamed = *c;

	unnamed.param[0] = NULL;
	return partner_installed(r, &unnamed);
}

bool
partner_is_called(const struct app *app, const char *ident)
{
	return strcmp(app->id, ident) == 0 || strcmp(app->name, ident) == 0;
}

/* *out = the app called ident, which has r's add-on: as its own, or attached.
 * FAIL_MISSING "app". */
static const struct fail *
find_app(struct app **out, const struct cgi *c, const struct addon_result *r,
    const char *ident)
{
	struct act any = {.conf = c->act.conf, .store = c->act.store};
	const struct fail *f;
	const cJSON *id;

	*out = r->app;
	if (partner_is_called(r->app, ident))
		return NULL;
	cJSON_ArrayForEach(id, r->addon->attached) {
		f = app_load(out, &any, id->valuestring);
		if (f != NULL && f->code != FAIL_MISSING)
			return f;
		if (f == NULL && partner_is_called(*out, ident))
			return NULL;
	}
	return fail_missing("app");
}

cJSON *
partner_add_app(cJSON *o, const struct app *app)
{
	cJSON *part = cJSON_AddObjectToObject(o, "app");

	json_add_text(part, "id", app->id);
	json_add_text(part, "name", app->name);
	return part;
}

cJSON *
partner_add_addon(cJSON *o, const struct addon *a)
{
	cJSON *part = cJSON_AddObjectToObject(o, "addon");

	json_add_text(part, "id", a->id + strlen("ad-"));
	json_add_text(part, "name", addon_name(a));
	return part;
}

const struct fail *
partner_app(struct cgi *c)
{
	struct addon_result r;
	struct account *owner;
	const struct fail *f;
	struct app *app;
	cJSON *part;

	f = partner_on_app(&r, c);
	if (f == NULL)
		f = find_app(&app, c, &r, c->param[0]);
	if (f == NULL)
		f = account_load(&owner, c->act.store, app->owner);
	if (f != NULL)
		return f;
	c->json = cJSON_CreateObject();
	json_add_text(c->json, "id", app->id);
	json_add_text(c->json, "name", app->name);
	part = cJSON_AddObjectToObject(c->json, "owner");
	json_add_text(part, "id", owner->id);
	json_add_text(part, "email", owner->email);
	part = cJSON_AddObjectToObject(c->json, "region");
	json_add_text(part, "id", c->act.conf->region);
	json_add_text(part, "name", c->act.conf->region);
	json_add_text(c->json, "created_at", app->created_at);
	json_add_text(c->json, "updated_at", app->updated_at);
	return NULL;
}

/* The add-on of r as app has it by that name. */
static void
add_attachment(cJSON *list, const struct cgi *c, const struct addon_result *r,
    const struct app *app, const char *id, const char *name,
    const char *created_at)
{
	const struct provider *p = r->provider;
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "id", id);
	json_add_text(o, "name", name);
	json_add_text(o, "namespace", NULL);
	partner_add_app(partner_add_addon(o, r->addon), r->app);
	partner_add_app(o, app);
	json_add_text(o, "web_url",
	    p->sso_url == NULL || p->sso_salt == NULL
	        ? NULL
	        : mem_printf("%s/#/apps/%s/addons/%s", c->act.conf->public_url,
	              r->app->name, r->addon->id));
	json_add_text(o, "log_input_url", NULL);
	json_add_text(o, "created_at", created_at);
	json_add_text(o, "updated_at", created_at);
	cJSON_AddItemToArray(list, o);
}

/* *list = those of r's add-on: that of its own app, which is called as the
 * add-on is, and those of others. */
static const struct fail *
list_attachments(cJSON **list, const struct cgi *c,
    const struct addon_result *r)
{
	struct act any = {.conf = c->act.conf, .store = c->act.store};
	const struct addon *a = r->addon;
	const struct attachment *t;
	const struct fail *f;
	const cJSON *id;
	struct app *app;

	*list = cJSON_CreateArray();
	add_attachment(*list, c, r, r->app, a->id + strlen("ad-"),
	    a->prefix == NULL ? r->provider->vars_prefix : a->prefix,
	    a->provisioned_at);
	cJSON_ArrayForEach(id, a->attached) {
		f = app_load(&app, &any, id->valuestring);
		if (f != NULL && f->code == FAIL_MISSING)
			continue;
		if (f != NULL)
			return f;
		for (t = app->attachments; t != NULL; t = t->next)
			if (strcmp(t->addon, a->id) == 0)
				add_attachment(*list, c, r, app, t->id, t->name,
				    t->created_at);
	}
	return NULL;
}

const struct fail *
partner_attachments(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f = partner_installed(&r, c);

	return f != NULL ? f : list_attachments(&c->json, c, &r);
}

/* Those of one app; or the one by its id or name. */
const struct fail *
partner_app_attachments(struct cgi *c)
{
	const char *wanted = c->param[1];
	cJSON *list, *item, *next;
	struct addon_result r;
	const struct fail *f;
	struct app *app;

	f = partner_on_app(&r, c);
	if (f == NULL)
		f = find_app(&app, c, &r, c->param[0]);
	if (f == NULL)
		f = list_attachments(&list, c, &r);
	if (f != NULL)
		return f;
	for (item = list->child; item != NULL; item = next) {
		next = item->next;
		if (strcmp(json_text(json_get(item, "app"), "id"), app->id) ==
		        0 &&
		    (wanted == NULL ||
		        strcmp(json_text(item, "id"), wanted) == 0 ||
		        strcmp(json_text(item, "name"), wanted) == 0))
			continue;
		cJSON_DetachItemViaPointer(list, item);
	}
	c->json = wanted == NULL ? list : cJSON_DetachItemFromArray(list, 0);
	return c->json == NULL ? fail_missing("addon attachment") : NULL;
}
