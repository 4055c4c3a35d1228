#ifndef SUTLER_RECORD_H
#define SUTLER_RECORD_H

#include "store.h"

/*
 * All kinds of records, one row each: what the index shows of them.  A record
 * is valid where its kind can read it.
 */
const struct fail *record_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

/* *out = the record at path as it would be written now.  FAIL_BUSY: it is not
 * valid. */
const struct fail *record_again(cJSON **out, const char *path,
    const cJSON *record);

/* The store of conf, knowing all kinds. */
const struct fail *record_store(struct store **out, const struct conf *conf);

#endif
