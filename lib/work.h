#ifndef SUTLER_WORK_H
#define SUTLER_WORK_H

#include "app.h"
#include "event.h"

/*
 * Open work: what is still owed to a provider or an app, or expected of one;
 * one record each, open/<hh>/<uuid>.json, gone when it is settled.  An add-on
 * has at most one, under its own uuid, and what it is owed last counts.
 *
 *	kind	   due		  then tick
 *	provision  when the call	  gives the add-on up: "remove"
 *	change	   must have ended	  puts the old plan back: "restore"
 *	await	   after conf's		  gives the add-on up: "remove"
 *	expect	   provider_patience	  takes the add-on as running
 *	leave	   (all three)		  takes the add-on as removed
 *	remove	   at once		  asks the provider to remove it (1)
 *	restore	   after a minute	  asks it for the plan we have
 *	suspend	   at once (2)		  tells it
 *	restart	   at once		  runs the operator's hook
 *	notify	   at once		  tells the owner, in order
 *	webhook	   at once		  tells a provider's webhook, in order
 *
 * (1) One whose id never became known is ordered again, by the same uuid, to
 * learn it; where orders name no uuid it stays open until it is given up.
 * (2) Owed, too, while it is asked to resume, until that has an answer.
 *
 * Source: Open Service Broker API, "Orphan Mitigation"; Heroku, "Asynchronous
 * Provisioning".
 */
#define WORK_PROVISION "provision"
#define WORK_CHANGE "change"
#define WORK_AWAIT "await"
#define WORK_EXPECT "expect"
#define WORK_LEAVE "leave"
#define WORK_REMOVE "remove"
#define WORK_RESTORE "restore"
#define WORK_SUSPEND "suspend"
#define WORK_RESTART "restart"
#define WORK_NOTIFY "notify"
#define WORK_WEBHOOK "webhook"

struct work {
	const char *id;   /* uuid: the add-on's, or made of the app's id */
	const char *kind; /* one of those above */
	const char *app_id, *app_name, *owner;
	/* all but a restart's and a notification's */
	const char *provider, *addon_id, *plan;
	cJSON *resource; /* the provider's id, or NULL */
	cJSON *options;  /* of the order; what a notification says; or NULL */
	const char *created_at;
	double attempts;
	const char *next_at; /* not tried again before */
	const char *trouble; /* what the last attempt met, or NULL */
};

/* Seconds that the calls tried at once, within the request, have in all; and
 * those after the timeout of a call before its process is taken for dead. */
enum { WORK_FIRST_TRY = 5, WORK_GRACE = 30 };

/* Work of kind on addon of app, due at once, or as the kind has it. */
struct work *work_addon(const char *kind, const struct act *act,
    const struct app *app, const struct addon *addon);

/* The restart of app: the same record however often it is due. */
struct work *work_restart(const struct app *app);

/* News of app, of kind "notify" or "webhook": its id sorts behind those of all
 * that were made before. */
struct work *work_news(const char *kind, const struct app *app);

/* In which order o must arrive: behind what is open by the same name, "owner
 * ana" or "webhook <id>"; NULL: in any.  And who is asked, who may not answer:
 * "provider redis", "webhooks of redis"; NULL: nobody that others wait for. */
const char *work_queue(const struct work *o);
const char *work_asked(const struct work *o);

/* Put o into the store; take out what addon has; take out app's restart. */
void work_put(struct store *store, const struct work *o);
void work_put_gone(struct store *store, const struct addon *addon);
void work_put_unstarted(struct store *store, const struct app *app);

/* The work of the add-on addon_id; *out NULL: none. */
const struct fail *work_load(struct work **out, struct store *store,
    const char *addon_id);

/* The work whose record path is; *out NULL: it has been settled. */
const struct fail *work_read(struct work **out, struct store *store,
    const char *path);

/* All open work, in the order of its paths. */
typedef const struct fail *work_visit(void *arg, const struct work *o);
const struct fail *work_walk(struct store *store, work_visit *visit, void *arg);

/* True where o may be tried now. */
bool work_due(const struct work *o);

/* *out = record, written again.  lib/record.h */
const struct fail *work_again(cJSON **out, const struct store_record *record);

/* The record as the operator reads it. */
cJSON *work_view(const struct work *o);

/*
 * Try o, and what follows from it, within timeout seconds.  Settled: the
 * record is gone, by a commit.  Not settled: by a commit it counts the attempt
 * and says when the next is due (one minute, doubled each time, at most a
 * day).  timeout 0: nobody is asked, and what needs no answer is settled.
 * *state tells; WORK_SILENT: open, and the provider did not answer at all.
 * No lock is held while anybody is asked.
 */
enum work_state { WORK_OPEN, WORK_SILENT, WORK_SETTLED };
const struct fail *work_try(enum work_state *state, const struct act *act,
    const struct work *o, long timeout);

/* Give o up, for a reason: nobody is asked, the commit says so.  What it was
 * about is then as after tick: an add-on that was ordered is gone, a plan
 * change without an answer is none, what is expected has come. */
const struct fail *work_abandon(const struct act *act, const struct work *o,
    const char *reason);

/* Run the operator's hook for o: HOOK app-name app-id work-id.  NULL, or
 * what went wrong. */
const char *work_run_hook(const struct conf *conf, const struct work *o,
    long timeout);

/* True where there may be open work. */
bool work_any(const struct store *store);

/* Where the operator has a hook: fork a process that waits to become tick, and
 * is none of what this one gives up later (lib/fence.h), since a hook must be
 * able to do anything.  It ends with this one. */
void work_tick_stand_by(const struct conf *conf);

/* Start `sutler tick` in the background, detached from this process. */
void work_start_tick(const struct conf *conf);

#endif
