#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guess.h"
#include "hash.h"
#include "mem.h"
#include "oauth.h"
#include "origin.h"
#include "rate.h"
#include "session.h"
#include "token.h"

enum { AUTH_TEXT_MAX = 8192 };

static const struct fail *
refused(void)
{
	return fail(FAIL_AUTH, "Invalid credentials");
}

/* The request's Authorization, or NULL. */
static const char *
authorization(void)
{
	const char *text = getenv("HTTP_AUTHORIZATION");

	if (text == NULL || *text == '\0')
		text = getenv("REDIRECT_HTTP_AUTHORIZATION");
	return text == NULL || *text == '\0' ? NULL : text;
}

/* What stands behind scheme in the request's Authorization, or NULL. */
static const char *
credentials(const char *scheme)
{
	const char *text = authorization();
	size_t len = strlen(scheme);

	if (text == NULL || strlen(text) > AUTH_TEXT_MAX ||
	    strncasecmp(text, scheme, len) != 0 || text[len] != ' ')
		return NULL;
	text += len;
	return text + strspn(text, " ");
}

/* User name and password of Basic credentials; false: there are none. */
static bool
basic(const char **user, const char **password)
{
	const char *text = credentials("Basic");
	char *pair, *colon;
	size_t len;

	if (text == NULL)
		return false;
	pair = hash_unbase64(&len, text, strlen(text));
	if (pair == NULL || strlen(pair) != len)
		return false;
	colon = strchr(pair, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	*user = pair;
	*password = colon + 1;
	return true;
}

static bool
is_change(const struct cgi *c)
{
	return strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0;
}

static const struct fail *
let_in(struct cgi *c, struct account *a, const struct account_token *token)
{
	if (a->disabled)
		return refused();
	c->account = a;
	c->token_id = token->id;
	c->act.account = a;
	c->act.need = ROLE_FULL;
	return NULL;
}

static const struct fail *
check_none(struct cgi *c)
{
	(void)c;
	return NULL;
}

/* By the cookie.  A browser of ours has one session: of two that hold, a page
 * of a neighbouring host may have set one. */
static const struct fail *
check_session(struct cgi *c)
{
	const bool change = is_change(c);
	const struct account_token *token;
	const struct fail *f;
	struct session *s = NULL;
	struct account *a;

	if (authorization() == NULL)
		f = session_find(&s, c->act.store, getenv("HTTP_COOKIE"),
		    c->now);
	else
		f = refused();
	if (f == NULL &&
	    (s == NULL || s->next != NULL || (!change && origin_is_foreign())))
		f = refused();
	if (f == NULL)
		f = session_account(&a, &token, c->act.store, s);
	if (f == NULL)
		f = let_in(c, a, token);
	if (f == NULL && change)
		f = origin_check(c->act.conf);
	if (f == NULL)
		c->session = s;
	return f;
}

static const struct fail *
check_user(struct cgi *c)
{
	static const char prefix[] = ACCOUNT_TOKEN_PREFIX;
	const char *text = credentials("Bearer");
	const struct account_token *token;
	const struct fail *f;
	struct account *a;

	if (text == NULL)
		return check_session(c);
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		f = account_load_token(&a, &token, c->act.store, text);
	else
		f = token_account(&a, &token, c->act.store, text, c->now);
	return f != NULL ? f : let_in(c, a, token);
}

/* Basic credentials with an API token as the password; *user is who it is
 * said to be of. */
static const struct fail *
check_basic(struct cgi *c, const char **user)
{
	const struct account_token *token;
	const char *password;
	const struct fail *f;
	struct account *a;

	if (!basic(user, &password))
		return refused();
	f = account_load_token(&a, &token, c->act.store, password);
	return f != NULL ? f : let_in(c, a, token);
}

static const struct fail *
check_limited(struct cgi *c)
{
	const struct fail *f = check_user(c);

	c->act.need = ROLE_LIMITED;
	return f;
}

static const struct fail *
check_owner(struct cgi *c)
{
	const struct fail *f = check_user(c);

	c->act.need = ROLE_OWNER;
	return f;
}

static const struct fail *
check_operator(struct cgi *c)
{
	const struct fail *f = check_user(c);

	if (f == NULL && !c->account->operator)
		f = fail(FAIL_FORBIDDEN, "only for this site's operators");
	return f;
}

static const struct fail *
check_api_token(struct cgi *c)
{
	const char *user;
	const struct fail *f = check_basic(c, &user);

	return f == NULL && *user != '\0' ? refused() : f;
}

static const struct fail *
check_portal(struct cgi *c)
{
	const char *user;
	const struct fail *f;

	if (credentials("Basic") == NULL)
		return check_user(c);
	f = check_basic(c, &user);
	if (f == NULL && strcmp(user, c->account->name) != 0 &&
	    strcasecmp(user, c->account->email) != 0)
		f = refused();
	return f;
}

static const struct fail *
check_guest(struct cgi *c)
{
	const struct fail *f = check_user(c);

	/* what is no Bearer, and a cookie that is stale, does not count */
	return credentials("Bearer") == NULL && f != NULL &&
	               f->code == FAIL_AUTH
	           ? NULL
	           : f;
}

static const struct fail *
check_provider(struct cgi *c)
{
	/* an unknown name is compared, too */
	static const char nobody[] = "0b8e1c64f5d94a7792de3f80a1c26b35";
	const char *user, *password, *old = NULL;
	struct provider *p = NULL;
	const struct fail *f;
	bool equal, equal_old;

	if (!basic(&user, &password))
		return refused();
	f = provider_load_user(&p, c->act.store, user);
	if (f != NULL && f->code != FAIL_MISSING)
		return f;
	if (f != NULL)
		p = NULL;
	if (p != NULL)
		old = provider_old_password(p, c->now);
	equal = hash_equal(password, p == NULL ? nobody : p->password);
	equal_old = hash_equal(password, old == NULL ? nobody : old);
	if (p == NULL || (!equal && (old == NULL || !equal_old)) ||
	    *password == '\0')
		return refused();
	c->provider = p;
	c->act.provider = p;
	return NULL;
}

static const struct fail *
check_resource(struct cgi *c)
{
	const char *text = credentials("Bearer");
	const struct fail *f;

	if (text == NULL)
		return refused();
	f = oauth_check(&c->provider, &c->resource, &c->act, text);
	c->act.provider = c->provider;
	return f;
}

/* Does the request show something to be checked?  *name: who it is said to
 * be of, where it says so. */
static bool
shows_credential(const char **name, enum auth auth)
{
	const char *cookies = getenv("HTTP_COOKIE"), *password;

	*name = NULL;
	if (auth == AUTH_NONE)
		return false;
	if (authorization() == NULL)
		return cookies != NULL &&
		       strstr(cookies, SESSION_COOKIE "=") != NULL;
	if (!basic(name, &password))
		*name = NULL;
	return true;
}

/* The same by name and address: who fails too often is not looked at. */
static const struct fail *
check(struct cgi *c, cgi_handler *how, enum auth auth)
{
	const struct fail *f = NULL;
	const char *name;
	const bool shown = shows_credential(&name, auth);

	if (shown)
		f = guess_check(c->act.conf, name, c->now);
	if (f == NULL) {
		f = how(c);
		if (shown && f != NULL && f->code == FAIL_AUTH)
			guess_failed(c->act.conf, name, c->now);
	}
	return f;
}

const struct fail *
auth_check(struct cgi *c, enum auth auth)
{
	static cgi_handler *const checks[] = {
	    [AUTH_NONE] = check_none,
	    [AUTH_USER] = check_user,
	    [AUTH_LIMITED] = check_limited,
	    [AUTH_OWNER] = check_owner,
	    [AUTH_OPERATOR] = check_operator,
	    [AUTH_API_TOKEN] = check_api_token,
	    [AUTH_PROVIDER] = check_provider,
	    [AUTH_RESOURCE] = check_resource,
	    [AUTH_GUEST] = check_guest,
	    [AUTH_PORTAL] = check_portal,
	    [AUTH_SESSION] = check_session,
	};

	const struct fail *f = check(c, checks[auth], auth);
	const char *who = c->token_id != NULL   ? c->token_id
	                  : c->resource != NULL ? c->resource
	                  : c->provider != NULL ? c->provider->slug
	                                        : NULL;

	if (f == NULL && who != NULL && is_change(c) &&
	    credentials("Basic") != NULL)
		f = origin_check_page(c->act.conf);
	return f != NULL || who == NULL ? f
	                                : rate_count(c->act.conf, who, c->now);
}
