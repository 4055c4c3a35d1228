/*
 * What etcd and this node keep of a cluster.
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
	HEAD_MAX = JOURNAL_ID + 24, /* bytes of "<commit> <number>" */
	NEAR = 2 * CLUSTER_BATCH
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

/* Commit and number, and the commit again: it is overwritten in place, and read
 * without a lock. */
static const char *
note_text(const char *commit, int64_t number)
{
	return mem_printf("%s %s\n", cluster_head_text(commit, number), commit);
}

const struct fail *
cluster_note_read(const char **commit, int64_t *number, const struct conf *conf)
{
	const struct fail *f;
	char *text, *again;
	size_t len;

	*commit = NULL;
	*number = -1;
	f = file_read(&text, &len, cluster_note_file(conf));
	if (f != NULL || text == NULL)
		return f;
	again = strrchr(text, ' ');
	if (again != NULL)
		*again++ = '\0';
	/* a torn one is a member's that has to look */
	if (again == NULL || !cluster_parse_head(commit, number, text) ||
	    strncmp(*commit, again, JOURNAL_ID) != 0) {
		*commit = "";
		*number = -1;
	}
	return NULL;
}

const struct fail *
cluster_note_begin(const struct conf *conf, const char *commit, int64_t number)
{
	const char *text = note_text(commit, number);

	return file_replace(cluster_note_file(conf),
	    mem_printf("%s/state/tmp", conf->data), text, strlen(text));
}

const struct fail *
cluster_note_write(const struct conf *conf, const char *commit, int64_t number)
{
	const char *text = note_text(commit, number);

	return file_overwrite(cluster_note_file(conf), text, strlen(text));
}

void
cluster_heard(const struct conf *conf)
{
	(void)utimensat(AT_FDCWD, cluster_note_file(conf), NULL, 0);
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

const struct fail *
cluster_ask(struct etcd_answer *out, const struct conf *conf,
    const struct etcd_txn *txn)
{
	const struct fail *f;

	*out = (struct etcd_answer){0};
	if (is_away(conf))
		f = fail(FAIL_BUSY, "etcd did not answer a moment ago");
	else if ((f = etcd_txn(out, conf, txn)) != NULL && !out->large)
		note_away(conf);
	return f == NULL || f->code != FAIL_BUSY
	           ? f
	           : fail_away(CLUSTER_AWAY, EAGAIN, f);
}

/* A commit that is looked for in the log, a part at a time. */
struct search {
	const char *commit;
	char head[JOURNAL_ID + 1]; /* "": there is no cluster */
	int64_t next;              /* number to begin the next part at */
	int64_t number;            /* the commit's, or -1 */
	bool more;                 /* of the log is behind this part */
};

/* The commit is one of these, or the one before the first. */
static const struct fail *
search_pairs(struct search *s, const struct conf *conf,
    const struct etcd_pair *p)
{
	struct journal_entry *entry;
	const struct fail *f;
	int64_t number;

	for (; p != NULL && s->number < 0; p = p->next) {
		f = journal_unpack(&entry, p->value, p->len);
		if (f != NULL)
			return f;
		number = cluster_log_number(conf, p->key);
		if (number < 0)
			return fail(FAIL_SYSTEM, "%s in etcd is of no commit",
			    p->key);
		s->next = number + 1;
		if (strcmp(entry->id, s->commit) == 0)
			s->number = number;
		else if (strcmp(store_git_parent(entry), s->commit) == 0)
			s->number = number - 1;
	}
	return NULL;
}

static const struct fail *
search_part(struct search *s, const struct conf *conf)
{
	const char *log = cluster_key(conf, "log/"), *head;
	struct etcd_op ops[] = {cluster_get(cluster_key(conf, "head"), NULL, 0),
	    cluster_get(cluster_log_key(conf, s->next), cluster_key_end(log),
	        CLUSTER_BATCH)};
	const struct etcd_txn txn = {.then = ops, .then_count = 2};
	struct etcd_answer answer;
	const struct fail *f = cluster_ask(&answer, conf, &txn);
	int64_t number;

	s->more = false;
	s->head[0] = '\0';
	if (f != NULL && answer.large) {
		ops[1].limit = CLUSTER_FEW;
		f = cluster_ask(&answer, conf, &txn);
	}
	if (f != NULL || answer.pairs[0] == NULL)
		return f;
	if (!cluster_parse_head(&head, &number, answer.pairs[0]->value))
		return fail(FAIL_SYSTEM, "%s in etcd is no head", ops[0].key);
	memcpy(s->head, head, sizeof(s->head));
	s->more = answer.more[1];
	if (strcmp(head, s->commit) != 0)
		return search_pairs(s, conf, answer.pairs[1]);
	s->number = number;
	return NULL;
}

const struct fail *
cluster_find(int64_t *number, const char **head, const struct conf *conf,
    const char *commit, int64_t from)
{
	struct search s = {.commit = commit,
	    .next = from < 0 ? 0 : from,
	    .number = -1,
	    .more = true};
	const struct fail *f = NULL;
	struct mem_mark mark;

	*number = -1;
	*head = NULL;
	while (f == NULL && s.number < 0 && s.more) {
		mark = mem_mark();
		f = search_part(&s, conf);
		if (f == NULL)
			mem_release(mark);
	}
	if (f != NULL || s.head[0] == '\0')
		return f;
	*number = s.number;
	*head = mem_copy(s.head);
	return NULL;
}

bool
cluster_is_far(const struct fail *f)
{
	return f != NULL && f->code == FAIL_BUSY && f->error == ESTALE;
}

const struct fail *
cluster_far_behind(const char *head)
{
	return fail_away(CLUSTER_FAR, ESTALE,
	    fail(FAIL_BUSY,
	        "what came after commit %s is no longer in etcd: this node has"
	        " been away too long; sutler follow fetches it from another"
	        " member",
	        head));
}

const struct fail *
cluster_number(int64_t *number, const struct conf *conf, const char *head)
{
	const char *known, *cluster;
	const struct fail *f = cluster_note_read(&known, number, conf);
	int64_t from;

	if (f != NULL)
		return f;
	if (known == NULL)
		return fail(FAIL_BUSY, "this node is no member of the cluster:"
		                       " sutler cluster join");
	if (strcmp(known, head) == 0)
		return NULL;
	/* what was noted is a few commits before it, or behind it, as a rule */
	from = *number - NEAR;
	f = cluster_find(number, &cluster, conf, head, from);
	if (f == NULL && *number < 0 && from > 0)
		f = cluster_find(number, &cluster, conf, head, 0);
	if (f == NULL && cluster == NULL)
		f = fail(FAIL_BUSY, "etcd has no cluster below %s",
		    conf->cluster_prefix);
	if (f == NULL && *number < 0)
		f = cluster_far_behind(head);
	return f;
}
