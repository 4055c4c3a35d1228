/*
 * JSON from outside: what is taken is printed as the same value, and what is
 * refused is refused with its place.
 */
#include "fuzz.h"

#include <string.h>

#include "fail.h"
#include "json-scan.h"
#include "json.h"

static void
check_refusal(const struct fail *f)
{
	fuzz_must(f->code == FAIL_SYNTAX, "a refusal is FAIL_SYNTAX");
	fuzz_must(strstr(f->text, " at line ") != NULL ||
	              strstr(f->text, " stands twice") != NULL,
	    "a refusal says where, or which key");
}

void
fuzz_one(char *bytes, size_t len)
{
	const struct json_long *longs;
	const struct fail *f, *outside;
	cJSON *json, *other;

	f = json_parse(&json, bytes, len);
	outside = json_parse_outside(&other, bytes, len);
	if (f != NULL) {
		check_refusal(f);
		fuzz_must(outside != NULL, "outside is no less strict");
		return;
	}
	fuzz_done(json_scan(&longs, bytes, len, JSON_DEPTH_MAX));
	fuzz_same(json, "a value");
	if (outside != NULL)
		fuzz_must(strstr(outside->text, "too deep") != NULL,
		    "outside is stricter in depth alone");
	else
		fuzz_must(strcmp(json_print(json, false),
		              json_print(other, false)) == 0,
		    "outside reads the same");
	for (; longs != NULL; longs = longs->next)
		fuzz_must(strstr(json_print(json, false), longs->text) != NULL,
		    "a long number stays as it came");
}
