#ifndef SUTLER_PROBE_H
#define SUTLER_PROBE_H

#include "provider.h"

/*
 * A probe plays the platform against a provider and judges what it answers,
 * rule by rule.  It knows no dialect: questions, readings and entrances are
 * the dialect's.  What it makes there it also removes.
 *
 * A provider that answers "not yet" is waited for on a port of 127.0.0.1,
 * which the order's callback URL names; there the probe answers as the
 * platform would.
 */
enum probe_result { PROBE_PASS, PROBE_WARN, PROBE_FAIL, PROBE_SKIP };

enum {
	PROBE_SLOW_MS = 3000,     /* answers above are warned of */
	PROBE_STALE_SECONDS = 360 /* age of an entrance that is too old */
};

/* One exchange with the provider, as it went. */
struct probe_call {
	struct probe_call *next;
	const char *guise; /* whose credentials: "a wrong password" */
	struct exchange x;
	struct outcome outcome; /* the dialect's reading; not of entrances */
	long ms;                /* from the question to the answer */
	bool late;              /* there was none within the timeout */
};

/* What came of a rule; texts hold no secret. */
struct probe_verdict {
	enum probe_result result;
	const char *text;              /* what was seen */
	const struct probe_call *call; /* that shows it, or NULL */
	const struct probe_call *than; /* the one it differs from, or NULL */
};

struct probe;

/* Judge the call; NULL: of a rule that looks at no call, or at all. */
typedef void probe_judgement(struct probe_verdict *v, struct probe *p,
    const struct probe_call *call);

struct probe_rule {
	const char *name;    /* stable: "sso-stale" */
	const char *promise; /* what a provider does */
	const char *source;  /* where that stands */
	int step;            /* the call that it looks at, or 0 */
	probe_judgement *judge;
};

/* All rules, in the order in which they are tried. */
extern const struct probe_rule probe_rules[];
extern const size_t probe_rules_count;

/* What to try with whom. */
struct probe_setting {
	const struct conf *conf;         /* allow_http and allow_private hold */
	const struct provider *provider; /* NULL: the manifest is not valid */
	const struct finding *findings;  /* of its manifest */
	const char *plan, *other;        /* NULL: the first two that differ */
	long timeout;                    /* seconds, of one call */
	long patience;                   /* seconds, for a callback */
	int port;                        /* of 127.0.0.1; 0: any */
};

/* Begin: the port is open and SIGINT, SIGTERM and SIGHUP are caught; after the
 * first of them the rules that are left are skipped.  FAIL_CONFLICT: the port
 * is taken; FAIL_SYSTEM. */
const struct fail *probe_begin(struct probe **out,
    const struct probe_setting *setting);

/* Try the rule and judge. */
void probe_judge(struct probe_verdict *out, struct probe *p,
    const struct probe_rule *rule);

/* True once a signal has asked to end. */
bool probe_interrupted(void);

/* Remove what was made at the provider.  The ids (or, where none is known, the
 * uuids) of what is left there, separated by commas; NULL: nothing is. */
const char *probe_end(struct probe *p);

/* The call's URL, question and answer to be shown: passwords, salts, tokens
 * and the values of config are masked, long bodies cut. */
const char *probe_show_url(const struct probe *p, const struct probe_call *c);
const char *probe_show_question(const struct probe *p,
    const struct probe_call *c);
const char *probe_show_answer(const struct probe *p,
    const struct probe_call *c);

#endif
