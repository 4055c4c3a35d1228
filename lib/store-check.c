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
	struct findings *found;
	const char *head;
	size_t records;
};

/* The record at path goes back to what HEAD has. */
static const struct fail *
restore(struct check *c, const char *path, const char *blob)
{
	const struct fail *f;
	size_t len;
	char *text;

	if (!c->found->repair)
		return NULL;
	f = store_git_text(&text, &len, c->store->git, blob);
	if (f != NULL)
		return f;
	return file_replace(mem_printf("%s/%s", c->store->root, path),
	    c->store->tmp, text, len);
}

/* Is path where a record would stand? */
static bool
is_place(const char *path)
{
	static const char *const kinds[] = {"apps", "accounts", "providers",
	    "open"};
	const char *name = strrchr(path, '/');
	size_t i, len;

	if (name == NULL)
		return false;
	len = strlen(++name);
	if (len < 6 || strcmp(name + len - 5, ".json") != 0)
		return false;
	name = mem_dup(name, len - 5);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(store_path(kinds[i], name), path) == 0)
			return true;
	return false;
}

/* HEAD's blob of path is to be there; the plain file's text may help. */
static const struct fail *
check_object(struct check *c, const char *path, const char *blob,
    const char *text, size_t len)
{
	bool same;

	if (blob[0] == '\0' || store_git_whole(c->store->git, blob))
		return NULL;
	same = text != NULL && strcmp(hash_blob(text, len), blob) == 0;
	finding_fault(c->found, path,
	    mem_printf("HEAD's object %s is missing or broken", blob),
	    same ? "written again" : NULL);
	return same && c->found->repair
	           ? store_git_keep(c->store->git, text, len)
	           : NULL;
}

/* The bytes at path, which are no record's as f says. */
static const struct fail *
check_broken(struct check *c, const char *path, const char *blob,
    const struct fail *f)
{
	if (blob[0] != '\0' && store_git_whole(c->store->git, blob)) {
		finding_fault(c->found, path,
		    mem_printf("is not valid: %s", f->text),
		    "restored from HEAD");
		return restore(c, path, blob);
	}
	finding_fault(c->found, path, mem_printf("is not valid: %s", f->text),
	    NULL);
	return NULL;
}

/* A record that can be read, with what it is. */
static void
check_record(struct check *c, const char *path, const char *blob,
    const char *is, const cJSON *json)
{
	c->records++;
	if (strcmp(blob, is) == 0)
		return;
	finding_fault(c->found, path,
	    blob[0] == '\0' ? "is not committed" : "was edited in place",
	    "committed as found");
	if (c->found->repair)
		store_put(c->store, path, json);
}

/* The plain file at path, of which HEAD has blob ("" for none). */
static const struct fail *
check_file(struct check *c, const char *path, const char *blob)
{
	struct index_rows rows = {0};
	const struct fail *f;
	size_t len;
	cJSON *json;
	char *text;

	f = file_read(&text, &len, mem_printf("%s/%s", c->store->root, path));
	if (f != NULL) {
		finding_fault(c->found, path, f->text, NULL);
		return NULL;
	}
	f = check_object(c, path, blob, text, len);
	if (f != NULL)
		return f;
	if (text == NULL && blob[0] != '\0' &&
	    store_git_whole(c->store->git, blob)) {
		finding_fault(c->found, path, "is missing",
		    "restored from HEAD");
		return restore(c, path, blob);
	}
	if (!is_place(path)) {
		if (text == NULL || strcmp(blob, hash_blob(text, len)) != 0)
			finding_harmless(c->found, path, "is no record",
			    "left alone");
		return NULL;
	}
	if (text == NULL)
		return NULL;
	f = json_parse(&json, text, len);
	if (f == NULL)
		f = c->store->rows(&rows, path, json);
	if (f != NULL)
		return check_broken(c, path, blob, f);
	check_record(c, path, blob, hash_blob(text, len), json);
	return NULL;
}

/* What HEAD has at path. */
static const struct fail *
check_blob(void *arg, const char *path, const char *blob)
{
	struct check *c = arg;
	struct mem_mark mark = mem_mark();
	const size_t before = c->found->count;
	const struct fail *f = check_file(c, path, blob);

	if (f == NULL && c->found->count == before)
		mem_release(mark);
	return f;
}

/* Plain files that HEAD does not have. */
static const struct fail *
check_stray(void *arg, const char *path)
{
	struct check *c = arg;
	struct mem_mark mark = mem_mark();
	const size_t before = c->found->count;
	const struct fail *f;
	const char *blob;

	f = store_git_blob(&blob, c->store->git, c->head, path);
	if (f == NULL && blob[0] == '\0')
		f = check_file(c, path, "");
	if (f == NULL && c->found->count == before)
		mem_release(mark);
	return f;
}

/* main contains our last commit. */
static const struct fail *
check_main(struct check *c)
{
	struct store *s = c->store;
	const struct fail *f = store_git_head(&c->head, s->git);

	if (f == NULL && store_git_reaches(s->git, s->journal->head, c->head))
		return NULL;
	c->head = s->journal->head;
	finding_fault(c->found, "store/.git/refs/heads/main",
	    mem_printf("lacks our last commit, %s", c->head),
	    "moved to it; where it stood is kept as a branch");
	return c->found->repair ? store_git_hold(s->git, c->head) : NULL;
}

static const struct fail *
pass_commit(void *arg, const char *id, const char *message)
{
	(void)arg;
	(void)id;
	(void)message;
	return NULL;
}

static const struct fail *
pass_file(void *arg, const char *path, const char *blob)
{
	(void)arg;
	(void)path;
	(void)blob;
	return NULL;
}

/* Every commit, and every tree of HEAD. */
static const struct fail *
read_history(struct check *c)
{
	const struct fail *f =
	    store_git_walk(c->store->git, c->head, pass_commit, NULL);

	return f != NULL ? f
	                 : store_git_files(c->store->git, c->head, false,
	                       pass_file, NULL);
}

/* Write the objects of all entries in the journal again. */
static const struct fail *
mend_history(struct check *c)
{
	struct journal_entry *all, *e;
	struct store *s = c->store;
	const struct fail *f;

	f = journal_read(&all, s->journal, JOURNAL_START, s->journal->applied);
	for (e = all; f == NULL && e != NULL; e = e->next)
		f = store_git_rebuild(s->git, e, true);
	return f == NULL ? read_history(c) : f;
}

/* Every commit, every tree and blob of HEAD, every plain file. */
static const struct fail *
check_records(struct check *c)
{
	const struct fail *f = read_history(c);
	bool mended;

	if (f != NULL) {
		mended = c->found->repair && mend_history(c) == NULL;
		finding_fault(c->found, "store/.git",
		    mem_printf("objects are missing: %s", f->text),
		    mended ? "made again from the journal" : NULL);
		if (!mended)
			return NULL;
	}
	f = store_git_files(c->store->git, c->head, true, check_blob, c);
	return f == NULL ? store_files(c->store, true, check_stray, c) : f;
}

/* Under both locks, all applied. */
static const struct fail *
check_all(struct check *c)
{
	const struct fail *f = check_main(c);

	if (f == NULL)
		f = store_git_check(c->store->git, c->store->root, c->found);
	if (f == NULL)
		f = check_records(c);
	if (f == NULL)
		f = store_check_state(c->store, c->found);
	return f;
}

static const struct fail *
take_both(struct store *s)
{
	const struct fail *f = store_lock(s);

	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_settle_held(s);
	s->pending = NULL;
	return f;
}

const struct fail *
store_check(size_t *records, struct store *s, struct findings *n)
{
	static const struct store_message message = {"sutler",
	    "sutler@localhost", "sutler: laid out by fsck\n"};
	struct check c = {.store = s, .found = n};
	const size_t left = n->left;
	const struct fail *f = take_both(s);

	if (f == NULL)
		f = check_all(&c);
	*records = c.records;
	store_give(&s->flush_fd);
	if (f == NULL && n->repair)
		f = store_commit(NULL, s, &message);
	store_unlock(s);
	/* beside records that are not sound, an index cannot be judged */
	if (f != NULL || n->left > left)
		return f;
	f = take_both(s);
	if (f == NULL)
		f = store_check_index(s, n);
	store_give(&s->flush_fd);
	store_unlock(s);
	return f;
}
