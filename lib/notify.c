#include "notify.h"
#include "account.h"
#include "client.h"
#include "clock.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

#include <string.h>

static cJSON *
events_of(const struct event *e)
{
	const char *rest = e->trailers.len == 0 ? "" : e->trailers.text, *line;
	cJSON *events = cJSON_CreateArray(), *one;

	while ((line = event_trailer(&rest, "Event")) != NULL)
		if (json_parse(&one, line, strlen(line)) == NULL)
			cJSON_AddItemToArray(events, one);
	return events;
}

void
notify_put(const struct act *act, const struct event *e, const char *actor)
{
	cJSON *body, *app, *events = events_of(e);
	struct account *owner;
	struct work *o;

	/* an owner that cannot be read is told nothing, and hinders nobody */
	if (events->child == NULL ||
	    account_load(&owner, act->store, e->about->owner) != NULL ||
	    owner->notify_url == NULL)
		return;
	o = work_news(WORK_NOTIFY, e->about);
	body = o->options = cJSON_CreateObject();
	json_add_text(body, "id", o->id);
	json_add_text(body, "created_at", o->created_at);
	app = cJSON_AddObjectToObject(body, "app");
	json_add_text(app, "id", o->app_id);
	json_add_text(app, "name", o->app_name);
	json_add_text(body, "addon_id", e->addon);
	json_add_text(body, "actor", actor);
	json_add_text(body, "subject", e->subject);
	cJSON_AddItemToObject(body, "events", events);
	work_put(act->store, o);
}

const char *
notify_send(const struct act *act, const struct work *o, long timeout)
{
	unsigned char hmac[HASH_SHA256_SIZE];
	struct exchange x = {.method = "POST", .accept = "*/*"};
	struct account *owner;
	const struct fail *f = account_load(&owner, act->store, o->owner);

	if (f != NULL && f->code != FAIL_MISSING)
		return f->text;
	/* switched off since: there is nobody to tell */
	if (f != NULL || owner->notify_url == NULL || owner->disabled)
		return NULL;
	x.url = owner->notify_url;
	x.body = o->options == NULL ? "{}" : json_print(o->options, false);
	hash_hmac_sha256(hmac, owner->notify_secret,
	    strlen(owner->notify_secret), x.body, strlen(x.body));
	x.headers[0] = mem_printf("Sutler-Webhook-Hmac-SHA256: %s",
	    hash_base64(hmac, sizeof(hmac)));
	x.request_id = act->request_id;
	client_send(&x, act->conf, timeout);
	if (x.status >= 200 && x.status < 300)
		return NULL;
	return x.status == 0 ? x.trouble : mem_printf("answered %d", x.status);
}

bool
notify_is_over(const struct work *o)
{
	return clock_now() - clock_parse(o->created_at) >
	       NOTIFY_DAYS * 86400000LL;
}
