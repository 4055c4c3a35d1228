#ifndef SUTLER_COLLABORATOR_H
#define SUTLER_COLLABORATOR_H

#include "app.h"
#include "event.h"

/*
 * Who else may work on an app.  An invitation is a link that whoever has it
 * may follow, with an account; until then, and without one, it gives no right.
 * One call is one commit.  Source: Scalingo API, "Collaborators".
 */
enum { COLLABORATORS_MAX = 100 }; /* of one app */

/* Invite email to app ident.  FAIL_INVALID: it is none, or invited already, or
 * there are too many. */
const struct fail *collaborator_invite(struct app **app,
    struct collaborator **out, const struct act *act, const char *ident,
    const char *email, bool limited);

/* act's account accepts the invitation with that token.  FAIL_MISSING
 * "collaborator": there is none; FAIL_SYNTAX: the account has a role already.
 */
const struct fail *collaborator_accept(struct app **app, const struct act *act,
    const char *token);

/* Change the role of collaborator id.  FAIL_MISSING "collaborator". */
const struct fail *collaborator_change(struct app **app,
    struct collaborator **out, const struct act *act, const char *ident,
    const char *id, bool limited);

/* Take collaborator id out of app ident: anybody may go, ROLE_FULL sends
 * others away.  FAIL_MISSING "collaborator", FAIL_FORBIDDEN. */
const struct fail *collaborator_remove(const struct act *act, const char *ident,
    const char *id);

/* Under the lock, with app to be saved: take c out of its list. */
void collaborator_detach(struct app *app, const struct collaborator *c);

/* {username, email, id}, as events have it; name NULL: nobody. */
cJSON *collaborator_user(const struct act *act, const char *name);

/* *out = c as clients read it; who may not invite sees no link. */
const struct fail *collaborator_view(cJSON **out, const struct act *act,
    const struct app *app, const struct collaborator *c);

#endif
