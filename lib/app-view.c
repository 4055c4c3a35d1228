/*
 * The app and its variables, as clients read them.
 */
#include "app.h"
#include "account.h"
#include "mem.h"

const char *
app_project_id(const struct account *owner)
{
	return mem_printf("prj-%s", owner->id + 3);
}

static void
add_nulls(cJSON *o)
{
	static const char *const keys[] = {"parent_app_name",
	    "last_deployed_at", "last_deployed_by", "last_deployment_id",
	    "git_source", "data_access_consent"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_add_text(o, keys[i], NULL);
}

cJSON *
app_view(const struct app *app, const struct conf *conf,
    const struct account *owner)
{
	cJSON *o = cJSON_CreateObject(), *part;

	json_add_text(o, "id", app->id);
	json_add_text(o, "name", app->name);
	json_add_text(o, "region", conf->region);
	json_add_text(o, "status", "running");
	json_add_text(o, "created_at", app->created_at);
	json_add_text(o, "updated_at", app->updated_at);
	json_add_text(o, "url",
	    mem_printf("%s/#/apps/%s", conf->public_url, app->name));
	json_add_text(o, "base_url", conf->public_url);
	json_add_text(o, "git_url", "");
	add_nulls(o);
	json_add_text(o, "stack_id", APP_STACK_ID);
	cJSON_AddBoolToObject(o, "force_https", app->force_https);
	cJSON_AddBoolToObject(o, "sticky_session", app->sticky_session);
	cJSON_AddBoolToObject(o, "router_logs", app->router_logs);
	cJSON_AddBoolToObject(o, "hds_resource", false);
	cJSON_AddObjectToObject(o, "flags");
	cJSON_AddObjectToObject(o, "limits");
	cJSON_AddArrayToObject(o, "private_networks_ids");
	part = cJSON_AddObjectToObject(o, "links");
	json_add_text(part, "deployments_stream", "");
	part = cJSON_AddObjectToObject(o, "project");
	json_add_text(part, "id", app_project_id(owner));
	json_add_text(part, "name", APP_PROJECT);
	part = cJSON_AddObjectToObject(o, "owner");
	json_add_text(part, "id", owner->id);
	json_add_text(part, "username", owner->name);
	json_add_text(part, "email", owner->email);
	cJSON_AddObjectToObject(part, "flags");
	return o;
}

cJSON *
app_variable_view(const struct app *app, const struct json_var *var,
    const struct addon *addon)
{
	cJSON *o = cJSON_CreateObject(), *mark;

	json_add_text(o, "id", app_variable_id(app, var->name));
	json_add_text(o, "app_id", app->id);
	json_add_text(o, "name", var->name);
	json_add_text(o, "value", app->role >= ROLE_FULL ? var->value : NULL);
	if (addon == NULL)
		return o;
	mark = cJSON_AddObjectToObject(o, "addon");
	json_add_text(mark, "id", addon->id);
	json_add_text(mark, "provider", addon->provider);
	return o;
}
