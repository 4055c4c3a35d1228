/*
 * Commit messages, which anybody may have written: the trailers, events and
 * views made of them are lines, and JSON.
 */
#include "fuzz.h"

#include <string.h>

#include "account.h"
#include "fail.h"
#include "feed.h"
#include "history.h"
#include "json.h"
#include "mem.h"

static struct act act;
static struct app app = {.id = "64a000000000000000000001",
    .name = "pond",
    .owner = "ana",
    .role = ROLE_LIMITED};
static struct account ana = {.id = "us-1", .name = "ana"};

void
fuzz_begin(void)
{
	act.conf = conf_defaults("https://market.example");
	act.account = &ana;
}

void
fuzz_one(char *bytes, size_t len)
{
	/* as git's bytes become a commit of a history */
	const char *text = json_utf8(bytes), *rest = text, *value;
	const struct feed feed = {.act = &act,
	    .app = &app,
	    .projects = cJSON_CreateObject()};
	const struct store_log log =
	    {.id = "0123456789abcdef0123456789abcdef01234567",
	        .parent = "",
	        .author = json_utf8(bytes + len / 2),
	        .email = json_utf8(bytes + len / 3),
	        .message = text};
	const struct fail *f;
	size_t place;
	cJSON *view;

	while ((value = event_trailer(&rest, "Event")) != NULL)
		fuzz_must(strchr(value, '\n') == NULL, "a trailer is a line");
	for (place = 0; place < 3; place++) {
		f = feed_view(&view, &feed, &log, place);
		if (f == NULL)
			fuzz_same(view, "an event");
		else
			fuzz_must(f->code == FAIL_MISSING, "no event");
	}
	fuzz_same(history_view(&log, app.id), "a commit");
}
