#ifndef SUTLER_RECORD_H
#define SUTLER_RECORD_H

#include "store-bulk.h"

/*
 * All kinds of records, one row each: what the index shows of them.  A record
 * is valid where its kind can read it.
 */
const struct fail *record_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

/* *out = record as it would be written today: its secrets as the configuration
 * wants them, where secret_begin() says so.  NULL: it stays as it is.
 * FAIL_BUSY: it is not valid.  out NULL: it is read, and its secrets are
 * opened, no more. */
const struct fail *record_again(cJSON **out, const struct store_record *record);

/* The store of conf, knowing all kinds. */
const struct fail *record_store(struct store **out, const struct conf *conf);

#endif
