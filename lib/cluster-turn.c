/*
 * What only one node does at a time.
 *
 * tick: for as long as it keeps a lease alive.  Writing, where nodes come in
 * each other's way: whoever has lost a race takes the turn, and the others wait
 * for it, instead of making commits upon a head that is another's the moment
 * after.  It orders nothing: the head does, and so it needs no lease.  Where
 * nothing has moved for longer than its holder may need, another takes it.
 */
#include "clock.h"
#include "cluster-inside.h"
#include "file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ms */
enum {
	TENURE = 150,   /* a node writes on, once it has the turn */
	LOOK = 12,      /* between two looks at who has it … */
	LOOK_OFTEN = 4, /* … towards its end */
	COURTESY = 20,  /* to those who have waited longer */
	PATIENCE = 50,  /* nothing moves, until another takes it; and … */
	TRIPS = 4, /* … so many of its holder's ways to etcd and back, … */
	EACH = 20, /* … and for each change that he has to make anew */
	PATIENCE_MOST = 3000,
	LOSING = 1000 /* who has waited for so long takes it from anybody */
};

const struct fail *
cluster_turn(bool *mine, int64_t *lease, const struct conf *conf,
    const char *work, long seconds)
{
	const struct etcd_compare none = {
	    .key = cluster_key(conf, mem_printf("turn/%s", work))};
	struct etcd_op put = cluster_put(none.key, conf->cluster_name);
	const struct etcd_txn txn = {.compares = &none,
	    .compare_count = 1,
	    .then = &put,
	    .then_count = 1};
	struct etcd_answer answer;
	const struct fail *f;

	*mine = false;
	f = etcd_grant(lease, conf, seconds);
	put.lease = *lease;
	if (f == NULL)
		f = etcd_txn(&answer, conf, &txn);
	if (f != NULL)
		return f;
	*mine = answer.succeeded;
	return *mine ? NULL : etcd_revoke(conf, *lease);
}

/* DATA/state/turn: since when (ms since 1970), and the value in etcd. */
static const char *
file_of(const struct conf *conf)
{
	return mem_printf("%s/state/turn", conf->data);
}

void
cluster_turn_recall(struct cluster_turn *t, const struct conf *conf)
{
	char *text, *value;
	size_t len;

	*t = (struct cluster_turn){.began = clock_now()};
	if (file_read(&text, &len, file_of(conf)) != NULL || text == NULL)
		return;
	t->since = strtoll(text, &value, 10);
	if (*value == ' ' && value[1] != '\0')
		t->ours = value + 1;
}

const char *
cluster_turn_value(const struct conf *conf, int64_t number, int64_t trip,
    size_t changes)
{
	const int64_t patience =
	    PATIENCE + TRIPS * trip + EACH * (int64_t)changes;

	return mem_printf("%s %" PRId64 " %" PRId64, conf->cluster_name, number,
	    patience < PATIENCE_MOST ? patience : PATIENCE_MOST);
}

/* Only this node's writers, one at a time, know of it: what cannot be kept is
 * found out again by etcd's answer. */
void
cluster_turn_take(struct cluster_turn *t, const struct conf *conf,
    const char *value)
{
	const char *text;

	t->ours = value;
	t->others = NULL;
	t->since = clock_now();
	text = mem_printf("%" PRId64 " %s", t->since, value);
	(void)file_replace(file_of(conf),
	    mem_printf("%s/state/tmp", conf->data), text, strlen(text));
}

void
cluster_turn_give(struct cluster_turn *t, const struct conf *conf)
{
	if (t->ours != NULL)
		(void)file_remove(file_of(conf));
	t->ours = NULL;
}

bool
cluster_turn_goes_on(const struct cluster_turn *t)
{
	const int64_t now = clock_now();

	return t->ours != NULL && now >= t->since && now < t->since + TENURE;
}

void
cluster_turn_see(struct cluster_turn *t, const struct conf *conf,
    const char *value, bool moved)
{
	const size_t len = strlen(conf->cluster_name);

	if (t->ours != NULL && (value == NULL || strcmp(value, t->ours) != 0))
		cluster_turn_give(t, conf);
	if (value != NULL && strncmp(value, conf->cluster_name, len) == 0 &&
	    value[len] == ' ') {
		if (t->ours == NULL)
			cluster_turn_take(t, conf, value);
		return;
	}
	if (t->others == NULL || value == NULL ||
	    strcmp(value, t->others) != 0) {
		t->first = clock_now();
		moved = true;
	}
	if (moved)
		t->since = clock_now();
	t->others = value;
}

long
cluster_turn_pause(const struct cluster_turn *t)
{
	return clock_now() < t->first + TENURE - LOOK ? LOOK : LOOK_OFTEN;
}

long
cluster_turn_courtesy(const struct cluster_turn *t)
{
	return clock_now() < t->began + 2 * TENURE ? COURTESY : 0;
}

bool
cluster_turn_is_overdue(const struct cluster_turn *t)
{
	const int64_t now = clock_now();

	return now < t->began || now > t->began + LOSING;
}

bool
cluster_turn_is_free(const struct cluster_turn *t)
{
	const char *patience;
	int64_t ms, now = clock_now();

	if (t->others == NULL || cluster_turn_is_overdue(t))
		return true;
	patience = strrchr(t->others, ' ');
	ms = patience == NULL ? PATIENCE : strtoll(patience, NULL, 10);
	if (ms < PATIENCE || ms > PATIENCE_MOST)
		ms = PATIENCE_MOST;
	return now < t->since || now > t->since + ms;
}
