/*
 * Is the store sound?  Plain files, HEAD, records and index are held against
 * each other; what can be mended without losing anything is mended.
 */
#include "file.h"
#include "hash.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"
#include "store-apply.h"
#include "store-check.h"

#include <string.h>

struct check {
	struct store *store;
	const char *head;
	bool repair;
	store_finding *found;
	void *arg;
	size_t records;
};

static void
say(struct check *c, const char *path, const char *what, const char *done)
{
	c->found(c->arg, path, what, c->repair ? done : NULL);
}

/* The record at path goes back to what HEAD has. */
static const struct fail *
restore(struct check *c, const char *path, const char *blob)
{
	const struct fail *f;
	size_t len;
	char *text;

	if (!c->repair)
		return NULL;
	f = store_git_text(&text, &len, c->store->git, blob);
	if (f != NULL)
		return f;
	return file_replace(mem_printf("%s/%s", c->store->root, path),
	    c->store->tmp, text, len);
}

/* The plain file at path, of which HEAD has blob ("" for none). */
static const struct fail *
check_file(struct check *c, const char *path, const char *blob)
{
	const char *file = mem_printf("%s/%s", c->store->root, path);
	struct index_rows rows = {0};
	const struct fail *f;
	size_t len;
	cJSON *json;
	char *text;

	f = file_read(&text, &len, file);
	if (f != NULL)
		return f;
	if (text == NULL) {
		say(c, path, "is missing", "restored from HEAD");
		return restore(c, path, blob);
	}
	if (strcmp(path, "store.json") == 0)
		return NULL;
	f = json_parse(&json, text, len);
	if (f == NULL)
		f = c->store->rows(&rows, path, json);
	if (f != NULL && blob[0] == '\0') {
		say(c, path, mem_printf("is no record: %s", f->text), NULL);
		return NULL;
	}
	if (f != NULL) {
		say(c, path, mem_printf("is not valid: %s", f->text),
		    "restored from HEAD");
		return restore(c, path, blob);
	}
	c->records++;
	if (strcmp(blob, hash_blob(text, len)) == 0)
		return NULL;
	say(c, path,
	    blob[0] == '\0' ? "is not committed" : "was edited in place",
	    "committed as found");
	if (c->repair)
		store_put(c->store, path, json);
	return NULL;
}

/* What HEAD has at path. */
static const struct fail *
check_blob(void *arg, const char *path, const char *blob)
{
	return check_file(arg, path, blob);
}

/* Plain files that HEAD does not have. */
static const struct fail *
check_stray(void *arg, const char *path)
{
	struct check *c = arg;
	const struct fail *f;
	const char *blob;

	f = store_git_blob(&blob, c->store->git, c->head, path);
	if (f != NULL || blob[0] != '\0')
		return f;
	return check_file(c, path, "");
}

static const struct fail *
check_index(struct check *c)
{
	const char *file = mem_printf("%s/head", c->store->index);
	const struct fail *f;
	size_t len;
	char *text;

	f = file_read(&text, &len, file);
	if (f != NULL)
		return f;
	if (text != NULL && strncmp(text, c->head, JOURNAL_ID) == 0)
		return NULL;
	say(c, "index", "does not reflect HEAD", "made anew");
	return c->repair ? store_reindex_held(c->store, NULL) : NULL;
}

/* Under both locks, all applied. */
static const struct fail *
check_all(struct check *c)
{
	const struct fail *f;

	f = store_git_head(&c->head, c->store->git);
	if (f == NULL)
		f = store_git_files(c->store->git, c->head, c->repair,
		    check_blob, c);
	if (f == NULL)
		f = store_files(c->store, c->repair, check_stray, c);
	return f == NULL ? check_index(c) : f;
}

const struct fail *
store_check(size_t *records, struct store *s, bool repair, store_finding *found,
    void *arg)
{
	static const struct store_message message = {"sutler",
	    "sutler@localhost", "sutler: laid out by fsck\n"};
	struct check c = {.store = s,
	    .repair = repair,
	    .found = found,
	    .arg = arg};
	const struct fail *f = store_lock(s);

	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_settle_held(s);
	s->pending = NULL;
	if (f == NULL)
		f = check_all(&c);
	store_give(&s->flush_fd);
	*records = c.records;
	if (f == NULL && repair)
		return store_commit(NULL, s, &message);
	store_unlock(s);
	return f;
}
