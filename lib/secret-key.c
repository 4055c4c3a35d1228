#include "secret-key.h"
#include "clock.h"
#include "conf.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ID_DIGITS = 8,
	KEY_DIGITS = SEAL_KEY * 2,
	SIZE_MAX_BYTES = 16 << 10 /* of the whole file */
};

static const char hex[] = "0123456789abcdef";

/* The directory of file. */
static const char *
directory_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL)
		return ".";
	return slash == file ? "/" : mem_dup(file, (size_t)(slash - file));
}

/* Outside the data directory, and for its owner's eyes alone. */
static const struct fail *
check(const struct conf *conf, const struct stat *st)
{
	const char *file = conf->secrets_key;
	const struct fail *f = NULL;
	char *real, *data;
	size_t len;

	if ((st->st_mode & (S_IWGRP | S_IRWXO)) != 0)
		return fail(FAIL_SYSTEM,
		    "%s can be read by others: chmod 600 %s", file, file);
	real = realpath(directory_of(file), NULL);
	data = realpath(conf->data, NULL);
	len = data == NULL ? 0 : strlen(data);
	if (real != NULL && data != NULL && strncmp(real, data, len) == 0 &&
	    (real[len] == '/' || real[len] == '\0'))
		f = fail(FAIL_SYSTEM,
		    "%s lies in the data directory, with what it seals: move"
		    " it, and set secrets_key",
		    file);
	free(real);
	free(data);
	return f;
}

static const struct fail *
read_file(char **out, int fd, const struct conf *conf)
{
	const char *file = conf->secrets_key;
	const struct fail *f;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return fail_errno("cannot look at %s", file);
	f = check(conf, &st);
	if (f != NULL)
		return f;
	if (!S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_BYTES)
		return fail(FAIL_SYSTEM, "%s is no key file", file);
	*out = mem_alloc((size_t)st.st_size + 1);
	n = pread(fd, *out, (size_t)st.st_size, 0);
	return n < 0 ? fail_errno("cannot read %s", file) : NULL;
}

static int
digit(char c)
{
	return (int)(strchr(hex, c) - hex);
}

/* A line "id key date"; false: it is none. */
static bool
read_line(struct seal_master *out, const char *line)
{
	size_t i;

	if (strspn(line, hex) != ID_DIGITS || line[ID_DIGITS] != ' ' ||
	    strspn(line + ID_DIGITS + 1, hex) != KEY_DIGITS ||
	    strchr(" ", line[ID_DIGITS + 1 + KEY_DIGITS]) == NULL)
		return false;
	out->id = (uint32_t)strtoul(mem_dup(line, ID_DIGITS), NULL, 16);
	line += ID_DIGITS + 1;
	for (i = 0; i < SEAL_KEY; i++)
		out->key[i] = (unsigned char)(digit(line[2 * i]) << 4 |
		                              digit(line[2 * i + 1]));
	return out->id != 0;
}

/* place (may be NULL): where the line of each key begins. */
static const struct fail *
read_lines(struct secret_keys *out, off_t *place, char *text, const char *file)
{
	char *line = text, *end;
	size_t number = 1;

	out->count = 0;
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1, number++) {
		*end = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		if (out->count == SECRET_KEYS_MAX)
			return fail(FAIL_SYSTEM,
			    "%s has more than %d keys: see sutler secrets"
			    " rotate --drop-old",
			    file, SECRET_KEYS_MAX);
		if (place != NULL)
			place[out->count] = line - text;
		if (!read_line(&out->all[out->count], line) ||
		    secret_key_find(out, out->all[out->count].id) != NULL)
			return fail(FAIL_SYSTEM, "%s:%zu: no key", file,
			    number);
		out->count++;
	}
	return NULL;
}

const struct seal_master *
secret_key_find(const struct secret_keys *keys, uint32_t id)
{
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (keys->all[i].id == id)
			return &keys->all[i];
	return NULL;
}

const struct fail *
secret_key_read(struct secret_keys *out, const struct conf *conf)
{
	const char *file = conf->secrets_key;
	const struct fail *f;
	char *text;
	int fd;

	out->count = 0;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return fail(FAIL_SYSTEM,
		    "%s, the key of the secrets, is missing: sutler secrets"
		    " seal makes the first one; a lost one has to come from a"
		    " backup",
		    file);
	if (fd < 0)
		return fail_errno("cannot open %s", file);
	f = read_file(&text, fd, conf);
	close(fd);
	if (f == NULL)
		f = read_lines(out, NULL, text, file);
	if (f == NULL && out->count == 0)
		f = fail(FAIL_SYSTEM, "%s has no key: see sutler secrets seal",
		    file);
	return f;
}

/* For root alone: the programs run as the owner of the data. */
static const struct fail *
give_away(int fd, const struct conf *conf)
{
	struct stat st;

	if (geteuid() == 0 && stat(conf->data, &st) == 0 &&
	    fchown(fd, st.st_uid, st.st_gid) != 0)
		return fail_errno("cannot give %s to the owner of %s",
		    conf->secrets_key, conf->data);
	return NULL;
}

const struct fail *
secret_key_open(int *out, const struct conf *conf)
{
	const char *file = conf->secrets_key;
	const struct fail *f = NULL;
	struct stat st;
	int fd;

	fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		f = fstat(fd, &st) != 0 ? fail_errno("cannot look at %s", file)
		                        : check(conf, &st);
		if (f == NULL)
			f = give_away(fd, conf);
		if (f != NULL)
			unlink(file);
	} else if (errno == EEXIST) {
		fd = open(file, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		return fail_errno("cannot make or open %s", file);
	if (f != NULL)
		close(fd);
	else
		*out = fd;
	return f;
}

static const struct fail *
put(int fd, const struct conf *conf, const char *text, off_t at)
{
	size_t len = strlen(text);

	if (pwrite(fd, text, len, at) != (ssize_t)len || fdatasync(fd) != 0)
		return fail_errno("cannot write %s", conf->secrets_key);
	return NULL;
}

const struct fail *
secret_key_add(int fd, const struct conf *conf)
{
	const char *day = clock_text(clock_now()), *end, *id;
	const struct fail *f;
	struct secret_keys keys;
	char *text, *copy;
	off_t at;

	f = read_file(&text, fd, conf);
	if (f != NULL)
		return f;
	/* behind the last whole line */
	end = strrchr(text, '\n');
	at = end == NULL ? 0 : end + 1 - text;
	copy = mem_copy(text);
	f = read_lines(&keys, NULL, copy, conf->secrets_key);
	if (f == NULL && keys.count == SECRET_KEYS_MAX)
		f = fail(FAIL_CONFLICT, "%s has %d keys: --drop-old first",
		    conf->secrets_key, SECRET_KEYS_MAX);
	if (f != NULL)
		return f;
	do
		id = hash_random_hex(ID_DIGITS / 2);
	while (strspn(id, "0") == ID_DIGITS ||
	       secret_key_find(&keys, (uint32_t)strtoul(id, NULL, 16)) != NULL);
	if (ftruncate(fd, at) != 0)
		return fail_errno("cannot write %s", conf->secrets_key);
	return put(fd, conf,
	    mem_printf("%s %s %.10s\n", id, hash_random_hex(SEAL_KEY), day),
	    at);
}

const struct fail *
secret_key_drop(size_t *dropped, int fd, const struct conf *conf)
{
	const char *gone =
	    mem_printf("# dropped %.10s", clock_text(clock_now()));
	off_t place[SECRET_KEYS_MAX];
	struct secret_keys keys;
	const struct fail *f;
	char *text;
	size_t i;

	*dropped = 0;
	f = read_file(&text, fd, conf);
	if (f == NULL)
		f = read_lines(&keys, place, text, conf->secrets_key);
	/* as long as id and key were: no other line moves, whatever happens */
	for (i = 0; f == NULL && i + 1 < keys.count; i++) {
		f = put(fd, conf,
		    mem_printf("%-*s", ID_DIGITS + 1 + KEY_DIGITS, gone),
		    place[i]);
		*dropped += f == NULL;
	}
	return f;
}
