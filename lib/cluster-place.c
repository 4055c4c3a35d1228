/*
 * The order of commits: what waits here is put behind the cluster's head.
 *
 * Who loses to other nodes again and again, such as one that is farther from
 * etcd, takes the turn to write: while that is held the others' commits wait.
 */
#include "clock.h"
#include "cluster-inside.h"
#include "store-git.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define WORK "write" /* whose turn it is */

enum {
	LOSING_MS = 500,  /* until the turn is wanted */
	TURN_SECONDS = 2, /* of its lease: the shortest that etcd gives */
	TURN_PAUSE =
	    5000000,     /* ns between two tries while another node has it */
	TURN_TRIES = 600 /* 3 s: its lease has ended before */
};

/* What is known of the cluster while a process writes. */
struct order {
	const struct conf *conf;
	int64_t lost; /* since when, ms since 1970, to others; 0: not */
	bool ours;    /* this node has the turn */
};

/* The entries that etcd gave, which follow number; it becomes the last one's.
 */
static const struct fail *
read_others(struct journal_entry **others, const struct conf *conf,
    const char *head, const struct etcd_pair *pairs, int64_t *number)
{
	const struct fail *f = NULL;

	for (; f == NULL && pairs != NULL; pairs = pairs->next) {
		if (cluster_log_number(conf, pairs->key) != ++*number)
			return cluster_far_behind(head);
		f = journal_unpack(others, pairs->value, pairs->len);
		others = &(*others)->next;
	}
	*others = NULL;
	return f;
}

/* One transaction: entries are put behind head, which has number. */
struct proposal {
	struct etcd_compare compares[2]; /* the head, whose turn it is */
	/* the entries, the head, how far this node is, the turn's end */
	struct etcd_op ops[CLUSTER_BATCH + 3], looks[2];
	size_t count, entries, bytes;
	const char *head; /* the last of the entries */
};

static const struct fail *
fill(struct proposal *p, const struct conf *conf, int64_t number,
    const struct journal_entry *entries)
{
	struct mem_text t;

	for (; entries != NULL && p->entries < CLUSTER_BATCH;
	     entries = entries->next) {
		t = (struct mem_text){0};
		journal_pack(&t, entries);
		if (p->bytes + t.len > CLUSTER_BYTES)
			break;
		p->ops[p->count++] = (struct etcd_op){.verb = ETCD_PUT,
		    .key =
		        cluster_log_key(conf, number + (int64_t)++p->entries),
		    .value = t.text,
		    .len = t.len};
		p->bytes += t.len;
		p->head = entries->id;
	}
	if (entries != NULL && p->entries == 0)
		return fail(FAIL_LARGE,
		    "more than a cluster's commit can hold"
		    " (%d bytes)",
		    CLUSTER_BYTES);
	return NULL;
}

static struct etcd_compare
holds(const char *key, const char *value)
{
	return (
	    struct etcd_compare){key, value, value == NULL ? 0 : strlen(value)};
}

static const struct fail *
propose(struct proposal *p, const struct conf *conf, const char *head,
    int64_t number, const struct journal_entry *entries)
{
	const char *key = cluster_key(conf, "head");
	const char *log = cluster_key(conf, "log/");
	const char *turn = cluster_key(conf, "turn/" WORK);
	const struct fail *f = fill(p, conf, number, entries);

	if (f != NULL)
		return f;
	p->compares[0] = holds(key, cluster_head_text(head, number));
	p->compares[1] = holds(turn, NULL);
	p->looks[0] = cluster_get(cluster_log_key(conf, number + 1),
	    cluster_key_end(log), CLUSTER_BATCH);
	p->looks[1] = cluster_get(turn, NULL, 0);
	if (p->entries == 0)
		return NULL;
	p->ops[p->count++] = cluster_put(key,
	    cluster_head_text(p->head, number + (int64_t)p->entries));
	p->ops[p->count++] = cluster_put(cluster_member_key(conf),
	    cluster_member_text(conf, head, number));
	p->ops[p->count] = cluster_cut(turn, NULL);
	return NULL;
}

/* Once; who only looks needs no turn. */
static const struct fail *
try(struct etcd_answer *answer, const struct order *o, struct proposal *p)
{
	const struct etcd_txn txn = {.compares = p->compares,
	    .compare_count = p->entries > 0 ? 2 : 1,
	    .then = p->ops,
	    .then_count = p->count + (p->entries > 0 && o->ours ? 1 : 0),
	    .otherwise = p->looks,
	    .otherwise_count = 2};

	p->compares[1] =
	    holds(p->compares[1].key, o->ours ? o->conf->cluster_name : NULL);
	return cluster_ask(answer, o->conf, &txn);
}

/* The answer, since others were first, or another node has the turn: *again.
 * number becomes that of the last of others. */
static const struct fail *
lost(struct store_placed *out, bool *again, struct order *o, const char *head,
    int64_t *number, const struct etcd_answer *answer)
{
	static const struct timespec pause = {0, TURN_PAUSE};
	const struct etcd_pair *turn = answer->pairs[1];
	const struct fail *f;
	bool had = o->ours;
	int64_t lease;

	f = read_others(&out->others, o->conf, head, answer->pairs[0], number);
	if (f != NULL)
		return f;
	out->more = answer->more[0];
	o->ours =
	    turn != NULL && strcmp(turn->value, o->conf->cluster_name) == 0;
	*again = out->others == NULL;
	if (!*again) {
		if (o->lost == 0)
			o->lost = clock_now();
		/* without the turn, one tries on */
		if (clock_now() - o->lost >= LOSING_MS && turn == NULL)
			(void)cluster_turn(&o->ours, &lease, o->conf, WORK,
			    TURN_SECONDS);
	} else if (turn != NULL && !o->ours) {
		nanosleep(&pause, NULL);
	} else if (had == o->ours) {
		return cluster_far_behind(head);
	}
	return NULL;
}

/* The last one that came of it, and its number: the note spares a look, no
 * more; without it, it is found again. */
static void
note(const struct conf *conf, const struct store_placed *out, const char *head,
    int64_t number, bool held)
{
	const struct journal_entry *e;

	for (e = out->others; e != NULL; e = e->next)
		head = e->id;
	if (held)
		(void)cluster_note_write(conf, head, number);
	else if (out->others == NULL)
		cluster_heard(conf);
}

static const struct fail *
place(struct store_placed *out, void *arg, const char *head,
    const struct journal_entry *entries, bool held)
{
	struct order *o = arg;
	struct proposal *p = mem_alloc(sizeof(*p));
	struct etcd_answer answer;
	const struct fail *f;
	bool again = true;
	int64_t number;
	int tries;

	*out = (struct store_placed){0};
	f = cluster_number(&number, o->conf, head);
	if (f == NULL)
		f = propose(p, o->conf, head, number, entries);
	for (tries = 0; f == NULL && again && tries < TURN_TRIES; tries++) {
		f = try(&answer, o, p);
		if (f == NULL && answer.succeeded)
			break;
		if (f == NULL)
			f = lost(out, &again, o, head, &number, &answer);
	}
	if (f == NULL && again && tries == TURN_TRIES)
		f = fail_away(CLUSTER_AWAY, EAGAIN,
		    fail(FAIL_BUSY, "another node keeps the turn to write"));
	if (f != NULL)
		return f;
	if (out->others == NULL && p->entries > 0) {
		out->count = p->entries;
		number += (int64_t)p->entries;
		head = p->head;
		o->lost = 0;
		o->ours = false;
	}
	note(o->conf, out, head, number, held);
	return NULL;
}

void
cluster_use(struct store *store, const struct conf *conf)
{
	struct order *o;

	if (conf->cluster == NULL)
		return;
	o = mem_alloc(sizeof(*o));
	o->conf = conf;
	store_use_order(store, place, o);
}
