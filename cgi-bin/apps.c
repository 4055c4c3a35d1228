/*
 * Apps, their variables, and the provider's view of both.
 * Sources: Scalingo API, "Apps", "Environment"; seeds of the provider's view
 * in cgi-bin/apps-provider.c.
 */
#include "apps.h"
#include "addon.h"
#include "app.h"
#include "json.h"
#include "mem.h"
#include "variable.h"

#include <string.h>

static const struct fail *list(struct cgi *c);
static const struct fail *create(struct cgi *c);
static const struct fail *show(struct cgi *c);
static const struct fail *destroy(struct cgi *c);
static const struct fail *variables(struct cgi *c);
static const struct fail *variable_create(struct cgi *c);
static const struct fail *variables_set(struct cgi *c);
static const struct fail *variables_delete(struct cgi *c);
static const struct fail *variable_change(struct cgi *c);
static const struct fail *variable_delete(struct cgi *c);

static const struct route routes[] = {
    {"GET",    "/v1/apps",                                       AUTH_USER,     list            },
    {"POST",   "/v1/apps",                                       AUTH_USER,     create          },
    {"GET",    "/v1/apps/:app",                                  AUTH_USER,     show            },
    {"DELETE", "/v1/apps/:app",                                  AUTH_USER,     destroy         },
    {"GET",    "/v1/apps/:app/variables",                        AUTH_USER,     variables       },
    {"POST",   "/v1/apps/:app/variables",                        AUTH_USER,     variable_create },
    {"PUT",    "/v1/apps/:app/variables",                        AUTH_USER,     variables_set   },
    {"DELETE", "/v1/apps/:app/variables",                        AUTH_USER,     variables_delete},
    {"PATCH",  "/v1/apps/:app/variables/:id",                    AUTH_USER,     variable_change },
    {"DELETE", "/v1/apps/:app/variables/:id",                    AUTH_USER,     variable_delete },

    {"GET",    "/v1/provider/apps",                              AUTH_PROVIDER, provider_apps   },
    {"GET",    "/v1/provider/apps/:ident",                       AUTH_PROVIDER, provider_app    },
    {"PATCH",  "/v1/provider/apps/:ident",                       AUTH_PROVIDER, provider_app_set},
    {"PATCH",  "/v1/provider/addons/:ident/config",              AUTH_PROVIDER,
     provider_config_set                                                                        },
    {"POST",   "/v1/provider/addons/:ident/actions/provision",   AUTH_PROVIDER,
     provider_ready                                                                             },
    {"POST",   "/v1/provider/addons/:ident/actions/deprovision", AUTH_PROVIDER,
     provider_failed                                                                            },
    {"GET",    "/vendor/apps",                                   AUTH_PROVIDER, vendor_apps     },
    {"GET",    "/vendor/apps/:ident",                            AUTH_PROVIDER, vendor_app      },
    {"PUT",    "/vendor/apps/:ident",                            AUTH_PROVIDER, vendor_app_set  },
    {"GET",    "/vendor/:ident",                                 AUTH_PROVIDER, vendor_app      },
    {"PUT",    "/vendor/:ident",                                 AUTH_PROVIDER, vendor_app_set  },
    {"GET",    "/v2/vendor/apps",                                AUTH_PROVIDER, vendor_apps     },
    {"GET",    "/v2/vendor/apps/:ident",                         AUTH_PROVIDER, vendor_app      },
    {"PUT",    "/v2/vendor/apps/:ident",                         AUTH_PROVIDER, vendor_app_set  },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}

static void
answer_app(struct cgi *c, int status, const struct app *app)
{
	cJSON_AddItemToObject(cgi_answer(c, status), "app",
	    app_view(app, c->act.conf, c->account));
	c->revision = app->revision;
}

static const struct fail *
list(struct cgi *c)
{
	cJSON *array = cJSON_AddArrayToObject(cgi_answer(c, 200), "apps");
	const char **names;
	const struct fail *f;
	struct app *app;
	size_t i, n;

	f = index_values(&names, &n, c->act.store,
	    mem_printf("owner/%s", c->account->name));
	for (i = 0; f == NULL && i < n; i++) {
		f = app_load(&app, &c->act, names[i]);
		if (f == NULL)
			cJSON_AddItemToArray(array,
			    app_view(app, c->act.conf, c->account));
		else if (f->code == FAIL_MISSING)
			f = NULL;
	}
	return f;
}

static const struct fail *
create(struct cgi *c)
{
	struct store_record *taken;
	const struct fail *f;
	const cJSON *name;
	struct app *app;
	struct event e;
	cJSON *wanted;

	wanted = json_get(c->body, "app");
	if (!cJSON_IsObject(wanted))
		return fail_field(NULL, "app", "missing field");
	name = json_get(wanted, "name");
	if (name != NULL && !cJSON_IsString(name) && !cJSON_IsNull(name))
		return fail_field(NULL, "name", "must be a string");
	if (!cJSON_IsString(name) || name->valuestring[0] == '\0')
		return fail_field(NULL, "name", "can't be blank");
	f = app_new(&app, name->valuestring, c->account->name);
	if (f == NULL)
		f = store_lock(c->act.store);
	if (f != NULL)
		return f;
	f = store_read(&taken, c->act.store, store_path("apps", app->name));
	if (f == NULL && taken != NULL)
		f = fail_field(NULL, "name", "has already been taken");
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	if (cgi_dry_run(c)) {
		store_unlock(c->act.store);
		answer_app(c, 201, app);
		return NULL;
	}
	e = event_new("%s: created", app->name);
	event_add(&e, "new_app", NULL);
	f = app_save(&c->act, app, &e);
	if (f == NULL)
		answer_app(c, 201, app);
	return f;
}

static const struct fail *
show(struct cgi *c)
{
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f == NULL)
		answer_app(c, 200, app);
	return f;
}

static const struct fail *
destroy(struct cgi *c)
{
	const char *name = cgi_query(c, "current_name");
	const struct fail *f;

	if (name == NULL)
		name = json_text(c->body, "current_name");
	f = addon_remove_app(&c->act, c->param[0], name == NULL ? "" : name);
	c->status = 204;
	return f;
}

static const struct fail *
variables(struct cgi *c)
{
	const char *aliases = cgi_query(c, "aliases");
	bool resolve = aliases != NULL && strcmp(aliases, "false") == 0;
	struct app *app;
	cJSON *list;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f == NULL)
		f = variable_list(&list, &c->act, app, resolve);
	if (f != NULL)
		return f;
	cJSON_AddItemToObject(cgi_answer(c, 200), "variables", list);
	c->revision = app->revision;
	return NULL;
}

static const struct fail *
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

static const struct fail *
variables_set(struct cgi *c)
{
	const struct fail *f;
	struct app *app;
	cJSON *done;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = variable_set(&done, &c->act, c->param[0],
		    json_get(c->body, "variables"));
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "variables", done);
	return f;
}

static const struct fail *
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

static const struct fail *
variable_delete(struct cgi *c)
{
	cJSON *ids = cJSON_CreateArray();

	cJSON_AddItemToArray(ids, cJSON_CreateString(c->param[1]));
	c->status = 204;
	return variable_remove(&c->act, c->param[0], ids);
}

static const struct fail *
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
