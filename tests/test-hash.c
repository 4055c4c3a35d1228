#include <string.h>

#include "hash.h"
#include "mem.h"
#include "tap.h"

/* FIPS 180-4, "abc" and the empty message. */
static void
test_digests(void)
{
	is(hash_sha1("abc", 3), "a9993e364706816aba3e25717850c26c9cd0d89d",
	    "SHA-1");
	is(hash_sha1("", 0), "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	    "SHA-1 of nothing");
	is(hash_sha256("abc", 3),
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad",
	    "SHA-256");
	is(hash_sha512("abc", 3),
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	    "SHA-512");
	is(hash_blob("", 0), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
	    "blob id of an empty file");
	is(hash_blob("hello\n", 6), "ce013625030ba8dba906f756967f9e9ca394464a",
	    "blob id");
}

/* RFC 4231, test case 2. */
static void
test_hmac(void)
{
	static const char data[] = "what do ya want for nothing?";
	unsigned char out[HASH_SHA512_SIZE];

	hash_hmac_sha256(out, "Jefe", 4, data, strlen(data));
	is(hash_hex(out, HASH_SHA256_SIZE),
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843",
	    "HMAC-SHA-256");
	hash_hmac_sha512(out, "Jefe", 4, data, strlen(data));
	is(hash_hex(out, HASH_SHA512_SIZE),
	    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	    "HMAC-SHA-512");
}

/* RFC 4648, section 10. */
static const struct {
	const char *plain, *coded;
} vectors[] = {
    {"",       ""        },
    {"f",      "Zg=="    },
    {"fo",     "Zm8="    },
    {"foo",    "Zm9v"    },
    {"foob",   "Zm9vYg=="},
    {"fooba",  "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static const char *const no_base64[] = {
    "Z",
    "Zg=a",
    "Zg==Zg==",
    "Zm 9v",
    "Zm\n9v",
    "Zm9v\n",
    "Zm9v!",
    "Zm9*",
};

static void
test_base64(void)
{
	const char *coded;
	size_t i, len;
	char *plain;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		coded = vectors[i].coded;
		is(hash_base64(vectors[i].plain, strlen(vectors[i].plain)),
		    coded, "Base64 of \"%s\"", vectors[i].plain);
		is(hash_unbase64(&len, coded, strlen(coded)), vectors[i].plain,
		    "and back");
		ok(len == strlen(vectors[i].plain), "its length");
		is(hash_unbase64(&len, coded, strcspn(coded, "=")),
		    vectors[i].plain, "and without padding");
	}
	is(hash_base64url("\xfb\xff\xfe\xff", 4), "-__-_w",
	    "the URL alphabet, no padding");
	is(hash_base64("\xfb\xff\xfe\xff", 4), "+//+/w==", "the other one");
	for (i = 0; i < 2; i++) {
		coded = i == 0 ? "-__-_w" : "+//+/w==";
		plain = hash_unbase64(&len, coded, strlen(coded));
		ok(plain != NULL && len == 4 &&
		        memcmp(plain, "\xfb\xff\xfe\xff", 5) == 0,
		    "%s is read", coded);
	}
	plain = hash_unbase64(&len, "YQBi", 4);
	ok(plain != NULL && len == 3 && memcmp(plain, "a\0b", 4) == 0,
	    "a NUL inside counts");
	for (i = 0; i < sizeof(no_base64) / sizeof(no_base64[0]); i++)
		ok(hash_unbase64(&len, no_base64[i], strlen(no_base64[i])) ==
		        NULL,
		    "no Base64: \"%s\"", no_base64[i]);
}

static void
test_equal(void)
{
	ok(hash_equal("", ""), "nothing equals nothing");
	ok(hash_equal("abc", "abc"), "abc equals abc");
	ok(!hash_equal("abc", "abd"), "the last differs");
	ok(!hash_equal("xbc", "abc"), "the first differs");
	ok(!hash_equal("abc", "ab"), "the second is shorter");
	ok(!hash_equal("ab", "abc"), "the first is shorter");
	ok(!hash_equal("abab", "ab"), "the second twice is not the second");
	ok(!hash_equal("", "a") && !hash_equal("a", ""), "nothing and a");
}

static bool
is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static void
test_random(void)
{
	const char *uuid = hash_uuid();

	is(hash_hex("\x00\x7f\xff", 3), "007fff", "hash_hex");
	ok(is_hex(hash_random_hex(16), 32), "random hex");
	ok(strcmp(hash_random_hex(16), hash_random_hex(16)) != 0,
	    "another one every time");
	ok(is_hex(hash_id(), 24), "an id");
	ok(strlen(uuid) == 36 && uuid[8] == '-' && uuid[13] == '-' &&
	        uuid[18] == '-' && uuid[23] == '-',
	    "a UUID");
	ok(uuid[14] == '4' && strchr("89ab", uuid[19]) != NULL,
	    "of version 4, variant 1");
	ok(strcmp(uuid, hash_uuid()) != 0, "another one every time");
}

int
main(void)
{
	test_digests();
	test_hmac();
	test_base64();
	test_equal();
	test_random();
	return done();
}
