/*
 * A change where there is an order of several stores: proposed, asked for
 * together with those that wait, and made anew where others came first.
 */
#include "store-order.h"
#include "hash.h"
#include "mem.h"
#include "store-apply.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SETTLE_TRIES = 3, /* to apply what is ordered */
	COMMIT_TRIES = 20,
	MOMENT = 500000, /* ns, of a wait for those who may propose, too … */
	MOMENTS = 6      /* … and how many, at most */
};

bool
store_raced(int *races, const struct fail *f)
{
	return f != NULL && f->code == FAIL_RACED && ++*races < STORE_RACES;
}

/* Under the writers' lock: what was read since it was taken. */
void
store_note_read(struct store *s, const char *path, const char *id)
{
	struct journal_look *look;

	/* who searches depends on all there is */
	if (s->searched)
		return;
	for (look = s->looks; look != NULL; look = look->next)
		if (strcmp(look->path, path) == 0)
			return;
	look = mem_alloc(sizeof(*look));
	*look = (struct journal_look){s->looks, path, id};
	s->looks = look;
}

const struct fail *
store_recheck(struct store *s)
{
	static const char text[] = "another store has changed what it is about"
	                           " meanwhile: begin anew";
	const struct journal_look *look;
	const struct fail *f = NULL;
	const char *bytes;
	size_t len;

	if (!s->disturbed)
		return NULL;
	if (s->searched)
		return fail(FAIL_RACED, "%s", text);
	for (look = s->looks; f == NULL && look != NULL; look = look->next) {
		f = store_text(&bytes, &len, s, look->path);
		if (f == NULL &&
		    strcmp(look->id,
		        bytes == NULL ? "" : hash_blob(bytes, len)) != 0)
			f = fail(FAIL_RACED, "%s", text);
	}
	if (f == NULL)
		s->disturbed = false;
	return f;
}

/* What was proposed for one change, again and again, since the journal stood
 * there. */
struct tries {
	const struct journal_entry *made[COMMIT_TRIES];
	int count;
	uint64_t generation, from;
	const char *head;
};

/* The entry of the same change: it says the same, and has the same blobs. */
static const struct journal_entry *
find(const struct journal_entry *e, const struct journal_entry *made)
{
	const struct journal_change *c, *own;

	for (; e != NULL; e = e->next) {
		if (strcmp(store_git_said(e), store_git_said(made)) != 0)
			continue;
		for (c = e->changes, own = made->changes;
		     c != NULL && own != NULL &&
		     strcmp(c->path, own->path) == 0 &&
		     strcmp(c->after, own->after) == 0;
		     c = c->next, own = own->next)
			;
		if (c == NULL && own == NULL)
			break;
	}
	return e;
}

/* The commit of one of them that is in the history, or NULL: another writer of
 * this store may have had it placed, or an earlier one without hearing of it,
 * and we hear of it as of a commit of others.  All that comes into the history
 * comes through the journal, unless that has begun anew since. */
static const char *
placed_of(const struct tries *t, struct store *s)
{
	const bool whole = s->journal->generation == t->generation;
	struct journal_entry *all = NULL;
	const struct journal_entry *e;
	const char *id;
	int i;

	if (whole && journal_read(&all, s->journal, t->from,
	                 s->journal->applied) != NULL)
		return NULL;
	for (i = 0; i < t->count; i++) {
		e = find(all, t->made[i]);
		if (e != NULL)
			return e->id;
		if (!whole && store_need_git(s) == NULL &&
		    store_git_like(&id, s->git, s->journal->head, t->head,
		        t->made[i]) == NULL &&
		    id[0] != '\0')
			return id;
	}
	return NULL;
}

/* Does our last proposal still wait? */
static const struct fail *
waits(bool *out, struct store *s, const struct tries *t)
{
	struct journal_entry *all;
	const struct fail *f = journal_read(&all, s->journal,
	    s->journal->applied, s->journal->tail);

	*out = f == NULL && find(all, t->made[t->count - 1]) != NULL;
	return f;
}

/* With both locks: our proposal is asked for where nobody has done so, together
 * with all that wait. */
static const struct fail *
settle_both(const char **placed, struct store *s, const struct tries *t)
{
	const struct fail *f = store_take_both(s);
	bool ours = false;
	int tries;

	if (f == NULL)
		f = waits(&ours, s, t);
	if (f == NULL && ours)
		f = store_order_waiting(s);
	/* what is ordered is applied, by the next writer if need be; it is
	 * acknowledged once it has been */
	for (tries = 0; f != NULL && s->git != NULL && s->flush_fd >= 0 &&
	                tries < SETTLE_TRIES;
	     tries++)
		if (store_apply_held(s) == NULL && placed_of(t, s) != NULL)
			f = NULL;
	if (f == NULL)
		*placed = placed_of(t, s);
	store_give(&s->flush_fd);
	/* void, while what it waited with was placed */
	if (f == NULL && *placed == NULL && s->lock_fd < 0) {
		f = store_take_both(s);
		store_give(&s->flush_fd);
	}
	s->pending = NULL;
	/* who found out before us has proposed anew already */
	if (f == NULL && *placed == NULL)
		f = journal_read(&s->pending, s->journal, s->journal->applied,
		    s->journal->tail);
	s->disturbed = true;
	return f;
}

/* How many proposals wait. */
static unsigned char
count_waiting(struct store *s)
{
	const struct journal_entry *e;
	struct journal_entry *all = NULL;
	struct mem_mark mark;
	unsigned char n = 0;

	if (journal_marks(s->journal) != NULL)
		return 0;
	mark = mem_mark();
	if (journal_read(&all, s->journal, s->journal->applied,
	        s->journal->tail) != NULL)
		all = NULL;
	for (e = all; e != NULL && n < UCHAR_MAX; e = e->next)
		n++;
	mem_release(mark);
	return n;
}

/* Who was settled together a moment ago will write again, it may be: asking the
 * order costs as much for one as for all of them. */
static void
wait_for_more(struct store *s, int settle)
{
	static const struct timespec moment = {0, MOMENT};
	unsigned char last = 0, now = count_waiting(s);
	int i;

	if (pread(settle, &last, 1, 0) != 1)
		last = 0;
	for (i = 0; now < last && i < MOMENTS; i++) {
		nanosleep(&moment, NULL);
		now = count_waiting(s);
	}
	if (now != last)
		(void)!pwrite(settle, &now, 1, 0);
}

/*
 * What became of our proposals: *placed is the one that stands, or they are
 * void, and the writers' lock is held again.
 *
 * One at a time settles.  Who waits for the writers' lock when he asks for it
 * gets it before him, and proposes, too: so all of it is asked for at once, and
 * those behind find theirs done.
 */
static const struct fail *
settle_own(const char **placed, struct store *s, const struct tries *t)
{
	int settle = -1;
	bool ours = false;
	const struct fail *f = store_take(&settle, s, "settle");

	*placed = NULL;
	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL)
		*placed = placed_of(t, s);
	/* without a lock, the journal may be in another's hands */
	if (f == NULL && *placed == NULL && waits(&ours, s, t) == NULL && ours)
		wait_for_more(s, settle);
	if (f == NULL && *placed == NULL)
		f = settle_both(placed, s, t);
	store_give(&settle);
	return f;
}

const struct fail *
store_commit_ordered(const char **id, struct store *s,
    const struct store_message *message)
{
	const struct journal_entry *made = NULL;
	const char *placed = NULL;
	const struct fail *f = NULL;
	struct tries t = {.generation = s->journal->generation,
	    .from = s->journal->applied,
	    .head = s->journal->head};

	while (f == NULL && placed == NULL && t.count < COMMIT_TRIES) {
		f = store_need_member(s);
		if (f == NULL)
			f = store_promise(&made, s, message);
		/* who begins anew must know that nothing has come of it, nor
		 * may: it may be what he finds changed */
		if (f != NULL && f->code == FAIL_RACED && t.count > 0) {
			placed = placed_of(&t, s);
			if (placed != NULL)
				f = NULL;
			else if (store_in_doubt(s))
				f = store_overtaken();
		}
		/* nothing differs from what is proposed: is that to be? */
		if (f == NULL && made == NULL && placed == NULL &&
		    s->journal->applied < s->journal->tail) {
			f = store_settle(s);
			if (f == NULL)
				placed = placed_of(&t, s);
			continue;
		}
		if (f != NULL || made == NULL || placed != NULL)
			break;
		t.made[t.count++] = made;
		/* whoever waits to write proposes, too, and is asked for with
		 * us by the first to have the lock again */
		store_give(&s->lock_fd);
		f = settle_own(&placed, s, &t);
	}
	if (f == NULL && made != NULL && placed == NULL)
		f = store_overtaken();
	store_unlock(s);
	if (f == NULL && id != NULL)
		*id = placed != NULL ? placed : "";
	return f;
}
