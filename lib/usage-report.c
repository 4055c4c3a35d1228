/*
 * Reports of what was consumed: a batch is of one hour, and mostly one commit.
 */
#include "usage.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "money.h"

#include <string.h>

enum { HOUR_MS = 3600000 };

/* One add-on's record, as the batch leaves it. */
struct sheet {
	struct sheet *next;
	struct usage *usage;
	const char *plan;
	const cJSON *sold; /* the units of its plan */
	bool changed;
};

struct batch {
	const struct act *act;
	int64_t hour; /* its beginning */
	const char *month, *key;
	bool open;
	struct sheet *sheets;
	size_t bytes; /* of records that are to be committed, about */
};

/* The journal has room for more than this; a record's line, and its head. */
enum { COMMIT_BYTES = 1 << 20, LINE_BYTES = 32, HEAD_BYTES = 1024 };

static const char too_early[] = "the resource was not there yet";

/* True where the hour was over at the time text. */
static bool
ends_before(const struct batch *b, const char *text)
{
	return strcmp(clock_text(b->hour + HOUR_MS), text) <= 0;
}

/* What is there of the add-on that is gone; why not, or NULL. */
static const char *
find_removed(struct sheet *s, struct usage **gone, const struct batch *b,
    const char *uuid)
{
	if (strncmp(uuid, "ad-", 3) == 0)
		uuid += 3;
	if (!usage_is_uuid(uuid) ||
	    usage_load(gone, b->act->store, mem_printf("ad-%s", uuid),
	        "removed") != NULL ||
	    *gone == NULL || (*gone)->removed_at == NULL ||
	    strcmp((*gone)->provider, b->act->provider->slug) != 0)
		return "there is no such resource";
	if (strcmp(clock_text(b->hour), (*gone)->removed_at) > 0)
		return "the resource had been removed by then";
	if ((*gone)->provisioned_at != NULL &&
	    ends_before(b, (*gone)->provisioned_at))
		return too_early;
	s->plan = (*gone)->plan;
	s->sold = (*gone)->sold;
	return NULL;
}

/* True where ident is a name of this add-on, not one of its app. */
static bool
is_named(const struct addon *a, const char *ident)
{
	return strcmp(a->id, ident) == 0 || strcmp(a->id + 3, ident) == 0 ||
	       strcmp(json_plain(a->resource), ident) == 0;
}

/* The sheet of the resource ident; why there is none, or NULL. */
static const char *
find_sheet(struct sheet **out, struct batch *b, const char *ident)
{
	struct sheet *s = mem_alloc(sizeof(*s)), *old;
	struct usage *gone = NULL;
	const char *id, *app_id, *why;
	struct addon_result r;
	const struct fail *f;

	f = addon_locate(&r, b->act, ident, false);
	if (f == NULL && is_named(r.addon, ident)) {
		id = r.addon->id;
		app_id = r.app->id;
		s->plan = r.addon->plan;
		s->sold = r.addon->units;
		if (ends_before(b, r.addon->provisioned_at))
			return too_early;
	} else {
		why = find_removed(s, &gone, b, ident);
		if (why != NULL)
			return why;
		id = gone->addon_id;
		app_id = gone->app_id;
	}
	for (old = b->sheets; old != NULL; old = old->next)
		if (strcmp(old->usage->addon_id, id) == 0) {
			*out = old;
			return NULL;
		}
	f = usage_load(&s->usage, b->act->store, id, b->month);
	if (f != NULL)
		return "its record cannot be read now: try again later";
	if (s->usage == NULL) {
		s->usage = mem_alloc(sizeof(*s->usage));
		s->usage->addon_id = id;
		s->usage->app_id = app_id;
		s->usage->provider = b->act->provider->slug;
	}
	s->next = b->sheets;
	*out = b->sheets = s;
	return NULL;
}

/* The line of s for the unit called name, as it is sold now; NULL: it is
 * not. */
static struct usage_unit *
find_unit(struct sheet *s, const char *name)
{
	struct usage_unit **u = &s->usage->units;
	const cJSON *sold;

	cJSON_ArrayForEach(sold, s->sold)
		if (strcmp(json_text(sold, "name"), name) == 0)
			break;
	if (sold == NULL)
		return NULL;
	for (; *u != NULL; u = &(*u)->next)
		if (strcmp((*u)->name, name) == 0 &&
		    strcmp((*u)->plan, s->plan) == 0 &&
		    strcmp((*u)->price, json_text(sold, "price")) == 0 &&
		    strcmp((*u)->included, json_text(sold, "included")) == 0)
			return *u;
	*u = mem_alloc(sizeof(**u));
	(*u)->name = json_text(sold, "name");
	(*u)->display_name = json_text(sold, "display_name");
	(*u)->plan = s->plan;
	(*u)->price = json_text(sold, "price");
	(*u)->included = json_text(sold, "included");
	(*u)->hours = cJSON_CreateObject();
	return *u;
}

static void
mark_changed(struct batch *b, struct sheet *s)
{
	const struct usage_unit *u = s->usage->units;

	if (s->changed)
		return;
	s->changed = true;
	for (; u != NULL; u = u->next)
		b->bytes += HEAD_BYTES +
		            (size_t)cJSON_GetArraySize(u->hours) * LINE_BYTES;
}

/* Note quantity; why not, or NULL. */
static const char *
note(struct batch *b, struct sheet *s, const char *name, const char *quantity)
{
	static const char closed[] = "the month is closed";
	struct usage_unit *u = s->usage->units;
	cJSON *old = NULL;

	/* it may stand under an earlier plan's price */
	for (; u != NULL && old == NULL; u = u->next)
		if (strcmp(u->name, name) == 0)
			old = json_get(u->hours, b->key);
	if (old != NULL && strcmp(old->valuestring, quantity) == 0)
		return NULL;
	if (!b->open)
		return closed;
	if (old != NULL) {
		old->valuestring = mem_copy(quantity);
	} else {
		u = find_unit(s, name);
		if (u == NULL)
			return "there is no such unit in the resource's plan";
		json_add_text(u->hours, b->key, quantity);
	}
	mark_changed(b, s);
	return NULL;
}

static const char *
take(struct batch *b, const cJSON *item)
{
	const cJSON *quantity = json_get(item, "quantity");
	const char *ident = json_text(json_get(item, "resource"), "id");
	const char *name = json_text(json_get(item, "unit"), "name"), *why;
	struct sheet *s;
	int64_t amount;

	if ((!json_is_number(quantity) && !cJSON_IsString(quantity)) ||
	    !money_parse(&amount, json_plain(quantity)))
		return "quantity must be a number, 0 or more, with at most 6 "
		       "decimals";
	if (ident == NULL || name == NULL)
		return "resource.id and unit.name are required";
	why = find_sheet(&s, b, ident);
	return why != NULL ? why : note(b, s, name, money_text(amount));
}

/* Commit what has been noted so far. */
static const struct fail *
commit(struct batch *b)
{
	struct event e = event_new("%s: usage of %.13s reported",
	    b->act->provider->slug, clock_text(b->hour));

	const struct sheet *s = b->sheets;

	for (; s != NULL; s = s->next)
		if (s->changed)
			usage_put(b->act->store, s->usage, b->month);
	b->sheets = NULL;
	b->bytes = 0;
	return event_commit(NULL, b->act, &e);
}

static void
take_one(cJSON *answers, struct batch *b, const cJSON *item)
{
	cJSON *answer = cJSON_Duplicate(item, true), *errors;
	const char *why;

	if (!cJSON_IsObject(answer))
		answer = cJSON_CreateObject();
	cJSON_DeleteItemFromObject(answer, "status");
	cJSON_DeleteItemFromObject(answer, "errors");
	why = take(b, item);
	json_add_text(answer, "status", why == NULL ? "accepted" : "rejected");
	errors = cJSON_AddArrayToObject(answer, "errors");
	if (why != NULL)
		cJSON_AddItemToArray(errors, cJSON_CreateString(why));
	cJSON_AddItemToArray(answers, answer);
}

/* The hour that the batch is about. */
static const struct fail *
read_hour(struct batch *b, const cJSON *body)
{
	const char *text = json_text(body, "timestamp");

	/* a day is no hour */
	b->hour = text == NULL || strchr(text, 'T') == NULL
	              ? -1
	              : clock_parse_loose(text);
	if (b->hour < 0 || b->hour % HOUR_MS != 0)
		return fail_field(NULL, "timestamp",
		    "must be a full hour, as 2026-01-02T03:00:00Z");
	if (b->hour + HOUR_MS > clock_now())
		return fail_field(NULL, "timestamp",
		    "the hour has not passed yet");
	b->month = usage_month(b->hour);
	b->key = mem_dup(clock_text(b->hour) + strlen("2026-01-"), 5);
	b->open = usage_is_open(b->month);
	return NULL;
}

const struct fail *
usage_report(cJSON **out, const struct act *act, const cJSON *body)
{
	const cJSON *usages = json_get(body, "usages"), *item;
	struct batch b = {.act = act};
	const struct fail *f = read_hour(&b, body);
	cJSON *answers;

	if (f == NULL && (!cJSON_IsArray(usages) || usages->child == NULL ||
	                     cJSON_GetArraySize(usages) > USAGE_BATCH_MAX))
		f = fail_field(NULL, "usages", "must be an array of 1 to %d",
		    USAGE_BATCH_MAX);
	if (f == NULL)
		f = store_lock(act->store);
	if (f != NULL)
		return f;
	*out = cJSON_CreateObject();
	json_add_text(*out, "timestamp", json_text(body, "timestamp"));
	answers = cJSON_AddArrayToObject(*out, "usages");
	cJSON_ArrayForEach(item, usages) {
		take_one(answers, &b, item);
		if (b.bytes < COMMIT_BYTES)
			continue;
		f = commit(&b);
		if (f == NULL)
			f = store_lock(act->store);
		if (f != NULL)
			return f;
	}
	return commit(&b);
}
