#ifndef SUTLER_ATTACHMENT_H
#define SUTLER_ATTACHMENT_H

#include "addon.h"

/*
 * By which names an app sees the variables of add-ons: those of its own, whose
 * prefix may be another than the manifest's (many_per_app), and those of other
 * apps' add-ons that are attached to it (attachable).  FOO_BAR_URL of the
 * provider foo-bar is SPARE_URL by the prefix SPARE.
 * Source: Heroku, "Add-on Attachments".
 */
enum { ATTACHMENT_NAME_MAX = 32 };

/* One variable as the app runs with it; addon NULL: its owner's own. */
struct seen {
	struct seen *next;
	const char *name, *value;
	const struct addon *addon;
	bool forgotten;
	const char *text; /* in the record; lib/json.h */
};

/* Do two variables have the same value?  Two that are forgotten do where they
 * were one. */
bool attachment_same(const struct seen *one, const struct seen *other);

/* All that app runs with, its own variables first. */
const struct fail *attachment_seen(struct seen **out, const struct act *act,
    const struct app *app);

/* The name that p's variable has by prefix (NULL: the manifest's). */
const char *attachment_name(const struct provider *p, const char *prefix,
    const char *variable);

/* FAIL_INVALID where prefix is none, or a name that p's variables would have
 * by it (NULL: by the manifest's) is taken in app. */
const struct fail *attachment_check(const struct act *act,
    const struct app *app, const struct provider *p, const char *prefix);

/* FAIL_INVALID "config" (so_far's, where it is one) where r's app, or one that
 * has r's add-on attached, has from elsewhere what the variable would be there:
 * a manifest may have declared it later. */
const struct fail *attachment_check_set(const struct fail *so_far,
    const struct act *act, const struct addon_result *r, const char *variable);

/* Attach the add-on addon_id, of whatever app of act's, to app ident, by the
 * prefix name.  FAIL_MISSING "app", "addon"; FAIL_INVALID: it is not
 * attachable, attached already, the apps have not the same owner, or a name is
 * taken. */
const struct fail *attachment_add(struct attachment **out,
    const struct act *act, const char *ident, const char *addon_id,
    const char *name);

/* Take attachment id from app ident.  FAIL_MISSING "attachment". */
const struct fail *attachment_remove(const struct act *act, const char *ident,
    const char *id);

/* Under the lock: no app has addon attached any more. */
const struct fail *attachment_forget(const struct act *act,
    const struct addon *addon);

/* Under the lock: app goes; the add-ons attached to it know. */
const struct fail *attachment_forget_app(const struct act *act,
    const struct app *app);

/* {id, name, app_id, addon_id, addon_app_id, created_at}. */
cJSON *attachment_view(const struct app *app, const struct attachment *t);

#endif
