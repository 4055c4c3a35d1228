/*
 * Heroku's legacy add-on API, version 1.  Source: its Provider API, App Info
 * and manifest articles of 2014, and what kensa checks.
 */
#include "dialect-heroku.h"
#include "hash.h"
#include "mem.h"
#include "provider.h"

#include <string.h>

#define RESOURCES "/heroku/resources"
#define VENDOR_APPS "/vendor/apps"

static bool
heroku_claims(const cJSON *manifest)
{
	return json_get(manifest, "api") != NULL;
}

static struct finding *
heroku_check(const cJSON *manifest, bool allow_http)
{
	return manifest_heroku(manifest, allow_http, false);
}

/* url with the path of resources at its end. */
static const char *
resources_url(const char *url)
{
	size_t len = strlen(url), tail = strlen(RESOURCES);

	while (len > 0 && url[len - 1] == '/')
		len--;
	if (len >= tail && strncmp(url + len - tail, RESOURCES, tail) == 0)
		return url;
	return mem_printf("%s" RESOURCES, mem_dup(url, len));
}

bool
heroku_requires(const cJSON *manifest, const char *feature)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, manifest_get(manifest, "api.requires"))
		if (cJSON_IsString(item) &&
		    strcmp(item->valuestring, feature) == 0)
			return true;
	return false;
}

static const cJSON *
place_of(const struct provider *p, const cJSON *manifest)
{
	return manifest_get(manifest, p->test ? "api.test" : "api.production");
}

void
heroku_read(struct provider *p, const cJSON *manifest)
{
	const cJSON *api = json_get(manifest, "api");
	const cJSON *place = place_of(p, manifest);

	p->user = json_text(manifest, "id");
	p->name = json_text(manifest, "name");
	if (p->name == NULL)
		p->name = p->user;
	p->password = json_text(api, "password");
	p->sso_salt = json_text(api, "sso_salt");
	p->log_drain = heroku_requires(manifest, "syslog_drain");
	p->many_per_app = heroku_requires(manifest, "many_per_app");
	p->attachable = heroku_requires(manifest, "attachable");
	p->vars_prefix = manifest_heroku_prefix(manifest);
	p->plan_updateable = true;
	p->config_vars = json_get(api, "config_vars");
	p->base_url = json_text(place, "base_url");
	p->sso_url = json_text(place, "sso_url");
}

static void
read_v1(struct provider *p, const cJSON *manifest)
{
	const cJSON *place = place_of(p, manifest);

	heroku_read(p, manifest);
	if (cJSON_IsString(place)) {
		p->base_url = resources_url(place->valuestring);
		p->sso_url = p->base_url;
		p->sso_get = true;
	} else if (p->base_url != NULL && !p->test) {
		/* only production is said to be completed where it lacks the
		 * path */
		p->base_url = resources_url(p->base_url);
	}
}

static cJSON *
provision_body(const struct order *order)
{
	const char *ident =
	    provider_ident(order->provider, order->heroku_id, order->uuid);
	cJSON *body = cJSON_CreateObject();

	json_add_text(body, "heroku_id", order->heroku_id);
	json_add_text(body, "uuid", order->uuid);
	json_add_text(body, "plan", order->plan);
	json_add_text(body, "region", order->provider_region);
	json_add_text(body, "callback_url",
	    dialect_callback(order->public_url, VENDOR_APPS, ident));
	json_add_text(body, "logplex_token", NULL);
	if (order->provider->log_drain)
		json_add_text(body, "log_drain_token",
		    mem_printf("d.%s", order->uuid));
	cJSON_AddItemToObject(body, "options", dialect_options(order, true));
	return body;
}

static cJSON *
change_body(const struct order *order)
{
	cJSON *body = cJSON_CreateObject();

	json_add_text(body, "heroku_id", order->heroku_id);
	json_add_text(body, "uuid", order->uuid);
	json_add_text(body, "plan", order->plan);
	return body;
}

static void
heroku_ask(struct exchange *x, const struct order *order)
{
	static cJSON *(*const bodies[])(
	    const struct order *) = {[ORDER_PROVISION] = provision_body,
	    [ORDER_CHANGE] = change_body,
	    [ORDER_RESUME] = NULL};

	dialect_question(x, order, order->uuid);
	if (bodies[order->kind] != NULL)
		x->body = json_print(bodies[order->kind](order), false);
}

void
heroku_hear(struct outcome *out, const struct order *order,
    const struct exchange *x)
{
	dialect_hear(out, order->provider->dialect, order, x, false);
	/* 503 is a refusal for now, with a message for the user */
	if (x->status == 503)
		out->message = dialect_sentence(x);
}

/* What a provider's page needs for the platform's header: base64url JSON. */
static const char *
nav_data(const struct order *order)
{
	const struct provider *p = order->provider;
	cJSON *data = cJSON_CreateObject(), *addon;
	const char *text;

	json_add_text(data, "addon", p->name);
	json_add_text(data, "appname", order->app_name);
	addon = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(data, "addons"), addon);
	json_add_text(addon, "slug", p->user);
	json_add_text(addon, "name", p->name);
	cJSON_AddTrueToObject(addon, "current");
	text = json_print(data, false);
	return hash_base64url(text, strlen(text));
}

/* The newest of the three tokens covers the user as well. */
static const char *
user_token(const struct order *order, const char *time, const char *user_id,
    const char *email)
{
	const char *text = mem_printf("%s:%s:%s:%s:%s", order->uuid,
	    order->provider->sso_salt, time, user_id, email);

	return hash_sha256(text, strlen(text));
}

/* The fields of all versions at once, so that any handler finds its own. */
static void
sign_form(struct entrance *out, const struct order *order,
    const struct visitor *visitor, const char *time)
{
	const char *id = order->resource, *uuid = order->uuid;
	const char *salt = order->provider->sso_salt;
	const char *user_id = visitor->user_id;

	if (strncmp(user_id, "us-", 3) == 0)
		user_id += 3;
	dialect_add_field(out, "id", id);
	dialect_add_field(out, "token", dialect_token(id, salt, time));
	dialect_add_field(out, "timestamp", time);
	dialect_add_field(out, "nav-data", nav_data(order));
	dialect_add_field(out, "email", visitor->email);
	dialect_add_field(out, "app", order->app_name);
	dialect_add_field(out, "context_app", order->app_name);
	dialect_add_field(out, "user_id", user_id);
	dialect_add_field(out, "resource_id", uuid);
	dialect_add_field(out, "resource_token",
	    dialect_token(uuid, salt, time));
	dialect_add_field(out, "user_scoped_resource_token",
	    user_token(order, time, user_id, visitor->email));
}

bool
heroku_sign(struct entrance *out, const struct order *order,
    const struct visitor *visitor, int64_t now)
{
	const struct provider *p = order->provider;
	const char *time = mem_printf("%lld", (long long)now);
	const char *id = order->resource;

	if (!dialect_enter(out, order))
		return false;
	out->post = !p->sso_get;
	if (out->post) {
		sign_form(out, order, visitor, time);
		return true;
	}
	out->url =
	    mem_printf("%s?token=%s&timestamp=%s&nav-data=%s&email=%s&app=%s",
	        dialect_url(p->sso_url, id),
	        dialect_token(id, p->sso_salt, time), time, nav_data(order),
	        dialect_escape(visitor->email),
	        dialect_escape(order->app_name));
	return true;
}

cJSON *
heroku_row(const struct installation *in)
{
	cJSON *row = cJSON_CreateObject();

	/* shown as text even where the provider gave a number */
	json_add_text(row, "provider_id",
	    in->resource == NULL ? NULL : json_plain(in->resource));
	json_add_text(row, "heroku_id", in->heroku_id);
	json_add_text(row, "callback_url",
	    dialect_callback(in->public_url, in->apps_path, in->ident));
	json_add_text(row, "plan", in->plan);
	json_add_text(row, "name", in->app_name);
	json_add_text(cJSON_AddObjectToObject(row, "resource"), "uuid",
	    in->uuid);
	return row;
}

cJSON *
heroku_info(const struct installation *in)
{
	cJSON *info = cJSON_CreateObject();

	json_add_text(info, "id", in->heroku_id);
	json_add_text(info, "name", in->app_name);
	cJSON_AddItemToObject(info, "config", json_vars(in->config));
	json_add_text(info, "callback_url",
	    dialect_callback(in->public_url, in->apps_path, in->ident));
	json_add_text(info, "owner_email", in->owner_email);
	json_add_text(info, "region", in->provider_region);
	cJSON_AddArrayToObject(info, "domains");
	json_add_text(cJSON_AddObjectToObject(info, "resource"), "uuid",
	    in->uuid);
	return info;
}

const struct dialect dialect_heroku = {
    .name = "heroku",
    .family = FAMILY_HEROKU,
    .drops_undeclared = false,
    .undeclared = FAIL_FORBIDDEN,
    .config_ends_wait = true,
    .apps_path = VENDOR_APPS,
    .plan_key = "name",
    .claims = heroku_claims,
    .check = heroku_check,
    .read = read_v1,
    .ask = heroku_ask,
    .hear = heroku_hear,
    .sign = heroku_sign,
    .row = heroku_row,
    .info = heroku_info,
};
