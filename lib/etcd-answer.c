/*
 * What etcd's answers mean.  They are as hostile as any: no text of theirs is
 * passed on that does not stand here.
 */
#include "etcd-call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

/* Source: etcd's api/v3rpc/rpctypes/error.go. */
static const struct {
	const char *message;
	enum etcd_verdict verdict;
} errors[] = {
    {"etcdserver: no leader",                                                  ETCD_WAIT   },
    {"etcdserver: not leader",                                                 ETCD_WAIT   },
    {"etcdserver: request timed out",                                          ETCD_UNKNOWN},
    {"etcdserver: request timed out, possibly due to previous leader failure",
     ETCD_UNKNOWN                                                                          },
    {"etcdserver: request timed out, possibly due to connection lost",
     ETCD_UNKNOWN                                                                          },
    {"etcdserver: leader changed",                                             ETCD_UNKNOWN},
    {"etcdserver: server stopped",                                             ETCD_UNKNOWN},
    {"etcdserver: too many requests",                                          ETCD_REFUSED},
    {"etcdserver: mvcc: database space exceeded",                              ETCD_REFUSED},
    {"etcdserver: corrupt cluster",                                            ETCD_REFUSED},
    {"etcdserver: unhealthy cluster",                                          ETCD_UNKNOWN},
    {"etcdserver: request is too large",                                       ETCD_REFUSED},
    {"etcdserver: too many operations in txn request",                         ETCD_REFUSED},
    {"etcdserver: duplicate key given in txn request",                         ETCD_REFUSED},
    {"etcdserver: key is not provided",                                        ETCD_REFUSED},
    {"etcdserver: invalid auth token",                                         ETCD_TOKEN  },
    {"etcdserver: revision of auth store is old",                              ETCD_TOKEN  },
    {"etcdserver: user name is empty",                                         ETCD_REFUSED},
    {"etcdserver: user name not found",                                        ETCD_REFUSED},
    {"etcdserver: authentication failed, invalid user ID or password",
     ETCD_REFUSED                                                                          },
    {"etcdserver: authentication is not enabled",                              ETCD_REFUSED},
    {"etcdserver: permission denied",                                          ETCD_REFUSED},
    {"etcdserver: requested lease not found",                                  ETCD_REFUSED},
    {"etcdserver: mvcc: required revision has been compacted",                 ETCD_REFUSED},
    {"etcdserver: mvcc: required revision is a future revision",               ETCD_REFUSED},
};

/* Statuses that say: not done.  All others leave it open. */
static const int refusals[] = {400, 401, 403, 404, 412, 413, 429};

static enum etcd_verdict
judge_error(const char **why, const char **refusal, const cJSON *o, int status)
{
	const char *message = json_text(o, "message");
	size_t i;

	if (message == NULL)
		message = json_text(o, "error");
	for (i = 0; message != NULL && i < sizeof(errors) / sizeof(errors[0]);
	     i++)
		if (strcmp(errors[i].message, message) == 0) {
			*refusal = strchr(errors[i].message, ':') + 2;
			*why = mem_printf("says: %s", *refusal);
			return errors[i].verdict;
		}
	*why = mem_printf("answers with status %d", status);
	if (message == NULL)
		return ETCD_UNKNOWN;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i] == status)
			return ETCD_REFUSED;
	return ETCD_UNKNOWN;
}

enum etcd_verdict
etcd_judge(cJSON **json, const char **why, const char **refusal,
    const struct exchange *x)
{
	cJSON *o = NULL;

	*refusal = NULL;
	if (x->status == 0) {
		*why = mem_printf("does not answer: %s", x->trouble);
		return x->sent ? ETCD_UNKNOWN : ETCD_AWAY;
	}
	if (json_parse_outside(&o, x->answer, x->answer_len) != NULL ||
	    !cJSON_IsObject(o)) {
		*why = mem_printf("answers with status %d, and not as etcd "
		                  "would",
		    x->status);
		return ETCD_UNKNOWN;
	}
	if (x->status != 200)
		return judge_error(why, refusal, o, x->status);
	*json = o;
	return ETCD_DONE;
}

bool
etcd_number(int64_t *out, const cJSON *o, const char *key)
{
	const cJSON *item = json_get(o, key);
	const char *text;
	char *end;

	*out = 0;
	if (item == NULL)
		return true;
	if (!cJSON_IsString(item) && !json_is_number(item))
		return false;
	text = json_plain(item);
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* The bytes that member key of o stands for; NULL: none.  "" where absent. */
static const char *
bytes_of(size_t *len, const cJSON *o, const char *key)
{
	const cJSON *item = json_get(o, key);

	*len = 0;
	if (item == NULL)
		return "";
	if (!cJSON_IsString(item))
		return NULL;
	return hash_unbase64(len, item->valuestring, strlen(item->valuestring));
}

const char *
etcd_pair(struct etcd_pair *out, const cJSON *o)
{
	size_t len;

	*out = (struct etcd_pair){0};
	out->key = bytes_of(&len, o, "key");
	if (out->key == NULL || len == 0 || strlen(out->key) != len)
		return "a key that cannot be read";
	out->value = bytes_of(&out->len, o, "value");
	if (out->value == NULL)
		return "a value that cannot be read";
	if (!etcd_number(&out->version, o, "version") ||
	    !etcd_number(&out->revision, o, "mod_revision"))
		return "a revision that cannot be read";
	return NULL;
}
