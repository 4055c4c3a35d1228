#include "store.h"
#include "clock.h"
#include "conf.h"
#include "file.h"
#include "hash.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"
#include "secret.h"
#include "store-apply.h"
#include "store-bulk.h"
#include "store-format.h"

#include <errno.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTLE_TRIES = 3 };

static struct store *
store_new(const char *data, index_rows_of *rows)
{
	struct store *s = mem_alloc(sizeof(*s));

	s->data = mem_copy(data);
	s->root = mem_printf("%s/store", data);
	s->index = mem_printf("%s/index", data);
	s->state = mem_printf("%s/state", data);
	s->tmp = mem_printf("%s/state/tmp", data);
	s->rows = rows;
	s->lock_fd = s->flush_fd = -1;
	return s;
}

bool
store_there(const char *data)
{
	return access(mem_printf("%s/state/journal", data), F_OK) == 0;
}

/* A clone is of a format that we know, and stays so. */
static const struct fail *
is_ours(const char *text, size_t len)
{
	struct store_format format;

	return store_format_parse(&format, text, len);
}

const struct fail *
store_init(const char *data)
{
	struct store *s = store_new(data, NULL);
	const char *format = store_format_text(), *id;
	const struct fail *f;
	bool clone;

	if (store_there(data))
		return fail(FAIL_CONFLICT, "%s holds a store already", data);
	clone = rmdir(s->root) != 0 && errno != ENOENT;
	f = file_directory(data);
	if (f == NULL && chmod(data, 0700) != 0)
		f = fail_errno("cannot set the mode of %s", data);
	if (f == NULL)
		f = file_directory(s->root);
	if (f == NULL)
		f = file_directory(s->index);
	if (f == NULL)
		f = file_directory(s->tmp);
	if (f == NULL && clone)
		f = store_git_adopt(&id, s->root, "store.json", is_ours);
	else if (f == NULL)
		f = store_git_init(&id, s->root, "store.json", format);
	if (f == NULL && !clone)
		f = file_replace(mem_printf("%s/store.json", s->root), s->tmp,
		    format, strlen(format));
	if (f == NULL && !clone)
		f = file_replace(store_index_mark(s), s->tmp,
		    mem_printf("%s\n", id), JOURNAL_ID + 1);
	if (f == NULL)
		f = store_sync(data);
	if (f == NULL)
		f = journal_create(s->state, id);
	return f == NULL ? store_sync(data) : f;
}

const struct fail *
store_open(struct store **out, const struct conf *conf, index_rows_of *rows)
{
	struct store *s = store_new(conf->data, rows);
	struct store_format format;
	const struct fail *f;

	*out = s;
	s->ordered = conf->cluster != NULL;
	s->node = s->ordered ? conf->cluster_name : NULL;
	secret_use(conf);
	f = store_format_read(&format, s->root);
	if (f == NULL)
		f = journal_open(&s->journal, s->state);
	if (f != NULL || s->journal->ours)
		return f;
	return store_recover(s);
}

const char *
store_data(const struct store *s)
{
	return s->data;
}

const struct fail *
store_show_by(struct store *s, const char *command)
{
	const struct fail *f = store_need_git(s);

	return f == NULL ? store_git_show_by(s->git, command) : f;
}

const char *
store_path(const char *kind, const char *name)
{
	const char *hash;

	if (strcmp(kind, "providers") == 0)
		return mem_printf("providers/%s.json", name);
	if (strcmp(kind, "open") == 0 || strcmp(kind, "usage") == 0)
		return mem_printf("%s/%.2s/%s.json", kind, name, name);
	hash = hash_sha1(name, strlen(name));
	return mem_printf("%s/%.2s/%.2s/%s.json", kind, hash, hash + 2, name);
}

bool
store_any(const struct store *s, const char *kind)
{
	return access(mem_printf("%s/%s", s->root, kind), F_OK) == 0;
}

bool
store_index_ready(const struct store *s)
{
	return access(store_index_mark(s), F_OK) == 0;
}

const struct journal_change *
store_pending(const struct store *s, const char *path)
{
	const struct journal_change *c, *newest = NULL;
	const struct journal_entry *e;

	for (e = s->pending; e != NULL; e = e->next)
		for (c = e->changes; c != NULL; c = c->next)
			if (strcmp(c->path, path) == 0)
				newest = c;
	return newest;
}

const struct fail *
store_text(const char **text, size_t *len, const struct store *s,
    const char *path)
{
	const struct journal_change *c = store_pending(s, path);

	if (c != NULL) {
		*text = c->text;
		*len = c->len;
		return NULL;
	}
	return file_read((char **)text, len,
	    mem_printf("%s/%s", s->root, path));
}

const struct fail *
store_read(struct store_record **out, struct store *s, const char *path)
{
	const struct store_put *put = s->puts;
	struct store_record *record;
	const struct fail *f = NULL;
	const char *text;
	size_t len;

	*out = NULL;
	while (put != NULL && strcmp(put->path, path) != 0)
		put = put->next;
	if (put != NULL) {
		text = put->text;
		len = put->len;
	} else {
		f = store_text(&text, &len, s, path);
		if (f == NULL && s->ordered && s->lock_fd >= 0)
			store_note_read(s, path,
			    text == NULL ? "" : hash_blob(text, len));
	}
	if (f != NULL || text == NULL)
		return f;
	record = mem_alloc(sizeof(*record));
	record->path = path;
	record->text = text;
	record->len = len;
	f = json_parse(&record->json, text, len);
	if (f != NULL)
		return fail(FAIL_BUSY, "%s/%s: %s", s->root, path, f->text);
	*out = record;
	return NULL;
}

const char *
store_revision(const struct store_record *record)
{
	return hash_blob(record->text, record->len);
}

const struct fail *
store_lock(struct store *s)
{
	const struct fail *f = store_take(&s->lock_fd, s, "lock");

	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL && !s->journal->ours)
		f = store_recover(s);
	if (f == NULL)
		f = store_bulk_settle(s);
	if (f == NULL && s->ordered)
		f = store_seal_beginning(s);
	if (f == NULL)
		f = journal_read(&s->pending, s->journal, s->journal->applied,
		    s->journal->tail);
	s->time = clock_now();
	s->looks = NULL;
	s->disturbed = s->searched = false;
	if (f == NULL)
		secret_begin(false);
	else
		store_unlock(s);
	return f;
}

void
store_unlock(struct store *s)
{
	secret_end();
	s->puts = NULL;
	s->pending = NULL;
	store_give(&s->lock_fd);
}

/* All was settled, and entry built before. */
static const struct fail *
build_again(struct store *s, struct journal_entry *entry)
{
	const struct fail *f = store_recheck(s);

	if (f == NULL && strcmp(store_git_parent(entry), s->journal->head) != 0)
		f = store_git_rebase(entry, s->git, s->journal->head);
	return f;
}

/* Append entry; a full journal is emptied first. */
static const struct fail *
append(struct store *s, struct journal_entry *entry)
{
	const struct fail *f;
	bool full;

	f = journal_append(&full, s->journal, entry);
	if (f != NULL || !full)
		return f;
	f = store_checkpoint_locked(s);
	if (f == NULL && s->ordered)
		f = build_again(s, entry);
	if (f == NULL)
		f = journal_append(&full, s->journal, entry);
	if (f == NULL && full)
		f = fail(FAIL_LARGE, "more than one change can hold");
	return f;
}

static const struct fail *
commit_entry(struct journal_entry *entry, struct store *s, const char *parent,
    const struct store_message *message)
{
	struct store_git_author author = {message->author_name,
	    message->author_email, s->time, s->node};
	const struct fail *f;

	f = store_git_build(entry, s->git, parent, &author, message->text);
	if (f == NULL && s->ordered)
		f = store_fits_order(entry);
	return f == NULL ? append(s, entry) : f;
}

/* The record's name, by its path. */
static const char *
name_of(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name == NULL ? path : name + 1;
	return mem_dup(name, strlen(name) - strlen(".json"));
}

/* The trailer of the app whose history c belongs to, where it is in one. */
static void
name_app(struct mem_text *t, struct store *s, const struct journal_change *c)
{
	struct index_rows rows = {0};
	const struct index_row *r;
	cJSON *json;

	if (c->text == NULL || json_parse(&json, c->text, c->len) != NULL)
		return;
	s->rows(&rows, c->path, json);
	for (r = rows.first; r != NULL; r = r->next)
		if (r->table == INDEX_LOG)
			mem_addf(t, "App: %s %s\n", strrchr(r->file, '/') + 1,
			    name_of(c->path));
}

/* Commit what an administrator changed in place, as found. */
static const struct fail *
adopt(const char **head, struct store *s, struct journal_change *found)
{
	struct journal_entry entry = {.changes = found};
	struct journal_look *look;
	struct store_message message = {"administrator",
	    "administrator@localhost", NULL};
	struct mem_text t = {0};
	const struct fail *f;

	mem_addf(&t, "%s: edited in place\n\n", name_of(found->path));
	for (; found != NULL; found = found->next) {
		name_app(&t, s, found);
		look = mem_alloc(sizeof(*look));
		*look = (struct journal_look){entry.looks, found->path,
		    found->before};
		entry.looks = s->ordered ? look : NULL;
	}
	mem_puts(&t, "Actor: administrator\n");
	message.text = t.text;
	f = commit_entry(&entry, s, *head, &message);
	*head = entry.id;
	return f;
}

const struct fail *
store_promise(const struct journal_entry **out, struct store *s,
    const struct store_message *message)
{
	struct journal_entry *entry = mem_alloc(sizeof(*entry));
	struct journal_change *found;
	const struct journal_entry *e;
	const struct fail *f;
	const char *head;

	*out = NULL;
	f = secret_trouble();
	if (f == NULL)
		f = store_recheck(s);
	if (f == NULL)
		f = store_need_git(s);
	for (e = s->pending, head = NULL; e != NULL; e = e->next)
		head = e->id;
	if (f == NULL && head == NULL)
		f = store_main(&head, s);
	if (f == NULL)
		f = store_sort(&entry->changes, &found, s, head);
	/* no record is promised before the keys of what is sealed in it */
	if (f == NULL && entry->changes != NULL)
		f = secret_promise(true);
	if (f == NULL && found != NULL)
		f = adopt(&head, s, found);
	if (f != NULL || entry->changes == NULL)
		return f;
	entry->looks = s->searched ? NULL : s->looks;
	f = commit_entry(entry, s, head, message);
	*out = entry;
	return f;
}

const struct fail *
store_commit(const char **id, struct store *s,
    const struct store_message *message)
{
	const struct journal_entry *made;
	const struct fail *f;
	bool rests; /* on what is promised, by us or by others */
	int tries;

	if (s->ordered)
		return store_commit_ordered(id, s, message);
	f = store_promise(&made, s, message);
	rests = s->journal->applied < s->journal->tail;
	store_unlock(s);
	if (f != NULL)
		return f;
	/* what is flushed will be applied, by the next writer if need be; it is
	 * acknowledged once it has been.  A flush that failed is not tried
	 * again: the second one might succeed without having written. */
	f = rests ? store_settle(s) : NULL;
	for (tries = 0; f != NULL && s->flushed && tries < SETTLE_TRIES;
	     tries++)
		f = store_settle(s);
	if (f == NULL && id != NULL)
		*id = made == NULL ? "" : made->id;
	return f;
}
