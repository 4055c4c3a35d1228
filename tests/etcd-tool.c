/*
 * Calls lib/etcd.h for tests/etcd.py: CONF and a verb as words, a question on
 * stdin and the answer on stdout as JSON.  Values are in Base64.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "etcd.h"
#include "fail.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

static cJSON *
read_stdin(void)
{
	struct mem_text t = {0};
	char *bytes = mem_alloc(1 << 16);
	cJSON *o = NULL;
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, 1 << 16)) > 0)
		mem_add(&t, bytes, (size_t)n);
	if (t.len == 0 || json_parse(&o, t.text, t.len) != NULL)
		exit(64);
	return o;
}

static int64_t
number(const cJSON *o, const char *key)
{
	const cJSON *item = json_get(o, key);

	return item == NULL ? 0 : strtoll(json_plain(item), NULL, 10);
}

static const char *
value_of(size_t *len, const cJSON *o)
{
	const char *text = json_text(o, "value");

	*len = 0;
	return text == NULL ? NULL : hash_unbase64(len, text, strlen(text));
}

static struct etcd_op *
ops(size_t *count, const cJSON *list)
{
	static const char *const verbs[] = {[ETCD_PUT] = "put",
	    [ETCD_RANGE] = "range",
	    [ETCD_DELETE] = "delete"};
	struct etcd_op *all, *op;
	const cJSON *o;

	*count = (size_t)cJSON_GetArraySize(list);
	op = all = mem_alloc((*count + 1) * sizeof(*all));
	cJSON_ArrayForEach(o, list) {
		while (strcmp(verbs[op->verb], json_text(o, "do")) != 0)
			op->verb++;
		op->key = json_text(o, "key");
		op->end = json_text(o, "end");
		op->value = value_of(&op->len, o);
		op->lease = number(o, "lease");
		op->limit = number(o, "limit");
		op->keys_only = cJSON_IsTrue(json_get(o, "keys_only"));
		op++;
	}
	return all;
}

static struct etcd_compare *
compares(size_t *count, const cJSON *list)
{
	struct etcd_compare *all, *c;
	const cJSON *o;

	*count = (size_t)cJSON_GetArraySize(list);
	c = all = mem_alloc((*count + 1) * sizeof(*all));
	cJSON_ArrayForEach(o, list) {
		c->key = json_text(o, "key");
		c->end = json_text(o, "end");
		c->value = value_of(&c->len, o);
		c++;
	}
	return all;
}

static void
add_number(cJSON *o, const char *key, int64_t n)
{
	cJSON_AddItemToObject(o, key,
	    cJSON_CreateRaw(mem_printf("%" PRId64, n)));
}

static cJSON *
show_pair(const struct etcd_pair *p)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "key", p->key);
	json_add_text(o, "value",
	    p->value == NULL ? NULL : hash_base64(p->value, p->len));
	add_number(o, "version", p->version);
	add_number(o, "revision", p->revision);
	return o;
}

static void
show_answer(cJSON *out, const struct etcd_answer *a, size_t count)
{
	cJSON *list = cJSON_AddArrayToObject(out, "results"), *o, *pairs;
	const struct etcd_pair *p;
	size_t i;

	cJSON_AddBoolToObject(out, "succeeded", a->succeeded);
	add_number(out, "revision", a->revision);
	for (i = 0; i < count; i++) {
		o = cJSON_CreateObject();
		pairs = cJSON_AddArrayToObject(o, "pairs");
		for (p = a->pairs[i]; p != NULL; p = p->next)
			cJSON_AddItemToArray(pairs, show_pair(p));
		cJSON_AddBoolToObject(o, "more", a->more[i]);
		add_number(o, "deleted", a->deleted[i]);
		cJSON_AddItemToArray(list, o);
	}
}

static const struct fail *
do_txn(cJSON *out, const struct conf *conf, const cJSON *in)
{
	struct etcd_txn t = {.request_id = json_text(in, "request_id")};
	struct etcd_answer a;
	const struct fail *f;

	t.compares = compares(&t.compare_count, json_get(in, "compare"));
	t.then = ops(&t.then_count, json_get(in, "then"));
	t.otherwise = ops(&t.otherwise_count, json_get(in, "otherwise"));
	f = etcd_txn(&a, conf, &t);
	cJSON_AddBoolToObject(out, "unknown", a.unknown);
	if (f == NULL)
		show_answer(out, &a,
		    a.succeeded ? t.then_count : t.otherwise_count);
	return f;
}

static const struct fail *
do_grant(cJSON *out, const struct conf *conf, const cJSON *in)
{
	int64_t lease = 0;
	const struct fail *f =
	    etcd_grant(&lease, conf, (long)number(in, "seconds"));

	add_number(out, "lease", lease);
	return f;
}

static const struct fail *
do_keep(cJSON *out, const struct conf *conf, const cJSON *in)
{
	(void)out;
	return etcd_keep(conf, number(in, "lease"));
}

static const struct fail *
do_revoke(cJSON *out, const struct conf *conf, const cJSON *in)
{
	(void)out;
	return etcd_revoke(conf, number(in, "lease"));
}

static const struct fail *
do_compact(cJSON *out, const struct conf *conf, const cJSON *in)
{
	(void)out;
	return etcd_compact(conf, number(in, "revision"));
}

static const struct fail *
do_defragment(cJSON *out, const struct conf *conf, const cJSON *in)
{
	(void)out;
	return etcd_defragment(conf, json_text(in, "endpoint"));
}

static const struct fail *
do_status(cJSON *out, const struct conf *conf, const cJSON *in)
{
	cJSON *list = cJSON_AddArrayToObject(out, "members"), *o;
	struct etcd_member *m = NULL;
	const struct fail *f = etcd_status(&m, conf);

	(void)in;
	for (; m != NULL; m = m->next) {
		o = cJSON_CreateObject();
		json_add_text(o, "endpoint", m->endpoint);
		json_add_text(o, "trouble", m->trouble);
		json_add_text(o, "version", m->version);
		cJSON_AddBoolToObject(o, "leader", m->leader);
		add_number(o, "revision", m->revision);
		add_number(o, "size", m->size);
		add_number(o, "size_in_use", m->size_in_use);
		json_add_text(o, "alarms", m->alarms);
		cJSON_AddItemToArray(list, o);
	}
	return f;
}

/* One line for each; a value "c3RvcA==" ("stop") ends the watch. */
static const struct fail *
heard(void *arg, const struct etcd_pair *pair)
{
	(void)arg;
	puts(pair == NULL ? "null" : json_print(show_pair(pair), false));
	fflush(stdout);
	if (pair != NULL && pair->value != NULL &&
	    strcmp(pair->value, "stop") == 0)
		return fail(FAIL_CONFLICT, "enough");
	return NULL;
}

static const struct fail *
do_watch(cJSON *out, const struct conf *conf, const cJSON *in)
{
	(void)out;
	return etcd_watch(conf, json_text(in, "key"), json_text(in, "end"),
	    number(in, "revision"), heard, NULL);
}

static const struct {
	const char *name;
	const struct fail *(
	    *run)(cJSON *out, const struct conf *conf, const cJSON *in);
} verbs[] = {
    {"txn",        do_txn       },
    {"grant",      do_grant     },
    {"keep",       do_keep      },
    {"revoke",     do_revoke    },
    {"compact",    do_compact   },
    {"defragment", do_defragment},
    {"status",     do_status    },
    {"watch",      do_watch     },
};

int
main(int argc, char **argv)
{
	cJSON *out = cJSON_CreateObject();
	const struct fail *f;
	struct conf *conf;
	size_t i;

	if (argc != 3)
		return 64;
	f = conf_read_file(&conf, argv[1]);
	for (i = 0; f == NULL && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[2]) == 0)
			f = verbs[i].run(out, conf, read_stdin());
	if (f != NULL) {
		add_number(out, "code", f->code);
		cJSON_AddBoolToObject(out, "busy", f->code == FAIL_BUSY);
		cJSON_AddBoolToObject(out, "missing", f->code == FAIL_MISSING);
		json_add_text(out, "fail", f->text);
	}
	puts(json_print(out, false));
	return 0;
}
