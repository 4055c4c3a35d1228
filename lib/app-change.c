#include "app-change.h"
#include "account.h"
#include "clock.h"
#include "collaborator.h"
#include "hash.h"
#include "mem.h"
#include "plan.h"
#include "work.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Clients say what they believe to be changing. */
static const struct fail *
check_current(const struct app *app, const char *name)
{
	if (strcmp(app->name, name) == 0)
		return NULL;
	return fail_field(NULL, "current_name",
	    "Provided name does not match app name");
}

static const struct fail *
check_free(const struct act *act, const char *name)
{
	const struct fail *f = app_check_name(name);
	struct store_record *taken;

	if (f != NULL)
		return f;
	f = store_read(&taken, act->store, store_path("apps", name));
	if (f == NULL && taken != NULL)
		f = fail_field(NULL, "name", "has already been taken");
	return f;
}

/* A restart that is still owed is one of the app by its new name. */
static const struct fail *
rename_restart(const struct act *act, const struct app *app)
{
	struct work *restart = work_restart(app);
	struct store_record *owed;
	const struct fail *f;

	f = store_read(&owed, act->store, store_path("open", restart->id));
	if (f == NULL && owed != NULL)
		work_put(act->store, restart);
	return f;
}

const struct fail *
app_rename(struct app **out, const struct act *act, const char *ident,
    const char *current_name, const char *new_name)
{
	cJSON *data = cJSON_CreateObject();
	const struct fail *f = app_edit(out, act, ident);
	struct event e;
	struct app old;

	if (f != NULL)
		return f;
	f = check_current(*out, current_name);
	if (f == NULL)
		f = check_free(act, new_name);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	json_add_text(data, "old_name", (*out)->name);
	json_add_text(data, "new_name", new_name);
	e = event_new("%s: renamed from %s", new_name, (*out)->name);
	event_add(&e, "rename_app", data);
	old = **out;
	(*out)->name = new_name;
	/* in this order, so that a reader between the two finds one at least */
	app_put(act->store, *out);
	app_put_gone(act->store, &old);
	f = rename_restart(act, *out);
	if (f == NULL)
		return app_save(act, *out, &e);
	store_unlock(act->store);
	return f;
}

/* *next = the collaborator of app with that e-mail address. */
static const struct fail *
find_successor(struct collaborator **next, struct account **account,
    const struct act *act, const struct app *app, const char *email)
{
	struct collaborator *c;

	for (c = app->collaborators; c != NULL; c = c->next)
		if (c->account != NULL &&
		    account_load(account, act->store, c->account) == NULL &&
		    !(*account)->disabled &&
		    strcasecmp((*account)->email, email) == 0) {
			*next = c;
			return NULL;
		}
	return fail_field(NULL, "owner",
	    "Sorry, %s should be part of the collaborators", email);
}

/* Who gets the app gets its bills. */
static const struct fail *
check_bills(const struct app *app, const struct account *next)
{
	const struct addon *a = app->addons;

	while (a != NULL && plan_is_free(a->price, a->units))
		a = a->next;
	if (a == NULL || next->paying)
		return NULL;
	return fail_field(NULL, "owner",
	    "%s has no payment method, and the app's add-ons cost money",
	    next->email);
}

/* Apps that share an add-on have one owner. */
static const struct fail *
check_shared(const struct app *app)
{
	const struct addon *a = app->addons;

	while (a != NULL && a->attached == NULL)
		a = a->next;
	if (a == NULL && app->attachments == NULL)
		return NULL;
	return fail_field(NULL, "owner",
	    "the app shares add-ons with other apps: detach them first");
}

/* The owner changes places with the collaborator next. */
static void
hand_over(struct app *app, const struct act *act, struct collaborator *next)
{
	const char *owner = next->account;
	struct account *old;

	next->account = app->owner;
	next->inviter = owner;
	next->limited = false;
	next->id = hash_id();
	next->created_at = clock_text(clock_now());
	if (account_load(&old, act->store, app->owner) == NULL)
		next->email = old->email;
	else
		collaborator_detach(app, next);
	app->owner = owner;
}

const struct fail *
app_transfer(struct app **out, const struct act *act, const char *ident,
    const char *current_name, const char *email)
{
	cJSON *data = cJSON_CreateObject();
	struct collaborator *next = NULL;
	struct act owner = *act;
	struct account *account;
	const struct fail *f;
	struct event e;

	owner.need = ROLE_OWNER;
	f = app_edit(out, &owner, ident);
	if (f != NULL)
		return f;
	if (current_name != NULL)
		f = check_current(*out, current_name);
	if (f == NULL)
		f = find_successor(&next, &account, act, *out, email);
	if (f == NULL)
		f = check_bills(*out, account);
	if (f == NULL)
		f = check_shared(*out);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	cJSON_AddItemToObject(data, "old_owner",
	    collaborator_user(act, (*out)->owner));
	hand_over(*out, act, next);
	cJSON_AddItemToObject(data, "new_owner",
	    collaborator_user(act, (*out)->owner));
	e = event_new("%s: transferred to %s", (*out)->name, (*out)->owner);
	event_add(&e, "transfer_app", data);
	return app_save(act, *out, &e);
}

static const struct {
	const char *key;
	size_t offset;
} switches[] = {
    {"force_https",    offsetof(struct app, force_https)   },
    {"sticky_session", offsetof(struct app, sticky_session)},
    {"router_logs",    offsetof(struct app, router_logs)   },
};

/* Set the switches that settings has; names gets those that moved. */
static const struct fail *
set_switches(struct mem_text *names, struct app *app, const cJSON *settings)
{
	const struct fail *f = NULL;
	const cJSON *value;
	bool *place;
	size_t i;

	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		value = json_get(settings, switches[i].key);
		place = (bool *)((char *)app + switches[i].offset);
		if (value == NULL || cJSON_IsNull(value))
			continue;
		if (!cJSON_IsBool(value)) {
			f = fail_field(f, switches[i].key,
			    "must be true or false");
			continue;
		}
		if (*place == (bool)cJSON_IsTrue(value))
			continue;
		*place = cJSON_IsTrue(value);
		mem_addf(names, "%s%s %s", names->len == 0 ? "" : ", ",
		    switches[i].key, *place ? "on" : "off");
	}
	return f;
}

/* There is one stack, and one project for each owner. */
const struct fail *
app_check_place(const struct act *act, const struct app *app,
    const cJSON *settings)
{
	const cJSON *stack = json_get(settings, "stack_id");
	const cJSON *project = json_get(settings, "project_id");
	struct account *owner;
	const struct fail *f;

	if (stack != NULL && !cJSON_IsNull(stack) &&
	    strcmp(json_plain(stack), APP_STACK_ID) != 0)
		return fail_missing("stack");
	if (project == NULL || cJSON_IsNull(project))
		return NULL;
	f = app_owner(&owner, act, app);
	if (f == NULL &&
	    strcmp(json_plain(project), app_project_id(owner)) != 0)
		f = fail_missing("project");
	return f;
}

const struct fail *
app_update(struct app **out, const struct act *act, const char *ident,
    const cJSON *settings)
{
	cJSON *data = cJSON_CreateObject();
	const struct fail *f = app_edit(out, act, ident);
	struct mem_text names = {0};
	bool https;
	struct event e;

	if (f != NULL)
		return f;
	https = (*out)->force_https;
	f = app_check_place(act, *out, settings);
	if (f == NULL)
		f = set_switches(&names, *out, settings);
	if (f != NULL || names.len == 0) {
		store_unlock(act->store);
		return f;
	}
	if ((*out)->force_https != https)
		cJSON_AddBoolToObject(data, "force_https", (*out)->force_https);
	e = event_new("%s: %s", (*out)->name, names.text);
	event_add(&e, "edit_app", data);
	return app_save(act, *out, &e);
}
