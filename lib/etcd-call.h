#ifndef SUTLER_ETCD_CALL_H
#define SUTLER_ETCD_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "dialect.h"
#include "etcd.h"

/*
 * One question to etcd's gateway: which endpoint, as whom, and what an error
 * means.  For lib/etcd*.c alone.
 */
struct etcd_call {
	const struct conf *conf;
	const char *path;       /* "/v3/kv/txn" */
	const char *body;       /* JSON */
	const char *request_id; /* or NULL */
	const char *endpoint;   /* this one alone; NULL: all, in turn.  After
	                           it: who answered */
	bool repeatable; /* done twice, it does no harm: others may be asked
	                    where one may have done it */
	long ms;         /* for all of it */

	cJSON *answer;       /* an object */
	bool unknown;        /* a failure, and it may have been done */
	bool large;          /* a failure: the answer had no room */
	const char *refusal; /* etcd's words, where it refused by known ones */
};

/* Ask; c->answer is filled, or what is returned says why not. */
const struct fail *etcd_call(struct etcd_call *c);

/* Fill the question for path at endpoint but for its body and times, own into
 * it, with the token of conf->cluster_user as far as there is one. */
void etcd_question(struct exchange *x, struct exchange_own *own,
    const struct conf *conf, const char *endpoint, const char *path);

/* The endpoints of conf->cluster, the one that answered last first. */
enum { ETCD_ENDPOINTS_MAX = 16 };
size_t etcd_endpoints(const char *out[ETCD_ENDPOINTS_MAX],
    const struct conf *conf);

/* A clock that nobody sets, in ms. */
int64_t etcd_clock(void);

/* What an answer means. */
enum etcd_verdict {
	ETCD_DONE,
	ETCD_REFUSED, /* not done, and no other endpoint would */
	ETCD_AWAY,    /* not done; another may */
	ETCD_WAIT,    /* not done, as it has no leader just now */
	ETCD_TOKEN,   /* not done, as the token is no longer known */
	ETCD_UNKNOWN  /* it may have been done */
};

/* The verdict on x; *json is its object (DONE), *why a sentence's end, and
 * *refusal etcd's own words where they are known ones, else NULL. */
enum etcd_verdict etcd_judge(cJSON **json, const char **why,
    const char **refusal, const struct exchange *x);

/* The member key of o, a 64-bit number in a string, or a plain one; absent: 0.
 * False: it is none, or negative. */
bool etcd_number(int64_t *out, const cJSON *o, const char *key);

/* The pair that o is; what is not as asked, or NULL. */
const char *etcd_pair(struct etcd_pair *out, const cJSON *o);

/* Fill out from etcd's answer to txn; what is not as asked, or NULL. */
const char *etcd_read(struct etcd_answer *out, const struct etcd_txn *txn,
    const cJSON *answer);

/* A watch that has been asked for. */
struct etcd_watch {
	const struct conf *conf;
	const char *endpoint, *key, *end;
	etcd_heard *heard;
	void *arg;
	bool created; /* etcd has said so */
};

/* What a line of its answer says goes to heard; arg is the watch.  A
 * client_heard of lib/client.h. */
const struct fail *etcd_hear(void *arg, const char *line, size_t len);

#endif
