/*
 * What only one node does at a time.
 *
 * tick: for as long as it keeps a lease alive.  Writing, where nodes come in
 * each other's way: who has lost a race stands in a queue, and those who come
 * after him wait for him, instead of making commits upon a head that is
 * another's the moment after.  It orders nothing: the head does, and so it
 * needs no lease.  Where nothing comes of who is first for longer than he may
 * need, the next one takes him out.
 */
#include "clock.h"
#include "cluster-inside.h"
#include "etcd.h"
#include "file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ms */
enum {
	PATIENCE = 50, /* nothing moves, until the next one goes on; and … */
	TRIPS = 4, /* … so many of the first one's ways to etcd and back, … */
	WORKS = 3, /* … so many times his taking what others did, … */
	EACH = 20, /* … and for each change that he has to build anew */
	PATIENCE_MOST = 3000
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

const char *
cluster_turn_key(const struct conf *conf)
{
	return cluster_key(conf,
	    mem_printf("turn/write/%s", conf->cluster_name));
}

static const char *
note_file(const struct conf *conf)
{
	return mem_printf("%s/state/turn", conf->data);
}

void
cluster_turn_recall(struct cluster_turn *t, const struct conf *conf)
{
	const struct fail *f;
	char *text;
	size_t len;

	*t = (struct cluster_turn){0};
	f = file_read(&text, &len, note_file(conf));
	if (f != NULL || text == NULL || len < strlen("1 0"))
		return;
	t->queued = text[0] == '1';
	t->work = strtoll(text + 1, NULL, 10);
}

/* In place, one writer of this node at a time: what is not kept, or half
 * written, etcd's answer tells again. */
void
cluster_turn_note(const struct cluster_turn *t, const struct conf *conf)
{
	const char *text =
	    mem_printf("%d %-8" PRId64 "\n", t->queued, t->work % 10000000);

	if (access(note_file(conf), F_OK) == 0)
		(void)file_overwrite(note_file(conf), text, strlen(text));
	else
		(void)file_replace(note_file(conf),
		    mem_printf("%s/state/tmp", conf->data), text, strlen(text));
}

const char *
cluster_turn_value(const struct cluster_turn *t, int64_t trip, size_t changes)
{
	const int64_t patience =
	    PATIENCE + TRIPS * trip + WORKS * t->work + EACH * (int64_t)changes;

	return mem_printf("%" PRId64 " %" PRId64,
	    patience < PATIENCE_MOST ? patience : PATIENCE_MOST, clock_now());
}

void
cluster_turn_none(struct etcd_compare out[CLUSTER_TURN_NONE],
    const struct conf *conf)
{
	const char *queue = cluster_key(conf, "turn/write/");
	const char *key = cluster_turn_key(conf);

	out[0] = (struct etcd_compare){.key = queue, .end = key};
	/* no name has a 0x01 in it */
	out[1] = (struct etcd_compare){.key = mem_printf("%s\001", key),
	    .end = cluster_key_end(queue)};
}

void
cluster_turn_see(struct cluster_turn *t, const struct conf *conf,
    const struct etcd_pair *queue, bool comes, bool moved)
{
	const char *key = cluster_turn_key(conf), *before = t->value;
	const struct etcd_pair *p, *ours = NULL, *first = NULL;

	for (p = queue; p != NULL; p = p->next)
		if (strcmp(p->key, key) == 0)
			ours = p;
	for (p = queue; p != NULL; p = p->next)
		if (p != ours &&
		    (comes || ours == NULL || p->revision < ours->revision) &&
		    (first == NULL || p->revision < first->revision))
			first = p;
	t->queued = comes || ours != NULL;
	t->first = first == NULL ? NULL : first->key;
	t->value = first == NULL ? NULL : first->value;
	if (moved || before == NULL || t->value == NULL ||
	    strcmp(before, t->value) != 0)
		t->since = clock_now();
}

bool
cluster_turn_is_over(const struct cluster_turn *t)
{
	const int64_t now = clock_now();
	int64_t ms = t->value == NULL ? 0 : strtoll(t->value, NULL, 10);

	if (ms < PATIENCE || ms > PATIENCE_MOST)
		ms = PATIENCE_MOST;
	return now < t->since || now > t->since + ms;
}
