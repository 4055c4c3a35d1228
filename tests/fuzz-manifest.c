/*
 * Manifests: of one that is taken, everything that is made of it can be sent
 * and shown.  The first byte chooses the dialect.
 */
#include "fuzz.h"

#include <string.h>

#include "fail.h"
#include "finding.h"
#include "json.h"
#include "mem.h"
#include "provider.h"

static const char *const dialects[] = {"scalingo", "heroku", "appfog",
    "heroku-v3", "clevercloud", "flynn"};

static struct conf *conf;

void
fuzz_begin(void)
{
	conf = conf_defaults("https://market.example");
}

static void
try_orders(const struct provider *p)
{
	struct order o = {.provider = p,
	    .addon_id = "ad-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .uuid = "7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .plan = p->plans->name,
	    .plan_options = p->plans->options,
	    .app_id = "64a000000000000000000001",
	    .app_name = "pond",
	    .heroku_id = "app7001@market.example",
	    .account = "ana",
	    .owner_email = "ana@example.org",
	    .region = "local-1",
	    .provider_region = "eu",
	    .appfog_region = "useast",
	    .public_url = "https://market.example",
	    .user_id = "us-1",
	    .name = "redis-1"};
	struct exchange x;
	cJSON *body;
	int kind;

	for (kind = ORDER_PROVISION; kind <= ORDER_RESUME; kind++) {
		o.kind = (enum order_kind)kind;
		o.resource = kind == ORDER_PROVISION ? NULL : "a/b ?\"c";
		p->dialect->ask(&x, &o);
		fuzz_line(x.url, "a URL");
		fuzz_line(x.user, "a user");
		fuzz_line(x.headers[0], "a header");
		if (x.body != NULL && !x.form)
			fuzz_done(json_parse(&body, x.body, strlen(x.body)));
	}
}

static void
try_entrance(const struct provider *p)
{
	const struct order o = {.provider = p,
	    .addon_id = "ad-7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .uuid = "7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .resource = "res-1",
	    .plan = p->plans->name,
	    .app_id = "64a000000000000000000001",
	    .app_name = "pond",
	    .heroku_id = "app7001@market.example",
	    .owner_email = "ana@example.org"};
	const struct visitor visitor = {"ana@example.org", "us-1"};
	struct entrance e;

	if (!p->dialect->sign(&e, &o, &visitor, 1767323045))
		return;
	fuzz_line(e.url, "an entrance");
	fuzz_must(e.post || strchr(e.url, ' ') == NULL,
	    "an entrance may stand in a header");
}

void
fuzz_one(char *bytes, size_t len)
{
	const char *dialect = dialects[fuzz_pick(&bytes, &len, 6)];
	struct finding *findings;
	const struct finding *n;
	const struct plan *plan;
	const struct fail *f;
	struct provider *p;
	cJSON *manifest;

	if (json_parse_outside(&manifest, bytes, len) != NULL)
		return;
	f = provider_new(&p, &findings, manifest, dialect, NULL, NULL, true,
	    false);
	for (n = findings; n != NULL; n = n->next)
		fuzz_must(n->path != NULL && n->text != NULL,
		    "a finding says where, and what");
	if (f != NULL) {
		fuzz_must(f->code == FAIL_INVALID && f->items != NULL,
		    "a manifest is refused for a rule");
		return;
	}
	dialect_guess(manifest);
	fuzz_must(provider_slug_allowed(p->slug), "its slug may be one");
	fuzz_must(p->plans != NULL, "there is a plan");
	fuzz_same(provider_view(p, conf), "a provider");
	for (plan = p->plans; plan != NULL; plan = plan->next)
		fuzz_same(plan_view(plan, conf), "a plan");
	try_orders(p);
	try_entrance(p);
}
