#ifndef SUTLER_SECRET_ROW_H
#define SUTLER_SECRET_ROW_H

#include "secret-key.h"

/*
 * DATA/keys: a row of SEAL_ROW bytes for each sealed value there ever was, each
 * at its number; zeros where it is forgotten.  A row is appended under the
 * writers' lock; one whose commit never came is harmless.
 */
enum secret_row_state {
	SECRET_ROW_GOOD,
	SECRET_ROW_FORGOTTEN,
	SECRET_ROW_UNKNOWN, /* no such row, or its master key is not there */
	SECRET_ROW_BROKEN   /* its master key does not open it */
};

/* The file of conf's data, for reading; -1: none yet. */
const struct fail *secret_row_open(int *fd, const struct conf *conf);

/* *key = what row number of the file fd holds. */
const struct fail *secret_row_read(unsigned char key[SEAL_KEY],
    enum secret_row_state *state, int fd, const struct secret_keys *masters,
    uint64_t number);

/* How many rows there are; a half one, which a writer left that died, counts.
 */
const struct fail *secret_row_count(uint64_t *rows, const struct conf *conf);

/* Append n keys as the rows from first on, by the last master key, which is
 * where the file ends; flush: they are on the disk then. */
const struct fail *secret_row_append(const struct conf *conf,
    const struct secret_keys *masters, uint64_t first,
    const unsigned char (*keys)[SEAL_KEY], size_t n, bool flush);

/* Under the writers' lock: row number becomes zeros, on the disk.  *was: it
 * has not been so before. */
const struct fail *secret_row_forget(bool *was, const struct conf *conf,
    uint64_t number);

/*
 * Under the writers' lock: the rows from first on, so many at most, are
 * wrapped anew by the last master key, in place and flushed; *next is the one
 * behind them, *done grows by how many were another key's.  A row never
 * crosses a sector and names its master key: half done, it is whole.
 */
enum { SECRET_ROW_BATCH = 16384 };
const struct fail *secret_row_wrap(uint64_t *next, size_t *done,
    const struct conf *conf, const struct secret_keys *masters, uint64_t first);

/* What there is in all. */
struct secret_rows {
	uint64_t rows, forgotten;
	uint64_t old;    /* wrapped by a master key that is not the last one */
	uint64_t locked; /* … by one that is not there */
};
const struct fail *secret_row_look(struct secret_rows *out,
    const struct conf *conf, const struct secret_keys *masters);

#endif
