#ifndef SUTLER_CLUSTER_INSIDE_H
#define SUTLER_CLUSTER_INSIDE_H

#include "cluster.h"
#include "conf.h"
#include "fail.h"
#include "mem.h"
#include "journal.h"

/* Shared by cluster*.c. */

/* A key below the prefix; the one that stands behind all that begin with it. */
const char *cluster_key(const struct conf *conf, const char *name);
const char *cluster_key_end(const char *key);

/* Operations of a transaction: key shall hold text; what is in [key, end), end
 * NULL for key alone; the same, gone. */
struct etcd_op cluster_put(const char *key, const char *text);
struct etcd_op cluster_get(const char *key, const char *end, int64_t limit);
struct etcd_op cluster_cut(const char *key, const char *end);

/* log/<number>, and this node's member/<name>. */
const char *cluster_log_key(const struct conf *conf, int64_t number);
const char *cluster_member_key(const struct conf *conf);

/* The number of a log's key; -1: it is none. */
int64_t cluster_log_number(const struct conf *conf, const char *key);

/* "<commit> <number>", as the head and DATA/state/cluster have it.  False: it
 * is none such. */
bool cluster_parse_head(const char **commit, int64_t *number, const char *text);
const char *cluster_head_text(const char *commit, int64_t number);

/* DATA/state/cluster, whose time is when etcd was last heard of. */
const char *cluster_note_file(const struct conf *conf);

/* The last commit whose number is known here; *commit NULL: no member.  Who is
 * none does not become one by writing. */
const struct fail *cluster_note_read(const char **commit, int64_t *number,
    const struct conf *conf);
const struct fail *cluster_note_begin(const struct conf *conf,
    const char *commit, int64_t number);
const struct fail *cluster_note_write(const struct conf *conf,
    const char *commit, int64_t number);

/* etcd has just answered: this node has all there was. */
void cluster_heard(const struct conf *conf);

/* What member/<name> holds of this node. */
const char *cluster_member_text(const struct conf *conf, const char *commit,
    int64_t number);

/*
 * *number = that of commit, by the head and the log from that number on; -1: it
 * is in none.
 * *head may be NULL: there is no cluster.
 */
const struct fail *cluster_find(int64_t *number, const char **head,
    const struct conf *conf, const char *commit, int64_t from);

/* etcd_txn(), but etcd is left alone for a moment where it did not answer. */
const struct fail *cluster_ask(struct etcd_answer *out, const struct conf *conf,
    const struct etcd_txn *txn);

/* The number of head, on which this store stands; FAIL_BUSY where this node is
 * no member, or cluster_far_behind(). */
const struct fail *cluster_number(int64_t *number, const struct conf *conf,
    const char *head);
const struct fail *cluster_far_behind(const char *head);

/*
 * The turn to write: nodes that have come in each other's way stand in a queue,
 * turn/write/<node>, the oldest first.
 */
struct cluster_turn {
	bool queued; /* this node stands in it … */
	const char *first,
	    *value;    /* … and who does first, before it; NULL: nobody */
	int64_t since; /* nothing has moved (ms since 1970) */
	int64_t work;  /* ms that it takes this node to take what others did */
};

/* What this node's writers know of themselves, in DATA/state/turn: does it
 * stand in the queue, and its work. */
void cluster_turn_recall(struct cluster_turn *t, const struct conf *conf);
void cluster_turn_note(const struct cluster_turn *t, const struct conf *conf);

/* To stand in it: trip is the ms that a question to etcd takes this node, which
 * has so many changes to build anew. */
const char *cluster_turn_key(const struct conf *conf);
const char *cluster_turn_value(const struct cluster_turn *t, int64_t trip,
    size_t changes);

/* No other node stands in it. */
enum { CLUSTER_TURN_NONE = 2 };
void cluster_turn_none(struct etcd_compare out[CLUSTER_TURN_NONE],
    const struct conf *conf);

/* How the queue stands in etcd; comes: and this node comes to stand at its end;
 * moved: there were commits since it was seen last. */
void cluster_turn_see(struct cluster_turn *t, const struct conf *conf,
    const struct etcd_pair *queue, bool comes, bool moved);

/* Nothing has come of who is first, for longer than he may need. */
bool cluster_turn_is_over(const struct cluster_turn *t);

/* Say in etcd how far this node has come, where what is known is what store has
 * applied. */
const struct fail *cluster_report(const struct store *store,
    const struct conf *conf);

#endif
