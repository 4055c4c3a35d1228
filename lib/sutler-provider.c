/* sutler provider list, remove, plan, visibility, owner: what is sold to whom
 */
#include "account.h"
#include "fail.h"
#include "installed.h"
#include "mem.h"
#include "oauth.h"
#include "provider.h"
#include "sutler.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USES_NAMED = 20, USES_LINE = 160 };

static const char *
visibility_of(const struct provider *p)
{
	return p->visibility == NULL ? "public" : p->visibility;
}

static const struct fail *
provider_list_all(const struct call *c)
{
	struct provider **list;
	const struct fail *f;
	struct plan *plan;
	size_t i, n, plans;
	cJSON *o;

	f = provider_list(&list, &n, c->act.store);
	for (i = 0; f == NULL && i < n; i++) {
		for (plans = 0, plan = list[i]->plans; plan != NULL;
		     plan = plan->next)
			plans++;
		o = cJSON_CreateObject();
		json_add_text(o, "slug", list[i]->slug);
		json_add_text(o, "name", list[i]->name);
		json_add_text(o, "dialect", list[i]->dialect_name);
		json_add_text(o, "category", list[i]->category);
		cJSON_AddNumberToObject(o, "plans", (double)plans);
		json_add_text(o, "base_url", list[i]->base_url);
		json_add_text(o, "visibility", visibility_of(list[i]));
		json_add_text(o, "owner",
		    list[i]->owner == NULL ? "" : list[i]->owner);
		call_row(c, o);
	}
	if (f == NULL)
		call_done(c);
	return f;
}

/* What still names the provider slug: installations, and what is owed. */
struct uses {
	const char *slug;
	size_t count;
	size_t len;
	/* of the first few, a line each; what a scan allocates does not stay */
	char names[USES_NAMED * USES_LINE];
};

static void
add_use(struct uses *uses, const cJSON *o, const char *app, const char *id)
{
	const char *slug = json_text(o, "provider");
	size_t left = sizeof(uses->names) - uses->len;
	int n;

	if (slug == NULL || strcmp(slug, uses->slug) != 0 ||
	    uses->count++ >= USES_NAMED)
		return;
	n = snprintf(uses->names + uses->len, left, "\n    %s %s", app, id);
	if (n > 0 && (size_t)n < left)
		uses->len += (size_t)n;
}

static const struct fail *
count_addons(void *arg, const struct store_record *record)
{
	const cJSON *a;

	cJSON_ArrayForEach(a, json_get(record->json, "addons"))
		add_use(arg, a, json_plain(json_get(record->json, "name")),
		    json_plain(json_get(a, "id")));
	return NULL;
}

static const struct fail *
count_work(void *arg, const struct store_record *record)
{
	const cJSON *o = record->json;

	add_use(arg, o, json_plain(json_get(o, "app_name")),
	    mem_printf("%s, to be removed",
	        json_plain(json_get(o, "addon_id"))));
	return NULL;
}

static const struct fail *
provider_remove(const struct call *c)
{
	struct uses uses = {.slug = c->argv[0]};
	const struct fail *f;
	struct provider *p;
	struct event e;

	f = store_lock(c->act.store);
	if (f == NULL)
		f = provider_load(&p, c->act.store, c->argv[0]);
	if (f == NULL)
		f = store_scan(c->act.store, "apps", count_addons, &uses);
	if (f == NULL)
		f = store_scan(c->act.store, "open", count_work, &uses);
	if (f == NULL && uses.count > 0)
		f = fail(FAIL_CONFLICT,
		    "%s has %zu installations, or removals that are owed (see"
		    " sutler open): those first%s%s",
		    p->slug, uses.count, uses.names,
		    uses.count > USES_NAMED ? "\n    …" : "");
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	store_put(c->act.store, store_path("providers", p->slug), NULL);
	e = event_new("%s: provider removed", p->slug);
	return event_commit(NULL, &c->act, &e);
}

/* The provider named first, under the lock. */
static const struct fail *
edit(struct provider **p, const struct call *c)
{
	const struct fail *f = store_lock(c->act.store);

	if (f == NULL)
		f = provider_load(p, c->act.store, c->argv[0]);
	if (f != NULL)
		store_unlock(c->act.store);
	return f;
}

/* What edit() gave, changed; f: or why not. */
static const struct fail *
save(const struct call *c, struct provider *p, const struct fail *f,
    struct event e)
{
	if (f == NULL)
		f = provider_put_again(c->act.store, p);
	if (f == NULL)
		return event_commit(NULL, &c->act, &e);
	store_unlock(c->act.store);
	return f;
}

/* Take plan out of the offer; another may be named to take instead. */
static const struct fail *
disable(const struct provider *p, struct plan *plan, const char *alternative)
{
	const struct plan *other = NULL;

	if (alternative != NULL) {
		other = plan_find(p->plans, alternative);
		if (other == NULL)
			return fail_missing("plan");
		if (other == plan || other->disabled)
			return fail(FAIL_CONFLICT, "the alternative must be "
			                           "another plan that is sold");
	}
	plan->disabled = true;
	plan->alternative = other == NULL ? NULL : other->id;
	return NULL;
}

static const struct fail *
change_plan(const struct call *c, const struct provider *p, struct plan *plan)
{
	const char *price = call_option(c, "--price");
	double value;
	char *end;

	if (price != NULL) {
		value = strtod(price, &end);
		if (*price == '\0' || *end != '\0' ||
		    !(value >= 0 && value <= 1e9))
			return fail(FAIL_SYNTAX, "--price is a number");
		plan->price = value;
	}
	if (call_option(c, "--enable") != NULL) {
		plan->disabled = false;
		plan->alternative = NULL;
	}
	if (call_option(c, "--disable") == NULL)
		return NULL;
	return disable(p, plan, call_option(c, "--alternative"));
}

static const struct fail *
show_plan(const struct call *c, const struct provider *p,
    const struct plan *plan)
{
	struct installed *list;
	const struct fail *f;
	size_t i, count, n = 0;
	cJSON *o = cJSON_CreateObject();

	f = installed_list(&list, &count, c->act.store, p->slug);
	if (f != NULL)
		return f;
	for (i = 0; i < count; i++)
		n += strcmp(list[i].plan, plan->name) == 0;
	json_add_text(o, "name", plan->name);
	json_add_text(o, "id", plan->id);
	cJSON_AddNumberToObject(o, "price", plan->price);
	json_add_text(o, "sold", plan->disabled ? "no" : "yes");
	json_add_text(o, "alternative",
	    plan->alternative == NULL ? "" : plan->alternative);
	cJSON_AddNumberToObject(o, "installations", (double)n);
	call_row(c, o);
	call_done(c);
	return NULL;
}

static const struct fail *
provider_plan(const struct call *c)
{
	bool off = call_option(c, "--disable") != NULL;
	bool on = call_option(c, "--enable") != NULL;
	const struct fail *f;
	struct provider *p;
	struct plan *plan;
	struct event e;

	if ((on && off) || (!off && call_option(c, "--alternative") != NULL))
		return fail(FAIL_SYNTAX, "--disable with or without "
		                         "--alternative, or --enable");
	f = edit(&p, c);
	if (f != NULL)
		return f;
	plan = plan_find(p->plans, c->argv[1]);
	f = plan == NULL ? fail_missing("plan") : change_plan(c, p, plan);
	e = event_new("%s: plan %s, price %g%s", p->slug, c->argv[1],
	    plan == NULL ? 0 : plan->price,
	    plan != NULL && plan->disabled ? ", no longer sold" : "");
	f = save(c, p, f, e);
	return f == NULL ? show_plan(c, p, plan) : f;
}

/* All of these accounts are there; their names as an array, NULL for none. */
static const struct fail *
check_accounts(cJSON **names, const struct call *c, int from)
{
	const struct fail *f = NULL;
	struct account *a;
	int i;

	*names = from < c->argc ? cJSON_CreateArray() : NULL;
	for (i = from; f == NULL && i < c->argc; i++) {
		f = account_load(&a, c->act.store, c->argv[i]);
		if (f == NULL)
			cJSON_AddItemToArray(*names,
			    cJSON_CreateString(a->name));
	}
	return f;
}

static const struct fail *
provider_visibility(const struct call *c)
{
	static const char *const words[] = {"public", "closed", "private"};
	const char *word = c->argv[1];
	const struct fail *f;
	struct provider *p;
	cJSON *names;
	size_t i;

	for (i = 0; i < 3 && strcmp(words[i], word) != 0; i++)
		;
	if (i == 3)
		return fail(FAIL_SYNTAX,
		    "say public, closed or private, not %s", word);
	if (i < 2 && c->argc > 2)
		return fail(FAIL_SYNTAX, "only private is for some accounts");
	f = check_accounts(&names, c, 2);
	if (f == NULL)
		f = edit(&p, c);
	if (f != NULL)
		return f;
	p->visibility = i == 0 ? NULL : words[i];
	p->accounts = names;
	return save(c, p, NULL, event_new("%s: is %s", p->slug, word));
}

static const struct fail *
provider_owner(const struct call *c)
{
	const struct fail *f;
	struct provider *p;
	cJSON *names;

	f = check_accounts(&names, c, 1);
	if (f == NULL)
		f = edit(&p, c);
	if (f != NULL)
		return f;
	p->owner = c->argc > 1 ? c->argv[1] : NULL;
	return save(c, p, NULL,
	    event_new("%s: owner is %s", p->slug,
	        p->owner == NULL ? "nobody" : p->owner));
}

static const struct fail *
provider_secret(const struct call *c)
{
	struct provider *p;
	const struct fail *f = edit(&p, c);
	const char *secret;

	if (f != NULL)
		return f;
	secret = oauth_secret(p);
	f = save(c, p, NULL, event_new("%s: a new client secret", p->slug));
	if (f == NULL)
		printf("%s\n", secret);
	return f;
}

const struct command provider_commands[] = {
    {"provider list",    "", "all providers", 0, 0, false, provider_list_all,
     {{0}}},
    {"provider remove",   "SLUG", "refused while apps have it installed", 1, 1,
     false, provider_remove, {{0}}},
    {"provider plan",
     "SLUG PLAN [--disable [--alternative PLAN] | --enable] [--price N]", "show a plan, sell it no longer or again, at another price; what is"
        " bought keeps its own", 2, 2, false, provider_plan,
     {{"--disable", false}, {"--alternative", true}, {"--enable", false},
            {"--price", true}}},
    {"provider visibility", "SLUG public|closed|private [ACCOUNT…]",
     "sold to all, to nobody new, to its owner and these accounts", 2,
     INT_MAX, false, provider_visibility, {{0}}},
    {"provider secret",                  "SLUG",
     "a new client secret for /oauth/token (Heroku v3), printed once; tokens"
        " made with the one before end", 1, 1, false, provider_secret, {{0}}},
    {"provider owner",          "SLUG [ACCOUNT]",
     "the account that may push its manifest and read its secrets", 1, 2,
     false, provider_owner, {{0}}},
    {0                }
};
