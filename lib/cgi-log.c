/*
 * Where the program's messages go.
 */
#include "cgi.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_MODE = 0640 };

static void
replace(const char *file, int flags)
{
	int fd = open(file, flags, LOG_MODE);

	if (fd == -1)
		return;
	dup2(fd, STDERR_FILENO);
	if (fd != STDERR_FILENO)
		close(fd);
}

void
cgi_log_guard(void)
{
	struct stat out, err;

	if (fstat(STDERR_FILENO, &err) == -1 ||
	    (fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == err.st_dev &&
	        out.st_ino == err.st_ino))
		replace("/dev/null", O_WRONLY);
}

void
cgi_log_open(const struct conf *conf)
{
	if (conf->error_log != NULL)
		replace(conf->error_log, O_WRONLY | O_APPEND | O_CREAT);
}
