/*
 * Records as they are read back from disk, where an administrator may have
 * edited them: what is taken can be shown, and written as the same again.  The
 * first byte chooses the kind.
 */
#include "fuzz.h"

#include <string.h>

#include "account.h"
#include "addon.h"
#include "fail.h"
#include "file.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"
#include "record.h"
#include "transcript.h"
#include "usage.h"
#include "webhook.h"
#include "work.h"

#define ADDON "ad-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50"
#define UUID "7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50"
#define EXCHANGE "20260102-5d41402abc4b2a76"

static struct conf *conf;
static struct store *store;
static struct provider *provider;

/* Put the record where it is read back from. */
static void
put(const char *path, const char *bytes, size_t len)
{
	fuzz_done(file_replace(mem_printf("%s/store/%s", conf->data, path),
	    mem_printf("%s/state/tmp", conf->data), bytes, len));
}

void
fuzz_begin(void)
{
	struct finding *findings;

	conf = fuzz_data(&store);
	fuzz_done(provider_new(&provider, &findings,
	    fuzz_file("data/sample-scalingo.json"), "scalingo", NULL, NULL,
	    true, false));
}

/* What the index shows of the record: lines, each one. */
static void
check_rows(const char *path, const cJSON *record)
{
	struct index_rows rows = {NULL};
	const struct index_row *row;

	if (record_rows(&rows, path, record) != NULL)
		return;
	for (row = rows.first; row != NULL; row = row->next)
		fuzz_must(strchr(row->line, '\n') == NULL &&
		              strstr(row->file, "..") == NULL,
		    "a row is a line of a file of the index's");
}

static void
try_app(const cJSON *record, const char *bytes, size_t len)
{
	const char *name = json_text(record, "name"), *path;
	struct account owner = {.id = "us-1", .name = "ana", .email = "a@b"};
	struct app *app, *again;
	const struct webhook *w;
	struct json_var *v;
	struct addon *a;

	(void)bytes, (void)len;
	if (name == NULL)
		return;
	path = store_path("apps", name);
	check_rows(path, record);
	if (app_read(&app, path, record) != NULL)
		return;
	fuzz_done(app_read(&again, path, app_write(app)));
	fuzz_must(strcmp(json_print(app_write(app), true),
	              json_print(app_write(again), true)) == 0,
	    "an app is written as it was read");
	fuzz_same(app_view(app, conf, &owner), "an app");
	for (v = app->variables; v != NULL; v = v->next)
		fuzz_same(app_variable_view(app, v, NULL), "a variable");
	for (a = app->addons; a != NULL; a = a->next) {
		fuzz_same(addon_view(app, a, provider, conf), "an add-on");
		fuzz_same(addon_names(provider, a), "its names");
		addon_name(a);
		app_addon_revision(a);
		for (w = a->webhooks; w != NULL; w = w->next)
			fuzz_same(webhook_view(w, a), "a webhook");
	}
}

static void
try_account(const cJSON *record, const char *bytes, size_t len)
{
	const char *name = json_text(record, "name"), *revision, *path;
	struct account *a;

	if (name == NULL || strchr(name, '/') != NULL || strlen(name) > 99)
		return;
	path = store_path("accounts", name);
	put(path, bytes, len);
	check_rows(path, record);
	if (account_load(&a, store, name) == NULL) {
		fuzz_same(account_view(a), "an account");
		revision = account_revision(a);
		fuzz_must(strcmp(revision, account_revision(a)) == 0,
		    "an account has one revision");
	}
	fuzz_done(file_remove(mem_printf("%s/store/%s", conf->data, path)));
}

static void
try_provider(const cJSON *record, const char *bytes, size_t len)
{
	const char *slug = json_text(record, "slug"), *path;
	const struct plan *plan;
	struct provider *p;

	if (slug == NULL || !provider_slug_allowed(slug))
		return;
	path = store_path("providers", slug);
	put(path, bytes, len);
	check_rows(path, record);
	if (provider_load(&p, store, slug) == NULL) {
		fuzz_same(provider_view(p, conf), "a provider");
		for (plan = p->plans; plan != NULL; plan = plan->next)
			fuzz_same(plan_view(plan, conf), "a plan");
		provider_sold_to(p, "ana");
		provider_old_password(p, 1767323045000);
	}
	fuzz_done(file_remove(mem_printf("%s/store/%s", conf->data, path)));
}

static void
try_work(const cJSON *record, const char *bytes, size_t len)
{
	const char *path = store_path("open", UUID), *text;
	struct work *o, *again;

	put(path, bytes, len);
	check_rows(path, record);
	if (work_load(&o, store, ADDON) != NULL)
		return;
	work_queue(o);
	work_asked(o);
	work_due(o);
	text = json_print(work_view(o), true);
	put(path, text, strlen(text));
	fuzz_done(work_load(&again, store, ADDON));
	fuzz_must(strcmp(text, json_print(work_view(again), true)) == 0,
	    "work is written as it was read");
}

static void
try_usage(const cJSON *record, const char *bytes, size_t len)
{
	const char *path = store_path("usage", UUID "/2026-01");
	const struct usage_unit *unit;
	struct usage *u;

	put(path, bytes, len);
	check_rows(path, record);
	if (usage_load(&u, store, ADDON, "2026-01") != NULL)
		return;
	for (unit = u->units; unit != NULL; unit = unit->next)
		fuzz_must(unit->price != NULL && unit->hours != NULL,
		    "a unit is whole");
}

static void
try_transcript(const cJSON *record, const char *bytes, size_t len)
{
	cJSON *kept;

	(void)record;
	fuzz_done(
	    file_replace(mem_printf("%s/state/transcripts/20260102/" EXCHANGE
	                            ".json",
	                     conf->data),
	        mem_printf("%s/state/tmp", conf->data), bytes, len));
	if (transcript_load(&kept, conf, EXCHANGE) == NULL && kept != NULL)
		fuzz_same(kept, "a transcript");
}

void
fuzz_one(char *bytes, size_t len)
{
	static void (*const kinds[])(const cJSON *, const char *,
	    size_t) = {try_app, try_account, try_provider, try_work, try_usage,
	    try_transcript};
	size_t kind = fuzz_pick(&bytes, &len, 6);
	cJSON *record = NULL;

	if (json_parse(&record, bytes, len) == NULL)
		kinds[kind](record, bytes, len);
}
