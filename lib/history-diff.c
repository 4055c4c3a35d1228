/*
 * What differs between two states of an app, and one variable's past.
 */
#include "attachment.h"
#include "history.h"
#include "json.h"

#include <string.h>

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const char *
change_of(const void *old, const void *new)
{
	return old == NULL ? "added" : new == NULL ? "removed" : "changed";
}

/* {old, new} under key, where they differ. */
static void
add_difference(cJSON *o, const char *key, const char *old, const char *new)
{
	cJSON *part;

	if (same(old, new))
		return;
	part = cJSON_AddObjectToObject(o, key);
	json_add_text(part, "old", old);
	json_add_text(part, "new", new);
}

static const struct fail *
seen_of(struct seen **out, const struct act *act, const struct app *app)
{
	*out = NULL;
	return app == NULL ? NULL : attachment_seen(out, act, app);
}

static const struct seen *
find_seen(const struct seen *list, const char *name)
{
	while (list != NULL && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

static const char *
addon_of(const struct seen *v)
{
	return v == NULL || v->addon == NULL ? NULL : v->addon->id;
}

static void
add_variable(cJSON *list, const struct seen *old, const struct seen *new,
    bool values)
{
	const struct seen *either = new == NULL ? old : new;
	cJSON *o;

	if (old != NULL && new != NULL && attachment_same(old, new) &&
	    same(addon_of(old), addon_of(new)))
		return;
	o = cJSON_CreateObject();
	json_add_text(o, "name", either->name);
	json_add_text(o, "addon_id", addon_of(either));
	json_add_text(o, "change", change_of(old, new));
	json_add_text(o, "old", old == NULL || !values ? NULL : old->value);
	json_add_text(o, "new", new == NULL || !values ? NULL : new->value);
	cJSON_AddItemToArray(list, o);
}

const struct fail *
history_compare(cJSON *list, const struct act *act, const struct app *from,
    const struct app *to, bool values)
{
	struct seen *old, *new, *v;
	const struct fail *f = seen_of(&old, act, from);

	if (f == NULL)
		f = seen_of(&new, act, to);
	if (f != NULL)
		return f;
	for (v = old; v != NULL; v = v->next)
		add_variable(list, v, find_seen(new, v->name), values);
	for (v = new; v != NULL; v = v->next)
		if (find_seen(old, v->name) == NULL)
			add_variable(list, NULL, v, values);
	return NULL;
}

static const struct addon *
find_addon(const struct app *app, const char *id)
{
	return app == NULL ? NULL : app_addon(app, id);
}

static void
add_state(cJSON *o, const char *key, const struct addon *a)
{
	cJSON *part;

	if (a == NULL) {
		cJSON_AddNullToObject(o, key);
		return;
	}
	part = cJSON_AddObjectToObject(o, key);
	json_add_text(part, "plan", a->plan);
	json_add_text(part, "status", a->status);
}

static void
add_addon(cJSON *list, const struct addon *old, const struct addon *new)
{
	const struct addon *either = new == NULL ? old : new;
	cJSON *o;

	if (old != NULL && new != NULL && same(old->plan, new->plan) &&
	    same(old->status, new->status))
		return;
	o = cJSON_CreateObject();
	json_add_text(o, "id", either->id);
	json_add_text(o, "provider", either->provider);
	json_add_text(o, "change", change_of(old, new));
	add_state(o, "old", old);
	add_state(o, "new", new);
	cJSON_AddItemToArray(list, o);
}

const struct fail *
history_diff(cJSON **out, const struct act *act, const struct app *from,
    const struct app *to, bool values)
{
	cJSON *o = *out = cJSON_CreateObject(), *list;
	const struct addon *a;
	const struct fail *f;

	add_difference(o, "name", from == NULL ? NULL : from->name,
	    to == NULL ? NULL : to->name);
	add_difference(o, "owner", from == NULL ? NULL : from->owner,
	    to == NULL ? NULL : to->owner);
	f = history_compare(cJSON_AddArrayToObject(o, "variables"), act, from,
	    to, values);
	list = cJSON_AddArrayToObject(o, "addons");
	for (a = from == NULL ? NULL : from->addons; a != NULL; a = a->next)
		add_addon(list, a, find_addon(to, a->id));
	for (a = to == NULL ? NULL : to->addons; a != NULL; a = a->next)
		if (find_addon(from, a->id) == NULL)
			add_addon(list, NULL, a);
	return f;
}

/* The variable called name in app, or NULL. */
static const struct fail *
look_in(const struct seen **out, const struct act *act, const struct app *app,
    const char *name)
{
	struct seen *all;
	const struct fail *f = seen_of(&all, act, app);

	*out = f == NULL ? find_seen(all, name) : NULL;
	return f;
}

static bool
is_same(const struct seen *old, const struct seen *new)
{
	return old == NULL || new == NULL ? old == new
	                                  : attachment_same(old, new);
}

static void
add_change(cJSON *list, const struct history_point *point, const char *id,
    const struct seen *old, const struct seen *new, bool values)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "commit", history_view(&point->log, id));
	json_add_text(o, "change", change_of(old, new));
	json_add_text(o, "value", values && new != NULL ? new->value : NULL);
	cJSON_AddItemToArray(list, o);
}

const struct fail *
history_variable(cJSON **out, int64_t *next, const struct act *act,
    const struct app *app, const char *name, size_t skip, bool values)
{
	struct history_point point = {0}, before;
	size_t i, count, total;
	const struct seen *new, *old;
	struct store_log *log;
	const struct fail *f = store_log(&log, &count, &total, act->store,
	    app->id, skip, HISTORY_SCAN + 1);

	*out = cJSON_CreateArray();
	*next = -1;
	if (f != NULL || count == 0)
		return f;
	point.log = log[0];
	f = history_load(&point, act->store, app->id);
	if (f == NULL)
		f = look_in(&new, act, point.app, name);
	for (i = 0; f == NULL && i < count && i < HISTORY_SCAN; i++) {
		before = (struct history_point){0};
		if (i + 1 < count) {
			before.log = log[i + 1];
			f = history_load(&before, act->store, app->id);
		}
		if (f == NULL)
			f = look_in(&old, act, before.app, name);
		if (f == NULL && !is_same(old, new))
			add_change(*out, &point, app->id, old, new, values);
		point = before;
		new = old;
	}
	if (count > HISTORY_SCAN)
		*next = (int64_t)(skip + HISTORY_SCAN);
	return f;
}
