#ifndef SUTLER_MANIFEST_H
#define SUTLER_MANIFEST_H

#include "dialect.h"

/*
 * The rules of manifests: what the dialects' checks share.  A dialect states
 * its rules as a table; a rule about a member of something that is missing or
 * no object is passed over, since the rule about that thing tells.
 */
enum manifest_need {
	MANIFEST_MUST,    /* there, and fitting */
	MANIFEST_MAY,     /* fitting where it is there; null is as missing */
	MANIFEST_BETTER,  /* a warning where it is there and does not fit */
	MANIFEST_ADVISED, /* as MAY, with a warning where it is missing */
	MANIFEST_UNKNOWN, /* a warning where it is there */
	MANIFEST_NEVER    /* an error where it is there */
};

/* What a value may be asked to be; want completes "must be …" and "should be
 * …", or is the whole sentence of a MANIFEST_UNKNOWN
 * or MANIFEST_NEVER. */
struct manifest_type {
	bool (*fits)(const cJSON *item); /* NULL: anything does */
	const char *want;
};

struct manifest_rule {
	const char *path; /* "api.production.base_url"; "api.regions[]": each
	                     element of that array */
	enum manifest_need need;
	const struct manifest_type *type;
};

/* Add to list what object breaks of the count rules; prefix (or "") stands
 * before their paths.  allow_http: manifest_https lets http pass. */
void manifest_check(struct finding **list, const cJSON *object,
    const char *prefix, const struct manifest_rule *rules, size_t count,
    bool allow_http);

/* Add to list what is wrong with the names of config variables at path. */
void manifest_check_vars(struct finding **list, const char *path,
    const cJSON *vars);

/* Add to list what the manifest's "plans" break of the count rules for one
 * plan; the text under key must differ from plan to plan. */
void manifest_check_plans(struct finding **list, const cJSON *plans,
    const char *key, const struct manifest_rule *rules, size_t count);

/* The rules for one plan of a dialect that has none of its own. */
enum { MANIFEST_PLAN_RULES = 6 };
extern const struct manifest_rule manifest_plan_rules[MANIFEST_PLAN_RULES];

/* The member of object at a dotted path, or NULL: none, or null. */
const cJSON *manifest_get(const cJSON *object, const char *path);

/* True where item is a text of the characters in set alone, or no text: what
 * that is, another rule tells. */
bool manifest_made_of(const cJSON *item, const char *set);

/* True where one of the count words is item's text, or it is no text. */
bool manifest_one_of(const cJSON *item, const char *const *words, size_t count);

/* The types that dialects share.  A text is a string that is not blank, a word
 * one without control characters, a user one without ":" as well (RFC 7617);
 * a full list has an element, names are texts, options an object of strings;
 * a url is http or https, a logo such a URL, one that begins with "//", or "";
 * unread is for MANIFEST_UNKNOWN. */
extern const struct manifest_type manifest_string, manifest_text, manifest_word,
    manifest_user, manifest_bool, manifest_object, manifest_list,
    manifest_full_list, manifest_names, manifest_number, manifest_price,
    manifest_options, manifest_units, manifest_url, manifest_https,
    manifest_logo, manifest_unread;

#endif
