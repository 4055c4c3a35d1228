#ifndef SUTLER_DIALECT_HEROKU_H
#define SUTLER_DIALECT_HEROKU_H

#include "manifest-heroku.h"

/*
 * What the versions of Heroku's add-on API, and its near relatives, have in
 * common.  Members of struct dialect, or parts of them.
 */

/* True where the manifest's api.requires names feature. */
bool heroku_requires(const cJSON *manifest, const char *feature);

/* Fill p; its URLs as api.production (or api.test), an object, has them. */
void heroku_read(struct provider *p, const cJSON *manifest);

/* As dialect_hear(), with the message of a 503 for the user. */
void heroku_hear(struct outcome *out, const struct order *order,
    const struct exchange *x);

/* The form with the fields of all versions at once; where p->sso_get, the URL
 * of version 1. */
bool heroku_sign(struct entrance *out, const struct order *order,
    const struct visitor *visitor, int64_t now);

/* As GET /vendor/apps and GET /vendor/apps/:ident have it. */
cJSON *heroku_row(const struct installation *in);
cJSON *heroku_info(const struct installation *in);

#endif
