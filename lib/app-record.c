/*
 * The record: its shape, what holds in it, and what the index shows of it.
 */
#include "app.h"
#include "hash.h"
#include "index.h"
#include "mem.h"
#include "plan.h"

#include <stddef.h>
#include <string.h>

static const struct json_field webhook_fields[] = {
    JSON_FIELD(webhook, id, STRING, MUST),
    JSON_FIELD(webhook, url, SECRET, MUST),
    JSON_FIELD(webhook, include, ANY, MUST),
    JSON_FIELD(webhook, level, STRING, MUST),
    JSON_FIELD(webhook, authorization, SECRET, OMIT),
    JSON_FIELD(webhook, secret, SECRET, MUST),
    JSON_FIELD(webhook, created_at, STRING, MUST),
    JSON_FIELD(webhook, updated_at, STRING, MUST),
};

static const struct json_shape webhook_shape =
    JSON_SHAPE_LIST(webhook, webhook_fields);

static const struct json_field drain_fields[] = {
    JSON_FIELD(log_drain, id, STRING, MUST),
    JSON_FIELD(log_drain, url, SECRET, MUST),
    JSON_FIELD(log_drain, token, STRING, MUST),
    JSON_FIELD(log_drain, created_at, STRING, MUST),
    JSON_FIELD(log_drain, updated_at, STRING, MUST),
};

static const struct json_shape drain_shape =
    JSON_SHAPE_LIST(log_drain, drain_fields);

static const struct json_field addon_fields[] = {
    JSON_FIELD(addon, id, STRING, MUST),
    JSON_FIELD(addon, provider, STRING, MUST),
    JSON_FIELD(addon, plan, STRING, MUST),
    JSON_FIELD(addon, plan_id, STRING, MUST),
    JSON_FIELD(addon, price, NUMBER, MUST),
    JSON_FIELD(addon, currency, STRING, MUST),
    JSON_FIELD(addon, units, ANY, OMIT),
    JSON_FIELD(addon, status, STRING, MUST),
    JSON_FIELD(addon, verdict, STRING, OMIT),
    JSON_FIELD(addon, grant, STRING, OMIT),
    JSON_FIELD(addon, grant_until, STRING, OMIT),
    JSON_FIELD(addon, resource, ANY, NULL),
    JSON_FIELD(addon, place, NUMBER, OMIT),
    JSON_FIELD(addon, provisioned_at, STRING, MUST),
    JSON_FIELD(addon, updated_at, STRING, MUST),
    JSON_FIELD(addon, log_drain_url, SECRET, OMIT),
    {"log_drains",   JSON_LIST, JSON_OMIT, offsetof(struct addon, log_drains),
                                          &drain_shape  },
    {"owner_drains", JSON_LIST, JSON_OMIT, offsetof(struct addon, owner_drains),
                                          &drain_shape  },
    JSON_FIELD(addon, options, HIDDEN, OMIT),
    JSON_FIELD(addon, wanted_plan, STRING, OMIT),
    JSON_FIELD(addon, prefix, STRING, OMIT),
    JSON_FIELD(addon, attached, ANY, OMIT),
    JSON_FIELD(addon, config, VARS, NULL),
    JSON_FIELD(addon, rebind, VARS, OMIT),
    {"webhooks",     JSON_LIST, JSON_OMIT, offsetof(struct addon, webhooks),
                                          &webhook_shape},
};

static const struct json_shape addon_shape =
    JSON_SHAPE_LIST(addon, addon_fields);

static const struct json_field attachment_fields[] = {
    JSON_FIELD(attachment, id, STRING, MUST),
    JSON_FIELD(attachment, addon, STRING, MUST),
    JSON_FIELD(attachment, app, STRING, MUST),
    JSON_FIELD(attachment, name, STRING, MUST),
    JSON_FIELD(attachment, created_at, STRING, MUST),
};

static const struct json_shape attachment_shape =
    JSON_SHAPE_LIST(attachment, attachment_fields);

static const struct json_field request_fields[] = {
    JSON_FIELD(app_request, key, STRING, MUST),
    JSON_FIELD(app_request, content, STRING, MUST),
    JSON_FIELD(app_request, addon_id, STRING, MUST),
    JSON_FIELD(app_request, made_at, STRING, MUST),
    JSON_FIELD(app_request, done, BOOL, OMIT),
    JSON_FIELD(app_request, message, STRING, OMIT),
};

static const struct json_shape request_shape =
    JSON_SHAPE_LIST(app_request, request_fields);

static const struct json_field collaborator_fields[] = {
    JSON_FIELD(collaborator, id, STRING, MUST),
    JSON_FIELD(collaborator, email, STRING, MUST),
    JSON_FIELD(collaborator, account, STRING, OMIT),
    JSON_FIELD(collaborator, inviter, STRING, OMIT),
    JSON_FIELD(collaborator, limited, BOOL, OMIT),
    JSON_FIELD(collaborator, created_at, STRING, MUST),
};

static const struct json_shape collaborator_shape =
    JSON_SHAPE_LIST(collaborator, collaborator_fields);

static const struct json_field app_fields[] = {
    JSON_FIELD(app, id, STRING, MUST),
    JSON_FIELD(app, name, STRING, MUST),
    JSON_FIELD(app, owner, STRING, MUST),
    JSON_FIELD(app, created_at, STRING, MUST),
    JSON_FIELD(app, updated_at, STRING, MUST),
    JSON_FIELD(app, force_https, BOOL, OMIT),
    JSON_FIELD(app, sticky_session, BOOL, OMIT),
    JSON_FIELD(app, router_logs, BOOL, OMIT),
    {"collaborators", JSON_LIST, JSON_OMIT, offsetof(struct app, collaborators),
                                    &collaborator_shape},
    JSON_FIELD(app, variables, VARS, NULL),
    JSON_FIELD_LIST(app, addons, &addon_shape),
    {"attachments",   JSON_LIST, JSON_OMIT, offsetof(struct app, attachments),
                                    &attachment_shape  },
    {"requests",      JSON_LIST, JSON_OMIT, offsetof(struct app, requests),
                                    &request_shape     },
};

static const struct json_shape app_shape =
    JSON_SHAPE_RECORD(app, app_fields, "id");

enum { PLACE_MAX = 1 << 30 };

/* True where text may stand in a path of the index. */
static bool
is_plain(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 64 && text[0] != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool
is_list_of_ids(const cJSON *list)
{
	const cJSON *item;

	if (list != NULL && !cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(item, list)
		if (!cJSON_IsString(item) || !app_is_id(item->valuestring))
			return false;
	return true;
}

static bool
hooks_are_valid(const struct webhook *w)
{
	const cJSON *one;

	for (; w != NULL; w = w->next)
		cJSON_ArrayForEach(one, w->include)
			if (!cJSON_IsString(one))
				return false;
	return true;
}

static bool
has_values(const struct json_var *v)
{
	while (v != NULL && v->value != NULL)
		v = v->next;
	return v == NULL;
}

/* A record may have been edited by hand: what code relies on holds. */
static const struct fail *
check_record(const struct app *app)
{
	const struct collaborator *c;
	const struct app_request *r;
	const struct addon *a;

	for (c = app->collaborators; c != NULL; c = c->next)
		if (!app_is_id(c->id) ||
		    (c->account != NULL && !is_plain(c->account)))
			return fail(FAIL_BUSY, "a collaborator is none");
	for (r = app->requests; r != NULL; r = r->next)
		if (!is_plain(r->key))
			return fail(FAIL_BUSY, "a request's key is none");
	if (!app_is_id(app->id) || !is_plain(app->owner))
		return fail(FAIL_BUSY, "id or owner is none");
	if (!has_values(app->variables))
		return fail(FAIL_BUSY, "a variable is null");
	for (a = app->addons; a != NULL; a = a->next) {
		if (strncmp(a->id, "ad-", 3) != 0 || !is_plain(a->id) ||
		    !is_plain(a->provider) || !has_values(a->config) ||
		    !is_list_of_ids(a->attached) ||
		    !hooks_are_valid(a->webhooks) || !plan_units_kept(a->units))
			return fail(FAIL_BUSY,
			    "add-on %s: id, provider, units or"
			    " config is none",
			    a->id);
		if (a->place < 0 || a->place > PLACE_MAX ||
		    a->place != (double)(uint64_t)a->place ||
		    (a->place > 0 && a->resource == NULL))
			return fail(FAIL_BUSY, "add-on %s: its place is none",
			    a->id);
	}
	return NULL;
}

const struct fail *
app_read(struct app **out, const char *path, const cJSON *record)
{
	struct app *app = mem_alloc(sizeof(*app));
	const struct fail *f = json_read(app, record, &app_shape);

	if (f != NULL)
		return fail(f->code, "%s: %s", path, f->text);
	f = check_record(app);
	if (f != NULL)
		return fail(FAIL_BUSY, "%s: %s", path, f->text);
	*out = app;
	return NULL;
}

cJSON *
app_write(const struct app *app)
{
	return json_write(app, &app_shape);
}

const char *
app_addon_revision(const struct addon *addon)
{
	const char *text = json_print(json_write(addon, &addon_shape), false);

	return hash_sha1(text, strlen(text));
}

/* A running add-on as the provider's list shows it, fields cut by tabs. */
static const char *
place_row(const struct app *app, const struct addon *a)
{
	return mem_printf("%s\t%s\t%s\t%s\t%s\t%s", a->id, app->id, app->name,
	    app->owner, a->plan, json_print(a->resource, false));
}

const struct fail *
app_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	const struct collaborator *c;
	const struct app_request *r;
	const struct addon *a;
	const char *text;
	struct app *app;
	const struct fail *f = app_read(&app, path, record);

	if (f == NULL && (app_check_name(app->name) != NULL ||
	                     strcmp(path, store_path("apps", app->name)) != 0))
		f = fail(FAIL_BUSY, "%s: not its own name", path);
	if (f != NULL)
		return f;
	index_log(rows, app->id);
	index_key(rows, mem_printf("app %s", app->id), app->name);
	index_key(rows, mem_printf("number %.*s", APP_NUMBER_DIGITS, app->id),
	    app->name);
	index_list(rows, mem_printf("account/%s", app->owner), app->name);
	for (c = app->collaborators; c != NULL; c = c->next) {
		if (c->account != NULL)
			index_list(rows, mem_printf("account/%s", c->account),
			    app->name);
		else
			index_key(rows, mem_printf("invitation %s", c->id),
			    app->name);
	}
	for (r = app->requests; r != NULL; r = r->next)
		index_key(rows, mem_printf("request %s", r->key), app->name);
	for (a = app->addons; a != NULL; a = a->next) {
		index_key(rows, mem_printf("addon %s", a->id), app->name);
		if (a->resource == NULL)
			continue;
		text = json_plain(a->resource);
		index_key(rows,
		    mem_printf("resource %s %s", a->provider,
		        hash_sha1(text, strlen(text))),
		    app->name);
		if (a->place >= 1)
			index_place(rows,
			    mem_printf("provider/%s", a->provider),
			    (uint64_t)a->place, place_row(app, a));
	}
	return NULL;
}
