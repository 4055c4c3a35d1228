/*
 * An app's history: its commits, what differs between two points, one
 * variable's past, and the way back.  These calls are sutler's own; they look
 * like the Scalingo API's.
 */
#include "history.h"
#include "cgi.h"
#include "json.h"
#include "rollback.h"
#include "work.h"

#include <string.h>

enum { PER_PAGE = 20, PER_PAGE_MAX = 100, SKIP_MAX = 1 << 30 };

static const struct fail *list(struct cgi *c);
static const struct fail *show(struct cgi *c);
static const struct fail *diff(struct cgi *c);
static const struct fail *variable(struct cgi *c);
static const struct fail *roll_back(struct cgi *c);
static void tick(struct cgi *c);

static const struct route routes[] = {
    {"GET",  "/v1/apps/:app/history",                 AUTH_LIMITED, list     },
    {"GET",  "/v1/apps/:app/history/:commit",         AUTH_LIMITED, show     },
    {"GET",  "/v1/apps/:app/diff",                    AUTH_LIMITED, diff     },
    {"GET",  "/v1/apps/:app/variables/:name/history", AUTH_LIMITED, variable },
    {"POST", "/v1/apps/:app/rollback",                AUTH_USER,    roll_back},
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}

/* *values: the request asks for them, and may see them. */
static const struct fail *
wants_values(bool *values, const struct cgi *c, const struct app *app)
{
	const char *text = cgi_query(c, "values");

	*values = text != NULL && strcmp(text, "true") == 0;
	if (*values && app->role < ROLE_FULL)
		return fail(FAIL_FORBIDDEN,
		    "a limited collaborator sees no values");
	return NULL;
}

/* {"meta":{"next":skip}}: null where there is no more. */
static void
add_next(cJSON *body, int64_t next)
{
	cJSON *meta = cJSON_AddObjectToObject(body, "meta");

	if (next < 0)
		cJSON_AddNullToObject(meta, "next");
	else
		cJSON_AddNumberToObject(meta, "next", (double)next);
}

/* The commits that changed the variable called name. */
static const struct fail *
list_variable(cJSON **out, int64_t *next, const struct cgi *c,
    const struct app *app, const char *name, size_t skip)
{
	const struct fail *f;
	cJSON *changes, *one;

	f = history_variable(&changes, next, &c->act, app, name, skip, false);
	if (f != NULL)
		return f;
	*out = cJSON_CreateArray();
	cJSON_ArrayForEach(one, changes)
		cJSON_AddItemToArray(*out,
		    cJSON_DetachItemFromObject(one, "commit"));
	return NULL;
}

static const struct fail *
list_filtered(struct cgi *c, const struct app *app,
    const struct history_filter *filter, const char *name)
{
	int64_t skip, count, next;
	const struct fail *f;
	cJSON *commits, *body;

	if (name != NULL && (filter->actor != NULL || filter->addon != NULL))
		return fail(FAIL_SYNTAX,
		    "variable goes with neither actor nor addon");
	f = cgi_query_number(&skip, c, "skip", 0, 0, SKIP_MAX);
	if (f == NULL)
		f = cgi_query_number(&count, c, "per_page", PER_PAGE, 1,
		    PER_PAGE_MAX);
	if (f == NULL && name != NULL)
		f = list_variable(&commits, &next, c, app, name, (size_t)skip);
	else if (f == NULL)
		f = history_list(&commits, &next, c->act.store, app, filter,
		    (size_t)skip, (size_t)count);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	cJSON_AddItemToObject(body, "history", commits);
	add_next(body, next);
	return NULL;
}

static const struct fail *
list_page(struct cgi *c, const struct app *app)
{
	struct store_log *log;
	struct cgi_page page;
	const struct fail *f;
	size_t i, n, total;
	cJSON *body, *array;

	f = cgi_page_read(&page, c, PER_PAGE, PER_PAGE_MAX);
	if (f == NULL)
		f = store_log(&log, &n, &total, c->act.store, app->id,
		    cgi_page_skip(&page), (size_t)page.per_page);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	array = cJSON_AddArrayToObject(body, "history");
	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(array, history_view(&log[i], app->id));
	cgi_page_add(body, &page, total);
	return NULL;
}

static const struct fail *
list(struct cgi *c)
{
	const struct history_filter filter = {cgi_query(c, "actor"),
	    cgi_query(c, "addon")};
	const char *name = cgi_query(c, "variable");
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f != NULL)
		return f;
	if (filter.actor == NULL && filter.addon == NULL && name == NULL)
		return list_page(c, app);
	return list_filtered(c, app, &filter, name);
}

static const struct fail *
show(struct cgi *c)
{
	struct history_point point, before;
	const struct fail *f;
	struct app *app;
	bool values;
	cJSON *body, *made;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = wants_values(&values, c, app);
	if (f == NULL)
		f = history_at(&point, c->act.store, app, c->param[1]);
	if (f == NULL && point.log.id == NULL)
		f = fail_missing("commit");
	if (f == NULL)
		f = history_before(&before, c->act.store, app, &point);
	if (f == NULL)
		f = history_diff(&made, &c->act, before.app, point.app, values);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	cJSON_AddItemToObject(body, "commit",
	    history_view(&point.log, app->id));
	cJSON_AddItemToObject(body, "diff", made);
	return NULL;
}

static const struct fail *
diff(struct cgi *c)
{
	const char *first = cgi_query(c, "from"), *last = cgi_query(c, "to");
	struct history_point from, to;
	const struct fail *f;
	struct app *app;
	bool values;
	cJSON *made;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = wants_values(&values, c, app);
	if (f == NULL && (first == NULL || first[0] == '\0'))
		f = fail(FAIL_SYNTAX, "from is required");
	if (f != NULL)
		return f;
	to.app = history_alone(app);
	f = history_at(&from, c->act.store, app, first);
	if (f == NULL && last != NULL && last[0] != '\0')
		f = history_at(&to, c->act.store, app, last);
	if (f == NULL)
		f = history_diff(&made, &c->act, from.app, to.app, values);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "diff", made);
	return f;
}

static const struct fail *
variable(struct cgi *c)
{
	const struct fail *f;
	cJSON *changes, *body;
	struct app *app;
	bool values;
	int64_t skip, next;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = wants_values(&values, c, app);
	if (f == NULL)
		f = cgi_query_number(&skip, c, "skip", 0, 0, SKIP_MAX);
	if (f == NULL)
		f = history_variable(&changes, &next, &c->act, app, c->param[1],
		    (size_t)skip, values);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	cJSON_AddItemToObject(body, "history", changes);
	add_next(body, next);
	return NULL;
}

/* *out = the body's list of names, or NULL: all. */
static const struct fail *
read_names(const cJSON **out, const struct cgi *c)
{
	const cJSON *names = json_get(c->body, "names"), *one;

	*out = NULL;
	if (names == NULL || cJSON_IsNull(names))
		return NULL;
	if (!cJSON_IsArray(names) || names->child == NULL)
		return fail_field(NULL, "names", "must be a list of names");
	cJSON_ArrayForEach(one, names)
		if (!cJSON_IsString(one))
			return fail_field(NULL, "names",
			    "must be a list of names");
	*out = names;
	return NULL;
}

static const struct fail *
roll_back(struct cgi *c)
{
	const cJSON *preview = json_get(c->body, "dry_run");
	struct rollback wanted = {.to = json_text(c->body, "to")};
	const struct fail *f = read_names(&wanted.names, c);
	cJSON *done;

	if (f == NULL && (wanted.to == NULL || wanted.to[0] == '\0'))
		f = fail_field(NULL, "to", "can't be blank");
	if (f == NULL && preview != NULL && !cJSON_IsBool(preview) &&
	    !cJSON_IsNull(preview))
		f = fail_field(NULL, "dry_run", "must be true or false");
	if (f != NULL)
		return f;
	wanted.preview = cJSON_IsTrue(preview);
	f = rollback(&done, &c->act, c->param[0], &wanted);
	if (f != NULL)
		return f;
	cJSON_AddItemToObject(cgi_answer(c, 200), "rollback", done);
	if (!wanted.preview && c->act.conf->restart_hook != NULL)
		c->after = tick;
	return NULL;
}

static void
tick(struct cgi *c)
{
	work_start_tick(c->act.conf);
}
