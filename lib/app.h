#ifndef SUTLER_APP_H
#define SUTLER_APP_H

#include "dialect.h"
#include "event.h"
#include "json.h"

/*
 * An app's record, apps/hh/hh/<name>.json: the app, its variables and its
 * add-ons, all in one file.
 */
struct app {
	const char *id;    /* 24 hex digits */
	const char *name;  /* 2 to 48 of [a-z0-9-] */
	const char *owner; /* name of the account */
	const char *created_at, *updated_at;
	struct json_var *variables;     /* the owner's */
	struct addon *addons;           /* in the order they were bought */
	struct attachment *attachments; /* of other apps' add-ons */
	struct app_request *requests; /* those that count once, oldest first */
	struct collaborator *collaborators; /* in the order of invitation */
	bool force_https, sticky_session, router_logs;

	const char *revision; /* of the record that was read */
	enum role role;       /* of who asked for it */
};

/* Somebody who may work on the app.  lib/collaborator.h */
struct collaborator {
	struct collaborator *next;
	const char *id;      /* 24 hex digits */
	const char *email;   /* as invited, then the account's */
	const char *account; /* its name, or NULL: still invited */
	const char *inviter; /* name of an account, or NULL: the operator */
	bool limited;
	const char *created_at;
};

/* Another app's add-on, whose variables this app has too.  lib/attachment.h */
struct attachment {
	struct attachment *next;
	const char *id;    /* uuid */
	const char *addon; /* "ad-<uuid>" */
	const char *app;   /* id of the app whose add-on it is */
	const char *name;  /* prefix of its variables' names here */
	const char *created_at;
};

/* Where an app's log is to be sent, at its add-on provider's wish. */
struct log_drain {
	struct log_drain *next;
	const char *id;    /* uuid */
	const char *url;   /* https://, syslog:// or syslog+tls:// */
	const char *token; /* "d.<uuid>": which log it is */
	const char *created_at, *updated_at;
};

/* An add-on of an app: one installation of a provider's plan. */
struct addon {
	struct addon *next;
	const char *id;       /* "ad-<uuid>" */
	const char *provider; /* slug */
	const char *plan_id;
	const char *plan; /* canonical name */
	double price;     /* per 30 days, as it was when bought */
	const char *currency;
	cJSON *units;        /* metered ones, as they were then, or NULL */
	const char *status;  /* "provisioning", "running", "suspended" */
	const char *verdict; /* "ready", "failed": the provider's own, before
	                        its answer to the order came; or NULL */
	const char *grant, *grant_until; /* SHA-256 of an OAuth code, or NULL */
	cJSON *resource; /* the provider's id, or NULL while there is none */
	double place;    /* among the provider's installations; 0: none yet */
	const char *provisioned_at, *updated_at;
	const char *log_drain_url;      /* of its own drain, or NULL */
	struct log_drain *log_drains;   /* others, oldest first */
	struct log_drain *owner_drains; /* for its own log; lib/log-drain.h */
	cJSON *options;                 /* the user's, or NULL */
	const char *wanted_plan;        /* id of the plan a change asked for */
	struct json_var *config;        /* what the provider set */
	const char *prefix; /* of its variables' names, or NULL: as declared */
	cJSON *attached;    /* ids of the other apps that have it, or NULL */
	struct json_var *rebind; /* set, but in force once bound again */
	struct webhook *webhooks;
};

/* Where a provider wants to be told of what happens; lib/webhook.h. */
struct webhook {
	struct webhook *next;
	const char *id; /* uuid */
	const char *url;
	cJSON *include;            /* names of what it is told of */
	const char *level;         /* "notify", "sync" */
	const char *authorization; /* header of each call, or NULL */
	const char *secret;        /* that they are signed with */
	const char *created_at, *updated_at;
};

/* A request that is known by its Idempotency-Key (lib/once.h). */
struct app_request {
	struct app_request *next;
	const char *key, *content; /* hashes */
	const char *addon_id;      /* what it is about */
	const char *made_at;
	bool done;           /* it has been answered */
	const char *message; /* of the answer, or NULL */
};

enum {
	APP_NAME_MIN = 2,
	APP_NAME_MAX = 48,
	APP_NUMBER_DIGITS = 13 /* of the id, hex: 52 bits */
};

bool app_is_id(const char *text);

/* FAIL_INVALID where name is none that an app may have, in the words of the
 * Scalingo API. */
const struct fail *app_check_name(const char *name);

/* The app in record, which stood at path; FAIL_BUSY: it is not valid.  And the
 * record of app. */
const struct fail *app_read(struct app **out, const char *path,
    const cJSON *record);
cJSON *app_write(const struct app *app);

/* A new app; FAIL_INVALID: the name breaks a rule. */
const struct fail *app_new(struct app **out, const char *name,
    const char *owner);

/* What the account called name is to app. */
enum role app_role(const struct app *app, const char *name);

/* The app called or identified by ident, if act may see it: an account sees
 * those that it has a role in, the operator all.  FAIL_MISSING "app";
 * FAIL_FORBIDDEN: the role is less than act->need. */
const struct fail *app_load(struct app **out, const struct act *act,
    const char *ident);

/* The same under the writers' lock, which is taken; act->if_match is checked
 * (FAIL_STALE).  On failure the lock is given back. */
const struct fail *app_edit(struct app **out, const struct act *act,
    const char *ident);

/* *out = the account that owns app: act's own, where it is that. */
struct account;
const struct fail *app_owner(struct account **out, const struct act *act,
    const struct app *app);

/* The revision of an add-on: the SHA-1 of its own object in the record. */
const char *app_addon_revision(const struct addon *addon);

/* As app_edit(), for one of its add-ons, whose revision act->if_match is
 * then.  FAIL_MISSING "addon". */
const struct fail *app_edit_addon(struct app **out, struct addon **addon,
    const struct act *act, const char *ident, const char *id);

/* Put app into the store and commit, as the change set e. */
const struct fail *app_save(const struct act *act, struct app *app,
    struct event *e);

/* e concerns app, and those that listen there are told of it. */
void app_event(struct event *e, const struct app *app);

/* Put it, for a commit of several records. */
void app_put(struct store *store, struct app *app);
void app_put_gone(struct store *store, const struct app *app);

/* "app<number>@<host>", the number made of the app's id. */
const char *app_heroku_id(const struct conf *conf, const char *app_id);

/* Id of the variable called name: made of the app's id and the name. */
const char *app_variable_id(const struct app *app, const char *name);

/* The add-on with that id, or NULL. */
struct addon *app_addon(const struct app *app, const char *id);

/* FAIL_INVALID where name or value is none that an owner may set. */
const struct fail *app_check_variable(const struct fail *so_far,
    const char *name, const char *value);

/* There is one stack, and one project for each owner. */
#define APP_STACK_ID "st-00000000-0000-4000-8000-000000000001"
#define APP_PROJECT "default"
const char *app_project_id(const struct account *owner);

/* The app and one of its variables as clients read them; owner is the
 * account that owns it.  A value is null for who may not see it.  Source:
 * Scalingo API, "Apps", "Environment". */
cJSON *app_view(const struct app *app, const struct conf *conf,
    const struct account *owner);
cJSON *app_variable_view(const struct app *app, const struct json_var *var,
    const struct addon *addon);

/* Index rows: "app <id>", "heroku <number>", "addon <id>", "resource <slug>
 * <sha1>", "request <key>", "invitation <id>", list "account/<name>" of those
 * with a role, place "provider/<slug>", log <id>. */
const struct fail *app_rows(struct index_rows *rows, const char *path,
    const cJSON *record);

#endif
