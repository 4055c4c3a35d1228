/*
 * Reading the request: its body and its query.
 */
#include "cgi.h"
#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "form.h"
#include "mem.h"

/* The number that the digits of text are, up to one more than max; -1: they
 * are none. */
static int64_t
number(const char *text, int64_t max)
{
	int64_t value = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		if (value <= max)
			value = value * 10 + (*text - '0');
		if (value > max)
			value = max + 1;
	}
	return value;
}

/* True where the body came without a length: in chunks, or as HTTP/2 may. */
static bool
is_chunked(void)
{
	const char *coding = getenv("HTTP_TRANSFER_ENCODING");

	return coding != NULL && strcasestr(coding, "chunked") != NULL;
}

/* True where there is a body of which the server tells no length: it came
 * without one, or by a method with which the server passes none (busybox). */
static bool
length_is_hidden(void)
{
	const char *said = getenv("HTTP_CONTENT_LENGTH");

	return is_chunked() ||
	       (said != NULL && *said != '\0' && strcmp(said, "0") != 0);
}

/* True where the body is what comes until the end.  The server's own
 * configuration says so; elsewhere it may be the connection itself that is
 * read, with what follows the body. */
static bool
ends_by_itself(void)
{
	return is_chunked() && getenv("SUTLER_BODY_ENDS") != NULL;
}

static const struct fail *
too_large(void)
{
	return fail(FAIL_LARGE, "the body is longer than %d bytes",
	    CGI_BODY_MAX);
}

/* *to_end: *out is a byte more than it may have. */
static const struct fail *
body_length(size_t *out, bool *to_end)
{
	const char *length = getenv("CONTENT_LENGTH");
	int64_t value;

	*out = 0;
	*to_end = false;
	if (length == NULL || *length == '\0') {
		if (ends_by_itself()) {
			*to_end = true;
			*out = CGI_BODY_MAX + 1;
			return NULL;
		}
		if (length_is_hidden())
			return fail(FAIL_LENGTH, "Content-Length is required");
		return NULL;
	}
	value = number(length, CGI_BODY_MAX);
	if (value < 0)
		return fail(FAIL_SYNTAX, "Content-Length is no number");
	if (value > CGI_BODY_MAX)
		return too_large();
	*out = (size_t)value;
	return NULL;
}

static bool
is_form(void)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = getenv("CONTENT_TYPE");

	return type != NULL && strncasecmp(type, form, sizeof(form) - 1) == 0;
}

/* Wait for more of the body, or its end; false: until (ms) has come. */
static bool
arrives(int64_t until)
{
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	int64_t now;
	int n;

	do {
		now = clock_now();
		if (now >= until)
			return false;
		n = poll(&input, 1, (int)(until - now));
	} while (n == -1 && errno == EINTR);
	return n != 0;
}

const struct fail *
cgi_body_read(struct cgi *c)
{
	const int64_t until = clock_now() + CGI_BODY_WAIT;
	const struct fail *f;
	size_t len, have = 0;
	char *text;
	bool to_end;
	ssize_t n;

	f = body_length(&len, &to_end);
	if (f != NULL || len == 0)
		return f;
	text = mem_alloc(len + 1);
	while (have < len) {
		if (!arrives(until))
			return fail(FAIL_SLOW, "the body took too long");
		n = read(STDIN_FILENO, text + have, len - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0 && to_end)
			break;
		if (n <= 0)
			return fail(FAIL_SYNTAX,
			    "the body is shorter than Content-Length");
		have += (size_t)n;
		c->body_taken = have;
	}
	if (to_end && have == len)
		return too_large();
	len = have;
	if (strspn(text, " \t\r\n") == len)
		return NULL;
	f = json_parse_outside(&c->body, text, len);
	/* some send JSON under a form's type, and mean JSON */
	if (f != NULL && is_form() && strlen(text) == len) {
		c->form = text;
		c->body = NULL;
		return NULL;
	}
	if (f != NULL)
		return f;
	if (cJSON_IsNull(c->body))
		c->body = NULL;
	else if (!cJSON_IsObject(c->body))
		return fail(FAIL_SYNTAX, "the body must be a JSON object");
	return NULL;
}

/* Read up to left bytes, and forget them. */
static void
drop(struct cgi *c, size_t left)
{
	const int64_t until = clock_now() + CGI_DROP_WAIT;
	char piece[16384];
	ssize_t n;

	while (left > 0 && arrives(until)) {
		n = read(STDIN_FILENO, piece,
		    left < sizeof(piece) ? left : sizeof(piece));
		if (n <= 0)
			return;
		c->body_taken += (size_t)n;
		left -= (size_t)n;
	}
}

void
cgi_body_drop(struct cgi *c)
{
	const char *length = getenv("CONTENT_LENGTH");
	int64_t value = length != NULL && *length != '\0'
	                    ? number(length, CGI_DROP_MAX)
	                : ends_by_itself() ? CGI_DROP_MAX
	                                   : 0;

	if (value > 0 && c->body_taken < (size_t)value)
		drop(c, (size_t)value - c->body_taken);
}

const char *
cgi_query(const struct cgi *c, const char *name)
{
	return form_value(c->query, name);
}

const char *
cgi_param(const struct cgi *c, const char *name)
{
	const char *value = c->form == NULL ? NULL : form_value(c->form, name);

	if (value != NULL)
		return value;
	value = json_text(c->body, name);
	return value == NULL ? cgi_query(c, name) : value;
}

bool
cgi_dry_run(const struct cgi *c)
{
	const char *text = getenv("HTTP_X_DRY_RUN");

	if (text == NULL)
		text = cgi_query(c, "dry_run");
	return text != NULL && strcmp(text, "true") == 0;
}

cJSON *
cgi_query_all(const struct cgi *c, const char *name)
{
	cJSON *array = cJSON_CreateArray();
	const char *p = c->query, *value;

	while ((p = form_next(&value, p, name)) != NULL)
		cJSON_AddItemToArray(array, cJSON_CreateString(value));
	return array;
}

const struct fail *
cgi_query_number(int64_t *out, const struct cgi *c, const char *name,
    int64_t otherwise, int64_t min, int64_t max)
{
	const char *text = cgi_query(c, name);

	*out = text == NULL ? otherwise : number(text, max);
	if (text == NULL || (*out >= min && *out <= max))
		return NULL;
	return fail(FAIL_SYNTAX,
	    "%s must be a whole number from %" PRId64 " to %" PRId64, name, min,
	    max);
}

const struct fail *
cgi_body_object(cJSON **out, const struct cgi *c, const char *key)
{
	*out = json_get(c->body, key);
	if (cJSON_IsObject(*out))
		return NULL;
	return fail(FAIL_SYNTAX, "%s is required", key);
}

const struct fail *
cgi_body_config(cJSON **config, const struct cgi *c, bool list)
{
	const cJSON *given = json_get(c->body, "config"), *item;
	const char *name;

	if (!list || !cJSON_IsArray(given) || given->child == NULL)
		return cgi_body_object(config, c, "config");
	*config = cJSON_CreateObject();
	cJSON_ArrayForEach(item, given) {
		name = json_text(item, "name");
		if (name == NULL || json_get(*config, name) != NULL)
			return fail_field(NULL, "config",
			    "each element needs a name of its own");
		cJSON_AddItemToObject(*config, name,
		    json_get(item, "value") == NULL
		        ? cJSON_CreateNull()
		        : cJSON_Duplicate(json_get(item, "value"), true));
	}
	return NULL;
}
