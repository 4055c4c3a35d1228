#ifndef SUTLER_FENCE_H
#define SUTLER_FENCE_H

#include <stddef.h>

/*
 * What a program gives up once it knows what it has to do, so that whoever
 * takes it over by hostile input cannot do much else:
 *
 *	files		what no path of the fence is above cannot be opened,
 *			made, renamed or run (Landlock, ABI 2 and later)
 *	network		TCP ports: none is listened at, and none connected to
 *			but where connect says so (ABI 4)
 *	neighbours	no signal to a process outside, no abstract socket of
 *			one (ABI 6)
 *	privileges	none is gained by running a program (no_new_privs)
 *	memory		FENCE_MEMORY bytes of data; no core file, and nobody
 *			of the same user may look into the process
 *	time		SIGALRM after so many seconds; its message goes to
 *			stderr
 *
 * All of it is inherited by the programs that this one starts, but for the
 * time; none can be taken back.  Files that are open stay open.  A filter of
 * system calls (seccomp) is left out: it would cost every request 40 us.
 *
 * A program built with the address sanitizer has no fence: it needs more
 * memory, and looks into itself.
 */
enum {
	FENCE_MEMORY = 512 << 20,
	FENCE_VERSION = 2 /* of Landlock, the least of use */
};

#ifdef __SANITIZE_ADDRESS__
#define FENCE_NONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FENCE_NONE 1
#endif
#endif
#ifndef FENCE_NONE
#define FENCE_NONE 0
#endif

enum fence_right {
	FENCE_READ,  /* files are read, directories listed */
	FENCE_RUN,   /* … and programs run */
	FENCE_CHANGE /* … and everything else but running */
};

/* One that does not exist is passed over.  Links are followed. */
struct fence_path {
	const char *path;
	enum fence_right right;
};

struct fence {
	const struct fence_path *paths;
	size_t count;
	int connect;          /* TCP ports may be connected to */
	unsigned int seconds; /* 0: no limit */
	const char *late;     /* the message, a whole line */
};

/*
 * What a program needs besides that runs `send` or becomes `sutler tick`:
 * libraries, names of hosts, certificates, /dev/null.
 */
enum { FENCE_SYSTEM = 10 };
extern const struct fence_path fence_system[FENCE_SYSTEM];

/* Nothing but the core file and the looks into the process. */
void fence_memory(void);

/* The version of Landlock that the kernel has; 0: none. */
int fence_version(void);

/* Raise f.  NULL, or what the kernel cannot do of it (the rest is done), a
 * sentence for the log.  Source: Linux, Documentation/userspace-api/
 * landlock.rst and no_new_privs.rst. */
const char *fence_up(const struct fence *f);

#endif
