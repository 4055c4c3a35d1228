/*
 * bench-peak PROGRAM: run it, and write its largest resident set, in KiB, to
 * descriptor 3.  A process inherits the peak of whoever started it, so that
 * must be smaller than anything to be measured: link this statically.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc != 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	dprintf(3, "%ld\n", usage.ru_maxrss);
	return status == 0 ? 0 : 1;
}
