/*
 * What a provider under test has to do, as one table, and how it is judged.
 */
#include "probe-inside.h"
#include "mem.h"

#include <string.h>

void
probe_say(struct probe_verdict *v, enum probe_result result, const char *format,
    ...)
{
	va_list args;

	va_start(args, format);
	v->text = mem_vprintf(format, args);
	va_end(args);
	v->result = result;
}

static const char *
seconds(long ms)
{
	return mem_printf("%ld.%02ld s", ms / 1000, ms % 1000 / 10);
}

/* PASS where the status is from min to max, else FAIL; both name it. */
static void
judge_status(struct probe_verdict *v, const struct probe_call *c, int min,
    int max)
{
	int status = c->x.status;

	if (status == 0)
		probe_say(v, PROBE_FAIL, "%s", c->x.trouble);
	else
		probe_say(v,
		    status >= min && status <= max ? PROBE_PASS : PROBE_FAIL,
		    "%d after %s", status, seconds(c->ms));
}

static void
judge_manifest(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const struct finding *f = p->with.findings;
	struct mem_text t = {0};
	bool wrong = false;

	(void)c;
	for (; f != NULL; f = f->next) {
		mem_addf(&t, "%s%s %s", t.len == 0 ? "" : "; ", f->path,
		    f->text);
		wrong |= !f->warning;
	}
	probe_say(v,
	    wrong            ? PROBE_FAIL
	    : t.text == NULL ? PROBE_PASS
	                     : PROBE_WARN,
	    "%s", t.text == NULL ? "nothing to be said" : t.text);
}

static void
judge_success(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 200, 299);
}

static void
judge_json(struct probe_verdict *v, struct probe *p, const struct probe_call *c)
{
	(void)p;
	if (c->x.status < 200 || c->x.status > 299)
		probe_say(v, PROBE_SKIP, "there was no success");
	else if (probe_object(c) == NULL)
		probe_say(v, PROBE_FAIL, "the answer is no JSON object");
	else
		probe_say(v, PROBE_PASS, "%zu bytes", c->x.answer_len);
}

static void
judge_id(struct probe_verdict *v, struct probe *p, const struct probe_call *c)
{
	const cJSON *answer = probe_object(c);

	(void)p;
	if (c->outcome.resource != NULL)
		probe_say(v, PROBE_PASS, "%s", json_plain(c->outcome.resource));
	else if (answer == NULL || c->x.status < 200 || c->x.status > 299)
		probe_say(v, PROBE_SKIP, "there is no JSON object");
	else
		probe_say(v, PROBE_FAIL, "%s", c->outcome.reason);
}

static void
judge_drain(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	static const char *const schemes[] = {"https://", "syslog://",
	    "syslog+tls://"};
	const char *url = json_text(probe_object(c), "log_drain_url");
	size_t i;

	if (!p->with.provider->log_drain) {
		probe_say(v, PROBE_SKIP, "the manifest asks for no logs");
		return;
	}
	probe_say(v, PROBE_FAIL,
	    url == NULL ? "there is no log_drain_url"
	                : "log_drain_url is neither https:// nor syslog://");
	for (i = 0; url != NULL && i < sizeof(schemes) / sizeof(schemes[0]);
	     i++)
		if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
			probe_say(v, PROBE_PASS, "%s", schemes[i]);
}

/* Whatever our own reading refuses and no rule has named. */
static void
judge_taken(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	if (p->failed)
		probe_say(v, PROBE_SKIP, "other rules tell why not");
	else if (c->outcome.kind == OUTCOME_FAILED)
		probe_say(v, PROBE_FAIL, "%s", c->outcome.reason);
	else
		probe_say(v, PROBE_PASS, "%s",
		    c->outcome.kind == OUTCOME_PENDING ? "\"not yet\""
		                                       : "it is ready");
}

static void
judge_callback(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	bool change = c == p->calls[STEP_CHANGE];
	const cJSON *said, *list;

	if (c->outcome.kind != OUTCOME_PENDING) {
		probe_say(v, PROBE_SKIP, "it was done at once");
		return;
	}
	list = probe_callbacks(p, change ? STEP_CHANGE : STEP_PROVISION);
	/* the platform takes an empty config, in time, for all there is */
	probe_say(v, c->x.status == 202 ? PROBE_FAIL : PROBE_WARN,
	    "nothing ended the wait within %ld s", p->with.patience);
	cJSON_ArrayForEach(said, list)
		if (cJSON_IsTrue(json_get(said, "ends")))
			probe_say(v, PROBE_PASS, "%s %s",
			    json_text(said, "method"), json_text(said, "path"));
}

static void
judge_caller(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const cJSON *said;

	(void)c;
	probe_say(v, PROBE_SKIP, "nothing was called");
	cJSON_ArrayForEach(said, p->heard[STEP_PROVISION])
		if (v->result != PROBE_FAIL)
			probe_say(v,
			    cJSON_IsTrue(json_get(said, "known")) ? PROBE_PASS
			                                          : PROBE_FAIL,
			    "%s %s", json_text(said, "method"),
			    json_text(said, "path"));
}

static void
judge_again(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const struct probe_call *first = p->calls[STEP_PROVISION];
	const cJSON *id = c->outcome.resource;

	judge_status(v, c, 200, 299);
	if (v->result != PROBE_PASS)
		return;
	v->than = first;
	if (id == NULL || !cJSON_Compare(id, first->outcome.resource, true))
		probe_say(v, PROBE_FAIL, "another id, %s",
		    id == NULL ? "or none" : json_plain(id));
	else if (c->x.status == first->x.status &&
	         !cJSON_Compare(probe_config(probe_object(c)),
	             probe_config(probe_object(first)), true) &&
	         probe_config(probe_object(c)) !=
	             probe_config(probe_object(first)))
		probe_say(v, PROBE_FAIL, "the same id, another config");
	else
		probe_say(v, PROBE_PASS, "%s again", json_plain(id));
}

static void
judge_refused(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 400, 499);
	if (v->result == PROBE_PASS && c->outcome.kind != OUTCOME_REFUSED)
		probe_say(v, PROBE_FAIL, "%d is no refusal", c->x.status);
}

static void
judge_reason(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const char *reason = c->outcome.reason;

	(void)p;
	if (c->outcome.kind != OUTCOME_REFUSED)
		probe_say(v, PROBE_SKIP, "there was no refusal");
	else if (dialect_sentence(&c->x) == NULL &&
	         strstr(c->x.answer, reason) == NULL)
		probe_say(v, PROBE_WARN, "the user is told no reason");
	else
		probe_say(v, PROBE_PASS, "\"%s\"", reason);
}

static void
judge_401(struct probe_verdict *v, struct probe *p, const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 401, 401);
}

static void
judge_403(struct probe_verdict *v, struct probe *p, const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 403, 403);
}

static void
judge_entered(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 200, 399);
}

static void
judge_closed(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 400, 499);
	/* to a page that says so, perhaps */
	if (c->x.status >= 300 && c->x.status <= 399)
		v->result = PROBE_WARN;
}

static void
judge_gone(struct probe_verdict *v, struct probe *p, const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 200, 299);
	if (c->x.status == 404 || c->x.status == 410)
		v->result = PROBE_PASS;
}

static void
judge_time(struct probe_verdict *v, struct probe *p, const struct probe_call *c)
{
	const struct probe_call *slowest = p->all;

	for (c = p->all; c != NULL; c = c->next)
		if (c->ms > slowest->ms)
			slowest = c;
	if (slowest == NULL) {
		probe_say(v, PROBE_SKIP, "nothing was asked");
		return;
	}
	v->call = slowest;
	if (slowest->late)
		probe_say(v, PROBE_FAIL, "none within %ld s", p->with.timeout);
	else
		probe_say(v,
		    slowest->ms > PROBE_SLOW_MS ? PROBE_WARN : PROBE_PASS,
		    "at most %s", seconds(slowest->ms));
}

/* With no credentials, with another password, with another user. */
#define AUTH(what, STEP)                                                       \
	AUTH_ONE("auth-missing-" what, what " without credentials",            \
	    STEP##_MISSING),                                                   \
	    AUTH_ONE("auth-password-" what, what " with a wrong password",     \
	        STEP##_PASSWORD),                                              \
	    AUTH_ONE("auth-user-" what, what " with a wrong user",             \
	        STEP##_USER)
#define AUTH_ONE(name, what, step)                                             \
	{                                                                      \
		name, "401 to a " what, "kensa, \"authentication\"", step,     \
		    judge_401                                                  \
	}

/* clang-format off */
const struct probe_rule probe_rules[] = {
    {"manifest", "a manifest that keeps its rules",
     "sutler provider check", STEP_NONE, judge_manifest},
    {"provision-status", "a provision is answered by 2xx",
     "Heroku, \"Provision\"; Scalingo, \"Provision a resource\"",
     STEP_PROVISION, judge_success},
    {"provision-json", "the answer is a JSON object",
     "kensa, \"valid JSON\"", STEP_PROVISION, judge_json},
    {"provision-id", "an id, text or whole number, at most 255 bytes",
     "kensa, \"contains an id\"; Scalingo; AppFog", STEP_PROVISION, judge_id},
    {"config-object", "config is an object",
     "kensa, \"config is a hash\"", STEP_PROVISION, probe_config_object},
    {"config-declared", "variables are in the manifest's config_vars",
     "kensa, \"all keys declared\"; AppFog drops others",
     STEP_PROVISION, probe_config_declared},
    {"config-values", "values are strings (AppFog: or numbers)",
     "kensa, \"values are strings\"", STEP_PROVISION, probe_config_values},
    {"config-urls", "what is called *_URL has a scheme and a host",
     "kensa, \"URL values\"", STEP_PROVISION, probe_config_urls},
    {"config-complete", "all that is declared is there",
     "kensa, \"all declared keys present\"",
     STEP_PROVISION, probe_config_complete},
    {"log-drain-url", "a log_drain_url where the manifest asks for logs",
     "kensa, \"log_drain_url\"; Scalingo, \"log_drain\"",
     STEP_PROVISION, judge_drain},
    {"answer-taken", "the platform can take the answer",
     "sutler, lib/dialect.h", STEP_PROVISION, judge_taken},
    {"callback-arrives", "\"not yet\" (202) is followed by a callback",
     "Heroku, \"Asynchronous Provisioning\"; AppFog, \"Asynchronous\"",
     STEP_PROVISION, judge_callback},
    {"callback-auth", "callbacks have the manifest's credentials",
     "Heroku, \"App Info API\"", STEP_PROVISION, judge_caller},
    {"callback-config", "callbacks set variables by the same rules",
     "Heroku, \"App Info API\"", STEP_PROVISION, probe_config_called},
    {"provision-idempotent", "the same uuid again, the same answer",
     "Heroku, \"Idempotency\"; sutler tick asks again",
     STEP_AGAIN, judge_again},
    {"provision-unknown", "an unknown plan is refused by 4xx",
     "Heroku, \"Provision\" (422)", STEP_PROVISION_ODD, judge_refused},
    {"refusal-reason", "a refusal says why",
     "Heroku, \"Provision\" (message)", STEP_PROVISION_ODD, judge_reason},
    AUTH("provision", STEP_PROVISION),
    {"change-status", "a plan change is answered by 2xx",
     "kensa, \"plan change\"; Scalingo, \"Plan change\"",
     STEP_CHANGE, judge_success},
    {"change-config", "its config keeps the rules of a provision's",
     "Heroku, \"Plan change\"", STEP_CHANGE, probe_config_change},
    {"change-callback", "\"not yet\" (202) is followed by a callback",
     "Heroku, \"Plan change\"; Scalingo", STEP_CHANGE, judge_callback},
    {"change-same", "a change to the plan that it has is answered by 2xx",
     "Heroku, \"Plan change\"", STEP_SAME, judge_success},
    {"change-unknown", "an unknown plan is refused by 4xx",
     "Heroku, \"Plan change\" (422); AppFog (400)",
     STEP_CHANGE_ODD, judge_refused},
    AUTH("change", STEP_CHANGE),
    {"sso-right", "who is signed in by the platform is let in",
     "kensa, \"logs in\"", STEP_ENTER, judge_entered},
    {"sso-forged", "403 to a token of another salt",
     "kensa, \"validates token\"", STEP_ENTER_FORGED, judge_403},
    {"sso-stale", "403 to a timestamp six minutes old",
     "kensa, \"validates timestamp\"", STEP_ENTER_STALE, judge_403},
    {"remove-status", "a removal is answered by 2xx",
     "kensa, \"deprovision\"; Scalingo; AppFog", STEP_REMOVE, judge_success},
    {"remove-twice", "a second removal is answered by 404, 410 or 2xx",
     "Heroku, \"Deprovision\" (410)", STEP_REMOVE_AGAIN, judge_gone},
    {"sso-gone", "nobody is let in to what was removed",
     "Heroku, \"Single Sign-on\" (404)", STEP_ENTER_GONE, judge_closed},
    AUTH("remove", STEP_REMOVE),
    {"answer-time", "answers come within 3 s",
     "Heroku, \"Provider API\" (3 s; 25 s at most)", STEP_NONE, judge_time},
};
/* clang-format on */

const size_t probe_rules_count = sizeof(probe_rules) / sizeof(probe_rules[0]);

void
probe_judge(struct probe_verdict *out, struct probe *p,
    const struct probe_rule *rule)
{
	const struct probe_call *c = NULL;
	const char *why = NULL;

	*out = (struct probe_verdict){0};
	if (p->with.provider == NULL && rule->judge != judge_manifest)
		why = "the manifest is not valid";
	else if (rule->step != STEP_NONE)
		c = probe_step(&why, p, (enum probe_step)rule->step);
	if (why == NULL && c != NULL && c->late)
		why = mem_printf("no answer within %ld s", p->with.timeout);
	if (why != NULL) {
		probe_say(out, PROBE_SKIP, "%s", why);
		return;
	}
	out->call = c;
	rule->judge(out, p, c);
	p->failed |= out->result == PROBE_FAIL;
}
