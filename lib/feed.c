#include "feed.h"
#include "account.h"
#include "clock.h"
#include "history.h"
#include "json.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 100 };

/* An event that is being shown. */
struct shown {
	const struct feed *feed;
	const struct store_log *log;
	const cJSON *stored;
	const char *app_id, *app_name;
	const char *addon_id;       /* whose variables they are, or NULL */
	struct app *after, *before; /* read when first needed */
	bool after_read, before_read;
	bool asked,
	    sees; /* whether values may be seen; read when first needed */
};

/* True where who reads may see values of s's app: somebody's own deeds are
 * shown also where there is no role in the app any more. */
static bool
may_see(const struct feed *feed, const char *app_id)
{
	struct app *app;

	if (feed->app != NULL)
		return feed->app->role >= ROLE_FULL;
	return app_load(&app, feed->act, app_id) == NULL &&
	       app->role >= ROLE_FULL;
}

/* The value that the variable called name had in app. */
static const char *
value_in(const struct app *app, const struct shown *s, const char *name)
{
	const struct json_var *v = NULL;
	const struct addon *a;

	if (app == NULL)
		return NULL;
	if (s->addon_id == NULL) {
		v = json_var_find(app->variables, name);
		return v == NULL ? NULL : v->value;
	}
	a = app_addon(app, s->addon_id);
	if (a != NULL)
		v = json_var_find(a->rebind, name);
	if (a != NULL && v == NULL)
		v = json_var_find(a->config, name);
	return v == NULL ? NULL : v->value;
}

/* *value = that of the variable after the change, or before it; NULL for who
 * may not see it. */
static const struct fail *
value_of(const char **value, struct shown *s, const char *name, bool old)
{
	bool *read = old ? &s->before_read : &s->after_read;
	struct app **app = old ? &s->before : &s->after;
	const struct fail *f = NULL;

	*value = NULL;
	if (name == NULL)
		return NULL;
	if (!s->asked)
		s->sees = may_see(s->feed, s->app_id);
	s->asked = true;
	if (!s->sees)
		return NULL;
	if (!*read)
		f = history_app(app, s->feed->act->store,
		    old ? s->log->parent : s->log->id, s->app_id, s->app_name);
	*read = true;
	if (f == NULL)
		*value = value_in(*app, s, name);
	return f;
}

static const struct fail *
add_value(cJSON *data, const char *key, struct shown *s, const char *name,
    bool old)
{
	const char *value;
	const struct fail *f = value_of(&value, s, name, old);

	json_add_text(data, key, value);
	return f;
}

/* [{name, value}, …] of the names that are stored. */
static const struct fail *
add_list(cJSON *data, const char *key, struct shown *s, bool old)
{
	cJSON *list = cJSON_AddArrayToObject(data, key), *one;
	const struct fail *f = NULL;
	const cJSON *name;

	cJSON_ArrayForEach(name, json_get(s->stored, key)) {
		if (f != NULL || !cJSON_IsString(name))
			continue;
		one = cJSON_CreateObject();
		json_add_text(one, "name", name->valuestring);
		f = add_value(one, "value", s, name->valuestring, old);
		cJSON_AddItemToArray(list, one);
	}
	return f;
}

/* A field that is not stored, since it holds values. */
static const struct fail *
add_values(bool *done, cJSON *data, const char *key, struct shown *s)
{
	const char *type = json_text(s->stored, "type");
	const char *name = json_text(s->stored, "declared");

	if (name == NULL)
		name = json_text(s->stored, "name");
	*done = true;
	if (strcmp(key, "value") == 0)
		return add_value(data, key, s, name,
		    strcmp(type, "delete_variable") == 0);
	if (strcmp(key, "old_value") == 0)
		return add_value(data, key, s, name, true);
	if (strcmp(key, "deleted_vars") == 0)
		return add_list(data, key, s, true);
	if (strcmp(key, "new_vars") == 0 || strcmp(key, "updated_vars") == 0)
		return add_list(data, key, s, false);
	*done = false;
	return NULL;
}

static const struct fail *
add_data(cJSON *event, struct shown *s)
{
	const char *type = json_text(s->stored, "type"), *at;
	cJSON *data = cJSON_AddObjectToObject(event, "type_data");
	const struct feed_type *row = feed_type(type);
	const struct fail *f = NULL;
	const char *key;
	const cJSON *item;
	size_t len;
	bool done;

	for (at = row == NULL ? "" : row->fields; f == NULL && *at != '\0';
	     at += len + 1) {
		len = strcspn(at, " ");
		key = mem_dup(at, len);
		f = add_values(&done, data, key, s);
		if (f != NULL || done)
			continue;
		item = json_get(s->stored, key);
		cJSON_AddItemToObject(data, key,
		    item == NULL ? cJSON_CreateNull()
		                 : cJSON_Duplicate(item, true));
	}
	return f;
}

/* Who did it; null where it was no user. */
static void
add_user(cJSON *event, const struct store_log *log)
{
	static const char kind[] = "user ";
	const char *actor = event_first(log->message, "Actor"), *id;
	cJSON *user;

	if (actor == NULL || strncmp(actor, kind, strlen(kind)) != 0) {
		cJSON_AddNullToObject(event, "user");
		return;
	}
	id = actor + strlen(kind);
	user = cJSON_AddObjectToObject(event, "user");
	json_add_text(user, "id", mem_dup(id, strcspn(id, " ")));
	json_add_text(user, "username", log->author);
	json_add_text(user, "email", log->email);
}

/* The id of the app that log is about, or "". */
static const char *
app_of(const struct store_log *log)
{
	const char *app = event_first(log->message, "App");

	return app == NULL || strchr(app, ' ') == NULL
	           ? ""
	           : mem_dup(app, strcspn(app, " "));
}

/* The app's project, as it is now: apps have them by their owners.  Empty where
 * the app is gone, or is not for who reads to see. */
static const cJSON *
project_of(const struct feed *feed, const char *app_id)
{
	const cJSON *known = json_get(feed->projects, app_id);
	const struct app *app = feed->app;
	struct act any = *feed->act;
	struct account *owner;
	struct app *found;
	cJSON *project;

	if (known != NULL)
		return known;
	any.need = ROLE_LIMITED;
	if (app == NULL && app_load(&found, &any, app_id) == NULL)
		app = found;
	project = cJSON_CreateObject();
	if (app != NULL && app_owner(&owner, &any, app) == NULL) {
		json_add_text(project, "id", app_project_id(owner));
		json_add_text(project, "name", APP_PROJECT);
	}
	cJSON_AddItemToObject(feed->projects, app_id, project);
	return project;
}

cJSON *
feed_stored(const struct store_log *log, size_t place)
{
	const char *rest = log->message, *line;
	cJSON *event;

	do
		line = event_trailer(&rest, "Event");
	while (line != NULL && place-- > 0);
	if (line == NULL || json_parse(&event, line, strlen(line)) != NULL ||
	    json_text(event, "type") == NULL)
		return NULL;
	return event;
}

const char *
feed_id(const char *commit, size_t place)
{
	return mem_printf("%.*s%04zx", FEED_COMMIT, commit, place);
}

const struct fail *
feed_view(cJSON **out, const struct feed *feed, const struct store_log *log,
    size_t place)
{
	struct shown s = {.feed = feed, .log = log};
	const char *app = event_first(log->message, "App"), *space;
	const cJSON *project;

	s.stored = feed_stored(log, place);
	if (s.stored == NULL)
		return fail_missing("event");
	space = app == NULL ? NULL : strchr(app, ' ');
	s.app_name = space == NULL ? "" : space + 1;
	s.app_id = app_of(log);
	if (json_text(s.stored, "addon_name") != NULL)
		s.addon_id = event_first(log->message, "Addon");
	*out = cJSON_CreateObject();
	json_add_text(*out, "id", feed_id(log->id, place));
	json_add_text(*out, "created_at", clock_text(log->time));
	json_add_text(*out, "type", json_text(s.stored, "type"));
	json_add_text(*out, "app_id", space == NULL ? app : s.app_id);
	json_add_text(*out, "app_name", s.app_name);
	add_user(*out, log);
	project = project_of(feed, s.app_id);
	json_add_text(*out, "project_id", json_text(project, "id"));
	json_add_text(*out, "project_name", json_text(project, "name"));
	return add_data(*out, &s);
}

static const char *
log_of(const struct feed *feed)
{
	return feed->app != NULL ? feed->app->id : feed->act->account->id;
}

/* Add the event at place of log, and keep no more of it than its text: a page
 * would hold two records for each otherwise. */
static const struct fail *
add_event(cJSON *events, const struct feed *feed, const struct store_log *log,
    size_t place)
{
	struct mem_mark mark = mem_mark();
	const struct fail *f;
	cJSON *event;

	f = feed_view(&event, feed, log, place);
	if (f == NULL)
		cJSON_AddItemToArray(events, json_settle(mark, event));
	/* or it is another hand's line */
	return f != NULL && f->code == FAIL_MISSING ? NULL : f;
}

/* Those events of log that are older than the newest skipped ones. */
static const struct fail *
add_events(cJSON *events, const struct feed *feed, const struct store_log *log,
    size_t newest, size_t oldest)
{
	const struct fail *f = NULL;
	size_t place = log->events;

	/* what is kept of it is to outlive the event */
	if (place > 0)
		(void)project_of(feed, app_of(log));
	while (f == NULL && place-- > 0)
		if (log->event + place <= newest &&
		    log->event + place >= oldest)
			f = add_event(events, feed, log, place);
	return f;
}

const struct fail *
feed_list(cJSON **events, size_t *total, const struct feed *feed, size_t skip,
    size_t max)
{
	size_t i, count, newest, oldest;
	struct store_log *log;
	const struct fail *f;

	*events = cJSON_CreateArray();
	f = store_log_events(&log, &count, total, feed->act->store,
	    log_of(feed), skip, max);
	if (f != NULL || skip >= *total || max == 0)
		return f;
	newest = *total - skip - 1;
	oldest = newest + 1 > max ? newest + 1 - max : 0;
	for (i = 0; f == NULL && i < count; i++)
		f = add_events(*events, feed, &log[i], newest, oldest);
	return f;
}

const struct fail *
feed_since(cJSON **events, const struct feed *feed, int64_t since)
{
	size_t i, count = 0, total = 1, skip = 0, seen = 0;
	const struct fail *f = NULL;
	struct store_log *log;
	bool over = false;

	*events = cJSON_CreateArray();
	while (f == NULL && !over && skip < total && seen < FEED_SINCE_MAX) {
		f = store_log_events(&log, &count, &total, feed->act->store,
		    log_of(feed), skip, PAGE);
		for (i = 0; f == NULL && !over && i < count; i++) {
			over = log[i].time < since;
			if (over)
				break;
			f = add_events(*events, feed, &log[i], total, 0);
			seen += log[i].events;
			skip = total - log[i].event;
		}
		over = over || count == 0;
	}
	return f;
}

const struct fail *
feed_find(struct store_log *log, size_t *place, const struct feed *feed,
    const char *id, const char *kind)
{
	const struct fail *f;
	const char *app;

	if (strlen(id) != FEED_ID || strspn(id, "0123456789abcdef") != FEED_ID)
		return fail_missing(kind);
	*place = strtoul(id + FEED_COMMIT, NULL, 16);
	f = store_log_find(log, feed->act->store, mem_dup(id, FEED_COMMIT));
	if (f != NULL)
		return f->code == FAIL_MISSING ? fail_missing(kind) : f;
	app = event_first(log->message, "App");
	if (app == NULL || strncmp(app, feed->app->id, FEED_ID) != 0 ||
	    feed_stored(log, *place) == NULL)
		return fail_missing(kind);
	return NULL;
}
