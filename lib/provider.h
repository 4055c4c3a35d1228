#ifndef SUTLER_PROVIDER_H
#define SUTLER_PROVIDER_H

#include "dialect.h"
#include "plan.h"
#include "store.h"

/* A manifest that a provider has or had. */
struct provider_manifest {
	struct provider_manifest *next;
	const char *id; /* uuid */
	const char *created_at;
	const char *revision; /* of the record that held it last; NULL: the
	                         present one does */
};

/* How many a record lists; older ones are in git alone. */
enum { PROVIDER_MANIFESTS_MAX = 100 };

/*
 * A provider's record, providers/<slug>.json: its manifest as given, and what
 * the platform adds.  The lower half is read out of the manifest by the
 * dialect at load.
 */
struct provider {
	const char *slug; /* [a-z0-9][a-z0-9_-]* */
	const char *dialect_name;
	const char *category; /* "Databases"; never NULL */
	const char *created_at;
	bool test;              /* use the manifest's test URLs */
	const char *owner;      /* account that may change it, or NULL */
	const char *visibility; /* "private", "closed"; NULL: public */
	cJSON *accounts;        /* private: names of those who see it */
	const char *old_password, *old_until; /* valid until then, or NULL */
	const char *client_secret; /* SHA-256 of the OAuth secret, or NULL */
	struct plan *plans;
	struct provider_manifest *manifests; /* oldest first */
	cJSON *manifest;

	const struct dialect *dialect;
	const char *name; /* for people */
	const char *user, *password;
	const char *sso_salt;           /* or NULL */
	const char *base_url, *sso_url; /* sso_url or NULL */
	bool sso_get;                   /* Heroku v1 with a plain root URL */
	bool log_drain;
	bool many_per_app;
	bool attachable;         /* to several apps */
	const char *vars_prefix; /* of config_vars, without "_" */
	bool plan_updateable;
	const cJSON *config_vars; /* array of strings */
	const char *logo_url, *short_description, *description; /* never NULL */
	const char *provider_name, *provider_url;               /* never NULL */
};

/* True where slug may name a provider. */
enum { PROVIDER_SLUG_MAX = 64 };
bool provider_slug_allowed(const char *slug);

/* Fill the lower half of p, whose dialect and manifest are there, and whose
 * slug may be. */
void provider_read(struct provider *p);

/* True where the manifest declares the variable name. */
bool provider_declares(const struct provider *p, const char *name);

/* The name by which a callback URL of p's means one installation: heroku_id,
 * which is the app's, or uuid where an app may have several.  Source: Heroku,
 * "Add-on Manifest" (many_per_app). */
const char *provider_ident(const struct provider *p, const char *heroku_id,
    const char *uuid);

/* The provider with that slug.  FAIL_MISSING "addon_provider". */
const struct fail *provider_load(struct provider **out, struct store *store,
    const char *slug);

/* The same where it is sold to the account called account (NULL: somebody);
 * else FAIL_MISSING, as if there were none. */
const struct fail *provider_load_sold(struct provider **out,
    struct store *store, const char *slug, const char *account);

/* True where p is sold to the account called account (NULL: somebody). */
bool provider_sold_to(const struct provider *p, const char *account);

/* The provider whose Basic user name is user; FAIL_MISSING. */
const struct fail *provider_load_user(struct provider **out,
    struct store *store, const char *user);

/* All providers, by slug. */
const struct fail *provider_list(struct provider ***out, size_t *count,
    struct store *store);

/*
 * A new provider from its manifest; nothing is written.  dialect NULL: told by
 * its shape.  slug NULL: made of the manifest's id or name.  findings gets all
 * rules that are broken; with one that is no warning the answer is
 * FAIL_INVALID.
 */
const struct fail *provider_new(struct provider **out,
    struct finding **findings, const cJSON *manifest, const char *dialect,
    const char *slug, const char *category, bool allow_http, bool test);

/*
 * Provider p under another manifest; p stays as it is, nothing is written.
 * Plans keep their ids, see plan_merge(); a manifest without "plans" leaves
 * them as they are.  Another password leaves the old one valid for keep
 * milliseconds.  findings, FAIL_INVALID as above; a member "$base" is dropped.
 */
const struct fail *provider_renew(struct provider **out,
    struct finding **findings, const struct provider *p, const cJSON *manifest,
    bool allow_http, int64_t keep);

/* The same for its manifest with another password; of the dialect's rules only
 * the password's count. */
const struct fail *provider_new_password(struct provider **out,
    const struct provider *p, const char *password, int64_t keep);

/* The password before the last change while it is still valid at now
 * (milliseconds), or NULL. */
const char *provider_old_password(const struct provider *p, int64_t now);

/* Put p into the store under the caller's lock.  FAIL_CONFLICT: the slug, or
 * its user name, is taken. */
const struct fail *provider_put(struct store *store, const struct provider *p);

/* Put p in the place of the record with its slug, under the caller's lock; a
 * manifest that differs is noted in p->manifests.  FAIL_MISSING;
 * FAIL_CONFLICT: its user name is taken. */
const struct fail *provider_put_again(struct store *store, struct provider *p);

/* *out = the manifest that m stands for, with its secrets. */
const struct fail *provider_past(cJSON **out, struct store *store,
    const struct provider *p, const struct provider_manifest *m);

/* A manifest's entry, with a fresh id. */
struct provider_manifest *provider_manifest_new(const char *created_at);

/* Open the secrets of a manifest out of the record of provider slug. */
const struct fail *provider_open(cJSON *manifest, const char *slug);

/*
 * Carry out an order: the dialect's question, sent within timeout seconds in
 * all, and the dialect's reading of the answer; a transcript is kept.  Where
 * the provider answers 401 while its old password is valid, it is asked once
 * more with that one. Never fails: out tells.
 */
void provider_order(struct outcome *out, const struct conf *conf,
    const struct order *order, long timeout);

/* The provider as clients read it (Scalingo API, "AddonProvider"): in full,
 * or the three fields that an add-on embeds. */
cJSON *provider_view(const struct provider *p, const struct conf *conf);
cJSON *provider_view_brief(const struct provider *p);

/* The category of that name as clients read it; its id is made of the name. */
cJSON *provider_category_view(const char *name, int position);

/* *out = record, written again.  lib/record.h */
const struct fail *provider_again(cJSON **out,
    const struct store_record *record);

/* The provider's index rows: "user <name>". */
struct index_rows;
const struct fail *provider_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

#endif
