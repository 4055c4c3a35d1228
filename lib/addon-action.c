/*
 * What ends an add-on's wait, and what interrupts its service: the provider's
 * word on an order that it answered "not yet", suspension and resumption.
 */
#include "addon-order.h"
#include "clock.h"
#include "dry-run.h"
#include "json.h"
#include "mem.h"
#include "work.h"

#include <string.h>

/* The provider's word came while it was asked; its answer decides the rest. */
static const struct fail *
remember(struct addon_result *r, const struct act *act, bool ready)
{
	struct event e = event_new("%s: %s says %s early", r->app->name,
	    r->provider->slug, ready ? "ready" : "failed");

	r->addon->verdict = ready ? "ready" : "failed";
	event_addon(&e, r->addon->id);
	e.settles = true;
	return app_save(act, r->app, &e);
}

static const struct fail *
finish(struct addon_result *r, const struct act *act, bool ready)
{
	struct event e = event_new("%s: %s %s", r->app->name, r->provider->slug,
	    ready ? "is ready" : "failed to provision");
	const struct fail *f;

	e.settles = true;
	if (!ready) {
		/* what it says it failed at may be there, and is to go */
		work_put(act->store,
		    work_addon(WORK_REMOVE, act, r->app, r->addon));
		f = addon_forget(&e, act, r->app, r->addon,
		    "the provider failed to provision it");
		if (f == NULL)
			return event_commit(NULL, act, &e);
		store_unlock(act->store);
		return f;
	}
	work_put_gone(act->store, r->addon);
	addon_run(&e, r->provider, r->addon);
	addon_owe_restart(&e, act, r);
	event_addon(&e, r->addon->id);
	return app_save(act, r->app, &e);
}

/* The removal that the provider answered "not yet" is done. */
static const struct fail *
finish_removal(const struct act *act, const char *id)
{
	struct addon addon = {.id = id};
	const struct fail *f;
	struct work *work;
	struct event e;

	f = work_load(&work, act->store, id);
	if (f == NULL && (work == NULL || strcmp(work->kind, WORK_LEAVE) != 0 ||
	                     strcmp(work->provider, act->provider->slug) != 0))
		f = fail_missing("addon");
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	e = event_new("%s: %s has removed it", work->app_name, work->provider);
	event_app(&e, work->app_id, work->app_name);
	event_addon(&e, id);
	e.settles = true;
	work_put_gone(act->store, &addon);
	return event_commit(NULL, act, &e);
}

/* A provider's word takes away what has never run, and nothing else. */
static const struct fail *
check_failed(const struct act *act, const struct addon *a)
{
	const struct fail *f;
	struct work *work;

	f = work_load(&work, act->store, a->id);
	if (f != NULL ||
	    (strcmp(a->status, "provisioning") == 0 &&
	        (a->resource == NULL ||
	            (work != NULL && strcmp(work->kind, WORK_AWAIT) == 0))))
		return f;
	return fail(FAIL_CONFLICT, "the add-on %s: only its owner removes it",
	    strcmp(a->status, "provisioning") == 0
	        ? "is changing its plan"
	        : mem_printf("is %s", a->status));
}

const struct fail *
addon_finish(struct addon_result *out, const struct act *act, const char *ident,
    bool ready)
{
	const struct fail *f = store_lock(act->store);
	const char *id = ident;

	if (f != NULL)
		return f;
	f = addon_locate(out, act, ident, true);
	if (f == NULL && !ready)
		f = check_failed(act, out->addon);
	else if (f != NULL && f->code == FAIL_MISSING && !ready) {
		out->addon = NULL;
		if (strncmp(ident, "ad-", 3) != 0)
			id = mem_printf("ad-%s", ident);
		return finish_removal(act, id);
	}
	if (f != NULL || (strcmp(out->addon->status, "provisioning") != 0 &&
	                     !addon_is_asked(out->addon))) {
		store_unlock(act->store);
		return f;
	}
	out->variables = addon_names(out->provider, out->addon);
	return addon_is_asked(out->addon) ? remember(out, act, ready)
	                                  : finish(out, act, ready);
}

/* Status, event and commit of a change of service that has been decided. */
static const struct fail *
set_status(struct addon_result *r, const struct act *act, const char *status,
    const char *type, const char *reason, const char *exchange)
{
	cJSON *data = addon_event_data(r->addon, r->provider);
	struct event e =
	    event_new("%s: %s %s%s%s", r->app->name, r->provider->slug,
	        strcmp(status, "running") == 0 ? "resumed" : status,
	        reason == NULL ? "" : ": ", reason == NULL ? "" : reason);

	if (reason != NULL)
		json_add_text(data, "reason", reason);
	r->addon->status = status;
	r->addon->updated_at = clock_text(clock_now());
	event_exchange(&e, exchange);
	event_add(&e, type, data);
	event_addon(&e, r->addon->id);
	e.settles = true;
	return app_save(act, r->app, &e);
}

/* An add-on has one piece of work: a plan that is owed to be put back would be
 * forgotten. */
static const struct fail *
check_unowed(const struct act *act, const struct addon *a)
{
	const struct fail *f;
	struct work *work;

	f = work_load(&work, act->store, a->id);
	if (f != NULL || work == NULL)
		return f;
	return fail(FAIL_CONFLICT,
	    "its provider is still owed something (%s): see sutler open",
	    work->kind);
}

const struct fail *
addon_suspend(struct addon_result *out, const struct act *act,
    const char *ident, const char *id, const char *reason)
{
	const struct fail *f = addon_load(out, act, ident, id);
	enum work_state state;
	struct work *work;
	bool told;

	if (f == NULL)
		f = app_edit_addon(&out->app, &out->addon, act, ident, id);
	if (f != NULL)
		return f;
	if (strcmp(out->addon->status, "running") != 0 ||
	    out->addon->wanted_plan != NULL) {
		store_unlock(act->store);
		return fail(FAIL_CONFLICT, "the add-on is %s",
		    out->addon->wanted_plan != NULL ? "being changed"
		                                    : out->addon->status);
	}
	told = out->provider->dialect->suspends;
	if (told)
		f = check_unowed(act, out->addon);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	work = work_addon(WORK_SUSPEND, act, out->app, out->addon);
	if (told)
		work_put(act->store, work);
	f = set_status(out, act, "suspended", "suspend_addon", reason, NULL);
	if (f == NULL && told)
		(void)work_try(&state, act, work, WORK_FIRST_TRY);
	return f;
}

/* What is to be sent, and what the add-on has to be for it. */
static const struct fail *
check_resume(struct order *order, struct work **before, const struct act *act,
    const struct addon_result *r)
{
	const struct fail *f = work_load(before, act->store, r->addon->id);
	struct plan plan = {.name = r->addon->plan};

	if (f != NULL)
		return f;
	if (strcmp(r->addon->status, "suspended") != 0)
		return fail(FAIL_CONFLICT, "the add-on is %s, not suspended",
		    r->addon->status);
	/* which of the two it would hear last nobody would know */
	if (*before != NULL && strcmp((*before)->kind, WORK_SUSPEND) == 0 &&
	    work_due(*before))
		return fail(FAIL_CONFLICT,
		    "its provider is being told of the suspension: try again"
		    " later");
	addon_order(order, ORDER_RESUME, act, r, &plan);
	return NULL;
}

/* A commit on the resumption, and on what the provider is owed for it. */
static const struct fail *
note_resume(const struct act *act, const struct addon_result *r,
    const char *what, const char *exchange)
{
	struct event e =
	    event_new("%s: %s %s", r->app->name, r->provider->slug, what);

	event_exchange(&e, exchange);
	event_app(&e, r->app->id, r->app->name);
	event_addon(&e, r->addon->id);
	return event_commit(NULL, act, &e);
}

/* The intent: where no answer is known in the end, the provider is told once
 * more of the suspension, which holds until then. */
static const struct fail *
intend_resume(const struct act *act, const struct addon_result *r)
{
	struct work *work = work_addon(WORK_SUSPEND, act, r->app, r->addon);

	work->next_at = clock_text(
	    clock_now() + (act->conf->provider_timeout + WORK_GRACE) * 1000);
	work_put(act->store, work);
	return note_resume(act, r, "is to resume", NULL);
}

/* It did not, or nobody knows: then the intent stands. */
static const struct fail *
undo_resume(const struct act *act, const struct addon_result *r,
    const struct work *before, const struct outcome *out)
{
	const struct fail *f = store_lock(act->store);
	struct work *now = NULL;
	const char *what = "did not resume";

	if (f == NULL)
		f = work_load(&now, act->store, r->addon->id);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	/* it may have been removed meanwhile */
	if (now != NULL && strcmp(now->kind, WORK_SUSPEND) == 0) {
		if (out->unsure) {
			what = "may have resumed: to be told of its suspension";
			now->trouble = out->reason;
			work_put(act->store, now);
		} else if (before != NULL) {
			work_put(act->store, before);
		} else {
			work_put_gone(act->store, r->addon);
		}
	}
	return note_resume(act, r, what, out->exchange);
}

/* Tell the provider; its no, as a failure of ours. */
static const struct fail *
ask_resume(struct outcome *out, const struct act *act,
    const struct addon_result *r, const struct order *order,
    const struct work *before)
{
	const struct fail *f = intend_resume(act, r), *refusal;
	struct act later = addon_act_later(act);

	if (f != NULL)
		return f;
	provider_order(out, act->conf, order, act->conf->provider_timeout);
	refusal = addon_failure(out, r->provider);
	if (refusal == NULL)
		return NULL;
	f = undo_resume(&later, r, before, out);
	return f != NULL ? f : refusal;
}

const struct fail *
addon_resume(struct addon_result *out, const struct act *act, const char *ident,
    const char *id)
{
	const struct fail *f = addon_load(out, act, ident, id);
	struct outcome outcome = {.kind = OUTCOME_DONE};
	struct act later = addon_act_later(act);
	struct order order;
	struct work *work;
	bool told;

	if (f == NULL)
		f = app_edit_addon(&out->app, &out->addon, act, ident, id);
	if (f != NULL)
		return f;
	f = check_resume(&order, &work, act, out);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	told = out->provider->dialect->suspends;
	if (told && act->dry_run != NULL) {
		dry_run_order(act, &order, out->app, NULL, 0);
	} else if (told) {
		f = ask_resume(&outcome, act, out, &order, work);
		if (f == NULL)
			f = app_edit_addon(&out->app, &out->addon, &later,
			    ident, id);
		if (f != NULL)
			return f;
	}
	out->message = outcome.message;
	out->variables = addon_names(out->provider, out->addon);
	if (strcmp(out->addon->status, "suspended") != 0) {
		store_unlock(act->store);
		return NULL;
	}
	if (told)
		work_put_gone(act->store, out->addon);
	return set_status(out, &later, "running", "resume_addon", NULL,
	    outcome.exchange);
}
