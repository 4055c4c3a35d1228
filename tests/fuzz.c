#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "record.h"
#include "token.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static char *directory;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	/* what the tests' own environment says is no part of a run */
	clearenv();
	if (fuzz_begin != NULL)
		fuzz_begin();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mem_mark mark = mem_mark();

	fuzz_one(mem_dup((const char *)bytes, len), len);
	mem_release(mark);
	return 0;
}

/* The pool ends a process that wants too much; here that is a finding. */
void
_exit(int status)
{
	fprintf(stderr, "fuzz: the process ends itself with %d\n", status);
	abort();
}

void
fuzz_must(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz: does not hold: %s\n", what);
	abort();
}

void
fuzz_done(const struct fail *f)
{
	fuzz_must(f == NULL, f == NULL ? "" : f->text);
}

void
fuzz_line(const char *text, const char *what)
{
	const char *p;

	if (text == NULL)
		return;
	for (p = text; *p != '\0'; p++)
		fuzz_must((unsigned char)*p >= ' ' && *p != 0x7f,
		    mem_printf("%s has no control characters", what));
	fuzz_same(cJSON_CreateString(text), what);
}

void
fuzz_same(const cJSON *json, const char *what)
{
	const struct fail *f;
	const char *text;
	cJSON *again;
	int pretty;

	for (pretty = 0; pretty < 2; pretty++) {
		text = json_print(json, pretty != 0);
		f = json_parse(&again, text, strlen(text));
		fuzz_must(f == NULL, mem_printf("%s is JSON: %s", what,
		                         f == NULL ? "" : f->text));
		fuzz_must(strcmp(text, json_print(again, pretty != 0)) == 0,
		    mem_printf("%s is the same once it is read", what));
	}
}

cJSON *
fuzz_file(const char *path)
{
	const char *here = __FILE__, *slash = strrchr(here, '/');
	const char *file =
	    mem_printf("%.*s/../%s", slash == NULL ? 1 : (int)(slash - here),
	        slash == NULL ? "." : here, path);
	cJSON *json;
	size_t len;
	char *text;

	fuzz_done(file_read(&text, &len, file));
	fuzz_must(text != NULL, file);
	fuzz_done(json_parse(&json, text, len));
	return json;
}

void
fuzz_put(const char *name, const char *text, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fuzz_must(fd != -1 && write(fd, text, len) == (ssize_t)len, name);
	close(fd);
}

static void
remove_directory(void)
{
	file_remove_all(directory);
}

struct conf *
fuzz_data(struct store **store)
{
	struct conf *conf = conf_defaults("https://market.example");
	char *file;

	/* in memory, where there is a place for it */
	directory = mem_printf("%s/sutler-fuzz-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_must(mkdtemp(directory) != NULL, "a directory can be made");
	atexit(remove_directory);
	conf->data = mem_printf("%s/data", directory);
	fuzz_done(store_init(conf->data));
	/* the same in every process, so that a seed may hold what it signs */
	file = mem_printf("%s/key", conf->data);
	fuzz_put(file, "0123456789abcdef0123456789abcdef", TOKEN_KEY_SIZE);
	file = mem_printf("%s/conf", directory);
	conf->file = file;
	fuzz_put(file, "data = data\npublic_url = https://market.example\n",
	    strlen("data = data\npublic_url = https://market.example\n"));
	setenv("SUTLER_CONF", file, 1);
	if (store != NULL)
		fuzz_done(record_store(store, conf));
	return conf;
}

size_t
fuzz_pick(char **bytes, size_t *len, size_t limit)
{
	size_t number;

	if (*len == 0)
		return 0;
	number = (unsigned char)(**bytes - '0') % limit;
	(*bytes)++;
	(*len)--;
	return number;
}

const char *
fuzz_next_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	*rest = end == NULL ? line + strlen(line) : end + 1;
	if (end != NULL)
		*end = '\0';
	return line;
}
