/*
 * The order of commits.
 */
#include "cluster-inside.h"
#include "clock.h"
#include "file.h"
#include "json.h"
#include "store-git.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	NUMBER_DIGITS = 16,
	HEAD_MAX = JOURNAL_ID + 24 /* bytes of "<commit> <number>" */
};

const char *
cluster_key(const struct conf *conf, const char *name)
{
	return mem_printf("%s%s", conf->cluster_prefix, name);
}

const char *
cluster_key_end(const char *key)
{
	char *end = mem_copy(key);

	/* what is asked for ends in a slash, which is no 0xff */
	end[strlen(end) - 1]++;
	return end;
}

const char *
cluster_member_key(const struct conf *conf)
{
	return mem_printf("%smember/%s", conf->cluster_prefix,
	    conf->cluster_name);
}

struct etcd_op
cluster_put(const char *key, const char *text)
{
	return (struct etcd_op){.verb = ETCD_PUT,
	    .key = key,
	    .value = text,
	    .len = strlen(text)};
}

struct etcd_op
cluster_get(const char *key, const char *end, int64_t limit)
{
	return (struct etcd_op){.verb = ETCD_RANGE,
	    .key = key,
	    .end = end,
	    .limit = limit};
}

struct etcd_op
cluster_cut(const char *key, const char *end)
{
	return (struct etcd_op){.verb = ETCD_DELETE, .key = key, .end = end};
}

const char *
cluster_log_key(const struct conf *conf, int64_t number)
{
	return mem_printf("%slog/%016" PRIx64, conf->cluster_prefix,
	    (uint64_t)number);
}

int64_t
cluster_log_number(const struct conf *conf, const char *key)
{
	const char *log = cluster_key(conf, "log/");
	size_t len = strlen(log);

	if (strncmp(key, log, len) != 0 ||
	    strspn(key + len, "0123456789abcdef") != NUMBER_DIGITS ||
	    key[len + NUMBER_DIGITS] != '\0' || key[len] > '7')
		return -1;
	return (int64_t)strtoull(key + len, NULL, 16);
}

const char *
cluster_head_text(const char *commit, int64_t number)
{
	return mem_printf("%s %" PRId64, commit, number);
}

bool
cluster_parse_head(const char **commit, int64_t *number, const char *text)
{
	const char *digits = text + JOURNAL_ID + 1;

	if (strspn(text, "0123456789abcdef") != JOURNAL_ID ||
	    text[JOURNAL_ID] != ' ' || strlen(text) > HEAD_MAX ||
	    strspn(digits, "0123456789") == 0 || strlen(digits) > 18)
		return false;
	*commit = mem_dup(text, JOURNAL_ID);
	*number = strtoll(digits, NULL, 10);
	return true;
}

const char *
cluster_note_file(const struct conf *conf)
{
	return mem_printf("%s/state/cluster", conf->data);
}

const struct fail *
cluster_note_read(const char **commit, int64_t *number, const struct conf *conf)
{
	const struct fail *f;
	size_t len;
	char *text;

	*commit = NULL;
	*number = -1;
	f = file_read(&text, &len, cluster_note_file(conf));
	if (f != NULL || text == NULL)
		return f;
	/* a torn one is a member's that has to look */
	if (!cluster_parse_head(commit, number, text))
		*commit = "";
	return NULL;
}

const struct fail *
cluster_note_write(const struct conf *conf, const char *commit, int64_t number)
{
	const char *text = cluster_head_text(commit, number);

	return file_replace(cluster_note_file(conf),
	    mem_printf("%s/state/tmp", conf->data), text, strlen(text));
}

long
cluster_age(const struct conf *conf)
{
	time_t now = time(NULL);
	struct stat st;

	if (stat(cluster_note_file(conf), &st) != 0)
		return -1;
	return now > st.st_mtime ? (long)(now - st.st_mtime) : 0;
}

const char *
cluster_member_text(const struct conf *conf, const char *commit, int64_t number)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "commit", commit);
	json_add_text(o, "store", conf->cluster_store);
	cJSON_AddNumberToObject(o, "number", (double)number);
	cJSON_AddNumberToObject(o, "seen", (double)clock_now());
	return json_print(o, false);
}

/* etcd did not answer a moment ago: who waited for the lock meanwhile need not
 * wait for it, too. */
static bool
is_away(const struct conf *conf)
{
	struct stat st;

	return stat(mem_printf("%s/state/cluster-away", conf->data), &st) ==
	           0 &&
	       st.st_mtime + CLUSTER_AWAY >= time(NULL);
}

static void
note_away(const struct conf *conf)
{
	int fd = open(mem_printf("%s/state/cluster-away", conf->data),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1)
		return;
	(void)futimens(fd, NULL);
	close(fd);
}

static const struct fail *
ask(struct etcd_answer *out, const struct conf *conf,
    const struct etcd_txn *txn)
{
	const struct fail *f;

	if (is_away(conf))
		f = fail(FAIL_BUSY, "etcd did not answer a moment ago");
	else if ((f = etcd_txn(out, conf, txn)) != NULL)
		note_away(conf);
	return f == NULL || f->code != FAIL_BUSY
	           ? f
	           : fail_away(CLUSTER_AWAY, EAGAIN, f);
}

const struct fail *
cluster_find(int64_t *number, const char **head, const struct conf *conf,
    const char *commit)
{
	const char *log = cluster_key(conf, "log/"), *next = log, *id;
	struct etcd_op ops[] = {cluster_get(cluster_key(conf, "head"), NULL, 0),
	    cluster_get(log, cluster_key_end(log), CLUSTER_BATCH)};
	struct etcd_txn txn = {.then = ops, .then_count = 2};
	struct journal_entry *entry;
	struct etcd_answer answer;
	const struct etcd_pair *p;
	const struct fail *f;

	*number = -1;
	*head = NULL;
	do {
		ops[1].key = next;
		f = ask(&answer, conf, &txn);
		if (f != NULL || answer.pairs[0] == NULL)
			return f;
		if (!cluster_parse_head(&id, number, answer.pairs[0]->value))
			return fail(FAIL_SYSTEM, "%s in etcd is no head",
			    ops[0].key);
		*head = id;
		if (strcmp(id, commit) == 0)
			return NULL;
		*number = -1;
		for (p = answer.pairs[1]; p != NULL; p = p->next) {
			f = journal_unpack(&entry, p->value, p->len);
			if (f != NULL)
				return f;
			next = mem_printf("%s0", p->key);
			if (strcmp(entry->id, commit) == 0)
				*number = cluster_log_number(conf, p->key);
			else if (strcmp(store_git_parent(entry), commit) == 0)
				*number = cluster_log_number(conf, p->key) - 1;
			if (*number >= 0)
				return NULL;
		}
	} while (answer.more[1]);
	return NULL;
}

bool
cluster_is_far(const struct fail *f)
{
	return f != NULL && f->code == FAIL_BUSY && f->error == ESTALE;
}

static const struct fail *
far_behind(const char *head)
{
	return fail_away(CLUSTER_FAR, ESTALE,
	    fail(FAIL_BUSY,
	        "what came after commit %s is no longer in etcd: this node has"
	        " been away too long; sutler follow fetches it from another"
	        " member",
	        head));
}

/* The number of head, on which this store stands. */
static const struct fail *
number_of(int64_t *number, const struct conf *conf, const char *head)
{
	const char *known, *cluster;
	const struct fail *f = cluster_note_read(&known, number, conf);

	if (f != NULL)
		return f;
	if (known == NULL)
		return fail(FAIL_BUSY, "this node is no member of the cluster:"
		                       " sutler cluster join");
	if (strcmp(known, head) == 0)
		return NULL;
	f = cluster_find(number, &cluster, conf, head);
	if (f == NULL && cluster == NULL)
		f = fail(FAIL_BUSY, "etcd has no cluster below %s",
		    conf->cluster_prefix);
	if (f == NULL && *number < 0)
		f = far_behind(head);
	return f;
}

/* The entries that etcd gave, which follow number; it becomes the last one's.
 */
static const struct fail *
read_others(struct journal_entry **others, const struct conf *conf,
    const char *head, const struct etcd_pair *pairs, int64_t *number)
{
	const struct fail *f = NULL;

	for (; f == NULL && pairs != NULL; pairs = pairs->next) {
		if (cluster_log_number(conf, pairs->key) != ++*number)
			return far_behind(head);
		f = journal_unpack(others, pairs->value, pairs->len);
		others = &(*others)->next;
	}
	*others = NULL;
	return f;
}

/* One transaction: the operations that put entries behind number. */
struct proposal {
	struct etcd_op ops[CLUSTER_BATCH + 2];
	size_t count, entries, bytes;
	const char *head; /* the last one */
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

static const struct fail *
place(struct journal_entry **others, size_t *placed, void *arg,
    const char *head, const struct journal_entry *entries)
{
	const struct conf *conf = arg;
	struct proposal *p = mem_alloc(sizeof(*p));
	const char *log = cluster_key(conf, "log/"), *now;
	struct etcd_compare same = {.key = cluster_key(conf, "head")};
	struct etcd_op look;
	struct etcd_txn txn = {.compares = &same,
	    .compare_count = 1,
	    .then = p->ops,
	    .otherwise = &look,
	    .otherwise_count = 1};
	const struct journal_entry *e;
	struct etcd_answer answer;
	const struct fail *f;
	int64_t number;

	*others = NULL;
	*placed = 0;
	f = number_of(&number, conf, head);
	if (f == NULL)
		f = fill(p, conf, number, entries);
	if (f != NULL)
		return f;
	now = cluster_head_text(head, number);
	same.value = now;
	same.len = strlen(now);
	look = cluster_get(cluster_log_key(conf, number + 1),
	    cluster_key_end(log), CLUSTER_BATCH);
	if (p->entries > 0) {
		p->ops[p->count++] = cluster_put(same.key,
		    cluster_head_text(p->head, number + (int64_t)p->entries));
		p->ops[p->count++] = cluster_put(cluster_member_key(conf),
		    cluster_member_text(conf, head, number));
	}
	txn.then_count = p->count;
	f = ask(&answer, conf, &txn);
	if (f != NULL)
		return f;
	/* the note spares a look, no more: without it, it is found again */
	if (answer.succeeded) {
		*placed = p->entries;
		(void)cluster_note_write(conf, p->entries > 0 ? p->head : head,
		    number + (int64_t)p->entries);
		return NULL;
	}
	f = read_others(others, conf, head, answer.pairs[0], &number);
	if (f == NULL && *others == NULL)
		f = far_behind(head);
	for (e = *others; f == NULL && e != NULL; e = e->next)
		if (e->next == NULL)
			(void)cluster_note_write(conf, e->id, number);
	return f;
}

void
cluster_use(struct store *store, const struct conf *conf)
{
	if (conf->cluster != NULL)
		store_use_order(store, place, (void *)conf);
}
