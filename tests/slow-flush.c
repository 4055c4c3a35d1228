/*
 * slow-flush.so: preloaded (LD_PRELOAD), it makes every flush of a disk take
 * SLOW_FLUSH_MS milliseconds (10) more, as a disk does that has to move
 * something.  It waits before it flushes: nothing is safe meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { USUAL_MS = 10 };

static int
flush(long call, int fd)
{
	const char *text = getenv("SLOW_FLUSH_MS");
	long ms = text == NULL ? USUAL_MS : strtol(text, NULL, 10);
	struct timespec left = {ms / 1000, ms % 1000 * 1000 * 1000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
	return (int)syscall(call, fd);
}

int
fdatasync(int fd)
{
	return flush(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return flush(SYS_fsync, fd);
}

int
syncfs(int fd)
{
	return flush(SYS_syncfs, fd);
}
