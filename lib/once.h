#ifndef SUTLER_ONCE_H
#define SUTLER_ONCE_H

#include "addon.h"

/*
 * Requests that count once, however often a client that gave up repeats them.
 * The app's record keeps the request from the intent of an order on, so that
 * what a crash leaves is the same as what it left of the order:
 *
 *	under way		409
 *	done			the first answer, from the record
 *	done, add-on gone	404: nothing is bought again
 *	failed, or given up	no trace: it is ordered anew
 *	another request		422
 *
 * Source: draft-ietf-httpapi-idempotency-key-header, section 2.
 */
enum {
	ONCE_KEY_MAX = 255, /* bytes of a client's key */
	ONCE_HOURS = 24,    /* that a request is known by its key */
	ONCE_MAX = 64       /* requests that an app keeps; the oldest go */
};

/* A request that has a name. */
struct once {
	const char *key;     /* SHA-256 of account and key, hex */
	const char *content; /* SHA-256 of method, path and body */
};

/* *again: act's request has been answered before, by out.  FAIL_CONFLICT,
 * FAIL_MISSING, FAIL_INVALID: see above. */
const struct fail *once_again(bool *again, struct addon_result *out,
    const struct act *act);

/* Under the lock: app, which is to be put, knows that act's request is to do
 * something to addon.  FAIL_CONFLICT: it knew; FAIL_INVALID: another app of
 * the account's has a request by that key. */
const struct fail *once_begin(const struct act *act, struct app *app,
    const struct addon *addon);

/* Under the lock: it was done, and message answered (or NULL); or it was not,
 * and may be tried again. */
void once_done(const struct act *act, struct app *app, const char *message);
void once_forget(const struct act *act, struct app *app);

/* Under the lock: addon goes by its owner's wish, so that what ordered it, and
 * may still be under way, is not ordered anew. */
void once_end(struct app *app, const struct addon *addon);

#endif
