#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "tap.h"

/* Runs in the root of the tree; send stands one directory above the test. */
static struct conf conf = {.allow_http = true, .allow_private = true};
static const char *root;

/* Starts the mock; it ends once *leash is closed. */
static pid_t
start_mock(int *leash)
{
	int in[2], out[2];
	char port[16] = "";
	size_t length = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		abort();
	pid = fork();
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("python3", "python3", "tests/mock-http.py", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	while (length < sizeof(port) - 1 && strchr(port, '\n') == NULL) {
		n = read(out[0], port + length, sizeof(port) - 1 - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	close(out[0]);
	if (strchr(port, '\n') == NULL)
		return -1;
	root = mem_printf("http://127.0.0.1:%.*s", (int)length - 1, port);
	*leash = in[1];
	return pid;
}

static struct exchange
get(const char *url, long timeout)
{
	struct exchange x = {.method = "GET", .url = url};

	client_send(&x, &conf, timeout);
	return x;
}

static struct exchange
get_path(const char *path, long timeout)
{
	return get(mem_printf("%s%s", root, path), timeout);
}

static const char *
echoed(const cJSON *echo, const char *key)
{
	const char *text = json_text(echo, key);

	return text == NULL ? "none" : text;
}

static void
test_post(void)
{
	struct exchange x = {.method = "POST",
	    .url = mem_printf("%s/echo/%%2e%%2e/../x?y", root),
	    .user = "me",
	    .password = "s\303\251cret:x",
	    .accept = "application/json",
	    .body = "{\"a\":\"\303\251\\\"\\n\"}"};
	cJSON *echo = NULL;

	client_send(&x, &conf, 20);
	ok(x.status == 201 && x.trouble == NULL, "POST is answered");
	ok(json_parse(&echo, x.answer, x.answer_len) == NULL, "with JSON");
	is(echoed(echo, "method"), "POST", "method");
	is(echoed(echo, "path"), "/echo/%2e%2e/../x?y", "path as it was");
	is(echoed(echo, "body"), x.body, "body");
	is(echoed(echo, "Authorization"), "Basic bWU6c8OpY3JldDp4",
	    "credentials");
	is(echoed(echo, "Accept"), "application/json", "Accept");
	is(echoed(echo, "Content-Type"), "application/json", "Content-Type");
	is(echoed(echo, "User-Agent"), "sutler", "User-Agent");
	is(echoed(echo, "Accept-Encoding"), "none", "no Accept-Encoding");
	is(echoed(echo, "Expect"), "none", "no Expect");
	is(echoed(echo, "Cookie"), "none", "no Cookie");
}

static void
test_form(void)
{
	struct exchange x = {.method = "POST",
	    .url = mem_printf("%s/echo", root),
	    .body = "id=1&token=a%20b",
	    .form = true};
	cJSON *echo = NULL;

	client_send(&x, &conf, 20);
	ok(json_parse(&echo, x.answer, x.answer_len) == NULL, "a form");
	is(echoed(echo, "Content-Type"), "application/x-www-form-urlencoded",
	    "its Content-Type");
	is(echoed(echo, "body"), x.body, "its body");
}

static void
test_methods(void)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH",
	    "DELETE"};
	struct exchange x;
	cJSON *echo;
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		x = (struct exchange){.method = methods[i],
		    .url = mem_printf("%s/echo", root)};
		client_send(&x, &conf, 20);
		echo = NULL;
		json_parse(&echo, x.answer, x.answer_len);
		is(echoed(echo, "method"), methods[i], "%s without a body",
		    methods[i]);
		is(echoed(echo, "Accept"), "none", "… and without Accept");
		is(echoed(echo, "Content-Type"), "none", "… Content-Type");
		is(echoed(echo, "Authorization"), "none", "… credentials");
	}
	x = (struct exchange){.method = "DELETE",
	    .body = "{}",
	    .url = mem_printf("%s/echo", root)};
	client_send(&x, &conf, 20);
	json_parse(&echo, x.answer, x.answer_len);
	is(echoed(echo, "body"), "none", "DELETE never has a body");
	x = (struct exchange){.method = "BREW", .url = root};
	client_send(&x, &conf, 20);
	is(x.trouble, "the method is none of ours", "BREW");
	/* fills the socket's buffer more than once */
	x = (struct exchange){.method = "PUT",
	    .url = mem_printf("%s/echo", root),
	    .body = memset(mem_alloc(200001), 'x', 200000)};
	client_send(&x, &conf, 20);
	ok(x.status == 201 && x.answer_len > 200000, "a long body");
}

static const struct {
	const char *path;
	int status;
	const char *trouble;
} cases[] = {
    {"/login",        401, NULL                                         },
    {"/redirect",     302, NULL                                         },
    {"/empty",        204, NULL                                         },
    {"/full",         200, NULL                                         },
    {"/huge",         0,   "the answer is longer than 256 kB"           },
    {"/endless",      0,   "the answer is longer than 256 kB"           },
    {"/headers-huge", 0,   "the answer's headers are longer than 64 kB" },
    {"/garbage",      0,   "the answer is not HTTP"                     },
    {"/short",        0,   "the answer broke off"                       },
    {"/nothing",      0,   "the connection was closed without an answer"},
};

static void
test_answers(void)
{
	struct exchange x;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		x = get_path(cases[i].path, 20);
		ok(x.status == cases[i].status, "%s: status %d", cases[i].path,
		    x.status);
		is(x.trouble, cases[i].trouble, "%s: trouble", cases[i].path);
		ok(x.answer != NULL && x.answer[x.answer_len] == '\0' &&
		        (x.status != 0 || x.answer_len == 0),
		    "%s: answer", cases[i].path);
	}
	x = get_path("/redirect", 20);
	is(x.answer, "elsewhere", "a redirect is not followed");
	x = get_path("/gzip", 20);
	ok(x.answer_len == 8 && memcmp(x.answer, "\x1f\x8b\0\n\0raw", 8) == 0,
	    "an answer is taken as it is");
	x = get_path("/full", 20);
	ok(x.answer_len == CLIENT_ANSWER_MAX, "256 kB are taken");
}

static void
test_slow(void)
{
	int64_t start = clock_now();
	struct exchange x = get_path("/slow", 1);

	is(x.trouble, "no answer within 1 s", "a slow answer");
	x = get_path("/drip", 1);
	is(x.trouble, "no answer within 1 s", "an answer in drops");
	ok(clock_now() - start < 5000, "neither takes much longer");
}

static const struct exchange_own own = {.timeout_ms = 1500, .connect_ms = 1500};

static struct exchange
own_path(const char *path)
{
	return (struct exchange){.method = "GET",
	    .url = mem_printf("%s%s", root, path),
	    .own = &own};
}

/* The operator's own server. */
static void
test_own(void)
{
	struct exchange x = own_path("/huge");

	conf.allow_http = conf.allow_private = false;
	client_send(&x, &conf, 20);
	ok(x.answer_len == CLIENT_ANSWER_MAX + 1, "more than 256 kB are taken");
	x = own_path("/endless");
	client_send(&x, &conf, 20);
	is(x.trouble, "the answer is longer than 4096 kB", "4 MB are the most");
	x = own_path("/slow");
	client_send(&x, &conf, 20);
	is(x.trouble, "no answer within 1.5 s", "its time is its own");
	x = own_path("/echo");
	x.method = "POST";
	x.body = memset(mem_alloc((2 << 20) + 1), 'x', 2 << 20);
	client_send(&x, &conf, 20);
	ok(x.status == 201 && x.answer_len > 2 << 20, "2 MB are sent");
	conf.allow_http = conf.allow_private = true;
	x.own = NULL;
	client_send(&x, &conf, 20);
	is(x.trouble, "the question cannot be read", "not to others");
}

struct ear {
	struct mem_text *text;
	const char *until;
	int quiet;
};

static const struct fail *
listen_to(void *arg, const char *line, size_t len)
{
	struct ear *ear = arg;

	if (line == NULL) {
		ear->quiet++;
		return NULL;
	}
	ok(strlen(line) == len, "a line's length");
	mem_alloc(1000); /* goes again */
	strcat(strcat(ear->text->text, line), "|");
	return ear->until != NULL && strcmp(line, ear->until) == 0
	           ? fail(FAIL_CONFLICT, "enough")
	           : NULL;
}

static void
test_stream(void)
{
	struct mem_text text = {.text = mem_alloc(1000)};
	struct ear ear = {.text = &text};
	struct exchange x = own_path("/lines");
	const struct fail *f;

	conf.allow_http = conf.allow_private = false;
	f = client_stream(&x, &conf, 100, listen_to, &ear);
	ok(f == NULL && x.status == 200 && x.trouble == NULL, "a stream ends");
	is(text.text, "one|two|three||", "its lines");
	ok(ear.quiet > 0, "silence is told");
	x = own_path("/lines");
	ear.until = "three";
	text.text[0] = '\0';
	f = client_stream(&x, &conf, 100, listen_to, &ear);
	ok(f != NULL && f->code == FAIL_CONFLICT, "who hears may end it");
	is(text.text, "one|two|three|", "there");
	x = own_path("/login");
	f = client_stream(&x, &conf, 1000, listen_to, &ear);
	ok(f == NULL && x.status == 401, "another status");
	is(x.answer, "no", "its body");
	x = own_path("/long-line");
	f = client_stream(&x, &conf, 1000, listen_to, &ear);
	ok(f == NULL, "a line without an end");
	is(x.trouble, "a line of the answer is longer than 4096 kB",
	    "is too long");
	x = own_path("/garbage");
	f = client_stream(&x, &conf, 1000, listen_to, &ear);
	ok(f == NULL && x.status == 0, "garbage");
	is(x.trouble, "the answer is not HTTP", "is none");
	conf.allow_http = conf.allow_private = true;
}

/* A port where nobody listens, as one bound and closed just now. */
static const char *
closed_port(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	socklen_t len = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&to, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&to, &len) == -1)
		abort();
	close(fd);
	return mem_printf("http://127.0.0.1:%d/", ntohs(to.sin_port));
}

static const char *const private_urls[] = {
    "http://127.0.0.1/",
    "http://localhost/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://100.127.255.255/",
    "http://169.254.169.254/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://192.0.0.8/",
    "http://198.19.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::1]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fdff::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[2001:0:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[3fff::1]/",
};

static void
test_refused(void)
{
	struct exchange x;
	size_t i;

	conf.allow_private = false;
	for (i = 0; i < sizeof(private_urls) / sizeof(private_urls[0]); i++)
		is(get(private_urls[i], 20).trouble,
		    "refused a private address", "%s", private_urls[i]);
	conf.allow_http = false;
	x = get_path("/echo", 20);
	is(x.trouble, "refused a URL without TLS", "http is refused");
	x = get("https://127.0.0.1:1/", 20);
	is(x.trouble, "refused a private address", "https to it, too");
	conf.allow_http = conf.allow_private = true;
	is(get(closed_port(), 20).trouble, "no connection could be made",
	    "a closed port");
	is(get("file:///etc/passwd", 20).trouble,
	    "the URL is neither http nor https", "a file");
	is(get("http://u:p@127.0.0.1/", 20).trouble,
	    "the URL holds credentials", "credentials in the URL");
	is(get("http://no-such-host.invalid/", 20).trouble,
	    "the host has no address", "no such host");
	is(get(mem_printf("https%s/", root + 4), 20).trouble,
	    "no TLS connection could be made", "TLS to a plain server");
}

static void
test_proxy(void)
{
	struct exchange x;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	x = get_path("/empty", 20);
	ok(x.status == 204, "no proxy is used");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void
put_program(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static const struct {
	const char *text, *trouble;
} programs[] = {
    {"#!/bin/sh\nexit 1\n",                                   "the program send failed"},
    {"#!/bin/sh\necho no JSON\n",                             "the program send failed"},
    {"#!/bin/sh\necho '{\"status\":\"200\"}'\n",              "the program send failed"},
    {"#!/bin/sh\necho '{\"status\":0,\"trouble\":\"so\"}'\n", "so"                     },
    {"#!/bin/sh\nexec cat /dev/zero\n",                       "the program send failed"},
    {"#!/bin/sh\nexec sleep 9\n",                             "no answer within 1 s"   },
};

/* Programs in send's place that break their word. */
static void
test_programs(void)
{
	char dir[] = "/tmp/test-client.XXXXXX";
	const char *good = conf.libexec, *file;
	struct exchange x;
	size_t i;

	if (mkdtemp(dir) == NULL)
		abort();
	file = mem_printf("%s/send", dir);
	conf.libexec = dir;
	x = get(root, 1);
	is(x.trouble,
	    mem_printf("%s cannot be run: %s", file, strerror(ENOENT)),
	    "no such program");
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		put_program(file, programs[i].text);
		/* more than the socket holds, so that writing breaks off */
		x = (struct exchange){.method = "PUT",
		    .url = root,
		    .body = memset(mem_alloc(900001), 'x', 900000)};
		client_send(&x, &conf, 1);
		is(x.trouble, programs[i].trouble, "a bad program, %zu", i);
	}
	unlink(file);
	rmdir(dir);
	conf.libexec = good;
}

static int
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		count++;
	closedir(d);
	return count;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	int leash, before;
	pid_t mock;

	conf.libexec = slash == NULL ? ".."
	                             : mem_printf("%.*s/..",
	                                   (int)(slash - argv[0]), argv[0]);
	if (argc > 1)
		conf.libexec = argv[1];
	mock = start_mock(&leash);
	if (mock == -1) {
		ok(false, "tests/mock-http.py starts");
		return done();
	}
	before = open_files();
	test_post();
	test_form();
	test_methods();
	test_answers();
	test_slow();
	test_own();
	test_stream();
	test_refused();
	test_proxy();
	test_programs();
	ok(open_files() == before, "no descriptor is left open");
	close(leash);
	waitpid(mock, NULL, 0);
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "no process is left");
	return done();
}
