/*
 * What etcd answers, or whoever stands in its place: only what was asked for is
 * taken, and no text of it is shown.  The first bytes: a transaction or a
 * watch, the answer's status; a watch's answer is line by line.
 */
#include "fuzz.h"

#include <string.h>

#include "etcd-call.h"
#include "fail.h"
#include "json.h"
#include "mem.h"

#define FIRST "/sutler/"
#define LAST "/sutler0"

static void
check_pair(const struct etcd_pair *p)
{
	fuzz_must(strcmp(p->key, FIRST) >= 0 && strcmp(p->key, LAST) < 0,
	    "a key was asked for");
	fuzz_must(p->version >= 0 && p->revision >= 0, "numbers are positive");
	fuzz_must(p->value == NULL || p->value[p->len] == '\0',
	    "a value ends with NUL");
}

static void
check_words(const char *why)
{
	fuzz_line(why, "a reason");
	fuzz_must(strstr(why, "sutler") == NULL && strlen(why) < 200,
	    "a reason quotes nothing");
}

static void
try_txn(const struct exchange *x)
{
	static const struct etcd_op then[] = {
	    {.verb = ETCD_RANGE, .key = FIRST, .end = LAST, .limit = 3},
	    {.verb = ETCD_DELETE,        .key = FIRST "a"                   }
        };
	static const struct etcd_op otherwise[] = {
	    {.verb = ETCD_PUT, .key = FIRST "a", .value = ""},
	    {.verb = ETCD_RANGE,                .key = FIRST "a"              }
        };
	static const struct etcd_txn txn = {.then = then,
	    .then_count = 2,
	    .otherwise = otherwise,
	    .otherwise_count = 2};
	struct etcd_answer a = {0};
	const char *why = "", *refusal;
	const struct etcd_pair *p;
	cJSON *o = NULL;
	size_t i, count;

	if (etcd_judge(&o, &why, &refusal, x) != ETCD_DONE) {
		check_words(why);
		return;
	}
	why = etcd_read(&a, &txn, o);
	if (why != NULL) {
		check_words(why);
		return;
	}
	fuzz_must(a.revision > 0, "there is a revision");
	for (i = 0; i < 2; i++) {
		fuzz_must(a.deleted[i] >= 0, "a number deleted");
		for (count = 0, p = a.pairs[i]; p != NULL; p = p->next) {
			check_pair(p);
			fuzz_must(p->next == NULL ||
			              strcmp(p->key, p->next->key) < 0,
			    "keys are in order");
			count++;
		}
		fuzz_must(count <= (a.succeeded && i == 0       ? 3U
		                       : !a.succeeded && i == 1 ? 1U
		                                                : 0U),
		    "no more than was asked for");
	}
}

static const struct fail *
heard(void *arg, const struct etcd_pair *pair)
{
	size_t *count = arg;

	if (pair != NULL)
		check_pair(pair);
	(*count)++;
	return NULL;
}

static void
try_watch(char *bytes)
{
	size_t count = 0;
	struct etcd_watch w = {.endpoint = "",
	    .key = FIRST,
	    .end = LAST,
	    .heard = heard,
	    .arg = &count};
	const struct fail *f = NULL;
	const char *line;

	while (f == NULL && *bytes != '\0') {
		line = fuzz_next_line(&bytes);
		f = etcd_hear(&w, line, strlen(line));
	}
	if (f != NULL)
		check_words(f->text);
}

void
fuzz_one(char *bytes, size_t len)
{
	static const int statuses[] = {0, 200, 400, 401, 404, 408, 500, 503};
	const bool watches = fuzz_pick(&bytes, &len, 2) == 1;
	struct exchange x = {.answer = "", .trouble = "", .sent = true};

	x.status = statuses[fuzz_pick(&bytes, &len, 8)];
	if (x.status != 0)
		x.answer = bytes, x.answer_len = len;
	if (watches)
		try_watch(bytes);
	else
		try_txn(&x);
}
