#ifndef SUTLER_JOURNAL_H
#define SUTLER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fail;
struct mem_text;

/*
 * The journal, DATA/state/journal: the point at which a write is promised.
 *
 * A commit is appended to a preallocated file and flushed with fdatasync(2);
 * from then on it survives the loss of power.  Objects, ref, plain files and
 * index follow in the order of the journal, unflushed; a checkpoint flushes
 * them all and starts the journal anew.
 *
 * Beside it, DATA/state/marks holds what is worth nothing after a boot: which
 * boot this is, where the journal ends, up to where it has been applied, and
 * the commit that this has led to.
 * A process that finds the marks of another boot replays before it serves.
 *
 * Layout (integers little-endian): two header slots of 512 bytes, of which the
 * valid one with the higher generation counts: magic, generation, base (the
 * commit that everything before the journal led to), checksum.  Entries from
 * JOURNAL_START on: length, generation, checksum of both and the rest, commit
 * id, commit object, and for each path its name, the blob ids before and
 * after, and the bytes after; then, where others may come first, the number of
 * paths that it was made from, and these.
 */
enum {
	JOURNAL_SIZE = 4 << 20, /* bytes, all of them written at its making */
	JOURNAL_START = 4096,
	JOURNAL_ID = 40 /* hex digits of an object id; "" where there is none */
};

/* One path of an entry. */
struct journal_change {
	struct journal_change *next;
	const char *path;
	const char *before, *after; /* blob ids; "": no such file */
	const char *text;           /* the bytes after, NULL: file gone */
	size_t len;
};

/* A record that was read for a commit: its blob, "" for none (the journal does
 * not keep that). */
struct journal_look {
	struct journal_look *next;
	const char *path, *id;
};

/* One commit. */
struct journal_entry {
	struct journal_entry *next;
	const char *id;     /* of the commit */
	const char *commit; /* the commit object's bytes */
	size_t commit_len;
	struct journal_change *changes;
	/* what it was made from, where others may come first; NULL: it may be
	 * of anything */
	struct journal_look *looks;
	uint64_t end; /* place in the journal behind it */
};

struct journal {
	const char *file, *marks_file;
	int fd, marks_fd;
	uint64_t generation;
	const char *base;
	bool ours; /* the marks are of this boot */
	uint64_t tail, applied;
	const char *head; /* the commit applied last, by us */
};

/* Make both files in directory state, with base as the first base; the journal
 * is flushed, and gets its name last. */
const struct fail *journal_create(const char *state, const char *base);

/* Open the journal in state; only the marks are read (one small read).  Where
 * j->ours is false, journal_recover() comes before anything else. */
const struct fail *journal_open(struct journal **out, const char *state);

/* Read the marks again (the tail under the writers' lock, applied and head
 * under the flush lock). */
const struct fail *journal_marks(struct journal *j);

/* The entries from place from to place to. */
const struct fail *journal_read(struct journal_entry **out, struct journal *j,
    uint64_t from, uint64_t to);

/* After a boot: generation and base by the header, and every entry that was
 * flushed whole; where there is an order, and it begins with a seal, up to the
 * last one.  Both locks are held. */
const struct fail *journal_recover(struct journal_entry **out,
    struct journal *j, bool ordered);

/* *base = the commit that everything before the journal led to, by its header.
 */
const struct fail *journal_base(const char **base, struct journal *j);

/* What an entry takes of the journal, in bytes; is there room for so many, and
 * a seal behind them? */
uint64_t journal_size(const struct journal_entry *entry);
bool journal_has_room(const struct journal *j, uint64_t size);

/* Append entry at the tail, unflushed.  Under the writers' lock.  *full, and
 * nothing done, where there is no room for it and a seal behind it; there is
 * always room for that. */
const struct fail *journal_append(bool *full, struct journal *j,
    struct journal_entry *entry);

/* A seal has an id, and no commit (lib/store-order.h). */
bool journal_is_seal(const struct journal_entry *entry);

/* What was appended behind place to is forgotten, for good.  Under the writers'
 * lock. */
const struct fail *journal_cut(struct journal *j, uint64_t to);

/*
 * An entry as another store takes it: the bytes "sutlerE1", then, each as in
 * the journal, the commit object, the number of changes, and for each its path,
 * a byte (1: the file is there, 0: it is gone) and its bytes.  What is unpacked
 * has the id that its commit's bytes make, and neither before nor after.
 * FAIL_SYSTEM: bytes are no such entry.
 */
void journal_pack(struct mem_text *out, const struct journal_entry *entry);
const struct fail *journal_unpack(struct journal_entry **out, const char *bytes,
    size_t len);

/* Flush all that was appended: fdatasync(2). */
const struct fail *journal_flush(struct journal *j);

/* Everything up to entry has been applied.  Under the flush lock. */
const struct fail *journal_applied(struct journal *j,
    const struct journal_entry *entry);

/* Start anew on the commit applied last, when everything else has been
 * flushed.  Both locks are held. */
const struct fail *journal_reset(struct journal *j);

#endif
