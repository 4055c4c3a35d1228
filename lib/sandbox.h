#ifndef SUTLER_SANDBOX_H
#define SUTLER_SANDBOX_H

#include <stddef.h>

#include "conf.h"
#include "json.h"

/*
 * A provider to try things on, in every dialect.  It plays its part over
 * HTTP alone: it sees no record of the marketplace, only its own file
 * DATA/sandbox.json (mode 0600):
 *
 *	{"credentials": {"scalingo": {"user", "password", "salt"}, …},
 *	 "resources": […], "serial": …}
 *
 * and for heroku-v3 the "client_secret", without which it exchanges no grant.
 * Paths, behind "/sandbox" and the name of a dialect (heroku's may stand
 * twice, as Heroku's base URLs end in /heroku/resources):
 *
 *	POST   /resources      provision; the same uuid again, the same answer
 *	PUT    /resources/:id  another plan
 *	DELETE /resources/:id  flynn: /resources?id=
 *	POST   /resources/:id/suspend and /resume, scalingo
 *	GET    /sso            scalingo; POST for others; none for flynn
 *
 * Plans: "free", "big", and "refuse", which is always refused; flynn's are
 * told by the option "plan".
 *
 * Where the file says "faults": true, as no public one should, a segment
 * "fault-NAME" behind the dialect's name (/scalingo/fault-sso-stale/sso) makes
 * it break the rule of that name, one of those that `sutler provider test`
 * tries; "fault-later", "fault-change-later" and "fault-remove-later" break
 *none: they answer "not yet" and call back.  Callbacks go to the order's
 *callback_url, or (Scalingo's) to the file's "platform", else conf's
 *public_url.
 */
enum { SANDBOX_BODY_MAX = 64 << 10 };

struct sandbox_request {
	const char *method;
	const char *path;          /* behind "/sandbox" */
	const char *query;         /* "" for none */
	const char *authorization; /* the header, or NULL */
	const char *body;          /* "" for none */
	size_t body_len;
};

/* A call to the platform, with the sandbox's credentials; or with an access
 * token, which is had by a call before it. */
struct sandbox_callback {
	struct sandbox_callback *next;
	const char *method, *url, *user, *password, *body;
	const char *tail;     /* of the token that it has, or NULL: none */
	const char *resource; /* whose tokens it asks for, by a form; or NULL */
};

/* json, or else text, or else (facts) a page; none of them: no body. */
struct sandbox_answer {
	int status;
	cJSON *json;
	const char *text;
	const char *title;
	struct json_var *facts, *config;
	const char *allow;  /* 405: the methods */
	unsigned int delay; /* seconds, before the answer is given */
	struct sandbox_callback *callback; /* made after it is given */
};

/*
 * Fill in the answer to the request.  FAIL_BUSY, FAIL_SYSTEM: the file cannot
 * be read or written; nothing has changed.
 */
const struct fail *sandbox_serve(struct sandbox_answer *out,
    const struct conf *conf, const struct sandbox_request *request);

/* Make the callbacks, one after the other, in a process of its own. */
void sandbox_call_back(const struct sandbox_callback *list,
    const struct conf *conf);

#endif
