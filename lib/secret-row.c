#include "secret-row.h"
#include "conf.h"
#include "fail.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
file_of(const struct conf *conf)
{
	return mem_printf("%s/keys", conf->data);
}

static off_t
place_of(uint64_t number)
{
	return (off_t)number * SEAL_ROW;
}

const struct fail *
secret_row_open(int *fd, const struct conf *conf)
{
	*fd = open(file_of(conf), O_RDONLY | O_CLOEXEC);
	if (*fd < 0 && errno != ENOENT)
		return fail_errno("cannot open %s", file_of(conf));
	return NULL;
}

static const struct fail *
open_for_writing(int *fd, const struct conf *conf)
{
	*fd = open(file_of(conf), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return *fd < 0 ? fail_errno("cannot open %s", file_of(conf)) : NULL;
}

/* *n = how many whole rows of max from first on were read. */
static const struct fail *
read_rows(unsigned char *rows, size_t *n, size_t max, int fd, uint64_t first)
{
	size_t len = 0;
	ssize_t got;

	while (len < max * SEAL_ROW) {
		got = pread(fd, rows + len, max * SEAL_ROW - len,
		    place_of(first) + (off_t)len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno("cannot read the rows of keys");
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*n = len / SEAL_ROW;
	return NULL;
}

static const struct fail *
write_rows(int fd, const unsigned char *rows, size_t n, uint64_t first)
{
	size_t len = n * SEAL_ROW, done = 0;
	ssize_t put;

	while (done < len) {
		put = pwrite(fd, rows + done, len - done,
		    place_of(first) + (off_t)done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno("cannot write the rows of keys");
		done += (size_t)put;
	}
	return NULL;
}

static enum secret_row_state
unwrap(unsigned char key[SEAL_KEY], const struct secret_keys *masters,
    uint64_t number, const unsigned char *row)
{
	static const unsigned char zeros[SEAL_ROW];
	const struct seal_master *master;

	if (memcmp(row, zeros, SEAL_ROW) == 0)
		return SECRET_ROW_FORGOTTEN;
	master = secret_key_find(masters, seal_row_master(row));
	if (master == NULL)
		return SECRET_ROW_UNKNOWN;
	return seal_unwrap(key, master, number, row) ? SECRET_ROW_GOOD
	                                             : SECRET_ROW_BROKEN;
}

const struct fail *
secret_row_read(unsigned char key[SEAL_KEY], enum secret_row_state *state,
    int fd, const struct secret_keys *masters, uint64_t number)
{
	unsigned char row[SEAL_ROW];
	const struct fail *f;
	size_t n = 0;
	int tries;

	*state = SECRET_ROW_UNKNOWN;
	if (fd < 0 || number > INT64_MAX / SEAL_ROW)
		return NULL;
	/* it may be wrapped anew while it is read */
	for (tries = 0; tries < 2; tries++) {
		f = read_rows(row, &n, 1, fd, number);
		if (f != NULL || n == 0)
			return f;
		*state = unwrap(key, masters, number, row);
		if (*state == SECRET_ROW_GOOD)
			break;
	}
	return NULL;
}

const struct fail *
secret_row_count(uint64_t *rows, const struct conf *conf)
{
	struct stat st;

	*rows = 0;
	if (stat(file_of(conf), &st) == 0)
		*rows = ((uint64_t)st.st_size + SEAL_ROW - 1) / SEAL_ROW;
	else if (errno != ENOENT)
		return fail_errno("cannot look at %s", file_of(conf));
	return NULL;
}

/* The name itself has to stay, too. */
static const struct fail *
flush_directory(const struct conf *conf)
{
	int fd = open(conf->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct fail *f = NULL;

	if (fd < 0 || fsync(fd) != 0)
		f = fail_errno("cannot flush %s", conf->data);
	if (fd >= 0)
		close(fd);
	return f;
}

static const struct fail *
flush_rows(int fd, const struct conf *conf)
{
	return fdatasync(fd) != 0 ? fail_errno("cannot flush %s", file_of(conf))
	                          : NULL;
}

const struct fail *
secret_row_append(const struct conf *conf, const struct secret_keys *masters,
    uint64_t first, const unsigned char (*keys)[SEAL_KEY], size_t n, bool flush)
{
	const struct seal_master *last = &masters->all[masters->count - 1];
	unsigned char *rows = mem_alloc(n * SEAL_ROW);
	const struct fail *f;
	size_t i;
	int fd;

	for (i = 0; i < n; i++)
		seal_wrap(rows + i * SEAL_ROW, last, first + i, keys[i]);
	f = open_for_writing(&fd, conf);
	if (f != NULL)
		return f;
	f = write_rows(fd, rows, n, first);
	if (f == NULL && flush)
		f = flush_rows(fd, conf);
	if (f == NULL && flush && first == 0)
		f = flush_directory(conf);
	close(fd);
	return f;
}

const struct fail *
secret_row_forget(bool *was, const struct conf *conf, uint64_t number)
{
	static const unsigned char zeros[SEAL_ROW];
	unsigned char row[SEAL_ROW];
	const struct fail *f;
	size_t n;
	int fd;

	*was = false;
	f = open_for_writing(&fd, conf);
	if (f != NULL)
		return f;
	f = read_rows(row, &n, 1, fd, number);
	if (f == NULL && n == 1 && memcmp(row, zeros, SEAL_ROW) != 0) {
		*was = true;
		f = write_rows(fd, zeros, 1, number);
		if (f == NULL)
			f = flush_rows(fd, conf);
	}
	close(fd);
	return f;
}

/* *changed: it was another key's. */
static const struct fail *
wrap_one(bool *changed, const struct secret_keys *masters, uint64_t number,
    unsigned char *row)
{
	const struct seal_master *last = &masters->all[masters->count - 1];
	unsigned char key[SEAL_KEY];

	*changed = false;
	if (seal_row_master(row) == last->id)
		return NULL;
	switch (unwrap(key, masters, number, row)) {
	case SECRET_ROW_GOOD:
		seal_wrap(row, last, number, key);
		*changed = true;
		return NULL;
	case SECRET_ROW_FORGOTTEN:
		return NULL;
	default:
		return fail(FAIL_CONFLICT,
		    "row %llu of the keys does not open: is its master key,"
		    " %08x, missing?",
		    (unsigned long long)number, seal_row_master(row));
	}
}

const struct fail *
secret_row_wrap(uint64_t *next, size_t *done, const struct conf *conf,
    const struct secret_keys *masters, uint64_t first)
{
	struct mem_mark mark = mem_mark();
	unsigned char *rows = mem_alloc(SECRET_ROW_BATCH * SEAL_ROW);
	size_t i, n = 0, changes = 0;
	const struct fail *f;
	bool changed;
	int fd;

	f = open_for_writing(&fd, conf);
	if (f != NULL)
		return f;
	f = read_rows(rows, &n, SECRET_ROW_BATCH, fd, first);
	for (i = 0; f == NULL && i < n; i++) {
		f = wrap_one(&changed, masters, first + i, rows + i * SEAL_ROW);
		changes += changed;
	}
	if (f == NULL && changes > 0)
		f = write_rows(fd, rows, n, first);
	if (f == NULL && changes > 0)
		f = flush_rows(fd, conf);
	close(fd);
	if (f != NULL)
		return f;
	*next = first + n;
	*done += changes;
	mem_release(mark);
	return NULL;
}

static void
look_at(struct secret_rows *out, const struct secret_keys *masters,
    const unsigned char *row)
{
	uint32_t id = seal_row_master(row);

	out->rows++;
	if (id == 0)
		out->forgotten++;
	else if (secret_key_find(masters, id) == NULL)
		out->locked++;
	else if (masters->all[masters->count - 1].id != id)
		out->old++;
}

const struct fail *
secret_row_look(struct secret_rows *out, const struct conf *conf,
    const struct secret_keys *masters)
{
	struct mem_mark mark = mem_mark();
	unsigned char *rows = mem_alloc(SECRET_ROW_BATCH * SEAL_ROW);
	const struct fail *f;
	size_t i, n = 0;
	int fd;

	*out = (struct secret_rows){0};
	f = secret_row_open(&fd, conf);
	if (f != NULL || fd < 0)
		return f;
	do {
		f = read_rows(rows, &n, SECRET_ROW_BATCH, fd, out->rows);
		for (i = 0; f == NULL && i < n; i++)
			look_at(out, masters, rows + i * SEAL_ROW);
	} while (f == NULL && n == SECRET_ROW_BATCH);
	close(fd);
	if (f == NULL)
		mem_release(mark);
	return f;
}
