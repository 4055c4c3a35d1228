#ifndef SUTLER_WORK_H
#define SUTLER_WORK_H

#include "app.h"
#include "event.h"

/*
 * Open work: what is still owed to a provider or an app, one record each,
 * open/<hh>/<uuid>.json; gone when it is settled.
 */
struct work {
	const char *id;   /* uuid */
	const char *kind; /* "remove": an add-on, at its provider;
	                     "restart": an app, by the operator's hook */
	const char *app_id, *app_name, *owner;
	const char *provider, *addon_id, *plan; /* remove */
	cJSON *resource;                        /* remove */
	const char *created_at;
	double attempts;
	const char *next_at; /* not tried again before */
	const char *trouble; /* what the last attempt met, or NULL */
};

/* Seconds that the calls tried at once, within the request, have in all. */
enum { WORK_FIRST_TRY = 5 };

/* The removal of addon, which leaves app; the restart of app (the same record
 * however often it is due). */
struct work *work_remove(const struct app *app, const struct addon *addon);
struct work *work_restart(const struct app *app);

/* Put o into the store; take it out. */
void work_put(struct store *store, const struct work *o);
void work_put_gone(struct store *store, const struct work *o);

/* All open work, in the order of its paths. */
typedef const struct fail *work_visit(void *arg, const struct work *o);
const struct fail *work_walk(struct store *store, work_visit *visit, void *arg);

/* The record as the operator reads it. */
cJSON *work_view(const struct work *o);

/*
 * Try o once, within timeout seconds.  Settled: the record is gone, by a
 * commit.  Not settled: by a commit it counts the attempt and says when the
 * next is due (one minute, doubled each time, at most a day); quiet leaves
 * that commit out.  *settled tells.  No lock is held meanwhile.
 */
const struct fail *work_try(bool *settled, const struct act *act,
    const struct work *o, long timeout, bool quiet);

/* Start `sutler tick` in the background, detached from this process. */
void work_start_tick(const struct conf *conf);

#endif
