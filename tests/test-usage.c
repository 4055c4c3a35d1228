/*
 * Months that have passed: a store of its own, and a clock that is set.
 */
#include "account.h"
#include "clock.h"
#include "file.h"
#include "mem.h"
#include "record.h"
#include "tap.h"
#include "usage.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_is;
static struct conf conf = {.host = "h", .currency = "EUR"};
static struct provider shop = {.slug = "shop", .name = "Shop"};
static struct act act = {.conf = &conf, .provider = &shop};
static struct app *app;

/* Stands before the C library's. */
int
clock_gettime(clockid_t clock, struct timespec *t)
{
	(void)clock;
	t->tv_sec = now_is / 1000;
	t->tv_nsec = 0;
	return 0;
}

static void
at(const char *text)
{
	now_is = clock_parse(mem_printf("%s:00:00.000Z", text));
}

static cJSON *
parse(const char *text)
{
	cJSON *json = NULL;

	json_parse(&json, text, strlen(text));
	return json;
}

static struct addon *
buy(const char *id, double price, const char *units, const char *status)
{
	struct addon *a = mem_alloc(sizeof(*a)), **tail = &app->addons;
	struct event e = event_new("%s: bought", app->name);

	a->id = id;
	a->provider = "shop";
	a->plan_id = "1";
	a->plan = "small";
	a->price = price;
	a->currency = "EUR";
	a->status = status;
	a->units = units == NULL ? NULL : parse(units);
	a->resource = cJSON_CreateString(mem_printf("r-%s", id));
	a->provisioned_at = a->updated_at = clock_text(clock_now());
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = a;
	event_addon(&e, id);
	event_add(&e, "new_addon",
	    parse(
	        "{\"addon_provider_name\":\"shop\",\"plan_name\":\"small\"}"));
	store_lock(act.store);
	ok(app_save(&act, app, &e) == NULL, "bought");
	return a;
}

static void
change(struct addon *a, const char *plan, double price)
{
	struct event e = event_new("%s: changed", app->name);
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "old_plan_name", a->plan);
	cJSON_AddNumberToObject(data, "old_plan_price", a->price);
	a->plan = plan;
	a->price = price;
	event_addon(&e, a->id);
	event_add(&e, "upgrade_addon", data);
	store_lock(act.store);
	ok(app_save(&act, app, &e) == NULL, "changed");
}

static void
run(struct addon *a)
{
	struct event e = event_new("%s: ready", app->name);

	addon_run(&e, &shop, a);
	event_addon(&e, a->id);
	store_lock(act.store);
	ok(app_save(&act, app, &e) == NULL, "ready");
}

static void
drop(struct addon *a)
{
	struct event e = event_new("%s: removed", app->name);

	store_lock(act.store);
	addon_forget(&e, &act, app, a, NULL);
	ok(event_commit(NULL, &act, &e) == NULL, "removed");
}

/* "plan cost" of each line of the add-on in month; its total. */
static const char *
lines(const char *month, const char *id)
{
	struct mem_text t = {0};
	const cJSON *addon, *line;
	cJSON *bill;
	const struct fail *f = usage_bill(&bill, &act, app, month, id);

	if (f != NULL)
		return f->what;
	addon = json_get(bill, "addons")->child;
	cJSON_ArrayForEach(line, json_get(addon, "lines"))
		mem_addf(&t, "%s %s, ",
		    json_text(line,
		        json_text(line, "unit") == NULL ? "plan" : "unit"),
		    json_text(line, "cost"));
	mem_puts(&t, json_text(addon, "total"));
	return t.text;
}

static const char *
report(const char *hour, const char *id, const char *unit, const char *quantity)
{
	const char *text = mem_printf(
	    "{\"timestamp\":\"%s:00:00Z\",\"usages\":[{\"quantity\":%s,"
	    "\"resource\":{\"id\":\"%s\"},\"unit\":{\"name\":\"%s\"}}]}",
	    hour, quantity, id, unit);
	cJSON *out, *first;
	const struct fail *f = usage_report(&out, &act, parse(text));

	if (f != NULL)
		return f->items->text;
	first = json_get(out, "usages")->child;
	return strcmp(json_text(first, "status"), "accepted") == 0
	           ? "accepted"
	           : json_get(first, "errors")->child->valuestring;
}

#define A "ad-00000000-0000-4000-8000-00000000000a"
#define B "ad-00000000-0000-4000-8000-00000000000b"
#define C "ad-00000000-0000-4000-8000-00000000000c"
#define D "ad-00000000-0000-4000-8000-00000000000d"

static void
test_flat(void)
{
	struct addon *a, *c;

	at("2026-01-11T00");
	a = buy(A, 30, NULL, "running");
	at("2026-01-21T00");
	change(a, "large", 60);
	at("2026-01-21T12");
	c = buy(C, 30, NULL, "provisioning");
	at("2026-01-22T00");
	run(c);
	at("2026-01-23T00");
	/* a plan change that the provider answered later */
	change(c, "large", 300);
	c->status = "provisioning";
	at("2026-01-24T00");
	run(c);
	at("2026-01-25T00");
	drop(c);
	at("2026-03-11T00");
	drop(a);
	at("2026-04-15T00");
	is(lines("2025-12", A), "0.00", "before it was bought");
	is(lines("2026-01", A), "small 10.00, large 22.00, 32.00", "January");
	is(lines("2026-02", A), "large 56.00, 56.00", "28 days of 30");
	is(lines("2026-03", A), "large 20.00, 20.00", "until it was removed");
	is(lines("2026-04", A), "addon", "after that");
	is(lines("2026-01", C), "small 1.00, large 10.00, large 10.00, 21.00",
	    "what waits for its provider costs nothing, a change does");
}

#define UNITS                                                                  \
	"[{\"name\":\"rows\",\"display_name\":\"Rows\",\"price\":\"0.015\","   \
	"\"included\":\"10\"}]"

static void
test_metered(void)
{
	struct addon *b;
	cJSON *bill;

	at("2026-04-20T00");
	b = buy(B, 0, UNITS, "running");
	at("2026-04-30T23");
	is(report("2026-04-30T22", B, "rows", "12.5"), "accepted", "by id");
	is(report("2026-04-30T21", "r-" B, "rows", "\"100\""), "accepted",
	    "by the provider's own id");
	is(report("2026-04-30T21", &B[3], "rows", "100.0"), "accepted",
	    "the same again");
	is(report("2026-04-30T21", &B[3], "rows", "101"), "accepted",
	    "another one, while the month is open");
	is(report("2026-04-30T23", B, "rows", "1"),
	    "the hour has not passed yet", "this hour");
	is(report("2026-04-30T22", B, "cows", "1"),
	    "there is no such unit in the resource's plan", "another unit");
	is(report("2026-04-19T22", B, "rows", "1"),
	    "the resource was not there yet", "too early");
	is(report("2026-04-30T22", "ad-x", "rows", "1"),
	    "there is no such resource", "unknown");
	is(report("2026-04-30T22", app->id, "rows", "1"),
	    "there is no such resource", "an app is none");
	ok(strstr(report("2026-04-30T22", B, "rows", "-1"), "quantity") != NULL,
	    "less than nothing");
	ok(strstr(report("2026-04-30T22", B, "rows", "1e-7"), "quantity") !=
	        NULL,
	    "too fine");
	/* (12.5 + 101 - 10) times 0.015 */
	is(lines("2026-04", B), "small 0.00, rows 1.55, 1.55", "April");
	at("2026-05-02T00");
	b->units = parse("[{\"name\":\"rows\",\"display_name\":\"Rows\","
	                 "\"price\":\"1\",\"included\":\"0\"}]");
	change(b, "small", 0);
	is(report("2026-04-30T22", B, "rows", "13"), "accepted", "late");
	is(report("2026-04-30T23", B, "rows", "2"), "accepted", "and new");
	is(lines("2026-04", B), "small 0.00, rows 1.56, rows 2.00, 3.56",
	    "an hour keeps the price of its first report");
	at("2026-05-10T00");
	is(report("2026-04-30T23", B, "rows", "2"), "accepted",
	    "closed: the same again");
	is(report("2026-04-30T23", B, "rows", "3"), "the month is closed",
	    "closed: another one");
	is(report("2026-04-29T23", B, "rows", "3"), "the month is closed",
	    "closed: a new one");
	drop(b);
	at("2026-05-10T02");
	is(report("2026-05-09T23", B, "rows", "5"), "accepted",
	    "the last hour of one that is gone");
	is(report("2026-05-10T01", B, "rows", "5"),
	    "the resource had been removed by then", "after it had gone");
	is(lines("2026-05", B), "small 0.00, small 0.00, rows 5.00, 5.00",
	    "May");
	shop.slug = "other";
	is(report("2026-05-09T23", B, "rows", "5"), "there is no such resource",
	    "another provider's");
	shop.slug = "shop";
	usage_bill(&bill, &act, app, "2026-05", NULL);
	is(json_print(json_get(bill, "totals"), false), "{\"EUR\":\"5.00\"}",
	    "the app's total");
}

static void
test_csv(void)
{
	const cJSON *bill =
	    parse("{\"month\":\"2026-01\",\"app_name\":\"=1\",\"addons\":[{"
	          "\"addon_id\":\"a\\\"b\",\"lines\":[{\"cost\":\"1.00\"}]}]}");
	const char *text = usage_csv(bill);

	ok(strncmp(text, "\"month\",\"app_name\",", 19) == 0, "its head");
	ok(strstr(text, "\r\n\"2026-01\",\"'=1\",\"a\"\"b\",\"\",") != NULL,
	    "quoted, and no formula");
}

static int
forget(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

int
main(void)
{
	char dir[] = "/tmp/sutler-usage-XXXXXX";

	conf.data = mkdtemp(dir);
	at("2026-01-01T00");
	ok(conf.data != NULL && store_init(conf.data) == NULL, "a store");
	ok(record_store(&act.store, &conf) == NULL, "opened");
	app_new(&app, "blog", "ana");
	test_flat();
	test_metered();
	test_csv();
	is(usage_month(usage_month_end("2026-12")), "2027-01", "a year ends");
	ok(usage_month_start("2026-13") < 0 && usage_month_start("x") < 0,
	    "no month");
	nftw(conf.data, forget, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
