#ifndef SUTLER_WEBHOOK_EVENT_H
#define SUTLER_WEBHOOK_EVENT_H

#include "webhook.h"

/* What a commit says of the change that webhooks are told of. */
struct webhook_cause {
	const char *app_id, *app_name;
	const char *addon_id; /* "ad-<uuid>", or NULL */
	const char *subject;
	const char *actor, *email; /* "user us-… alice" */
	const char *at;            /* its time */
	const char *trailers;      /* the lines that hold its "Event:"s */
};

/*
 * What webhooks are told of the event at that place (from 0), called id:
 * Heroku's webhook event without its webhook_metadata; *entity is what a
 * webhook must include for it.  NULL: there is none, or none is told of it.
 */
cJSON *webhook_payload(const char **entity, const struct webhook_cause *c,
    size_t place, const char *id);

#endif
