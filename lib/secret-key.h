#ifndef SUTLER_SECRET_KEY_H
#define SUTLER_SECRET_KEY_H

#include <stddef.h>

#include "seal.h"

/*
 * The key file, outside the data directory: one line for each master key, its
 * id (8 hex digits, not all of them 0), the key (64) and the day of its making;
 * # begins a comment line.  The last key seals, all of them open.  A line
 * without its end, which a loss of power may leave, counts for nothing.
 */
struct conf;
struct fail;

/* More lines are refused: drop the old ones. */
enum { SECRET_KEYS_MAX = 16 };

struct secret_keys {
	struct seal_master all[SECRET_KEYS_MAX];
	size_t count;
};

/* Read the key file of conf.  FAIL_SYSTEM, with what is to be done: it is
 * missing, lies in the data directory, can be read by others or written by its
 * group, or a line of it is no key. */
const struct fail *secret_key_read(struct secret_keys *out,
    const struct conf *conf);

/* Make the key file, with no key in it yet, where there is none: mode 0600, of
 * the owner of the data directory, if root asks.  *fd, for secret_key_add() and
 * secret_key_drop(), is open for writing, also after root has become that
 * owner. */
const struct fail *secret_key_open(int *fd, const struct conf *conf);

/* Add a new key, flushed, to the file open at fd. */
const struct fail *secret_key_add(int fd, const struct conf *conf);

/* Overwrite, in place, every key but the last one; *dropped is their number. */
const struct fail *secret_key_drop(size_t *dropped, int fd,
    const struct conf *conf);

/* The key called id, or NULL. */
const struct seal_master *secret_key_find(const struct secret_keys *keys,
    uint32_t id);

#endif
