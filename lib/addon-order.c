/*
 * Orders to providers: what provision and plan change have in common.
 */
#include "addon-order.h"
#include "account.h"
#include "attachment.h"
#include "clock.h"
#include "conf.h"
#include "json.h"
#include "mem.h"
#include "usage.h"
#include "work.h"

#include <string.h>

/* What every order tells of the app and of us. */
static void
order_common(struct order *out, const struct act *act, const char *app_id)
{
	const struct conf *conf = act->conf;

	out->app_id = app_id;
	out->heroku_id = app_heroku_id(conf, app_id);
	out->region = conf->region;
	out->provider_region = conf->provider_region;
	out->appfog_region = conf->appfog_region;
	out->public_url = conf->public_url;
	out->request_id = act->request_id;
}

static const char *
bare_uuid(const char *addon_id)
{
	return strncmp(addon_id, "ad-", 3) == 0 ? addon_id + 3 : addon_id;
}

void
addon_order(struct order *out, enum order_kind kind, const struct act *act,
    const struct addon_result *r, const struct plan *plan)
{
	struct account *owner;

	*out = (struct order){.kind = kind, .provider = r->provider};
	order_common(out, act, r->app->id);
	out->addon_id = r->addon->id;
	out->uuid = bare_uuid(r->addon->id);
	if (r->addon->resource != NULL)
		out->resource = json_plain(r->addon->resource);
	out->plan = plan->name;
	out->plan_options = plan->options;
	out->options = r->addon->options;
	out->app_name = r->app->name;
	out->account = r->app->owner;
	out->name = addon_name(r->addon);
	/* whoever of the app's people orders it */
	if (act->account != NULL && app_owner(&owner, act, r->app) == NULL) {
		out->owner_email = owner->email;
		out->user_id = owner->id;
	}
}

/* The manifest's options of p's plan called name, or NULL. */
static const cJSON *
options_of(const struct provider *p, const char *name)
{
	const struct plan *plan = p->plans;

	while (plan != NULL && strcmp(plan->name, name) != 0)
		plan = plan->next;
	return plan == NULL ? NULL : plan->options;
}

const struct fail *
addon_order_work(struct order *out, enum order_kind kind, const struct act *act,
    const struct work *o)
{
	struct provider *p;
	const struct fail *f = provider_load(&p, act->store, o->provider);

	if (f != NULL)
		return fail(FAIL_SYSTEM, "provider %s: %s", o->provider,
		    f->text);
	*out = (struct order){.kind = kind, .provider = p};
	order_common(out, act, o->app_id);
	out->addon_id = o->addon_id;
	out->uuid = bare_uuid(o->addon_id);
	if (o->resource != NULL)
		out->resource = json_plain(o->resource);
	out->plan = o->plan;
	out->plan_options = options_of(p, o->plan);
	out->options = o->options;
	out->app_name = o->app_name;
	out->account = o->owner;
	return NULL;
}

/* Who acts after the answer is not bound to the revision that was asked, nor
 * to a role that may have been taken away meanwhile. */
struct act
addon_act_later(const struct act *act)
{
	struct act later = *act;

	later.if_match = NULL;
	later.need = ROLE_NONE;
	later.settles = true;
	return later;
}

const struct fail *
addon_check_payment(const struct act *act, const struct app *app,
    const struct plan *plan)
{
	struct account *owner;
	const struct fail *f;

	if (plan_is_free(plan->price, plan->units) || act->account == NULL)
		return NULL;
	f = app_owner(&owner, act, app);
	if (f != NULL || owner->paying)
		return f;
	if (plan->price <= 0)
		return fail_what(FAIL_PAYMENT, act->conf->billing_url,
		    "plan %s charges for what is consumed: add a payment method"
		    " first",
		    plan->name);
	return fail_what(FAIL_PAYMENT, act->conf->billing_url,
	    "plan %s costs %.2f %s per 30 days: add a payment method first",
	    plan->name, plan->price, act->conf->currency);
}

/* The provider's answer, as a failure of ours; NULL where it said yes. */
const struct fail *
addon_failure(const struct outcome *out, const struct provider *p)
{
	if (out->kind == OUTCOME_REFUSED)
		return fail_field(NULL, "plan", "%s", out->reason);
	if (out->kind == OUTCOME_FAILED)
		return fail(FAIL_PROVIDER, "%s: %s", p->slug, out->reason);
	return NULL;
}

cJSON *
addon_event_data(const struct addon *a, const struct provider *p)
{
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "addon_provider_name", p->slug);
	json_add_text(data, "plan_name", a->plan);
	json_add_text(data, "resource_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	return data;
}

void
addon_apply_config(struct addon *a, const struct json_var *config)
{
	for (; config != NULL; config = config->next)
		json_var_set(&a->config, config->name, config->value,
		    config->raw);
}

/* Take the lock and find the add-on of r again; *gone: it is not there. */
const struct fail *
addon_again(bool *gone, const struct act *act, struct addon_result *r)
{
	struct act any = {.conf = act->conf, .store = act->store};
	const struct fail *f;
	struct app *app;

	*gone = true;
	/* an app that has another owner by now is not gone */
	f = app_edit(&app, &any, r->app->id);
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	if (app_addon(app, r->addon->id) == NULL) {
		store_unlock(act->store);
		return NULL;
	}
	*gone = false;
	r->app = app;
	r->addon = app_addon(app, r->addon->id);
	return NULL;
}

const struct fail *
addon_find_plan(struct plan **plan, const struct provider *p,
    const char *plan_id)
{
	*plan = plan_find(p->plans, plan_id);
	if (*plan == NULL)
		return fail_missing("plan");
	if ((*plan)->disabled)
		return fail_field(NULL, "plan", "%s is no longer sold",
		    (*plan)->name);
	return NULL;
}

bool
addon_is_asked(const struct addon *a)
{
	return a->wanted_plan != NULL ||
	       (a->resource == NULL && strcmp(a->status, "provisioning") == 0);
}

void
addon_detach(struct app *app, const struct addon *addon)
{
	struct addon **at = &app->addons;

	while (*at != addon)
		at = &(*at)->next;
	*at = addon->next;
}

void
addon_run(struct event *e, const struct provider *p, struct addon *a)
{
	cJSON *data = cJSON_CreateObject(), *status;

	status = cJSON_CreateArray();
	cJSON_AddItemToArray(status, cJSON_CreateString(a->status));
	cJSON_AddItemToArray(status, cJSON_CreateString("running"));
	a->status = "running";
	a->verdict = NULL;
	a->updated_at = clock_text(clock_now());
	json_add_text(data, "addon_id", a->id);
	json_add_text(data, "addon_plan_name", a->plan);
	json_add_text(data, "addon_resource_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	json_add_text(data, "addon_provider_id", p->slug);
	json_add_text(data, "addon_provider_name", p->slug);
	cJSON_AddItemToObject(data, "status", status);
	cJSON_AddItemToObject(data, "attributes_changed", addon_names(p, a));
	event_add(e, "addon_updated", data);
}

const struct fail *
addon_forget(struct event *e, const struct act *act, struct app *app,
    const struct addon *a, const char *reason)
{
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "addon_provider_name", a->provider);
	json_add_text(data, "plan_name", a->plan);
	json_add_text(data, "resource_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	/* what lib/usage-bill.c needs to know of what is gone */
	cJSON_AddNumberToObject(data, "plan_price", a->price);
	json_add_text(data, "currency", a->currency);
	json_add_text(data, "status", a->status);
	if (reason != NULL)
		json_add_text(data, "reason", reason);
	event_add(e, "delete_addon", data);
	usage_end(act->store, app, a);
	app_event(e, app);
	event_addon(e, a->id);
	addon_detach(app, a);
	app->updated_at = clock_text(clock_now());
	app_put(act->store, app);
	return attachment_forget(act, a);
}

cJSON *
addon_names(const struct provider *p, const struct addon *a)
{
	cJSON *names = cJSON_CreateArray();
	const struct json_var *v;

	for (v = a->config; v != NULL; v = v->next)
		cJSON_AddItemToArray(names,
		    cJSON_CreateString(attachment_name(p, a->prefix, v->name)));
	return names;
}
