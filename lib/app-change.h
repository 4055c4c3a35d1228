#ifndef SUTLER_APP_CHANGE_H
#define SUTLER_APP_CHANGE_H

#include "app.h"
#include "event.h"

/*
 * What changes of an app as a whole; one call is one commit.  Source: Scalingo
 * API, "Apps".
 */

/* Call app ident new_name; its history goes on by its id, and the old name is
 * free.  FAIL_INVALID: current_name is not its name, new_name breaks a rule or
 * is taken. */
const struct fail *app_rename(struct app **out, const struct act *act,
    const char *ident, const char *current_name, const char *new_name);

/* Give app ident to the collaborator with that e-mail address, who pays for
 * its add-ons from then on; who owned it becomes a collaborator.
 * current_name NULL: the client does not say.  FAIL_INVALID: no such
 * collaborator, or no way to pay for the add-ons, or the app shares add-ons
 * with others; FAIL_FORBIDDEN: act does not own it. */
const struct fail *app_transfer(struct app **out, const struct act *act,
    const char *ident, const char *current_name, const char *email);

/* FAIL_MISSING "stack", "project": settings has a stack_id or project_id, not
 * null, that app cannot have. */
const struct fail *app_check_place(const struct act *act, const struct app *app,
    const cJSON *settings);

/* Set of app ident what settings has: force_https, sticky_session,
 * router_logs; stack_id and project_id have to be those that the app has
 * (FAIL_MISSING "stack", "project"); all else is let be.  FAIL_INVALID: not
 * of the right type. */
const struct fail *app_update(struct app **out, const struct act *act,
    const char *ident, const cJSON *settings);

#endif
