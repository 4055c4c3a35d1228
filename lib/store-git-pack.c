/*
 * Packing: the loose objects of a run of commits become one pack.  A commit's
 * new objects are what its tree has and its parent's has not; each goes in
 * with its path, by which deltas find their kin.
 */
#include "fail.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The objects of a batch. */
struct batch {
	struct store_git *git;
	git_packbuilder *pack;
	git_oid *ids; /* of all objects, to unlink their loose files */
	size_t count, room;
	size_t bytes;
};

static const struct fail *
add(struct batch *b, const git_oid *id, const char *path)
{
	git_object_t type;
	git_oid *bigger;
	size_t len;

	if (git_odb_read_header(&len, &type, b->git->odb, id) != 0 ||
	    git_packbuilder_insert(b->pack, id, path) != 0)
		return store_git_fail("pack an object");
	if (b->count == b->room) {
		b->room = b->room == 0 ? 1024 : b->room * 2;
		bigger = mem_alloc(b->room * sizeof(*bigger));
		if (b->count > 0)
			memcpy(bigger, b->ids, b->count * sizeof(*bigger));
		b->ids = bigger;
	}
	b->ids[b->count++] = *id;
	b->bytes += len;
	return NULL;
}

static const struct fail *add_tree(struct batch *b, const git_oid *id,
    const git_oid *old, const char *path);

/* The entry of a tree, unless the old tree has the very same one. */
static const struct fail *
add_entry(struct batch *b, const git_tree_entry *entry, const git_tree *old,
    const char *path)
{
	const char *name = git_tree_entry_name(entry);
	const git_oid *id = git_tree_entry_id(entry);
	const git_tree_entry *before =
	    old == NULL ? NULL : git_tree_entry_byname(old, name);
	const git_oid *old_id =
	    before == NULL ? NULL : git_tree_entry_id(before);

	if (old_id != NULL && git_oid_equal(id, old_id))
		return NULL;
	name = mem_printf("%s%s%s", path, path[0] == '\0' ? "" : "/", name);
	if (git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return add(b, id, name);
	if (before != NULL && git_tree_entry_type(before) != GIT_OBJECT_TREE)
		old_id = NULL;
	return add_tree(b, id, old_id, name);
}

static const struct fail *
add_tree(struct batch *b, const git_oid *id, const git_oid *old_id,
    const char *path)
{
	git_tree *tree = NULL, *old = NULL;
	const struct fail *f;
	size_t i;

	f = add(b, id, path);
	if (f != NULL)
		return f;
	if (git_tree_lookup(&tree, b->git->repo, id) != 0 ||
	    (old_id != NULL &&
	        git_tree_lookup(&old, b->git->repo, old_id) != 0))
		f = store_git_fail("read a tree");
	for (i = 0; f == NULL && i < git_tree_entrycount(tree); i++)
		f = add_entry(b, git_tree_entry_byindex(tree, i), old, path);
	git_tree_free(tree);
	git_tree_free(old);
	return f;
}

static const struct fail *
add_commit(struct batch *b, const git_oid *id)
{
	git_commit *commit = NULL, *parent = NULL;
	const struct fail *f = NULL;

	if (git_commit_lookup(&commit, b->git->repo, id) != 0 ||
	    (git_commit_parentcount(commit) > 0 &&
	        git_commit_parent(&parent, commit, 0) != 0))
		f = store_git_fail("read a commit");
	if (f == NULL)
		f = add(b, id, "");
	if (f == NULL &&
	    (parent == NULL || !git_oid_equal(git_commit_tree_id(commit),
	                           git_commit_tree_id(parent))))
		f = add_tree(b, git_commit_tree_id(commit),
		    parent == NULL ? NULL : git_commit_tree_id(parent), "");
	git_commit_free(commit);
	git_commit_free(parent);
	return f;
}

/* Write the pack, flush it, and only then take the loose files away. */
static const struct fail *
finish(struct batch *b)
{
	const char *dir = mem_printf("%s/objects/pack", b->git->dir);
	const char *id;
	size_t i;
	int error;

	/* each file flushed before it has its name, its name after */
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	error = git_packbuilder_write(b->pack, dir, 0444, NULL, NULL);
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
	if (error != 0)
		return store_git_fail("write a pack");
	for (i = 0; i < b->count; i++) {
		id = store_git_id(&b->ids[i]);
		unlink(
		    mem_printf("%s/objects/%.2s/%s", b->git->dir, id, id + 2));
	}
	return NULL;
}

/* The commits from head back to from, the newest first; by malloc(3), since
 * there may be very many. */
static const struct fail *
commits_behind(git_oid **out, size_t *count, struct store_git *g,
    const char *from, const char *head)
{
	bool first, to_root = from[0] == '\0';
	git_oid *bigger, id, stop;
	size_t room = 0;
	git_commit *c;

	*out = NULL;
	*count = 0;
	if (git_oid_fromstr(&id, head) != 0 ||
	    (!to_root && git_oid_fromstr(&stop, from) != 0))
		return store_git_fail("read a commit id");
	while (to_root || !git_oid_equal(&id, &stop)) {
		if (*count == room) {
			room = room == 0 ? 4096 : room * 2;
			bigger = realloc(*out, room * sizeof(*bigger));
			if (bigger == NULL)
				return fail_errno("cannot list the commits");
			*out = bigger;
		}
		(*out)[(*count)++] = id;
		if (git_commit_lookup(&c, g->repo, &id) != 0)
			return store_git_fail("read a commit");
		first = git_commit_parentcount(c) == 0;
		if (!first)
			git_oid_cpy(&id, git_commit_parent_id(c, 0));
		git_commit_free(c);
		if (first)
			break;
	}
	return NULL;
}

const struct fail *
store_git_pack(struct store_git_batch *out, struct store_git *g,
    const char *from, const char *head, size_t least, size_t max_commits,
    size_t max_bytes)
{
	struct batch b = {.git = g};
	const struct fail *f;
	size_t count, left;
	git_oid *ids;

	*out = (struct store_git_batch){.last = from};
	if (!store_git_reaches(g, from, head))
		from = "";
	f = commits_behind(&ids, &count, g, from, head);
	left = count;
	if (f != NULL || count < least || count == 0) {
		out->left = left;
		goto out;
	}
	if (git_packbuilder_new(&b.pack, g->repo) != 0)
		f = store_git_fail("begin a pack");
	while (f == NULL && left > 0 && out->commits < max_commits &&
	       b.bytes < max_bytes) {
		f = add_commit(&b, &ids[--left]);
		out->commits++;
	}
	if (f == NULL && out->commits > 0) {
		f = finish(&b);
		out->last = store_git_id(&ids[left]);
	}
	out->objects = b.count;
	out->left = left;
	git_packbuilder_free(b.pack);
out:
	free(ids);
	return f;
}
