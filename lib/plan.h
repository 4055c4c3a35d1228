#ifndef SUTLER_PLAN_H
#define SUTLER_PLAN_H

#include "json.h"

/*
 * A plan of a provider, as its record keeps it.  Source: Scalingo API, "Plan"
 * (the documented fields), AppFog manifest plans[].
 */
struct plan {
	struct plan *next;
	const char *id;   /* 24 hex digits, ours; what plan_id means */
	const char *name; /* canonical; what the provider is sent */
	const char *display_name;
	const char *description; /* Markdown, as in the manifest */
	double price;            /* per 30 days; 0 is free */
	double position;         /* 1, 2, … in the manifest's order */
	cJSON *options;          /* object given on to the provider, or NULL */
	cJSON *units;  /* metered ones: [{name, display_name, price, included}],
	                  the latter two as decimal texts; or NULL */
	bool disabled; /* no longer sold */
	const char *alternative; /* id of the plan to take instead, or NULL */
};

extern const struct json_shape plan_shape;

struct conf;

/* The plan with that id (or, where none has it, that name), or NULL. */
struct plan *plan_find(struct plan *plans, const char *id_or_name);

/*
 * The plans of a manifest's "plans" array, every one with a fresh id.  The
 * display name falls back to the name, the price to 0; the name is "name", or
 * where name_key says so ("id", in AppFog's dialect) another key.
 */
struct plan *plan_list(const cJSON *plans, const char *name_key);

/*
 * The plans of a provider, have, under a new manifest whose plans are now
 * (fresh); before are those of the manifest so far.  By their names they keep
 * their ids and, where the manifest states the same as before, the price that
 * the operator gave them and whether they are sold.  A plan that now lacks
 * stands at the end, disabled, and is sold again once it is back.
 */
struct plan *plan_merge(const struct plan *have, const struct plan *before,
    struct plan *now);

/* True where units may be those of a plan: at most PLAN_UNITS_MAX objects with
 * a name of their own and a price, perhaps a display_name and how much of it
 * the plan includes each month; amounts (lib/money.h) are texts or numbers. */
enum { PLAN_UNITS_MAX = 8, PLAN_UNIT_NAME_MAX = 64 };
bool plan_units_fit(const cJSON *units);

/* True where units (NULL: none) are as a record keeps them: all members there,
 * and texts. */
bool plan_units_kept(const cJSON *units);

/* True where nothing is to be paid: no flat price, and no unit has one. */
bool plan_is_free(double price, const cJSON *units);

/* The plan as clients read it; conf's region is a part of its sku.  The
 * description is HTML (paragraphs, all else escaped).  Source: Scalingo API,
 * "Plan". */
cJSON *plan_view(const struct plan *plan, const struct conf *conf);

/* markdown as minimal HTML: its paragraphs, with everything else escaped. */
const char *plan_html(const char *markdown);

#endif
