/*
 * What add-ons consume: providers report it, owners see what it costs.
 * Source: Heroku's usage batches of 2018.
 */
#include "usage.h"
#include "app.h"
#include "cgi.h"
#include "json.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

static const struct fail *
report(struct cgi *c)
{
	c->status = 202;
	return usage_report(&c->json, &c->act, c->body);
}

/* Heroku's path names the provider once more. */
static const struct fail *
report_batch(struct cgi *c)
{
	if (strcmp(c->param[0], c->provider->user) != 0 &&
	    strcmp(c->param[0], c->provider->slug) != 0)
		return fail(FAIL_FORBIDDEN,
		    "these are the credentials of another add-on");
	return report(c);
}

static bool
wants_csv(const struct cgi *c)
{
	const char *format = cgi_query(c, "format");
	const char *accept = getenv("HTTP_ACCEPT");

	if (format != NULL)
		return strcmp(format, "csv") == 0;
	return accept != NULL && strncmp(accept, "text/csv", 8) == 0;
}

static const struct fail *
answer(struct cgi *c, const char *addon_id)
{
	const char *month = cgi_query(c, "month");
	const struct fail *f;
	struct app *app;
	cJSON *bill;

	f = app_load(&app, &c->act, c->param[0]);
	if (month == NULL)
		month = usage_month(c->now);
	if (f == NULL &&
	    (usage_month_start(month) < 0 || usage_month_start(month) > c->now))
		f = fail_field(NULL, "month",
		    "must be a month that has begun, as 2026-01");
	if (f == NULL)
		f = usage_bill(&bill, &c->act, app, month, addon_id);
	if (f != NULL)
		return f;
	if (!wants_csv(c)) {
		cJSON_AddItemToObject(cgi_answer(c, 200), "usage", bill);
		return NULL;
	}
	c->text = usage_csv(bill);
	c->text_type = "text/csv; charset=utf-8";
	c->text_file = mem_printf("%s-%s.csv", app->name, month);
	return NULL;
}

static const struct fail *
of_app(struct cgi *c)
{
	return answer(c, NULL);
}

static const struct fail *
of_addon(struct cgi *c)
{
	return answer(c, c->param[1]);
}

static const struct route routes[] = {
    {"GET",  "/v1/apps/:app/usage",                AUTH_USER,     of_app      },
    {"GET",  "/v1/apps/:app/addons/:id/usage",     AUTH_USER,     of_addon    },
    {"POST", "/v1/provider/usage",                 AUTH_PROVIDER, report      },
    {"POST", "/api/v3/addons/:slug/usage_batches", AUTH_PROVIDER, report_batch},
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
