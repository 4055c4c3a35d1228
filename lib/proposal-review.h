#ifndef SUTLER_PROPOSAL_REVIEW_H
#define SUTLER_PROPOSAL_REVIEW_H

#include "proposal.h"

/* What is being checked, and put. */
struct proposal_review {
	struct proposal *proposal;
	const struct act *act;
	bool put;        /* what is checked is put, too */
	cJSON *problems; /* of the record that is looked at */
	size_t apps;
	struct event event;  /* of the app, where there is one */
	struct mem_text all; /* trailers that name them all */
};

/* A store_branch_change of arg, a review: what the branch has changed is added
 * to the proposal's records, with its problems; what has none is put. */
const struct fail *proposal_review(void *arg, const char *path,
    const char *before, const char *after);

#endif
