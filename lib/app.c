#include "app.h"
#include "account.h"
#include "clock.h"
#include "hash.h"
#include "index.h"
#include "mem.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The record's shape. */

static const struct json_field webhook_fields[] = {
    JSON_FIELD(webhook, id, STRING, MUST),
    JSON_FIELD(webhook, url, STRING, MUST),
    JSON_FIELD(webhook, include, ANY, MUST),
    JSON_FIELD(webhook, level, STRING, MUST),
    JSON_FIELD(webhook, authorization, SECRET, OMIT),
    JSON_FIELD(webhook, secret, SECRET, MUST),
    JSON_FIELD(webhook, created_at, STRING, MUST),
    JSON_FIELD(webhook, updated_at, STRING, MUST),
};

static const struct json_shape webhook_shape =
    JSON_SHAPE_LIST(webhook, webhook_fields);

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
    JSON_FIELD(addon, options, ANY, OMIT),
    JSON_FIELD(addon, wanted_plan, STRING, OMIT),
    JSON_FIELD(addon, prefix, STRING, OMIT),
    JSON_FIELD(addon, attached, ANY, OMIT),
    JSON_FIELD(addon, config, VARS, NULL),
    JSON_FIELD(addon, rebind, VARS, OMIT),
    {"webhooks", JSON_LIST, JSON_OMIT, offsetof(struct addon, webhooks),
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

static const struct json_field app_fields[] = {
    JSON_FIELD(app, id, STRING, MUST),
    JSON_FIELD(app, name, STRING, MUST),
    JSON_FIELD(app, owner, STRING, MUST),
    JSON_FIELD(app, created_at, STRING, MUST),
    JSON_FIELD(app, updated_at, STRING, MUST),
    JSON_FIELD(app, variables, VARS, NULL),
    JSON_FIELD_LIST(app, addons, &addon_shape),
    {"attachments", JSON_LIST, JSON_OMIT, offsetof(struct app, attachments),
                                 &attachment_shape},
    {"requests",    JSON_LIST, JSON_OMIT, offsetof(struct app, requests),
                                 &request_shape   },
};

static const struct json_shape app_shape = JSON_SHAPE(app, app_fields);

enum {
	PLACE_MAX = 1 << 30,
	ID_LENGTH = 24,
	NUMBER_DIGITS = 13 /* hex; 52 bits */
};

static bool
looks_like_id(const char *text)
{
	return strlen(text) == ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == ID_LENGTH;
}

/* Scalingo API, "Apps": the rules of a name, in its own words. */
static const struct fail *
check_name(const char *name)
{
	const struct fail *f = NULL;
	size_t len = strlen(name), fit;

	fit = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (len < APP_NAME_MIN)
		f = fail_field(f, "name",
		    "is too short (minimum is %d"
		    " characters)",
		    APP_NAME_MIN);
	if (len > APP_NAME_MAX)
		f = fail_field(f, "name",
		    "is too long (maximum is %d"
		    " characters)",
		    APP_NAME_MAX);
	if (fit != len)
		f = fail_field(f, "name",
		    "should contain only lowercase"
		    " letters, digits and hyphens");
	if (name[0] == '-')
		f = fail_field(f, "name", "can't start with an hyphen");
	if (len > 0 && name[len - 1] == '-')
		f = fail_field(f, "name", "can't end with an hyphen");
	if (strstr(name, "--") != NULL)
		f = fail_field(f, "name",
		    "can't contain 2 consecutive hyphens");
	if (looks_like_id(name))
		f = fail_field(f, "name", "can't look like an app id");
	return f;
}

const struct fail *
app_new(struct app **out, const char *name, const char *owner)
{
	const char *now = clock_text(clock_now());
	struct app *app = mem_alloc(sizeof(*app));
	const struct fail *f = check_name(name);

	if (f != NULL)
		return f;
	app->id = hash_id();
	app->name = name;
	app->owner = owner;
	app->created_at = app->updated_at = now;
	*out = app;
	return NULL;
}

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
		if (!cJSON_IsString(item) || !looks_like_id(item->valuestring))
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
	const struct app_request *r;
	const struct addon *a;

	for (r = app->requests; r != NULL; r = r->next)
		if (!is_plain(r->key))
			return fail(FAIL_BUSY, "a request's key is none");
	if (!looks_like_id(app->id) || !is_plain(app->owner))
		return fail(FAIL_BUSY, "id or owner is none");
	if (!has_values(app->variables))
		return fail(FAIL_BUSY, "a variable is null");
	for (a = app->addons; a != NULL; a = a->next) {
		if (strncmp(a->id, "ad-", 3) != 0 || !is_plain(a->id) ||
		    !is_plain(a->provider) || !has_values(a->config) ||
		    !is_list_of_ids(a->attached))
			return fail(FAIL_BUSY,
			    "add-on %s: id, provider or"
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

/* The record at name's place; FAIL_MISSING. */
static const struct fail *
load_name(struct app **out, struct store *store, const char *name)
{
	struct app *app = mem_alloc(sizeof(*app));
	struct store_record *record;
	const struct fail *f;

	/* no path is ever made of what is no name */
	if (check_name(name) != NULL)
		return fail_missing("app");
	f = store_read(&record, store, store_path("apps", name));
	if (f != NULL)
		return f;
	if (record == NULL)
		return fail_missing("app");
	f = json_read(app, record->json, &app_shape);
	if (f != NULL)
		return fail(FAIL_BUSY, "%s: %s", record->path, f->text);
	if (strcmp(app->name, name) != 0)
		return fail(FAIL_BUSY, "%s: the name is that of another",
		    record->path);
	f = check_record(app);
	if (f != NULL)
		return fail(FAIL_BUSY, "%s: %s", record->path, f->text);
	app->revision = store_revision(record);
	*out = app;
	return NULL;
}

/* The index is not trusted: the record it names must hold the id. */
static const struct fail *
load_id(struct app **out, struct store *store, const char *id)
{
	const struct fail *f;
	const char *name;

	f = index_find(&name, store, mem_printf("app %s", id));
	if (f != NULL)
		return f;
	if (name == NULL)
		return fail_missing("app");
	f = load_name(out, store, name);
	if (f == NULL && strcmp((*out)->id, id) != 0)
		f = fail_missing("app");
	return f;
}

const struct fail *
app_load(struct app **out, const struct act *act, const char *ident)
{
	const struct fail *f;

	if (looks_like_id(ident))
		f = load_id(out, act->store, ident);
	else
		f = load_name(out, act->store, ident);
	if (f == NULL && act->account != NULL &&
	    strcmp((*out)->owner, act->account->name) != 0)
		f = fail_missing("app");
	return f;
}

const struct fail *
app_edit(struct app **out, const struct act *act, const char *ident)
{
	const struct fail *f = store_lock(act->store);

	if (f == NULL)
		f = app_load(out, act, ident);
	if (f == NULL)
		f = event_match(act, "app", (*out)->revision);
	if (f != NULL)
		store_unlock(act->store);
	return f;
}

const char *
app_addon_revision(const struct addon *addon)
{
	const char *text = json_print(json_write(addon, &addon_shape), false);

	return hash_sha1(text, strlen(text));
}

const struct fail *
app_edit_addon(struct app **out, struct addon **addon, const struct act *act,
    const char *ident, const char *id)
{
	const struct fail *f = store_lock(act->store);

	if (f == NULL)
		f = app_load(out, act, ident);
	if (f == NULL) {
		*addon = app_addon(*out, id);
		f = *addon == NULL ? fail_missing("addon")
		                   : event_match(act, "add-on",
		                         app_addon_revision(*addon));
	}
	if (f != NULL)
		store_unlock(act->store);
	return f;
}

void
app_put(struct store *store, struct app *app)
{
	store_put(store, store_path("apps", app->name),
	    json_write(app, &app_shape));
}

void
app_put_gone(struct store *store, const struct app *app)
{
	store_put(store, store_path("apps", app->name), NULL);
}

/* The revision that app's record would have. */
static const char *
revision_of(const struct app *app)
{
	const char *text = json_print(json_write(app, &app_shape), true);

	return hash_blob(text, strlen(text));
}

void
app_event(struct event *e, const struct app *app)
{
	event_app(e, app->id, app->name);
	e->about = app;
}

const struct fail *
app_save(const struct act *act, struct app *app, struct event *e)
{
	/* a change of nothing but its time is none */
	if (app->revision == NULL ||
	    strcmp(revision_of(app), app->revision) != 0) {
		app->updated_at = clock_text(clock_now());
		app->revision = revision_of(app);
	}
	app_event(e, app);
	app_put(act->store, app);
	return event_commit(NULL, act, e);
}

const char *
app_heroku_id(const struct conf *conf, const char *app_id)
{
	const char *digits = mem_dup(app_id, NUMBER_DIGITS);

	return mem_printf("app%llu@%s", strtoull(digits, NULL, 16), conf->host);
}

const char *
app_variable_id(const struct app *app, const char *name)
{
	const char *text = mem_printf("%s:%s", app->id, name);

	return mem_dup(hash_sha1(text, strlen(text)), ID_LENGTH);
}

struct addon *
app_addon(const struct app *app, const char *id)
{
	struct addon *a = app->addons;

	while (a != NULL && strcmp(a->id, id) != 0)
		a = a->next;
	return a;
}

const struct fail *
app_check_variable(const struct fail *so_far, const char *name,
    const char *value)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz"
	                              "0123456789_";
	const struct fail *f = so_far;

	/* the messages are Scalingo's own; clients show them */
	if (name[0] == '\0')
		f = fail_field(f, "name", "can't be blank");
	if (!isalpha((unsigned char)name[0]))
		f = fail_field(f, "name", "must start with a letter");
	if (strspn(name, letters) != strlen(name))
		f = fail_field(f, "name",
		    "may hold letters, digits and"
		    " underscores only");
	else if (name[0] != '\0' && !dialect_name_allowed(name) &&
	         strlen(name) <= CONFIG_NAME_MAX &&
	         isalpha((unsigned char)name[0]))
		f = fail_field(f, "name",
		    "%s would change how the app itself"
		    " is started",
		    name);
	if (strlen(name) > CONFIG_NAME_MAX)
		f = fail_field(f, "name",
		    "is too long (maximum is %d"
		    " characters)",
		    CONFIG_NAME_MAX);
	if (value[0] == '\0')
		f = fail_field(f, "value", "can't be blank");
	if (strlen(value) > CONFIG_VALUE_MAX)
		f = fail_field(f, "value",
		    "is too long (maximum is %d"
		    " characters)",
		    CONFIG_VALUE_MAX);
	return f;
}

cJSON *
app_view(const struct app *app, const struct conf *conf,
    const struct account *owner)
{
	cJSON *o = cJSON_CreateObject(), *person;

	json_add_text(o, "id", app->id);
	json_add_text(o, "name", app->name);
	json_add_text(o, "region", conf->region);
	json_add_text(o, "status", "running");
	json_add_text(o, "created_at", app->created_at);
	json_add_text(o, "updated_at", app->updated_at);
	json_add_text(o, "url",
	    mem_printf("%s/#/apps/%s", conf->public_url, app->name));
	json_add_text(o, "base_url", conf->public_url);
	json_add_text(o, "git_url", "");
	json_add_text(o, "parent_app_name", NULL);
	json_add_text(o, "last_deployed_at", NULL);
	json_add_text(o, "last_deployed_by", NULL);
	json_add_text(o, "stack_id", NULL);
	cJSON_AddBoolToObject(o, "force_https", false);
	cJSON_AddBoolToObject(o, "sticky_session", false);
	cJSON_AddBoolToObject(o, "router_logs", false);
	cJSON_AddObjectToObject(o, "flags");
	cJSON_AddObjectToObject(o, "limits");
	cJSON_AddObjectToObject(o, "links");
	person = cJSON_AddObjectToObject(o, "owner");
	json_add_text(person, "id", owner->id);
	json_add_text(person, "username", owner->name);
	json_add_text(person, "email", owner->email);
	return o;
}

cJSON *
app_variable_view(const struct app *app, const struct json_var *var,
    const struct addon *addon)
{
	cJSON *o = cJSON_CreateObject(), *mark;

	json_add_text(o, "id", app_variable_id(app, var->name));
	json_add_text(o, "app_id", app->id);
	json_add_text(o, "name", var->name);
	json_add_text(o, "value", var->value);
	if (addon == NULL)
		return o;
	mark = cJSON_AddObjectToObject(o, "addon");
	json_add_text(mark, "id", addon->id);
	json_add_text(mark, "provider", addon->provider);
	return o;
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
	struct app *app = mem_alloc(sizeof(*app));
	const struct app_request *r;
	const struct addon *a;
	const struct fail *f;
	const char *text;

	f = json_read(app, record, &app_shape);
	if (f != NULL)
		return f;
	if (check_name(app->name) != NULL ||
	    strcmp(path, store_path("apps", app->name)) != 0)
		return fail(FAIL_BUSY, "%s: not its own name", path);
	f = check_record(app);
	if (f != NULL)
		return f;
	index_log(rows, app->id);
	index_key(rows, mem_printf("app %s", app->id), app->name);
	index_key(rows, mem_printf("number %.*s", NUMBER_DIGITS, app->id),
	    app->name);
	index_list(rows, mem_printf("owner/%s", app->owner), app->name);
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
