#ifndef SUTLER_STORE_GIT_INSIDE_H
#define SUTLER_STORE_GIT_INSIDE_H

#include <stdbool.h>

#include <git2.h>

/* What store-git*.c share of libgit2; nobody else includes it. */
struct fail;

struct store_git {
	git_repository *repo;
	git_odb *odb;
	const char *dir;
	bool repair; /* write objects even where a file of theirs is there */
};

/* libgit2's last error as a failure: it could not do what. */
const struct fail *store_git_fail(const char *what);

/* oid as 40 hex digits. */
const char *store_git_id(const git_oid *oid);

/* The tree of commit; *out NULL for the parent of the first one, "". */
const struct fail *store_git_tree(git_tree **out, struct store_git *g,
    const char *commit);

#endif
