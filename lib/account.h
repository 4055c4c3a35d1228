#ifndef SUTLER_ACCOUNT_H
#define SUTLER_ACCOUNT_H

#include <stdbool.h>

#include "event.h"
#include "json.h"

enum {
	ACCOUNT_NAME_MAX = 64,       /* characters */
	ACCOUNT_EMAIL_MAX = 254,     /* bytes (RFC 5321) */
	ACCOUNT_TOKENS_MAX = 100,    /* API tokens that a user may have */
	ACCOUNT_TOKEN_NAME_MAX = 255 /* bytes */
};

/* What every API token begins with. */
#define ACCOUNT_TOKEN_PREFIX "tk-us-"

/* An API token of an account; the token itself is shown once and not kept. */
struct account_token {
	struct account_token *next;
	const char *id;   /* uuid */
	const char *name; /* the user's word for it */
	const char *hash; /* SHA-256 of the token, hex */
	const char *created_at;
	const char *renewed_at; /* or NULL: it is the first secret */
};

/* An account's record, accounts/hh/hh/<name>.json. */
struct account {
	const char *id;   /* "us-<uuid>" */
	const char *name; /* [a-z0-9][a-z0-9_.-]*, at most 64 */
	const char *email;
	bool paying;   /* has a payment method */
	bool disabled; /* may do nothing, at once */
	bool operator; /* may push any provider's manifest */
	const char *notify_url, *notify_secret; /* see lib/notify.h; or NULL */
	cJSON *quota; /* see lib/quota.h; or NULL: the configuration's */
	const char *created_at;
	struct account_token *tokens;
};

/* True where email is a plain address: no control characters, '<', '>' or
 * spaces. */
bool account_email_allowed(const char *email);

/* A new account, with no token yet.  FAIL_INVALID: name or email breaks the
 * rules (no control characters, '<', '>' or spaces in an e-mail address). */
const struct fail *account_new(struct account **out, const char *name,
    const char *email, bool paying);

/* The account called name; FAIL_MISSING "account". */
const struct fail *account_load(struct account **out, struct store *store,
    const char *name);

/* The account, enabled or not, that has the API token text; *token (may be
 * NULL) is which of its tokens.  FAIL_AUTH: there is none. */
const struct fail *account_load_token(struct account **out,
    const struct account_token **token, struct store *store, const char *text);

/* A new API token for a, called name: "tk-us-" and 48 URL-safe characters.
 * Only its SHA-256 stays. */
const char *account_token_add(struct account *a, const char *name);

/* A new secret for t; the one before, and what was exchanged for it, is void.
 */
const char *account_token_renew(struct account_token *t);

/* The token of a with that id, or NULL. */
struct account_token *account_token_find(const struct account *a,
    const char *id);

/* Take the token of a with that id out; false where there is none. */
bool account_token_remove(struct account *a, const char *id);

/* Put a into the store, under the caller's lock. */
void account_put(struct store *store, const struct account *a);

/* All accounts, one call of visit each; nothing that it allocates outlives
 * it. */
typedef const struct fail *account_visit(void *arg, const struct account *a);
const struct fail *account_walk(struct store *store, account_visit *visit,
    void *arg);

/* The revision of a: the blob id of its record. */
const char *account_revision(const struct account *a);

/* The account as its owner reads it.  Source: Scalingo API, "Users". */
cJSON *account_view(const struct account *a);

/* *out = record, written again.  lib/record.h */
struct store_record;
const struct fail *account_again(cJSON **out,
    const struct store_record *record);

/* Index rows: "token <sha256>" to the account's name. */
const struct fail *account_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

#endif
