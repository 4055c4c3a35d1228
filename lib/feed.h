#ifndef SUTLER_FEED_H
#define SUTLER_FEED_H

#include "app.h"
#include "event.h"
#include "store-log.h"

/*
 * The events of an app, or by an account, as clients read them: the Event:
 * trailers of its history, with the values that the records had then.  An
 * event's id is 20 hex digits of its commit's and 4 of its place there.
 * Source: Scalingo API, "Events".
 */
enum { FEED_ID = 24, FEED_COMMIT = 20 };

/* Whose events are read: app's, or (NULL) those of act's own account. */
struct feed {
	const struct act *act;
	const struct app *app;
	cJSON *projects; /* an empty object: what has been read of them */
};

/* The type of an event, in the feed and in the catalogue of types. */
struct feed_type {
	const char *type;
	const char *fields;   /* of its type_data, a space behind each */
	const char *name;     /* in the catalogue, or NULL: not there */
	const char *category; /* name of one */
	const char *display_name, *description;
};

/* The row of that type, or NULL: no type of the API. */
const struct feed_type *feed_type(const char *type);

/* The catalogue.  Source: Scalingo API, "List the event types". */
cJSON *feed_types(void);
cJSON *feed_categories(void);

/* *events = at most max of them, newest first, from the skip-th on; *total is
 * how many there are. */
const struct fail *feed_list(cJSON **events, size_t *total,
    const struct feed *feed, size_t skip, size_t max);

/* *events = those since the time ms, newest first, FEED_SINCE_MAX at most. */
enum { FEED_SINCE_MAX = 5000 };
const struct fail *feed_since(cJSON **events, const struct feed *feed,
    int64_t since);

/* *log = the commit that has the app's event with that id, *place: which of
 * its events it is.  FAIL_MISSING kind. */
const struct fail *feed_find(struct store_log *log, size_t *place,
    const struct feed *feed, const char *id, const char *kind);

/* The event at place in log's message as JSON, or NULL. */
cJSON *feed_stored(const struct store_log *log, size_t place);

/* *out = that event, as clients read it. */
const struct fail *feed_view(cJSON **out, const struct feed *feed,
    const struct store_log *log, size_t place);

/* The id of the event at place in commit. */
const char *feed_id(const char *commit, size_t place);

#endif
