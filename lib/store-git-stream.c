/*
 * What differs between two commits, one file after the other.
 */
#include "fail.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

struct stream {
	struct store_git *g;
	store_git_change *visit;
	void *arg;
};

const struct fail *
store_git_tree_id(char tree[JOURNAL_ID + 1], struct store_git *g,
    const char *commit)
{
	const struct fail *f;
	git_tree *t;

	f = store_git_tree(&t, g, commit);
	if (f != NULL)
		return f;
	git_oid_tostr(tree, JOURNAL_ID + 1, git_tree_id(t));
	git_tree_free(t);
	return NULL;
}

/* The tree of that entry; *out NULL where it is none. */
static const struct fail *
open_tree(git_tree **out, struct store_git *g, const git_tree_entry *e)
{
	*out = NULL;
	if (e == NULL || git_tree_entry_type(e) != GIT_OBJECT_TREE)
		return NULL;
	if (git_tree_lookup(out, g->repo, git_tree_entry_id(e)) != 0)
		return store_git_fail("read a tree");
	return NULL;
}

static const char *
blob_of(const git_tree_entry *e)
{
	return e == NULL || git_tree_entry_type(e) != GIT_OBJECT_BLOB
	           ? ""
	           : store_git_id(git_tree_entry_id(e));
}

static const struct fail *compare(const struct stream *s, const char *path,
    const git_tree *old, const git_tree *new);

/* What is called name in both trees; either may lack it. */
static const struct fail *
compare_entries(const struct stream *s, const char *path,
    const git_tree_entry *old, const git_tree_entry *new)
{
	const char *before = blob_of(old), *after = blob_of(new);
	git_tree *from = NULL, *to = NULL;
	const struct fail *f = NULL;

	if (old != NULL && new != NULL &&
	    git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(new)))
		return NULL;
	if (before[0] != '\0' || after[0] != '\0')
		f = s->visit(s->arg, path, before, after);
	if (f == NULL)
		f = open_tree(&from, s->g, old);
	if (f == NULL)
		f = open_tree(&to, s->g, new);
	if (f == NULL && (from != NULL || to != NULL))
		f = compare(s, path, from, to);
	git_tree_free(from);
	git_tree_free(to);
	return f;
}

/* Every entry of one, and those of other that one lacks; either may be NULL. */
static const struct fail *
compare(const struct stream *s, const char *path, const git_tree *old,
    const git_tree *new)
{
	const git_tree *const trees[] = {old, new};
	const git_tree_entry *e, *other;
	const struct fail *f = NULL;
	struct mem_mark mark;
	const char *name;
	size_t i, side;

	for (side = 0; side < 2; side++)
		for (i = 0; f == NULL && trees[side] != NULL &&
		            i < git_tree_entrycount(trees[side]);
		     i++) {
			e = git_tree_entry_byindex(trees[side], i);
			name = git_tree_entry_name(e);
			other = trees[!side] == NULL
			            ? NULL
			            : git_tree_entry_byname(trees[!side], name);
			if (side == 1 && other != NULL)
				continue;
			mark = mem_mark();
			name = mem_printf("%s%s%s", path,
			    path[0] == '\0' ? "" : "/", name);
			f = side == 0 ? compare_entries(s, name, e, other)
			              : compare_entries(s, name, NULL, e);
			if (f == NULL)
				mem_release(mark);
		}
	return f;
}

const struct fail *
store_git_stream(struct store_git *g, const char *from, const char *to,
    store_git_change *visit, void *arg)
{
	const struct stream s = {g, visit, arg};
	git_tree *old = NULL, *new = NULL;
	const struct fail *f;

	f = store_git_tree(&old, g, from);
	if (f == NULL)
		f = store_git_tree(&new, g, to);
	if (f == NULL)
		f = compare(&s, "", old, new);
	git_tree_free(old);
	git_tree_free(new);
	return f;
}
