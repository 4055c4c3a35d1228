#ifndef SUTLER_OPEN_H
#define SUTLER_OPEN_H

#include "app.h"
#include "event.h"

/*
 * Open work: what is still owed to a provider or an app, one record each,
 * open/<hh>/<uuid>.json; gone when it is settled.
 */
struct open {
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
enum { OPEN_FIRST_TRY = 5 };

/* The removal of addon, which leaves app; the restart of app (the same record
 * however often it is due). */
struct open *open_remove(const struct app *app, const struct addon *addon);
struct open *open_restart(const struct app *app);

/* Put o into the store; take it out. */
void open_put(struct store *store, const struct open *o);
void open_put_gone(struct store *store, const struct open *o);

/* All open work, in the order of its paths. */
typedef const struct fail *open_visit(void *arg, const struct open *o);
const struct fail *open_walk(struct store *store, open_visit *visit, void *arg);

/* The record as the operator reads it. */
cJSON *open_view(const struct open *o);

/*
 * Try o once, within timeout seconds.  Settled: the record is gone, by a
 * commit.  Not settled: by a commit it counts the attempt and says when the
 * next is due (one minute, doubled each time, at most a day); quiet leaves
 * that commit out.  *settled tells.  No lock is held meanwhile.
 */
const struct fail *open_try(bool *settled, const struct act *act,
    const struct open *o, long timeout, bool quiet);

/* Start `sutler tick` in the background, detached from this process. */
void open_start_tick(const struct conf *conf);

#endif
