#ifndef SUTLER_ROLLBACK_H
#define SUTLER_ROLLBACK_H

#include "app.h"

/*
 * Taking an app's configuration back to a point of its history, as one commit
 * and one restart: its owner's variables alone.  What add-ons set is shown and
 * left as it is, since a provider's credentials that have gone are of no use.
 */
struct rollback {
	const char *to;     /* as in history_at() */
	const cJSON *names; /* array: these variables alone; or NULL: all */
	bool preview;       /* only say what would be done */
};

/*
 * Take app ident back.  *out = {to, commit, dry_run, variables: [{name,
 * addon_id, change, state}]}: to as history_view(); commit the new one's id, ""
 * where nothing differs, null for a preview; change "added", "changed" or
 * "removed", and state
 *
 *	restored  the owner's, put back, or taken away
 *	taken     an add-on has the name now
 *	forgotten its value of then has been destroyed; the name stays as it is
 *	stale     an add-on's that is gone, or whose value it has changed since
 *	provider  an add-on's, which its provider has set or taken away since
 *
 * FAIL_MISSING "app"; FAIL_INVALID "to": no such point, or the app was not
 * there then; FAIL_INVALID "names": not set then, nor now.
 */
const struct fail *rollback(cJSON **out, const struct act *act,
    const char *ident, const struct rollback *wanted);

#endif
