#include "history.h"
#include "attachment.h"
#include "clock.h"
#include "json.h"
#include "mem.h"

#include <string.h>

enum { COMMIT_LEAST = 4, COMMIT_LENGTH = 40, PAGE = 100 };

/* Points */

struct app *
history_alone(const struct app *app)
{
	struct app *alone = mem_alloc(sizeof(*alone));

	*alone = *app;
	alone->attachments = NULL;
	return alone;
}

const struct fail *
history_app(struct app **out, struct store *store, const char *commit,
    const char *id, const char *name)
{
	const char *path = store_path("apps", name);
	const struct fail *f;
	struct app *app;
	cJSON *record;

	*out = NULL;
	if (commit[0] == '\0' || app_check_name(name) != NULL)
		return NULL;
	f = store_log_record(&record, store, commit, path);
	if (f != NULL || record == NULL)
		return f;
	/* what an administrator left there was no app, or another one */
	if (app_read(&app, path, record) != NULL || strcmp(app->id, id) != 0)
		return NULL;
	*out = history_alone(app);
	return NULL;
}

/* What the app with that id is called by a commit's message, or NULL. */
static const char *
name_in(const char *message, const char *id)
{
	size_t len = strlen(id);
	const char *app;

	while ((app = event_trailer(&message, "App")) != NULL)
		if (strncmp(app, id, len) == 0 && app[len] == ' ')
			return app + len + 1;
	return NULL;
}

/* The app with that id as point's commit left it: by the name that it had
 * then, which the commit says. */
static const struct fail *
load_point(struct history_point *point, struct store *store, const char *id)
{
	const char *name = name_in(point->log.message, id);

	point->app = NULL;
	return name == NULL
	           ? NULL
	           : history_app(&point->app, store, point->log.id, id, name);
}

/* Is the commit at or before the time, or does its id begin so? */
struct wanted {
	int64_t time; /* -1: the id counts */
	const char *prefix;
};

static bool
is_wanted(const struct store_log *log, const struct wanted *w)
{
	if (w->time >= 0)
		return log->time <= w->time;
	return strncmp(log->id, w->prefix, strlen(w->prefix)) == 0;
}

/* The first of app's commits, newest first, that is wanted. */
static const struct fail *
find(struct history_point *out, struct store *store, const struct app *app,
    const struct wanted *w)
{
	size_t i, count, total, skip = 0;
	struct store_log *log;
	const struct fail *f;

	do {
		f = store_log(&log, &count, &total, store, app->id, skip, PAGE);
		if (f != NULL)
			return f;
		for (i = 0; i < count; i++) {
			if (!is_wanted(&log[i], w))
				continue;
			out->log = log[i];
			out->place = skip + i;
			return load_point(out, store, app->id);
		}
		skip += count;
	} while (count > 0);
	/* at a time before its first commit the app was not there */
	*out = (struct history_point){.place = skip};
	return w->time >= 0 ? NULL : fail_missing("commit");
}

static bool
is_commit(const char *text)
{
	size_t len = strlen(text);

	return len >= COMMIT_LEAST && len <= COMMIT_LENGTH &&
	       strspn(text, "0123456789abcdef") == len;
}

const struct fail *
history_at(struct history_point *out, struct store *store,
    const struct app *app, const char *when)
{
	struct wanted w = {-1, when};

	if (!is_commit(when)) {
		w.time = clock_parse_loose(when);
		if (w.time < 0)
			return fail(FAIL_SYNTAX,
			    "%s is neither the id of a commit nor a time such"
			    " as 2026-01-02T03:04:05Z",
			    when);
	}
	return find(out, store, app, &w);
}

const struct fail *
history_before(struct history_point *out, struct store *store,
    const struct app *app, const struct history_point *point)
{
	size_t count, total;
	struct store_log *log;
	const struct fail *f = store_log(&log, &count, &total, store, app->id,
	    point->place + 1, 1);

	*out = (struct history_point){.place = point->place + 1};
	if (f != NULL || count == 0)
		return f;
	out->log = log[0];
	return load_point(out, store, app->id);
}

/* Views */

/* The trailers called name, as a list; of JSON where json says so. */
static void
add_list(cJSON *o, const char *key, const struct store_log *log,
    const char *name, bool json)
{
	cJSON *list = cJSON_AddArrayToObject(o, key), *one;
	const char *rest = log->message, *text;

	while ((text = event_trailer(&rest, name)) != NULL) {
		one = NULL;
		if (!json)
			one = cJSON_CreateString(text);
		else if (json_parse(&one, text, strlen(text)) != NULL)
			continue;
		cJSON_AddItemToArray(list, one);
	}
}

cJSON *
history_view(const struct store_log *log, const char *id)
{
	cJSON *o = cJSON_CreateObject(), *author;

	json_add_text(o, "id", log->id);
	json_add_text(o, "created_at", clock_text(log->time));
	json_add_text(o, "subject",
	    mem_dup(log->message, strcspn(log->message, "\n")));
	author = cJSON_AddObjectToObject(o, "author");
	json_add_text(author, "name", log->author);
	json_add_text(author, "email", log->email);
	json_add_text(o, "actor", event_first(log->message, "Actor"));
	json_add_text(o, "app_name", name_in(log->message, id));
	json_add_text(o, "addon_id", event_first(log->message, "Addon"));
	json_add_text(o, "request_id", event_first(log->message, "Request-Id"));
	add_list(o, "events", log, "Event", true);
	add_list(o, "exchanges", log, "Exchange", false);
	return o;
}

/* "user us-1 al" is named by itself and by "al". */
static bool
is_actor(const char *actor, const char *wanted)
{
	const char *last = actor == NULL ? NULL : strrchr(actor, ' ');

	if (actor == NULL)
		return false;
	return strcmp(actor, wanted) == 0 ||
	       (last != NULL && strcmp(last + 1, wanted) == 0);
}

static bool
passes(const struct store_log *log, const struct history_filter *filter)
{
	const char *addon = event_first(log->message, "Addon");

	if (filter->actor != NULL &&
	    !is_actor(event_first(log->message, "Actor"), filter->actor))
		return false;
	return filter->addon == NULL ||
	       (addon != NULL && strcmp(addon, filter->addon) == 0);
}

const struct fail *
history_list(cJSON **out, long *next, struct store *store,
    const struct app *app, const struct history_filter *filter, size_t skip,
    size_t max)
{
	size_t i, count, total, end = skip + HISTORY_SCAN, found = 0;
	struct store_log *log;
	const struct fail *f;

	*out = cJSON_CreateArray();
	*next = -1;
	do {
		f = store_log(&log, &count, &total, store, app->id, skip, PAGE);
		if (f != NULL)
			return f;
		for (i = 0; i < count && found < max; i++, skip++) {
			if (!passes(&log[i], filter))
				continue;
			cJSON_AddItemToArray(*out,
			    history_view(&log[i], app->id));
			found++;
		}
	} while (count > 0 && found < max && skip < end);
	if (skip < total)
		*next = (long)skip;
	return NULL;
}

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

	if (old != NULL && new != NULL && same(old->value, new->value) &&
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

/* One variable */

/* The value of name in app, or NULL; *addon is whose it is. */
static const struct fail *
value_in(const char **value, const struct act *act, const struct app *app,
    const char *name)
{
	struct seen *all;
	const struct seen *v;
	const struct fail *f = seen_of(&all, act, app);

	*value = NULL;
	if (f != NULL)
		return f;
	v = find_seen(all, name);
	if (v != NULL)
		*value = v->value;
	return NULL;
}

static void
add_change(cJSON *list, const struct history_point *point, const char *id,
    const char *old, const char *new, bool values)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "commit", history_view(&point->log, id));
	json_add_text(o, "change", change_of(old, new));
	json_add_text(o, "value", values ? new : NULL);
	cJSON_AddItemToArray(list, o);
}

const struct fail *
history_variable(cJSON **out, long *next, const struct act *act,
    const struct app *app, const char *name, size_t skip, bool values)
{
	struct history_point point = {0}, before;
	size_t i, count, total;
	const char *new, *old;
	struct store_log *log;
	const struct fail *f = store_log(&log, &count, &total, act->store,
	    app->id, skip, HISTORY_SCAN + 1);

	*out = cJSON_CreateArray();
	*next = -1;
	if (f != NULL || count == 0)
		return f;
	point.log = log[0];
	f = load_point(&point, act->store, app->id);
	if (f == NULL)
		f = value_in(&new, act, point.app, name);
	for (i = 0; f == NULL && i < count && i < HISTORY_SCAN; i++) {
		before = (struct history_point){0};
		if (i + 1 < count) {
			before.log = log[i + 1];
			f = load_point(&before, act->store, app->id);
		}
		if (f == NULL)
			f = value_in(&old, act, before.app, name);
		if (f == NULL && !same(old, new))
			add_change(*out, &point, app->id, old, new, values);
		point = before;
		new = old;
	}
	if (count > HISTORY_SCAN)
		*next = (long)(skip + HISTORY_SCAN);
	return f;
}
