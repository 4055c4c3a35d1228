#ifndef SUTLER_STORE_CHECK_H
#define SUTLER_STORE_CHECK_H

#include "store.h"

/* One thing that is wrong: where, what, and (repair) what was done about it;
 * done is NULL where nothing was. */
typedef void store_finding(void *arg, const char *path, const char *what,
    const char *done);

/*
 * Hold plain files, HEAD, records and index against each other, while no
 * writer is at work.  repair: what is missing or not valid is restored from
 * HEAD, a valid edit in place is committed as found, a stale index is made
 * anew; a file that is no record is left alone.  *records is how many were
 * sound.
 */
const struct fail *store_check(size_t *records, struct store *s, bool repair,
    store_finding *found, void *arg);

#endif
