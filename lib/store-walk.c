/*
 * All records, one after another; and the index made anew from them.
 */
#include "complain.h"
#include "file.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"
#include "store-apply.h"

#include <dirent.h>
#include <errno.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A walk through plain files; unless keep, what a visit allocates goes. */
struct walk {
	struct store *store;
	bool keep;
	store_visit_path *visit;
	void *arg;
};

static const struct fail *walk(const struct walk *w, const char *path);

/* The entry of that type called name in the directory path. */
static const struct fail *
walk_entry(const struct walk *w, const char *path, const struct dirent *entry)
{
	struct mem_mark mark = mem_mark();
	const struct fail *f;

	path = mem_printf("%s%s%s", path, path[0] == '\0' ? "" : "/",
	    entry->d_name);
	f = entry->d_type == DT_DIR ? walk(w, path) : w->visit(w->arg, path);
	if (f == NULL && !w->keep)
		mem_release(mark);
	return f;
}

static const struct fail *
walk(const struct walk *w, const char *path)
{
	const char *dir = mem_printf("%s/%s", w->store->root, path);
	const struct fail *f = NULL;
	struct dirent **names;
	int i, n;

	n = scandir(dir, &names, NULL, compare_names);
	if (n < 0)
		return errno == ENOENT ? NULL
		                       : fail_errno("cannot list %s", dir);
	for (i = 0; i < n; i++) {
		if (f == NULL && names[i]->d_name[0] != '.')
			f = walk_entry(w, path, names[i]);
		free(names[i]);
	}
	free(names);
	return f;
}

const struct fail *
store_files(struct store *s, bool keep, store_visit_path *visit, void *arg)
{
	const struct walk w = {s, keep, visit, arg};

	return walk(&w, "");
}

/* Records alone. */
struct records {
	struct store *store;
	store_visit *visit;
	void *arg;
};

static const struct fail *
visit_record(void *arg, const char *path)
{
	const struct records *r = arg;
	struct store_record *record;
	const struct fail *f;
	size_t len = strlen(path);

	if (len < 5 || strcmp(path + len - 5, ".json") != 0)
		return NULL;
	f = store_read(&record, r->store, path);
	if (f == NULL && record != NULL)
		f = r->visit(r->arg, record);
	if (f == NULL || !fail_is_record(f))
		return f;
	/* one broken record is no reason to miss the others */
	complain("left out: %s: %s", path, f->text);
	return NULL;
}

const struct fail *
store_walk(struct store *s, const char *kind, store_visit *visit, void *arg)
{
	struct records r = {s, visit, arg};
	const struct walk w = {s, true, visit_record, &r};

	s->searched = true;
	return walk(&w, kind);
}

const struct fail *
store_scan(struct store *s, const char *kind, store_visit *visit, void *arg)
{
	struct records r = {s, visit, arg};
	const struct walk w = {s, false, visit_record, &r};

	/* what a visit allocates would not outlive it: no note is taken */
	s->searched = true;
	return walk(&w, kind);
}

/* Paths that grow. */
struct paths {
	const char **all;
	size_t count, room;
};

static const struct fail *
add_path(void *arg, const char *path)
{
	struct paths *p = arg;
	const char **bigger;
	size_t len = strlen(path);

	if (len < 5 || strcmp(path + len - 5, ".json") != 0)
		return NULL;
	if (p->count == p->room) {
		p->room = p->room == 0 ? 64 : p->room * 2;
		bigger = mem_alloc(p->room * sizeof(*bigger));
		if (p->count > 0)
			memcpy(bigger, p->all, p->count * sizeof(*bigger));
		p->all = bigger;
	}
	p->all[p->count++] = path;
	return NULL;
}

const struct fail *
store_paths(const char ***paths, size_t *count, struct store *s,
    const char *kind)
{
	struct paths p = {0};
	const struct walk w = {s, true, add_path, &p};
	const struct fail *f;

	s->searched = true;
	f = walk(&w, kind);
	*paths = p.all;
	*count = p.count;
	return f;
}

/* The index made anew, and who hears of it. */
struct rebuild {
	struct store *store;
	struct index_build *build;
	store_tell *tell;
	size_t records, commits;
};

enum { TELL_EVERY = 1000 };

static const struct fail *
rebuild_record(void *arg, const struct store_record *record)
{
	struct index_rows rows = {0};
	struct rebuild *b = arg;
	const struct fail *f;

	if (++b->records % TELL_EVERY == 0 && b->tell != NULL)
		b->tell("records", b->records, 0);
	f = b->store->rows(&rows, record->path, record->json);
	return f == NULL ? index_build_add(b->build, &rows) : f;
}

static void
rebuilt(void *arg, unsigned percent)
{
	const struct rebuild *b = arg;

	if (b->tell != NULL)
		b->tell("per cent of the index", percent, 100);
}

static const struct fail *
rebuild_log(void *arg, const char *id, const char *message)
{
	struct rebuild *b = arg;

	if (++b->commits % TELL_EVERY == 0 && b->tell != NULL)
		b->tell("commits", b->commits, 0);
	return index_log_commit(b->store->index, id, message);
}

static const struct fail *
rebuild_all(struct rebuild *b)
{
	static const char *const kinds[] = {"accounts", "apps", "providers"};
	struct store *s = b->store;
	const struct fail *f;
	size_t i;

	f = index_build_new(&b->build, s->index, s->tmp);
	for (i = 0; f == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		f = store_scan(s, kinds[i], rebuild_record, b);
	if (f == NULL)
		f = index_build_write(b->build, rebuilt, b);
	index_build_free(b->build);
	return f;
}

const struct fail *
store_reindex_held(struct store *s, store_tell *tell)
{
	struct rebuild b = {.store = s, .tell = tell};
	const struct fail *f;
	const char *head;

	/* killed in here, the index is seen to be missing */
	f = file_remove(store_index_mark(s));
	if (f == NULL)
		f = file_remove_all(s->index);
	if (f == NULL)
		f = file_directory(s->index);
	if (f == NULL)
		f = rebuild_all(&b);
	if (f == NULL)
		f = store_git_head(&head, s->git);
	if (f == NULL)
		f = store_git_walk(s->git, head, rebuild_log, &b);
	return f == NULL ? store_index_head(s, head) : f;
}

/* The whole of it; *needed (may be NULL): only where there is none. */
static const struct fail *
reindex_locked(bool *needed, struct store *s, store_tell *tell)
{
	const char *head = store_index_mark(s);
	bool held = s->lock_fd >= 0;
	const struct fail *f = NULL;

	if (!held)
		f = store_lock(s);
	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_settle_held(s);
	if (f == NULL)
		f = store_git_hold(s->git, s->journal->head);
	if (f == NULL && (needed == NULL || access(head, F_OK) != 0))
		f = store_reindex_held(s, tell);
	store_give(&s->flush_fd);
	if (!held)
		store_unlock(s);
	return f;
}

const struct fail *
store_reindex(struct store *s, store_tell *tell)
{
	return reindex_locked(NULL, s, tell);
}

const struct fail *
store_index_there(bool *made, struct store *s)
{
	*made = !store_index_ready(s);
	return *made ? reindex_locked(made, s, NULL) : NULL;
}
