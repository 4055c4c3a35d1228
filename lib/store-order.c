/*
 * What is proposed is asked for, and what others did is taken.
 */
#include "store-order.h"
#include "hash.h"
#include "mem.h"
#include "store-apply.h"

#include <errno.h>
#include <string.h>

enum { ROUNDS = 50 }; /* of others who come first, in one settling */

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
	/* one that was built upon what has been given up since is void */
	if (f == NULL && *own != NULL &&
	    strcmp(store_git_parent(*own), s->journal->head) != 0) {
		*own = NULL;
		s->disturbed = true;
		f = journal_cut(s->journal, s->journal->applied);
	}
	return f;
}

/* A path that a record can have, and nothing else: it came from outside. */
static bool
sound(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789-_.";
	size_t len;

	for (;; path += len + 1) {
		len = strspn(path, letters);
		if (len == 0 || path[0] == '.' || path[len] != '/')
			break;
	}
	return len > strlen(".json") && path[0] != '.' && path[len] == '\0' &&
	       strcmp(path + len - strlen(".json"), ".json") == 0;
}

/* Another's entry upon head: its objects are written, and add up to its id. */
static const struct fail *
accept_entry(struct store *s, struct journal_entry *e, const char *head)
{
	const struct fail *f = NULL;
	struct journal_change *c;

	if (strcmp(store_git_parent(e), head) != 0)
		return fail(FAIL_SYSTEM,
		    "commit %s of another store does not"
		    " stand upon %s",
		    e->id, head);
	for (c = e->changes; f == NULL && c != NULL; c = c->next) {
		if (!sound(c->path))
			return fail(FAIL_SYSTEM,
			    "commit %s of another store has a path of none",
			    e->id);
		c->after = c->text == NULL ? "" : hash_blob(c->text, c->len);
		f = store_git_blob(&c->before, s->git, head, c->path);
	}
	return f == NULL ? store_git_rebuild(s->git, e) : f;
}

/* Append e; a full journal begins anew, all that is sealed in it being applied
 * first.  Proposals in it are given up. */
static const struct fail *
append(struct store *s, struct journal_entry *e)
{
	const struct fail *f;
	bool full;

	f = journal_append(&full, s->journal, e);
	if (f != NULL || !full)
		return f;
	f = store_apply_held(s);
	if (f == NULL)
		f = store_start_anew(s);
	if (f == NULL)
		f = journal_append(&full, s->journal, e);
	if (f == NULL && full)
		f = fail(FAIL_LARGE, "more than one change can hold");
	return f;
}

/* All before it is ordered, up to the commit id.  The journal must not begin
 * anew for it: what it speaks of would be given up. */
static const struct fail *
seal(struct journal_entry *e, struct store *s, const char *id)
{
	const struct fail *f;
	bool full;

	*e = (struct journal_entry){.id = id, .commit = ""};
	f = journal_append(&full, s->journal, e);
	if (f == NULL && full)
		f = fail(FAIL_SYSTEM, "%s has no room for a seal",
		    s->journal->file);
	return f;
}

const struct fail *
store_seal(struct store *s)
{
	struct journal_entry e;
	const struct fail *f = seal(&e, s, s->journal->head);

	return f == NULL ? journal_applied(s->journal, &e) : f;
}

/* What others did upon head; each is sealed, since a full journal gives up what
 * is not. */
static const struct fail *
take_others(struct store *s, struct journal_entry *others, const char *head)
{
	const struct fail *f = NULL;
	struct journal_entry *next, e;

	s->disturbed = true;
	for (; f == NULL && others != NULL; others = next) {
		next = others->next;
		f = accept_entry(s, others, head);
		if (f == NULL)
			f = append(s, others);
		if (f == NULL)
			f = seal(&e, s, others->id);
		head = others->id;
		s->taken++;
	}
	return f;
}

/*
 * The first count of own are ordered, and others behind them; the rest of own
 * stands where others is empty, and is void where it is not.
 */
static const struct fail *
take(struct store *s, struct journal_entry *own, size_t count,
    struct journal_entry *others)
{
	const char *head = s->journal->head;
	uint64_t end = s->journal->applied;
	struct journal_entry *e, *next, sealed;
	const struct fail *f;

	for (; count > 0; count--, own = own->next) {
		head = own->id;
		end = own->end;
	}
	if (own == NULL && others == NULL)
		return seal(&sealed, s, head);
	/* the entries of own are in memory, those of the journal give way */
	f = journal_cut(s->journal, end);
	if (f == NULL && others == NULL)
		f = seal(&sealed, s, head);
	for (e = own; f == NULL && others == NULL && e != NULL; e = next) {
		next = e->next;
		f = append(s, e);
	}
	if (f == NULL && others != NULL)
		f = take_others(s, others, head);
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
store_order_held(struct store *s)
{
	struct journal_entry *own;
	struct store_placed placed;
	const struct fail *f = store_need_git(s);
	int round;

	for (round = 0; f == NULL && round < ROUNDS; round++) {
		f = proposals(&own, s);
		if (f != NULL || own == NULL)
			return f;
		f = s->place(&placed, s->place_arg, s->journal->head, own,
		    true);
		if (f == NULL && placed.others != NULL)
			placed.count = common(own, &placed.others);
		if (f == NULL)
			f = take(s, own, placed.count, placed.others);
	}
	if (f == NULL)
		f = store_overtaken();
	/* where they were ordered after all, they come back as others */
	s->disturbed = true;
	(void)journal_cut(s->journal, s->journal->applied);
	return f;
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
	return f;
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
	struct store_placed placed;
	const struct fail *f = journal_marks(s->journal);

	*all = false;
	if (f != NULL || !s->journal->ours)
		return f;
	f = s->place(&placed, s->place_arg, s->journal->head, NULL, false);
	*all = f == NULL && placed.others == NULL;
	return f != NULL && f->error == EAGAIN ? f : NULL;
}

const struct fail *
store_catch_up(size_t *taken, struct store *s)
{
	struct store_placed placed = {.more = true};
	const struct fail *f;
	bool all;

	s->taken = 0;
	f = look(&all, s);
	if (f == NULL && !all)
		f = store_take_both(s);
	while (f == NULL && !all && placed.more) {
		f = store_order_held(s);
		if (f == NULL)
			f = s->place(&placed, s->place_arg, s->journal->head,
			    NULL, true);
		if (f == NULL && placed.others != NULL)
			f = take_others(s, placed.others, s->journal->head);
	}
	/* what was taken is applied */
	if (f == NULL && !all)
		f = store_order_held(s);
	*taken = s->taken;
	store_give(&s->flush_fd);
	store_unlock(s);
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
