#ifndef SUTLER_RATE_H
#define SUTLER_RATE_H

#include <stdint.h>

#include "conf.h"

struct fail;

/*
 * How often somebody asked in the current minute, without a daemon: DATA/state/
 * rate is a table of who, minute and count, a part of it locked while it is
 * counted in, never flushed, never grown.  Where it cannot be kept (the disk
 * is full), and where more than RATE_NEIGHBOURS who share a part ask in one
 * minute, nobody is refused.
 */
enum { RATE_NEIGHBOURS = 16 };

/* Open the table, or make it, while the process still may (lib/fence.h). */
void rate_ready(const struct conf *conf);

/* Count a request of who at now (ms since 1970).  FAIL_RATE, which says after
 * how many seconds to come again: that is more than conf->rate_limit (0: no
 * limit) in its minute.  Source: Scalingo API, "Rate limiting"; RFC 6585. */
const struct fail *rate_count(const struct conf *conf, const char *who,
    int64_t now);

#endif
