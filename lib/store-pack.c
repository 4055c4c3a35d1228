#include "file.h"
#include "mem.h"
#include "store-apply.h"

#include <string.h>

/* Where packing has come to: the newest commit packed, "" at first. */
static const struct fail *
read_mark(const char **last, const char *file)
{
	const struct fail *f;
	size_t len;
	char *text;

	*last = "";
	f = file_read(&text, &len, file);
	if (f == NULL && text != NULL && len >= JOURNAL_ID)
		*last = mem_dup(text, JOURNAL_ID);
	return f;
}

static const struct fail *
pack(struct store_packed *out, struct store *s, size_t least)
{
	const char *file = mem_printf("%s/packed", s->state), *last, *head;
	struct store_git_batch batch;
	const struct fail *f;
	struct mem_mark mark;

	*out = (struct store_packed){0};
	f = store_need_git(s);
	mark = mem_mark();
	if (f == NULL)
		f = read_mark(&last, file);
	if (f == NULL)
		f = store_git_head(&head, s->git);
	if (f == NULL)
		f = store_git_pack(&batch, s->git, last, head, least,
		    STORE_PACK_COMMITS, STORE_PACK_BYTES);
	if (f != NULL)
		return f;
	*out = (struct store_packed){batch.commits, batch.objects, batch.left};
	if (batch.commits > 0)
		f = file_replace(file, s->tmp, mem_printf("%s\n", batch.last),
		    JOURNAL_ID + 1);
	if (f == NULL)
		mem_release(mark);
	return f;
}

const struct fail *
store_pack(struct store_packed *out, struct store *s, size_t least)
{
	const struct fail *f;
	int lock;

	f = store_take(&lock, s, "pack");
	if (f == NULL)
		f = pack(out, s, least);
	store_give(&lock);
	return f;
}
