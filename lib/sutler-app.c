/* sutler app … */
#include "account.h"
#include "app.h"
#include "clock.h"
#include "fail.h"
#include "mem.h"
#include "store-log.h"
#include "sutler.h"
#include "variable.h"

#include <stdio.h>
#include <string.h>

static const struct fail *
app_create(const struct call *c)
{
	const char *owner = call_option(c, "--owner");
	struct store_record *taken;
	struct account *account;
	const struct fail *f;
	struct event e;
	struct app *app;

	if (owner == NULL)
		return fail(FAIL_SYNTAX, "say whose it is: --owner ACCOUNT");
	f = app_new(&app, c->argv[0], owner);
	if (f == NULL)
		f = account_load(&account, c->act.store, owner);
	if (f == NULL)
		f = store_lock(c->act.store);
	if (f != NULL)
		return f;
	f = store_read(&taken, c->act.store, store_path("apps", app->name));
	if (f == NULL && taken != NULL)
		f = fail(FAIL_CONFLICT, "app %s exists already", app->name);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	e = event_new("%s: created for %s", app->name, owner);
	event_add(&e, "new_app", NULL);
	return app_save(&c->act, app, &e);
}

static cJSON *
app_row(const struct app *app)
{
	cJSON *o = cJSON_CreateObject();
	const struct addon *a;
	size_t n = 0;

	for (a = app->addons; a != NULL; a = a->next)
		n++;
	json_add_text(o, "name", app->name);
	json_add_text(o, "owner", app->owner);
	json_add_text(o, "id", app->id);
	cJSON_AddNumberToObject(o, "addons", (double)n);
	json_add_text(o, "created_at", app->created_at);
	return o;
}

static const struct fail *
list_one(void *arg, const struct store_record *record)
{
	const struct call *c = arg;
	const char *name = json_text(record->json, "name");
	const struct fail *f;
	struct app *app;

	f = app_load(&app, &c->act, name == NULL ? "" : name);
	if (f == NULL)
		call_row(c, app_row(app));
	return f;
}

static const struct fail *
app_list(const struct call *c)
{
	struct call copy = *c;
	const struct fail *f =
	    store_scan(c->act.store, "apps", list_one, &copy);

	if (f == NULL)
		call_done(c);
	return f;
}

static void
add_addons(cJSON *array, const struct app *app)
{
	const struct addon *a;
	cJSON *o;

	for (a = app->addons; a != NULL; a = a->next) {
		o = cJSON_CreateObject();
		json_add_text(o, "id", a->id);
		json_add_text(o, "provider", a->provider);
		json_add_text(o, "plan", a->plan);
		json_add_text(o, "status", a->status);
		json_add_text(o, "resource",
		    a->resource == NULL ? NULL : json_plain(a->resource));
		cJSON_AddItemToObject(o, "variables",
		    json_var_names(a->config));
		cJSON_AddItemToArray(array, o);
	}
}

static void
add_people(cJSON *array, const struct app *app)
{
	const struct collaborator *one;
	cJSON *o;

	for (one = app->collaborators; one != NULL; one = one->next) {
		o = cJSON_CreateObject();
		json_add_text(o, "email", one->email);
		json_add_text(o, "account", one->account);
		cJSON_AddBoolToObject(o, "limited", one->limited);
		cJSON_AddItemToArray(array, o);
	}
}

/* Names of variables, not their values: `app env` is asked for those. */
static const struct fail *
app_show(const struct call *c)
{
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->argv[0]);
	cJSON *o;

	if (f != NULL)
		return f;
	o = app_row(app);
	json_add_text(o, "revision", app->revision);
	cJSON_AddItemToObject(o, "variables", json_var_names(app->variables));
	cJSON_DeleteItemFromObject(o, "addons");
	add_addons(cJSON_AddArrayToObject(o, "addons"), app);
	add_people(cJSON_AddArrayToObject(o, "collaborators"), app);
	fputs(json_print(o, true), stdout);
	return NULL;
}

/*
 * NAME='value', as both sh(1) and systemd.exec(5)'s EnvironmentFile= read it:
 * a value with a single quote goes into double quotes, with a backslash before
 * what those leave special.
 */
static void
print_assignment(const char *name, const char *value)
{
	const char *p;

	if (strchr(value, '\'') == NULL) {
		printf("%s='%s'\n", name, value);
		return;
	}
	printf("%s=\"", name);
	for (p = value; *p != '\0'; p++) {
		if (strchr("\"\\$`", *p) != NULL)
			putchar('\\');
		putchar(*p);
	}
	fputs("\"\n", stdout);
}

static const struct fail *
env_of(struct json_var **vars, const struct act *act, const struct app *app)
{
	struct seen *all, *v;
	const struct fail *f = attachment_seen(&all, act, app);

	for (v = all; f == NULL && v != NULL; v = v->next)
		json_var_set(vars, v->name,
		    v->addon != NULL ? v->value
		                     : variable_resolve(all, v->value),
		    false);
	return f;
}

static const struct fail *
app_env(const struct call *c)
{
	struct json_var *vars = NULL, *v;
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->argv[0]);

	if (f == NULL)
		f = env_of(&vars, &c->act, app);
	if (f != NULL)
		return f;
	if (c->json)
		fputs(json_print(json_vars(vars), true), stdout);
	for (v = c->json ? NULL : vars; v != NULL; v = v->next)
		print_assignment(v->name, v->value);
	return NULL;
}

enum { LOG_PAGE = 100 };

/* The exchanges that led to the commit with that message. */
static cJSON *
exchanges_of(const char *message)
{
	cJSON *list = cJSON_CreateArray();
	const char *id;

	while ((id = event_trailer(&message, "Exchange")) != NULL)
		cJSON_AddItemToArray(list, cJSON_CreateString(id));
	return list;
}

static void
log_row(const struct call *c, const struct store_log *log)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *exchanges = exchanges_of(log->message), *id;

	json_add_text(o, "commit", c->json ? log->id : mem_dup(log->id, 10));
	json_add_text(o, "time", clock_text(log->time));
	json_add_text(o, "author", log->author);
	json_add_text(o, "subject",
	    mem_dup(log->message, strcspn(log->message, "\n")));
	if (c->json)
		cJSON_AddItemToObject(o, "exchanges", exchanges);
	else
		cJSON_ArrayForEach(id, exchanges)
			json_add_text(o, "exchange", id->valuestring);
	call_row(c, o);
}

static const struct fail *
app_log(const struct call *c)
{
	size_t i, n, total, skip = 0;
	struct store_log *log;
	const struct fail *f;
	struct app *app;

	f = app_load(&app, &c->act, c->argv[0]);
	do {
		if (f == NULL)
			f = store_log(&log, &n, &total, c->act.store, app->id,
			    skip, LOG_PAGE);
		for (i = 0; f == NULL && i < n; i++)
			log_row(c, &log[i]);
		skip += LOG_PAGE;
	} while (f == NULL && skip < total);
	if (f == NULL)
		call_done(c);
	return f;
}

const struct command app_commands[] = {
    {"app create",   "NAME --owner ACCOUNT", "make an app", 1, 1, false,
     app_create, {{"--owner", true}}},
    {"app list", "", "all apps", 0, 0, false, app_list, {{0}}},
    {"app show",             "NAME", "one app and its add-ons, without values", 1, 1, false,
     app_show, {{0}}},
    {"app log",     "NAME", "its changes, newest first", 1, 1, false, app_log,
     {{0}}},
    {"app env",              "NAME",
     "what it runs with: NAME='value' lines for systemd or a shell", 1, 1,
     false, app_env, {{0}}},
    {0           }
};
