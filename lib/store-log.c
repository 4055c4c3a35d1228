#include "store-log.h"
#include "file.h"
#include "mem.h"
#include "store-apply.h"

#include <string.h>

enum { LINE = JOURNAL_ID + 1 };

const struct fail *
store_log(struct store_log **out, size_t *count, size_t *total, struct store *s,
    const char *app_id, size_t skip, size_t max)
{
	const char *file = mem_printf("%s/log/%.2s/%.2s/%s", s->index, app_id,
	    app_id + 2, app_id);
	struct store_log *log;
	const struct fail *f;
	size_t len, n;
	char *text;
	bool made;

	*count = *total = 0;
	f = store_index_there(&made, s);
	if (f == NULL)
		f = file_read(&text, &len, file);
	if (f == NULL)
		f = store_need_git(s);
	if (f != NULL)
		return f;
	*total = n = len / LINE;
	n = n > skip ? n - skip : 0;
	log = *out = mem_alloc(((n < max ? n : max) + 1) * sizeof(*log));
	for (; f == NULL && n > 0 && *count < max; n--, (*count)++) {
		log[*count].id = mem_dup(text + (n - 1) * LINE, JOURNAL_ID);
		f = store_git_commit(&log[*count], s->git);
	}
	return f;
}

const struct fail *
store_log_find(struct store_log *out, struct store *s, const char *prefix)
{
	const struct fail *f = store_need_git(s);

	if (f == NULL)
		f = store_git_find(&out->id, s->git, prefix);
	if (f == NULL && out->id == NULL)
		f = fail_missing("commit");
	return f != NULL ? f : store_git_commit(out, s->git);
}
