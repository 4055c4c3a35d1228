#include "json.h"
#include "fail.h"
#include "json-scan.h"
#include "mem.h"
#include "secret.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
restore_longs(cJSON *item, size_t *index, const struct json_long **longs)
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

static const struct fail *
parse(cJSON **out, const char *text, size_t len, int depth)
{
	const struct json_long *longs;
	const struct fail *f;
	size_t index = 0;

	f = json_scan(&longs, text, len, depth);
	if (f != NULL)
		return f;
	*out = cJSON_ParseWithLength(text, len);
	if (*out == NULL)
		return fail(FAIL_SYNTAX, "malformed JSON");
	if (longs != NULL)
		restore_longs(*out, &index, &longs);
	return check_keys(*out);
}

const struct fail *
json_parse(cJSON **out, const char *text, size_t len)
{
	return parse(out, text, len, JSON_DEPTH_MAX);
}

const struct fail *
json_parse_outside(cJSON **out, const char *text, size_t len)
{
	return parse(out, text, len, JSON_DEPTH_OUTSIDE);
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

cJSON *
json_settle(struct mem_mark mark, const cJSON *item)
{
	const char *text = json_print(item, false);
	char *kept = strdup(text);
	cJSON *settled;

	if (kept == NULL)
		return cJSON_CreateRaw(text);
	mem_release(mark);
	settled = cJSON_CreateRaw(kept);
	free(kept);
	return settled;
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
	(*vars)->forgotten = false;
	(*vars)->text = NULL;
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
