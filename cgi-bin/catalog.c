/*
 * What there is to buy, and where: open to all.
 */
#include "cgi.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* GET /v1/addon_providers */
static const struct fail *
providers(struct cgi *c)
{
	const char *wanted = cgi_query(c, "category_id"), *id;
	struct provider **all;
	const struct fail *f;
	size_t i, count;
	cJSON *list;

	f = provider_list(&all, &count, c->act.store);
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
	const struct plan *plan;
	const struct fail *f;
	struct provider *p;
	cJSON *list;
	bool all;

	f = provider_load(&p, c->act.store, c->param[0]);
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

	f = provider_list(&all, &count, c->act.store);
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

static const struct route routes[] = {
    {"GET", "/v1/addon_providers",                 AUTH_NONE, providers },
    {"GET", "/v1/addon_providers/:provider/plans", AUTH_NONE, plans     },
    {"GET", "/v1/addon_categories",                AUTH_NONE, categories},
    {"GET", "/v1/regions",                         AUTH_NONE, regions   },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
