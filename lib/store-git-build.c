/*
 * Trees and commits: from the changes of an entry to the objects of git.
 */
#include "fail.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <ctype.h>
#include <dirent.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/*
 * libgit2 takes an object for written where a file of its name is there, even
 * one that a loss of power left empty.  When repairing, such a file is taken
 * away; true where the object has to be written again.
 */
static bool
removed_broken(struct store_git *g, const git_oid *oid)
{
	const char *id = store_git_id(oid);
	git_odb_object *there;

	if (!g->repair)
		return false;
	if (git_odb_read(&there, g->odb, oid) == 0) {
		git_odb_object_free(there);
		return false;
	}
	unlink(mem_printf("%s/objects/%.2s/%s", g->dir, id, id + 2));
	return true;
}

static const struct fail *
write_object(git_oid *oid, struct store_git *g, const char *bytes, size_t len,
    git_object_t type)
{
	if (git_odb_write(oid, g->odb, bytes, len, type) != 0 ||
	    (removed_broken(g, oid) &&
	        git_odb_write(oid, g->odb, bytes, len, type) != 0))
		return store_git_fail("write an object");
	return NULL;
}

static const struct fail *build_tree(git_oid *oid, bool *empty,
    struct store_git *g, const git_tree *old, struct journal_change *changes,
    size_t depth);

/* The part of path below its first depth directories. */
static const char *
below(const char *path, size_t depth)
{
	for (; depth > 0; depth--)
		path = strchr(path, '/') + 1;
	return path;
}

/* Put the change to a file of this tree into b. */
static const struct fail *
set_file(git_treebuilder *b, struct store_git *g, struct journal_change *c,
    const char *name)
{
	const struct fail *f;
	git_oid oid;

	if (c->text == NULL) {
		if (git_treebuilder_get(b, name) != NULL)
			git_treebuilder_remove(b, name);
		return NULL;
	}
	f = write_object(&oid, g, c->text, c->len, GIT_OBJECT_BLOB);
	if (f != NULL)
		return f;
	if (git_treebuilder_insert(NULL, b, name, &oid, GIT_FILEMODE_BLOB) != 0)
		return store_git_fail("fill a tree");
	return NULL;
}

/* Put the changes below one directory of this tree into b. */
static const struct fail *
set_directory(git_treebuilder *b, struct store_git *g, const char *name,
    struct journal_change *changes, size_t depth)
{
	const git_tree_entry *there = git_treebuilder_get(b, name);
	git_tree *old = NULL;
	const struct fail *f;
	git_oid oid;
	bool empty;

	if (there != NULL &&
	    git_tree_lookup(&old, g->repo, git_tree_entry_id(there)) != 0)
		return store_git_fail("read a tree");
	f = build_tree(&oid, &empty, g, old, changes, depth + 1);
	git_tree_free(old);
	if (f != NULL)
		return f;
	if (empty && there != NULL)
		git_treebuilder_remove(b, name);
	if (!empty &&
	    git_treebuilder_insert(NULL, b, name, &oid, GIT_FILEMODE_TREE) != 0)
		return store_git_fail("fill a tree");
	return NULL;
}

/* Take the changes whose next directory is dir (len characters) out of
 * *changes; their order stays. */
static struct journal_change *
take_directory(struct journal_change **changes, const char *dir, size_t len,
    size_t depth)
{
	struct journal_change *taken = NULL, **tail = &taken, *c;
	const char *name;

	while ((c = *changes) != NULL) {
		name = below(c->path, depth);
		if (strncmp(name, dir, len) != 0 || name[len] != '/') {
			changes = &c->next;
			continue;
		}
		*changes = c->next;
		c->next = NULL;
		*tail = c;
		tail = &c->next;
	}
	return taken;
}

/* The tree old (NULL: none) with changes made, which all lie in it; their
 * list is consumed. */
static const struct fail *
build_tree(git_oid *oid, bool *empty, struct store_git *g, const git_tree *old,
    struct journal_change *changes, size_t depth)
{
	const struct fail *f = NULL;
	git_treebuilder *b;
	const char *name, *slash;
	size_t len;

	if (git_treebuilder_new(&b, g->repo, old) != 0)
		return store_git_fail("build a tree");
	while (f == NULL && changes != NULL) {
		name = below(changes->path, depth);
		slash = strchr(name, '/');
		if (slash == NULL) {
			f = set_file(b, g, changes, name);
			changes = changes->next;
			continue;
		}
		len = (size_t)(slash - name);
		f = set_directory(b, g, mem_dup(name, len),
		    take_directory(&changes, name, len, depth), depth);
	}
	*empty = f == NULL && git_treebuilder_entrycount(b) == 0;
	if (f == NULL && (depth == 0 || !*empty) &&
	    (git_treebuilder_write(oid, b) != 0 ||
	        (removed_broken(g, oid) && git_treebuilder_write(oid, b) != 0)))
		f = store_git_fail("write a tree");
	git_treebuilder_free(b);
	return f;
}

/* The tree of parent with the entry's changes made. */
static const struct fail *
build(git_oid *oid, struct store_git *g, const char *parent,
    const struct journal_entry *entry)
{
	struct journal_change *copies = NULL, **tail = &copies, *c, *copy;
	const struct fail *f;
	git_tree *old;
	bool empty;

	f = store_git_tree(&old, g, parent);
	if (f != NULL)
		return f;
	for (c = entry->changes; c != NULL; c = c->next) {
		copy = mem_alloc(sizeof(*copy));
		*copy = *c;
		copy->next = NULL;
		*tail = copy;
		tail = &copy->next;
	}
	f = build_tree(oid, &empty, g, old, copies, 0);
	git_tree_free(old);
	return f;
}

/* What a commit header may hold of text. */
static const char *
plain(const char *text)
{
	char *copy = mem_copy(text), *p;

	for (p = copy; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) || *p == '<' || *p == '>')
			*p = ' ';
	return copy;
}

/* entry = the commit of tree that says so (from its author on). */
static const struct fail *
write_commit(struct journal_entry *entry, struct store_git *g,
    const git_oid *tree, const char *parent, const char *said)
{
	struct mem_text t = {0};
	const struct fail *f;
	git_oid oid;

	mem_addf(&t, "tree %s\n", store_git_id(tree));
	if (parent[0] != '\0')
		mem_addf(&t, "parent %s\n", parent);
	mem_puts(&t, said);
	f = write_object(&oid, g, t.text, t.len, GIT_OBJECT_COMMIT);
	entry->commit = t.text;
	entry->commit_len = t.len;
	entry->id = store_git_id(&oid);
	return f;
}

static const char *
say(const struct store_git_author *author, const char *message)
{
	const long long seconds = (long long)(author->time / 1000);

	const char *sutler = author->node == NULL
	                         ? "sutler"
	                         : mem_printf("sutler (%s)", author->node);

	return mem_printf("author %s <%s> %lld +0000\n"
	                  "committer %s <%s> %lld +0000\n\n%s",
	    plain(author->name), plain(author->email), seconds, plain(sutler),
	    STORE_GIT_EMAIL, seconds, message);
}

const struct fail *
store_git_build(struct journal_entry *entry, struct store_git *g,
    const char *parent, const struct store_git_author *author,
    const char *message)
{
	const struct fail *f;
	git_oid tree;

	f = build(&tree, g, parent, entry);
	return f == NULL
	           ? write_commit(entry, g, &tree, parent, say(author, message))
	           : f;
}

const struct fail *
store_git_grow(char tree[JOURNAL_ID + 1], struct store_git *g,
    struct journal_change *changes)
{
	const struct fail *f;
	git_tree *old;
	git_oid oid;
	bool empty;

	if (git_oid_fromstr(&oid, tree) != 0 ||
	    git_tree_lookup(&old, g->repo, &oid) != 0)
		return store_git_fail("read a tree");
	f = build_tree(&oid, &empty, g, old, changes, 0);
	git_tree_free(old);
	if (f == NULL)
		git_oid_tostr(tree, JOURNAL_ID + 1, &oid);
	return f;
}

const struct fail *
store_git_grown(const char **id, struct store_git *g, const char *tree,
    const char *parent, const struct store_git_author *author,
    const char *message)
{
	struct journal_entry entry = {0};
	const struct fail *f;
	git_oid oid;

	if (git_oid_fromstr(&oid, tree) != 0)
		return store_git_fail("read an id");
	f = write_commit(&entry, g, &oid, parent, say(author, message));
	*id = entry.id;
	return f;
}

/* The id behind the word key in a commit object's header, or "". */
static const char *
header_id(const struct journal_entry *entry, const char *key)
{
	const char *line = entry->commit, *end;
	size_t len = strlen(key);

	for (; *line != '\0' && *line != '\n'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			break;
		if (strncmp(line, key, len) == 0 && line[len] == ' ' &&
		    end - line == (ptrdiff_t)len + 1 + JOURNAL_ID)
			return mem_dup(line + len + 1, JOURNAL_ID);
	}
	return "";
}

const char *
store_git_parent(const struct journal_entry *entry)
{
	return header_id(entry, "parent");
}

const char *
store_git_said(const struct journal_entry *entry)
{
	const char *author = strstr(entry->commit, "\nauthor ");

	return author == NULL ? "" : author + 1;
}

const struct fail *
store_git_rebase(struct journal_entry *entry, struct store_git *g,
    const char *parent)
{
	const struct fail *f;
	git_oid tree;

	f = build(&tree, g, parent, entry);
	return f == NULL ? write_commit(entry, g, &tree, parent,
	                       store_git_said(entry))
	                 : f;
}

const struct fail *
store_git_keep(struct store_git *g, const char *text, size_t len)
{
	const struct fail *f;
	git_oid oid;

	g->repair = true;
	f = write_object(&oid, g, text, len, GIT_OBJECT_BLOB);
	g->repair = false;
	return f;
}

const struct fail *
store_git_rebuild(struct store_git *g, const struct journal_entry *entry,
    bool again)
{
	const struct fail *f;
	git_oid oid;

	g->repair = again;
	f = build(&oid, g, header_id(entry, "parent"), entry);
	if (f == NULL &&
	    strcmp(store_git_id(&oid), header_id(entry, "tree")) != 0)
		f = fail(FAIL_SYSTEM, "the journal does not lead to tree %s",
		    header_id(entry, "tree"));
	if (f == NULL)
		f = write_object(&oid, g, entry->commit, entry->commit_len,
		    GIT_OBJECT_COMMIT);
	if (f == NULL && strcmp(store_git_id(&oid), entry->id) != 0)
		f = fail(FAIL_SYSTEM, "the journal does not lead to commit %s",
		    entry->id);
	g->repair = false;
	return f;
}

/* The loose objects in directory dir/<two>. */
static const struct fail *
sweep_directory(git_odb *loose, const char *dir, const char *two)
{
	git_odb_object *object;
	struct dirent *entry;
	const char *id;
	git_oid oid;
	DIR *d;

	dir = mem_printf("%s/%s", dir, two);
	d = opendir(dir);
	if (d == NULL)
		return fail_errno("cannot open %s", dir);
	while ((entry = readdir(d)) != NULL) {
		id = mem_printf("%s%s", two, entry->d_name);
		if (strlen(id) != JOURNAL_ID || git_oid_fromstr(&oid, id) != 0)
			continue;
		if (git_odb_read(&object, loose, &oid) == 0)
			git_odb_object_free(object);
		else
			unlink(mem_printf("%s/%s", dir, entry->d_name));
	}
	closedir(d);
	return NULL;
}

static const struct fail *
sweep_directories(git_odb *loose, const char *dir)
{
	const struct fail *f = NULL;
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (d == NULL)
		return fail_errno("cannot open %s", dir);
	while (f == NULL && (entry = readdir(d)) != NULL)
		if (strlen(entry->d_name) == 2 && entry->d_name[0] != '.')
			f = sweep_directory(loose, dir, entry->d_name);
	closedir(d);
	return f;
}

const struct fail *
store_git_sweep(struct store_git *g)
{
	const char *dir = mem_printf("%s/objects", g->dir);
	git_odb_backend *backend;
	const struct fail *f;
	git_odb *loose;

	/* without the packs: an object may be whole in one of them, and its
	 * loose file, whose removal was not flushed, be back without a byte */
	if (git_odb_new(&loose) != 0)
		return store_git_fail("open the loose objects");
	if (git_odb_backend_loose(&backend, dir, -1, 0, 0, 0) != 0 ||
	    git_odb_add_backend(loose, backend, 1) != 0)
		f = store_git_fail("open the loose objects");
	else
		f = sweep_directories(loose, dir);
	git_odb_free(loose);
	return f;
}
