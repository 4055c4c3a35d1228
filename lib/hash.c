#include "hash.h"
#include "mem.h"

#include <mbedtls/base64.h>
#include <mbedtls/md.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Mbed TLS fails only for a missing algorithm or no memory. */
static void
must(int error)
{
	if (error == 0)
		return;
	fprintf(stderr, "sutler: the crypto library failed: -0x%04x\n",
	    (unsigned)-error);
	exit(70);
}

const char *
hash_hex(const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;
	char *out = mem_alloc(len * 2 + 1);
	size_t i;

	for (i = 0; i < len; i++) {
		out[i * 2] = digits[p[i] >> 4];
		out[i * 2 + 1] = digits[p[i] & 15];
	}
	return out;
}

const char *
hash_sha1(const void *data, size_t len)
{
	unsigned char digest[HASH_SHA1_SIZE];

	must(mbedtls_sha1_ret(data, len, digest));
	return hash_hex(digest, sizeof(digest));
}

const char *
hash_sha256(const void *data, size_t len)
{
	unsigned char digest[HASH_SHA256_SIZE];

	must(mbedtls_sha256_ret(data, len, digest, 0));
	return hash_hex(digest, sizeof(digest));
}

struct hash_sha1 {
	mbedtls_sha1_context context;
};

struct hash_sha1 *
hash_sha1_begin(void)
{
	struct hash_sha1 *h = mem_alloc(sizeof(*h));

	mbedtls_sha1_init(&h->context);
	must(mbedtls_sha1_starts_ret(&h->context));
	return h;
}

void
hash_sha1_add(struct hash_sha1 *h, const void *data, size_t len)
{
	must(mbedtls_sha1_update_ret(&h->context, data, len));
}

void
hash_sha1_end(unsigned char out[HASH_SHA1_SIZE], struct hash_sha1 *h)
{
	must(mbedtls_sha1_finish_ret(&h->context, out));
	mbedtls_sha1_free(&h->context);
}

const char *
hash_sha512(const void *data, size_t len)
{
	unsigned char digest[HASH_SHA512_SIZE];

	must(mbedtls_sha512_ret(data, len, digest, 0));
	return hash_hex(digest, sizeof(digest));
}

static const char *
hash_object(const char *kind, const void *data, size_t len)
{
	unsigned char digest[HASH_SHA1_SIZE];
	struct hash_sha1 *h = hash_sha1_begin();
	char head[32];
	int n;

	n = snprintf(head, sizeof(head), "%s %zu", kind, len);
	hash_sha1_add(h, head, (size_t)n + 1);
	hash_sha1_add(h, data, len);
	hash_sha1_end(digest, h);
	return hash_hex(digest, sizeof(digest));
}

const char *
hash_blob(const void *data, size_t len)
{
	return hash_object("blob", data, len);
}

const char *
hash_commit(const void *data, size_t len)
{
	return hash_object("commit", data, len);
}

void
hash_hmac_sha256(unsigned char out[HASH_SHA256_SIZE], const void *key,
    size_t key_len, const void *data, size_t len)
{
	must(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key,
	    key_len, data, len, out));
}

void
hash_hmac_sha512(unsigned char out[HASH_SHA512_SIZE], const void *key,
    size_t key_len, const void *data, size_t len)
{
	must(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA512), key,
	    key_len, data, len, out));
}

const char *
hash_base64(const void *data, size_t len)
{
	size_t room = (len + 2) / 3 * 4 + 1, written;
	char *out = mem_alloc(room);

	must(mbedtls_base64_encode((unsigned char *)out, room, &written, data,
	    len));
	return out;
}

const char *
hash_base64url(const void *data, size_t len)
{
	char *out = mem_copy(hash_base64(data, len)), *p;

	for (p = out; *p != '\0' && *p != '='; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
	}
	*p = '\0';
	return out;
}

char *
hash_unbase64(size_t *len_out, const char *text, size_t len)
{
	char *padded, *out, *p;
	size_t full;

	while (len > 0 && text[len - 1] == '=')
		len--;
	full = (len + 3) / 4 * 4;
	padded = mem_alloc(full + 1);
	if (len > 0)
		memcpy(padded, text, len);
	memset(padded + len, '=', full - len);
	for (p = padded; p < padded + len; p++) {
		if (*p == '-')
			*p = '+';
		else if (*p == '_')
			*p = '/';
		else if (*p == '=' || *p == '\r' || *p == '\n' || *p == ' ')
			return NULL;
	}
	out = mem_alloc(full / 4 * 3 + 1);
	if (mbedtls_base64_decode((unsigned char *)out, full / 4 * 3 + 1,
	        len_out, (unsigned char *)padded, full) != 0)
		return NULL;
	out[*len_out] = '\0';
	return out;
}

bool
hash_equal(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b), i;
	volatile unsigned char differ = a_len != b_len;

	for (i = 0; i < a_len; i++)
		differ |= (unsigned char)(a[i] ^ b[b_len == 0 ? 0 : i % b_len]);
	return differ == 0;
}

void
hash_random(void *out, size_t len)
{
	if (getentropy(out, len) == 0)
		return;
	perror("sutler: getentropy");
	exit(70);
}

const char *
hash_random_hex(size_t len)
{
	unsigned char *bytes = mem_alloc(len);

	hash_random(bytes, len);
	return hash_hex(bytes, len);
}

const char *
hash_id(void)
{
	return hash_random_hex(12);
}

const char *
hash_uuid(void)
{
	unsigned char b[16];
	const char *hex;

	hash_random(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	hex = hash_hex(b, sizeof(b));
	return mem_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	    hex + 16, hex + 20);
}
