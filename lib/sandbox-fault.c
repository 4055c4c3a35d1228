/*
 * The sandbox's faults: each breaks one rule that `sutler provider test`
 * tries, under the rule's name.
 */
#include "sandbox-call.h"

#include <string.h>
#include <strings.h>

#include "dialect.h"
#include "hash.h"
#include "mem.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { SLOW_SECONDS = 4, LONG_VALUE = CONFIG_VALUE_MAX + 1 };

static cJSON *
config_of(const struct sandbox_call *c)
{
	return (cJSON *)json_get(c->out->json, c->desk->config);
}

static void
set(cJSON *object, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	if (value != NULL)
		cJSON_AddItemToObject(object, key, value);
}

static void
out_of_order(struct sandbox_call *c)
{
	c->out->json = NULL;
	sandbox_refuse(c, 500, "The sandbox is out of order.");
}

static void
speak_plainly(struct sandbox_call *c)
{
	c->out->json = NULL;
	c->out->text = "made";
}

static void
say_nothing(struct sandbox_call *c)
{
	c->out->json = NULL;
	c->out->text = NULL;
}

static void
drop_id(struct sandbox_call *c)
{
	set(c->out->json, "id", NULL);
}

static void
list_config(struct sandbox_call *c)
{
	set(c->out->json, c->desk->config, cJSON_CreateArray());
}

static void
add_undeclared(struct sandbox_call *c)
{
	json_add_text(config_of(c), "UNDECLARED", "sandbox");
}

static void
nest_value(struct sandbox_call *c)
{
	set(config_of(c), c->desk->other_name, cJSON_CreateObject());
}

static void
break_url(struct sandbox_call *c)
{
	set(config_of(c), c->desk->url_name, cJSON_CreateString("nowhere"));
}

static void
drop_value(struct sandbox_call *c)
{
	set(config_of(c), c->desk->other_name, NULL);
}

static void
stretch_value(struct sandbox_call *c)
{
	char *value = mem_alloc(LONG_VALUE + 1);

	memset(value, 'x', LONG_VALUE);
	set(config_of(c), c->desk->other_name, cJSON_CreateString(value));
}

static void
break_drain(struct sandbox_call *c)
{
	json_add_text(c->out->json, "log_drain_url", "nowhere");
}

/* The resource that it should have known by its uuid; or, where that is its
 * id, what it was told. */
static void
forget(struct sandbox_call *c)
{
	const char *uuid = sandbox_text(c->body, c->desk->uuid);
	cJSON *resource = uuid == NULL ? NULL : sandbox_find(c, uuid);

	if (resource == NULL)
		return;
	if (c->desk->named)
		set(resource, "token", cJSON_CreateString(hash_random_hex(16)));
	else
		set(resource, "uuid", cJSON_CreateString(""));
}

static void
take_any_plan(struct sandbox_call *c)
{
	set((cJSON *)c->body, "plan", cJSON_CreateString("free"));
}

/* True where the change asks for the plan that the resource has. */
static bool
is_same(const struct sandbox_call *c)
{
	const cJSON *resource = sandbox_find(c, c->id);
	const char *has = json_text(resource, "plan");
	const char *wanted = json_text(c->body, "plan");

	return has != NULL && wanted != NULL && strcmp(has, wanted) == 0;
}

static void
refuse_same(struct sandbox_call *c)
{
	if (is_same(c))
		set((cJSON *)c->body, "plan", cJSON_CreateString("refuse"));
}

static void
refuse_other(struct sandbox_call *c)
{
	if (!is_same(c))
		set((cJSON *)c->body, "plan", cJSON_CreateString("refuse"));
}

/* What it has done before. */
static void
fail_again(struct sandbox_call *c)
{
	if (!c->changed)
		out_of_order(c);
}

static void
dawdle(struct sandbox_call *c)
{
	c->out->delay = SLOW_SECONDS;
}

static void
forbid(struct sandbox_call *c)
{
	c->out->status = 403;
}

static void
let_in(struct sandbox_call *c)
{
	if (c->out->status == 404)
		c->out->status = 200;
}

/* "Not yet": what there is to say comes by a callback. */
static void
wait(struct sandbox_call *c)
{
	if (c->changed && c->fault->calls)
		sandbox_plan_callback(c);
	c->out->status = 202;
	set(c->out->json, c->desk->config, NULL);
}

static void
wait_misnamed(struct sandbox_call *c)
{
	add_undeclared(c);
	wait(c);
}

static void
wait_removed(struct sandbox_call *c)
{
	if (c->fault->calls)
		sandbox_plan_removed(c);
	c->out->status = 202;
}

#define PROVISION sandbox_provision
#define CHANGE sandbox_change
#define REMOVE sandbox_remove
#define ENTER sandbox_enter
#define SUSPEND sandbox_suspend
#define RESUME sandbox_resume

/* clang-format off */
static const struct sandbox_fault faults[] = {
    {"provision-status", PROVISION, .after = out_of_order},
    {"provision-json", PROVISION, .after = speak_plainly},
    {"provision-id", PROVISION, .after = drop_id},
    {"config-object", PROVISION, .after = list_config},
    {"config-declared", PROVISION, .after = add_undeclared},
    {"config-values", PROVISION, .after = nest_value},
    {"config-urls", PROVISION, .after = break_url},
    {"config-complete", PROVISION, .after = drop_value},
    {"log-drain-url", PROVISION, .after = break_drain},
    {"answer-taken", PROVISION, .after = stretch_value},
    {"callback-arrives", PROVISION, .after = wait},
    {"grant-exchanged", PROVISION, .grant_tail = "x"},
    {"callback-auth", PROVISION, .after = wait, .calls = true, .tail = "x"},
    {"callback-config", PROVISION, .after = wait_misnamed, .calls = true},
    {"callback-taken", PROVISION, .after = wait, .calls = true, .listless = true},
    {"provision-idempotent", PROVISION, .before = forget},
    {"provision-unknown", PROVISION, .before = take_any_plan},
    {"refusal-reason", PROVISION, .otherwise = say_nothing},
    {"auth-missing-provision", PROVISION, .lets = SANDBOX_NOBODY},
    {"auth-password-provision", PROVISION, .lets = SANDBOX_PASSWORD},
    {"auth-user-provision", PROVISION, .lets = SANDBOX_USER},
    {"change-status", CHANGE, .before = refuse_other},
    {"change-config", CHANGE, .after = add_undeclared},
    {"change-callback", CHANGE, .after = wait},
    {"change-same", CHANGE, .before = refuse_same},
    {"change-unknown", CHANGE, .before = take_any_plan},
    {"auth-missing-change", CHANGE, .lets = SANDBOX_NOBODY},
    {"auth-password-change", CHANGE, .lets = SANDBOX_PASSWORD},
    {"auth-user-change", CHANGE, .lets = SANDBOX_USER},
    {"sso-right", ENTER, .after = forbid},
    {"sso-forged", ENTER, .any_token = true},
    {"sso-stale", ENTER, .any_time = true},
    {"suspend-status", SUSPEND, .after = out_of_order},
    {"suspend-twice", SUSPEND, .after = fail_again},
    {"auth-missing-suspend", SUSPEND, .lets = SANDBOX_NOBODY},
    {"auth-password-suspend", SUSPEND, .lets = SANDBOX_PASSWORD},
    {"auth-user-suspend", SUSPEND, .lets = SANDBOX_USER},
    {"resume-status", RESUME, .after = out_of_order},
    {"auth-missing-resume", RESUME, .lets = SANDBOX_NOBODY},
    {"auth-password-resume", RESUME, .lets = SANDBOX_PASSWORD},
    {"auth-user-resume", RESUME, .lets = SANDBOX_USER},
    {"remove-status", REMOVE, .after = out_of_order},
    {"remove-callback", REMOVE, .after = wait_removed},
    {"token-refreshed", REMOVE, .after = wait_removed, .calls = true, .grant_tail = "x"},
    {"remove-twice", REMOVE, .otherwise = out_of_order},
    {"sso-gone", ENTER, .otherwise = let_in},
    {"auth-missing-remove", REMOVE, .lets = SANDBOX_NOBODY},
    {"auth-password-remove", REMOVE, .lets = SANDBOX_PASSWORD},
    {"auth-user-remove", REMOVE, .lets = SANDBOX_USER},
    {"answer-time", REMOVE, .after = dawdle},
    /* no faults: a provider may */
    {"later", PROVISION, .after = wait, .calls = true},
    {"change-later", CHANGE, .after = wait, .calls = true},
    {"remove-later", REMOVE, .after = wait_removed, .calls = true},
};
/* clang-format on */

const struct sandbox_fault *
sandbox_fault_find(const char **rest, const char *path)
{
	static const char mark[] = "/fault-";
	size_t i, len;

	if (strncmp(path, mark, strlen(mark)) != 0)
		return NULL;
	path += strlen(mark);
	len = strcspn(path, "/");
	for (i = 0; i < COUNT(faults); i++)
		if (strlen(faults[i].name) == len &&
		    strncmp(faults[i].name, path, len) == 0) {
			*rest = path + len;
			return &faults[i];
		}
	return NULL;
}

bool
sandbox_lets(const struct sandbox_call *c,
    void (*handle)(struct sandbox_call *), enum sandbox_caller caller)
{
	return caller == SANDBOX_KNOWN ||
	       (c->fault != NULL && c->fault->handle == handle &&
	           c->fault->lets == caller);
}

void
sandbox_handle(struct sandbox_call *c, void (*handle)(struct sandbox_call *))
{
	const struct sandbox_fault *fault = c->fault;
	void (*effect)(struct sandbox_call *);

	if (fault == NULL || fault->handle != handle) {
		c->fault = NULL;
		handle(c);
		return;
	}
	if (fault->before != NULL && c->body != NULL)
		fault->before(c);
	handle(c);
	effect = c->out->status >= 200 && c->out->status <= 299
	             ? fault->after
	             : fault->otherwise;
	if (effect != NULL)
		effect(c);
}
