#ifndef SUTLER_TEST_ASK_H
#define SUTLER_TEST_ASK_H

/*
 * Asking a CGI program, as a server does: environment and pipes.  A test that
 * includes this is the tests and, run again with TEST_CGI set, the program
 * that they ask.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgi.h"
#include "fail.h"
#include "mem.h"
#include "tap.h"

static char dir[64]; /* of the configuration and what else there is */
static const char *self = "/proc/self/exe"; /* the program */

/* A handler that answers what it was asked. */
static inline const struct fail *
echo(struct cgi *c)
{
	cJSON *answer = cgi_answer(c, 200);

	json_add_text(answer, "method", c->method);
	json_add_text(answer, "path", c->path);
	json_add_text(answer, "a", c->param[0]);
	json_add_text(answer, "b", c->param[1]);
	json_add_text(answer, "q", cgi_query(c, "q"));
	json_add_text(answer, "id", c->act.request_id);
	json_add_text(answer, "match", c->act.if_match);
	json_add_text(answer, "account",
	    c->account == NULL ? NULL : c->account->name);
	cJSON_AddItemToObject(answer, "body",
	    c->body == NULL ? cJSON_CreateNull()
	                    : cJSON_Duplicate(c->body, true));
	c->revision = "0123";
	return NULL;
}

struct reply {
	const char *head, *body, *log;
	int status;
};

static inline const char *
slurp(int fd)
{
	struct mem_text t = {0};
	char buffer[4096];
	ssize_t n;

	mem_puts(&t, "");
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		mem_add(&t, buffer, (size_t)n);
	close(fd);
	return t.text;
}

static inline void
child(char *const *env, int in, const int *out, const int *err)
{
	char *const argv[] = {mem_copy(self), NULL};

	dup2(in, STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	dup2(err[1], STDERR_FILENO);
	close(out[0]);
	close(err[0]);
	execve(self, argv, env);
	_exit(127);
}

/*
 * What the program answers to body with the environment env, lines of
 * "NAME=value", ahead of what every request here has.
 */
static inline struct reply
ask_with(const char *env, const char *body)
{
	char *list[32], *lines, *line, *end;
	int out[2], err[2], in, status = -1;
	struct reply r = {0};
	size_t n = 0;
	pid_t pid;

	lines = mem_printf("%s\nTEST_CGI=1\nSUTLER_CONF=%s/sutler.conf\n"
	                   "SCRIPT_NAME=/market/v1/apps\n",
	    env, dir);
	for (line = lines; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (*line != '\0' && n < 31)
			list[n++] = line;
	}
	list[n] = NULL;
	in = open(mem_printf("%s/body", dir),
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (in == -1 || write(in, body, strlen(body)) < 0 ||
	    lseek(in, 0, SEEK_SET) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
	    pipe2(err, O_CLOEXEC) != 0)
		abort();
	pid = fork();
	if (pid == 0)
		child(list, in, out, err);
	close(in);
	close(out[1]);
	close(err[1]);
	r.head = slurp(out[0]);
	r.log = slurp(err[0]);
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		r.log = mem_printf("status %d: %s", status, r.log);
	line = strstr(r.head, "\r\n\r\n");
	r.body = line == NULL ? "no body" : line + 4;
	if (line != NULL)
		r.head = mem_dup(r.head, (size_t)(line + 2 - r.head));
	if (strncmp(r.head, "Status: ", 8) == 0)
		r.status = (int)strtol(r.head + 8, NULL, 10);
	return r;
}

/* The same for a path below /market/v1/apps, without a body. */
static inline struct reply
ask(const char *method, const char *info, const char *env)
{
	return ask_with(mem_printf("REQUEST_METHOD=%s\nPATH_INFO=%s\n%s",
	                    method, info, env),
	    "");
}

static inline bool
has(struct reply r, const char *line)
{
	return strstr(r.head, mem_printf("%s\r\n", line)) != NULL;
}

/* The string member key of the answer, or why there is none. */
static inline const char *
member(struct reply r, const char *key)
{
	cJSON *json = NULL;
	const struct fail *f = json_parse(&json, r.body, strlen(r.body));
	cJSON *item = json_get(json, key);

	if (f != NULL)
		return mem_printf("no JSON: %s", r.body);
	return item == NULL ? r.body : json_plain(item);
}

/* Make dir, with a configuration and an empty store. */
static inline bool
ask_start(const char *name)
{
	const struct fail *f;
	FILE *conf;

	snprintf(dir, sizeof(dir), "/tmp/%s.XXXXXX", name);
	if (mkdtemp(dir) == NULL)
		return false;
	conf = fopen(mem_printf("%s/sutler.conf", dir), "w");
	if (conf == NULL)
		return false;
	fprintf(conf, "data = data\npublic_url = https://m.example\n");
	if (fclose(conf) != 0)
		return false;
	f = store_init(mem_printf("%s/data", dir));
	if (f != NULL)
		printf("Bail out! %s\n", f->text);
	return f == NULL;
}

static inline int
ask_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void
ask_end(void)
{
	nftw(dir, ask_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
