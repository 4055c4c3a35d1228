/*
 * What there is to buy, and where: open to all.  A user's Bearer token shows
 * what is sold to that account, too, and what it has installed.
 */
#include "app.h"
#include "cgi.h"
#include "feed.h"
#include "index.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* Who looks, and which providers that account has installed: read when first
 * needed. */
struct viewer {
	const struct cgi *c;
	const char *account; /* its name, or NULL */
	cJSON *installed;    /* object: slug to true */
};

static const struct fail *
read_installed(struct viewer *v)
{
	const struct addon *a;
	const char **names;
	const struct fail *f;
	struct app *app;
	size_t i, count;

	v->installed = cJSON_CreateObject();
	f = index_values(&names, &count, v->c->act.store,
	    mem_printf("account/%s", v->account));
	for (i = 0; f == NULL && i < count; i++) {
		f = app_load(&app, &v->c->act, names[i]);
		/* who may not see its add-ons does not see them here */
		if (f != NULL &&
		    (f->code == FAIL_MISSING || f->code == FAIL_FORBIDDEN)) {
			f = NULL;
			continue;
		}
		for (a = f == NULL ? app->addons : NULL; a != NULL; a = a->next)
			if (json_get(v->installed, a->provider) == NULL)
				cJSON_AddTrueToObject(v->installed,
				    a->provider);
	}
	return f;
}

static struct viewer
viewer(const struct cgi *c)
{
	return (struct viewer){.c = c,
	    .account = c->account == NULL ? NULL : c->account->name};
}

/* *seen: p is sold to who looks, or installed there. */
static const struct fail *
is_seen(bool *seen, struct viewer *v, const struct provider *p)
{
	const struct fail *f = NULL;

	*seen = provider_sold_to(p, v->account);
	if (*seen || v->account == NULL)
		return NULL;
	if (v->installed == NULL)
		f = read_installed(v);
	*seen = json_get(v->installed, p->slug) != NULL;
	return f;
}

/* The providers that who asks may know of. */
static const struct fail *
seen_list(struct provider ***out, size_t *count, const struct cgi *c)
{
	struct viewer v = viewer(c);
	const struct fail *f;
	size_t i, all;
	bool seen;

	*count = 0;
	f = provider_list(out, &all, c->act.store);
	for (i = 0; f == NULL && i < all; i++) {
		f = is_seen(&seen, &v, (*out)[i]);
		if (f == NULL && seen)
			(*out)[(*count)++] = (*out)[i];
	}
	return f;
}

/* GET /v1/addon_providers */
static const struct fail *
providers(struct cgi *c)
{
	const char *wanted = cgi_query(c, "category_id"), *id;
	struct provider **all;
	const struct fail *f;
	size_t i, count;
	cJSON *list;

	f = seen_list(&all, &count, c);
	if (f != NULL)
		return f;
	list = cJSON_AddArrayToObject(cgi_answer(c, 200), "addon_providers");
	for (i = 0; i < count; i++) {
		id = json_text(provider_category_view(all[i]->category, 1),
		    "id");
		if (wanted == NULL || strcmp(wanted, id) == 0)
			cJSON_AddItemToArray(list,
			    provider_view(all[i], c->act.conf));
	}
	return NULL;
}

/* GET /v1/addon_providers/:slug/plans */
static const struct fail *
plans(struct cgi *c)
{
	const char *show_all = cgi_query(c, "show_all");
	struct viewer v = viewer(c);
	const struct plan *plan;
	const struct fail *f;
	struct provider *p;
	cJSON *list;
	bool all, seen = false;

	f = provider_load(&p, c->act.store, c->param[0]);
	if (f == NULL)
		f = is_seen(&seen, &v, p);
	if (f == NULL && !seen)
		f = fail_missing("addon_provider");
	if (f != NULL)
		return f;
	all = show_all != NULL && strcmp(show_all, "true") == 0;
	list = cJSON_AddArrayToObject(cgi_answer(c, 200), "plans");
	for (plan = p->plans; plan != NULL; plan = plan->next)
		if (all || !plan->disabled)
			cJSON_AddItemToArray(list,
			    plan_view(plan, c->act.conf));
	return NULL;
}

static int
compare_categories(const void *a, const void *b)
{
	const struct provider *const *left = a, *const *right = b;

	return strcmp((*left)->category, (*right)->category);
}

/* GET /v1/addon_categories: those that have a provider, by name. */
static const struct fail *
categories(struct cgi *c)
{
	struct provider **all;
	const struct fail *f;
	int position = 0;
	size_t i, count;
	cJSON *list;

	f = seen_list(&all, &count, c);
	if (f != NULL)
		return f;
	if (count > 0)
		qsort(all, count, sizeof(struct provider *),
		    compare_categories);
	list = cJSON_AddArrayToObject(cgi_answer(c, 200), "addon_categories");
	for (i = 0; i < count; i++)
		if (i == 0 ||
		    strcmp(all[i]->category, all[i - 1]->category) != 0)
			cJSON_AddItemToArray(list,
			    provider_category_view(all[i]->category,
			        ++position));
	return NULL;
}

/* GET /v1/regions: one, and all of its services are here. */
static const struct fail *
regions(struct cgi *c)
{
	static const char *const services[] = {"api", "dashboard",
	    "database_api"};
	cJSON *list = cJSON_AddArrayToObject(cgi_answer(c, 200), "regions");
	cJSON *region = cJSON_CreateObject();
	const struct conf *conf = c->act.conf;
	size_t i;

	json_add_text(region, "name", conf->region);
	json_add_text(region, "display_name", conf->region);
	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		json_add_text(region, services[i], conf->public_url);
	json_add_text(region, "ssh", mem_printf("%s:22", conf->host));
	cJSON_AddBoolToObject(region, "default", true);
	cJSON_AddItemToArray(list, region);
	return NULL;
}

/* GET /v1/features/stacks: one, since the operator's own machine runs the
 * apps. */
static const struct fail *
stacks(struct cgi *c)
{
	cJSON *list = cJSON_AddArrayToObject(cgi_answer(c, 200), "stacks");
	cJSON *stack = cJSON_CreateObject();

	json_add_text(stack, "id", APP_STACK_ID);
	json_add_text(stack, "name", "own");
	json_add_text(stack, "description", "What the operator's machine has");
	json_add_text(stack, "base_image", "");
	json_add_text(stack, "created_at", "2026-01-01T00:00:00.000Z");
	cJSON_AddBoolToObject(stack, "default", true);
	json_add_text(stack, "deprecated_at", NULL);
	cJSON_AddItemToArray(list, stack);
	return NULL;
}

static const struct fail *
event_types(struct cgi *c)
{
	cJSON_AddItemToObject(cgi_answer(c, 200), "event_types", feed_types());
	return NULL;
}

static const struct fail *
event_categories(struct cgi *c)
{
	cJSON_AddItemToObject(cgi_answer(c, 200), "event_categories",
	    feed_categories());
	return NULL;
}

static const struct route routes[] = {
    {"GET", "/v1/addon_providers",                 AUTH_GUEST, providers       },
    {"GET", "/v1/addon_providers/:provider/plans", AUTH_GUEST, plans           },
    {"GET", "/v1/addon_categories",                AUTH_GUEST, categories      },
    {"GET", "/v1/regions",                         AUTH_NONE,  regions         },
    {"GET", "/v1/features/stacks",                 AUTH_NONE,  stacks          },
    {"GET", "/v1/event_types",                     AUTH_NONE,  event_types     },
    {"GET", "/v1/event_categories",                AUTH_NONE,  event_categories},
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
