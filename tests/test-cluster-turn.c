/*
 * The turn to write: who comes first, and for how long he is waited for.
 */
#include "cluster-inside.h"
#include "conf.h"
#include "etcd.h"
#include "file.h"
#include "mem.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct conf conf = {.cluster_name = "node-1", .cluster_prefix = "/t/"};

/* The queue as etcd shows it, by name; a revision of 0: that node is not in it.
 */
static const struct etcd_pair *
queue(int64_t one, int64_t ten, int64_t two, const char *value)
{
	static const char *const names[] = {"node-1", "node-10", "node-2"};
	const int64_t revisions[] = {one, ten, two};
	struct etcd_pair *first = NULL, **tail = &first;
	size_t i;

	for (i = 0; i < 3; i++)
		if (revisions[i] > 0) {
			*tail = mem_alloc(sizeof(**tail));
			**tail = (struct etcd_pair){
			    .key = mem_printf("/t/turn/write/%s", names[i]),
			    .value = value,
			    .revision = revisions[i]};
			tail = &(*tail)->next;
		}
	return first;
}

static void
test_order(void)
{
	struct cluster_turn t = {0};

	is(cluster_turn_key(&conf), "/t/turn/write/node-1",
	    "where this node stands");
	cluster_turn_see(&t, &conf, NULL, false, false);
	ok(!t.queued && t.first == NULL, "an empty queue");
	cluster_turn_see(&t, &conf, queue(0, 7, 5, "50 1"), false, false);
	ok(!t.queued && t.first != NULL, "others stand in it");
	is(t.first, "/t/turn/write/node-2", "the oldest is first");
	cluster_turn_see(&t, &conf, queue(6, 7, 5, "50 1"), false, false);
	ok(t.queued && t.first != NULL, "so does this one");
	is(t.first, "/t/turn/write/node-2", "behind the oldest");
	cluster_turn_see(&t, &conf, queue(6, 7, 0, "50 1"), false, false);
	ok(t.queued && t.first == NULL,
	    "who came later is not waited for, whose name begins like ours");
	cluster_turn_see(&t, &conf, queue(0, 7, 0, "50 1"), false, false);
	ok(!t.queued && t.first != NULL, "it has been taken out");
	cluster_turn_see(&t, &conf, queue(6, 7, 0, "50 1"), true, false);
	ok(t.queued && t.first != NULL, "and comes again, behind all");
}

static void
test_none(void)
{
	struct etcd_compare c[CLUSTER_TURN_NONE];
	const char *const names[] = {"/t/turn/write/a", "/t/turn/write/node-0",
	    "/t/turn/write/node-1", "/t/turn/write/node-10",
	    "/t/turn/write/node-1x", "/t/turn/write/node-2", "/t/turn/x"};
	const bool others[] = {true, true, false, true, true, true, false};
	bool good = true, within;
	size_t i, j;

	cluster_turn_none(c, &conf);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		within = false;
		for (j = 0; j < CLUSTER_TURN_NONE; j++)
			within = within || (strcmp(names[i], c[j].key) >= 0 &&
			                       strcmp(names[i], c[j].end) < 0);
		good = good && within == others[i];
	}
	ok(good && c[0].value == NULL && c[1].value == NULL,
	    "no other node stands in it, whatever its name");
}

static void
test_patience(void)
{
	struct cluster_turn t = {0};
	int64_t seen;

	cluster_turn_see(&t, &conf, queue(6, 0, 5, "62 1"), false, true);
	ok(!cluster_turn_is_over(&t), "another is first");
	t.since -= 40;
	seen = t.since;
	cluster_turn_see(&t, &conf, queue(6, 0, 5, "62 1"), false, false);
	ok(t.since == seen && !cluster_turn_is_over(&t),
	    "nothing moved, for a moment");
	t.since -= 40;
	ok(cluster_turn_is_over(&t), "for longer than it says that it needs");
	cluster_turn_see(&t, &conf, queue(6, 0, 5, "62 1"), false, true);
	ok(!cluster_turn_is_over(&t), "it moves again");
	t.since -= 80;
	cluster_turn_see(&t, &conf, queue(6, 5, 0, "62 2"), false, false);
	ok(!cluster_turn_is_over(&t), "another has come to be first");
	cluster_turn_see(&t, &conf, queue(6, 0, 5, "2000 3"), false, false);
	t.since -= 1500;
	ok(!cluster_turn_is_over(&t), "who is far from etcd needs longer");
	cluster_turn_see(&t, &conf, queue(6, 0, 5, "99999999 4"), false, false);
	t.since -= 3100;
	ok(cluster_turn_is_over(&t), "but nobody for ever");
	cluster_turn_see(&t, &conf, queue(6, 0, 5, ""), false, false);
	ok(!cluster_turn_is_over(&t), "a value that says nothing of it");
	t.since -= 3100;
	ok(cluster_turn_is_over(&t), "is no longer than that");
	t.since += 60000;
	ok(cluster_turn_is_over(&t), "nor does a clock that went back help");
}

static const char *
patience_of(int64_t work, int64_t trip, size_t changes)
{
	const struct cluster_turn t = {.work = work};
	const char *value = cluster_turn_value(&t, trip, changes);

	return mem_dup(value, strcspn(value, " "));
}

static void
test_values(void)
{
	const struct cluster_turn none = {0};

	is(patience_of(0, 0, 0), "50", "who is near etcd is not waited for");
	is(patience_of(0, 0, 16), "370", "who has much to build is given time");
	is(patience_of(0, 100, 0), "450", "who is far from it is");
	is(patience_of(0, 5000, 0), "3000", "up to a limit");
	is(patience_of(150, 0, 0), "500", "and who has a slow disk");
	ok(strchr(cluster_turn_value(&none, 0, 0), ' ') != NULL,
	    "it says since when");
}

static void
test_memory(void)
{
	struct cluster_turn t, known = {.queued = true, .work = 1234};

	cluster_turn_recall(&t, &conf);
	ok(!t.queued && t.work == 0, "a node that knows nothing");
	cluster_turn_note(&known, &conf);
	cluster_turn_recall(&t, &conf);
	ok(t.queued && t.work == 1234, "its next writer knows what it knew");
	known = (struct cluster_turn){.work = 7};
	cluster_turn_note(&known, &conf);
	cluster_turn_recall(&t, &conf);
	ok(!t.queued && t.work == 7, "and so on");
}

int
main(void)
{
	char dir[] = "/tmp/sutler-test-XXXXXX";

	conf.data = mkdtemp(dir);
	if (conf.data == NULL ||
	    file_directory(mem_printf("%s/state/tmp", dir)) != NULL) {
		printf("Bail out! no directory\n");
		return 1;
	}
	test_memory();
	test_order();
	test_none();
	test_patience();
	test_values();
	ok(file_remove_all(dir) == NULL, "the directory is removed");
	return done();
}
