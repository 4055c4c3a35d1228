/*
 * What lies beside the store, in DATA/state.
 */
#include "file.h"
#include "mem.h"
#include "store-apply.h"
#include "store-check.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	LEFT_SECONDS = 3600, /* a temporary file this old is nobody's */
	SESSION_NAME = 64    /* hex digits of a session's name */
};

/* One entry, name, of directory state/dir; path is where it is. */
typedef const struct fail *check_entry(struct findings *n, const char *dir,
    const char *name, const char *path, const struct stat *st);

static const struct fail *
check_directory(const struct store *s, struct findings *n, const char *name,
    check_entry *check)
{
	const char *dir = mem_printf("%s/%s", s->state, name), *path;
	const struct fail *f = NULL;
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(dir);

	if (d == NULL)
		return errno == ENOENT ? NULL
		                       : fail_errno("cannot open %s", dir);
	while (f == NULL && (entry = readdir(d)) != NULL) {
		path = mem_printf("%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.' && lstat(path, &st) == 0)
			f = check(n, mem_printf("state/%s", name),
			    entry->d_name, path, &st);
	}
	closedir(d);
	return f;
}

static const struct fail *
check_temporary(struct findings *n, const char *dir, const char *name,
    const char *path, const struct stat *st)
{
	if (st->st_mtime + LEFT_SECONDS > time(NULL))
		return NULL;
	finding_harmless(n, mem_printf("%s/%s", dir, name),
	    "was left by a program that died",
	    n->repair ? "removed" : "left alone");
	return n->repair ? file_remove_all(path) : NULL;
}

static const struct fail *
check_aside(struct findings *n, const char *dir, const char *name,
    const char *path, const struct stat *st)
{
	(void)path;
	(void)st;
	finding_harmless(n, mem_printf("%s/%s", dir, name),
	    "is an edit that met a change: yours to take or remove",
	    "left alone");
	return NULL;
}

/* Sessions tell who is signed in; tick removes old ones. */
static const struct fail *
check_session(struct findings *n, const char *dir, const char *name,
    const char *path, const struct stat *st)
{
	const char *where = mem_printf("%s/%s", dir, name);

	if (!S_ISREG(st->st_mode) || strlen(name) != SESSION_NAME ||
	    strspn(name, "0123456789abcdef") != SESSION_NAME) {
		finding_harmless(n, where, "is no session", "left alone");
		return NULL;
	}
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return NULL;
	if (n->repair && chmod(path, S_IRUSR | S_IWUSR) != 0)
		return fail_errno("cannot change the mode of %s", path);
	finding_fault(n, where, "may be read or changed by others",
	    "mode set to 0600");
	return NULL;
}

const struct fail *
store_check_state(const struct store *s, struct findings *n)
{
	const struct fail *f = check_directory(s, n, "tmp", check_temporary);

	if (f == NULL)
		f = check_directory(s, n, "aside", check_aside);
	if (f == NULL)
		f = check_directory(s, n, "sessions", check_session);
	return f;
}
