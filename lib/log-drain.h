#ifndef SUTLER_LOG_DRAIN_H
#define SUTLER_LOG_DRAIN_H

#include "app.h"

/*
 * Places that logs are sent to.  An add-on has two lists: log_drains, which its
 * provider adds for the app's log (Heroku, "Log Drain"), and owner_drains,
 * which the app's people add for the add-on's own log (Scalingo, "Log
 * drains").  sutler keeps them, and tells who asks; it carries no logs.
 */
enum { LOG_DRAINS_MAX = 10, LOG_DRAIN_URL_MAX = 2000 };

/* FAIL_INVALID "url" where url is none that a log can be sent to. */
const struct fail *log_drain_check(const char *url);

/* A new one at the end of list.  FAIL_INVALID: there are LOG_DRAINS_MAX, or
 * one to that url. */
const struct fail *log_drain_add(struct log_drain **out,
    struct log_drain **list, const char *url);

/* Take the one with that id, token or url out of list.  FAIL_MISSING "log
 * drain". */
const struct fail *log_drain_remove(struct log_drain **out,
    struct log_drain **list, const char *ident);

/* True where ident is id, token or url of d. */
bool log_drain_is(const struct log_drain *d, const char *ident);

#endif
