#include "file.h"
#include "fail.h"
#include "hash.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DEPTH = 16 }; /* descriptors for directories inside one another */

const struct fail *
file_read(char **text, size_t *len, const char *path)
{
	const struct fail *f = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	*text = NULL;
	*len = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (fd < 0)
		return fail_errno("cannot open %s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		f = fail(FAIL_SYSTEM, "%s is no regular file", path);
		goto out;
	}
	*text = mem_alloc((size_t)st.st_size + 1);
	while (*len < (size_t)st.st_size) {
		n = read(fd, *text + *len, (size_t)st.st_size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			f = fail_errno("cannot read %s", path);
			goto out;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
out:
	close(fd);
	return f;
}

const struct fail *
file_directory(const char *path)
{
	char *copy, *slash;

	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return NULL;
	if (errno != ENOENT)
		return fail_errno("cannot make %s", path);
	copy = mem_copy(path);
	for (slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0777) != 0 && errno != EEXIST)
			return fail_errno("cannot make %s", copy);
		*slash = '/';
	}
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return fail_errno("cannot make %s", path);
	return NULL;
}

static const struct fail *
move(const char *from, const char *to)
{
	const struct fail *f;

	if (rename(from, to) == 0)
		return NULL;
	if (errno != ENOENT)
		return fail_errno("cannot rename to %s", to);
	f = file_directory(mem_dup(to, (size_t)(strrchr(to, '/') - to)));
	if (f == NULL && rename(from, to) != 0)
		f = fail_errno("cannot rename to %s", to);
	return f;
}

static const struct fail *
replace(const char *path, const char *tmp, const char *text, size_t len,
    mode_t mode)
{
	const char *name = mem_printf("%s/%s", tmp, hash_random_hex(8));
	const struct fail *f = NULL;
	ssize_t n;
	int fd;

	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail_errno("cannot make %s", name);
	while (f == NULL && len > 0) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			f = fail_errno("cannot write %s", name);
			break;
		}
		text += n;
		len -= (size_t)n;
	}
	if (close(fd) != 0 && f == NULL)
		f = fail_errno("cannot write %s", name);
	if (f == NULL)
		f = move(name, path);
	if (f != NULL)
		unlink(name);
	return f;
}

const struct fail *
file_replace(const char *path, const char *tmp, const char *text, size_t len)
{
	return replace(path, tmp, text, len, 0666);
}

const struct fail *
file_replace_private(const char *path, const char *tmp, const char *text,
    size_t len)
{
	return replace(path, tmp, text, len, 0600);
}

const struct fail *
file_overwrite(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	const struct fail *f = NULL;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return fail_errno("cannot open %s", path);
	if (pwrite(fd, text, len, 0) != (ssize_t)len)
		f = fail_errno("cannot write %s", path);
	close(fd);
	return f;
}

const struct fail *
file_remove(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return NULL;
	return fail_errno("cannot remove %s", path);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

const struct fail *
file_remove_all(const char *path)
{
	if (nftw(path, remove_one, TREE_DEPTH, FTW_DEPTH | FTW_PHYS) == 0 ||
	    errno == ENOENT)
		return NULL;
	return fail_errno("cannot remove %s", path);
}
