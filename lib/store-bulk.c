#include "store-bulk.h"
#include "clock.h"
#include "complain.h"
#include "file.h"
#include "hash.h"
#include "index-write.h"
#include "json.h"
#include "mem.h"
#include "secret.h"
#include "store-apply.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is held in memory at once. */
enum {
	BATCH_RECORDS = 512,
	BATCH_BYTES = 4 << 20,
	EDITS_MAX = 500,
	EDIT_BYTES = 1 << 20,
	TELL_EVERY = 100
};

/* Records that change, by malloc(3): a walk forgets what a visit allocates. */
struct batch {
	struct journal_change changes[BATCH_RECORDS];
	size_t count, bytes;
};

struct bulk {
	struct store *store;
	store_remake *remake;
	store_tell *tell;
	struct store_bulk *out;
	const char *head;
	char tree[JOURNAL_ID + 1];
	struct batch *batch;
	/* paths that were edited in place, by malloc(3) */
	char *edited[EDITS_MAX];
	size_t edits, edit_bytes;
	bool more; /* edits than were taken at once */
};

static void
empty(struct batch *batch)
{
	for (; batch->count > 0; batch->count--) {
		free((char *)batch->changes[batch->count - 1].path);
		free((char *)batch->changes[batch->count - 1].text);
	}
	batch->bytes = 0;
}

/* The batch's objects, and the rows that its secrets need. */
static const struct fail *
write_batch(struct bulk *b)
{
	struct mem_mark mark = mem_mark();
	struct batch *batch = b->batch;
	const struct fail *f;
	size_t i;

	f = secret_promise(false);
	for (i = 0; i + 1 < batch->count; i++)
		batch->changes[i].next = &batch->changes[i + 1];
	if (f == NULL && batch->count > 0)
		f = store_git_grow(b->tree, b->store->git, batch->changes);
	empty(batch);
	secret_begin(true);
	if (f == NULL)
		mem_release(mark);
	return f;
}

static const struct fail *
add(struct bulk *b, const char *path, const char *text, size_t len)
{
	struct batch *batch = b->batch;
	struct journal_change *c = &batch->changes[batch->count];

	*c = (struct journal_change){.path = strdup(path),
	    .text = malloc(len + 1),
	    .len = len};
	if (c->path == NULL || c->text == NULL) {
		free((char *)c->path);
		free((char *)c->text);
		return fail_errno("cannot hold %s", path);
	}
	memcpy((char *)c->text, text, len + 1);
	b->out->changed++;
	batch->bytes += len;
	if (++batch->count < BATCH_RECORDS && batch->bytes < BATCH_BYTES)
		return NULL;
	return write_batch(b);
}

/* Why it is left alone is no secret: f's text, or what. */
static const struct fail *
leave(struct bulk *b, const char *path, const struct fail *f, const char *what)
{
	if (f != NULL && !fail_is_record(f))
		return f;
	b->out->left++;
	complain("left as it is: %s: %s", path, f == NULL ? what : f->text);
	return NULL;
}

static const struct fail *
remake(struct bulk *b, const char *path, const char *text, size_t len)
{
	struct store_record record = {path, text, len, NULL};
	const struct fail *f;
	cJSON *json = NULL;
	const char *fresh;

	f = json_parse(&record.json, text, len);
	if (f != NULL)
		return leave(b, path, NULL, "it is no JSON");
	f = b->remake(&json, &record);
	if (f == NULL)
		f = secret_trouble();
	if (f != NULL)
		return leave(b, path, f, NULL);
	if (json == NULL)
		return NULL;
	fresh = json_print(json, true);
	if (strcmp(fresh, text) == 0)
		return NULL;
	if (!store_fits(fresh, strlen(fresh)))
		return leave(b, path, NULL, "more than a record can hold");
	return add(b, path, fresh, strlen(fresh));
}

static const struct fail *
visit(void *arg, const char *path)
{
	struct bulk *b = arg;
	const char *committed;
	const struct fail *f;
	size_t len;
	char *text;

	/* the store's own, of no kind */
	if (strchr(path, '/') == NULL)
		return NULL;
	f = file_read(&text, &len, mem_printf("%s/%s", b->store->root, path));
	if (f == NULL)
		f = store_git_blob(&committed, b->store->git, b->head, path);
	/* what is not committed, edits being so by now, is a stray file */
	if (f != NULL || text == NULL || committed[0] == '\0')
		return f;
	if (++b->out->records % TELL_EVERY == 0 && b->tell != NULL)
		b->tell("records", b->out->records, 0);
	if (strcmp(committed, hash_blob(text, len)) != 0)
		return leave(b, path, NULL, "it is being edited");
	return remake(b, path, text, len);
}

/* Edits in place, to be committed as found. */
static const struct fail *
visit_edit(void *arg, const char *path)
{
	struct index_rows rows = {0};
	struct bulk *b = arg;
	const char *committed;
	const struct fail *f;
	cJSON *json;
	size_t len;
	char *text;

	f = file_read(&text, &len, mem_printf("%s/%s", b->store->root, path));
	if (f == NULL)
		f = store_git_blob(&committed, b->store->git, b->head, path);
	if (f != NULL || text == NULL ||
	    strcmp(committed, hash_blob(text, len)) == 0)
		return f;
	if (json_parse(&json, text, len) != NULL ||
	    b->store->rows(&rows, path, json) != NULL)
		return NULL;
	b->more = b->edits == EDITS_MAX || b->edit_bytes > EDIT_BYTES;
	if (b->more)
		return NULL;
	b->edit_bytes += len;
	b->edited[b->edits] = strdup(path);
	return b->edited[b->edits++] == NULL
	           ? fail_errno("cannot hold %s", path)
	           : NULL;
}

/* What was edited is put as it is: its commit comes as that of the edit. */
static const struct fail *
put_edits(struct bulk *b)
{
	struct store_record *record;
	const struct fail *f = NULL;
	size_t i;

	for (i = 0; f == NULL && i < b->edits; i++) {
		f = store_read(&record, b->store, b->edited[i]);
		if (f == NULL && record != NULL)
			store_put(b->store, record->path, record->json);
	}
	return f;
}

/* Under the writers' lock, which is given back. */
static const struct fail *
adopt(struct bulk *b)
{
	static const struct store_message message = {"sutler",
	    "sutler@localhost", "sutler: laid out\n"};
	const struct fail *f = store_need_git(b->store);

	if (f == NULL)
		f = store_settle(b->store);
	b->store->pending = NULL;
	if (f == NULL)
		f = store_main(&b->head, b->store);
	if (f == NULL)
		f = store_files(b->store, false, visit_edit, b);
	if (f == NULL)
		f = put_edits(b);
	if (f == NULL && b->edits > 0)
		f = store_commit(NULL, b->store, &message);
	store_unlock(b->store);
	for (; b->edits > 0; b->edits--)
		free(b->edited[b->edits - 1]);
	return f;
}

/* All objects, flushed, and the note. */
static const struct fail *
promise(struct bulk *b, const struct store_message *message)
{
	struct store_git_author author = {message->author_name,
	    message->author_email, clock_now()};
	struct store *s = b->store;
	const struct fail *f;

	f = store_git_head(&b->head, s->git);
	if (f == NULL)
		f = store_git_tree_id(b->tree, s->git, b->head);
	secret_begin(true);
	if (f == NULL)
		f = store_files(s, false, visit, b);
	if (f == NULL)
		f = write_batch(b);
	if (f != NULL || b->out->changed == 0)
		return f;
	f = store_git_grown(&b->out->commit, s->git, b->tree, b->head, &author,
	    message->text);
	if (f == NULL)
		f = store_sync(s->data);
	if (f == NULL)
		f = store_bulk_promise(s, s->journal->head, b->head,
		    b->out->commit);
	return f == NULL ? store_sync(s->data) : f;
}

static const struct fail *
commit(struct bulk *b, const struct store_message *message)
{
	struct store *s = b->store;
	const struct fail *f = store_lock(s);

	/* the journal is empty from here on: nobody else writes */
	if (f == NULL)
		f = store_checkpoint_locked(s);
	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = promise(b, message);
	if (f == NULL && b->out->changed > 0)
		f = store_bulk_settle_held(s);
	store_give(&s->flush_fd);
	store_unlock(s);
	return f;
}

const struct fail *
store_bulk(struct store_bulk *out, struct store *s,
    const struct store_message *message, store_remake *remake_one,
    store_tell *tell)
{
	struct bulk b = {.store = s,
	    .remake = remake_one,
	    .tell = tell,
	    .out = out};
	const struct fail *f;

	*out = (struct store_bulk){.commit = ""};
	if (s->ordered)
		return fail(FAIL_CONFLICT,
		    "a member of a cluster does not rewrite all records at"
		    " once: leave it, and let the others begin with a new"
		    " clone");
	b.batch = calloc(1, sizeof(*b.batch));
	if (b.batch == NULL)
		return fail_errno("cannot begin");
	do {
		b.more = false;
		b.edit_bytes = 0;
		f = store_lock(s);
		if (f == NULL)
			f = adopt(&b);
	} while (f == NULL && b.more);
	if (f == NULL)
		f = commit(&b, message);
	empty(b.batch);
	free(b.batch);
	return f;
}
