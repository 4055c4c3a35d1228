#ifndef SUTLER_OAUTH_H
#define SUTLER_OAUTH_H

#include "addon.h"

/*
 * How a Heroku v3 provider comes to speak for one installation: the order
 * carries a grant, whose code is exchanged once, within OAUTH_GRANT_SECONDS,
 * for an access token of OAUTH_ACCESS_SECONDS and a refresh token that lasts
 * as long as the installation.  Tokens are signed, not kept; they end with the
 * installation, and when the provider's client secret is changed.
 * Source: Heroku, "Platform API for Partners"; RFC 6749, 4.1.3, 5 and 6.
 */
enum { OAUTH_GRANT_SECONDS = 300, OAUTH_ACCESS_SECONDS = 28800 };

/* The code of a new grant for addon, which keeps its SHA-256 and until when it
 * is good. */
const char *oauth_grant(struct addon *addon);

/* A new client secret for p, which keeps its SHA-256. */
const char *oauth_secret(struct provider *p);

/* What /oauth/token is asked for. */
struct oauth_request {
	const char *grant_type; /* "authorization_code", "refresh_token" */
	const char *code, *refresh_token;
	const char *client_secret;
};

/* The add-on that its code says it is of, there or not; NULL: it says none. */
const char *oauth_subject(const struct oauth_request *q);

/* *answer = the tokens.  FAIL_SYNTAX: what is asked is none of that;
 * FAIL_AUTH: code, token or secret is not good (any more). */
const struct fail *oauth_token(cJSON **answer, const struct act *act,
    const struct oauth_request *r);

/* The provider and the installation (its add-on id) that the access token text
 * speaks for.  FAIL_AUTH. */
const struct fail *oauth_check(struct provider **p, const char **addon_id,
    const struct act *act, const char *text);

#endif
