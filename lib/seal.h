#ifndef SUTLER_SEAL_H
#define SUTLER_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How a secret is sealed: ChaCha20-Poly1305 (RFC 8439) of Mbed TLS, twice.
 * Each value has a random key of its own, which seals nothing else; that key
 * stands in a row of DATA/keys, wrapped by a master key.  Pure functions: no
 * file is touched here.
 *
 * A sealed text is sutler-sealed:1:<row>:<Base64 of nonce, ciphertext, tag>;
 * what is sealed is one letter (t: a text, j: JSON) and the value.  A text that
 * is sealed for one record opens in no other, and a row in no other place.
 */
enum {
	SEAL_KEY = 32, /* bytes of a key */
	SEAL_ROW = 64  /* of a row, so that none crosses a disk's sector */
};

#define SEAL_PREFIX "sutler-sealed:"

/* A master key; no key has the id 0. */
struct seal_master {
	uint32_t id;
	unsigned char key[SEAL_KEY];
};

/* row = key, wrapped by master for the place number. */
void seal_wrap(unsigned char row[SEAL_ROW], const struct seal_master *master,
    uint64_t number, const unsigned char key[SEAL_KEY]);

/* The key in row, which stands at number; false where master does not open it
 * there, whole. */
bool seal_unwrap(unsigned char key[SEAL_KEY], const struct seal_master *master,
    uint64_t number, const unsigned char row[SEAL_ROW]);

/* The id of the master key that row was wrapped by; 0: the row is zeros,
 * forgotten. */
uint32_t seal_row_master(const unsigned char row[SEAL_ROW]);

/* value (json: a JSON text), sealed by key, which is of row number, for the
 * record whose. */
const char *seal_text(uint64_t number, const unsigned char key[SEAL_KEY],
    const char *whose, const char *value, bool json);

/* How long a value is whose Base64 has so many characters; at most a few too
 * short, never longer than those. */
size_t seal_clear_size(size_t coded);

/* The row that a sealed text names; false: it is none of ours. */
bool seal_number(uint64_t *number, const char *text);

/* *value and *json = what seal_text() was given; false: not by this key, or
 * not for this record, or not all of it is as it was. */
bool seal_open(const char **value, bool *json, const char *text,
    const unsigned char key[SEAL_KEY], const char *whose);

#endif
