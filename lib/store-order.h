#ifndef SUTLER_STORE_ORDER_H
#define SUTLER_STORE_ORDER_H

#include "journal.h"
#include "store.h"

/*
 * One history of several stores.
 *
 * A store alone orders its commits itself: what stands in its journal is
 * promised.  With an order, what is appended to the journal only proposes, and
 * is promised once the order has taken it:
 *
 *	seal … applied | ordered, sealed | proposals … tail
 *
 * A seal is an entry without a commit: all before it is ordered.  Such a
 * journal begins with one, and after a boot nothing behind the last one counts.
 * One writer at a time (DATA/state/settle) settles: he asks for all that is
 * proposed at once, without a lock, while others propose upon it; then, with
 * both, seals what was ordered, or takes the commits of others that came first.
 * What was proposed stays so, where it was made from nothing that they changed,
 * and is built anew upon them when it is asked for again.  The rest is void:
 * the writers, who still know what they read, decide.  So a commit gets another
 * id on its way: a writer knows his by what it says and what it changes.
 */

/* What came of asking the order. */
struct store_placed {
	size_t count; /* of the entries were placed, from the first on */
	/* Or none, since others came first: what came after head, first to
	 * last (it may be entries of ours, where we never heard that they had
	 * been placed), or the beginning of it.  The changes' before and after
	 * are not filled in. */
	struct journal_entry *others;
	bool more; /* there is more behind others, or will be: ask again before
	              anything is made upon them */
	bool begins; /* to whoever is asked: a settling does so for the first
	                time */
};

/*
 * Put entries, the first of which stands upon commit head, behind it; entries
 * NULL: only look, without any lock where held is false: others are not taken
 * then, and what was learnt is not to be kept.
 * FAIL_BUSY: it is not known whether they were, or will be: they are given up,
 * and come back as others where they were.
 */
typedef const struct fail *store_place(struct store_placed *out, void *arg,
    const char *head, const struct journal_entry *entries, bool held);

/* Bytes of a commit, packed, that an order takes. */
enum { STORE_ORDER_MAX = 1200 << 10 };
const struct fail *store_fits_order(const struct journal_entry *e);

/* Have the order of place; before anything else is done with s. */
void store_use_order(struct store *s, store_place *place, void *arg);

/* Take both locks, and read the marks. */
const struct fail *store_take_both(struct store *s);

/* FAIL_BUSY: others wrote all the time. */
const struct fail *store_overtaken(void);

/* Under both locks, own being all that is proposed: each is a commit upon the
 * one before it, the first upon the newest one, as it is to be asked for. */
const struct fail *store_order_build(struct journal_entry *own,
    struct store *s);

/* Under both locks, own being all that is proposed: the first count of own are
 * ordered, and others behind them; of the rest of own that stays proposed which
 * was made from nothing that others changed, to be built upon them. */
const struct fail *store_order_take(struct store *s, struct journal_entry *own,
    size_t count, struct journal_entry *others);

/* Under both locks, the marks fresh: order what is proposed, and take what
 * others did.  What is ordered and not applied yet is sealed. */
const struct fail *store_order_held(struct store *s);

/* The same of what is proposed now, and of what joins it meanwhile: while the
 * order is asked, both locks are given away; where all of it was placed at
 * last, the writers' is not held afterwards. */
const struct fail *store_order_waiting(struct store *s);

/* store_settle() where there is an order: under the writers' lock, too. */
const struct fail *store_settle_ordered(struct store *s);

/* Take what others did; *taken commits were.  Where nobody did anything, no
 * lock is needed; of who knows better, it is not asked first. */
const struct fail *store_catch_up(size_t *taken, struct store *s);
const struct fail *store_take_others(size_t *taken, struct store *s);

/* The same, and have what is proposed here ordered: what was read under the
 * writers' lock may be no more than that. */
const struct fail *store_be_certain(struct store *s);

/* store_commit() where there is an order.  FAIL_RACED: a record that the change
 * was made from has been changed by another store: all of it is to be done
 * again, from store_lock() on. */
const struct fail *store_commit_ordered(const char **id, struct store *s,
    const struct store_message *message);

/* The journal begins anew, and is of an order from here on, or of a store
 * alone. What is promised is applied before, what is only proposed is given up.
 */
const struct fail *store_change_order(struct store *s, bool ordered);

/* Under both locks, the marks fresh: what is promised is applied, what is only
 * proposed is given up. */
const struct fail *store_give_up_proposals(struct store *s);

/* Under both locks, all applied: the journal that begins is of an order. */
const struct fail *store_seal(struct store *s);

/* FAIL_BUSY where this store is no member (DATA/state/cluster): who proposed
 * into its journal would promise, since that begins without a seal. */
const struct fail *store_need_member(const struct store *s);

/* store_seal() where the journal of a member begins without: killed between the
 * two, it began anew and was not sealed. */
const struct fail *store_seal_beginning(struct store *s);

/* Under the writers' lock: that the record at path was read as id, "" for none.
 */
void store_note_read(struct store *s, const char *path, const char *id);

/* FAIL_RACED where others have changed what was read since the lock was taken.
 */
const struct fail *store_recheck(struct store *s);

/* Is it unknown of something that was proposed upon the newest commit whether
 * it was placed, and may be yet?  The marks are fresh. */
bool store_in_doubt(const struct store *s);

#endif
