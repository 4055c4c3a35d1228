#include "store-git.h"
#include "clock.h"
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "store-log.h"

#include <git2.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct store_git {
	git_repository *repo;
	git_odb *odb;
	const char *dir;
	bool repair; /* write objects even where a file of theirs is there */
};

enum { LOCK_TRIES = 500 }; /* of 10 ms each */

static const char branch[] = "refs/heads/main";

static const struct fail *
git_fail(const char *what)
{
	const git_error *e = git_error_last();
	const char *why =
	    e == NULL || e->message == NULL ? "no reason given" : e->message;

	if (e != NULL && e->klass == GIT_ERROR_OS)
		return fail_errno("git: cannot %s: %s", what, why);
	return fail(FAIL_SYSTEM, "git: cannot %s: %s", what, why);
}

/* No settings but the repository's own; our objects need no second look. */
static const struct fail *
start(void)
{
	static bool started;
	int level;

	if (started)
		return NULL;
	if (git_libgit2_init() < 0)
		return git_fail("start");
	for (level = GIT_CONFIG_LEVEL_PROGRAMDATA;
	     level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
	started = true;
	return NULL;
}

static const char *
id_text(const git_oid *oid)
{
	char *id = mem_alloc(JOURNAL_ID + 1);

	git_oid_tostr(id, JOURNAL_ID + 1, oid);
	return id;
}

const struct fail *
store_git_open(struct store_git **out, const char *dir)
{
	struct store_git *g = mem_alloc(sizeof(*g));
	const struct fail *f = start();

	if (f != NULL)
		return f;
	g->dir = mem_printf("%s/.git", dir);
	if (git_repository_open_bare(&g->repo, g->dir) != 0)
		return git_fail("open the repository");
	if (git_repository_odb(&g->odb, g->repo) != 0)
		return git_fail("open the objects");
	*out = g;
	return NULL;
}

/* A push to main would bypass the journal; every other branch is free. */
static const struct fail *
write_hook(const char *dir)
{
	static const char script[] =
	    "#!/bin/sh\n"
	    "# main is written by sutler alone.\n"
	    "[ \"$1\" = refs/heads/main ] || exit 0\n"
	    "echo 'sutler: main cannot be pushed to.  Push to another branch,"
	    " or edit' >&2\n"
	    "echo 'the record in place: the next change to it commits your"
	    " edit.' >&2\n"
	    "exit 1\n";
	const char *hooks = mem_printf("%s/.git/hooks", dir);
	const char *file = mem_printf("%s/update", hooks);
	FILE *out;

	if (mkdir(hooks, 0755) != 0 && access(hooks, X_OK) != 0)
		return fail_errno("cannot make %s", hooks);
	out = fopen(file, "we");
	if (out == NULL)
		return fail_errno("cannot make %s", file);
	fputs(script, out);
	if (fclose(out) != 0 || chmod(file, 0755) != 0)
		return fail_errno("cannot write %s", file);
	return NULL;
}

static const struct fail *
set_config(git_repository *repo)
{
	static const struct {
		const char *key, *value;
	} settings[] = {
	    {"core.bare",             "true" },
	    {"core.logallrefupdates", "false"},
	    {"core.loosecompression", "1"    },
	    {"gc.auto",               "0"    },
	    {"receive.autogc",        "false"},
	};
	git_config *config;
	int error = 0;
	size_t i;

	if (git_repository_config(&config, repo) != 0)
		return git_fail("read the repository's settings");
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		error |= git_config_set_string(config, settings[i].key,
		    settings[i].value);
	git_config_free(config);
	return error != 0 ? git_fail("write the repository's settings") : NULL;
}

const struct fail *
store_git_init(const char **id, const char *dir, const char *path,
    const char *text)
{
	git_repository_init_options options;
	struct store_git_author author = {"sutler", "sutler@localhost", 0};
	struct journal_change change = {.path = path, .before = ""};
	struct journal_entry entry = {.changes = &change};
	const struct fail *f = start();
	struct store_git *g;
	git_repository *repo;

	if (f != NULL)
		return f;
	git_repository_init_options_init(&options,
	    GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH |
	                GIT_REPOSITORY_INIT_NO_REINIT;
	options.initial_head = "main";
	if (git_repository_init_ext(&repo, mem_printf("%s/.git", dir),
	        &options) != 0)
		return git_fail("make the repository");
	f = set_config(repo);
	git_repository_free(repo);
	if (f == NULL)
		f = write_hook(dir);
	if (f == NULL)
		f = store_git_open(&g, dir);
	if (f != NULL)
		return f;
	change.text = text;
	change.len = strlen(text);
	change.after = hash_blob(text, change.len);
	author.time = clock_now();
	f = store_git_build(&entry, g, "", &author, "sutler: a new store\n");
	if (f == NULL)
		f = store_git_move(g, entry.id);
	*id = entry.id;
	return f;
}

const struct fail *
store_git_head(const char **id, struct store_git *g)
{
	git_oid oid;

	if (git_reference_name_to_id(&oid, g->repo, branch) != 0)
		return git_fail("read main");
	*id = id_text(&oid);
	return NULL;
}

/* True where a lock on main is a remnant of ours: it is to be moved to id, as
 * a process that was killed had begun to. */
static bool
removed_own_lock(struct store_git *g, const char *id)
{
	const char *lock = mem_printf("%s/%s.lock", g->dir, branch);
	size_t len;
	char *text;

	if (file_read(&text, &len, lock) != NULL || text == NULL)
		return false;
	if (len > 0 && strncmp(text, id, JOURNAL_ID) != 0)
		return false;
	return unlink(lock) == 0;
}

const struct fail *
store_git_move(struct store_git *g, const char *id)
{
	const struct timespec pause = {0, 10 * 1000 * 1000};
	git_reference *ref;
	git_oid oid;
	int tries, error;

	if (git_oid_fromstr(&oid, id) != 0)
		return git_fail("read a commit id");
	for (tries = 0; tries < LOCK_TRIES; tries++) {
		error =
		    git_reference_create(&ref, g->repo, branch, &oid, 1, NULL);
		if (error == 0) {
			git_reference_free(ref);
			return NULL;
		}
		if (error != GIT_ELOCKED)
			return git_fail("move main");
		if (!removed_own_lock(g, id))
			nanosleep(&pause, NULL);
	}
	return fail(FAIL_BUSY,
	    "%s/%s.lock is held by another program: if none"
	    " is running, remove it",
	    g->dir, branch);
}

/* The tree of commit; *out NULL for the parent of the first one, "". */
static const struct fail *
commit_tree(git_tree **out, struct store_git *g, const char *commit)
{
	git_commit *c;
	git_oid oid;
	int error;

	*out = NULL;
	if (commit[0] == '\0')
		return NULL;
	if (git_oid_fromstr(&oid, commit) != 0 ||
	    git_commit_lookup(&c, g->repo, &oid) != 0)
		return git_fail("read the last commit");
	error = git_commit_tree(out, c);
	git_commit_free(c);
	return error != 0 ? git_fail("read the last tree") : NULL;
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
	f = commit_tree(&tree, g, commit);
	if (f != NULL || tree == NULL)
		return f;
	error = git_tree_entry_bypath(&found, tree, path);
	git_tree_free(tree);
	if (error == GIT_ENOTFOUND)
		return NULL;
	if (error != 0)
		return git_fail("read a tree");
	*blob = id_text(git_tree_entry_id(found));
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
		return git_fail("read a blob");
	*len = git_odb_object_size(object);
	*text = mem_dup(git_odb_object_data(object), *len);
	git_odb_object_free(object);
	return NULL;
}

/*
 * libgit2 takes an object for written where a file of its name is there, even
 * one that a loss of power left empty.  When repairing, such a file is taken
 * away; true where the object has to be written again.
 */
static bool
removed_broken(struct store_git *g, const git_oid *oid)
{
	const char *id = id_text(oid);
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
		return git_fail("write an object");
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
		return git_fail("fill a tree");
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
		return git_fail("read a tree");
	f = build_tree(&oid, &empty, g, old, changes, depth + 1);
	git_tree_free(old);
	if (f != NULL)
		return f;
	if (empty && there != NULL)
		git_treebuilder_remove(b, name);
	if (!empty &&
	    git_treebuilder_insert(NULL, b, name, &oid, GIT_FILEMODE_TREE) != 0)
		return git_fail("fill a tree");
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
		return git_fail("build a tree");
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
		f = git_fail("write a tree");
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

	f = commit_tree(&old, g, parent);
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

const struct fail *
store_git_build(struct journal_entry *entry, struct store_git *g,
    const char *parent, const struct store_git_author *author,
    const char *message)
{
	long long seconds = (long long)(author->time / 1000);
	struct mem_text t = {0};
	const struct fail *f;
	git_oid oid;

	f = build(&oid, g, parent, entry);
	if (f != NULL)
		return f;
	mem_addf(&t, "tree %s\n", id_text(&oid));
	if (parent[0] != '\0')
		mem_addf(&t, "parent %s\n", parent);
	mem_addf(&t, "author %s <%s> %lld +0000\n", plain(author->name),
	    plain(author->email), seconds);
	mem_addf(&t, "committer sutler <sutler@localhost> %lld +0000\n\n%s",
	    seconds, message);
	f = write_object(&oid, g, t.text, t.len, GIT_OBJECT_COMMIT);
	entry->commit = t.text;
	entry->commit_len = t.len;
	entry->id = id_text(&oid);
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

const struct fail *
store_git_rebuild(struct store_git *g, const struct journal_entry *entry)
{
	const struct fail *f;
	git_oid oid;

	g->repair = true;
	f = build(&oid, g, header_id(entry, "parent"), entry);
	if (f == NULL && strcmp(id_text(&oid), header_id(entry, "tree")) != 0)
		f = fail(FAIL_SYSTEM, "the journal does not lead to tree %s",
		    header_id(entry, "tree"));
	if (f == NULL)
		f = write_object(&oid, g, entry->commit, entry->commit_len,
		    GIT_OBJECT_COMMIT);
	if (f == NULL && strcmp(id_text(&oid), entry->id) != 0)
		f = fail(FAIL_SYSTEM, "the journal does not lead to commit %s",
		    entry->id);
	g->repair = false;
	return f;
}

bool
store_git_reaches(struct store_git *g, const char *commit, const char *of)
{
	git_oid ancestor, descendant;
	git_tree *tree;

	if (commit_tree(&tree, g, commit) != NULL)
		return false;
	git_tree_free(tree);
	if (strcmp(commit, of) == 0)
		return true;
	return git_oid_fromstr(&ancestor, commit) == 0 &&
	       git_oid_fromstr(&descendant, of) == 0 &&
	       git_graph_descendant_of(g->repo, &descendant, &ancestor) == 1;
}

const struct fail *
store_git_commit(struct store_log *log, struct store_git *g)
{
	const git_signature *author;
	git_commit *c;
	git_oid oid;

	if (git_oid_fromstr(&oid, log->id) != 0 ||
	    git_commit_lookup(&c, g->repo, &oid) != 0)
		return git_fail("read a commit");
	author = git_commit_author(c);
	log->time = (int64_t)author->when.time * 1000;
	log->author = mem_copy(author->name);
	log->email = mem_copy(author->email);
	log->message = mem_copy(git_commit_message(c));
	git_commit_free(c);
	return NULL;
}

const struct fail *
store_git_walk(struct store_git *g, const char *head, store_git_visit *visit,
    void *arg)
{
	const struct fail *f = NULL;
	git_revwalk *walk;
	git_commit *c;
	git_oid oid;

	if (git_revwalk_new(&walk, g->repo) != 0)
		return git_fail("walk the history");
	git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	if (git_oid_fromstr(&oid, head) != 0 ||
	    git_revwalk_push(walk, &oid) != 0)
		f = git_fail("walk the history");
	while (f == NULL && git_revwalk_next(&oid, walk) == 0) {
		if (git_commit_lookup(&c, g->repo, &oid) != 0) {
			f = git_fail("read a commit");
			break;
		}
		f = visit(arg, id_text(&oid), git_commit_message(c));
		git_commit_free(c);
	}
	git_revwalk_free(walk);
	return f;
}
