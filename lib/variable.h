#ifndef SUTLER_VARIABLE_H
#define SUTLER_VARIABLE_H

#include "app.h"
#include "attachment.h"
#include "event.h"

/*
 * An app's variables, as its owner reads and changes them.  One call is one
 * commit, all of it or nothing.  Source: Scalingo API, "Environment".
 */

/* How many variables an owner may set in one app, or name in one call. */
enum { VARIABLE_MAX = 1000 };

/* All variables of app, the owner's and then each add-on's, as an array;
 * resolve: values that name another variable, "$NAME", become its value. */
const struct fail *variable_list(cJSON **out, const struct act *act,
    const struct app *app, bool resolve);

/* The value that value stands for: itself, or, where it is "$OTHER" and OTHER
 * is one of all, what OTHER stands for (a ring of names stays as it is). */
const char *variable_resolve(const struct seen *all, const char *value);

/*
 * Set the variables in list, an array of {name, value} (other members are
 * ignored), in app ident; *out = those, as clients read them.  FAIL_SYNTAX: no
 * such array; FAIL_INVALID: a name or value breaks the rules, or the name
 * belongs to an add-on.
 */
const struct fail *variable_set(cJSON **out, const struct act *act,
    const char *ident, const cJSON *list);

/* Set the value of the variable with that id.  FAIL_MISSING "variable". */
const struct fail *variable_update(cJSON **out, const struct act *act,
    const char *ident, const char *id, const cJSON *value);

/* Delete the variables with these ids, an array of strings; FAIL_MISSING
 * "variable" where one is not there, FAIL_INVALID where it is an add-on's. */
const struct fail *variable_remove(const struct act *act, const char *ident,
    const cJSON *ids);

#endif
