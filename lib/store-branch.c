#include "store-branch.h"
#include "mem.h"
#include "store-apply.h"

#include <string.h>

static const char aside[] = "aside-";

/* Fill in what there is to know of the branch name, whose tip is id. */
static const struct fail *
load(struct store_branch *out, struct store *s, const char *name,
    const char *id)
{
	const struct fail *f;
	const char *head;

	*out = (struct store_branch){.name = name, .tip.id = id};
	f = store_git_commit(&out->tip, s->git);
	if (f == NULL)
		f = store_git_head(&head, s->git);
	return f == NULL ? store_git_base(&out->base, s->git, head, id) : f;
}

const struct fail *
store_branches(struct store_branch **out, size_t *count, struct store *s)
{
	const struct fail *f = store_need_git(s);
	struct store_git_branch *b;
	size_t i, n;

	*count = 0;
	if (f == NULL)
		f = store_git_branches(&b, &n, s->git);
	if (f != NULL)
		return f;
	*out = mem_alloc((n + 1) * sizeof(**out));
	for (i = 0; f == NULL && i < n; i++)
		if (strcmp(b[i].name, "main") != 0 &&
		    strncmp(b[i].name, aside, strlen(aside)) != 0)
			f = load(&(*out)[(*count)++], s, b[i].name, b[i].id);
	return f;
}

const struct fail *
store_branch(struct store_branch *out, struct store *s, const char *name)
{
	struct store_branch *all;
	const struct fail *f;
	size_t i, n;

	f = store_branches(&all, &n, s);
	if (f != NULL)
		return f;
	for (i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0) {
			*out = all[i];
			return NULL;
		}
	return fail_missing("proposal");
}

const struct fail *
store_branch_changes(struct store *s, const struct store_branch *b,
    store_branch_change *visit, void *arg)
{
	return store_git_changes(s->git, b->base, b->tip.id, visit, arg);
}
