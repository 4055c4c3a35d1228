#include "webhook.h"
#include "addon.h"
#include "clock.h"
#include "hash.h"
#include "json.h"
#include "manifest.h"
#include "mem.h"

#include <string.h>

enum { TEXT_MAX = 1000, SECRET_BYTES = 32 };

/* What a webhook may include. */
static const char *const entities[] = {"api:addon", "api:addon-attachment",
    "api:app", "api:build", "api:collaborator", "api:domain", "api:dyno",
    "api:formation", "api:release", "api:sni-endpoint", "api:ssl-endpoint"};

enum { ENTITIES = sizeof(entities) / sizeof(entities[0]) };

static bool
is_entity(const char *name)
{
	size_t i;

	for (i = 0; i < ENTITIES && strcmp(entities[i], name) != 0; i++)
		;
	return i < ENTITIES;
}

bool
webhook_includes(const struct webhook *w, const char *entity)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, w->include)
		if (strcmp(one->valuestring, entity) == 0)
			return true;
	return false;
}

static const struct fail *
set_include(struct webhook *w, const struct conf *conf, const cJSON *value)
{
	const cJSON *one;

	(void)conf;
	w->include = cJSON_CreateArray();
	cJSON_ArrayForEach(one, value) {
		if (!cJSON_IsString(one) || !is_entity(one->valuestring))
			return fail_field(NULL, "include",
			    "%s is nothing that a webhook can include",
			    json_plain(one));
		if (!webhook_includes(w, one->valuestring))
			cJSON_AddItemToArray(w->include,
			    cJSON_CreateString(one->valuestring));
	}
	if (w->include->child != NULL)
		return NULL;
	return fail_field(NULL, "include",
	    "must be a list such as [\"api:addon\", \"api:release\"]");
}

static const struct fail *
set_level(struct webhook *w, const struct conf *conf, const cJSON *value)
{
	const char *level = cJSON_GetStringValue(value);

	(void)conf;
	if (level == NULL ||
	    (strcmp(level, "notify") != 0 && strcmp(level, "sync") != 0))
		return fail_field(NULL, "level",
		    "must be \"notify\" or \"sync\"");
	w->level = level;
	return NULL;
}

static const struct fail *
set_url(struct webhook *w, const struct conf *conf, const cJSON *value)
{
	const struct manifest_type *type =
	    conf->allow_http ? &manifest_url : &manifest_https;

	if (!cJSON_IsString(value) || !type->fits(value) ||
	    strlen(value->valuestring) > TEXT_MAX)
		return fail_field(NULL, "url", "must be %s", type->want);
	w->url = value->valuestring;
	return NULL;
}

/* A text that can stand in a header. */
static bool
is_line(const cJSON *value)
{
	const char *p = cJSON_GetStringValue(value);

	if (p == NULL || *p == '\0' || strlen(p) > TEXT_MAX)
		return false;
	while (*p != '\0' && (unsigned char)*p >= ' ' && *p != 0x7f)
		p++;
	return *p == '\0';
}

static const struct fail *
set_authorization(struct webhook *w, const struct conf *conf,
    const cJSON *value)
{
	(void)conf;
	if (!cJSON_IsNull(value) && !is_line(value))
		return fail_field(NULL, "authorization",
		    "must be one line of at most %d bytes", TEXT_MAX);
	w->authorization = cJSON_GetStringValue(value);
	return NULL;
}

static const struct fail *
set_secret(struct webhook *w, const struct conf *conf, const cJSON *value)
{
	(void)conf;
	if (!is_line(value))
		return fail_field(NULL, "secret",
		    "must be one line of at most %d bytes", TEXT_MAX);
	w->secret = value->valuestring;
	return NULL;
}

static const struct {
	const char *key;
	bool must;
	const struct fail *(*set)(struct webhook *w, const struct conf *conf,
	    const cJSON *value);
} members[] = {
    {"include",       true,  set_include      },
    {"level",         true,  set_level        },
    {"url",           true,  set_url          },
    {"authorization", false, set_authorization},
    {"secret",        false, set_secret       },
};

const struct fail *
webhook_set(const char **made, struct webhook *w, const struct conf *conf,
    const cJSON *body)
{
	bool fresh = w->url == NULL;
	const struct fail *f = NULL;
	const cJSON *value;
	size_t i;

	*made = NULL;
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		value = json_get(body, members[i].key);
		if (value == NULL && fresh && members[i].must)
			f = fail_field(f, members[i].key, "is required");
		if (value == NULL || f != NULL)
			continue;
		f = members[i].set(w, conf, value);
	}
	if (f != NULL)
		return f;
	w->updated_at = clock_text(clock_now());
	if (!fresh)
		return NULL;
	w->id = hash_uuid();
	w->created_at = w->updated_at;
	if (w->secret == NULL)
		w->secret = *made = hash_random_hex(SECRET_BYTES);
	return NULL;
}

const struct fail *
webhook_find(struct webhook **out, const struct addon *addon, const char *id)
{
	for (*out = addon->webhooks; *out != NULL; *out = (*out)->next)
		if (strcmp((*out)->id, id) == 0)
			return NULL;
	return fail_missing("webhook");
}

cJSON *
webhook_view(const struct webhook *w, const struct addon *addon)
{
	cJSON *o = cJSON_CreateObject(), *part;

	part = cJSON_AddObjectToObject(o, "addon");
	json_add_text(part, "id", addon->id + strlen("ad-"));
	json_add_text(part, "name", addon_name(addon));
	json_add_text(o, "created_at", w->created_at);
	json_add_text(o, "id", w->id);
	cJSON_AddItemToObject(o, "include", cJSON_Duplicate(w->include, true));
	json_add_text(o, "level", w->level);
	json_add_text(o, "updated_at", w->updated_at);
	json_add_text(o, "url", w->url);
	return o;
}
