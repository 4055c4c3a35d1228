#include "conf.h"
#include "plan.h"
#include "fail.h"
#include "mem.h"
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

/* Every plan: name, price, whether it is off, position, id. */
static const char *
told(const struct plan *p)
{
	struct mem_text t = {0};

	for (; p != NULL; p = p->next)
		mem_addf(&t, "%s%s %g%s at %g id %s", t.len > 0 ? "; " : "",
		    p->name, p->price, p->disabled ? " off" : "", p->position,
		    p->id);
	return t.text;
}

static struct plan *
stated(const char *json, const char *prefix)
{
	struct plan *list = plan_list(parse(json), "name"), *p;

	for (p = list; p != NULL; p = p->next)
		p->id = mem_printf("%s%s", prefix, p->name);
	return list;
}

static void
test_merge(void)
{
	static const char abc[] = "[{\"name\":\"a\",\"price\":1},"
	                          "{\"name\":\"b\",\"price\":2},"
	                          "{\"name\":\"c\",\"price\":3}]";
	struct plan *have = stated(abc, "old-"), *before = stated(abc, "x-");
	struct plan *p;

	is(told(plan_merge(have, before, stated(abc, "new-"))),
	    "a 1 at 1 id old-a; b 2 at 2 id old-b; c 3 at 3 id old-c",
	    "the same plans keep their ids");
	p = plan_merge(have, before,
	    stated("[{\"name\":\"d\"},{\"name\":\"b\",\"price\":9}]", "new-"));
	is(told(p),
	    "d 0 at 1 id new-d; b 9 at 2 id old-b; a 1 off at 3 id old-a; "
	    "c 3 off at 4 id old-c",
	    "a new one, one repriced, two gone");
	is(told(plan_merge(p,
	       stated("[{\"name\":\"d\"},{\"name\":\"b\",\"price\":9}]", "x-"),
	       stated(abc, "new-"))),
	    "a 1 at 1 id old-a; b 2 at 2 id old-b; c 3 at 3 id old-c; "
	    "d 0 off at 4 id new-d",
	    "those that are back are sold again, by their ids");

	have->price = 7;
	have->next->disabled = true;
	have->next->alternative = "old-a";
	p = plan_merge(have, before, stated(abc, "new-"));
	is(told(p),
	    "a 7 at 1 id old-a; b 2 off at 2 id old-b; c 3 at 3 id old-c",
	    "the operator's price and retirement outlive what says the same");
	is(p->next->alternative, "old-a", "and the alternative");
	p = plan_merge(have, before,
	    stated("[{\"name\":\"a\",\"price\":8}]", "new-"));
	ok(p->price == 8, "a price that the manifest changes counts");
}

int
main(void)
{
	test_merge();
	test_list();
	test_record();
	test_view();
	test_html();
	return done();
}
