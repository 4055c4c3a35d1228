#ifndef SUTLER_RESTART_H
#define SUTLER_RESTART_H

#include "app.h"
#include "event.h"

/*
 * Restarts that people ask for.  The operator's hook runs them, as open work,
 * so that several within a short time are one.  An operation is the event of
 * its request, by the same id; how it went is what the history tells of the
 * work's record after it, and once it has finished that never changes.
 * Source: Scalingo API, "Restart an App", "Operations".
 */

/* Ask for the restart of app ident; scope is an array of container types, or
 * NULL: all.  *id: the operation's.  FAIL_CONFLICT: there is no hook;
 * FAIL_INVALID: scope is none. */
const struct fail *restart_ask(struct app **out, const char **id,
    const struct act *act, const char *ident, const cJSON *scope);

/* app is to be restarted because of the change that e says, if the operator has
 * a hook for it; under the lock. */
void restart_owe(struct event *e, const struct act *act, const struct app *app);

/* *out = operation id of app, as clients read it.  FAIL_MISSING "operation". */
const struct fail *restart_operation(cJSON **out, const struct act *act,
    const struct app *app, const char *id);

#endif
