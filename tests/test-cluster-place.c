/*
 * Two nodes of a cluster, whose etcd is a list in this process's memory: who
 * comes first, who has the turn to write, and what is behind it.
 */
#include "clock.h"
#include "cluster.h"
#include "cluster-inside.h"
#include "conf.h"
#include "fail.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "store-apply.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 3 * CLUSTER_BATCH }; /* more than one question brings */

/* The place of lib/etcd.c. */
static struct etcd_pair *keys; /* in order */
static int64_t revision = 1;
static int asked;                      /* questions */
static void (*meanwhile)(void) = NULL; /* done once, before a question */

static bool slow; /* is what a commit shows */

static const char *dir;
static struct conf confs[2];
static const struct store_message message = {"ana", "ana@example.org",
    "test: a change\n\nApp: 0123456789abcdef01234567 test\n"};

static const struct etcd_pair *
find(const char *key)
{
	const struct etcd_pair *p = keys;

	while (p != NULL && strcmp(p->key, key) != 0)
		p = p->next;
	return p;
}

static bool
within(const char *from, const char *end, const char *key)
{
	return end == NULL ? strcmp(key, from) == 0
	                   : strcmp(key, from) >= 0 && strcmp(key, end) < 0;
}

static bool
holds(const struct etcd_compare *c)
{
	const struct etcd_pair *p = keys;

	if (c->value != NULL) {
		p = find(c->key);
		return p != NULL && strcmp(p->value, c->value) == 0;
	}
	while (p != NULL && !within(c->key, c->end, p->key))
		p = p->next;
	return p == NULL;
}

static bool
hold(const struct etcd_txn *txn)
{
	size_t i = 0;

	while (i < txn->compare_count && holds(&txn->compares[i]))
		i++;
	return i == txn->compare_count;
}

static void
put(const struct etcd_op *op)
{
	struct etcd_pair **p = &keys, *fresh = mem_alloc(sizeof(*fresh));

	while (*p != NULL && strcmp((*p)->key, op->key) < 0)
		p = &(*p)->next;
	*fresh = (struct etcd_pair){.next = *p,
	    .key = mem_copy(op->key),
	    .value = mem_dup(op->value, op->len),
	    .len = op->len,
	    .revision = revision};
	if (*p != NULL && strcmp((*p)->key, op->key) == 0)
		fresh->next = (*p)->next;
	*p = fresh;
}

static int64_t
cut(const struct etcd_op *op)
{
	struct etcd_pair **p = &keys;
	int64_t count = 0;

	while (*p != NULL) {
		if (within(op->key, op->end, (*p)->key)) {
			*p = (*p)->next;
			count++;
		} else {
			p = &(*p)->next;
		}
	}
	return count;
}

static struct etcd_pair *
range(bool *more, const struct etcd_op *op)
{
	struct etcd_pair *first = NULL, **tail = &first;
	const struct etcd_pair *p;
	int64_t count = 0;

	*more = false;
	for (p = keys; p != NULL; p = p->next) {
		if (!within(op->key, op->end, p->key))
			continue;
		*more = op->limit > 0 && count == op->limit;
		if (*more)
			break;
		*tail = mem_alloc(sizeof(**tail));
		**tail = *p;
		(*tail)->next = NULL;
		tail = &(*tail)->next;
		count++;
	}
	return first;
}

/* Another node than ours comes to wait for its turn. */
static void
queue(const char *name, const char *value)
{
	put(&(const struct etcd_op){.verb = ETCD_PUT,
	    .key = mem_printf("/t/turn/write/%s", name),
	    .value = value,
	    .len = strlen(value)});
	revision++;
}

static bool
is_queued(const char *name)
{
	return find(mem_printf("/t/turn/write/%s", name)) != NULL;
}

const struct fail *
etcd_txn(struct etcd_answer *out, const struct conf *conf,
    const struct etcd_txn *txn)
{
	void (*hook)(void) = meanwhile;
	const struct etcd_op *op;
	size_t i, count;

	(void)conf;
	asked++;
	meanwhile = NULL;
	if (hook != NULL)
		hook();
	*out = (struct etcd_answer){.succeeded = hold(txn)};
	count = out->succeeded ? txn->then_count : txn->otherwise_count;
	out->pairs = mem_alloc((count + 1) * sizeof(*out->pairs));
	out->more = mem_alloc((count + 1) * sizeof(*out->more));
	out->deleted = mem_alloc((count + 1) * sizeof(*out->deleted));
	for (i = 0; i < count; i++) {
		op = &(out->succeeded ? txn->then : txn->otherwise)[i];
		if (op->verb == ETCD_RANGE)
			out->pairs[i] = range(&out->more[i], op);
		else if (op->verb == ETCD_DELETE)
			out->deleted[i] = cut(op);
		else
			put(op);
	}
	out->revision = ++revision;
	return NULL;
}

/* The place of lib/etcd-admin.c. */
const struct fail *
etcd_grant(int64_t *lease, const struct conf *conf, long seconds)
{
	(void)conf;
	(void)seconds;
	*lease = 1;
	return NULL;
}

const struct fail *
etcd_keep(const struct conf *conf, int64_t lease)
{
	(void)conf;
	(void)lease;
	return NULL;
}

/* There is no other lease. */
const struct fail *
etcd_revoke(const struct conf *conf, int64_t lease)
{
	(void)conf;
	(void)lease;
	(void)cut(&(const struct etcd_op){.key = "/t/turn/members"});
	return NULL;
}

const struct fail *
etcd_compact(const struct conf *conf, int64_t at)
{
	(void)conf;
	(void)at;
	return NULL;
}

const struct fail *
etcd_defragment(const struct conf *conf, const char *endpoint)
{
	(void)conf;
	(void)endpoint;
	return NULL;
}

const struct fail *
etcd_status(struct etcd_member **out, const struct conf *conf)
{
	(void)conf;
	*out = NULL;
	return NULL;
}

static const struct fail *
rows(struct index_rows *out, const char *path, const cJSON *record)
{
	(void)path;
	if (slow)
		usleep(2000);
	if (json_text(record, "name") == NULL)
		return fail(FAIL_BUSY, "no name");
	index_list(out, "all", json_text(record, "name"));
	return NULL;
}

static struct store *
open_node(int node)
{
	struct store *s;
	const struct fail *f = store_open(&s, &confs[node], rows);

	if (f != NULL) {
		printf("Bail out! %s\n", f->text);
		exit(1);
	}
	cluster_use(s, &confs[node]);
	return s;
}

/* Each change is made by a store that is opened anew, as by a request. */
static const char *
set(int node, const char *name, const char *value)
{
	struct store *s = open_node(node);
	cJSON *o = cJSON_CreateObject();
	struct store_record *r;
	const struct fail *f = store_lock(s);

	json_add_text(o, "name", name);
	json_add_text(o, "value", value);
	if (f == NULL)
		f = store_read(&r, s, store_path("apps", name));
	if (f == NULL)
		store_put(s, store_path("apps", name), o);
	if (f == NULL)
		f = store_commit(NULL, s, &message);
	return f == NULL ? "done" : f->text;
}

static const char *
value_of(int node, const char *name)
{
	struct store_record *r = NULL;
	const struct fail *f =
	    store_read(&r, open_node(node), store_path("apps", name));

	return f != NULL   ? f->text
	       : r == NULL ? NULL
	                   : json_text(r->json, "value");
}

/* Proposed by a process that ends before it asks. */
static void
only_propose(int node, const char *name)
{
	const pid_t child = fork();
	struct store *s;
	cJSON *o;
	const struct journal_entry *made;

	if (child == 0) {
		s = open_node(node);
		o = cJSON_CreateObject();
		json_add_text(o, "name", name);
		if (store_lock(s) == NULL) {
			store_put(s, store_path("apps", name), o);
			(void)store_promise(&made, s, &message);
		}
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
}

static bool
catch_up(int node)
{
	size_t taken;
	const struct fail *f = store_catch_up(&taken, open_node(node));

	if (f != NULL)
		printf("# %s\n", f->text);
	return f == NULL;
}

static const char *
head_of(int node)
{
	return open_node(node)->journal->head;
}

static const char *
cluster_head(void)
{
	return mem_dup(find("/t/head")->value, JOURNAL_ID);
}

static void
test_joining(void)
{
	bool first = false;
	size_t taken;

	ok(cluster_join(&first, &taken, open_node(0), &confs[0]) == NULL &&
	        first,
	    "the first node joins");
	ok(cluster_join(&first, &taken, open_node(1), &confs[1]) == NULL &&
	        !first,
	    "and the second");
	asked = 0;
	is(set(0, "one", "1"), "done", "one writes");
	ok(asked == 1, "and asks once");
	is(value_of(1, "one"), NULL, "the other has it not yet");
	ok(catch_up(1), "it looks");
	is(value_of(1, "one"), "1", "and has it");
	asked = 0;
	ok(catch_up(1) && asked == 1, "where nothing is new, one look is all");
}

static void
write_first(void)
{
	(void)set(0, "two", "first");
}

/* Another node has what ours is to wait for placed, and is away. */
static void
leave_queue(void)
{
	(void)cut(&(const struct etcd_op){.key = "/t/turn/write/three"});
}

static void
write_while_first(void)
{
	meanwhile = leave_queue;
	(void)set(0, "two", "in the queue");
}

static void
test_losing(void)
{
	int before;

	meanwhile = write_first;
	before = asked;
	is(set(1, "three", "3"), "done", "who is second is done, too");
	ok(asked == before + 3, "by a second question, of two nodes'");
	ok(!is_queued("two"), "and stands in the queue no more");
	is(value_of(1, "two"), "first", "with what was first");
	asked = 0;
	is(set(1, "three", "33"), "done", "the next time");
	ok(asked == 1, "it need not ask twice");
	is(set(0, "two", "later"), "done", "nor does the other wait");
	ok(!is_queued("one"), "with what it lacked");
	is(value_of(0, "three"), "33", "which it has now");
	/* what is proposed keeps its id where it need not be built anew */
	ok(catch_up(1), "and both");
	is(head_of(0), head_of(1), "have the same history");
}

static void
test_queue(void)
{
	const int64_t before = clock_now();

	queue("three", "3000 1");
	meanwhile = write_while_first;
	is(set(1, "three", "333"), "done", "who comes after another waits");
	ok(clock_now() - before < 3000, "until his turn has come");
	is(value_of(1, "two"), "in the queue", "which he comes behind");
	ok(!is_queued("one") && !is_queued("two") && !is_queued("three"),
	    "nobody waits any more");
	/* a writer of this node died while it stood in the queue */
	queue("two", "3000 1");
	asked = 0;
	is(set(1, "three", "3333"), "done", "who waits for himself alone");
	ok(asked == 1, "does not wait");
	ok(!is_queued("two"), "and is waited for by nobody");
	queue("two", "3000 2");
	queue("dead", "60 1");
	is(set(1, "three", "33333"), "done",
	    "where such a one stands before another");
	ok(!is_queued("two") && !is_queued("dead"), "he comes behind that");
}

/* Who is first is dead. */
static void
test_patience(void)
{
	const int64_t before = clock_now();

	queue("dead", "60 1");
	is(set(0, "four", "4"), "done", "where who is first is dead");
	ok(clock_now() - before >= 60, "another waits for a moment");
	ok(!is_queued("dead"), "and takes him out");
	ok(!is_queued("one"), "and is done");
}

static void
write_many(void)
{
	int i;

	for (i = 0; i < MANY; i++)
		(void)set(0, "five", mem_printf("%d", i));
}

/* A read on a node with a proposal that is void, far behind. */
static void
test_behind(void)
{
	ok(catch_up(1), "a node that has all");
	write_many();
	only_propose(1, "six");
	/* who is first, and dead, is waited for for less than what is taken
	 * meanwhile takes */
	queue("three", "50 1");
	slow = true;
	ok(catch_up(1), "and then is far behind, looks");
	slow = false;
	is(head_of(1), cluster_head(), "and has all");
	is(value_of(1, "five"), mem_printf("%d", MANY - 1), "in its files");
	ok(is_queued("three") && !is_queued("two"), "it waits for nobody");
	meanwhile = write_many;
	is(set(1, "seven", "7"), "done", "a write that is overtaken by many");
	ok(value_of(1, "six") == NULL && !is_queued("three"),
	    "comes with what waited there");
	is(value_of(1, "five"), mem_printf("%d", MANY - 1), "has all of them");
}

static void
test_leaving(void)
{
	const struct etcd_op member = {.key = "/t/member/two"};
	bool last = true, first;
	size_t taken;

	ok(catch_up(1) && cluster_report(open_node(1), &confs[1]) == NULL &&
	        find(member.key) != NULL,
	    "a member says how far it is");
	/* as one whose report was under way */
	(void)cut(&member);
	ok(cluster_report(open_node(1), &confs[1]) == NULL &&
	        find(member.key) == NULL,
	    "who is none any more is not put back by that");
	put(&(const struct etcd_op){.key = "/t/turn/members",
	    .value = "three",
	    .len = 5});
	ok(cluster_leave(&last, open_node(1), &confs[1]) != NULL,
	    "while another joins, it cannot leave");
	(void)etcd_revoke(&confs[1], 1);
	ok(cluster_leave(&last, open_node(1), &confs[1]) == NULL && !last,
	    "it leaves");
	ok(strcmp(set(1, "away", "1"), "done") != 0, "and does not write");
	is(set(0, "there", "1"), "done", "the other does");
	ok(cluster_join(&first, &taken, open_node(1), &confs[1]) == NULL &&
	        !first,
	    "it joins again");
	is(value_of(1, "there"), "1", "and has all");
}

/* What it lacks has been deleted. */
static void
test_far(void)
{
	size_t taken;
	const struct fail *f;

	ok(catch_up(1), "a node that has all there is");
	write_first();
	(void)cut(&(const struct etcd_op){.key = "/t/log/", .end = "/t/log0"});
	f = store_catch_up(&taken, open_node(1));
	ok(cluster_is_far(f), "and lacks what is gone, is told so");
	ok(strcmp(set(1, "eight", "8"), "done") != 0 &&
	        strcmp(head_of(1), cluster_head()) != 0,
	    "nor does it write");
}

int
main(void)
{
	static const char *const names[] = {"one", "two"};
	char template[] = "/tmp/sutler-test-XXXXXX";
	const char *both;
	int i;

	dir = mkdtemp(template);
	for (i = 0; dir != NULL && i < 2; i++)
		confs[i] =
		    (struct conf){.data = mem_printf("%s/%s", dir, names[i]),
		        .cluster = "in memory",
		        .cluster_prefix = "/t/",
		        .cluster_name = names[i]};
	both = dir == NULL
	           ? NULL
	           : mem_printf("cp -a %s %s", confs[0].data, confs[1].data);
	if (dir == NULL || store_init(confs[0].data) != NULL ||
	    system(both) != 0) {
		printf("Bail out! no stores\n");
		return 1;
	}
	test_joining();
	test_losing();
	test_queue();
	test_patience();
	test_behind();
	test_leaving();
	test_far();
	ok(file_remove_all(dir) == NULL, "the directory is removed");
	return done();
}
