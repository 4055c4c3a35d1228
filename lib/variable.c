#include "variable.h"
#include "addon.h"
#include "json.h"
#include "mem.h"

#include <string.h>

enum { ALIAS_DEPTH = 16 };

static const struct seen *
find(const struct seen *all, const char *name)
{
	while (all != NULL && strcmp(all->name, name) != 0)
		all = all->next;
	return all;
}

const char *
variable_resolve(const struct seen *all, const char *value)
{
	const struct seen *v;
	const char *now = value;
	int depth;

	for (depth = 0; depth < ALIAS_DEPTH; depth++) {
		v = now[0] == '$' ? find(all, now + 1) : NULL;
		if (v == NULL)
			return now;
		now = v->value;
	}
	return value;
}

const struct fail *
variable_list(cJSON **out, const struct act *act, const struct app *app,
    bool resolve)
{
	struct seen *all, *v;
	struct json_var shown = {0};
	const struct fail *f = attachment_seen(&all, act, app);

	*out = cJSON_CreateArray();
	for (v = all; f == NULL && v != NULL; v = v->next) {
		shown.name = v->name;
		shown.value =
		    resolve ? variable_resolve(all, v->value) : v->value;
		cJSON_AddItemToArray(*out,
		    app_variable_view(app, &shown, v->addon));
	}
	return f;
}

/* The event of a change set: one variable has its own type, and where nothing
 * changed there is none. */
static void
add_event(struct event *e, cJSON *new_vars, cJSON *updated, cJSON *deleted)
{
	const cJSON *lists[] = {new_vars, updated, deleted};
	static const char *const single[] = {"new_variable", "edit_variable",
	    "delete_variable"};
	cJSON *data = cJSON_CreateObject();
	int i, n = 0, last = 0;

	for (i = 0; i < 3; i++) {
		n += cJSON_GetArraySize(lists[i]);
		if (lists[i]->child != NULL)
			last = i;
	}
	if (n == 0)
		return;
	if (n == 1) {
		json_add_text(data, "name", lists[last]->child->valuestring);
		event_add(e, single[last], data);
		return;
	}
	cJSON_AddItemToObject(data, "new_vars", new_vars);
	cJSON_AddItemToObject(data, "updated_vars", updated);
	cJSON_AddItemToObject(data, "deleted_vars", deleted);
	event_add(e, "edit_variables", data);
}

static void
note_name(cJSON *array, struct mem_text *names, const char *name)
{
	cJSON_AddItemToArray(array, cJSON_CreateString(name));
	mem_addf(names, "%s%s", names->len == 0 ? "" : ", ", name);
}

/* Every element of list keeps the rules. */
static const struct fail *
check_list(const struct act *act, const struct app *app, const cJSON *list)
{
	const struct fail *f = NULL;
	const cJSON *v, *value;
	const char *name;

	cJSON_ArrayForEach(v, list) {
		name = json_text(v, "name");
		value = json_get(v, "value");
		if (name == NULL)
			name = "";
		if (value != NULL && !cJSON_IsString(value) &&
		    !cJSON_IsNull(value)) {
			f = fail_field(f, "value", "must be a string");
			continue;
		}
		f = app_check_variable(f, name,
		    cJSON_IsString(value) ? value->valuestring : "");
		f = addon_check_free(f, act, app, name);
	}
	return f;
}

/* Of two that have one name the last holds. */
static bool
is_set_again(const cJSON *v)
{
	const char *name = json_text(v, "name");
	const cJSON *later = v->next;

	while (later != NULL && strcmp(json_text(later, "name"), name) != 0)
		later = later->next;
	return later != NULL;
}

/* Carry out the list on app and say so in e; *out = what clients read. */
static void
set_all(cJSON *out, struct event *e, struct app *app, const cJSON *list)
{
	cJSON *added = cJSON_CreateArray(), *updated = cJSON_CreateArray();
	struct mem_text names = {0};
	const char *name, *value;
	struct json_var *old;
	const cJSON *v;

	cJSON_ArrayForEach(v, list) {
		if (is_set_again(v))
			continue;
		name = json_text(v, "name");
		value = json_text(v, "value");
		old = json_var_find(app->variables, name);
		if (old == NULL)
			note_name(added, &names, name);
		else if (strcmp(old->value, value) != 0)
			note_name(updated, &names, name);
		json_var_set(&app->variables, name, value, false);
		old = json_var_find(app->variables, name);
		cJSON_AddItemToArray(out, app_variable_view(app, old, NULL));
	}
	*e = event_new("%s: set %s", app->name,
	    names.len == 0 ? "nothing" : names.text);
	add_event(e, added, updated, cJSON_CreateArray());
}

static size_t
count(const struct json_var *v)
{
	size_t n = 0;

	for (; v != NULL; v = v->next)
		n++;
	return n;
}

const struct fail *
variable_set(cJSON **out, const struct act *act, const char *ident,
    const cJSON *list)
{
	const struct fail *f;
	struct event e;
	struct app *app;
	const cJSON *v;

	if (!cJSON_IsArray(list))
		return fail(FAIL_SYNTAX, "variables is required");
	if (cJSON_GetArraySize(list) > VARIABLE_MAX)
		return fail(FAIL_INVALID, "more than %d variables",
		    VARIABLE_MAX);
	cJSON_ArrayForEach(v, list)
		if (!cJSON_IsObject(v))
			return fail(FAIL_SYNTAX,
			    "variables must be objects with name and value");
	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	f = check_list(act, app, list);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	*out = cJSON_CreateArray();
	set_all(*out, &e, app, list);
	if (count(app->variables) > VARIABLE_MAX) {
		store_unlock(act->store);
		return fail(FAIL_INVALID,
		    "an app has at most %d variables of its own", VARIABLE_MAX);
	}
	return app_save(act, app, &e);
}

/* *name = the owner's variable with that id, of all that app has. */
static const struct fail *
name_of(const char **name, const struct app *app, const struct seen *all,
    const char *id)
{
	while (all != NULL && strcmp(app_variable_id(app, all->name), id) != 0)
		all = all->next;
	if (all == NULL)
		return fail_missing("variable");
	if (all->addon != NULL)
		return fail_field(NULL, "name",
		    "%s belongs to the add-on %s (%s)", all->name,
		    all->addon->provider, all->addon->id);
	*name = all->name;
	return NULL;
}

const struct fail *
variable_update(cJSON **out, const struct act *act, const char *ident,
    const char *id, const cJSON *value)
{
	cJSON *list = cJSON_CreateArray(), *v = cJSON_CreateObject();
	const struct fail *f;
	const char *name;
	struct seen *all;
	struct event e;
	struct app *app;

	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	f = attachment_seen(&all, act, app);
	if (f == NULL)
		f = name_of(&name, app, all, id);
	if (f == NULL) {
		json_add_text(v, "name", name);
		cJSON_AddItemToObject(v, "value", cJSON_Duplicate(value, true));
		cJSON_AddItemToArray(list, v);
		f = check_list(act, app, list);
	}
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	*out = cJSON_CreateArray();
	set_all(*out, &e, app, list);
	return app_save(act, app, &e);
}

const struct fail *
variable_remove(const struct act *act, const char *ident, const cJSON *ids)
{
	cJSON *deleted = cJSON_CreateArray();
	struct mem_text said = {0};
	const struct fail *f;
	const char *name;
	struct seen *all;
	struct event e;
	struct app *app;
	const cJSON *id;

	if (cJSON_GetArraySize(ids) > VARIABLE_MAX)
		return fail(FAIL_INVALID, "more than %d variables",
		    VARIABLE_MAX);
	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	f = attachment_seen(&all, act, app);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	cJSON_ArrayForEach(id, ids) {
		f = cJSON_IsString(id)
		        ? name_of(&name, app, all, id->valuestring)
		        : fail(FAIL_SYNTAX, "variable_ids must be strings");
		if (f != NULL) {
			store_unlock(act->store);
			return f;
		}
		if (json_var_find(app->variables, name) == NULL)
			continue; /* named twice */
		json_var_remove(&app->variables, name);
		note_name(deleted, &said, name);
	}
	e = event_new("%s: deleted %s", app->name,
	    said.len == 0 ? "nothing" : said.text);
	add_event(&e, cJSON_CreateArray(), cJSON_CreateArray(), deleted);
	return app_save(act, app, &e);
}
