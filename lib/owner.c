#include "owner.h"
#include "fail.h"
#include "finding.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct owner {
	uid_t uid;
	gid_t gid;
	const char *name; /* NULL: the system does not know this user */
};

static struct owner
owner_of(const struct stat *data)
{
	struct owner o = {data->st_uid, data->st_gid, NULL};
	const struct passwd *user = getpwuid(data->st_uid);

	if (user != NULL) {
		o.gid = user->pw_gid;
		o.name = mem_copy(user->pw_name);
	}
	return o;
}

const struct fail *
owner_become(const char *data)
{
	struct owner o;
	struct stat st;

	if (geteuid() != 0 || stat(data, &st) != 0 || st.st_uid == 0)
		return NULL;
	o = owner_of(&st);
	if ((o.name != NULL ? initgroups(o.name, o.gid)
	                    : setgroups(1, &o.gid)) != 0 ||
	    setresgid(o.gid, o.gid, o.gid) != 0 ||
	    setresuid(o.uid, o.uid, o.uid) != 0)
		return fail_errno("cannot act as the owner of %s", data);
	return NULL;
}

struct walk {
	struct owner owner;
	struct findings *found;
};

static bool
is_foreign(const struct walk *w, const struct stat *st)
{
	if (st->st_uid == w->owner.uid)
		return false;
	return !S_ISREG(st->st_mode) || st->st_nlink == 1 ||
	       (st->st_mode & S_IROTH) == 0;
}

static bool
is_our_group(gid_t gid)
{
	int i, n = getgroups(0, NULL);
	gid_t *groups = mem_alloc((size_t)(n + 1) * sizeof(*groups));

	n = getgroups(n, groups);
	for (i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return gid == getegid();
}

/* The bits that a file or directory has to have. */
static mode_t
mode_needed(const struct stat *st, bool git)
{
	if (!S_ISDIR(st->st_mode)) /* git replaces its files, we ours */
		return git ? S_IRUSR : S_IRUSR | S_IWUSR;
	/* a group that is not ours could not be handed on */
	if (git && (geteuid() == 0 || is_our_group(st->st_gid)))
		return S_IRWXU | S_ISGID;
	return S_IRWXU;
}

/* The one that fd (opened with O_PATH) stands for. */
static const struct fail *
check_one(const struct walk *w, int fd, struct stat *st, const char *path,
    bool git)
{
	bool root = geteuid() == 0;
	mode_t needed;

	if (is_foreign(w, st)) {
		finding_fault(w->found, path, "belongs to another user",
		    root ? "given to the owner of the data" : NULL);
		if (!w->found->repair || !root)
			return NULL;
		if (fchownat(fd, "", w->owner.uid, w->owner.gid,
		        AT_EMPTY_PATH) != 0 ||
		    fstat(fd, st) != 0)
			return fail_errno("cannot give away %s", path);
	}
	needed = mode_needed(st, git);
	if (st->st_uid != w->owner.uid || (st->st_mode & needed) == needed)
		return NULL;
	finding_fault(w->found, path,
	    (~st->st_mode & needed & S_IRWXU) != 0
	        ? "has a mode that shuts its owner out"
	        : "does not hand on its group",
	    "mode set");
	/* by its descriptor: a name could have become a symbolic link */
	if (w->found->repair && chmod(mem_printf("/proc/self/fd/%d", fd),
	                            (st->st_mode | needed) & 07777) != 0)
		return fail_errno("cannot set the mode of %s", path);
	return NULL;
}

static const struct fail *walk(const struct walk *w, int dir, const char *path,
    bool git);

/* name in directory dir, which is called path. */
static const struct fail *
visit(const struct walk *w, int dir, const char *name, const char *path,
    bool git)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const struct fail *f = NULL;
	struct stat st;

	if (fd < 0) /* gone since, or in what we may not enter */
		return NULL;
	if (fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode)) {
		f = check_one(w, fd, &st, path, git);
		if (f == NULL && S_ISDIR(st.st_mode))
			f = walk(w, fd, path, git);
	}
	close(fd);
	return f;
}

/* All that is in directory dir; one that we may not read has been found. */
static const struct fail *
walk(const struct walk *w, int dir, const char *path, bool git)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct fail *f = NULL;
	struct dirent *entry;
	struct mem_mark mark;
	const char *below;
	size_t before;
	DIR *d;

	if (fd < 0)
		return NULL;
	d = fdopendir(fd);
	if (d == NULL) {
		f = fail_errno("cannot list %s", path);
		close(fd);
		return f;
	}
	while (f == NULL && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		mark = mem_mark();
		before = w->found->count;
		below = mem_printf("%s%s%s", path, path[0] == '\0' ? "" : "/",
		    entry->d_name);
		f = visit(w, fd, entry->d_name, below,
		    git || strcmp(entry->d_name, ".git") == 0);
		if (f == NULL && w->found->count == before)
			mem_release(mark);
	}
	closedir(d);
	return f;
}

const struct fail *
owner_check(const char *data, struct findings *n)
{
	struct walk w = {.found = n};
	const struct fail *f;
	struct stat st;
	int fd;

	fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return fail_errno("cannot open %s", data);
	if (fstat(fd, &st) != 0) {
		f = fail_errno("cannot look at %s", data);
	} else {
		w.owner = owner_of(&st);
		f = walk(&w, fd, "", false);
	}
	close(fd);
	return f;
}
