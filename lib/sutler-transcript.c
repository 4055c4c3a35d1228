/* sutler transcript */
#include "event.h"
#include "fail.h"
#include "mem.h"
#include "store-log.h"
#include "sutler.h"
#include "transcript.h"

#include <stdio.h>
#include <string.h>

/* Each line of a body, behind a mark that says who spoke. */
static void
print_body(const cJSON *body, const char *mark)
{
	const char *p;
	size_t len;

	if (body == NULL)
		return;
	p = cJSON_IsString(body) ? body->valuestring : json_print(body, true);
	for (; *p != '\0'; p += len + (p[len] != '\0')) {
		len = strcspn(p, "\n");
		printf("%s %.*s\n", mark, (int)len, p);
	}
}

static const char *
word(const cJSON *o, const char *key)
{
	const cJSON *item = json_get(o, key);

	return item == NULL || cJSON_IsNull(item) ? "-" : json_plain(item);
}

static void
print(const struct call *c, cJSON *o)
{
	const char *message = json_text(o, "message");

	if (c->json) {
		call_row(c, o);
		return;
	}
	printf("%s: %s of %s for %s (%s), %s\n", word(o, "id"),
	    word(o, "order"), word(o, "provider"), word(o, "app_name"),
	    word(o, "addon_id"), word(o, "at"));
	printf("%s %s as %s, request %s\n", word(o, "method"), word(o, "url"),
	    word(o, "user"), word(o, "request_id"));
	print_body(json_get(o, "question"), ">");
	if (json_text(o, "trouble") != NULL)
		printf("no answer in %s ms: %s\n", word(o, "ms"),
		    json_text(o, "trouble"));
	else
		printf("%s in %s ms\n", word(o, "status"), word(o, "ms"));
	print_body(json_get(o, "answer"), "<");
	printf("%s%s%s\n", word(o, "outcome"), message == NULL ? "" : ": ",
	    message == NULL ? "" : message);
}

/* The transcript with that id; false: it is not there. */
static const struct fail *
print_one(bool *there, const struct call *c, const char *id)
{
	cJSON *o;
	const struct fail *f = transcript_load(&o, c->act.conf, id);

	*there = f == NULL && o != NULL;
	if (*there)
		print(c, o);
	return f;
}

static const struct fail *
transcript(const struct call *c)
{
	const char *id = c->argv[0], *rest;
	const struct fail *f;
	struct store_log log;
	bool there = false;
	size_t count = 0, gone = 0;

	if (transcript_is_id(id)) {
		f = print_one(&there, c, id);
		call_done(c);
		return f == NULL && !there ? fail_missing("transcript") : f;
	}
	f = store_log_find(&log, c->act.store, id);
	if (f != NULL)
		return f;
	rest = log.message;
	while (f == NULL && (id = event_trailer(&rest, "Exchange")) != NULL) {
		f = print_one(&there, c, id);
		gone += !there;
		count++;
	}
	call_done(c);
	if (f == NULL && count == 0)
		f = fail_missing("transcript");
	if (f == NULL && gone > 0)
		f = fail(FAIL_CONFLICT, "%zu of %zu are no longer kept", gone,
		    count);
	return f;
}

const struct command transcript_commands[] = {
    {"transcript",                                                        "ID|COMMIT",
     "what was said to a provider, and what it answered, secrets masked", 1,
     1, false, transcript, {{0}}},
    {0}
};
