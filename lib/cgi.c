#include "cgi.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "clock.h"
#include "complain.h"
#include "dry-run.h"
#include "hash.h"
#include "mem.h"
#include "record.h"

/* Set for a sibling, which then hands the path to nobody else. */
static const char hop[] = "SUTLER_HOP";

/* Methods in the order of an Allow header; one that no row of the table has
 * may be met by its synonym's. */
static const struct {
	const char *method, *synonym;
} methods[] = {
    {"GET",    NULL   },
    {"HEAD",   "GET"  },
    {"POST",   NULL   },
    {"PUT",    "PATCH"},
    {"PATCH",  "PUT"  },
    {"DELETE", NULL   },
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

/* The routes of the program. */
struct table {
	const struct route *routes;
	size_t count;
};

/* What a client calls its request, or a name of our own. */
static const char *
request_id(void)
{
	const char *id = getenv("HTTP_X_REQUEST_ID");
	size_t len;

	if (id != NULL) {
		len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		                 "abcdefghijklmnopqrstuvwxyz0123456789._-");
		if (len > 0 && len <= 64 && id[len] == '\0')
			return id;
	}
	return hash_random_hex(8);
}

/* The revision that the record must have; some servers hide the header. */
static const char *
if_match(const struct cgi *c)
{
	const char *text = getenv("HTTP_IF_MATCH");
	size_t len;

	if (text == NULL || *text == '\0')
		text = cgi_query(c, "if_match");
	if (text == NULL || strcmp(text, "*") == 0)
		return NULL;
	len = strlen(text);
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
		return mem_dup(text + 1, len - 2);
	return text;
}

/* The method; a POST may stand for one that the server would not pass. */
static const char *
method(const struct cgi *c)
{
	static const char *const hidden[] = {"PUT", "PATCH", "DELETE"};
	const char *given = getenv("REQUEST_METHOD"), *meant;
	size_t i;

	if (given == NULL)
		return "GET";
	if (strcmp(given, "POST") != 0)
		return given;
	meant = cgi_query(c, "_method");
	for (i = 0; meant != NULL && i < 3; i++)
		if (strcmp(meant, hidden[i]) == 0)
			return hidden[i];
	return given;
}

static const struct route *
find_row(const struct table *t, const char *path, const char *name,
    const char **param)
{
	const char *rest;
	size_t i;

	for (i = 0; name != NULL && i < t->count; i++) {
		if (strcmp(t->routes[i].method, name) != 0)
			continue;
		rest = cgi_path_rest(path, t->routes[i].pattern, param);
		if (rest != NULL && *rest == '\0')
			return &t->routes[i];
	}
	return NULL;
}

/* The row for path and the method name, or its synonym. */
static const struct route *
find_route(const struct table *t, const char *path, const char *name,
    const char **param)
{
	const struct route *row = find_row(t, path, name, param);
	size_t i;

	for (i = 0; row == NULL && i < METHODS; i++)
		if (strcmp(methods[i].method, name) == 0)
			row = find_row(t, path, methods[i].synonym, param);
	return row;
}

/* The methods that path takes, as in Allow, or NULL: no route has it. */
static const char *
allowed(const struct table *t, const char *path)
{
	struct mem_text list = {0};
	size_t i;

	for (i = 0; i < METHODS; i++)
		if (find_route(t, path, methods[i].method, NULL) != NULL)
			mem_addf(&list, "%s, ", methods[i].method);
	if (list.len == 0)
		return NULL;
	mem_puts(&list, "OPTIONS");
	return list.text;
}

/*
 * Become the program that has path, from here or from the deepest place where
 * one is installed (api/v3/addons).  FAIL_MISSING: there is none.
 */
static const struct fail *
become_sibling(const char *path)
{
	const char *name = cgi_path_program(path);
	static const char *const up[] = {"", "../", "../../"};
	char self[4096], *slash, *file;
	ssize_t len;
	size_t i;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (name == NULL || getenv(hop) != NULL || len <= 0)
		return fail(FAIL_MISSING, "not found");
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return fail(FAIL_MISSING, "not found");
	*slash = '\0';
	setenv(hop, "1", 1);
	for (i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
		file = mem_printf("%s/%s%s", self, up[i], name);
		execv(file, (char *[]){file, NULL});
	}
	return fail(FAIL_MISSING, "not found");
}

static bool
has_body(const char *name)
{
	return strcmp(name, "GET") != 0 && strcmp(name, "HEAD") != 0;
}

static const struct fail *
open_store(struct cgi *c)
{
	struct conf *conf;
	const struct fail *f;

	f = conf_read(&conf);
	if (f != NULL)
		return f;
	c->act.conf = conf;
	cgi_log_open(conf);
	return record_store(&c->act.store, conf);
}

static enum family
family(const char *path)
{
	static const struct {
		const char *pattern;
		enum family family;
	} families[] = {
	    {"/v1",              FAMILY_SCALINGO},
	    {"/api/v3/addons",   FAMILY_PORTAL  },
	    {"/provider/addons", FAMILY_PORTAL  },
	};
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (cgi_path_rest(path, families[i].pattern, NULL) != NULL)
			return families[i].family;
	return FAMILY_HEROKU;
}

static const struct fail *
serve(struct cgi *c, const struct table *t)
{
	const struct route *row;
	const char *allow;
	const struct fail *f;

	f = cgi_path(&c->path);
	c->family = family(c->path);
	if (f != NULL)
		return f;
	if (strlen(c->query) > CGI_PATH_MAX)
		return fail(FAIL_SYNTAX, "the query is longer than %d bytes",
		    CGI_PATH_MAX);
	row = find_route(t, c->path, c->method, c->param);
	if (row == NULL) {
		allow = allowed(t, c->path);
		if (allow == NULL)
			return become_sibling(c->path);
		if (strcmp(c->method, "OPTIONS") != 0)
			return fail_what(FAIL_METHOD, allow,
			    "method not allowed");
		c->status = 204;
		cgi_header(c, "Allow", allow);
		return NULL;
	}
	c->auth = row->auth & ~(unsigned int)MAY;
	c->pattern = row->pattern;
	if (cgi_dry_run(c))
		c->act.dry_run = dry_run_new();
	f = open_store(c);
	if (f == NULL) {
		cgi_fence(c, row);
		f = auth_check(c, c->auth);
	}
	if (f == NULL)
		f = cgi_catch_up(c);
	/* who asks may be known no longer; nobody else makes us ask etcd */
	if (f == NULL && cgi_consistent(c))
		f = auth_check(c, c->auth);
	if (f == NULL && has_body(c->method))
		f = cgi_body_read(c);
	return f != NULL ? f : cgi_handle(c, row);
}

int
cgi_serve(const struct route *routes, size_t count)
{
	const struct table table = {routes, count};
	const char *query = getenv("QUERY_STRING");
	struct cgi *c = mem_alloc(sizeof(*c));
	const struct fail *f;

	cgi_log_guard();
	c->began = cgi_log_clock();
	c->act.trace = &c->trace;
	c->status = 200;
	c->now = clock_now();
	c->query = query == NULL ? "" : query;
	c->method = method(c);
	c->act.request_id = request_id();
	complain_as(c->act.request_id);
	c->act.if_match = if_match(c);
	f = serve(c, &table);
	if (f != NULL && f->code == FAIL_DRY_RUN) {
		/* what the handler has set is of the answer that it is not */
		c->headers = (struct mem_text){0};
		c->revision = NULL;
		c->reason = "dry_run";
		cJSON_AddItemToObject(cgi_answer(c, 200), "dry_run",
		    dry_run_view(c->act.dry_run, c->act.conf));
	} else if (f != NULL)
		cgi_answer_fail(c, f);
	cgi_body_drop(c);
	cgi_answer_send(c);
	return 0;
}
