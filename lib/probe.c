/*
 * The steps of a probe: which calls it makes, each once, and after what.
 */
#include "probe-inside.h"
#include "clock.h"
#include "conf.h"
#include "hash.h"
#include "mem.h"

#include <signal.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { GRANT_MS = 300000 };

/* A plan that no provider sells. */
#define ODD_PLAN "no-such-plan"

enum plan_choice { PLAN_CURRENT, PLAN_OTHER, PLAN_ODD };

#define CALL(kind, plan, guise, after)                                         \
	{                                                                      \
		ORDER_##kind, PLAN_##plan, GUISE_##guise, STEP_##after, false, \
		    0, false                                                   \
	}
#define ENTER(after, forged, age)                                              \
	{                                                                      \
		ORDER_PROVISION, PLAN_CURRENT, GUISE_RIGHT, STEP_##after,      \
		    true, age, forged                                          \
	}

static const struct step {
	enum order_kind kind;
	enum plan_choice plan;
	enum probe_guise guise;
	enum probe_step after; /* which must have gone well */
	bool enters;           /* single sign-on */
	int age;               /* of the entrance, seconds */
	bool forged;           /* signed with another salt */
} steps[STEPS] = {
    [STEP_PROVISION] = CALL(PROVISION, CURRENT, RIGHT, NONE),
    [STEP_AGAIN] = CALL(PROVISION, CURRENT, RIGHT, PROVISION),
    [STEP_PROVISION_ODD] = CALL(PROVISION, ODD, RIGHT, PROVISION),
    [STEP_PROVISION_MISSING] = CALL(PROVISION, CURRENT, MISSING, NONE),
    [STEP_PROVISION_PASSWORD] = CALL(PROVISION, CURRENT, PASSWORD, NONE),
    [STEP_PROVISION_USER] = CALL(PROVISION, CURRENT, USER, NONE),
    [STEP_CHANGE] = CALL(CHANGE, OTHER, RIGHT, PROVISION),
    [STEP_SAME] = CALL(CHANGE, CURRENT, RIGHT, PROVISION),
    [STEP_CHANGE_ODD] = CALL(CHANGE, ODD, RIGHT, PROVISION),
    [STEP_CHANGE_MISSING] = CALL(CHANGE, CURRENT, MISSING, PROVISION),
    [STEP_CHANGE_PASSWORD] = CALL(CHANGE, CURRENT, PASSWORD, PROVISION),
    [STEP_CHANGE_USER] = CALL(CHANGE, CURRENT, USER, PROVISION),
    [STEP_ENTER] = ENTER(PROVISION, false, 0),
    [STEP_ENTER_FORGED] = ENTER(PROVISION, true, 0),
    [STEP_ENTER_STALE] = ENTER(PROVISION, false, PROBE_STALE_SECONDS),
    [STEP_SUSPEND] = CALL(SUSPEND, CURRENT, RIGHT, PROVISION),
    [STEP_SUSPEND_AGAIN] = CALL(SUSPEND, CURRENT, RIGHT, SUSPEND),
    [STEP_SUSPEND_MISSING] = CALL(SUSPEND, CURRENT, MISSING, PROVISION),
    [STEP_SUSPEND_PASSWORD] = CALL(SUSPEND, CURRENT, PASSWORD, PROVISION),
    [STEP_SUSPEND_USER] = CALL(SUSPEND, CURRENT, USER, PROVISION),
    [STEP_RESUME] = CALL(RESUME, CURRENT, RIGHT, SUSPEND),
    [STEP_RESUME_MISSING] = CALL(RESUME, CURRENT, MISSING, PROVISION),
    [STEP_RESUME_PASSWORD] = CALL(RESUME, CURRENT, PASSWORD, PROVISION),
    [STEP_RESUME_USER] = CALL(RESUME, CURRENT, USER, PROVISION),
    [STEP_REMOVE] = CALL(REMOVE, CURRENT, RIGHT, PROVISION),
    [STEP_REMOVE_AGAIN] = CALL(REMOVE, CURRENT, RIGHT, REMOVE),
    [STEP_ENTER_GONE] = ENTER(REMOVE, false, 0),
    /* of what is gone: who takes them does no harm */
    [STEP_REMOVE_MISSING] = CALL(REMOVE, CURRENT, MISSING, PROVISION),
    [STEP_REMOVE_PASSWORD] = CALL(REMOVE, CURRENT, PASSWORD, PROVISION),
    [STEP_REMOVE_USER] = CALL(REMOVE, CURRENT, USER, PROVISION),
};

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

bool
probe_interrupted(void)
{
	return interrupted != 0;
}

/* Who enters, and orders. */
static const struct visitor visitor = {.email = "probe@example.org",
    .user_id = "us-0b6f1f0a-2f44-4a6e-8d1a-5f6e7a8b9c0d"};

/* Another installation, which may have been ordered by now. */
static void
set_name(struct order *o)
{
	o->uuid = hash_uuid();
	o->addon_id = mem_printf("ad-%s", o->uuid);
	o->name = mem_printf("probe-%.8s", o->uuid);
	o->grant_code = hash_random_hex(16);
	o->grant_expires_at = clock_text(clock_now() + GRANT_MS);
}

static void
set_order(struct order *o, const struct probe *p)
{
	const struct conf *conf = p->with.conf;

	*o = (struct order){.provider = p->with.provider,
	    .app_id = hash_id(),
	    .app_name = "probe",
	    .account = "probe",
	    .owner_email = visitor.email,
	    .user_id = visitor.user_id,
	    .region = conf->region,
	    .provider_region = conf->provider_region,
	    .appfog_region = conf->appfog_region};
	set_name(o);
	o->heroku_id =
	    mem_printf("app%lld@%s", (long long)clock_now(), conf->host);
}

static void
choose_plans(struct probe_setting *with)
{
	const struct plan *plan = with->provider->plans;

	if (with->plan == NULL && plan != NULL)
		with->plan = plan->name;
	while (plan != NULL && strcmp(plan->name, with->plan) == 0)
		plan = plan->next;
	if (with->other == NULL && plan != NULL)
		with->other = plan->name;
}

const struct fail *
probe_begin(struct probe **out, const struct probe_setting *setting)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = interrupt};
	struct probe *p = mem_alloc(sizeof(*p));
	const struct fail *f;
	size_t i;

	p->with = *setting;
	*out = p;
	if (setting->provider == NULL)
		return NULL;
	choose_plans(&p->with);
	p->current = p->with.plan;
	p->heard = cJSON_CreateArray();
	set_order(&p->order, p);
	f = probe_desk_open(&p->desk, setting->port, setting->provider->user,
	    setting->provider->password,
	    setting->provider->dialect->grants ? p->order.grant_code : NULL);
	if (f != NULL)
		return f;
	p->order.public_url = mem_printf("http://127.0.0.1:%d", p->desk.port);
	probe_installed(p, NULL);
	/* a second signal ends us at once */
	action.sa_flags = (int)SA_RESETHAND;
	for (i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &action, NULL);
	return NULL;
}

/* Enter the dashboard as a browser would; false: there is none. */
static bool
enter(struct probe_call **out, struct probe *p, const struct step *step)
{
	struct provider forger = *p->with.provider;
	struct order order = p->order;
	struct mem_text form = {0};
	const struct json_var *field;
	struct entrance e;
	struct exchange x;

	order.plan = p->current;
	if (step->forged && forger.sso_salt != NULL) {
		forger.sso_salt = mem_printf("%s" PROBE_TAIL, forger.sso_salt);
		order.provider = &forger;
	}
	if (!forger.dialect->sign(&e, &order, &visitor,
	        clock_now() / 1000 - step->age))
		return false;
	for (field = e.fields; field != NULL; field = field->next)
		mem_addf(&form, "%s%s=%s", form.len == 0 ? "" : "&",
		    dialect_escape(field->name), dialect_escape(field->value));
	x = (struct exchange){.method = e.post ? "POST" : "GET",
	    .url = e.url,
	    .body = form.text,
	    .form = e.post};
	*out = probe_send(p, x);
	(*out)->guise = step->forged ? "another salt"
	                : step->age  ? "an old timestamp"
	                             : "the manifest's salt";
	return true;
}

static bool
went_well(const struct probe *p, enum probe_step step)
{
	const struct probe_call *c = p->calls[step];

	if (step == STEP_NONE)
		return true;
	return c != NULL && c->x.status >= 200 && c->x.status <= 299 &&
	       (step != STEP_PROVISION || p->order.resource != NULL);
}

/* Why the step cannot be made, or NULL; *order is what it would ask. */
static const char *
obstacle(struct order *order, const struct probe *p, enum probe_step number)
{
	const struct step *step = &steps[number];
	bool pauses;

	*order = p->order;
	order->kind = step->kind;
	order->plan = step->plan == PLAN_ODD     ? ODD_PLAN
	              : step->plan == PLAN_OTHER ? p->with.other
	                                         : p->current;
	if (step->kind == ORDER_PROVISION)
		order->resource = NULL;
	if (p->calls[STEP_PROVISION] != NULL &&
	    p->calls[STEP_PROVISION]->x.status == 0)
		return "the provision was not answered";
	if (!went_well(p, step->after))
		return step->after == STEP_REMOVE ? "nothing was removed"
		                                  : "nothing was provisioned";
	if (step->kind == ORDER_CHANGE && !p->with.provider->plan_updateable)
		return "its plans are not to be changed";
	if (order->plan == NULL)
		return "there is no other plan (--to)";
	pauses = step->kind == ORDER_SUSPEND || step->kind == ORDER_RESUME;
	if (pauses && !p->with.provider->dialect->suspends)
		return "the dialect has no suspension";
	if ((step->kind == ORDER_CHANGE || step->enters || pauses) && !p->ready)
		return "it never became ready";
	order->plan_options = probe_plan_options(p->with.provider, order->plan);
	if (number == STEP_AGAIN && !probe_tells(order, order->uuid))
		return "the dialect tells no uuid";
	if (step->plan == PLAN_ODD && !probe_tells(order, ODD_PLAN))
		return "the dialect tells no plan";
	/* it must not be taken for the one that is there */
	if (number == STEP_PROVISION_ODD)
		set_name(order);
	return NULL;
}

const struct probe_call *
probe_step(const char **why, struct probe *p, enum probe_step number)
{
	struct probe_call **call = &p->calls[number];
	struct order order;

	*why = p->skips[number];
	if (*call != NULL || *why != NULL)
		return *call;
	*why =
	    probe_interrupted() ? "interrupted" : obstacle(&order, p, number);
	if (*why == NULL && steps[number].enters &&
	    !enter(call, p, &steps[number]))
		*why = "there is no dashboard: no sso_url, or no sso_salt";
	if (*why == NULL && !steps[number].enters)
		*call = probe_order(p, &order, steps[number].guise);
	p->skips[number] = *why;
	if (*why != NULL)
		return NULL;
	if (number == STEP_PROVISION && (*call)->outcome.resource != NULL) {
		p->order.resource = json_plain((*call)->outcome.resource);
		p->ready = (*call)->outcome.kind != OUTCOME_PENDING;
		probe_installed(p, &(*call)->outcome);
	}
	if (number == STEP_CHANGE && went_well(p, STEP_CHANGE))
		p->current = order.plan;
	return *call;
}
