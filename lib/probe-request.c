/*
 * One HTTP request, as a provider under test sends it.
 */
#include "probe-inside.h"
#include "mem.h"

#include <http_parser.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { REQUEST_MAX = 64 << 10 };

struct reading {
	struct mem_text url, name, value, body;
	const char *authorization;
	bool in_value, complete;
};

static int
take_url(http_parser *parser, const char *at, size_t len)
{
	struct reading *r = parser->data;

	mem_add(&r->url, at, len);
	return 0;
}

static void
end_header(struct reading *r)
{
	if (r->in_value && strcasecmp(r->name.text, "Authorization") == 0)
		r->authorization = mem_dup(r->value.text, r->value.len);
	if (r->in_value) {
		r->name.len = r->value.len = 0;
		r->in_value = false;
	}
}

static int
take_name(http_parser *parser, const char *at, size_t len)
{
	struct reading *r = parser->data;

	end_header(r);
	mem_add(&r->name, at, len);
	return 0;
}

static int
take_value(http_parser *parser, const char *at, size_t len)
{
	struct reading *r = parser->data;

	mem_add(&r->value, at, len);
	r->in_value = true;
	return 0;
}

static int
take_headers(http_parser *parser)
{
	end_header(parser->data);
	return 0;
}

static int
take_body(http_parser *parser, const char *at, size_t len)
{
	struct reading *r = parser->data;

	mem_add(&r->body, at, len);
	return 0;
}

static int
take_end(http_parser *parser)
{
	struct reading *r = parser->data;

	r->complete = true;
	return 0;
}

/* False where the client sent no whole request. */
static bool
receive(struct reading *r, http_parser *parser, int fd)
{
	static const http_parser_settings settings = {.on_url = take_url,
	    .on_header_field = take_name,
	    .on_header_value = take_value,
	    .on_headers_complete = take_headers,
	    .on_body = take_body,
	    .on_message_complete = take_end};
	static char bytes[REQUEST_MAX];
	size_t total = 0;
	ssize_t n;

	http_parser_init(parser, HTTP_REQUEST);
	parser->data = r;
	while (!r->complete && total < REQUEST_MAX) {
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			return false;
		total += (size_t)n;
		http_parser_execute(parser, &settings, bytes, (size_t)n);
		if (HTTP_PARSER_ERRNO(parser) != HPE_OK)
			return false;
	}
	return r->complete;
}

bool
probe_request_read(struct probe_request *out, int fd)
{
	struct reading r = {0};
	http_parser parser;
	char *path;

	if (!receive(&r, &parser, fd))
		return false;
	path = mem_copy(r.url.text);
	*out = (struct probe_request){.method = http_method_str(parser.method),
	    .path = path,
	    .query = "",
	    .authorization = r.authorization,
	    .body = r.body.len == 0 ? "" : r.body.text,
	    .body_len = r.body.len,
	    .answer = ""};
	path += strcspn(path, "?");
	if (*path == '?') {
		out->query = path + 1;
		*path = '\0';
	}
	return true;
}
