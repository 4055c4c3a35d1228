#include "plan.h"
#include "conf.h"
#include "hash.h"
#include "html.h"
#include "mem.h"
#include "money.h"

#include <string.h>

/* Prices are per 30 days; a "pricing" is per minute. */
enum { PLAN_MINUTES = 30 * 24 * 60 };

#define FIELD(member) offsetof(struct plan, member)

static const struct json_field plan_fields[] = {
    {"id",           JSON_STRING, JSON_MUST, FIELD(id),           NULL},
    {"name",         JSON_STRING, JSON_MUST, FIELD(name),         NULL},
    {"display_name", JSON_STRING, JSON_MUST, FIELD(display_name), NULL},
    {"description",  JSON_STRING, JSON_MUST, FIELD(description),  NULL},
    {"price",        JSON_NUMBER, JSON_MUST, FIELD(price),        NULL},
    {"position",     JSON_NUMBER, JSON_MUST, FIELD(position),     NULL},
    {"options",      JSON_ANY,    JSON_OMIT, FIELD(options),      NULL},
    {"units",        JSON_ANY,    JSON_OMIT, FIELD(units),        NULL},
    {"disabled",     JSON_BOOL,   JSON_OMIT, FIELD(disabled),     NULL},
    {"alternative",  JSON_STRING, JSON_OMIT, FIELD(alternative),  NULL},
};

const struct json_shape plan_shape = {plan_fields,
    sizeof(plan_fields) / sizeof(plan_fields[0]), sizeof(struct plan),
    FIELD(next), NULL};

struct plan *
plan_find(struct plan *plans, const char *id_or_name)
{
	struct plan *p;

	for (p = plans; p != NULL; p = p->next)
		if (strcmp(p->id, id_or_name) == 0)
			return p;
	for (p = plans; p != NULL; p = p->next)
		if (strcmp(p->name, id_or_name) == 0)
			return p;
	return NULL;
}

/* The display name; where "name" is not the canonical one, it is for show. */
static const char *
display_name(const cJSON *item, const char *name_key)
{
	const char *keys[] = {"display_name", "name", name_key}, *text;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		text = json_text(item, keys[i]);
		if (text != NULL && *text != '\0')
			return text;
	}
	return "";
}

/* The amount at key; false: there is none. */
static bool
read_amount(int64_t *out, const cJSON *unit, const char *key)
{
	const cJSON *item = json_get(unit, key);

	return (cJSON_IsString(item) || json_is_number(item)) &&
	       money_parse(out, json_plain(item));
}

bool
plan_units_fit(const cJSON *units)
{
	const cJSON *unit, *other, *shown, *given;
	const char *name;
	int64_t amount;

	if (!cJSON_IsArray(units) || cJSON_GetArraySize(units) > PLAN_UNITS_MAX)
		return false;
	cJSON_ArrayForEach(unit, units) {
		name = json_text(unit, "name");
		shown = json_get(unit, "display_name");
		given = json_get(unit, "included");
		if (name == NULL || *name == '\0' ||
		    strlen(name) > PLAN_UNIT_NAME_MAX ||
		    (shown != NULL && !cJSON_IsString(shown)) ||
		    !read_amount(&amount, unit, "price") ||
		    (given != NULL && !read_amount(&amount, unit, "included")))
			return false;
		for (other = units->child; other != unit; other = other->next)
			if (strcmp(json_text(other, "name"), name) == 0)
				return false;
	}
	return true;
}

bool
plan_units_kept(const cJSON *units)
{
	static const char *const keys[] = {"name", "display_name", "price",
	    "included"};
	const cJSON *unit;
	size_t i;

	cJSON_ArrayForEach(unit, units)
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (json_text(unit, keys[i]) == NULL)
				return false;
	return units == NULL || plan_units_fit(units);
}

bool
plan_is_free(double price, const cJSON *units)
{
	const cJSON *unit;

	cJSON_ArrayForEach(unit, units)
		if (strcmp(json_text(unit, "price"), "0") != 0)
			return false;
	return price <= 0;
}

/* units as a record has them, or NULL. */
static cJSON *
copy_units(const cJSON *units)
{
	cJSON *copy, *o;
	const cJSON *unit;
	const char *shown;
	int64_t amount;

	if (!plan_units_fit(units) || units->child == NULL)
		return NULL;
	copy = cJSON_CreateArray();
	cJSON_ArrayForEach(unit, units) {
		o = cJSON_CreateObject();
		shown = json_text(unit, "display_name");
		json_add_text(o, "name", json_text(unit, "name"));
		json_add_text(o, "display_name",
		    shown == NULL ? json_text(unit, "name") : shown);
		read_amount(&amount, unit, "price");
		json_add_text(o, "price", money_text(amount));
		if (!read_amount(&amount, unit, "included"))
			amount = 0;
		json_add_text(o, "included", money_text(amount));
		cJSON_AddItemToArray(copy, o);
	}
	return copy;
}

struct plan *
plan_list(const cJSON *plans, const char *name_key)
{
	struct plan *first = NULL, **tail = &first, *p;
	const cJSON *item, *price, *options;
	const char *text;
	int position = 0;

	cJSON_ArrayForEach(item, plans) {
		text = json_text(item, name_key);
		if (text == NULL)
			continue;
		p = mem_alloc(sizeof(*p));
		p->id = hash_id();
		p->name = mem_copy(text);
		p->display_name = mem_copy(display_name(item, name_key));
		text = json_text(item, "description");
		p->description = text == NULL ? "" : mem_copy(text);
		price = json_get(item, "price");
		if (cJSON_IsNumber(price) && price->valuedouble > 0)
			p->price = price->valuedouble;
		p->position = ++position;
		options = json_get(item, "options");
		if (cJSON_IsObject(options))
			p->options = cJSON_Duplicate(options, true);
		p->units = copy_units(json_get(item, "units"));
		*tail = p;
		tail = &p->next;
	}
	return first;
}

static const struct plan *
by_name(const struct plan *plans, const char *name)
{
	while (plans != NULL && strcmp(plans->name, name) != 0)
		plans = plans->next;
	return plans;
}

struct plan *
plan_merge(const struct plan *have, const struct plan *before, struct plan *now)
{
	const struct plan *old, *stated;
	struct plan *first = now, **tail = &first, *gone;
	double position = 0;

	for (; *tail != NULL; tail = &(*tail)->next) {
		position = (*tail)->position;
		old = by_name(have, (*tail)->name);
		stated = by_name(before, (*tail)->name);
		if (old == NULL)
			continue;
		(*tail)->id = old->id;
		if (stated == NULL)
			continue; /* it was gone, and is back */
		(*tail)->disabled = old->disabled;
		(*tail)->alternative = old->alternative;
		if (stated->price == (*tail)->price)
			(*tail)->price = old->price;
	}
	for (old = have; old != NULL; old = old->next) {
		if (by_name(now, old->name) != NULL)
			continue;
		gone = mem_alloc(sizeof(*gone));
		*gone = *old;
		gone->disabled = true;
		gone->position = ++position;
		gone->next = NULL;
		*tail = gone;
		tail = &gone->next;
	}
	return first;
}

/* The line after the one at p; *blank tells whether p's was blank. */
static const char *
next_line(const char *p, bool *blank)
{
	size_t len = strcspn(p, "\n");

	*blank = strspn(p, " \t\r") >= len;
	return p[len] == '\0' ? p + len : p + len + 1;
}

const char *
plan_html(const char *markdown)
{
	struct mem_text t = {0};
	const char *p = markdown, *next;
	bool blank, open = false;

	for (; *p != '\0'; p = next) {
		next = next_line(p, &blank);
		if (blank) {
			if (open)
				mem_puts(&t, "</p>\n");
			open = false;
			continue;
		}
		mem_puts(&t, open ? "\n" : "<p>");
		open = true;
		for (; p < next && *p != '\n'; p++)
			if (*p != '\r')
				html_add(&t, *p);
	}
	if (open)
		mem_puts(&t, "</p>\n");
	return t.text == NULL ? "" : t.text;
}

cJSON *
plan_view(const struct plan *plan, const struct conf *conf)
{
	cJSON *view = cJSON_CreateObject(), *pricing;

	json_add_text(view, "id", plan->id);
	json_add_text(view, "name", plan->name);
	json_add_text(view, "display_name", plan->display_name);
	cJSON_AddNumberToObject(view, "price", plan->price);
	json_add_text(view, "description", plan_html(plan->description));
	cJSON_AddNumberToObject(view, "position", plan->position);
	cJSON_AddFalseToObject(view, "on_demand");
	cJSON_AddBoolToObject(view, "disabled", plan->disabled);
	json_add_text(view, "disabled_alternative_plan_id", plan->alternative);
	json_add_text(view, "sku",
	    mem_printf("%s-%s", conf->region, plan->name));
	cJSON_AddFalseToObject(view, "hds_available");
	if (plan->units != NULL)
		cJSON_AddItemToObject(view, "units",
		    cJSON_Duplicate(plan->units, true));
	pricing =
	    cJSON_AddObjectToObject(cJSON_AddObjectToObject(view, "pricings"),
	        "default");
	json_add_text(pricing, "price",
	    mem_printf("%.10f", plan->price / PLAN_MINUTES));
	json_add_text(pricing, "currency", conf->currency);
	json_add_text(pricing, "period", "minute");
	return view;
}
