#ifndef SUTLER_STORE_BULK_H
#define SUTLER_STORE_BULK_H

#include "store.h"

/*
 * One commit that rewrites as many records as there are, more than a journal
 * holds, in bounded memory.
 *
 * Under the writers' lock, with an empty journal: all objects of the commit are
 * written and flushed; then DATA/state/bulk names it, which is the promise;
 * ref and plain files follow, unflushed; once all of it has been flushed, the
 * journal begins anew upon that commit, and the note goes.  Whoever comes next
 * and finds the note does the rest first, as after a boot.  Readers see, record
 * by record, the old one or the new one.
 */

/* *out = what record is to become; NULL: it stays as it is.  FAIL_BUSY: it is
 * not valid, and left alone. */
typedef const struct fail *store_remake(cJSON **out,
    const struct store_record *record);

struct store_bulk {
	size_t records; /* looked at */
	size_t changed;
	size_t left; /* alone: not valid, too large, or edited meanwhile */
	const char *commit; /* "": none, since nothing changed */
};

/* Have every record remade, and commit that; edits in place are committed
 * before, as found.  tell may be NULL.  On failure nothing has changed, or the
 * change comes with the next write. */
const struct fail *store_bulk(struct store_bulk *out, struct store *s,
    const struct store_message *message, store_remake *remake,
    store_tell *tell);

/*
 * Become what commit, a descendant of ours whose objects are there already,
 * makes of all records; the index is made anew.  For a member of a cluster that
 * has been away for longer than its commits are kept.  FAIL_CONFLICT: commit
 * does not stand upon ours.
 */
const struct fail *store_bulk_forward(struct store *s, const char *commit,
    store_tell *tell);

/* The file of the note: the commit that the journal begins upon, the parent of
 * ours, and ours. */
const char *store_bulk_note(const struct store *s);
const struct fail *store_bulk_promise(struct store *s, const char *base,
    const char *old, const char *new);

/* Under the writers' lock: do what is left of a bulk commit, if there is one.
 */
const struct fail *store_bulk_settle(struct store *s);

/* The same under both locks. */
const struct fail *store_bulk_settle_held(struct store *s);

#endif
