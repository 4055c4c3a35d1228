#ifndef SUTLER_STORE_FORMAT_H
#define SUTLER_STORE_FORMAT_H

#include <stdbool.h>

#include "store.h"

/*
 * In which format records are written: DATA/store/store.json, a file of the
 * repository's, so that clones and backups know it, too.
 *
 *	{"format": 2}			all of them are in format 2
 *	{"format": 2, "from": 1}	some are still in format 1
 *
 * Programs read every format up to their own, STORE_FORMAT, and write their
 * own.  A newer one they leave alone: no request is served, nothing is changed.
 * `sutler upgrade` rewrites what is older (lib/upgrade.h).
 *
 *	1	as it began
 *	2	accounts may have a quota of their own
 *
 * A new format is a new line here, a new STORE_FORMAT, and, where the shapes of
 * records do not say it all, a row in lib/upgrade.c; tests/formats has a store
 * of each that came before.
 */
enum { STORE_FORMAT = 2 };

struct store_format {
	int format;
	int from; /* the oldest there may be; format, where that is all */
};

/* What store.json's text says.  FAIL_BUSY: it says nothing that is a format, or
 * a newer one than ours. */
const struct fail *store_format_parse(struct store_format *out,
    const char *text, size_t len);

/* What it says in the store with that root; there is none: format 1. */
const struct fail *store_format_read(struct store_format *out,
    const char *root);

/* Its text for a new store. */
const char *store_format_text(void);

/* Under the lock: put it. */
void store_format_put(struct store *s, const struct store_format *format);

#endif
