/*
 * Who works on an app.  Source: Scalingo API, "Collaborators".
 */
#include "apps.h"
#include "collaborator.h"
#include "json.h"
#include "mem.h"

#include <string.h>

static const struct fail *
add_people(cJSON *list, struct cgi *c, const struct app *app)
{
	const struct collaborator *one;
	const struct fail *f = NULL;
	cJSON *view;

	for (one = app->collaborators; f == NULL && one != NULL;
	     one = one->next) {
		f = collaborator_view(&view, &c->act, app, one);
		if (f == NULL)
			cJSON_AddItemToArray(list, view);
	}
	return f;
}

const struct fail *
people(struct cgi *c)
{
	cJSON *list =
	    cJSON_AddArrayToObject(cgi_answer(c, 200), "collaborators");
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f == NULL)
		f = add_people(list, c, app);
	if (f == NULL)
		c->revision = app->revision;
	return f;
}

/* Those of all apps that the account owns. */
const struct fail *
people_all(struct cgi *c)
{
	cJSON *list =
	    cJSON_AddArrayToObject(cgi_answer(c, 200), "collaborators");
	const char **names;
	const struct fail *f;
	struct app *app;
	size_t i, n;

	f = index_values(&names, &n, c->act.store,
	    mem_printf("account/%s", c->account->name));
	for (i = 0; f == NULL && i < n; i++) {
		f = app_load(&app, &c->act, names[i]);
		if (f != NULL &&
		    (f->code == FAIL_MISSING || f->code == FAIL_FORBIDDEN))
			f = NULL;
		else if (f == NULL && app->role == ROLE_OWNER)
			f = add_people(list, c, app);
	}
	return f;
}

static const struct fail *
answer(struct cgi *c, int status, const struct app *app,
    const struct collaborator *one)
{
	cJSON *view;
	const struct fail *f = collaborator_view(&view, &c->act, app, one);

	if (f != NULL)
		return f;
	cJSON_AddItemToObject(cgi_answer(c, status), "collaborator", view);
	c->revision = app->revision;
	return NULL;
}

/* The body's collaborator, where the app is there to be asked for it, and
 * whether it is to be limited, which some clients leave out. */
static const struct fail *
given(cJSON **out, bool *limited, struct cgi *c)
{
	const cJSON *is_limited;
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f == NULL)
		f = cgi_body_object(out, c, "collaborator");
	if (f != NULL)
		return f;
	is_limited = json_get(*out, "is_limited");
	if (is_limited != NULL && !cJSON_IsBool(is_limited) &&
	    !cJSON_IsNull(is_limited))
		return fail_field(NULL, "is_limited", "must be true or false");
	*limited = cJSON_IsTrue(is_limited);
	return NULL;
}

const struct fail *
people_invite(struct cgi *c)
{
	struct collaborator *one;
	const char *email;
	const struct fail *f;
	struct app *app;
	bool limited;
	cJSON *body;

	f = given(&body, &limited, c);
	if (f != NULL)
		return f;
	email = json_text(body, "email");
	f = collaborator_invite(&app, &one, &c->act, c->param[0],
	    email == NULL ? "" : email, limited);
	return f != NULL ? f : answer(c, 201, app, one);
}

const struct fail *
people_change(struct cgi *c)
{
	struct collaborator *one;
	const struct fail *f;
	struct app *app;
	bool limited;
	cJSON *body;

	f = given(&body, &limited, c);
	/* no role is given by leaving it out */
	if (f == NULL && !cJSON_IsBool(json_get(body, "is_limited")))
		f = fail(FAIL_SYNTAX, "is_limited is required");
	if (f == NULL)
		f = collaborator_change(&app, &one, &c->act, c->param[0],
		    c->param[1], limited);
	return f != NULL ? f : answer(c, 200, app, one);
}

const struct fail *
people_remove(struct cgi *c)
{
	c->status = 204;
	return collaborator_remove(&c->act, c->param[0], c->param[1]);
}

/* What an invitation's link is; also the path of an app called so. */
const struct fail *
people_accept(struct cgi *c)
{
	const char *token = cgi_query(c, "token");
	struct app *app;
	const struct fail *f;

	if (token == NULL)
		f = app_load(&app, &c->act, "collaboration");
	else if (strcmp(c->method, "GET") != 0)
		f = fail_missing("collaborator");
	else
		f = collaborator_accept(&app, &c->act, token);
	return f != NULL ? f : apps_answer(c, 200, app);
}
