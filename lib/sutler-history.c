/* sutler app diff, app past, app rollback: what an app's history says, and the
 * way back */
#include "fail.h"
#include "history.h"
#include "json.h"
#include "mem.h"
#include "rollback.h"
#include "sutler.h"

#include <stdio.h>
#include <string.h>

/* "changed  REDIS_URL  redis": a row for each member of list. */
static void
print_rows(const struct call *c, const cJSON *list, const char *what,
    const char *name)
{
	const cJSON *one, *value;
	cJSON *row;

	cJSON_ArrayForEach(one, list) {
		row = cJSON_CreateObject();
		json_add_text(row, "change", json_text(one, "change"));
		json_add_text(row, "what", what);
		json_add_text(row, "name", json_text(one, name));
		value = json_get(one, "old");
		json_add_text(row, "old",
		    cJSON_IsObject(value) ? json_text(value, "plan")
		                          : cJSON_GetStringValue(value));
		value = json_get(one, "new");
		json_add_text(row, "new",
		    cJSON_IsObject(value) ? json_text(value, "plan")
		                          : cJSON_GetStringValue(value));
		call_row(c, row);
	}
}

static const struct fail *
app_diff(const struct call *c)
{
	bool values = call_option(c, "--values") != NULL;
	struct history_point from, to;
	const struct fail *f;
	struct app *app;
	cJSON *diff;

	f = app_load(&app, &c->act, c->argv[0]);
	if (f == NULL)
		to.app = history_alone(app);
	if (f == NULL)
		f = history_at(&from, c->act.store, app, c->argv[1]);
	if (f == NULL && c->argc > 2)
		f = history_at(&to, c->act.store, app, c->argv[2]);
	if (f == NULL)
		f = history_diff(&diff, &c->act, from.app, to.app, values);
	if (f != NULL)
		return f;
	if (c->json) {
		fputs(json_print(diff, true), stdout);
		return NULL;
	}
	print_rows(c, json_get(diff, "variables"), "variable", "name");
	print_rows(c, json_get(diff, "addons"), "add-on", "provider");
	return NULL;
}

static const struct fail *
app_past(const struct call *c)
{
	bool values = call_option(c, "--values") != NULL;
	const cJSON *one, *commit;
	store_tell *tell = call_watcher();
	struct store_log *log;
	const struct fail *f;
	struct app *app;
	int64_t next = 0;
	cJSON *list, *row;
	size_t n, total;

	f = app_load(&app, &c->act, c->argv[0]);
	if (f == NULL)
		f = store_log(&log, &n, &total, c->act.store, app->id, 0, 1);
	while (f == NULL && next >= 0) {
		if (tell != NULL && total > HISTORY_SCAN)
			tell("commits", (size_t)next, total);
		f = history_variable(&list, &next, &c->act, app, c->argv[1],
		    (size_t)next, values);
		if (f != NULL)
			break;
		cJSON_ArrayForEach(one, list) {
			commit = json_get(one, "commit");
			row = cJSON_CreateObject();
			json_add_text(row, "commit",
			    c->json ? json_text(commit, "id")
			            : mem_dup(json_text(commit, "id"), 10));
			json_add_text(row, "time",
			    json_text(commit, "created_at"));
			json_add_text(row, "actor", json_text(commit, "actor"));
			json_add_text(row, "change", json_text(one, "change"));
			json_add_text(row, "value", json_text(one, "value"));
			call_row(c, row);
		}
	}
	if (f == NULL)
		call_done(c);
	return f;
}

/* The names on the command line, or NULL: all. */
static const cJSON *
names_of(const struct call *c)
{
	cJSON *names = c->argc > 2 ? cJSON_CreateArray() : NULL;
	int i;

	for (i = 2; i < c->argc; i++)
		cJSON_AddItemToArray(names, cJSON_CreateString(c->argv[i]));
	return names;
}

static const struct fail *
app_rollback(const struct call *c)
{
	struct rollback wanted = {c->argv[1], names_of(c),
	    call_option(c, "--dry-run") != NULL};
	const struct fail *f;
	const char *commit;
	const cJSON *one;
	cJSON *done, *row;

	f = rollback(&done, &c->act, c->argv[0], &wanted);
	if (f != NULL)
		return f;
	if (c->json) {
		fputs(json_print(done, true), stdout);
		return NULL;
	}
	cJSON_ArrayForEach(one, json_get(done, "variables")) {
		row = cJSON_CreateObject();
		json_add_text(row, "change", json_text(one, "change"));
		json_add_text(row, "name", json_text(one, "name"));
		json_add_text(row, "state", json_text(one, "state"));
		json_add_text(row, "addon", json_text(one, "addon_id"));
		call_row(c, row);
	}
	commit = json_text(done, "commit");
	fprintf(stderr, "sutler: %s\n",
	    commit == NULL      ? "a dry run: nothing was changed"
	    : commit[0] == '\0' ? "nothing was to be changed"
	                        : mem_printf("commit %s", commit));
	return NULL;
}

const struct command history_commands[] = {
    {"app diff",                                                          "NAME FROM [TO] [--values]",
     "what differs between two points, each a commit or a time; TO: now", 2,
     3, false, app_diff, {{"--values", false}}},
    {"app past", "NAME VARIABLE [--values]",
     "who changed a variable, when and how, newest first", 2, 2, false,
     app_past, {{"--values", false}}},
    {"app rollback",                                                                   "NAME TO [VARIABLE...] [--dry-run]",
     "take its owner's variables back to a point of its history", 2, 1000,
     false, app_rollback, {{"--dry-run", false}}},
    {0                                                          }
};
