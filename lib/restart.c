#include "restart.h"
#include "clock.h"
#include "feed.h"
#include "mem.h"
#include "work.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum { SCOPE_MAX = 64, NAME_MAX_BYTES = 64, PAGE = 100, TRIES_MAX = 100 };

static const struct fail *
check_scope(const cJSON *scope)
{
	const cJSON *one;
	size_t n = 0, len;

	if (scope != NULL && !cJSON_IsArray(scope))
		return fail_field(NULL, "scope", "must be an array");
	cJSON_ArrayForEach(one, scope) {
		if (!cJSON_IsString(one) || ++n > SCOPE_MAX)
			return fail_field(NULL, "scope",
			    "must be at most %d names", SCOPE_MAX);
		len = strspn(one->valuestring, "abcdefghijklmnopqrstuvwxyz"
		                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		                               "0123456789-_");
		if (len == 0 || len > NAME_MAX_BYTES ||
		    one->valuestring[len] != '\0')
			return fail_field(NULL, "scope",
			    "has no name of a container type");
	}
	return NULL;
}

/* *commit = that of the restart's being owed; "": it is, since this very
 * millisecond. */
static const struct fail *
owe(const char **commit, struct app **out, const struct act *act,
    const char *ident, const cJSON *scope)
{
	const struct fail *f = app_edit(out, act, ident);
	cJSON *data = cJSON_CreateObject();
	struct event e;

	if (f != NULL)
		return f;
	e = event_new("%s: to be restarted", (*out)->name);
	app_event(&e, *out);
	cJSON_AddItemToObject(data, "scope",
	    scope == NULL ? cJSON_CreateNull() : cJSON_Duplicate(scope, true));
	event_add(&e, "restart", data);
	work_put(act->store, work_restart(*out));
	return event_commit(commit, act, &e);
}

const struct fail *
restart_ask(struct app **out, const char **id, const struct act *act,
    const char *ident, const cJSON *scope)
{
	static const struct timespec millisecond = {0, 1000000};
	const struct fail *f = app_load(out, act, ident);
	const char *commit = "";
	int tries;

	if (f == NULL)
		f = check_scope(scope);
	if (f == NULL && act->conf->restart_hook == NULL)
		f = fail(FAIL_CONFLICT,
		    "apps are not restarted from here: the operator has set no"
		    " restart_hook");
	for (tries = 0; f == NULL && commit[0] == '\0' && tries < TRIES_MAX;
	     tries++) {
		if (tries > 0)
			nanosleep(&millisecond, NULL);
		f = owe(&commit, out, act, ident, scope);
	}
	if (f == NULL && commit[0] == '\0')
		f = fail(FAIL_BUSY, "too many restarts at one moment");
	if (f == NULL)
		*id = feed_id(commit, 0);
	return f;
}

void
restart_owe(struct event *e, const struct act *act, const struct app *app)
{
	cJSON *data;

	if (act->conf->restart_hook == NULL)
		return;
	data = cJSON_CreateObject();
	json_add_text(data, "scope", NULL);
	event_add(e, "restart", data);
	work_put(act->store, work_restart(app));
}

/* How the work's record ended, as far as the history after log tells. */
static const struct fail *
outcome_of(cJSON *view, const struct act *act, const struct app *app,
    const struct store_log *log)
{
	const char *path = store_path("open", work_restart(app)->id);
	const char *status = "pending", *trouble = NULL, *end = NULL;
	const struct fail *f = NULL;
	struct store_log *later;
	size_t i, n = 1, skip;
	const cJSON *attempts;
	cJSON *record;

	for (skip = 0; f == NULL && end == NULL && n > 0; skip += n) {
		f = store_log_after(&later, &n, act->store, app->id, log->id,
		    skip, PAGE);
		for (i = 0; f == NULL && end == NULL && i < n; i++) {
			f = store_log_record(&record, act->store, later[i].id,
			    path);
			attempts = json_get(record, "attempts");
			if (f != NULL || (record != NULL && attempts == NULL))
				continue;
			status = record == NULL ? "done" : "error";
			trouble = json_text(record, "trouble");
			end = clock_text(later[i].time);
		}
	}
	json_add_text(view, "finished_at", end);
	json_add_text(view, "status", status);
	json_add_text(view, "error", trouble);
	return f;
}

const struct fail *
restart_operation(cJSON **out, const struct act *act, const struct app *app,
    const char *id)
{
	const struct feed feed = {act, app, NULL};
	struct store_log log;
	const struct fail *f;
	size_t place;

	f = feed_find(&log, &place, &feed, id, "operation");
	if (f == NULL &&
	    strcmp(json_text(feed_stored(&log, place), "type"), "restart") != 0)
		f = fail_missing("operation");
	if (f != NULL)
		return f;
	*out = cJSON_CreateObject();
	json_add_text(*out, "id", id);
	json_add_text(*out, "app_id", app->id);
	json_add_text(*out, "type", "restart");
	json_add_text(*out, "created_at", clock_text(log.time));
	return outcome_of(*out, act, app, &log);
}
