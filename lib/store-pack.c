#include "mem.h"
#include "store-apply.h"

static const struct fail *
pack(struct store_packed *out, struct store *s, size_t least)
{
	struct store_git_batch batch;
	const struct fail *f;
	struct mem_mark mark;
	const char *head;

	f = store_need_git(s);
	mark = mem_mark();
	if (f == NULL)
		f = store_git_head(&head, s->git);
	if (f == NULL)
		f = store_git_pack(&batch, s->git, head, least,
		    STORE_PACK_COMMITS, STORE_PACK_BYTES);
	if (f != NULL)
		return f;
	*out =
	    (struct store_packed){batch.commits, batch.objects, batch.left, 0};
	mem_release(mark);
	f = store_git_merge(&out->merged, s->git, STORE_PACK_BYTES);
	if (f == NULL)
		mem_release(mark);
	return f;
}

const struct fail *
store_pack(struct store_packed *out, struct store *s, size_t least)
{
	const struct fail *f;
	int lock;

	*out = (struct store_packed){0};
	f = store_take(&lock, s, "pack");
	if (f == NULL)
		f = pack(out, s, least);
	store_give(&lock);
	return f;
}
