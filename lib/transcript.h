#ifndef SUTLER_TRANSCRIPT_H
#define SUTLER_TRANSCRIPT_H

#include "conf.h"
#include "dialect.h"

/*
 * Transcripts: what was asked of a provider, and what it answered, secrets
 * masked; one file each, DATA/state/transcripts/<day>/<id>.json, kept for
 * conf->transcript_days days and never flushed.  The commit that an exchange
 * caused names its id in a trailer "Exchange:".
 *
 *	id	 "20260102-5d41402abc4b2a76": the day (UTC), and 16 hex digits
 *	at, ms	 when it began, how long it took
 *	order, provider, app_id, app_name, addon_id
 *	request_id, method, url, user, status, trouble
 *	question, answer  the bodies: JSON as JSON, all else as a text
 *	outcome, message  what it was taken for: "done", "pending", "refused",
 *		 "failed", and why
 */
enum { TRANSCRIPT_BODY_MAX = 32 << 10 }; /* bytes that are kept of a body */

/* Keep x, which began at (ms since 1970), took ms, and came to out; the id, or
 * NULL: none is kept, or it could not be written (a line on stderr says so). */
const char *transcript_keep(const struct conf *conf, const struct order *order,
    const struct exchange *x, const struct outcome *out, int64_t at,
    int64_t ms);

/* True where text has the shape of an id. */
bool transcript_is_id(const char *text);

/* The transcript with that id; *out NULL: there is none (any more). */
const struct fail *transcript_load(cJSON **out, const struct conf *conf,
    const char *id);

/* Remove those whose days are over. */
const struct fail *transcript_sweep(const struct conf *conf);

/*
 * Masking: "***" stands for every value below a key that holds variables
 * (config, env, credentials, …), under a key that sounds like a secret
 * (password, token, salt, …) or is a variable that p declares; for userinfo
 * and query of a URL; and, wherever else it stands, for what was masked so, p's
 * password and its salt.  Names stay.
 */
struct provider;
struct transcript_mask {
	const struct provider *p;
	const char **secrets; /* found so far */
	size_t count, room;
};

struct transcript_mask transcript_mask_new(const struct provider *p);

/* The len bytes at body as JSON with its values masked, else as a text; NULL:
 * no bytes.  Texts are to be scrubbed once all bodies have been read. */
cJSON *transcript_mask_body(struct transcript_mask *m, const char *body,
    size_t len);

/* item, with what was found masked in all of its texts. */
cJSON *transcript_scrub(const struct transcript_mask *m, cJSON *item);

#endif
