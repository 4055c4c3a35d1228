/*
 * Runs a CGI program once for each line of standard input and says what each
 * run took: bench-run [--cold] PROGRAM [ARGUMENT...]
 *
 * A line is PATH_INFO, QUERY_STRING and body, cut by tabs; the rest of the
 * environment is given on.  --cold: before each run the kernel's caches are
 * dropped (as root).  Prints for each run the microseconds until it had ended
 * and those of processor time, and its largest resident set in KiB.  An answer
 * that is no 2xx ends it, and so does the exit status of a program with
 * arguments, which is no CGI program.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
quit(const char *what)
{
	perror(what);
	exit(1);
}

static double
microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
spent(const struct timeval *t)
{
	return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}

static void
drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		quit("drop_caches");
	close(fd);
}

/* Read all of fd; true where it begins with a 2xx. */
static bool
read_answer(char *head, size_t room, int fd)
{
	char rest[65536];
	size_t len = 0;
	ssize_t n;

	while (len < room - 1 && (n = read(fd, head + len, room - 1 - len)) > 0)
		len += (size_t)n;
	head[len] = '\0';
	while (read(fd, rest, sizeof(rest)) > 0)
		;
	return strncmp(head, "Status: 2", 9) == 0;
}

static void
child(char **program, int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execv(program[0], program);
	_exit(127);
}

/* One request. */
static void
run(char **program, const char *body)
{
	int in[2], out[2], status;
	struct rusage usage;
	char head[256];
	double begun;
	bool good;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		quit("pipe");
	if (write(in[1], body, strlen(body)) != (ssize_t)strlen(body))
		quit("write");
	close(in[1]);
	begun = microseconds();
	pid = vfork();
	if (pid == 0)
		child(program, in[0], out[1]);
	if (pid < 0)
		quit("vfork");
	close(out[1]);
	good = read_answer(head, sizeof(head), out[0]);
	if (wait4(pid, &status, 0, &usage) != pid)
		quit("wait4");
	printf("%.0f %.0f %ld\n", microseconds() - begun,
	    spent(&usage.ru_utime) + spent(&usage.ru_stime), usage.ru_maxrss);
	close(in[0]);
	close(out[0]);
	if (program[1] == NULL ? good : status == 0)
		return;
	fprintf(stderr, "bench-run: %s\n", head);
	exit(1);
}

int
main(int argc, char **argv)
{
	bool cold = argc > 2 && strcmp(argv[1], "--cold") == 0;
	char line[4096], length[32], *rest, *info, *query;
	char **program = argv + (cold ? 2 : 1);

	while (fgets(line, sizeof(line), stdin) != NULL) {
		rest = line;
		line[strcspn(line, "\n")] = '\0';
		info = strsep(&rest, "\t");
		query = strsep(&rest, "\t");
		if (query == NULL || rest == NULL)
			return 2;
		snprintf(length, sizeof(length), "%zu", strlen(rest));
		setenv("PATH_INFO", info, 1);
		setenv("QUERY_STRING", query, 1);
		setenv("CONTENT_LENGTH", length, 1);
		if (cold)
			drop_caches();
		run(program, rest);
	}
	return 0;
}
