#ifndef SUTLER_EVENT_H
#define SUTLER_EVENT_H

#include "conf.h"
#include "mem.h"
#include "store.h"

struct account;
struct app;
struct provider;
struct once;
struct dry_run;

/* What an account is to an app; each may do what those before it may.
 * Source: Scalingo, "Collaborator Permissions Matrix". */
enum role {
	ROLE_UNSAID, /* what is needed, where nobody has said: the most */
	ROLE_NONE,
	ROLE_LIMITED, /* sees the app, its history, its variables' names */
	ROLE_FULL,    /* a collaborator who may do all but what is: */
	ROLE_OWNER    /* … to rename, to transfer and to delete it */
};

/*
 * Who does something, on what, because of which request.  Made once per
 * request (lib/cgi.c) or command (lib/sutler.c) and handed down.
 */
struct act {
	const struct conf *conf;
	struct store *store;
	const struct account *account; /* a user acts, or NULL */
	enum role need; /* least that the user has to be to an app */
	const struct provider *provider; /* a provider acts, or NULL; neither:
	                                    the operator */
	const char *request_id;
	const char *if_match; /* revision that the record must have, or NULL */
	const struct once *once; /* the request's own name, or NULL */
	struct dry_run *dry_run; /* what would be, is noted there; or NULL */
	bool settles; /* what has happened is noted: no quota holds it up */
	struct trace *trace; /* what became of it, for the log; or NULL */
};

/* What a request came to, as its line in the log tells it. */
struct trace {
	char commit[41]; /* id of the last one that it made, or "" */
	char app[25];    /* id of the app that it read last, or "" */
};

/* The message of a commit that concerns no app in particular, as act's deed. */
struct store_message;
struct store_message event_message(const struct act *act, const char *subject);

/* What is to be changed has the revision that act->if_match asks for, if it
 * asks.  what: its noun.  FAIL_STALE.  Source: RFC 9110, 13.1.1. */
const struct fail *event_match(const struct act *act, const char *what,
    const char *revision);

/*
 * The commit of one change set, as people and programs read it:
 *
 *	blog: redis changed REDIS_URL
 *
 *	App: 64a000000000000000000001 blog
 *	Addon: ad-3f0c1d7e-1111-4222-8333-abcdefabcdef
 *	Actor: provider redis
 *	Request-Id: 5d41402abc4b2a76
 *	Exchange: 20260102-5d41402abc4b2a76
 *	Event: {"type":"edit_variable","name":"REDIS_URL",…}
 *
 * An event holds its type and type_data, never a variable's value.
 * Source of the types: Scalingo API, "Events".
 */
struct event {
	const char *subject;
	struct mem_text trailers; /* Exchange: and Event: lines */
	const char *app, *addon;
	const struct app *about;    /* who is to be told of it; or NULL */
	const char *author, *email; /* whose idea it was; NULL: who acts */
	bool settles;               /* as act's */
};

/* A change set whose subject is what printf(3) would print; control
 * characters become spaces. */
struct event event_new(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* It concerns that app (of which nobody is told), that add-on. */
void event_app(struct event *e, const char *id, const char *name);
void event_addon(struct event *e, const char *id);

/* It came of the exchanges with these ids, blanks between (NULL: of none that
 * was kept). */
void event_exchange(struct event *e, const char *ids);

/* It is an event of that type; data is an object or NULL. */
void event_add(struct event *e, const char *type, const cJSON *data);

/* The value of the next trailer called name in the commit message (or the
 * rest of it) at *rest, which moves on behind it; NULL: no more. */
const char *event_trailer(const char **rest, const char *name);

/* The first such trailer of message, or NULL. */
const char *event_first(const char *message, const char *name);

/* Commit what was put into the store, as act's own deed; gives the lock back.
 * The owner of the app that it is about is owed word of its events, unless it
 * is who acts (lib/notify.h), and so are its webhooks (lib/webhook.h).  *id as
 * in store_commit().  FAIL_INVALID, FAIL_BUSY: a quota, or the disk, is full
 * (lib/quota.h).  FAIL_DRY_RUN: act is one (lib/dry-run.h). */
const struct fail *event_commit(const char **id, const struct act *act,
    struct event *e);

#endif
