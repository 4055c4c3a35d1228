/*
 * Providers over a store, an index and a client that are made up here, and
 * linked before the library's.
 */
#include "conf.h"
#include "provider.h"
#include "client.h"
#include "clock.h"
#include "mem.h"
#include "secret.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static const struct conf shop = {.region = "local-1", .currency = "CHF"};

/* The store: records in the order of their paths, put ones at the end. */
static struct store_record records[8];
static size_t record_count;
/* The index: pairs of key and value. */
static const char *keys[16];
static size_t key_count;
static const char *asked;
static struct exchange answer;
static const char *passwords = ""; /* those asked with */
static const char *right_password; /* any other is answered 401 */

const char *
store_path(const char *kind, const char *name)
{
	return mem_printf("%s/%s.json", kind, name);
}

const struct fail *
store_read(struct store_record **out, struct store *s, const char *path)
{
	size_t i;

	(void)s;
	*out = NULL;
	for (i = 0; i < record_count; i++)
		if (strcmp(records[i].path, path) == 0)
			*out = &records[i]; /* the last one put */
	return NULL;
}

const char *
store_revision(const struct store_record *record)
{
	return mem_printf("revision of %s", record->path);
}

const struct fail *
store_walk(struct store *s, const char *kind, store_visit *visit, void *arg)
{
	const struct fail *f = NULL;
	size_t i;

	(void)s;
	for (i = 0; i < record_count && f == NULL; i++)
		if (strncmp(records[i].path, kind, strlen(kind)) == 0)
			f = visit(arg, &records[i]);
	return f;
}

void
store_put(struct store *s, const char *path, const cJSON *json)
{
	(void)s;
	records[record_count].path = path;
	records[record_count++].json = cJSON_Duplicate(json, true);
}

void
index_key(struct index_rows *rows, const char *key, const char *value)
{
	(void)rows;
	keys[key_count++] = key;
	keys[key_count++] = value;
}

const struct fail *
index_find(const char **value, struct store *s, const char *key)
{
	size_t i;

	(void)s;
	*value = NULL;
	for (i = 0; i < key_count; i += 2)
		if (strcmp(keys[i], key) == 0)
			*value = keys[i + 1];
	return NULL;
}

const char *
secret_seal(const char *whose, const char *name, const char *value, bool json)
{
	(void)name;
	(void)json;
	return mem_printf("sealed %s %s", whose, value);
}

const struct fail *
secret_open(struct secret *out, const char *whose, const char *name,
    const char *text)
{
	const char *head = mem_printf("sealed %s ", whose);

	(void)name;
	*out = (struct secret){.clear = text + strlen(head)};
	return strncmp(text, head, strlen(head)) == 0
	           ? NULL
	           : fail(FAIL_SYSTEM, "\"%s\" is not sealed", text);
}

void
secret_saw(const char *whose, const char *name, const char *json)
{
	(void)whose;
	(void)name;
	(void)json;
}

bool
secret_remembers(void)
{
	return false;
}

bool
secret_is_sealed(const char *text)
{
	return strncmp(text, "sealed ", 7) == 0;
}

void
client_send(struct exchange *x, const struct conf *conf, long timeout)
{
	(void)conf;
	asked = mem_printf("%s %s %ld", x->method, x->url, timeout);
	passwords = mem_printf("%s%s ", passwords, x->password);
	x->status = answer.status;
	if (right_password != NULL && strcmp(x->password, right_password) != 0)
		x->status = 401;
	x->answer = answer.answer;
	x->answer_len = strlen(answer.answer);
}

static cJSON *
parse(const char *text)
{
	cJSON *json = NULL;

	return json_parse(&json, text, strlen(text)) == NULL ? json : NULL;
}

static const char scalingo[] =
    "{\"name\":\"Acme  Cache!\",\"username\":\"acme\",\"password\":\"pw\","
    "\"sso_salt\":\"salt\",\"short_description\":\"Fast\","
    "\"description\":\"A\\n\\nB\",\"logo_url\":\"//cdn.example/a.svg\","
    "\"config_vars\":[\"ACME_URL\"],"
    "\"production\":{\"base_url\":\"https://acme.example/r\"},"
    "\"test\":{\"base_url\":\"http://127.0.0.1:9000/r\"},"
    "\"plans\":[{\"name\":\"small\"},{\"name\":\"big\",\"price\":5}]}";

static const char heroku[] =
    "{\"id\":\"tide-db\",\"api\":{\"config_vars\":[\"TIDE_DB_URL\"],"
    "\"regions\":[\"us\"],\"password\":\"password2\",\"sso_salt\":\"salt2\","
    "\"production\":\"https://tide.example/\"}}";

static const struct fail *
make(struct provider **p, const char *manifest, const char *dialect,
    const char *slug, bool test)
{
	struct finding *findings;

	*p = NULL;
	return provider_new(p, &findings, parse(manifest), dialect, slug, NULL,
	    false, test);
}

static void
test_new(void)
{
	struct provider *p;

	ok(make(&p, scalingo, NULL, NULL, false) == NULL, "a manifest");
	is(p->slug, "acme-cache", "the slug is made of the name");
	is(p->dialect_name, "scalingo", "the dialect is guessed");
	is(p->category, "Add-ons", "a category");
	is(p->base_url, "https://acme.example/r", "production");
	is(p->plans->next->name, "big", "plans");
	ok(provider_declares(p, "ACME_URL") && !provider_declares(p, "ACME"),
	    "declared variables");
	is(p->provider_name, "", "what is not said is empty");
	ok(make(&p, scalingo, "scalingo", "x", true) == NULL, "for tests");
	is(p->slug, "x", "the slug is as given");
	is(p->base_url, "http://127.0.0.1:9000/r", "test URLs");
	ok(make(&p, heroku, NULL, NULL, false) == NULL, "a Heroku manifest");
	is(p->slug, "tide-db", "the slug is made of the id");
	is(p->name, "tide-db", "the name, too");
	is(p->plans->name, "test", "one plan where there are none");
	is(p->base_url, "https://tide.example/heroku/resources", "its URL");
}

static void
test_refused(void)
{
	static const struct {
		const char *manifest, *dialect, *slug;
		bool test;
		const char *field;
	} cases[] = {
	    {"{}",	           NULL,       NULL, false, "dialect" },
	    {"[1]",                  NULL,       NULL, false, "dialect" },
	    {scalingo,               "osb",      NULL, false, "dialect" },
	    {scalingo,               "heroku",   NULL, false, "id"      },
	    {"{\"username\":\"x\"}", NULL,       NULL, false, "name"    },
	    {"[]",	           "scalingo", NULL, false, "name"    },
	    {scalingo,               NULL,       "A",  false, "slug"    },
	    {scalingo,               NULL,       "",   false, "slug"    },
	    {scalingo,               NULL,       "-a", false, "slug"    },
	    {scalingo,               NULL,       "..", false, "slug"    },
	    {heroku,                 NULL,       NULL, true,  "api.test"},
	};
	const struct fail *f;
	struct provider *p;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = make(&p, cases[i].manifest, cases[i].dialect, cases[i].slug,
		    cases[i].test);
		ok(f != NULL && f->code == FAIL_INVALID && p == NULL,
		    "case %zu is refused", i);
		is(f == NULL ? NULL : f->items->field, cases[i].field,
		    "for its %s", cases[i].field);
	}
}

static void
add(const char *manifest, const char *slug)
{
	struct provider *p;

	ok(make(&p, manifest, NULL, slug, false) == NULL, "made");
	ok(provider_put(NULL, p) == NULL, "put");
	ok(provider_rows(NULL, records[record_count - 1].path,
	       records[record_count - 1].json) == NULL,
	    "indexed");
}

static void
test_store(void)
{
	const struct fail *f;
	struct provider *p, **list;
	const cJSON *item;
	struct mem_text t = {0};
	size_t count;

	add(scalingo, NULL);
	add(heroku, NULL);
	is(records[0].path, "providers/acme-cache.json", "its path");
	cJSON_ArrayForEach(item, records[0].json)
		mem_addf(&t, "%s ", item->string);
	is(t.text, "slug dialect category created_at plans manifests manifest ",
	    "the record's keys in their order");
	item = json_get(records[0].json, "manifest");
	is(json_text(item, "password"), "sealed acme-cache pw",
	    "a sealed password");
	is(json_text(item, "sso_salt"), "sealed acme-cache salt",
	    "a sealed salt");
	is(json_text(item, "username"), "acme", "nothing else is");
	item = json_get(json_get(records[1].json, "manifest"), "api");
	is(json_text(item, "password"), "sealed tide-db password2",
	    "below api, too");
	is(json_text(item, "sso_salt"), "sealed tide-db salt2", "and its salt");
	is(keys[0], "user acme", "the index knows the user");
	is(keys[1], "acme-cache", "and whose it is");

	ok(provider_load(&p, NULL, "acme-cache") == NULL, "loaded");
	is(p->password, "pw", "with its password");
	is(json_text(json_get(records[0].json, "manifest"), "password"),
	    "sealed acme-cache pw", "the record is left as it is");
	is(p->sso_salt, "salt", "and salt");
	ok(p->plans->next->price == 5, "and plans");
	ok(strlen(p->plans->id) == 24, "and their ids");
	f = provider_load(&p, NULL, "none");
	ok(f != NULL && f->code == FAIL_MISSING, "an unknown slug");
	is(f->what, "addon_provider", "is an unknown addon_provider");
	f = provider_load(&p, NULL, "../x");
	ok(f != NULL && f->code == FAIL_MISSING, "a slug that is none");

	ok(provider_list(&list, &count, NULL) == NULL && count == 2, "listed");
	is(list[1]->slug, "tide-db", "in order");

	make(&p, scalingo, NULL, NULL, false);
	f = provider_put(NULL, p);
	ok(f != NULL && f->code == FAIL_CONFLICT, "the slug is taken");
	is(f->text, "there is a provider with the slug acme-cache", "says it");
	make(&p, scalingo, NULL, "other", false);
	f = provider_put(NULL, p);
	ok(f != NULL && f->code == FAIL_CONFLICT, "the user name is taken");
	ok(record_count == 2, "neither was put");
}

static void
test_user(void)
{
	const struct fail *f;
	struct provider *p;

	ok(provider_load_user(&p, NULL, "tide-db") == NULL, "by its user");
	is(p->slug, "tide-db", "the right one");
	f = provider_load_user(&p, NULL, "nobody");
	ok(f != NULL && f->code == FAIL_MISSING, "an unknown user");
	f = provider_load_user(&p, NULL, "");
	ok(f != NULL && f->code == FAIL_MISSING, "an empty user");
	index_key(NULL, "user stale", "tide-db");
	f = provider_load_user(&p, NULL, "stale");
	ok(f != NULL && f->code == FAIL_MISSING, "the record decides");
	index_key(NULL, "user a\nb", "tide-db");
	f = provider_load_user(&p, NULL, "a\nb");
	ok(f != NULL && f->code == FAIL_MISSING, "no key of two lines");
}

static void
test_broken(void)
{
	static const char *const edits[] = {"{\"dialect\":\"osb\"}",
	    "{\"manifest\":{}}", "{\"plans\":1}"};
	const struct fail *f;
	const cJSON *edit;
	struct provider *p;
	cJSON *saved = records[0].json;
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		records[0].json = cJSON_Duplicate(saved, true);
		edit = parse(edits[i])->child;
		cJSON_ReplaceItemInObjectCaseSensitive(records[0].json,
		    edit->string, cJSON_Duplicate(edit, true));
		f = provider_load(&p, NULL, "acme-cache");
		ok(f != NULL && f->code == FAIL_BUSY, "edited: %s", edits[i]);
		ok(f != NULL && strstr(f->text, records[0].path) != NULL,
		    "the text names the file");
	}
	records[0].json = saved;
	records[0].path = "providers/moved.json";
	f = provider_load(&p, NULL, "moved");
	ok(f != NULL && f->code == FAIL_BUSY, "a slug that is not its own");
	records[0].path = "providers/acme-cache.json";
}

static void
test_order(void)
{
	struct provider *p;
	struct order o = {.kind = ORDER_REMOVE, .resource = "r/1"};
	struct conf conf = {.transcript_days = 0};
	struct outcome out;

	provider_load(&p, NULL, "acme-cache");
	o.provider = p;
	answer = (struct exchange){.status = 204, .answer = ""};
	provider_order(&out, &conf, &o, 7);
	is(asked, "DELETE https://acme.example/r/r%2F1 7", "asked");
	ok(out.kind == OUTCOME_DONE, "heard");
	answer.status = 0;
	provider_order(&out, &conf, &o, 7);
	ok(out.kind == OUTCOME_FAILED && out.reason != NULL, "not heard");
}

enum { HOUR = 60 * 60 * 1000 };

/* manifest, with the member key changed to value (JSON). */
static cJSON *
changed(const char *manifest, const char *key, const char *value)
{
	cJSON *json = parse(manifest);

	cJSON_DeleteItemFromObjectCaseSensitive(json, key);
	cJSON_AddItemToObject(json, key, parse(value));
	return json;
}

static void
test_renew(void)
{
	struct provider *p, *q;
	struct finding *findings;
	const struct fail *f;

	provider_load(&p, NULL, "acme-cache");
	f = provider_renew(&q, &findings, p,
	    changed(scalingo, "name", "\"New\""), false, HOUR);
	ok(f == NULL && findings != NULL, "renewed, with a warning");
	is(q->name, "New", "by its manifest");
	is(q->slug, p->slug, "it is the same");
	is(q->plans->id, p->plans->id, "and so are its plans");
	is(p->name, "Acme  Cache!", "the old one is as it was");
	ok(q->old_password == NULL, "its password is the only one");

	f = provider_renew(&q, &findings, p,
	    changed(scalingo, "password", "\"other\""), false, HOUR);
	ok(f == NULL, "another password");
	is(q->old_password, "pw", "the old one stays");
	is(provider_old_password(q, clock_now() + HOUR - 60000), "pw",
	    "for a time");
	is(provider_old_password(q, clock_now() + HOUR + 60000), NULL,
	    "and no longer");
	provider_renew(&q, &findings, p,
	    changed(scalingo, "password", "\"other\""), false, 0);
	ok(q->old_password == NULL, "no time, no old password");

	f = provider_renew(&q, &findings, p, changed(scalingo, "password", "1"),
	    false, HOUR);
	ok(f != NULL && f->code == FAIL_INVALID, "broken rules");
	is(f->items->field, "password", "are named");

	f = provider_renew(&q, &findings, p, changed(scalingo, "$base", "3"),
	    false, HOUR);
	ok(f == NULL && json_get(q->manifest, "$base") == NULL,
	    "a base is not kept");

	provider_load(&p, NULL, "tide-db");
	f = provider_renew(&q, &findings, p, parse(heroku), false, HOUR);
	is(q->plans->id, p->plans->id, "no plans leave the plans");
}

static void
test_new_password(void)
{
	struct provider *p, *q;
	const struct fail *f;

	provider_load(&p, NULL, "tide-db");
	f = provider_new_password(&q, p, "short", HOUR);
	ok(f != NULL && f->code == FAIL_INVALID, "a password against a rule");
	is(f->items->field, "api.password", "is named");
	f = provider_new_password(&q, p, "password3", HOUR);
	ok(f == NULL, "one that keeps it");
	is(q->password, "password3", "is the provider's");
	is(json_text(json_get(q->manifest, "api"), "password"), "password3",
	    "and stands in its manifest");
	is(q->old_password, "password2", "the old one stays");
	is(p->password, "password2", "the old provider is as it was");
}

/* The last record put. */
static cJSON *
last_put(void)
{
	return records[record_count - 1].json;
}

static void
test_put_again(void)
{
	const struct provider_manifest *first;
	struct provider *p, *q;
	const struct fail *f;
	int i;

	provider_load(&p, NULL, "tide-db");
	first = p->manifests;
	ok(first != NULL && first->revision == NULL && first->next == NULL,
	    "one manifest so far");
	p->category = "Databases";
	f = provider_put_again(NULL, p);
	ok(f == NULL && p->manifests->next == NULL,
	    "what is no manifest is not noted as one");
	is(json_text(last_put(), "category"), "Databases", "and is put");
	provider_new_password(&q, p, "password3", HOUR);
	f = provider_put_again(NULL, q);
	ok(f == NULL && q->manifests->next != NULL, "a manifest is noted");
	is(q->manifests->id, first->id, "behind the first");
	is(q->manifests->revision, "revision of providers/tide-db.json",
	    "which is where the record was");
	ok(q->manifests->next->revision == NULL, "the new one is here");
	is(json_text(last_put(), "old_password"), "sealed tide-db password2",
	    "the old password is sealed");
	for (i = 0; i < PROVIDER_MANIFESTS_MAX + 3; i++) {
		record_count = 4;
		f = provider_new_password(&q, q,
		    mem_printf("password%d", 100 + i), HOUR);
		if (f == NULL)
			f = provider_put_again(NULL, q);
	}
	ok(f == NULL, "many times");
	ok(cJSON_GetArraySize(json_get(last_put(), "manifests")) ==
	        PROVIDER_MANIFESTS_MAX,
	    "the list has an end");
	q->slug = "none";
	f = provider_put_again(NULL, q);
	ok(f != NULL && f->code == FAIL_MISSING, "not one that is not there");
	make(&p, scalingo, NULL, "tide-db", false);
	f = provider_put_again(NULL, p);
	ok(f != NULL && f->code == FAIL_CONFLICT, "nor another's user name");
	record_count = 2;
}

static void
test_sold(void)
{
	static const struct {
		const char *visibility, *accounts, *account;
		bool sold;
	} cases[] = {
	    {NULL,      NULL,           NULL,  true },
	    {NULL,      NULL,           "ana", true },
	    {"private", NULL,           NULL,  false},
	    {"private", NULL,           "ana", false},
	    {"private", NULL,           "own", true },
	    {"private", "[\"ana\"]",    "ana", true },
	    {"private", "[\"anan\",1]", "ana", false},
	    {"closed",  "[\"ana\"]",    "ana", false},
	    {"closed",  NULL,           "own", false},
	};
	struct provider p = {.owner = "own"};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.visibility = cases[i].visibility;
		p.accounts =
		    cases[i].accounts == NULL ? NULL : parse(cases[i].accounts);
		ok(provider_sold_to(&p, cases[i].account) == cases[i].sold,
		    "sold or not: case %zu", i);
	}
}

/* A provider that knows its old password only is asked twice. */
static void
test_old_password(void)
{
	static const struct conf conf = {0};
	struct order o = {.kind = ORDER_REMOVE, .resource = "r"};
	struct provider *p, *q;
	struct outcome out;

	provider_load(&p, NULL, "acme-cache");
	provider_new_password(&q, p, "fresh", HOUR);
	o.provider = q;
	answer = (struct exchange){.status = 204, .answer = ""};
	right_password = "pw";
	passwords = "";
	provider_order(&out, &conf, &o, 7);
	is(passwords, "fresh pw ", "the new one first, then the old one");
	ok(out.kind == OUTCOME_DONE, "which counts");
	right_password = "fresh";
	passwords = "";
	provider_order(&out, &conf, &o, 7);
	is(passwords, "fresh ", "once where the new one is known");
	right_password = "neither";
	q->old_until = clock_text(clock_now() - 1000);
	passwords = "";
	provider_order(&out, &conf, &o, 7);
	is(passwords, "fresh ", "once where the old one is over");
	ok(out.kind == OUTCOME_FAILED, "and not heard");
	right_password = NULL;
}

static void
test_views(void)
{
	struct provider *p;
	cJSON *view;

	provider_load(&p, NULL, "acme-cache");
	is(json_print(provider_view_brief(p), false),
	    "{\"id\":\"acme-cache\",\"name\":\"Acme  Cache!\","
	    "\"logo_url\":\"//cdn.example/a.svg\"}",
	    "the brief view");
	p->plans->disabled = true;
	view = provider_view(p, &shop);
	is(json_text(json_get(view, "plans")->child, "sku"), "local-1-big",
	    "plans that are sold");
	cJSON_DeleteItemFromObjectCaseSensitive(view, "plans");
	is(json_print(view, false),
	    "{\"id\":\"acme-cache\",\"name\":\"Acme  Cache!\","
	    "\"logo_url\":\"//cdn.example/a.svg\","
	    "\"short_description\":\"Fast\","
	    "\"description\":\"<p>A</p>\\n<p>B</p>\\n\",\"category\":{"
	    "\"id\":\"41b634ed241336cc8b5e0372\",\"name\":\"Add-ons\","
	    "\"description\":\"\",\"position\":0},\"provider_name\":\"\","
	    "\"provider_url\":\"\",\"hds_available\":false}",
	    "the view in full");
}

int
main(void)
{
	test_new();
	test_refused();
	test_store();
	test_user();
	test_broken();
	test_order();
	test_renew();
	test_new_password();
	test_put_again();
	test_sold();
	test_old_password();
	test_views();
	return done();
}
