#include "store-order.h"
#include "complain.h"
#include "hash.h"
#include "mem.h"
#include "store-apply.h"

#include <string.h>

enum {
	ROUNDS = 50,      /* of others who come first, in one settling */
	SETTLE_TRIES = 3, /* to apply what is ordered */
	COMMIT_TRIES = 20
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

/* Append e; a full journal begins anew, all in it being applied first. */
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

const struct fail *
store_seal(struct store *s)
{
	struct journal_entry e = {.id = s->journal->head, .commit = ""};
	const struct fail *f;
	bool full;

	f = journal_append(&full, s->journal, &e);
	return f == NULL ? journal_applied(s->journal, &e) : f;
}

static const struct fail *
seal(struct store *s, const char *id)
{
	struct journal_entry e = {.id = id, .commit = ""};

	return append(s, &e);
}

/* What others did upon head; each is sealed, since a full journal gives up what
 * is not. */
static const struct fail *
take_others(struct store *s, struct journal_entry *others, const char *head)
{
	const struct fail *f = NULL;
	struct journal_entry *next;

	s->disturbed = true;
	for (; f == NULL && others != NULL; others = next) {
		next = others->next;
		f = accept_entry(s, others, head);
		if (f == NULL)
			f = append(s, others);
		if (f == NULL)
			f = seal(s, others->id);
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
	struct journal_entry *e, *next;
	const struct fail *f;

	for (; count > 0; count--, own = own->next) {
		head = own->id;
		end = own->end;
	}
	if (own == NULL && others == NULL)
		return seal(s, head);
	/* the entries of own are in memory, those of the journal give way */
	f = journal_cut(s->journal, end);
	if (f == NULL && others == NULL)
		f = seal(s, head);
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
store_order_held(struct store *s)
{
	struct journal_entry *own, *others;
	const struct fail *f = store_need_git(s);
	size_t placed;
	int round;

	for (round = 0; f == NULL && round < ROUNDS; round++) {
		f = proposals(&own, s);
		if (f != NULL || own == NULL)
			return f;
		f = s->place(&others, &placed, s->place_arg, s->journal->head,
		    own);
		if (f == NULL && others != NULL)
			placed = common(own, &others);
		if (f == NULL)
			f = take(s, own, placed, others);
	}
	if (f == NULL)
		f = fail(FAIL_BUSY, "others wrote all the time");
	/* where they were ordered after all, they come back as others */
	s->disturbed = true;
	(void)journal_cut(s->journal, s->journal->applied);
	return f;
}

/* Both locks, the marks fresh. */
static const struct fail *
take_both(struct store *s)
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
	const struct fail *f = take_both(s);

	if (f == NULL)
		f = store_order_held(s);
	store_give(&s->flush_fd);
	if (held)
		s->pending = NULL;
	else
		store_give(&s->lock_fd);
	return f;
}

const struct fail *
store_catch_up(size_t *taken, struct store *s)
{
	struct journal_entry *others;
	const struct fail *f = take_both(s);
	size_t placed;

	s->taken = 0;
	if (f == NULL)
		f = store_need_git(s);
	do {
		others = NULL;
		if (f == NULL)
			f = store_order_held(s);
		if (f == NULL)
			f = s->place(&others, &placed, s->place_arg,
			    s->journal->head, NULL);
		if (f == NULL && others != NULL)
			f = take_others(s, others, s->journal->head);
	} while (f == NULL && others != NULL);
	*taken = s->taken;
	store_give(&s->flush_fd);
	store_unlock(s);
	return f;
}

bool
store_raced(int *races, const struct fail *f)
{
	return f != NULL && f->code == FAIL_RACED && ++*races < STORE_RACES;
}

/* Under the writers' lock: what was read since it was taken. */
void
store_note_read(struct store *s, const char *path, const char *id)
{
	struct store_look *look;

	/* who searches depends on all there is */
	if (s->searched)
		return;
	for (look = s->looks; look != NULL; look = look->next)
		if (strcmp(look->path, path) == 0)
			return;
	look = mem_alloc(sizeof(*look));
	*look = (struct store_look){s->looks, path, id};
	s->looks = look;
}

const struct fail *
store_recheck(struct store *s)
{
	static const char text[] = "another store has changed what it is about";
	const struct store_look *look;
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

/* What was proposed for one change, again and again. */
struct tries {
	const char *made[COMMIT_TRIES];
	int count;
};

/* The one of them that is in the history, or NULL: another writer of this store
 * may have had an earlier one placed without hearing of it, and we hear of it
 * as of a commit of others. */
static const char *
placed_of(const struct tries *t, const struct store *s)
{
	int i;

	for (i = 0; i < t->count; i++)
		if (store_git_reaches(s->git, t->made[i], s->journal->head))
			return t->made[i];
	return NULL;
}

/* What became of our proposals: *placed is the one that stands, or they are
 * void, and the writers' lock is held again, all that is pending read. */
static const struct fail *
settle_own(const char **placed, struct store *s, const struct tries *t)
{
	const struct fail *f = take_both(s);
	int tries;

	*placed = NULL;
	if (f == NULL)
		f = store_order_held(s);
	/* what is ordered is applied, by the next writer if need be; it is
	 * acknowledged once it has been */
	for (tries = 0; f != NULL && s->git != NULL && tries < SETTLE_TRIES;
	     tries++)
		if (store_apply_held(s) == NULL && placed_of(t, s) != NULL)
			f = NULL;
	if (f == NULL)
		*placed = placed_of(t, s);
	store_give(&s->flush_fd);
	s->pending = NULL;
	s->disturbed = true;
	return f;
}

const struct fail *
store_commit_ordered(const char **id, struct store *s,
    const struct store_message *message)
{
	const char *made = "", *placed = NULL;
	const struct fail *f = NULL;
	struct tries t = {.count = 0};

	while (f == NULL && placed == NULL && t.count < COMMIT_TRIES) {
		f = store_promise(&made, s, message);
		if (f != NULL || made[0] == '\0')
			break;
		t.made[t.count++] = made;
		/* whoever waits to write proposes, too, and is asked for with
		 * us by the first to have the lock again */
		store_give(&s->lock_fd);
		f = settle_own(&placed, s, &t);
	}
	if (f == NULL && made[0] != '\0' && placed == NULL)
		f = fail(FAIL_BUSY, "others wrote all the time");
	store_unlock(s);
	if (f == NULL && id != NULL)
		*id = placed != NULL ? placed : made;
	return f;
}

const struct fail *
store_leave_order(struct store *s)
{
	s->ordered = false;
	return store_checkpoint(s);
}
