#ifndef SUTLER_AUTH_H
#define SUTLER_AUTH_H

#include "cgi.h"

/*
 * Who asks, by the Authorization header that the server passes on
 * (HTTP_AUTHORIZATION, or REDIRECT_HTTP_AUTHORIZATION).  Fills in c->account
 * and c->token_id or c->provider, and c->act.  FAIL_AUTH otherwise; unknown
 * names and wrong passwords cost the same.  REMOTE_USER never counts.
 * FAIL_RATE: it asks too often, by the configuration's rate_limit.
 * Sources: RFC 7617 (Basic), RFC 6750 (Bearer); Scalingo API,
 * "Authentication"; Heroku "App Info"; AppFog "App Info API".
 */
const struct fail *auth_check(struct cgi *c, enum auth auth);

#endif
