/*
 * Records to and from JSON, by the table of fields that each record has.
 */
#include "json.h"
#include "fail.h"
#include "mem.h"
#include "secret.h"

#include <string.h>

static const struct fail *
unfit(const char *key, const char *what)
{
	return fail(FAIL_BUSY, "not a valid record: \"%s\" %s", key, what);
}

static const struct fail *
read_vars(struct json_var **out, const struct json_field *field,
    const cJSON *item)
{
	const struct fail *f;
	const cJSON *child;
	struct json_var *v;

	if (!cJSON_IsObject(item))
		return unfit(field->key, "must be an object");
	cJSON_ArrayForEach(child, item) {
		v = mem_alloc(sizeof(*v));
		v->name = child->string;
		if (cJSON_IsNull(child)) {
			*out = v;
			out = &v->next;
			continue;
		}
		v->raw = !cJSON_IsString(child);
		f = secret_open(&v->value, json_plain(child));
		if (f != NULL)
			return f;
		*out = v;
		out = &v->next;
	}
	return NULL;
}

static const struct fail *
read_list(void **out, const struct json_field *field, const cJSON *item)
{
	const struct json_shape *shape = field->shape;
	const struct fail *f;
	const cJSON *child;
	char *element;

	if (!cJSON_IsArray(item))
		return unfit(field->key, "must be an array");
	cJSON_ArrayForEach(child, item) {
		element = mem_alloc(shape->size);
		f = json_read(element, child, shape);
		if (f != NULL)
			return f;
		*out = element;
		out = (void **)(element + shape->next);
	}
	return NULL;
}

static const struct fail *
read_field(char *out, const struct json_field *field, cJSON *item)
{
	void *member = out + field->offset;

	switch (field->kind) {
	case JSON_STRING:
	case JSON_SECRET:
		if (!cJSON_IsString(item))
			return unfit(field->key, "must be a string");
		if (field->kind == JSON_SECRET)
			return secret_open(member, item->valuestring);
		*(const char **)member = item->valuestring;
		return NULL;
	case JSON_BOOL:
		if (!cJSON_IsBool(item))
			return unfit(field->key, "must be true or false");
		*(bool *)member = cJSON_IsTrue(item);
		return NULL;
	case JSON_NUMBER:
		if (!cJSON_IsNumber(item))
			return unfit(field->key, "must be a number");
		*(double *)member = item->valuedouble;
		return NULL;
	case JSON_ANY:
		*(cJSON **)member = item;
		return NULL;
	case JSON_LIST:
		return read_list(member, field, item);
	case JSON_VARS:
		return read_vars(member, field, item);
	}
	return NULL;
}

const struct fail *
json_read(void *out, const cJSON *object, const struct json_shape *shape)
{
	const struct json_field *field;
	const struct fail *f;
	size_t i, known = 0;
	const cJSON *child;
	cJSON *item;

	if (!cJSON_IsObject(object))
		return fail(FAIL_BUSY, "not a valid record: no object");
	for (i = 0; i < shape->count; i++) {
		field = &shape->fields[i];
		item = json_get(object, field->key);
		known += item != NULL;
		if (item == NULL || cJSON_IsNull(item)) {
			if (field->need == JSON_MUST)
				return unfit(field->key, "is missing");
			continue;
		}
		f = read_field(out, field, item);
		if (f != NULL)
			return f;
	}
	if (known == (size_t)cJSON_GetArraySize(object))
		return NULL;
	cJSON_ArrayForEach(child, object) {
		for (i = 0; i < shape->count; i++)
			if (strcmp(child->string, shape->fields[i].key) == 0)
				break;
		if (i == shape->count)
			return unfit(child->string, "is not known");
	}
	return NULL;
}

static cJSON *
write_vars(const struct json_var *v)
{
	cJSON *object = cJSON_CreateObject();

	for (; v != NULL; v = v->next) {
		if (v->raw)
			cJSON_AddRawToObject(object, v->name, v->value);
		else
			json_add_text(object, v->name, secret_seal(v->value));
	}
	return object;
}

static cJSON *
write_list(const char *element, const struct json_shape *shape)
{
	cJSON *array = cJSON_CreateArray();

	for (; element != NULL;
	     element = *(const char *const *)(element + shape->next))
		cJSON_AddItemToArray(array, json_write(element, shape));
	return array;
}

/* The member of field as JSON, or NULL where there is none. */
static cJSON *
write_field(const char *in, const struct json_field *field)
{
	const void *member = in + field->offset;
	const char *text;
	cJSON *any;

	switch (field->kind) {
	case JSON_STRING:
	case JSON_SECRET:
		text = *(const char *const *)member;
		if (text == NULL)
			return NULL;
		if (field->kind == JSON_SECRET)
			text = secret_seal(text);
		return cJSON_CreateString(text);
	case JSON_BOOL:
		if (!*(const bool *)member && field->need == JSON_OMIT)
			return NULL;
		return cJSON_CreateBool(*(const bool *)member);
	case JSON_NUMBER:
		if (*(const double *)member == 0 && field->need == JSON_OMIT)
			return NULL;
		return cJSON_CreateNumber(*(const double *)member);
	case JSON_ANY:
		any = *(cJSON *const *)member;
		return any == NULL ? NULL : cJSON_Duplicate(any, true);
	case JSON_LIST:
	case JSON_VARS:
		text = *(const char *const *)member;
		if (text == NULL && field->need == JSON_OMIT)
			return NULL;
		if (field->kind == JSON_LIST)
			return write_list(text, field->shape);
		return write_vars(*(const struct json_var *const *)member);
	}
	return NULL;
}

cJSON *
json_write(const void *in, const struct json_shape *shape)
{
	cJSON *object = cJSON_CreateObject(), *item;
	const struct json_field *field;
	size_t i;

	for (i = 0; i < shape->count; i++) {
		field = &shape->fields[i];
		item = write_field(in, field);
		if (item == NULL && field->need == JSON_OMIT)
			continue;
		if (item == NULL)
			item = cJSON_CreateNull();
		cJSON_AddItemToObject(object, field->key, item);
	}
	return object;
}
