/*
 * Sealed texts: one that we did not seal does not open, whatever stands in it;
 * and what we seal opens to what it was.  The first byte chooses: a text as it
 * came, one with our head before it, or a value to be sealed.
 */
#include "fuzz.h"

#include <string.h>

#include "mem.h"
#include "seal.h"
#include "secret.h"

static const unsigned char key[SEAL_KEY] = {1, 2, 3};
static const char *good; /* the one that we sealed */

void
fuzz_begin(void)
{
	good = seal_text(7, key, "app", "value", false);
}

static void
check_ours(const char *value)
{
	const char *text = seal_text(9, key, "app", value, true), *again;
	uint64_t number;
	bool json;

	fuzz_must(seal_number(&number, text) && number == 9, "its row");
	fuzz_must(seal_open(&again, &json, text, key, "app") && json &&
	              strcmp(again, value) == 0,
	    "what is sealed opens");
	fuzz_must(!seal_open(&again, &json, text, key, "other"),
	    "for its record alone");
	(void)secret_clear_size(text, strlen(text));
}

void
fuzz_one(char *bytes, size_t len)
{
	size_t way = fuzz_pick(&bytes, &len, 3);
	const char *text = bytes, *value;
	struct secret s;
	bool json;

	if (way == 2) {
		check_ours(bytes);
		return;
	}
	if (way == 1)
		text = mem_printf("sutler-sealed:1:7:%s", bytes);
	fuzz_must(!seal_open(&value, &json, text, key, "app") ||
	              strcmp(text, good) == 0,
	    "nobody seals for us");
	fuzz_must(secret_open(&s, "app", "X", text) == NULL ||
	              secret_is_sealed(text),
	    "what is not sealed is in clear");
	text = mem_printf("{\"a\":\"%s\"}", text);
	fuzz_must(secret_clear_size(text, strlen(text)) <= strlen(text),
	    "in clear it is no longer");
}
