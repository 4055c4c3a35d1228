/*
 * How what a provider calls by itself is judged.
 */
#include "probe-inside.h"
#include "mem.h"

#include <string.h>

static void
say_call(struct probe_verdict *v, enum probe_result result, const cJSON *said)
{
	probe_say(v, result, "%s %s, answered %d", json_text(said, "method"),
	    json_text(said, "path"), json_get(said, "status")->valueint);
}

void
probe_judge_callback(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	enum probe_step step = c == p->calls[STEP_CHANGE]   ? STEP_CHANGE
	                       : c == p->calls[STEP_REMOVE] ? STEP_REMOVE
	                                                    : STEP_PROVISION;
	const cJSON *said;

	if (c->outcome.kind != OUTCOME_PENDING) {
		probe_say(v, PROBE_SKIP, "it was done at once");
		return;
	}
	said = probe_callback(p, step);
	if (said != NULL)
		say_call(v, PROBE_PASS, said);
	else
		/* the platform takes an empty config, in time, for all there
		 * is */
		probe_say(v, c->x.status == 202 ? PROBE_FAIL : PROBE_WARN,
		    "nothing ended the wait within %ld s", p->with.patience);
}

/* Which calls a rule is about, and which of them break it. */
typedef bool is_such(const cJSON *said);

/* FAIL by the first that is wrong, else PASS by the last of them. */
static void
judge_calls(struct probe_verdict *v, struct probe *p, is_such *concerns,
    is_such *wrong, const char *none)
{
	const cJSON *said;

	probe_say(v, PROBE_SKIP, "%s", none);
	cJSON_ArrayForEach(said, probe_heard(p))
		if (v->result != PROBE_FAIL && concerns(said))
			say_call(v, wrong(said) ? PROBE_FAIL : PROBE_PASS,
			    said);
}

static bool
is_grant(const cJSON *said)
{
	const char *grant = json_text(said, "grant");

	return grant != NULL && strcmp(grant, "refresh_token") != 0;
}

static bool
is_refresh(const cJSON *said)
{
	return json_text(said, "grant") != NULL && !is_grant(said);
}

static bool
is_call(const cJSON *said)
{
	return json_text(said, "grant") == NULL;
}

static bool
is_known(const cJSON *said)
{
	return cJSON_IsTrue(json_get(said, "known"));
}

static bool
is_unknown(const cJSON *said)
{
	return !is_known(said);
}

static bool
is_token_call(const cJSON *said)
{
	return is_known(said) && is_call(said) &&
	       strncmp(json_text(said, "path"), "/addons", 7) == 0;
}

static bool
is_refused(const cJSON *said)
{
	return json_get(said, "status")->valueint >= 400;
}

void
probe_judge_exchange(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	if (!p->with.provider->dialect->grants) {
		probe_say(v, PROBE_SKIP, "the dialect has no grants");
		return;
	}
	if (c->x.status < 200 || c->x.status > 299) {
		probe_say(v, PROBE_SKIP, "there was no success");
		return;
	}
	(void)probe_exchange(p);
	judge_calls(v, p, is_grant, is_unknown, "");
	/* who is ready at once may do without */
	if (v->result == PROBE_SKIP)
		probe_say(v,
		    c->outcome.kind == OUTCOME_PENDING ? PROBE_FAIL
		                                       : PROBE_WARN,
		    "it was not within %ld s", p->with.patience);
}

void
probe_judge_refresh(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)c;
	judge_calls(v, p, is_refresh, is_unknown, "no token was refreshed");
}

void
probe_judge_caller(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)c;
	judge_calls(v, p, is_call, is_unknown, "nothing was called");
}

void
probe_judge_accepted(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)c;
	judge_calls(v, p, is_token_call, is_refused,
	    "nothing was called by a token");
}
