/*
 * Where send connects to, whatever the name server says: the resolver and
 * connect(2) are fakes, which libcurl meets in place of the system's.
 */
int send_main(int argc, char **argv);
#define main send_main
#include "../lib/send.c"
#undef main

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#include "tap.h"

/* send leaves all that it has to the system, and ends */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

enum { ADDRESSES_MAX = 3, LOOKUPS_MAX = 3 };

/* What the resolver says, look-up by look-up; NULL ends a row. */
static const char *const (*says)[ADDRESSES_MAX + 1];
static int lookups;
static char connected[512]; /* to these, one after the other */

static struct addrinfo *
address(const char *text, const char *service)
{
	struct addrinfo *ai = calloc(1, sizeof(*ai));
	struct sockaddr_in6 *v6 = calloc(1, sizeof(*v6));
	struct sockaddr_in *v4 = (void *)v6;
	uint16_t port = htons((uint16_t)strtol(service, NULL, 10));

	if (ai == NULL || v6 == NULL)
		abort();
	ai->ai_socktype = SOCK_STREAM;
	ai->ai_addr = (void *)v6;
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		ai->ai_family = v6->sin6_family = AF_INET6;
		ai->ai_addrlen = sizeof(*v6);
		v6->sin6_port = port;
	} else {
		v4->sin_family = AF_INET;
		if (inet_pton(AF_INET, text, &v4->sin_addr) != 1)
			abort();
		ai->ai_family = AF_INET;
		ai->ai_addrlen = sizeof(*v4);
		v4->sin_port = port;
	}
	return ai;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	int row = lookups < LOOKUPS_MAX - 1 ? lookups : LOOKUPS_MAX - 1, i;

	(void)node;
	(void)hints;
	lookups++;
	for (i = 0; says[row][i] != NULL; i++) {
		*out = address(says[row][i], service == NULL ? "0" : service);
		out = &(*out)->ai_next;
	}
	return 0;
}

void
freeaddrinfo(struct addrinfo *ai)
{
	struct addrinfo *next;

	for (; ai != NULL; ai = next) {
		next = ai->ai_next;
		free(ai->ai_addr);
		free(ai);
	}
}

/* glibc's header has a type of its own for the second */
int fake_connect(int, const struct sockaddr *, socklen_t) __asm__("connect");

int
fake_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	const void *at =
	    to->sa_family == AF_INET
	        ? (const void *)&((const struct sockaddr_in *)(const void *)to)
	              ->sin_addr
	        : &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr;
	size_t have = strlen(connected);

	(void)fd;
	(void)len;
	if (have > 0)
		connected[have++] = ' ';
	inet_ntop(to->sa_family, at, connected + have,
	    (socklen_t)(sizeof(connected) - have));
	errno = ECONNREFUSED;
	return -1;
}

static const struct {
	const char *what;
	const char *const says[LOOKUPS_MAX][ADDRESSES_MAX + 1];
	const char *connected, *trouble;
} rows[] = {
    {"public",                     {{"8.8.8.8"}, {"8.8.8.8"}, {"8.8.8.8"}},     "8.8.8.8",
     "no connection could be made"                                                                                      },
    {"private at the second look", {{"8.8.8.8"}, {"127.0.0.1"}, {"127.0.0.1"}},
     "8.8.8.8",                                                                            "no connection could be made"},
    {"private at first",           {{"127.0.0.1"}, {"8.8.8.8"}, {"8.8.8.8"}},   "",
     "refused a private address"                                                                                        },
    {"private behind public",
     {{"8.8.8.8", "127.0.0.1"}, {"127.0.0.1"}, {"127.0.0.1"}},                  "8.8.8.8",
     "refused a private address"                                                                                        },
    {"public behind private",
     {{"169.254.169.254", "8.8.8.8"}, {"::1"}, {"::1"}},                        "8.8.8.8",
     "refused a private address"                                                                                        },
    {"another family",
     {{"::ffff:127.0.0.1", "fd00::1", "::"}, {"::1"}, {"::1"}},                 "",
     "refused a private address"                                                                                        },
};

static void
ask(bool allow_private)
{
	struct question q = {.method = "GET",
	    .url = "http://provider.test:8080/x",
	    .timeout = 5000,
	    .connect_timeout = 5000,
	    .allow_http = true,
	    .allow_private = allow_private};
	static struct answer a;
	size_t i;

	/* which nobody is to be asked through */
	setenv("http_proxy", "http://9.9.9.9:1", 1);
	setenv("all_proxy", "http://9.9.9.9:1", 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = (struct answer){0};
		says = rows[i].says;
		lookups = 0;
		connected[0] = '\0';
		exchange(&a, &q);
		if (allow_private) {
			ok(strncmp(connected, rows[i].says[0][0],
			       strlen(rows[i].says[0][0])) == 0,
			    "%s: allowed", rows[i].what);
			continue;
		}
		is(connected, rows[i].connected, "%s: connected to",
		    rows[i].what);
		is(a.trouble, rows[i].trouble, "%s: trouble", rows[i].what);
		ok(lookups == 1, "%s: looked up once", rows[i].what);
	}
}

/* A header that would be two is sent by nobody. */
static void
test_headers(void)
{
	static const char *const bad[] = {"X: a\r\nY: b", "X: a\nY: b",
	    "X: a\rY: b"};
	struct question q = {.method = "GET", .url = "https://x.test/"};
	struct answer a = {0};
	size_t i;

	ok(check_question(&q, &a), "a question");
	q.accept = "text/plain\r\nX: y";
	ok(!check_question(&q, &a), "an Accept of two lines");
	q.accept = NULL;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *list = cJSON_CreateArray();

		cJSON_AddItemToArray(list, cJSON_CreateString("X: y"));
		q.headers = list;
		ok(check_question(&q, &a), "a header");
		cJSON_AddItemToArray(list, cJSON_CreateString(bad[i]));
		ok(!check_question(&q, &a), "one of two lines, %zu", i);
		cJSON_Delete(list);
	}
}

int
main(void)
{
	ask(false);
	ask(true);
	test_headers();
	return done();
}
