#ifndef SUTLER_UPGRADE_H
#define SUTLER_UPGRADE_H

#include "event.h"

/* What an upgrade did, or would do. */
struct upgrade {
	int from, to;   /* formats; from equals to: there was nothing to do */
	size_t records; /* that were looked at */
	size_t changed; /* of them, rewritten */
	size_t left;    /* of them, alone: they are not valid */
};

/*
 * Rewrite all records as these programs write them, by one commit
 * (lib/store-bulk.h), and note the format (lib/store-format.h): before, that it
 * has begun, and after it, where no record was left, that it is done.  Killed
 * in between, it goes on where it is called again; the programs serve
 * meanwhile, for they read both.  preview: only count.  tell (may be NULL)
 * hears how far it has come.
 */
const struct fail *upgrade_run(struct upgrade *out, const struct act *act,
    bool preview, store_tell *tell);

#endif
