#ifndef SUTLER_DRY_RUN_H
#define SUTLER_DRY_RUN_H

#include "event.h"
#include "provider.h"

/*
 * A dry run: the rules are kept as ever, and where a change would be committed
 * (event_commit()) it is noted instead, and the request ends with
 * FAIL_DRY_RUN.  Nothing is written and nobody is called.
 */
struct dry_run {
	const char *subject; /* of the commit, or NULL: none was come to */
	cJSON *events;       /* their types */
	cJSON *calls;        /* [{provider, method, url, body}] */
	cJSON *variables;    /* [{app, name, addon_id, change}] */
	bool priced;         /* it touches an app, so that these count: */
	double old_cost, new_cost; /* of its add-ons, per 30 days */
};

struct addon;
struct work;

struct dry_run *dry_run_new(void);

/* Where act is a dry run: note the question that order would send, the names
 * that its provider declares for addon of app (NULL: none appear), and by how
 * much the add-on would cost more than its record says. */
void dry_run_order(const struct act *act, const struct order *order,
    const struct app *app, const struct addon *addon, double more);

/* The same for the removal that work owes.  FAIL_SYSTEM: no such provider. */
const struct fail *dry_run_removal(const struct act *act,
    const struct work *work);

/* Under the lock, which is given back: note what was put, as e says.  Fails
 * always: FAIL_DRY_RUN, or as the commit would. */
const struct fail *dry_run_note(const struct act *act, const struct event *e);

/* {subject, events, calls, variables, cost: {currency, old, new} or null}. */
cJSON *dry_run_view(const struct dry_run *d, const struct conf *conf);

#endif
