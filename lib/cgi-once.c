/*
 * The name that a client gives its request.
 * Source: draft-ietf-httpapi-idempotency-key-header, section 2.1.
 */
#include "cgi.h"
#include "hash.h"
#include "mem.h"
#include "once.h"

#include <stdlib.h>
#include <string.h>

const struct fail *
cgi_once(struct cgi *c)
{
	const char *key = getenv("HTTP_IDEMPOTENCY_KEY"), *p, *content;
	struct once *once;
	size_t len;

	if (key == NULL || *key == '\0')
		key = cgi_query(c, "idempotency_key");
	if (key == NULL)
		return NULL;
	/* RFC 8941 quotes a string; many clients do not */
	len = strlen(key);
	if (len >= 2 && key[0] == '"' && key[len - 1] == '"')
		key = mem_dup(key + 1, len - 2);
	for (p = key; *p >= ' ' && *p < 0x7f; p++)
		continue;
	if (*p != '\0' || p == key || p - key > ONCE_KEY_MAX)
		return fail(FAIL_SYNTAX,
		    "an idempotency key has 1 to %d printable characters",
		    ONCE_KEY_MAX);
	once = mem_alloc(sizeof(*once));
	key = mem_printf("%s %s", c->account->id, key);
	content = mem_printf("%s %s %s", c->method, c->path,
	    c->body == NULL ? "" : json_print(c->body, false));
	once->key = hash_sha256(key, strlen(key));
	once->content = hash_sha256(content, strlen(content));
	c->act.once = once;
	return NULL;
}
