/*
 * Where the program's messages go.
 */
#include "cgi.h"

#include "clock.h"
#include "mem.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LOG_MODE = 0640,
	/* bytes of a member's text; \" and \\ make two of one, so that all of
	 * them have room in PIPE_BUF */
	LOG_TEXT_MAX = 128,
	LOG_PATH_MAX = 256
};

static void
replace(const char *file, int flags)
{
	int fd = open(file, flags, LOG_MODE);

	if (fd == -1)
		return;
	dup2(fd, STDERR_FILENO);
	if (fd != STDERR_FILENO)
		close(fd);
}

void
cgi_log_guard(void)
{
	struct stat out, err;

	if (fstat(STDERR_FILENO, &err) == -1 ||
	    (fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == err.st_dev &&
	        out.st_ino == err.st_ino))
		replace("/dev/null", O_WRONLY);
}

void
cgi_log_open(const struct conf *conf)
{
	if (conf->error_log != NULL)
		replace(conf->error_log, O_WRONLY | O_APPEND | O_CREAT);
}

int64_t
cgi_log_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* text with "?" for each byte that a terminal, or a program that reads lines,
 * might take for more than a letter. */
static const char *
plain(const char *text)
{
	char *copy = mem_copy(text), *p;

	for (p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
	return copy;
}

static void
add(cJSON *line, const char *key, const char *text, size_t most)
{
	if (text == NULL)
		return;
	if (strlen(text) > most)
		text = mem_printf("%.*s...", (int)most - 3, text);
	json_add_text(line, key, plain(text));
}

/* The path, without what opens something: the key of a page that is good once,
 * an API token that stands where none belongs. */
static const char *
path_of(const struct cgi *c)
{
	static const char *const before[] = {"/sso/", ACCOUNT_TOKEN_PREFIX};
	const char *found;
	char *path;
	size_t i, len;

	if (c->path == NULL)
		return NULL;
	path = mem_copy(c->path);
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		for (found = path;
		     (found = strstr(found, before[i])) != NULL;) {
			found += strlen(before[i]);
			len = strcspn(found, "/");
			memset(path + (found - path), '*', len);
		}
	return path;
}

static const char *
actor_of(const struct cgi *c)
{
	if (c->account != NULL)
		return mem_printf("user %s", c->account->name);
	if (c->provider != NULL)
		return mem_printf("provider %s", c->provider->slug);
	return NULL;
}

/* Before there was a need of the configuration the request may have failed. */
static bool
is_wanted(struct cgi *c)
{
	struct conf *conf;

	if (c->act.conf == NULL && conf_read(&conf) == NULL) {
		c->act.conf = conf;
		cgi_log_open(conf);
	}
	return c->act.conf != NULL && c->act.conf->log_requests;
}

void
cgi_log_request(struct cgi *c)
{
	const char *program, *text;
	cJSON *line;

	if (!is_wanted(c))
		return;
	program = c->path == NULL ? NULL : cgi_path_program(c->path);
	line = cJSON_CreateObject();
	json_add_text(line, "time", clock_text(c->now));
	json_add_text(line, "request_id", c->act.request_id);
	add(line, "program",
	    program == NULL ? program_invocation_short_name : program,
	    LOG_TEXT_MAX);
	add(line, "method", c->method, LOG_TEXT_MAX);
	add(line, "path", path_of(c), LOG_PATH_MAX);
	add(line, "route", c->pattern, LOG_TEXT_MAX);
	cJSON_AddNumberToObject(line, "status", c->status);
	add(line, "reason", c->reason, LOG_TEXT_MAX);
	add(line, "actor", actor_of(c), LOG_TEXT_MAX);
	/* a list reads many */
	if (c->pattern != NULL && strchr(c->pattern, ':') != NULL &&
	    c->trace.app[0] != '\0')
		json_add_text(line, "app", c->trace.app);
	if (c->trace.commit[0] != '\0')
		json_add_text(line, "commit", c->trace.commit);
	cJSON_AddItemToObject(line, "ms",
	    cJSON_CreateRaw(mem_printf("%.3f",
	        (double)(cgi_log_clock() - c->began) / 1000)));
	cJSON_AddNumberToObject(line, "in", (double)c->body_taken);
	cJSON_AddNumberToObject(line, "out", (double)c->sent);
	add(line, "address", peer_address(c->act.conf), LOG_TEXT_MAX);
	text = mem_printf("%s\n", json_print(line, false));
	if (strlen(text) < PIPE_BUF &&
	    write(STDERR_FILENO, text, strlen(text)) == -1)
		return; /* there is nobody left to tell */
}
