/*
 * Transactions.
 */
#include "etcd.h"

#include <inttypes.h>
#include <string.h>

#include "etcd-call.h"
#include "fail.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

static void
add_bytes(struct mem_text *t, const char *name, const char *bytes, size_t len)
{
	mem_addf(t, "\"%s\":\"", name);
	mem_puts(t, hash_base64(bytes, len));
	mem_puts(t, "\"");
}

static void
add_compare(struct mem_text *t, const struct etcd_compare *c)
{
	mem_puts(t, "{\"result\":\"EQUAL\",");
	add_bytes(t, "key", c->key, strlen(c->key));
	if (c->end != NULL) {
		mem_puts(t, ",");
		add_bytes(t, "range_end", c->end, strlen(c->end));
	}
	if (c->value == NULL) {
		mem_puts(t, ",\"target\":\"CREATE\","
		            "\"create_revision\":\"0\"}");
		return;
	}
	mem_puts(t, ",\"target\":\"VALUE\",");
	add_bytes(t, "value", c->value, c->len);
	mem_puts(t, "}");
}

static const char *const questions[] = {
    [ETCD_PUT] = "request_put",
    [ETCD_RANGE] = "request_range",
    [ETCD_DELETE] = "request_delete_range",
};

static const char *const responses[] = {
    [ETCD_PUT] = "response_put",
    [ETCD_RANGE] = "response_range",
    [ETCD_DELETE] = "response_delete_range",
};

static void
add_op(struct mem_text *t, const struct etcd_op *op)
{
	mem_addf(t, "{\"%s\":{", questions[op->verb]);
	add_bytes(t, "key", op->key, strlen(op->key));
	if (op->verb != ETCD_PUT && op->end != NULL) {
		mem_puts(t, ",");
		add_bytes(t, "range_end", op->end, strlen(op->end));
	}
	if (op->verb == ETCD_PUT) {
		mem_puts(t, ",");
		add_bytes(t, "value", op->value, op->len);
		if (op->lease != 0)
			mem_addf(t, ",\"lease\":\"%" PRId64 "\"", op->lease);
	}
	if (op->verb == ETCD_RANGE && op->limit != 0)
		mem_addf(t, ",\"limit\":\"%" PRId64 "\"", op->limit);
	if (op->verb == ETCD_RANGE && op->keys_only)
		mem_puts(t, ",\"keys_only\":true");
	mem_puts(t, "}}");
}

static void
add_ops(struct mem_text *t, const char *name, const struct etcd_op *ops,
    size_t count)
{
	size_t i;

	mem_addf(t, "],\"%s\":[", name);
	for (i = 0; i < count; i++) {
		if (i > 0)
			mem_puts(t, ",");
		add_op(t, &ops[i]);
	}
}

static const char *
body_of(const struct etcd_txn *txn)
{
	struct mem_text t = {0};
	size_t i;

	mem_puts(&t, "{\"compare\":[");
	for (i = 0; i < txn->compare_count; i++) {
		if (i > 0)
			mem_puts(&t, ",");
		add_compare(&t, &txn->compares[i]);
	}
	add_ops(&t, "success", txn->then, txn->then_count);
	add_ops(&t, "failure", txn->otherwise, txn->otherwise_count);
	mem_puts(&t, "]}");
	return t.text;
}

static bool
only_reads(const struct etcd_op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ops[i].verb != ETCD_RANGE)
			return false;
	return true;
}

/* Is pair what op asked for, behind the pair before it? */
static const char *
check_pair(const struct etcd_op *op, const struct etcd_pair *pair,
    const struct etcd_pair *before)
{
	if (op->end == NULL ? strcmp(pair->key, op->key) != 0
	                    : strcmp(pair->key, op->key) < 0 ||
	                          strcmp(pair->key, op->end) >= 0)
		return "a key that was not asked for";
	if (before != NULL && strcmp(before->key, pair->key) >= 0)
		return "keys that are not in order";
	return NULL;
}

static const char *
read_range(struct etcd_pair **out, bool *more, const struct etcd_op *op,
    const cJSON *range)
{
	const cJSON *kvs = json_get(range, "kvs"), *kv;
	struct etcd_pair *pair, *before = NULL;
	const char *why = NULL;
	int64_t count = 0;

	*more = cJSON_IsTrue(json_get(range, "more"));
	if (kvs != NULL && !cJSON_IsArray(kvs))
		return "a range that cannot be read";
	cJSON_ArrayForEach(kv, kvs) {
		pair = mem_alloc(sizeof(*pair));
		why = etcd_pair(pair, kv);
		if (why == NULL)
			why = check_pair(op, pair, before);
		if (why == NULL && op->limit > 0 && ++count > op->limit)
			why = "more than was asked for";
		if (why != NULL)
			return why;
		*out = before = pair;
		out = &pair->next;
	}
	return NULL;
}

const char *
etcd_read(struct etcd_answer *out, const struct etcd_txn *txn,
    const cJSON *answer)
{
	const cJSON *all = json_get(answer, "responses"), *one;
	const struct etcd_op *ops;
	const char *why = NULL;
	size_t count, i = 0;

	out->succeeded = cJSON_IsTrue(json_get(answer, "succeeded"));
	ops = out->succeeded ? txn->then : txn->otherwise;
	count = out->succeeded ? txn->then_count : txn->otherwise_count;
	if (!etcd_number(&out->revision, json_get(answer, "header"),
	        "revision") ||
	    out->revision == 0)
		return "no revision";
	if ((all != NULL && !cJSON_IsArray(all)) ||
	    (size_t)cJSON_GetArraySize(all) != count)
		return "another number of results";
	out->pairs = mem_alloc((count + 1) * sizeof(*out->pairs));
	out->more = mem_alloc((count + 1) * sizeof(*out->more));
	out->deleted = mem_alloc((count + 1) * sizeof(*out->deleted));
	cJSON_ArrayForEach(one, all) {
		if (!cJSON_IsObject(json_get(one, responses[ops[i].verb])))
			return "another kind of result";
		if (ops[i].verb == ETCD_RANGE)
			why = read_range(&out->pairs[i], &out->more[i], &ops[i],
			    json_get(one, "response_range"));
		if (ops[i].verb == ETCD_DELETE &&
		    !etcd_number(&out->deleted[i],
		        json_get(one, "response_delete_range"), "deleted"))
			why = "a number that cannot be read";
		if (why != NULL)
			return why;
		i++;
	}
	return NULL;
}

const struct fail *
etcd_txn(struct etcd_answer *out, const struct conf *conf,
    const struct etcd_txn *txn)
{
	struct etcd_call c = {.conf = conf,
	    .path = "/v3/kv/txn",
	    .body = body_of(txn),
	    .request_id = txn->request_id,
	    .repeatable = only_reads(txn->then, txn->then_count) &&
	                  only_reads(txn->otherwise, txn->otherwise_count),
	    .ms = ETCD_SECONDS * 1000};
	const struct fail *f;
	const char *why;

	*out = (struct etcd_answer){0};
	f = etcd_call(&c);
	out->unknown = c.unknown;
	out->large = c.large;
	if (f != NULL)
		return f;
	why = etcd_read(out, txn, c.answer);
	if (why == NULL)
		return NULL;
	*out = (struct etcd_answer){.unknown = !c.repeatable};
	return fail(FAIL_BUSY, "etcd: %s answers with %s", c.endpoint, why);
}
