/*
 * What a provider under test calls back, and what it is told.
 */
#include "probe-inside.h"
#include "clock.h"
#include "mem.h"

#include <string.h>

/* {id, name} of something under key. */
static void
add_named(cJSON *o, const char *key, const char *id, const char *name)
{
	cJSON *named = cJSON_AddObjectToObject(o, key);

	json_add_text(named, "id", id);
	json_add_text(named, "name", name);
}

/* The add-on object.  Source: Heroku Platform API, "Add-on". */
static cJSON *
addon_object(const struct probe *p, const struct outcome *outcome)
{
	const struct provider *provider = p->with.provider;
	const struct order *o = &p->order;
	cJSON *addon = cJSON_CreateObject();
	bool done = outcome != NULL && outcome->kind == OUTCOME_DONE;

	cJSON_AddArrayToObject(addon, "actions");
	add_named(addon, "addon_service", provider->user, provider->user);
	add_named(addon, "app", o->app_id, o->app_name);
	cJSON_AddItemToObject(addon, "config_vars",
	    cJSON_Duplicate(provider->config_vars, true));
	json_add_text(addon, "id", o->uuid);
	json_add_text(addon, "name", o->name);
	add_named(addon, "plan", p->current,
	    mem_printf("%s:%s", provider->user, p->current));
	json_add_text(addon, "provider_id", o->resource);
	json_add_text(addon, "state", done ? "provisioned" : "provisioning");
	json_add_text(addon, "web_url", NULL);
	return addon;
}

/* App Info, in the envelope of its family. */
static cJSON *
info_object(const struct probe *p, const struct outcome *outcome)
{
	const struct provider *provider = p->with.provider;
	const struct order *o = &p->order;
	struct installation in = {.addon_id = o->addon_id,
	    .uuid = o->uuid,
	    .resource = outcome->resource,
	    .plan = p->current,
	    .app_id = o->app_id,
	    .app_name = o->app_name,
	    .heroku_id = o->heroku_id,
	    .ident = provider_ident(provider, o->heroku_id, o->uuid),
	    .account = o->account,
	    .owner_email = o->owner_email,
	    .config = outcome->config,
	    .region = o->region,
	    .provider_region = o->provider_region,
	    .appfog_region = o->appfog_region,
	    .public_url = o->public_url,
	    .provider = provider->slug,
	    .apps_path = provider->dialect->apps_path};
	cJSON *info = provider->dialect->info(&in), *body;

	if (provider->dialect->family != FAMILY_SCALINGO)
		return info;
	body = cJSON_CreateObject();
	cJSON_AddItemToObject(body, "app", info);
	return body;
}

void
probe_installed(struct probe *p, const struct outcome *outcome)
{
	const struct dialect *d = p->with.provider->dialect;
	cJSON *told = cJSON_CreateObject(), *config, *item;
	const struct json_var *v;

	if (outcome != NULL && d->info != NULL)
		cJSON_AddItemToObject(told, "info", info_object(p, outcome));
	cJSON_AddItemToObject(told, "addon", addon_object(p, outcome));
	config = cJSON_AddArrayToObject(told, "config");
	for (v = outcome == NULL ? NULL : outcome->config; v != NULL;
	     v = v->next) {
		item = cJSON_CreateObject();
		json_add_text(item, "name", v->name);
		json_add_text(item, "value", v->value);
		cJSON_AddItemToArray(config, item);
	}
	probe_desk_tell(&p->desk, told);
}

static bool
ends_in(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

/* Is the call said one that is waited for? */
typedef bool wanted(const struct probe *p, const cJSON *said);

static bool
sets_config(const cJSON *said)
{
	const char *method = json_text(said, "method");

	return (strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0) &&
	       json_get(json_get(said, "body"), "config") != NULL;
}

/* What was pending is done. */
static bool
is_ready(const struct probe *p, const cJSON *said)
{
	return ends_in(json_text(said, "path"), "/actions/provision") ||
	       (p->with.provider->dialect->config_ends_wait &&
	           sets_config(said));
}

static bool
is_changed(const struct probe *p, const cJSON *said)
{
	return is_ready(p, said) ||
	       (p->with.provider->dialect->config_ends_change &&
	           sets_config(said));
}

static bool
is_removed(const struct probe *p, const cJSON *said)
{
	(void)p;
	return cJSON_IsTrue(json_get(said, "known")) &&
	       ends_in(json_text(said, "path"), "/actions/deprovision");
}

static bool
is_exchange(const struct probe *p, const cJSON *said)
{
	const char *grant = json_text(said, "grant");

	(void)p;
	return cJSON_IsTrue(json_get(said, "known")) && grant != NULL &&
	       strcmp(grant, "authorization_code") == 0;
}

/* Take in the next call within ms; false: there was none. */
static bool
hear(struct probe *p, int ms)
{
	cJSON *said = probe_desk_next(&p->desk, ms);

	if (said == NULL)
		return false;
	probe_hide(p, json_get(json_get(said, "body"), "config"));
	cJSON_AddItemToArray(p->heard, said);
	return true;
}

/* The first call from *place on that is wanted, or NULL; *place is behind what
 * was looked at. */
static const cJSON *
wait_for(struct probe *p, int *place, wanted *is_wanted)
{
	int64_t end = clock_now() + p->with.patience * 1000, left;
	const cJSON *said;

	for (;;) {
		said = cJSON_GetArrayItem(p->heard, *place);
		left = end - clock_now();
		if (said != NULL) {
			++*place;
			if (is_wanted(p, said))
				return said;
		} else if (probe_interrupted() || left <= 0) {
			return NULL;
		} else {
			hear(p, (int)left);
		}
	}
}

const cJSON *
probe_callback(struct probe *p, enum probe_step step)
{
	wanted *is_wanted = step == STEP_REMOVE   ? is_removed
	                    : step == STEP_CHANGE ? is_changed
	                                          : is_ready;
	const cJSON *said = wait_for(p, &p->heard_out, is_wanted);

	p->ready |= said != NULL;
	return said;
}

const cJSON *
probe_exchange(struct probe *p)
{
	int place = 0;

	return wait_for(p, &place, is_exchange);
}

const cJSON *
probe_heard(struct probe *p)
{
	while (hear(p, 0))
		continue;
	return p->heard;
}
