#include "ask.h"

static const struct fail *
number(struct cgi *c)
{
	const struct fail *f;
	int64_t n;

	f = cgi_query_number(&n, c, "n", 7, 1, 50);
	if (f == NULL)
		cJSON_AddNumberToObject(cgi_answer(c, 200), "n", (double)n);
	return f;
}

static const struct fail *
object(struct cgi *c)
{
	const struct fail *f;
	cJSON *o;

	f = cgi_body_object(&o, c, "o");
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 201), "o",
		    cJSON_Duplicate(o, true));
	return f;
}

static const struct route routes[] = {
    {"GET",    "/v1/apps/:app",               AUTH_NONE, echo  },
    {"POST",   "/v1/apps/:app/things/:thing", AUTH_NONE, echo  },
    {"DELETE", "/v1/apps/:app/things/:thing", AUTH_NONE, echo  },
    {"GET",    "/v1/apps/number/n",           AUTH_NONE, number},
    {"POST",   "/v1/apps/object/o",           AUTH_NONE, object},
};

static void
test_query(void)
{
	static const struct {
		const char *query, *want;
	} rows[] = {
	    {"q=1",         "1"       },
	    {"a=2&q=1&q=3", "1"       },
	    {"q=",          ""        },
	    {"q",           ""        },
	    {"",            "null"    },
	    {"Q=1",         "null"    },
	    {"qq=1",        "null"    },
	    {"q=a%20b+c",   "a b c"   },
	    {"q=%c3%A9",    "\xc3\xa9"},
	    {"q=%",         "%"       },
	    {"q=%4",        "%4"      },
	    {"q=%zz",       "%zz"     },
	    {"q=%00",       "%00"     },
	    {"q=%2525",     "%25"     },
	    {"%71=x",       "x"       },
	    {"q=a=b",       "a=b"     },
	    {"&&q=1&",      "1"       },
	    {"=1&q=2",      "2"       },
	    {"q=%26&a=1",   "&"       },
	};
	static const struct {
		const char *query, *want;
	} numbers[] = {
	    {"",	               "7" },
	    {"n=1",	            "1" },
	    {"n=50",                   "50"},
	    {"n=0",	            NULL},
	    {"n=51",                   NULL},
	    {"n=-1",                   NULL},
	    {"n=",	             NULL},
	    {"n=1x",                   NULL},
	    {"n=%201",                 NULL},
	    {"n=007",                  "7" },
	    {"n=18446744073709551617", NULL},
	};
	struct reply r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is(member(ask("GET", "/blog",
		              mem_printf("QUERY_STRING=%s", rows[i].query)),
		       "q"),
		    rows[i].want, "query %s", rows[i].query);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		r = ask("GET", "/number/n",
		    mem_printf("QUERY_STRING=%s", numbers[i].query));
		if (numbers[i].want != NULL)
			is(member(r, "n"), numbers[i].want, "number %s",
			    numbers[i].query);
		else
			ok(r.status == 400, "no number: %s", numbers[i].query);
	}
}

static struct reply
post(const char *length, const char *env, const char *body)
{
	return ask_with(mem_printf("REQUEST_METHOD=POST\n"
	                           "PATH_INFO=/blog/things/"
	                           "1\nCONTENT_LENGTH=%s\n%s",
	                    length, env),
	    body);
}

/* An object of so many bytes. */
static const char *
long_body(size_t len)
{
	char *text = memset(mem_alloc(len + 1), ' ', len);

	text[0] = '{';
	text[len - 1] = '}';
	text[len] = '\0';
	return text;
}

static void
test_body(void)
{
	static const char ended[] =
	    "SUTLER_BODY_ENDS=yes\nHTTP_TRANSFER_ENCODING=chunked";
	struct reply r;

	is(member(post("7", "", "{\"a\":1}"), "body"), "{\"a\":1}", "a body");
	is(member(post("7", "", "{\"a\":1}xyz"), "body"), "{\"a\":1}",
	    "as long as it says");
	is(member(post("2", "CONTENT_TYPE=application/x-www-form-urlencoded",
	              "{}"),
	       "body"),
	    "{}", "JSON whatever its type");
	is(member(post("4", "", "null"), "body"), "null", "null");
	is(member(post("0", "", ""), "body"), "null", "an empty one");
	is(member(post("", "", "{}"), "body"), "null", "no length");
	is(member(post("3", "", " \n "), "body"), "null", "spaces");
	ok(post("2", "", "[]").status == 400, "an array");
	ok(post("1", "", "1").status == 400, "a number");
	ok(post("3", "", "{}x").status == 400, "garbage behind");
	ok(post("8", "", "{\"a\":1}").status == 400, "too short");
	ok(post("-1", "", "").status == 400, "a negative length");
	ok(post("1x", "", "{}").status == 400, "a length that is none");
	/* as a digit ":" would be ten, and "+" five less than none */
	ok(post(":", "", "{\"a\":1234}").status == 400, "none at all");
	ok(post("1+", "", "{\"a\":}").status == 400, "nor is that");
	ok(post("262145", "", "").status == 413, "a byte too long");
	ok(post("99999999999999999999", "", "").status == 413, "far too long");
	ok(post("262144", "", "").status == 400, "the longest is read");
	r = post("", "HTTP_TRANSFER_ENCODING=Chunked", "2\r\n{}\r\n");
	ok(r.status == 411, "chunks without a length");
	ok(post("", "SUTLER_BODY_ENDS=1", "{}").status == 200, "none at all");
	is(member(post("", ended, "{\"a\":1}"), "body"), "{\"a\":1}",
	    "to its end, where the server says that it has one");
	is(member(post("", ended, ""), "body"), "null", "an empty one");
	is(member(post("2", ended, "{}{}"), "body"), "{}",
	    "a length counts all the same");
	ok(post("", ended, "{\"a\":").status == 400, "one that broke off");
	ok(post("", ended, long_body(262144)).status == 200, "the longest");
	ok(post("", ended, long_body(262145)).status == 413, "a byte more");
	ok(post("", "HTTP_SUTLER_BODY_ENDS=1\nHTTP_TRANSFER_ENCODING=chunked",
	       "{}")
	            .status == 411,
	    "nor does a client say so");
	ok(post("", "HTTP_CONTENT_LENGTH=2", "{}").status == 411,
	    "a length that the server kept");
	is(member(post("", "HTTP_CONTENT_LENGTH=0", ""), "body"), "null",
	    "one of nothing");
	is(member(ask_with("REQUEST_METHOD=GET\nPATH_INFO=/blog\n"
	                   "CONTENT_LENGTH=1\nCONTENT_TYPE=application/json",
	              "{"),
	       "body"),
	    "null", "no body is read with GET");
	is(member(ask_with("REQUEST_METHOD=DELETE\nPATH_INFO=/blog/things/1\n"
	                   "CONTENT_LENGTH=2",
	              "{}"),
	       "body"),
	    "{}", "DELETE has one");
	r = ask_with("REQUEST_METHOD=POST\nPATH_INFO=/object/o\n"
	             "CONTENT_LENGTH=10",
	    "{\"o\":{}}  ");
	ok(r.status == 201 && strcmp(r.body, "{\"o\":{}}") == 0, "an object");
	ok(has(r, "Cache-Control: max-age=0, private, must-revalidate") &&
	        strstr(r.head, "ETag") == NULL,
	    "201 has no ETag");
	r = ask_with("REQUEST_METHOD=POST\nPATH_INFO=/object/o\n"
	             "CONTENT_LENGTH=7",
	    "{\"o\":1}");
	is(r.body, "{\"error\":\"o is required\"}", "another member");
	ok(ask("POST", "/object/o", "").status == 400, "no body, no object");
}

/* The last page there can be, of any size. */
static void
test_page(void)
{
	struct cgi_page page = {1 << 30, 8};
	size_t rows = cgi_page_skip(&page);

	ok(rows > 1 << 30 && rows + 4000 > rows, "far behind, and countable");
}

int
main(void)
{
	if (getenv("TEST_CGI") != NULL)
		return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
	if (!ask_start("test-cgi-body"))
		return 1;
	test_query();
	test_body();
	test_page();
	ask_end();
	return done();
}
