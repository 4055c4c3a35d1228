#ifndef SUTLER_RATE_H
#define SUTLER_RATE_H

#include <stdint.h>

#include "conf.h"

struct fail;

/*
 * How often somebody asked in the current minute, without a daemon: DATA/state/
 * rate is a table of words in shared memory (tag, minute and count in 64 bits),
 * counted in place by compare-and-swap, never flushed, never grown.  Where it
 * cannot be kept, and where more than RATE_NEIGHBOURS who share a place ask in
 * one minute, nobody is refused.
 */
enum { RATE_NEIGHBOURS = 16, RATE_MAX = 60000 };

/* Count a request of who at now (ms since 1970).  FAIL_RATE, which says after
 * how many seconds to come again: that is more than conf->rate_limit (0: no
 * limit) in its minute.  Source: Scalingo API, "Rate limiting"; RFC 6585. */
const struct fail *rate_count(const struct conf *conf, const char *who,
    int64_t now);

#endif
