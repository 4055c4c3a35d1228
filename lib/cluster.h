#ifndef SUTLER_CLUSTER_H
#define SUTLER_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "etcd.h"
#include "store-order.h"

/*
 * Several sutlers, one history: etcd puts their commits in order.
 *
 * Below conf->cluster_prefix:
 *
 *	head		"<commit id> <number>" of the newest commit
 *	log/<number>	the commit of that number (16 hex digits), as
 *			journal_pack() makes it; until every member has it
 *	member/<name>	{"commit", "number", "seen", "store"}: up to where it
 *			has applied, and where git may fetch its store
 *	turn/<work>	who does what only one is to do: tick, members come or
 *			go; by a lease
 *	turn/write/<name>	nodes that came in each other's way write in the
 *			order in which they came to stand here
 *
 * A node is a member once it has joined: DATA/state/cluster names the last
 * commit whose number it knows, and its time is when etcd was last heard of.
 * Commits of before the cluster have no entry, and number 0 is its first head.
 */
struct conf;

enum {
	CLUSTER_BATCH = 32,              /* commits in one transaction */
	CLUSTER_BYTES = STORE_ORDER_MAX, /* … and bytes of them */
	CLUSTER_FEW = 2,              /* commits that any answer has room for */
	CLUSTER_AWAY = 1,             /* s that etcd is not asked again */
	CLUSTER_FAR = 60,             /* s until who was away has fetched */
	CLUSTER_PATIENCE = 7 * 86400, /* s without a sign of life, after which
	                                 the log does not wait for a member */
	CLUSTER_TURN = 120            /* s of a turn's lease */
};

/* Where conf has a cluster, have store's commits ordered by it. */
void cluster_use(struct store *store, const struct conf *conf);

/* Seconds since etcd was last heard of; -1: this node is no member. */
long cluster_age(const struct conf *conf);

/*
 * Become a member: the first, whose history becomes the cluster's, or one more,
 * whose history is the beginning of it (a clone's), and catch up.  *taken
 * commits were.  FAIL_CONFLICT: it is another history; FAIL_STALE: the commits
 * after this one's are no longer there: clone another member.
 */
const struct fail *cluster_join(bool *first, size_t *taken, struct store *store,
    const struct conf *conf);

/* Be one no longer: all of etcd's commits are taken before; the last one to go
 * takes what is in etcd with it. */
const struct fail *cluster_leave(bool *last, struct store *store,
    const struct conf *conf);

/* One member of the cluster. */
struct cluster_member {
	struct cluster_member *next;
	const char *name, *commit;
	const char *store;    /* where git may fetch its store, or NULL */
	int64_t number, seen; /* ms since 1970 */
};

struct cluster_state {
	const char *commit; /* the head's; NULL: there is no cluster yet */
	int64_t number,
	    first; /* of the head, and of the oldest entry (0: none) */
	struct cluster_member *members;
};
const struct fail *cluster_read(struct cluster_state *out,
    const struct conf *conf);

/* Say how far this node has come, and delete what every member has: *deleted
 * entries were.  For who has the turn. */
const struct fail *cluster_clean(int64_t *deleted, struct store *store,
    const struct conf *conf);

/* *mine: nobody else does work now, until the lease of so many seconds is given
 * back, or ends. */
const struct fail *cluster_turn(bool *mine, int64_t *lease,
    const struct conf *conf, const char *work, long seconds);

/* Take what others did, and say how far this node has come. */
const struct fail *cluster_catch_up(struct store *store,
    const struct conf *conf);

/* Does f say that what this node lacks is no longer in etcd? */
bool cluster_is_far(const struct fail *f);

/*
 * Then: it is fetched from a member that says where its store can be fetched,
 * by the program git.  Afterwards this node is to catch up.  FAIL_BUSY: nobody
 * had it.
 */
const struct fail *cluster_far(struct store *store, const struct conf *conf,
    store_tell *tell);

/* Take commits as they come, until etcd is away (FAIL_BUSY), or they cannot be
 * taken. */
const struct fail *cluster_follow(const struct conf *conf);

#endif
