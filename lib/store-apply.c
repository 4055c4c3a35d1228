#include "complain.h"
#include "store-apply.h"
#include "file.h"
#include "hash.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"
#include "store-bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_MS = 100 };

/* SIGALRM is there to end a wait, no more. */
static void
wake(int number)
{
	(void)number;
}

/* flock(2), which has no limit of its own: a timer ends it, again and again,
 * since it may go off just before the waiting begins.  Who waits in the kernel
 * gets the lock in turn, at once. */
static int
lock_in_time(int fd)
{
	const struct sigaction quietly = {.sa_handler = wake};
	time_t until = time(NULL) + STORE_WAIT;
	struct itimerval rings = {0}, timer;
	struct sigaction action;
	int error;

	rings.it_value.tv_sec = STORE_WAIT;
	rings.it_interval.tv_usec = AGAIN_MS * 1000;
	sigaction(SIGALRM, &quietly, &action);
	setitimer(ITIMER_REAL, &rings, &timer);
	do
		error = flock(fd, LOCK_EX);
	while (error != 0 && errno == EINTR && time(NULL) < until);
	setitimer(ITIMER_REAL, &timer, NULL);
	sigaction(SIGALRM, &action, NULL);
	return error;
}

const struct fail *
store_take(int *fd, struct store *s, const char *name)
{
	const char *file = mem_printf("%s/%s", s->state, name);
	const struct fail *f;

	*fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return fail_errno("cannot open %s", file);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || lock_in_time(*fd) == 0)
		return NULL;
	if (errno == EINTR)
		f = fail_away(1, EAGAIN,
		    fail(FAIL_BUSY, "%s: locked for more than %d s", file,
		        STORE_WAIT));
	else
		f = fail_errno("cannot lock %s", file);
	store_give(fd);
	return f;
}

void
store_give(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

const struct fail *
store_need_git(struct store *s)
{
	return s->git != NULL ? NULL : store_git_open(&s->git, s->root);
}

/* The index rows of the record text at path; no record shows none. */
static const struct fail *
rows_of(struct index_rows *rows, struct store *s, const char *path,
    const char *text, size_t len)
{
	cJSON *json;

	/* an administrator may have committed anything: it shows nothing */
	if (text == NULL || json_parse(&json, text, len) != NULL)
		return NULL;
	if (s->rows(rows, path, json) != NULL)
		rows->first = NULL;
	return NULL;
}

static bool
is_record(struct store *s, const char *path, const char *text, size_t len)
{
	struct index_rows rows = {0};
	cJSON *json;

	return json_parse(&json, text, len) == NULL &&
	       s->rows(&rows, path, json) == NULL;
}

const struct fail *
store_keep_aside(struct store *s, const char *path, const char *text,
    size_t len, const char *commit)
{
	const char *name = strrchr(path, '/');
	const char *file = mem_printf("%s/aside/%.12s-%s", s->state, commit,
	    name == NULL ? path : name + 1);

	complain("%s was edited while it was being written:"
	         " the edit is in %s",
	    path, file);
	return file_replace(file, s->tmp, text, len);
}

/* True where the journal itself has put the blob id at path, or found it. */
static bool
known(const struct journal_entry *entries, const char *path, const char *id)
{
	const struct journal_change *c;

	for (; entries != NULL; entries = entries->next)
		for (c = entries->changes; c != NULL; c = c->next)
			if (strcmp(c->path, path) == 0 &&
			    (strcmp(c->before, id) == 0 ||
			        strcmp(c->after, id) == 0))
				return true;
	return false;
}

const struct fail *
store_remove(const struct store *s, const char *path)
{
	const struct fail *f = file_remove(mem_printf("%s/%s", s->root, path));
	char *dir = mem_copy(path), *slash;

	while (f == NULL && (slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		if (rmdir(mem_printf("%s/%s", s->root, dir)) != 0)
			break;
	}
	return f;
}

/* entries: all of the batch that c is of.  replay: after a boot; the index is
 * made anew then, and an edit in place that came since stays. */
static const struct fail *
apply_change(struct store *s, const struct journal_change *c,
    const char *commit, const struct journal_entry *entries, bool replay)
{
	const char *path = mem_printf("%s/%s", s->root, c->path), *id = "";
	struct index_rows before = {0}, after = {0};
	const struct fail *f;
	char *text, *old;
	size_t len, old_len;
	bool foreign;

	f = file_read(&text, &len, path);
	if (f != NULL)
		return f;
	if (text != NULL)
		id = hash_blob(text, len);
	old = text;
	old_len = len;
	if (strcmp(id, c->before) != 0)
		f = store_git_text(&old, &old_len, s->git, c->before);
	/* one without its bytes, or with zeros for them, is what a loss of
	 * power left of our own */
	foreign = text != NULL && !(replay && strlen(text) < len) &&
	          !(replay && len == 0) && !known(entries, c->path, id);
	if (f == NULL && foreign && replay && is_record(s, c->path, text, len))
		return NULL;
	if (f == NULL && foreign)
		f = store_keep_aside(s, c->path, text, len, commit);
	if (f == NULL)
		f = rows_of(&before, s, c->path, old, old_len);
	if (f == NULL)
		f = rows_of(&after, s, c->path, c->text, c->len);
	if (f == NULL && !replay)
		f = index_apply(s->index, s->tmp, &before, &after);
	if (f != NULL || strcmp(id, c->after) == 0)
		return f;
	if (c->text != NULL)
		return file_replace(path, s->tmp, c->text, c->len);
	return store_remove(s, c->path);
}

const char *
store_index_mark(const struct store *s)
{
	return mem_printf("%s/" STORE_INDEX_MARK, s->index);
}

const struct fail *
store_index_head(struct store *s, const char *commit)
{
	return file_replace(store_index_mark(s), s->tmp,
	    mem_printf("%s\n", commit), JOURNAL_ID + 1);
}

/* In place: half written, it names no commit, and the next writer writes it
 * again. */
const struct fail *
store_move_index_head(struct store *s, const char *commit)
{
	return file_overwrite(store_index_mark(s), mem_printf("%s\n", commit),
	    JOURNAL_ID + 1);
}

static const struct fail *
apply_entry(struct store *s, const struct journal_entry *entry,
    const struct journal_entry *entries, bool replay)
{
	const struct fail *f = NULL;
	const struct journal_change *c;

	if (journal_is_seal(entry))
		return NULL;
	for (c = entry->changes; f == NULL && c != NULL; c = c->next)
		f = apply_change(s, c, entry->id, entries, replay);
	if (f != NULL || replay)
		return f;
	f = index_log_commit(s->index, entry->id, entry->commit);
	if (f == NULL)
		f = store_git_move(s->git, store_git_parent(entry), entry->id);
	if (f == NULL)
		f = store_move_index_head(s, entry->id);
	return f;
}

/* What is promised of all: with an order, what is sealed. */
static void
leave_proposals(struct journal_entry **all)
{
	struct journal_entry **end = all;

	for (; *all != NULL; all = &(*all)->next)
		if (journal_is_seal(*all))
			end = &(*all)->next;
	*end = NULL;
}

const struct fail *
store_apply_held(struct store *s)
{
	struct journal_entry *entry, *all = NULL;
	const struct fail *f;

	if (s->journal->applied >= s->journal->tail)
		return NULL;
	f = journal_read(&all, s->journal, s->journal->applied,
	    s->journal->tail);
	if (f == NULL && s->ordered)
		leave_proposals(&all);
	if (f != NULL || all == NULL)
		return f;
	f = journal_flush(s->journal);
	s->flushed = f == NULL;
	if (f == NULL)
		f = store_need_git(s);
	for (entry = all; f == NULL && entry != NULL; entry = entry->next) {
		f = apply_entry(s, entry, all, false);
		if (f == NULL)
			f = journal_applied(s->journal, entry);
	}
	return f;
}

const struct fail *
store_settle_held(struct store *s)
{
	const struct fail *f = journal_marks(s->journal);

	if (f != NULL)
		return f;
	return s->ordered ? store_order_held(s) : store_apply_held(s);
}

const struct fail *
store_settle(struct store *s)
{
	uint64_t mine = s->journal->tail;
	const struct fail *f;

	if (s->ordered)
		return store_settle_ordered(s);
	s->flushed = false;
	f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = journal_marks(s->journal);
	/* a checkpoint was killed: what our marks say is worth nothing */
	if (f == NULL && !s->journal->ours) {
		store_give(&s->flush_fd);
		return store_recover(s);
	}
	/* who had the lock before has settled what waited then: those behind
	 * share that flush, and leave the next one to who comes anew */
	if (f == NULL && s->journal->applied < mine)
		f = store_apply_held(s);
	store_give(&s->flush_fd);
	return f;
}

const struct fail *
store_main(const char **head, struct store *s)
{
	const struct fail *f = store_git_head(head, s->git);

	if (f == NULL && strcmp(*head, s->journal->head) == 0)
		return NULL;
	/* what another hand put upon it, other stores do not have: the next
	 * commit moves it aside */
	if (s->ordered) {
		*head = mem_copy(s->journal->head);
		return NULL;
	}
	/* another hand has moved it; or the one who applied our last commit
	 * was writing the mark while we read it */
	f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL)
		f = store_git_hold(s->git, s->journal->head);
	store_give(&s->flush_fd);
	return f == NULL ? store_git_head(head, s->git) : f;
}

const struct fail *
store_sync(const char *data)
{
	int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct fail *f = NULL;

	if (fd < 0)
		return fail_errno("cannot open %s", data);
	if (syncfs(fd) != 0)
		f = fail_errno("cannot flush %s", data);
	close(fd);
	return f;
}

const struct fail *
store_start_anew(struct store *s)
{
	const struct fail *f = store_git_hold(s->git, s->journal->head);

	if (f == NULL)
		f = store_sync(s->data);
	if (f == NULL)
		f = journal_reset(s->journal);
	return f == NULL && s->ordered ? store_seal(s) : f;
}

const struct fail *
store_checkpoint_locked(struct store *s)
{
	const struct fail *f = store_take(&s->flush_fd, s, "flush");

	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_settle_held(s);
	if (f == NULL)
		f = store_start_anew(s);
	store_give(&s->flush_fd);
	s->pending = NULL;
	return f;
}

const struct fail *
store_checkpoint(struct store *s)
{
	const struct fail *f = store_lock(s);

	if (f == NULL)
		f = store_checkpoint_locked(s);
	store_unlock(s);
	return f;
}

/* Under both locks, by the first process after a boot. */
static const struct fail *
replay(struct store *s)
{
	struct journal_entry *all, *e;
	const struct fail *f;

	f = journal_recover(&all, s->journal, s->ordered);
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_git_sweep(s->git);
	for (e = all; f == NULL && e != NULL; e = e->next)
		if (!journal_is_seal(e))
			f = store_git_rebuild(s->git, e, true);
	if (f != NULL)
		return f;
	for (e = all; f == NULL && e != NULL; e = e->next)
		f = apply_entry(s, e, all, true);
	if (f == NULL) {
		store_git_unlock(s->git, all);
		store_git_drop_broken(s->git);
		f = store_git_hold(s->git, s->journal->head);
	}
	if (f == NULL)
		f = store_bulk_settle_held(s);
	/* index files may be torn where there was something to replay */
	if (f == NULL && all != NULL)
		f = store_reindex_held(s, NULL);
	return f == NULL ? store_start_anew(s) : f;
}

const struct fail *
store_recover(struct store *s)
{
	bool held = s->lock_fd >= 0;
	const struct fail *f = NULL;

	if (!held)
		f = store_take(&s->lock_fd, s, "lock");
	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL && !s->journal->ours)
		f = replay(s);
	store_give(&s->flush_fd);
	if (!held)
		store_give(&s->lock_fd);
	return f;
}
