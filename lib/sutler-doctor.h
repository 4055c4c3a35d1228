#ifndef SUTLER_SUTLER_DOCTOR_H
#define SUTLER_SUTLER_DOCTOR_H

#include "sutler.h"

/* One examination by sutler doctor. */
struct doctor {
	const struct call *call;
	const struct conf *conf;
	const char *check; /* what is being looked at */
	size_t said, faults;
};

/* Say what was found: state "ok", "warning" or "fault"; remedy NULL: nothing is
 * to be done. */
void doctor_say(struct doctor *d, const char *state, const char *text,
    const char *remedy);

/* Is this node a member, and are etcd and the other members there? */
const struct fail *doctor_cluster(struct doctor *d);

#endif
