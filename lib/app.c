#include "app.h"
#include "account.h"
#include "clock.h"
#include "hash.h"
#include "index.h"
#include "mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID_LENGTH = 24, TRIES_MAX = 7 };

bool
app_is_id(const char *text)
{
	return strlen(text) == ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == ID_LENGTH;
}

const struct fail *
app_check_name(const char *name)
{
	const struct fail *f = NULL;
	size_t len = strlen(name), fit;

	fit = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (len < APP_NAME_MIN)
		f = fail_field(f, "name",
		    "is too short (minimum is %d"
		    " characters)",
		    APP_NAME_MIN);
	if (len > APP_NAME_MAX)
		f = fail_field(f, "name",
		    "is too long (maximum is %d"
		    " characters)",
		    APP_NAME_MAX);
	if (fit != len)
		f = fail_field(f, "name",
		    "should contain only lowercase"
		    " letters, digits and hyphens");
	if (name[0] == '-')
		f = fail_field(f, "name", "can't start with an hyphen");
	if (len > 0 && name[len - 1] == '-')
		f = fail_field(f, "name", "can't end with an hyphen");
	if (strstr(name, "--") != NULL)
		f = fail_field(f, "name",
		    "can't contain 2 consecutive hyphens");
	if (app_is_id(name))
		f = fail_field(f, "name", "can't look like an app id");
	return f;
}

const struct fail *
app_new(struct app **out, const char *name, const char *owner)
{
	const char *now = clock_text(clock_now());
	struct app *app = mem_alloc(sizeof(*app));
	const struct fail *f = app_check_name(name);

	if (f != NULL)
		return f;
	app->id = hash_id();
	app->name = name;
	app->owner = owner;
	app->role = ROLE_OWNER;
	app->created_at = app->updated_at = now;
	*out = app;
	return NULL;
}

/* A variable whose value is forgotten is none: that is only where somebody has
 * put its text back by hand. */
static void
drop_forgotten(struct json_var **vars, const struct app *app)
{
	while (*vars != NULL) {
		if (!(*vars)->forgotten) {
			vars = &(*vars)->next;
			continue;
		}
		fprintf(stderr,
		    "sutler: %s: the value of %s is forgotten: set another\n",
		    app->name, (*vars)->name);
		*vars = (*vars)->next;
	}
}

static void
drop_all_forgotten(struct app *app)
{
	struct addon *a;

	drop_forgotten(&app->variables, app);
	for (a = app->addons; a != NULL; a = a->next) {
		drop_forgotten(&a->config, app);
		drop_forgotten(&a->rebind, app);
	}
}

/* The record at name's place; FAIL_MISSING. */
static const struct fail *
load_name(struct app **out, struct store *store, const char *name)
{
	struct store_record *record;
	const struct fail *f;

	/* no path is ever made of what is no name */
	if (app_check_name(name) != NULL)
		return fail_missing("app");
	f = store_read(&record, store, store_path("apps", name));
	if (f != NULL)
		return f;
	if (record == NULL)
		return fail_missing("app");
	f = app_read(out, record->path, record->json);
	if (f == NULL && strcmp((*out)->name, name) != 0)
		f = fail(FAIL_BUSY, "%s: the name is that of another",
		    record->path);
	if (f != NULL)
		return f;
	drop_all_forgotten(*out);
	(*out)->revision = store_revision(record);
	return NULL;
}

/* The index is not trusted: the record it names must hold the id.  A rename
 * moves the two one after the other, so what is missing is looked for again;
 * under the lock the index may be behind the records. */
static const struct fail *
load_id(struct app **out, struct store *store, const char *id)
{
	const char *key = mem_printf("app %s", id), *name;
	struct timespec pause = {0, 1000000};
	const struct fail *f;
	int tries;

	f = index_find(&name, store, key);
	for (tries = 0; f == NULL && name != NULL; tries++) {
		f = load_name(out, store, name);
		if (f == NULL && strcmp((*out)->id, id) != 0)
			f = fail_missing("app");
		if (f == NULL || f->code != FAIL_MISSING || tries == TRIES_MAX)
			return f;
		nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
		f = index_find_held(&name, store, key);
	}
	return f != NULL ? f : fail_missing("app");
}

enum role
app_role(const struct app *app, const char *name)
{
	const struct collaborator *c = app->collaborators;

	if (strcmp(app->owner, name) == 0)
		return ROLE_OWNER;
	while (
	    c != NULL && (c->account == NULL || strcmp(c->account, name) != 0))
		c = c->next;
	if (c == NULL)
		return ROLE_NONE;
	return c->limited ? ROLE_LIMITED : ROLE_FULL;
}

/* What who acts is to app, and whether that is enough. */
static const struct fail *
check_role(struct app *app, const struct act *act)
{
	enum role need = act->need == ROLE_UNSAID ? ROLE_OWNER : act->need;

	app->role = ROLE_OWNER;
	if (act->account != NULL)
		app->role = app_role(app, act->account->name);
	if (act->account == NULL || app->role >= need)
		return NULL;
	if (app->role == ROLE_NONE)
		return fail_missing("app");
	return fail(FAIL_FORBIDDEN,
	    need == ROLE_OWNER ? "only the app's owner may do this"
	                       : "a limited collaborator may not do this");
}

const struct fail *
app_owner(struct account **out, const struct act *act, const struct app *app)
{
	if (act->account == NULL || strcmp(act->account->name, app->owner) != 0)
		return account_load(out, act->store, app->owner);
	*out = (struct account *)act->account;
	return NULL;
}

const struct fail *
app_load(struct app **out, const struct act *act, const char *ident)
{
	const struct fail *f;

	if (app_is_id(ident))
		f = load_id(out, act->store, ident);
	else
		f = load_name(out, act->store, ident);
	if (f == NULL)
		f = check_role(*out, act);
	if (f == NULL && act->trace != NULL)
		memcpy(act->trace->app, (*out)->id, ID_LENGTH);
	return f;
}

const struct fail *
app_edit(struct app **out, const struct act *act, const char *ident)
{
	const struct fail *f = store_lock(act->store);

	if (f == NULL)
		f = app_load(out, act, ident);
	if (f == NULL)
		f = event_match(act, "app", (*out)->revision);
	if (f != NULL)
		store_unlock(act->store);
	return f;
}

const struct fail *
app_edit_addon(struct app **out, struct addon **addon, const struct act *act,
    const char *ident, const char *id)
{
	const struct fail *f = store_lock(act->store);

	if (f == NULL)
		f = app_load(out, act, ident);
	if (f == NULL) {
		*addon = app_addon(*out, id);
		f = *addon == NULL ? fail_missing("addon")
		                   : event_match(act, "add-on",
		                         app_addon_revision(*addon));
	}
	if (f != NULL)
		store_unlock(act->store);
	return f;
}

void
app_put(struct store *store, struct app *app)
{
	store_put(store, store_path("apps", app->name), app_write(app));
}

void
app_put_gone(struct store *store, const struct app *app)
{
	store_put(store, store_path("apps", app->name), NULL);
}

/* The revision that app's record would have. */
static const char *
revision_of(const struct app *app)
{
	const char *text = json_print(app_write(app), true);

	return hash_blob(text, strlen(text));
}

void
app_event(struct event *e, const struct app *app)
{
	event_app(e, app->id, app->name);
	e->about = app;
}

const struct fail *
app_save(const struct act *act, struct app *app, struct event *e)
{
	/* a change of nothing but its time is none */
	if (app->revision == NULL ||
	    strcmp(revision_of(app), app->revision) != 0) {
		app->updated_at = clock_text(clock_now());
		app->revision = revision_of(app);
	}
	app_event(e, app);
	app_put(act->store, app);
	return event_commit(NULL, act, e);
}

const char *
app_heroku_id(const struct conf *conf, const char *app_id)
{
	const char *digits = mem_dup(app_id, APP_NUMBER_DIGITS);

	return mem_printf("app%llu@%s", strtoull(digits, NULL, 16), conf->host);
}

const char *
app_variable_id(const struct app *app, const char *name)
{
	const char *text = mem_printf("%s:%s", app->id, name);

	return mem_dup(hash_sha1(text, strlen(text)), ID_LENGTH);
}

struct addon *
app_addon(const struct app *app, const char *id)
{
	struct addon *a = app->addons;

	while (a != NULL && strcmp(a->id, id) != 0)
		a = a->next;
	return a;
}

const struct fail *
app_check_variable(const struct fail *so_far, const char *name,
    const char *value)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz"
	                              "0123456789_";
	const struct fail *f = so_far;

	/* the messages are Scalingo's own; clients show them */
	if (name[0] == '\0')
		f = fail_field(f, "name", "can't be blank");
	if (!isalpha((unsigned char)name[0]))
		f = fail_field(f, "name", "must start with a letter");
	if (strspn(name, letters) != strlen(name))
		f = fail_field(f, "name",
		    "may hold letters, digits and"
		    " underscores only");
	else if (name[0] != '\0' && !dialect_name_allowed(name) &&
	         strlen(name) <= CONFIG_NAME_MAX &&
	         isalpha((unsigned char)name[0]))
		f = fail_field(f, "name",
		    "%s would change how the app itself"
		    " is started",
		    name);
	if (strlen(name) > CONFIG_NAME_MAX)
		f = fail_field(f, "name",
		    "is too long (maximum is %d"
		    " characters)",
		    CONFIG_NAME_MAX);
	if (value[0] == '\0')
		f = fail_field(f, "value", "can't be blank");
	if (strlen(value) > CONFIG_VALUE_MAX)
		f = fail_field(f, "value",
		    "is too long (maximum is %d"
		    " characters)",
		    CONFIG_VALUE_MAX);
	return f;
}
