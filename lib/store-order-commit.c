/*
 * A change where there is an order of several stores: proposed, asked for
 * together with those that wait, and made anew where others came first.
 */
#include "store-order.h"
#include "hash.h"
#include "mem.h"
#include "store-apply.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

enum {
	SETTLE_TRIES = 3, /* to apply what is ordered */
	COMMIT_TRIES = 20,
	LET_IN = 16,       /* moments, at most, for others to propose … */
	MOMENT_NS = 300000 /* … of so long */
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
	f = store_take_both(s);
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
		f = store_overtaken();
	store_unlock(s);
	if (f == NULL && id != NULL)
		*id = placed != NULL ? placed : made;
	return f;
}
