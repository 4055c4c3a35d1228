#include "usage.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "money.h"

#include <string.h>

static const struct json_field unit_fields[] = {
    JSON_FIELD(usage_unit, name, STRING, MUST),
    JSON_FIELD(usage_unit, display_name, STRING, MUST),
    JSON_FIELD(usage_unit, plan, STRING, MUST),
    JSON_FIELD(usage_unit, price, STRING, MUST),
    JSON_FIELD(usage_unit, included, STRING, MUST),
    JSON_FIELD(usage_unit, hours, ANY, MUST),
};

static const struct json_shape unit_shape =
    JSON_SHAPE_LIST(usage_unit, unit_fields);

static const struct json_field fields[] = {
    JSON_FIELD(usage, addon_id, STRING, MUST),
    JSON_FIELD(usage, app_id, STRING, MUST),
    JSON_FIELD(usage, provider, STRING, MUST),
    JSON_FIELD(usage, plan, STRING, OMIT),
    JSON_FIELD(usage, provisioned_at, STRING, OMIT),
    JSON_FIELD(usage, removed_at, STRING, OMIT),
    JSON_FIELD(usage, sold, ANY, OMIT),
    JSON_FIELD_LIST(usage, units, &unit_shape),
};

static const struct json_shape shape = JSON_SHAPE(usage, fields);

enum { UUID_LENGTH = 36, DAY_MS = 86400000 };

const char *
usage_month(int64_t ms)
{
	return mem_dup(clock_text(ms), strlen("2026-01"));
}

int64_t
usage_month_start(const char *month)
{
	return clock_parse(mem_printf("%s-01T00:00:00.000Z", month));
}

int64_t
usage_month_end(const char *month)
{
	/* the first of the next month is 28 to 31 days away */
	int64_t later = usage_month_start(month) + 31LL * DAY_MS;

	return usage_month_start(usage_month(later));
}

bool
usage_is_open(const char *month)
{
	return clock_now() <
	       usage_month_end(month) + (int64_t)USAGE_OPEN_DAYS * DAY_MS;
}

static const char *
path_of(const char *addon_id, const char *name)
{
	return store_path("usage",
	    mem_printf("%s/%s", addon_id + strlen("ad-"), name));
}

bool
usage_is_uuid(const char *text)
{
	return strlen(text) == UUID_LENGTH &&
	       strspn(text, "0123456789abcdef-") == UUID_LENGTH;
}

/* A record that an administrator may have edited. */
static const struct fail *
parse(struct usage **out, const char *path, const cJSON *record)
{
	struct usage *u = mem_alloc(sizeof(*u));
	const struct fail *f = json_read(u, record, &shape);
	const struct usage_unit *unit;
	int64_t amount;
	const cJSON *h;

	if (f == NULL && (strncmp(u->addon_id, "ad-", 3) != 0 ||
	                     !usage_is_uuid(u->addon_id + 3)))
		f = fail(FAIL_BUSY, "addon_id is none");
	if (f == NULL && (!plan_units_kept(u->sold) ||
	                     (u->sold != NULL &&
	                         (u->plan == NULL || u->removed_at == NULL))))
		f = fail(FAIL_BUSY, "what was sold is none");
	for (unit = u->units; f == NULL && unit != NULL; unit = unit->next) {
		if (!money_parse(&amount, unit->price) ||
		    !money_parse(&amount, unit->included))
			f = fail(FAIL_BUSY, "%s: no price", unit->name);
		cJSON_ArrayForEach(h, unit->hours)
			if (!cJSON_IsString(h) ||
			    !money_parse(&amount, h->valuestring))
				f = fail(FAIL_BUSY, "%s: no quantity",
				    unit->name);
	}
	if (f != NULL)
		return fail(FAIL_BUSY, "%s: %s", path, f->text);
	*out = u;
	return NULL;
}

const struct fail *
usage_load(struct usage **out, struct store *store, const char *addon_id,
    const char *month)
{
	const char *path = path_of(addon_id, month);
	struct store_record *record;
	const struct fail *f = store_read(&record, store, path);

	*out = NULL;
	return f != NULL || record == NULL ? f : parse(out, path, record->json);
}

const struct fail *
usage_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	struct usage *u;

	(void)rows;
	return parse(&u, path, record);
}

void
usage_put(struct store *store, const struct usage *u, const char *name)
{
	store_put(store, path_of(u->addon_id, name), json_write(u, &shape));
}

void
usage_end(struct store *store, const struct app *app, const struct addon *a)
{
	const struct usage u = {.addon_id = a->id,
	    .app_id = app->id,
	    .provider = a->provider,
	    .plan = a->plan,
	    .sold = a->units,
	    .provisioned_at = a->provisioned_at,
	    .removed_at = clock_text(clock_now())};

	if (a->units != NULL)
		usage_put(store, &u, "removed");
}

const struct fail *
usage_again(cJSON **out, const struct store_record *record)
{
	struct usage *u;
	const struct fail *f = parse(&u, record->path, record->json);

	if (f == NULL && out != NULL)
		*out = json_write(u, &shape);
	return f;
}
