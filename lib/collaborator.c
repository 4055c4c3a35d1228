#include "collaborator.h"
#include "account.h"
#include "clock.h"
#include "hash.h"
#include "mem.h"
#include "token.h"

#include <string.h>
#include <strings.h>

/* A token is the collaborator's id, and so many digits of its HMAC. */
enum { ID_DIGITS = 24, MAC_DIGITS = 40 };

static const struct fail *
token_of(const char **out, const struct store *store, const char *id)
{
	unsigned char key[TOKEN_KEY_SIZE], mac[HASH_SHA256_SIZE];
	const struct fail *f = token_key(key, store, "invitation");

	if (f != NULL)
		return f;
	hash_hmac_sha256(mac, key, sizeof(key), id, strlen(id));
	explicit_bzero(key, sizeof(key));
	*out = mem_printf("%s%.*s", id, MAC_DIGITS, hash_hex(mac, sizeof(mac)));
	return NULL;
}

static struct collaborator *
find(const struct app *app, const char *id)
{
	struct collaborator *c = app->collaborators;

	while (c != NULL && strcmp(c->id, id) != 0)
		c = c->next;
	return c;
}

void
collaborator_detach(struct app *app, const struct collaborator *c)
{
	struct collaborator **at = &app->collaborators;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

cJSON *
collaborator_user(const struct act *act, const char *name)
{
	cJSON *user = cJSON_CreateObject();
	struct account *a = NULL;

	if (name != NULL && account_load(&a, act->store, name) != NULL)
		a = NULL;
	json_add_text(user, "username", name);
	json_add_text(user, "email", a == NULL ? NULL : a->email);
	json_add_text(user, "id", a == NULL ? NULL : a->id);
	return user;
}

/* The change set of a deed on c, with its event. */
static struct event
event_of(const struct act *act, const struct app *app,
    const struct collaborator *c, const char *type, const char *deed)
{
	struct event e = event_new("%s: %s %s", app->name, c->email, deed);
	cJSON *data = cJSON_CreateObject();
	cJSON *user = collaborator_user(act, c->account);

	cJSON_ReplaceItemInObject(user, "email", cJSON_CreateString(c->email));
	cJSON_AddItemToObject(user, "inviter",
	    collaborator_user(act, c->inviter));
	cJSON_AddBoolToObject(user, "is_limited", c->limited);
	cJSON_AddItemToObject(data, "collaborator", user);
	event_add(&e, type, data);
	return e;
}

/* FAIL_INVALID where email may not be invited to app. */
static const struct fail *
check_email(const struct act *act, const struct app *app, const char *email)
{
	const struct collaborator *c;
	const struct fail *f = NULL;
	struct account *owner;
	int count = 0;

	if (email[0] == '\0')
		f = fail_field(f, "email", "can't be blank");
	if (!account_email_allowed(email))
		f = fail_field(f, "email", "is invalid");
	if (f == NULL && app_owner(&owner, act, app) == NULL &&
	    strcasecmp(owner->email, email) == 0)
		f = fail_field(f, "email", "is the owner's");
	for (c = app->collaborators; c != NULL; c = c->next, count++)
		if (strcasecmp(c->email, email) == 0)
			f = fail_field(f, "email", "has already been taken");
	if (count >= COLLABORATORS_MAX)
		f = fail_field(f, "base", "an app has at most %d collaborators",
		    COLLABORATORS_MAX);
	return f;
}

const struct fail *
collaborator_invite(struct app **app, struct collaborator **out,
    const struct act *act, const char *ident, const char *email, bool limited)
{
	const struct fail *f = app_edit(app, act, ident);
	struct collaborator **tail, *c;
	struct event e;

	if (f != NULL)
		return f;
	f = check_email(act, *app, email);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	c = *out = mem_alloc(sizeof(*c));
	c->id = hash_id();
	c->email = email;
	c->inviter = act->account == NULL ? NULL : act->account->name;
	c->limited = limited;
	c->created_at = clock_text(clock_now());
	for (tail = &(*app)->collaborators; *tail != NULL;
	     tail = &(*tail)->next)
		;
	*tail = c;
	e = event_of(act, *app, c, "new_collaborator", "invited");
	return app_save(act, *app, &e);
}

/* *name = the app that token invites to, *id = whom. */
static const struct fail *
read_token(const char **name, const char **id, const struct act *act,
    const char *token)
{
	const struct fail *f;
	const char *right;

	if (strlen(token) != ID_DIGITS + MAC_DIGITS)
		return fail_missing("collaborator");
	*id = mem_dup(token, ID_DIGITS);
	f = token_of(&right, act->store, *id);
	if (f == NULL && !hash_equal(right, token))
		f = fail_missing("collaborator");
	if (f == NULL)
		f = index_find(name, act->store,
		    mem_printf("invitation %s", *id));
	if (f == NULL && *name == NULL)
		f = fail_missing("collaborator");
	return f;
}

const struct fail *
collaborator_accept(struct app **app, const struct act *act, const char *token)
{
	struct act guest = *act;
	struct collaborator *c;
	const char *name, *id;
	const struct fail *f;
	struct event e;

	f = read_token(&name, &id, act, token);
	if (f != NULL)
		return f;
	guest.need = ROLE_NONE;
	f = app_edit(app, &guest, name);
	if (f != NULL)
		return f;
	c = find(*app, id);
	if (c == NULL || c->account != NULL)
		f = fail_missing("collaborator");
	else if ((*app)->role != ROLE_NONE)
		f = fail(FAIL_SYNTAX,
		    "you work on this app already: this invitation is for %s",
		    c->email);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	c->account = act->account->name;
	c->email = act->account->email;
	(*app)->role = app_role(*app, c->account);
	e = event_of(act, *app, c, "accept_collaborator", "joined");
	return app_save(act, *app, &e);
}

const struct fail *
collaborator_change(struct app **app, struct collaborator **out,
    const struct act *act, const char *ident, const char *id, bool limited)
{
	const struct fail *f = app_edit(app, act, ident);
	struct event e;

	if (f != NULL)
		return f;
	*out = find(*app, id);
	if (*out == NULL || (*out)->limited == limited) {
		store_unlock(act->store);
		return *out == NULL ? fail_missing("collaborator") : NULL;
	}
	(*out)->limited = limited;
	e = event_of(act, *app, *out, "change_collaborator_role",
	    limited ? "limited" : "no longer limited");
	return app_save(act, *app, &e);
}

const struct fail *
collaborator_remove(const struct act *act, const char *ident, const char *id)
{
	const struct fail *f;
	struct collaborator *c;
	struct event e;
	struct app *app;

	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	c = find(app, id);
	if (app->role < ROLE_FULL &&
	    (c == NULL || c->account == NULL ||
	        strcmp(c->account, act->account->name) != 0))
		f = fail(FAIL_FORBIDDEN,
		    "a limited collaborator may not do this");
	else if (c == NULL)
		f = fail_missing("collaborator");
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	collaborator_detach(app, c);
	e = event_of(act, app, c, "delete_collaborator", "removed");
	return app_save(act, app, &e);
}

const struct fail *
collaborator_view(cJSON **out, const struct act *act, const struct app *app,
    const struct collaborator *c)
{
	const char *status = "pending", *token = "";
	struct account *a = NULL;
	const struct fail *f = NULL;

	if (c->account == NULL && app->role >= ROLE_FULL)
		f = token_of(&token, act->store, c->id);
	if (c->account != NULL)
		f = account_load(&a, act->store, c->account);
	if (f != NULL && f->code != FAIL_MISSING)
		return f;
	if (c->account != NULL)
		status = a == NULL ? "user account deleted" : "accepted";
	*out = cJSON_CreateObject();
	json_add_text(*out, "id", c->id);
	json_add_text(*out, "app_id", app->id);
	json_add_text(*out, "app_name", app->name);
	json_add_text(*out, "user_id", a == NULL ? NULL : a->id);
	json_add_text(*out, "username", a == NULL ? "n/a" : a->name);
	json_add_text(*out, "email", a == NULL ? c->email : a->email);
	json_add_text(*out, "status", status);
	cJSON_AddBoolToObject(*out, "is_limited", c->limited);
	cJSON_AddBoolToObject(*out, "tfa_status", false);
	json_add_text(*out, "invitation_link",
	    mem_printf("%s/v1/apps/collaboration?token=%s",
	        act->conf->public_url, token));
	return NULL;
}
