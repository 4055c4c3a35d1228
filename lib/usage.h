#ifndef SUTLER_USAGE_H
#define SUTLER_USAGE_H

#include "addon.h"

/*
 * What is consumed of an add-on whose plan has metered units: one record for
 * each month, usage/<hh>/<uuid>/<YYYY-MM>.json, and a last one called
 * "removed", by which late reports find an add-on that is gone.
 *
 * An hour is charged at the price that the add-on has when the hour is first
 * reported.  A report is known by hour, add-on and unit: the same quantity
 * again changes nothing, another one replaces it while the month is open,
 * which it is until USAGE_OPEN_DAYS days after its end.
 */
struct usage_unit {
	struct usage_unit *next;
	const char *name, *display_name;
	const char *plan;
	const char *price, *included; /* decimals; included: each month */
	cJSON *hours;                 /* "31T23" to a decimal */
};

struct usage {
	const char *addon_id, *app_id, *provider;
	const char *plan; /* of the add-on that is gone, or NULL */
	const char *provisioned_at, *removed_at; /* its; or NULL */
	struct usage_unit *units;
	cJSON *sold; /* units of the plan of the add-on that is gone, or NULL */
};

enum {
	USAGE_BATCH_MAX = 200, /* reports in one call */
	USAGE_OPEN_DAYS = 3
};

/*
 * Take body, {"timestamp", "usages": [{"quantity", "resource": {"id"},
 * "unit": {"name"}}, …]}, from act's provider.  *out: the same with "status"
 * ("accepted" or "rejected") and "errors" (texts) in each.  FAIL_INVALID: the
 * hour has not passed, or it cannot be read at all.  Source: Heroku's usage
 * batches of 2018.
 */
const struct fail *usage_report(cJSON **out, const struct act *act,
    const cJSON *body);

/* Under the lock: a of app goes, which its metered units outlive. */
void usage_end(struct store *store, const struct app *app,
    const struct addon *a);

/* What was reported of the add-on in month, "2026-01"; *out NULL: nothing. */
const struct fail *usage_load(struct usage **out, struct store *store,
    const char *addon_id, const char *month);

/* Under the lock: put u into the store under that month's name. */
void usage_put(struct store *store, const struct usage *u, const char *month);

bool usage_is_uuid(const char *text);

/* The month that has the time ms, and the time at which the month begins, -1:
 * it is none; the time at which the next one does. */
const char *usage_month(int64_t ms);
int64_t usage_month_start(const char *month);
int64_t usage_month_end(const char *month);

/* True where another quantity may still replace what was reported. */
bool usage_is_open(const char *month);

/* What app costs in month: {"app_id", "app_name", "month", "open", "addons":
 * [{"addon_id", …, "lines", "total", "currency"}], "totals"}; addon_id not
 * NULL: that add-on alone (FAIL_MISSING).  Flat prices are prorated by the
 * second, from the app's history, and per 30 days; each line is rounded to
 * cents. */
const struct fail *usage_bill(cJSON **out, const struct act *act,
    const struct app *app, const char *month, const char *addon_id);

/* A bill as CSV (RFC 4180), one row for each line. */
const char *usage_csv(const cJSON *bill);

/* The index shows nothing of it. */
const struct fail *usage_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

/* *out = record, written again.  lib/record.h */
struct store_record;
const struct fail *usage_again(cJSON **out, const struct store_record *record);

#endif
