/*
 * The platform that a provider under test calls back: a small HTTP server on
 * 127.0.0.1, in a process of its own, so that it answers while we ask.
 */
#include "probe-inside.h"
#include "hash.h"
#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <http_parser.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	REQUEST_MAX = 64 << 10,
	MESSAGE_MAX = 160 << 10, /* of a request, escaped as JSON */
	CLIENT_SECONDS = 5
};

struct request {
	struct mem_text url, name, value, body;
	const char *authorization;
	bool in_value, complete;
};

static int
take_url(http_parser *parser, const char *at, size_t len)
{
	struct request *r = parser->data;

	mem_add(&r->url, at, len);
	return 0;
}

static void
end_header(struct request *r)
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
	struct request *r = parser->data;

	end_header(r);
	mem_add(&r->name, at, len);
	return 0;
}

static int
take_value(http_parser *parser, const char *at, size_t len)
{
	struct request *r = parser->data;

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
	struct request *r = parser->data;

	mem_add(&r->body, at, len);
	return 0;
}

static int
take_end(http_parser *parser)
{
	struct request *r = parser->data;

	r->complete = true;
	return 0;
}

/* False where the client sent no whole request. */
static bool
read_request(struct request *r, http_parser *parser, int fd)
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

static void
answer(int fd, int status, const char *reason, const char *body)
{
	const char *text = mem_printf("HTTP/1.1 %d %s\r\n"
	                              "Content-Type: application/json\r\n"
	                              "Content-Length: %zu\r\n"
	                              "Connection: close\r\n\r\n%s",
	    status, reason, strlen(body), body);

	send(fd, text, strlen(text), MSG_NOSIGNAL);
	/* so that bytes left unread do not take the answer with them */
	shutdown(fd, SHUT_WR);
	recv(fd, (char[256]){0}, 256, 0);
}

/* Tell the probe, then answer as the platform does. */
static void
serve(int fd, int control, const char *credentials, const char *info)
{
	struct request r = {0};
	http_parser parser;
	cJSON *report;
	char *text;
	bool known;

	if (!read_request(&r, &parser, fd))
		return;
	known = r.authorization != NULL &&
	        strncasecmp(r.authorization, "Basic ", 6) == 0 &&
	        hash_equal(r.authorization + 6, credentials);
	report = cJSON_CreateObject();
	json_add_text(report, "method", http_method_str(parser.method));
	json_add_text(report, "path", r.url.text);
	cJSON_AddBoolToObject(report, "known", known);
	/* whatever bytes they are */
	json_add_text(report, "body",
	    hash_base64(r.body.len == 0 ? "" : r.body.text, r.body.len));
	text = json_print(report, false);
	if (strlen(text) <= MESSAGE_MAX)
		send(control, text, strlen(text), MSG_NOSIGNAL);
	if (!known)
		answer(fd, 401, "Unauthorized",
		    "{\"id\":\"unauthorized\",\"message\":"
		    "\"The credentials are wrong.\"}");
	else if (parser.method == HTTP_GET && info == NULL)
		answer(fd, 404, "Not Found",
		    "{\"id\":\"not_found\",\"message\":"
		    "\"It is not provisioned yet.\"}");
	else
		answer(fd, 200, "OK", info == NULL ? "{}" : info);
}

static void
stand(int listener, int control, const char *credentials)
{
	struct timeval limit = {.tv_sec = CLIENT_SECONDS};
	struct pollfd p[2] = {
	    {.fd = listener, .events = POLLIN},
	    {.fd = control,  .events = POLLIN}
        };
	static char info[MESSAGE_MAX + 1];
	struct mem_mark mark;
	bool known = false;
	ssize_t n;
	int fd;

	for (;;) {
		if (poll(p, 2, -1) == -1)
			continue;
		if (p[1].revents != 0) {
			n = recv(control, info, MESSAGE_MAX, 0);
			if (n <= 0)
				return;
			info[n] = '\0';
			known = true;
		}
		if (p[0].revents == 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		mark = mem_mark();
		serve(fd, control, credentials, known ? info : NULL);
		mem_release(mark);
		close(fd);
	}
}

static const struct fail *
listen_at(int *out, int *port_out, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int on = 1;

	*out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*out == -1)
		return fail_errno("no socket");
	setsockopt(*out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(*out, (struct sockaddr *)&a, len) == -1 ||
	    listen(*out, 8) == -1 ||
	    getsockname(*out, (struct sockaddr *)&a, &len) == -1) {
		close(*out);
		return fail(FAIL_CONFLICT, "port %d of 127.0.0.1: %s", port,
		    strerror(errno));
	}
	*port_out = ntohs(a.sin_port);
	return NULL;
}

const struct fail *
probe_desk_open(struct probe_desk *out, int port, const char *user,
    const char *password)
{
	const char *text = mem_printf("%s:%s", user, password);
	const struct fail *f;
	int listener, pair[2], size = 2 * MESSAGE_MAX;

	*out = (struct probe_desk){.fd = -1};
	f = listen_at(&listener, &out->port, port);
	if (f != NULL)
		return f;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
		close(listener);
		return fail_errno("no sockets");
	}
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	out->pid = fork();
	if (out->pid == 0) {
		/* it goes when we go, and not before: it may be asked while
		 * things are removed */
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		close(pair[0]);
		stand(listener, pair[1], hash_base64(text, strlen(text)));
		_exit(0);
	}
	close(listener);
	close(pair[1]);
	out->fd = pair[0];
	if (out->pid != -1)
		return NULL;
	close(out->fd);
	return fail_errno("no process");
}

void
probe_desk_info(struct probe_desk *desk, const char *info)
{
	if (strlen(info) <= MESSAGE_MAX)
		send(desk->fd, info, strlen(info), MSG_NOSIGNAL);
}

cJSON *
probe_desk_next(struct probe_desk *desk, int ms)
{
	static char bytes[MESSAGE_MAX];
	struct pollfd p = {.fd = desk->fd, .events = POLLIN};
	cJSON *report, *body;
	const char *text;
	ssize_t n;
	size_t len;

	if (poll(&p, 1, ms) != 1)
		return NULL;
	n = recv(desk->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n <= 0 || json_parse(&report, bytes, (size_t)n) != NULL)
		return NULL;
	text = json_text(report, "body");
	text = hash_unbase64(&len, text, strlen(text));
	if (json_parse_outside(&body, text, len) != NULL)
		body = cJSON_CreateNull();
	cJSON_ReplaceItemInObjectCaseSensitive(report, "body", body);
	return report;
}

void
probe_desk_close(struct probe_desk *desk)
{
	close(desk->fd);
	while (waitpid(desk->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}
