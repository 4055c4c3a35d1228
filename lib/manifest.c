#include "manifest.h"
#include "mem.h"
#include "plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_string(const cJSON *item)
{
	return cJSON_IsString(item);
}

static bool
is_text(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && text[strspn(text, " \t\r\n\f\v")] != '\0';
}

static bool
is_word(const cJSON *item)
{
	const char *p;

	if (!is_text(item))
		return false;
	for (p = item->valuestring; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return true;
}

static bool
is_user(const cJSON *item)
{
	return is_word(item) && strchr(item->valuestring, ':') == NULL;
}

static bool
is_bool(const cJSON *item)
{
	return cJSON_IsBool(item);
}

static bool
is_object(const cJSON *item)
{
	return cJSON_IsObject(item);
}

static bool
is_list(const cJSON *item)
{
	return cJSON_IsArray(item);
}

static bool
is_full_list(const cJSON *item)
{
	return cJSON_IsArray(item) && item->child != NULL;
}

static bool
is_names(const cJSON *item)
{
	const cJSON *name;

	if (!cJSON_IsArray(item))
		return false;
	cJSON_ArrayForEach(name, item)
		if (!is_text(name))
			return false;
	return true;
}

static bool
is_number(const cJSON *item)
{
	return json_is_number(item);
}

static bool
is_price(const cJSON *item)
{
	return cJSON_IsNumber(item) && item->valuedouble >= 0;
}

static bool
is_options(const cJSON *item)
{
	const cJSON *value;

	if (!cJSON_IsObject(item))
		return false;
	cJSON_ArrayForEach(value, item)
		if (!cJSON_IsString(value))
			return false;
	return true;
}

/* True where the len bytes at host are "name", "name:port" or "[v6]:port". */
static bool
is_host(const char *host, size_t len)
{
	const char *text = mem_dup(host, len), *port;
	long number;

	if (text[0] == '[') {
		len = strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (len < 2 || text[len + 1] != ']')
			return false;
		port = text + len + 2;
	} else {
		len = strcspn(text, ":@[]");
		if (len == 0)
			return false;
		port = text + len;
	}
	if (*port == '\0')
		return true;
	len = strspn(port + 1, "0123456789");
	if (*port != ':' || len < 1 || len > 5 || port[len + 1] != '\0')
		return false;
	number = strtol(port + 1, NULL, 10);
	return number > 0 && number < 65536;
}

/* True where item is scheme and a URL without a fragment, whose path can
 * still be added to. */
static bool
is_url_of(const cJSON *item, const char *scheme)
{
	const char *url = cJSON_GetStringValue(item), *p;
	size_t len = strlen(scheme);

	if (url == NULL || strncasecmp(url, scheme, len) != 0)
		return false;
	for (p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\\#\"<>", *p) != NULL)
			return false;
	return is_host(url + len, strcspn(url + len, "/?"));
}

static bool
is_https(const cJSON *item)
{
	return is_url_of(item, "https://");
}

static bool
is_url(const cJSON *item)
{
	return is_url_of(item, "http://") || is_url_of(item, "https://");
}

static bool
is_logo(const cJSON *item)
{
	const char *url = cJSON_GetStringValue(item);

	return url != NULL &&
	       (*url == '\0' || is_url_of(item, "//") || is_url(item));
}

const struct manifest_type manifest_string = {is_string, "a text"};
const struct manifest_type manifest_text = {is_text,
    "a text that is not blank"};
const struct manifest_type manifest_word = {is_word,
    "a text that is not blank, without control characters"};
const struct manifest_type manifest_user = {is_user,
    "a text without \":\" and control characters"};
const struct manifest_type manifest_bool = {is_bool, "true or false"};
const struct manifest_type manifest_object = {is_object, "an object"};
const struct manifest_type manifest_list = {is_list, "an array"};
const struct manifest_type manifest_full_list = {is_full_list,
    "an array with at least one element"};
const struct manifest_type manifest_names = {is_names,
    "an array of texts that are not blank"};
const struct manifest_type manifest_number = {is_number, "a number"};
const struct manifest_type manifest_price = {is_price, "a number, 0 or more"};
const struct manifest_type manifest_options = {is_options,
    "an object whose values are texts"};
const struct manifest_type manifest_units = {plan_units_fit,
    "an array of at most 8 objects with names of their own (at most 64 bytes) "
    "and a price, perhaps display_name and included; amounts are decimals, 0 "
    "or more, with at most 6 places"};
const struct manifest_type manifest_url = {is_url,
    "an http or https URL with a host"};
const struct manifest_type manifest_https = {is_https,
    "an https URL with a host"};
const struct manifest_type manifest_logo = {is_logo,
    "empty, or an http, https or \"//\" URL with a host"};
const struct manifest_type manifest_unread = {NULL,
    "is not read in this dialect"};

const struct manifest_rule manifest_plan_rules[MANIFEST_PLAN_RULES] = {
    {"name",         MANIFEST_MUST, &manifest_word   },
    {"display_name", MANIFEST_MAY,  &manifest_string },
    {"price",        MANIFEST_MAY,  &manifest_price  },
    {"description",  MANIFEST_MAY,  &manifest_string },
    {"options",      MANIFEST_MAY,  &manifest_options},
    {"units",        MANIFEST_MAY,  &manifest_units  },
};

const cJSON *
manifest_get(const cJSON *object, const char *path)
{
	const char *dot;

	for (; (dot = strchr(path, '.')) != NULL; path = dot + 1)
		object = json_get(object, mem_dup(path, (size_t)(dot - path)));
	object = json_get(object, path);
	return cJSON_IsNull(object) ? NULL : object;
}

/* True where something can stand at path: its parent is an object. */
static bool
has_place(const cJSON *object, const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL || cJSON_IsObject(manifest_get(object,
	                          mem_dup(path, (size_t)(dot - path))));
}

/* What object's item at path breaks of rule; placed: its parent is there. */
static void
check_item(struct finding **list, const cJSON *item, const char *path,
    const struct manifest_rule *rule, bool placed, bool allow_http)
{
	const struct manifest_type *type = rule->type;
	bool mild = rule->need == MANIFEST_BETTER;

	if (type == &manifest_https && allow_http)
		type = &manifest_url;
	if (rule->need == MANIFEST_UNKNOWN || rule->need == MANIFEST_NEVER) {
		if (item != NULL)
			dialect_find_fault(list, rule->need == MANIFEST_UNKNOWN,
			    path, "%s", type->want);
	} else if (item != NULL) {
		if (type->fits != NULL && !type->fits(item))
			dialect_find_fault(list, mild, path, "%s be %s",
			    mild ? "should" : "must", type->want);
	} else if (rule->need == MANIFEST_MUST && placed) {
		dialect_find_fault(list, false, path,
		    "is missing; it must be %s", type->want);
	} else if (rule->need == MANIFEST_ADVISED && placed) {
		dialect_find_fault(list, true, path,
		    "is missing; it should be %s", type->want);
	}
}

static void
check_rule(struct finding **list, const cJSON *object, const char *prefix,
    const struct manifest_rule *rule, bool allow_http)
{
	const char *each = strstr(rule->path, "[]"), *array;
	const cJSON *items, *item;
	int i = 0;

	if (each == NULL) {
		check_item(list, manifest_get(object, rule->path),
		    mem_printf("%s%s", prefix, rule->path), rule,
		    has_place(object, rule->path), allow_http);
		return;
	}
	array = mem_dup(rule->path, (size_t)(each - rule->path));
	items = manifest_get(object, array);
	if (!cJSON_IsArray(items))
		return;
	cJSON_ArrayForEach(item, items)
		check_item(list, item,
		    mem_printf("%s%s[%d]", prefix, array, i++), rule, true,
		    allow_http);
}

bool
manifest_made_of(const cJSON *item, const char *set)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || text[strspn(text, set)] == '\0';
}

bool
manifest_one_of(const cJSON *item, const char *const *words, size_t count)
{
	const char *text = cJSON_GetStringValue(item);
	size_t i;

	for (i = 0; text != NULL && i < count; i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return text == NULL;
}

void
manifest_check(struct finding **list, const cJSON *object, const char *prefix,
    const struct manifest_rule *rules, size_t count, bool allow_http)
{
	size_t i;

	for (i = 0; i < count; i++)
		check_rule(list, object, prefix, &rules[i], allow_http);
}

/* The place of the first of list's elements that holds text, below before;
 * key NULL: the elements are the texts themselves.  -1: none. */
static int
find_twin(const cJSON *list, const char *key, const char *text, int before)
{
	const cJSON *item;
	const char *other;
	int i = 0;

	cJSON_ArrayForEach(item, list) {
		if (i == before)
			break;
		other = key == NULL ? cJSON_GetStringValue(item)
		                    : json_text(item, key);
		if (other != NULL && strcmp(other, text) == 0)
			return i;
		i++;
	}
	return -1;
}

void
manifest_check_vars(struct finding **list, const char *path, const cJSON *vars)
{
	const char *place, *name;
	const cJSON *item;
	int i = 0, twin;

	if (!cJSON_IsArray(vars))
		return;
	cJSON_ArrayForEach(item, vars) {
		place = mem_printf("%s[%d]", path, i);
		name = cJSON_GetStringValue(item);
		if (name == NULL)
			dialect_find_fault(list, false, place,
			    "must be a string, the name of a variable");
		else if (!dialect_name_allowed(name))
			dialect_find_fault(list, false, place,
			    "must be a name of letters, digits and \"_\", "
			    "a letter first, at most %d of them, and none that "
			    "the system reads (PATH, HOME, LD_…)",
			    CONFIG_NAME_MAX);
		else if ((twin = find_twin(vars, NULL, name, i)) >= 0)
			dialect_find_fault(list, false, place,
			    "must differ from %s[%d]", path, twin);
		i++;
	}
}

void
manifest_check_plans(struct finding **list, const cJSON *plans, const char *key,
    const struct manifest_rule *rules, size_t count)
{
	const char *place, *name;
	const cJSON *item;
	int i = 0, twin;

	if (!cJSON_IsArray(plans))
		return;
	cJSON_ArrayForEach(item, plans) {
		place = mem_printf("plans[%d]", i);
		if (!cJSON_IsObject(item))
			dialect_find_fault(list, false, place,
			    "must be an object");
		else
			manifest_check(list, item, mem_printf("%s.", place),
			    rules, count, false);
		name = json_text(item, key);
		twin = name == NULL ? -1 : find_twin(plans, key, name, i);
		if (twin >= 0)
			dialect_find_fault(list, false,
			    mem_printf("%s.%s", place, key),
			    "must differ from plans[%d].%s", twin, key);
		i++;
	}
}
