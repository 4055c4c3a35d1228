/*
 * Tokens: one that we did not sign is none, whatever it holds; one that we did
 * is read to its end.  The first byte chooses: a text as it came, or two lines,
 * header and claims, that are signed.
 */
#include "fuzz.h"

#include <string.h>

#include "cgi.h"
#include "fail.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "oauth.h"
#include "token.h"

static const int64_t now = 1767323045678;

static struct store *store;
static struct act act;
static const char *good; /* the one that we gave out */

void
fuzz_begin(void)
{
	struct conf *conf = fuzz_data(&store);
	struct event e = event_new("ana");
	cJSON *claims = cJSON_CreateObject();
	struct account *a;

	act.conf = conf;
	act.store = store;
	fuzz_done(account_new(&a, "ana", "ana@example.org", true));
	a->id = "us-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50";
	account_token_add(a, "fuzz");
	a->tokens->id = "1d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50";
	fuzz_done(store_lock(store));
	account_put(store, a);
	fuzz_done(event_commit(NULL, &act, &e));
	json_add_text(claims, "iss", "Scalingo");
	json_add_text(claims, "uuid", a->id);
	json_add_text(claims, "sub", a->name);
	json_add_text(claims, "tid", a->tokens->id);
	cJSON_AddNumberToObject(claims, "exp", 99999999999);
	fuzz_done(token_sign(&good, store, "user token", claims));
}

/* A token of the two lines of text, signed for purpose. */
static const char *
sign(char *text, const char *purpose)
{
	unsigned char key[TOKEN_KEY_SIZE], mac[HASH_SHA512_SIZE];
	const char *head = fuzz_next_line(&text), *both;

	both = mem_printf("%s.%s", hash_base64url(head, strlen(head)),
	    hash_base64url(text, strlen(text)));
	fuzz_done(token_key(key, store, purpose));
	hash_hmac_sha512(mac, key, sizeof(key), both, strlen(both));
	return mem_printf("%s.%s", both, hash_base64url(mac, sizeof(mac)));
}

static void
check_user(const char *text)
{
	const struct account_token *t = NULL;
	struct account *a = NULL;
	const struct fail *f = token_account(&a, &t, store, text, now);

	if (f == NULL)
		fuzz_must(strcmp(a->name, "ana") == 0 && t == a->tokens,
		    "a token speaks for its account");
	else
		fuzz_must(f->code == FAIL_AUTH, "any other is refused");
}

void
fuzz_one(char *bytes, size_t len)
{
	bool ours = fuzz_pick(&bytes, &len, 2) == 1;
	const char *text = bytes, *addon_id;
	const struct fail *f;
	struct provider *p;
	cJSON *claims;

	if (ours)
		text = sign(bytes, "user token");
	f = token_verify(&claims, store, "user token", text);
	fuzz_must(f == NULL || f->code == FAIL_AUTH, "it is good, or refused");
	fuzz_must(f != NULL || ours || strcmp(text, good) == 0,
	    "nobody signs for us");
	if (f == NULL)
		fuzz_same(claims, "the claims");
	check_user(text);
	f = token_verify(&claims, store, "addon token", text);
	fuzz_must(f != NULL, "it is for one purpose alone");
	f = oauth_check(&p, &addon_id, &act, text);
	fuzz_must(f != NULL && f->code == FAIL_AUTH,
	    "nor does it speak for an installation");
}
