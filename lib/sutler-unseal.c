/* sutler unseal: a record as it is, its secrets opened; for git's textconv */
#include "fail.h"
#include "json.h"
#include "mem.h"
#include "seal.h"
#include "secret.h"
#include "sutler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct fail *
read_all(struct mem_text *t, int fd, const char *name)
{
	char bytes[8192];
	ssize_t n;

	mem_puts(t, "");
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("cannot read %s", name);
		mem_add(t, bytes, (size_t)n);
	}
	return NULL;
}

static const struct fail *
read_input(struct mem_text *t, const char *name)
{
	const struct fail *f;
	int fd;

	if (name == NULL || strcmp(name, "-") == 0)
		return read_all(t, STDIN_FILENO, "the record");
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno("cannot open %s", name);
	f = read_all(t, fd, name);
	close(fd);
	return f;
}

/* Whose secrets a record of any kind has, or NULL. */
static const char *
whose(const struct mem_text *t)
{
	static const char *const keys[] = {"app_id", "slug", "id"};
	const char *id = NULL;
	cJSON *json;
	size_t i;

	if (json_parse(&json, t->text, t->len) != NULL)
		return NULL;
	for (i = 0; id == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		id = json_text(json, keys[i]);
	return id;
}

/* The sealed text (without its quotes) as JSON; what does not open stays, and
 * *why says so. */
static const char *
open_one(const char **why, const char *text, const char *id)
{
	const struct fail *f;
	struct secret s;

	f = secret_open(&s, id, "a value", text);
	if (f == NULL && s.json)
		return s.clear;
	if (f != NULL && *why == NULL)
		*why = f->text;
	return json_print(cJSON_CreateString(f == NULL ? s.clear : text),
	    false);
}

/* Print the len bytes from in on, JSON strings of ours opened: nothing else
 * moves, so that lines stay what they are. */
static const char *
print(const char *in, size_t len, const char *id)
{
	const char *end = in + len, *close, *why = NULL, *p;

	for (p = in; p < end; p++) {
		if (*p != '"' || (p > in && p[-1] == '\\')) {
			putchar(*p);
			continue;
		}
		close = p + 1 + strcspn(p + 1, "\"\\");
		if (strncmp(p + 1, SECRET_CLEAR, strlen(SECRET_CLEAR)) == 0) {
			putchar('"');
			p += strlen(SECRET_CLEAR);
		} else if (secret_is_sealed(p + 1) && *close == '"') {
			fputs(open_one(&why,
			          mem_dup(p + 1, (size_t)(close - p) - 1), id),
			    stdout);
			p = close;
		} else {
			putchar('"');
		}
	}
	return why;
}

/* Who lacks the key sees what there is, and git goes on. */
static const struct fail *
unseal(const struct call *c)
{
	struct mem_text t = {0};
	const struct fail *f;
	struct conf *conf;
	const char *why;

	f = read_input(&t, c->argc > 0 ? c->argv[0] : NULL);
	if (f != NULL)
		return f;
	f = call_conf(&conf, c);
	if (f == NULL)
		secret_use(conf);
	why = print(t.text, t.len, whose(&t));
	if (f != NULL)
		why = f->text;
	if (why != NULL)
		fprintf(stderr, "sutler: left sealed: %s\n", why);
	return NULL;
}

const struct command unseal_commands[] = {
    {"unseal",                                                         "[FILE]",
     "print a record with its secrets opened; git shows them by this", 0, 1,
     true, unseal, {{0}}},
    {0}
};
