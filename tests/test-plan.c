#include "conf.h"
#include "plan.h"
#include "fail.h"
#include "tap.h"

#include <string.h>

static const struct conf conf = {.region = "local-1", .currency = "CHF"};

static cJSON *
parse(const char *text)
{
	cJSON *json = NULL;

	return json_parse(&json, text, strlen(text)) == NULL ? json : NULL;
}

static void
test_list(void)
{
	struct plan *p =
	    plan_list(parse("[{\"name\":\"s\",\"price\":-1},"
	                    "{\"name\":\"b\",\"display_name\":\"Big\","
	                    "\"description\":\"d\",\"price\":9.5,"
	                    "\"options\":{\"x\":\"1\"}}]"),
	        "name");

	is(p->name, "s", "name");
	is(p->display_name, "s", "the display name falls back to the name");
	is(p->description, "", "no description");
	ok(p->price == 0, "no price is below 0");
	ok(p->options == NULL && p->position == 1, "first, without options");
	ok(strlen(p->id) == 24 && strcmp(p->id, p->next->id) != 0,
	    "each has an id of its own");
	is(p->next->display_name, "Big", "display name");
	ok(p->next->price == 9.5 && p->next->position == 2, "price, position");
	is(json_print(p->next->options, false), "{\"x\":\"1\"}", "options");
	ok(p->next->next == NULL, "two of them");

	ok(plan_find(p, p->next->id) == p->next, "found by id");
	ok(plan_find(p, "s") == p, "found by name");
	ok(plan_find(p, "t") == NULL, "not found");
	p->name = p->next->id;
	ok(plan_find(p, p->name) == p->next, "an id goes before a name");

	p = plan_list(parse("[{\"id\":\"s\",\"name\":\"small\"}]"), "id");
	is(p->name, "s", "AppFog: the id is the name");
	is(p->display_name, "small", "AppFog: the name is for show");
	ok(plan_list(NULL, "name") == NULL, "no plans");
}

static void
test_record(void)
{
	static const char text[] = "{\"id\":\"1\",\"name\":\"s\","
	                           "\"display_name\":\"S\",\"description\":"
	                           "\"\",\"price\":0,\"position\":1}";
	struct plan p = {0};

	ok(json_read(&p, parse(text), &plan_shape) == NULL, "a record");
	is(json_print(json_write(&p, &plan_shape), false), text, "and back");
	ok(json_read(&p, parse("{\"id\":\"1\"}"), &plan_shape) != NULL,
	    "half a record");
}

static void
test_view(void)
{
	struct plan p = {.id = "64b0",
	    .name = "acme-big",
	    .display_name = "Big",
	    .description = "1 < 2",
	    .price = 7.2,
	    .position = 3};

	is(json_print(plan_view(&p, &conf), false),
	    "{\"id\":\"64b0\",\"name\":\"acme-big\",\"display_name\":\"Big\","
	    "\"price\":7.2,\"description\":\"<p>1 &lt; 2</p>\\n\","
	    "\"position\":3,\"on_demand\":false,\"disabled\":false,"
	    "\"disabled_alternative_plan_id\":null,"
	    "\"sku\":\"local-1-acme-big\",\"hds_available\":false,"
	    "\"pricings\":{\"default\":{\"price\":\"0.0001666667\","
	    "\"currency\":\"CHF\",\"period\":\"minute\"}}}",
	    "the plan as clients read it");
}

static void
test_html(void)
{
	is(plan_html(""), "", "nothing");
	is(plan_html(" \n\n"), "", "blank lines");
	is(plan_html("a"), "<p>a</p>\n", "one line");
	is(plan_html("\n a\r\nb\n\t\n\nc\n"), "<p> a\nb</p>\n<p>c</p>\n",
	    "paragraphs");
	is(plan_html("<script a='\"'>&amp;"),
	    "<p>&lt;script a=&#39;&quot;&#39;&gt;&amp;amp;</p>\n", "escaped");
}

int
main(void)
{
	test_list();
	test_record();
	test_view();
	test_html();
	return done();
}
