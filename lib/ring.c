#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"

enum { NAME = 64 };

/* How often it was turned, and the names. */
struct ring {
	uint64_t turns;
	char names[RING_SIZE][NAME];
};

static const struct fail *
turn(char old[NAME], int fd, const char *name)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct ring ring;
	char *place;
	int rc;

	do
		rc = fcntl(fd, F_OFD_SETLKW, &lock);
	while (rc == -1 && errno == EINTR);
	memset(&ring, 0, sizeof(ring));
	if (rc == -1 || pread(fd, &ring, sizeof(ring), 0) == -1)
		return fail_errno("a ring cannot be read");
	place = ring.names[ring.turns++ % RING_SIZE];
	memcpy(old, place, NAME);
	memcpy(place, name, NAME);
	if (pwrite(fd, &ring, sizeof(ring), 0) != sizeof(ring))
		return fail_errno("a ring cannot be written");
	return NULL;
}

const struct fail *
ring_turn(const char *data, const char *kind, const char *who, const char *name)
{
	const char *dir = mem_printf("%s/state/rings", data);
	const struct fail *f = file_directory(dir);
	char old[NAME + 1] = "";
	int fd;

	if (f != NULL)
		return f;
	fd = open(mem_printf("%s/%s-%s", dir, kind,
	              hash_sha256(who, strlen(who))),
	    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return fail_errno("a ring of %s cannot be opened", kind);
	f = turn(old, fd, name);
	close(fd);
	if (f != NULL || strspn(old, "0123456789abcdef") < NAME)
		return f;
	return file_remove(mem_printf("%s/state/%s/%s", data, kind, old));
}
