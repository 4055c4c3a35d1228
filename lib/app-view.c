/*
 * The app and its variables, as clients read them.
 */
#include "app.h"
#include "account.h"
#include "mem.h"

cJSON *
app_view(const struct app *app, const struct conf *conf,
    const struct account *owner)
{
	cJSON *o = cJSON_CreateObject(), *person;

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
	json_add_text(o, "parent_app_name", NULL);
	json_add_text(o, "last_deployed_at", NULL);
	json_add_text(o, "last_deployed_by", NULL);
	json_add_text(o, "stack_id", NULL);
	cJSON_AddBoolToObject(o, "force_https", false);
	cJSON_AddBoolToObject(o, "sticky_session", false);
	cJSON_AddBoolToObject(o, "router_logs", false);
	cJSON_AddObjectToObject(o, "flags");
	cJSON_AddObjectToObject(o, "limits");
	cJSON_AddObjectToObject(o, "links");
	person = cJSON_AddObjectToObject(o, "owner");
	json_add_text(person, "id", owner->id);
	json_add_text(person, "username", owner->name);
	json_add_text(person, "email", owner->email);
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
	json_add_text(o, "value", var->value);
	if (addon == NULL)
		return o;
	mark = cJSON_AddObjectToObject(o, "addon");
	json_add_text(mark, "id", addon->id);
	json_add_text(mark, "provider", addon->provider);
	return o;
}
