/*
 * What the platform that a provider under test calls back answers: to the
 * manifest's credentials App Info; to a grant, tokens; to the access token the
 * one installation that it is for.
 */
#include "probe-inside.h"
#include "form.h"
#include "hash.h"
#include "mem.h"

#include <string.h>
#include <strings.h>

enum { TOKEN_SECONDS = 28800 };

static void
answer(struct probe_request *r, int status, const cJSON *body)
{
	r->status = status;
	r->answer = json_print(body, false);
}

static void
refuse(struct probe_request *r, int status, const char *id, const char *message)
{
	cJSON *body = cJSON_CreateObject();

	json_add_text(body, "id", id);
	json_add_text(body, "message", message);
	answer(r, status, body);
}

/* Heroku v3's calls, by the access token; addon is what there is. */
struct place {
	struct probe_platform *platform;
	struct probe_request *request;
	cJSON *told, *addon;
};

static void
keep(const struct place *at)
{
	const char *text = json_print(at->told, false);

	if (strlen(text) <= PROBE_TOLD_MAX)
		strcpy(at->platform->told, text);
}

static void
list(const struct place *at)
{
	cJSON *all = cJSON_CreateArray();

	cJSON_AddItemToArray(all, at->addon);
	answer(at->request, 200, all);
}

static void
show(const struct place *at)
{
	answer(at->request, 200, at->addon);
}

static void
show_config(const struct place *at)
{
	answer(at->request, 200, json_get(at->told, "config"));
}

/* The body's list of {name, value}; a value may be null.  NULL: none. */
static const cJSON *
config_of(const struct probe_request *r)
{
	const cJSON *config, *item, *value;
	cJSON *body;

	if (json_parse_outside(&body, r->body, r->body_len) != NULL)
		return NULL;
	config = json_get(body, "config");
	if (!cJSON_IsArray(config))
		return NULL;
	cJSON_ArrayForEach(item, config) {
		value = json_get(item, "value");
		if (json_text(item, "name") == NULL ||
		    !(cJSON_IsString(value) || cJSON_IsNull(value)))
			return NULL;
	}
	return config;
}

static void
set_config(const struct place *at)
{
	cJSON *config = json_get(at->told, "config"), *item, *next;
	const cJSON *given = config_of(at->request), *one;
	const char *name;

	if (given == NULL) {
		refuse(at->request, 422, "invalid_params",
		    "config must be a list of names and values.");
		return;
	}
	cJSON_ArrayForEach(one, given) {
		name = json_text(one, "name");
		for (item = config->child; item != NULL; item = next) {
			next = item->next;
			if (strcmp(json_text(item, "name"), name) == 0)
				cJSON_DetachItemViaPointer(config, item);
		}
		if (cJSON_IsString(json_get(one, "value")))
			cJSON_AddItemToArray(config,
			    cJSON_Duplicate(one, true));
	}
	keep(at);
	show_config(at);
}

static void
set_state(const struct place *at, const char *state)
{
	cJSON_ReplaceItemInObjectCaseSensitive(at->addon, "state",
	    cJSON_CreateString(state));
	keep(at);
	show(at);
}

static void
provision(const struct place *at)
{
	set_state(at, "provisioned");
}

static void
deprovision(const struct place *at)
{
	set_state(at, "deprovisioned");
}

/* What follows the add-on's name in path, NULL: it is another's. */
static const char *
behind_name(const cJSON *addon, const char *path)
{
	const char *id = json_text(addon, "id");
	const char *names[] = {id, mem_printf("ad-%s", id),
	    json_text(addon, "name")};
	size_t i, len = strcspn(path, "/");

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len &&
		    strncmp(names[i], path, len) == 0)
			return path + len;
	return NULL;
}

/* Source: Heroku, "Platform API for Partners". */
static void
serve_addons(struct probe_platform *platform, struct probe_request *r)
{
	static const struct {
		const char *method, *rest; /* NULL: there is no name */
		void (*handle)(const struct place *);
	} calls[] = {
	    {"GET",   NULL,                   list       },
	    {"GET",   "",                     show       },
	    {"GET",   "/config",              show_config},
	    {"PATCH", "/config",              set_config },
	    {"POST",  "/actions/provision",   provision  },
	    {"POST",  "/actions/deprovision", deprovision},
	};
	struct place at = {.platform = platform, .request = r};
	const char *rest = r->path + strlen("/addons");
	bool named = rest[0] == '/' && rest[1] != '\0';
	size_t i;

	if (json_parse(&at.told, platform->told, strlen(platform->told)) !=
	    NULL)
		return;
	at.addon = json_get(at.told, "addon");
	rest = named ? behind_name(at.addon, rest + 1) : NULL;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].method, r->method) == 0 &&
		    (named ? rest != NULL && calls[i].rest != NULL &&
		                 strcmp(calls[i].rest, rest) == 0
		           : calls[i].rest == NULL)) {
			calls[i].handle(&at);
			return;
		}
	refuse(r, 404, "not_found", "There is nothing here.");
}

/* A parameter, wherever providers put it: a form, JSON, the query; or "". */
static const char *
param(const struct probe_request *r, const char *name)
{
	const char *value = NULL;
	cJSON *body;

	if (json_parse_outside(&body, r->body, r->body_len) == NULL)
		value = json_text(body, name);
	else
		value = form_value(r->body, name);
	if (value == NULL)
		value = form_value(r->query, name);
	return value == NULL ? "" : value;
}

/* True where the parameter is the one that is good. */
static bool
is_good(const struct probe_request *r, const char *name, const char *good)
{
	return good != NULL && hash_equal(param(r, name), good);
}

static void
serve_token(struct probe_platform *platform, struct probe_request *r)
{
	cJSON *body;
	bool code;

	r->grant_type = param(r, "grant_type");
	code = strcmp(r->grant_type, "authorization_code") == 0;
	if (strcmp(r->method, "POST") != 0 ||
	    (!code && strcmp(r->grant_type, "refresh_token") != 0) ||
	    *param(r, "client_secret") == '\0') {
		refuse(r, 400, "bad_request",
		    "A POST of grant_type, the grant and client_secret.");
		return;
	}
	r->known = code ? is_good(r, "code", platform->grant)
	                : is_good(r, "refresh_token", platform->refresh);
	if (!r->known) {
		refuse(r, 401, "unauthorized", "The grant is not good.");
		return;
	}
	if (code)
		platform->grant = NULL;
	body = cJSON_CreateObject();
	json_add_text(body, "access_token", platform->access);
	json_add_text(body, "refresh_token", platform->refresh);
	cJSON_AddNumberToObject(body, "expires_in", TOKEN_SECONDS);
	json_add_text(body, "token_type", "Bearer");
	json_add_text(body, "user_id", "probe@addons.example.org");
	json_add_text(body, "session_nonce", NULL);
	answer(r, 200, body);
}

static void
serve_info(const struct probe_platform *platform, struct probe_request *r)
{
	const cJSON *info = NULL;
	cJSON *told;

	if (json_parse(&told, platform->told, strlen(platform->told)) == NULL)
		info = json_get(told, "info");
	if (info == NULL && strcmp(r->method, "GET") == 0)
		refuse(r, 404, "not_found", "It is not provisioned yet.");
	else
		answer(r, 200, info == NULL ? cJSON_CreateObject() : info);
}

/* True where the request says credentials of that scheme. */
static bool
says(const struct probe_request *r, const char *scheme, const char *credentials)
{
	size_t len = strlen(scheme);

	return r->authorization != NULL &&
	       strncasecmp(r->authorization, scheme, len) == 0 &&
	       hash_equal(r->authorization + len, credentials);
}

void
probe_platform_serve(struct probe_platform *platform, struct probe_request *r)
{
	size_t len = strlen("/addons");
	bool token = platform->access != NULL &&
	             strncmp(r->path, "/addons", len) == 0 &&
	             (r->path[len] == '/' || r->path[len] == '\0');

	if (platform->access != NULL && strcmp(r->path, "/oauth/token") == 0) {
		serve_token(platform, r);
		return;
	}
	r->known = token ? says(r, "Bearer ", platform->access)
	                 : says(r, "Basic ", platform->credentials);
	if (!r->known)
		refuse(r, 401, "unauthorized", "The credentials are wrong.");
	else if (token)
		serve_addons(platform, r);
	else
		serve_info(platform, r);
}
