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

static const struct sandbox_desk scalingo = {
    .name = "scalingo",
    .error = "error",
    .sso_method = "GET",
    .app = "app_id",
    .provision_must = {"plan", "app_id"},
    .change_must = {"plan"     },
    .url_name = "SANDBOX_URL",
    .other_name = "SANDBOX_TOKEN",
    .made = 201,
    .removed = 204,
    .missing = 404,
};

static const struct sandbox_desk heroku = {
    .name = "heroku",
    .error = "message",
    .sso_method = "POST",
    .app = "heroku_id",
    .twice = true,
    .provision_must = {"heroku_id", "uuid",       "plan", "region", "callback_url"},
    .change_must = {"heroku_id",   "plan"},
    .url_name = "SANDBOX_HEROKU_URL",
    .other_name = "SANDBOX_HEROKU_TOKEN",
    .made = 201,
    .removed = 200,
    .missing = 410,
};

static const struct sandbox_desk appfog = {
    .name = "appfog",
    .error = "message",
    .sso_method = "POST",
    .app = "clc.account",
    .provision_must = {"uuid",    "plan", "region", "callback_url", "clc.account"},
    .change_must = {"plan"},
    .url_name = "SANDBOX_APPFOG_URL",
    .other_name = "SANDBOX_APPFOG_PORT",
    .made = 200,
    .removed = 200,
    .missing = 404,
    .numbers = true,
    .plain = true,
};

static const struct sandbox_desk *const desks[] = {&scalingo, &heroku, &appfog};

/* What follows "/name" in path, or NULL where it begins otherwise. */
static const char *
behind(const char *path, const char *name)
{
	size_t len = strlen(name);

	if (path[0] != '/' || strncmp(path + 1, name, len) != 0 ||
	    path[len + 1] != '/')
		return NULL;
	return path + len + 1;
}

const char *
sandbox_desk_again(const struct sandbox_desk *desk, const char *path)
{
	const char *again = desk->twice ? behind(path, desk->name) : NULL;

	return again == NULL ? path : again;
}

const struct sandbox_desk *
sandbox_desk_find(const char **rest, const char *path)
{
	size_t i;

	for (i = 0; i < COUNT(desks); i++) {
		*rest = behind(path, desks[i]->name);
		if (*rest == NULL)
			continue;
		*rest = sandbox_desk_again(desks[i], *rest);
		return desks[i];
	}
	return NULL;
}

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

/* The text at key, which may be one of an object in body: "clc.account". */
static const char *
body_text(const cJSON *body, const char *key)
{
	const char *dot = strchr(key, '.');

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
		text = body_text(c->body, must[i]);
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
	json_add_text(resource, "uuid", json_text(c->body, "uuid"));
	json_add_text(resource, "app", body_text(c->body, c->desk->app));
	json_add_text(resource, "callback_url",
	    json_text(c->body, "callback_url"));
	json_add_text(resource, "plan", plan->name);
	json_add_text(resource, "token", hash_random_hex(16));
	json_add_text(resource, "created", clock_text(clock_now()));
	cJSON_AddItemToArray(json_get(c->state, "resources"), resource);
	c->changed = true;
	return resource;
}

void
sandbox_provision(struct sandbox_call *c)
{
	const struct sandbox_plan *plan;
	const char *uuid = json_text(c->body, "uuid");
	cJSON *resource = NULL;

	plan = read_plan(c, c->desk->provision_must);
	if (plan == NULL)
		return;
	if (uuid != NULL)
		resource = sandbox_find(c, uuid);
	if (resource == NULL && plan->refusal != NULL) {
		sandbox_refuse(c, 422, plan->refusal);
		return;
	}
	if (resource == NULL)
		resource = new_resource(c, plan);
	c->out->status = c->desk->made;
	c->out->json = cJSON_CreateObject();
	cJSON_AddItemToObject(c->out->json, "id",
	    cJSON_Duplicate(json_get(resource, "id"), true));
	cJSON_AddItemToObject(c->out->json, "config",
	    sandbox_config(c, resource));
	json_add_text(c->out->json, "message",
	    mem_printf("Your sandbox is ready, on the plan %s.",
	        json_text(resource, "plan")));
}

void
sandbox_change(struct sandbox_call *c)
{
	const struct sandbox_plan *plan;
	cJSON *resource = sandbox_find(c, c->id);

	if (resource == NULL) {
		sandbox_refuse(c, 404, "There is no such resource.");
		return;
	}
	plan = read_plan(c, c->desk->change_must);
	if (plan == NULL)
		return;
	if (plan->refusal != NULL) {
		sandbox_refuse(c, 422, plan->refusal);
		return;
	}
	cJSON_ReplaceItemInObjectCaseSensitive(resource, "plan",
	    cJSON_CreateString(plan->name));
	c->changed = true;
	c->out->status = 200;
	c->out->json = cJSON_CreateObject();
	cJSON_AddItemToObject(c->out->json, "config",
	    sandbox_config(c, resource));
	json_add_text(c->out->json, "message",
	    mem_printf("Your sandbox is on the plan %s now.", plan->name));
}

void
sandbox_remove(struct sandbox_call *c)
{
	cJSON *resource = sandbox_find(c, c->id);

	if (resource == NULL) {
		sandbox_refuse(c, c->desk->missing,
		    "There is no such resource.");
		return;
	}
	cJSON_DetachItemViaPointer(json_get(c->state, "resources"), resource);
	c->changed = true;
	c->out->status = c->desk->removed;
	if (c->out->status != 204)
		c->out->json = cJSON_CreateObject();
}
