/*
 * A bulk commit that has been promised, done.
 */
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "store-apply.h"
#include "store-bulk.h"

#include <string.h>
#include <unistd.h>

const char *
store_bulk_note(const struct store *s)
{
	return mem_printf("%s/bulk", s->state);
}

const struct fail *
store_bulk_promise(struct store *s, const char *base, const char *old,
    const char *new)
{
	return file_replace(store_bulk_note(s), s->tmp,
	    mem_printf("%s %s %s\n", base, old, new), 3 * (JOURNAL_ID + 1));
}

struct rest {
	struct store *store;
	const char *commit;
};

static const struct fail *
write_file(void *arg, const char *path, const char *before, const char *after)
{
	const struct rest *r = arg;
	struct store *s = r->store;
	const char *file = mem_printf("%s/%s", s->root, path), *id;
	size_t len, is_len;
	const struct fail *f;
	char *text, *is;

	f = file_read(&is, &is_len, file);
	/* one that was deleted by hand stays so */
	if (f != NULL || (is == NULL && before[0] != '\0'))
		return f;
	id = is == NULL ? "" : hash_blob(is, is_len);
	if (strcmp(id, after) == 0)
		return NULL;
	/* a loss of power may have left ours without its bytes */
	if (is != NULL && strcmp(id, before) != 0 && strlen(is) == is_len &&
	    is_len > 0)
		f = store_keep_aside(s, path, is, is_len, r->commit);
	if (f == NULL && after[0] == '\0')
		return store_remove(s, path);
	if (f == NULL)
		f = store_git_text(&text, &len, s->git, after);
	return f == NULL ? file_replace(file, s->tmp, text, len) : f;
}

/* The note's three ids; NULL: there is no note. */
static const struct fail *
read_note(char **ids, struct store *s)
{
	const struct fail *f;
	size_t len;
	int i;

	f = file_read(ids, &len, store_bulk_note(s));
	if (f != NULL || *ids == NULL)
		return f;
	if (len != 3 * (JOURNAL_ID + 1))
		return fail(FAIL_SYSTEM, "%s is none of ours",
		    store_bulk_note(s));
	for (i = 1; i <= 3; i++)
		(*ids)[i * (JOURNAL_ID + 1) - 1] = '\0';
	return NULL;
}

const struct fail *
store_bulk_settle_held(struct store *s)
{
	const char *base, *old, *new, *now;
	const struct fail *f;
	struct rest rest;
	char *ids;

	f = read_note(&ids, s);
	if (f != NULL || ids == NULL)
		return f;
	base = ids;
	old = ids + JOURNAL_ID + 1;
	new = old + JOURNAL_ID + 1;
	f = store_need_git(s);
	if (f == NULL)
		f = journal_base(&now, s->journal);
	/* where the journal has begun anew, all is done but this */
	if (f == NULL && strcmp(now, base) != 0)
		return file_remove(store_bulk_note(s));
	rest = (struct rest){s, new};
	if (f == NULL)
		f = store_git_move(s->git, old, new);
	if (f == NULL)
		f = store_git_stream(s->git, old, new, write_file, &rest);
	if (f == NULL)
		f = store_move_index_head(s, new);
	if (f == NULL)
		f = store_sync(s->data);
	if (f != NULL)
		return f;
	s->journal->head = mem_copy(new);
	f = journal_reset(s->journal);
	if (f == NULL && s->ordered)
		f = store_seal(s);
	return f == NULL ? file_remove(store_bulk_note(s)) : f;
}

const struct fail *
store_bulk_settle(struct store *s)
{
	const struct fail *f;

	if (access(store_bulk_note(s), F_OK) != 0)
		return NULL;
	f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = store_bulk_settle_held(s);
	store_give(&s->flush_fd);
	return f;
}

const struct fail *
store_bulk_forward(struct store *s, const char *commit, store_tell *tell)
{
	const struct fail *f = store_lock(s);
	const char *old;

	if (f == NULL)
		f = store_take(&s->flush_fd, s, "flush");
	if (f == NULL)
		f = journal_marks(s->journal);
	if (f == NULL)
		f = store_need_git(s);
	/* they cannot be placed: what came before them is not here */
	if (f == NULL)
		f = store_give_up_proposals(s);
	if (f == NULL)
		f = store_start_anew(s);
	old = s->journal->head;
	if (f == NULL && !store_git_reaches(s->git, old, commit))
		f = fail(FAIL_CONFLICT,
		    "commit %s does not stand upon ours, %s", commit, old);
	if (f == NULL && strcmp(old, commit) != 0) {
		/* who needs the index waits until it has been made anew */
		f = file_remove(store_index_mark(s));
		if (f == NULL)
			f = store_bulk_promise(s, old, old, commit);
		if (f == NULL)
			f = store_sync(s->data);
		if (f == NULL)
			f = store_bulk_settle_held(s);
		if (f == NULL)
			f = store_reindex_held(s, tell);
	}
	store_give(&s->flush_fd);
	store_unlock(s);
	return f;
}
