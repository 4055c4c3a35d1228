#include "store-git.h"
#include "store-git-inside.h"
#include "clock.h"
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "store-log.h"

#include <malloc.h>
#include <stdio.h>

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	EMPTY_LOCK_SECONDS = 2,
	LOCK_TRIES = 500,    /* of 10 ms each */
	CACHE_MAX = 8 << 20, /* bytes of objects */
	HEAP_STEP = 1 << 20,
	WINDOW = 1 << 20, /* bytes of a pack that are mapped at once */
	WINDOWS = 16
};

static const char branch[] = "refs/heads/main";

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

/* No settings but the repository's own; our objects need no second look. */
static const struct fail *
start(void)
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
	/* it allocates and frees much; giving memory back is what costs */
	mallopt(M_TRIM_THRESHOLD, HEAP_STEP * 8);
	mallopt(M_MMAP_THRESHOLD, HEAP_STEP * 8);
	mallopt(M_TOP_PAD, HEAP_STEP);
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
	const struct fail *f = start();

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
		return store_git_fail("read the repository's settings");
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		error |= git_config_set_string(config, settings[i].key,
		    settings[i].value);
	git_config_free(config);
	return error != 0 ? store_git_fail("write the repository's settings")
	                  : NULL;
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
		return store_git_fail("make the repository");
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
		return store_git_fail("read main");
	*id = store_git_id(&oid);
	return NULL;
}

/* True where a lock on main is a remnant of ours: it is to be moved to id, as
 * a process that was killed had begun to. */
static bool
removed_own_lock(struct store_git *g, const char *id)
{
	const char *lock = mem_printf("%s/%s.lock", g->dir, branch);
	struct stat st;
	size_t len;
	char *text;

	if (file_read(&text, &len, lock) != NULL || text == NULL)
		return false;
	if (len > 0 && strncmp(text, id, JOURNAL_ID) != 0)
		return false;
	/* an empty one may be anybody's, who is about to write it */
	if (len == 0 && (stat(lock, &st) != 0 ||
	                    st.st_mtime + EMPTY_LOCK_SECONDS > time(NULL)))
		return false;
	return unlink(lock) == 0;
}

void
store_git_unlock(struct store_git *g, const struct journal_entry *entries)
{
	const char *lock = mem_printf("%s/%s.lock", g->dir, branch);
	struct timespec up;
	struct stat st;
	size_t len;
	char *text;

	if (stat(lock, &st) != 0 || file_read(&text, &len, lock) != NULL ||
	    text == NULL)
		return;
	/* who held it before the boot holds nothing now */
	if (clock_gettime(CLOCK_BOOTTIME, &up) == 0 &&
	    st.st_mtime < time(NULL) - up.tv_sec)
		len = 0;
	/* nor does one that a loss of power left without its id */
	if (strspn(text, "0123456789abcdef") != JOURNAL_ID)
		len = 0;
	while (len > 0 && entries != NULL &&
	       strncmp(text, entries->id, JOURNAL_ID) != 0)
		entries = entries->next;
	if (len == 0 || entries != NULL)
		unlink(lock);
}

void
store_git_drop_broken(struct store_git *g)
{
	const char *file = mem_printf("%s/%s", g->dir, branch);
	size_t len;
	char *text;

	if (file_read(&text, &len, file) == NULL && text != NULL &&
	    strspn(text, "0123456789abcdef") != JOURNAL_ID)
		unlink(file);
}

const struct fail *
store_git_move(struct store_git *g, const char *id)
{
	const struct timespec pause = {0, 10 * 1000 * 1000};
	git_reference *ref;
	git_oid oid;
	int tries, error;

	if (git_oid_fromstr(&oid, id) != 0)
		return store_git_fail("read a commit id");
	for (tries = 0; tries < LOCK_TRIES; tries++) {
		error =
		    git_reference_create(&ref, g->repo, branch, &oid, 1, NULL);
		if (error == 0) {
			git_reference_free(ref);
			return NULL;
		}
		if (error != GIT_ELOCKED)
			return store_git_fail("move main");
		if (!removed_own_lock(g, id))
			nanosleep(&pause, NULL);
	}
	return fail(FAIL_BUSY,
	    "%s/%s.lock is held by another program: if none"
	    " is running, remove it",
	    g->dir, branch);
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
store_git_reaches(struct store_git *g, const char *commit, const char *of)
{
	git_oid ancestor, descendant;
	git_tree *tree;

	if (store_git_tree(&tree, g, commit) != NULL)
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
		return store_git_fail("read a commit");
	author = git_commit_author(c);
	log->time = (int64_t)author->when.time * 1000;
	log->author = mem_copy(author->name);
	log->email = mem_copy(author->email);
	log->message = mem_copy(git_commit_message(c));
	git_commit_free(c);
	return NULL;
}
