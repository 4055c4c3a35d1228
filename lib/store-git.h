#ifndef SUTLER_STORE_GIT_H
#define SUTLER_STORE_GIT_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"

struct fail;
struct findings;
struct store_git;

/*
 * The store's git repository, by libgit2: the only file that knows it.  Ids
 * are 40 hex digits; "" stands for none.
 */

/* Make a bare repository in directory dir/.git with the branch main, and in
 * it the first commit, of the file text at path.  *id is that commit. */
const struct fail *store_git_init(const char **id, const char *dir,
    const char *path, const char *text);

/* Is the text of the file that says so a store's, of a kind that we know? */
typedef const struct fail *store_git_ours(const char *text, size_t len);

/*
 * Make the one in dir/.git, which git clone made, fit for a store, and take
 * away what only a checkout needs; its remote stays.  *id is the commit that
 * main stands at.  FAIL_CONFLICT: it is not a whole clone of a store (is_ours
 * judges the file at path), or not at main.
 */
const struct fail *store_git_adopt(const char **id, const char *dir,
    const char *path, store_git_ours *is_ours);

/* Are settings, HEAD and hook (of g, in dir/.git) as the store needs them? */
const struct fail *store_git_check(struct store_git *g, const char *dir,
    struct findings *n);

/* Have git programs show records by command, a shell's words, to which they add
 * a file's name; what they show themselves is not changed. */
const struct fail *store_git_show_by(struct store_git *g, const char *command);

/* Open the one in dir/.git.  Nothing of the user's or system's git settings
 * is read. */
const struct fail *store_git_open(struct store_git **out, const char *dir);

/* The branch, and the commit that the reference ref stands at. */
#define STORE_GIT_MAIN "refs/heads/main"
const struct fail *store_git_at(const char **id, struct store_git *g,
    const char *ref);

/* The commit that main stands at. */
const struct fail *store_git_head(const char **id, struct store_git *g);

/*
 * Move main from commit from to id, which is a descendant of it.  Where
 * another hand has moved main meanwhile: commits upon id stay, and anything
 * else is moved to id; what id does not contain is kept as the branch
 * aside-<its first 12 digits>, and stderr says so.  FAIL_BUSY: main is locked
 * by another program for more than 5 s; the text names the lock.
 */
const struct fail *store_git_move(struct store_git *g, const char *from,
    const char *id);

/* The same where main should contain id already, and mostly does. */
const struct fail *store_git_hold(struct store_git *g, const char *id);

/* After a boot: take away the lock on main that is older than it, that one of
 * entries was being moved under, or that was never written. */
void store_git_unlock(struct store_git *g, const struct journal_entry *entries);

/* After a boot: take main away where a loss of power left it without its id;
 * libgit2 would not move it. */
void store_git_drop_broken(struct store_git *g);

/* The blob at path in commit, or "". */
const struct fail *store_git_blob(const char **blob, struct store_git *g,
    const char *commit, const char *path);

/* The bytes of blob; "" gives NULL. */
const struct fail *store_git_text(char **text, size_t *len, struct store_git *g,
    const char *blob);

/* True where the object can be read, whole. */
bool store_git_whole(struct store_git *g, const char *id);

/* Who a commit is by, and when (ms since 1970); and which of several nodes
 * made it, NULL where there is one: the committer names it. */
struct store_git_author {
	const char *name, *email;
	int64_t time;
	const char *node;
};

/*
 * Fill in entry->id and entry->commit: a commit upon parent that makes
 * entry->changes.  All objects are written, unflushed.  Control characters
 * and '<' '>' in the author's name and address become spaces.
 */
const struct fail *store_git_build(struct journal_entry *entry,
    struct store_git *g, const char *parent,
    const struct store_git_author *author, const char *message);

/*
 * A commit of more changes than one entry holds, piece by piece: tree is first
 * what store_git_tree_id() gives, then becomes the tree with changes made,
 * again and again; and at last the commit of it upon parent.  All objects are
 * written, unflushed; changes is consumed.
 */
const struct fail *store_git_tree_id(char tree[JOURNAL_ID + 1],
    struct store_git *g, const char *commit);
const struct fail *store_git_grow(char tree[JOURNAL_ID + 1],
    struct store_git *g, struct journal_change *changes);
const struct fail *store_git_grown(const char **id, struct store_git *g,
    const char *tree, const char *parent, const struct store_git_author *author,
    const char *message);

/* Write the objects of an entry; after a boot again, where they are not there
 * whole.  FAIL_SYSTEM: they do not add up to its commit. */
const struct fail *store_git_rebuild(struct store_git *g,
    const struct journal_entry *entry, bool again);

/* The parent of the commit of an entry, or "". */
const char *store_git_parent(const struct journal_entry *entry);

/* All that a commit says but its tree and its parent: author, committer and
 * message. */
const char *store_git_said(const struct journal_entry *entry);

/* Build the same change upon another parent: entry->id and entry->commit
 * become those of it. */
const struct fail *store_git_rebase(struct journal_entry *entry,
    struct store_git *g, const char *parent);

/* *id = the first commit, from head back to end and without that, which says
 * what entry's does and has its blobs; or "". */
const struct fail *store_git_like(const char **id, struct store_git *g,
    const char *head, const char *end, const struct journal_entry *entry);

/* Write the blob text again where it is missing or broken. */
const struct fail *store_git_keep(struct store_git *g, const char *text,
    size_t len);

/* Take away the loose objects that cannot be read: a loss of power leaves
 * such, and libgit2 would take them for written. */
const struct fail *store_git_sweep(struct store_git *g);

/* True where commit can be read and is an ancestor of (or the same as) of. */
bool store_git_reaches(struct store_git *g, const char *commit, const char *of);

/* Fill in parent, time, author and message of the commit log->id. */
struct store_log;
const struct fail *store_git_commit(struct store_log *log, struct store_git *g);

/* *id = the one commit whose id begins with prefix, at least 4 hex digits;
 * NULL: there is none, or there are several. */
const struct fail *store_git_find(const char **id, struct store_git *g,
    const char *prefix);

/* All branches, in the order of their names, and where they stand. */
struct store_git_branch {
	const char *name, *id;
};
const struct fail *store_git_branches(struct store_git_branch **out,
    size_t *count, struct store_git *g);

/* *base = the last commit that both stand upon, or "". */
const struct fail *store_git_base(const char **base, struct store_git *g,
    const char *one, const char *other);

/* Visit each file that differs from one commit to the other, by path: the
 * blobs there, "" where there is none. */
typedef const struct fail *store_git_change(void *arg, const char *path,
    const char *before, const char *after);
const struct fail *store_git_changes(struct store_git *g, const char *from,
    const char *to, store_git_change *visit, void *arg);

/* The same in bounded memory: what a visit allocates is gone after it. */
const struct fail *store_git_stream(struct store_git *g, const char *from,
    const char *to, store_git_change *visit, void *arg);

/*
 * *count = how many commits stand on the line from head back to the one before
 * known (*met), or to the first one, both where *ended; after limit of them (0:
 * there is none) it is given up.
 */
const struct fail *store_git_distance(size_t *count, bool *met, bool *ended,
    struct store_git *g, const char *head, const char *known, size_t limit);

/* Every commit of ours that led to head, oldest first: its id and message.
 * Each of ours descends from the one before it, whatever another hand has put
 * between them.  What a visit allocates is gone after it. */
typedef const struct fail *store_git_visit(void *arg, const char *id,
    const char *message);
const struct fail *store_git_walk(struct store_git *g, const char *head,
    store_git_visit *visit, void *arg);

/* Every file of commit: its path and blob.  Unless keep, what a visit
 * allocates is gone after it. */
typedef const struct fail *store_git_visit_file(void *arg, const char *path,
    const char *blob);
const struct fail *store_git_files(struct store_git *g, const char *commit,
    bool keep, store_git_visit_file *visit, void *arg);

/* What a batch of packing did. */
struct store_git_batch {
	size_t commits, objects;
	size_t left; /* commits that are not packed yet */
};

/*
 * Pack the oldest loose commits that led to head: at most max_commits of them,
 * and of their loose objects at most max_bytes (but one commit at least);
 * nothing where fewer than least are loose.  Where to begin needs no note: a
 * commit is packed with, or after, all that it stands upon, so the first one
 * back from head that is no loose object ends the walk, whoever packed it.
 * The pack is on the disk before the loose objects go.  Harmless beside
 * writers and readers, and where a process is killed in it; one packer at a
 * time.
 */
const struct fail *store_git_pack(struct store_git_batch *out,
    struct store_git *g, const char *head, size_t least, size_t max_commits,
    size_t max_bytes);

/*
 * Keep the packs few: those below max_bytes / 2 are to double in size from one
 * to the next at least; where they do not, the smallest become one of at most
 * max_bytes.  *merged is how many went into it, 0 where all is well.  Left
 * alone are packs with a third file beside .pack and .idx (.keep, .bitmap, …),
 * and all of them where there is a multi-pack-index.  Safe like
 * store_git_pack(); FAIL_SYSTEM: a pack is damaged.
 */
const struct fail *store_git_merge(size_t *merged, struct store_git *g,
    size_t max_bytes);

#endif
