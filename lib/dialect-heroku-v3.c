/*
 * Heroku's add-on API, version 3.  Source: its "Add-on Partner API Reference"
 * and "Add-on Manifest" articles, and its sample provider.  A provider's own
 * calls (/oauth/token, /addons) are not made through the dialect.
 */
#include "dialect-heroku.h"
#include "mem.h"
#include "provider.h"

#include <string.h>

/* A number is meant for it, too, and told that it must be text. */
static bool
v3_claims(const cJSON *manifest)
{
	const cJSON *version = manifest_get(manifest, "api.version");

	return version != NULL && strcmp(json_plain(version), "3") == 0;
}

static struct finding *
v3_check(const cJSON *manifest, bool allow_http)
{
	return manifest_heroku(manifest, allow_http, true);
}

static void
add_grant(cJSON *body, const struct order *order)
{
	cJSON *grant;

	if (order->grant_code == NULL)
		return;
	grant = cJSON_AddObjectToObject(body, "oauth_grant");
	json_add_text(grant, "code", order->grant_code);
	json_add_text(grant, "expires_at", order->grant_expires_at);
	json_add_text(grant, "type", "authorization_code");
}

static cJSON *
provision_body(const struct order *order)
{
	const cJSON *manifest = order->provider->manifest;
	cJSON *body = cJSON_CreateObject();

	json_add_text(body, "uuid", order->uuid);
	if (order->name != NULL)
		json_add_text(body, "name", order->name);
	json_add_text(body, "plan", order->plan);
	json_add_text(body, "region", order->provider_region);
	json_add_text(body, "callback_url",
	    dialect_callback(order->public_url, "/addons", order->uuid));
	cJSON_AddItemToObject(body, "options", dialect_options(order, true));
	add_grant(body, order);
	if (heroku_requires(manifest, "log_input"))
		json_add_text(body, "log_input_url", order->log_input_url);
	if (heroku_requires(manifest, "syslog_drain"))
		json_add_text(body, "log_drain_token",
		    mem_printf("d.%s", order->uuid));
	return body;
}

static void
v3_ask(struct exchange *x, const struct order *order)
{
	struct order ours = *order;
	cJSON *body = NULL;

	/* whatever id the provider answered: it goes by ours */
	ours.resource = order->uuid;
	dialect_question(x, &ours, order->uuid);
	x->accept = "application/vnd.heroku-addons+json; version=3";
	if (order->kind == ORDER_PROVISION) {
		body = provision_body(order);
	} else if (order->kind == ORDER_CHANGE) {
		body = cJSON_CreateObject();
		json_add_text(body, "plan", order->plan);
	}
	if (body != NULL)
		x->body = json_print(body, false);
}

const struct dialect dialect_heroku_v3 = {
    .name = "heroku-v3",
    .family = FAMILY_HEROKU,
    .drops_undeclared = false,
    .undeclared = FAIL_FORBIDDEN,
    .config_ends_change = true,
    .removes_later = true,
    .by_uuid = true,
    .grants = true,
    .apps_path = "/vendor/apps",
    .plan_key = "name",
    .claims = v3_claims,
    .check = v3_check,
    .read = heroku_read,
    .ask = v3_ask,
    .hear = heroku_hear,
    .sign = heroku_sign,
    .row = heroku_row,
    .info = heroku_info,
};
