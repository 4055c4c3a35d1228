/*
 * AppFog's Add-on Engine, as of 2016.  Source: its API, manifest and App Info
 * pages.
 */
#include "manifest.h"
#include "mem.h"
#include "provider.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define VENDOR_APPS "/vendor/apps"

enum { NAME_ADVISED = 80 };

static bool
is_plan_id(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && *text != '\0' &&
	       text[strspn(text, LETTERS DIGITS "_-")] == '\0';
}

static bool
is_id(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text != NULL && *text != '\0' &&
	       strchr(LETTERS, *text) != NULL && text[1] != '\0' &&
	       text[strspn(text, LETTERS DIGITS "_")] == '\0';
}

static bool
is_short(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || strlen(text) < NAME_ADVISED;
}

static bool
is_upper(const cJSON *item)
{
	return manifest_made_of(item, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_");
}

static const struct manifest_type id_type = {is_id,
    "lower-case letters, digits and \"_\", two or more, a letter first"};
static const struct manifest_type plan_id_type = {is_plan_id,
    "lower-case letters, digits, \"_\" and \"-\""};
static const struct manifest_type short_type = {is_short,
    "shorter than 80 characters"};
static const struct manifest_type upper_type = {is_upper,
    "upper-case letters, digits and \"_\""};
static const struct manifest_type price_type = {NULL,
    "is not of this dialect; a number counts per 30 days"};

static const struct manifest_rule rules[] = {
    {"id",                      MANIFEST_MUST,    &id_type           },
    {"name",                    MANIFEST_MUST,    &manifest_text     },
    {"name",                    MANIFEST_BETTER,  &short_type        },
    {"tags",                    MANIFEST_MAY,     &manifest_list     },
    {"plan_updateable",         MANIFEST_MAY,     &manifest_bool     },
    {"plans",                   MANIFEST_MUST,    &manifest_full_list},
    {"api",                     MANIFEST_MUST,    &manifest_object   },
    {"api.config_vars",         MANIFEST_MUST,    &manifest_list     },
    {"api.config_vars[]",       MANIFEST_BETTER,  &upper_type        },
    {"api.password",            MANIFEST_MUST,    &manifest_word     },
    {"api.sso_salt",            MANIFEST_MAY,     &manifest_text     },
    {"api.production",          MANIFEST_MUST,    &manifest_object   },
    {"api.production.base_url", MANIFEST_MUST,    &manifest_https    },
    {"api.production.sso_url",  MANIFEST_MAY,     &manifest_https    },
    {"api.test",                MANIFEST_MUST,    &manifest_object   },
    {"api.test.base_url",       MANIFEST_MUST,    &manifest_url      },
    {"api.test.sso_url",        MANIFEST_MAY,     &manifest_url      },
    {"test",                    MANIFEST_UNKNOWN, &manifest_unread   },
    {"api.config_vars_prefix",  MANIFEST_UNKNOWN, &manifest_unread   },
    {"api.requires",            MANIFEST_UNKNOWN, &manifest_unread   },
    {"api.regions",             MANIFEST_UNKNOWN, &manifest_unread   },
    {"api.username",            MANIFEST_UNKNOWN, &manifest_unread   },
    {"api.path",                MANIFEST_UNKNOWN, &manifest_unread   },
};

static const struct manifest_rule plan_rules[] = {
    {"id",          MANIFEST_MUST,    &plan_id_type   },
    {"name",        MANIFEST_MUST,    &plan_id_type   },
    {"description", MANIFEST_MUST,    &manifest_text  },
    {"price",       MANIFEST_UNKNOWN, &price_type     },
    {"price_unit",  MANIFEST_UNKNOWN, &manifest_unread},
    {"units",       MANIFEST_MAY,     &manifest_units },
};

/* Heroku's shape with something of its own; Heroku's manifests have no plans,
 * and ours beside them no ids. */
static bool
appfog_claims(const cJSON *manifest)
{
	const cJSON *plan;

	if (json_get(manifest, "api") == NULL)
		return false;
	if (json_get(manifest, "plan_updateable") != NULL ||
	    json_get(manifest, "tags") != NULL)
		return true;
	cJSON_ArrayForEach(plan, json_get(manifest, "plans"))
		if (json_get(plan, "id") != NULL)
			return true;
	return false;
}

static struct finding *
appfog_check(const cJSON *manifest, bool allow_http)
{
	struct finding *list = NULL;

	manifest_check(&list, manifest, "", rules, COUNT(rules), allow_http);
	manifest_check_vars(&list, "api.config_vars",
	    manifest_get(manifest, "api.config_vars"));
	manifest_check_plans(&list, json_get(manifest, "plans"), "id",
	    plan_rules, COUNT(plan_rules));
	return list;
}

static void
appfog_read(struct provider *p, const cJSON *manifest)
{
	const cJSON *api = json_get(manifest, "api");
	const cJSON *where = json_get(api, p->test ? "test" : "production");

	p->name = json_text(manifest, "name");
	p->user = json_text(manifest, "id");
	p->password = json_text(api, "password");
	p->sso_salt = json_text(api, "sso_salt");
	p->base_url = json_text(where, "base_url");
	p->sso_url = json_text(where, "sso_url");
	p->plan_updateable =
	    cJSON_IsTrue(json_get(manifest, "plan_updateable"));
	p->config_vars = json_get(api, "config_vars");
}

static void
appfog_ask(struct exchange *x, const struct order *order)
{
	cJSON *body, *options;

	dialect_question(x, order, order->uuid);
	if (order->kind == ORDER_REMOVE)
		return;
	body = cJSON_CreateObject();
	if (order->kind == ORDER_PROVISION)
		json_add_text(body, "uuid", order->uuid);
	json_add_text(body, "plan", order->plan);
	if (order->kind == ORDER_PROVISION) {
		json_add_text(body, "callback_url",
		    dialect_callback(order->public_url, VENDOR_APPS,
		        order->uuid));
		json_add_text(body, "region", order->appfog_region);
	}
	json_add_text(cJSON_AddObjectToObject(body, "clc"), "account",
	    order->account);
	/* no longer documented in the end, so not sent without need */
	options = dialect_options(order, false);
	if (order->kind == ORDER_PROVISION && options->child != NULL)
		cJSON_AddItemToObject(body, "options", options);
	x->body = json_print(body, false);
}

static void
appfog_hear(struct outcome *out, const struct order *order,
    const struct exchange *x)
{
	dialect_hear(out, &dialect_appfog, order, x, true);
	/* AppFog v1, "Asynchronous": no config yet, one comes by PUT */
	if (order->kind == ORDER_PROVISION && out->kind == OUTCOME_DONE &&
	    out->config == NULL &&
	    cJSON_GetArraySize(order->provider->config_vars) > 0)
		out->kind = OUTCOME_PENDING;
}

static bool
appfog_sign(struct entrance *out, const struct order *order,
    const struct visitor *visitor, int64_t now)
{
	const struct provider *p = order->provider;
	const char *time = mem_printf("%lld", (long long)now);
	const char *id = order->resource;

	(void)visitor;
	if (!dialect_enter(out, order))
		return false;
	dialect_add_field(out, "id", id);
	dialect_add_field(out, "token", dialect_token(id, p->sso_salt, time));
	dialect_add_field(out, "timestamp", time);
	return true;
}

static cJSON *
appfog_row(const struct installation *in)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "id", in->uuid);
	json_add_text(row, "account_id", in->account);
	json_add_text(row, "plan", in->plan);
	/* text or number, as the provider gave it */
	cJSON_AddItemToObject(row, "provider_id",
	    in->resource == NULL ? cJSON_CreateNull()
	                         : cJSON_Duplicate(in->resource, true));
	json_add_text(row, "callback_url",
	    dialect_callback(in->public_url, in->apps_path, in->uuid));
	json_add_text(cJSON_AddObjectToObject(row, "resource"), "uuid",
	    in->uuid);
	return row;
}

static cJSON *
appfog_info(const struct installation *in)
{
	cJSON *info = cJSON_CreateObject();

	json_add_text(info, "id", in->uuid);
	json_add_text(info, "account_id", in->account);
	json_add_text(info, "callback_url",
	    dialect_callback(in->public_url, in->apps_path, in->uuid));
	json_add_text(cJSON_AddObjectToObject(info, "resource"), "uuid",
	    in->uuid);
	cJSON_AddItemToObject(info, "config", json_vars(in->config));
	json_add_text(info, "region", in->appfog_region);
	return info;
}

const struct dialect dialect_appfog = {
    .name = "appfog",
    .family = FAMILY_HEROKU,
    .drops_undeclared = true,
    .undeclared = FAIL_INVALID,
    .rebinds = true,
    .config_ends_wait = true,
    .patient = true,
    .apps_path = VENDOR_APPS,
    .plan_key = "id",
    .claims = appfog_claims,
    .check = appfog_check,
    .read = appfog_read,
    .ask = appfog_ask,
    .hear = appfog_hear,
    .sign = appfog_sign,
    .row = appfog_row,
    .info = appfog_info,
};
