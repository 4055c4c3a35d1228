/*
 * Packing: the loose objects of a run of commits become one pack.  A commit's
 * new objects are what its tree has and its parent's has not; each goes in
 * with its path, by which deltas find their kin.  A commit goes in, and its
 * loose file goes away, behind all that it needs.
 */
#include "fail.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <fcntl.h>
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

static const char *
loose_file(const struct store_git *g, const git_oid *oid)
{
	const char *id = store_git_id(oid);

	return mem_printf("%s/objects/%.2s/%s", g->dir, id, id + 2);
}

static bool
is_loose(struct store_git *g, const git_oid *id)
{
	struct mem_mark mark = mem_mark();
	bool loose = access(loose_file(g, id), F_OK) == 0;

	mem_release(mark);
	return loose;
}

static const struct fail *
add(struct batch *b, const git_oid *id, const char *path)
{
	git_object_t type;
	git_oid *bigger;
	size_t len;

	if (!is_loose(b->git, id))
		return NULL;
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
	const struct fail *f = NULL;
	size_t i;

	if (git_tree_lookup(&tree, b->git->repo, id) != 0 ||
	    (old_id != NULL &&
	        git_tree_lookup(&old, b->git->repo, old_id) != 0))
		f = store_git_fail("read a tree");
	for (i = 0; f == NULL && i < git_tree_entrycount(tree); i++)
		f = add_entry(b, git_tree_entry_byindex(tree, i), old, path);
	git_tree_free(tree);
	git_tree_free(old);
	return f == NULL ? add(b, id, path) : f;
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
	if (f == NULL &&
	    (parent == NULL || !git_oid_equal(git_commit_tree_id(commit),
	                           git_commit_tree_id(parent))))
		f = add_tree(b, git_commit_tree_id(commit),
		    parent == NULL ? NULL : git_commit_tree_id(parent), "");
	git_commit_free(commit);
	git_commit_free(parent);
	return f == NULL ? add(b, id, "") : f;
}

const struct fail *
store_git_flush(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct fail *f = NULL;

	if (fd < 0)
		return fail_errno("cannot open %s", path);
	if (fsync(fd) != 0)
		f = fail_errno("cannot flush %s", path);
	close(fd);
	return f;
}

/* Write the pack, flush it, and only then take the loose files away. */
static const struct fail *
finish(struct batch *b)
{
	const char *dir = mem_printf("%s/objects/pack", b->git->dir);
	size_t i;
	int error;

	/* each file flushed before it has its name, its name after */
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	error = git_packbuilder_write(b->pack, dir, 0444, NULL, NULL);
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
	if (error != 0)
		return store_git_fail("write a pack");
	for (i = 0; i < b->count; i++)
		unlink(loose_file(b->git, &b->ids[i]));
	return NULL;
}

const struct fail *
store_git_pack(struct store_git_batch *out, struct store_git *g,
    const char *head, size_t least, size_t max_commits, size_t max_bytes)
{
	struct store_git_ids *ids = &g->unpacked;
	struct batch b = {.git = g};
	const struct fail *f = NULL;

	*out = (struct store_git_batch){0};
	if (ids->count == 0) {
		store_git_ids_free(ids);
		f = store_git_line(ids, g, head, is_loose);
	}
	out->left = ids->count;
	if (f != NULL || ids->count < least || ids->count == 0)
		return f;
	if (git_packbuilder_new(&b.pack, g->repo) != 0)
		return store_git_fail("begin a pack");
	while (f == NULL && out->left > 0 && out->commits < max_commits &&
	       b.bytes < max_bytes) {
		f = add_commit(&b, &ids->all[--out->left]);
		out->commits++;
	}
	if (f == NULL && b.count > 0)
		f = finish(&b);
	if (f == NULL)
		ids->count = out->left;
	out->objects = b.count;
	git_packbuilder_free(b.pack);
	return f;
}
