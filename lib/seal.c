#include "seal.h"
#include "hash.h"
#include "mem.h"

#include <inttypes.h>
#include <mbedtls/chachapoly.h>
#include <stdlib.h>
#include <string.h>

/* The one version there is of the text. */
#define HEAD SEAL_PREFIX "1:"

enum {
	NONCE = 12,
	TAG = 16,
	ROW_NONCE = 4, /* behind the master's id */
	ROW_KEY = ROW_NONCE + NONCE,
	ROW_TAG = ROW_KEY + SEAL_KEY,
	DIGITS_MAX = 19
};

_Static_assert(ROW_TAG + TAG == SEAL_ROW, "a row is full");

/* The library fails on what it is told only where it is told nonsense: a key
 * or nonce that is missing.  No program goes on then. */
static void
encrypt(unsigned char *out, unsigned char tag[TAG],
    const unsigned char key[SEAL_KEY], const unsigned char nonce[NONCE],
    const char *bound, const void *in, size_t len)
{
	mbedtls_chachapoly_context c;

	mbedtls_chachapoly_init(&c);
	if (mbedtls_chachapoly_setkey(&c, key) != 0 ||
	    mbedtls_chachapoly_encrypt_and_tag(&c, len, nonce,
	        (const unsigned char *)bound, strlen(bound), in, out, tag) != 0)
		abort();
	mbedtls_chachapoly_free(&c);
}

static bool
decrypt(unsigned char *out, const unsigned char tag[TAG],
    const unsigned char key[SEAL_KEY], const unsigned char nonce[NONCE],
    const char *bound, const unsigned char *in, size_t len)
{
	mbedtls_chachapoly_context c;
	bool good;

	mbedtls_chachapoly_init(&c);
	good =
	    mbedtls_chachapoly_setkey(&c, key) == 0 &&
	    mbedtls_chachapoly_auth_decrypt(&c, len, nonce,
	        (const unsigned char *)bound, strlen(bound), tag, in, out) == 0;
	mbedtls_chachapoly_free(&c);
	return good;
}

/* What a row, and a value, are bound to. */
static const char *
row_bound(uint32_t master, uint64_t number)
{
	return mem_printf("row %08" PRIx32 " %" PRIu64, master, number);
}

static const char *
text_bound(uint64_t number, const char *whose)
{
	return mem_printf("value %" PRIu64 " %s", number, whose);
}

void
seal_wrap(unsigned char row[SEAL_ROW], const struct seal_master *master,
    uint64_t number, const unsigned char key[SEAL_KEY])
{
	int i;

	for (i = 0; i < ROW_NONCE; i++)
		row[i] = (unsigned char)(master->id >> (8 * i));
	hash_random(row + ROW_NONCE, NONCE);
	encrypt(row + ROW_KEY, row + ROW_TAG, master->key, row + ROW_NONCE,
	    row_bound(master->id, number), key, SEAL_KEY);
}

uint32_t
seal_row_master(const unsigned char row[SEAL_ROW])
{
	uint32_t id = 0;
	int i;

	for (i = 0; i < ROW_NONCE; i++)
		id |= (uint32_t)row[i] << (8 * i);
	return id;
}

bool
seal_unwrap(unsigned char key[SEAL_KEY], const struct seal_master *master,
    uint64_t number, const unsigned char row[SEAL_ROW])
{
	return seal_row_master(row) == master->id &&
	       decrypt(key, row + ROW_TAG, master->key, row + ROW_NONCE,
	           row_bound(master->id, number), row + ROW_KEY, SEAL_KEY);
}

const char *
seal_text(uint64_t number, const unsigned char key[SEAL_KEY], const char *whose,
    const char *value, bool json)
{
	const char *plain = mem_printf("%c%s", json ? 'j' : 't', value);
	size_t len = strlen(plain);
	unsigned char *out = mem_alloc(NONCE + len + TAG);

	hash_random(out, NONCE);
	encrypt(out + NONCE, out + NONCE + len, key, out,
	    text_bound(number, whose), plain, len);
	return mem_printf(HEAD "%" PRIu64 ":%s", number,
	    hash_base64(out, NONCE + len + TAG));
}

/* *rest = what stands behind the number. */
static bool
read_head(uint64_t *number, const char **rest, const char *text)
{
	size_t len;

	if (strncmp(text, HEAD, strlen(HEAD)) != 0)
		return false;
	text += strlen(HEAD);
	len = strspn(text, "0123456789");
	if (len < 1 || len > DIGITS_MAX || text[len] != ':' ||
	    (text[0] == '0' && len > 1))
		return false;
	*number = strtoull(text, NULL, 10);
	*rest = text + len + 1;
	return true;
}

size_t
seal_clear_size(size_t coded)
{
	size_t bytes = coded / 4 * 3, more = NONCE + 1 + TAG;

	return bytes < more ? 0 : bytes - more;
}

bool
seal_number(uint64_t *number, const char *text)
{
	const char *rest;

	return read_head(number, &rest, text);
}

/* The bytes that Base64 stands for, in its one right spelling, so that a sealed
 * text has but one; NULL: it is none.  Nothing here is secret, and each value
 * of a record comes through: no time is spent on hiding any. */
static unsigned char *
decode(size_t *len, const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text), i, pad = 0, done = 0;
	unsigned char values[256], *out;
	uint32_t four = 0;

	memset(values, 64, sizeof(values));
	for (i = 0; i < 64; i++)
		values[(unsigned char)letters[i]] = (unsigned char)i;
	if (n == 0 || n % 4 != 0)
		return NULL;
	while (pad < 2 && text[n - 1 - pad] == '=')
		pad++;
	out = mem_alloc(n / 4 * 3);
	for (i = 0; i < n; i++) {
		if (i < n - pad && values[(unsigned char)text[i]] == 64)
			return NULL;
		four = four << 6 |
		       (i < n - pad ? values[(unsigned char)text[i]] : 0u);
		if (i % 4 != 3)
			continue;
		out[done++] = (unsigned char)(four >> 16);
		out[done++] = (unsigned char)(four >> 8);
		out[done++] = (unsigned char)four;
		four = 0;
	}
	*len = done - pad;
	/* bits that stand for nothing are zeros */
	for (i = *len; i < done; i++)
		if (out[i] != 0)
			return NULL;
	return out;
}

bool
seal_open(const char **value, bool *json, const char *text,
    const unsigned char key[SEAL_KEY], const char *whose)
{
	unsigned char *bytes;
	const char *rest;
	uint64_t number;
	size_t len;
	char *out;

	if (!read_head(&number, &rest, text))
		return false;
	bytes = decode(&len, rest);
	if (bytes == NULL || len < NONCE + 1 + TAG)
		return false;
	len -= NONCE + TAG;
	out = mem_alloc(len + 1);
	if (!decrypt((unsigned char *)out, bytes + NONCE + len, key, bytes,
	        text_bound(number, whose), bytes + NONCE, len))
		return false;
	*json = out[0] == 'j';
	*value = out + 1;
	return true;
}
