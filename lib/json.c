#include "json.h"
#include "fail.h"
#include "mem.h"
#include "secret.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * cJSON parses; what it lets pass is refused here before (grammar, UTF-8,
 * NUL, depth) and after (keys given twice).
 */
struct scan {
	const char *start, *at, *end;
	int depth;
	size_t numbers;            /* number tokens so far */
	struct long_number *longs; /* those that a double would bend */
	struct long_number **longs_tail;
};

struct long_number {
	size_t index;
	const char *text;
	struct long_number *next;
};

static void
pool_free(void *p)
{
	(void)p;
}

static void __attribute__((constructor)) use_pool(void)
{
	cJSON_Hooks hooks = {mem_alloc, pool_free};

	cJSON_InitHooks(&hooks);
}

static const struct fail *
wrong(const struct scan *s, const char *what)
{
	return fail(FAIL_SYNTAX, "malformed JSON: %s at byte %zu", what,
	    (size_t)(s->at - s->start));
}

static void
skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
	                             *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

/* Length of the UTF-8 sequence at p (RFC 3629), or 0. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t len;
	} forms[] = {
	    {0xc2, 0xdf, 0x80, 0xbf, 2},
	    {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3},
	    {0xed, 0xed, 0x80, 0x9f, 3},
	    {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4},
	    {0xf1, 0xf3, 0x80, 0xbf, 4},
	    {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t i, n;

	if (p[0] < 0x80)
		return 1;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
			continue;
		if (left < forms[i].len || p[1] < forms[i].second_min ||
		    p[1] > forms[i].second_max)
			return 0;
		for (n = 2; n < forms[i].len; n++)
			if ((p[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* The four hex digits at p, or -1. */
static long
hex4(const char *p, const char *end)
{
	long value = 0;
	int i, digit;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			digit = p[i] - '0';
		else if ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')
			digit = (p[i] | 32) - 'a' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static const struct fail *
scan_escape(struct scan *s)
{
	long code;

	s->at++;
	if (s->at == s->end)
		return wrong(s, "unfinished string");
	if (*s->at != 'u') {
		if (*s->at == '\0' || strchr("\"\\/bfnrt", *s->at) == NULL)
			return wrong(s, "unknown escape");
		s->at++;
		return NULL;
	}
	code = hex4(s->at + 1, s->end);
	if (code < 0)
		return wrong(s, "broken \\u escape");
	if (code == 0)
		return wrong(s, "\\u0000 is not taken");
	if (code >= 0xdc00 && code <= 0xdfff)
		return wrong(s, "lone surrogate");
	s->at += 5;
	if (code < 0xd800 || code > 0xdbff)
		return NULL;
	if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
		return wrong(s, "lone surrogate");
	code = hex4(s->at + 2, s->end);
	if (code < 0xdc00 || code > 0xdfff)
		return wrong(s, "lone surrogate");
	s->at += 6;
	return NULL;
}

static const struct fail *
scan_string(struct scan *s)
{
	const struct fail *f;
	size_t len;

	for (s->at++; s->at < s->end && *s->at != '"';) {
		if ((unsigned char)*s->at < 0x20)
			return wrong(s, "control character in a string");
		if (*s->at == '\\') {
			f = scan_escape(s);
			if (f != NULL)
				return f;
			continue;
		}
		len = utf8_length((const unsigned char *)s->at,
		    (size_t)(s->end - s->at));
		if (len == 0)
			return wrong(s, "invalid UTF-8");
		s->at += len;
	}
	if (s->at == s->end)
		return wrong(s, "unfinished string");
	s->at++;
	return NULL;
}

static size_t
scan_digits(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - from);
}

static const struct fail *
scan_number(struct scan *s)
{
	const char *from = s->at;
	struct long_number *l;
	bool whole = true;
	size_t digits;
	char *text;

	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0') {
		s->at++;
		digits = 1;
	} else {
		digits = scan_digits(s);
	}
	if (digits == 0)
		return wrong(s, "number without digits");
	if (s->at < s->end && *s->at == '.') {
		whole = false;
		s->at++;
		if (scan_digits(s) == 0)
			return wrong(s, "number without digits");
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		whole = false;
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (scan_digits(s) == 0)
			return wrong(s, "number without digits");
	}
	text = mem_dup(from, (size_t)(s->at - from));
	if (!whole && !isfinite(strtod(text, NULL)))
		return wrong(s, "number out of range");
	if (whole && digits > 15) {
		l = mem_alloc(sizeof(*l));
		l->index = s->numbers;
		l->text = text;
		*s->longs_tail = l;
		s->longs_tail = &l->next;
	}
	s->numbers++;
	return NULL;
}

static const struct fail *scan_value(struct scan *s);

/* An object (close '}') or an array (close ']'). */
static const struct fail *
scan_nest(struct scan *s, char close)
{
	const struct fail *f;

	if (++s->depth > JSON_DEPTH_MAX)
		return wrong(s, "nested too deeply");
	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == close) {
		s->at++;
		s->depth--;
		return NULL;
	}
	for (;;) {
		skip_space(s);
		if (close == '}') {
			if (s->at == s->end || *s->at != '"')
				return wrong(s, "expected a key");
			f = scan_string(s);
			if (f != NULL)
				return f;
			skip_space(s);
			if (s->at == s->end || *s->at != ':')
				return wrong(s, "expected ':'");
			s->at++;
		}
		f = scan_value(s);
		if (f != NULL)
			return f;
		skip_space(s);
		if (s->at == s->end || (*s->at != ',' && *s->at != close))
			return wrong(s, "expected ',' or the end");
		if (*s->at++ == close)
			break;
	}
	s->depth--;
	return NULL;
}

static const struct fail *
scan_value(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i, len;

	skip_space(s);
	if (s->at == s->end)
		return wrong(s, "unexpected end");
	if (*s->at == '{')
		return scan_nest(s, '}');
	if (*s->at == '[')
		return scan_nest(s, ']');
	if (*s->at == '"')
		return scan_string(s);
	if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'))
		return scan_number(s);
	for (i = 0; i < 3; i++) {
		len = strlen(words[i]);
		if ((size_t)(s->end - s->at) >= len &&
		    memcmp(s->at, words[i], len) == 0) {
			s->at += len;
			return NULL;
		}
	}
	return wrong(s, "unexpected character");
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* FAIL_SYNTAX where item, or anything in it, has one key twice. */
static const struct fail *
check_keys(const cJSON *item)
{
	const struct fail *f;
	const cJSON *child;
	const char **keys;
	size_t i, n = 0;

	cJSON_ArrayForEach(child, item) {
		n++;
		f = check_keys(child);
		if (f != NULL)
			return f;
	}
	if (!cJSON_IsObject(item) || n < 2)
		return NULL;
	keys = mem_alloc(n * sizeof(*keys));
	i = 0;
	cJSON_ArrayForEach(child, item)
		keys[i++] = child->string;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return fail(FAIL_SYNTAX,
			    "malformed JSON: key \"%s\" stands twice", keys[i]);
	return NULL;
}

/*
 * Give the long numbers back their text.  The tree holds its numbers in the
 * order of the text, so the nth token is the nth number.
 */
static void
restore_longs(cJSON *item, size_t *index, const struct long_number **longs)
{
	cJSON *child;

	if (cJSON_IsNumber(item)) {
		if (*longs != NULL && (*longs)->index == *index) {
			item->type = cJSON_Raw;
			item->valuestring = mem_copy((*longs)->text);
			*longs = (*longs)->next;
		}
		(*index)++;
	}
	cJSON_ArrayForEach(child, item)
		restore_longs(child, index, longs);
}

const struct fail *
json_parse(cJSON **out, const char *text, size_t len)
{
	struct scan s = {.start = text, .at = text, .end = text + len};
	const struct long_number *longs;
	const struct fail *f;
	size_t index = 0;

	s.longs_tail = &s.longs;
	f = scan_value(&s);
	if (f != NULL)
		return f;
	skip_space(&s);
	if (s.at != s.end)
		return wrong(&s, "something stands behind the value");
	*out = cJSON_ParseWithLength(text, len);
	if (*out == NULL)
		return fail(FAIL_SYNTAX, "malformed JSON");
	longs = s.longs;
	if (longs != NULL)
		restore_longs(*out, &index, &longs);
	return check_keys(*out);
}

cJSON *
json_get(const cJSON *object, const char *key)
{
	if (!cJSON_IsObject(object))
		return NULL;
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *
json_text(const cJSON *object, const char *key)
{
	const cJSON *item = json_get(object, key);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool
json_is_number(const cJSON *item)
{
	return cJSON_IsNumber(item) || cJSON_IsRaw(item);
}

const char *
json_plain(const cJSON *item)
{
	if (cJSON_IsString(item) || cJSON_IsRaw(item))
		return item->valuestring;
	return json_print(item, false);
}

char *
json_print(const cJSON *item, bool pretty)
{
	char *text;

	if (!pretty)
		return cJSON_PrintUnformatted(item);
	text = cJSON_Print(item);
	return mem_printf("%s\n", text);
}

void
json_add_text(cJSON *object, const char *key, const char *text)
{
	if (text == NULL)
		cJSON_AddNullToObject(object, key);
	else
		cJSON_AddStringToObject(object, key, text);
}

cJSON *
json_vars(const struct json_var *vars)
{
	cJSON *object = cJSON_CreateObject();

	for (; vars != NULL; vars = vars->next) {
		if (vars->raw)
			cJSON_AddRawToObject(object, vars->name, vars->value);
		else
			json_add_text(object, vars->name, vars->value);
	}
	return object;
}

cJSON *
json_var_names(const struct json_var *vars)
{
	cJSON *array = cJSON_CreateArray();

	for (; vars != NULL; vars = vars->next)
		cJSON_AddItemToArray(array, cJSON_CreateString(vars->name));
	return array;
}

struct json_var *
json_var_find(struct json_var *vars, const char *name)
{
	while (vars != NULL && strcmp(vars->name, name) != 0)
		vars = vars->next;
	return vars;
}

void
json_var_set(struct json_var **vars, const char *name, const char *value,
    bool raw)
{
	struct json_var *v;

	while (*vars != NULL && strcmp((*vars)->name, name) != 0)
		vars = &(*vars)->next;
	if (*vars == NULL) {
		v = mem_alloc(sizeof(*v));
		v->name = mem_copy(name);
		*vars = v;
	}
	(*vars)->value = mem_copy(value);
	(*vars)->raw = raw;
}

bool
json_var_remove(struct json_var **vars, const char *name)
{
	while (*vars != NULL && strcmp((*vars)->name, name) != 0)
		vars = &(*vars)->next;
	if (*vars == NULL)
		return false;
	*vars = (*vars)->next;
	return true;
}
