#include "history.h"
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
	f = app_read(&app, path, record);
	if (f != NULL && f->code == FAIL_SYSTEM)
		return f;
	/* what an administrator left there was no app, or another one */
	if (f != NULL || strcmp(app->id, id) != 0)
		return NULL;
	*out = history_alone(app);
	return NULL;
}

const char *
history_name(const struct store_log *log, const char *id)
{
	const char *message = log->message, *app;
	size_t len = strlen(id);

	while ((app = event_trailer(&message, "App")) != NULL)
		if (strncmp(app, id, len) == 0 && app[len] == ' ')
			return app + len + 1;
	return NULL;
}

const struct fail *
history_load(struct history_point *point, struct store *store, const char *id)
{
	const char *name = history_name(&point->log, id);

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
			return history_load(out, store, app->id);
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
	return history_load(out, store, app->id);
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
	json_add_text(o, "app_name", history_name(log, id));
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
history_list(cJSON **out, int64_t *next, struct store *store,
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
		*next = (int64_t)skip;
	return NULL;
}
