#ifndef SUTLER_NOTIFY_H
#define SUTLER_NOTIFY_H

#include "event.h"
#include "work.h"

/*
 * Notifications: an app's owner is told, by a POST to the account's
 * notify_url, of every event that was not the owner's own deed: what a
 * provider changed, what failed, what the operator did.  Each is open work,
 * put by the commit that has the events, and sent by tick: at least once, one
 * account's in their order, with the id to tell a repetition by.
 *
 *	{"id", "created_at", "app": {"id", "name"}, "addon_id", "actor",
 *	 "subject", "events": [{"type", …}, …]}
 *
 * The header Sutler-Webhook-Hmac-SHA256 is the Base64 of the HMAC-SHA256 of
 * the body's bytes; the key is the account's secret.  Any 2xx settles it.
 * Source: Heroku, "Add-on Webhooks", for the signature.
 */
enum { NOTIFY_DAYS = 3 }; /* after which one that does not arrive is given up */

/* Under the lock: its owner (e->owner) is to be told of e, by actor. */
void notify_put(const struct act *act, const struct event *e,
    const char *actor);

/* Send o within timeout seconds.  NULL, or what was in the way. */
const char *notify_send(const struct act *act, const struct work *o,
    long timeout);

/* True where o has been tried for too long. */
bool notify_is_over(const struct work *o);

#endif
