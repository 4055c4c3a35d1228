#ifndef SUTLER_HISTORY_H
#define SUTLER_HISTORY_H

#include "app.h"
#include "store-log.h"

/*
 * The history of one app, read out of git: the commits that name its id, and
 * its record as each of them left it.  It follows the id through renames, and
 * never across a name that another app had.  Variables of attached add-ons are
 * in the history of the app that these belong to.  Costs follow the app's own
 * commits.
 */
enum {
	HISTORY_SCAN = 2000 /* commits of an app that one call looks through */
};

/* A point: the app as that commit left it. */
struct history_point {
	struct store_log log;
	size_t place;    /* in the app's log: 0 is the newest */
	struct app *app; /* NULL: not there yet, or not any more */
};

/* Fill in point->app, as point's commit left the app with that id: by the name
 * that it had then, which the commit says. */
const struct fail *history_load(struct history_point *point,
    struct store *store, const char *id);

/*
 * The point that when names: the id of one of app's commits, or its first
 * digits (at least 4); or a time (clock_parse_loose()), which means the last
 * commit not after it.  FAIL_MISSING "commit": there is none; FAIL_SYNTAX: it
 * is neither.
 */
const struct fail *history_at(struct history_point *out, struct store *store,
    const struct app *app, const char *when);

/* *out = the app with that id and name as commit left it; NULL: it was not
 * there.  commit may be "". */
const struct fail *history_app(struct app **out, struct store *store,
    const char *commit, const char *id, const char *name);

/* The point before it; its app is NULL where there is none. */
const struct fail *history_before(struct history_point *out,
    struct store *store, const struct app *app,
    const struct history_point *point);

/*
 * A commit as people read it: {id, created_at, subject, author: {name, email},
 * actor, app_name, addon_id, request_id, events, exchanges}.  Events are as
 * in the commit: they hold no value.  id is the app's whose history it is.
 */
cJSON *history_view(const struct store_log *log, const char *id);

/* What the app with that id is called by the commit, or NULL. */
const char *history_name(const struct store_log *log, const char *id);

/* app without the add-ons of other apps, as the points are. */
struct app *history_alone(const struct app *app);

/* Add to list what differs between the variables that two states of an app
 * (NULL: it was not there) run with, as in history_diff(). */
const struct fail *history_compare(cJSON *list, const struct act *act,
    const struct app *from, const struct app *to, bool values);

/*
 * What differs from one app to the other (NULL: nothing there): {name, owner,
 * variables, addons}.  name and owner only where they differ: {old, new}.
 * variables: [{name, addon_id, change, old, new}], change "added", "changed",
 * "removed"; values null unless values.  addons: [{id, provider, change, old,
 * new}] with {plan, status} or null.
 */
const struct fail *history_diff(cJSON **out, const struct act *act,
    const struct app *from, const struct app *to, bool values);

/* Which commits of a history: all of act, or that add-on's, or both. */
struct history_filter {
	const char *actor; /* as in the trailer, or its last word; or NULL */
	const char *addon; /* its id, or NULL */
};

/* The commits of app that filter lets pass, newest first, as history_view();
 * at most max.  From the skip-th of all its commits on; *next: where to go on,
 * or -1. */
const struct fail *history_list(cJSON **out, int64_t *next, struct store *store,
    const struct app *app, const struct history_filter *filter, size_t skip,
    size_t max);

/*
 * The changes of the variable called name, newest first, [{commit, change,
 * value}] with commit as history_view(); value null unless values.  From the
 * skip-th commit of app on; *next: where to go on, or -1.
 */
const struct fail *history_variable(cJSON **out, int64_t *next,
    const struct act *act, const struct app *app, const char *name, size_t skip,
    bool values);

#endif
