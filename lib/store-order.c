/*
 * What is proposed is asked for, and what others did is taken.
 */
#include "store-order.h"
#include "file.h"
#include "mem.h"
#include "store-apply.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Of others who come first; in as much time, or memory. */
enum {
	SETTLE_SECONDS = STORE_WAIT - 2,
	SETTLE_BYTES = 8 << 20 /* of what is asked for, again and again */
};

void
store_use_order(struct store *s, store_place *place, void *arg)
{
	s->place = place;
	s->place_arg = arg;
}

/* What is proposed: all sealed ones being applied, what is left. */
static const struct fail *
proposals(struct journal_entry **own, struct store *s)
{
	const struct fail *f = store_apply_held(s);

	if (f == NULL)
		f = journal_read(own, s->journal, s->journal->applied,
		    s->journal->tail);
	return f;
}

/* How many of others are own, from the first on. */
static size_t
common(const struct journal_entry *own, struct journal_entry **others)
{
	size_t n = 0;

	for (; own != NULL && *others != NULL &&
	       strcmp(own->id, (*others)->id) == 0;
	     own = own->next) {
		*others = (*others)->next;
		n++;
	}
	return n;
}

const struct fail *
store_overtaken(void)
{
	return fail_away(1, EAGAIN,
	    fail(FAIL_BUSY, "others wrote all the time"));
}

const struct fail *
store_take_both(struct store *s)
{
	const struct fail *f = NULL;

	if (s->lock_fd < 0)
		f = store_take(&s->lock_fd, s, "lock");
	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL && !s->journal->ours) {
		store_give(&s->flush_fd);
		f = store_recover(s);
		if (f == NULL)
			f = store_take(&s->flush_fd, s, "flush");
	}
	if (f == NULL && s->ordered)
		f = store_seal_beginning(s);
	return f;
}

/* Do all of asked stand at the beginning of own? */
static bool
begins_with(const struct journal_entry *own, const struct journal_entry *asked)
{
	for (; asked != NULL; asked = asked->next, own = own->next)
		if (own == NULL || strcmp(own->id, asked->id) != 0)
			return false;
	return true;
}

/* DATA/state/doubt: the commit upon which something may still come. */
static const char *
doubt_file(const struct store *s)
{
	return mem_printf("%s/doubt", s->state);
}

bool
store_in_doubt(const struct store *s)
{
	const struct fail *f;
	size_t len;
	char *head;

	f = file_read(&head, &len, doubt_file(s));
	return f != NULL ||
	       (head != NULL && strcmp(head, s->journal->head) == 0);
}

static const struct fail *
note_doubt(const struct store *s, const char *head)
{
	return file_replace(doubt_file(s), s->tmp, head, JOURNAL_ID);
}

/* Ask the order for asked (NULL: what others did) without a lock: others
 * propose meanwhile, and *own becomes all of it.  Where one of them has
 * settled, or given up, what was asked for, placed says no more than that the
 * order is to be asked what came of it. */
static const struct fail *
ask_apart(struct store_placed *placed, struct store *s,
    struct journal_entry **own, const struct journal_entry *asked)
{
	const char *head = s->journal->head;
	const struct fail *f, *lock;

	store_give(&s->flush_fd);
	store_give(&s->lock_fd);
	f = s->place(placed, s->place_arg, head, asked, true);
	/* others may give up what was asked for before we can; once the head
	 * has moved, nothing comes of it */
	if (f != NULL && asked != NULL && journal_marks(s->journal) == NULL &&
	    strcmp(s->journal->head, head) == 0)
		(void)note_doubt(s, head);
	lock = store_take_both(s);
	if (lock == NULL)
		lock = proposals(own, s);
	if (lock == NULL &&
	    (strcmp(s->journal->head, head) != 0 || !begins_with(*own, asked)))
		*placed = (struct store_placed){.more = true};
	return f == NULL ? lock : f;
}

/* One asking, of own where no others have come first: what came of it is taken,
 * and sealed. */
static const struct fail *
settle_once(struct store_placed *placed, struct store *s,
    struct journal_entry *own, bool apart)
{
	const struct journal_entry *asked = NULL;
	const struct fail *f = NULL;

	if (!placed->more) {
		f = store_order_build(own, s);
		asked = own;
	}
	if (f == NULL)
		f = apart ? ask_apart(placed, s, &own, asked)
		          : s->place(placed, s->place_arg, s->journal->head,
		                asked, true);
	if (f == NULL && placed->others != NULL)
		placed->count = common(own, &placed->others);
	if (f == NULL && (placed->count > 0 || placed->others != NULL))
		f = store_order_take(s, own, placed->count, placed->others);
	return f;
}

/* What is sealed is applied; nothing that was proposed is left, and what is
 * ordered after all comes back as others'.  Without both locks nothing is
 * known of the journal, and it stays as it is; as it does where nobody can be
 * told of the doubt. */
static const struct fail *
give_up(struct store *s, const struct fail *f)
{
	s->disturbed = true;
	if (s->lock_fd >= 0 && s->flush_fd >= 0 &&
	    journal_marks(s->journal) == NULL && s->journal->ours &&
	    note_doubt(s, s->journal->head) == NULL)
		(void)store_give_up_proposals(s);
	return f == NULL ? store_overtaken() : f;
}

/* What a settling does. */
enum {
	LOOK = 1, /* takes what others did */
	ASK = 2,  /* has what is proposed ordered */
	APART = 4 /* without a lock while it asks, and no longer than until all
	             is ordered that was proposed when it asked */
};

static const struct fail *
settle(struct store *s, int how)
{
	const time_t end = time(NULL) + SETTLE_SECONDS;
	struct store_placed placed = {.more = (how & LOOK) != 0,
	    .begins = true};
	const struct fail *f = store_need_git(s);
	struct journal_entry *own, *e;
	uint64_t bytes = 0;
	size_t count;

	while (f == NULL && bytes < SETTLE_BYTES && time(NULL) < end) {
		f = proposals(&own, s);
		if (f != NULL ||
		    (!placed.more && (own == NULL || (how & ASK) == 0)))
			return f;
		/* who only looks reads them, and does not build them */
		for (e = own, count = 0; e != NULL; e = e->next, count++)
			bytes += journal_size(e) / (placed.more ? 4 : 1);
		f = settle_once(&placed, s, own, (how & APART) != 0);
		if (f == NULL && (how & APART) != 0 && count > 0 &&
		    placed.count == count) {
			store_give(&s->lock_fd);
			return store_apply_held(s);
		}
	}
	if (how & ASK)
		return give_up(s, f);
	return f == NULL ? store_overtaken() : f;
}

const struct fail *
store_order_held(struct store *s)
{
	return settle(s, ASK);
}

const struct fail *
store_order_waiting(struct store *s)
{
	return settle(s, ASK | APART);
}

const struct fail *
store_settle_ordered(struct store *s)
{
	bool held = s->lock_fd >= 0;
	const struct fail *f = store_take_both(s);

	if (f == NULL)
		f = store_order_held(s);
	store_give(&s->flush_fd);
	if (held)
		s->pending = NULL;
	else
		store_give(&s->lock_fd);
	return f;
}

/* Does this store have all there is?  What its marks say may be half written;
 * then nothing is known. */
static const struct fail *
look(bool *all, struct store *s)
{
	struct store_placed placed = {.begins = true};
	const struct fail *f = journal_marks(s->journal);

	*all = false;
	if (f != NULL || !s->journal->ours)
		return f;
	f = s->place(&placed, s->place_arg, s->journal->head, NULL, false);
	*all = f == NULL && placed.others == NULL;
	return f != NULL && f->error == EAGAIN ? f : NULL;
}

static const struct fail *
take(size_t *taken, struct store *s, int how)
{
	const struct fail *f = store_take_both(s);

	s->taken = 0;
	if (f == NULL)
		f = settle(s, how);
	*taken = s->taken;
	store_give(&s->flush_fd);
	store_unlock(s);
	return f;
}

const struct fail *
store_take_others(size_t *taken, struct store *s)
{
	return take(taken, s, LOOK);
}

const struct fail *
store_catch_up(size_t *taken, struct store *s)
{
	bool all;
	const struct fail *f = look(&all, s);

	*taken = 0;
	return f != NULL || all ? f : store_take_others(taken, s);
}

const struct fail *
store_be_certain(struct store *s)
{
	bool all;
	const struct fail *f = look(&all, s);
	int settler = -1;
	size_t taken;

	if (f != NULL || (all && s->journal->applied == s->journal->tail))
		return f;
	f = store_take(&settler, s, "settle");
	if (f == NULL)
		f = take(&taken, s, LOOK | ASK | APART);
	store_give(&settler);
	return f;
}

const struct fail *
store_give_up_proposals(struct store *s)
{
	const struct fail *f = store_apply_held(s);

	return f == NULL ? journal_cut(s->journal, s->journal->applied) : f;
}

const struct fail *
store_change_order(struct store *s, bool ordered)
{
	struct journal_entry *all = NULL;
	const struct fail *f = store_take_both(s);

	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = journal_read(&all, s->journal, JOURNAL_START,
		    s->journal->tail);
	/* which of the two it has been tells its beginning */
	s->ordered = all != NULL && journal_is_seal(all);
	if (f == NULL)
		f = store_give_up_proposals(s);
	s->ordered = ordered;
	if (f == NULL)
		f = store_start_anew(s);
	store_give(&s->flush_fd);
	store_unlock(s);
	return f;
}
