#include "fail.h"
#include "guess.h"
#include "mem.h"
#include "peer.h"
#include "tap.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/sutler-guess-XXXXXX";
static struct conf conf = {.login_failures = 3};

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static const int64_t noon = 1700000000000;

/* How long (s) name has to wait, who asks from address. */
static int
wait_of(const char *address, const char *name, int64_t now)
{
	const struct fail *f;

	setenv("REMOTE_ADDR", address, 1);
	f = guess_check(&conf, name, now);
	return f == NULL ? 0 : atoi(f->what);
}

static void
fail_at(const char *address, const char *name, int64_t now)
{
	setenv("REMOTE_ADDR", address, 1);
	guess_failed(&conf, name, now);
}

static void
anew(void)
{
	unlink(mem_printf("%s/state/failures", dir));
}

static void
test_address(void)
{
	static const int waits[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 32};
	int64_t now = noon;
	size_t i;
	int wait;

	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		fail_at("192.0.2.1", NULL, now);
		wait = wait_of("192.0.2.1", NULL, now);
		ok(wait == waits[i], "failure %zu: %d s, not %d", i + 1,
		    waits[i], wait);
		ok(wait_of("192.0.2.1", "ana", now) == wait,
		    "whoever it says it is");
		ok(wait_of("192.0.2.2", NULL, now) == 0, "another address");
		/* a minute waited pays for one */
		now += wait * 1000;
		ok(wait_of("192.0.2.1", NULL, now) == 0, "then it may");
	}
	ok(wait_of("192.0.2.1", NULL, now - 10) == 1, "seconds are rounded up");
	now += 20 * 60000;
	fail_at("192.0.2.1", NULL, now);
	ok(wait_of("192.0.2.1", NULL, now) == 0, "all is paid in 20 minutes");
	ok(wait_of("192.0.2.1", NULL, noon - 86400000) == 0,
	    "a clock that was set back locks nobody out");
	conf.login_failures = 0;
	for (i = 0; i < 9; i++)
		fail_at("192.0.2.9", NULL, noon);
	conf.login_failures = 3;
	ok(wait_of("192.0.2.9", NULL, noon) == 0, "0 counts nothing");
}

static void
test_blocks(void)
{
	int i;

	for (i = 0; i < 5; i++)
		fail_at(mem_printf("2001:db8:0:1::%d", i), NULL, noon);
	ok(wait_of("2001:db8:0:1:ffff::1", NULL, noon) > 0,
	    "an IPv6 client is its /64");
	ok(wait_of("2001:db8:0:2::1", NULL, noon) == 0, "and no more");
	for (i = 0; i < 5; i++)
		fail_at("::ffff:192.0.2.7", NULL, noon);
	ok(wait_of("192.0.2.7", NULL, noon) > 0, "IPv4 within IPv6");
}

/* Many addresses try one name: they have one guess each, and whoever has not
 * failed is looked at. */
static void
test_name(void)
{
	int i;

	anew();
	for (i = 0; i < 50; i++)
		fail_at(mem_printf("198.51.100.%d", i), "Shop", noon);
	ok(wait_of("198.51.100.49", "shop", noon) == GUESS_WAIT_MAX,
	    "it waits as long as can be");
	ok(wait_of("198.51.100.49", "other", noon) == 0, "for that name");
	ok(wait_of("203.0.113.1", "shop", noon) == 0,
	    "nobody else is locked out");
	fail_at("203.0.113.1", "shop", noon);
	ok(wait_of("203.0.113.1", "shop", noon) > 0, "but from one failure on");
}

static void
test_local(void)
{
	int i;

	anew();
	for (i = 0; i < 5; i++)
		fail_at("127.0.0.1", NULL, noon);
	ok(wait_of("127.0.0.1", NULL, noon) == 0,
	    "this machine has no debt of its own");
	for (i = 0; i < 5; i++)
		fail_at("127.0.0.1", "shop", noon);
	ok(wait_of("::1", "shop", noon) > 0, "only a name's");
	ok(wait_of("127.0.0.1", "other", noon) == 0, "and no other's");
	ok(wait_of("192.0.2.1", "shop", noon) == 0, "not from elsewhere");
}

static void
test_proxy(void)
{
	static const struct {
		const char *remote, *hops, *want;
	} rows[] = {
	    {"10.0.0.1",        "192.0.2.1",            "192.0.2.1"  },
	    {"10.0.0.1",        "6.6.6.6, 192.0.2.1",   "192.0.2.1"  },
	    {"10.0.0.1",        "192.0.2.1, fd00::1 ,", "192.0.2.1"  },
	    {"10.0.0.1",        NULL,                   "10.0.0.1"   },
	    {"10.0.0.1",        "",                     "10.0.0.1"   },
	    {"10.0.0.1",        "192.0.2.1, unknown",   "10.0.0.1"   },
	    {"10.0.0.1",        "\"><script>",          "10.0.0.1"   },
	    {"192.0.2.9",       "192.0.2.1",            "192.0.2.9"  },
	    {"fd00::1",         "2001:DB8:0::1",        "2001:db8::1"},
	    {"::ffff:10.0.0.1", "192.0.2.1",            "192.0.2.1"  },
	    {"",                "192.0.2.1",            NULL         },
	    {"unix:",           "192.0.2.1",            NULL         },
	};
	struct conf behind = {.trusted_proxy = "10.0.0.1, fd00:0::1"};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("REMOTE_ADDR", rows[i].remote, 1);
		unsetenv("HTTP_X_FORWARDED_FOR");
		if (rows[i].hops != NULL)
			setenv("HTTP_X_FORWARDED_FOR", rows[i].hops, 1);
		is(peer_address(&behind), rows[i].want, "%s by %s",
		    rows[i].hops == NULL ? "nobody" : rows[i].hops,
		    rows[i].remote);
		behind.trusted_proxy = NULL;
		ok(peer_address(&behind) == NULL ||
		        strcmp(peer_address(&behind), "192.0.2.1") != 0,
		    "nobody is believed unasked");
		behind.trusted_proxy = "10.0.0.1, fd00:0::1";
	}
	unsetenv("HTTP_X_FORWARDED_FOR");
	ok(peer_list_fits("10.0.0.1 fd00::1,::1"), "a list");
	ok(!peer_list_fits("10.0.0.0/8"), "a network is none");
	is(peer_block("2001:db8:1:2:3::4"), "2001:db8:1:2::/64", "a block");
}

/* Processes that fail at once: each failure counts. */
static void
test_race(void)
{
	enum { PROCESSES = 8, TIMES = 25 };
	int i, j, status;

	anew();
	conf.login_failures = PROCESSES * TIMES - 1;
	for (i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (j = 0; j < TIMES; j++)
			fail_at("192.0.2.50", NULL, noon);
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		wait(&status);
	ok(wait_of("192.0.2.50", NULL, noon) == 1, "all are counted, once");
	conf.login_failures = 3;
}

static void
test_trouble(void)
{
	struct conf other = {.data = mem_printf("%s/none", dir),
	    .login_failures = 1};
	int i;

	for (i = 0; i < 5; i++)
		guess_failed(&other, "x", noon);
	ok(guess_check(&other, "x", noon) == NULL,
	    "without a table nobody is refused");
	anew();
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
	for (i = 0; i < 5; i++)
		fail_at("192.0.2.60", NULL, noon);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	ok(wait_of("192.0.2.60", NULL, noon) == 0,
	    "nor where it cannot be written");
	/* whoever finds no place of his own takes that of who owes least */
	for (i = 0; i < 20000; i++)
		fail_at(mem_printf("10.%d.%d.1", i / 250, i % 250), NULL, noon);
	for (i = 0; i < 5; i++)
		fail_at("192.0.2.61", NULL, noon);
	ok(wait_of("192.0.2.61", NULL, noon) > 0, "a full table");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	conf.data = dir;
	if (mkdir(mem_printf("%s/state", dir), 0700) != 0)
		return 1;
	test_address();
	test_blocks();
	test_name();
	test_local();
	test_proxy();
	test_race();
	test_trouble();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return done();
}
