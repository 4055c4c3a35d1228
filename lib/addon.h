#ifndef SUTLER_ADDON_H
#define SUTLER_ADDON_H

#include "app.h"
#include "event.h"
#include "provider.h"

/*
 * The rules of buying, changing and removing add-ons, and of what a provider
 * may do with its own.  An order to a provider is two commits: the intent
 * before the call, the outcome after it; no lock is held in between.
 */
struct work;

/* What a call on an add-on answers. */
struct addon_result {
	struct app *app;
	struct addon *addon;
	struct provider *provider;
	const char *message; /* the provider's word, or ours */
	cJSON *variables;    /* names that the add-on set */
};

/*
 * Buy plan_id of provider slug for the app ident; prefix (or NULL): of its
 * variables' names.  FAIL_MISSING "app",
 * "addon_provider", "plan"; FAIL_PAYMENT; FAIL_INVALID: names that overlap,
 * or the provider's refusal; FAIL_PROVIDER.  On failure the app's record is as
 * it was.  Source: Scalingo API, "Provision an Addon".
 */
const struct fail *addon_provision(struct addon_result *out,
    const struct act *act, const char *ident, const char *slug,
    const char *plan_id, cJSON *options, const char *prefix);

/* Change the plan of add-on id of app ident; the same failures, and
 * FAIL_MISSING "addon", FAIL_CONFLICT while another order is under way.
 * Source: Scalingo API, "Upgrade an Addon". */
const struct fail *addon_change(struct addon_result *out, const struct act *act,
    const char *ident, const char *id, const char *plan_id);

/* Take add-on id out of app ident: at once for the app, tried once at the
 * provider; what is left is open work.  Source: "Remove an Addon". */
const struct fail *addon_remove(const struct act *act, const char *ident,
    const char *id);

/* Delete app ident, whose add-ons become open work, each tried once within
 * WORK_FIRST_TRY seconds in all.  name must be the app's (FAIL_INVALID). */
const struct fail *addon_remove_app(const struct act *act, const char *ident,
    const char *name);

/*
 * Suspend add-on id of app ident, for a reason (or NULL): at once for us, the
 * provider is told where its dialect has a word for it, by open work.  Resume
 * it, once its provider has agreed.  FAIL_CONFLICT: it is in no state for it.
 * Source: Scalingo, suspension and resumption of add-ons.
 */
const struct fail *addon_suspend(struct addon_result *out,
    const struct act *act, const char *ident, const char *id,
    const char *reason);
const struct fail *addon_resume(struct addon_result *out, const struct act *act,
    const char *ident, const char *id);

/* Put in force what a provider set and the app has not bound yet. */
const struct fail *addon_bind(struct addon_result *out, const struct act *act,
    const char *ident, const char *id);

/* App ident, its add-on id and that one's provider.  FAIL_MISSING. */
const struct fail *addon_load(struct addon_result *out, const struct act *act,
    const char *ident, const char *id);

/* True where an order about a is out, and its answer has not come: what the
 * provider says meanwhile counts after that. */
bool addon_is_asked(const struct addon *a);

/* Take addon out of app's list. */
void addon_detach(struct app *app, const struct addon *addon);

/* a, of provider p, is running now; an event of it in e. */
void addon_run(struct event *e, const struct provider *p, struct addon *a);

/* Under the lock: app is without a, which e says, with the reason (or NULL);
 * app is put.  Other apps that it is attached to lose it, too. */
const struct fail *addon_forget(struct event *e, const struct act *act,
    struct app *app, const struct addon *a, const char *reason);

/* The names of a's variables, as its app has them. */
cJSON *addon_names(const struct provider *p, const struct addon *a);

/* FAIL_INVALID where name is set, or declared, by one of the app's add-ons. */
const struct fail *addon_check_free(const struct fail *so_far,
    const struct act *act, const struct app *app, const char *name);

/* The provider's side (act->provider) */

/*
 * The installation that ident names, in any of its forms: add-on id, its bare
 * uuid, app id, "app<number>@host", the bare number, the provider's own id,
 * app name.  FAIL_MISSING "app": none, another provider's, or (unless early)
 * the provider's own answer to the order is still out.  Source: Heroku "App
 * Info", the forms of an id.
 */
const struct fail *addon_locate(struct addon_result *out, const struct act *act,
    const char *ident, bool early);

/*
 * The provider sets config (an object; null takes a name away) of its
 * installation ident: all of it or nothing.  The app is to be restarted, or
 * (AppFog) bound again.  FAIL_FORBIDDEN or FAIL_INVALID: undeclared names;
 * FAIL_INVALID: values that break the rules, names that the app has otherwise.
 * Before its own answer to the order has come, what it sets is kept, and laid
 * over that answer; where it answered 202, setting config ends the wait in
 * Heroku's family.
 */
const struct fail *addon_configure(struct addon_result *out,
    const struct act *act, const char *ident, const cJSON *config);

/*
 * The provider's word on its installation ident, which it answered "not yet":
 * ready, it runs; or failed, the app is without it, and a removal is owed.
 * Before the answer to the order has come it is remembered, and laid over
 * that.  A removal answered "not yet" is done by the word failed.  Said again,
 * it changes nothing.  FAIL_CONFLICT: failed, of one that has been running.
 * Source: Heroku, "Asynchronous Provisioning"; Scalingo's provider library.
 */
const struct fail *addon_finish(struct addon_result *out, const struct act *act,
    const char *ident, bool ready);

/* The apps that have r's add-on are to be restarted by the operator's hook,
 * which e says. */
void addon_owe_restart(struct event *e, const struct act *act,
    const struct addon_result *r);

/* A name of a for people, unlike that of any other: "redis-3f0c1d7e1111". */
const char *addon_name(const struct addon *a);

/* How the provider sees it: for a dialect's row and info. */
void addon_installation(struct installation *out, const struct act *act,
    const struct addon_result *r, const char *owner_email);

/* Orders */

/* The order of kind for r; plan is the one wanted. */
void addon_order(struct order *out, enum order_kind kind, const struct act *act,
    const struct addon_result *r, const struct plan *plan);

/* The order of kind on the add-on that open work o is about. */
const struct fail *addon_order_work(struct order *out, enum order_kind kind,
    const struct act *act, const struct work *o);

/* The add-on as clients read it.  Source: Scalingo API, "Addon attributes". */
cJSON *addon_view(const struct app *app, const struct addon *addon,
    const struct provider *p, const struct conf *conf);

/* {addon, message, variables[, vars]}: the answer to provision and change. */
void addon_answer(cJSON *body, const struct addon_result *r,
    const struct conf *conf);

#endif
