#ifndef SUTLER_STORE_APPLY_H
#define SUTLER_STORE_APPLY_H

#include "store.h"
#include "journal.h"
#include "store-git.h"
#include "store-order.h"

/*
 * From the journal into the world: objects, ref, plain files and index follow
 * what has been promised.  The inside of the store, shared by store*.c and
 * index.c.
 */
struct store {
	const char *data;  /* directories, without a slash at the end */
	const char *root;  /* DATA/store */
	const char *index; /* DATA/index */
	const char *state; /* DATA/state */
	const char *tmp;   /* DATA/state/tmp */
	index_rows_of *rows;
	struct journal *journal;
	struct store_git *git;         /* opened by the first who needs it */
	int lock_fd, flush_fd;         /* -1 where not held */
	struct journal_entry *pending; /* promised or about to be, not applied;
	                                  under the writers' lock */
	struct store_put *puts;
	bool flushed; /* by the settling that came last */
	/* where there is an order of several stores (lib/store-order.h) */
	bool ordered;
	const char *node; /* this one's name */
	store_place *place;
	void *place_arg;
	size_t taken; /* commits of others */
	/* since the writers' lock was taken (at time, ms since 1970): did
	 * others' come, was the index asked, and what was read */
	int64_t time;
	bool disturbed, searched;
	struct journal_look *looks;
};

/* What a record is to become. */
struct store_put {
	struct store_put *next;
	const char *path;
	const char *text; /* NULL: gone */
	size_t len;
};

/* The bytes of the record at path as they stand now, but for what was put;
 * NULL: none. */
const struct fail *store_text(const char **text, size_t *len,
    const struct store *s, const char *path);

/* The newest change to path that is promised, or about to be, and not applied;
 * NULL: there is none. */
const struct journal_change *store_pending(const struct store *s,
    const char *path);

/* Is the record text small enough? */
bool store_fits(const char *text, size_t len);

/* What the puts change, and (in *found) what an administrator changed in the
 * same records since head.  Fails where something put cannot be kept. */
const struct fail *store_sort(struct journal_change **changes,
    struct journal_change **found, struct store *s, const char *head);

/* Take the lock on DATA/state/<name>, waiting STORE_WAIT seconds. */
const struct fail *store_take(int *fd, struct store *s, const char *name);
void store_give(int *fd);

/* Open git where it is not open yet. */
const struct fail *store_need_git(struct store *s);

/* Flush what has been appended and apply it all, in order, where s's own tail
 * is not applied yet; the flush lock is taken for it. */
const struct fail *store_settle(struct store *s);

/* The same under the flush lock (and, where there is an order, the writers').
 */
const struct fail *store_settle_held(struct store *s);

/* Under the flush lock, the marks fresh: flush and apply what is promised. */
const struct fail *store_apply_held(struct store *s);

/* Under both locks, all applied: flush everything, start the journal anew. */
const struct fail *store_start_anew(struct store *s);

/* Under the writers' lock: build the commit of what was put and append it; *out
 * is NULL where nothing differs. */
const struct fail *store_promise(const struct journal_entry **out,
    struct store *s, const struct store_message *message);

/* Under the writers' lock, and nothing pending: the commit that main stands
 * at, which contains all of ours. */
const struct fail *store_main(const char **head, struct store *s);

/* The file that says what the index reflects.  Its name is the format's, to be
 * changed with the rows': an index of another one is none. */
#define STORE_INDEX_MARK "head-2"
const char *store_index_mark(const struct store *s);

/* The index, made anew, reflects commit. */
const struct fail *store_index_head(struct store *s, const char *commit);

/* Under the writers' lock: settle, flush everything, start the journal anew. */
const struct fail *store_checkpoint_locked(struct store *s);

/* The index reflects commit, if it was whole before: one whose making was
 * killed has no head, and must not get one here. */
const struct fail *store_move_index_head(struct store *s, const char *commit);

/* An edit that came between our reading and our writing is kept aside. */
const struct fail *store_keep_aside(struct store *s, const char *path,
    const char *text, size_t len, const char *commit);

/* Take away the record at path, and the directories that it was the last of;
 * who writes into one makes it again. */
const struct fail *store_remove(const struct store *s, const char *path);

/* After a boot: replay what the journal holds. */
const struct fail *store_recover(struct store *s);

/* Under both locks, all applied: the index made anew; tell may be NULL. */
const struct fail *store_reindex_held(struct store *s, store_tell *tell);

/* Every plain file below DATA/store but git's own, in the order of paths.
 * Unless keep, what a visit allocates is gone after it. */
typedef const struct fail *store_visit_path(void *arg, const char *path);
const struct fail *store_files(struct store *s, bool keep,
    store_visit_path *visit, void *arg);

/* *made: there was no index, and now there is. */
const struct fail *store_index_there(bool *made, struct store *s);

#endif
