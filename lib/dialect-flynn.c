/*
 * Flynn's resource providers.  Source: its controller and pkg/resource.
 *
 * A provider there is a URL and no more, so the manifest is ours: name, url,
 * username and password (Flynn has them within the URL; apart, the password
 * is kept as others are), config_vars and plans.  The provider is not told of
 * a plan: a plan is what its options say.
 */
#include "manifest.h"
#include "mem.h"
#include "provider.h"

#include <string.h>

static const struct manifest_rule rules[] = {
    {"name",        MANIFEST_MUST,    &manifest_text     },
    {"url",         MANIFEST_MUST,    &manifest_https    },
    {"username",    MANIFEST_MUST,    &manifest_user     },
    {"password",    MANIFEST_MUST,    &manifest_word     },
    {"config_vars", MANIFEST_MUST,    &manifest_full_list},
    {"plans",       MANIFEST_ADVISED, &manifest_full_list},
    {"sso_salt",    MANIFEST_UNKNOWN, &manifest_unread   },
    {"test",        MANIFEST_UNKNOWN, &manifest_unread   },
};

static bool
flynn_claims(const cJSON *manifest)
{
	return json_get(manifest, "url") != NULL &&
	       json_get(manifest, "production") == NULL &&
	       json_get(manifest, "api") == NULL;
}

static struct finding *
flynn_check(const cJSON *manifest, bool allow_http)
{
	struct finding *list = NULL;

	manifest_check(&list, manifest, "", rules,
	    sizeof(rules) / sizeof(rules[0]), allow_http);
	manifest_check_vars(&list, "config_vars",
	    json_get(manifest, "config_vars"));
	manifest_check_plans(&list, json_get(manifest, "plans"), "name",
	    manifest_plan_rules, MANIFEST_PLAN_RULES);
	return list;
}

static void
flynn_read(struct provider *p, const cJSON *manifest)
{
	p->name = json_text(manifest, "name");
	p->user = json_text(manifest, "username");
	p->password = json_text(manifest, "password");
	p->base_url = p->test ? NULL : json_text(manifest, "url");
	p->config_vars = json_get(manifest, "config_vars");
}

static void
flynn_ask(struct exchange *x, const struct order *order)
{
	const char *url = order->provider->base_url, *id = order->resource;

	dialect_question(x, order, order->uuid);
	if (order->kind == ORDER_PROVISION) {
		x->body = json_print(dialect_options(order, false), false);
		return;
	}
	x->url =
	    mem_printf("%s%cid=%s", url, strchr(url, '?') == NULL ? '?' : '&',
	        dialect_escape(id == NULL ? order->uuid : id));
}

/* There is no later: nobody would ever say that it is ready. */
static void
flynn_hear(struct outcome *out, const struct order *order,
    const struct exchange *x)
{
	dialect_hear(out, &dialect_flynn, order, x, false);
	if (out->kind != OUTCOME_PENDING)
		return;
	*out = (struct outcome){.kind = OUTCOME_FAILED,
	    .resource = out->resource,
	    .reason = mem_printf("the provider answered %d", x->status)};
}

/* There is no dashboard. */
static bool
flynn_sign(struct entrance *out, const struct order *order,
    const struct visitor *visitor, int64_t now)
{
	(void)visitor;
	(void)now;
	return dialect_enter(out, order);
}

const struct dialect dialect_flynn = {
    .name = "flynn",
    .family = FAMILY_NONE,
    .undeclared = FAIL_FORBIDDEN,
    .nameless = true,
    .plan_key = "name",
    .config_key = "env",
    .claims = flynn_claims,
    .check = flynn_check,
    .read = flynn_read,
    .ask = flynn_ask,
    .hear = flynn_hear,
    .sign = flynn_sign,
};
