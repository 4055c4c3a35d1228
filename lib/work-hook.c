/*
 * Programs that work starts: the operator's hook, and tick.
 */
#include "clock.h"
#include "complain.h"
#include "mem.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a program of ours is told: nothing of the request. */
static char **
environment(void)
{
	static const char *const names[] = {"PATH", "SUTLER_CONF"};
	char **out = mem_alloc(3 * sizeof(*out));
	size_t i, n = 0;

	for (i = 0; i < 2; i++)
		if (getenv(names[i]) != NULL)
			out[n++] =
			    mem_printf("%s=%s", names[i], getenv(names[i]));
	return out;
}

/* Wait for child, at most timeout seconds, then end it. */
static const char *
wait_for(pid_t child, long timeout)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	int64_t until = clock_now() + timeout * 1000;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (clock_now() > until) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return "the restart hook took too long";
		}
		nanosleep(&pause, NULL);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	return mem_printf("the restart hook ended with status %d",
	    WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

const char *
work_run_hook(const struct conf *conf, const struct work *o, long timeout)
{
	const char *hook = conf->restart_hook;
	pid_t child;

	if (hook == NULL)
		return NULL;
	child = fork();
	if (child < 0)
		return mem_printf("fork: %s", strerror(errno));
	if (child == 0) {
		execle(hook, hook, o->app_name, o->app_id, o->id, (char *)NULL,
		    environment());
		complain("cannot run %s: %s", hook, strerror(errno));
		_exit(127);
	}
	return wait_for(child, timeout);
}

static void __attribute__((noreturn)) become_tick(const struct conf *conf)
{
	const char *program = mem_printf("%s/sutler", conf->libexec);
	int null = open("/dev/null", O_RDWR);

	signal(SIGTERM, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	execle(program, program, "tick", (char *)NULL, environment());
	_exit(127);
}

/* Where the process that stands by listens; -1: there is none. */
static int stand_by = -1;

void
work_tick_stand_by(const struct conf *conf)
{
	int ends[2];
	char word;
	pid_t child;

	if (conf->restart_hook == NULL || pipe2(ends, O_CLOEXEC) != 0)
		return;
	child = fork();
	if (child > 0)
		stand_by = ends[1];
	else
		close(ends[1]);
	if (child == 0) {
		/* a server reads them until nobody can write any more */
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		setsid();
		if (read(ends[0], &word, 1) != 1)
			_exit(0);
		become_tick(conf);
	}
	close(ends[0]);
}

void
work_start_tick(const struct conf *conf)
{
	pid_t child;

	if (stand_by != -1 && write(stand_by, "", 1) == 1)
		return;
	child = fork();
	if (child > 0)
		waitpid(child, NULL, 0);
	if (child != 0)
		return;
	/* the second fork leaves no child for the web server to wait for */
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	become_tick(conf);
}
