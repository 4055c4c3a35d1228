#ifndef SUTLER_HASH_H
#define SUTLER_HASH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Digests, encodings, randomness and constant-time comparison.  Hex is lower
 * case.  Results are strings from the pool, unless said otherwise.
 */
enum { HASH_SHA1_SIZE = 20, HASH_SHA256_SIZE = 32, HASH_SHA512_SIZE = 64 };

/* Hex digests of the len bytes at data (FIPS 180-4). */
const char *hash_sha1(const void *data, size_t len);
const char *hash_sha256(const void *data, size_t len);
const char *hash_sha512(const void *data, size_t len);

/* SHA-1 of bytes that come piece by piece: begin, add, and end it once; the
 * digest is raw, in out. */
struct hash_sha1;
struct hash_sha1 *hash_sha1_begin(void);
void hash_sha1_add(struct hash_sha1 *h, const void *data, size_t len);
void hash_sha1_end(unsigned char out[HASH_SHA1_SIZE], struct hash_sha1 *h);

/* The id that git gives a blob, or a commit, with these bytes: 40 hex digits.
 */
const char *hash_blob(const void *data, size_t len);
const char *hash_commit(const void *data, size_t len);

/* HMAC (RFC 2104) of the len bytes at data, raw, into out. */
void hash_hmac_sha256(unsigned char out[HASH_SHA256_SIZE], const void *key,
    size_t key_len, const void *data, size_t len);
void hash_hmac_sha512(unsigned char out[HASH_SHA512_SIZE], const void *key,
    size_t key_len, const void *data, size_t len);

/* Hex of the len bytes at data. */
const char *hash_hex(const void *data, size_t len);

/* Base64 (RFC 4648): section 4 with padding, or section 5 (url) without. */
const char *hash_base64(const void *data, size_t len);
const char *hash_base64url(const void *data, size_t len);

/* The bytes that the Base64 text (either alphabet, padding optional) stands
 * for, NUL behind; *len_out is their number.  NULL: no such text. */
char *hash_unbase64(size_t *len_out, const char *text, size_t len);

/* True where the strings are equal; takes the same time wherever they differ
 * (their lengths may show). */
bool hash_equal(const char *a, const char *b);

/* len random bytes (getentropy(3)), or as hex. */
void hash_random(void *out, size_t len);
const char *hash_random_hex(size_t len);

/* A random id: 24 hex digits; a UUID (RFC 4122, version 4). */
const char *hash_id(void);
const char *hash_uuid(void);

#endif
