/* sutler app diff, app past: what an app's history says */
#include "fail.h"
#include "history.h"
#include "json.h"
#include "mem.h"
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
	const struct fail *f;
	struct app *app;
	long next = 0;
	cJSON *list, *row;

	f = app_load(&app, &c->act, c->argv[0]);
	while (f == NULL && next >= 0) {
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

const struct command history_commands[] = {
    {"app diff",                                                          "NAME FROM [TO] [--values]",
     "what differs between two points, each a commit or a time; TO: now", 2,
     3, false, app_diff, {{"--values", false}}},
    {"app past", "NAME VARIABLE [--values]",
     "who changed a variable, when and how, newest first", 2, 2, false,
     app_past, {{"--values", false}}},
    {0                                                                  }
};
