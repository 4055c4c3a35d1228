#ifndef SUTLER_ORIGIN_H
#define SUTLER_ORIGIN_H

#include <stdbool.h>

#include "conf.h"

struct fail;

/*
 * Which page a browser's request comes from.  A browser sends the cookie
 * whoever makes it ask; what other pages cannot do is send JSON without asking
 * us first, and we allow nobody.  No Access-Control-* is ever sent.
 */

/* True where the browser says that another site's page asks. */
bool origin_is_foreign(void);

/* No browser says that another site's page asks for this change.  Enough for
 * Basic credentials, which clients send, and a browser that has been told them
 * once, whoever makes it ask.  FAIL_FORBIDDEN. */
const struct fail *origin_check_page(const struct conf *conf);

/*
 * The request's change comes from a page of ours: its Content-Type is JSON's,
 * and what the server passes of Origin and Sec-Fetch-Site speaks for the
 * origin of conf's public_url or of the request's own host.  FAIL_FORBIDDEN.
 * Sources: RFC 6454, section 7; Fetch Standard, "CORS-safelisted
 * request-header"; W3C Fetch Metadata.
 */
const struct fail *origin_check(const struct conf *conf);

#endif
