/*
 * What an app costs in a month.  The flat part is read out of its history,
 * newest first: from what each add-on is now, back through what became of it.
 */
#include "usage.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "money.h"
#include "store-log.h"

#include <string.h>

enum { PLAN_SECONDS = 30 * 24 * 3600, LOG_PAGE = 100 };

/* One add-on, at the time that the walk back has come to. */
struct past {
	struct past *next;
	const char *id, *provider, *plan, *currency;
	int64_t price; /* per 30 days */
	int64_t end;   /* ms; what lies behind has been charged */
	bool waiting;  /* it is not known yet whether it runs before end */
	bool begun;    /* nothing is further back */
	cJSON *lines;
	int64_t total; /* of their costs */
};

struct bill {
	const struct act *act;
	const char *month;
	int64_t from, to; /* of the month, as far as it has gone */
	struct past *pasts;
};

static struct past *
find(const struct bill *b, const char *id)
{
	struct past *p = b->pasts;

	while (p != NULL && strcmp(p->id, id) != 0)
		p = p->next;
	return p;
}

static struct past *
past_new(struct bill *b, const char *id, int64_t end)
{
	struct past *p = mem_alloc(sizeof(*p)), **tail = &b->pasts;

	p->id = id;
	p->end = end;
	p->lines = cJSON_CreateArray();
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = p;
	return p;
}

/* The flat price of p from the time from to its end, which from becomes. */
static void
charge(const struct bill *b, struct past *p, int64_t from)
{
	int64_t since = from < b->from ? b->from : from;
	int64_t until = p->end > b->to ? b->to : p->end;
	int64_t seconds = (until - since) / 1000, cost;
	cJSON *line;

	p->end = from;
	p->waiting = false;
	if (seconds <= 0)
		return;
	line = cJSON_CreateObject();
	json_add_text(line, "kind", "flat");
	json_add_text(line, "plan", p->plan);
	json_add_text(line, "unit", NULL);
	json_add_text(line, "from", clock_text(since));
	json_add_text(line, "to", clock_text(until));
	json_add_text(line, "quantity", mem_printf("%lld", (long long)seconds));
	json_add_text(line, "included", NULL);
	json_add_text(line, "price", money_text(p->price));
	cost = money_round(money_share(p->price, seconds, PLAN_SECONDS));
	json_add_text(line, "cost", money_cents(cost));
	p->total = money_sum(p->total, cost);
	cJSON_InsertItemInArray(p->lines, 0, line);
}

/* The price in event, or (in one that has none) the list's. */
static int64_t
price_of(const struct bill *b, const cJSON *event, const char *key,
    const struct past *p)
{
	const cJSON *price = json_get(event, key);
	struct provider *provider;
	const struct plan *plan;

	if (cJSON_IsNumber(price))
		return money_of(price->valuedouble);
	if (provider_load(&provider, b->act->store, p->provider) != NULL)
		return 0;
	plan = plan_find(provider->plans, p->plan);
	return plan == NULL ? 0 : money_of(plan->price);
}

static const char *
text_or(const cJSON *event, const char *key, const char *otherwise)
{
	const char *text = json_text(event, key);

	return text == NULL ? otherwise : text;
}

static void
went(struct bill *b, struct past *p, const char *id, const cJSON *event,
    int64_t at)
{
	if (p != NULL || id == NULL)
		return;
	p = past_new(b, id, at);
	p->provider = text_or(event, "addon_provider_name", "");
	p->plan = text_or(event, "plan_name", "");
	p->currency = text_or(event, "currency", b->act->conf->currency);
	p->price = price_of(b, event, "plan_price", p);
	p->waiting =
	    strcmp(text_or(event, "status", "running"), "provisioning") == 0;
}

static void
changed(struct bill *b, struct past *p, const char *id, const cJSON *event,
    int64_t at)
{
	(void)id;
	if (p == NULL || p->begun)
		return;
	charge(b, p, at);
	p->plan = text_or(event, "old_plan_name", p->plan);
	p->price = price_of(b, event, "old_plan_price", p);
}

/* It runs from here on: after an order, or after a plan change. */
static void
ran(struct bill *b, struct past *p, const char *id, const cJSON *event,
    int64_t at)
{
	(void)id;
	(void)event;
	if (p == NULL || p->begun)
		return;
	charge(b, p, at);
	p->waiting = true;
}

static void
came(struct bill *b, struct past *p, const char *id, const cJSON *event,
    int64_t at)
{
	(void)id;
	(void)event;
	if (p == NULL || p->begun)
		return;
	if (!p->waiting)
		charge(b, p, at);
	p->waiting = false;
	p->begun = true;
}

static const struct {
	const char *type;
	void (*read)(struct bill *b, struct past *p, const char *id,
	    const cJSON *event, int64_t at);
} readers[] = {
    {"delete_addon",  went   },
    {"upgrade_addon", changed},
    {"addon_updated", ran    },
    {"new_addon",     came   },
};

/* The events of a commit, its last one first. */
static void
read_commit(struct bill *b, const struct store_log *log)
{
	const char *rest = log->message, *line, *type;
	const char *id = event_trailer(&rest, "Addon");
	cJSON *events = cJSON_CreateArray(), *event;
	size_t i;

	if (id == NULL)
		return;
	while ((line = event_trailer(&rest, "Event")) != NULL)
		if (json_parse(&event, line, strlen(line)) == NULL)
			cJSON_InsertItemInArray(events, 0, event);
	cJSON_ArrayForEach(event, events) {
		type = text_or(event, "type", "");
		for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
			if (strcmp(readers[i].type, type) == 0)
				readers[i].read(b, find(b, id), id, event,
				    log->time);
	}
}

/* True where what lies before the month still matters. */
static bool
is_waiting(const struct bill *b)
{
	const struct past *p;

	for (p = b->pasts; p != NULL; p = p->next)
		if (p->waiting && !p->begun)
			return true;
	return false;
}

static const struct fail *
read_history(struct bill *b, const struct app *app)
{
	size_t i, n = 1, total = 1, skip = 0;
	const struct fail *f = NULL;
	struct store_log *log;
	struct past *p;

	for (; f == NULL && skip < total; skip += n) {
		f = store_log(&log, &n, &total, b->act->store, app->id, skip,
		    LOG_PAGE);
		for (i = 0; f == NULL && i < n; i++) {
			if (log[i].time < b->from && !is_waiting(b))
				goto out;
			read_commit(b, &log[i]);
		}
		if (n == 0)
			break;
	}
out:
	for (p = b->pasts; p != NULL; p = p->next)
		if (!p->begun && !p->waiting)
			charge(b, p, b->from);
	return f;
}

static void
read_present(struct bill *b, const struct app *app)
{
	const struct addon *a;
	struct past *p;

	for (a = app->addons; a != NULL; a = a->next) {
		p = past_new(b, a->id, clock_now());
		p->provider = a->provider;
		p->plan = a->plan;
		p->currency = a->currency;
		p->price = money_of(a->price);
		p->waiting = strcmp(a->status, "provisioning") == 0;
	}
}

static void
add_unit(struct past *p, const struct usage_unit *u, const char *month)
{
	int64_t total = 0, one, included, price, billed, cost;
	cJSON *line = cJSON_CreateObject();
	const cJSON *hour;

	cJSON_ArrayForEach(hour, u->hours)
		if (money_parse(&one, hour->valuestring))
			total += one;
	money_parse(&included, u->included);
	money_parse(&price, u->price);
	billed = total > included ? total - included : 0;
	json_add_text(line, "kind", "metered");
	json_add_text(line, "plan", u->plan);
	json_add_text(line, "unit", u->name);
	json_add_text(line, "from", clock_text(usage_month_start(month)));
	json_add_text(line, "to", clock_text(usage_month_end(month)));
	json_add_text(line, "quantity", money_text(total));
	json_add_text(line, "included", u->included);
	json_add_text(line, "price", u->price);
	cost = money_round(money_times(billed, price));
	json_add_text(line, "cost", money_cents(cost));
	p->total = money_sum(p->total, cost);
	cJSON_AddItemToArray(p->lines, line);
}

static const struct fail *
add_metered(const struct bill *b, struct past *p)
{
	const struct usage_unit *u;
	struct usage *usage;
	const struct fail *f =
	    usage_load(&usage, b->act->store, p->id, b->month);

	if (f != NULL || usage == NULL)
		return f;
	for (u = usage->units; u != NULL; u = u->next)
		add_unit(p, u, b->month);
	return NULL;
}

/* What all that p's currency is charged in comes to. */
static int64_t
total_of(const struct past *first, const char *currency)
{
	int64_t total = 0;

	for (; first != NULL; first = first->next)
		if (strcmp(first->currency, currency) == 0)
			total = money_sum(total, first->total);
	return total;
}

static void
add_view(cJSON *addons, const struct past *p)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "addon_id", p->id);
	json_add_text(o, "addon_provider", p->provider);
	json_add_text(o, "currency", p->currency);
	json_add_text(o, "total", money_cents(p->total));
	cJSON_AddItemToObject(o, "lines", p->lines);
	cJSON_AddItemToArray(addons, o);
}

static cJSON *
totals_of(const struct past *first)
{
	cJSON *totals = cJSON_CreateObject();
	const struct past *p;

	for (p = first; p != NULL; p = p->next)
		if (json_get(totals, p->currency) == NULL)
			json_add_text(totals, p->currency,
			    money_cents(total_of(first, p->currency)));
	return totals;
}

const struct fail *
usage_bill(cJSON **out, const struct act *act, const struct app *app,
    const char *month, const char *addon_id)
{
	struct bill b = {.act = act, .month = month};
	int64_t now = clock_now();
	const struct fail *f;
	struct past *p;
	cJSON *addons;

	b.from = usage_month_start(month);
	b.to = usage_month_end(month);
	if (b.to > now)
		b.to = now;
	read_present(&b, app);
	f = read_history(&b, app);
	if (addon_id != NULL) {
		b.pasts = find(&b, addon_id);
		if (f == NULL && b.pasts == NULL)
			f = fail_missing("addon");
		if (b.pasts != NULL)
			b.pasts->next = NULL;
	}
	for (p = b.pasts; f == NULL && p != NULL; p = p->next)
		f = add_metered(&b, p);
	if (f != NULL)
		return f;
	*out = cJSON_CreateObject();
	json_add_text(*out, "app_id", app->id);
	json_add_text(*out, "app_name", app->name);
	json_add_text(*out, "month", month);
	cJSON_AddBoolToObject(*out, "open", usage_is_open(month));
	addons = cJSON_AddArrayToObject(*out, "addons");
	for (p = b.pasts; p != NULL; p = p->next)
		if (p->lines->child != NULL || addon_id != NULL)
			add_view(addons, p);
	cJSON_AddItemToObject(*out, "totals", totals_of(b.pasts));
	return NULL;
}
