#include "sandbox.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
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
	const char *path;
	void (*handle)(struct sandbox_call *);
} routes[] = {
    {"POST",   "/resources",  sandbox_provision},
    {"PUT",    "/resources/", sandbox_change   },
    {"PATCH",  "/resources/", sandbox_change   },
    {"DELETE", "/resources/", sandbox_remove   },
    {NULL,     "/sso",        sandbox_enter    },
};

/* What follows path in rest: an id where path ends in a slash, else nothing;
 * NULL: another path. */
static const char *
match(const char *rest, const char *path)
{
	size_t len = strlen(path);

	if (strncmp(rest, path, len) != 0)
		return NULL;
	rest += len;
	if (path[len - 1] == '/')
		return rest[0] == '\0' ? NULL : rest;
	return rest[0] == '\0' || strcmp(rest, "/") == 0 ? rest : NULL;
}

static void
route(struct sandbox_call *c, const char *rest)
{
	const struct sandbox_route *r;
	struct mem_text allow = {0};
	const char *method;
	size_t i;

	for (i = 0; i < COUNT(routes); i++) {
		r = &routes[i];
		c->id = match(rest, r->path);
		if (c->id == NULL)
			continue;
		method = r->method == NULL ? c->desk->sso_method : r->method;
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

static const struct fail *
serve(struct sandbox_call *c, const char *rest)
{
	const char *file = mem_printf("%s/sandbox.json", c->conf->data);
	const struct fail *f;
	mode_t mask;
	char *text;
	size_t len;

	f = file_read(&text, &len, file);
	if (f != NULL)
		return f;
	if (text == NULL) {
		sandbox_refuse(c, 404, "There is no sandbox here.");
		return NULL;
	}
	f = json_parse(&c->state, text, len);
	if (f != NULL)
		return fail(FAIL_SYSTEM, "%s: %s", file, f->text);
	if (!cJSON_IsArray(json_get(c->state, "resources")))
		return fail(FAIL_SYSTEM, "%s: has no resources", file);
	if (cJSON_IsTrue(json_get(c->state, "faults")))
		c->fault = sandbox_fault_find(&rest, rest);
	if (c->fault != NULL)
		rest = sandbox_desk_again(c->desk, rest);
	route(c, rest);
	if (!c->changed)
		return NULL;
	text = json_print(c->state, true);
	mask = umask(077);
	f = file_replace(file, c->conf->data, text, strlen(text));
	umask(mask);
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
