/*
 * The turn to write: who has it, for how long, and when another takes it.
 */
#include "clock.h"
#include "cluster-inside.h"
#include "conf.h"
#include "file.h"
#include "mem.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONG = 60000 }; /* ms, longer than anything that is waited for */

static struct conf conf = {.cluster_name = "node-1"};

static struct cluster_turn
recalled(void)
{
	struct cluster_turn t;

	cluster_turn_recall(&t, &conf);
	return t;
}

static void
test_ours(void)
{
	struct cluster_turn t = recalled();
	const char *value = cluster_turn_value(&conf, 7, 3, 1);

	ok(t.ours == NULL && !cluster_turn_goes_on(&t), "a node without it");
	ok(cluster_turn_is_free(&t), "it is free where nobody has it");
	cluster_turn_take(&t, &conf, value);
	ok(cluster_turn_goes_on(&t), "who takes it writes on");
	t = recalled();
	is(t.ours, value, "the next writer of the node has it, too");
	ok(cluster_turn_goes_on(&t), "and goes on");
	t.since -= LONG;
	ok(!cluster_turn_goes_on(&t), "but not for ever");
	t.since += 2 * LONG;
	ok(!cluster_turn_goes_on(&t), "nor since the clock went back");
	cluster_turn_give(&t, &conf);
	t = recalled();
	ok(t.ours == NULL, "given back, no writer has it");
}

static void
test_seen(void)
{
	struct cluster_turn t = recalled();
	const char *value = cluster_turn_value(&conf, 8, 3, 1);

	cluster_turn_see(&t, &conf, value, false);
	is(t.ours, value, "etcd says that it is this node's");
	is(recalled().ours, value, "and all its writers know");
	cluster_turn_see(&t, &conf, "node-10 9 62", true);
	ok(t.ours == NULL, "another has taken it");
	is(t.others, "node-10 9 62", "whose name begins like ours");
	ok(recalled().ours == NULL, "the next writer knows that, too");
	cluster_turn_see(&t, &conf, NULL, true);
	ok(t.others == NULL && cluster_turn_is_free(&t), "it is given back");
}

static void
test_patience(void)
{
	struct cluster_turn t = recalled();
	int64_t seen;

	cluster_turn_see(&t, &conf, "node-2 9 62", true);
	ok(!cluster_turn_is_free(&t), "another has it");
	t.since -= 40;
	seen = t.since;
	cluster_turn_see(&t, &conf, "node-2 9 62", false);
	ok(t.since == seen && !cluster_turn_is_free(&t),
	    "nothing moved, for a moment");
	t.since -= 40;
	ok(cluster_turn_is_free(&t), "for longer than it says that it needs");
	cluster_turn_see(&t, &conf, "node-2 9 62", true);
	ok(!cluster_turn_is_free(&t), "it moves again");
	cluster_turn_see(&t, &conf, "node-3 12 2000", false);
	t.since -= 1500;
	ok(!cluster_turn_is_free(&t), "who is far from etcd needs longer");
	cluster_turn_see(&t, &conf, "node-3 12 99999999", false);
	t.since -= 3100;
	ok(cluster_turn_is_free(&t), "but nobody for ever");
	cluster_turn_see(&t, &conf, "node-3", false);
	ok(!cluster_turn_is_free(&t), "a value that says nothing of it");
	t.since -= 3100;
	ok(cluster_turn_is_free(&t), "is no longer than that");
	cluster_turn_see(&t, &conf, "node-2 40 62", true);
	ok(!cluster_turn_is_overdue(&t), "who lost it a moment ago waits");
	t.began -= 1100;
	ok(cluster_turn_is_overdue(&t) && cluster_turn_is_free(&t),
	    "who lost it for too long takes it from anybody");
}

static void
test_pauses(void)
{
	struct cluster_turn t = recalled();

	cluster_turn_see(&t, &conf, "node-2 9 62", true);
	ok(cluster_turn_pause(&t) > 4, "one looks now and then");
	t.first -= 140;
	ok(cluster_turn_pause(&t) == 4, "and often towards its end");
	ok(cluster_turn_courtesy(&t) > 0, "who has lost it just now lets "
	                                  "others have it");
	t.began -= 310;
	ok(cluster_turn_courtesy(&t) == 0, "and then does not");
	is(cluster_turn_value(&conf, 5, 0, 0), "node-1 5 50",
	    "who is near etcd is not waited for");
	is(cluster_turn_value(&conf, 5, 0, 16), "node-1 5 370",
	    "who has much to do is given time");
	is(cluster_turn_value(&conf, 5, 100, 0), "node-1 5 450",
	    "who is far from it is");
	is(cluster_turn_value(&conf, 5, 5000, 0), "node-1 5 3000",
	    "up to a limit");
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
	test_ours();
	test_seen();
	test_patience();
	test_pauses();
	ok(file_remove_all(dir) == NULL, "the directory is removed");
	return done();
}
