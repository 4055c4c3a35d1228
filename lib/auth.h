#ifndef SUTLER_AUTH_H
#define SUTLER_AUTH_H

#include "cgi.h"

/*
 * Who asks, by the Authorization header that the server passes on
 * (HTTP_AUTHORIZATION, or REDIRECT_HTTP_AUTHORIZATION); where there is none and
 * a user may ask, by a session's cookie.  A change by cookie has to come from a
 * page of ours (see origin.h), else FAIL_FORBIDDEN; a read that another site's
 * page asks for is nobody's.  Fills in c->account and c->token_id (by cookie
 * c->session, too) or c->provider, and c->act.  FAIL_AUTH otherwise; unknown
 * names and wrong passwords cost the same.  REMOTE_USER never counts.
 * FAIL_RATE: it asks too often, by the configuration's rate_limit, or there
 * were too many failures before, by its login_failures (lib/guess.h).
 * Sources: RFC 7617 (Basic), RFC 6750 (Bearer); Scalingo API,
 * "Authentication"; Heroku "App Info"; AppFog "App Info API".
 */
const struct fail *auth_check(struct cgi *c, enum auth auth);

#endif
