#ifndef SUTLER_STORE_LOG_H
#define SUTLER_STORE_LOG_H

#include <stdint.h>

#include "store.h"

/* One commit of an app's history. */
struct store_log {
	const char *id;
	int64_t time; /* ms since 1970 */
	const char *author, *email;
	const char *message;
};

/* The commits that touched the app with that id, newest first, from the
 * skip-th on, at most max of them; *total is how many there are. */
const struct fail *store_log(struct store_log **out, size_t *count,
    size_t *total, struct store *s, const char *app_id, size_t skip,
    size_t max);

/* The one commit whose id begins with prefix, at least 4 hex digits.
 * FAIL_MISSING "commit". */
const struct fail *store_log_find(struct store_log *out, struct store *s,
    const char *prefix);

#endif
