/*
 * Plan change: the rules, the intent, the call, the outcome.
 */
#include "addon-order.h"
#include "clock.h"
#include "conf.h"
#include "json.h"
#include "mem.h"
#include "once.h"
#include "work.h"

#include <string.h>

static const struct fail *
intend_change(struct addon_result *r, const struct act *act, const char *ident,
    const char *id, struct plan *plan)
{
	const struct fail *f =
	    app_edit_addon(&r->app, &r->addon, act, ident, id);
	struct event e;

	if (f != NULL)
		return f;
	if (strcmp(r->addon->status, "running") != 0 ||
	    r->addon->wanted_plan != NULL)
		f = fail(FAIL_CONFLICT, "the add-on is %s: try again later",
		    r->addon->wanted_plan != NULL ? "being changed"
		                                  : r->addon->status);
	else if (!r->provider->plan_updateable)
		f = fail_field(NULL, "plan", "%s does not change plans",
		    r->provider->slug);
	else
		f = addon_check_payment(act, plan);
	if (f == NULL)
		f = once_begin(act, r->app, r->addon);
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
	work_put(act->store, work_addon(WORK_CHANGE, act, r->app, r->addon));
	return event_commit(NULL, act, &e);
}

static const struct fail *
keep_change(const struct act *act, struct addon_result *r,
    const struct plan *plan, const struct outcome *out)
{
	cJSON *data = addon_event_data(r->addon, r->provider);
	struct addon *a = r->addon;
	struct event e;

	cJSON_DeleteItemFromObject(data, "plan_name");
	json_add_text(data, "old_plan_name", a->plan);
	json_add_text(data, "new_plan_name", plan->name);
	cJSON_AddNumberToObject(data, "old_plan_price", a->price);
	e = event_new("%s: %s changed from plan %s to %s", r->app->name,
	    r->provider->slug, a->plan, plan->name);
	event_exchange(&e, out->exchange);
	event_addon(&e, a->id);
	event_add(&e, "upgrade_addon", data);
	a->wanted_plan = NULL;
	a->plan_id = plan->id;
	a->plan = plan->name;
	a->price = plan->price;
	a->units = plan->units;
	a->currency = act->conf->currency;
	a->updated_at = clock_text(clock_now());
	work_put_gone(act->store, a);
	if (out->kind == OUTCOME_PENDING) {
		a->status = "provisioning";
		work_put(act->store, work_addon(WORK_EXPECT, act, r->app, a));
	}
	if (out->log_drain_url != NULL)
		a->log_drain_url = out->log_drain_url;
	addon_apply_config(a, out->config);
	r->message = out->message;
	r->variables = addon_names(r->provider, a);
	once_done(act, r->app, r->message);
	return app_save(act, r->app, &e);
}

/* Where the provider may have changed it all the same, it is to go back. */
static const struct fail *
undo_change(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct event e = event_new("%s: %s did not change its plan",
	    r->app->name, r->provider->slug);

	r->addon->wanted_plan = NULL;
	event_exchange(&e, out->exchange);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	once_forget(act, r->app);
	app_put(act->store, r->app);
	if (out->unsure)
		work_put(act->store,
		    work_addon(WORK_RESTORE, act, r->app, r->addon));
	else
		work_put_gone(act->store, r->addon);
	return event_commit(NULL, act, &e);
}

const struct fail *
addon_change(struct addon_result *out, const struct act *act, const char *ident,
    const char *id, const char *plan_id)
{
	const struct fail *f, *refusal;
	struct outcome outcome = {0};
	struct act later = addon_act_later(act);
	struct order order;
	struct plan *plan;
	bool gone;

	f = addon_load(out, act, ident, id);
	if (f == NULL)
		f = addon_find_plan(&plan, out->provider, plan_id);
	if (f != NULL)
		return f;
	if (strcmp(plan->id, out->addon->plan_id) == 0) {
		out->message = "The add-on has this plan already.";
		out->variables = addon_names(out->provider, out->addon);
		return NULL;
	}
	f = intend_change(out, act, ident, id, plan);
	if (f != NULL)
		return f;
	addon_order(&order, ORDER_CHANGE, act, out, plan);
	provider_order(&outcome, act->conf, &order,
	    act->conf->provider_timeout);
	refusal = addon_failure(&outcome, out->provider);
	f = addon_again(&gone, &later, out);
	if (f != NULL)
		return f;
	if (gone)
		return fail_missing("addon");
	if (refusal == NULL)
		return keep_change(&later, out, plan, &outcome);
	f = undo_change(&later, out, &outcome);
	return f != NULL ? f : refusal;
}
