#include "store-order.h"
#include "complain.h"
#include "hash.h"
#include "mem.h"
#include "store-apply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

enum {
	ROUNDS = 50,      /* of others who come first, in one settling */
	SETTLE_TRIES = 3, /* to apply what is ordered */
	COMMIT_TRIES = 20,
	LET_IN = 16,       /* moments, at most, for others to propose … */
	MOMENT_NS = 300000 /* … of so long */
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

static const struct fail *
overtaken(void)
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
		f = overtaken();
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
		f = take_both(s);
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

static int
open_queue(const struct store *s)
{
	return open(mem_printf("%s/queue", s->state),
	    O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

const struct fail *
store_take_in_line(struct store *s)
{
	int queue = open_queue(s);
	const struct fail *f;

	/* where it cannot be had, nobody knows that we wait, no more */
	if (queue >= 0)
		(void)flock(queue, LOCK_SH | LOCK_NB);
	f = store_take(&s->lock_fd, s, "lock");
	store_give(&queue);
	return f;
}

static bool
somebody_waits(const struct store *s)
{
	int queue = open_queue(s);
	bool waits = queue >= 0 && flock(queue, LOCK_EX | LOCK_NB) != 0;

	store_give(&queue);
	return waits;
}

/*
 * Those who wait for the writers' lock are to propose, too, before it is taken
 * again: all of it is then asked for at once.  The one of t that somebody has
 * had placed meanwhile, or NULL.
 */
static const char *
let_in(struct store *s, const struct tries *t)
{
	static const struct timespec moment = {0, MOMENT_NS};
	const char *head = s->journal->head, *placed = NULL;
	int i;

	for (i = 0; placed == NULL && i < LET_IN && somebody_waits(s); i++) {
		nanosleep(&moment, NULL);
		if (journal_marks(s->journal) == NULL &&
		    strcmp(head, s->journal->head) != 0) {
			head = s->journal->head;
			placed = placed_of(t, s);
		}
	}
	return placed;
}

/* What became of our proposals: *placed is the one that stands, or they are
 * void, and the writers' lock is held again, all that is pending read. */
static const struct fail *
settle_own(const char **placed, struct store *s, const struct tries *t)
{
	const struct fail *f;
	int tries;

	*placed = let_in(s, t);
	if (*placed != NULL)
		return NULL;
	f = take_both(s);
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
		f = overtaken();
	store_unlock(s);
	if (f == NULL && id != NULL)
		*id = placed != NULL ? placed : made;
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
	const struct fail *f = take_both(s);

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
