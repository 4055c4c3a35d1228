#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"
#include "record.h"
#include "tap.h"
#include "token.h"

static const int64_t now = 1767323045678;

static char dir[] = "/tmp/test-token.XXXXXX";
static struct conf conf;
static struct store *store;
static struct account *ada;
static const char *key_file;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
must(const struct fail *f)
{
	if (f == NULL)
		return;
	printf("Bail out! %s\n", f->text);
	exit(1);
}

static void
save(const struct account *a)
{
	struct act act = {.conf = &conf, .store = store, .request_id = "t"};
	struct event e = event_new("%s: saved", a->name);

	must(store_lock(store));
	account_put(store, a);
	must(event_commit(NULL, &act, &e));
}

static bool
is_fail(const struct fail *f, enum fail_code code)
{
	return f != NULL && f->code == code;
}

/* What comes of text: NULL, or the failure. */
static const struct fail *
try(const char *text, int64_t when)
{
	struct account *a = NULL;
	const struct fail *f = token_account(&a, NULL, store, text, when);

	if (f == NULL && strcmp(a->name, "ada") != 0)
		return fail(FAIL_SYSTEM, "another account");
	return f;
}

static const char *
coded(const char *json)
{
	return hash_base64url(json, strlen(json));
}

/* A token of these parts with a signature that is ours for purpose. */
static const char *
forge(const char *head, const char *claims, const char *purpose)
{
	unsigned char key[TOKEN_KEY_SIZE], mac[HASH_SHA512_SIZE];
	const char *text = mem_printf("%s.%s", coded(head), coded(claims));

	must(token_key(key, store, purpose));
	hash_hmac_sha512(mac, key, sizeof(key), text, strlen(text));
	return mem_printf("%s.%s", text, hash_base64url(mac, sizeof(mac)));
}

static const char jwt[] = "{\"typ\":\"JWT\",\"alg\":\"HS512\"}";

/* Good claims, with one put in (json NULL: taken out). */
static const char *
claims_with(const char *key, const char *json)
{
	cJSON *claims = cJSON_CreateObject();

	cJSON_AddStringToObject(claims, "iss", "Scalingo");
	cJSON_AddNumberToObject(claims, "exp", (double)(now / 1000 + 60));
	cJSON_AddStringToObject(claims, "uuid", ada->id);
	cJSON_AddStringToObject(claims, "sub", "ada");
	cJSON_AddStringToObject(claims, "tid", ada->tokens->id);
	if (key != NULL)
		cJSON_DeleteItemFromObjectCaseSensitive(claims, key);
	if (key != NULL && json != NULL)
		cJSON_AddRawToObject(claims, key, json);
	return json_print(claims, false);
}

static void
test_key(void)
{
	unsigned char one[TOKEN_KEY_SIZE], two[TOKEN_KEY_SIZE];
	struct stat st;

	ok(is_fail(token_key(one, store, "x"), FAIL_SYSTEM), "no key yet");
	ok(token_key_new(conf.data) == NULL, "made");
	ok(is_fail(token_key_new(conf.data), FAIL_CONFLICT), "once");
	ok(stat(key_file, &st) == 0 && st.st_size == TOKEN_KEY_SIZE &&
	        (st.st_mode & 07777) == 0600,
	    "32 bytes for its owner alone");
	must(token_key(one, store, "x"));
	must(token_key(two, store, "x"));
	ok(memcmp(one, two, sizeof(one)) == 0, "the same for a purpose");
	must(token_key(two, store, "y"));
	ok(memcmp(one, two, sizeof(one)) != 0, "another for another");
}

static void
test_bad_key(void)
{
	unsigned char key[TOKEN_KEY_SIZE];
	const struct fail *f;
	int i;

	for (i = 0; i < 3; i++) {
		static const mode_t modes[] = {0604, 0644, 0620};

		chmod(key_file, modes[i]);
		f = token_key(key, store, "x");
		ok(is_fail(f, FAIL_SYSTEM) && strstr(f->text, key_file) != NULL,
		    "mode %04o is refused by name", (unsigned)modes[i]);
	}
	chmod(key_file, 0600);
	for (i = 0; i < 2; i++) {
		if (truncate(key_file, i == 0 ? 31 : 33) != 0)
			abort();
		f = token_key(key, store, "x");
		ok(is_fail(f, FAIL_SYSTEM) && strstr(f->text, key_file) != NULL,
		    "a key too %s", i == 0 ? "short" : "long");
	}
}

static void
test_make(void)
{
	const char *text = NULL, *dot, *last;
	const struct account_token *token = NULL;
	struct account *a;
	cJSON *claims;
	size_t len;
	char *part;

	must(token_make(&text, store, ada, ada->tokens->id, now));
	dot = strchr(text, '.');
	last = strrchr(text, '.');
	is(mem_dup(text, (size_t)(dot - text)), coded(jwt), "its header");
	part = hash_unbase64(&len, dot + 1, (size_t)(last - dot - 1));
	must(json_parse(&claims, part, len));
	is(json_text(claims, "iss"), "Scalingo", "iss");
	is(json_text(claims, "uuid"), ada->id, "uuid");
	is(json_text(claims, "sub"), "ada", "sub");
	is(json_text(claims, "tid"), ada->tokens->id, "tid");
	ok(strlen(json_text(claims, "rnd")) == 32, "rnd");
	is(json_plain(json_get(claims, "iat")), "1767323045", "iat");
	is(json_plain(json_get(claims, "exp")), "1767326645", "exp");
	must(token_account(&a, &token, store, text, now));
	is(a->id, ada->id, "it speaks for its account");
	is(token->id, ada->tokens->id, "by its API token");
	ok(try(text, now + 3599000) == NULL, "good for an hour");
	ok(is_fail(try(text, now + 3600000), FAIL_AUTH), "and no longer");
	must(token_make_addon(&text, store, ada, "ad-1", now));
	ok(is_fail(try(text, now), FAIL_AUTH), "an add-on's is no user's");
	dot = strchr(text, '.');
	last = strrchr(text, '.');
	part = hash_unbase64(&len, dot + 1, (size_t)(last - dot - 1));
	must(json_parse(&claims, part, len));
	is(json_text(claims, "addon_uuid"), "ad-1", "addon_uuid");
}

static void
test_claims(void)
{
	static const struct {
		const char *key, *json;
	} bad[] = {
	    {"iss",  NULL            },
	    {"iss",  "\"scalingo\""  },
	    {"iss",  "1"             },
	    {"exp",  NULL            },
	    {"exp",  "\"9999999999\""},
	    {"exp",  "null"          },
	    {"exp",  "0"             },
	    {"exp",  "1767323045"    },
	    {"exp",  "-1"            },
	    {"exp",  "true"          },
	    {"uuid", NULL            },
	    {"uuid", "\"us-other\""  },
	    {"uuid", "7"             },
	    {"sub",  NULL            },
	    {"sub",  "\"bob\""       },
	    {"sub",  "\"../x\""      },
	    {"sub",  "[]"            },
	    {"tid",  NULL            },
	    {"tid",  "\"none\""      },
	    {"tid",  "{}"            },
	    {"iss",  "\"\\u0000\""   },
	};
	size_t i;

	ok(try(forge(jwt, claims_with(NULL, NULL), "user token"), now) == NULL,
	    "good claims are taken");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(is_fail(try(forge(jwt, claims_with(bad[i].key, bad[i].json),
		                   "user token"),
		               now),
		       FAIL_AUTH),
		    "%s: %s", bad[i].key,
		    bad[i].json == NULL ? "missing" : bad[i].json);
}

static void
test_shape(void)
{
	static const char *const heads[] = {
	    "{\"typ\":\"JWT\",\"alg\":\"none\"}",
	    "{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
	    "{\"typ\":\"JWT\",\"alg\":\"hs512\"}",
	    "{\"typ\":\"JWT\",\"alg\":[\"HS512\"]}",
	    "{\"typ\":\"JWT\",\"Alg\":\"HS512\"}",
	    "{\"alg\":\"HS512\",\"crit\":[\"x\"]}",
	    "{\"alg\":\"HS512\",\"alg\":\"none\"}",
	    "{\"typ\":\"JWT\"}",
	    "[]",
	    "",
	};
	static const char *const texts[] = {
	    "",
	    ".",
	    "..",
	    "...",
	    "a.b",
	    "a.b.c",
	    "a.b.c.d",
	    "\xff.\xff.\xff",
	};
	const char *good = forge(jwt, claims_with(NULL, NULL), "user token");
	const char *last = strrchr(good, '.');
	char *text;
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		ok(is_fail(try(forge(heads[i], claims_with(NULL, NULL),
		                   "user token"),
		               now),
		       FAIL_AUTH),
		    "header %s", heads[i]);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok(is_fail(try(texts[i], now), FAIL_AUTH), "text %zu", i);
	ok(is_fail(try(forge(jwt, "[]", "user token"), now), FAIL_AUTH),
	    "claims that are no object");
	ok(is_fail(try(forge(jwt, claims_with(NULL, NULL), "addon token"), now),
	       FAIL_AUTH),
	    "another purpose");
	ok(is_fail(try(mem_dup(good, (size_t)(last - good) + 1), now),
	       FAIL_AUTH),
	    "no signature");
	ok(is_fail(try(mem_printf("%s=", good), now), FAIL_AUTH), "padding");
	ok(is_fail(try(mem_dup(good, strlen(good) - 1), now), FAIL_AUTH),
	    "a signature cut short");
	for (i = 0; i < strlen(good); i += 7) {
		text = mem_copy(good);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		if (!is_fail(try(text, now), FAIL_AUTH))
			break;
	}
	ok(i >= strlen(good), "no character may change");
}

static void
test_revocation(void)
{
	const char *id = ada->tokens->id, *text = NULL;

	must(token_make(&text, store, ada, id, now));
	ok(try(text, now) == NULL, "good at first");
	ada->disabled = true;
	save(ada);
	ok(is_fail(try(text, now), FAIL_AUTH), "not for a disabled account");
	ada->disabled = false;
	save(ada);
	ok(try(text, now) == NULL, "good again");
	account_token_add(ada, "other");
	account_token_remove(ada, id);
	save(ada);
	ok(is_fail(try(text, now), FAIL_AUTH), "not without its API token");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	conf.data = mem_printf("%s/data", dir);
	key_file = mem_printf("%s/key", conf.data);
	must(store_init(conf.data));
	must(record_store(&store, &conf));
	test_key();
	must(account_new(&ada, "ada", "ada@b.example", true));
	account_token_add(ada, "first");
	save(ada);
	test_make();
	test_claims();
	test_shape();
	test_revocation();
	test_bad_key();
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
