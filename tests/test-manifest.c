/*
 * Every rule of every kind of manifest, one change of a good manifest each:
 * the one finding that it must lead to, or none.
 */
#include "dialect.h"
#include "manifest.h"
#include "mem.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Good manifests. */
static const char scalingo[] =
    "{\"name\":\"Tide\",\"username\":\"tide\",\"password\":\"pw\","
    "\"sso_salt\":\"salt\",\"logo_url\":\"//cdn.example/tide.svg\","
    "\"short_description\":\"Tides\",\"description\":\"All\\n\\ntides\","
    "\"log_drain\":true,\"config_vars\":[\"TIDE_URL\",\"X\"],"
    "\"production\":{\"base_url\":\"https://h/r\",\"sso_url\":\"https://h/s\"},"
    "\"test\":{\"base_url\":\"http://h/r\",\"sso_url\":\"http://h/s\"},"
    "\"plans\":[{\"name\":\"small\",\"display_name\":\"Small\",\"price\":1.5,"
    "\"description\":\"*S*\",\"options\":{\"a\":\"b\"}},{\"name\":\"big\"}]}";
static const char heroku[] =
    "{\"id\":\"tide-db\",\"name\":\"Tide DB\",\"$base\":12,"
    "\"cli_plugin_name\":\"tide-cli\",\"api\":{"
    "\"config_vars\":[\"TIDE_DB_URL\",\"TIDE_DB_2_X\"],"
    "\"regions\":[\"us\",\"eu\"],\"requires\":[\"log_input\"],"
    "\"password\":\"s3a-w33d\",\"sso_salt\":\"salt\","
    "\"production\":{\"base_url\":\"https://h/r\",\"sso_url\":\"https://h/s\"},"
    "\"test\":{\"base_url\":\"http://h/r\",\"sso_url\":\"http://h/s\"}},"
    "\"plans\":[{\"name\":\"small\"},{\"name\":\"big\",\"price\":9}]}";
static const char heroku3[] =
    "{\"id\":\"tide-db\",\"name\":\"Tide DB\",\"api\":{\"version\":\"3\","
    "\"config_vars_prefix\":\"TIDE\",\"config_vars\":[\"TIDE_URL\"],"
    "\"regions\":[\"*\"],\"requires\":[\"attachable\",\"many_per_app\"],"
    "\"password\":\"s3a-w33d\",\"sso_salt\":\"salt\",\"production\":"
    "{\"base_url\":\"https://h/r\",\"sso_url\":\"https://h/s\"}},"
    "\"plans\":[{\"name\":\"small\"}]}";
static const char appfog[] =
    "{\"id\":\"tide_db\",\"name\":\"Tide DB\",\"tags\":[\"db\",1],"
    "\"plan_updateable\":true,"
    "\"plans\":[{\"id\":\"a-1\",\"name\":\"a_1\",\"description\":\"A\"},"
    "{\"id\":\"b\",\"name\":\"b\",\"description\":\"B\"}],"
    "\"api\":{\"config_vars\":[\"TIDE_URL\",\"PORT\"],\"password\":\"pw\","
    "\"sso_salt\":\"salt\","
    "\"production\":{\"base_url\":\"https://h/r\",\"sso_url\":\"https://h/s\"},"
    "\"test\":{\"base_url\":\"http://h/r\",\"sso_url\":\"http://h/s\"}}}";

#define CHARS_8 "12345678"
#define CHARS_72                                                               \
	CHARS_8 CHARS_8 CHARS_8 CHARS_8 CHARS_8 CHARS_8 CHARS_8 CHARS_8 CHARS_8
#define UMLAUTS "\303\244\303\266\303\274\303\237"

enum level { NONE, WARNING, ERROR };

struct change {
	const char *at;    /* what is changed, "api.config_vars[0]" */
	const char *value; /* JSON, NULL: taken out */
	enum level level;
	const char *text; /* a piece of the finding's text */
	const char *path; /* of the finding; NULL: at */
};

/* clang-format off */
static const struct change scalingo_changes[] = {
    {"name", NULL, ERROR, "is missing", NULL},
    {"name", "\" \"", ERROR, "not blank", NULL},
    {"name", "1", ERROR, "a text", NULL},
    {"username", NULL, ERROR, "is missing", NULL},
    {"username", "\"\"", ERROR, "a text", NULL},
    {"username", "\"a:b\"", ERROR, "without \":\"", NULL},
    {"username", "\"a\\u0001\"", ERROR, "control characters", NULL},
    {"password", NULL, ERROR, "is missing", NULL},
    {"password", "\" \"", ERROR, "not blank", NULL},
    {"password", "7", ERROR, "a text", NULL},
    {"sso_salt", NULL, ERROR, "is missing", NULL},
    {"sso_salt", "\"\"", ERROR, "not blank", NULL},
    {"logo_url", NULL, NONE, NULL, NULL},
    {"logo_url", "\"\"", NONE, NULL, NULL},
    {"logo_url", "\"https://cdn.example/a.png\"", NONE, NULL, NULL},
    {"logo_url", "\"javascript:x\"", ERROR, "URL", NULL},
    {"logo_url", "{}", ERROR, "URL", NULL},
    {"short_description", NULL, ERROR, "is missing", NULL},
    {"short_description", "\"\\t\"", ERROR, "not blank", NULL},
    {"short_description", "\"A\\nB\"", WARNING, "one line", NULL},
    {"description", NULL, ERROR, "is missing", NULL},
    {"description", "\"\"", ERROR, "not blank", NULL},
    {"log_drain", NULL, NONE, NULL, NULL},
    {"log_drain", "\"yes\"", ERROR, "true or false", NULL},
    {"config_vars", NULL, ERROR, "is missing", NULL},
    {"config_vars", "[]", ERROR, "at least one", NULL},
    {"config_vars", "\"A\"", ERROR, "an array", NULL},
    {"config_vars[0]", "1", ERROR, "must be a string", NULL},
    {"config_vars[1]", "\"TIDE_URL\"", ERROR,
        "differ from config_vars[0]", NULL},
    {"config_vars[0]", "\"1A\"", ERROR, "a letter first", NULL},
    {"config_vars[0]", "\"LD_PRELOAD\"", ERROR, "the system reads", NULL},
    {"config_vars[0]", "\"tide_url\"", NONE, NULL, NULL},
    {"production", NULL, ERROR, "is missing", NULL},
    {"production", "\"https://h\"", ERROR, "an object", NULL},
    {"production.base_url", NULL, ERROR, "is missing", NULL},
    {"production.base_url", "\"\"", ERROR, "https URL", NULL},
    {"production.base_url", "\"http://h/r\"", ERROR, "https URL", NULL},
    {"production.base_url", "\"https:///r\"", ERROR, "with a host", NULL},
    {"production.sso_url", NULL, WARNING, "is missing", NULL},
    {"production.sso_url", "\"\"", NONE, NULL, NULL},
    {"production.sso_url", "\"http://h/s\"", ERROR, "https URL", NULL},
    {"test", NULL, WARNING, "is missing", NULL},
    {"test", "\"http://h\"", ERROR, "an object", NULL},
    {"test.base_url", NULL, WARNING, "is missing", NULL},
    {"test.base_url", "\"\"", NONE, NULL, NULL},
    {"test.base_url", "\"ftp://h\"", ERROR, "http or https", NULL},
    {"test.sso_url", NULL, NONE, NULL, NULL},
    {"test.sso_url", "\"\"", NONE, NULL, NULL},
    {"test.sso_url", "\"x\"", ERROR, "http or https", NULL},
    {"test_sso_url", "\"http://h/s\"", WARNING, "inside \"test\"", NULL},
    {"plans", NULL, ERROR, "is missing", NULL},
    {"plans", "[]", ERROR, "at least one", NULL},
    {"plans", "{}", ERROR, "an array", NULL},
    {"plans[0]", "1", ERROR, "an object", NULL},
    {"plans[0].name", NULL, ERROR, "is missing", NULL},
    {"plans[0].name", "\"\"", ERROR, "not blank", NULL},
    {"plans[1].name", "\"small\"", ERROR, "differ from plans[0].name", NULL},
    {"plans[0].display_name", "1", ERROR, "a text", NULL},
    {"plans[0].price", NULL, NONE, NULL, NULL},
    {"plans[0].price", "\"5\"", ERROR, "a number", NULL},
    {"plans[0].price", "-1", ERROR, "0 or more", NULL},
    {"plans[0].description", "1", ERROR, "a text", NULL},
    {"plans[0].options", "[]", ERROR, "an object", NULL},
    {"plans[0].options.a", "1", ERROR, "values are texts",
        "plans[0].options"},
    {"plans[0].units", "{}", ERROR, "an array", NULL},
    {"id", "\"tide\"", WARNING, "slug", NULL},
    {"api", "{}", WARNING, "not read", NULL},
    {"regions", "[]", WARNING, "not read", NULL},
    {"requires", "[]", WARNING, "not read", NULL},
    {"something_else", "1", NONE, NULL, NULL},
};

static const struct change heroku_changes[] = {
    {"id", "1", ERROR, "lower-case", NULL},
    {"id", "\"-tide-db\"", ERROR, "none of these two first", NULL},
    {"id", "\"tide.db\"", ERROR, "lower-case", NULL},
    {"id", "\"tide_db\"", WARNING, "digits and \"-\"", NULL},
    {"name", NULL, NONE, NULL, NULL},
    {"name", "\"\"", ERROR, "not blank", NULL},
    {"cli_plugin_name", "1", ERROR, "a text", NULL},
    {"$base", "\"12\"", ERROR, "a number", NULL},
    {"$base", "12345678901234567890", NONE, NULL, NULL},
    {"requires", "[]", WARNING, "inside \"api\"", NULL},
    {"api", NULL, ERROR, "is missing", NULL},
    {"api", "\"x\"", ERROR, "an object", NULL},
    {"api.version", "\"1\"", NONE, NULL, NULL},
    {"api.version", "\"3\"", WARNING, "heroku-v3", NULL},
    {"api.version", "\"2\"", WARNING, "heroku-v3", NULL},
    {"api.regions", NULL, ERROR, "is missing", NULL},
    {"api.regions", "[]", ERROR, "at least one", NULL},
    {"api.regions", "\"us\"", ERROR, "an array", NULL},
    {"api.regions", "[\"us\",1]", ERROR, "texts", NULL},
    {"api.regions", "[\"eu\"]", NONE, NULL, NULL},
    {"api.regions", "[\"*\",\"london\"]", NONE, NULL, NULL},
    {"api.regions", "[\"tokyo\"]", WARNING, "\"us\", \"eu\"", NULL},
    {"api.regions", "[\"us\",\"moon\"]", WARNING, "one of us",
        "api.regions[1]"},
    {"api.password", NULL, ERROR, "is missing", NULL},
    {"api.password", "\"\"", ERROR, "8 to 72", NULL},
    {"api.password", "\"1234567\"", ERROR, "8 to 72", NULL},
    {"api.password", "\"" CHARS_8 "\"", NONE, NULL, NULL},
    {"api.password", "\"" UMLAUTS UMLAUTS "\"", NONE, NULL, NULL},
    {"api.password", "\"" UMLAUTS "123\"", ERROR, "8 to 72", NULL},
    {"api.password", "\"" CHARS_72 "\"", NONE, NULL, NULL},
    {"api.password", "\"" CHARS_72 "x\"", ERROR, "8 to 72", NULL},
    {"api.password", "\"1234567\\n\"", ERROR, "control", NULL},
    {"api.sso_salt", NULL, NONE, NULL, NULL},
    {"api.sso_salt", "\"\"", ERROR, "not blank", NULL},
    {"api.sso", "\"POST\"", WARNING, "no longer read", NULL},
    {"api.username", "\"x\"", ERROR, "left out", NULL},
    {"api.config_vars", NULL, NONE, NULL, NULL},
    {"api.config_vars", "[]", NONE, NULL, NULL},
    {"api.config_vars", "{}", ERROR, "an array", NULL},
    {"api.config_vars[0]", "1", ERROR, "must be a string", NULL},
    {"api.config_vars[0]", "\"TIDE_DB_url\"", ERROR, "upper-case", NULL},
    {"api.config_vars[0]", "\"TIDE_URL\"", ERROR, "begin with TIDE_DB_", NULL},
    {"api.config_vars[0]", "\"TIDE_DBX\"", ERROR, "begin with TIDE_DB_", NULL},
    {"api.config_vars[0]", "\"TIDE_DB_\"", WARNING, "behind TIDE_DB_", NULL},
    {"api.config_vars[0]", "\"TIDE_DB__X\"", WARNING, "behind TIDE_DB_", NULL},
    {"api.config_vars[1]", "\"TIDE_DB_URL\"", ERROR,
        "differ from api.config_vars[0]", NULL},
    {"api.config_vars_prefix", "\"TIDE\"", NONE, NULL, NULL},
    {"api.config_vars_prefix", "\"TIDE_DB_2\"", ERROR,
        "begin with TIDE_DB_2_", "api.config_vars[0]"},
    {"api.config_vars_prefix", "1", ERROR, "upper-case", NULL},
    {"api.requires", NULL, NONE, NULL, NULL},
    {"api.requires", "\"log_input\"", ERROR, "an array", NULL},
    {"api.requires", "[1]", ERROR, "texts", NULL},
    {"api.requires", "[\"log_input\",\"syslog_drain\",\"many_per_app\","
        "\"attachable\",\"deploy_notify\"]", NONE, NULL, NULL},
    {"api.requires[0]", "\"moon\"", WARNING, "one of log_input", NULL},
    {"api.production", NULL, ERROR, "is missing", NULL},
    {"api.production", "7", ERROR, "a URL, or an object", NULL},
    {"api.production", "\"https://h/\"", NONE, NULL, NULL},
    {"api.production", "\"http://h/\"", ERROR, "https URL", NULL},
    {"api.production.base_url", NULL, ERROR, "is missing", NULL},
    {"api.production.base_url", "\"http://h/r\"", ERROR, "https URL", NULL},
    {"api.production.sso_url", NULL, NONE, NULL, NULL},
    {"api.production.sso_url", "\"http://h/s\"", ERROR, "https URL", NULL},
    {"api.test", NULL, WARNING, "is missing", NULL},
    {"api.test", "\"http://localhost:4567/\"", NONE, NULL, NULL},
    {"api.test", "\"localhost\"", ERROR, "http or https", NULL},
    {"api.test", "1", ERROR, "a URL, or an object", NULL},
    {"api.test.base_url", NULL, ERROR, "is missing", NULL},
    {"api.test.base_url", "\"x\"", ERROR, "http or https", NULL},
    {"api.test.sso_url", "\"x\"", ERROR, "http or https", NULL},
    {"plans", NULL, WARNING, "is missing", NULL},
    {"plans", "[]", ERROR, "at least one", NULL},
    {"plans[0]", "1", ERROR, "an object", NULL},
    {"plans[0].name", NULL, ERROR, "is missing", NULL},
    {"plans[1].name", "\"small\"", ERROR, "differ from plans[0].name", NULL},
    {"plans[1].price", "-1", ERROR, "0 or more", NULL},
    {"plans[0].name", "\"Small\"", WARNING, "lower-case", NULL},
    {"plans[0].name", "\"very-small\"", WARNING, "one word", NULL},
    {"plans[0].name", "\"v2\"", WARNING, "version", NULL},
    {"plans[0].name", "\"silver2\"", NONE, NULL, NULL},
    {"plans[0].name", "\"herokusmall\"", WARNING, "heroku", NULL},
    {"plans[0].name", "\"free\"", WARNING, "free", NULL},
    {"something_else", "1", NONE, NULL, NULL},
};

/* What is another rule in version 3. */
static const struct change heroku3_changes[] = {
    {"api.version", NULL, ERROR, "is missing", NULL},
    {"api.version", "3", ERROR, "a text", NULL},
    {"name", NULL, ERROR, "is missing", NULL},
    {"api.sso_salt", NULL, WARNING, "is missing", NULL},
    {"api.production", "\"https://h/\"", ERROR, "an object", NULL},
    {"api.production", NULL, ERROR, "is missing", NULL},
    {"api.production.base_url", "\"http://h\"", ERROR, "https URL", NULL},
    {"api.test", "\"http://h/\"", WARNING, "not part of version 3", NULL},
    {"api.config_vars[0]", "\"TIDE\"", ERROR, "begin with TIDE_", NULL},
    {"api.requires[1]", "\"moon\"", WARNING, "one of log_input", NULL},
};

static const struct change appfog_changes[] = {
    {"id", NULL, ERROR, "is missing", NULL},
    {"id", "\"a\"", ERROR, "two or more", NULL},
    {"id", "\"tide-db\"", ERROR, "digits and \"_\"", NULL},
    {"id", "\"1a\"", ERROR, "a letter first", NULL},
    {"id", "\"aB\"", ERROR, "lower-case", NULL},
    {"name", NULL, ERROR, "is missing", NULL},
    {"name", "\"\"", ERROR, "not blank", NULL},
    {"name", "\"" CHARS_72 CHARS_8 "\"", WARNING, "80 characters", NULL},
    {"name", "\"" CHARS_72 "1234567\"", NONE, NULL, NULL},
    {"tags", NULL, NONE, NULL, NULL},
    {"tags", "\"db\"", ERROR, "an array", NULL},
    {"plan_updateable", NULL, NONE, NULL, NULL},
    {"plan_updateable", "\"yes\"", ERROR, "true or false", NULL},
    {"plans", NULL, ERROR, "is missing", NULL},
    {"plans", "[]", ERROR, "at least one", NULL},
    {"plans[0]", "1", ERROR, "an object", NULL},
    {"plans[0].id", NULL, ERROR, "is missing", NULL},
    {"plans[0].id", "\"A\"", ERROR, "lower-case", NULL},
    {"plans[1].id", "\"a-1\"", ERROR, "differ from plans[0].id", NULL},
    {"plans[0].name", NULL, ERROR, "is missing", NULL},
    {"plans[0].name", "\"Big plan\"", ERROR, "lower-case", NULL},
    {"plans[0].description", NULL, ERROR, "is missing", NULL},
    {"plans[0].description", "\"\"", ERROR, "not blank", NULL},
    {"plans[0].price", "5", WARNING, "not of this dialect", NULL},
    {"plans[0].price_unit", "\"month\"", WARNING, "not read", NULL},
    {"plans[0].units", "{}", ERROR, "an array", NULL},
    {"api", NULL, ERROR, "is missing", NULL},
    {"api.config_vars", NULL, ERROR, "is missing", NULL},
    {"api.config_vars", "[]", NONE, NULL, NULL},
    {"api.config_vars", "{}", ERROR, "an array", NULL},
    {"api.config_vars[0]", "\"tide\"", WARNING, "upper-case", NULL},
    {"api.config_vars[0]", "\"PATH\"", ERROR, "the system reads", NULL},
    {"api.password", NULL, ERROR, "is missing", NULL},
    {"api.password", "\"\"", ERROR, "not blank", NULL},
    {"api.sso_salt", NULL, NONE, NULL, NULL},
    {"api.sso_salt", "1", ERROR, "a text", NULL},
    {"api.production", NULL, ERROR, "is missing", NULL},
    {"api.production", "\"https://h\"", ERROR, "an object", NULL},
    {"api.production.base_url", NULL, ERROR, "is missing", NULL},
    {"api.production.base_url", "\"http://h\"", ERROR, "https URL", NULL},
    {"api.production.sso_url", NULL, NONE, NULL, NULL},
    {"api.production.sso_url", "\"x\"", ERROR, "https URL", NULL},
    {"api.test", NULL, ERROR, "is missing", NULL},
    {"api.test", "\"http://h\"", ERROR, "an object", NULL},
    {"api.test.base_url", NULL, ERROR, "is missing", NULL},
    {"api.test.base_url", "1", ERROR, "http or https", NULL},
    {"api.test.sso_url", NULL, NONE, NULL, NULL},
    {"api.test.sso_url", "\"x\"", ERROR, "http or https", NULL},
    {"test", "{}", WARNING, "not read", NULL},
    {"api.config_vars_prefix", "\"X\"", WARNING, "not read", NULL},
    {"api.requires", "[]", WARNING, "not read", NULL},
    {"api.regions", "[]", WARNING, "not read", NULL},
    {"api.username", "\"x\"", WARNING, "not read", NULL},
    {"api.path", "\"x\"", WARNING, "not read", NULL},
    {"something_else", "1", NONE, NULL, NULL},
};
/* clang-format on */

static cJSON *
parse(const char *text)
{
	cJSON *json = NULL;

	return json_parse(&json, text, strlen(text)) == NULL ? json : NULL;
}

/* Put value (NULL: nothing) in the place at of object. */
static void
set(cJSON *object, const char *at, cJSON *value)
{
	size_t len = strcspn(at, ".["), end;
	const char *key = mem_dup(at, len);
	cJSON *item;
	int place;

	if (at[len] == '.') {
		set(json_get(object, key), at + len + 1, value);
	} else if (at[len] == '[') {
		item = json_get(object, key);
		place = atoi(at + len + 1);
		end = len + strcspn(at + len, "]") + 1;
		if (at[end] == '.')
			set(cJSON_GetArrayItem(item, place), at + end + 1,
			    value);
		else
			cJSON_ReplaceItemInArray(item, place, value);
	} else {
		cJSON_DeleteItemFromObjectCaseSensitive(object, key);
		if (value != NULL)
			cJSON_AddItemToObject(object, key, value);
	}
}

/* The findings of change upon the manifest good. */
static void
test_change(const struct dialect *d, const char *good,
    const struct change *change)
{
	const char *path = change->path == NULL ? change->at : change->path;
	const char *what = mem_printf("%s: %s = %.40s", d->name, change->at,
	    change->value == NULL ? "nothing" : change->value);
	const struct finding *f, *found = NULL;
	cJSON *manifest = parse(good), *value = NULL;
	int count = 0;

	if (change->value != NULL)
		value = parse(change->value);
	set(manifest, change->at, value);
	for (f = d->check(manifest, false); f != NULL; f = f->next) {
		count++;
		if (strcmp(f->path, path) == 0 && found == NULL)
			found = f;
	}
	if (change->level == NONE) {
		ok(count == 0, "%s: is taken", what);
		return;
	}
	ok(found != NULL && strstr(found->text, change->text) != NULL, "%s: %s",
	    what, change->text);
	ok(count == 1, "%s: one finding", what);
	ok(found != NULL && found->warning == (change->level == WARNING),
	    "%s: %s", what,
	    change->level == WARNING ? "a warning" : "an error");
}

static void
test_changes(const char *dialect, const char *good,
    const struct change *changes, size_t count)
{
	const struct dialect *d = dialect_find(dialect);
	static const struct change none = {"x", NULL, NONE, NULL, NULL};
	size_t i;

	ok(parse(good) != NULL, "%s: a good manifest", dialect);
	test_change(d, good, &none);
	for (i = 0; i < count; i++)
		test_change(d, good, &changes[i]);
}

/* Where http is allowed, production may do without TLS in any dialect. */
static void
test_allow_http(void)
{
	static const struct {
		const char *dialect, *good, *at;
	} cases[] = {
	    {"scalingo", scalingo, "production.base_url"    },
	    {"heroku",   heroku,   "api.production.base_url"},
	    {"heroku",   heroku,   "api.production"         },
	    {"appfog",   appfog,   "api.production.base_url"},
	};
	cJSON *manifest;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		manifest = parse(cases[i].good);
		set(manifest, cases[i].at, cJSON_CreateString("http://h/"));
		ok(dialect_find(cases[i].dialect)->check(manifest, true) ==
		        NULL,
		    "%s: %s by http, where it is allowed", cases[i].dialect,
		    cases[i].at);
	}
}

int
main(void)
{
	test_changes("scalingo", scalingo, scalingo_changes,
	    COUNT(scalingo_changes));
	test_changes("heroku", heroku, heroku_changes, COUNT(heroku_changes));
	test_changes("heroku-v3", heroku3, heroku3_changes,
	    COUNT(heroku3_changes));
	test_changes("appfog", appfog, appfog_changes, COUNT(appfog_changes));
	test_allow_http();
	return done();
}
