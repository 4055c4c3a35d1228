/*
 * Plan change: the rules, the intent, the call, the outcome.
 */
#include "addon-order.h"
#include "attachment.h"
#include "clock.h"
#include "conf.h"
#include "dry-run.h"
#include "json.h"
#include "mem.h"
#include "once.h"
#include "work.h"

#include <string.h>

/* A change of plan, from the intent on. */
struct change {
	struct plan *plan;
	struct json_var *before; /* the variables at the intent */
	bool owed;               /* an earlier plan is to be put back */
};

/* An earlier change may be being put back this very moment: which of the two
 * the provider hears last nobody would know. */
static const struct fail *
check_restore(struct change *c, const struct act *act, const struct addon *a)
{
	const struct fail *f;
	struct work *work;

	f = work_load(&work, act->store, a->id);
	if (f != NULL)
		return f;
	c->owed = work != NULL && strcmp(work->kind, WORK_RESTORE) == 0;
	if (c->owed && work_due(work))
		f = fail(FAIL_CONFLICT,
		    "its plan is being put back: try again later");
	return f;
}

/* The rules, under the lock; *same: it has that plan. */
static const struct fail *
check_change(bool *same, struct change *c, struct addon_result *r,
    const struct act *act, const char *plan_id)
{
	const struct fail *f =
	    provider_load(&r->provider, act->store, r->addon->provider);

	*same = false;
	if (f == NULL)
		f = addon_find_plan(&c->plan, r->provider, plan_id);
	if (f != NULL)
		return f;
	*same = r->addon->wanted_plan == NULL &&
	        strcmp(c->plan->id, r->addon->plan_id) == 0;
	if (*same)
		return NULL;
	if (r->addon->wanted_plan != NULL ||
	    strcmp(r->addon->status, "running") != 0)
		return fail(FAIL_CONFLICT, "the add-on is %s: try again later",
		    r->addon->wanted_plan != NULL ? "being changed"
		                                  : r->addon->status);
	if (!r->provider->plan_updateable)
		return fail_field(NULL, "plan", "%s does not change plans",
		    r->provider->slug);
	f = addon_check_payment(act, r->app, c->plan);
	return f != NULL ? f : check_restore(c, act, r->addon);
}

/* Nothing is to be changed; a key that asked for it asks for no more later. */
static const struct fail *
keep_plan(const struct act *act, struct addon_result *r)
{
	struct event e = event_new("%s: %s keeps plan %s", r->app->name,
	    r->provider->slug, r->addon->plan);

	r->message = "The add-on has this plan already.";
	r->variables = addon_names(r->provider, r->addon);
	if (act->once == NULL) {
		store_unlock(act->store);
		return NULL;
	}
	once_done(act, r->app, r->message);
	event_addon(&e, r->addon->id);
	return app_save(act, r->app, &e);
}

/* The rules, and the intent; *order: what is to be sent.  c->plan NULL: there
 * was nothing to do. */
static const struct fail *
intend_change(struct order *order, struct change *c, struct addon_result *r,
    const struct act *act, const char *ident, const char *id,
    const char *plan_id)
{
	const struct fail *f =
	    app_edit_addon(&r->app, &r->addon, act, ident, id);
	struct event e;
	bool same;

	if (f != NULL)
		return f;
	f = check_change(&same, c, r, act, plan_id);
	if (f == NULL)
		f = once_begin(act, r->app, r->addon);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	if (same) {
		c->plan = NULL;
		return keep_plan(act, r);
	}
	c->before = r->addon->config;
	r->addon->wanted_plan = c->plan->id;
	e = event_new("%s: changing %s to plan %s", r->app->name,
	    r->provider->slug, c->plan->name);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	app_put(act->store, r->app);
	work_put(act->store, work_addon(WORK_CHANGE, act, r->app, r->addon));
	addon_order(order, ORDER_CHANGE, act, r, c->plan);
	dry_run_order(act, order, r->app, NULL,
	    c->plan->price - r->addon->price);
	return event_commit(NULL, act, &e);
}

static bool
is_same(const struct json_var *one, const struct json_var *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	return strcmp(one->value, other->value) == 0 && one->raw == other->raw;
}

/* Set what the provider answered; what it set while it was asked is newer. */
static void
apply_answer(struct addon *a, struct json_var *before,
    const struct json_var *config)
{
	for (; config != NULL; config = config->next)
		if (is_same(json_var_find(before, config->name),
		        json_var_find(a->config, config->name)))
			json_var_set(&a->config, config->name, config->value,
			    config->raw);
}

static const struct fail *
keep_change(const struct act *act, struct addon_result *r,
    const struct change *c, const struct outcome *out)
{
	const struct plan *plan = c->plan;
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
	/* the word may have come before the answer */
	if (out->kind == OUTCOME_PENDING && a->verdict == NULL) {
		a->status = "provisioning";
		work_put(act->store, work_addon(WORK_EXPECT, act, r->app, a));
	}
	a->verdict = NULL;
	if (out->log_drain_url != NULL)
		a->log_drain_url = out->log_drain_url;
	apply_answer(a, c->before, out->config);
	r->message = out->message;
	r->variables = addon_names(r->provider, a);
	once_done(act, r->app, r->message);
	return app_save(act, r->app, &e);
}

/* Where the provider may have changed it all the same, or had done so before,
 * it is to go back. */
static const struct fail *
undo_change(const struct act *act, struct addon_result *r,
    const struct change *c, const struct outcome *out)
{
	struct event e = event_new("%s: %s did not change its plan",
	    r->app->name, r->provider->slug);

	r->addon->wanted_plan = NULL;
	r->addon->verdict = NULL;
	event_exchange(&e, out->exchange);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	once_forget(act, r->app);
	app_put(act->store, r->app);
	if (out->unsure || c->owed)
		work_put(act->store,
		    work_addon(WORK_RESTORE, act, r->app, r->addon));
	else
		work_put_gone(act->store, r->addon);
	return event_commit(NULL, act, &e);
}

/* The provider's no, or an answer that cannot be taken, as a failure of ours.
 */
static const struct fail *
refusal_of(struct outcome *out, const struct act *act,
    const struct addon_result *r)
{
	const struct fail *f = addon_failure(out, r->provider);
	const struct json_var *v;

	if (f != NULL)
		return f;
	for (v = out->config; f == NULL && v != NULL; v = v->next)
		f = attachment_check_set(NULL, act, r, v->name);
	if (f == NULL)
		return NULL;
	out->unsure = true;
	return fail(FAIL_PROVIDER, "%s: %s", r->provider->slug, f->text);
}

/* What came of it, in the records as they are by now. */
static const struct fail *
settle_change(struct addon_result *out, const struct act *later,
    const struct act *act, const struct change *c, struct outcome *outcome)
{
	const struct fail *f, *refusal;
	bool gone;

	f = addon_again(&gone, later, out);
	if (f != NULL)
		return f;
	if (gone)
		return fail_missing("addon");
	refusal = refusal_of(outcome, act, out);
	if (refusal == NULL)
		return keep_change(later, out, c, outcome);
	f = undo_change(later, out, c, outcome);
	return f != NULL ? f : refusal;
}

const struct fail *
addon_change(struct addon_result *out, const struct act *act, const char *ident,
    const char *id, const char *plan_id)
{
	const struct fail *f;
	struct outcome outcome = {0};
	struct act later = addon_act_later(act);
	struct change c = {0};
	struct order order;
	int races = 0;

	*out = (struct addon_result){0};
	f = intend_change(&order, &c, out, act, ident, id, plan_id);
	if (f != NULL || c.plan == NULL)
		return f;
	provider_order(&outcome, act->conf, &order,
	    act->conf->provider_timeout);
	do
		f = settle_change(out, &later, act, &c, &outcome);
	while (store_raced(&races, f));
	return f;
}
