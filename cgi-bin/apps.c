/*
 * Apps; the rest of what this program serves is in the files apps-*.c.
 * Source: Scalingo API, "Apps".
 */
#include "apps.h"
#include "addon.h"
#include "app-change.h"
#include "json.h"
#include "mem.h"
#include "quota.h"
#include "work.h"

#include <string.h>
#include <time.h>

enum { LIST_TRIES = 5 };

static const struct fail *list(struct cgi *c);
static const struct fail *create(struct cgi *c);
static const struct fail *show(struct cgi *c);
static const struct fail *update(struct cgi *c);
static const struct fail *rename_app(struct cgi *c);
static const struct fail *destroy(struct cgi *c);

static const struct route routes[] = {
    {"GET",    "/v1/apps",                                    AUTH_LIMITED,              list            },
    {"POST",   "/v1/apps",                                    AUTH_USER,                 create          },
    {"GET",    "/v1/apps/collaboration",                      AUTH_LIMITED | MAY_CHANGE, people_accept   },
    {"GET",    "/v1/apps/:app",                               AUTH_LIMITED,              show            },
    {"PATCH",  "/v1/apps/:app",                               AUTH_USER,                 update          },
    {"DELETE", "/v1/apps/:app",                               AUTH_OWNER,                destroy         },
    {"POST",   "/v1/apps/:app/rename",                        AUTH_OWNER,                rename_app      },
    {"POST",   "/v1/apps/:app/restart",                       AUTH_USER,                 restart         },
    {"GET",    "/v1/apps/:app/operations/:id",                AUTH_LIMITED,              operation       },

    {"GET",    "/v1/apps/:app/variables",                     AUTH_LIMITED,              variables       },
    {"POST",   "/v1/apps/:app/variables",                     AUTH_USER,                 variable_create },
    {"PUT",    "/v1/apps/:app/variables",                     AUTH_USER,                 variables_set   },
    {"DELETE", "/v1/apps/:app/variables",                     AUTH_USER,                 variables_delete},
    {"PATCH",  "/v1/apps/:app/variables/:id",                 AUTH_USER,                 variable_change },
    {"DELETE", "/v1/apps/:app/variables/:id",                 AUTH_USER,                 variable_delete },

    {"GET",    "/v1/collaborators",                           AUTH_USER,                 people_all      },
    {"GET",    "/v1/apps/:app/collaborators",                 AUTH_LIMITED,              people          },
    {"POST",   "/v1/apps/:app/collaborators",                 AUTH_USER,                 people_invite   },
    {"PATCH",  "/v1/apps/:app/collaborators/:id",             AUTH_USER,                 people_change   },
    {"DELETE", "/v1/apps/:app/collaborators/:id",             AUTH_LIMITED,              people_remove   },

    {"GET",    "/v1/events",                                  AUTH_USER,                 events_mine     },
    {"GET",    "/v1/apps/:app/events",                        AUTH_LIMITED,              events          },
    {"GET",    "/v1/apps/:app/events/:id",                    AUTH_LIMITED,              event           },

    {"GET",    "/v1/provider/apps",                           AUTH_PROVIDER,             provider_apps   },
    {"GET",    "/v1/provider/apps/:id",                       AUTH_PROVIDER,             provider_app    },
    {"PATCH",  "/v1/provider/apps/:id",                       AUTH_PROVIDER,             provider_app_set},
    {"PATCH",  "/v1/provider/addons/:id/config",              AUTH_PROVIDER,             provider_set    },
    {"POST",   "/v1/provider/addons/:id/actions/provision",   AUTH_PROVIDER,
     provider_ready                                                                                      },
    {"POST",   "/v1/provider/addons/:id/actions/deprovision", AUTH_PROVIDER,
     provider_failed                                                                                     },
    {"GET",    "/vendor/apps",                                AUTH_PROVIDER,             vendor_apps     },
    {"GET",    "/vendor/apps/:id",                            AUTH_PROVIDER,             vendor_app      },
    {"PUT",    "/vendor/apps/:id",                            AUTH_PROVIDER,             vendor_set      },
    {"GET",    "/vendor/:id",                                 AUTH_PROVIDER,             vendor_app      },
    {"PUT",    "/vendor/:id",                                 AUTH_PROVIDER,             vendor_set      },
    {"GET",    "/v2/vendor/apps",                             AUTH_PROVIDER,             vendor_apps     },
    {"GET",    "/v2/vendor/apps/:id",                         AUTH_PROVIDER,             vendor_app      },
    {"PUT",    "/v2/vendor/apps/:id",                         AUTH_PROVIDER,             vendor_set      },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}

void
apps_tick(struct cgi *c)
{
	work_start_tick(c->act.conf);
}

const struct fail *
apps_answer(struct cgi *c, int status, const struct app *app)
{
	struct account *owner;
	const struct fail *f = app_owner(&owner, &c->act, app);

	if (f != NULL)
		return f;
	cJSON_AddItemToObject(cgi_answer(c, status), "app",
	    app_view(app, c->act.conf, owner));
	c->revision = app->revision;
	return NULL;
}

/* The account's apps; *moved: one of them was by another name already, or was
 * not yet. */
static const struct fail *
add_apps(cJSON *array, bool *moved, struct cgi *c)
{
	const char **names;
	const struct fail *f;
	struct account *owner;
	struct mem_mark mark;
	struct app *app;
	size_t i, n;

	*moved = false;
	f = index_values(&names, &n, c->act.store,
	    mem_printf("account/%s", c->account->name));
	for (i = 0; f == NULL && i < n; i++) {
		mark = mem_mark(); /* no record stays */
		f = app_load(&app, &c->act, names[i]);
		*moved |= f != NULL && f->code == FAIL_MISSING;
		if (f == NULL)
			f = app_owner(&owner, &c->act, app);
		if (f == NULL)
			cJSON_AddItemToArray(array,
			    json_settle(mark,
			        app_view(app, c->act.conf, owner)));
		else if (f->code == FAIL_MISSING)
			f = NULL;
	}
	return f;
}

static const struct fail *
list(struct cgi *c)
{
	const struct timespec pause = {0, 1000000};
	const struct fail *f = NULL;
	bool moved = true;
	cJSON *array;
	int tries;

	for (tries = 0; f == NULL && moved && tries < LIST_TRIES; tries++) {
		if (tries > 0)
			nanosleep(&pause, NULL);
		array = cJSON_AddArrayToObject(cgi_answer(c, 200), "apps");
		f = add_apps(array, &moved, c);
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
		f = app_check_place(&c->act, app, wanted);
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
		app_put(c->act.store, app);
		f = quota_check(&c->act);
		store_unlock(c->act.store);
		return f != NULL ? f : apps_answer(c, 201, app);
	}
	e = event_new("%s: created", app->name);
	event_add(&e, "new_app", NULL);
	f = app_save(&c->act, app, &e);
	return f != NULL ? f : apps_answer(c, 201, app);
}

static const struct fail *
show(struct cgi *c)
{
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	return f != NULL ? f : apps_answer(c, 200, app);
}

/* What a client says that the app is called, or NULL. */
static const char *
current_name(const struct cgi *c)
{
	const char *name = cgi_query(c, "current_name");

	return name != NULL ? name : json_text(c->body, "current_name");
}

/* {"app": {…}}, or what is in it without that; an owner in it is a transfer. */
static const struct fail *
update(struct cgi *c)
{
	const cJSON *settings = json_get(c->body, "app"), *owner;
	const struct fail *f;
	struct app *app;

	if (!cJSON_IsObject(settings))
		settings = c->body;
	owner = json_get(settings, "owner");
	if (owner == NULL || cJSON_IsNull(owner))
		f = app_update(&app, &c->act, c->param[0], settings);
	else if (!cJSON_IsString(owner))
		f = fail_field(NULL, "owner", "must be an e-mail address");
	else
		f = app_transfer(&app, &c->act, c->param[0], current_name(c),
		    owner->valuestring);
	return f != NULL ? f : apps_answer(c, 200, app);
}

static const struct fail *
rename_app(struct cgi *c)
{
	const char *current = current_name(c);
	const char *name = json_text(c->body, "new_name");
	const struct fail *f;
	struct app *app;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL && name == NULL)
		f = fail(FAIL_SYNTAX, "new_name is required");
	if (f == NULL)
		f = app_rename(&app, &c->act, c->param[0],
		    current == NULL ? "" : current, name);
	return f != NULL ? f : apps_answer(c, 200, app);
}

static const struct fail *
destroy(struct cgi *c)
{
	const char *name = current_name(c);
	const struct fail *f;

	f = addon_remove_app(&c->act, c->param[0], name == NULL ? "" : name);
	c->status = 204;
	return f;
}
