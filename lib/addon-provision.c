/*
 * Provision: the rules, the intent, the call, the outcome.
 */
#include "addon-order.h"
#include "attachment.h"
#include "account.h"
#include "clock.h"
#include "complain.h"
#include "conf.h"
#include "dry-run.h"
#include "hash.h"
#include "index.h"
#include "json.h"
#include "mem.h"
#include "once.h"
#include "oauth.h"
#include "work.h"

#include <string.h>

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
	a->units = plan->units;
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

/* The add-on went away while its provider was asked: what it made, or may
 * have made, is owed a removal; where it made nothing, none is, unless tick
 * may have asked again meanwhile. */
static const struct fail *
owe_removal(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	bool made = out->resource != NULL || out->unsure;
	struct work *work = NULL;
	struct event e = event_new("%s: %s %s", r->app->name, r->provider->slug,
	    made ? "answered too late: to be removed" : "made nothing");
	const struct fail *f;

	r->addon->resource = out->resource;
	event_exchange(&e, out->exchange);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	f = store_lock(act->store);
	if (f == NULL)
		f = work_load(&work, act->store, r->addon->id);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	if (made)
		work_put(act->store,
		    work_addon(WORK_REMOVE, act, r->app, r->addon));
	else if (work != NULL && !work_due(work) && work->attempts == 0)
		work_put_gone(act->store, r->addon);
	return event_commit(NULL, act, &e);
}

/* The provider failed us: the app is as it was before the intent.  What the
 * provider made, or may have made, all the same is owed a removal. */
static const struct fail *
undo_provision(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct event e = event_new("%s: %s was not provisioned", r->app->name,
	    r->provider->slug);

	r->addon->resource = out->resource;
	addon_detach(r->app, r->addon);
	if (out->unsure)
		work_put(act->store,
		    work_addon(WORK_REMOVE, act, r->app, r->addon));
	else
		work_put_gone(act->store, r->addon);
	event_exchange(&e, out->exchange);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	once_forget(act, r->app);
	app_put(act->store, r->app);
	return event_commit(NULL, act, &e);
}

/* The answer, and what the provider did before it gave it. */
static void
settle_status(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct addon *a = r->addon;
	bool patient = r->provider->dialect->patient;

	if (out->kind == OUTCOME_DONE || a->verdict != NULL) {
		a->status = "running";
		a->verdict = NULL;
		work_put_gone(act->store, a);
		return;
	}
	work_put(act->store,
	    work_addon(patient ? WORK_EXPECT : WORK_AWAIT, act, r->app, a));
}

static const struct fail *
keep_provision(const struct act *act, struct addon_result *r,
    const struct outcome *out)
{
	struct addon *a = r->addon;
	struct json_var *early;
	const struct fail *f;
	uint64_t place;
	struct event e;

	a->resource = out->resource;
	a->log_drain_url = out->log_drain_url;
	/* what the provider set while it was asked is newer than its answer */
	early = a->config;
	a->config = NULL;
	addon_apply_config(a, out->config);
	addon_apply_config(a, early);
	f = index_next_place(&place, act->store,
	    mem_printf("provider/%s", a->provider));
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	a->place = (double)place;
	a->updated_at = clock_text(clock_now());
	settle_status(act, r, out);
	e = event_new("%s: %s %s", r->app->name, r->provider->slug,
	    strcmp(a->status, "running") == 0 ? "provisioned"
	                                      : "is provisioning");
	event_exchange(&e, out->exchange);
	event_addon(&e, a->id);
	event_add(&e, "new_addon", addon_event_data(a, r->provider));
	if (out->dropped != NULL)
		complain("%s: not declared, and dropped: %s", a->provider,
		    out->dropped);
	r->message = out->message;
	r->variables = addon_names(r->provider, a);
	once_done(act, r->app, r->message);
	return app_save(act, r->app, &e);
}

/* What is wanted, and how. */
struct wish {
	const char *slug, *plan_id, *prefix;
	cJSON *options;
	struct plan *plan; /* that plan_id means */
};

/* The rules, under the lock: what is sold is what it is sold as now. */
static const struct fail *
check_provision(struct addon_result *r, const struct act *act, struct wish *w)
{
	const struct fail *f = provider_load_sold(&r->provider, act->store,
	    w->slug, act->account == NULL ? NULL : r->app->owner);

	if (f == NULL)
		f = addon_find_plan(&w->plan, r->provider, w->plan_id);
	if (f != NULL)
		return f;
	r->addon = addon_new(act, r->provider, w->plan, w->options);
	r->addon->prefix = w->prefix;
	/* what this very request made is in its own way */
	f = once_begin(act, r->app, r->addon);
	if (f == NULL)
		f = addon_check_payment(act, r->app, w->plan);
	if (f == NULL)
		f = check_once(r->app, r->provider);
	if (f == NULL)
		f = attachment_check(act, r->app, r->provider, w->prefix);
	return f;
}

/* The intent, which gives the lock back; *order: what is to be sent. */
static const struct fail *
intend_provision(struct order *order, struct addon_result *r,
    const struct act *act, const char *ident, struct wish *w)
{
	const struct fail *f = app_edit(&r->app, act, ident);
	const char *grant = NULL;
	struct event e;

	if (f != NULL)
		return f;
	f = check_provision(r, act, w);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	if (r->provider->client_secret != NULL)
		grant = oauth_grant(r->addon);
	append(r->app, r->addon);
	e = event_new("%s: provisioning %s, plan %s", r->app->name,
	    r->provider->slug, w->plan->name);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	app_put(act->store, r->app);
	work_put(act->store, work_addon(WORK_PROVISION, act, r->app, r->addon));
	addon_order(order, ORDER_PROVISION, act, r, w->plan);
	order->grant_code = grant;
	order->grant_expires_at = r->addon->grant_until;
	dry_run_order(act, order, r->app, r->addon, 0);
	return event_commit(NULL, act, &e);
}

/* What the provider said, by its answer or before it, as a failure of ours. */
static const struct fail *
refusal_of(struct outcome *out, const struct addon_result *r)
{
	if (r->addon->verdict != NULL &&
	    strcmp(r->addon->verdict, "failed") == 0) {
		out->unsure |= out->resource != NULL;
		return fail(FAIL_PROVIDER, "%s: it called the order failed",
		    r->provider->slug);
	}
	return addon_failure(out, r->provider);
}

/* What came of it, in the records as they are by now. */
static const struct fail *
settle_provision(struct addon_result *out, const struct act *later,
    struct outcome *outcome)
{
	const struct fail *f, *refusal;
	bool gone;

	f = addon_again(&gone, later, out);
	if (f != NULL)
		return f;
	if (gone) {
		f = owe_removal(later, out, outcome);
		return f != NULL ? f : fail_missing("addon");
	}
	refusal = refusal_of(outcome, out);
	if (refusal == NULL)
		return keep_provision(later, out, outcome);
	f = undo_provision(later, out, outcome);
	return f != NULL ? f : refusal;
}

const struct fail *
addon_provision(struct addon_result *out, const struct act *act,
    const char *ident, const char *slug, const char *plan_id, cJSON *options,
    const char *prefix)
{
	const struct fail *f;
	struct outcome outcome = {0};
	struct act later = addon_act_later(act);
	struct wish w = {slug, plan_id, prefix, options, NULL};
	struct order order;
	int races = 0;

	*out = (struct addon_result){0};
	f = intend_provision(&order, out, act, ident, &w);
	if (f != NULL)
		return f;
	provider_order(&outcome, act->conf, &order,
	    act->conf->provider_timeout);
	do
		f = settle_provision(out, &later, &outcome);
	while (store_raced(&races, f));
	return f;
}
