/* Clever Cloud's add-on API.  Source: "Marketplace APIs & Tools". */
#include "dialect-heroku.h"
#include "hash.h"
#include "mem.h"
#include "provider.h"

#include <ctype.h>
#include <string.h>

#define VENDOR_APPS "/v2/vendor/apps"

static const struct manifest_rule rules[] = {
    {"id",              MANIFEST_MUST,    &manifest_heroku_id},
    {"name",            MANIFEST_MAY,     &manifest_text     },
    {"api",             MANIFEST_MUST,    &manifest_object   },
    {"api.config_vars", MANIFEST_MUST,    &manifest_list     },
    {"api.regions",     MANIFEST_MUST,    &manifest_names    },
    {"api.password",    MANIFEST_MUST,    &manifest_word     },
    {"api.sso_salt",    MANIFEST_ADVISED, &manifest_text     },
    {"api.production",  MANIFEST_MUST,    &manifest_object   },
    {"api.test",        MANIFEST_ADVISED, &manifest_object   },
    {"plans",           MANIFEST_ADVISED, &manifest_full_list},
};

/* Heroku's shape; only the path that its documentation shows tells it. */
static bool
clevercloud_claims(const cJSON *manifest)
{
	const char *url = cJSON_GetStringValue(
	    manifest_get(manifest, "api.production.base_url"));

	return url != NULL && strstr(url, "/clevercloud/") != NULL;
}

static struct finding *
clevercloud_check(const cJSON *manifest, bool allow_http)
{
	return manifest_heroku_like(rules, sizeof(rules) / sizeof(rules[0]),
	    manifest, allow_http);
}

/* "amazon-web-services::eu-west-1" -> "eu" */
static char *
zone_of(const char *region)
{
	const char *colon = strrchr(region, ':');

	region = colon == NULL ? region : colon + 1;
	return mem_dup(region, strcspn(region, "-"));
}

static void
add_provision(cJSON *body, const struct order *order)
{
	char *zone = zone_of(order->provider_region), *p;

	for (p = zone; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	json_add_text(body, "owner_id", order->account);
	json_add_text(body, "owner_name", order->account);
	json_add_text(body, "user_id",
	    order->user_id == NULL ? order->account : order->user_id);
	json_add_text(body, "region", zone);
	json_add_text(body, "callback_url",
	    dialect_callback(order->public_url, VENDOR_APPS, order->addon_id));
	cJSON_AddItemToObject(body, "options", dialect_options(order, true));
}

static void
clevercloud_ask(struct exchange *x, const struct order *order)
{
	cJSON *body = cJSON_CreateObject();

	dialect_question(x, order, order->addon_id);
	json_add_text(body, "addon_id", order->addon_id);
	json_add_text(body, "plan", order->plan);
	if (order->kind == ORDER_PROVISION)
		add_provision(body, order);
	if (order->kind != ORDER_REMOVE)
		x->body = json_print(body, false);
}

/* What its console sends, and the token that was there before; in ms. */
static bool
clevercloud_sign(struct entrance *out, const struct order *order,
    const struct visitor *visitor, int64_t now)
{
	const char *id = order->resource, *salt = order->provider->sso_salt;
	const char *time = mem_printf("%lld000", (long long)now), *text;

	if (!dialect_enter(out, order))
		return false;
	text = mem_printf("%s:%s:%s::%s:%s", id, visitor->user_id,
	    visitor->email, salt, time);
	dialect_add_field(out, "id", id);
	dialect_add_field(out, "timestamp", time);
	dialect_add_field(out, "nav-data", "");
	dialect_add_field(out, "email", visitor->email);
	dialect_add_field(out, "user_id", visitor->user_id);
	dialect_add_field(out, "signature", hash_sha512(text, strlen(text)));
	dialect_add_field(out, "token", dialect_token(id, salt, time));
	return true;
}

static cJSON *
clevercloud_row(const struct installation *in)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "provider_id", in->provider);
	json_add_text(row, "addon_id", in->addon_id);
	json_add_text(row, "callback_url",
	    dialect_callback(in->public_url, in->apps_path, in->addon_id));
	json_add_text(row, "plan", in->plan);
	json_add_text(row, "owner_id", in->account);
	return row;
}

static cJSON *
clevercloud_info(const struct installation *in)
{
	struct installation ours = *in;
	cJSON *info;

	ours.heroku_id = ours.ident = in->addon_id;
	ours.provider_region = zone_of(in->provider_region);
	info = heroku_info(&ours);
	json_add_text(info, "owner_id", in->account);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "owner_emails"),
	    cJSON_CreateString(in->owner_email));
	return info;
}

const struct dialect dialect_clevercloud = {
    .name = "clevercloud",
    .family = FAMILY_HEROKU,
    .drops_undeclared = true,
    .undeclared = FAIL_FORBIDDEN,
    .config_ends_wait = true,
    .apps_path = VENDOR_APPS,
    .plan_key = "name",
    .claims = clevercloud_claims,
    .check = clevercloud_check,
    .read = heroku_read,
    .ask = clevercloud_ask,
    .hear = heroku_hear,
    .sign = clevercloud_sign,
    .row = clevercloud_row,
    .info = clevercloud_info,
};
