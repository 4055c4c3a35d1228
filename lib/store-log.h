#ifndef SUTLER_STORE_LOG_H
#define SUTLER_STORE_LOG_H

#include <stdint.h>

#include "store.h"

/*
 * Histories, out of the index's logs: an app's, by its id, and an account's
 * (what that account did), by its.
 */

/* One commit of a history. */
struct store_log {
	const char *id;
	const char *parent; /* the commit before it */
	int64_t time;       /* ms since 1970 */
	const char *author, *email;
	const char *message;
	size_t event, events; /* of the history's events, counted from 0, it
	                         has so many from there on */
};

/* The commits in the history of id, newest first, from the skip-th on, at most
 * max of them; *total is how many there are. */
const struct fail *store_log(struct store_log **out, size_t *count,
    size_t *total, struct store *s, const char *id, size_t skip, size_t max);

/* The commits that have the events of id, newest first, from the skip-th
 * newest event on, max events or a few more; *total is how many there are. */
const struct fail *store_log_events(struct store_log **out, size_t *count,
    size_t *total, struct store *s, const char *id, size_t skip, size_t max);

/* The commits in the history of id behind that commit, oldest first, from the
 * skip-th on, at most max of them.  FAIL_MISSING "commit": it is not there. */
const struct fail *store_log_after(struct store_log **out, size_t *count,
    struct store *s, const char *id, const char *commit, size_t skip,
    size_t max);

/* The one commit whose id begins with prefix, at least 4 hex digits; its
 * events are not counted.  FAIL_MISSING "commit". */
const struct fail *store_log_find(struct store_log *out, struct store *s,
    const char *prefix);

/* *out = the record at path as it stood after commit; NULL: there was none. */
const struct fail *store_log_record(cJSON **out, struct store *s,
    const char *commit, const char *path);

#endif
