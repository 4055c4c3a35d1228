#ifndef SUTLER_UPGRADE_H
#define SUTLER_UPGRADE_H

#include "event.h"

/* What an upgrade did, or would do. */
struct upgrade {
	int from, to;   /* formats; from equals to: there was nothing to do */
	size_t records; /* that were looked at */
	size_t changed; /* of them, rewritten */
	size_t commits;
};

/*
 * Rewrite all records as these programs write them, and note the format
 * (lib/store-format.h): first that it has begun, then the records in batches of
 * at most UPGRADE_BATCH, each one commit, then that it is done.  Killed in
 * between, it goes on where it is called again; the programs serve meanwhile,
 * for they read both.  preview: only count.  tell (may be NULL) hears how far
 * it has come.  FAIL_BUSY: a record is not valid; the text names it.
 */
enum { UPGRADE_BATCH = 100, UPGRADE_BYTES = 1 << 20, UPGRADE_PART = 2000 };
const struct fail *upgrade_run(struct upgrade *out, const struct act *act,
    bool preview, store_tell *tell);

#endif
