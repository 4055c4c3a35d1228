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

/* whose: the id of the record that all of it is in (lib/secret.h). */
static const struct fail *
read_var(struct json_var *v, const cJSON *item, const char *whose)
{
	const struct fail *f;
	struct secret s;

	v->name = item->string;
	if (cJSON_IsNull(item))
		return NULL;
	v->raw = !cJSON_IsString(item);
	v->value = v->text = json_plain(item);
	if (v->raw) {
		secret_saw(whose, v->name, v->value);
		return NULL;
	}
	f = secret_open(&s, whose, v->name, v->value);
	if (f != NULL)
		return f;
	v->forgotten = s.forgotten;
	v->value = s.clear;
	v->raw = s.json;
	return NULL;
}

static const struct fail *
read_vars(struct json_var **out, const struct json_field *field,
    const cJSON *item, const char *whose)
{
	const struct fail *f;
	const cJSON *child;
	struct json_var *v;

	if (!cJSON_IsObject(item))
		return unfit(field->key, "must be an object");
	cJSON_ArrayForEach(child, item) {
		v = mem_alloc(sizeof(*v));
		f = read_var(v, child, whose);
		if (f != NULL)
			return f;
		*out = v;
		out = &v->next;
	}
	return NULL;
}

static const struct fail *read_shape(void *out, const cJSON *object,
    const struct json_shape *shape, const char *whose);

static const struct fail *
read_list(void **out, const struct json_field *field, const cJSON *item,
    const char *whose)
{
	const struct json_shape *shape = field->shape;
	const struct fail *f;
	const cJSON *child;
	char *element;

	if (!cJSON_IsArray(item))
		return unfit(field->key, "must be an array");
	cJSON_ArrayForEach(child, item) {
		element = mem_alloc(shape->size);
		f = read_shape(element, child, shape, whose);
		if (f != NULL)
			return f;
		*out = element;
		out = (void **)(element + shape->next);
	}
	return NULL;
}

static const struct fail *
read_secret(const char **out, const struct json_field *field, const cJSON *item,
    const char *whose)
{
	const struct fail *f;
	struct secret s;

	f = secret_open(&s, whose, field->key, item->valuestring);
	if (f == NULL && s.forgotten)
		return unfit(field->key, "is forgotten");
	*out = s.clear;
	return f;
}

/* Any JSON, which stands as itself or sealed. */
static const struct fail *
read_hidden(cJSON **out, const struct json_field *field, cJSON *item,
    const char *whose)
{
	const char *text;
	const struct fail *f;

	*out = item;
	if (!cJSON_IsString(item)) {
		secret_saw(whose, field->key,
		    secret_remembers() ? json_print(item, false) : NULL);
		return NULL;
	}
	f = read_secret(&text, field, item, whose);
	if (f == NULL && text != item->valuestring)
		f = json_parse(out, text, strlen(text));
	return f;
}

static const struct fail *
read_field(char *out, const struct json_field *field, cJSON *item,
    const char *whose)
{
	void *member = out + field->offset;

	switch (field->kind) {
	case JSON_STRING:
	case JSON_SECRET:
		if (!cJSON_IsString(item))
			return unfit(field->key, "must be a string");
		if (field->kind == JSON_SECRET)
			return read_secret(member, field, item, whose);
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
	case JSON_HIDDEN:
		return read_hidden(member, field, item, whose);
	case JSON_LIST:
		return read_list(member, field, item, whose);
	case JSON_VARS:
		return read_vars(member, field, item, whose);
	}
	return NULL;
}

static const struct fail *
read_shape(void *out, const cJSON *object, const struct json_shape *shape,
    const char *whose)
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
		f = read_field(out, field, item, whose);
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

const struct fail *
json_read(void *out, const cJSON *object, const struct json_shape *shape)
{
	return read_shape(out, object, shape,
	    shape->id == NULL ? NULL : json_text(object, shape->id));
}

static cJSON *
write_vars(const struct json_var *v, const char *whose)
{
	cJSON *object = cJSON_CreateObject();
	const char *text;

	for (; v != NULL; v = v->next) {
		text = v->value;
		if (v->forgotten)
			text = v->text;
		else if (text != NULL)
			text = secret_seal(whose, v->name, text, v->raw);
		if (v->raw && !secret_is_sealed(text))
			cJSON_AddRawToObject(object, v->name, text);
		else
			json_add_text(object, v->name, text);
	}
	return object;
}

static cJSON *
write_hidden(const cJSON *any, const char *key, const char *whose)
{
	const char *text = json_print(any, false);

	text = secret_seal(whose, key, text, true);
	return secret_is_sealed(text) ? cJSON_CreateString(text)
	                              : cJSON_Duplicate(any, true);
}

static cJSON *write_shape(const void *in, const struct json_shape *shape,
    const char *whose);

static cJSON *
write_list(const char *element, const struct json_shape *shape,
    const char *whose)
{
	cJSON *array = cJSON_CreateArray();

	for (; element != NULL;
	     element = *(const char *const *)(element + shape->next))
		cJSON_AddItemToArray(array, write_shape(element, shape, whose));
	return array;
}

/* The member of field as JSON, or NULL where there is none. */
static cJSON *
write_field(const char *in, const struct json_field *field, const char *whose)
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
			text = secret_seal(whose, field->key, text, false);
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
	case JSON_HIDDEN:
		any = *(cJSON *const *)member;
		if (any != NULL && field->kind == JSON_HIDDEN)
			return write_hidden(any, field->key, whose);
		return any == NULL ? NULL : cJSON_Duplicate(any, true);
	case JSON_LIST:
	case JSON_VARS:
		text = *(const char *const *)member;
		if (text == NULL && field->need == JSON_OMIT)
			return NULL;
		if (field->kind == JSON_LIST)
			return write_list(text, field->shape, whose);
		return write_vars(*(const struct json_var *const *)member,
		    whose);
	}
	return NULL;
}

static cJSON *
write_shape(const void *in, const struct json_shape *shape, const char *whose)
{
	cJSON *object = cJSON_CreateObject(), *item;
	const struct json_field *field;
	size_t i;

	for (i = 0; i < shape->count; i++) {
		field = &shape->fields[i];
		item = write_field(in, field, whose);
		if (item == NULL && field->need == JSON_OMIT)
			continue;
		if (item == NULL)
			item = cJSON_CreateNull();
		cJSON_AddItemToObject(object, field->key, item);
	}
	return object;
}

/* The record's own id in the struct at in, or NULL. */
static const char *
id_in(const char *in, const struct json_shape *shape)
{
	size_t i;

	for (i = 0; shape->id != NULL && i < shape->count; i++)
		if (strcmp(shape->fields[i].key, shape->id) == 0)
			return *(
			    const char *const *)(in + shape->fields[i].offset);
	return NULL;
}

cJSON *
json_write(const void *in, const struct json_shape *shape)
{
	return write_shape(in, shape, id_in(in, shape));
}

cJSON *
json_show(const void *in, const struct json_shape *shape)
{
	return write_shape(in, shape, NULL);
}
