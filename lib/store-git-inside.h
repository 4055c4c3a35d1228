#ifndef SUTLER_STORE_GIT_INSIDE_H
#define SUTLER_STORE_GIT_INSIDE_H

#include <stdbool.h>

#include <git2.h>

/* What store-git*.c share of libgit2; nobody else includes it. */
struct fail;

/* Ids of commits, by malloc(3), since there may be very many. */
struct store_git_ids {
	git_oid *all;
	size_t count, room;
};

struct store_git {
	git_repository *repo;
	git_odb *odb;
	const char *dir;
	bool repair; /* write objects even where a file of theirs is there */
	struct store_git_ids unpacked; /* commits still to be packed */
};

/* Who commits. */
#define STORE_GIT_EMAIL "sutler@localhost"

/* libgit2 itself, once: no settings but the repository's own; our objects need
 * no second look. */
const struct fail *store_git_start(void);

/* libgit2's last error as a failure: it could not do what. */
const struct fail *store_git_fail(const char *what);

/* oid as 40 hex digits. */
const char *store_git_id(const git_oid *oid);

/* The tree of commit; *out NULL for the parent of the first one, "". */
const struct fail *store_git_tree(git_tree **out, struct store_git *g,
    const char *commit);

/* The commits from head back along their parents (of ours, where
 * another hand has merged; else the first), the newest first, as
 * long as wanted (NULL: to the first one). */
typedef bool store_git_wanted(struct store_git *g, const git_oid *id);
const struct fail *store_git_line(struct store_git_ids *ids,
    struct store_git *g, const char *head, store_git_wanted *wanted);
void store_git_ids_free(struct store_git_ids *ids);

/*
 * Copy the n packs (paths without their endings), of at most so many objects
 * in all, into the new files pack and idx, which are flushed; *sum is the new
 * pack's SHA-1, hex.  What is in several goes in once.  FAIL_SYSTEM: one is
 * damaged (its entries' CRCs are checked), or in a format that is not ours.
 */
const struct fail *store_git_copy(const char **sum, const char *pack,
    const char *idx, const char *const *packs, size_t n, size_t objects);

/* Flush the file or directory at path. */
const struct fail *store_git_flush(const char *path);

#endif
