#ifndef SUTLER_SECRET_H
#define SUTLER_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct fail;

/*
 * The one door for secrets (config values, a manifest's password and salt, …)
 * on their way in and out of a record.
 *
 * They stand there in clear or sealed (lib/seal.h); the text itself tells, and
 * reading understands both.  What is written anew follows the configuration; a
 * value that stays as it was keeps the very text that it had, so that a write
 * that changes nothing is none, and a change of one value is one line.
 *
 * A sealed value's key is a row of DATA/keys, made with the commit that needs
 * it: nothing is written by a read, a dry run or a write that changes nothing.
 * Key file and rows are opened by the first sealed value that is met.
 */

/* What stands before a clear text that looks like one of ours. */
#define SECRET_CLEAR "sutler-clear:"

/* What is seen of a value whose row has been zeroed. */
#define SECRET_FORGOTTEN "(forgotten)"

struct secret {
	const char *clear; /* where forgotten: SECRET_FORGOTTEN */
	bool json;         /* clear is a JSON text that was no string */
	bool forgotten;
};

/* From here on all goes by conf; nothing is opened. */
void secret_use(const struct conf *conf);

/* *out = the secret called name that stands in the record whose (NULL: in none
 * that may have sealed ones) as text.  FAIL_BUSY: it does not open;
 * FAIL_SYSTEM: the keys cannot be read. */
const struct fail *secret_open(struct secret *out, const char *whose,
    const char *name, const char *text);

/* The same for one that stands there in clear, as the JSON text json; it need
 * be known (not NULL) only where texts are remembered. */
void secret_saw(const char *whose, const char *name, const char *json);
bool secret_remembers(void);

/*
 * The text to stand in the record whose for the value called name; json: value
 * is a JSON text, and stands as such unless the result is sealed.  whose NULL:
 * in clear.  A value that cannot be sealed fails the commit.
 */
const char *secret_seal(const char *whose, const char *name, const char *value,
    bool json);

/* Does text stand for a sealed value? */
bool secret_is_sealed(const char *text);

/* How long the len bytes at text, a record, would be with all in clear (but for
 * what JSON escapes): limits are the same for both. */
size_t secret_clear_size(const char *text, size_t len);

/* Until the next call, sealed values are passed as they stand: for who looks
 * only at what is no secret. */
void secret_blind(bool blind);

/* Between these two, under the writers' lock, texts are remembered; anew: only
 * those that stand as the configuration wants it, so that a record written
 * again is as it wants it. */
void secret_begin(bool anew);
void secret_end(void);

/* Why a value could not be sealed since secret_begin(), or NULL. */
const struct fail *secret_trouble(void);

/* The rows that secret_seal() has promised since secret_begin(), written and
 * (flush) flushed. */
const struct fail *secret_promise(bool flush);

/* How many secrets have been opened by this process; broken: that did not. */
struct secret_counts {
	size_t sealed, clear, forgotten, broken;
};
const struct secret_counts *secret_counted(void);

#endif
