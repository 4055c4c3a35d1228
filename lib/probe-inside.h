#ifndef SUTLER_PROBE_INSIDE_H
#define SUTLER_PROBE_INSIDE_H

#include "probe.h"

/* What the probe's own files share; nobody else includes this. */

/* The calls that rules look at; each is made once, when the first asks. */
enum probe_step {
	STEP_NONE,
	STEP_PROVISION,
	STEP_AGAIN,
	STEP_PROVISION_ODD,
	STEP_PROVISION_MISSING,
	STEP_PROVISION_PASSWORD,
	STEP_PROVISION_USER,
	STEP_CHANGE,
	STEP_SAME,
	STEP_CHANGE_ODD,
	STEP_CHANGE_MISSING,
	STEP_CHANGE_PASSWORD,
	STEP_CHANGE_USER,
	STEP_ENTER,
	STEP_ENTER_FORGED,
	STEP_ENTER_STALE,
	STEP_SUSPEND,
	STEP_SUSPEND_AGAIN,
	STEP_SUSPEND_MISSING,
	STEP_SUSPEND_PASSWORD,
	STEP_SUSPEND_USER,
	STEP_RESUME,
	STEP_RESUME_MISSING,
	STEP_RESUME_PASSWORD,
	STEP_RESUME_USER,
	STEP_REMOVE,
	STEP_REMOVE_AGAIN,
	STEP_ENTER_GONE,
	STEP_REMOVE_MISSING,
	STEP_REMOVE_PASSWORD,
	STEP_REMOVE_USER,
	STEPS
};

/* Something that may be at the provider. */
struct probe_made {
	struct probe_made *next;
	const char *uuid;
	const char *resource; /* NULL: its id never became known */
};

/* The platform that the provider calls back: a process of its own. */
struct probe_desk {
	int fd; /* to it, or -1 */
	int port;
	int pid;
};

struct probe {
	struct probe_setting with;
	struct order order;
	struct probe_desk desk;
	const char *current; /* the plan that the resource has */
	bool ready;          /* no answer "not yet" is open */
	bool failed;         /* a rule has */
	struct probe_call *calls[STEPS];
	const char *skips[STEPS]; /* why there is no call */
	struct probe_call *all;   /* newest first */
	struct probe_made *made;  /* what is to be removed */
	struct json_var *secrets; /* values not to be shown, by themselves */
	cJSON *heard;             /* what the provider's calls said */
	int heard_out;            /* how many of them ended a wait, or came
	                             before one that did */
};

/* Whose credentials an order has. */
enum probe_guise { GUISE_RIGHT, GUISE_MISSING, GUISE_PASSWORD, GUISE_USER };

/* What a wrong password, user and salt have behind the right one: a provider
 * may compare beginnings alone. */
#define PROBE_TAIL "-wrong"

/* Send x within the timeout; the call is among the probe's. */
struct probe_call *probe_send(struct probe *p, struct exchange x);

/* Give the order, and note what it makes or removes at the provider. */
struct probe_call *probe_order(struct probe *p, const struct order *order,
    enum probe_guise guise);

/* True where the dialect tells the provider that text. */
bool probe_tells(const struct order *order, const char *text);

/* The manifest's options of the plan called name, or NULL. */
const cJSON *probe_plan_options(const struct provider *p, const char *name);

/* Set the verdict, its text printed. */
void probe_say(struct probe_verdict *v, enum probe_result result,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What the other rules ask. */
probe_judgement probe_judge_manifest, probe_judge_success, probe_judge_json,
    probe_judge_id, probe_judge_drain, probe_judge_taken, probe_judge_callback,
    probe_judge_caller, probe_judge_again, probe_judge_refused,
    probe_judge_reason, probe_judge_401, probe_judge_403, probe_judge_entered,
    probe_judge_closed, probe_judge_gone, probe_judge_time,
    probe_judge_exchange, probe_judge_refresh, probe_judge_accepted;

/* What the rules about config ask, of a provision's answer; of a change's, all
 * at once; and of what callbacks said. */
probe_judgement probe_config_object, probe_config_declared, probe_config_values,
    probe_config_urls, probe_config_complete, probe_config_change,
    probe_config_called;

/* The call of that step, made now where it was not; NULL: it cannot be made,
 * and *why tells. */
const struct probe_call *probe_step(const char **why, struct probe *p,
    enum probe_step step);

/* The answer's body where it is a JSON object, else NULL. */
const cJSON *probe_object(const struct probe_call *c);

/* The variables in the call's answer, whatever they are, or NULL. */
const cJSON *probe_config(const struct probe *p, const struct probe_call *c);

/* Keep the values of config from being shown. */
void probe_hide(struct probe *p, const cJSON *config);

/* The call of the provider that ends the wait after that step, waited for at
 * most the patience, or NULL; the one that exchanged the grant, likewise. */
const cJSON *probe_callback(struct probe *p, enum probe_step step);
const cJSON *probe_exchange(struct probe *p);

/* All that the provider has called so far, in its order: an array of {method,
 * path, grant, known, status, body}; probe_desk_next() tells. */
const cJSON *probe_heard(struct probe *p);

/* The desk is told what there is: before the answer to the provision (NULL)
 * and from then on. */
void probe_installed(struct probe *p, const struct outcome *outcome);

/* Open the desk at that port for who knows user and password; grant: the code
 * that is exchanged for tokens, or NULL.  Tell it what it answers, {info,
 * addon, config}: App Info (none: 404); the add-on object and its config. */
const struct fail *probe_desk_open(struct probe_desk *out, int port,
    const char *user, const char *password, const char *grant);
void probe_desk_tell(struct probe_desk *desk, const cJSON *told);

/* The next call that came: its method and path; what it asked tokens by
 * ("grant", a grant_type, or null); whether its credentials were right
 * ("known"); the status that it was answered; and the body, null where it is
 * no JSON.  NULL: none within ms, or a signal came. */
cJSON *probe_desk_next(struct probe_desk *desk, int ms);
void probe_desk_close(struct probe_desk *desk);

/* One call at the desk, and what the platform answers (lib/probe-platform.c).
 * What it knows is kept from call to call; told outgrows no pool. */
enum { PROBE_TOLD_MAX = 160 << 10 };
struct probe_platform {
	const char *credentials; /* Base64 of user and password */
	const char *grant;       /* NULL: none, or it is used up */
	const char *access, *refresh;
	char told[PROBE_TOLD_MAX + 1]; /* JSON, see probe_desk_tell() */
};
struct probe_request {
	const char *method, *path, *query, *authorization, *body;
	size_t body_len;
	/* what is found of it, and answered */
	bool known;
	const char *grant_type;
	int status;
	const char *answer;
};
void probe_platform_serve(struct probe_platform *platform,
    struct probe_request *r);

/* Read the request from the socket; false: it is none, or not whole. */
bool probe_request_read(struct probe_request *out, int fd);

#endif
