#ifndef SUTLER_JSON_H
#define SUTLER_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct fail;

/* Limits of a text that we read. */
enum {
	JSON_DEPTH_MAX = 32,
	JSON_DEPTH_OUTSIDE = 16 /* of what others send: it goes into records */
};

/*
 * Parse the len bytes at text into *out, strictly: RFC 8259 and nothing
 * behind it, valid UTF-8, no \u0000, no lone surrogate, no key twice in one
 * object, at most JSON_DEPTH_MAX deep.  A number that a double would not give
 * back exactly (an id above 2^53, say) becomes a cJSON_Raw that holds its
 * text and prints as it came.  FAIL_SYNTAX says what is wrong, at which line
 * and column (bytes, both from 1).
 */
const struct fail *json_parse(cJSON **out, const char *text, size_t len);

/* The same for what others send, at most JSON_DEPTH_OUTSIDE deep. */
const struct fail *json_parse_outside(cJSON **out, const char *text,
    size_t len);

/* The member key of object (case counts), or NULL: none, or no object. */
cJSON *json_get(const cJSON *object, const char *key);

/* The string member key of object, or NULL where it is no string. */
const char *json_text(const cJSON *object, const char *key);

/* True where item is a number: one that fits a double, or a long integer. */
bool json_is_number(const cJSON *item);

/* item as plain text: a string's own text, else its JSON ("12", "true"). */
const char *json_plain(const cJSON *item);

/* text as it may stand in JSON: "?" for every byte of it that is not valid
 * UTF-8. */
const char *json_utf8(const char *text);

/* item as JSON text; pretty: indented, for a record, with a newline behind. */
char *json_print(const cJSON *item, bool pretty);

/* Release the memory behind mark and keep of item, which is of it, the text, as
 * an item that prints the same and has no other use. */
struct mem_mark;
cJSON *json_settle(struct mem_mark mark, const cJSON *item);

/* Add to object, at its end, what the name says; text NULL adds null. */
void json_add_text(cJSON *object, const char *key, const char *text);

/*
 * Records: a table of fields stands once, above the struct that it fills, and
 * serves reading and writing.  Keys are written in the table's order.
 */
enum json_kind {
	JSON_STRING, /* const char * */
	JSON_SECRET, /* const char *, sealed where the configuration says so */
	JSON_HIDDEN, /* cJSON *, likewise */
	JSON_BOOL,   /* bool */
	JSON_NUMBER, /* double */
	JSON_ANY,    /* cJSON * */
	JSON_LIST,   /* array of objects: first of a linked list of structs */
	JSON_VARS    /* object of names and values: struct json_var * */
};

enum json_need {
	JSON_MUST, /* present and not null, or the record is not valid */
	JSON_NULL, /* written as null where there is none */
	JSON_OMIT  /* left out where there is none, false or 0 */
};

struct json_field {
	const char *key;
	enum json_kind kind;
	enum json_need need;
	size_t offset;                  /* of the member in the struct */
	const struct json_shape *shape; /* of a list's elements */
};

struct json_shape {
	const struct json_field *fields;
	size_t count;
	size_t size; /* of the struct, in bytes */
	size_t next; /* offset of the pointer to the next, in a list */
	/* key of the record's id: its secrets, and those of what is in it, are
	 * sealed for that; NULL: those of another record, or none */
	const char *id;
};

/* A row of such a table (the member of struct tag has the key's own name); the
 * shape of struct tag by its table; of a list's elements, which have a next;
 * and of a record that may have secrets. */
/* clang-format off */
#define JSON_FIELD(tag, member, kind, need) \
	{ #member, JSON_##kind, JSON_##need, offsetof(struct tag, member), NULL }
#define JSON_FIELD_LIST(tag, member, shape) \
	{ #member, JSON_LIST, JSON_NULL, offsetof(struct tag, member), shape }
#define JSON_SHAPE(tag, table) \
	{ table, sizeof(table) / sizeof((table)[0]), sizeof(struct tag), 0, \
	    NULL }
#define JSON_SHAPE_LIST(tag, table) \
	{ table, sizeof(table) / sizeof((table)[0]), sizeof(struct tag), \
	    offsetof(struct tag, next), NULL }
#define JSON_SHAPE_RECORD(tag, table, id) \
	{ table, sizeof(table) / sizeof((table)[0]), sizeof(struct tag), 0, id }
/* clang-format on */

/* One variable; a value that was no JSON string keeps its JSON text.  text is
 * what stands in the record that was read, or NULL; one that is forgotten
 * (lib/secret.h) is written as that. */
struct json_var {
	struct json_var *next;
	const char *name;
	const char *value;
	bool raw;
	bool forgotten;
	const char *text;
};

/* Fill the struct at out from object, as shape says.  FAIL_BUSY names the
 * first key that is missing, unknown or of another type. */
const struct fail *json_read(void *out, const cJSON *object,
    const struct json_shape *shape);

/* The struct at in as an object, as shape says: its secrets sealed where the
 * configuration says so, in clear where shape is no record's. */
cJSON *json_write(const void *in, const struct json_shape *shape);

/* The same for who may see it: secrets in clear. */
cJSON *json_show(const void *in, const struct json_shape *shape);

/* vars as an object name to value, values as they came (secrets in clear). */
cJSON *json_vars(const struct json_var *vars);

/* The names of vars, in their order, as an array. */
cJSON *json_var_names(const struct json_var *vars);

/* The variable called name, or NULL. */
struct json_var *json_var_find(struct json_var *vars, const char *name);

/* Set name in *vars: replaced in place, else added at the end. */
void json_var_set(struct json_var **vars, const char *name, const char *value,
    bool raw);

/* Take name out of *vars; true where it was there. */
bool json_var_remove(struct json_var **vars, const char *name);

#endif
