#include "dry-run.h"
#include "addon.h"
#include "attachment.h"
#include "conf.h"
#include "history.h"
#include "json.h"
#include "mem.h"
#include "work.h"

#include <string.h>

struct dry_run *
dry_run_new(void)
{
	struct dry_run *d = mem_alloc(sizeof(*d));

	d->events = cJSON_CreateArray();
	d->calls = cJSON_CreateArray();
	d->variables = cJSON_CreateArray();
	return d;
}

/* What order would ask; no credentials. */
static void
add_call(struct dry_run *d, const struct order *order)
{
	cJSON *call = cJSON_CreateObject(), *body = NULL;
	struct exchange x;

	order->provider->dialect->ask(&x, order);
	json_add_text(call, "provider", order->provider->slug);
	json_add_text(call, "method", x.method);
	json_add_text(call, "url", x.url);
	if (x.body != NULL && !x.form)
		(void)json_parse(&body, x.body, strlen(x.body));
	cJSON_AddItemToObject(call, "body",
	    body == NULL ? cJSON_CreateNull() : body);
	cJSON_AddItemToArray(d->calls, call);
}

static void
add_declared(struct dry_run *d, const struct provider *p, const struct app *app,
    const struct addon *a)
{
	const cJSON *name;
	cJSON *v;

	cJSON_ArrayForEach(name, p->config_vars) {
		v = cJSON_CreateObject();
		json_add_text(v, "app", app->name);
		json_add_text(v, "name",
		    attachment_name(p, a->prefix, name->valuestring));
		json_add_text(v, "addon_id", a->id);
		json_add_text(v, "change", "added");
		cJSON_AddItemToArray(d->variables, v);
	}
}

void
dry_run_order(const struct act *act, const struct order *order,
    const struct app *app, const struct addon *addon, double more)
{
	struct dry_run *d = act->dry_run;

	if (d == NULL)
		return;
	add_call(d, order);
	if (addon != NULL)
		add_declared(d, order->provider, app, addon);
	d->new_cost += more;
}

const struct fail *
dry_run_removal(const struct act *act, const struct work *work)
{
	const struct fail *f;
	struct order order;

	if (act->dry_run == NULL)
		return NULL;
	f = addon_order_work(&order, ORDER_REMOVE, act, work);
	if (f == NULL)
		add_call(act->dry_run, &order);
	return f;
}

static double
cost_of(const struct app *app)
{
	const struct addon *a;
	double sum = 0;

	for (a = app == NULL ? NULL : app->addons; a != NULL; a = a->next)
		sum += a->price;
	return sum;
}

/* A record that would change: what that means for an app. */
static const struct fail *
note_record(void *arg, const char *path, const cJSON *before,
    const cJSON *after)
{
	struct app *from = NULL, *to = NULL;
	const struct act *act = arg;
	struct dry_run *d = act->dry_run;
	const struct fail *f = NULL;
	cJSON *one, *list;

	if (strncmp(path, "apps/", strlen("apps/")) != 0)
		return NULL;
	if (before != NULL)
		f = app_read(&from, path, before);
	if (f == NULL && after != NULL)
		f = app_read(&to, path, after);
	list = cJSON_CreateArray();
	if (f == NULL)
		f = history_compare(list, act, from, to, false);
	if (f != NULL)
		return f;
	while ((one = cJSON_DetachItemFromArray(list, 0)) != NULL) {
		cJSON_DeleteItemFromObject(one, "old");
		cJSON_DeleteItemFromObject(one, "new");
		json_add_text(one, "app", (to == NULL ? from : to)->name);
		cJSON_AddItemToArray(d->variables, one);
	}
	d->priced = true;
	d->old_cost += cost_of(from);
	d->new_cost += cost_of(to);
	return NULL;
}

const struct fail *
dry_run_note(const struct act *act, const struct event *e)
{
	struct dry_run *d = act->dry_run;
	const char *rest = e->trailers.text, *text;
	const struct fail *f;
	cJSON *event;

	f = store_differences(act->store, note_record, (void *)act);
	store_unlock(act->store);
	if (f != NULL)
		return f;
	d->subject = e->subject;
	while (rest != NULL && (text = event_trailer(&rest, "Event")) != NULL)
		if (json_parse(&event, text, strlen(text)) == NULL)
			cJSON_AddItemToArray(d->events,
			    cJSON_CreateString(json_text(event, "type")));
	return fail(FAIL_DRY_RUN, "nothing was done: a dry run");
}

cJSON *
dry_run_view(const struct dry_run *d, const struct conf *conf)
{
	cJSON *o = cJSON_CreateObject(), *cost;

	json_add_text(o, "subject", d->subject);
	cJSON_AddItemToObject(o, "events", d->events);
	cJSON_AddItemToObject(o, "calls", d->calls);
	cJSON_AddItemToObject(o, "variables", d->variables);
	if (!d->priced) {
		cJSON_AddNullToObject(o, "cost");
		return o;
	}
	cost = cJSON_AddObjectToObject(o, "cost");
	json_add_text(cost, "currency", conf->currency);
	cJSON_AddNumberToObject(cost, "old", d->old_cost);
	cJSON_AddNumberToObject(cost, "new", d->new_cost);
	return o;
}
