/*
 * What happened to an app, and what was asked of it.  Source: Scalingo API,
 * "Events", "Operations".
 */
#include "apps.h"
#include "feed.h"
#include "json.h"
#include "mem.h"
#include "restart.h"

enum { PER_PAGE = 20, PER_PAGE_MAX = 100, HOURS_MAX = 72, HOUR_MS = 3600000 };

static const struct fail *
answer(struct cgi *c, const struct feed *feed)
{
	struct cgi_page page;
	const struct fail *f;
	size_t total;
	cJSON *list, *body;
	int64_t hours;

	f = cgi_page_read(&page, c, PER_PAGE, PER_PAGE_MAX);
	if (f == NULL)
		f = cgi_query_number(&hours, c, "from", 0, 1, HOURS_MAX);
	if (f != NULL)
		return f;
	if (hours == 0) {
		f = feed_list(&list, &total, feed, cgi_page_skip(&page),
		    (size_t)page.per_page);
	} else { /* which is one page, however many there are */
		f = feed_since(&list, feed, c->now - hours * HOUR_MS);
		total = (size_t)cJSON_GetArraySize(list);
		page.page = 1;
		page.per_page = total == 0 ? 1 : (int64_t)total;
	}
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	cJSON_AddItemToObject(body, "events", list);
	cgi_page_add(body, &page, total);
	return NULL;
}

const struct fail *
events_mine(struct cgi *c)
{
	const struct feed feed = {&c->act, NULL, cJSON_CreateObject()};

	return answer(c, &feed);
}

const struct fail *
events(struct cgi *c)
{
	struct feed feed = {&c->act, NULL, cJSON_CreateObject()};
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	feed.app = app;
	return f != NULL ? f : answer(c, &feed);
}

const struct fail *
event(struct cgi *c)
{
	struct feed feed = {&c->act, NULL, cJSON_CreateObject()};
	struct store_log log;
	const struct fail *f;
	struct app *app;
	size_t place;
	cJSON *view;

	f = app_load(&app, &c->act, c->param[0]);
	if (f != NULL)
		return f;
	feed.app = app;
	f = feed_find(&log, &place, &feed, c->param[1], "event");
	if (f == NULL)
		f = feed_view(&view, &feed, &log, place);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "event", view);
	return f;
}

const struct fail *
restart(struct cgi *c)
{
	const cJSON *scope = json_get(c->body, "scope");
	const struct fail *f;
	struct app *app;
	const char *id;

	if (cJSON_IsNull(scope))
		scope = NULL;
	f = restart_ask(&app, &id, &c->act, c->param[0], scope);
	if (f != NULL)
		return f;
	c->status = 202;
	c->after = apps_tick;
	cgi_header(c, "Location",
	    mem_printf("%s/v1/apps/%s/operations/%s", c->act.conf->public_url,
	        app->id, id));
	return NULL;
}

const struct fail *
operation(struct cgi *c)
{
	struct app *app;
	cJSON *view;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f == NULL)
		f = restart_operation(&view, &c->act, app, c->param[1]);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "operation", view);
	return f;
}
