/*
 * Trying open work: a row of the table for each kind.  Whoever is to be asked
 * is asked without a lock; what follows is one commit, if the work is still
 * the same then.
 */
#include "addon.h"
#include "clock.h"
#include "complain.h"
#include "json.h"
#include "mem.h"
#include "notify.h"
#include "provider.h"
#include "webhook.h"
#include "work.h"

#include <string.h>

enum { FIRST_DELAY = 60, LAST_DELAY = 24 * 3600 }; /* seconds */

/* One attempt. */
struct attempt {
	const struct act *act;
	const struct work *work;
	long timeout;         /* seconds */
	const char *trouble;  /* what is in the way, or NULL */
	const char *exchange; /* id of the transcript, or NULL */
	const char *said;     /* trailers of the attempt's commit, or NULL */
	const char *loss;     /* what it was given up for, or NULL */
	struct work *next;    /* what is owed in its place, or NULL */
	bool silent;          /* the provider did not answer */
	struct event event;
};

/* Put into order what is asked of work's provider; false: trouble. */
static bool
ask_provider(struct outcome *out, struct attempt *t, enum order_kind kind)
{
	const struct fail *f;
	struct order order;

	f = addon_order_work(&order, kind, t->act, t->work);
	if (f != NULL) {
		t->trouble = f->text;
		return false;
	}
	provider_order(out, t->act->conf, &order, t->timeout);
	t->exchange = out->exchange;
	t->silent = out->status == 0;
	if (out->kind != OUTCOME_REFUSED && out->kind != OUTCOME_FAILED)
		return true;
	t->trouble = out->reason;
	return false;
}

static struct work *
copy_as(const struct work *o, const char *kind)
{
	struct work *copy = mem_alloc(sizeof(*copy));

	*copy = *o;
	copy->kind = kind;
	copy->attempts = 0;
	copy->trouble = NULL;
	copy->next_at = clock_text(clock_now());
	return copy;
}

/* The order again, by the same uuid: a provider answers it as the first time,
 * or says that there is no such thing. */
static void
learn_resource(struct attempt *t)
{
	struct outcome out = {0};

	if (!ask_provider(&out, t, ORDER_PROVISION) && out.resource == NULL) {
		/* 409: it is there, and its id is not told */
		if (out.kind == OUTCOME_REFUSED && out.status != 409)
			t->trouble = NULL;
		return;
	}
	t->trouble = NULL;
	t->next = copy_as(t->work, WORK_REMOVE);
	t->next->resource = out.resource;
}

static void
ask_remove(struct attempt *t)
{
	struct outcome out = {0};
	struct provider *p;
	const struct fail *f =
	    provider_load(&p, t->act->store, t->work->provider);

	if (f != NULL) {
		t->trouble =
		    mem_printf("provider %s: %s", t->work->provider, f->text);
		return;
	}
	if (t->work->resource == NULL && p->dialect->nameless) {
		t->trouble = "its id never became known, and it cannot be "
		             "asked for: look there, then abandon it";
		return;
	}
	if (t->work->resource == NULL && !p->dialect->by_uuid) {
		learn_resource(t);
		return;
	}
	if (ask_provider(&out, t, ORDER_REMOVE) &&
	    out.kind == OUTCOME_PENDING) {
		t->next = copy_as(t->work, WORK_LEAVE);
		t->next->next_at = clock_text(
		    clock_now() + t->act->conf->provider_patience * 1000);
	}
}

static void
ask_restore(struct attempt *t)
{
	struct outcome out;

	ask_provider(&out, t, ORDER_CHANGE);
}

static void
ask_suspend(struct attempt *t)
{
	struct outcome out;

	ask_provider(&out, t, ORDER_SUSPEND);
}

static void
ask_restart(struct attempt *t)
{
	t->trouble = work_run_hook(t->act->conf, t->work, t->timeout);
}

static void
ask_notify(struct attempt *t)
{
	t->trouble = notify_send(t->act, t->work, t->timeout);
	if (t->trouble == NULL || !notify_is_over(t->work))
		return;
	t->loss = t->trouble;
	t->trouble = NULL;
}

static void
ask_webhook(struct attempt *t)
{
	struct webhook_attempt done;

	t->trouble = webhook_send(&done, t->act, t->work, t->timeout);
	t->said = done.said;
	t->silent = done.silent;
	if (t->trouble == NULL || !done.over)
		return;
	t->loss = t->trouble;
	t->trouble = NULL;
}

/* The add-on that the work is about, or *addon NULL: it is gone. */
static const struct fail *
find_addon(struct app **app, struct addon **addon, const struct attempt *t)
{
	const struct fail *f = app_load(app, t->act, t->work->app_id);

	*addon = NULL;
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	*addon = app_addon(*app, t->work->addon_id);
	return NULL;
}

/* The app is without it, for t->loss. */
static const struct fail *
take_away(struct attempt *t)
{
	const struct fail *f;
	struct addon *addon;
	struct app *app;

	f = find_addon(&app, &addon, t);
	if (f != NULL || addon == NULL)
		return f;
	if (addon->resource != NULL && t->next != NULL)
		t->next->resource = addon->resource;
	return addon_forget(&t->event, t->act, app, addon, t->loss);
}

/* No word came in time: the app is without it, the provider is to be too. */
static const struct fail *
give_up(struct attempt *t)
{
	t->next = copy_as(t->work, WORK_REMOVE);
	t->loss = "the provider gave no word in time";
	t->event.subject = event_new("%s: %s gave no word in time: given up",
	    t->work->app_name, t->work->provider)
	                       .subject;
	return take_away(t);
}

/* The owner is told that a does not have the plan that it was to have. */
static void
tell_unchanged(struct attempt *t, const struct app *app, const struct addon *a)
{
	cJSON *data = cJSON_CreateObject();
	const struct plan *plan = NULL;
	struct provider *p;

	if (provider_load(&p, t->act->store, a->provider) == NULL)
		plan = plan_find(p->plans, a->wanted_plan);
	json_add_text(data, "addon_provider_name", a->provider);
	json_add_text(data, "plan_name", a->plan);
	json_add_text(data, "wanted_plan_name",
	    plan == NULL ? a->wanted_plan : plan->name);
	json_add_text(data, "resource_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	event_add(&t->event, "upgrade_addon_failed", data);
	t->event.about = app;
}

/* What became of the change is not known: the plan we have shall be. */
static const struct fail *
put_back(struct attempt *t)
{
	const struct fail *f;
	struct addon *addon;
	struct app *app;

	f = find_addon(&app, &addon, t);
	if (f != NULL || addon == NULL)
		return f;
	if (addon->wanted_plan != NULL)
		tell_unchanged(t, app, addon);
	addon->wanted_plan = NULL;
	addon->verdict = NULL;
	app_put(t->act->store, app);
	t->next = copy_as(t->work, WORK_RESTORE);
	t->next->plan = addon->plan;
	return NULL;
}

static const struct fail *
take_as_running(struct attempt *t)
{
	const struct fail *f;
	struct provider *p;
	struct addon *addon;
	struct app *app;

	f = find_addon(&app, &addon, t);
	if (f != NULL || addon == NULL)
		return f;
	f = provider_load(&p, t->act->store, addon->provider);
	if (f != NULL)
		return f;
	addon_run(&t->event, p, addon);
	t->event.about = app;
	app_put(t->act->store, app);
	return NULL;
}

static const struct fail *
say_loss(struct attempt *t)
{
	if (t->loss != NULL)
		t->event.subject =
		    event_new("%s: word to %s given up: %s", t->work->app_name,
		        t->work->provider == NULL ? t->work->owner
		                                  : t->work->provider,
		        t->loss)
		        .subject;
	return NULL;
}

static const struct {
	const char *kind;
	void (*ask)(struct attempt *t);
	/* under the lock: what follows; what giving it up means */
	const struct fail *(*conclude)(struct attempt *t);
	const struct fail *(*abandon)(struct attempt *t);
	const char *what; /* "… of redis" */
	long longest;     /* seconds between two attempts */
} kinds[] = {
    {WORK_PROVISION, NULL,        give_up,         take_away,       "order",        LAST_DELAY},
    {WORK_CHANGE,    NULL,        put_back,        put_back,        "plan change",  LAST_DELAY},
    {WORK_AWAIT,     NULL,        give_up,         take_away,       "answer",       LAST_DELAY},
    {WORK_EXPECT,    NULL,        take_as_running, take_as_running, "answer",       LAST_DELAY},
    {WORK_LEAVE,     NULL,        NULL,            NULL,            "removal",      LAST_DELAY},
    {WORK_REMOVE,    ask_remove,  NULL,            NULL,            "removal",      LAST_DELAY},
    {WORK_RESTORE,   ask_restore, NULL,            NULL,            "old plan",     LAST_DELAY},
    {WORK_SUSPEND,   ask_suspend, NULL,            NULL,            "suspension",   LAST_DELAY},
    {WORK_RESTART,   ask_restart, NULL,            NULL,            "restart",      LAST_DELAY},
    {WORK_NOTIFY,    ask_notify,  say_loss,        NULL,            "notification", LAST_DELAY},
    {WORK_WEBHOOK,   ask_webhook, say_loss,        NULL,            "webhook",
     WEBHOOK_LONGEST_DELAY                                                                    },
};

/* The row of o, whose kind has been checked. */
static size_t
find_kind(const struct work *o)
{
	size_t kind = 0;

	while (strcmp(kinds[kind].kind, o->kind) != 0)
		kind++;
	return kind;
}

static const char *
next_time(double attempts, long longest)
{
	long delay = FIRST_DELAY;

	for (; attempts > 1 && delay < longest; attempts--)
		delay *= 2;
	if (delay > longest)
		delay = longest;
	return clock_text(clock_now() + delay * 1000);
}

/* The attempt's commit is on its app and add-on. */
static struct event
event_of(const struct work *o, const char *what, const char *came)
{
	struct event e = o->provider == NULL
	                     ? event_new("%s: %s %s", o->app_name, what, came)
	                     : event_new("%s: %s of %s %s", o->app_name, what,
	                           o->provider, came);

	event_app(&e, o->app_id, o->app_name);
	if (o->addon_id != NULL)
		event_addon(&e, o->addon_id);
	return e;
}

/* Take the lock where the record is still o; *same false: it is not, and the
 * lock is given back. */
static const struct fail *
lock_same(bool *same, const struct act *act, const struct work *o)
{
	const struct fail *f = store_lock(act->store);
	struct work *now;

	*same = false;
	if (f != NULL)
		return f;
	f = work_read(&now, act->store, store_path("open", o->id));
	*same = f == NULL && now != NULL &&
	        strcmp(json_print(work_view(now), true),
	            json_print(work_view(o), true)) == 0;
	if (!*same)
		store_unlock(act->store);
	return f;
}

static void
put_gone(const struct act *act, const struct work *o)
{
	store_put(act->store, store_path("open", o->id), NULL);
}

/* What came of the attempt, as one commit. */
static const struct fail *
conclude(struct attempt *t, size_t kind)
{
	const struct fail *f = NULL;
	struct work later = *t->work;
	bool same;

	f = lock_same(&same, t->act, t->work);
	if (f != NULL || !same) {
		t->next = NULL;
		return f;
	}
	t->event = event_of(t->work, kinds[kind].what,
	    t->trouble == NULL ? "settled" : "still owed");
	event_exchange(&t->event, t->exchange);
	if (t->said != NULL)
		mem_puts(&t->event.trailers, t->said);
	if (t->trouble != NULL) {
		later.attempts++;
		later.trouble = t->trouble;
		later.next_at = next_time(later.attempts, kinds[kind].longest);
		work_put(t->act->store, &later);
		return event_commit(NULL, t->act, &t->event);
	}
	if (kinds[kind].conclude != NULL)
		f = kinds[kind].conclude(t);
	if (f != NULL) {
		store_unlock(t->act->store);
		return f;
	}
	if (t->next != NULL)
		work_put(t->act->store, t->next);
	else
		put_gone(t->act, t->work);
	return event_commit(NULL, t->act, &t->event);
}

const struct fail *
work_try(enum work_state *state, const struct act *act, const struct work *o,
    long timeout)
{
	struct act settling = *act;
	struct attempt t = {.act = &settling, .work = o, .timeout = timeout};
	size_t kind = find_kind(o);
	const struct fail *f;
	int races = 0;

	settling.settles = true;
	*state = WORK_OPEN;
	if (kinds[kind].ask != NULL && timeout == 0)
		return NULL;
	if (kinds[kind].ask != NULL)
		kinds[kind].ask(&t);
	if (t.silent)
		*state = WORK_SILENT;
	if (t.trouble != NULL)
		complain("%s of %s for %s: %s", kinds[kind].what,
		    o->provider == NULL ? "app" : o->provider, o->app_name,
		    t.trouble);
	do
		f = conclude(&t, kind);
	while (store_raced(&races, f));
	if (f != NULL || t.trouble != NULL)
		return f;
	if (t.next == NULL)
		*state = WORK_SETTLED;
	else if (work_due(t.next))
		return work_try(state, act, t.next, timeout);
	return NULL;
}

const struct fail *
work_abandon(const struct act *act, const struct work *o, const char *reason)
{
	struct attempt t = {.act = act, .work = o, .loss = reason};
	size_t kind = find_kind(o);
	const struct fail *f;
	bool same;

	f = lock_same(&same, act, o);
	if (f == NULL && !same)
		f = fail(FAIL_CONFLICT, "it has just changed: look again");
	if (f != NULL)
		return f;
	t.event = event_of(o, o->kind,
	    mem_printf("abandoned, it may still cost money: %s", reason));
	t.event.settles = true;
	if (kinds[kind].abandon != NULL)
		f = kinds[kind].abandon(&t);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	put_gone(act, o);
	return event_commit(NULL, act, &t.event);
}
