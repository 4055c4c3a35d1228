/*
 * The members of a cluster: how one comes, goes, and says how far it is.
 */
#include "cluster-inside.h"
#include "clock.h"
#include "complain.h"
#include "file.h"
#include "json.h"
#include "store-apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	SPACE_LEAST = 16 << 20, /* bytes of etcd's, for defragmenting */
	CHANGE_SECONDS = 60     /* of the lease of who joins or leaves */
};

static const struct fail *
need_cluster(const struct conf *conf)
{
	if (conf->cluster != NULL)
		return NULL;
	return fail(FAIL_CONFLICT, "%s has no line \"cluster = …\"",
	    conf->file);
}

/* A number of a JSON object; 0 where there is none. */
static int64_t
number_in(const cJSON *o, const char *name)
{
	const cJSON *n = json_get(o, name);

	return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : 0;
}

static const struct fail *
read_members(struct cluster_member **out, const struct etcd_pair *p,
    size_t skip)
{
	const struct fail *f = NULL;
	struct cluster_member *m;
	cJSON *o;

	for (*out = NULL; f == NULL && p != NULL; p = p->next) {
		f = json_parse(&o, p->value, p->len);
		if (f != NULL || json_text(o, "commit") == NULL)
			return fail(FAIL_SYSTEM, "%s in etcd is no member",
			    p->key);
		m = mem_alloc(sizeof(*m));
		m->name = p->key + skip;
		m->commit = json_text(o, "commit");
		m->store = json_text(o, "store");
		m->number = number_in(o, "number");
		m->seen = number_in(o, "seen");
		*out = m;
		out = &m->next;
	}
	return f;
}

const struct fail *
cluster_read(struct cluster_state *out, const struct conf *conf)
{
	const char *log = cluster_key(conf, "log/");
	const char *member = cluster_key(conf, "member/");
	const struct etcd_op ops[] = {cluster_get(cluster_key(conf, "head"),
	                                  NULL, 0),
	    cluster_get(member, cluster_key_end(member), 0),
	    cluster_get(log, cluster_key_end(log), 1)};
	const struct etcd_txn txn = {.then = ops, .then_count = 3};
	const struct fail *f = need_cluster(conf);
	struct etcd_answer answer;

	*out = (struct cluster_state){0};
	if (f == NULL)
		f = etcd_txn(&answer, conf, &txn);
	if (f != NULL)
		return f;
	if (answer.pairs[0] != NULL &&
	    !cluster_parse_head(&out->commit, &out->number,
	        answer.pairs[0]->value))
		return fail(FAIL_SYSTEM, "%s in etcd is no head", ops[0].key);
	if (answer.pairs[2] != NULL)
		out->first = cluster_log_number(conf, answer.pairs[2]->key);
	return read_members(&out->members, answer.pairs[1], strlen(member));
}

/* Put this node's row; first: and the head, which must not be there. */
static const struct fail *
enter(bool *done, const struct conf *conf, bool first, const char *commit,
    int64_t number)
{
	const struct etcd_compare none = {.key = cluster_key(conf, "head")};
	const struct etcd_op ops[] = {cluster_put(cluster_member_key(conf),
	                                  cluster_member_text(conf, commit,
	                                      number)),
	    cluster_put(none.key, cluster_head_text(commit, number))};
	const struct etcd_txn txn = {.compares = &none,
	    .compare_count = first ? 1 : 0,
	    .then = ops,
	    .then_count = first ? 2 : 1};
	struct etcd_answer answer;
	const struct fail *f = etcd_txn(&answer, conf, &txn);

	*done = f == NULL && answer.succeeded;
	return f;
}

/* One node at a time joins or leaves: the last one to go takes all of it. */
static const struct fail *
begin_change(int64_t *lease, const struct conf *conf)
{
	const struct fail *f = need_cluster(conf);
	bool mine = false;

	if (f == NULL)
		f = cluster_turn(&mine, lease, conf, "members", CHANGE_SECONDS);
	if (f == NULL && !mine)
		f = fail(FAIL_BUSY, "another node joins or leaves just now:"
		                    " try again in a minute");
	return f;
}

static const struct fail *
join(bool *first, size_t *taken, struct store *store, const struct conf *conf)
{
	const char *head, *cluster, *known;
	int64_t number;
	const struct fail *f = cluster_note_read(&known, &number, conf);
	bool done = false;
	if (f == NULL && known != NULL)
		f = fail(FAIL_CONFLICT, "%s is a member already",
		    conf->cluster_name);
	if (f == NULL)
		f = store_change_order(store, true);
	head = store->journal->head;
	while (f == NULL && !done) {
		f = cluster_find(&number, &cluster, conf, head, 0);
		if (f != NULL)
			break;
		*first = cluster == NULL;
		if (!*first && number < 0)
			return fail(FAIL_CONFLICT,
			    "commit %s, which this node"
			    " stands at, is not in the cluster's history, or"
			    " what came after it is gone: begin with a new"
			    " clone of a member's store",
			    head);
		if (*first)
			number = 0;
		f = enter(&done, conf, *first, head, number);
	}
	if (f == NULL)
		f = cluster_note_begin(conf, head, number);
	/* whoever is a member is one after a loss of power, too */
	if (f == NULL)
		f = store_sync(conf->data);
	return f == NULL ? store_catch_up(taken, store) : f;
}

const struct fail *
cluster_join(bool *first, size_t *taken, struct store *store,
    const struct conf *conf)
{
	int64_t lease;
	const struct fail *f = begin_change(&lease, conf);

	*first = false;
	*taken = 0;
	if (f != NULL)
		return f;
	f = join(first, taken, store, conf);
	(void)etcd_revoke(conf, lease);
	return f;
}

/* Nobody else of this node settles meanwhile. */
static const struct fail *
leave(bool *last, struct store *store, const struct conf *conf)
{
	const char *log = cluster_key(conf, "log/"), *known;
	const char *queue = cluster_key(conf, "turn/write/");
	struct etcd_op ops[] = {cluster_cut(cluster_member_key(conf), NULL),
	    cluster_cut(cluster_turn_key(conf), NULL),
	    cluster_cut(cluster_key(conf, "head"), NULL),
	    cluster_cut(log, cluster_key_end(log))};
	struct etcd_txn txn = {.then = ops};
	struct cluster_state state;
	struct etcd_answer answer;
	int64_t number;
	const struct fail *f = cluster_note_read(&known, &number, conf);
	size_t taken;

	if (f == NULL && known == NULL)
		f = fail(FAIL_CONFLICT, "%s is no member", conf->cluster_name);
	if (f == NULL)
		f = store_catch_up(&taken, store);
	if (f == NULL)
		f = cluster_read(&state, conf);
	if (f != NULL)
		return f;
	*last = state.members == NULL ||
	        (state.members->next == NULL &&
	            strcmp(state.members->name, conf->cluster_name) == 0);
	/* from here on it writes nothing more, until its configuration says
	 * that it is alone; nobody writes, who would note how far it is */
	f = store_lock(store);
	if (f == NULL)
		f = file_remove(cluster_note_file(conf));
	if (f == NULL)
		f = store_sync(conf->data);
	store_unlock(store);
	if (*last)
		ops[1] = cluster_cut(queue, cluster_key_end(queue));
	txn.then_count = *last ? sizeof(ops) / sizeof(ops[0]) : 2;
	if (f == NULL)
		f = etcd_txn(&answer, conf, &txn);
	return f == NULL ? store_change_order(store, false) : f;
}

const struct fail *
cluster_leave(bool *last, struct store *store, const struct conf *conf)
{
	int64_t lease;
	int settle;
	const struct fail *f = begin_change(&lease, conf);

	*last = false;
	if (f != NULL)
		return f;
	f = store_take(&settle, store, "settle");
	if (f == NULL)
		f = leave(last, store, conf);
	store_give(&settle);
	(void)etcd_revoke(conf, lease);
	return f;
}

/* What every member that still shows itself has. */
static int64_t
applied_by_all(const struct cluster_state *state)
{
	const int64_t now = clock_now();
	const struct cluster_member *m;
	int64_t least = state->number;

	for (m = state->members; m != NULL; m = m->next)
		if (m->seen + CLUSTER_PATIENCE * INT64_C(1000) > now &&
		    m->number < least)
			least = m->number;
	return least;
}

const struct fail *
cluster_report(const struct store *store, const struct conf *conf)
{
	/* who has left meanwhile is not put back */
	const struct etcd_compare gone = {.key = cluster_member_key(conf)};
	struct etcd_op put;
	const struct etcd_txn txn = {.compares = &gone,
	    .compare_count = 1,
	    .otherwise = &put,
	    .otherwise_count = 1};
	struct etcd_answer answer;
	const struct fail *f;
	const char *known;
	int64_t number;

	f = cluster_note_read(&known, &number, conf);
	if (f == NULL)
		f = journal_marks(store->journal);
	if (f != NULL || known == NULL ||
	    strcmp(known, store->journal->head) != 0)
		return f;
	put = cluster_put(cluster_member_key(conf),
	    cluster_member_text(conf, known, number));
	return etcd_txn(&answer, conf, &txn);
}

const struct fail *
cluster_catch_up(struct store *store, const struct conf *conf)
{
	const struct fail *f;
	size_t taken;

	f = store_catch_up(&taken, store);
	return f == NULL ? cluster_report(store, conf) : f;
}

/* Have one member give back the disk space of what is gone, where there is much
 * of it; while it does so, it serves nobody.  A user of etcd's may not be
 * allowed to. */
static void
defragment(const struct conf *conf)
{
	struct etcd_member *m;
	const struct fail *f = etcd_status(&m, conf);

	for (; f == NULL && m != NULL; m = m->next)
		if (m->trouble == NULL && m->size >= SPACE_LEAST &&
		    m->size > 2 * m->size_in_use)
			break;
	if (f == NULL && m != NULL)
		f = etcd_defragment(conf, m->endpoint);
	if (f != NULL)
		complain("etcd was not defragmented: %s", f->text);
}

const struct fail *
cluster_clean(int64_t *deleted, struct store *store, const struct conf *conf)
{
	const char *log = cluster_key(conf, "log/");
	struct etcd_op cut;
	const struct etcd_txn txn = {.then = &cut, .then_count = 1};
	struct cluster_state state;
	struct etcd_answer answer;
	const struct fail *f = cluster_catch_up(store, conf);

	*deleted = 0;
	if (f == NULL)
		f = cluster_read(&state, conf);
	if (f != NULL || state.commit == NULL)
		return f;
	cut =
	    cluster_cut(log, cluster_log_key(conf, applied_by_all(&state) + 1));
	f = etcd_txn(&answer, conf, &txn);
	if (f != NULL)
		return f;
	*deleted = answer.deleted[0];
	f = etcd_compact(conf, answer.revision);
	if (f == NULL)
		defragment(conf);
	return f;
}
