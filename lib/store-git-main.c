/*
 * The branch main.  sutler alone moves it; where another hand did, no commit
 * of ours leaves it, and none of the other's is lost.
 */
#include "complain.h"
#include "fail.h"
#include "file.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	EMPTY_LOCK_SECONDS = 2,
	LOCK_TRIES = 500, /* of 10 ms each */
	LOOKS = 4         /* at where another hand has put main */
};

static const char branch[] = STORE_GIT_MAIN;

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

/* The commit cur, which main stood at, stays as a branch of its own. */
static const struct fail *
keep_aside(struct store_git *g, const char *cur)
{
	const char *name = mem_printf("refs/heads/aside-%.12s", cur);
	git_reference *ref;
	git_oid oid;

	if (git_oid_fromstr(&oid, cur) != 0 ||
	    git_reference_create(&ref, g->repo, name, &oid, 1, NULL) != 0)
		return store_git_fail(mem_printf("make %s", name));
	git_reference_free(ref);
	complain("main had been moved to %s, which lacks our last"
	         " commits: it is on them again, and that is kept as %s",
	    cur, name);
	return NULL;
}

/* libgit2 does not write over a file that is no ref, which an editor or a loss
 * of power may leave. */
static const struct fail *
remove_broken(struct store_git *g)
{
	const char *file = mem_printf("%s/%s", g->dir, branch);
	const struct fail *f;
	size_t len;
	char *text;

	f = file_read(&text, &len, file);
	if (f != NULL || text == NULL || strncmp(text, "ref: ", 5) == 0 ||
	    strspn(text, "0123456789abcdef") == JOURNAL_ID)
		return f;
	complain("%s was no ref", file);
	return file_remove(file);
}

/*
 * Where does main stand?  *done: at id, or behind it with commits of another
 * hand upon it.  Else *from is what it is to be moved from, "" where there is
 * none; what is no part of id's history has been kept aside.
 */
static const struct fail *
look(const char **from, bool *done, struct store_git *g, const char *id)
{
	git_oid oid;
	int error = git_reference_name_to_id(&oid, g->repo, branch);

	*done = false;
	*from = "";
	if (error != 0) {
		complain("there was no main: it is made at %s", id);
		return error == GIT_ENOTFOUND ? NULL : remove_broken(g);
	}
	*from = store_git_id(&oid);
	*done = store_git_reaches(g, id, *from);
	if (*done || !store_git_reaches(g, *from, *from))
		return NULL;
	if (!store_git_reaches(g, *from, id))
		return keep_aside(g, *from);
	complain("main stood at %s, before our last commits: it is on them"
	         " again",
	    *from);
	return NULL;
}

/* One try to put main to id from where it is expected, "" for nowhere, NULL for
 * wherever it is; libgit2's code. */
static int
put(struct store_git *g, const char *from, const git_oid *id)
{
	git_reference *ref;
	git_oid expected;
	int error;

	if (from == NULL || from[0] == '\0')
		error = git_reference_create(&ref, g->repo, branch, id,
		    from == NULL, NULL);
	else if (git_oid_fromstr(&expected, from) != 0)
		return GIT_EINVALID;
	else
		error = git_reference_create_matching(&ref, g->repo, branch, id,
		    1, &expected, NULL);
	if (error == 0)
		git_reference_free(ref);
	return error;
}

const struct fail *
store_git_move(struct store_git *g, const char *from, const char *id)
{
	const struct timespec pause = {0, 10 * 1000 * 1000};
	int tries, error, looks = 0;
	const char *last = from;
	const struct fail *f;
	bool done;
	git_oid oid;

	if (git_oid_fromstr(&oid, id) != 0)
		return store_git_fail("read a commit id");
	for (tries = 0; tries < LOCK_TRIES; tries++) {
		error = put(g, from, &oid);
		if (error == 0)
			return NULL;
		if (error == GIT_ELOCKED) {
			if (!removed_own_lock(g, id))
				nanosleep(&pause, NULL);
			continue;
		}
		if (looks++ == LOOKS)
			return store_git_fail("move main");
		f = look(&from, &done, g, id);
		if (f != NULL || done)
			return f;
		/* a symbolic ref can stand at what we expect, and not be it */
		if (from[0] != '\0' && strcmp(from, last) == 0)
			from = NULL;
		last = from == NULL ? "" : from;
	}
	return fail(FAIL_BUSY,
	    "%s/%s.lock is held by another program: if none"
	    " is running, remove it",
	    g->dir, branch);
}

const struct fail *
store_git_hold(struct store_git *g, const char *id)
{
	const struct fail *f;
	const char *from;
	bool done;

	f = look(&from, &done, g, id);
	return f != NULL || done ? f : store_git_move(g, from, id);
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
