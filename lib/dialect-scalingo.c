/*
 * Scalingo's Add-on Provider API and manifest.  Source: its documentation,
 * "Add-on Provider API", "Manifest" and "Add-on App Info API".
 */
#include "manifest.h"
#include "mem.h"
#include "provider.h"

#include <string.h>

static bool
is_one_line(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	return text == NULL || text[strcspn(text, "\r\n")] == '\0';
}

static const struct manifest_type sentence_type = {is_one_line,
    "one sentence, on one line"};
static const struct manifest_type slug_type = {NULL,
    "is not of this dialect; here the slug is made of it"};
static const struct manifest_type misspelt_type = {NULL,
    "is not read: it belongs inside \"test\", as \"sso_url\""};

static const struct manifest_rule rules[] = {
    {"name",                MANIFEST_MUST,    &manifest_word     },
    {"username",            MANIFEST_MUST,    &manifest_user     },
    {"password",            MANIFEST_MUST,    &manifest_word     },
    {"sso_salt",            MANIFEST_MUST,    &manifest_text     },
    {"logo_url",            MANIFEST_MAY,     &manifest_logo     },
    {"short_description",   MANIFEST_MUST,    &manifest_text     },
    {"short_description",   MANIFEST_BETTER,  &sentence_type     },
    {"description",         MANIFEST_MUST,    &manifest_text     },
    {"log_drain",           MANIFEST_MAY,     &manifest_bool     },
    {"config_vars",         MANIFEST_MUST,    &manifest_full_list},
    {"production",          MANIFEST_MUST,    &manifest_object   },
    {"production.base_url", MANIFEST_MUST,    &manifest_https    },
    {"test",                MANIFEST_ADVISED, &manifest_object   },
    {"plans",               MANIFEST_MUST,    &manifest_full_list},
    {"id",                  MANIFEST_UNKNOWN, &slug_type         },
    {"test_sso_url",        MANIFEST_UNKNOWN, &misspelt_type     },
    {"api",                 MANIFEST_UNKNOWN, &manifest_unread   },
    {"regions",             MANIFEST_UNKNOWN, &manifest_unread   },
    {"requires",            MANIFEST_UNKNOWN, &manifest_unread   },
};

/* Empty is as good as missing for these. */
static const struct manifest_rule url_rules[] = {
    {"production.sso_url", MANIFEST_ADVISED, &manifest_https},
    {"test.base_url",      MANIFEST_ADVISED, &manifest_url  },
    {"test.sso_url",       MANIFEST_MAY,     &manifest_url  },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool
scalingo_claims(const cJSON *manifest)
{
	static const char *const keys[] = {"username", "password", "sso_salt",
	    "config_vars", "production"};
	size_t i;

	if (json_get(manifest, "api") != NULL)
		return false;
	for (i = 0; i < COUNT(keys); i++)
		if (json_get(manifest, keys[i]) != NULL)
			return true;
	return false;
}

static struct finding *
scalingo_check(const cJSON *manifest, bool allow_http)
{
	struct finding *list = NULL;
	const char *url;
	size_t i;

	manifest_check(&list, manifest, "", rules, COUNT(rules), allow_http);
	for (i = 0; i < COUNT(url_rules); i++) {
		url = cJSON_GetStringValue(
		    manifest_get(manifest, url_rules[i].path));
		if (url == NULL || *url != '\0')
			manifest_check(&list, manifest, "", &url_rules[i], 1,
			    allow_http);
	}
	manifest_check_vars(&list, "config_vars",
	    json_get(manifest, "config_vars"));
	manifest_check_plans(&list, json_get(manifest, "plans"), "name",
	    manifest_plan_rules, MANIFEST_PLAN_RULES);
	return list;
}

static void
scalingo_read(struct provider *p, const cJSON *manifest)
{
	const cJSON *where =
	    json_get(manifest, p->test ? "test" : "production");

	p->name = json_text(manifest, "name");
	p->user = json_text(manifest, "username");
	p->password = json_text(manifest, "password");
	p->sso_salt = json_text(manifest, "sso_salt");
	p->base_url = json_text(where, "base_url");
	p->sso_url = json_text(where, "sso_url");
	if (p->base_url != NULL && *p->base_url == '\0')
		p->base_url = NULL;
	if (p->sso_url != NULL && *p->sso_url == '\0')
		p->sso_url = NULL;
	p->log_drain = cJSON_IsTrue(json_get(manifest, "log_drain"));
	p->plan_updateable = true;
	p->config_vars = json_get(manifest, "config_vars");
}

static void
scalingo_ask(struct exchange *x, const struct order *order)
{
	cJSON *body;

	/* that is the uuid that it was told */
	dialect_question(x, order, order->addon_id);
	if (order->kind == ORDER_REMOVE)
		return;
	body = cJSON_CreateObject();
	if (order->kind == ORDER_SUSPEND || order->kind == ORDER_RESUME) {
		x->body = json_print(body, false);
		return;
	}
	json_add_text(body, "plan", order->plan);
	if (order->kind == ORDER_PROVISION) {
		json_add_text(body, "app_id", order->app_id);
		json_add_text(body, "uuid", order->addon_id);
	}
	cJSON_AddItemToObject(body, "options", dialect_options(order, false));
	x->body = json_print(body, false);
}

static void
scalingo_hear(struct outcome *out, const struct order *order,
    const struct exchange *x)
{
	dialect_hear(out, &dialect_scalingo, order, x, false);
}

static bool
scalingo_sign(struct entrance *out, const struct order *order,
    const struct visitor *visitor, int64_t now)
{
	const struct provider *p = order->provider;
	const char *time = mem_printf("%lld", (long long)now), *token;

	(void)visitor;
	if (!dialect_enter(out, order))
		return false;
	out->post = false;
	token = dialect_token(order->resource, p->sso_salt, time);
	out->url = mem_printf("%s%cid=%s&token=%s&timestamp=%s", p->sso_url,
	    strchr(p->sso_url, '?') == NULL ? '?' : '&',
	    dialect_escape(order->resource), token, time);
	return true;
}

static cJSON *
scalingo_row(const struct installation *in)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "addon_provider_id", in->provider);
	json_add_text(row, "app_id", in->app_id);
	json_add_text(row, "plan", in->plan);
	/* not documented; what tells two add-ons of one app apart */
	json_add_text(row, "resource_id",
	    in->resource == NULL ? NULL : json_plain(in->resource));
	json_add_text(row, "addon_id", in->addon_id);
	return row;
}

static cJSON *
scalingo_info(const struct installation *in)
{
	cJSON *info = cJSON_CreateObject();

	json_add_text(info, "addon_provider_id", in->provider);
	json_add_text(info, "id", in->app_id);
	json_add_text(info, "name", in->app_name);
	json_add_text(info, "owner_email", in->owner_email);
	json_add_text(info, "plan", in->plan);
	cJSON_AddItemToObject(info, "config", json_vars(in->config));
	return info;
}

const struct dialect dialect_scalingo = {
    .name = "scalingo",
    .family = FAMILY_SCALINGO,
    .drops_undeclared = false,
    .undeclared = FAIL_INVALID,
    .suspends = true,
    .apps_path = "/v1/provider/apps",
    .plan_key = "name",
    .claims = scalingo_claims,
    .check = scalingo_check,
    .read = scalingo_read,
    .ask = scalingo_ask,
    .hear = scalingo_hear,
    .sign = scalingo_sign,
    .row = scalingo_row,
    .info = scalingo_info,
};
