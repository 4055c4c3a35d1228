#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"
#include "record.h"
#include "tap.h"

static char dir[] = "/tmp/test-account.XXXXXX";
static struct conf conf;
static struct store *store;
static struct act act;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static bool
is_fail(const struct fail *f, enum fail_code code)
{
	return f != NULL && f->code == code;
}

/* Commit a as it is; what cannot fail here ends the test. */
static void
save(const struct account *a)
{
	struct event e = event_new("%s: saved", a->name);
	const struct fail *f = store_lock(store);

	if (f == NULL) {
		account_put(store, a);
		f = event_commit(NULL, &act, &e);
	}
	if (f == NULL)
		return;
	printf("Bail out! %s\n", f->text);
	exit(1);
}

static const struct {
	const char *name, *email;
	bool good_name, good_email;
} rules[] = {
    {"a",        "a@b",                         true,  true },
    {"0.x_y-z",  "first.last+tag@mail.example", true,  true },
    {"",         "",                            false, false},
    {"Ada",      "ada",                         false, false},
    {".a",       "@b",                          false, false},
    {"-a",       "a@",                          false, false},
    {"_a",       "a b@c",                       false, false},
    {"a/b",      "a@b c",                       false, false},
    {"a b",      "a@b\n",                       false, false},
    {"..",       "<a@b>",                       false, false},
    {"a\n",      "a@b\x7f",                     false, false},
    {"\xc3\xa9", "\xff@b",                      false, false},
    {"a",        "\xc3\xa9@b",                  true,  true },
};

static void
test_rules(void)
{
	const struct fail_item *item;
	const struct fail *f;
	struct account *a;
	char *name;
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		bool name_bad = false, email_bad = false;

		f = account_new(&a, rules[i].name, rules[i].email, false);
		for (item = f == NULL ? NULL : f->items; item != NULL;
		     item = item->next) {
			name_bad |= strcmp(item->field, "name") == 0;
			email_bad |= strcmp(item->field, "email") == 0;
		}
		ok(name_bad != rules[i].good_name &&
		        email_bad != rules[i].good_email &&
		        (f == NULL || f->code == FAIL_INVALID),
		    "rules, row %zu", i);
	}
	name = mem_alloc(ACCOUNT_NAME_MAX + 2);
	memset(name, 'a', ACCOUNT_NAME_MAX);
	ok(account_new(&a, name, "a@b", false) == NULL, "the longest name");
	name[ACCOUNT_NAME_MAX] = 'a';
	ok(is_fail(account_new(&a, name, "a@b", false), FAIL_INVALID),
	    "a longer one");
	name = mem_alloc(ACCOUNT_EMAIL_MAX + 2);
	memset(name, '@', ACCOUNT_EMAIL_MAX + 1);
	name[0] = name[ACCOUNT_EMAIL_MAX] = 'a';
	ok(is_fail(account_new(&a, "a", name, false), FAIL_INVALID),
	    "an address too long");
}

static void
test_token(void)
{
	const struct account_token *found = NULL;
	struct account *a = NULL, *b = NULL;
	const char *text, *other;

	ok(account_new(&a, "ada", "ada@b.example", true) == NULL, "new");
	ok(strncmp(a->id, "us-", 3) == 0 && strlen(a->id) == 39, "its id");
	text = account_token_add(a, "first");
	other = account_token_add(a, "second");
	ok(strncmp(text, "tk-us-", 6) == 0 && strlen(text) == 54 &&
	        strspn(text + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
	                         "klmnopqrstuvwxyz0123456789-_") == 48,
	    "a token is tk-us- and 48 characters");
	ok(strcmp(text, other) != 0, "another one every time");
	is(a->tokens->hash, hash_sha256(text, 54), "its SHA-256 stays");
	is(a->tokens->next->name, "second", "they keep their order");
	ok(is_fail(account_load_token(&b, NULL, store, text), FAIL_AUTH),
	    "unknown before it is saved");
	save(a);
	ok(account_load_token(&b, &found, store, text) == NULL, "known then");
	if (found != NULL) {
		is(b->name, "ada", "whose it is");
		is(found->name, "first", "which it is");
	}
	ok(account_load_token(&b, NULL, store, other) == NULL,
	    "the second, without asking which");
	ok(is_fail(account_load_token(&b, NULL, store, "tk-us-x"), FAIL_AUTH),
	    "another text");
	ok(is_fail(account_load_token(&b, NULL, store, ""), FAIL_AUTH),
	    "no text");
	ok(is_fail(account_load_token(&b, NULL, store, a->tokens->hash),
	       FAIL_AUTH),
	    "the hash is no token");
	a->disabled = true;
	save(a);
	ok(account_load_token(&b, NULL, store, text) == NULL && b->disabled,
	    "a disabled account is told as such");
	ok(account_token_find(a, "none") == NULL, "no such id");
	ok(account_token_find(a, a->tokens->next->id) == a->tokens->next,
	    "found by id");
	ok(!account_token_remove(a, "none"), "none to remove");
	ok(account_token_remove(a, a->tokens->id), "removed");
	is(a->tokens->name, "second", "the other stays");
	save(a);
	ok(is_fail(account_load_token(&b, NULL, store, text), FAIL_AUTH),
	    "a removed token is known no more");
	ok(account_load_token(&b, NULL, store, other) == NULL, "the other is");
}

static void
test_record(void)
{
	struct account *a = NULL, *b = NULL;
	struct store_record *record = NULL;
	const char *text;

	account_new(&a, "bob", "bob@b.example", false);
	save(a);
	ok(account_load(&b, store, "bob") == NULL, "loaded");
	if (b == NULL)
		return;
	is(b->id, a->id, "id");
	is(b->email, "bob@b.example", "email");
	ok(!b->paying && !b->disabled && b->tokens == NULL, "the rest");
	store_read(&record, store, store_path("accounts", "bob"));
	is(account_revision(b), store_revision(record), "revision");
	text = mem_printf("{\n\t\"id\":\t\"%s\",\n\t\"name\":\t\"bob\",\n"
	                  "\t\"email\":\t\"bob@b.example\",\n"
	                  "\t\"paying\":\tfalse,\n\t\"created_at\":\t\"%s\",\n"
	                  "\t\"tokens\":\t[]\n}\n",
	    a->id, a->created_at);
	is(record == NULL ? NULL : record->text, text, "the record");
	is(json_print(account_view(b), false),
	    mem_printf("{\"id\":\"%s\",\"uuid\":\"%s\",\"username\":\"bob\","
	               "\"email\":\"bob@b.example\",\"fullname\":\"bob\","
	               "\"flags\":{},\"limits\":{}}",
	        a->id, a->id),
	    "the view");
	ok(is_fail(account_load(&b, store, "eve"), FAIL_MISSING), "no such");
	ok(is_fail(account_load(&b, store, "../bob"), FAIL_MISSING), "a path");
	ok(is_fail(account_load(&b, store, ""), FAIL_MISSING), "no name");
	store_lock(store);
	store_put(store, store_path("accounts", "eve"), record->json);
	ok(event_commit(NULL, &act, &(struct event){.subject = "x"}) != NULL ||
	        is_fail(account_load(&b, store, "eve"), FAIL_BUSY),
	    "a record at another's place is refused");
	store_unlock(store);
}

/* The names that were visited; from no pool, since they outlive a visit. */
struct seen {
	char names[64];
};

static const struct fail *
collect(void *arg, const struct account *a)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->names);

	snprintf(seen->names + len, sizeof(seen->names) - len, "%s ", a->name);
	return NULL;
}

static const struct fail *
stop(void *arg, const struct account *a)
{
	collect(arg, a);
	return fail(FAIL_CONFLICT, "enough");
}

/* Two accounts, and the visit that ends early; before bad records come. */
static void
test_walk(void)
{
	struct seen all = {""}, one = {""};
	struct account *a = NULL;

	account_new(&a, "x", "x@b", false);
	save(a);
	account_new(&a, "y", "y@b", false);
	save(a);
	ok(account_walk(store, collect, &all) == NULL, "walked");
	ok(strlen(all.names) == 4 && strstr(all.names, "x ") != NULL &&
	        strstr(all.names, "y ") != NULL,
	    "each visited once");
	ok(is_fail(account_walk(store, stop, &one), FAIL_CONFLICT),
	    "a failure ends it");
	ok(strlen(one.names) == 2, "at once");
}

int
main(void)
{
	const struct fail *f;

	if (mkdtemp(dir) == NULL)
		return 1;
	conf.data = mem_printf("%s/data", dir);
	f = store_init(conf.data);
	if (f == NULL)
		f = record_store(&store, &conf);
	if (f != NULL) {
		printf("Bail out! %s\n", f->text);
		return 1;
	}
	act = (struct act){.conf = &conf, .store = store, .request_id = "t"};
	test_rules();
	test_walk();
	test_token();
	test_record();
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
