#ifndef SUTLER_RATE_H
#define SUTLER_RATE_H

#include <stdint.h>

#include "conf.h"

struct fail;

/*
 * How often somebody asked in the current minute, counted in a table (lib/
 * table.h).  Where it cannot be kept (the disk is full), and where more than
 * TABLE_NEIGHBOURS who share a part of it ask in one minute, nobody is refused.
 */

/* Open the table, or make it, while the process still may (lib/fence.h). */
void rate_ready(const struct conf *conf);

/* Count a request of who at now (ms since 1970).  FAIL_RATE, which says after
 * how many seconds to come again: that is more than conf->rate_limit (0: no
 * limit) in its minute.  Source: Scalingo API, "Rate limiting"; RFC 6585. */
const struct fail *rate_count(const struct conf *conf, const char *who,
    int64_t now);

#endif
