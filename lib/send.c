/*
 * Sends one HTTP exchange: the question on stdin, the answer on stdout, as
 * lib/client.h says.  It sees no record, and nothing else has libcurl.
 *
 * With the argument --stay, stdin is a socket that listens: each connection is
 * one question to a server of the operator's own, and its answer; what it
 * connects to stays connected.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "fence.h"

enum {
	QUESTION_MAX = 1 << 20,
	ANSWER_MAX = 256 << 10,
	OWN_MAX = 4 << 20, /* of both, where a server is the operator's own */
	HEADERS_MAX = 64 << 10,
	TIMEOUT_MAX = 60,
	BROKEN_MS = 10000 /* that a stream's network may take what is sent */
};

struct question {
	const char *method, *url, *user, *password, *accept, *body;
	const cJSON *headers;          /* further lines, strings */
	long timeout, connect_timeout; /* milliseconds */
	bool form, allow_http, allow_private;
	bool own;                    /* the server is the operator's */
	const char *ca, *cert, *key; /* files */
	bool stream;  /* the answer goes out as it comes, without an end */
	bool inspect; /* ask nothing: when does the certificate expire? */
};

struct answer {
	long status;
	char trouble[512]; /* "": none */
	bool sent;         /* a byte of the question has left */
	size_t len, limit, headers;
	bool large, refused, chatty;
	char *told;    /* of the server's own, by libcurl; never passed on */
	CURL *streams; /* what comes from it has begun to go out, or will */
	bool begun;
};

static char body[OWN_MAX];         /* of the answer */
static int hearer = STDOUT_FILENO; /* whom it goes to */
static bool stays;

static bool put(const char *bytes, size_t len);

/*
 * Addresses that are not on the public internet (the special-purpose address
 * registries of RFC 6890), or that hide one which is not.
 */
static const struct range {
	int family;
	unsigned int bits;
	unsigned char prefix[16];
} ranges[] = {
    {AF_INET,  8,  {0}                     },
    {AF_INET,  8,  {10}                    },
    {AF_INET,  10, {100, 64}               },
    {AF_INET,  8,  {127}                   },
    {AF_INET,  16, {169, 254}              },
    {AF_INET,  12, {172, 16}               },
    {AF_INET,  24, {192, 0, 0}             },
    {AF_INET,  24, {192, 0, 2}             },
    {AF_INET,  24, {192, 88, 99}           },
    {AF_INET,  16, {192, 168}              },
    {AF_INET,  15, {198, 18}               },
    {AF_INET,  24, {198, 51, 100}          },
    {AF_INET,  24, {203, 0, 113}           },
    {AF_INET,  3,  {224}                   }, /* multicast, reserved, broadcast */
  /* all that is not 2000::/3: loopback, mapped, local, multicast … */
    {AF_INET6, 3,  {0}                     },
    {AF_INET6, 2,  {0x40}                  },
    {AF_INET6, 1,  {0x80}                  },
    {AF_INET6, 23, {0x20, 0x01}            }, /* Teredo, ORCHID */
    {AF_INET6, 32, {0x20, 0x01, 0x0d, 0xb8}},
    {AF_INET6, 16, {0x20, 0x02}            }, /* 6to4 */
    {AF_INET6, 20, {0x3f, 0xff}            },
};

static bool
range_holds(const struct range *r, int family, const unsigned char *address)
{
	unsigned int rest = r->bits % 8, mask = 0xffU << (8 - rest) & 0xff;

	if (r->family != family || memcmp(r->prefix, address, r->bits / 8) != 0)
		return false;
	return rest == 0 ||
	       (address[r->bits / 8] & mask) == r->prefix[r->bits / 8];
}

static bool
is_public(int family, const unsigned char *address)
{
	/* RFC 6052: where DNS64 works, every IPv4 host is reached so */
	static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
	size_t i;

	if (family == AF_INET6 && memcmp(address, nat64, sizeof(nat64)) == 0)
		return is_public(AF_INET, address + sizeof(nat64));
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (range_holds(&ranges[i], family, address))
			return false;
	return family == AF_INET || family == AF_INET6;
}

/* The address is looked at where it is used, so that no second look-up of the
 * name can put another in its place. */
static curl_socket_t
open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct answer *a = data;
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	bool good = false;

	(void)purpose;
	if (to->family == AF_INET && to->addrlen >= sizeof(v4)) {
		memcpy(&v4, &to->addr, sizeof(v4));
		good = is_public(AF_INET, (unsigned char *)&v4.sin_addr);
	} else if (to->family == AF_INET6 && to->addrlen >= sizeof(v6)) {
		memcpy(&v6, (void *)&to->addr, sizeof(v6));
		good = is_public(AF_INET6, v6.sin6_addr.s6_addr);
	}
	if (!good) {
		a->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool
put_status(long status)
{
	char line[64];

	return put(line, (size_t)snprintf(line, sizeof(line),
	                     "{\"status\":%ld,\"trouble\":null}\n", status));
}

static bool
pass_on(struct answer *a, const char *bytes, size_t len)
{
	long status = 0;

	curl_easy_getinfo(a->streams, CURLINFO_RESPONSE_CODE, &status);
	if (!a->begun && !put_status(status))
		return false;
	a->begun = true;
	return put(bytes, len);
}

/* Whoever listened to a stream is gone? */
static int
look_up(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	(void)data, (void)a, (void)b, (void)c, (void)d;
	return poll(&p, 1, 0) > 0;
}

/* A network that is cut is heard of even where nothing is to be said. */
static int
keep_alive(void *data, curl_socket_t fd, curlsocktype purpose)
{
	const unsigned int ms = BROKEN_MS;
	const int on = 1, seconds = 3;

	(void)data, (void)purpose;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct answer *a = data;
	size_t len = size * count;

	if (a->streams != NULL)
		return pass_on(a, bytes, len) ? len : 0;
	if (len > a->limit - a->len) {
		a->large = true;
		return 0;
	}
	memcpy(body + a->len, bytes, len);
	a->len += len;
	return len;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *data)
{
	struct answer *a = data;
	size_t len = size * count;

	(void)bytes;
	a->headers += len;
	if (a->headers > HEADERS_MAX) {
		a->chatty = true;
		return 0;
	}
	return len;
}

static bool __attribute__((format(printf, 2, 3)))
trouble(struct answer *a, const char *format, ...)
{
	va_list args;

	a->status = 0;
	a->len = 0;
	va_start(args, format);
	vsnprintf(a->trouble, sizeof(a->trouble), format, args);
	va_end(args);
	return false;
}

static const struct {
	CURLcode code;
	const char *text;
} troubles[] = {
    {CURLE_URL_MALFORMAT,            "the URL cannot be read"                     },
    {CURLE_COULDNT_RESOLVE_HOST,     "the host has no address"                    },
    {CURLE_COULDNT_CONNECT,          "no connection could be made"                },
    {CURLE_PEER_FAILED_VERIFICATION,
     "the server's certificate cannot be verified"                                },
    {CURLE_SSL_CONNECT_ERROR,        "no TLS connection could be made"            },
    {CURLE_GOT_NOTHING,              "the connection was closed without an answer"},
    {CURLE_SEND_ERROR,               "the connection broke off"                   },
    {CURLE_RECV_ERROR,               "the connection broke off"                   },
    {CURLE_PARTIAL_FILE,             "the answer broke off"                       },
    {CURLE_WEIRD_SERVER_REPLY,       "the answer is not HTTP"                     },
    {CURLE_UNSUPPORTED_PROTOCOL,     "the answer is not HTTP"                     },
    {CURLE_LOGIN_DENIED,             "the URL holds credentials"                  },
    {CURLE_SSL_CERTPROBLEM,
     "the certificate of ours, or its key, cannot be used"                        },
    {CURLE_SSL_CACERT_BADFILE,       "the file of authorities cannot be read"     },
};

/* In TLS 1.3 a server refuses us behind the handshake, when we have spoken
 * already; but it has not listened. */
static bool
turned_away(const struct answer *a)
{
	static const char *const words[] = {"certificate", "unknown ca",
	    "access denied"};
	const char *alert = a->told == NULL ? NULL : strstr(a->told, " alert ");
	size_t i;

	for (i = 0; alert != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(alert, words[i]) != NULL)
			return true;
	return false;
}

/* Never curl's own message: it may quote the URL. */
static bool
explain(struct answer *a, CURL *curl, const struct question *q, CURLcode code)
{
	curl_off_t connected = 0;
	size_t i;

	if (a->large)
		return trouble(a, "the answer is longer than %zu kB",
		    a->limit >> 10);
	if (a->chatty)
		return trouble(a, "the answer's headers are longer than %d kB",
		    HEADERS_MAX >> 10);
	if (code == CURLE_OPERATION_TIMEDOUT) {
		curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T,
		    &connected);
		if (connected == 0 && q->connect_timeout < q->timeout)
			return trouble(a, "no connection within %g s",
			    (double)q->connect_timeout / 1000);
		return trouble(a, "no answer within %g s",
		    (double)q->timeout / 1000);
	}
	if (a->refused)
		return trouble(a, "refused a private address");
	if (turned_away(a)) {
		a->sent = false;
		return trouble(a, "the server does not take our certificate");
	}
	for (i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (troubles[i].code == code)
			return trouble(a, "%s", troubles[i].text);
	return trouble(a, "the exchange failed (libcurl's error %d)", code);
}

static struct curl_slist *
headers(const struct question *q)
{
	/* an empty one keeps libcurl from adding its own */
	static const char *const fixed[] = {"Expect:", "User-Agent: sutler"};
	struct curl_slist *list = NULL;
	const cJSON *one;
	char accept[256];
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		list = curl_slist_append(list, fixed[i]);
	snprintf(accept, sizeof(accept), "Accept:%s%s",
	    q->accept == NULL ? "" : " ", q->accept == NULL ? "" : q->accept);
	list = curl_slist_append(list, accept);
	cJSON_ArrayForEach(one, q->headers)
		list = curl_slist_append(list, one->valuestring);
	return curl_slist_append(list,
	    q->body == NULL ? "Content-Type:"
	    : q->form       ? "Content-Type: application/x-www-form-urlencoded"
	                    : "Content-Type: application/json");
}

static void
set_limits(CURL *curl, const struct question *q, struct answer *a)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
	    q->allow_http ? "http,https" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, q->stream ? 0 : q->timeout);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, q->connect_timeout);
	/* else a slow name server outlives the timeout */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* a resource called ".." must not become another path */
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	if (!q->allow_private) {
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, a);
	}
}

/* What is of the operator's own servers alone. */
static void
set_own(CURL *curl, const struct question *q, struct answer *a)
{
	static char told[CURL_ERROR_SIZE];

	if (!q->own)
		return;
	a->told = told;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, told);
	if (q->ca != NULL) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, q->ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (q->cert != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, q->cert);
	if (q->key != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, q->key);
	if (!q->stream)
		return;
	a->streams = curl;
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, keep_alive);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up);
}

/* A new one; of who stays, the one that there is, as if new but for what it is
 * connected to.  NULL: none. */
static CURL *
handle(void)
{
	static CURL *kept;

	if (kept != NULL && stays)
		curl_easy_reset(kept);
	else if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		kept = curl_easy_init();
	return kept;
}

static bool
exchange(struct answer *a, const struct question *q)
{
	struct curl_slist *list;
	CURL *curl;
	CURLcode code;
	long bytes = 0;

	curl = handle();
	if (curl == NULL)
		return trouble(a, "libcurl cannot be started");
	set_limits(curl, q, a);
	set_own(curl, q, a);
	curl_easy_setopt(curl, CURLOPT_URL, q->url);
	if (q->user != NULL) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, q->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD,
		    q->password == NULL ? "" : q->password);
	}
	if (q->body != NULL || strcmp(q->method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
		    q->body == NULL ? "" : q->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(q->body == NULL ? 0 : strlen(q->body)));
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
	list = headers(q);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
	code = curl_easy_perform(curl);
	curl_slist_free_all(list);
	curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &bytes);
	a->sent = bytes > 0;
	if (code != CURLE_OK)
		return explain(a, curl, q, code);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
	return true;
}

/* The first date at which one of the chain expires becomes the answer's body,
 * as the library prints it, one a line.  Nothing is asked, so that a
 * certificate that cannot be verified does no harm here. */
static bool
inspect(struct answer *a, const struct question *q)
{
	static const char expires[] = "Expire date:";
	struct curl_certinfo *chain = NULL;
	const struct curl_slist *line;
	CURL *curl;
	CURLcode code;
	int i;

	curl = handle();
	if (curl == NULL)
		return trouble(a, "libcurl cannot be started");
	set_limits(curl, q, a);
	curl_easy_setopt(curl, CURLOPT_URL, q->url);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain);
	if (code != CURLE_OK)
		return explain(a, curl, q, code);
	for (i = 0; chain != NULL && i < chain->num_of_certs; i++)
		for (line = chain->certinfo[i]; line != NULL; line = line->next)
			if (strncmp(line->data, expires, strlen(expires)) ==
			        0 &&
			    strlen(line->data) < a->limit - a->len)
				a->len += (size_t)snprintf(body + a->len,
				    a->limit - a->len, "%s\n",
				    line->data + strlen(expires));
	a->status = 200;
	return true;
}

static const char *
text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool
flag_of(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* In milliseconds; each of them is so long in the question. */
static long
time_of(const cJSON *object, const char *key, int each)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	const int most = TIMEOUT_MAX * 1000 / each;

	return (!cJSON_IsNumber(item) || item->valueint < 1 ? 1
	           : item->valueint > most                  ? most
	                                                    : item->valueint) *
	       each;
}

static void
read_own(struct question *q, struct answer *a, const cJSON *own)
{
	q->own = cJSON_IsObject(own);
	a->limit = q->own ? OWN_MAX : ANSWER_MAX;
	if (!q->own)
		return;
	q->ca = text_of(own, "ca");
	q->cert = text_of(own, "cert");
	q->key = text_of(own, "key");
	q->stream = flag_of(own, "stream");
	q->timeout = time_of(own, "timeout_ms", 1);
	q->connect_timeout = time_of(own, "connect_ms", 1);
	q->allow_http = q->allow_private = true;
}

/* *all is the question, in which stands what q says. */
static bool
read_question(cJSON **all, struct question *q, struct answer *a, int from)
{
	static char bytes[OWN_MAX];
	size_t len = 0;
	ssize_t n;
	cJSON *o;

	while (len < sizeof(bytes) &&
	       (n = read(from, bytes + len, sizeof(bytes) - len)) > 0)
		len += (size_t)n;
	o = len == sizeof(bytes) ? NULL : cJSON_ParseWithLength(bytes, len);
	*all = o;
	q->method = text_of(o, "method");
	q->url = text_of(o, "url");
	q->user = text_of(o, "user");
	q->password = text_of(o, "password");
	q->accept = text_of(o, "accept");
	q->headers = cJSON_GetObjectItemCaseSensitive(o, "headers");
	q->body = text_of(o, "body");
	q->timeout = time_of(o, "timeout", 1000);
	q->connect_timeout = time_of(o, "connect_timeout", 1000);
	q->form = flag_of(o, "form");
	q->allow_http = flag_of(o, "allow_http");
	q->allow_private = flag_of(o, "allow_private");
	q->inspect = flag_of(o, "inspect");
	read_own(q, a, cJSON_GetObjectItemCaseSensitive(o, "own"));
	if (q->method == NULL || q->url == NULL ||
	    (len >= QUESTION_MAX && !q->own))
		return trouble(a, "the question cannot be read");
	return true;
}

static bool
check_question(struct question *q, struct answer *a)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH",
	    "DELETE"};
	size_t i, count = sizeof(methods) / sizeof(methods[0]);
	const cJSON *one;

	for (i = 0; i < count && strcmp(methods[i], q->method) != 0; i++)
		continue;
	if (i == count)
		return trouble(a, "the method is none of ours");
	if (strcmp(q->method, "DELETE") == 0)
		q->body = NULL;
	if (q->accept != NULL &&
	    (strpbrk(q->accept, "\r\n") != NULL || strlen(q->accept) > 200))
		return trouble(a, "the Accept header is none");
	cJSON_ArrayForEach(one, q->headers)
		if (!cJSON_IsString(one) ||
		    strpbrk(one->valuestring, "\r\n") != NULL)
			return trouble(a, "one of the headers is none");
	if (strncasecmp(q->url, "https://", 8) == 0)
		return true;
	if (strncasecmp(q->url, "http://", 7) != 0)
		return trouble(a, "the URL is neither http nor https");
	return q->allow_http || trouble(a, "refused a URL without TLS");
}

static bool
put(const char *bytes, size_t len)
{
	ssize_t sent;

	for (; len > 0; bytes += sent, len -= (size_t)sent) {
		sent = write(hearer, bytes, len);
		if (sent <= 0)
			return false;
	}
	return true;
}

/* It reads what names and certificates need, and connects; nothing else. */
static void
give_up(const struct question *q)
{
	struct fence_path paths[] = {
	    {"/etc/gai.conf",                    FENCE_READ},
	    {"/etc/host.conf",                   FENCE_READ},
	    {"/etc/hosts",                       FENCE_READ},
	    {"/etc/ld.so.cache",                 FENCE_READ},
	    {"/etc/nsswitch.conf",               FENCE_READ},
	    {"/etc/pki",	                 FENCE_READ},
	    {"/etc/resolv.conf",                 FENCE_READ},
	    {"/etc/services",                    FENCE_READ},
	    {"/etc/ssl",	                 FENCE_READ},
	    {"/lib",	                     FENCE_READ},
	    {"/lib64",	                   FENCE_READ},
	    {"/run/systemd/resolve",             FENCE_READ},
	    {"/usr/lib",	                 FENCE_READ},
	    {"/usr/local/lib",                   FENCE_READ},
	    {"/usr/local/share/ca-certificates", FENCE_READ},
	    {"/usr/share/ca-certificates",       FENCE_READ},
	    {q->ca == NULL ? "" : q->ca,         FENCE_READ},
	    {q->cert == NULL ? "" : q->cert,     FENCE_READ},
	    {q->key == NULL ? "" : q->key,       FENCE_READ},
	};
	const struct fence f = {paths, sizeof(paths) / sizeof(paths[0]), 1,
	    stays || q->stream ? 0 : (unsigned int)(q->timeout / 1000) + 5,
	    "sutler: send was ended\n"};

	/* whoever runs it has said what the kernel cannot do */
	(void)fence_up(&f);
}

/* What came of the exchange; false: nobody hears it. */
static bool
tell(const struct answer *a)
{
	char line[sizeof(a->trouble) + 96];
	int len;

	/* no trouble of ours needs escaping */
	len = snprintf(line, sizeof(line),
	    "{\"status\":0,\"sent\":%s,\"trouble\":\"%s\"}\n",
	    a->sent ? "true" : "false", a->trouble);
	return (a->trouble[0] == '\0' ? put_status(a->status)
	                              : put(line, (size_t)len)) &&
	       put(body, a->len);
}

/* One question after the other, until whoever made the socket ends. */
static int
stay(void)
{
	const struct timeval patience = {1, 0};
	struct question q;
	struct answer a;
	bool fenced = false;
	cJSON *all;

	stays = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (
	    (hearer = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC)) != -1 ||
	    errno == EINTR || errno == ECONNABORTED) {
		setsockopt(hearer, SOL_SOCKET, SO_RCVTIMEO, &patience,
		    sizeof(patience));
		setsockopt(hearer, SOL_SOCKET, SO_SNDTIMEO, &patience,
		    sizeof(patience));
		q = (struct question){0};
		a = (struct answer){0};
		if (read_question(&all, &q, &a, hearer) &&
		    check_question(&q, &a)) {
			/* the files are the same for all of them */
			if (!fenced)
				give_up(&q);
			fenced = true;
			if (q.own && !q.stream && !q.inspect)
				(void)exchange(&a, &q);
			else
				trouble(&a, "the question is not for me");
		}
		(void)tell(&a);
		close(hearer);
		cJSON_Delete(all);
	}
	return 1;
}

int
main(int argc, char **argv)
{
	static struct answer a;
	struct question q = {0};
	cJSON *all;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "--stay") == 0)
		return stay();
	if (read_question(&all, &q, &a, STDIN_FILENO) &&
	    check_question(&q, &a)) {
		give_up(&q);
		(void)(q.inspect ? inspect(&a, &q) : exchange(&a, &q));
	}
	/* the system frees faster than libcurl, which may wait for a thread */
	_exit(a.begun || tell(&a) ? 0 : 1);
}
