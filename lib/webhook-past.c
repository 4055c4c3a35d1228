/* Which deliveries there were, read out of the app's commits. */
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "webhook-event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A "Delivery:" trailer. */
struct line {
	char id[40], webhook[40], event[40], status[16];
	size_t place;
	int code;
};

/* What all of one delivery's lines say. */
struct delivery {
	struct delivery *next;
	struct line last;
	const struct webhook *webhook;
	const char *created_at, *updated_at;
	size_t attempts;
	const struct store_log *cause; /* the commit that put it, or NULL */
};

static bool
parse(struct line *out, const char *text)
{
	return sscanf(text, "%39s %39s %39s %zu %15s %d", out->id, out->webhook,
	           out->event, &out->place, out->status, &out->code) == 6;
}

/* The delivery with that id, taken out of list; a new one where it has none. */
static struct delivery *
take(struct delivery **list, const char *id)
{
	struct delivery **p = list, *d;

	while (*p != NULL && strcmp((*p)->last.id, id) != 0)
		p = &(*p)->next;
	d = *p;
	if (d == NULL)
		return mem_alloc(sizeof(*d));
	*p = d->next;
	d->next = NULL;
	return d;
}

/*
 * Commits come newest first: the first word on a delivery is the last, and the
 * word that puts it gives it its place.
 */
static void
note(struct delivery **list, const struct store_log *log,
    const struct line *line, const struct webhook *w)
{
	struct delivery *d = take(list, line->id);
	const char *at = clock_text(log->time);

	if (d->webhook == NULL) {
		d->last = *line;
		d->webhook = w;
		d->updated_at = at;
	}
	if (strcmp(line->status, "pending") == 0) {
		d->cause = log;
		d->created_at = at;
	} else {
		d->attempts++;
	}
	while (*list != NULL)
		list = &(*list)->next;
	*list = d;
}

static const struct fail *
read_log(struct delivery **list, struct store *store, const struct app *app,
    const struct addon *addon)
{
	size_t i, count = 0, total;
	struct store_log *log;
	struct webhook *w;
	struct line line;
	const char *rest, *text;
	const struct fail *f =
	    store_log(&log, &count, &total, store, app->id, 0, WEBHOOK_CHANGES);

	for (i = 0; f == NULL && i < count; i++) {
		rest = log[i].message;
		while ((text = event_trailer(&rest, "Delivery")) != NULL)
			if (parse(&line, text) &&
			    webhook_find(&w, addon, line.webhook) == NULL)
				note(list, &log[i], &line, w);
	}
	return f;
}

/* The payload of d's event; *entity what it is included by. */
static cJSON *
payload_of(const char **entity, const struct delivery *d)
{
	const struct store_log *log = d->cause;
	const char *app = event_first(log->message, "App"), *space;
	struct webhook_cause cause = {.addon_id =
	                                  event_first(log->message, "Addon"),
	    .subject = mem_dup(log->message, strcspn(log->message, "\n")),
	    .actor = event_first(log->message, "Actor"),
	    .email = log->email,
	    .at = d->created_at,
	    .trailers = log->message};

	space = app == NULL ? NULL : strchr(app, ' ');
	if (space == NULL || cause.actor == NULL)
		return NULL;
	cause.app_id = mem_dup(app, (size_t)(space - app));
	cause.app_name = space + 1;
	return webhook_payload(entity, &cause, d->last.place, d->last.event);
}

static cJSON *
last_attempt(const struct delivery *d)
{
	bool fine = strcmp(d->last.status, "succeeded") == 0;
	cJSON *o = cJSON_CreateObject();

	if (d->last.code == 0)
		cJSON_AddNullToObject(o, "code");
	else
		cJSON_AddNumberToObject(o, "code", d->last.code);
	json_add_text(o, "created_at", d->updated_at);
	json_add_text(o, "error_class",
	    fine                ? NULL
	    : d->last.code == 0 ? "connection"
	                        : "status");
	json_add_text(o, "status", fine ? "succeeded" : "failed");
	json_add_text(o, "updated_at", d->updated_at);
	return o;
}

/* Source: Heroku Platform API, "Add-on Webhook Delivery". */
static const struct fail *
add_delivery(cJSON *list, struct store *store, const struct delivery *d)
{
	cJSON *o = cJSON_CreateObject(), *part;
	const char *entity, *status = d->last.status, *next = NULL;
	const struct fail *f = NULL;
	struct work *work = NULL;

	if (payload_of(&entity, d) == NULL)
		return NULL;
	if (strcmp(status, "pending") == 0 || strcmp(status, "retrying") == 0) {
		f = work_load(&work, store, mem_printf("ad-%s", d->last.id));
		next = work == NULL ? NULL : work->next_at;
		/* given up by the operator's hand */
		if (f == NULL && work == NULL)
			status = "failed";
	}
	json_add_text(o, "created_at", d->created_at);
	part = cJSON_AddObjectToObject(o, "event");
	json_add_text(part, "id", d->last.event);
	json_add_text(part, "include", entity);
	json_add_text(o, "id", d->last.id);
	if (d->attempts == 0)
		cJSON_AddNullToObject(o, "last_attempt");
	else
		cJSON_AddItemToObject(o, "last_attempt", last_attempt(d));
	json_add_text(o, "next_attempt_at", next);
	cJSON_AddNumberToObject(o, "num_attempts", (double)d->attempts);
	json_add_text(o, "status", status);
	json_add_text(o, "updated_at", d->updated_at);
	part = cJSON_AddObjectToObject(o, "webhook");
	json_add_text(part, "id", d->webhook->id);
	json_add_text(part, "level", d->webhook->level);
	cJSON_AddItemToArray(list, o);
	return f;
}

const struct fail *
webhook_deliveries(cJSON **out, struct store *store, const struct app *app,
    const struct addon *addon, const char *id)
{
	struct delivery *list = NULL, *d;
	const struct fail *f = read_log(&list, store, app, addon);

	*out = cJSON_CreateArray();
	for (d = list; f == NULL && d != NULL; d = d->next)
		if (d->cause != NULL &&
		    (id == NULL || strcmp(id, d->last.id) == 0))
			f = add_delivery(*out, store, d);
	return f;
}

/* Source: Heroku Platform API, "Add-on Webhook Event". */
static void
add_event(cJSON *list, const struct delivery *d)
{
	const char *entity;
	cJSON *payload = payload_of(&entity, d), *o;
	const cJSON *one;

	/* several webhooks may have been told of the same */
	cJSON_ArrayForEach(one, list)
		if (strcmp(json_text(one, "id"), d->last.event) == 0)
			return;
	if (payload == NULL)
		return;
	o = cJSON_CreateObject();
	json_add_text(o, "created_at", d->created_at);
	json_add_text(o, "id", d->last.event);
	json_add_text(o, "include", entity);
	cJSON_AddItemToObject(o, "payload", payload);
	json_add_text(o, "updated_at", d->created_at);
	cJSON_AddItemToArray(list, o);
}

const struct fail *
webhook_events(cJSON **out, struct store *store, const struct app *app,
    const struct addon *addon, const char *id)
{
	struct delivery *list = NULL, *d;
	const struct fail *f = read_log(&list, store, app, addon);

	*out = cJSON_CreateArray();
	for (d = list; f == NULL && d != NULL; d = d->next)
		if (d->cause != NULL &&
		    (id == NULL || strcmp(id, d->last.event) == 0))
			add_event(*out, d);
	return f;
}
