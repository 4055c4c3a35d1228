/*
 * The answer: what failures look like in each API family, and printing.
 */
#include "cgi.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "hash.h"
#include "mem.h"

/* What a code means: the status; the word that Heroku's family has for it
 * (Platform API, "Errors"); what the client reads where the failure's own text
 * is for the log alone. */
struct meaning {
	enum fail_code code;
	int status;
	const char *id;
	const char *neutral;
};

static const struct meaning meanings[] = {
    {FAIL_SYNTAX,    400, "bad_request",           NULL                               },
    {FAIL_AUTH,      401, "unauthorized",          NULL                               },
    {FAIL_PAYMENT,   402, "delinquent",            NULL                               },
    {FAIL_FORBIDDEN, 403, "forbidden",             NULL                               },
    {FAIL_MISSING,   404, "not_found",             NULL                               },
    {FAIL_METHOD,    405, "method_not_allowed",    NULL                               },
    {FAIL_SLOW,      408, "request_timeout",       NULL                               },
    {FAIL_CONFLICT,  409, "conflict",              NULL                               },
    {FAIL_LENGTH,    411, "length_required",       NULL                               },
    {FAIL_STALE,     412, "precondition_failed",   NULL                               },
    {FAIL_LARGE,     413, "payload_too_large",     NULL                               },
    {FAIL_INVALID,   422, "invalid_params",        NULL                               },
    {FAIL_RATE,      429, "rate_limit",            NULL                               },
    {FAIL_RACED,     409, "conflict",              NULL                               },
    {FAIL_BUSY,      503, "unavailable",           "not possible now, try again later"},
    {FAIL_PROVIDER,  503, "unavailable",           "the add-on provider is in trouble"},
    {FAIL_SYSTEM,    500, "internal_server_error", "internal error"                   },
};

static const struct meaning *
meaning_of(enum fail_code code)
{
	size_t i, last = sizeof(meanings) / sizeof(meanings[0]) - 1;

	for (i = 0; i < last && meanings[i].code != code; i++)
		;
	return &meanings[i];
}

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
    {200, "OK"                   },
    {201, "Created"              },
    {202, "Accepted"             },
    {204, "No Content"           },
    {302, "Found"                },
    {303, "See Other"            },
    {304, "Not Modified"         },
    {400, "Bad Request"          },
    {401, "Unauthorized"         },
    {402, "Payment Required"     },
    {403, "Forbidden"            },
    {404, "Not Found"            },
    {405, "Method Not Allowed"   },
    {408, "Request Timeout"      },
    {409, "Conflict"             },
    {411, "Length Required"      },
    {412, "Precondition Failed"  },
    {413, "Payload Too Large"    },
    {422, "Unprocessable Entity" },
    {429, "Too Many Requests"    },
    {500, "Internal Server Error"},
    {503, "Service Unavailable"  },
};

static const char *
phrase(int status)
{
	size_t i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

static void
write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, text, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

void
cgi_header(struct cgi *c, const char *name, const char *value)
{
	size_t len = 0;

	while ((unsigned char)value[len] >= ' ' && value[len] != 0x7f)
		len++;
	mem_addf(&c->headers, "%s: %.*s\r\n", name, (int)len, value);
}

cJSON *
cgi_answer(struct cgi *c, int status)
{
	c->status = status;
	c->text = NULL;
	c->json = cJSON_CreateObject();
	return c->json;
}

/* {"errors":{"name":["…","…"],"email":["…"]}} */
static void
add_items(cJSON *answer, const struct fail_item *item)
{
	cJSON *errors = cJSON_AddObjectToObject(answer, "errors"), *list;

	for (; item != NULL; item = item->next) {
		list = json_get(errors, item->field);
		if (list == NULL)
			list = cJSON_AddArrayToObject(errors, item->field);
		cJSON_AddItemToArray(list, cJSON_CreateString(item->text));
	}
}

static void
scalingo_shape(cJSON *answer, const struct fail *f, const char *text)
{
	if (f->code == FAIL_INVALID) {
		add_items(answer, f->items);
		return;
	}
	if (f->code == FAIL_MISSING && f->what != NULL) {
		json_add_text(answer, "resource", f->what);
		text = "not found";
	}
	json_add_text(answer, "error", text);
	if (f->code == FAIL_PAYMENT && f->what != NULL)
		json_add_text(answer, "url", f->what);
}

static void
heroku_shape(cJSON *answer, const struct fail *f, const char *text)
{
	const struct fail_item *item;
	struct mem_text all = {0};

	if (f->code == FAIL_MISSING && f->what != NULL)
		text = mem_printf("%s not found", f->what);
	if (f->code == FAIL_INVALID) {
		for (item = f->items; item != NULL; item = item->next)
			mem_addf(&all, "%s%s: %s", all.len > 0 ? "; " : "",
			    item->field, item->text);
		text = all.text;
	}
	json_add_text(answer, "id", meaning_of(f->code)->id);
	json_add_text(answer, "message", text);
	if (f->code == FAIL_PAYMENT && f->what != NULL)
		json_add_text(answer, "url", f->what);
}

/* {"error":"…"}, or {"error":{"base":["…","…"]}}. */
static void
portal_shape(cJSON *answer, const struct fail *f, const char *text)
{
	const struct fail_item *item;
	cJSON *base;

	if (f->code == FAIL_MISSING && f->what != NULL)
		text = mem_printf("%s not found", f->what);
	if (f->code != FAIL_INVALID) {
		json_add_text(answer, "error", text);
		return;
	}
	base = cJSON_AddArrayToObject(cJSON_AddObjectToObject(answer, "error"),
	    "base");
	for (item = f->items; item != NULL; item = item->next)
		cJSON_AddItemToArray(base,
		    cJSON_CreateString(
		        mem_printf("%s: %s", item->field, item->text)));
}

static void (*const shapes[])(cJSON *, const struct fail *, const char *) = {
    [FAMILY_SCALINGO] = scalingo_shape,
    [FAMILY_HEROKU] = heroku_shape,
    [FAMILY_PORTAL] = portal_shape,
};

/* A page's script that asks where Basic credentials would do is not to have
 * the browser ask its user for them. */
static bool
wants_basic(const struct cgi *c)
{
	const char *mode = getenv("HTTP_SEC_FETCH_MODE");

	return c->auth == AUTH_API_TOKEN || c->auth == AUTH_PROVIDER ||
	       (c->auth == AUTH_PORTAL &&
	           (mode == NULL || strcmp(mode, "navigate") == 0));
}

/* f as JSON can say it: what it quotes of a header, a path or a query may be
 * any bytes. */
static const struct fail *
readable(const struct fail *f)
{
	struct fail *copy = mem_alloc(sizeof(*copy));
	const struct fail_item *item, **tail = &copy->items;
	struct fail_item *next;

	*copy = (struct fail){f->code, json_utf8(f->text), f->what, NULL};
	for (item = f->items; item != NULL; item = item->next) {
		next = mem_alloc(sizeof(*next));
		next->field = json_utf8(item->field);
		next->text = json_utf8(item->text);
		*tail = next;
		tail = &next->next;
	}
	return copy;
}

void
cgi_answer_fail(struct cgi *c, const struct fail *why)
{
	const struct fail *f = readable(why);
	const struct meaning *meaning = meaning_of(f->code);
	const char *text = f->text;
	cJSON *answer;

	if (meaning->neutral != NULL) {
		complain("%s", f->text);
		text = meaning->neutral;
	}
	c->headers = (struct mem_text){0};
	c->revision = NULL;
	c->reason = meaning->id;
	answer = cgi_answer(c, meaning->status);
	shapes[c->family](answer, f, text);
	if (f->code == FAIL_METHOD && f->what != NULL)
		cgi_header(c, "Allow", f->what);
	if (f->what != NULL && (f->code == FAIL_RATE || f->code == FAIL_BUSY))
		cgi_header(c, "Retry-After", f->what);
	if (f->code == FAIL_AUTH)
		cgi_header(c, "WWW-Authenticate",
		    wants_basic(c) ? "Basic realm=\"sutler\""
		                   : "Bearer realm=\"sutler\"");
}

/* The headers of caching; the status becomes 304 where the client has it. */
static void
add_caching(struct mem_text *out, struct cgi *c, const char *body, size_t len)
{
	const char *etag, *have = getenv("HTTP_IF_NONE_MATCH");

	if (c->headers.len > 0 &&
	    strstr(c->headers.text, "Cache-Control: ") != NULL)
		return;
	if (c->status != 200 && c->status != 201) {
		mem_puts(out, "Cache-Control: no-cache\r\n");
		return;
	}
	mem_puts(out, "Cache-Control: max-age=0, private, must-revalidate\r\n");
	if (c->status != 200 ||
	    (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0))
		return;
	etag = mem_printf("\"%.32s\"", hash_sha1(body, len));
	mem_addf(out, "ETag: %s\r\n", etag);
	if (have != NULL &&
	    (strcmp(have, "*") == 0 || strstr(have, etag) != NULL))
		c->status = 304;
}

static void
put_answer(struct cgi *c)
{
	const char *type = "application/json; charset=utf-8", *body = "";
	struct mem_text out = {0}, head = {0};
	size_t len;

	if (c->json != NULL) {
		body = json_print(c->json, false);
	} else if (c->text != NULL) {
		body = c->text;
		type = c->text_type;
	} else {
		type = NULL;
	}
	len = strlen(body);
	add_caching(&head, c, body, len);
	mem_addf(&out, "Status: %d %s\r\n", c->status, phrase(c->status));
	if (c->status != 204 && c->status != 304) {
		if (type != NULL)
			mem_addf(&out, "Content-Type: %s\r\n", type);
		if (c->text != NULL && c->text_file != NULL)
			mem_addf(&out,
			    "Content-Disposition: attachment; "
			    "filename=\"%s\"\r\n",
			    c->text_file);
		mem_addf(&out, "Content-Length: %zu\r\n", len);
	}
	mem_addf(&out, "X-Request-Id: %s\r\n", c->act.request_id);
	mem_puts(&out, "X-Content-Type-Options: nosniff\r\n");
	mem_add(&out, head.text, head.len);
	if (c->revision != NULL)
		mem_addf(&out, "X-Revision: %s\r\n", c->revision);
	mem_add(&out, c->headers.text, c->headers.len);
	mem_puts(&out, "\r\n");
	if (c->status != 204 && c->status != 304 &&
	    strcmp(c->method, "HEAD") != 0) {
		mem_add(&out, body, len);
		c->sent = len;
	}
	write_all(STDOUT_FILENO, out.text, out.len);
}

void
cgi_answer_send(struct cgi *c)
{
	int null;

	const bool logs = c->act.conf == NULL || c->act.conf->log_requests;

	if (c->after == NULL && !logs) {
		put_answer(c);
		return;
	}
	/* a client that has gone does not keep the rest from happening, nor
	 * does a server that ends programs whose answer it has read */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	put_answer(c);
	cgi_log_request(c);
	if (c->after == NULL)
		return;
	signal(SIGPIPE, SIG_DFL);
	/* descriptor 1 stays taken, lest a file become standard output */
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null != -1)
		dup2(null, STDOUT_FILENO);
	else
		close(STDOUT_FILENO);
	c->after(c);
}
