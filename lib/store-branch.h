#ifndef SUTLER_STORE_BRANCH_H
#define SUTLER_STORE_BRANCH_H

#include "store-log.h"

/*
 * Branches beside main, which git pushed into the store.  sutler reads them
 * and never moves them; those that it has put aside itself are left out.
 */
struct store_branch {
	const char *name;     /* without "refs/heads/" */
	struct store_log tip; /* its last commit; no events are counted */
	const char *base;     /* the commit where it left main; "": nowhere */
};

/* All of them, in the order of their names. */
const struct fail *store_branches(struct store_branch **out, size_t *count,
    struct store *s);

/* The one called name.  FAIL_MISSING "proposal". */
const struct fail *store_branch(struct store_branch *out, struct store *s,
    const char *name);

/* A file that differs from base to tip: the revisions there, "" where there is
 * none. */
typedef const struct fail *store_branch_change(void *arg, const char *path,
    const char *before, const char *after);

/* Visit all that the branch has changed since it left main, by path. */
const struct fail *store_branch_changes(struct store *s,
    const struct store_branch *b, store_branch_change *visit, void *arg);

#endif
