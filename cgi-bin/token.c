#include "addon.h"
#include "cgi.h"
#include "guess.h"
#include "mem.h"
#include "oauth.h"
#include "origin.h"
#include "token.h"
#include "token-session.h"

#include <string.h>

/* POST /v1/tokens/exchange: an API token for a JWT. */
static const struct fail *
exchange(struct cgi *c)
{
	const struct fail *f;
	const char *token;

	f = token_make(&token, c->act.store, c->account, c->token_id, c->now);
	if (f == NULL)
		json_add_text(cgi_answer(c, 200), "token", token);
	return f;
}

/* Scalingo API, "Tokens"; the secret is shown once, when it is new. */
static cJSON *
view(const struct account_token *t)
{
	cJSON *view = cJSON_CreateObject();

	json_add_text(view, "id", t->id);
	json_add_text(view, "name", t->name);
	json_add_text(view, "created_at", t->created_at);
	json_add_text(view, "last_used_at", NULL);
	json_add_text(view, "issued_at",
	    t->renewed_at == NULL ? t->created_at : t->renewed_at);
	return view;
}

static const struct fail *
list(struct cgi *c)
{
	const struct account_token *t;
	cJSON *tokens = cJSON_AddArrayToObject(cgi_answer(c, 200), "tokens");

	for (t = c->account->tokens; t != NULL; t = t->next)
		cJSON_AddItemToArray(tokens, view(t));
	c->revision = account_revision(c->account);
	return NULL;
}

/* *out = the account as it is now, under the lock; who asked may have been
 * locked out since.  On failure the lock is given back. */
static const struct fail *
edit(struct account **out, struct cgi *c)
{
	const struct fail *f;
	struct account *a;

	f = store_lock(c->act.store);
	if (f != NULL)
		return f;
	f = account_load(&a, c->act.store, c->account->name);
	if ((f != NULL && f->code == FAIL_MISSING) ||
	    (f == NULL && (a->disabled || strcmp(a->id, c->account->id) != 0 ||
	                      account_token_find(a, c->token_id) == NULL)))
		f = fail(FAIL_AUTH, "Invalid credentials");
	if (f == NULL)
		f = event_match(&c->act, "account", account_revision(a));
	if (f != NULL)
		store_unlock(c->act.store);
	else
		*out = a;
	return f;
}

/* Save a, whose token called name was deed ("created", "deleted"). */
static const struct fail *
save(struct cgi *c, const struct account *a, const char *name, const char *deed)
{
	struct event e = event_new("%s: token %s %s", a->name, name, deed);

	account_put(c->act.store, a);
	return event_commit(NULL, &c->act, &e);
}

/* *out = the name of the token to be: {"token":{"name":…}} or {"name":…}. */
static const struct fail *
wanted_name(const char **out, const struct cgi *c)
{
	const cJSON *token = json_get(c->body, "token");
	const char *name = json_text(token == NULL ? c->body : token, "name");
	const char *p;

	if (name == NULL || name[strspn(name, " ")] == '\0')
		return fail_field(NULL, "name", "can't be blank");
	if (strlen(name) > ACCOUNT_TOKEN_NAME_MAX)
		return fail_field(NULL, "name", "is longer than %d bytes",
		    ACCOUNT_TOKEN_NAME_MAX);
	for (p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail_field(NULL, "name",
			    "has a control character");
	*out = name;
	return NULL;
}

static const struct fail *
create(struct cgi *c)
{
	const struct account_token *t;
	const char *name = NULL, *secret;
	const struct fail *f;
	struct account *a;
	cJSON *token;
	int count = 0;

	f = wanted_name(&name, c);
	if (f != NULL)
		return f;
	f = edit(&a, c);
	if (f != NULL)
		return f;
	for (t = a->tokens; t != NULL; t = t->next)
		count++;
	if (count >= ACCOUNT_TOKENS_MAX) {
		store_unlock(c->act.store);
		return fail(FAIL_INVALID, "an account has at most %d tokens",
		    ACCOUNT_TOKENS_MAX);
	}
	secret = account_token_add(a, name);
	f = save(c, a, name, "created");
	if (f != NULL)
		return f;
	for (t = a->tokens; t->next != NULL; t = t->next)
		;
	token = view(t);
	json_add_text(token, "token", secret);
	cJSON_AddItemToObject(cgi_answer(c, 201), "token", token);
	return NULL;
}

static const struct fail *
destroy(struct cgi *c)
{
	const struct account_token *t;
	const struct fail *f;
	struct account *a;

	f = edit(&a, c);
	if (f != NULL)
		return f;
	t = account_token_find(a, c->param[0]);
	if (t == NULL) {
		store_unlock(c->act.store);
		return fail_missing("token");
	}
	account_token_remove(a, t->id);
	f = save(c, a, t->name, "deleted");
	if (f == NULL)
		c->status = 204;
	return f;
}

/* PATCH /v1/tokens/:token/renew: the same token, by another secret. */
static const struct fail *
renew(struct cgi *c)
{
	struct account_token *t;
	const struct fail *f;
	const char *secret;
	struct account *a;
	cJSON *token;

	f = edit(&a, c);
	if (f != NULL)
		return f;
	t = account_token_find(a, c->param[0]);
	if (t == NULL) {
		store_unlock(c->act.store);
		return fail_missing("token");
	}
	secret = account_token_renew(t);
	f = save(c, a, t->name, "renewed");
	if (f != NULL)
		return f;
	token = view(t);
	json_add_text(token, "token", secret);
	cJSON_AddItemToObject(cgi_answer(c, 200), "token", token);
	return NULL;
}

/* POST /v1/apps/:app/addons/:id/token: a JWT for the add-on's own API. */
static const struct fail *
addon_token(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f;
	const char *token;
	cJSON *addon;

	f = addon_load(&r, &c->act, c->param[0], c->param[1]);
	if (f == NULL)
		f = token_make_addon(&token, c->act.store, c->account,
		    r.addon->id, c->now);
	if (f != NULL)
		return f;
	addon = addon_view(r.app, r.addon, r.provider, c->act.conf);
	json_add_text(addon, "token", token);
	cJSON_AddItemToObject(cgi_answer(c, 200), "addon", addon);
	return NULL;
}

/* POST /oauth/token, as RFC 6749 has it, but for the missing client_id. */
static const struct fail *
oauth(struct cgi *c)
{
	const struct oauth_request q = {.grant_type =
	                                    cgi_param(c, "grant_type"),
	    .code = cgi_param(c, "code"),
	    .refresh_token = cgi_param(c, "refresh_token"),
	    .client_secret = cgi_param(c, "client_secret")};
	const char *who = oauth_subject(&q);
	const struct fail *f;

	/* no other site's page has a browser's address slowed down */
	if (origin_is_foreign())
		return fail(FAIL_FORBIDDEN, "not from another site's page");
	f = guess_check(c->act.conf, who, c->now);
	if (f != NULL)
		return f;
	f = oauth_token(&c->json, &c->act, &q);
	if (f != NULL && f->code == FAIL_AUTH)
		guess_failed(c->act.conf, who, c->now);
	if (f == NULL)
		cgi_header(c, "Cache-Control", "no-store");
	return f;
}

static const struct route routes[] = {
    {"POST",   "/v1/apps/:app/addons/:id/token", AUTH_USER,      addon_token     },
    {"POST",   "/v1/tokens/exchange",            AUTH_API_TOKEN, exchange        },
    {"GET",    "/v1/tokens",                     AUTH_USER,      list            },
    {"POST",   "/v1/tokens",                     AUTH_PORTAL,    create          },
    {"PATCH",  "/v1/tokens/:token/renew",        AUTH_USER,      renew           },
    {"DELETE", "/v1/tokens/:token",              AUTH_USER,      destroy         },
    {"POST",   "/v1/session",                    AUTH_NONE,      session_sign_in },
    {"GET",    "/v1/session",                    AUTH_SESSION,   session_show    },
    {"DELETE", "/v1/session",                    AUTH_NONE,      session_sign_out},
    {"POST",   "/oauth/token",                   AUTH_NONE,      oauth           },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
