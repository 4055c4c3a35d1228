/*
 * Leases, and what keeps etcd in shape.
 */
#include "etcd.h"

#include <inttypes.h>
#include <string.h>

#include "etcd-call.h"
#include "fail.h"
#include "json.h"
#include "mem.h"

enum { DEFRAGMENT_MS = 60000, LEAST_MS = 500 };

static const struct fail *
strange(const struct etcd_call *c, const char *what)
{
	return fail(FAIL_BUSY, "etcd: %s answers with %s", c->endpoint, what);
}

static struct etcd_call
call(const struct conf *conf, const char *path, const char *body)
{
	return (struct etcd_call){.conf = conf,
	    .path = path,
	    .body = body,
	    .repeatable = true,
	    .ms = ETCD_SECONDS * 1000};
}

static bool
refused(const struct etcd_call *c, const char *words)
{
	return c->refusal != NULL && strcmp(c->refusal, words) == 0;
}

static const char no_lease[] = "requested lease not found";

const struct fail *
etcd_grant(int64_t *lease, const struct conf *conf, long seconds)
{
	struct etcd_call c = call(conf, "/v3/lease/grant",
	    mem_printf("{\"TTL\":\"%ld\"}", seconds));
	const struct fail *f = etcd_call(&c);

	*lease = 0;
	if (f != NULL)
		return f;
	if (!etcd_number(lease, c.answer, "ID") || *lease == 0)
		return strange(&c, "no lease");
	return NULL;
}

const struct fail *
etcd_keep(const struct conf *conf, int64_t lease)
{
	struct etcd_call c = call(conf, "/v3/lease/keepalive",
	    mem_printf("{\"ID\":\"%" PRId64 "\"}", lease));
	const struct fail *f = etcd_call(&c);
	const cJSON *result;
	int64_t seconds, id;

	if (f != NULL)
		return refused(&c, no_lease) ? fail_missing("lease") : f;
	result = json_get(c.answer, "result");
	if (!cJSON_IsObject(result) || !etcd_number(&id, result, "ID") ||
	    !etcd_number(&seconds, result, "TTL") || id != lease)
		return strange(&c, "another lease");
	return seconds == 0 ? fail_missing("lease") : NULL;
}

const struct fail *
etcd_revoke(const struct conf *conf, int64_t lease)
{
	struct etcd_call c = call(conf, "/v3/lease/revoke",
	    mem_printf("{\"ID\":\"%" PRId64 "\"}", lease));
	const struct fail *f = etcd_call(&c);

	return refused(&c, no_lease) ? NULL : f;
}

const struct fail *
etcd_compact(const struct conf *conf, int64_t revision)
{
	struct etcd_call c = call(conf, "/v3/kv/compaction",
	    mem_printf("{\"revision\":\"%" PRId64 "\"}", revision));
	const struct fail *f = etcd_call(&c);

	return refused(&c, "mvcc: required revision has been compacted") ? NULL
	                                                                 : f;
}

const struct fail *
etcd_defragment(const struct conf *conf, const char *endpoint)
{
	struct etcd_call c = call(conf, "/v3/maintenance/defragment", "{}");

	c.endpoint = endpoint;
	c.ms = DEFRAGMENT_MS;
	return etcd_call(&c);
}

/* A version is short, and may be shown. */
static const char *
version_of(const cJSON *status)
{
	const char *text = json_text(status, "version");
	size_t len = text == NULL ? 0
	                          : strspn(text, "0123456789.-+abcdefghijklmno"
	                                         "pqrstuvwxyz");

	return len == 0 || len > 40 || text[len] != '\0' ? "unknown" : text;
}

/* The names of the alarms among what a member says is wrong. */
static const char *
alarms_of(const cJSON *errors)
{
	static const char *const names[] = {"NOSPACE", "CORRUPT"};
	struct mem_text t = {0};
	const cJSON *one;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cJSON_ArrayForEach(one, errors)
			if (cJSON_IsString(one) &&
			    strstr(one->valuestring,
			        mem_printf("alarm:%s", names[i])) != NULL) {
				mem_addf(&t, "%s%s", t.len == 0 ? "" : " ",
				    names[i]);
				break;
			}
	return t.text == NULL ? "" : t.text;
}

static const char *
read_status(struct etcd_member *m, const cJSON *o)
{
	const cJSON *header = json_get(o, "header");
	const char *id = json_text(header, "member_id");
	const char *leader = json_text(o, "leader");

	if (id == NULL || !etcd_number(&m->revision, header, "revision") ||
	    !etcd_number(&m->size, o, "dbSize") ||
	    !etcd_number(&m->size_in_use, o, "dbSizeInUse"))
		return "what cannot be read";
	m->version = version_of(o);
	m->alarms = alarms_of(json_get(o, "errors"));
	if (leader == NULL || strcmp(leader, "0") == 0)
		m->trouble = "it has no leader";
	else
		m->leader = strcmp(leader, id) == 0;
	return NULL;
}

const struct fail *
etcd_status(struct etcd_member **out, const struct conf *conf)
{
	const char *all[ETCD_ENDPOINTS_MAX];
	const size_t count = etcd_endpoints(all, conf);
	const struct fail *f;
	struct etcd_member *m;
	struct etcd_call c;
	const char *why;
	size_t i;

	*out = NULL;
	for (i = 0; i < count; i++) {
		c = call(conf, "/v3/maintenance/status", "{}");
		c.endpoint = all[i];
		c.ms = c.ms / (long)count < LEAST_MS ? LEAST_MS
		                                     : c.ms / (long)count;
		m = *out = mem_alloc(sizeof(*m));
		out = &m->next;
		m->endpoint = all[i];
		m->version = m->alarms = "";
		f = etcd_call(&c);
		if (f == NULL && (why = read_status(m, c.answer)) != NULL)
			f = strange(&c, why);
		if (f != NULL)
			m->trouble = f->text;
	}
	return NULL;
}
