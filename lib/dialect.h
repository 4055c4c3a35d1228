#ifndef SUTLER_DIALECT_H
#define SUTLER_DIALECT_H

#include <stdint.h>

#include "fail.h"
#include "json.h"

/*
 * A dialect is how one family of providers is spoken with.  It is pure: it
 * opens no socket, reads no clock and no file, so that golden files test it.
 * An order (what we want) becomes an exchange (one HTTP question), which, once
 * answered, becomes an outcome (what came of it).
 *
 * A dialect is one file that ends in one const struct dialect; its row stands
 * in lib/dialect.c, its word in the Makefile.
 */
struct conf;
struct provider;

enum order_kind {
	ORDER_PROVISION,
	ORDER_CHANGE,
	ORDER_REMOVE,
	ORDER_SUSPEND,
	ORDER_RESUME
};

/* What we ask a provider for. */
struct order {
	enum order_kind kind;
	const struct provider *provider;
	const char *addon_id;      /* "ad-<uuid>" */
	const char *uuid;          /* the same without "ad-" */
	const char *resource;      /* the provider's own id, in plain text;
	                              NULL where none is known (provision) */
	const char *plan;          /* canonical name of the plan wanted */
	const cJSON *plan_options; /* of that plan in the manifest, or NULL */
	const cJSON *options;      /* the user's: object, or NULL */
	const char *app_id;        /* 24 hex digits */
	const char *app_name;
	const char *heroku_id; /* "app<number>@<host>" */
	const char *account;   /* name of the owner's account */
	const char *owner_email;
	const char *region; /* conf->region */
	const char *provider_region;
	const char *appfog_region;
	const char *public_url; /* for callback URLs */
	const char *request_id; /* of the request that asks for it, or NULL */

	/* what only some dialects tell; NULL: there is none */
	const char *user_id;          /* who orders: "us-<uuid>" */
	const char *name;             /* the resource's, unlike any other */
	const char *grant_code;       /* to be exchanged for a token, once */
	const char *grant_expires_at; /* ISO 8601 */
	const char *log_input_url;    /* where the app's log is taken in */
};

/* What holds besides where the server is the operator's own, as etcd is: http
 * and private addresses are allowed, a question and its answer may be of 4 MB
 * each, and these times replace the call's. */
struct exchange_own {
	const char *ca, *cert, *key; /* files of PEM, or NULL: the authority to
	                                believe in, and who we are */
	long timeout_ms, connect_ms;
};

/* One HTTP question and its answer. */
struct exchange {
	const char *method;
	const char *url;
	const char *user, *password; /* Basic credentials */
	const char *accept;          /* Accept header, or NULL for none */
	const char *headers[2];      /* further lines, "Name: value", or NULL */
	const char *request_id;      /* X-Request-Id, or NULL */
	const char *body;            /* JSON text, or NULL for no body */
	bool form;                   /* body is a form's (a browser's post) */
	bool inspect;                /* ask nothing: the answer is when each
	                                certificate of the chain expires, "Nov 26
	                                16:43:33 2027 GMT", one a line */
	const struct exchange_own *own; /* NULL for providers */
	/* the answer */
	int status;         /* 0: there was none */
	const char *answer; /* its body, NUL behind; never NULL */
	size_t answer_len;
	const char *trouble; /* status 0: why, a sentence for the log */
	bool sent;           /* status 0: the question may have arrived */
};

enum outcome_kind {
	OUTCOME_DONE,    /* it is so */
	OUTCOME_PENDING, /* accepted; a callback will follow */
	OUTCOME_REFUSED, /* the provider said no, and nothing happened there */
	OUTCOME_FAILED   /* down, slow or nonsense; it may have happened */
};

/* What came of an order. */
struct outcome {
	enum outcome_kind kind;
	cJSON *resource;           /* the id answered: string or whole number */
	struct json_var *config;   /* declared variables only */
	const char *message;       /* for the user, or NULL */
	const char *log_drain_url; /* or NULL */
	const char *reason;        /* REFUSED: for the user; FAILED: the log */
	const char *dropped;       /* undeclared names left out, or NULL */
	bool unsure; /* FAILED: it may have happened there all the same */
	int status;  /* of the answer; 0: there was none */
	const char *exchange; /* id of its transcript, or NULL; of both, with a
	                         blank between, where it was asked twice */
};

/* A signed entrance to a provider's dashboard. */
struct entrance {
	bool post;       /* a form to be posted by the browser, else a URL */
	const char *url; /* GET: complete, with its query */
	struct json_var *fields; /* POST: the form's fields in order */
};

/* Who enters. */
struct visitor {
	const char *email;
	const char *user_id; /* "us-<uuid>" */
};

/* One installation, as a list row and App Info show it. */
struct installation {
	const char *addon_id, *uuid;
	const cJSON *resource; /* as the provider answered it: text or number */
	const char *plan;      /* canonical name */
	const char *app_id, *app_name, *heroku_id;
	const char *ident; /* in its callback URL: provider_ident() */
	const char *account, *owner_email; /* NULL in a list row */
	const struct json_var *config;     /* NULL in a list row */
	const char *region, *provider_region, *appfog_region, *public_url;
	const char *provider;  /* slug */
	const char *apps_path; /* the dialect's */
};

/* The rules that a manifest breaks, or would better not. */
struct finding {
	struct finding *next;
	const char *path; /* JSON path: "api.config_vars[2]" */
	const char *text; /* what is wrong, and what would be right */
	bool warning;     /* taken all the same */
};

/* The API family whose paths, envelopes and errors a provider sees; NONE: it
 * has nothing to ask of us; manifests have a portal of their own. */
enum family { FAMILY_SCALINGO, FAMILY_HEROKU, FAMILY_PORTAL, FAMILY_NONE };

struct dialect {
	const char *name; /* "scalingo" */
	enum family family;

	/* May an undeclared variable be dropped from an answer (AppFog), or
	 * does it make the whole provision fail? */
	bool drops_undeclared;
	/* The code of a provider's attempt to set an undeclared variable. */
	enum fail_code undeclared;
	/* A change by the provider waits until the user binds again. */
	bool rebinds;
	/* Setting config ends the wait of an answer "not yet"; or of one to
	 * a change of plan alone. */
	bool config_ends_wait, config_ends_change;
	/* An answer "not yet" that nothing follows is taken for done. */
	bool patient;
	/* A removal answered 202 is finished by a call of the provider's. */
	bool removes_later;
	/* Add-ons are known to providers by our uuid: one whose own id never
	 * became known can be removed by it. */
	bool by_uuid;
	/* An order names no uuid: posted again it would be another one. */
	bool nameless;
	/* Providers are told of suspension and resumption. */
	bool suspends;
	/* Orders carry a grant, which is exchanged for the tokens that speak
	 * for the one installation. */
	bool grants;
	/* The path below which providers find their installations, whose list
	 * links to its other pages; NULL: nowhere. */
	const char *apps_path;
	/* The key of a plan's canonical name in the manifest's plans. */
	const char *plan_key;
	/* The key of an answer's variables; NULL: as dialect_hear() says. */
	const char *config_key;

	/* Is manifest of this dialect, by its shape?  Of several that claim it
	 * the last row counts, so that a variant stands behind its model. */
	bool (*claims)(const cJSON *manifest);
	/* Every rule that manifest breaks, in order; NULL: none.  allow_http:
	 * production URLs may do without TLS. */
	struct finding *(*check)(const cJSON *manifest, bool allow_http);
	/* Fill what the manifest says into p; the manifest has been checked. */
	void (*read)(struct provider *p, const cJSON *manifest);
	/* The question for an order. */
	void (*ask)(struct exchange *x, const struct order *order);
	/* What the answer in x means for it. */
	void (*hear)(struct outcome *out, const struct order *order,
	    const struct exchange *x);
	/* An entrance for visitor at unix time now (seconds); false where the
	 * provider has no dashboard (no sso_url or no salt). */
	bool (*sign)(struct entrance *out, const struct order *order,
	    const struct visitor *visitor, int64_t now);
	/* The installation as a row of the provider's list, and in full; NULL
	 * in FAMILY_NONE. */
	cJSON *(*row)(const struct installation *in);
	cJSON *(*info)(const struct installation *in);
};

/* One file each. */
extern const struct dialect dialect_scalingo;
extern const struct dialect dialect_heroku;
extern const struct dialect dialect_appfog;
extern const struct dialect dialect_heroku_v3;
extern const struct dialect dialect_clevercloud;
extern const struct dialect dialect_flynn;

/* The dialect called name, or NULL; and the names, for a message. */
const struct dialect *dialect_find(const char *name);
const char *dialect_names(void);

/* The dialect that manifest is written in: the last row that claims it; NULL:
 * no telling. */
const struct dialect *dialect_guess(const cJSON *manifest);

/* Helpers for dialects */

/* base, less one slash at its end, "/" and segment percent-encoded (RFC 3986
 * unreserved characters stay). */
const char *dialect_url(const char *base, const char *segment);

/* text percent-encoded as a query or form value. */
const char *dialect_escape(const char *text);

/* Lower-case hex SHA-1 of "id:salt:time". */
const char *dialect_token(const char *id, const char *salt, const char *time);

/* The question for order but for its body: method, credentials, and the URL,
 * in which unknown stands for a resource's id that never became known. */
void dialect_question(struct exchange *x, const struct order *order,
    const char *unknown);

/* Begin an entrance by form at the provider's sso_url; false where nobody can
 * enter: no URL, no salt, or no resource that became known. */
bool dialect_enter(struct entrance *out, const struct order *order);

/* Add a field to the form of an entrance. */
void dialect_add_field(struct entrance *out, const char *name,
    const char *value);

/* Where a provider reads the installation ident: below path ("/vendor/apps").
 */
const char *dialect_callback(const char *public_url, const char *path,
    const char *ident);

/* The plan's options with the user's laid over them, {} where there are none.
 * as_text: every value becomes a string, null is left out. */
cJSON *dialect_options(const struct order *order, bool as_text);

/* The sentence of an answer whose body is JSON with a "message" or "error",
 * cleaned for display (one line, at most DIALECT_SENTENCE_MAX bytes); NULL
 * where it has none. */
enum { DIALECT_SENTENCE_MAX = 1000 };
const char *dialect_sentence(const struct exchange *x);

/* Add a finding about the place path. */
void dialect_find_fault(struct finding **list, bool warning, const char *path,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The variables in a provider's answer, whatever they are, or NULL: under d's
 * config_key, else "config", else an object "config_vars". */
const cJSON *dialect_config(const struct dialect *d, const cJSON *answer);

/*
 * What all dialects hear alike.  Reads x->answer as JSON where it is: the
 * variables, "message", "log_drain_url" and, for a provision, "id".
 * 2xx, but of a provision 200 and 201 alone: DONE; 202: PENDING (a removal
 * where d->removes_later, else DONE).  422
 * and other 4xx but 401, 403, 404, 408 and 429: REFUSED with the provider's
 * sentence ("message" or "error" of a JSON body; plain text where plain is
 * true, and then 403 and 404 refuse a plan change too).  All else, answers
 * that cannot be read, an id that is no string or whole number, longer than
 * 255 bytes or empty, names or values that break the rules of config names,
 * and (where the dialect does not drop them) undeclared names: FAILED; the id
 * is told all the same where it could be read.  A removal: 404 and 410 are
 * DONE.  A plan change answered by something that is no JSON is DONE in the
 * Heroku family.  out->unsure tells whether a failed order may have been
 * carried out (Open Service Broker API, "Orphan Mitigation").
 */
void dialect_hear(struct outcome *out, const struct dialect *d,
    const struct order *order, const struct exchange *x, bool plain);

/*
 * True where name may be set by a provider: letters, digits and underscore,
 * starting with a letter, at most CONFIG_NAME_MAX characters, and none of
 * those that would take over a process (PATH, HOME, IFS, LD_*, …).
 */
enum { CONFIG_NAME_MAX = 64, CONFIG_VALUE_MAX = 32768 };
bool dialect_name_allowed(const char *name);

#endif
