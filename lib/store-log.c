#include "store-log.h"
#include "mem.h"
#include "store-apply.h"
#include "store-past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An open log: lines of INDEX_LOG_LINE bytes, oldest first. */
struct log {
	struct store *store;
	const char *path;
	int fd; /* -1: there is none */
	size_t lines;
};

/* A line of it. */
struct line {
	char id[JOURNAL_ID + 1];
	size_t events; /* so far, with those of this commit */
};

static const struct fail *
log_open(struct log *log, struct store *s, const char *id)
{
	const struct fail *f;
	struct stat st = {0};
	bool made;

	*log = (struct log){.store = s, .fd = -1};
	log->path = mem_printf("%s/%s", s->index, index_log_file(id));
	f = store_index_there(&made, s);
	if (f == NULL)
		f = store_need_git(s);
	if (f != NULL)
		return f;
	log->fd = open(log->path, O_RDONLY | O_CLOEXEC);
	if ((log->fd < 0 && errno != ENOENT) ||
	    (log->fd >= 0 && fstat(log->fd, &st) != 0))
		f = fail_errno("cannot open %s", log->path);
	log->lines = (size_t)st.st_size / INDEX_LOG_LINE;
	return f;
}

static void
log_close(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
}

static const struct fail *
log_line(struct line *out, const struct log *log, size_t number)
{
	char text[INDEX_LOG_LINE + 1] = "";

	errno = EIO;
	if (pread(log->fd, text, INDEX_LOG_LINE,
	        (off_t)number * INDEX_LOG_LINE) != INDEX_LOG_LINE)
		return fail_errno("cannot read %s", log->path);
	memcpy(out->id, text, JOURNAL_ID);
	out->id[JOURNAL_ID] = '\0';
	out->events = strtoul(text + JOURNAL_ID, NULL, 16);
	return NULL;
}

/* The commit in that line. */
static const struct fail *
log_commit(struct store_log *out, const struct log *log, size_t number)
{
	struct line line, before = {.events = 0};
	const struct fail *f = log_line(&line, log, number);

	if (f == NULL && number > 0)
		f = log_line(&before, log, number - 1);
	if (f != NULL)
		return f;
	out->id = mem_copy(line.id);
	out->event = before.events;
	out->events = line.events - before.events;
	f = store_git_commit(out, log->store->git);
	/* a damaged log: whoever counts by it would not come to an end */
	if (f == NULL &&
	    (line.events < before.events || out->events > strlen(out->message)))
		f = fail(FAIL_BUSY,
		    "%s: line %zu has no such events; `sutler reindex` makes "
		    "it anew",
		    log->path, number + 1);
	return f;
}

const struct fail *
store_log(struct store_log **out, size_t *count, size_t *total, struct store *s,
    const char *id, size_t skip, size_t max)
{
	const struct fail *f;
	struct log log;
	size_t n;

	*count = *total = 0;
	f = log_open(&log, s, id);
	*total = n = log.lines;
	n = n > skip ? n - skip : 0;
	*out = mem_alloc(((n < max ? n : max) + 1) * sizeof(**out));
	for (; f == NULL && n > 0 && *count < max; n--)
		f = log_commit(&(*out)[(*count)++], &log, n - 1);
	log_close(&log);
	return f;
}

/* *number = the line that has the event which is the nth from 0 on. */
static const struct fail *
find_event(size_t *number, const struct log *log, size_t nth)
{
	size_t low = 0, high = log->lines, middle;
	const struct fail *f = NULL;
	struct line line;

	while (f == NULL && low < high) {
		middle = low + (high - low) / 2;
		f = log_line(&line, log, middle);
		if (f == NULL && line.events > nth)
			high = middle;
		else
			low = middle + 1;
	}
	*number = low;
	return f;
}

/* The commits at line number and before it that have the events from nth back,
 * max of them; commits without any are left out. */
static const struct fail *
collect_events(struct store_log *out, size_t *count, const struct log *log,
    size_t number, size_t nth, size_t max)
{
	size_t least = nth + 1 > max ? nth + 1 - max : 0;
	const struct fail *f = NULL;
	struct store_log *c;

	for (;; number--) {
		c = &out[*count];
		f = log_commit(c, log, number);
		if (f != NULL)
			return f;
		*count += c->events > 0;
		if (c->event <= least || number == 0)
			return NULL;
	}
}

const struct fail *
store_log_events(struct store_log **out, size_t *count, size_t *total,
    struct store *s, const char *id, size_t skip, size_t max)
{
	struct line last = {.events = 0};
	const struct fail *f;
	size_t number, nth;
	struct log log;

	*count = *total = 0;
	f = log_open(&log, s, id);
	if (f == NULL && log.lines > 0)
		f = log_line(&last, &log, log.lines - 1);
	*total = last.events;
	*out = mem_alloc((max + 1) * sizeof(**out));
	if (f == NULL && max > 0 && skip < *total) {
		nth = *total - skip - 1;
		f = find_event(&number, &log, nth);
		if (f == NULL && number < log.lines)
			f = collect_events(*out, count, &log, number, nth, max);
	}
	log_close(&log);
	return f;
}

/* *number = the line of commit, sought from the newest on. */
static const struct fail *
find_commit(size_t *number, const struct log *log, const char *commit)
{
	const struct fail *f = NULL;
	struct line line;
	size_t n;

	for (n = log->lines; f == NULL && n > 0; n--) {
		f = log_line(&line, log, n - 1);
		if (f == NULL && strcmp(line.id, commit) == 0) {
			*number = n - 1;
			return NULL;
		}
	}
	return f != NULL ? f : fail_missing("commit");
}

const struct fail *
store_log_after(struct store_log **out, size_t *count, struct store *s,
    const char *id, const char *commit, size_t skip, size_t max)
{
	const struct fail *f;
	size_t number = 0;
	struct log log;

	*count = 0;
	*out = mem_alloc((max + 1) * sizeof(**out));
	f = log_open(&log, s, id);
	if (f == NULL)
		f = find_commit(&number, &log, commit);
	for (number += skip + 1;
	     f == NULL && number < log.lines && *count < max; number++)
		f = log_commit(&(*out)[(*count)++], &log, number);
	log_close(&log);
	return f;
}

const struct fail *
store_log_find(struct store_log *out, struct store *s, const char *prefix)
{
	const struct fail *f = store_need_git(s);

	*out = (struct store_log){0};
	if (f == NULL)
		f = store_git_find(&out->id, s->git, prefix);
	if (f == NULL && out->id == NULL)
		f = fail_missing("commit");
	return f != NULL ? f : store_git_commit(out, s->git);
}

const struct fail *
store_log_record(cJSON **out, struct store *s, const char *commit,
    const char *path)
{
	const struct fail *f = store_need_git(s);
	const char *blob;

	*out = NULL;
	if (f == NULL)
		f = store_git_blob(&blob, s->git, commit, path);
	if (f == NULL && blob[0] != '\0')
		f = store_past(out, s, blob);
	return f;
}
