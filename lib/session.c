#include "session.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "ring.h"

enum {
	SECRET_BYTES = 32,
	SECRET_LENGTH = 43,       /* of its Base64 */
	COOKIES_LENGTH_MAX = 8192 /* bytes of a header that is looked at */
};

static const struct json_field fields[] = {
    JSON_FIELD(session, account, STRING, MUST),
    JSON_FIELD(session, account_id, STRING, MUST),
    JSON_FIELD(session, token_id, STRING, MUST),
    JSON_FIELD(session, renewed_at, STRING, OMIT),
    JSON_FIELD(session, expires_at, STRING, MUST),
};

static const struct json_shape shape = JSON_SHAPE(session, fields);

static const char *
file_of(const struct store *store, const char *secret)
{
	return mem_printf("%s/state/sessions/%s", store_data(store),
	    hash_sha256(secret, strlen(secret)));
}

const struct fail *
session_new(struct session **out, const char **secret,
    const struct store *store, const struct account *a,
    const struct account_token *t, int64_t now)
{
	struct session *s = mem_alloc(sizeof(*s));
	unsigned char random[SECRET_BYTES];
	const struct fail *f;
	const char *text;

	hash_random(random, sizeof(random));
	*secret = hash_base64url(random, sizeof(random));
	s->account = a->name;
	s->account_id = a->id;
	s->token_id = t->id;
	s->renewed_at = t->renewed_at;
	s->expires_at = clock_text(now + SESSION_SECONDS * 1000);
	s->file = file_of(store, *secret);
	*out = s;
	text = json_print(json_write(s, &shape), false);
	f = ring_turn(store_data(store), "sessions", t->id,
	    strrchr(s->file, '/') + 1);
	if (f != NULL)
		return f;
	return file_replace_private(s->file,
	    mem_printf("%s/state/tmp", store_data(store)), text, strlen(text));
}

/* The session that secret is of, or NULL: there is none, or it is expired. */
static const struct fail *
load(struct session **out, const struct store *store, const char *secret,
    int64_t now)
{
	struct session *s = mem_alloc(sizeof(*s));
	const char *file = file_of(store, secret);
	const struct fail *f;
	size_t len;
	char *text;
	cJSON *json;

	*out = NULL;
	f = file_read(&text, &len, file);
	if (f != NULL || text == NULL)
		return f;
	/* unflushed: after a loss of power it may be empty */
	if (json_parse(&json, text, len) != NULL ||
	    json_read(s, json, &shape) != NULL ||
	    clock_parse(s->expires_at) <= now)
		return NULL;
	s->file = file;
	*out = s;
	return NULL;
}

/* The next secret in the Cookie header at *p, which moves behind it; NULL:
 * there is no more. */
static const char *
next_secret(const char **p)
{
	static const char name[] = SESSION_COOKIE "=";
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *pair;
	size_t len;

	while (**p != '\0') {
		pair = *p + strspn(*p, " \t;");
		len = strcspn(pair, ";");
		*p = pair + len;
		while (
		    len > 0 && (pair[len - 1] == ' ' || pair[len - 1] == '\t'))
			len--;
		if (len != strlen(name) + SECRET_LENGTH ||
		    strncmp(pair, name, strlen(name)) != 0)
			continue;
		pair += strlen(name);
		if (strspn(pair, letters) >= SECRET_LENGTH)
			return mem_dup(pair, SECRET_LENGTH);
	}
	return NULL;
}

static bool
is_in(const struct session *list, const struct session *s)
{
	while (list != NULL && strcmp(list->file, s->file) != 0)
		list = list->next;
	return list != NULL;
}

const struct fail *
session_find(struct session **out, const struct store *store,
    const char *cookies, int64_t now)
{
	const struct fail *f = NULL;
	struct session **tail = out;
	const char *secret;
	int count = 0;

	*out = NULL;
	if (cookies == NULL || strlen(cookies) > COOKIES_LENGTH_MAX)
		return NULL;
	while (f == NULL && count++ < SESSION_COOKIES_MAX &&
	       (secret = next_secret(&cookies)) != NULL) {
		struct session *s;

		f = load(&s, store, secret, now);
		if (f == NULL && s != NULL && !is_in(*out, s)) {
			*tail = s;
			tail = &s->next;
		}
	}
	return f;
}

static bool
same_time(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const struct fail *
session_account(struct account **a, const struct account_token **token,
    struct store *store, const struct session *s)
{
	const struct fail *f = account_load(a, store, s->account);

	if (f != NULL && f->code != FAIL_MISSING)
		return f;
	*token = f != NULL ? NULL : account_token_find(*a, s->token_id);
	if (*token == NULL || strcmp((*a)->id, s->account_id) != 0 ||
	    !same_time((*token)->renewed_at, s->renewed_at))
		return fail(FAIL_AUTH, "Invalid credentials");
	return NULL;
}

const struct fail *
session_end(const struct session *list)
{
	const struct fail *f = NULL;

	for (; f == NULL && list != NULL; list = list->next)
		f = file_remove(list->file);
	return f;
}

const char *
session_cookie(const char *secret, const char *public_url)
{
	static const char https[] = "https://";

	return mem_printf(SESSION_COOKIE
	    "=%s; HttpOnly; SameSite=Strict; Path=/; "
	    "Max-Age=%d%s",
	    secret == NULL ? "" : secret, secret == NULL ? 0 : SESSION_SECONDS,
	    strncasecmp(public_url, https, strlen(https)) == 0 ? "; Secure"
	                                                       : "");
}
