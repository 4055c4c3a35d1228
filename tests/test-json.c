#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "mem.h"
#include "tap.h"

/* text parsed and printed again; NULL where it is refused. */
static const char *
again(const char *text, size_t len)
{
	const struct fail *f;
	cJSON *json = NULL;

	f = json_parse(&json, text, len);
	if (f == NULL)
		return json_print(json, false);
	ok(f->code == FAIL_SYNTAX, "refused with FAIL_SYNTAX: %s", f->text);
	return NULL;
}

static const struct {
	const char *text, *want;
} good[] = {
    {"{}",                                                       "{}"                              },
    {" [ ] ",                                                    "[]"                              },
    {"null",                                                     "null"                            },
    {"\t\r\n true \n",                                           "true"                            },
    {"\"\"",                                                     "\"\""                            },
    {"0",                                                        "0"                               },
    {"-0.5e+3",                                                  "-500"                            },
    {"[1,2.5,-3]",                                               "[1,2.5,-3]"                      },
    {"{\"a\":{\"a\":1},\"A\":2}",                                "{\"a\":{\"a\":1},\"A\":2}"       },
    {"\"\\u00e9\\ud83d\\ude00\"",                                "\"\xc3\xa9\xf0\x9f\x98\x80\""    },
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",                           "\"\\\"\\\\/\\b\\f\\n\\r\\t\""    },
    {"\"\xf4\x8f\xbf\xbf\xee\x80\x80\"",                         "\"\xf4\x8f\xbf\xbf\xee\x80\x80\""},
    {"9007199254740993",                                         "9007199254740993"                },
    {"-9007199254740993",                                        "-9007199254740993"               },
    {"[1,{\"id\":12345678901234567890},2,18446744073709551616]",
     "[1,{\"id\":12345678901234567890},2,18446744073709551616]"                                    },
    {"1234567890123456",                                         "1234567890123456"                },
    {"123456789012345",                                          "123456789012345"                 },
    {"0.1",                                                      "0.1"                             },
};

static const char *const bad[] = {
    "",
    " ",
    "{",
    "[",
    "\"",
    "{}x",
    "{} {}",
    "null null",
    "[1,]",
    "[,1]",
    "{\"a\":1,}",
    "{a:1}",
    "{'a':1}",
    "{\"a\"}",
    "{\"a\":}",
    "{1:2}",
    "[1 2]",
    "[1}",
    "01",
    "+1",
    "1.",
    ".5",
    "-",
    "1e",
    "1e400",
    "0x10",
    "NaN",
    "Infinity",
    "nul",
    "TRUE",
    "// x\n1",
    "\xef\xbb\xbf{}",
    "\"\n\"",
    "\"\x01\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\",
    "\"\\u",
    "\"\\u0000\"",
    "{\"a\\u0000b\":1}",
    "\"\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\ud800\"",
    "\"\\udc00\"",
    "\"\x80\"",
    "\"\xc0\x80\"",
    "\"\xc3\"",
    "\"\xc3(\"",
    "\"\xe0\x80\x80\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf8\x88\x80\x80\x80\"",
    "\"\xff\"",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]",
};

static void
test_grammar(void)
{
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is(again(good[i].text, strlen(good[i].text)), good[i].want,
		    "taken: %s", good[i].want);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is(again(bad[i], strlen(bad[i])), NULL, "bad text %zu", i);
	is(again("{}\0", 3), NULL, "a NUL behind");
	is(again("[1,\0 2]", 7), NULL, "a NUL between");
	is(again("\"a\0b\"", 5), NULL, "a NUL in a string");
	text = mem_dup("[12]3", 4);
	is(again(text, 4), "[12]", "len ends it");
	/* the byte behind len is not looked at: a sanitizer would tell */
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mem_mark mark = mem_mark();
		char *cut = mem_alloc(strlen(bad[i]) + 1);
		cJSON *json;

		memcpy(cut, bad[i], strlen(bad[i]));
		cut[strlen(bad[i])] = '"';
		ok(json_parse(&json, cut, strlen(bad[i])) != NULL,
		    "bad text %zu with a quote behind", i);
		mem_release(mark);
	}
}

/* depth arrays in each other. */
static const char *
nest(size_t depth)
{
	char *text = mem_alloc(depth * 2 + 1);

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return text;
}

static void
test_depth(void)
{
	const char *deepest = nest(JSON_DEPTH_MAX);
	char *bomb;

	is(again(deepest, strlen(deepest)), deepest, "as deep as allowed");
	is(again(nest(JSON_DEPTH_MAX + 1), JSON_DEPTH_MAX * 2 + 2), NULL,
	    "one deeper");
	bomb = mem_alloc(200000);
	memset(bomb, '[', 200000);
	is(again(bomb, 200000), NULL, "a bomb");
	memset(bomb, '{', 200000);
	is(again(bomb, 200000), NULL, "another");
	deepest = "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
	          "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]";
	is(again(deepest, strlen(deepest)), deepest, "many are not deep");
}

static void
test_members(void)
{
	static const char text[] =
	    "{\"s\":\"x\",\"n\":12,\"long\":9007199254740993,\"t\":true,"
	    "\"z\":null,\"o\":{\"k\":[1]}}";
	cJSON *json = NULL, *made = cJSON_CreateObject();

	ok(json_parse(&json, text, strlen(text)) == NULL, "parsed");
	ok(json_get(json, "s") != NULL, "json_get");
	ok(json_get(json, "S") == NULL, "case counts");
	ok(json_get(json_get(json, "s"), "s") == NULL, "no object");
	ok(json_get(NULL, "s") == NULL, "nothing");
	is(json_text(json, "s"), "x", "json_text");
	is(json_text(json, "n"), NULL, "json_text of a number");
	is(json_text(json, "long"), NULL, "json_text of a long number");
	is(json_text(json, "none"), NULL, "json_text of nothing");
	ok(json_is_number(json_get(json, "n")), "a number");
	ok(json_is_number(json_get(json, "long")), "a long number");
	ok(!json_is_number(json_get(json, "s")), "a string is none");
	ok(!json_is_number(NULL), "nothing is none");
	is(json_plain(json_get(json, "s")), "x", "json_plain of a string");
	is(json_plain(json_get(json, "n")), "12", "of a number");
	is(json_plain(json_get(json, "long")), "9007199254740993",
	    "of a long number");
	is(json_plain(json_get(json, "t")), "true", "of true");
	is(json_plain(json_get(json, "z")), "null", "of null");
	is(json_plain(json_get(json, "o")), "{\"k\":[1]}", "of an object");
	json_add_text(made, "b", "x");
	json_add_text(made, "a", NULL);
	is(json_print(made, false), "{\"b\":\"x\",\"a\":null}",
	    "json_add_text, in order");
	is(json_print(made, true), "{\n\t\"b\":\t\"x\",\n\t\"a\":\tnull\n}\n",
	    "printed for a record");
}

static void
test_settle(void)
{
	cJSON *list = cJSON_CreateArray(), *item;
	struct mem_mark mark;
	int i;

	for (i = 0; i < 2; i++) {
		mark = mem_mark();
		item = cJSON_CreateObject();
		json_add_text(item, "a", i == 0 ? "\"\n" : "two");
		cJSON_AddItemToArray(list, json_settle(mark, item));
		memset(mem_alloc(64), 'x', 64); /* on what was released */
	}
	is(json_print(list, false), "[{\"a\":\"\\\"\\n\"},{\"a\":\"two\"}]",
	    "json_settle keeps the text");
}

/* cJSON would read the first 63 characters of it, and leave the rest. */
static void
test_long(void)
{
	const char *zeros = mem_printf("%062d", 0), *text;
	const struct fail *f;
	cJSON *json;

	text = mem_printf("[1%s]", zeros);
	is(again(text, strlen(text)), text, "a number of 63 digits");
	text = mem_printf("0.%s5e62", zeros);
	f = json_parse(&json, text, strlen(text));
	is(f == NULL ? NULL : f->text,
	    "malformed JSON: number too long at line 1, column 69",
	    "a longer one is refused, by its place");
	text = mem_printf("{\"a\":11%s}", zeros);
	f = json_parse(&json, text, strlen(text));
	is(f == NULL ? NULL : f->text,
	    "malformed JSON: number too long at line 1, column 70",
	    "in an object, too");
}

static void
test_utf8(void)
{
	is(json_utf8("a\xc3\xa9\xf0\x9f\x98\x80"), "a\xc3\xa9\xf0\x9f\x98\x80",
	    "what is UTF-8 stays");
	is(json_utf8("\xe9t\xe9 \xc3"), "?t? ?", "what is none does not");
	is(json_utf8(""), "", "nothing is");
}

int
main(void)
{
	test_long();
	test_utf8();
	test_grammar();
	test_depth();
	test_members();
	test_settle();
	return done();
}
