#ifndef SUTLER_PROPOSAL_H
#define SUTLER_PROPOSAL_H

#include "event.h"
#include "store-branch.h"

/*
 * A branch that was pushed into the store is a proposal of a change.  What may
 * be proposed are an app's own variables and settings, and an account's
 * address, payment and state; the rest has commands of its own, which know
 * whom to tell.  Nothing that has changed on main since the branch left it is
 * overwritten.
 */

/* How a proposal stands. */
struct proposal {
	struct store_branch branch;
	cJSON *records;  /* [{path, change, problems}] */
	size_t problems; /* in all of them */
	size_t left;     /* records that main does not have like this yet */
	cJSON *dry_run;  /* what applying it would do; NULL: it cannot be */
};

/* All of them, unchecked. */
const struct fail *proposal_list(cJSON **out, const struct act *act);

/* Check the proposal called name against the records as they are, and see what
 * applying it would do.  FAIL_MISSING "proposal"; FAIL_CONFLICT: it does not
 * descend from main. */
const struct fail *proposal_check(struct proposal *out, const struct act *act,
    const char *name);

/* Apply it: one commit by the author of the branch's last one.  *id as in
 * store_commit().  FAIL_CONFLICT: it has problems, or its last commit is not
 * the one that was seen (NULL: whichever).  With act->dry_run: FAIL_DRY_RUN. */
const struct fail *proposal_apply(const char **id, struct proposal *out,
    const struct act *act, const char *name, const char *seen);

/* {name, commit, author: {name, email}, created_at, subject[, state, records,
 * dry_run]}; state "open", "applied" or "refused"; dry_run as dry_run_view(),
 * or null. */
cJSON *proposal_view(const struct proposal *p);

#endif
