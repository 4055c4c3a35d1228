#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

void
table_ready(struct table *t, const char *data)
{
	if (t->of != NULL && strcmp(t->of, data) == 0)
		return;
	if (t->fd != -1)
		close(t->fd);
	free(t->of);
	t->of = strdup(data); /* it outlives what the pool forgets */
	t->fd = open(mem_printf("%s/state/%s", data, t->name),
	    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

bool
table_is_empty(const struct table *t)
{
	return lseek(t->fd, 0, SEEK_END) <= 0;
}

static off_t
part_of(const struct table *t, uint64_t who)
{
	return (off_t)(who % (TABLE_PLACES - TABLE_NEIGHBOURS)) *
	       (off_t)t->size;
}

/* The lock dies with us, at the latest. */
static bool
lock(const struct table *t, uint64_t who, short type)
{
	struct flock l = {.l_type = type,
	    .l_whence = SEEK_SET,
	    .l_start = part_of(t, who),
	    .l_len = (off_t)(TABLE_NEIGHBOURS * t->size)};
	int rc;

	do
		rc = fcntl(t->fd, F_SETLKW, &l);
	while (rc == -1 && errno == EINTR);
	return rc == 0;
}

bool
table_read(void *places, const struct table *t, uint64_t who, bool hold)
{
	const size_t size = TABLE_NEIGHBOURS * t->size;

	if (t->fd == -1 || (hold && !lock(t, who, F_WRLCK)))
		return false;
	memset(places, 0, size);
	if (pread(t->fd, places, size, part_of(t, who)) != -1)
		return true;
	table_give(t, who);
	return false;
}

bool
table_write(const struct table *t, uint64_t who, const void *places,
    const void *one)
{
	const off_t at = (const char *)one - (const char *)places;

	return pwrite(t->fd, one, t->size, part_of(t, who) + at) ==
	       (ssize_t)t->size;
}

void
table_give(const struct table *t, uint64_t who)
{
	if (t->fd != -1)
		(void)lock(t, who, F_UNLCK);
}
