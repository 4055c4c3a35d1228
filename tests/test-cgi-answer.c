#include "ask.h"

/* Fails with the code that the path names. */
static const struct fail *
failing(struct cgi *c)
{
	int code = c->param[0][0] - 'a';

	cgi_header(c, "Location", "/x");
	cgi_answer(c, 200);
	if (code == FAIL_INVALID)
		return fail_field(fail_field(fail_field(NULL, "name", "one"),
		                      "size", "two"),
		    "name", "three");
	if (code == FAIL_PAYMENT)
		return fail_what(FAIL_PAYMENT, "https://pay", "pay first");
	if (code == FAIL_MISSING)
		return fail_missing("app");
	return fail((enum fail_code)code, "private\nreason");
}

static const struct route routes[] = {
    {"GET", "/v1/apps/fail/:code", AUTH_NONE, failing},
    {"GET", "/vendor/fail/:code",  AUTH_NONE, failing},
    {"GET", "/v1/apps/:app",       AUTH_NONE, echo   },
};

#define NEUTRAL "not possible now, try again later"
#define PROVIDER "the add-on provider is in trouble"

static const struct {
	enum fail_code code;
	int status;
	const char *scalingo, *heroku;
	bool logged;
} failures[] = {
    {FAIL_SYNTAX,    400, "{\"error\":\"private\\nreason\"}",
     "{\"id\":\"bad_request\",\"message\":\"private\\nreason\"}",                                                                   false},
    {FAIL_AUTH,      401, "{\"error\":\"private\\nreason\"}",
     "{\"id\":\"unauthorized\",\"message\":\"private\\nreason\"}",                                                                  false},
    {FAIL_PAYMENT,   402, "{\"error\":\"pay first\",\"url\":\"https://pay\"}",
     "{\"id\":\"delinquent\",\"message\":\"pay first\","
        "\"url\":\"https://pay\"}",                                                                                                 false},
    {FAIL_FORBIDDEN, 403, "{\"error\":\"private\\nreason\"}",
     "{\"id\":\"forbidden\",\"message\":\"private\\nreason\"}",                                                                     false},
    {FAIL_MISSING,   404, "{\"resource\":\"app\",\"error\":\"not found\"}",
     "{\"id\":\"not_found\",\"message\":\"app not found\"}",                                                                        false},
    {FAIL_CONFLICT,  409, "{\"error\":\"private\\nreason\"}",
     "{\"id\":\"conflict\",\"message\":\"private\\nreason\"}",                                                                      false},
    {FAIL_STALE,     412, "{\"error\":\"private\\nreason\"}",
     "{\"id\":\"precondition_failed\","
        "\"message\":\"private\\nreason\"}",                                                                                        false},
    {FAIL_INVALID,   422,
     "{\"errors\":{\"name\":[\"one\",\"three\"],\"size\":[\"two\"]}}",         "{\"id\":\"invalid_params\","
        "\"message\":\"name: one; size: two; name: three\"}", false},
    {FAIL_BUSY,      503, "{\"error\":\"" NEUTRAL "\"}",
     "{\"id\":\"unavailable\",\"message\":\"" NEUTRAL "\"}",                                                                        true },
    {FAIL_PROVIDER,  503, "{\"error\":\"" PROVIDER "\"}",
     "{\"id\":\"unavailable\",\"message\":\"" PROVIDER "\"}",                                                                       true },
    {FAIL_SYSTEM,    500, "{\"error\":\"internal error\"}",
     "{\"id\":\"internal_server_error\","
        "\"message\":\"internal error\"}",                                                                                          true },
};

static void
test_failures(void)
{
	struct reply r;
	size_t i, n;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]) * 2; i++) {
		n = i / 2;
		r = ask_with(mem_printf("SCRIPT_NAME=\nREQUEST_METHOD=GET\n"
		                        "PATH_INFO=/%s/fail/"
		                        "%c\nHTTP_X_REQUEST_ID=r1",
		                 i % 2 == 0 ? "v1/apps" : "vendor",
		                 'a' + (int)failures[n].code),
		    "");
		ok(r.status == failures[n].status, "status %d",
		    failures[n].status);
		is(r.body,
		    i % 2 == 0 ? failures[n].scalingo : failures[n].heroku,
		    "its body");
		is(r.log,
		    failures[n].logged ? "sutler[r1]: private reason\n" : "",
		    "its line of the log");
		ok(has(r, "Cache-Control: no-cache") &&
		        strstr(r.head, "ETag") == NULL &&
		        strstr(r.head, "Location") == NULL,
		    "its headers");
	}
	r = ask("GET", "/x/y", "");
	is(r.body, "{\"error\":\"not found\"}", "no route");
	r = ask("GET", "/x/y", "SCRIPT_NAME=/vendor/nowhere");
	is(r.body, "{\"id\":\"not_found\",\"message\":\"not found\"}",
	    "no route, for Heroku's family");
	r = ask("GET", "/blog", "SUTLER_CONF=/nonexistent");
	ok(r.status == 500 && strstr(r.body, "nonexist") == NULL &&
	        strstr(r.log, "/nonexistent") != NULL,
	    "no configuration: told to the log alone");
	r = ask("GET", "/x/y", "SUTLER_CONF=/nonexistent");
	ok(r.status == 404, "a 404 needs none");
}

int
main(void)
{
	if (getenv("TEST_CGI") != NULL)
		return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
	if (!ask_start("test-cgi-answer"))
		return 1;
	test_failures();
	ask_end();
	return done();
}
