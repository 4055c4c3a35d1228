#include "ask.h"

#include "hash.h"

static void
later(struct cgi *c)
{
	(void)c;
	if (write(STDOUT_FILENO, "X", 1) == 1 &&
	    write(STDERR_FILENO, "later\n", 6) != 6)
		abort();
}

static const struct fail *
text(struct cgi *c)
{
	c->text = "<p>";
	c->text_type = "text/html";
	c->after = later;
	cgi_header(c, "Cache-Control", "no-store");
	cgi_header(c, "X-Cut", "a\r\nEvil: 1");
	return NULL;
}

static const struct fail *
nothing(struct cgi *c)
{
	c->status = 204;
	return NULL;
}

static const struct route routes[] = {
    {"GET",    "/v1/apps/:app",               AUTH_NONE,              echo   },
    {"PATCH",  "/v1/apps/:app",               AUTH_NONE,              echo   },
    {"POST",   "/v1/apps/:app/things/:thing", AUTH_NONE,              echo   },
    {"DELETE", "/v1/apps/:app/things/:thing", AUTH_NONE,              echo   },
    {"GET",    "/v1/apps/text/t",             AUTH_NONE | MAY_CHANGE, text   },
    {"DELETE", "/v1/apps/x/nothing",          AUTH_NONE,              nothing},
    {"GET",    "/sso",                        AUTH_NONE,              echo   },
    {"GET",    "/v2/vendor",                  AUTH_NONE,              echo   },
};

static const struct route addons[] = {
    {"GET",  "/v1/apps/:app/addons", AUTH_NONE, echo},
    {"POST", "/v1/apps/:app/addons", AUTH_NONE, echo},
    {"GET",  "/addons/:addon",       AUTH_NONE, echo},
};

/* What this program is depends on its name. */
static int
serve(const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash != NULL && strcmp(slash, "/addons") == 0)
		return cgi_serve(addons, sizeof(addons) / sizeof(addons[0]));
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}

static const struct {
	const char *script, *info, *path; /* NULL: 404 */
} paths[] = {
    {"/v1/apps",                "/blog",          "/v1/apps/blog" },
    {"/market/v1/apps",         "/blog",          "/v1/apps/blog" },
    {"/market/v1/apps",         "//blog/",        "/v1/apps/blog" },
    {"/market/v1/apps",         "/",              NULL            },
    {"/market/v1/apps",         "",               NULL            },
    {"/market/v1/apps",         "/v1",            "/v1/apps/v1"   },
    {"/market/v1/apps",         "/./blog",        NULL            },
    {"/market/v1/apps",         "/../apps/blog",  NULL            },
    {"/market/v1/apps",         "/..",            NULL            },
    {"/market/v1/apps",         "/...",           "/v1/apps/..."  },
    {"/market/v1/apps",         "/a%2fb",         "/v1/apps/a%2fb"},
    {"/market/v1/apps",         "/a/b",           NULL            },
    {"/market/v1/apps",         "/v1/apps/blog",  "/v1/apps/blog" },
    {"/v1/apps/blog",           "",               "/v1/apps/blog" },
    {"",                        "/v1/apps/blog",  "/v1/apps/blog" },
    {"",                        "//v1/apps/blog", "/v1/apps/blog" },
    {"/cgi-bin/sutler/apps",    "/v1/apps/blog",  "/v1/apps/blog" },
    {"/cgi-bin/v1/sutler/apps", "/v1/apps/blog",  "/v1/apps/blog" },
    {"/cgi-bin/sutler/addons",  "/v1/apps/blog",  "/v1/apps/blog" },
    {"/market/v2/vendor",       "",               "/v2/vendor"    },
    {"/cgi-bin/sutler/apps",    "/v2/vendor",     "/v2/vendor"    },
    {"/cgi-bin/sutler/sso",     "",               "/sso"          },
    {"/cgi-bin/sutler/sso",     "/",              "/sso"          },
    {"/cgi-bin/sutler/sso",     "/x",             NULL            },
    {"/cgi-bin/sutler/apps",    "/blog",          NULL            },
    {"",                        "",               NULL            },
};

static void
test_paths(void)
{
	struct reply r;
	char *path;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		r = ask_with(mem_printf("SCRIPT_NAME=%s\nPATH_INFO=%s\n"
		                        "REQUEST_METHOD=GET\nSUTLER_HOP=1",
		                 paths[i].script, paths[i].info),
		    "");
		if (paths[i].path == NULL)
			ok(r.status == 404, "%s + %s: 404", paths[i].script,
			    paths[i].info);
		else
			is(member(r, "path"), paths[i].path, "%s + %s",
			    paths[i].script, paths[i].info);
	}
	ok(ask("GET", "/a\tb", "").status == 400, "a control character");
	ok(ask("GET", "/a\x7f", "").status == 400, "DEL");
	path = mem_alloc(CGI_PATH_MAX + 2);
	memset(path, 'a', CGI_PATH_MAX + 1);
	path[0] = '/';
	ok(ask("GET", path, "").status == 400, "a path too long");
	path[0] = 'q';
	ok(ask("GET", "/blog", mem_printf("QUERY_STRING=%s", path)).status ==
	        400,
	    "a query too long");
}

static void
test_methods(void)
{
	struct reply r;

	r = ask("POST", "/blog", "");
	ok(r.status == 405, "405");
	ok(has(r, "Allow: GET, HEAD, PUT, PATCH, OPTIONS"), "with Allow");
	is(r.body, "{\"error\":\"method not allowed\"}", "and a reason");
	is(member(ask("PUT", "/blog", ""), "method"), "PUT", "PUT as PATCH");
	is(member(ask("PATCH", "/blog", ""), "method"), "PATCH", "PATCH");
	ok(ask("get", "/blog", "").status == 405, "methods have a case");
	ok(ask("TRACE", "/blog", "").status == 405, "an unknown method");
	r = ask("OPTIONS", "/blog/things/1", "");
	ok(r.status == 204, "OPTIONS");
	ok(has(r, "Allow: POST, DELETE, OPTIONS"), "with Allow");
	is(r.body, "", "and nothing else");
	ok(strstr(r.head, "\nContent-") == NULL, "no type, no length");
	ok(ask("OPTIONS", "/x/y/z", "").status == 404, "OPTIONS of nothing");
	r = ask("POST", "/blog/things/7", "QUERY_STRING=_method=DELETE");
	is(member(r, "method"), "DELETE", "POST for a hidden method");
	is(member(r, "b"), "7", "its second parameter");
	r = ask("GET", "/blog/things/7", "QUERY_STRING=_method=DELETE");
	ok(r.status == 405, "but no GET for one");
	r = ask("POST", "/blog/things/7", "QUERY_STRING=_method=GET");
	is(member(r, "method"), "POST", "nor POST for a GET");
	r = ask("HEAD", "/blog", "");
	ok(r.status == 200 && *r.body == '\0', "HEAD has no body");
	ok(has(r, "Content-Type: application/json; charset=utf-8"),
	    "but its type");
}

static void
test_head(void)
{
	struct reply r = ask("GET", "/blog", "HTTP_X_REQUEST_ID=a.b-C_9"), s;
	const char *etag =
	    mem_printf("\"%.32s\"", hash_sha1(r.body, strlen(r.body)));

	ok(strncmp(r.head, "Status: 200 OK\r\n", 16) == 0, "Status");
	ok(has(r, "Content-Type: application/json; charset=utf-8"), "type");
	ok(has(r, mem_printf("Content-Length: %zu", strlen(r.body))), "length");
	ok(has(r, "X-Request-Id: a.b-C_9"), "the client's request id");
	is(member(r, "id"), "a.b-C_9", "which the handler sees");
	ok(has(r, "X-Content-Type-Options: nosniff"), "nosniff");
	ok(has(r, "Cache-Control: max-age=0, private, must-revalidate"),
	    "caching");
	ok(has(r, mem_printf("ETag: %s", etag)), "ETag");
	ok(has(r, "X-Revision: 0123"), "X-Revision");
	ok(strstr(r.head, "Access-Control") == NULL, "no Access-Control");
	s = ask("GET", "/blog",
	    mem_printf("HTTP_X_REQUEST_ID=a.b-C_9\n"
	               "HTTP_IF_NONE_MATCH=\"x\", W/%s",
	        etag));
	ok(s.status == 304 && *s.body == '\0', "If-None-Match");
	ok(has(s, mem_printf("ETag: %s", etag)), "304 has the ETag");
	s = ask("GET", "/blog", "HTTP_IF_NONE_MATCH=\"x\"");
	ok(s.status == 200, "another ETag");
	s = ask("GET", "/blog", "HTTP_X_REQUEST_ID=a b");
	ok(strlen(member(s, "id")) == 16, "a request id of ours");
	s = ask("GET", "/blog", "HTTP_IF_MATCH=\"abc\"");
	is(member(s, "match"), "abc", "If-Match without its quotes");
	s = ask("GET", "/blog", "QUERY_STRING=if_match=abc");
	is(member(s, "match"), "abc", "the query parameter");
	s = ask("GET", "/text/t", "");
	ok(has(s, "Content-Type: text/html"), "another type");
	is(s.body, "<p>", "a text, and what comes after is not in it");
	is(s.log, "later\n", "what comes after is run");
	ok(has(s, "Cache-Control: no-store") &&
	        strstr(s.head, "max-age") == NULL &&
	        strstr(s.head, "ETag") == NULL,
	    "the handler's caching");
	ok(has(s, "X-Cut: a") && strstr(s.head, "Evil") == NULL,
	    "a header is one line");
	s = ask("DELETE", "/x/nothing", "");
	ok(s.status == 204 && strstr(s.head, "\nContent-") == NULL, "204");
	ok(has(s, "Cache-Control: no-cache"), "204 is not cached");
}

/* Put a copy of the program at dir/name. */
static void
install(const char *name)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out;
	const char *to = mem_printf("%s/%s", dir, name);
	char buffer[65536];
	ssize_t n;

	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)n) != n)
			abort();
	close(in);
	if (n != 0 || close(out) != 0)
		abort();
}

/* The programs laid out as in an installation: v1/apps beside addons. */
static void
test_siblings(void)
{
	const char *plain = self;
	struct reply r;

	if (mkdir(mem_printf("%s/v1", dir), 0700) != 0)
		abort();
	install("v1/apps");
	install("addons");
	self = mem_printf("%s/v1/apps", dir);
	r = ask("GET", "/blog/addons/", "");
	is(member(r, "path"), "/v1/apps/blog/addons", "handed on");
	r = ask_with("REQUEST_METHOD=POST\nPATH_INFO=/blog/addons\n"
	             "CONTENT_LENGTH=7",
	    "{\"x\":1}");
	is(member(r, "body"), "{\"x\":1}", "with its body");
	r = ask("GET", "/blog/addons", "SUTLER_HOP=1");
	ok(r.status == 404, "once");
	r = ask("GET", "/blog/addons/1/sso", "");
	ok(r.status == 404, "to a sibling that is not there");
	r = ask("DELETE", "/blog/addons", "");
	ok(r.status == 405, "the sibling knows its methods");
	r = ask("GET", "/x/y/z", "");
	ok(r.status == 404, "nobody's path ends");
	self = mem_printf("%s/addons", dir);
	r = ask("GET", "/ad-1", "SCRIPT_NAME=/addons");
	is(member(r, "path"), "/addons/ad-1", "a path of its own");
	self = plain;
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (getenv("TEST_CGI") != NULL)
		return serve(argv[0]);
	if (!ask_start("test-cgi"))
		return 1;
	test_paths();
	test_methods();
	test_head();
	test_siblings();
	ask_end();
	return done();
}
