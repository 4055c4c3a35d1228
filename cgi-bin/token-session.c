/*
 * Signing in with an API token, and out.
 */
#include "token-session.h"

#include <stdlib.h>
#include <string.h>

#include "guess.h"
#include "origin.h"
#include "rate.h"
#include "session.h"
#include "space.h"

static void
answer(struct cgi *c, int status, const struct account *a,
    const struct session *s)
{
	cJSON *view = cJSON_AddObjectToObject(cgi_answer(c, status), "session");
	cJSON *user = cJSON_AddObjectToObject(view, "user");

	json_add_text(user, "id", a->id);
	json_add_text(user, "username", a->name);
	json_add_text(user, "email", a->email);
	cJSON_AddBoolToObject(view, "operator", a->operator);
	json_add_text(view, "expires_at", s->expires_at);
	cgi_header(c, "Cache-Control", "no-store");
}

/* The account that has the body's API token, which may ask so often. */
static const struct fail *
who(struct account **a, const struct account_token **t, const struct cgi *c)
{
	const char *token = json_text(c->body, "token");
	const struct fail *f;

	if (token == NULL || *token == '\0')
		return fail_field(NULL, "token", "can't be blank");
	f = guess_check(c->act.conf, NULL, c->now);
	if (f != NULL)
		return f;
	f = account_load_token(a, t, c->act.store, token);
	if (f == NULL && (*a)->disabled)
		f = fail(FAIL_AUTH, "Invalid credentials");
	if (f != NULL && f->code == FAIL_AUTH)
		guess_failed(c->act.conf, NULL, c->now);
	return f != NULL ? f : rate_count(c->act.conf, (*t)->id, c->now);
}

/* The browser's sessions; one that it replaces, or leaves, is to end. */
static const struct fail *
present(struct session **out, const struct cgi *c)
{
	return session_find(out, c->act.store, getenv("HTTP_COOKIE"), c->now);
}

/* Nothing is committed that a dry run could tell of; it ends here. */
static const struct fail *
go_on(const struct cgi *c)
{
	return c->act.dry_run == NULL ? NULL : fail(FAIL_DRY_RUN, "a dry run");
}

const struct fail *
session_sign_in(struct cgi *c)
{
	const char *url = c->act.conf->public_url, *secret;
	const struct account_token *token;
	struct session *s, *before;
	struct account *a;
	/* nobody is to be signed in as somebody else by another's page */
	const struct fail *f = origin_check(c->act.conf);

	if (f == NULL)
		f = who(&a, &token, c);
	if (f == NULL)
		f = present(&before, c);
	if (f == NULL)
		f = go_on(c);
	if (f == NULL)
		f = space_check(c->act.conf);
	if (f == NULL)
		f = session_new(&s, &secret, c->act.store, a, token, c->now);
	if (f == NULL)
		f = session_end(before);
	if (f != NULL)
		return f;
	answer(c, 201, a, s);
	cgi_header(c, "Set-Cookie", session_cookie(secret, url));
	return NULL;
}

const struct fail *
session_show(struct cgi *c)
{
	answer(c, 200, c->account, c->session);
	return NULL;
}

const struct fail *
session_sign_out(struct cgi *c)
{
	const char *url = c->act.conf->public_url;
	struct session *s;
	const struct fail *f = present(&s, c);

	if (f == NULL && s != NULL)
		f = origin_check(c->act.conf);
	if (f == NULL)
		f = go_on(c);
	if (f == NULL)
		f = session_end(s);
	if (f != NULL)
		return f;
	c->status = 204;
	cgi_header(c, "Set-Cookie", session_cookie(NULL, url));
	return NULL;
}
