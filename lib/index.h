#ifndef SUTLER_INDEX_H
#define SUTLER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

struct fail;
struct store;

/*
 * The index, DATA/index: what is found faster than by reading records.  It is
 * derived from the records alone, holds no values, is rebuilt byte for byte by
 * `sutler reindex`, and is never trusted over a record.
 *
 *	key/hh/hh	"key value" lines, hh hh from SHA-1 of the key
 *	list/NAME	"value" lines, sorted
 *	place/NAME/N	rows of PLACE_CHUNK places each, sorted by place
 *	place/NAME/count	rows alive in chunk 0, 1, …, 4 hex digits each
 *	log/hh/hh/ID	the commits whose message names app ID in an App:
 *			trailer, oldest first; or those by account ID that have
 *			events.  INDEX_LOG_LINE bytes each: "commit number",
 *			how many events there are up to and with it, 8 hex
 *			digits
 *	head		the commit that all of it reflects
 */
enum { INDEX_CHUNK = 256, INDEX_LOG_LINE = 50 };

/* What one record shows in the index; index_rows_of fills it in. */
struct index_rows;
typedef const struct fail *index_rows_of(struct index_rows *rows,
    const char *path, const cJSON *record);

void index_key(struct index_rows *rows, const char *key, const char *value);
void index_list(struct index_rows *rows, const char *name, const char *value);
void index_place(struct index_rows *rows, const char *name, uint64_t place,
    const char *row);

/* The record is app id's: an edit in place is logged as a change of it. */
void index_log(struct index_rows *rows, const char *id);

/* The file of the log of id, an app's or an account's, below the index. */
const char *index_log_file(const char *id);

/* The value of key, or NULL. */
const struct fail *index_find(const char **value, struct store *s,
    const char *key);

/* Under the lock: the same, with what is promised and not yet applied. */
const struct fail *index_find_held(const char **value, struct store *s,
    const char *key);

/* The values of the list called name, and their number. */
const struct fail *index_values(const char ***values, size_t *count,
    struct store *s, const char *name);

/* Under the lock: the same, with what is promised and not yet applied. */
const struct fail *index_values_held(const char ***values, size_t *count,
    struct store *s, const char *name);

/* A page of placed rows. */
struct index_page {
	size_t count;
	uint64_t *places;
	const char **rows;
	uint64_t total;    /* rows in all */
	bool more;         /* there are rows behind the page */
	bool before;       /* there are rows ahead of it */
	uint64_t previous; /* place at which the page before begins */
};

/* At most max rows of name from place on; or (by_count) from the nth row on,
 * where place is n, counted from 0. */
const struct fail *index_places(struct index_page *out, struct store *s,
    const char *name, uint64_t place, bool by_count, size_t max);

/* Under the lock: the next free place of name. */
const struct fail *index_next_place(uint64_t *place, struct store *s,
    const char *name);

#endif
