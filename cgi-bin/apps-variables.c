/*
 * An app's variables.  Source: Scalingo API, "Environment".
 */
#include "apps.h"
#include "app.h"
#include "history.h"
#include "json.h"
#include "variable.h"

#include <string.h>

/* *app becomes what it was at that time; what a change must match is as now. */
static const struct fail *
go_back(struct app **app, const struct cgi *c, const char *at)
{
	struct history_point point;
	const struct fail *f = history_at(&point, c->act.store, *app, at);

	if (f == NULL && point.app == NULL)
		f = fail_missing("app");
	if (f != NULL)
		return f;
	point.app->role = (*app)->role;
	point.app->revision = (*app)->revision;
	*app = point.app;
	return NULL;
}

const struct fail *
variables(struct cgi *c)
{
	const char *aliases = cgi_query(c, "aliases"), *at = cgi_query(c, "at");
	bool resolve = aliases != NULL && strcmp(aliases, "false") == 0;
	struct app *app;
	cJSON *list;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f == NULL && at != NULL)
		f = go_back(&app, c, at);
	if (f == NULL)
		f = variable_list(&list, &c->act, app, resolve);
	if (f != NULL)
		return f;
	cJSON_AddItemToObject(cgi_answer(c, 200), "variables", list);
	c->revision = app->revision;
	return NULL;
}

const struct fail *
variable_create(struct cgi *c)
{
	cJSON *given, *all = cJSON_CreateArray(), *done;
	const struct fail *f;
	struct app *app;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = cgi_body_object(&given, c, "variable");
	if (f != NULL)
		return f;
	cJSON_AddItemToArray(all, cJSON_Duplicate(given, true));
	f = variable_set(&done, &c->act, c->param[0], all);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 201), "variable",
		    cJSON_DetachItemFromArray(done, 0));
	return f;
}

const struct fail *
variables_set(struct cgi *c)
{
	const cJSON *list = json_get(c->body, "variables");
	const struct fail *f;
	struct app *app;
	cJSON *done;

	/* how typed clients send a list that is empty */
	if (cJSON_IsNull(list))
		list = cJSON_CreateArray();
	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = variable_set(&done, &c->act, c->param[0], list);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "variables", done);
	return f;
}

const struct fail *
variable_change(struct cgi *c)
{
	const struct fail *f;
	cJSON *given, *done;
	struct app *app;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = cgi_body_object(&given, c, "variable");
	if (f == NULL)
		f = variable_update(&done, &c->act, c->param[0], c->param[1],
		    json_get(given, "value"));
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "variable",
		    cJSON_DetachItemFromArray(done, 0));
	return f;
}

const struct fail *
variable_delete(struct cgi *c)
{
	cJSON *ids = cJSON_CreateArray();

	cJSON_AddItemToArray(ids, cJSON_CreateString(c->param[1]));
	c->status = 204;
	return variable_remove(&c->act, c->param[0], ids);
}

const struct fail *
variables_delete(struct cgi *c)
{
	cJSON *ids = json_get(c->body, "variable_ids");
	const struct fail *f;
	struct app *app;

	f = app_load(&app, &c->act, c->param[0]);
	if (f != NULL)
		return f;
	/* older clients name them in the query */
	if (ids == NULL)
		ids = cgi_query_all(c, "variable_ids[]");
	if (!cJSON_IsArray(ids) || ids->child == NULL)
		return fail(FAIL_SYNTAX, "variable_ids is required");
	c->status = 204;
	return variable_remove(&c->act, c->param[0], ids);
}
