/*
 * The door: whatever a server hands on, the answer is one of CGI's, its JSON
 * is JSON, nobody is let in without a secret that we gave out, and nothing is
 * our fault.  Lines: method, script, path, query, Authorization,
 * Content-Length, Content-Type, Idempotency-Key, If-Match, If-None-Match,
 * Cookie, Origin; what stands behind them is the body.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgi.h"
#include "clock.h"
#include "fail.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "session.h"
#include "token.h"

#define SECRET "tk-us-fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzz"

/* 43 characters */
#define COOKIE "fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuz"

static const char *jwt;
static int answer_fd, body_fd, last_fd;

/* All that a handler may ask for. */
static const struct fail *
show(struct cgi *c)
{
	cJSON *config, *object, *view = cgi_answer(c, 200);
	const struct fail *f;
	struct cgi_page page;
	int64_t number;

	f = cgi_page_read(&page, c, 20, 100);
	if (f != NULL)
		return f;
	fuzz_must(page.page >= 1 && page.per_page >= 1 && page.per_page <= 100,
	    "a page is within its bounds");
	cgi_page_skip(&page);
	cgi_page_add(view, &page, 1234);
	f = cgi_query_number(&number, c, "n", 5, 1, 9);
	if (f != NULL)
		return f;
	fuzz_must(number >= 1 && number <= 9, "a number is within its bounds");
	cgi_query_all(c, "a");
	cgi_param(c, "grant_type");
	if (c->body != NULL)
		fuzz_same(c->body, "a body");
	if (cgi_body_config(&config, c, true) == NULL)
		fuzz_same(config, "its config");
	cgi_body_object(&object, c, "app");
	cgi_header(c, "Location", c->path);
	f = event_match(&c->act, "app", "0123456789abcdef");
	return f != NULL || c->account == NULL ? f : cgi_once(c);
}

/* Who is let in has what we gave out. */
static const struct fail *
show_user(struct cgi *c)
{
	const char *text = getenv("HTTP_AUTHORIZATION");
	const char *cookie = getenv("HTTP_COOKIE");
	const char *origin = getenv("HTTP_ORIGIN");

	if (c->session != NULL) {
		fuzz_must(text == NULL && cookie != NULL &&
		              strstr(cookie, COOKIE) != NULL,
		    "a browser is known by its cookie");
		fuzz_must(strcmp(c->method, "GET") == 0 ||
		              strcmp(c->method, "HEAD") == 0 ||
		              origin == NULL ||
		              strcmp(origin, "https://market.example") == 0,
		    "a change by cookie comes from our own page");
		return show(c);
	}
	fuzz_must(c->account != NULL && text != NULL &&
	              (strstr(text, SECRET) != NULL ||
	                  strstr(text, jwt) != NULL),
	    "a user is known by a token");
	return show(c);
}

static const struct fail *
show_basic(struct cgi *c)
{
	const char *text = getenv("HTTP_AUTHORIZATION");
	const char *secret =
	    c->provider == NULL ? SECRET : c->provider->password;
	char *pair = NULL;
	size_t len = 0;

	if (text != NULL && strchr(text, ' ') != NULL) {
		text = strchr(text, ' ');
		text += strspn(text, " ");
		pair = hash_unbase64(&len, text, strlen(text));
	}
	/* the portal takes both */
	if (pair == NULL && c->account != NULL)
		return show_user(c);
	fuzz_must(pair != NULL && len > strlen(secret) &&
	              strcmp(pair + len - strlen(secret), secret) == 0,
	    "Basic credentials end in the password");
	return show(c);
}

static const struct fail *
show_resource(struct cgi *c)
{
	(void)c;
	fuzz_must(false, "nobody has a token for an installation");
	return NULL;
}

static const struct route routes[] = {
    {"GET",   "/v1/apps",                AUTH_NONE,      show         },
    {"POST",  "/v1/apps/:app/variables", AUTH_NONE,      show         },
    {"PUT",   "/vendor/apps/:id",        AUTH_NONE,      show         },
    {"GET",   "/v1/users/self",          AUTH_USER,      show_user    },
    {"PATCH", "/v1/apps/:app",           AUTH_OWNER,     show_user    },
    {"POST",  "/v1/tokens/exchange",     AUTH_API_TOKEN, show_basic   },
    {"GET",   "/v1/provider/apps/:id",   AUTH_PROVIDER,  show_basic   },
    {"POST",  "/provider/addons",        AUTH_PORTAL,    show_basic   },
    {"GET",   "/addons/:id",             AUTH_RESOURCE,  show_resource},
};

/* A session whose secret is known. */
static void
make_session(struct store *store, const struct account *a)
{
	const char *secret, *file;
	struct session *s;

	fuzz_done(session_new(&s, &secret, store, a, a->tokens, clock_now()));
	file = mem_printf("%.*s/%s", (int)(strrchr(s->file, '/') - s->file),
	    s->file, hash_sha256(COOKIE, strlen(COOKIE)));
	fuzz_must(rename(s->file, file) == 0, "a session has its place");
}

static void
make_account(struct store *store, const struct act *act)
{
	struct event e = event_new("ana");
	struct account_token *t;
	struct account *a;
	cJSON *claims = cJSON_CreateObject();

	fuzz_done(account_new(&a, "ana", "ana@example.org", true));
	a->id = "us-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50";
	account_token_add(a, "fuzz");
	t = a->tokens;
	t->id = "1d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50";
	t->hash = hash_sha256(SECRET, strlen(SECRET));
	fuzz_done(store_lock(store));
	account_put(store, a);
	fuzz_done(event_commit(NULL, act, &e));
	make_session(store, a);
	json_add_text(claims, "iss", "Scalingo");
	json_add_text(claims, "uuid", a->id);
	json_add_text(claims, "sub", "ana");
	json_add_text(claims, "tid", t->id);
	cJSON_AddNumberToObject(claims, "exp", 99999999999);
	fuzz_done(token_sign(&jwt, store, "user token", claims));
}

static void
make_provider(struct store *store, const struct act *act)
{
	struct event e = event_new("cache");
	struct finding *findings;
	struct provider *p;

	fuzz_done(
	    provider_new(&p, &findings, fuzz_file("data/sample-scalingo.json"),
	        "scalingo", NULL, NULL, true, false));
	fuzz_done(store_lock(store));
	fuzz_done(provider_put(store, p));
	fuzz_done(event_commit(NULL, act, &e));
}

void
fuzz_begin(void)
{
	struct store *store;
	struct conf *conf = fuzz_data(&store);
	const struct act act = {.conf = conf, .store = store};

	make_account(store, &act);
	make_provider(store, &act);
	/* no sibling is ever run */
	setenv("SUTLER_HOP", "1", 1);
	answer_fd = memfd_create("answer", MFD_CLOEXEC);
	body_fd = memfd_create("body", MFD_CLOEXEC);
	fuzz_must(answer_fd != -1 && body_fd != -1 &&
	              dup2(body_fd, STDIN_FILENO) == STDIN_FILENO &&
	              dup2(answer_fd, STDOUT_FILENO) == STDOUT_FILENO,
	    "there are files for body and answer");
	last_fd = dup(answer_fd);
}

static void
put_body(const char *bytes)
{
	size_t len = strlen(bytes);

	fuzz_must(ftruncate(body_fd, 0) == 0 && ftruncate(answer_fd, 0) == 0 &&
	              pwrite(body_fd, bytes, len, 0) == (ssize_t)len &&
	              lseek(body_fd, 0, SEEK_SET) == 0 &&
	              lseek(answer_fd, 0, SEEK_SET) == 0,
	    "a body can be put");
}

/* One header line of the answer, which moves *rest on; its value where it is
 * called name. */
static const char *
header(char **rest, const char *name)
{
	char *line = *rest, *end = strstr(line, "\r\n"), *p;
	size_t len = strlen(name);

	fuzz_must(end != NULL && end > line && strchr(line, ':') != NULL &&
	              strchr(line, ':') < end,
	    "a header line has a name, and an end");
	*end = '\0';
	*rest = end + 2;
	for (p = line; *p != '\0'; p++)
		fuzz_must((unsigned char)*p >= ' ' && *p != 0x7f,
		    "a header has no control characters");
	return strncmp(line, name, len) == 0 && line[len] == ':'
	           ? line + len + 2
	           : NULL;
}

static void
check_answer(void)
{
	off_t len = lseek(answer_fd, 0, SEEK_END);
	char *text = mem_alloc((size_t)len + 1), *rest = text;
	const char *status, *value;
	long length = -1;
	cJSON *json;

	fuzz_must(pread(answer_fd, text, (size_t)len, 0) == len &&
	              strlen(text) == (size_t)len,
	    "an answer is a text");
	status = header(&rest, "Status");
	fuzz_must(status != NULL && status[0] >= '2' && status[0] <= '4',
	    "nothing is our fault");
	while (strncmp(rest, "\r\n", 2) != 0) {
		value = header(&rest, "Content-Length");
		if (value != NULL)
			length = strtol(value, NULL, 10);
	}
	rest += 2;
	if (*rest == '\0')
		return;
	fuzz_must(length == (long)strlen(rest), "Content-Length is right");
	fuzz_done(json_parse(&json, rest, strlen(rest)));
}

void
fuzz_one(char *bytes, size_t len)
{
	static const char *const names[] = {"REQUEST_METHOD", "SCRIPT_NAME",
	    "PATH_INFO", "QUERY_STRING", "HTTP_AUTHORIZATION", "CONTENT_LENGTH",
	    "CONTENT_TYPE", "HTTP_IDEMPOTENCY_KEY", "HTTP_IF_MATCH",
	    "HTTP_IF_NONE_MATCH", "HTTP_COOKIE", "HTTP_ORIGIN"};
	const char *line;
	size_t i;

	(void)len;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		line = fuzz_next_line(&bytes);
		if (*line == '\0')
			unsetenv(names[i]);
		else
			setenv(names[i], line, 1);
	}
	put_body(bytes);
	cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
	check_answer();
	/* a program ends with its request, and closes nothing */
	close_range((unsigned)last_fd, ~0U, 0);
}
