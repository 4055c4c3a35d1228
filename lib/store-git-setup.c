/*
 * The repository as the store needs it: made new, made from a clone, or
 * checked.
 */
#include "clock.h"
#include "fail.h"
#include "file.h"
#include "finding.h"
#include "hash.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What git programs, in an administrator's hands, find there.  Precious objects
 * are those that git prune and repack -d refuse to delete: they could come
 * between our objects and their ref.  git minds that in format 0 too, which
 * every library can read.
 */
static const struct {
	const char *key, *value;
} settings[] = {
    {"core.bare",                  "true" }, /* no index, no checkout */
    {"core.logallrefupdates",      "false"},
    {"core.loosecompression",      "1"    },
    {"core.sharedrepository",      "group"}, /* what root makes is ours too */
    {"extensions.preciousobjects", "true" },
    {"gc.auto",                    "0"    },
    {"receive.autogc",             "false"},
};

/* A push to main would bypass the journal; every other branch is free. */
static const char hook[] =
    "#!/bin/sh\n"
    "# main is written by sutler alone.\n"
    "[ \"$1\" = refs/heads/main ] || exit 0\n"
    "echo 'sutler: main cannot be pushed to.  Push to another branch,"
    " or edit' >&2\n"
    "echo 'the record in place: the next change to it commits your"
    " edit.' >&2\n"
    "exit 1\n";

/* What makes a clone no backup: its history or its objects are elsewhere. */
static const struct {
	const char *file, *what;
} partial[] = {
    {"shallow",                 "is a shallow clone, which lacks history"                           },
    {"objects/info/alternates", "is a shared clone: run git repack -a -d in it,"
                                " and remove objects/info/alternates"},
};

static const struct fail *
write_hook(const char *dir)
{
	const char *hooks = mem_printf("%s/.git/hooks", dir);
	const char *file = mem_printf("%s/update", hooks);
	FILE *out;

	if (mkdir(hooks, 0755) != 0 && access(hooks, X_OK) != 0)
		return fail_errno("cannot make %s", hooks);
	unlink(file); /* it may be another user's, or a link */
	out = fopen(file, "we");
	if (out == NULL)
		return fail_errno("cannot make %s", file);
	fputs(hook, out);
	if (fclose(out) != 0 || chmod(file, 0755) != 0)
		return fail_errno("cannot write %s", file);
	return NULL;
}

static const struct fail *
check_hook(const char *dir, struct findings *n)
{
	const char *file = mem_printf("%s/.git/hooks/update", dir);
	const struct fail *f;
	size_t len;
	char *text;

	f = file_read(&text, &len, file);
	if (f != NULL || (text != NULL && strcmp(text, hook) == 0 &&
	                     access(file, X_OK) == 0))
		return f;
	finding_fault(n, "store/.git/hooks/update",
	    "does not refuse a push to main", "written anew");
	return n->repair ? write_hook(dir) : NULL;
}

static const struct fail *
check_settings(git_repository *repo, struct findings *n)
{
	const char *key, *value;
	const struct fail *f = NULL;
	git_config *config;
	git_buf is = {0};
	bool differs;
	size_t i;

	if (git_repository_config(&config, repo) != 0)
		return store_git_fail("read the repository's settings");
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		key = settings[i].key;
		value = settings[i].value;
		differs = git_config_get_string_buf(&is, config, key) != 0 ||
		          strcmp(is.ptr, value) != 0;
		git_buf_dispose(&is);
		if (!differs)
			continue;
		finding_fault(n, "store/.git/config",
		    mem_printf("%s is not %s", key, value), "set");
		if (n->repair && git_config_set_string(config, key, value) != 0)
			f = store_git_fail("write the repository's settings");
	}
	git_config_free(config);
	return f;
}

/* The line that has git show every record by what is called sutler. */
static const struct fail *
write_attributes(struct store_git *g)
{
	static const char line[] = "*.json diff=sutler\n";
	const char *dir = mem_printf("%s/info", g->dir);
	const char *file = mem_printf("%s/attributes", dir);
	const struct fail *f;
	size_t len;
	char *text;
	FILE *out;

	f = file_read(&text, &len, file);
	if (f != NULL || (text != NULL && strstr(text, line) != NULL))
		return f;
	f = file_directory(dir);
	if (f != NULL)
		return f;
	out = fopen(file, "ae");
	if (out == NULL)
		return fail_errno("cannot make %s", file);
	if (text != NULL && len > 0 && text[len - 1] != '\n')
		fputc('\n', out);
	fputs(line, out);
	return fclose(out) != 0 ? fail_errno("cannot write %s", file) : NULL;
}

const struct fail *
store_git_show_by(struct store_git *g, const char *command)
{
	static const char key[] = "diff.sutler.textconv";
	const struct fail *f = NULL;
	git_config *config;
	git_buf is = {0};

	if (git_repository_config(&config, g->repo) != 0)
		return store_git_fail("read the repository's settings");
	if ((git_config_get_string_buf(&is, config, key) != 0 ||
	        strcmp(is.ptr, command) != 0) &&
	    git_config_set_string(config, key, command) != 0)
		f = store_git_fail("write the repository's settings");
	git_buf_dispose(&is);
	git_config_free(config);
	return f == NULL ? write_attributes(g) : f;
}

static bool
is_at_main(git_repository *repo)
{
	git_reference *head;
	bool at_main;

	if (git_reference_lookup(&head, repo, "HEAD") != 0)
		return false;
	at_main =
	    git_reference_type(head) == GIT_REFERENCE_SYMBOLIC &&
	    strcmp(git_reference_symbolic_target(head), STORE_GIT_MAIN) == 0;
	git_reference_free(head);
	return at_main;
}

static const struct fail *
check_head(git_repository *repo, struct findings *n)
{
	if (is_at_main(repo))
		return NULL;
	finding_fault(n, "store/.git/HEAD", "does not stand at main",
	    "set to main");
	if (n->repair && git_repository_set_head(repo, STORE_GIT_MAIN) != 0)
		return store_git_fail("set HEAD");
	return NULL;
}

const struct fail *
store_git_check(struct store_git *g, const char *dir, struct findings *n)
{
	const struct fail *f = check_settings(g->repo, n);

	if (f == NULL)
		f = check_head(g->repo, n);
	return f == NULL ? check_hook(dir, n) : f;
}

static void
say_nothing(void *arg, const char *where, const char *what, const char *done)
{
	(void)arg;
	(void)where;
	(void)what;
	(void)done;
}

/* Everything as it has to be. */
static const struct fail *
set_up(struct store_git *g, const char *dir)
{
	struct findings silent = {.repair = true, .note = say_nothing};

	return store_git_check(g, dir, &silent);
}

const struct fail *
store_git_init(const char **id, const char *dir, const char *path,
    const char *text)
{
	git_repository_init_options options;
	struct store_git_author author = {"sutler", STORE_GIT_EMAIL, 0};
	struct journal_change change = {.path = path, .before = ""};
	struct journal_entry entry = {.changes = &change};
	const struct fail *f = store_git_start();
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
	git_repository_free(repo);
	f = store_git_open(&g, dir);
	if (f == NULL)
		f = set_up(g, dir);
	if (f != NULL)
		return f;
	change.text = text;
	change.len = strlen(text);
	change.after = hash_blob(text, change.len);
	author.time = clock_now();
	f = store_git_build(&entry, g, "", &author, "sutler: a new store\n");
	if (f == NULL)
		f = store_git_move(g, "", entry.id);
	*id = entry.id;
	return f;
}

/* Is it a whole clone of a store, checked out at main? */
static const struct fail *
check_clone(const char **id, struct store_git *g, const char *path,
    store_git_ours *is_ours)
{
	const char *file, *blob;
	const struct fail *f;
	char *text = NULL;
	size_t len;
	size_t i;

	for (i = 0; i < sizeof(partial) / sizeof(partial[0]); i++) {
		file = mem_printf("%s/%s", g->dir, partial[i].file);
		if (access(file, F_OK) == 0)
			return fail(FAIL_CONFLICT, "%s %s", g->dir,
			    partial[i].what);
	}
	if (!is_at_main(g->repo) || store_git_head(id, g) != NULL)
		return fail(FAIL_CONFLICT, "%s does not stand at main", g->dir);
	f = store_git_blob(&blob, g, *id, path);
	if (f == NULL && blob[0] != '\0')
		f = store_git_text(&text, &len, g, blob);
	if (f != NULL)
		return f;
	if (text == NULL)
		return fail(FAIL_CONFLICT,
		    "%s is no clone of a store: it has no %s", g->dir, path);
	f = is_ours(text, len);
	return f == NULL ? NULL
	                 : fail(FAIL_CONFLICT, "%s: %s", g->dir, f->text);
}

const struct fail *
store_git_adopt(const char **id, const char *dir, const char *path,
    store_git_ours *is_ours)
{
	static const char *const leavings[] = {"index", "logs", "FETCH_HEAD"};
	const struct fail *f;
	struct store_git *g;
	size_t i;

	if (access(mem_printf("%s/.git", dir), F_OK) != 0)
		return fail(FAIL_CONFLICT,
		    "%s has no .git: git clone makes it so, without --bare or"
		    " --mirror",
		    dir);
	f = store_git_open(&g, dir);
	if (f == NULL)
		f = check_clone(id, g, path, is_ours);
	if (f == NULL)
		f = set_up(g, dir);
	for (i = 0; f == NULL && i < sizeof(leavings) / sizeof(leavings[0]);
	     i++)
		f = file_remove_all(mem_printf("%s/%s", g->dir, leavings[i]));
	return f;
}
