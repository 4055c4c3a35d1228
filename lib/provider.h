#ifndef SUTLER_PROVIDER_H
#define SUTLER_PROVIDER_H

#include "dialect.h"
#include "plan.h"
#include "store.h"

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
	bool test;                 /* use the manifest's test URLs */
	const char *client_secret; /* SHA-256 of the OAuth secret, or NULL */
	struct plan *plans;
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

/* The provider with that slug.  FAIL_MISSING "addon_provider". */
const struct fail *provider_load(struct provider **out, struct store *store,
    const char *slug);

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

/* Put p into the store under the caller's lock.  FAIL_CONFLICT: the slug, or
 * its user name, is taken. */
const struct fail *provider_put(struct store *store, const struct provider *p);

/*
 * Carry out an order: the dialect's question, sent within timeout seconds in
 * all, and the dialect's reading of the answer.  Never fails: out tells.
 */
void provider_order(struct outcome *out, const struct conf *conf,
    const struct order *order, long timeout);

/* The provider as clients read it (Scalingo API, "AddonProvider"): in full,
 * or the three fields that an add-on embeds. */
cJSON *provider_view(const struct provider *p, const struct conf *conf);
cJSON *provider_view_brief(const struct provider *p);

/* The category of that name as clients read it; its id is made of the name. */
cJSON *provider_category_view(const char *name, int position);

/* The provider's index rows: "user <name>". */
struct index_rows;
const struct fail *provider_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

#endif
