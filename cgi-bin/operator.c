/*
 * What who runs the marketplace sees of it, besides `sutler`: providers, what
 * apps have of them, what is owed, how the store is.
 */
#include "operator.h"

#include <string.h>

#include "app.h"
#include "index.h"
#include "installed.h"
#include "mem.h"
#include "work.h"

enum { PER_PAGE = 20, PER_PAGE_MAX = 100 };

static const struct fail *
rows_of(struct index_page *rows, const struct cgi *c, const char *slug,
    size_t skip, size_t max)
{
	return index_places(rows, c->act.store, mem_printf("provider/%s", slug),
	    skip, true, max);
}

static cJSON *
provider_row(const struct provider *p, uint64_t installations)
{
	const bool closed =
	    p->visibility != NULL && strcmp(p->visibility, "closed") == 0;
	const struct plan *plan;
	size_t plans = 0, withdrawn = 0;
	cJSON *o = cJSON_CreateObject();

	for (plan = p->plans; plan != NULL; plan = plan->next) {
		plans++;
		withdrawn += plan->disabled;
	}
	json_add_text(o, "slug", p->slug);
	json_add_text(o, "name", p->name);
	json_add_text(o, "dialect", p->dialect_name);
	json_add_text(o, "category", p->category);
	json_add_text(o, "visibility",
	    p->visibility == NULL ? "public" : p->visibility);
	cJSON_AddBoolToObject(o, "published", p->visibility == NULL);
	cJSON_AddBoolToObject(o, "withdrawn", closed);
	json_add_text(o, "owner", p->owner);
	cJSON_AddBoolToObject(o, "test", p->test);
	json_add_text(o, "base_url", p->base_url);
	cJSON_AddNumberToObject(o, "plans", (double)plans);
	cJSON_AddNumberToObject(o, "plans_withdrawn", (double)withdrawn);
	cJSON_AddNumberToObject(o, "installations", (double)installations);
	json_add_text(o, "created_at", p->created_at);
	return o;
}

/* GET /v1/operator/providers */
static const struct fail *
providers(struct cgi *c)
{
	struct provider **all;
	struct index_page rows;
	struct cgi_page page;
	const struct fail *f;
	cJSON *body, *list;
	size_t i, count, end;

	f = cgi_page_read(&page, c, PER_PAGE, PER_PAGE_MAX);
	if (f == NULL)
		f = provider_list(&all, &count, c->act.store);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	list = cJSON_AddArrayToObject(body, "providers");
	i = cgi_page_skip(&page);
	end = i + (size_t)page.per_page;
	for (; f == NULL && i < count && i < end; i++) {
		f = rows_of(&rows, c, all[i]->slug, 0, 1);
		if (f == NULL)
			cJSON_AddItemToArray(list,
			    provider_row(all[i], rows.total));
	}
	cgi_page_add(body, &page, count);
	return f;
}

/* The installation that row tells of, as the app's record has it; none where
 * that knows nothing of it: the index is never trusted over a record. */
static const struct fail *
add_installation(cJSON *list, const struct cgi *c, const char *slug,
    const char *row)
{
	const struct act all = {.conf = c->act.conf, .store = c->act.store};
	const struct installed in = installed_row(row);
	const struct addon *a = NULL;
	const struct fail *f;
	struct app *app;
	cJSON *o;

	f = app_load(&app, &all, in.app_name);
	if (f == NULL)
		a = app_addon(app, in.addon_id);
	if ((f == NULL && a == NULL) || (f != NULL && f->code == FAIL_MISSING))
		return NULL;
	/* a record that an administrator broke is no reason to miss the rest */
	if (f != NULL && !fail_is_record(f))
		return f;
	o = cJSON_CreateObject();
	json_add_text(o, "addon_id", in.addon_id);
	json_add_text(o, "app_id", in.app_id);
	json_add_text(o, "app_name", in.app_name);
	json_add_text(o, "owner", in.owner);
	json_add_text(o, "provider", slug);
	json_add_text(o, "plan", a == NULL ? in.plan : a->plan);
	json_add_text(o, "status", a == NULL ? "unknown" : a->status);
	json_add_text(o, "resource_id",
	    a == NULL || a->resource == NULL ? NULL : json_plain(a->resource));
	json_add_text(o, "provisioned_at",
	    a == NULL ? NULL : a->provisioned_at);
	cJSON_AddItemToArray(list, o);
	return NULL;
}

/* Add to list at most max installations of provider slug from the skip-th on;
 * *total is how many it has. */
static const struct fail *
add_of_provider(cJSON *list, uint64_t *total, const struct cgi *c,
    const char *slug, size_t skip, size_t max)
{
	struct index_page rows;
	const struct fail *f;
	size_t i;

	/* of a page that is full the count alone is wanted */
	f = rows_of(&rows, c, slug, skip, max == 0 ? 1 : max);
	for (i = 0; f == NULL && max > 0 && i < rows.count; i++)
		f = add_installation(list, c, slug, rows.rows[i]);
	*total = rows.total;
	return f;
}

/* GET /v1/operator/installations: one provider's, or all, by provider. */
static const struct fail *
installations(struct cgi *c)
{
	const char *wanted = cgi_query(c, "provider");
	struct provider **all, *one;
	uint64_t total, sum = 0;
	size_t i, count = 1, skip, left, here;
	struct cgi_page page;
	const struct fail *f;
	cJSON *body, *list;

	f = cgi_page_read(&page, c, PER_PAGE, PER_PAGE_MAX);
	if (f == NULL && wanted == NULL)
		f = provider_list(&all, &count, c->act.store);
	else if (f == NULL)
		f = provider_load(&one, c->act.store, wanted);
	if (f != NULL)
		return f;
	if (wanted != NULL)
		all = &one;
	body = cgi_answer(c, 200);
	list = cJSON_AddArrayToObject(body, "installations");
	skip = cgi_page_skip(&page);
	left = (size_t)page.per_page;
	for (i = 0; f == NULL && i < count; i++) {
		f = add_of_provider(list, &total, c, all[i]->slug, skip, left);
		here = total > skip ? (size_t)total - skip : 0;
		left -= here < left ? here : left;
		skip -= total < skip ? (size_t)total : skip;
		sum += total;
	}
	cgi_page_add(body, &page, sum);
	return f;
}

/* What is owed, without what was ordered: that may be secret. */
static cJSON *
work_row(const struct work *o)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "id", o->id);
	json_add_text(row, "kind", o->kind);
	json_add_text(row, "app_id", o->app_id);
	json_add_text(row, "app_name", o->app_name);
	json_add_text(row, "owner", o->owner);
	json_add_text(row, "provider", o->provider);
	json_add_text(row, "addon_id", o->addon_id);
	json_add_text(row, "plan", o->plan);
	json_add_text(row, "created_at", o->created_at);
	json_add_text(row, "due_at", o->next_at);
	cJSON_AddNumberToObject(row, "attempts", o->attempts);
	json_add_text(row, "last_error", o->trouble);
	return row;
}

/* GET /v1/operator/open: as `sutler open` lists it. */
static const struct fail *
open_work(struct cgi *c)
{
	const char **paths;
	size_t i, count, end;
	struct cgi_page page;
	const struct fail *f;
	cJSON *body, *list;
	struct work *o;

	f = cgi_page_read(&page, c, PER_PAGE, PER_PAGE_MAX);
	if (f == NULL)
		f = store_paths(&paths, &count, c->act.store, "open");
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	list = cJSON_AddArrayToObject(body, "open");
	i = cgi_page_skip(&page);
	end = i + (size_t)page.per_page;
	for (; f == NULL && i < count && i < end; i++) {
		f = work_read(&o, c->act.store, paths[i]);
		/* broken by an administrator: sutler open leaves it out, too */
		if (f != NULL && fail_is_record(f))
			f = NULL;
		else if (f == NULL && o != NULL)
			cJSON_AddItemToArray(list, work_row(o));
	}
	cgi_page_add(body, &page, count);
	return f;
}

static const struct route routes[] = {
    {"GET",  "/v1/operator/providers",      AUTH_OPERATOR,              providers         },
    {"GET",  "/v1/operator/installations",  AUTH_OPERATOR,              installations     },
    {"GET",  "/v1/operator/open",           AUTH_OPERATOR,              open_work         },
    {"GET",  "/v1/operator/store",          AUTH_OPERATOR | MAY_CHANGE, operator_store    },
    {"POST", "/v1/operator/manifest_check", AUTH_OPERATOR,              operator_manifest },
    {"GET",  "/v1/operator/proposals",      AUTH_OPERATOR,              operator_proposals},
    {"GET",  "/v1/operator/proposal",       AUTH_OPERATOR | MAY_CHANGE,
     operator_proposal                                                                    },
    {"POST", "/v1/operator/proposal",       AUTH_OPERATOR,              operator_apply    },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
