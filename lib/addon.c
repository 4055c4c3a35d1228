#include "addon.h"
#include "account.h"
#include "conf.h"
#include "json.h"
#include "mem.h"
#include "work.h"

#include <string.h>

const struct fail *
addon_load(struct addon_result *out, const struct act *act, const char *ident,
    const char *id)
{
	const struct fail *f;

	*out = (struct addon_result){0};
	f = app_load(&out->app, act, ident);
	if (f != NULL)
		return f;
	out->addon = app_addon(out->app, id);
	if (out->addon == NULL)
		return fail_missing("addon");
	return provider_load(&out->provider, act->store, out->addon->provider);
}

/* The plan of addon as it was bought: its price is not the list's. */
static cJSON *
plan_of(const struct addon *addon, const struct provider *p,
    const struct conf *conf)
{
	const struct plan *listed = plan_find(p->plans, addon->plan_id);
	struct plan bought = {.id = addon->plan_id,
	    .name = addon->plan,
	    .display_name = addon->plan,
	    .description = ""};

	if (listed != NULL)
		bought = *listed;
	bought.price = addon->price;
	bought.units = addon->units;
	return plan_view(&bought, conf);
}

cJSON *
addon_view(const struct app *app, const struct addon *addon,
    const struct provider *p, const struct conf *conf)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "id", addon->id);
	json_add_text(o, "app_id", app->id);
	json_add_text(o, "resource_id",
	    addon->resource == NULL ? NULL : json_plain(addon->resource));
	cJSON_AddItemToObject(o, "addon_provider", provider_view_brief(p));
	cJSON_AddItemToObject(o, "plan", plan_of(addon, p, conf));
	json_add_text(o, "provisioned_at", addon->provisioned_at);
	json_add_text(o, "deprovisioned_at", NULL);
	json_add_text(o, "status", addon->status);
	json_add_text(o, "updated_at", addon->updated_at);
	if (addon->rebind != NULL)
		cJSON_AddItemToObject(o, "rebind",
		    json_var_names(addon->rebind));
	return o;
}

void
addon_answer(cJSON *body, const struct addon_result *r, const struct conf *conf)
{
	cJSON *addon = addon_view(r->app, r->addon, r->provider, conf);

	json_add_text(addon, "message", r->message);
	cJSON_AddItemToObject(addon, "variables",
	    cJSON_Duplicate(r->variables, true));
	cJSON_AddItemToObject(body, "addon", addon);
	json_add_text(body, "message", r->message);
	cJSON_AddItemToObject(body, "variables", r->variables);
	cJSON_AddItemToObject(body, "vars",
	    cJSON_Duplicate(r->variables, true));
}

const char *
addon_name(const struct addon *a)
{
	const char *uuid = a->id + strlen("ad-");

	return mem_printf("%s-%.8s%.4s", a->provider, uuid, uuid + 9);
}
