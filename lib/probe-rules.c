/*
 * What a provider under test has to do, as one table.
 */
#include "probe-inside.h"
#include "mem.h"

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
		    probe_judge_401                                            \
	}

/* clang-format off */
const struct probe_rule probe_rules[] = {
    {"manifest", "a manifest that keeps its rules",
     "sutler provider check", STEP_NONE, probe_judge_manifest},
    {"provision-status", "a provision is answered by 2xx",
     "Heroku, \"Provision\"; Scalingo, \"Provision a resource\"",
     STEP_PROVISION, probe_judge_success},
    {"provision-json", "the answer is a JSON object",
     "kensa, \"valid JSON\"", STEP_PROVISION, probe_judge_json},
    {"provision-id", "an id, text or whole number, at most 255 bytes",
     "kensa, \"contains an id\"; Scalingo; AppFog", STEP_PROVISION, probe_judge_id},
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
     STEP_PROVISION, probe_judge_drain},
    {"answer-taken", "the platform can take the answer",
     "sutler, lib/dialect.h", STEP_PROVISION, probe_judge_taken},
    {"callback-arrives", "\"not yet\" (202) is followed by a callback",
     "Heroku, \"Asynchronous Provisioning\"; AppFog, \"Asynchronous\"",
     STEP_PROVISION, probe_judge_callback},
    {"grant-exchanged", "the grant is exchanged for tokens, once and rightly",
     "Heroku, \"Platform API for Partners\" (5 minutes)",
     STEP_PROVISION, probe_judge_exchange},
    {"provision-idempotent", "the same uuid again, the same answer",
     "Heroku, \"Idempotency\"; sutler tick asks again",
     STEP_AGAIN, probe_judge_again},
    {"provision-unknown", "an unknown plan is refused by 4xx",
     "Heroku, \"Provision\" (422)", STEP_PROVISION_ODD, probe_judge_refused},
    {"refusal-reason", "a refusal says why",
     "Heroku, \"Provision\" (message)", STEP_PROVISION_ODD, probe_judge_reason},
    AUTH("provision", STEP_PROVISION),
    {"change-status", "a plan change is answered by 2xx",
     "kensa, \"plan change\"; Scalingo, \"Plan change\"",
     STEP_CHANGE, probe_judge_success},
    {"change-config", "its config keeps the rules of a provision's",
     "Heroku, \"Plan change\"", STEP_CHANGE, probe_config_change},
    {"change-callback", "\"not yet\" (202) is followed by a callback",
     "Heroku, \"Plan change\"; Scalingo", STEP_CHANGE, probe_judge_callback},
    {"change-same", "a change to the plan that it has is answered by 2xx",
     "Heroku, \"Plan change\"", STEP_SAME, probe_judge_success},
    {"change-unknown", "an unknown plan is refused by 4xx",
     "Heroku, \"Plan change\" (422); AppFog (400)",
     STEP_CHANGE_ODD, probe_judge_refused},
    AUTH("change", STEP_CHANGE),
    {"sso-right", "who is signed in by the platform is let in",
     "kensa, \"logs in\"", STEP_ENTER, probe_judge_entered},
    {"sso-forged", "403 to a token of another salt",
     "kensa, \"validates token\"", STEP_ENTER_FORGED, probe_judge_403},
    {"sso-stale", "403 to a timestamp six minutes old",
     "kensa, \"validates timestamp\"", STEP_ENTER_STALE, probe_judge_403},
    {"suspend-status", "a suspension is answered by 2xx",
     "Scalingo, \"Suspend\"", STEP_SUSPEND, probe_judge_success},
    {"suspend-twice", "so is a second one",
     "sutler tick tells it again", STEP_SUSPEND_AGAIN, probe_judge_success},
    AUTH("suspend", STEP_SUSPEND),
    {"resume-status", "a resumption is answered by 2xx",
     "Scalingo, \"Resume\"", STEP_RESUME, probe_judge_success},
    AUTH("resume", STEP_RESUME),
    {"remove-status", "a removal is answered by 2xx",
     "kensa, \"deprovision\"; Scalingo; AppFog", STEP_REMOVE, probe_judge_success},
    {"remove-callback", "\"not yet\" (202) is followed by a callback",
     "Heroku, \"Asynchronous Deprovisioning\"", STEP_REMOVE, probe_judge_callback},
    {"remove-twice", "a second removal is answered by 404, 410 or 2xx",
     "Heroku, \"Deprovision\" (410)", STEP_REMOVE_AGAIN, probe_judge_gone},
    {"sso-gone", "nobody is let in to what was removed",
     "Heroku, \"Single Sign-on\" (404)", STEP_ENTER_GONE, probe_judge_closed},
    AUTH("remove", STEP_REMOVE),
    {"callback-auth", "callbacks have the manifest's credentials, or the token",
     "Heroku, \"App Info API\"; \"Platform API for Partners\"",
     STEP_NONE, probe_judge_caller},
    {"callback-taken", "what is called by the token is what the platform has",
     "Heroku, \"Platform API for Partners\"", STEP_NONE, probe_judge_accepted},
    {"callback-config", "callbacks set variables by the same rules",
     "Heroku, \"App Info API\"", STEP_NONE, probe_config_called},
    {"token-refreshed", "an access token is had by the refresh token",
     "Heroku, \"Platform API for Partners\"", STEP_NONE, probe_judge_refresh},
    {"answer-time", "answers come within 3 s",
     "Heroku, \"Provider API\" (3 s; 25 s at most)", STEP_NONE, probe_judge_time},
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
	if (p->with.provider == NULL && rule->judge != probe_judge_manifest)
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
