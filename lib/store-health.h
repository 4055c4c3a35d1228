#ifndef SUTLER_STORE_HEALTH_H
#define SUTLER_STORE_HEALTH_H

#include <stdint.h>

#include "store.h"

/* How many files there are; exact, unless there are so many that a part was
 * counted and the rest is estimated from it. */
struct store_count {
	uint64_t count;
	bool estimated;
};

/* How the store is, at a bounded price however large it has become. */
struct store_health {
	const char *head; /* the commit that main stands at */
	uint64_t commits; /* that led to it */
	bool counted;     /* else commits is not known before the next tick */
	struct store_count apps, accounts, providers, open;
	struct store_count loose;       /* objects in no pack */
	uint64_t loose_bytes;           /* estimated where loose is */
	uint64_t packs, pack_bytes;     /* .pack and .idx */
	int64_t last_pack;              /* ms since 1970; 0: there is no pack */
	uint64_t journal, journal_used; /* bytes, all and until now */
};

/* Fill in out. */
const struct fail *store_health(struct store_health *out, struct store *s);

/*
 * *count = how many commits led to head, where *known; at most limit of them
 * (0: all) are walked, back to the one that was counted last, which DATA/state/
 * commits remembers.
 */
const struct fail *store_count_commits(uint64_t *count, bool *known,
    struct store *s, const char *head, size_t limit);

/* The same for main, whatever it takes. */
const struct fail *store_count_all(struct store *s);

#endif
