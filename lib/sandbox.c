#include "sandbox.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "form.h"
#include "hash.h"
#include "mem.h"
#include "sandbox-call.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static enum sandbox_caller
caller_of(const struct sandbox_call *c)
{
	const cJSON *credentials = sandbox_credentials(c);
	const char *header = c->request->authorization;
	const char *user = json_text(credentials, "user");
	const char *password = json_text(credentials, "password");
	size_t len;
	char *said;

	if (header == NULL || strncasecmp(header, "Basic ", 6) != 0 ||
	    user == NULL || password == NULL)
		return SANDBOX_NOBODY;
	header += 6;
	said = hash_unbase64(&len, header, strlen(header));
	if (said == NULL || strlen(said) != len)
		return SANDBOX_NOBODY;
	if (hash_equal(said, mem_printf("%s:%s", user, password)))
		return SANDBOX_KNOWN;
	said[strcspn(said, ":")] = '\0';
	return hash_equal(said, user) ? SANDBOX_PASSWORD : SANDBOX_USER;
}

/* Who is asked comes before what: wrong credentials never learn more. */
static void
api(struct sandbox_call *c, void (*handle)(struct sandbox_call *))
{
	const struct fail *f;
	cJSON *body;

	if (!sandbox_lets(c, handle, caller_of(c))) {
		sandbox_refuse(c, 401, "The credentials are wrong.");
		return;
	}
	if (c->request->body_len > 0) {
		f = json_parse(&body, c->request->body, c->request->body_len);
		if (f != NULL || !cJSON_IsObject(body)) {
			sandbox_refuse(c, 400, "The body is no JSON object.");
			return;
		}
		c->body = body;
	}
	sandbox_handle(c, handle);
}

static const struct sandbox_route {
	const char *method;
	const char *path; /* an id may follow it, and then the tail */
	const char *tail;
	void (*handle)(struct sandbox_call *);
} routes[] = {
    {"POST",   "/resources",  "",         sandbox_provision},
    {"PUT",    "/resources/", "",         sandbox_change   },
    {"PATCH",  "/resources/", "",         sandbox_change   },
    {"DELETE", "/resources/", "",         sandbox_remove   },
    {"POST",   "/resources/", "/suspend", sandbox_suspend  },
    {"POST",   "/resources/", "/resume",  sandbox_resume   },
    {NULL,     "/sso",        "",         sandbox_enter    },
};

/* The id in rest, "" where the route's path ends in no slash; NULL: another
 * path. */
static const char *
match(const char *rest, const struct sandbox_route *r)
{
	size_t len = strlen(r->path), id;

	if (strncmp(rest, r->path, len) != 0)
		return NULL;
	rest += len;
	if (r->path[len - 1] != '/')
		return rest[0] == '\0' || strcmp(rest, "/") == 0 ? "" : NULL;
	id = strcspn(rest, "/");
	return id == 0 || strcmp(rest + id, r->tail) != 0 ? NULL
	                                                  : mem_dup(rest, id);
}

/* The path as it is where the query tells the id. */
static const char *
with_id(const struct sandbox_call *c, const char *rest)
{
	const char *id = form_value(c->request->query, "id");

	return c->desk->queried && id != NULL ? mem_printf("%s/%s", rest, id)
	                                      : rest;
}

/* How the desk asks for that route, or NULL: it has none such. */
static const char *
method_of(const struct sandbox_desk *desk, const struct sandbox_route *r)
{
	if (r->tail[0] != '\0' && !desk->paused)
		return NULL;
	return r->method == NULL ? desk->sso_method : r->method;
}

static void
route(struct sandbox_call *c, const char *rest)
{
	const struct sandbox_route *r;
	struct mem_text allow = {0};
	const char *method;
	size_t i;

	rest = with_id(c, rest);
	for (i = 0; i < COUNT(routes); i++) {
		r = &routes[i];
		c->id = match(rest, r);
		method = method_of(c->desk, r);
		if (c->id == NULL || method == NULL)
			continue;
		mem_addf(&allow, "%s%s", allow.len == 0 ? "" : ", ", method);
		if (strcmp(method, c->request->method) != 0)
			continue;
		if (r->handle == sandbox_enter)
			sandbox_handle(c, sandbox_enter);
		else
			api(c, r->handle);
		return;
	}
	if (allow.len == 0) {
		sandbox_refuse(c, 404, "There is nothing here.");
		return;
	}
	sandbox_refuse(c, 405, "Not with this method.");
	c->out->allow = allow.text;
}

/* Its own lock file, for a file that is renamed over keeps no lock. */
static const struct fail *
lock(int *out, const struct conf *conf)
{
	const char *file = mem_printf("%s/sandbox.lock", conf->data);

	*out = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*out == -1 || flock(*out, LOCK_EX) == -1)
		return fail_errno("%s: cannot be locked", file);
	return NULL;
}

static const char *
file_of(const struct conf *conf)
{
	return mem_printf("%s/sandbox.json", conf->data);
}

/* *out = what the file holds, or NULL: there is none. */
static const struct fail *
load(cJSON **out, const struct conf *conf)
{
	const char *file = file_of(conf);
	const struct fail *f;
	char *text;
	size_t len;

	*out = NULL;
	f = file_read(&text, &len, file);
	if (f != NULL || text == NULL)
		return f;
	f = json_parse(out, text, len);
	if (f != NULL)
		return fail(FAIL_SYSTEM, "%s: %s", file, f->text);
	if (!cJSON_IsArray(json_get(*out, "resources")))
		return fail(FAIL_SYSTEM, "%s: has no resources", file);
	return NULL;
}

static const struct fail *
save(const struct conf *conf, const cJSON *state)
{
	const char *text = json_print(state, true);
	mode_t mask = umask(077);
	const struct fail *f =
	    file_replace(file_of(conf), conf->data, text, strlen(text));

	umask(mask);
	return f;
}

static const struct fail *
serve(struct sandbox_call *c, const char *rest)
{
	const struct fail *f = load(&c->state, c->conf);

	if (f != NULL)
		return f;
	if (c->state == NULL) {
		sandbox_refuse(c, 404, "There is no sandbox here.");
		return NULL;
	}
	if (cJSON_IsTrue(json_get(c->state, "faults")))
		c->fault = sandbox_fault_find(&rest, rest);
	if (c->fault != NULL)
		rest = sandbox_desk_again(c->desk, rest);
	route(c, rest);
	return c->changed ? save(c->conf, c->state) : NULL;
}

const struct fail *
sandbox_keep(const struct conf *conf, const char *id, const char *token)
{
	const struct fail *f;
	cJSON *state = NULL, *item, *kept = NULL;
	int fd;

	f = lock(&fd, conf);
	if (f == NULL)
		f = load(&state, conf);
	cJSON_ArrayForEach(item, json_get(state, "resources"))
		if (strcmp(json_plain(json_get(item, "id")), id) == 0)
			kept = item;
	/* it may have been removed since */
	if (kept != NULL) {
		cJSON_DeleteItemFromObjectCaseSensitive(kept, "refresh_token");
		json_add_text(kept, "refresh_token", token);
		f = save(conf, state);
	}
	if (fd != -1)
		close(fd);
	return f;
}

const struct fail *
sandbox_serve(struct sandbox_answer *out, const struct conf *conf,
    const struct sandbox_request *request)
{
	struct sandbox_call c = {.out = out, .conf = conf, .request = request};
	const struct fail *f;
	const char *rest;
	int fd;

	*out = (struct sandbox_answer){0};
	c.desk = sandbox_desk_find(&rest, request->path);
	if (c.desk == NULL) {
		out->status = 404;
		out->text = "This sandbox plays a provider of add-ons; "
		            "there is nothing else here.";
		return NULL;
	}
	f = lock(&fd, conf);
	if (f == NULL)
		f = serve(&c, rest);
	if (fd != -1)
		close(fd);
	return f;
}
