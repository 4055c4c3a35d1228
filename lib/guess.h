#ifndef SUTLER_GUESS_H
#define SUTLER_GUESS_H

#include <stdint.h>

#include "conf.h"

struct fail;

/*
 * Failed logins slow down: a table (lib/table.h) of who, how much he owes, and
 * until when he has to wait.  Where it cannot be kept, nobody is refused.
 * Nothing is written for a login that succeeds.
 *
 * A failure counts against the address (an IPv6 one by its /64), against the
 * name that was given, whether there is one like it or not, and is paid off in
 * a minute.  Whoever owes more than conf->login_failures waits, for 1, 2, 4, …
 * GUESS_WAIT_MAX seconds, and is not even looked at before.
 *
 * The debt of a name binds only addresses that have failed on it themselves:
 * while it is deep they wait from their first failure on, so that many
 * addresses have one guess each; others are looked at as ever, and nobody can
 * lock an account or a provider out by failing in its name.  All of this
 * machine is one address that has no debt of its own, only its names': a proxy
 * that conf->trusted_proxy does not name may stand there.
 *
 * Some that ask at the same moment are all looked at.
 */
enum { GUESS_WAIT_MAX = 64 };

/* Open the table, or make it, while the process still may (lib/fence.h). */
void guess_ready(const struct conf *conf);

/* Who says it is name (NULL: says no name) may try.  FAIL_RATE, which says
 * after how many seconds to come again: not yet, at now (ms since 1970).
 * Source: RFC 6585; OWASP, "Blocking Brute Force Attacks". */
const struct fail *guess_check(const struct conf *conf, const char *name,
    int64_t now);

/* Note that it failed. */
void guess_failed(const struct conf *conf, const char *name, int64_t now);

#endif
