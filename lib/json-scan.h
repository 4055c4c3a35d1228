#ifndef SUTLER_JSON_SCAN_H
#define SUTLER_JSON_SCAN_H

#include <stddef.h>

struct fail;

/* A whole number that a double may not give back exactly. */
struct json_long {
	size_t index;     /* it is the text's nth number, from 0 */
	const char *text; /* its digits */
	struct json_long *next;
};

/* FAIL_SYNTAX where the len bytes at text are not one JSON value as strictly
 * as json_parse() promises (but for keys given twice).  *longs = its long
 * whole numbers, in order.  depth: how deep it may be nested. */
const struct fail *json_scan(const struct json_long **longs, const char *text,
    size_t len, int depth);

#endif
