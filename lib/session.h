#ifndef SUTLER_SESSION_H
#define SUTLER_SESSION_H

#include "account.h"

/*
 * A browser's session: what an API token may, by a cookie that is not the
 * token.  The cookie holds a secret; the session is a file named by the
 * secret's SHA-256, DATA/state/sessions/<hash>, which names the account and
 * the API token.  It ends when it expires, when somebody signs out, and with
 * its API token (deleted or renewed) or its account (disabled), and when its
 * API token has begun RING_SIZE others since (lib/ring.h).  The files are
 * worth nothing after a loss of power and are never flushed; tick removes old
 * ones.
 */
enum {
	SESSION_SECONDS = 12 * 3600,
	SESSION_COOKIES_MAX = 4 /* of our name, looked at in one request */
};

#define SESSION_COOKIE "sutler_session"

struct session {
	const char *account, *account_id;
	const char *token_id;
	const char *renewed_at; /* of the API token, at the sign-in; or NULL */
	const char *expires_at;
	const char *file; /* its path, absolute */
	struct session *next;
};

/* A new session for account a by its API token t, from now (ms) on; *secret is
 * what the cookie is to hold.  FAIL_BUSY, FAIL_SYSTEM: it cannot be written. */
const struct fail *session_new(struct session **out, const char **secret,
    const struct store *store, const struct account *a,
    const struct account_token *t, int64_t now);

/* *out = the sessions that the Cookie header cookies (may be NULL) names and
 * that are not expired at now (ms), one after the other, or NULL.  Whatever
 * else stands in it is ignored.  FAIL_SYSTEM: one cannot be read.
 * Source: RFC 6265, section 5.4. */
const struct fail *session_find(struct session **out, const struct store *store,
    const char *cookies, int64_t now);

/* *a = the account that session s is of, and *token its API token; both are
 * there and what they were.  FAIL_AUTH otherwise; whether the account is
 * disabled is for the caller to see. */
const struct fail *session_account(struct account **a,
    const struct account_token **token, struct store *store,
    const struct session *s);

/* End all of the sessions in list. */
const struct fail *session_end(const struct session *list);

/* The value of Set-Cookie that gives secret to the browser, or (NULL) takes
 * the cookie back; Secure where public_url is https.
 * Source: RFC 6265bis, section 4.1. */
const char *session_cookie(const char *secret, const char *public_url);

#endif
