/*
 * Hearing of changes as they come.
 */
#include "etcd.h"

#include <inttypes.h>
#include <string.h>

#include "client.h"
#include "etcd-call.h"
#include "fail.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

enum { QUIET_MS = 4000, CONNECT_MS = ETCD_SECONDS * 1000 };

static const struct fail *
strange(const struct etcd_watch *w, const char *what)
{
	return fail(FAIL_BUSY, "etcd: the watch at %s: %s", w->endpoint, what);
}

/* A member of the majority answers; *endpoint is whose (in), or is to be
 * (NULL). */
static const struct fail *
ask_for_life(const char **endpoint, const struct conf *conf, const char *key)
{
	struct etcd_call c = {.conf = conf,
	    .path = "/v3/kv/range",
	    .body = mem_printf("{\"key\":\"%s\",\"count_only\":true}",
	        hash_base64(key, strlen(key))),
	    .endpoint = *endpoint,
	    .repeatable = true,
	    .ms = ETCD_SECONDS * 1000};
	const struct fail *f = etcd_call(&c);

	*endpoint = c.endpoint;
	return f;
}

static const struct fail *
hear_event(const struct etcd_watch *w, const cJSON *event)
{
	const cJSON *type = json_get(event, "type");
	struct etcd_pair pair;
	const char *why = etcd_pair(&pair, json_get(event, "kv"));

	if (why != NULL)
		return strange(w, why);
	if (w->end == NULL
	        ? strcmp(pair.key, w->key) != 0
	        : strcmp(pair.key, w->key) < 0 || strcmp(pair.key, w->end) >= 0)
		return strange(w, "a key that was not asked for");
	if (type != NULL && !cJSON_IsString(type))
		return strange(w, "an event of no kind");
	if (type != NULL && strcmp(type->valuestring, "DELETE") == 0)
		pair.value = NULL;
	else if (type != NULL && strcmp(type->valuestring, "PUT") != 0)
		return strange(w, "an event of another kind");
	return w->heard(w->arg, &pair);
}

static const struct fail *
hear_result(struct etcd_watch *w, const cJSON *result)
{
	const cJSON *events = json_get(result, "events"), *event;
	const struct fail *f = NULL;
	int64_t compacted;

	if (!cJSON_IsObject(result) ||
	    !etcd_number(&compacted, result, "compact_revision"))
		return strange(w, "an answer that cannot be read");
	if (compacted != 0)
		return fail_missing("revision");
	if (cJSON_IsTrue(json_get(result, "canceled")))
		return strange(w, "was ended by etcd");
	if (cJSON_IsTrue(json_get(result, "created"))) {
		w->created = true;
		return w->heard(w->arg, NULL);
	}
	if (events == NULL)
		return w->heard(w->arg, NULL);
	if (!cJSON_IsArray(events))
		return strange(w, "events that cannot be read");
	cJSON_ArrayForEach(event, events)
		if (f == NULL)
			f = hear_event(w, event);
	return f;
}

const struct fail *
etcd_hear(void *arg, const char *line, size_t len)
{
	struct etcd_watch *w = arg;
	const struct fail *f;
	cJSON *o;

	if (line == NULL) {
		/* etcd says nothing where nothing changes; but does it live? */
		f = w->created ? ask_for_life(&w->endpoint, w->conf, w->key)
		               : strange(w, "was not begun in time");
		return f == NULL ? w->heard(w->arg, NULL) : f;
	}
	if (len == 0)
		return NULL;
	if (json_parse_outside(&o, line, len) != NULL ||
	    json_get(o, "result") == NULL)
		return strange(w, "an answer that cannot be read");
	return hear_result(w, json_get(o, "result"));
}

static const char *
body_of(const char *key, const char *end, int64_t revision)
{
	struct mem_text t = {0};

	mem_addf(&t, "{\"create_request\":{\"key\":\"%s\"",
	    hash_base64(key, strlen(key)));
	if (end != NULL)
		mem_addf(&t, ",\"range_end\":\"%s\"",
		    hash_base64(end, strlen(end)));
	/* fragment: no line is longer than etcd's longest transaction */
	mem_addf(&t,
	    ",\"start_revision\":\"%" PRId64 "\",\"fragment\":true,"
	    "\"progress_notify\":true}}",
	    revision);
	return t.text;
}

const struct fail *
etcd_watch(const struct conf *conf, const char *key, const char *end,
    int64_t revision, etcd_heard *heard, void *arg)
{
	struct etcd_watch w = {.conf = conf,
	    .key = key,
	    .end = end,
	    .heard = heard,
	    .arg = arg};
	struct exchange_own own;
	const struct fail *f;
	struct exchange x;
	const char *why, *refusal;
	cJSON *o;

	/* who answers, and a token that is good */
	f = ask_for_life(&w.endpoint, conf, key);
	if (f != NULL)
		return f;
	etcd_question(&x, &own, conf, w.endpoint, "/v3/watch");
	x.body = body_of(key, end, revision);
	own.connect_ms = own.timeout_ms = CONNECT_MS;
	f = client_stream(&x, conf, QUIET_MS, etcd_hear, &w);
	if (f != NULL)
		return f;
	if (x.status == 200)
		return strange(&w, x.trouble == NULL ? "it ended" : x.trouble);
	(void)etcd_judge(&o, &why, &refusal, &x);
	return fail(FAIL_BUSY, "etcd: %s %s", w.endpoint, why);
}
