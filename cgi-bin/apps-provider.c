/*
 * What a provider sees and changes of its own installations.
 * Sources: Scalingo "App Addon API"; Heroku "Add-on Provider App Info API";
 * AppFog "App Info API".  The credentials tell the dialect.
 */
#include "apps.h"
#include "account.h"
#include "addon.h"
#include "app.h"
#include "index.h"
#include "json.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

enum { PER_PAGE = 20, PER_PAGE_MAX = 100 };

/* Scalingo's providers have paths of their own. */
static const struct fail *
check_family(const struct cgi *c, enum family family)
{
	const struct dialect *d = c->provider->dialect;

	if (d->family == family)
		return NULL;
	return fail(FAIL_FORBIDDEN,
	    "these are a %s provider's credentials: %s%s", d->name,
	    d->apps_path == NULL ? "it has nothing to ask for" : "use ",
	    d->apps_path == NULL ? "" : d->apps_path);
}

/* Cut text at its next tab. */
static const char *
cut(char **text)
{
	char *from = *text, *tab = strchr(from, '\t');

	if (tab == NULL) {
		*text = from + strlen(from);
		return from;
	}
	*tab = '\0';
	*text = tab + 1;
	return from;
}

/* A row of the index as the dialect shows it; lib/app.c lays it out. */
static cJSON *
row_view(const struct cgi *c, const char *row)
{
	struct addon addon = {0};
	struct app app = {0};
	struct addon_result r = {&app, &addon, c->provider, NULL, NULL};
	struct installation in;
	char *rest = mem_copy(row);

	addon.id = cut(&rest);
	app.id = cut(&rest);
	app.name = cut(&rest);
	app.owner = cut(&rest);
	addon.plan = cut(&rest);
	if (json_parse(&addon.resource, rest, strlen(rest)) != NULL)
		addon.resource = cJSON_CreateNull();
	addon_installation(&in, &c->act, &r, NULL);
	return c->provider->dialect->row(&in);
}

static const struct fail *
rows_page(struct index_page *page, const struct cgi *c, uint64_t place,
    bool by_count, int64_t max)
{
	return index_places(page, c->act.store,
	    mem_printf("provider/%s", c->provider->slug), place, by_count,
	    (size_t)max);
}

const struct fail *
provider_apps(struct cgi *c)
{
	struct index_page rows;
	struct cgi_page page;
	const struct fail *f;
	cJSON *body, *list;
	size_t i;

	f = check_family(c, FAMILY_SCALINGO);
	if (f == NULL)
		f = cgi_page_read(&page, c, PER_PAGE, PER_PAGE_MAX);
	if (f == NULL)
		f = rows_page(&rows, c, cgi_page_skip(&page), true,
		    page.per_page);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	list = cJSON_AddArrayToObject(body, "apps");
	for (i = 0; i < rows.count; i++)
		cJSON_AddItemToArray(list, row_view(c, rows.rows[i]));
	cgi_page_add(body, &page, rows.total);
	return NULL;
}

static void
add_link(struct mem_text *link, const struct cgi *c, uint64_t place,
    const char *rel)
{
	mem_addf(link, "%s<%s%s?offset=%llu>; rel=\"%s\"",
	    link->len == 0 ? "" : ", ", c->act.conf->public_url,
	    c->provider->dialect->apps_path, (unsigned long long)place, rel);
}

/*
 * offset is a place in the order of creation: what is removed between two
 * pages moves nothing.
 */
const struct fail *
vendor_apps(struct cgi *c)
{
	struct mem_text link = {0};
	struct index_page rows;
	const struct fail *f;
	int64_t offset;
	size_t i;

	f = check_family(c, FAMILY_HEROKU);
	if (f == NULL)
		f = cgi_query_number(&offset, c, "offset", 0, 0,
		    INT64_C(1) << 52);
	if (f == NULL)
		f = rows_page(&rows, c, (uint64_t)offset, false,
		    c->act.conf->page_size);
	if (f != NULL)
		return f;
	c->json = cJSON_CreateArray();
	for (i = 0; i < rows.count; i++)
		cJSON_AddItemToArray(c->json, row_view(c, rows.rows[i]));
	if (rows.before)
		add_link(&link, c, rows.previous, "prev");
	if (rows.more && rows.count > 0)
		add_link(&link, c, rows.places[rows.count - 1] + 1, "next");
	if (link.len > 0)
		cgi_header(c, "Link", link.text);
	return NULL;
}

/* The installation in full; its owner's address as it is now. */
static const struct fail *
info_view(cJSON **out, const struct cgi *c, const struct addon_result *r)
{
	struct installation in;
	struct account *owner;
	const struct fail *f;

	f = account_load(&owner, c->act.store, r->app->owner);
	if (f != NULL)
		return f->code == FAIL_MISSING
		           ? fail(FAIL_SYSTEM, "app %s has no owner",
		                 r->app->name)
		           : f;
	addon_installation(&in, &c->act, r, owner->email);
	*out = c->provider->dialect->info(&in);
	return NULL;
}

static const struct fail *
get_info(cJSON **out, struct cgi *c, enum family family)
{
	struct addon_result r;
	const struct fail *f;

	f = check_family(c, family);
	if (f == NULL)
		f = addon_locate(&r, &c->act, c->param[0], false);
	if (f == NULL)
		f = info_view(out, c, &r);
	if (f == NULL)
		c->revision = app_addon_revision(r.addon);
	return f;
}

/* The answer to a provider's change: the installation as it is now. */
static const struct fail *
changed(cJSON **out, struct cgi *c, const struct addon_result *r)
{
	const struct fail *f = info_view(out, c, r);

	if (f != NULL)
		return f;
	c->revision = app_addon_revision(r->addon);
	if (c->act.conf->restart_hook != NULL)
		c->after = apps_tick;
	return NULL;
}

static const struct fail *
set_config(cJSON **out, struct cgi *c, enum family family, bool list)
{
	struct addon_result r;
	const struct fail *f;
	cJSON *config;

	f = check_family(c, family);
	if (f == NULL)
		f = cgi_body_config(&config, c, list);
	if (f == NULL)
		f = addon_configure(&r, &c->act, c->param[0], config);
	return f == NULL ? changed(out, c, &r) : f;
}

/* The provider's word on an order that it answered "not yet". */
static const struct fail *
finish(struct cgi *c, bool ready)
{
	struct addon_result r;
	const struct fail *f;
	cJSON *info;

	f = check_family(c, FAMILY_SCALINGO);
	if (f == NULL)
		f = addon_finish(&r, &c->act, c->param[0], ready);
	if (f == NULL && r.addon == NULL) {
		cgi_answer(c, 200);
		return NULL;
	}
	if (f == NULL)
		f = changed(&info, c, &r);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "app", info);
	return f;
}

const struct fail *
provider_app(struct cgi *c)
{
	const struct fail *f;
	cJSON *info;

	f = get_info(&info, c, FAMILY_SCALINGO);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "app", info);
	return f;
}

static const struct fail *
set_app_config(struct cgi *c, bool list)
{
	const struct fail *f;
	cJSON *info;

	f = set_config(&info, c, FAMILY_SCALINGO, list);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "app", info);
	return f;
}

const struct fail *
provider_app_set(struct cgi *c)
{
	return set_app_config(c, false);
}

const struct fail *
provider_set(struct cgi *c)
{
	return set_app_config(c, true);
}

const struct fail *
provider_ready(struct cgi *c)
{
	return finish(c, true);
}

const struct fail *
provider_failed(struct cgi *c)
{
	return finish(c, false);
}

const struct fail *
vendor_app(struct cgi *c)
{
	return get_info(&c->json, c, FAMILY_HEROKU);
}

const struct fail *
vendor_set(struct cgi *c)
{
	return set_config(&c->json, c, FAMILY_HEROKU, false);
}
