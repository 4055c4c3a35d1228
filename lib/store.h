#ifndef SUTLER_STORE_H
#define SUTLER_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "fail.h"
#include "index.h"

/*
 * The store: JSON files in a git repository, DATA/store.  A read is a plain
 * file.  A write takes the lock, puts what changes, and commits: it is
 * acknowledged once its journal record is on disk, and whatever happens after,
 * the change is there.  (lib/journal.h has the promise in detail.)
 *
 *	store_lock(s); store_read(…); store_put(…); store_commit(s, …);
 *
 * Paths are relative to DATA/store and made only by store_path().
 */
struct conf;
struct store;

struct store_record {
	const char *path;
	const char *text;
	size_t len;
	cJSON *json;
};

/* Who acted, and what: the commit's author and message. */
struct store_message {
	const char *author_name, *author_email;
	const char
	    *text; /* subject, blank line, trailers; newline at its end */
};

/* Open the store of conf.  rows tells the index what a record shows.  After a
 * boot, or a crash, what the journal holds is replayed first.  FAIL_BUSY,
 * FAIL_SYSTEM: the text names the file. */
const struct fail *store_open(struct store **out, const struct conf *conf,
    index_rows_of *rows);

/* Make an empty store in directory data; where data/store is there already, and
 * nothing else of a store, it is taken for a clone of one, and becomes the
 * store: the index is made by who misses it.  FAIL_CONFLICT: data holds a
 * store, or the clone is none that can become one. */
const struct fail *store_init(const char *data);

/* True where data holds a store, complete. */
bool store_there(const char *data);

/* The largest record, in bytes: with its secrets in clear, and as it is. */
enum { STORE_RECORD_MAX = 1 << 20, STORE_SEALED_MAX = 2 << 20 };

/* Flush all that was written to the file system that has directory data. */
const struct fail *store_sync(const char *data);

/* The path of a record: "apps/hh/hh/name.json".  kind is "apps", "accounts",
 * "providers", "open" or "usage" (name then has a slash); name has been checked
 * by its owner. */
const char *store_path(const char *kind, const char *name);

/* The record at path; *out is NULL where there is none.  FAIL_BUSY: there is
 * a file, and it is not JSON.  Under the lock it is the newest state, with
 * what was put, else what the last acknowledged write left. */
const struct fail *store_read(struct store_record **out, struct store *s,
    const char *path);

/* The revision of record: git's blob id of its bytes, 40 hex digits. */
const char *store_revision(const struct store_record *record);

/* True where there is a record of kind ("open"). */
bool store_any(const struct store *s, const char *kind);

/* True where the index is there, so that no reader has to make it. */
bool store_index_ready(const struct store *s);

/* Take the writers' lock, waiting at most STORE_WAIT seconds.  FAIL_BUSY. */
enum { STORE_WAIT = 10 };
const struct fail *store_lock(struct store *s);

/* Give it back without a commit; what was put is forgotten.  Harmless where
 * it is not held. */
void store_unlock(struct store *s);

/* Under the lock: path shall hold json (NULL: be gone) after the commit. */
void store_put(struct store *s, const char *path, const cJSON *json);

/* Under the lock: visit each record that was put and would change, as it is and
 * as it would be (NULL: not there).  Fails as the visit does, or as the commit
 * would for what was put. */
typedef const struct fail *store_difference(void *arg, const char *path,
    const cJSON *before, const cJSON *after);
const struct fail *store_differences(struct store *s, store_difference *visit,
    void *arg);

/* One commit of all that was put; gives the lock back.  Where nothing of it
 * differs from what is there, no commit is made.  *id (may be NULL) is the
 * commit's, or "" where none was made.  On failure nothing has changed, or,
 * where only the last step met trouble, the change is not acknowledged and
 * comes with the next one. */
const struct fail *store_commit(const char **id, struct store *s,
    const struct store_message *message);

/* True where f says that another store was first (lib/store-order.h), and not
 * too often yet, *races counting: what led to the commit is to be done again.
 */
enum { STORE_RACES = 20 };
bool store_raced(int *races, const struct fail *f);

/* All records below kind, one after the other, in the order of their paths. */
typedef const struct fail *store_visit(void *arg,
    const struct store_record *record);
const struct fail *store_walk(struct store *s, const char *kind,
    store_visit *visit, void *arg);

/* The same where nothing that a visit allocates is to outlive it: any number
 * of records in the same memory.  A visit writes nothing. */
const struct fail *store_scan(struct store *s, const char *kind,
    store_visit *visit, void *arg);

/* The paths of all records below kind, in their order; none of them is read. */
const struct fail *store_paths(const char ***paths, size_t *count,
    struct store *s, const char *kind);

/* The data directory, DATA. */
const char *store_data(const struct store *s);

/* Have git programs show records by command (lib/store-git.h). */
const struct fail *store_show_by(struct store *s, const char *command);

/* Flush everything and empty the journal. */
const struct fail *store_checkpoint(struct store *s);

/* How far long work has come: done of all (0: not known) of what. */
typedef void store_tell(const char *what, size_t done, size_t all);

/* What store_pack() did. */
struct store_packed {
	size_t commits, objects;
	size_t left;   /* commits still unpacked */
	size_t merged; /* packs that became one */
};

/* Pack one batch of the history's oldest unpacked commits (at most
 * STORE_PACK_COMMITS of them, STORE_PACK_BYTES of their objects), where at
 * least `least` are unpacked; and make one pack of several, of at most
 * STORE_PACK_BYTES, where there are too many.  Safe beside writers and
 * crashes. */
enum { STORE_PACK_COMMITS = 2000, STORE_PACK_BYTES = 64 << 20 };
const struct fail *store_pack(struct store_packed *out, struct store *s,
    size_t least);

/* Make DATA/index anew from the records and the history, in bounded memory;
 * tell (may be NULL) hears how far it has come. */
const struct fail *store_reindex(struct store *s, store_tell *tell);

#endif
