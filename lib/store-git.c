#include "store-git.h"
#include "store-git-inside.h"
#include "fail.h"
#include "json.h"
#include "mem.h"
#include "store-log.h"

#include <malloc.h>
#include <string.h>

enum {
	CACHE_MAX = 8 << 20, /* bytes of objects */
	HEAP_STEP = 1 << 20,
	WINDOW = 1 << 20, /* bytes of a pack that are mapped at once */
	WINDOWS = 16
};

const struct fail *
store_git_fail(const char *what)
{
	const git_error *e = git_error_last();
	const char *why =
	    e == NULL || e->message == NULL ? "no reason given" : e->message;

	if (e != NULL && e->klass == GIT_ERROR_OS)
		return fail_errno("git: cannot %s: %s", what, why);
	return fail(FAIL_SYSTEM, "git: cannot %s: %s", what, why);
}

/* It allocates and frees much, and giving memory back is what costs; glibc
 * alone can be told. */
static void
keep_heap(void)
{
#ifdef M_TRIM_THRESHOLD
	mallopt(M_TRIM_THRESHOLD, HEAP_STEP * 8);
	mallopt(M_MMAP_THRESHOLD, HEAP_STEP * 8);
	mallopt(M_TOP_PAD, HEAP_STEP);
#endif
}

const struct fail *
store_git_start(void)
{
	static bool started;
	int level;

	if (started)
		return NULL;
	if (git_libgit2_init() < 0)
		return store_git_fail("start");
	for (level = GIT_CONFIG_LEVEL_PROGRAMDATA;
	     level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
	keep_heap();
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)WINDOW);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT,
	    (size_t)WINDOW * WINDOWS);
	started = true;
	return NULL;
}

const char *
store_git_id(const git_oid *oid)
{
	char *id = mem_alloc(JOURNAL_ID + 1);

	git_oid_tostr(id, JOURNAL_ID + 1, oid);
	return id;
}

const struct fail *
store_git_open(struct store_git **out, const char *dir)
{
	struct store_git *g = mem_alloc(sizeof(*g));
	const struct fail *f = store_git_start();

	if (f != NULL)
		return f;
	g->dir = mem_printf("%s/.git", dir);
	if (git_repository_open_bare(&g->repo, g->dir) != 0)
		return store_git_fail("open the repository");
	if (git_repository_odb(&g->odb, g->repo) != 0)
		return store_git_fail("open the objects");
	*out = g;
	return NULL;
}

const struct fail *
store_git_tree(git_tree **out, struct store_git *g, const char *commit)
{
	git_commit *c;
	git_oid oid;
	int error;

	*out = NULL;
	if (commit[0] == '\0')
		return NULL;
	if (git_oid_fromstr(&oid, commit) != 0 ||
	    git_commit_lookup(&c, g->repo, &oid) != 0)
		return store_git_fail("read the last commit");
	error = git_commit_tree(out, c);
	git_commit_free(c);
	return error != 0 ? store_git_fail("read the last tree") : NULL;
}

const struct fail *
store_git_blob(const char **blob, struct store_git *g, const char *commit,
    const char *path)
{
	const struct fail *f;
	git_tree_entry *found;
	git_tree *tree;
	int error;

	*blob = "";
	f = store_git_tree(&tree, g, commit);
	if (f != NULL || tree == NULL)
		return f;
	error = git_tree_entry_bypath(&found, tree, path);
	git_tree_free(tree);
	if (error == GIT_ENOTFOUND)
		return NULL;
	if (error != 0)
		return store_git_fail("read a tree");
	*blob = store_git_id(git_tree_entry_id(found));
	git_tree_entry_free(found);
	return NULL;
}

const struct fail *
store_git_text(char **text, size_t *len, struct store_git *g, const char *blob)
{
	git_odb_object *object;
	git_oid oid;

	*text = NULL;
	*len = 0;
	if (blob[0] == '\0')
		return NULL;
	if (git_oid_fromstr(&oid, blob) != 0 ||
	    git_odb_read(&object, g->odb, &oid) != 0)
		return store_git_fail("read a blob");
	*len = git_odb_object_size(object);
	*text = mem_dup(git_odb_object_data(object), *len);
	git_odb_object_free(object);
	return NULL;
}

bool
store_git_whole(struct store_git *g, const char *id)
{
	git_odb_object *object;
	git_oid oid;

	if (git_oid_fromstr(&oid, id) != 0 ||
	    git_odb_read(&object, g->odb, &oid) != 0)
		return false;
	git_odb_object_free(object);
	return true;
}

const struct fail *
store_git_commit(struct store_log *log, struct store_git *g)
{
	const git_signature *author;
	git_commit *c;
	git_oid oid;

	if (git_oid_fromstr(&oid, log->id) != 0 ||
	    git_commit_lookup(&c, g->repo, &oid) != 0)
		return store_git_fail("read a commit");
	author = git_commit_author(c);
	log->time = (int64_t)author->when.time * 1000;
	/* git takes any bytes, and another hand may have committed */
	log->author = json_utf8(author->name);
	log->email = json_utf8(author->email);
	log->message = json_utf8(git_commit_message(c));
	log->parent = git_commit_parentcount(c) == 0
	                  ? ""
	                  : store_git_id(git_commit_parent_id(c, 0));
	git_commit_free(c);
	return NULL;
}
