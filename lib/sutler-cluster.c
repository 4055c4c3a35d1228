/* sutler cluster: be a member, or none; sutler follow: take commits as they
 * come */
#include "clock.h"
#include "cluster.h"
#include "complain.h"
#include "conf.h"
#include "fail.h"
#include "mem.h"
#include "sutler.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { AGAIN_SECONDS = 1 };

static const struct fail *
join(const struct call *c)
{
	const struct fail *f;
	size_t taken;
	bool first;

	f = cluster_join(&first, &taken, c->act.store, c->act.conf);
	if (f != NULL)
		return f;
	printf("%s is a member now%s\n", c->act.conf->cluster_name,
	    first ? ", the first: its history is the cluster's" : "");
	if (taken > 0)
		printf("%zu commits of others were taken\n", taken);
	return NULL;
}

static const struct fail *
leave(const struct call *c)
{
	const struct fail *f;
	bool last;

	f = cluster_leave(&last, c->act.store, c->act.conf);
	if (f != NULL)
		return f;
	printf("%s is no member any more%s\n"
	       "to write on its own, it needs its configuration without the"
	       " line \"cluster = …\"\n",
	    c->act.conf->cluster_name,
	    last ? ", and was the last: nothing is left in etcd" : "");
	return NULL;
}

/* How many ms ago, as people say it. */
static const char *
ago(int64_t ms)
{
	const int64_t s = ms < 0 ? 0 : ms / 1000;

	return s < 120    ? mem_printf("%" PRId64 " s ago", s)
	       : s < 7200 ? mem_printf("%" PRId64 " min ago", s / 60)
	                  : mem_printf("%" PRId64 " h ago", s / 3600);
}

static void
show_member(const struct call *c, const struct cluster_state *state,
    const struct cluster_member *m)
{
	const int64_t now = clock_now();
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "kind", "node");
	json_add_text(row, "name", m->name);
	json_add_text(row, "commit", m->commit);
	if (c->json) {
		cJSON_AddNumberToObject(row, "behind",
		    (double)(state->number - m->number));
		json_add_text(row, "seen_at", clock_text(m->seen));
	} else {
		json_add_text(row, "behind",
		    mem_printf("%" PRId64 " behind",
		        state->number - m->number));
		json_add_text(row, "seen", ago(now - m->seen));
	}
	call_row(c, row);
}

static void
show_etcd(const struct call *c, const struct etcd_member *m)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "kind", "etcd");
	json_add_text(row, "endpoint", m->endpoint);
	json_add_text(row, "state",
	    m->trouble != NULL ? m->trouble
	    : m->leader        ? "leader"
	                       : "follower");
	if (m->trouble == NULL) {
		json_add_text(row, "version", m->version);
		json_add_text(row, "size",
		    mem_printf("%" PRId64 " kB", m->size >> 10));
		json_add_text(row, "alarms",
		    m->alarms[0] == '\0' ? "-" : m->alarms);
	}
	call_row(c, row);
}

static const struct fail *
status(const struct call *c)
{
	const struct cluster_member *m;
	struct cluster_state state;
	struct etcd_member *e;
	const struct fail *f;
	long age = cluster_age(c->act.conf);

	f = cluster_read(&state, c->act.conf);
	if (f != NULL)
		return f;
	for (m = state.members; m != NULL; m = m->next)
		show_member(c, &state, m);
	f = etcd_status(&e, c->act.conf);
	for (; f == NULL && e != NULL; e = e->next)
		show_etcd(c, e);
	call_done(c);
	if (f != NULL || c->json)
		return f;
	if (state.commit == NULL)
		printf("there is no cluster below %s yet\n",
		    c->act.conf->cluster_prefix);
	else
		printf("commit %" PRId64 ": %s, %" PRId64 " kept in etcd\n",
		    state.number, state.commit,
		    state.first <= 0 ? 0 : state.number - state.first + 1);
	if (age < 0)
		puts("this node is no member");
	else
		printf("etcd was last heard of %s\n", ago((int64_t)age * 1000));
	return NULL;
}

/* etcd may be away for a while; the rest is a reason to end. */
static const struct fail *
follow(const struct call *c)
{
	const struct mem_mark mark = mem_mark();
	const struct fail *f;

	while ((f = cluster_follow(c->act.conf))->code == FAIL_BUSY) {
		complain("%s", f->text);
		mem_release(mark);
		sleep(AGAIN_SECONDS);
	}
	return f;
}

const struct command cluster_commands[] = {
    {"cluster join",                                       "", "make this node a member of the configured cluster", 0,
     0, false, join, {{0}}},
    {"cluster status", "", "nodes, how far each is behind, and etcd's members",
     0, 0, false, status, {{0}}},
    {"cluster leave",                                                    "",
     "make it none any more; the last one takes all from etcd", 0, 0, false,
     leave, {{0}}},
    {"follow",                                                "", "take the other nodes' commits as they come, until ended", 0,
     0, false, follow, {{0}}},
    {0                                                   }
};
