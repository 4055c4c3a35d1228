#include "oauth.h"
#include "clock.h"
#include "hash.h"
#include "index.h"
#include "json.h"
#include "mem.h"
#include "token.h"
#include "work.h"

#include <string.h>

enum { UUID_LENGTH = 36, MARK_LENGTH = 16 };

static const char access_purpose[] = "oauth access";
static const char refresh_purpose[] = "oauth refresh";

static const struct fail *
refused(void)
{
	return fail(FAIL_AUTH, "Invalid credentials");
}

static const char *
random_text(void)
{
	unsigned char bytes[36]; /* 48 characters of Base64 */

	hash_random(bytes, sizeof(bytes));
	return hash_base64url(bytes, sizeof(bytes));
}

const char *
oauth_grant(struct addon *addon)
{
	/* it names its add-on, so that nothing has to be looked through */
	const char *code =
	    mem_printf("%s.%s", addon->id + strlen("ad-"), random_text());

	addon->grant = hash_sha256(code, strlen(code));
	addon->grant_until =
	    clock_text(clock_now() + OAUTH_GRANT_SECONDS * 1000);
	return code;
}

const char *
oauth_secret(struct provider *p)
{
	const char *secret = random_text();

	p->client_secret = hash_sha256(secret, strlen(secret));
	return secret;
}

/* The provider of an add-on that has left its app, and whose removal is not
 * done: until then the provider may speak for it. */
static const struct fail *
find_departed(struct addon_result *r, const struct act *act,
    const char *addon_id)
{
	const struct fail *f;
	struct work *work;

	f = work_load(&work, act->store, addon_id);
	if (f != NULL)
		return f;
	if (work == NULL)
		return refused();
	r->addon = mem_alloc(sizeof(*r->addon));
	r->addon->id = work->addon_id;
	return provider_load(&r->provider, act->store, work->provider);
}

/* The app and add-on with that id, and its provider. */
static const struct fail *
find(struct addon_result *r, const struct act *act, const char *addon_id)
{
	struct act any = {.conf = act->conf, .store = act->store};
	const struct fail *f;
	const char *app;

	*r = (struct addon_result){0};
	f = index_find(&app, act->store, mem_printf("addon %s", addon_id));
	if (f == NULL && app == NULL)
		f = fail_missing("addon");
	if (f == NULL)
		f = addon_load(r, &any, app, addon_id);
	if (f != NULL && f->code == FAIL_MISSING)
		f = find_departed(r, act, addon_id);
	return f;
}

static const struct fail *
check_secret(const struct provider *p, const char *secret)
{
	/* one that is missing is compared, too */
	const char *good = p->client_secret == NULL ? "" : p->client_secret;

	return hash_equal(hash_sha256(secret, strlen(secret)), good)
	           ? NULL
	           : refused();
}

static const struct fail *
sign(const char **out, const struct act *act, const char *purpose,
    const struct addon_result *r, int64_t seconds)
{
	double now = (double)(clock_now() / 1000);
	cJSON *claims = cJSON_CreateObject();

	json_add_text(claims, "sub", r->addon->id);
	json_add_text(claims, "key",
	    mem_dup(r->provider->client_secret, MARK_LENGTH));
	json_add_text(claims, "jti", hash_random_hex(8));
	cJSON_AddNumberToObject(claims, "iat", now);
	if (seconds > 0)
		cJSON_AddNumberToObject(claims, "exp", now + (double)seconds);
	return token_sign(out, act->store, purpose, claims);
}

/* The installation that the token text is for, while all of it holds. */
static const struct fail *
verify(struct addon_result *r, const struct act *act, const char *purpose,
    const char *text)
{
	const char *id, *key;
	const struct fail *f;
	cJSON *claims, *exp;

	f = token_verify(&claims, act->store, purpose, text);
	if (f != NULL)
		return f;
	id = json_text(claims, "sub");
	key = json_text(claims, "key");
	exp = json_get(claims, "exp");
	if (id == NULL || key == NULL ||
	    (exp != NULL && !(exp->valuedouble * 1000 > (double)clock_now())))
		return refused();
	f = find(r, act, id);
	if (f != NULL)
		return f;
	if (r->provider->client_secret == NULL ||
	    strncmp(r->provider->client_secret, key, MARK_LENGTH) != 0 ||
	    strlen(key) != MARK_LENGTH)
		return refused();
	return NULL;
}

/* Use the code up. */
static const struct fail *
take_code(struct addon_result *r, const struct act *act,
    const struct oauth_request *q)
{
	struct act by = {.conf = act->conf,
	    .store = act->store,
	    .request_id = act->request_id};
	const struct fail *f;
	const char *id;
	struct event e;

	if (strlen(q->code) <= UUID_LENGTH)
		return refused();
	id = mem_printf("ad-%s", mem_dup(q->code, UUID_LENGTH));
	f = find(r, &by, id);
	if (f == NULL && r->app == NULL)
		f = refused();
	if (f == NULL)
		f = check_secret(r->provider, q->client_secret);
	if (f != NULL)
		return f;
	by.provider = r->provider;
	f = app_edit_addon(&r->app, &r->addon, &by, r->app->id, id);
	if (f != NULL)
		return f->code == FAIL_MISSING ? refused() : f;
	if (r->addon->grant == NULL ||
	    !hash_equal(hash_sha256(q->code, strlen(q->code)),
	        r->addon->grant) ||
	    clock_parse(r->addon->grant_until) < clock_now()) {
		store_unlock(act->store);
		return refused();
	}
	r->addon->grant = r->addon->grant_until = NULL;
	e = event_new("%s: %s exchanged its grant", r->app->name,
	    r->provider->slug);
	event_addon(&e, id);
	return app_save(&by, r->app, &e);
}

const char *
oauth_subject(const struct oauth_request *q)
{
	if (q->code == NULL || strlen(q->code) <= UUID_LENGTH)
		return NULL;
	return mem_dup(q->code, UUID_LENGTH);
}

static const struct fail *
take_refresh(struct addon_result *r, const struct act *act,
    const struct oauth_request *q)
{
	const struct fail *f =
	    verify(r, act, refresh_purpose, q->refresh_token);

	return f != NULL ? f : check_secret(r->provider, q->client_secret);
}

const struct fail *
oauth_token(cJSON **answer, const struct act *act,
    const struct oauth_request *q)
{
	const char *type = q->grant_type == NULL ? "" : q->grant_type;
	bool by_code = strcmp(type, "authorization_code") == 0;
	const char *access, *refresh = q->refresh_token;
	struct addon_result r;
	const struct fail *f;

	if (q->client_secret == NULL)
		return fail(FAIL_SYNTAX, "client_secret is required");
	if (by_code)
		f = q->code == NULL ? fail(FAIL_SYNTAX, "code is required")
		                    : take_code(&r, act, q);
	else if (strcmp(type, "refresh_token") == 0)
		f = q->refresh_token == NULL
		        ? fail(FAIL_SYNTAX, "refresh_token is required")
		        : take_refresh(&r, act, q);
	else
		f = fail(FAIL_SYNTAX,
		    "grant_type must be authorization_code or refresh_token");
	if (f == NULL && by_code)
		f = sign(&refresh, act, refresh_purpose, &r, 0);
	if (f == NULL)
		f = sign(&access, act, access_purpose, &r,
		    OAUTH_ACCESS_SECONDS);
	if (f != NULL)
		return f;
	*answer = cJSON_CreateObject();
	json_add_text(*answer, "access_token", access);
	json_add_text(*answer, "refresh_token", refresh);
	cJSON_AddNumberToObject(*answer, "expires_in", OAUTH_ACCESS_SECONDS);
	json_add_text(*answer, "token_type", "Bearer");
	json_add_text(*answer, "user_id",
	    mem_printf("%s@addons.%s", r.provider->slug, act->conf->host));
	json_add_text(*answer, "session_nonce", NULL);
	return NULL;
}

const struct fail *
oauth_check(struct provider **p, const char **addon_id, const struct act *act,
    const char *text)
{
	struct addon_result r;
	const struct fail *f = verify(&r, act, access_purpose, text);

	if (f != NULL)
		return f;
	*p = r.provider;
	*addon_id = r.addon->id;
	return NULL;
}
