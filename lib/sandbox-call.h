#ifndef SUTLER_SANDBOX_CALL_H
#define SUTLER_SANDBOX_CALL_H

#include "sandbox.h"

/* What the sandbox's own files share; nobody else includes this. */

enum { SANDBOX_MUST_MAX = 6 };

/* The token of an entrance, which form may have more for. */
typedef const char *sandbox_signature(const char *form, const char *id,
    const char *salt, const char *timestamp);

/* How the sandbox speaks a dialect. */
struct sandbox_desk {
	const char *name;
	const char *error;      /* the key of the sentence in a refusal */
	const char *config;     /* that of the variables */
	const char *uuid;       /* that of the platform's own id, or NULL */
	const char *app;        /* that of what a resource is for, or NULL */
	const char *sso_method; /* NULL: there is no dashboard */
	const char *sso_id, *sso_token;
	sandbox_signature *sign;
	int sso_unit; /* of its timestamp, in ms */
	const char *provision_must[SANDBOX_MUST_MAX];
	const char *change_must[SANDBOX_MUST_MAX];
	const char *url_name, *other_name; /* the two variables */
	int made, removed;                 /* statuses of success */
	int missing;  /* status where there is nothing to remove */
	bool twice;   /* its name may stand twice in the path */
	bool numbers; /* the id and the second variable */
	bool plain;   /* a plan change is refused in plain text */
	bool named;   /* the platform's own id is the resource's, too */
	bool queried; /* the resource's id is in the query */
	bool paused;  /* resources are suspended and resumed */
	bool granted; /* the platform is called by a token for each resource */
};

struct sandbox_call;

/* Who asks, by the credentials. */
enum sandbox_caller {
	SANDBOX_KNOWN,
	SANDBOX_NOBODY,   /* there are none */
	SANDBOX_PASSWORD, /* the right user, another password */
	SANDBOX_USER      /* another user */
};

/* A way to be wrong, for those who test their tests: lib/sandbox.h. */
struct sandbox_fault {
	const char *name;
	void (*handle)(struct sandbox_call *);    /* the call that it is in */
	void (*before)(struct sandbox_call *);    /* with a body */
	void (*after)(struct sandbox_call *);     /* of a success */
	void (*otherwise)(struct sandbox_call *); /* of anything else */
	enum sandbox_caller lets;                 /* is served as well */
	const char *tail; /* of the password, or token, in callbacks, or NULL */
	const char *grant_tail; /* of the grant that is tried first, or NULL */
	bool calls;             /* "not yet" is followed by a callback */
	bool listless;          /* which has config as an object */
	bool any_token, any_time;
};

/* One call on its way. */
struct sandbox_call {
	struct sandbox_answer *out;
	const struct conf *conf;
	const struct sandbox_request *request;
	const struct sandbox_desk *desk;
	const struct sandbox_fault *fault; /* or NULL */
	const char *id;                    /* of the resource in the path */
	cJSON *state;                      /* the file */
	cJSON *resource;                   /* that it is about, or NULL */
	const cJSON *body;                 /* an object, or NULL */
	bool changed;                      /* state is to be written */
};

/* The desk that path begins with, *rest being what follows; or NULL. */
const struct sandbox_desk *sandbox_desk_find(const char **rest,
    const char *path);

/* What follows in path where the desk's name stands there once more. */
const char *sandbox_desk_again(const struct sandbox_desk *desk,
    const char *path);

/* The fault that path ("/fault-…") begins with, *rest being what follows; or
 * NULL. */
const struct sandbox_fault *sandbox_fault_find(const char **rest,
    const char *path);

/* True where the call's fault serves that caller as if it were known. */
bool sandbox_lets(const struct sandbox_call *c,
    void (*handle)(struct sandbox_call *), enum sandbox_caller caller);

/* Handle the call, with the fault where it is in that one. */
void sandbox_handle(struct sandbox_call *c,
    void (*handle)(struct sandbox_call *));

/* What is done once the answer is given: the config in it is told by a
 * callback; the grant is exchanged for tokens; the removal is called done. */
void sandbox_plan_callback(struct sandbox_call *c);
void sandbox_plan_grant(struct sandbox_call *c);
void sandbox_plan_removed(struct sandbox_call *c);

/* Keep the refresh token of the resource with that id. */
const struct fail *sandbox_keep(const struct conf *conf, const char *id,
    const char *token);

/* The token of an entrance: of the id; of all that tells who enters. */
sandbox_signature sandbox_sign, sandbox_sign_all;

/* The text at key, which may be one of an object in body: "clc.account". */
const char *sandbox_text(const cJSON *body, const char *key);

/* Answer with that status, and the sentence as the dialect has it. */
void sandbox_refuse(struct sandbox_call *c, int status, const char *sentence);

/* {user, password, salt} of the desk, or NULL. */
const cJSON *sandbox_credentials(const struct sandbox_call *c);

/* A resource of the desk by its id, or by the platform's uuid: whoever lost
 * our answer knows only the latter.  NULL: none. */
cJSON *sandbox_find(const struct sandbox_call *c, const char *id);

/* The variables of that resource. */
cJSON *sandbox_config(const struct sandbox_call *c, const cJSON *resource);

/* The calls. */
void sandbox_provision(struct sandbox_call *c);
void sandbox_change(struct sandbox_call *c);
void sandbox_remove(struct sandbox_call *c);
void sandbox_suspend(struct sandbox_call *c);
void sandbox_resume(struct sandbox_call *c);
void sandbox_enter(struct sandbox_call *c);

#endif
