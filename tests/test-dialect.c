/*
 * The dialects against golden files: tests/golden/<dialect>/<subject>.json
 * holds cases, each with what goes in and what must come out.
 */
#include "dialect.h"
#include "mem.h"
#include "provider.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const kinds[] = {[ORDER_PROVISION] = "provision",
    [ORDER_CHANGE] = "change",
    [ORDER_REMOVE] = "remove",
    [ORDER_SUSPEND] = "suspend",
    [ORDER_RESUME] = "resume"};
static const char *const outcomes[] = {[OUTCOME_DONE] = "done",
    [OUTCOME_PENDING] = "pending",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_FAILED] = "failed"};

static cJSON *
parse(const char *text)
{
	cJSON *json = NULL;

	return json_parse(&json, text, strlen(text)) == NULL ? json : NULL;
}

/* The file below this one's directory. */
static cJSON *
load(const char *where, const char *dialect, const char *name)
{
	const char *here = __FILE__, *slash = strrchr(here, '/');
	const char *file = mem_printf("%.*s%s/%s%s%s.json",
	    slash == NULL ? 0 : (int)(slash - here + 1), here, where, dialect,
	    *dialect == '\0' ? "" : "/", name);
	struct mem_text t = {0};
	char bytes[4096];
	cJSON *json = NULL;
	size_t n;
	FILE *f;

	f = fopen(file, "r");
	if (f != NULL) {
		while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
			mem_add(&t, bytes, n);
		fclose(f);
		json = parse(t.text == NULL ? "" : t.text);
	}
	ok(json != NULL, "%s can be read", file);
	return json;
}

/* patch laid over target (RFC 7386): null removes. */
static void
merge(cJSON *target, const cJSON *patch)
{
	const cJSON *item;
	cJSON *old;

	cJSON_ArrayForEach(item, patch) {
		old = json_get(target, item->string);
		if (cJSON_IsObject(old) && cJSON_IsObject(item)) {
			merge(old, item);
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
		if (!cJSON_IsNull(item))
			cJSON_AddItemToObject(target, item->string,
			    cJSON_Duplicate(item, true));
	}
}

static const char *
text_of(const cJSON *object, const char *key, const char *otherwise)
{
	const char *text = json_text(object, key);

	return text == NULL ? otherwise : text;
}

/* The dialect's good manifest with the patch of a case laid over it. */
static cJSON *
manifest_of(const char *dialect, const cJSON *c)
{
	cJSON *manifest = load("golden/", dialect, "manifest");

	merge(manifest, json_get(c, "manifest"));
	return manifest;
}

static struct provider *
provider_of(const struct dialect *d, const cJSON *c)
{
	struct provider *p = mem_alloc(sizeof(*p));

	p->slug = "tide-pool";
	p->dialect = d;
	p->dialect_name = d->name;
	p->test = cJSON_IsTrue(json_get(c, "test"));
	p->manifest = manifest_of(d->name, c);
	provider_read(p);
	return p;
}

static struct order
order_of(const struct provider *p, const cJSON *c)
{
	const char *kind = text_of(c, "kind", "provision");
	struct order o = {.provider = p,
	    .addon_id = "ad-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .uuid = "7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .resource = json_text(c, "resource"),
	    .plan = "small",
	    .plan_options = json_get(c, "plan_options"),
	    .options = json_get(c, "options"),
	    .app_id = "64a000000000000000000001",
	    .app_name = "pond",
	    .heroku_id = "app7001@market.example",
	    .account = "ana",
	    .owner_email = "ana@example.org",
	    .region = "local-1",
	    .provider_region = "amazon-web-services::eu-west-1",
	    .appfog_region = "useast",
	    .public_url = "https://market.example",
	    .user_id = json_text(c, "user_id"),
	    .name = json_text(c, "resource_name"),
	    .grant_code = json_text(c, "grant_code"),
	    .grant_expires_at = json_text(c, "grant_expires_at"),
	    .log_input_url = json_text(c, "log_input_url")};

	while (strcmp(kinds[o.kind], kind) != 0)
		o.kind++;
	return o;
}

static void
add_some(cJSON *object, const char *key, const char *text)
{
	if (text != NULL)
		json_add_text(object, key, text);
}

/* The same for what is expected and what came: compact JSON, or "null". */
static void
same(const cJSON *got, const cJSON *want, const char *subject,
    const struct dialect *d, const cJSON *c)
{
	is(got == NULL ? "null" : json_print(got, false),
	    want == NULL ? "null" : json_print(want, false), "%s: %s: %s",
	    d->name, subject, text_of(c, "name", "?"));
}

static void
test_order(const struct dialect *d, const cJSON *c)
{
	struct order o = order_of(provider_of(d, c), c);
	cJSON *got = cJSON_CreateObject();
	struct exchange x;

	d->ask(&x, &o);
	json_add_text(got, "method", x.method);
	json_add_text(got, "url", x.url);
	json_add_text(got, "user", x.user);
	json_add_text(got, "password", x.password);
	json_add_text(got, "accept", x.accept);
	if (x.body != NULL)
		cJSON_AddItemToObject(got, "body", parse(x.body));
	same(got, json_get(c, "question"), "order", d, c);
	ok(x.status == 0 && x.answer != NULL, "%s: no answer yet", d->name);
}

static cJSON *
outcome_json(const struct outcome *out)
{
	cJSON *json = cJSON_CreateObject();

	json_add_text(json, "kind", outcomes[out->kind]);
	if (out->resource != NULL)
		cJSON_AddItemToObject(json, "resource",
		    cJSON_Duplicate(out->resource, true));
	if (out->config != NULL)
		cJSON_AddItemToObject(json, "config", json_vars(out->config));
	add_some(json, "message", out->message);
	add_some(json, "log_drain_url", out->log_drain_url);
	add_some(json, "reason", out->reason);
	add_some(json, "dropped", out->dropped);
	if (out->unsure)
		cJSON_AddTrueToObject(json, "unsure");
	return json;
}

static void
test_answer(const struct dialect *d, const cJSON *c)
{
	struct order o = order_of(provider_of(d, c), c);
	const cJSON *status = json_get(c, "status");
	struct exchange x = {.answer = text_of(c, "body", ""),
	    .trouble = json_text(c, "trouble")};
	struct outcome out;

	x.answer_len = strlen(x.answer);
	x.status = status == NULL ? 0 : status->valueint;
	x.sent = cJSON_IsTrue(json_get(c, "sent"));
	d->hear(&out, &o, &x);
	same(outcome_json(&out), json_get(c, "outcome"), "answer", d, c);
}

static void
test_entrance(const struct dialect *d, const cJSON *c)
{
	struct order o = order_of(provider_of(d, c), c);
	struct visitor visitor = {text_of(c, "email", "ana@example.org"),
	    text_of(c, "user_id", "us-0b6f1f0a-2f44-4a6e-8d1a-5f6e7a8b9c0d")};
	struct entrance in = {0};
	cJSON *got = NULL;

	if (d->sign(&in, &o, &visitor,
	        (int64_t)json_get(c, "now")->valuedouble)) {
		got = cJSON_CreateObject();
		json_add_text(got, in.post ? "post" : "get", in.url);
		if (in.fields != NULL)
			cJSON_AddItemToObject(got, "fields",
			    json_vars(in.fields));
	}
	same(got, json_get(c, "entrance"), "entrance", d, c);
}

static void
test_installation(const struct dialect *d, const cJSON *c)
{
	struct json_var *config = NULL;
	struct installation in = {.addon_id =
	                              "ad-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .uuid = "7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .resource = json_get(c, "resource"),
	    .plan = "small",
	    .app_id = "64a000000000000000000001",
	    .app_name = "pond",
	    .heroku_id = "app7001@market.example",
	    .ident = "app7001@market.example",
	    .account = "ana",
	    .owner_email = "ana@example.org",
	    .region = "local-1",
	    .provider_region = "amazon-web-services::eu-west-1",
	    .appfog_region = "useast",
	    .public_url = "https://market.example",
	    .provider = "tide-pool",
	    .apps_path = d->apps_path};

	json_var_set(&config, "TIDE_POOL_URL", "tide://h", false);
	if (d == &dialect_appfog)
		json_var_set(&config, "TIDE_POOL_PORT", "7000", true);
	in.config = config;
	if (d->family == FAMILY_NONE) {
		ok(d->row == NULL && d->info == NULL, "%s: no rows", d->name);
		return;
	}
	same(d->row(&in), json_get(c, "row"), "row", d, c);
	same(d->info(&in), json_get(c, "info"), "info", d, c);
}

static void
test_manifest(const struct dialect *d, const cJSON *c)
{
	const cJSON *whole = json_get(c, "whole");
	cJSON *got = cJSON_CreateArray();
	const struct finding *f;

	f = d->check(whole == NULL ? manifest_of(d->name, c) : whole,
	    cJSON_IsTrue(json_get(c, "allow_http")));
	for (; f != NULL; f = f->next)
		cJSON_AddItemToArray(got,
		    cJSON_CreateString(mem_printf("%s%s: %s",
		        f->warning ? "warning: " : "", f->path, f->text)));
	same(got, json_get(c, "findings"), "manifest", d, c);
}

static void
test_dialect(const char *name)
{
	static const struct {
		const char *file;
		void (*test)(const struct dialect *, const cJSON *);
	} subjects[] = {
	    {"orders",        test_order       },
	    {"answers",       test_answer      },
	    {"entrances",     test_entrance    },
	    {"installations", test_installation},
	    {"manifests",     test_manifest    },
	};
	const struct dialect *d = dialect_find(name);
	const cJSON *cases, *c;
	size_t i;

	is(d->name, name, "%s: found", name);
	for (i = 0; i < COUNT(subjects); i++) {
		cases = load("golden/", name, subjects[i].file);
		ok(cases != NULL && cases->child != NULL, "%s: has %s", name,
		    subjects[i].file);
		cJSON_ArrayForEach(c, cases)
			subjects[i].test(d, c);
	}
	ok(dialect_guess(manifest_of(name, NULL)) == d, "%s: guessed", name);
}

static void
test_sample(const char *name)
{
	const cJSON *sample =
	    load("../data/", "", mem_printf("sample-%s", name));
	const struct dialect *d = dialect_guess(sample);

	ok(d == dialect_find(name), "sample %s: guessed", name);
	ok(d != NULL && d->check(sample, false) == NULL,
	    "sample %s: keeps every rule", name);
}

/* A dialect has golden files and a sample, or it is not one. */
static void
test_every_dialect(void)
{
	char *names = mem_copy(dialect_names()), *name;

	for (name = strtok(names, ", "); name != NULL;
	     name = strtok(NULL, ", ")) {
		test_dialect(name);
		test_sample(name);
	}
}

static void
test_guess(void)
{
	static const struct {
		const char *manifest, *dialect;
	} guesses[] = {
	    {"{}",	                                      NULL       },
	    {"[]",	                                      NULL       },
	    {"{\"name\":\"x\"}",                                NULL       },
	    {"{\"url\":\"x\",\"username\":\"x\"}",              "flynn"    },
	    {"{\"url\":\"x\",\"production\":{}}",               "scalingo" },
	    {"{\"url\":\"x\",\"api\":{}}",                      "heroku"   },
	    {"{\"username\":\"x\"}",                            "scalingo" },
	    {"{\"plans\":[{\"id\":\"x\"}],\"config_vars\":[]}", "scalingo" },
	    {"{\"api\":{}}",	                            "heroku"   },
	    {"{\"api\":{},\"plans\":[{\"name\":\"x\"}]}",       "heroku"   },
	    {"{\"api\":{},\"plans\":[1,{\"id\":\"x\"}]}",       "appfog"   },
	    {"{\"api\":{},\"plan_updateable\":true}",           "appfog"   },
	    {"{\"api\":{\"version\":\"1\"}}",                   "heroku"   },
	    {"{\"api\":{\"version\":\"3\"},\"tags\":[]}",       "heroku-v3"},
	    {"{\"api\":{\"version\":3}}",                       "heroku-v3"},
	};
	const struct dialect *d;
	size_t i;

	for (i = 0; i < COUNT(guesses); i++) {
		d = dialect_guess(parse(guesses[i].manifest));
		is(d == NULL ? NULL : d->name, guesses[i].dialect, "guess %s",
		    guesses[i].manifest);
	}
	ok(dialect_find("osb") == NULL, "an unknown dialect is none");
	is(dialect_names(),
	    "scalingo, heroku, appfog, heroku-v3, clevercloud, flynn",
	    "their names");
}

static void
token_is(const char *id, const char *salt, const char *time, const char *token)
{
	is(dialect_token(id, salt, time), token, "token of %s", id);
}

/* The vectors of the protocols. */
static void
test_tokens(void)
{
	token_is("res-1", "pepper", "1700000000",
	    "2dfaba959f37e52bbfeedfff57142aea669829c7");
	token_is("my_app_4711", "s3cr:et", "1767323045",
	    "c432197cee559d1e6b2ac388451118d337e75989");
	token_is("\303\274n\303\257/\303\251", "pepper", "1",
	    "ba0ff4660a6847806dce68dc7e8e18563dc7d3cd");
	token_is("123", "2f97bfa52ca102f8874716e2eb1d3b4920ad0be4",
	    "1267597772", "bb466eb1d6bc345d11072c3cd25c311f21be130d");
	token_is("1", "SSO_SALT", "1262304000",
	    "b6010f6fbb850887a396c2bc0ab23974003008f6");
	token_is("123", "salty", "567",
	    "8bcafa70e186a8f9b85a1c93f3b6b0507748ec7a");
	token_is("r-1001", "pepper-and-salt", "1700000000",
	    "ae97fbd7bfce4f916d20daa68324b5112ddc0321");
	token_is("7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50", "pepper-and-salt",
	    "1700000000", "14c6e19320717b75f4d31a206c32eea13c678400");
	token_is("res-7c1", "pepper9", "1700000000",
	    "d093fef490bac930dcab90e3eee02558d62e05a5");
	token_is("42", "pepper9", "1700000000",
	    "b51c322791d57eae75c0a9121bc003e7894a9219");
}

static void
test_urls(void)
{
	is(dialect_url("https://h/r", "a"), "https://h/r/a", "joined");
	is(dialect_url("https://h/r/", "a"), "https://h/r/a", "one slash");
	is(dialect_url("https://h/r", "a/../b?c#d%"),
	    "https://h/r/a%2F..%2Fb%3Fc%23d%25", "an id stays a segment");
	is(dialect_escape("app1@h \303\251+~"), "app1%40h%20%C3%A9%2B~",
	    "escaped");
	is(dialect_escape(""), "", "nothing to escape");
	is(dialect_callback("https://m", "/vendor/apps", "app1@m"),
	    "https://m/vendor/apps/app1%40m", "callback");
}

static void
test_names(void)
{
	static const char *const good[] = {"A", "MYSQL_URL", "PORT",
	    "PATH_PREFIX", "HOMEPAGE", "lower_1", "USER_NAME", "ENVOY"};
	static const char *const bad[] = {"", "_A", "1A", "A-B", "A B", "A=B",
	    "PATH", "path", "HOME", "IFS", "LD_PRELOAD", "Ld_x", "LD_",
	    "BASH_ENV", "ENV", "DYLD_INSERT_LIBRARIES", "GIT_DIR",
	    "NODE_OPTIONS", "\303\211", "A\n"};
	char long_name[CONFIG_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		ok(dialect_name_allowed(good[i]), "%s may be set", good[i]);
	for (i = 0; i < COUNT(bad); i++)
		ok(!dialect_name_allowed(bad[i]), "\"%s\" may not be set",
		    bad[i][0] == 'A' && bad[i][1] == '\n' ? "A\\n" : bad[i]);
	memset(long_name, 'A', sizeof(long_name));
	long_name[CONFIG_NAME_MAX + 1] = '\0';
	ok(!dialect_name_allowed(long_name), "a name of 65 is too long");
	long_name[CONFIG_NAME_MAX] = '\0';
	ok(dialect_name_allowed(long_name), "a name of 64 is not");
}

/* Answers that no golden file should hold. */
static void
test_large(void)
{
	struct provider *p = provider_of(&dialect_scalingo, NULL);
	struct order o = order_of(p, NULL);
	struct exchange x = {.status = 201};
	struct mem_text t = {0};
	struct outcome out;
	char *fill;

	fill = mem_alloc(CONFIG_VALUE_MAX + 2);
	memset(fill, 'x', CONFIG_VALUE_MAX + 1);
	mem_addf(&t, "{\"id\":\"a\",\"config\":{\"TIDE_POOL_URL\":\"%s\"}}",
	    fill);
	x.answer = t.text;
	x.answer_len = t.len;
	dialect_scalingo.hear(&out, &o, &x);
	is(out.reason, "TIDE_POOL_URL is too long", "a value of 32769 bytes");
	fill[CONFIG_VALUE_MAX] = '\0';
	x.answer =
	    mem_printf("{\"id\":\"a\",\"config\":{\"TIDE_POOL_URL\":\"%s\"}}",
	        fill);
	x.answer_len = strlen(x.answer);
	dialect_scalingo.hear(&out, &o, &x);
	ok(out.kind == OUTCOME_DONE, "a value of 32768 bytes");

	x.answer = mem_printf("{\"id\":\"%.256s\"}", fill);
	x.answer_len = strlen(x.answer);
	dialect_scalingo.hear(&out, &o, &x);
	ok(out.kind == OUTCOME_FAILED, "an id of 256 bytes");
	x.answer = mem_printf("{\"id\":\"%.255s\"}", fill);
	x.answer_len = strlen(x.answer);
	dialect_scalingo.hear(&out, &o, &x);
	ok(out.kind == OUTCOME_DONE, "an id of 255 bytes");

	x.status = 422;
	x.answer = mem_printf("{\"message\":\"%.999s\303\251y\"}", fill);
	x.answer_len = strlen(x.answer);
	dialect_scalingo.hear(&out, &o, &x);
	ok(strlen(out.reason) == 999, "a sentence is cut between characters");

	p = provider_of(&dialect_appfog, NULL);
	o = order_of(p, NULL);
	x.answer = " no\0 \377 \033[1m\r\n";
	x.answer_len = 12;
	dialect_appfog.hear(&out, &o, &x);
	is(out.reason, "no  ?  [1m", "plain text is cleaned");
}

int
main(void)
{
	test_every_dialect();
	test_guess();
	test_tokens();
	test_urls();
	test_names();
	test_large();
	return done();
}
