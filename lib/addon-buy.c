/*
 * Provision and plan change: the rules, the intent, the call, the outcome.
 */
#include "addon.h"
#include "account.h"
#include "clock.h"
#include "conf.h"
#include "hash.h"
#include "index.h"
#include "json.h"
#include "mem.h"
#include "open.h"

#include <string.h>

/* Who acts after the answer is not bound to the revision that was asked. */
static struct act
act_later(const struct act *act)
{
	struct act later = *act;

	later.if_match = NULL;
	return later;
}

static const struct fail *
check_payment(const struct act *act, const struct plan *plan)
{
	if (plan->price <= 0 || act->account == NULL || act->account->paying)
		return NULL;
	return fail_what(FAIL_PAYMENT, act->conf->billing_url,
	    "plan %s costs %.2f %s per 30 days: add a payment method first",
	    plan->name, plan->price, act->conf->currency);
}

/* Every name that p declares is free: no variable of the owner's, nothing
 * that another add-on set or declared. */
static const struct fail *
check_names(const struct act *act, const struct app *app,
    const struct provider *p)
{
	const struct fail *f = NULL;
	const cJSON *name;

	cJSON_ArrayForEach(name, p->config_vars) {
		if (json_var_find(app->variables, name->valuestring) != NULL)
			f = fail_field(f, "addon",
			    "%s is one of the app's own variables: remove it"
			    " first",
			    name->valuestring);
		else
			f = addon_check_free(f, act, app, name->valuestring);
	}
	return f;
}

const struct fail *
addon_check_free(const struct fail *so_far, const struct act *act,
    const struct app *app, const char *name)
{
	const struct fail *f = so_far;
	struct provider *p;
	const struct addon *a;

	for (a = app->addons; a != NULL; a = a->next)
		if (json_var_find(a->config, name) != NULL ||
		    (provider_load(&p, act->store, a->provider) == NULL &&
		        provider_declares(p, name)))
			return fail_field(f, "name",
			    "%s belongs to the add-on %s (%s)", name,
			    a->provider, a->id);
	return f;
}

/* Heroku's rule: one of a kind per app, unless the manifest says otherwise. */
static const struct fail *
check_once(const struct app *app, const struct provider *p)
{
	const struct addon *a;

	if (p->many_per_app || p->dialect->family != FAMILY_HEROKU)
		return NULL;
	for (a = app->addons; a != NULL; a = a->next)
		if (strcmp(a->provider, p->slug) == 0)
			return fail_field(NULL, "addon",
			    "%s is installed on this app already", p->slug);
	return NULL;
}

static struct addon *
addon_new(const struct act *act, const struct provider *p,
    const struct plan *plan, cJSON *options)
{
	struct addon *a = mem_alloc(sizeof(*a));

	a->id = mem_printf("ad-%s", hash_uuid());
	a->provider = p->slug;
	a->plan_id = plan->id;
	a->plan = plan->name;
	a->price = plan->price;
	a->currency = act->conf->currency;
	a->status = "provisioning";
	a->provisioned_at = a->updated_at = clock_text(clock_now());
	if (cJSON_IsObject(options) && options->child != NULL)
		a->options = options;
	return a;
}

static void
append(struct app *app, struct addon *addon)
{
	struct addon **tail = &app->addons;

	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = addon;
}

void
addon_detach(struct app *app, const struct addon *addon)
{
	struct addon **at = &app->addons;

	while (*at != addon)
		at = &(*at)->next;
	*at = addon->next;
}

/* The provider's answer, as a failure of ours; NULL where it said yes. */
static const struct fail *
failure_of(const struct outcome *out, const struct provider *p)
{
	if (out->kind == OUTCOME_REFUSED)
		return fail_field(NULL, "plan", "%s", out->reason);
	if (out->kind == OUTCOME_FAILED)
		return fail(FAIL_PROVIDER, "%s: %s", p->slug, out->reason);
	return NULL;
}

static cJSON *
addon_event(const struct addon *a, const struct provider *p)
{
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "addon_provider_name", p->slug);
	json_add_text(data, "plan_name", a->plan);
	json_add_text(data, "resource_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	return data;
}

static void
apply_config(struct addon *a, const struct json_var *config)
{
	for (; config != NULL; config = config->next)
		json_var_set(&a->config, config->name, config->value,
		    config->raw);
}

/* The add-on went away while its provider was asked: what it made is owed a
 * removal. */
static const struct fail *
owe_removal(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct event e = event_new("%s: %s made %s too late: to be removed",
	    r->app->name, r->provider->slug, r->addon->id);
	const struct fail *f;

	if (out->resource == NULL)
		return NULL;
	r->addon->resource = out->resource;
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	f = store_lock(act->store);
	if (f != NULL)
		return f;
	open_put(act->store, open_remove(r->app, r->addon));
	return event_commit(NULL, act, &e);
}

/* Take the lock and find the add-on of r again; *gone: it is not there. */
static const struct fail *
resume(bool *gone, const struct act *act, struct addon_result *r)
{
	const struct fail *f;
	struct app *app;

	*gone = true;
	f = app_edit(&app, act, r->app->id);
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

/* The provider failed us: the app is as it was before the intent.  What the
 * provider made all the same is owed a removal. */
static const struct fail *
undo_provision(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct event e = event_new("%s: %s was not provisioned", r->app->name,
	    r->provider->slug);

	r->addon->resource = out->resource;
	addon_detach(r->app, r->addon);
	if (out->kind == OUTCOME_FAILED && out->resource != NULL)
		open_put(act->store, open_remove(r->app, r->addon));
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	app_put(act->store, r->app);
	return event_commit(NULL, act, &e);
}

static const struct fail *
keep_provision(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct addon *a = r->addon;
	const struct fail *f;
	uint64_t place;
	struct event e;

	a->resource = out->resource;
	a->log_drain_url = out->log_drain_url;
	apply_config(a, out->config);
	f = index_next_place(&place, act->store,
	    mem_printf("provider/%s", a->provider));
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	a->place = (double)place;
	a->updated_at = clock_text(clock_now());
	if (out->kind == OUTCOME_DONE)
		a->status = "running";
	e = event_new("%s: %s %s", r->app->name, r->provider->slug,
	    out->kind == OUTCOME_DONE ? "provisioned" : "is provisioning");
	event_addon(&e, a->id);
	event_add(&e, "new_addon", addon_event(a, r->provider));
	r->message = out->message;
	r->variables = json_var_names(a->config);
	return app_save(act, r->app, &e);
}

/* The rules, and the intent: under the lock, which is given back. */
static const struct fail *
intend_provision(struct addon_result *r, const struct act *act,
    const char *ident, struct plan *plan, cJSON *options)
{
	const struct fail *f = app_edit(&r->app, act, ident);
	struct event e;

	if (f != NULL)
		return f;
	f = check_payment(act, plan);
	if (f == NULL)
		f = check_once(r->app, r->provider);
	if (f == NULL)
		f = check_names(act, r->app, r->provider);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	r->addon = addon_new(act, r->provider, plan, options);
	append(r->app, r->addon);
	e = event_new("%s: provisioning %s, plan %s", r->app->name,
	    r->provider->slug, plan->name);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	app_put(act->store, r->app);
	return event_commit(NULL, act, &e);
}

static const struct fail *
find_plan(struct plan **plan, const struct provider *p, const char *plan_id)
{
	*plan = plan_find(p->plans, plan_id);
	if (*plan == NULL)
		return fail_missing("plan");
	if ((*plan)->disabled)
		return fail_field(NULL, "plan", "%s is no longer sold",
		    (*plan)->name);
	return NULL;
}

const struct fail *
addon_provision(struct addon_result *out, const struct act *act,
    const char *ident, const char *slug, const char *plan_id, cJSON *options)
{
	const struct fail *f, *refusal;
	struct outcome outcome = {0};
	struct act later = act_later(act);
	struct order order;
	struct plan *plan;
	bool gone;

	*out = (struct addon_result){0};
	f = app_load(&out->app, act, ident);
	if (f == NULL)
		f = provider_load(&out->provider, act->store, slug);
	if (f == NULL)
		f = find_plan(&plan, out->provider, plan_id);
	if (f == NULL)
		f = intend_provision(out, act, ident, plan, options);
	if (f != NULL)
		return f;
	addon_order(&order, ORDER_PROVISION, act, out, plan);
	provider_order(&outcome, act->conf, &order,
	    act->conf->provider_timeout);
	refusal = failure_of(&outcome, out->provider);
	f = resume(&gone, &later, out);
	if (f != NULL)
		return f;
	if (gone) {
		f = owe_removal(&later, out, &outcome);
		return f != NULL ? f : fail_missing("addon");
	}
	if (refusal == NULL)
		return keep_provision(&later, out, &outcome);
	f = undo_provision(&later, out, &outcome);
	return f != NULL ? f : refusal;
}

/* Plan change */

static const struct fail *
intend_change(struct addon_result *r, const struct act *act, const char *ident,
    const char *id, struct plan *plan)
{
	const struct fail *f = app_edit(&r->app, act, ident);
	struct event e;

	if (f != NULL)
		return f;
	r->addon = app_addon(r->app, id);
	if (r->addon == NULL)
		f = fail_missing("addon");
	else if (strcmp(r->addon->status, "running") != 0 ||
	         r->addon->wanted_plan != NULL)
		f = fail(FAIL_CONFLICT,
		    "the add-on is being %s: try again once it is running",
		    r->addon->wanted_plan != NULL ? "changed" : "provisioned");
	else if (!r->provider->plan_updateable)
		f = fail_field(NULL, "plan", "%s does not change plans",
		    r->provider->slug);
	else
		f = check_payment(act, plan);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	r->addon->wanted_plan = plan->id;
	e = event_new("%s: changing %s to plan %s", r->app->name,
	    r->provider->slug, plan->name);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	app_put(act->store, r->app);
	return event_commit(NULL, act, &e);
}

static const struct fail *
keep_change(const struct act *act, struct addon_result *r,
    const struct plan *plan, const struct outcome *out)
{
	cJSON *data = addon_event(r->addon, r->provider);
	struct addon *a = r->addon;
	struct event e;

	cJSON_DeleteItemFromObject(data, "plan_name");
	json_add_text(data, "old_plan_name", a->plan);
	json_add_text(data, "new_plan_name", plan->name);
	e = event_new("%s: %s changed from plan %s to %s", r->app->name,
	    r->provider->slug, a->plan, plan->name);
	event_addon(&e, a->id);
	event_add(&e, "upgrade_addon", data);
	a->wanted_plan = NULL;
	a->plan_id = plan->id;
	a->plan = plan->name;
	a->price = plan->price;
	a->currency = act->conf->currency;
	a->updated_at = clock_text(clock_now());
	if (out->kind == OUTCOME_PENDING)
		a->status = "provisioning";
	if (out->log_drain_url != NULL)
		a->log_drain_url = out->log_drain_url;
	apply_config(a, out->config);
	r->message = out->message;
	r->variables = json_var_names(a->config);
	return app_save(act, r->app, &e);
}

static const struct fail *
undo_change(const struct act *act, struct addon_result *r)
{
	struct event e = event_new("%s: %s did not change its plan",
	    r->app->name, r->provider->slug);

	r->addon->wanted_plan = NULL;
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	app_put(act->store, r->app);
	return event_commit(NULL, act, &e);
}

const struct fail *
addon_change(struct addon_result *out, const struct act *act, const char *ident,
    const char *id, const char *plan_id)
{
	const struct fail *f, *refusal;
	struct outcome outcome = {0};
	struct act later = act_later(act);
	struct order order;
	struct plan *plan;
	bool gone;

	f = addon_load(out, act, ident, id);
	if (f == NULL)
		f = find_plan(&plan, out->provider, plan_id);
	if (f != NULL)
		return f;
	if (strcmp(plan->id, out->addon->plan_id) == 0) {
		out->message = "The add-on has this plan already.";
		out->variables = json_var_names(out->addon->config);
		return NULL;
	}
	f = intend_change(out, act, ident, id, plan);
	if (f != NULL)
		return f;
	addon_order(&order, ORDER_CHANGE, act, out, plan);
	provider_order(&outcome, act->conf, &order,
	    act->conf->provider_timeout);
	refusal = failure_of(&outcome, out->provider);
	f = resume(&gone, &later, out);
	if (f != NULL)
		return f;
	if (gone)
		return fail_missing("addon");
	if (refusal == NULL)
		return keep_change(&later, out, plan, &outcome);
	f = undo_change(&later, out);
	return f != NULL ? f : refusal;
}
