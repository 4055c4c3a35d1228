#ifndef SUTLER_CGI_H
#define SUTLER_CGI_H

#include "account.h"
#include "conf.h"
#include "dialect.h"
#include "event.h"
#include "provider.h"
#include "store.h"

/*
 * The door: a CGI program (RFC 3875) is a table of routes and cgi_serve().
 *
 *	static const struct route routes[] = {
 *	    {"GET", "/v1/apps", AUTH_USER, list},
 *	    {"POST", "/v1/apps", AUTH_USER, create},
 *	};
 *
 * cgi_serve() finds the route, checks who asks, reads the body, and calls the
 * handler, which fills in the answer or returns why not; only then anything is
 * printed.  404, 405 with Allow, HEAD and OPTIONS come from the table; PUT and
 * PATCH are synonyms where only one of them stands.  A path that no route of
 * this program has, but a sibling's, is handed to that sibling by execv(2).
 */
enum auth {
	AUTH_NONE,
	AUTH_USER,      /* Bearer: a user's JWT or an API token; or a session's
	                   cookie; where the route is of an app, ROLE_FULL */
	AUTH_LIMITED,   /* as AUTH_USER, ROLE_LIMITED */
	AUTH_OWNER,     /* as AUTH_USER, ROLE_OWNER */
	AUTH_OPERATOR,  /* as AUTH_USER, and the account is an operator */
	AUTH_API_TOKEN, /* Basic: no user, an API token as the password */
	AUTH_PROVIDER,  /* Basic: a provider's manifest credentials */
	AUTH_RESOURCE,  /* Bearer: a provider's token for one installation */
	AUTH_GUEST,     /* anybody; as AUTH_USER where there is a Bearer, or a
	                   cookie that holds */
	AUTH_SESSION,   /* a session's cookie alone */
	AUTH_PORTAL     /* as AUTH_USER; or Basic: an account's name or e-mail
	                   address, an API token as the password */
};

/* What a GET may do besides reading. */
enum {
	MAY_TICK = 1 << 8,   /* start tick, where there is open work */
	MAY_CHANGE = 1 << 9, /* what other methods may */
	MAY = MAY_TICK | MAY_CHANGE
};

enum {
	CGI_PARAMS_MAX = 4,
	CGI_BODY_MAX = 256 << 10, /* bytes */
	CGI_PATH_MAX = 2048,      /* bytes of path, and of query */
	CGI_BODY_WAIT = 20000,    /* ms that a body may take to arrive */
	CGI_DROP_MAX = 2 << 20,   /* bytes of a body that nobody wants */
	CGI_DROP_WAIT = 2000      /* ms, in all */
};

/* One request and its answer. */
struct cgi {
	struct act act;          /* conf, store, who, request id, If-Match */
	struct account *account; /* AUTH_USER and its like; guests: NULL */
	const char *token_id;    /* id of the API token behind it */
	const struct session *session; /* where that came by cookie, or NULL */
	struct provider *provider;     /* AUTH_PROVIDER, AUTH_RESOURCE */
	const char *resource;          /* AUTH_RESOURCE: the add-on's id */
	const char *method;
	const char *path; /* decoded, without prefix: "/v1/apps/blog" */
	const char *param[CGI_PARAMS_MAX]; /* what ":x" in the pattern met */
	const char *query;
	cJSON *body;        /* NULL: none, or null */
	size_t body_taken;  /* bytes of it that have been read */
	const char *form;   /* a body that is a form's, or NULL */
	enum family family; /* whose error shapes, told by the path */
	enum auth auth;     /* what the route asked for */
	int64_t now;        /* ms */

	/* for its line in the log */
	struct trace trace;
	int64_t began;       /* µs, of a clock that nobody sets */
	const char *pattern; /* of the route, or NULL */
	const char *reason;  /* a word for what failed, or NULL */
	size_t sent;         /* bytes of the answer's body */

	/* the answer */
	int status;       /* 200 */
	cJSON *json;      /* its body, or NULL */
	const char *text; /* or this, of type text_type */
	const char *text_type;
	const char *text_file;   /* its name, where it is to be kept; or NULL */
	const char *revision;    /* X-Revision, or NULL */
	struct mem_text headers; /* further lines, "Name: value\r\n" */
	void (*after)(struct cgi *); /* run when the answer is out, or NULL;
	                                a GET that has it is MAY_… */
};

typedef const struct fail *cgi_handler(struct cgi *c);

struct route {
	const char *method;
	const char *pattern; /* "/v1/apps/:app"; ":x" meets one segment */
	unsigned int auth;   /* enum auth, and what a GET may besides */
	cgi_handler *handler;
};

/* Serve this process's one request.  The program's exit status: 0. */
int cgi_serve(const struct route *routes, size_t count);

/* The decoded value of the query parameter name, or NULL.  FAIL_SYNTAX is not
 * needed: a broken escape is taken as it stands. */
const char *cgi_query(const struct cgi *c, const char *name);

/* True where the request asks to be checked only: X-Dry-Run: true, or the
 * query parameter dry_run. */
bool cgi_dry_run(const struct cgi *c);

/* The parameter name of an OAuth request, wherever clients put it: a form, the
 * query, or a member of a JSON body; or NULL. */
const char *cgi_param(const struct cgi *c, const char *name);

/* Read the name that the client gives its request (Idempotency-Key, or the
 * query parameter idempotency_key) into c->act.once.  FAIL_SYNTAX. */
const struct fail *cgi_once(struct cgi *c);

/* All values of the query parameter name, as an array of strings. */
cJSON *cgi_query_all(const struct cgi *c, const char *name);

/* The whole number that the query parameter name holds, from min to max, or
 * otherwise where it is not given.  FAIL_SYNTAX. */
const struct fail *cgi_query_number(int64_t *out, const struct cgi *c,
    const char *name, int64_t otherwise, int64_t min, int64_t max);

/* Which page of a list is asked for: counted from 1, of so many rows. */
struct cgi_page {
	int64_t page, per_page;
};

/* Read it from the query; otherwise: rows where it does not say, never more
 * than max.  FAIL_SYNTAX. */
const struct fail *cgi_page_read(struct cgi_page *out, const struct cgi *c,
    int64_t otherwise, int64_t max);

/* The rows before it; at most half of what can be counted. */
size_t cgi_page_skip(const struct cgi_page *page);

/* Add "meta", which tells of the page among total rows.  Source: Scalingo
 * API, "Pagination". */
void cgi_page_add(cJSON *body, const struct cgi_page *page, uint64_t total);

/* *out = the object member key of the body; FAIL_SYNTAX "<key> is required". */
const struct fail *cgi_body_object(cJSON **out, const struct cgi *c,
    const char *key);

/* *config = the body's member "config": an object, or (where list says that it
 * may be) [{"name":…,"value":…}, …], which becomes one.  FAIL_SYNTAX,
 * FAIL_INVALID. */
const struct fail *cgi_body_config(cJSON **config, const struct cgi *c,
    bool list);

/* Add a header line; value has no control characters (they end it). */
void cgi_header(struct cgi *c, const char *name, const char *value);

/* The answer is this JSON with that status; members are added by caller. */
cJSON *cgi_answer(struct cgi *c, int status);

/*
 * The parts of cgi_serve(), in lib/cgi-*.c.
 */

/* *out = the path asked for, in any case, without prefix, doubled slashes or
 * one at its end.  FAIL_SYNTAX: longer than CGI_PATH_MAX, or with a control
 * character; FAIL_MISSING: it has a segment "." or "..". */
const struct fail *cgi_path(const char **out);

/* Where path begins as pattern says (":x" and "*" meet one segment), what
 * stands behind that: "" or "/…"; else NULL.  param (may be NULL) gets what
 * the first CGI_PARAMS_MAX of them met. */
const char *cgi_path_rest(const char *path, const char *pattern,
    const char **param);

/* The program in cgi-bin that has path, or NULL. */
const char *cgi_path_program(const char *path);

/* Does the request ask for what every other store has acknowledged before?
 * ?consistent=true, or the configuration's consistent_reads. */
bool cgi_consistent(const struct cgi *c);

/* Where there is a cluster, and a read: what others did comes first where that
 * is asked for, and X-Data-Age says how many seconds ago etcd was last heard
 * of. */
const struct fail *cgi_catch_up(struct cgi *c);

/* Have row's handler serve c; where another store was first, anew upon the new
 * records, as long as nothing has come of it but what it has read.  A change
 * is not refused for what others have changed long since: what they did comes
 * first, and FAIL_BUSY where nobody knows what that is. */
const struct fail *cgi_handle(struct cgi *c, const struct route *row);

/* Read the body into c->body.  FAIL_SYNTAX, FAIL_LARGE; FAIL_SLOW: it did not
 * arrive in CGI_BODY_WAIT; FAIL_LENGTH: the server does not tell its length, as
 * busybox's does not but for POST. */
const struct fail *cgi_body_read(struct cgi *c);

/* Read what is left of the body, and forget it: a server, or the client, that
 * still sends it might not hear the answer.  Up to CGI_DROP_MAX bytes of it are
 * read, for CGI_DROP_WAIT at most: nobody holds us by sending slowly. */
void cgi_body_drop(struct cgi *c);

/* Keep messages out of the answer where the server gives both one descriptor,
 * as thttpd and its heirs do: they are dropped. */
void cgi_log_guard(void);

/* From here on messages go where the configuration says. */
void cgi_log_open(const struct conf *conf);

/* From here on the process can do no more than a request of this row needs
 * (lib/fence.h): a GET reads DATA, any other changes it and starts our own
 * programs.  What the kernel cannot do is said in the log, once. */
void cgi_fence(const struct cgi *c, const struct route *row);

/* Where conf->log_requests says so, write one line about the request, which has
 * been answered, to stderr: an object of JSON, in one write(2) of less than
 * PIPE_BUF bytes, so that lines of several programs do not mix.
 *
 *	time, request_id, program, method
 *	path	as in c->path: neither the query nor what it may hold
 *	route	the pattern of it
 *	status, reason	the latter of a failure: "unauthorized", …
 *	actor	"user ana", "provider redis"
 *	app	id of the app that it was about
 *	commit	what it changed
 *	ms	from the program's start to the answer's being out
 *	in, out	bytes of the bodies
 *	address	whose, as lib/peer.h tells it
 *
 * What there is none of is left out. */
void cgi_log_request(struct cgi *c);

/* A µs clock that nobody sets. */
int64_t cgi_log_clock(void);

/* Make f the answer, in the shape of c->family; what is not for the client
 * goes to stderr. */
void cgi_answer_fail(struct cgi *c, const struct fail *f);

/* Print the answer, and run c->after. */
void cgi_answer_send(struct cgi *c);

#endif
