/*
 * What was put: what of it is a change, and whether it can be kept.
 */
#include "store-apply.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "secret.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
store_put(struct store *s, const char *path, const cJSON *json)
{
	struct store_put **tail = &s->puts, *put = mem_alloc(sizeof(*put));

	put->path = path;
	if (json != NULL) {
		put->text = json_print(json, true);
		put->len = strlen(put->text);
	}
	while (*tail != NULL && strcmp((*tail)->path, path) != 0)
		tail = &(*tail)->next;
	if (*tail != NULL)
		put->next = (*tail)->next;
	*tail = put;
}

static const char *
id_of(const char *text, size_t len)
{
	return text == NULL ? "" : hash_blob(text, len);
}

static struct journal_change *
change_new(const char *path, const char *before, const char *text, size_t len)
{
	struct journal_change *c = mem_alloc(sizeof(*c));

	c->path = path;
	c->before = before;
	c->after = id_of(text, len);
	c->text = text;
	c->len = len;
	return c;
}

bool
store_fits(const char *text, size_t len)
{
	return len <= STORE_RECORD_MAX ||
	       (len <= STORE_SEALED_MAX &&
	           secret_clear_size(text, len) <= STORE_RECORD_MAX);
}

/* What is promised can be read again, and its place can be written. */
static const struct fail *
check_put(const struct store *s, const struct store_put *put)
{
	char *dir = mem_printf("%s/%s", s->root, put->path), *slash;
	const struct fail *f;
	cJSON *json;

	if (!store_fits(put->text, put->len))
		return fail(FAIL_LARGE,
		    "more than a record can hold (%d bytes)", STORE_RECORD_MAX);
	f = put->text == NULL ? NULL : json_parse(&json, put->text, put->len);
	if (f != NULL)
		return fail(FAIL_INVALID, "cannot be kept: %s", f->text);
	do {
		slash = strrchr(dir, '/');
		*slash = '\0';
	} while (access(dir, W_OK) != 0 && errno == ENOENT && slash > dir);
	if (access(dir, W_OK) != 0)
		return fail_errno("cannot write in %s", dir);
	return NULL;
}

static const struct fail *
visit_put(struct store *s, const struct store_put *put, const char *text,
    size_t len, store_difference *visit, void *arg)
{
	cJSON *before = NULL, *after = NULL;
	const struct fail *f = check_put(s, put);

	if (f == NULL && text != NULL)
		f = json_parse(&before, text, len);
	if (f == NULL && put->text != NULL)
		f = json_parse(&after, put->text, put->len);
	return f == NULL ? visit(arg, put->path, before, after) : f;
}

const struct fail *
store_differences(struct store *s, store_difference *visit, void *arg)
{
	const struct fail *f = secret_trouble();
	const struct store_put *put;
	const char *text;
	size_t len;

	for (put = s->puts; f == NULL && put != NULL; put = put->next) {
		f = store_text(&text, &len, s, put->path);
		if (f == NULL &&
		    strcmp(id_of(text, len), id_of(put->text, put->len)) != 0)
			f = visit_put(s, put, text, len, visit, arg);
	}
	return f;
}

/* The blob at path as the newest change has it that is promised, or else the
 * commit head. */
static const struct fail *
committed_at(const char **blob, const struct store *s, const char *head,
    const char *path)
{
	const struct journal_change *c = store_pending(s, path);

	if (c == NULL)
		return store_git_blob(blob, s->git, head, path);
	*blob = c->after;
	return NULL;
}

/* What the marks and the journal say, while nobody applies. */
static const struct fail *
look_again(struct store *s)
{
	const struct fail *f = store_take(&s->flush_fd, s, "flush");

	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL)
		f = journal_read(&s->pending, s->journal, s->journal->applied,
		    s->journal->tail);
	store_give(&s->flush_fd);
	return f;
}

/* The record at path as it stands, and its blob as it was committed. */
static const struct fail *
compare(const char **text, size_t *len, const char **committed, struct store *s,
    const char *head, const char *path)
{
	const struct fail *f = store_text(text, len, s, path);

	/* the trees of what is only proposed may lack what others did */
	if (f == NULL)
		f = committed_at(committed, s,
		    s->ordered ? s->journal->head : head, path);
	return f;
}

const struct fail *
store_sort(struct journal_change **changes, struct journal_change **found,
    struct store *s, const char *head)
{
	const char *text, *committed;
	const struct store_put *put;
	struct journal_change *c;
	const struct fail *f;
	bool sure = !s->ordered;
	size_t len;

	*changes = *found = NULL;
	for (put = s->puts; put != NULL; put = put->next) {
		f = compare(&text, &len, &committed, s, head, put->path);
		/* who applies may have written the marks while we read them */
		if (f == NULL && !sure &&
		    strcmp(committed, id_of(text, len)) != 0) {
			sure = true;
			f = look_again(s);
			if (f == NULL)
				f = compare(&text, &len, &committed, s, head,
				    put->path);
		}
		if (f != NULL)
			return f;
		if (s->ordered)
			store_note_read(s, put->path, id_of(text, len));
		if (strcmp(committed, id_of(text, len)) != 0) {
			c = change_new(put->path, committed, text, len);
			*found = c;
			found = &c->next;
		}
		c = change_new(put->path, id_of(text, len), put->text,
		    put->len);
		if (strcmp(c->before, c->after) == 0)
			continue;
		f = check_put(s, put);
		if (f != NULL)
			return f;
		*changes = c;
		changes = &c->next;
	}
	return NULL;
}
