/* What sutler doctor looks at where there is a cluster */
#include "clock.h"
#include "cluster.h"
#include "fail.h"
#include "mem.h"
#include "sutler-doctor.h"

#include <inttypes.h>

enum {
	AGE_SECONDS = 60,  /* since etcd was last heard of: a warning */
	KEPT_MOST = 100000 /* commits in etcd that some member lacks */
};

static const struct fail *
look_at_members(struct doctor *d)
{
	const int64_t patience = CLUSTER_PATIENCE * INT64_C(1000);
	const struct cluster_member *m;
	struct cluster_state state;
	const struct fail *f = cluster_read(&state, d->conf);
	int64_t kept;

	if (f != NULL) {
		doctor_say(d, "fault", f->text,
		    "start etcd on most of its machines, and see that they"
		    " reach each other");
		return NULL;
	}
	for (m = state.members; m != NULL; m = m->next)
		if (m->seen + patience / 2 < clock_now())
			doctor_say(d, "warning",
			    mem_printf("node %s has not been heard of since"
			               " %s",
			        m->name, clock_text(m->seen)),
			    "start it, or have it leave: sutler cluster leave");
	kept = state.first <= 0 ? 0 : state.number - state.first + 1;
	if (kept > KEPT_MOST)
		doctor_say(d, "warning",
		    mem_printf("etcd keeps %" PRId64 " commits", kept),
		    "run sutler tick every minute on every node");
	return NULL;
}

static const struct fail *
look_at_etcd(struct doctor *d)
{
	struct etcd_member *e;
	const struct fail *f = etcd_status(&e, d->conf);

	for (; f == NULL && e != NULL; e = e->next) {
		if (e->trouble != NULL)
			doctor_say(d, "warning",
			    mem_printf("etcd at %s: %s", e->endpoint,
			        e->trouble),
			    "start it again");
		else if (e->alarms[0] != '\0')
			doctor_say(d, "fault",
			    mem_printf("etcd at %s has the alarm %s",
			        e->endpoint, e->alarms),
			    "etcdctl defrag and etcdctl alarm disarm, as etcd's"
			    " manual says");
	}
	return f;
}

const struct fail *
doctor_cluster(struct doctor *d)
{
	const long age = cluster_age(d->conf);
	const struct fail *f;

	if (d->conf->cluster == NULL)
		return NULL;
	if (age < 0) {
		doctor_say(d, "fault", "this node is no member of its cluster",
		    "sutler cluster join");
		return NULL;
	}
	if (age > AGE_SECONDS)
		doctor_say(d, "warning",
		    mem_printf("etcd was last heard of %ld s ago", age),
		    "have sutler follow run all the time");
	f = look_at_members(d);
	return f == NULL ? look_at_etcd(d) : f;
}
