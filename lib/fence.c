#include "fence.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Landlock as the kernel has it; the headers of older ones lack the newer
 * half.  The numbers of the calls are the same on every machine.
 */
enum {
	CREATE_RULESET = 444,
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	WHICH_VERSION = 1,
	PATH_BENEATH = 1
};

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	MAKE_CHAR = 1 << 6,
	MAKE_BLOCK = 1 << 11,
	TRUNCATE = 1 << 14,
	LOOK = READ_FILE | READ_DIR,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
};

enum { BIND_TCP = 1, CONNECT_TCP = 2 };

struct ruleset {
	uint64_t files, network, scoped;
};

struct rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What each version can deny, newest first: of files (its lowest bits), of the
 * network, and of what lies outside.  The oldest of use is 2, the first that
 * allows renames across directories. */
static const struct {
	int file_bits;
	uint64_t network, scoped;
} versions[] = {
    {16, BIND_TCP | CONNECT_TCP, 3}, /* 6 */
    {16, BIND_TCP | CONNECT_TCP, 0}, /* 5 */
    {15, BIND_TCP | CONNECT_TCP, 0}, /* 4 */
    {15, 0,                      0}, /* 3 */
    {14, 0,                      0}, /* 2 */
};

enum { VERSIONS = sizeof(versions) / sizeof(versions[0]) };

const struct fence_path fence_system[FENCE_SYSTEM] = {
    {"/dev/null",               FENCE_CHANGE},
    {"/etc",                    FENCE_READ  },
    {"/lib",                    FENCE_RUN   },
    {"/lib64",                  FENCE_RUN   },
    {"/usr/lib",                FENCE_RUN   },
    {"/usr/local/lib",          FENCE_RUN   },
    {"/usr/share",              FENCE_READ  },
    {"/usr/local/share",        FENCE_READ  },
    {"/run",                    FENCE_READ  },
    {"/proc/sys/kernel/random", FENCE_READ  },
};

static const char *late = "";

static void
end_late(int number)
{
	(void)number;
	if (write(STDERR_FILENO, late, strlen(late)) < 0)
		_exit(1);
	_exit(1);
}

static uint64_t
rights(enum fence_right right, uint64_t all)
{
	switch (right) {
	case FENCE_READ:
		return LOOK;
	case FENCE_RUN:
		return LOOK | EXECUTE;
	case FENCE_CHANGE:
		break;
	}
	return all & ~(uint64_t)(EXECUTE | MAKE_CHAR | MAKE_BLOCK);
}

static long
add_rule(int set, const struct rule *rule)
{
	return syscall(ADD_RULE, set, PATH_BENEATH, rule, 0);
}

static const char *
allow(int set, const struct fence_path *p, uint64_t all)
{
	struct rule rule = {rights(p->right, all), -1};
	long rc;

	rule.parent = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent == -1)
		return NULL;
	rc = add_rule(set, &rule);
	if (rc != 0 && errno == EINVAL) {
		/* a file has no right of a directory's */
		rule.allowed &= OF_FILES;
		rc = add_rule(set, &rule);
	}
	close(rule.parent);
	return rc == 0 ? NULL : "the kernel refuses a rule of Landlock's";
}

/* A ruleset of all that this kernel can deny; -1: it has no Landlock, or none
 * that is of use. */
static int
new_set(struct ruleset *r, const struct fence *f)
{
	int set = -1;
	size_t i;

	/* a version that the kernel does not know is refused */
	for (i = 0; set == -1 && i < VERSIONS; i++) {
		r->files = (UINT64_C(1) << versions[i].file_bits) - 1;
		r->network = versions[i].network;
		if (f->connect)
			r->network &= ~(uint64_t)CONNECT_TCP;
		r->scoped = versions[i].scoped;
		set = (int)syscall(CREATE_RULESET, r, sizeof(*r), 0);
	}
	return set;
}

static const char *
restrict_files(const struct fence *f)
{
	struct ruleset r;
	const char *why = NULL;
	int set = new_set(&r, f);
	size_t i;

	if (set == -1)
		return "the kernel has no Landlock of version 2 or later:"
		       " programs may open every file that their user may";
	for (i = 0; why == NULL && i < f->count; i++)
		why = allow(set, &f->paths[i], r.files);
	if (why == NULL && syscall(RESTRICT_SELF, set, 0) != 0)
		why = "the kernel refuses Landlock";
	close(set);
	return why;
}

int
fence_version(void)
{
	const long version = syscall(CREATE_RULESET, NULL, 0, WHICH_VERSION);

	return version < 0 ? 0 : (int)version;
}

void
fence_memory(void)
{
	const struct rlimit none = {0, 0};

	if (FENCE_NONE)
		return;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const char *
fence_up(const struct fence *f)
{
	const struct rlimit data = {FENCE_MEMORY, FENCE_MEMORY};
	struct rlimit old;

	if (FENCE_NONE)
		return NULL;
	fence_memory();
	/* who had less keeps less */
	if (prlimit(0, RLIMIT_DATA, &data, &old) == 0 &&
	    old.rlim_max < FENCE_MEMORY)
		(void)setrlimit(RLIMIT_DATA, &old);
	if (f->seconds != 0) {
		late = f->late;
		signal(SIGALRM, end_late);
		alarm(f->seconds);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "the kernel has no no_new_privs";
	return restrict_files(f);
}
