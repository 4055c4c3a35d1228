/*
 * What a provider under test calls back, and what it is told.
 */
#include "probe-inside.h"
#include "clock.h"
#include "mem.h"

#include <string.h>

void
probe_installed(struct probe *p, const struct outcome *outcome)
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
	    .account = o->account,
	    .owner_email = o->owner_email,
	    .config = outcome->config,
	    .region = o->region,
	    .provider_region = o->provider_region,
	    .appfog_region = o->appfog_region,
	    .public_url = o->public_url,
	    .provider = provider->slug,
	    .apps_path = provider->dialect->apps_path};
	cJSON *info, *body;

	if (provider->dialect->info == NULL)
		return;
	body = info = provider->dialect->info(&in);
	if (provider->dialect->family == FAMILY_SCALINGO) {
		body = cJSON_CreateObject();
		cJSON_AddItemToObject(body, "app", info);
	}
	probe_desk_info(&p->desk, json_print(body, false));
}

static bool
ends_in(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

/* True where the call says that what was pending is done. */
static bool
ends_wait(const struct probe *p, const cJSON *said)
{
	const char *method = json_text(said, "method");
	const char *path = json_text(said, "path");

	if (ends_in(path, "/actions/provision"))
		return true;
	return p->with.provider->dialect->config_ends_wait &&
	       (strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0) &&
	       json_get(json_get(said, "body"), "config") != NULL;
}

const cJSON *
probe_callbacks(struct probe *p, enum probe_step step)
{
	int64_t end = clock_now() + p->with.patience * 1000, left;
	bool ended = false;
	cJSON *list, *said;

	if (p->heard[step] != NULL)
		return p->heard[step];
	p->heard[step] = list = cJSON_CreateArray();
	while (
	    !ended && !probe_interrupted() && (left = end - clock_now()) > 0) {
		said = probe_desk_next(&p->desk, (int)left);
		if (said == NULL)
			continue;
		ended = ends_wait(p, said);
		cJSON_AddBoolToObject(said, "ends", ended);
		probe_hide(p, json_get(json_get(said, "body"), "config"));
		cJSON_AddItemToArray(list, said);
	}
	p->ready |= ended;
	return list;
}
