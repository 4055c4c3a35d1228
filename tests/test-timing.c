/*
 * That a check of credentials takes as long whatever is wrong with them: not by
 * a clock, but by the instructions that it takes, and by the compares that are
 * made for who is known and who is not.
 */
#include "ask.h"

#include <signal.h>
#include <sys/ptrace.h>

#include "hash.h"
#include "record.h"
#include "token.h"

static const struct route routes[] = {
    {"GET", "/vendor/apps/:ident", AUTH_PROVIDER, echo},
};

/* The linker puts this in hash_equal's place for all others (--wrap): it says
 * what is compared. */
bool real_equal(const char *a, const char *b) __asm__("__real_hash_equal");
bool wrapped_equal(const char *a, const char *b) __asm__("__wrap_hash_equal");

bool
wrapped_equal(const char *a, const char *b)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "compared %zu\n", strlen(a));

	if (write(STDERR_FILENO, line, (size_t)len) != len)
		abort();
	return real_equal(a, b);
}

/* The instructions that comparing a with b takes; -1: not to be had. */
static long
steps(const char *a, const char *b)
{
	int status, signal = 0;
	volatile bool equal;
	long count = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		equal = real_equal(a, b);
		(void)equal;
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	while (WIFSTOPPED(status) && (count == 0 || signal != SIGSTOP)) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1)
			break;
		waitpid(pid, &status, 0);
		signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
		count++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return signal == SIGSTOP ? count : -1;
}

static void
test_compare(void)
{
	enum { LEN = 64 };
	static char good[LEN + 1], said[LEN + 1];
	static const size_t places[] = {0, 1, 7, 8, 31, 62, 63};
	long same, longer;
	size_t i;

	memset(good, 'a', LEN);
	memset(said, 'a', LEN);
	same = steps(said, good);
	ok(same > LEN, "an equal one takes %ld instructions", same);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		said[places[i]] = 'b';
		ok(steps(said, good) == same, "as many if byte %zu differs",
		    places[i]);
		said[places[i]] = 'a';
	}
	memset(said, 'z', LEN);
	ok(steps(said, good) == same, "as many if all of it differs");
	memset(said, 'a', LEN);
	said[LEN / 2] = '\0';
	longer = steps(said, good);
	said[0] = 'b';
	ok(longer > 0 && steps(said, good) == longer,
	    "a shorter one takes as many, right or wrong");
}

static void
must(const struct fail *f)
{
	if (f == NULL)
		return;
	printf("Bail out! %s\n", f->text);
	exit(1);
}

static void
make_provider(void)
{
	static const char manifest[] =
	    "{\"id\":\"tide\",\"api\":{\"config_vars\":[\"TIDE_URL\"],"
	    "\"regions\":[\"us\"],\"password\":\"first-one\","
	    "\"production\":\"https://tide.example/\"}}";
	struct conf conf = {.data = mem_printf("%s/data", dir)};
	struct act act = {.conf = &conf, .request_id = "t"};
	struct event e = event_new("tide: registered");
	struct finding *findings;
	struct provider *p;
	cJSON *json;

	must(record_store(&act.store, &conf));
	must(token_key_new(conf.data));
	must(json_parse(&json, manifest, strlen(manifest)));
	must(provider_new(&p, &findings, json, NULL, NULL, NULL, false, false));
	must(store_lock(act.store));
	must(provider_put(act.store, p));
	must(event_commit(NULL, &act, &e));
}

/* The status that these credentials are answered, and what was compared. */
static const char *
compares(const char *pair)
{
	struct reply r = ask("GET", "/x",
	    mem_printf("SCRIPT_NAME=/vendor/apps\n"
	               "HTTP_AUTHORIZATION=Basic %s",
	        hash_base64(pair, strlen(pair))));

	return mem_printf("%d %s", r.status, r.log);
}

static void
test_provider(void)
{
	make_provider();
	is(compares("tide:first-one"), "200 compared 9\ncompared 9\n",
	    "the provider");
	is(compares("tide:other-one"), "401 compared 9\ncompared 9\n",
	    "with another password");
	is(compares("tidy:other-one"), "401 compared 9\ncompared 9\n",
	    "and nobody at all");
	is(compares("tidy:first-one"), "401 compared 9\ncompared 9\n",
	    "nobody with the provider's");
}

int
main(void)
{
	if (getenv("TEST_CGI") != NULL)
		return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
	if (!ask_start("test-timing"))
		return 1;
	test_compare();
	test_provider();
	ask_end();
	return done();
}
