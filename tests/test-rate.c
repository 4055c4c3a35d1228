#include "fail.h"
#include "mem.h"
#include "rate.h"
#include "tap.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/sutler-rate-XXXXXX";
static struct conf conf;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* A minute's first millisecond. */
static const int64_t noon = 29000000LL * 60000;

static bool
passes(const char *who, int64_t now)
{
	const struct fail *f = rate_count(&conf, who, now);

	return f == NULL || f->code != FAIL_RATE;
}

static void
test_limit(void)
{
	const struct fail *f;
	int i, passed = 0;

	conf.rate_limit = 3;
	for (i = 0; i < 5; i++)
		passed += passes("one", noon + i);
	ok(passed == 3, "three of five pass");
	ok(passes("two", noon), "another has a count of its own");
	f = rate_count(&conf, "one", noon + 59001);
	ok(f != NULL && f->code == FAIL_RATE && strcmp(f->what, "1") == 0,
	    "seconds to the next minute are rounded up");
	f = rate_count(&conf, "one", noon);
	ok(f != NULL && strcmp(f->what, "60") == 0, "a whole minute at most");
	ok(passes("one", noon + 60000), "the next minute is a new one");
	conf.rate_limit = 0;
	ok(passes("one", noon), "0 is no limit");
}

/* Processes that count the same at once, each a hundred times. */
static void
test_race(void)
{
	enum { PROCESSES = 8, TIMES = 100, LIMIT = 500 };
	int64_t now = noon + 5 * 60000;
	int i, j, status, passed = 0, pipe_ends[2];
	unsigned char mine;

	conf.rate_limit = LIMIT;
	if (pipe(pipe_ends) != 0)
		return;
	for (i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		mine = 0;
		for (j = 0; j < TIMES; j++)
			mine += passes("crowd", now);
		_exit(write(pipe_ends[1], &mine, 1) == 1 ? 0 : 1);
	}
	for (i = 0; i < PROCESSES; i++) {
		wait(&status);
		if (read(pipe_ends[0], &mine, 1) == 1)
			passed += mine;
	}
	ok(passed == LIMIT, "exactly %d of %d pass, not %d", LIMIT,
	    PROCESSES * TIMES, passed);
}

/* Thousands at once: whoever finds no place is let through, never refused for
 * another's sake. */
static void
test_many(void)
{
	int64_t now = noon + 9 * 60000;
	int i, refused = 0;

	conf.rate_limit = 1;
	for (i = 0; i < 5000; i++)
		refused += !passes(mem_printf("token-%d", i), now);
	ok(refused == 0, "first requests of 5000 pass");
	refused = 0;
	for (i = 0; i < 5000; i++)
		refused += !passes(mem_printf("token-%d", i), now);
	ok(refused > 4900, "second ones do not: %d", refused);
}

static void
test_trouble(void)
{
	struct conf other = {.data = mem_printf("%s/none", dir),
	    .rate_limit = 1};
	bool passed;

	rate_count(&other, "x", noon);
	ok(rate_count(&other, "x", noon) == NULL,
	    "without a table nobody is refused");
	/* a file that may not grow, as on a full disk */
	conf.rate_limit = 1;
	signal(SIGXFSZ, SIG_IGN);
	unlink(mem_printf("%s/state/rate", dir));
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
	passed = passes("full", noon) && passes("full", noon);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	ok(passed, "nor where it cannot be written");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	conf.data = dir;
	if (mkdir(mem_printf("%s/state", dir), 0700) != 0)
		return 1;
	test_limit();
	test_race();
	test_many();
	test_trouble();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return done();
}
