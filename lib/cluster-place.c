/*
 * The order of commits: what waits here is put behind the cluster's head.
 */
#include "clock.h"
#include "cluster-inside.h"
#include "store-git.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* ms */
enum {
	WAIT = 1000, /* for the turn, at a time */
	LOOK = 5     /* between two looks at the queue */
};

/* What is known of the cluster while a process writes. */
struct order {
	const struct conf *conf;
	struct cluster_turn turn;
	bool noted;     /* that the node stands in the queue … */
	bool seen;      /* … which this process has looked at since */
	bool waits;     /* what it proposes, for the node's turn */
	bool brought;   /* commits, by the last answer, … */
	int64_t answer; /* … which came then (ms since 1970), … */
	int64_t trip;   /* … and took so many ms */
};

/* One asking: what is asked for, and what comes of it. */
struct asking {
	struct order *o;
	struct store_placed *out;
	struct journal_entry **tail; /* of out->others */
	const char *head;            /* on which this store stands */
	int64_t number;              /* of the last commit heard of */
	struct etcd_op looks[2]; /* at the log behind number, at the queue */
	bool comes;              /* to stand in the queue, where it fails */
	bool heard;              /* commits, by the last question … */
	bool large;              /* … whose answer had no room for them */
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
	const char *queue = cluster_key(a->o->conf, "turn/write/");

	a->looks[0] = cluster_get(cluster_log_key(a->o->conf, a->number + 1),
	    cluster_key_end(log), limit);
	a->looks[1] = cluster_get(queue, cluster_key_end(queue), 0);
}

/* A transaction; where it fails its first results are those of a->looks, and
 * where looks is true they are where it succeeds, too: what they say. */
static const struct fail *
ask(bool *succeeded, struct asking *a, const struct etcd_txn *txn, bool looks)
{
	const int64_t before = clock_now();
	struct etcd_answer answer;
	const struct fail *f;

	f = cluster_ask(&answer, a->o->conf, txn);
	a->large = f != NULL && answer.large;
	if (f != NULL)
		return f;
	a->o->answer = clock_now();
	a->o->trip = a->o->answer - before;
	*succeeded = answer.succeeded;
	if (answer.succeeded && !looks)
		return NULL;
	f = read_others(a, answer.pairs[0]);
	if (f != NULL)
		return f;
	cluster_turn_see(&a->o->turn, a->o->conf, answer.pairs[1], a->comes,
	    a->heard);
	a->o->seen = true;
	a->out->more = answer.more[0];
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

	a->comes = false;
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

/* Who is first has had his time: he is taken out of the queue. */
static const struct fail *
take_out(struct asking *a)
{
	const struct cluster_turn *turn = &a->o->turn;
	const struct etcd_compare seen = holds(turn->first, turn->value);
	const struct etcd_op cut = cluster_cut(turn->first, NULL);
	const struct etcd_txn txn = {.compares = &seen,
	    .compare_count = 1,
	    .then = &cut,
	    .then_count = 1};
	struct etcd_answer answer;

	return cluster_ask(&answer, a->o->conf, &txn);
}

static void
pause_between(int64_t last)
{
	const int64_t ms = last + LOOK - clock_now();
	const struct timespec t = {0, (long)ms * 1000000};

	if (ms > 0 && ms <= LOOK)
		nanosleep(&t, NULL);
}

/* Until this node's turn has come, or there are commits to be taken
 * meanwhile. */
static const struct fail *
wait_for_turn(struct asking *a)
{
	const int64_t end = clock_now() + WAIT;
	const struct cluster_turn *turn = &a->o->turn;
	const struct fail *f;

	do {
		pause_between(a->o->answer);
		f = look(a);
		if (f != NULL || a->out->others != NULL ||
		    turn->first == NULL || !turn->queued)
			return f;
		if (cluster_turn_is_over(turn))
			f = take_out(a);
	} while (f == NULL && clock_now() < end);
	return f;
}

/* Entries, to be put behind the head. */
struct proposal {
	/* the entries, the head, how far this node is, the queue */
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

/* Entries behind the head, once, where no other node waits longer; or this one
 * is in the queue. */
static const struct fail *
put_behind(bool *done, struct proposal *p, struct asking *a)
{
	const struct conf *conf = a->o->conf;
	const char *head = cluster_key(conf, "head");
	const char *turn = cluster_turn_key(conf);
	struct etcd_compare compares[1 + CLUSTER_TURN_NONE] = {
	    holds(head, cluster_head_text(a->head, a->number))};
	struct etcd_op otherwise[3];
	struct etcd_txn txn = {.compares = compares,
	    .compare_count = a->comes ? 1 + CLUSTER_TURN_NONE : 1,
	    .then = p->ops,
	    .then_count = p->count,
	    .otherwise = otherwise,
	    .otherwise_count = a->comes ? 3 : 2};
	const struct fail *f;

	cluster_turn_none(compares + 1, conf);
	p->ops[txn.then_count++] = cluster_put(head,
	    cluster_head_text(p->head, a->number + (int64_t)p->entries));
	p->ops[txn.then_count++] = cluster_put(cluster_member_key(conf),
	    cluster_member_text(conf, a->head, a->number));
	p->ops[txn.then_count++] = cluster_cut(turn, NULL);
	look_behind(a, CLUSTER_BATCH);
	otherwise[0] = a->looks[0];
	otherwise[1] = a->looks[1];
	otherwise[2] = cluster_put(turn,
	    cluster_turn_value(&a->o->turn, a->o->trip, p->entries));
	/* only one that failed has a long answer */
	f = look_at_few(a, ask(done, a, &txn, false));
	return f;
}

static const struct fail *
order(struct asking *a, const struct journal_entry *entries)
{
	struct proposal *p = mem_alloc(sizeof(*p));
	const struct fail *f = fill(p, a->o->conf, a->number, entries);
	bool done = false;

	a->comes = !a->o->turn.queued;
	if (f == NULL)
		f = put_behind(&done, p, a);
	if (f == NULL && done) {
		a->out->count = p->entries;
		a->number += (int64_t)p->entries;
		a->head = p->head;
	} else if (f == NULL && a->out->others == NULL &&
	           a->o->turn.first == NULL) {
		f = cluster_far_behind(a->head);
	}
	if (done)
		a->o->turn = (struct cluster_turn){.work = a->o->turn.work};
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

/* Each settling begins with what the node's last writer left, and what took it
 * since the last answer it took to take what that brought. */
static void
recall(struct order *o, bool begins)
{
	if (begins) {
		cluster_turn_recall(&o->turn, o->conf);
		o->noted = o->turn.queued;
		o->seen = o->waits = false;
	} else if (o->brought) {
		o->turn.work = clock_now() - o->answer;
		if (o->turn.work < 0)
			o->turn.work = 0;
	}
	o->brought = false;
}

static void
remember(struct order *o, const struct store_placed *out)
{
	if (o->turn.queued != o->noted)
		cluster_turn_note(&o->turn, o->conf);
	o->noted = o->turn.queued;
	o->brought = out->others != NULL;
}

static const struct fail *
place_held(struct asking *a, const struct journal_entry *entries)
{
	struct order *o = a->o;
	const struct cluster_turn *turn = &o->turn;
	const bool wants = entries != NULL || o->waits;
	const struct fail *f;

	if (wants && turn->queued && o->seen && turn->first != NULL)
		f = wait_for_turn(a);
	else if (entries == NULL || (turn->queued && !o->seen))
		f = look(a);
	else
		f = order(a, entries);
	/* who waits makes nothing anew before his turn has come */
	o->waits = f == NULL && wants && turn->queued && turn->first != NULL;
	a->out->more = a->out->more || o->waits;
	return f;
}

static const struct fail *
place(struct store_placed *out, void *arg, const char *head,
    const struct journal_entry *entries, bool held)
{
	struct order *o = arg;
	struct asking a = {.o = o, .out = out, .head = head};
	const bool begins = out->begins;
	const struct fail *f;

	*out = (struct store_placed){0};
	a.tail = &out->others;
	f = cluster_number(&a.number, o->conf, head);
	if (f == NULL && held) {
		recall(o, begins);
		f = place_held(&a, entries);
		remember(o, out);
	} else if (f == NULL) {
		f = look(&a);
	}
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
