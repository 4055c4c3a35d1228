#ifndef SUTLER_WEBHOOK_H
#define SUTLER_WEBHOOK_H

#include "app.h"
#include "event.h"
#include "store-log.h"
#include "work.h"

/*
 * Add-on webhooks: a provider of Heroku's version 3 has itself told, by a POST
 * for each, of what happens to the apps that its installations are on.  Each
 * delivery is open work, put by the commit that has the event, and sent by
 * tick; one webhook's go in order.
 *
 *	include			of our events
 *	api:app			renamed, transferred, edited
 *	api:addon		bought, changed, suspended, removed, …
 *	api:addon-attachment	made and gone
 *	api:collaborator	invited, accepted, removed
 *	api:release		variables changed: on request, as at Heroku
 *
 * Others are taken, and never sent.  Level "notify" is tried once; "sync" for
 * WEBHOOK_DAYS, ever more seldom, then hourly, and what comes later waits.
 *
 * The history of deliveries is the git log: the commit that puts one, and
 * those of its attempts, have a trailer
 *
 *	Delivery: <id> <webhook> <event> <place> <status> <code>
 *
 * place: which "Event:" of the commit that put it, from 0; status: pending,
 * retrying, failed, succeeded; code: HTTP's, 0 where there was no answer.
 * Source: Heroku, "Add-on Webhooks"; Platform API, "Add-on Webhook".
 */
enum {
	WEBHOOK_DAYS = 7,
	WEBHOOK_LONGEST_DELAY = 3600, /* seconds between two attempts */
	WEBHOOKS_MAX = 10,            /* of an installation */
	WEBHOOK_CHANGES = 400         /* of an app, that are looked through */
};

/* Set w's members that body has (include, level, url, authorization, secret).
 * Of a new one (no url yet) the first three must be there; it gets a secret if
 * body has none, which *made then is, else NULL.  FAIL_INVALID. */
const struct fail *webhook_set(const char **made, struct webhook *w,
    const struct conf *conf, const cJSON *body);

/* The webhook of addon with that id.  FAIL_MISSING "webhook". */
const struct fail *webhook_find(struct webhook **out, const struct addon *addon,
    const char *id);

/* True where w is told of such. */
bool webhook_includes(const struct webhook *w, const char *entity);

/* Under the lock: the webhooks of e's app are to be told of e by actor, whose
 * address is email; e says which. */
void webhook_put(const struct act *act, struct event *e, const char *actor,
    const char *email);

/* What came of an attempt. */
struct webhook_attempt {
	const char *said; /* its trailer */
	bool over;        /* it is not to be tried again */
	bool silent;      /* there was no answer */
};

/* Send o within timeout seconds.  NULL, or what was in the way. */
const char *webhook_send(struct webhook_attempt *out, const struct act *act,
    const struct work *o, long timeout);

/* As its provider sees it; of addon. */
cJSON *webhook_view(const struct webhook *w, const struct addon *addon);

/*
 * The deliveries to addon's webhooks, or the events that were their cause,
 * newest first, of the app's latest WEBHOOK_CHANGES commits; id not NULL: only
 * that one.
 */
const struct fail *webhook_deliveries(cJSON **out, struct store *store,
    const struct app *app, const struct addon *addon, const char *id);
const struct fail *webhook_events(cJSON **out, struct store *store,
    const struct app *app, const struct addon *addon, const char *id);

#endif
