#include "etcd-call.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "client.h"
#include "conf.h"
#include "fail.h"
#include "file.h"
#include "json.h"
#include "mem.h"

enum {
	LEAST_MS = 20,  /* below that, nothing is asked any more */
	PAUSE_MS = 100, /* before those without a leader are asked again */
	TOKEN_MAX = 4096,
	PASSWORD_MAX = 1024
};

int64_t
etcd_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *
state_file(const struct conf *conf, const char *name)
{
	return mem_printf("%s/state/%s", conf->data, name);
}

/* What is kept so is of use, not needed: no failure. */
static void
keep(const struct conf *conf, const char *name, const char *text)
{
	const char *tmp = state_file(conf, "tmp");

	if (file_directory(tmp) == NULL)
		(void)file_replace_private(state_file(conf, name), tmp, text,
		    strlen(text));
}

static const char *
kept(const struct conf *conf, const char *name)
{
	char *text = NULL;
	size_t len;

	if (file_read(&text, &len, state_file(conf, name)) != NULL ||
	    text == NULL || strlen(text) != len)
		return "";
	return text;
}

size_t
etcd_endpoints(const char *out[ETCD_ENDPOINTS_MAX], const struct conf *conf)
{
	const char *last = kept(conf, "etcd-endpoint"), *rest = conf->cluster;
	const char *all[ETCD_ENDPOINTS_MAX];
	size_t i, len, first = 0, count = 0;

	while (rest != NULL && count < ETCD_ENDPOINTS_MAX) {
		len = strcspn(rest, ",");
		all[count] = mem_dup(rest, len);
		if (strcmp(all[count], last) == 0)
			first = count;
		count++;
		rest = rest[len] == ',' ? rest + len + 1 : NULL;
	}
	for (i = 0; i < count; i++)
		out[i] = all[(first + i) % count];
	return count;
}

static bool
is_token(const char *text)
{
	const char *p;

	if (text == NULL)
		return false;
	for (p = text; *p > ' ' && *p < '\177'; p++)
		continue;
	return *p == '\0' && p > text && p - text <= TOKEN_MAX;
}

/* The token as it was kept: behind a line that says whose it is.  NULL: there
 * is none of that user. */
static const char *
kept_token(const struct conf *conf)
{
	const char *text = kept(conf, "etcd-token");
	const size_t len = strlen(conf->cluster_user);

	return strncmp(text, conf->cluster_user, len) == 0 &&
	               text[len] == '\n' && is_token(text + len + 1)
	           ? text + len + 1
	           : NULL;
}

static const struct fail *
read_password(const char **out, const struct conf *conf)
{
	const char *file = conf->cluster_password;
	const struct fail *f;
	struct stat st;
	char *text;
	size_t len;

	if (stat(file, &st) != 0)
		return fail_errno("cluster_password: cannot look at %s", file);
	if ((st.st_mode & 077) != 0)
		return fail(FAIL_SYSTEM,
		    "cluster_password: %s can be read by others: its mode has "
		    "to be 0600",
		    file);
	f = file_read(&text, &len, file);
	if (f != NULL)
		return f;
	while (text != NULL && len > 0 &&
	       (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	if (text == NULL || len == 0 || len > PASSWORD_MAX ||
	    strlen(text) != len)
		return fail(FAIL_SYSTEM,
		    "cluster_password: %s holds no password", file);
	*out = text;
	return NULL;
}

static void
question(struct exchange *x, struct exchange_own *own, const struct conf *conf,
    const char *endpoint, const char *path)
{
	*own = (struct exchange_own){.ca = conf->cluster_ca,
	    .cert = conf->cluster_cert,
	    .key = conf->cluster_key};
	*x = (struct exchange){.method = "POST",
	    .url = mem_printf("%s%s", endpoint, path),
	    .accept = "application/json",
	    /* who has no leader says so at once */
	    .headers = {"Grpc-Metadata-hasleader: true"},
	    .own = own};
}

void
etcd_question(struct exchange *x, struct exchange_own *own,
    const struct conf *conf, const char *endpoint, const char *path)
{
	const char *token =
	    conf->cluster_user == NULL ? NULL : kept_token(conf);

	question(x, own, conf, endpoint, path);
	if (token != NULL)
		x->headers[1] = mem_printf("Authorization: %s", token);
}

/* One endpoint is asked. */
struct attempt {
	struct etcd_call *c;
	const char *endpoint, *why;
	int64_t deadline;
	long connect_ms;
	const struct fail *failure; /* of ours, where why says nothing */
};

static enum etcd_verdict
ask(struct attempt *a, struct exchange *x, struct exchange_own *own,
    cJSON **answer)
{
	const int64_t left = a->deadline - etcd_clock();

	own->timeout_ms = left < LEAST_MS ? LEAST_MS : (long)left;
	own->connect_ms =
	    a->connect_ms < own->timeout_ms ? a->connect_ms : own->timeout_ms;
	client_send(x, a->c->conf, ETCD_SECONDS);
	/* in lib/send.c's words */
	a->c->large = x->status == 0 && x->trouble != NULL &&
	              strstr(x->trouble, "the answer is longer") != NULL;
	return etcd_judge(answer, &a->why, &a->c->refusal, x);
}

/* A token is asked for and kept. */
static enum etcd_verdict
login(struct attempt *a)
{
	const struct conf *conf = a->c->conf;
	cJSON *o = cJSON_CreateObject(), *answer = NULL;
	const char *password = NULL, *token;
	struct exchange_own own;
	struct exchange x;
	enum etcd_verdict verdict;

	a->failure = read_password(&password, conf);
	if (a->failure != NULL)
		return ETCD_REFUSED;
	question(&x, &own, conf, a->endpoint, "/v3/auth/authenticate");
	json_add_text(o, "name", conf->cluster_user);
	json_add_text(o, "password", password);
	x.body = json_print(o, false);
	verdict = ask(a, &x, &own, &answer);
	if (verdict == ETCD_UNKNOWN || verdict == ETCD_TOKEN)
		return ETCD_AWAY; /* a login changes nothing */
	token = json_text(answer, "token");
	if (verdict == ETCD_DONE && !is_token(token)) {
		a->why = "gives no token";
		return ETCD_AWAY;
	}
	if (verdict == ETCD_DONE)
		keep(conf, "etcd-token",
		    mem_printf("%s\n%s", conf->cluster_user, token));
	return verdict;
}

static enum etcd_verdict
try(struct attempt *a)
{
	struct etcd_call *c = a->c;
	const bool named = c->conf->cluster_user != NULL;
	enum etcd_verdict verdict;
	struct exchange_own own;
	struct exchange x;
	bool fresh = false;

	if (named && kept_token(c->conf) == NULL) {
		verdict = login(a);
		if (verdict != ETCD_DONE)
			return verdict;
		fresh = true;
	}
	for (;;) {
		etcd_question(&x, &own, c->conf, a->endpoint, c->path);
		x.body = c->body;
		x.request_id = c->request_id;
		verdict = ask(a, &x, &own, &c->answer);
		if (verdict != ETCD_TOKEN)
			return verdict;
		if (fresh || !named)
			return ETCD_AWAY;
		verdict = login(a);
		if (verdict != ETCD_DONE)
			return verdict;
		fresh = true;
	}
}

static const struct fail *
trouble(const struct attempt *a)
{
	if (a->failure != NULL)
		return a->failure;
	return fail(FAIL_BUSY, "etcd: %s %s", a->endpoint,
	    a->why == NULL ? "was not asked, for want of time" : a->why);
}

/* Ask each of them; what the last one said. */
static enum etcd_verdict
ask_round(struct attempt *a, const char *const *endpoints, size_t count)
{
	const int64_t deadline = a->deadline;
	enum etcd_verdict verdict = ETCD_AWAY;
	bool wait = false;
	int64_t left, share;
	size_t i;

	for (i = 0; i < count; i++) {
		left = deadline - etcd_clock();
		if (left < LEAST_MS)
			break;
		/* a host that is gone leaves time for the others; what one has
		 * been asked to do is not done by another */
		share = left / (int64_t)(count - i);
		a->connect_ms = (long)share;
		a->deadline =
		    a->c->repeatable ? etcd_clock() + share : deadline;
		a->endpoint = endpoints[i];
		verdict = try(a);
		if (verdict == ETCD_DONE || verdict == ETCD_REFUSED ||
		    (verdict == ETCD_UNKNOWN && !a->c->repeatable))
			break;
		wait = wait || verdict == ETCD_WAIT;
	}
	a->deadline = deadline;
	return verdict != ETCD_DONE && verdict != ETCD_REFUSED &&
	               verdict != ETCD_UNKNOWN && wait
	           ? ETCD_WAIT
	           : verdict;
}

/* endpoint took the question, and did not answer in time: it may hang, and
 * another one is asked first the next time. */
static void
pass_over(const struct conf *conf, const char *endpoint, const char *const *all,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (all[i] == endpoint)
			keep(conf, "etcd-endpoint", all[(i + 1) % count]);
}

const struct fail *
etcd_call(struct etcd_call *c)
{
	const char *all[ETCD_ENDPOINTS_MAX];
	struct attempt a = {.c = c, .deadline = etcd_clock() + c->ms};
	enum etcd_verdict verdict;
	size_t count = 1;

	c->answer = NULL;
	c->unknown = c->large = false;
	all[0] = c->endpoint;
	if (c->endpoint == NULL)
		count = etcd_endpoints(all, c->conf);
	a.endpoint = all[0];
	/* an election takes a second or so */
	while ((verdict = ask_round(&a, all, count)) == ETCD_WAIT &&
	       a.deadline - etcd_clock() > PAUSE_MS + LEAST_MS)
		poll(NULL, 0, PAUSE_MS);
	if (verdict != ETCD_DONE) {
		c->unknown = verdict == ETCD_UNKNOWN && !c->repeatable;
		if (c->unknown && c->endpoint == NULL)
			pass_over(c->conf, a.endpoint, all, count);
		return trouble(&a);
	}
	if (c->endpoint == NULL && a.endpoint != all[0])
		keep(c->conf, "etcd-endpoint", a.endpoint);
	c->endpoint = a.endpoint;
	return NULL;
}
