#ifndef SUTLER_TOKEN_H
#define SUTLER_TOKEN_H

#include <stdint.h>

#include "account.h"

/*
 * JSON Web Tokens (RFC 7519), HS512 alone.  A key per purpose is derived from
 * the master key, DATA/key, by HMAC-SHA-256 of the purpose's name.  Claims of
 * a user's: iss "Scalingo", iat, exp, uuid (account id), rnd (32 hex digits),
 * and ours: sub (account name), tid (id of the API token), and ren, when that
 * was renewed last (if it ever was).  An add-on's has
 * addon_uuid besides and another purpose, so it is no user's.
 * Source: Scalingo API, "Authentication"; "Get Addon Token".
 */
enum { TOKEN_SECONDS = 3600, TOKEN_KEY_SIZE = 32 };

/* Make DATA/key: 32 random bytes, mode 0600.  FAIL_CONFLICT: it exists. */
const struct fail *token_key_new(const char *data);

/* key = the key for purpose ("user token", "addon token", "session", …). */
const struct fail *token_key(unsigned char key[TOKEN_KEY_SIZE],
    const struct store *store, const char *purpose);

/* *out = claims as a token signed for purpose. */
const struct fail *token_sign(const char **out, const struct store *store,
    const char *purpose, const cJSON *claims);

/* *out = the claims of the token text, which was signed for purpose; no more
 * of them is checked.  FAIL_AUTH. */
const struct fail *token_verify(cJSON **out, const struct store *store,
    const char *purpose, const char *text);

/* A user's token for account a by its API token tid, from now (ms) on for one
 * hour; renewing the API token ends it. */
const struct fail *token_make(const char **out, const struct store *store,
    const struct account *a, const char *tid, int64_t now);

/* An add-on's token, by account a. */
const struct fail *token_make_addon(const char **out, const struct store *store,
    const struct account *a, const char *addon_id, int64_t now);

/* The account that the user's token text speaks for, and (where token is not
 * NULL) its API token; it is not expired, its API token still exists and the
 * account is the same one and enabled.  FAIL_AUTH otherwise, without saying
 * which. */
const struct fail *token_account(struct account **out,
    const struct account_token **token, struct store *store, const char *text,
    int64_t now);

#endif
