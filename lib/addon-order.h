#ifndef SUTLER_ADDON_ORDER_H
#define SUTLER_ADDON_ORDER_H

#include "addon.h"

/* What provision and plan change have in common. */

/* Who acts once the answer is there: not bound to the revision that was asked
 * for, nor to the role. */
struct act addon_act_later(const struct act *act);

/* The plan with that id that is still sold.  FAIL_MISSING "plan",
 * FAIL_INVALID. */
const struct fail *addon_find_plan(struct plan **plan, const struct provider *p,
    const char *plan_id);

/* FAIL_PAYMENT where plan costs money, flat or for what is consumed, and app's
 * owner, who pays for it whoever of the app's people orders it, has no way
 * to. */
const struct fail *addon_check_payment(const struct act *act,
    const struct app *app, const struct plan *plan);

/* The provider's answer as a failure of ours: FAIL_INVALID in its own words,
 * FAIL_PROVIDER; NULL where it said yes. */
const struct fail *addon_failure(const struct outcome *out,
    const struct provider *p);

/* Take the lock and find app and add-on of r again, as they are now; *gone:
 * one of them is not there any more, and the lock is given back. */
const struct fail *addon_again(bool *gone, const struct act *act,
    struct addon_result *r);

/* Set what the provider answered. */
void addon_apply_config(struct addon *a, const struct json_var *config);

/* type_data of an event on a.  Source: Scalingo API, "Events". */
cJSON *addon_event_data(const struct addon *a, const struct provider *p);

#endif
