#include <stddef.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "mem.h"
#include "tap.h"

struct leaf {
	struct leaf *next;
	const char *name;
	bool old;
};

struct tree {
	const char *id, *note, *hint;
	bool tall, hollow;
	double height, rings;
	cJSON *any;
	struct leaf *leaves;
	struct json_var *vars;
};

static const struct json_field leaf_fields[] = {
    JSON_FIELD(leaf, name, STRING, MUST),
    JSON_FIELD(leaf, old, BOOL, OMIT),
};

static const struct json_shape leaf_shape = JSON_SHAPE_LIST(leaf, leaf_fields);

static const struct json_field fields[] = {
    JSON_FIELD(tree, id, STRING, MUST),
    JSON_FIELD(tree, note, SECRET, NULL),
    JSON_FIELD(tree, hint, STRING, OMIT),
    JSON_FIELD(tree, tall, BOOL, MUST),
    JSON_FIELD(tree, hollow, BOOL, OMIT),
    JSON_FIELD(tree, height, NUMBER, MUST),
    JSON_FIELD(tree, rings, NUMBER, OMIT),
    JSON_FIELD(tree, any, ANY, NULL),
    JSON_FIELD_LIST(tree, leaves, &leaf_shape),
    JSON_FIELD(tree, vars, VARS, NULL),
};

static const struct json_shape shape = JSON_SHAPE(tree, fields);

static const char full[] =
    "{\"id\":\"t\",\"note\":\"n\",\"hint\":\"h\",\"tall\":true,"
    "\"hollow\":true,\"height\":1.5,\"rings\":12,"
    "\"any\":9007199254740993,"
    "\"leaves\":[{\"name\":\"a\"},{\"name\":\"b\",\"old\":true}],"
    "\"vars\":{\"Z\":\"1\",\"A\":\"\",\"N\":12}}";

static const char least[] = "{\"id\":\"t\",\"note\":null,\"tall\":false,"
                            "\"height\":0,\"any\":null,\"leaves\":[],"
                            "\"vars\":{}}";

static const struct fail *
read_tree(struct tree **out, const char *text)
{
	const struct fail *f;
	cJSON *json;

	*out = mem_alloc(sizeof(**out));
	f = json_parse(&json, text, strlen(text));
	return f == NULL ? json_read(*out, json, &shape) : f;
}

static void
test_full(void)
{
	struct tree *t;

	ok(read_tree(&t, full) == NULL, "a full record is read");
	is(t->id, "t", "a string");
	is(t->note, "n", "a secret");
	ok(t->tall && t->hollow, "switches");
	ok(t->height == 1.5 && t->rings == 12, "numbers");
	is(json_plain(t->any), "9007199254740993", "anything");
	is(t->leaves->name, "a", "a list's first");
	ok(!t->leaves->old && t->leaves->next->old, "their switches");
	ok(t->leaves->next->next == NULL, "its end");
	is(t->vars->name, "Z", "variables keep their order");
	is(t->vars->next->value, "", "one that is empty");
	ok(!t->vars->raw && t->vars->next->next->raw, "a number is raw");
	is(json_print(json_write(t, &shape), false), full, "written as read");
	is(json_print(json_vars(t->vars), false),
	    "{\"Z\":\"1\",\"A\":\"\",\"N\":12}", "json_vars");
}

static void
test_least(void)
{
	struct tree *t, empty = {.id = "t"};

	ok(read_tree(&t, "{\"tall\":false,\"id\":\"t\",\"height\":0}") == NULL,
	    "the least record, in another order");
	is(t->note, NULL, "no note");
	ok(t->leaves == NULL && t->vars == NULL && t->any == NULL, "no more");
	is(json_print(json_write(&empty, &shape), false), least,
	    "written with its nulls");
	ok(read_tree(&t, least) == NULL, "which can be read");
	is(json_print(json_write(t, &shape), false), least, "and written");
}

static const struct {
	const char *text, *key;
} bad[] = {
    {"[]",                                                        "no object" },
    {"{}",                                                        "\"id\""    },
    {"{\"id\":null,\"tall\":true,\"height\":1}",                  "\"id\""    },
    {"{\"id\":1,\"tall\":true,\"height\":1}",                     "\"id\""    },
    {"{\"id\":\"t\",\"tall\":1,\"height\":1}",                    "\"tall\""  },
    {"{\"id\":\"t\",\"tall\":true,\"height\":\"1\"}",             "\"height\""},
    {"{\"id\":\"t\",\"tall\":true}",                              "\"height\""},
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"x\":null}",      "\"x\""     },
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"Note\":\"\"}",   "\"Note\""  },
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"note\":5}",      "\"note\""  },
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"leaves\":{}}",   "\"leaves\""},
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"leaves\":[1]}",  "no object" },
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"leaves\":[{}]}", "\"name\""  },
    {"{\"id\":\"t\",\"tall\":true,\"height\":1,\"vars\":[]}",     "\"vars\""  },
};

static void
test_bad(void)
{
	const struct fail *f;
	struct tree *t;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = read_tree(&t, bad[i].text);
		ok(f != NULL && f->code == FAIL_BUSY &&
		        strstr(f->text, bad[i].key) != NULL,
		    "refused for %s: %s", bad[i].key, bad[i].text);
	}
}

static void
test_vars(void)
{
	struct json_var *vars = NULL;

	ok(json_var_find(vars, "A") == NULL, "none to find");
	ok(!json_var_remove(&vars, "A"), "none to remove");
	json_var_set(&vars, "B", "1", false);
	json_var_set(&vars, "A", "2", false);
	json_var_set(&vars, "C", "3", true);
	json_var_set(&vars, "A", "4", false);
	is(json_print(json_vars(vars), false),
	    "{\"B\":\"1\",\"A\":\"4\",\"C\":3}", "set, in order");
	is(json_var_find(vars, "A")->value, "4", "found");
	ok(json_var_find(vars, "a") == NULL, "case counts");
	ok(json_var_remove(&vars, "B"), "the first removed");
	ok(json_var_remove(&vars, "C"), "the last removed");
	is(json_print(json_vars(vars), false), "{\"A\":\"4\"}", "one is left");
}

int
main(void)
{
	test_full();
	test_least();
	test_bad();
	test_vars();
	return done();
}
