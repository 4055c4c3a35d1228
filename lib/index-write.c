#include "index-write.h"
#include "fail.h"
#include "file.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT_WIDTH = 5, COMMIT_WIDTH = 40, CHUNKS_MAX = 1 << 24 };

static bool
has(const struct index_rows *rows, const struct index_row *row)
{
	const struct index_row *r;

	for (r = rows->first; r != NULL; r = r->next)
		if (strcmp(r->file, row->file) == 0 &&
		    strcmp(r->line, row->line) == 0)
			return true;
	return false;
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Note in "count", beside the chunk's file, that it has n rows; chunks
 * without rows at the end of it are left off. */
static const struct fail *
set_count(const char *index, const char *tmp, const char *file, size_t n)
{
	const char *slash = strrchr(file, '/');
	const char *path =
	    mem_printf("%s/%.*s/count", index, (int)(slash - file), file);
	size_t len, at = strtoul(slash + 1, NULL, 10) * COUNT_WIDTH;
	struct mem_text t = {0};
	const struct fail *f;
	char *text;

	if (at / COUNT_WIDTH > CHUNKS_MAX)
		return fail(FAIL_SYSTEM, "%s: a place beyond all others", file);
	f = file_read(&text, &len, path);
	if (f != NULL)
		return f;
	mem_add(&t, text, len);
	while (t.len < at + COUNT_WIDTH)
		mem_puts(&t, "0000\n");
	memcpy(t.text + at, mem_printf("%04zx", n), COUNT_WIDTH - 1);
	while (t.len >= COUNT_WIDTH &&
	       memcmp(t.text + t.len - COUNT_WIDTH, "0000", 4) == 0)
		t.len -= COUNT_WIDTH;
	if (t.len == 0)
		return file_remove(path);
	return file_replace(path, tmp, t.text, t.len);
}

const struct fail *
index_write_lines(const char *index, const char *tmp, enum index_table table,
    const char *file, const char **lines, size_t n)
{
	const char *path = mem_printf("%s/%s", index, file);
	struct mem_text t = {0};
	const struct fail *f;
	size_t i, kept = 0;

	qsort(lines, n, sizeof(*lines), compare_lines);
	for (i = 0; i < n; i++) {
		if (i > 0 && strcmp(lines[i - 1], lines[i]) == 0)
			continue;
		mem_puts(&t, lines[i]);
		mem_puts(&t, "\n");
		kept++;
	}
	f = kept == 0 ? file_remove(path)
	              : file_replace(path, tmp, t.text, t.len);
	if (f == NULL && table == INDEX_PLACE)
		f = set_count(index, tmp, file, kept);
	return f;
}

/* The lines of file that stay: all but those that out has and in lacks; then
 * those of in. */
static const struct fail *
edit_file(const char *index, const char *tmp, enum index_table table,
    const char *file, const struct index_rows *out, const struct index_rows *in)
{
	const struct index_row *r;
	struct index_row row = {.file = file};
	const struct fail *f;
	size_t len, n = 0, room = 0;
	const char **lines;
	char *text, *p;

	f = file_read(&text, &len, mem_printf("%s/%s", index, file));
	if (f != NULL)
		return f;
	for (p = text; p != NULL && (p = strchr(p, '\n')) != NULL; p++)
		room++;
	for (r = in->first; r != NULL; r = r->next)
		room++;
	lines = mem_alloc((room + 1) * sizeof(*lines));
	for (; text != NULL && (p = strchr(text, '\n')) != NULL; text = p + 1) {
		*p = '\0';
		row.line = text;
		if (!has(out, &row))
			lines[n++] = text;
	}
	for (r = in->first; r != NULL; r = r->next)
		if (strcmp(r->file, file) == 0)
			lines[n++] = r->line;
	return index_write_lines(index, tmp, table, file, lines, n);
}

/* Append commit, which has that many events, to the log in file, unless it
 * stands there last. */
static const struct fail *
append(const char *index, const char *file, const char *commit, size_t events)
{
	const char *path = mem_printf("%s/%s", index, file), *line;
	char last[INDEX_LOG_LINE + 1] = "";
	const struct fail *f = NULL;
	off_t end;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 && errno == ENOENT) {
		f = file_directory(
		    mem_dup(path, (size_t)(strrchr(path, '/') - path)));
		if (f != NULL)
			return f;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	}
	if (fd < 0)
		return fail_errno("cannot open %s", path);
	/* a line that a crash cut short is written over */
	end = lseek(fd, 0, SEEK_END);
	end -= end % INDEX_LOG_LINE;
	if (end > 0 && pread(fd, last, INDEX_LOG_LINE, end - INDEX_LOG_LINE) !=
	                   INDEX_LOG_LINE)
		last[0] = '\0';
	if (strncmp(last, commit, COMMIT_WIDTH) != 0) {
		if (last[0] != '\0')
			events += strtoul(last + COMMIT_WIDTH, NULL, 16);
		line = mem_printf("%s %08zx\n", commit, events);
		if (pwrite(fd, line, INDEX_LOG_LINE, end) != INDEX_LOG_LINE)
			f = fail_errno("cannot write %s", path);
	}
	close(fd);
	return f;
}

/* The rows of a that b lacks. */
static struct index_rows
without(const struct index_rows *a, const struct index_rows *b)
{
	struct index_rows out = {0};
	const struct index_row *r;
	struct index_row *copy;

	for (r = a->first; r != NULL; r = r->next) {
		if (r->table == INDEX_LOG || has(b, r))
			continue;
		copy = mem_alloc(sizeof(*copy));
		*copy = *r;
		copy->next = out.first;
		out.first = copy;
	}
	return out;
}

static bool
names(const struct index_row *from, const struct index_row *to,
    const char *file)
{
	for (; from != to; from = from->next)
		if (strcmp(from->file, file) == 0)
			return true;
	return false;
}

/* The id at text, of those letters: of an app, or of an account; NULL: none. */
static const char *
id_at(const char *text, const char *prefix, const char *letters)
{
	size_t len = strlen(prefix), end;

	if (strncmp(text, prefix, len) != 0)
		return NULL;
	end = len + strspn(text + len, letters);
	if (end < len + 4 || (text[end] != ' ' && text[end] != '\n'))
		return NULL;
	return mem_dup(text, end);
}

const struct fail *
index_log_commit(const char *index, const char *commit, const char *message)
{
	static const char app[] = "\nApp: ", event[] = "\nEvent: ";
	static const char user[] = "\nActor: user ";
	const struct fail *f = NULL;
	const char *at, *id;
	size_t events = 0;

	for (at = message; (at = strstr(at, event)) != NULL; at++)
		events++;
	for (at = message; f == NULL && (at = strstr(at, app)) != NULL; at++) {
		id = id_at(at + strlen(app), "", "0123456789abcdef");
		if (id != NULL)
			f = append(index, index_log_file(id), commit, events);
	}
	at = events == 0 ? NULL : strstr(message, user);
	id = at == NULL ? NULL
	                : id_at(at + strlen(user), "us-", "0123456789abcdef-");
	if (f == NULL && id != NULL)
		f = append(index, index_log_file(id), commit, events);
	return f;
}

const struct fail *
index_apply(const char *index, const char *tmp, const struct index_rows *before,
    const struct index_rows *after)
{
	struct index_rows out = without(before, after);
	struct index_rows in = without(after, before);
	const struct fail *f = NULL;
	const struct index_row *r;

	for (r = out.first; f == NULL && r != NULL; r = r->next)
		if (!names(out.first, r, r->file))
			f = edit_file(index, tmp, r->table, r->file, &out, &in);
	for (r = in.first; f == NULL && r != NULL; r = r->next)
		if (!names(out.first, NULL, r->file) &&
		    !names(in.first, r, r->file))
			f = edit_file(index, tmp, r->table, r->file, &out, &in);
	return f;
}
