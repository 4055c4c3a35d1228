#include "store-apply.h"
#include "file.h"
#include "hash.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

const struct fail *
store_take(int *fd, struct store *s, const char *name)
{
	const struct timespec pause = {0, 1000 * 1000};
	const char *file = mem_printf("%s/%s", s->state, name);
	time_t until;

	*fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return fail_errno("cannot open %s", file);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return NULL;
	until = time(NULL) + STORE_WAIT;
	while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		if ((errno == EWOULDBLOCK || errno == EINTR) &&
		    time(NULL) < until) {
			nanosleep(&pause, NULL);
			continue;
		}
		store_give(fd);
		return fail(FAIL_BUSY, "%s: locked for more than %d s", file,
		    STORE_WAIT);
	}
	return NULL;
}

void
store_give(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

const struct fail *
store_need_git(struct store *s)
{
	return s->git != NULL ? NULL : store_git_open(&s->git, s->root);
}

/* The index rows of the record text at path; no record shows none. */
static const struct fail *
rows_of(struct index_rows *rows, struct store *s, const char *path,
    const char *text, size_t len)
{
	cJSON *json;

	/* an administrator may have committed anything: it shows nothing */
	if (text == NULL || json_parse(&json, text, len) != NULL)
		return NULL;
	if (s->rows(rows, path, json) != NULL)
		rows->first = NULL;
	return NULL;
}

/* An edit that came between our reading and our writing is kept aside. */
static const struct fail *
keep_aside(struct store *s, const char *path, const char *text, size_t len,
    const char *commit)
{
	const char *name = strrchr(path, '/');
	const char *file = mem_printf("%s/aside/%.12s-%s", s->state, commit,
	    name == NULL ? path : name + 1);

	fprintf(stderr,
	    "sutler: %s was edited while it was being written:"
	    " the edit is in %s\n",
	    path, file);
	return file_replace(file, s->tmp, text, len);
}

static const struct fail *
apply_change(
    struct store *s, const struct journal_change *c, const char *commit)
{
	const char *path = mem_printf("%s/%s", s->root, c->path), *id = "";
	struct index_rows before = {0}, after = {0};
	const struct fail *f;
	char *text, *old;
	size_t len, old_len;

	f = file_read(&text, &len, path);
	if (f != NULL)
		return f;
	if (text != NULL)
		id = hash_blob(text, len);
	old = text;
	old_len = len;
	if (strcmp(id, c->before) != 0)
		f = store_git_text(&old, &old_len, s->git, c->before);
	if (f == NULL && text != NULL && strcmp(id, c->before) != 0 &&
	    strcmp(id, c->after) != 0)
		f = keep_aside(s, c->path, text, len, commit);
	if (f == NULL)
		f = rows_of(&before, s, c->path, old, old_len);
	if (f == NULL)
		f = rows_of(&after, s, c->path, c->text, c->len);
	if (f == NULL)
		f = index_apply(s->index, s->tmp, &before, &after, commit);
	if (f != NULL || strcmp(id, c->after) == 0)
		return f;
	return c->text == NULL ? file_remove(path)
			       : file_replace(path, s->tmp, c->text, c->len);
}

static const struct fail *
write_index_head(struct store *s, const char *commit)
{
	return file_replace(mem_printf("%s/head", s->index), s->tmp,
	    mem_printf("%s\n", commit), JOURNAL_ID + 1);
}

static const struct fail *
apply_entry(struct store *s, const struct journal_entry *entry, bool move)
{
	const struct fail *f = NULL;
	const struct journal_change *c;

	for (c = entry->changes; f == NULL && c != NULL; c = c->next)
		f = apply_change(s, c, entry->id);
	if (f == NULL && move)
		f = store_git_move(s->git, entry->id);
	if (f == NULL)
		f = write_index_head(s, entry->id);
	return f;
}

/* Under the flush lock. */
static const struct fail *
settle(struct store *s)
{
	struct journal_entry *entry;
	const struct fail *f;

	f = journal_marks(s->journal);
	if (f != NULL || s->journal->applied >= s->journal->tail)
		return f;
	f = journal_read(
	    &entry, s->journal, s->journal->applied, s->journal->tail);
	if (f == NULL)
		f = journal_flush(s->journal);
	if (f == NULL)
		f = store_need_git(s);
	for (; f == NULL && entry != NULL; entry = entry->next) {
		f = apply_entry(s, entry, true);
		if (f == NULL)
			f = journal_applied(s->journal, entry->end);
	}
	return f;
}

const struct fail *
store_settle(struct store *s)
{
	const struct fail *f = store_take(&s->flush_fd, s, "flush");

	if (f == NULL)
		f = settle(s);
	store_give(&s->flush_fd);
	return f;
}

static const struct fail *
sync_all(struct store *s)
{
	int fd = open(s->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct fail *f = NULL;

	if (fd < 0)
		return fail_errno("cannot open %s", s->data);
	if (syncfs(fd) != 0)
		f = fail_errno("cannot flush %s", s->data);
	close(fd);
	return f;
}

/* Under both locks, all applied. */
static const struct fail *
start_anew(struct store *s)
{
	const struct fail *f;
	const char *head;

	f = store_git_head(&head, s->git);
	if (f == NULL)
		f = sync_all(s);
	if (f == NULL)
		f = journal_reset(s->journal, head);
	return f;
}

const struct fail *
store_checkpoint_locked(struct store *s)
{
	const struct fail *f = store_take(&s->flush_fd, s, "flush");

	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = settle(s);
	if (f == NULL)
		f = start_anew(s);
	store_give(&s->flush_fd);
	s->pending = NULL;
	return f;
}

const struct fail *
store_checkpoint(struct store *s)
{
	const struct fail *f = store_lock(s);

	if (f == NULL)
		f = store_checkpoint_locked(s);
	store_unlock(s);
	return f;
}

/* Under both locks, by the first process after a boot. */
static const struct fail *
replay(struct store *s)
{
	struct journal_entry *entry, *e;
	const char *truth, *head;
	const struct fail *f;
	bool move;

	f = journal_recover(&entry, s->journal);
	if (f == NULL)
		f = store_need_git(s);
	for (e = entry; f == NULL && e != NULL; e = e->next)
		f = store_git_rebuild(s->git, e);
	if (f != NULL)
		return f;
	truth = s->journal->base;
	for (e = entry; e != NULL; e = e->next)
		truth = e->id;
	/* main moved on by another hand stays; main behind, or broken, moves */
	move = store_git_head(&head, s->git) != NULL ||
	       !store_git_reaches(s->git, truth, head);
	for (; f == NULL && entry != NULL; entry = entry->next)
		f = apply_entry(s, entry, false);
	if (f == NULL && move)
		f = store_git_move(s->git, truth);
	return f == NULL ? start_anew(s) : f;
}

const struct fail *
store_recover(struct store *s)
{
	bool held = s->lock_fd >= 0;
	const struct fail *f = NULL;

	if (!held)
		f = store_take(&s->lock_fd, s, "lock");
	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL && !s->journal->ours)
		f = replay(s);
	store_give(&s->flush_fd);
	if (!held)
		store_give(&s->lock_fd);
	return f;
}

/* Walking all records */

static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static const struct fail *walk(
    struct store *s, const char *path, store_visit *visit, void *arg);

/* The entry called name below path: a directory, or a record. */
static const struct fail *
walk_entry(struct store *s, const char *path, unsigned char type,
    store_visit *visit, void *arg)
{
	struct store_record *record;
	const struct fail *f;
	size_t len = strlen(path);

	if (type == DT_DIR)
		return walk(s, path, visit, arg);
	if (type != DT_REG || len < 5 || strcmp(path + len - 5, ".json") != 0)
		return NULL;
	f = store_read(&record, s, path);
	return f == NULL && record != NULL ? visit(arg, record) : f;
}

static const struct fail *
walk(struct store *s, const char *path, store_visit *visit, void *arg)
{
	const char *dir = mem_printf("%s/%s", s->root, path);
	const struct fail *f = NULL;
	struct dirent **names;
	int i, n;

	n = scandir(dir, &names, NULL, compare_names);
	if (n < 0)
		return errno == ENOENT ? NULL
				       : fail_errno("cannot list %s", dir);
	for (i = 0; i < n; i++) {
		if (f == NULL && names[i]->d_name[0] != '.')
			f = walk_entry(s,
			    mem_printf("%s/%s", path, names[i]->d_name),
			    names[i]->d_type, visit, arg);
		free(names[i]);
	}
	free(names);
	return f;
}

const struct fail *
store_walk(struct store *s, const char *kind, store_visit *visit, void *arg)
{
	return walk(s, kind, visit, arg);
}

/* The index made anew */

struct rebuild {
	struct store *store;
	struct index_rows rows;
};

static const struct fail *
rebuild_record(void *arg, const struct store_record *record)
{
	struct rebuild *b = arg;

	return b->store->rows(&b->rows, record->path, record->json);
}

/* One line of each app that a commit's message names. */
static const struct fail *
rebuild_log(void *arg, const char *id, const char *message)
{
	static const char key[] = "\nApp: ";
	struct rebuild *b = arg;
	const struct fail *f = NULL;
	const char *at, *app;
	struct index_rows rows = {0};

	for (at = message; f == NULL && (at = strstr(at, key)) != NULL;) {
		at += sizeof(key) - 1;
		app = mem_dup(at, strcspn(at, " \n"));
		if (strlen(app) < 4 ||
		    strspn(app, "0123456789abcdef") != strlen(app))
			continue;
		index_log(&rows, app);
		f = index_append(b->store->index, rows.first->file, id);
	}
	return f;
}

static const struct fail *
remove_tree(const char *dir)
{
	const struct fail *f = NULL;
	struct dirent *entry;
	const char *path;
	DIR *d = opendir(dir);

	if (d == NULL)
		return errno == ENOENT ? NULL
				       : fail_errno("cannot open %s", dir);
	while (f == NULL && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		path = mem_printf("%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR)
			f = remove_tree(path);
		else if (unlink(path) != 0)
			f = fail_errno("cannot remove %s", path);
	}
	closedir(d);
	if (f == NULL && rmdir(dir) != 0)
		f = fail_errno("cannot remove %s", dir);
	return f;
}

/* Under both locks, all applied. */
static const struct fail *
reindex(struct store *s)
{
	static const char *const kinds[] = {"accounts", "apps", "providers"};
	struct rebuild b = {.store = s};
	const struct fail *f;
	const char *head;
	size_t i;

	f = remove_tree(s->index);
	if (f == NULL)
		f = file_directory(s->index);
	for (i = 0; f == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		f = walk(s, kinds[i], rebuild_record, &b);
	if (f == NULL)
		f = index_build(s->index, s->tmp, &b.rows);
	if (f == NULL)
		f = store_git_head(&head, s->git);
	if (f == NULL)
		f = store_git_walk(s->git, head, rebuild_log, &b);
	return f == NULL ? write_index_head(s, head) : f;
}

/* The whole of it; *needed (may be NULL): only where there is none. */
static const struct fail *
reindex_locked(bool *needed, struct store *s)
{
	const char *head = mem_printf("%s/head", s->index);
	bool held = s->lock_fd >= 0;
	const struct fail *f = NULL;

	if (!held)
		f = store_take(&s->lock_fd, s, "lock");
	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = settle(s);
	if (f == NULL && (needed == NULL || access(head, F_OK) != 0))
		f = reindex(s);
	store_give(&s->flush_fd);
	if (!held)
		store_give(&s->lock_fd);
	return f;
}

const struct fail *
store_reindex(struct store *s)
{
	return reindex_locked(NULL, s);
}

const struct fail *
store_index_there(bool *made, struct store *s)
{
	*made = access(mem_printf("%s/head", s->index), F_OK) != 0;
	return *made ? reindex_locked(made, s) : NULL;
}
