/* Deliveries: put by the commit of the event, sent by tick. */
#include "clock.h"
#include "client.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "webhook-event.h"

#include <string.h>

/* Putting them */

static const char *
trailer(const struct work *o, const char *status, int code)
{
	return mem_printf("Delivery: %s %s %s %.0f %s %d\n", o->id,
	    json_text(o->options, "webhook"), json_text(o->options, "event"),
	    cJSON_GetNumberValue(json_get(o->options, "place")), status, code);
}

/* One delivery to w of addon. */
static void
put_one(const struct act *act, struct event *e, const struct addon *addon,
    const struct webhook *w, size_t place, const char *entity,
    const cJSON *payload)
{
	struct work *o = work_news(WORK_WEBHOOK, e->about);

	o->provider = addon->provider;
	o->addon_id = addon->id;
	o->plan = addon->plan;
	o->options = cJSON_CreateObject();
	json_add_text(o->options, "webhook", w->id);
	json_add_text(o->options, "event", json_text(payload, "id"));
	cJSON_AddNumberToObject(o->options, "place", (double)place);
	json_add_text(o->options, "include", entity);
	cJSON_AddItemToObject(o->options, "payload",
	    cJSON_Duplicate(payload, true));
	work_put(act->store, o);
	mem_puts(&e->trailers, trailer(o, "pending", 0));
}

/* The event at that place goes to every webhook that includes it. */
static void
put_event(const struct act *act, struct event *e,
    const struct webhook_cause *cause, size_t place)
{
	const struct webhook *w;
	const struct addon *a;
	const char *entity;
	cJSON *payload = webhook_payload(&entity, cause, place, hash_uuid());

	for (a = payload == NULL ? NULL : e->about->addons; a != NULL;
	     a = a->next)
		for (w = a->webhooks; w != NULL; w = w->next)
			if (webhook_includes(w, entity))
				put_one(act, e, a, w, place, entity, payload);
}

static bool
anybody_listens(const struct app *app)
{
	const struct addon *a;

	for (a = app->addons; a != NULL; a = a->next)
		if (a->webhooks != NULL)
			return true;
	return false;
}

void
webhook_put(const struct act *act, struct event *e, const char *actor,
    const char *email)
{
	struct webhook_cause cause = {.app_id = e->about->id,
	    .app_name = e->about->name,
	    .addon_id = e->addon,
	    .subject = e->subject,
	    .actor = actor,
	    .email = email,
	    .at = clock_text(clock_now())};
	const char *rest;
	size_t place;

	if (e->trailers.len == 0 || !anybody_listens(e->about))
		return;
	/* deliveries are added to what is read here */
	rest = cause.trailers = mem_copy(e->trailers.text);
	for (place = 0; event_trailer(&rest, "Event") != NULL; place++)
		put_event(act, e, &cause, place);
}

/* Sending them */

/* The webhook that o is for, or *out NULL: it is gone. */
static const struct fail *
find_webhook(struct webhook **out, const struct act *act, const struct work *o)
{
	const char *id = json_text(o->options, "webhook");
	struct app *app;
	struct addon *addon;
	const struct fail *f = app_load(&app, act, o->app_id);

	*out = NULL;
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	addon = app_addon(app, o->addon_id);
	for (*out = addon == NULL ? NULL : addon->webhooks;
	     *out != NULL && strcmp((*out)->id, id) != 0; *out = (*out)->next)
		;
	return NULL;
}

/* {"id": id} under key. */
static cJSON *
add_id(cJSON *o, const char *key, const char *id)
{
	cJSON *part = cJSON_AddObjectToObject(o, key);

	json_add_text(part, "id", id);
	return part;
}

static const char *
body_of(const struct work *o)
{
	cJSON *body = cJSON_Duplicate(json_get(o->options, "payload"), true);
	cJSON *meta = cJSON_AddObjectToObject(body, "webhook_metadata");
	cJSON *event;

	add_id(meta, "attempt", hash_uuid());
	add_id(meta, "delivery", o->id);
	event = add_id(meta, "event", json_text(o->options, "event"));
	json_add_text(event, "include", json_text(o->options, "include"));
	add_id(meta, "webhook", json_text(o->options, "webhook"));
	return json_print(body, false);
}

/* True where o is not to be tried again. */
static bool
is_over(const struct webhook *w, const struct work *o)
{
	return strcmp(w->level, "sync") != 0 ||
	       clock_now() - clock_parse(o->created_at) >
	           WEBHOOK_DAYS * 86400000LL;
}

const char *
webhook_send(struct webhook_attempt *out, const struct act *act,
    const struct work *o, long timeout)
{
	unsigned char hmac[HASH_SHA256_SIZE];
	struct exchange x = {.method = "POST", .accept = "*/*"};
	struct webhook *w;
	const struct fail *f = find_webhook(&w, act, o);

	*out = (struct webhook_attempt){.over = f == NULL};
	out->said = trailer(o, f == NULL ? "failed" : "retrying", 0);
	/* removed since: there is nobody to tell */
	if (f != NULL || w == NULL)
		return f == NULL ? NULL : f->text;
	x.url = w->url;
	x.body = body_of(o);
	hash_hmac_sha256(hmac, w->secret, strlen(w->secret), x.body,
	    strlen(x.body));
	x.headers[0] = mem_printf("Heroku-Webhook-Hmac-SHA256: %s",
	    hash_base64(hmac, sizeof(hmac)));
	if (w->authorization != NULL)
		x.headers[1] =
		    mem_printf("Authorization: %s", w->authorization);
	x.request_id = act->request_id;
	client_send(&x, act->conf, timeout);
	if (x.status >= 200 && x.status < 300) {
		out->said = trailer(o, "succeeded", x.status);
		return NULL;
	}
	out->over = is_over(w, o);
	out->silent = x.status == 0;
	out->said = trailer(o, out->over ? "failed" : "retrying", x.status);
	return x.status == 0 ? x.trouble : mem_printf("answered %d", x.status);
}
