#ifndef SUTLER_STORE_CHECK_H
#define SUTLER_STORE_CHECK_H

#include "finding.h"
#include "store.h"

/*
 * Hold plain files, HEAD, records, index, and the repository's settings against
 * each other, while no writer is at work; every object of HEAD and every commit
 * is read.  n->repair: a main that lacks commits of ours is moved to them; an
 * object is written again from the journal or the plain file; a record that is
 * missing or not valid is restored from HEAD; a valid edit in place is
 * committed as found; the index is made anew where it is not what the records
 * and the history make, byte for byte; old temporary files go.  A file that is
 * no record is left alone.  *records is how many were sound.
 *
 * Places are named by their paths below DATA/store (records) or DATA (the
 * rest).
 */
const struct fail *store_check(size_t *records, struct store *s,
    struct findings *n);

/* What lies in DATA/state: temporary files that are old, edits set aside, the
 * sessions' modes. */
const struct fail *store_check_state(const struct store *s, struct findings *n);

/* The index alone, under both locks, all applied. */
const struct fail *store_check_index(struct store *s, struct findings *n);

#endif
