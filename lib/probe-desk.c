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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MESSAGE_MAX = 160 << 10, /* of a request, escaped as JSON */
	CLIENT_SECONDS = 5
};

static void
answer(int fd, const struct probe_request *r)
{
	const char *text = mem_printf("HTTP/1.1 %d %s\r\n"
	                              "Content-Type: application/json\r\n"
	                              "Content-Length: %zu\r\n"
	                              "Connection: close\r\n\r\n%s",
	    r->status, http_status_str((enum http_status)r->status),
	    strlen(r->answer), r->answer);

	send(fd, text, strlen(text), MSG_NOSIGNAL);
	/* so that bytes left unread do not take the answer with them */
	shutdown(fd, SHUT_WR);
	recv(fd, (char[256]){0}, 256, 0);
}

/* What is told before the answer is given. */
static void
tell(int control, const struct probe_request *r)
{
	cJSON *report = cJSON_CreateObject();
	const char *text;

	json_add_text(report, "method", r->method);
	json_add_text(report, "path", r->path);
	json_add_text(report, "grant", r->grant_type);
	cJSON_AddBoolToObject(report, "known", r->known);
	cJSON_AddNumberToObject(report, "status", r->status);
	/* whatever bytes they are */
	json_add_text(report, "body", hash_base64(r->body, r->body_len));
	text = json_print(report, false);
	if (strlen(text) <= MESSAGE_MAX)
		send(control, text, strlen(text), MSG_NOSIGNAL);
}

static void
serve(int fd, int control, struct probe_platform *platform)
{
	struct probe_request r;

	if (!probe_request_read(&r, fd))
		return;
	probe_platform_serve(platform, &r);
	tell(control, &r);
	answer(fd, &r);
}

static void
stand(int listener, int control, struct probe_platform *platform)
{
	struct timeval limit = {.tv_sec = CLIENT_SECONDS};
	struct pollfd p[2] = {
	    {.fd = listener, .events = POLLIN},
	    {.fd = control,  .events = POLLIN}
        };
	struct mem_mark mark;
	ssize_t n;
	int fd;

	for (;;) {
		if (poll(p, 2, -1) == -1)
			continue;
		if (p[1].revents != 0) {
			n = recv(control, platform->told, PROBE_TOLD_MAX, 0);
			if (n <= 0)
				return;
			platform->told[n] = '\0';
		}
		if (p[0].revents == 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		mark = mem_mark();
		serve(fd, control, platform);
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
    const char *password, const char *grant)
{
	const char *text = mem_printf("%s:%s", user, password);
	struct probe_platform *platform = mem_alloc(sizeof(*platform));
	const struct fail *f;
	int listener, pair[2], size = 2 * MESSAGE_MAX;

	platform->credentials = hash_base64(text, strlen(text));
	platform->grant = grant;
	if (grant != NULL) {
		platform->access = hash_random_hex(16);
		platform->refresh = hash_random_hex(16);
	}
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
		stand(listener, pair[1], platform);
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
probe_desk_tell(struct probe_desk *desk, const cJSON *told)
{
	const char *text = json_print(told, false);

	if (strlen(text) <= PROBE_TOLD_MAX)
		send(desk->fd, text, strlen(text), MSG_NOSIGNAL);
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
