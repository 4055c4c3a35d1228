#ifndef SUTLER_MANIFEST_HEROKU_H
#define SUTLER_MANIFEST_HEROKU_H

#include "manifest.h"

/*
 * Every rule that a Heroku manifest breaks, as a dialect's check(), of version
 * 3 or (third false) 1.  Errors are what its portal or kensa refuses; where
 * the documents advise, disagree or are out of date (names of regions), a
 * warning.
 * Source: the manifest articles of 2013 to 2026, kensa, the portal's plugin.
 */
struct finding *manifest_heroku(const cJSON *manifest, bool allow_http,
    bool third);

/* What a near relative's manifest breaks of the count rules of its dialect,
 * and of those that all share: the URLs within api.production and api.test,
 * names of variables, plans, no user name. */
struct finding *manifest_heroku_like(const struct manifest_rule *own,
    size_t count, const cJSON *manifest, bool allow_http);

/* Of a manifest's id, which is the user name as well. */
extern const struct manifest_type manifest_heroku_id;

/* The prefix of its variables' names; "" where the id is none. */
const char *manifest_heroku_prefix(const cJSON *manifest);

#endif
