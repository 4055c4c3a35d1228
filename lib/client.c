#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "mem.h"

enum {
	HEAD_MAX = 4 << 10, /* of the line before the body */
	TALK_SIZE = 64 << 10,
	RESIDENT_QUEUE = 64,
	GRACE_MS = 1000 /* that send has beyond its own timeout */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
add_own(cJSON *q, const struct exchange_own *own, bool stream)
{
	cJSON *o = cJSON_AddObjectToObject(q, "own");

	json_add_text(o, "ca", own->ca);
	json_add_text(o, "cert", own->cert);
	json_add_text(o, "key", own->key);
	cJSON_AddBoolToObject(o, "stream", stream);
	cJSON_AddNumberToObject(o, "timeout_ms", (double)own->timeout_ms);
	cJSON_AddNumberToObject(o, "connect_ms", (double)own->connect_ms);
}

static char *
question(const struct exchange *x, const struct conf *conf, long timeout,
    bool stream)
{
	cJSON *q = cJSON_CreateObject();
	cJSON *headers = cJSON_AddArrayToObject(q, "headers");
	size_t i;

	json_add_text(q, "method", x->method);
	json_add_text(q, "url", x->url);
	json_add_text(q, "user", x->user);
	json_add_text(q, "password", x->password);
	json_add_text(q, "accept", x->accept);
	for (i = 0; i < sizeof(x->headers) / sizeof(x->headers[0]); i++)
		if (x->headers[i] != NULL)
			cJSON_AddItemToArray(headers,
			    cJSON_CreateString(x->headers[i]));
	if (x->request_id != NULL)
		cJSON_AddItemToArray(headers,
		    cJSON_CreateString(
		        mem_printf("X-Request-Id: %s", x->request_id)));
	json_add_text(q, "body", x->body);
	cJSON_AddBoolToObject(q, "form", x->form);
	cJSON_AddBoolToObject(q, "inspect", x->inspect);
	cJSON_AddNumberToObject(q, "timeout", (double)timeout);
	cJSON_AddNumberToObject(q, "connect_timeout", CLIENT_CONNECT_TIMEOUT);
	cJSON_AddBoolToObject(q, "allow_http", conf->allow_http);
	cJSON_AddBoolToObject(q, "allow_private", conf->allow_private);
	if (x->own != NULL)
		add_own(q, x->own, stream);
	return json_print(q, false);
}

/*
 * A pair of sockets that nobody else inherits, beyond the three standard
 * descriptors even where some of those are closed.
 */
static bool
open_pair(int pair[2])
{
	int low[2], i, error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low) == -1)
		return false;
	for (i = 0; i < 2; i++)
		pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
	error = errno;
	close(low[0]);
	close(low[1]);
	if (pair[0] != -1 && pair[1] != -1)
		return true;
	close(pair[0] == -1 ? pair[1] : pair[0]);
	errno = error;
	return false;
}

/* Starts program, with word (may be NULL) as its argument and end as its stdin
 * and stdout; 0 or an errno. */
static int
start(pid_t *pid, const char *program, char *word, int end)
{
	/* nothing of the request stands in its environment */
	char name[] = "send", *argv[] = {name, word, NULL}, *envp[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, pipes;
	int error;

	sigemptyset(&none);
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	sigaddset(&pipes, SIGTERM);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipes);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(pid, program, &actions, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static bool
passing(void)
{
	return errno == EINTR || errno == EAGAIN;
}

/* MSG_NOSIGNAL: a program that died is no reason to die, too. */
static bool
push(int fd, const char *text, size_t *sent, size_t len)
{
	ssize_t n =
	    send(fd, text + *sent, len - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == -1)
		return passing();
	*sent += (size_t)n;
	if (*sent == len)
		shutdown(fd, SHUT_WR);
	return true;
}

static const char broken[] = "the program send failed";

/* Takes all that comes back until the end; returns why not, or NULL. */
static const char *
talk(struct mem_text *out, int fd, const char *text, int64_t ms, size_t most)
{
	/* whoever waits for something asks very often */
	static char bytes[TALK_SIZE];
	struct pollfd p = {.fd = fd};
	size_t sent = 0, len = strlen(text);
	int64_t left, deadline = now_ms() + ms + GRACE_MS;
	ssize_t n;

	while ((left = deadline - now_ms()) > 0) {
		p.events = sent < len ? POLLIN | POLLOUT : POLLIN;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		/* where nobody listens, what was said before still counts */
		if ((p.revents & POLLOUT) && !push(fd, text, &sent, len))
			sent = len;
		if (!(p.revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		n = recv(fd, bytes, TALK_SIZE, MSG_DONTWAIT);
		if (n == -1 && passing())
			continue;
		if (n <= 0)
			return NULL;
		if ((size_t)n > most + HEAD_MAX - out->len)
			return broken;
		mem_add(out, bytes, (size_t)n);
	}
	return mem_printf("no answer within %g s", (double)ms / 1000);
}

/* By then it has said all it will say, so killing it takes nothing away, and
 * the wait cannot last. */
static void
end_program(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

/* What send says before the body, len bytes at line. */
static void
hear_head(struct exchange *x, const char *line, size_t len)
{
	const cJSON *status;
	cJSON *head;

	x->trouble = broken;
	if (json_parse(&head, line, len) != NULL)
		return;
	status = json_get(head, "status");
	if (!cJSON_IsNumber(status) || status->valueint < 0 ||
	    status->valueint > 999)
		return;
	x->status = status->valueint;
	x->sent = x->status != 0 || !cJSON_IsFalse(json_get(head, "sent"));
	if (x->status != 0)
		x->trouble = NULL;
	else if (json_text(head, "trouble") != NULL)
		x->trouble = json_text(head, "trouble");
}

static void
hear(struct exchange *x, const struct mem_text *heard)
{
	const char *end = NULL;

	if (heard->len > 0)
		end = memchr(heard->text, '\n', heard->len);
	x->trouble = broken;
	if (end == NULL)
		return;
	hear_head(x, heard->text, (size_t)(end - heard->text));
	if (x->status == 0)
		return;
	x->answer = end + 1;
	x->answer_len = heard->len - (size_t)(end + 1 - heard->text);
}

/* Has a provider, or anybody else who is not the operator's own, been asked? */
static bool spoke;

bool
client_spoke(void)
{
	return spoke;
}

/* Starts send; the end of a pair of sockets that it is spoken with by, or -1:
 * x->trouble says why not. */
static int
begin(pid_t *pid, struct exchange *x, const struct conf *conf)
{
	const char *program = mem_printf("%s/send", conf->libexec);
	int pair[2], error;

	spoke |= x->own == NULL;
	x->status = 0;
	x->sent = false;
	x->answer = "";
	x->answer_len = 0;
	if (!open_pair(pair)) {
		x->trouble = mem_printf("no sockets: %s", strerror(errno));
		return -1;
	}
	error = start(pid, program, NULL, pair[1]);
	close(pair[1]);
	if (error != 0) {
		close(pair[0]);
		x->trouble = mem_printf("%s cannot be run: %s", program,
		    strerror(error));
		return -1;
	}
	/* whoever does not say that it did not send may have sent */
	x->sent = true;
	return pair[0];
}

/* The address of one that stays; false: its path is too long. */
static bool
resident(struct sockaddr_un *at, const struct conf *conf)
{
	const char *path = mem_printf("%s/state/send", conf->data);

	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(at->sun_path))
		return false;
	memcpy(at->sun_path, path, strlen(path));
	return true;
}

/* Connected to one that stays, or -1: there is none. */
static int
reach(struct exchange *x, const struct conf *conf)
{
	struct sockaddr_un at;
	int fd;

	if (x->own == NULL || !resident(&at, conf))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		close(fd);
		return -1;
	}
	x->status = 0;
	x->sent = true;
	x->answer = "";
	x->answer_len = 0;
	return fd;
}

int
client_resident(pid_t *pid, const struct conf *conf)
{
	char stay[] = "--stay";
	struct sockaddr_un at;
	int fd, error;

	*pid = -1;
	if (!resident(&at, conf))
		return ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return errno;
	unlink(at.sun_path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    chmod(at.sun_path, 0600) != 0 || listen(fd, RESIDENT_QUEUE) != 0)
		error = errno;
	else
		error =
		    start(pid, mem_printf("%s/send", conf->libexec), stay, fd);
	close(fd);
	return error;
}

void
client_send(struct exchange *x, const struct conf *conf, long timeout)
{
	const char *text = question(x, conf, timeout, false);
	struct mem_text heard = {0};
	pid_t pid = -1;
	int fd = reach(x, conf);

	if (fd == -1)
		fd = begin(&pid, x, conf);
	if (fd == -1)
		return;
	x->trouble = talk(&heard, fd, text,
	    x->own == NULL ? timeout * 1000 : x->own->timeout_ms,
	    x->own == NULL ? CLIENT_ANSWER_MAX : CLIENT_OWN_MAX);
	close(fd);
	if (pid != -1)
		end_program(pid);
	if (x->trouble == NULL)
		hear(x, &heard);
}

/* A stream's bytes that have come and are not heard yet. */
struct stream {
	struct exchange *x;
	client_heard *heard;
	void *arg;
	char *bytes;
	size_t len, room;
	bool headed; /* the line before the body has come */
};

/* Room for more; false: there is a line that is too long. */
static bool
widen(struct stream *s)
{
	char *wider;

	if (s->len < s->room)
		return true;
	if (s->room >= CLIENT_OWN_MAX)
		return false;
	s->room = s->room == 0 ? TALK_SIZE : s->room * 2;
	wider = mem_alloc(s->room + 1);
	if (s->len > 0)
		memcpy(wider, s->bytes, s->len);
	s->bytes = wider;
	return true;
}

static const struct fail *
tell(const struct stream *s, const char *line, size_t len)
{
	const struct mem_mark mark = mem_mark();
	const struct fail *f = s->heard(s->arg, line, len);

	if (f == NULL)
		mem_release(mark);
	return f;
}

/* Take the lines that are whole now; what came last are fresh bytes. */
static const struct fail *
take_lines(struct stream *s, size_t fresh)
{
	char *line = s->bytes, *from = s->bytes + s->len - fresh, *end;
	const char *last = s->bytes + s->len;
	const struct fail *f = NULL;

	while (f == NULL && (!s->headed || s->x->status == 200) &&
	       (end = memchr(from, '\n', (size_t)(last - from))) != NULL) {
		*end = '\0';
		if (s->headed)
			f = tell(s, line, (size_t)(end - line));
		else
			hear_head(s->x, line, (size_t)(end - line));
		s->headed = true;
		line = from = end + 1;
	}
	s->len = (size_t)(last - line);
	memmove(s->bytes, line, s->len);
	s->bytes[s->len] = '\0';
	return f;
}

/* As talk(), but line by line, and without an end of its own. */
static const struct fail *
follow(struct stream *s, int fd, const char *text, long quiet_ms)
{
	struct pollfd p = {.fd = fd};
	size_t sent = 0, len = strlen(text);
	const struct fail *f = NULL;
	ssize_t n;
	int rc;

	while (f == NULL && widen(s)) {
		p.events = sent < len ? POLLIN | POLLOUT : POLLIN;
		rc = poll(&p, 1, (int)quiet_ms);
		if (rc == 0)
			f = tell(s, NULL, 0);
		if (rc <= 0)
			continue;
		if ((p.revents & POLLOUT) && !push(fd, text, &sent, len))
			sent = len;
		if (!(p.revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		n = recv(fd, s->bytes + s->len, s->room - s->len, MSG_DONTWAIT);
		if (n == -1 && passing())
			continue;
		if (n <= 0) {
			if (!s->headed)
				s->x->trouble = broken;
			return NULL;
		}
		s->len += (size_t)n;
		f = take_lines(s, (size_t)n);
	}
	if (f == NULL)
		s->x->trouble = mem_printf("a line of the answer is longer "
		                           "than %d kB",
		    CLIENT_OWN_MAX >> 10);
	return f;
}

const struct fail *
client_stream(struct exchange *x, const struct conf *conf, long quiet_ms,
    client_heard *heard, void *arg)
{
	const char *text = question(x, conf, 1, true);
	struct stream s = {.x = x, .heard = heard, .arg = arg};
	const struct fail *f;
	pid_t pid;
	int fd = begin(&pid, x, conf);

	if (fd == -1)
		return NULL;
	x->trouble = NULL;
	f = follow(&s, fd, text, quiet_ms);
	close(fd);
	end_program(pid);
	if (s.headed && x->status != 200 && x->status != 0) {
		x->answer = s.bytes;
		x->answer_len = s.len;
	}
	return f;
}
