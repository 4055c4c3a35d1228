/*
 * Branches, where two of them parted, and what differs between two commits.
 */
#include "store-git.h"
#include "fail.h"
#include "mem.h"
#include "store-git-inside.h"

#include <stdlib.h>
#include <string.h>

static int
by_name(const void *a, const void *b)
{
	const struct store_git_branch *one = a, *other = b;

	return strcmp(one->name, other->name);
}

const struct fail *
store_git_branches(struct store_git_branch **out, size_t *count,
    struct store_git *g)
{
	static const char heads[] = "refs/heads/";
	size_t i, room = 16;
	git_strarray all;
	git_object *tip;
	git_reference *ref;

	if (git_reference_list(&all, g->repo) != 0)
		return store_git_fail("list the branches");
	if (all.count > room)
		room = all.count;
	*out = mem_alloc(room * sizeof(**out));
	*count = 0;
	for (i = 0; i < all.count; i++) {
		if (strncmp(all.strings[i], heads, strlen(heads)) != 0 ||
		    git_reference_lookup(&ref, g->repo, all.strings[i]) != 0)
			continue;
		if (git_reference_peel(&tip, ref, GIT_OBJECT_COMMIT) == 0) {
			(*out)[(*count)++] =
			    (struct store_git_branch){mem_copy(all.strings[i] +
			                                       strlen(heads)),
			        store_git_id(git_object_id(tip))};
			git_object_free(tip);
		}
		git_reference_free(ref);
	}
	git_strarray_dispose(&all);
	qsort(*out, *count, sizeof(**out), by_name);
	return NULL;
}

const struct fail *
store_git_base(const char **base, struct store_git *g, const char *one,
    const char *other)
{
	git_oid a, b, found;

	*base = "";
	if (git_oid_fromstr(&a, one) != 0 || git_oid_fromstr(&b, other) != 0)
		return store_git_fail("read an id");
	switch (git_merge_base(&found, g->repo, &a, &b)) {
	case 0:
		*base = store_git_id(&found);
		return NULL;
	case GIT_ENOTFOUND:
		return NULL;
	default:
		return store_git_fail("find where a branch begins");
	}
}

const struct fail *
store_git_at(const char **id, struct store_git *g, const char *ref)
{
	git_oid oid;

	if (git_reference_name_to_id(&oid, g->repo, ref) != 0)
		return store_git_fail(mem_printf("read %s", ref));
	*id = store_git_id(&oid);
	return NULL;
}

static const char *
id_of(const git_diff_file *file)
{
	return git_oid_is_zero(&file->id) ? "" : store_git_id(&file->id);
}

const struct fail *
store_git_changes(struct store_git *g, const char *from, const char *to,
    store_git_change *visit, void *arg)
{
	const struct fail *f;
	const git_diff_delta *d;
	git_tree *old = NULL, *new = NULL;
	git_diff *diff = NULL;
	size_t i;

	f = store_git_tree(&old, g, from);
	if (f == NULL)
		f = store_git_tree(&new, g, to);
	if (f == NULL &&
	    git_diff_tree_to_tree(&diff, g->repo, old, new, NULL) != 0)
		f = store_git_fail("compare two commits");
	for (i = 0; f == NULL && i < git_diff_num_deltas(diff); i++) {
		d = git_diff_get_delta(diff, i);
		f = visit(arg, mem_copy(d->new_file.path), id_of(&d->old_file),
		    id_of(&d->new_file));
	}
	git_diff_free(diff);
	git_tree_free(old);
	git_tree_free(new);
	return f;
}
