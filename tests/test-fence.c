#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fence.h"
#include "file.h"
#include "mem.h"
#include "tap.h"

static char dir[] = "/tmp/sutler-fence-XXXXXX";
static int port; /* where somebody listens */

static const char *
at(const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

/*
 * What a process inside may try: 0, or errno.
 */
typedef int attempt(void);

static int
result(int rc)
{
	return rc == -1 ? errno : 0;
}

static int
read_inside(void)
{
	return result(open(at("in/file"), O_RDONLY));
}

static int
read_outside(void)
{
	return result(open(at("out/file"), O_RDONLY));
}

static int
read_by_dots(void)
{
	return result(open(at("in/../out/file"), O_RDONLY));
}

static int
read_by_link(void)
{
	return result(open(at("in/link"), O_RDONLY));
}

static int
list_outside(void)
{
	return result(open(at("out"), O_RDONLY | O_DIRECTORY));
}

static int
write_inside(void)
{
	return result(open(at("in/file"), O_WRONLY));
}

static int
truncate_inside(void)
{
	return result(truncate(at("in/file"), 0));
}

static int
make_inside(void)
{
	return result(open(at("in/new"), O_WRONLY | O_CREAT, 0600));
}

static int
make_directory(void)
{
	return result(mkdir(at("in/newer"), 0700));
}

static int
rename_inside(void)
{
	return result(rename(at("in/file"), at("in/deep/file")));
}

static int
remove_inside(void)
{
	return result(unlink(at("in/gone")));
}

static int
write_outside(void)
{
	return result(open(at("out/file"), O_WRONLY));
}

static int
move_outside(void)
{
	return result(rename(at("in/deep"), at("out/deep")));
}

static int
run(const char *program)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int
run_program(void)
{
	return run("/bin/true");
}

static int
run_inside(void)
{
	return run(at("in/program"));
}

static int
link_to(int (*call)(int, const struct sockaddr *, socklen_t), int where)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)where),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return result(call(socket(AF_INET, SOCK_STREAM, 0),
	    (const struct sockaddr *)&a, sizeof(a)));
}

static int
connect_to(void)
{
	return link_to(connect, port);
}

static int
listen_at(void)
{
	return link_to(bind, 0);
}

static int
signal_parent(void)
{
	return result(kill(getppid(), 0));
}

static int
much_memory(void)
{
	void *p = mmap(NULL, FENCE_MEMORY, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
core_file(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	return limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
	           ? EPERM
	           : 0;
}

static int
new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0;
}

/* The fences of a GET, of what changes something, and of send. */
enum { GET, CHANGE, SEND, FENCES };

static const struct {
	const char *name;
	attempt *attempt;
	int want[FENCES]; /* errno; 0: it succeeds */
	int version; /* of Landlock that denies it; 0: something else does */
} rows[] = {
    {"read what is inside",          read_inside,     {0, 0, EACCES},           2},
    {"read what is outside",         read_outside,    {EACCES, EACCES, EACCES}, 2},
    {"read by ..",                   read_by_dots,    {EACCES, EACCES, EACCES}, 2},
    {"read by a link",               read_by_link,    {EACCES, EACCES, EACCES}, 2},
    {"list a directory outside",     list_outside,    {EACCES, EACCES, EACCES}, 2},
    {"write a file",                 write_inside,    {EACCES, 0, EACCES},      2},
    {"truncate a file",              truncate_inside, {EACCES, 0, EACCES},      3},
    {"make a file",                  make_inside,     {EACCES, 0, EACCES},      2},
    {"make a directory",             make_directory,  {EACCES, 0, EACCES},      2},
    {"rename across directories",    rename_inside,   {EACCES, 0, EACCES},      2},
    {"remove a file",                remove_inside,   {EACCES, 0, EACCES},      2},
    {"write outside",                write_outside,   {EACCES, EACCES, EACCES}, 2},
    {"move something out",           move_outside,    {EACCES, EACCES, EACCES}, 2},
    {"run a program of the system",  run_program,     {EACCES, EACCES, EACCES}, 2},
    {"run a program made inside",    run_inside,      {EACCES, EACCES, EACCES}, 2},
    {"connect",                      connect_to,      {EACCES, 0, 0},           4},
    {"listen",                       listen_at,       {EACCES, EACCES, EACCES}, 4},
    {"signal who is outside",        signal_parent,   {EPERM, EPERM, EPERM},    6},
    {"take much memory",             much_memory,     {ENOMEM, ENOMEM, ENOMEM}, 0},
    {"leave a core file",            core_file,       {EPERM, EPERM, EPERM},    0},
    {"gain privileges by a program", new_privileges,  {EPERM, EPERM, EPERM},    0},
};

static void
put(const char *name, mode_t mode)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, "#!/bin/sh\n", 10) != 10)
		abort();
	close(fd);
}

static void
lay_out(void)
{
	static const char *const directories[] = {"in", "out", "in/deep"};
	size_t i;

	for (i = 0; i < 3; i++)
		if (mkdir(at(directories[i]), 0700) != 0 && errno != EEXIST)
			abort();
	put("in/file", 0600);
	put("in/gone", 0600);
	put("in/program", 0700);
	put("out/file", 0600);
	unlink(at("in/new"));
	unlink(at("in/deep/file"));
	rmdir(at("in/newer"));
	if (symlink("../out/file", at("in/link")) != 0 && errno != EEXIST)
		abort();
}

/* errno of an attempt behind a fence, or in the open. */
static int
tried(attempt *what, int fence)
{
	const struct fence_path paths[FENCES] = {
	    {at("in"), FENCE_READ  },
            {at("in"), FENCE_CHANGE},
	    {"/etc",   FENCE_READ  }
        };
	struct fence f = {paths, 1, fence != GET, 0, NULL};
	int status;
	pid_t pid;

	lay_out();
	pid = fork();
	if (pid == 0) {
		if (fence < FENCES) {
			f.paths = &paths[fence];
			(void)fence_up(&f);
		}
		_exit(what());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void
test_denials(void)
{
	static const char *const names[] = {"a GET", "a change", "send"};
	const int version = fence_version();
	size_t i;
	int fence, got;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (fence = 0; fence < FENCES; fence++) {
			if (version < rows[i].version || FENCE_NONE) {
				ok(true, "%s: %s # SKIP %s", names[fence],
				    rows[i].name,
				    FENCE_NONE ? "the sanitizer has no fence"
				               : "the kernel cannot");
				continue;
			}
			got = tried(rows[i].attempt, fence);
			ok(got == rows[i].want[fence], "%s: %s: %s",
			    names[fence], rows[i].name, strerror(got));
		}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(tried(rows[i].attempt, FENCES) == 0, "in the open: %s",
		    rows[i].name);
}

/* What a process says whose time is up, and how it ends. */
static void
test_time(void)
{
	struct fence f = {NULL, 0, 0, 1, "it is late\n"};
	char said[32] = "";
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(pipes) != 0)
		abort();
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDERR_FILENO);
		(void)fence_up(&f);
		for (;;)
			pause();
	}
	close(pipes[1]);
	n = read(pipes[0], said, sizeof(said) - 1);
	waitpid(pid, &status, 0);
	ok(n > 0 && strcmp(said, "it is late\n") == 0, "said when time is up");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 1, "and it ends");
	close(pipes[0]);
}

/* Where there is no Landlock, the rest is done, and the reason is told. */
static void
test_missing(void)
{
	const struct fence_path none = {"/nonexistent/x", FENCE_READ};
	const struct fence f = {&none, 1, 0, 0, NULL};
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fence_up(&f) == NULL || fence_version() < 2 ? 0 : 1);
	waitpid(pid, &status, 0);
	ok(status == 0, "a path that is not there is passed over");
}

int
main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (mkdtemp(dir) == NULL ||
	    bind(fd, (const struct sockaddr *)&a, len) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		abort();
	port = ntohs(a.sin_port);
	test_denials();
	if (!FENCE_NONE) {
		test_time();
		test_missing();
	}
	(void)file_remove_all(dir);
	return done();
}
