#ifndef SUTLER_HISTORY_FORGET_H
#define SUTLER_HISTORY_FORGET_H

#include "history.h"

/*
 * Values are destroyed in all of history, backups of the repository included,
 * by destroying their keys (lib/secret.h); no commit changes.
 */
struct history_forgotten {
	size_t forgotten; /* values that are gone from now on */
	size_t before;    /* that were so already */
	size_t clear;     /* commits in which one stands in clear, and stays */
	const char *commit; /* the latest of these, or NULL */
	bool current;       /* there is a current value, which stays */
};

/*
 * Forget every value that the variable called name of app ident has had, but
 * the current one; commit (may be NULL): the one that it had there alone.
 * FAIL_MISSING "app", "variable", "commit"; FAIL_CONFLICT: it is the current
 * value.
 */
const struct fail *history_forget(struct history_forgotten *out,
    const struct act *act, const char *ident, const char *name,
    const char *commit);

#endif
