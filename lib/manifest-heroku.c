/*
 * The rules of Heroku's manifests.
 */
#include "manifest-heroku.h"
#include "mem.h"

#include <ctype.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 72 }; /* characters */

static const char *const any_region[] = {"us", "eu", "*"};
static const char *const regions[] = {"us", "eu", "virginia", "oregon",
    "california", "dublin", "frankfurt", "tokyo", "sydney", "singapore",
    "mumbai", "montreal", "london", "*"};
static const char *const flags[] = {"log_input", "syslog_drain", "many_per_app",
    "attachable", "deploy_notify"};

static bool
is_id(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && *text != '\0' && strchr("-_", *text) == NULL &&
	       manifest_made_of(item, LOWER DIGITS "-_");
}

static bool
is_plain_id(const cJSON *item)
{
	return !is_id(item) || manifest_made_of(item, LOWER DIGITS "-");
}

static bool
is_place(const cJSON *item)
{
	return cJSON_IsString(item) || cJSON_IsObject(item);
}

static bool
is_first(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && strcmp(text, "1") == 0;
}

static bool
is_third(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && strcmp(text, "3") == 0;
}

static bool
is_password(const cJSON *item)
{
	const char *p = cJSON_GetStringValue(item);
	size_t count = 0;

	if (!manifest_word.fits(item))
		return false;
	for (; *p != '\0'; p++)
		count += ((unsigned char)*p & 0xc0) != 0x80; /* UTF-8 */
	return count >= PASSWORD_MIN && count <= PASSWORD_MAX;
}

static bool
is_prefix(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && isupper((unsigned char)*text) &&
	       manifest_made_of(item, UPPER DIGITS "_");
}

static bool
is_name(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || (is_prefix(item) && text[1] != '\0');
}

static bool
is_filled_names(const cJSON *item)
{
	return manifest_names.fits(item) && item->child != NULL;
}

static bool
has_main_region(const cJSON *item)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, item)
		if (cJSON_IsString(name) &&
		    manifest_one_of(name, any_region, COUNT(any_region)))
			return true;
	return item->child == NULL;
}

static bool
is_region(const cJSON *item)
{
	return manifest_one_of(item, regions, COUNT(regions));
}

static bool
is_flag(const cJSON *item)
{
	return manifest_one_of(item, flags, COUNT(flags));
}

/* Plans: what the article on them advises. */

static bool
is_slug(const cJSON *item)
{
	return manifest_made_of(item, LOWER DIGITS "-_");
}

static bool
is_one_word(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || text[strcspn(text, "-_")] == '\0';
}

/* No "v2" at its begin or behind a "-" or "_". */
static bool
is_no_version(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item), *p;

	for (p = text; p != NULL && *p != '\0'; p++)
		if (*p == 'v' && isdigit((unsigned char)p[1]) &&
		    (p == text || p[-1] == '-' || p[-1] == '_'))
			return false;
	return true;
}

static bool
is_not_theirs(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || strstr(text, "heroku") == NULL;
}

static bool
is_not_free(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || strcmp(text, "free") != 0;
}

const struct manifest_type manifest_heroku_id = {is_id,
    "lower-case letters, digits, \"-\" and \"_\", none of these two first"};
static const struct manifest_type plain_id_type = {is_plain_id,
    "lower-case letters, digits and \"-\""};
static const struct manifest_type place_type = {is_place,
    "a URL, or an object of them"};
static const struct manifest_type first_type = {is_first,
    "\"1\", or left out: version 3 is the dialect heroku-v3"};
static const struct manifest_type third_type = {is_third, "\"3\", a text"};
static const struct manifest_type password_type = {is_password,
    "a text of 8 to 72 characters, no control characters among them"};
static const struct manifest_type prefix_type = {is_prefix,
    "upper-case letters, digits and \"_\", a letter first"};
static const struct manifest_type name_type = {is_name,
    "upper-case letters, digits and \"_\", two or more, a letter first"};
static const struct manifest_type filled_type = {is_filled_names,
    "an array of texts that are not blank, at least one"};
static const struct manifest_type main_type = {has_main_region,
    "an array with \"us\", \"eu\" or \"*\" in it"};
static const struct manifest_type region_type = {is_region,
    "one of us, eu, virginia, oregon, california, dublin, frankfurt, tokyo, "
    "sydney, singapore, mumbai, montreal, london and *"};
static const struct manifest_type flag_type = {is_flag,
    "one of log_input, syslog_drain, many_per_app, attachable and "
    "deploy_notify"};
static const struct manifest_type username_type = {NULL,
    "must be left out; the id is the user name"};
static const struct manifest_type misplaced_type = {NULL,
    "is not read here; it belongs inside \"api\""};
static const struct manifest_type sso_type = {NULL,
    "is no longer read: a production that is an object asks for a form"};
static const struct manifest_type no_test_type = {NULL,
    "is not part of version 3; here it is read for tests alone"};
static const struct manifest_type slug_type = {is_slug,
    "lower-case letters and digits"};
static const struct manifest_type one_word_type = {is_one_word,
    "one word, without \"-\" and \"_\""};
static const struct manifest_type no_version_type = {is_no_version,
    "without a version number"};
static const struct manifest_type not_theirs_type = {is_not_theirs,
    "without \"heroku\""};
static const struct manifest_type not_free_type = {is_not_free,
    "another word than \"free\""};

static const struct manifest_rule rules[] = {
    {"id",                     MANIFEST_MUST,    &manifest_heroku_id},
    {"id",                     MANIFEST_BETTER,  &plain_id_type     },
    {"name",                   MANIFEST_MAY,     &manifest_text     },
    {"cli_plugin_name",        MANIFEST_MAY,     &manifest_text     },
    {"$base",                  MANIFEST_MAY,     &manifest_number   },
    {"requires",               MANIFEST_UNKNOWN, &misplaced_type    },
    {"api",                    MANIFEST_MUST,    &manifest_object   },
    {"api.regions",            MANIFEST_MUST,    &filled_type       },
    {"api.regions",            MANIFEST_BETTER,  &main_type         },
    {"api.regions[]",          MANIFEST_BETTER,  &region_type       },
    {"api.password",           MANIFEST_MUST,    &password_type     },
    {"api.username",           MANIFEST_NEVER,   &username_type     },
    {"api.sso_salt",           MANIFEST_MAY,     &manifest_text     },
    {"api.sso",                MANIFEST_UNKNOWN, &sso_type          },
    {"api.config_vars",        MANIFEST_MAY,     &manifest_list     },
    {"api.config_vars[]",      MANIFEST_MAY,     &name_type         },
    {"api.config_vars_prefix", MANIFEST_MAY,     &prefix_type       },
    {"api.requires",           MANIFEST_MAY,     &manifest_names    },
    {"api.requires[]",         MANIFEST_BETTER,  &flag_type         },
    {"plans",                  MANIFEST_ADVISED, &manifest_full_list},
};

static const struct manifest_rule v1_rules[] = {
    {"api.version",    MANIFEST_BETTER,  &first_type},
    {"api.test",       MANIFEST_ADVISED, &place_type},
    {"api.production", MANIFEST_MUST,    &place_type},
};
static const struct manifest_rule v3_rules[] = {
    {"name",           MANIFEST_MUST,    &manifest_text  },
    {"api.version",    MANIFEST_MUST,    &third_type     },
    {"api.sso_salt",   MANIFEST_ADVISED, &manifest_text  },
    {"api.test",       MANIFEST_UNKNOWN, &no_test_type   },
    {"api.test",       MANIFEST_MAY,     &place_type     },
    {"api.production", MANIFEST_MUST,    &manifest_object},
};

/* Where production is one URL, and where it is an object; the same for test. */
static const struct manifest_rule place_rules[] = {
    {"api.test",       MANIFEST_MAY, &manifest_url  },
    {"api.production", MANIFEST_MAY, &manifest_https},
};
static const struct manifest_rule url_rules[] = {
    {"api.test.base_url",       MANIFEST_MUST, &manifest_url  },
    {"api.test.sso_url",        MANIFEST_MAY,  &manifest_url  },
    {"api.production.base_url", MANIFEST_MUST, &manifest_https},
    {"api.production.sso_url",  MANIFEST_MAY,  &manifest_https},
};

static const struct manifest_rule advice_rules[] = {
    {"name", MANIFEST_BETTER, &slug_type      },
    {"name", MANIFEST_BETTER, &one_word_type  },
    {"name", MANIFEST_BETTER, &no_version_type},
    {"name", MANIFEST_BETTER, &not_theirs_type},
    {"name", MANIFEST_BETTER, &not_free_type  },
};

/* "tide-db" -> "TIDE_DB" */
const char *
manifest_heroku_prefix(const cJSON *manifest)
{
	const char *text = cJSON_GetStringValue(
	    manifest_get(manifest, "api.config_vars_prefix"));
	char *prefix, *p;

	if (text != NULL)
		return text;
	if (!is_id(json_get(manifest, "id")))
		return "";
	prefix = mem_copy(json_text(manifest, "id"));
	for (p = prefix; *p != '\0'; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	return prefix;
}

/* Names are the prefix, one "_", and an identifier. */
static void
check_prefix(struct finding **list, const cJSON *manifest)
{
	const char *prefix = manifest_heroku_prefix(manifest), *name, *path;
	const cJSON *vars = manifest_get(manifest, "api.config_vars"), *item;
	size_t len = strlen(prefix);
	int i = 0;

	if (!cJSON_IsArray(vars) || len == 0)
		return;
	cJSON_ArrayForEach(item, vars) {
		path = mem_printf("api.config_vars[%d]", i++);
		name = cJSON_GetStringValue(item);
		if (name == NULL)
			continue;
		if (strncmp(name, prefix, len) != 0 || name[len] != '_')
			dialect_find_fault(list, false, path,
			    "must begin with %s_", prefix);
		else if (strchr("_", name[len + 1]) != NULL)
			dialect_find_fault(list, true, path,
			    "should have a letter or digit behind %s_", prefix);
	}
}

static void
check_places(struct finding **list, const cJSON *manifest, bool allow_http)
{
	size_t i;

	for (i = 0; i < COUNT(place_rules); i++)
		if (cJSON_IsString(manifest_get(manifest, place_rules[i].path)))
			manifest_check(list, manifest, "", &place_rules[i], 1,
			    allow_http);
	manifest_check(list, manifest, "", url_rules, COUNT(url_rules),
	    allow_http);
}

static void
check_advice(struct finding **list, const cJSON *plans)
{
	const cJSON *plan;
	int i = 0;

	if (!cJSON_IsArray(plans))
		return;
	cJSON_ArrayForEach(plan, plans)
		manifest_check(list, plan, mem_printf("plans[%d].", i++),
		    advice_rules, COUNT(advice_rules), false);
}

/* What every relative has: variables and plans. */
static void
check_rest(struct finding **list, const cJSON *manifest)
{
	manifest_check_vars(list, "api.config_vars",
	    manifest_get(manifest, "api.config_vars"));
	check_prefix(list, manifest);
	manifest_check_plans(list, json_get(manifest, "plans"), "name",
	    manifest_plan_rules, MANIFEST_PLAN_RULES);
}

struct finding *
manifest_heroku(const cJSON *manifest, bool allow_http, bool third)
{
	struct finding *list = NULL;

	manifest_check(&list, manifest, "", rules, COUNT(rules), allow_http);
	if (third)
		manifest_check(&list, manifest, "", v3_rules, COUNT(v3_rules),
		    allow_http);
	else
		manifest_check(&list, manifest, "", v1_rules, COUNT(v1_rules),
		    allow_http);
	check_places(&list, manifest, allow_http);
	check_rest(&list, manifest);
	check_advice(&list, json_get(manifest, "plans"));
	return list;
}

struct finding *
manifest_heroku_like(const struct manifest_rule *own, size_t count,
    const cJSON *manifest, bool allow_http)
{
	static const struct manifest_rule shared[] = {
	    {"api.username",      MANIFEST_NEVER, &username_type},
	    {"api.config_vars[]", MANIFEST_MAY,   &name_type    },
	};
	struct finding *list = NULL;

	manifest_check(&list, manifest, "", own, count, allow_http);
	manifest_check(&list, manifest, "", url_rules, COUNT(url_rules),
	    allow_http);
	manifest_check(&list, manifest, "", shared, COUNT(shared), allow_http);
	check_rest(&list, manifest);
	return list;
}
