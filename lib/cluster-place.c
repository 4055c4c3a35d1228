/*
 * The order of commits: what waits here is put behind the cluster's head.
 */
#include "clock.h"
#include "cluster-inside.h"
#include "store-git.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { WAIT = 5000 }; /* ms, at most, for the turn */

/* What is known of the cluster while a process writes. */
struct order {
	const struct conf *conf;
	struct cluster_turn turn;
	bool waiting;   /* for the turn: what we had proposed is void, … */
	size_t changes; /* … which are so many */
};

/* One asking: what is asked for, and what comes of it. */
struct asking {
	struct order *o;
	struct store_placed *out;
	struct journal_entry **tail; /* of out->others */
	const char *head;            /* on which this store stands */
	int64_t number;              /* of the last commit heard of */
	int64_t trip;                /* ms that the last question took */
	struct etcd_op looks[2];     /* at the log behind number, the turn */
	bool heard;                  /* commits, by the last question … */
	bool large;                  /* … whose answer had no room for them */
	bool held;                   /* by who settles, or only looks? */
};

/* The entries that etcd gave, which follow the number. */
static const struct fail *
read_others(struct asking *a, const struct etcd_pair *pairs)
{
	const struct fail *f = NULL;

	a->heard = pairs != NULL;
	for (; f == NULL && pairs != NULL; pairs = pairs->next) {
		if (cluster_log_number(a->o->conf, pairs->key) != ++a->number)
			return cluster_far_behind(a->head);
		f = journal_unpack(a->tail, pairs->value, pairs->len);
		a->tail = &(*a->tail)->next;
	}
	*a->tail = NULL;
	return f;
}

static void
look_behind(struct asking *a, int64_t limit)
{
	const char *log = cluster_key(a->o->conf, "log/");

	a->looks[0] = cluster_get(cluster_log_key(a->o->conf, a->number + 1),
	    cluster_key_end(log), limit);
	a->looks[1] =
	    cluster_get(cluster_key(a->o->conf, "turn/write"), NULL, 0);
}

/* A transaction; where it fails its results are those of a->looks, and where
 * looks is true they are the first ones where it succeeds: what they say. */
static const struct fail *
ask(bool *succeeded, struct asking *a, const struct etcd_txn *txn, bool looks)
{
	const int64_t before = clock_now();
	struct etcd_answer answer;
	const struct fail *f = cluster_ask(&answer, a->o->conf, txn);
	const char *turn;

	a->large = f != NULL && answer.large;
	if (f != NULL)
		return f;
	a->trip = clock_now() - before;
	*succeeded = answer.succeeded;
	if (answer.succeeded && !looks)
		return NULL;
	f = read_others(a, answer.pairs[0]);
	if (f != NULL)
		return f;
	a->out->more = answer.more[0];
	turn = answer.pairs[1] == NULL ? NULL : answer.pairs[1]->value;
	if (a->held)
		cluster_turn_see(&a->o->turn, a->o->conf, turn, a->heard);
	return NULL;
}

static struct etcd_compare
holds(const char *key, const char *value)
{
	return (
	    struct etcd_compare){key, value, value == NULL ? 0 : strlen(value)};
}

/* Nothing was heard of others yet. */
static const struct fail *
look_at(struct asking *a, int64_t limit)
{
	const struct etcd_compare head = holds(cluster_key(a->o->conf, "head"),
	    cluster_head_text(a->head, a->number));
	const struct etcd_txn txn = {.compares = &head,
	    .compare_count = 1,
	    .then = a->looks,
	    .then_count = 2,
	    .otherwise = a->looks,
	    .otherwise_count = 2};
	const struct fail *f;
	bool same;

	look_behind(a, limit);
	f = ask(&same, a, &txn, true);
	if (f == NULL && !same && a->out->others == NULL)
		f = cluster_far_behind(a->head);
	return f;
}

/* f came of a question whose answer may have had no room: any has for a few. */
static const struct fail *
look_at_few(struct asking *a, const struct fail *f)
{
	return f != NULL && a->large ? look_at(a, CLUSTER_FEW) : f;
}

static const struct fail *
look(struct asking *a)
{
	return look_at_few(a, look_at(a, CLUSTER_BATCH));
}

/* The turn is free: take it, and all there is, upon which this node is to
 * write then. */
static const struct fail *
take_turn(struct asking *a)
{
	const struct conf *conf = a->o->conf;
	const char *key = cluster_key(conf, "turn/write");
	const char *value =
	    cluster_turn_value(conf, a->number, a->trip, a->o->changes);
	const struct etcd_compare seen = holds(key, a->o->turn.others);
	struct etcd_op ops[3];
	const struct etcd_txn txn = {.compares = &seen,
	    .compare_count = cluster_turn_is_overdue(&a->o->turn) ? 0 : 1,
	    .then = ops,
	    .then_count = 3,
	    .otherwise = a->looks,
	    .otherwise_count = 2};
	const struct fail *f;
	bool succeeded = false;

	look_behind(a, CLUSTER_BATCH);
	ops[0] = a->looks[0];
	ops[1] = a->looks[1];
	ops[2] = cluster_put(key, value);
	/* was it taken, with too long an answer, the next look says so */
	f = look_at_few(a, ask(&succeeded, a, &txn, true));
	if (f == NULL && succeeded)
		cluster_turn_take(&a->o->turn, conf, value);
	return f;
}

static void
sleep_ms(long ms)
{
	const struct timespec t = {0, ms * 1000000};

	nanosleep(&t, NULL);
}

/* etcd has just been asked: until this node has the turn, or there are commits
 * to be taken meanwhile. */
static const struct fail *
wait_for_turn(struct asking *a)
{
	const int64_t end = clock_now() + WAIT;
	struct cluster_turn *turn = &a->o->turn;
	const struct fail *f = NULL;
	bool courteous = false;

	while (f == NULL && turn->ours == NULL && a->out->others == NULL &&
	       clock_now() < end) {
		if (!cluster_turn_is_free(turn)) {
			sleep_ms(cluster_turn_pause(turn));
			f = look(a);
		} else if (!courteous && cluster_turn_courtesy(turn) > 0) {
			courteous = true;
			sleep_ms(cluster_turn_courtesy(turn));
			f = look(a);
		} else {
			f = take_turn(a);
		}
	}
	if (f == NULL && a->o->turn.ours == NULL && a->out->others == NULL)
		f = fail_away(CLUSTER_AWAY, EAGAIN,
		    fail(FAIL_BUSY, "another node keeps the turn to write"));
	return f;
}

/* Entries, to be put behind the head. */
struct proposal {
	/* the entries, the head, how far this node is, the turn's end */
	struct etcd_op ops[CLUSTER_BATCH + 3];
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

/* Entries behind the head, once; where they are the last of this node's turn,
 * it ends with them. */
static const struct fail *
put_behind(bool *done, struct proposal *p, struct asking *a)
{
	const struct conf *conf = a->o->conf;
	const char *head = cluster_key(conf, "head");
	const char *turn = cluster_key(conf, "turn/write");
	const bool ends =
	    a->o->turn.ours != NULL && !cluster_turn_goes_on(&a->o->turn);
	const struct etcd_compare compares[] = {holds(head,
	                                            cluster_head_text(a->head,
	                                                a->number)),
	    holds(turn, a->o->turn.ours)};
	struct etcd_txn txn = {.compares = compares,
	    .compare_count = 2,
	    .then = p->ops,
	    .then_count = p->count,
	    .otherwise = a->looks,
	    .otherwise_count = 2};
	const struct fail *f;

	p->ops[txn.then_count++] = cluster_put(head,
	    cluster_head_text(p->head, a->number + (int64_t)p->entries));
	p->ops[txn.then_count++] = cluster_put(cluster_member_key(conf),
	    cluster_member_text(conf, a->head, a->number));
	if (ends)
		p->ops[txn.then_count++] = cluster_cut(turn, NULL);
	look_behind(a, CLUSTER_BATCH);
	/* only one that failed has a long answer */
	f = look_at_few(a, ask(done, a, &txn, false));
	if (f == NULL && *done && ends)
		cluster_turn_give(&a->o->turn, conf);
	return f;
}

/* What is not placed, since another has the turn, waits for it. */
static const struct fail *
order(struct asking *a, const struct journal_entry *entries)
{
	struct proposal *p = mem_alloc(sizeof(*p));
	const struct fail *f = fill(p, a->o->conf, a->number, entries);
	const char *before;
	bool done = false, again = true;

	while (f == NULL && again) {
		before = a->o->turn.ours;
		f = put_behind(&done, p, a);
		again = f == NULL && !done && a->out->others == NULL &&
		        a->o->turn.ours != NULL;
		if (again && before != NULL &&
		    strcmp(before, a->o->turn.ours) == 0)
			f = cluster_far_behind(a->head);
	}
	a->o->changes = p->entries;
	if (f == NULL && done) {
		a->out->count = p->entries;
		a->number += (int64_t)p->entries;
		a->head = p->head;
	}
	return f;
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

/* Who has lost to others is not to lose again: what he makes anew, he makes
 * while he has the turn. */
static const struct fail *
after_loss(struct asking *a)
{
	struct order *o = a->o;
	const struct fail *f = NULL;

	if (o->turn.ours == NULL && cluster_turn_is_free(&o->turn))
		f = take_turn(a);
	o->waiting = f == NULL && o->turn.ours == NULL;
	a->out->more = a->out->more || o->waiting;
	return f;
}

static const struct fail *
place(struct store_placed *out, void *arg, const char *head,
    const struct journal_entry *entries, bool held)
{
	struct order *o = arg;
	struct asking a = {.o = o, .out = out, .head = head, .held = held};
	const bool waiting = o->waiting && held;
	const struct fail *f;

	*out = (struct store_placed){0};
	a.tail = &out->others;
	f = cluster_number(&a.number, o->conf, head);
	if (held && !waiting)
		cluster_turn_recall(&o->turn, o->conf);
	o->waiting = false;
	if (f == NULL && waiting)
		f = wait_for_turn(&a);
	if (f == NULL && entries != NULL && out->others == NULL)
		f = order(&a, entries);
	else if (f == NULL && !waiting)
		f = look(&a);
	if (f == NULL && out->count == 0 && (waiting || entries != NULL))
		f = after_loss(&a);
	if (f == NULL)
		note(o->conf, out, a.head, a.number, held);
	return f;
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
