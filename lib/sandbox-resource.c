/*
 * What the sandbox does with its resources.
 */
#include "sandbox-call.h"

#include <string.h>

#include "clock.h"
#include "hash.h"
#include "mem.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { FIRST_PORT = 7000 };

/* Integers from here on, by twos, are none that a double can hold. */
static const long long first_number = 9007199254740993;

static const struct sandbox_plan {
	const char *name;
	const char *refusal; /* what is said instead of selling it */
} plans[] = {
    {"free",   NULL                                    },
    {"big",    NULL                                    },
    {"refuse", "The plan \"refuse\" is always refused."},
};

void
sandbox_refuse(struct sandbox_call *c, int status, const char *sentence)
{
	c->out->status = status;
	if (c->desk->plain && strcmp(c->request->method, "POST") != 0) {
		c->out->text = sentence;
		return;
	}
	c->out->json = cJSON_CreateObject();
	json_add_text(c->out->json, c->desk->error, sentence);
}

const cJSON *
sandbox_credentials(const struct sandbox_call *c)
{
	return json_get(json_get(c->state, "credentials"), c->desk->name);
}

const char *
sandbox_text(const cJSON *body, const char *key)
{
	const char *dot = key == NULL ? NULL : strchr(key, '.');

	if (key == NULL)
		return NULL;
	if (dot == NULL)
		return json_text(body, key);
	return json_text(json_get(body, mem_dup(key, (size_t)(dot - key))),
	    dot + 1);
}

/* The plan that the body asks for; NULL where the call was refused. */
static const struct sandbox_plan *
read_plan(struct sandbox_call *c, const char *const must[SANDBOX_MUST_MAX])
{
	const char *text;
	size_t i;

	for (i = 0; i < SANDBOX_MUST_MAX && must[i] != NULL; i++) {
		text = sandbox_text(c->body, must[i]);
		if (text == NULL || text[0] == '\0') {
			sandbox_refuse(c, 422,
			    mem_printf("%s is required", must[i]));
			return NULL;
		}
	}
	text = json_text(c->body, "plan");
	for (i = 0; i < COUNT(plans); i++)
		if (strcmp(plans[i].name, text) == 0)
			return &plans[i];
	sandbox_refuse(c, 422, mem_printf("There is no plan %.100s.", text));
	return NULL;
}

cJSON *
sandbox_find(const struct sandbox_call *c, const char *id)
{
	cJSON *resource;
	const char *uuid, *dialect;

	cJSON_ArrayForEach(resource, json_get(c->state, "resources")) {
		dialect = json_text(resource, "dialect");
		uuid = json_text(resource, "uuid");
		if (dialect == NULL || strcmp(dialect, c->desk->name) != 0)
			continue;
		if (strcmp(json_plain(json_get(resource, "id")), id) == 0 ||
		    (uuid != NULL && strcmp(uuid, id) == 0))
			return resource;
	}
	return NULL;
}

cJSON *
sandbox_config(const struct sandbox_call *c, const cJSON *resource)
{
	const char *plan = json_text(resource, "plan");
	const char *token = json_text(resource, "token");
	cJSON *config = cJSON_CreateObject();
	size_t i;

	json_add_text(config, c->desk->url_name,
	    mem_printf("sandbox://%s@%s/%s/%s", token, c->conf->host,
	        json_plain(json_get(resource, "id")), plan));
	if (!c->desk->numbers) {
		json_add_text(config, c->desk->other_name, token);
		return config;
	}
	for (i = 0; i < COUNT(plans) - 1 && strcmp(plans[i].name, plan); i++)
		continue;
	cJSON_AddNumberToObject(config, c->desk->other_name,
	    (double)(FIRST_PORT + i));
	return config;
}

static cJSON *
new_id(struct sandbox_call *c)
{
	const cJSON *serial = json_get(c->state, "serial");
	int number = cJSON_IsNumber(serial) ? serial->valueint : 0;

	if (c->desk->named)
		return cJSON_CreateString(sandbox_text(c->body, c->desk->uuid));
	if (!c->desk->numbers)
		return cJSON_CreateString(mem_printf("sb-%s", hash_id()));
	cJSON_DeleteItemFromObjectCaseSensitive(c->state, "serial");
	cJSON_AddNumberToObject(c->state, "serial", number + 1);
	return cJSON_CreateRaw(mem_printf("%lld", first_number + 2LL * number));
}

static cJSON *
new_resource(struct sandbox_call *c, const struct sandbox_plan *plan)
{
	cJSON *resource = cJSON_CreateObject();

	json_add_text(resource, "dialect", c->desk->name);
	cJSON_AddItemToObject(resource, "id", new_id(c));
	json_add_text(resource, "uuid", sandbox_text(c->body, c->desk->uuid));
	json_add_text(resource, "app", sandbox_text(c->body, c->desk->app));
	json_add_text(resource, "callback_url",
	    json_text(c->body, "callback_url"));
	json_add_text(resource, "plan", plan->name);
	json_add_text(resource, "token", hash_random_hex(16));
	json_add_text(resource, "created", clock_text(clock_now()));
	cJSON_AddItemToArray(json_get(c->state, "resources"), resource);
	c->changed = true;
	return resource;
}

/* The resource that the call is about, or NULL: the call was refused. */
static cJSON *
find(struct sandbox_call *c, int missing)
{
	c->resource = sandbox_find(c, c->id);
	if (c->resource == NULL)
		sandbox_refuse(c, missing, "There is no such resource.");
	return c->resource;
}

static void
tell(struct sandbox_call *c, int status, const char *message)
{
	c->out->status = status;
	c->out->json = cJSON_CreateObject();
	json_add_text(c->out->json, "message", message);
}

void
sandbox_provision(struct sandbox_call *c)
{
	const struct sandbox_plan *plan;
	const char *uuid = sandbox_text(c->body, c->desk->uuid);

	plan = read_plan(c, c->desk->provision_must);
	if (plan == NULL)
		return;
	if (uuid != NULL)
		c->resource = sandbox_find(c, uuid);
	if (c->resource == NULL && plan->refusal != NULL) {
		sandbox_refuse(c, 422, plan->refusal);
		return;
	}
	if (c->resource == NULL) {
		c->resource = new_resource(c, plan);
		sandbox_plan_grant(c);
	}
	tell(c, c->desk->made,
	    mem_printf("Your sandbox is ready, on the plan %s.",
	        json_text(c->resource, "plan")));
	cJSON_AddItemToObject(c->out->json, "id",
	    cJSON_Duplicate(json_get(c->resource, "id"), true));
	cJSON_AddItemToObject(c->out->json, c->desk->config,
	    sandbox_config(c, c->resource));
}

void
sandbox_change(struct sandbox_call *c)
{
	const struct sandbox_plan *plan;

	if (find(c, 404) == NULL)
		return;
	plan = read_plan(c, c->desk->change_must);
	if (plan == NULL)
		return;
	if (plan->refusal != NULL) {
		sandbox_refuse(c, 422, plan->refusal);
		return;
	}
	cJSON_ReplaceItemInObjectCaseSensitive(c->resource, "plan",
	    cJSON_CreateString(plan->name));
	c->changed = true;
	tell(c, 200,
	    mem_printf("Your sandbox is on the plan %s now.", plan->name));
	cJSON_AddItemToObject(c->out->json, c->desk->config,
	    sandbox_config(c, c->resource));
}

void
sandbox_remove(struct sandbox_call *c)
{
	if (find(c, c->desk->missing) == NULL)
		return;
	cJSON_DetachItemViaPointer(json_get(c->state, "resources"),
	    c->resource);
	c->changed = true;
	c->out->status = c->desk->removed;
	if (c->out->status != 204)
		c->out->json = cJSON_CreateObject();
}

static void
pause_or_not(struct sandbox_call *c, bool suspended)
{
	if (find(c, 404) == NULL)
		return;
	c->changed =
	    cJSON_IsTrue(json_get(c->resource, "suspended")) != suspended;
	cJSON_DeleteItemFromObjectCaseSensitive(c->resource, "suspended");
	cJSON_AddBoolToObject(c->resource, "suspended", suspended);
	tell(c, 200,
	    suspended ? "Your sandbox is suspended."
	              : "Your sandbox is running again.");
}

void
sandbox_suspend(struct sandbox_call *c)
{
	pause_or_not(c, true);
}

void
sandbox_resume(struct sandbox_call *c)
{
	pause_or_not(c, false);
}
