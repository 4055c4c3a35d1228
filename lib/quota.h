#ifndef SUTLER_QUOTA_H
#define SUTLER_QUOTA_H

#include "account.h"
#include "event.h"

/*
 * What one account may have: so many apps, add-ons, variables (its apps' own
 * and their add-ons'), and bytes of its apps' records.  The configuration says
 * how many (quota_apps, …; 0: no limit), an account's record may say otherwise.
 * Who owns an app is charged for it, whoever acts.  A change that adds nothing
 * of a kind is never held up by that kind's quota, however much there is.
 */
enum quota { QUOTA_APPS, QUOTA_ADDONS, QUOTA_VARIABLES, QUOTA_BYTES };

/* "apps", "addons", "variables", "bytes". */
const char *quota_name(enum quota q);

/* How many an account may have; a is NULL where there is none by its name.
 * 0: no limit. */
long quota_of(const struct conf *conf, const struct account *a, enum quota q);

/* Is json what an account's record may have as its quota: NULL, or an object of
 * such names and whole numbers? */
bool quota_fits(const cJSON *json);

/* Set "apps=10" (0: no limit, "default": as the configuration says) in a.
 * FAIL_SYNTAX. */
const struct fail *quota_set(struct account *a, const char *word);

/* How much the account called name has, of each; under the lock with what was
 * put. */
const struct fail *quota_use(long use[CONF_QUOTAS], struct store *store,
    const char *name);

/*
 * Under the writers' lock, so that no two writers pass with one place left:
 * what was put leaves every account within its quotas, and the disk with
 * conf->space_reserve, or adds nothing.  FAIL_INVALID, which names the quota;
 * FAIL_BUSY: the disk is nearly full, and who acts is no operator at the
 * command line.
 */
const struct fail *quota_check(const struct act *act);

#endif
