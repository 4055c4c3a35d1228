/*
 * Walks: the commits of main, and the files of one.
 */
#include "fail.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <stdlib.h>
#include <string.h>

/* One more id at the end of ids. */
static const struct fail *
append(struct store_git_ids *ids, const git_oid *id)
{
	size_t room = ids->room == 0 ? 4096 : ids->room * 2;
	git_oid *bigger;

	if (ids->count == ids->room) {
		bigger = realloc(ids->all, room * sizeof(*bigger));
		if (bigger == NULL)
			return fail_errno("cannot list the commits");
		ids->all = bigger;
		ids->room = room;
	}
	ids->all[ids->count++] = *id;
	return NULL;
}

void
store_git_ids_free(struct store_git_ids *ids)
{
	free(ids->all);
	*ids = (struct store_git_ids){0};
}

static bool
is_ours(const git_commit *c)
{
	return strcmp(git_commit_committer(c)->email, STORE_GIT_EMAIL) == 0;
}

/* The parent of c that the line goes on with: one of ours, where another hand
 * has merged; else the first. */
static void
parent_of(git_oid *id, struct store_git *g, const git_commit *c)
{
	unsigned i, n = git_commit_parentcount(c);
	git_commit *parent;
	bool ours = false;

	git_oid_cpy(id, git_commit_parent_id(c, 0));
	for (i = 0; n > 1 && !ours && i < n; i++) {
		if (git_commit_lookup(&parent, g->repo,
		        git_commit_parent_id(c, i)) != 0)
			continue;
		ours = is_ours(parent);
		git_commit_free(parent);
		if (ours)
			git_oid_cpy(id, git_commit_parent_id(c, i));
	}
}

const struct fail *
store_git_line(struct store_git_ids *ids, struct store_git *g, const char *head,
    store_git_wanted *wanted)
{
	const struct fail *f = NULL;
	bool first = false;
	git_commit *c;
	git_oid id;

	*ids = (struct store_git_ids){0};
	if (git_oid_fromstr(&id, head) != 0)
		return store_git_fail("read a commit id");
	while (f == NULL && !first && (wanted == NULL || wanted(g, &id))) {
		f = append(ids, &id);
		if (f == NULL && git_commit_lookup(&c, g->repo, &id) != 0)
			f = store_git_fail("read a commit");
		if (f != NULL)
			break;
		first = git_commit_parentcount(c) == 0;
		if (!first)
			parent_of(&id, g, c);
		git_commit_free(c);
	}
	if (f != NULL)
		store_git_ids_free(ids);
	return f;
}

const struct fail *
store_git_distance(size_t *count, bool *met, bool *ended, struct store_git *g,
    const char *head, const char *known, size_t limit)
{
	git_oid id, last = {0};
	git_commit *c;

	*count = 0;
	*met = *ended = false;
	if (git_oid_fromstr(&id, head) != 0 ||
	    (*known != '\0' && git_oid_fromstr(&last, known) != 0))
		return store_git_fail("read a commit id");
	while (!*ended && (limit == 0 || *count < limit)) {
		if (*known != '\0' && git_oid_equal(&id, &last)) {
			*met = *ended = true;
			break;
		}
		if (git_commit_lookup(&c, g->repo, &id) != 0)
			return store_git_fail("read a commit");
		++*count;
		*ended = git_commit_parentcount(c) == 0;
		if (!*ended)
			parent_of(&id, g, c);
		git_commit_free(c);
	}
	return NULL;
}

const struct fail *
store_git_walk(struct store_git *g, const char *head, store_git_visit *visit,
    void *arg)
{
	struct store_git_ids ids;
	const struct fail *f = store_git_line(&ids, g, head, NULL);
	struct mem_mark mark;
	git_commit *c;
	size_t n = ids.count;

	for (; f == NULL && n > 0; n--) {
		if (git_commit_lookup(&c, g->repo, &ids.all[n - 1]) != 0) {
			f = store_git_fail("read a commit");
			break;
		}
		mark = mem_mark();
		if (is_ours(c))
			f = visit(arg, store_git_id(&ids.all[n - 1]),
			    git_commit_message(c));
		if (f == NULL)
			mem_release(mark);
		git_commit_free(c);
	}
	store_git_ids_free(&ids);
	return f;
}

struct files {
	store_git_visit_file *visit;
	void *arg;
	bool keep;
	const struct fail *failure;
};

static int
visit_file(const char *directory, const git_tree_entry *entry, void *arg)
{
	struct files *files = arg;
	struct mem_mark mark = mem_mark();
	const char *path;

	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return 0;
	path = mem_printf("%s%s", directory, git_tree_entry_name(entry));
	files->failure = files->visit(files->arg, path,
	    store_git_id(git_tree_entry_id(entry)));
	if (files->failure == NULL && !files->keep)
		mem_release(mark);
	return files->failure == NULL ? 0 : -1;
}

const struct fail *
store_git_files(struct store_git *g, const char *commit, bool keep,
    store_git_visit_file *visit, void *arg)
{
	struct files files = {visit, arg, keep, NULL};
	const struct fail *f;
	git_tree *tree;

	f = store_git_tree(&tree, g, commit);
	if (f != NULL)
		return f;
	if (git_tree_walk(tree, GIT_TREEWALK_PRE, visit_file, &files) != 0)
		f = files.failure != NULL ? files.failure
		                          : store_git_fail("walk a tree");
	git_tree_free(tree);
	return f;
}
