#ifndef SUTLER_FUZZ_H
#define SUTLER_FUZZ_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "conf.h"

/*
 * What the harnesses share.  Each is a program of libFuzzer's (tests/fuzz.py
 * runs them): it takes what comes from outside as bytes, and ends by abort()
 * where what it promises does not hold.
 */
struct fail;
struct store;

/* Every harness has this: one run on the len bytes at bytes, NUL behind.  What
 * it takes from the pool is gone after it. */
void fuzz_one(char *bytes, size_t len);

/* And this where there is something to make before the first run. */
void fuzz_begin(void) __attribute__((weak));

/* Abort, and say what does not hold, unless truth. */
void fuzz_must(bool truth, const char *what);

/* The same for what cannot fail. */
void fuzz_done(const struct fail *f);

/* text (may be NULL) can be shown: UTF-8 without control characters. */
void fuzz_line(const char *text, const char *what);

/* json prints as what parses, and prints, as the same again. */
void fuzz_same(const cJSON *json, const char *what);

/* The JSON file at path below the source's directory. */
cJSON *fuzz_file(const char *path);

/* Put the len bytes at text into the file name, whose directory exists. */
void fuzz_put(const char *name, const char *text, size_t len);

/* A configuration of a new, empty data directory, which goes with the
 * process, and (where store is not NULL) its store. */
struct conf *fuzz_data(struct store **store);

/* A number below limit that the next byte of *bytes is: the digit's own, for a
 * seed that people read; 0 behind the end. */
size_t fuzz_pick(char **bytes, size_t *len, size_t limit);

/* The text up to the next newline of *rest, which moves on behind it. */
const char *fuzz_next_line(char **rest);

#endif
