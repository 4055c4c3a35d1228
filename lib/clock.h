#ifndef SUTLER_CLOCK_H
#define SUTLER_CLOCK_H

#include <stdint.h>

/* Times are milliseconds since 1970-01-01T00:00:00Z; texts are RFC 3339 in
 * UTC with three decimals, "2026-01-02T03:04:05.678Z", and sort as they are. */
int64_t clock_now(void);
const char *clock_text(int64_t ms);

/* The milliseconds of such a text, or -1. */
int64_t clock_parse(const char *text);

/* The same of what people write: decimals may be missing ("…T03:04:05Z"), and
 * the time of day ("2026-01-02": its first millisecond). */
int64_t clock_parse_loose(const char *text);

#endif
