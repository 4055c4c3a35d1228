/*
 * An app's add-ons.  Source: Scalingo API, "Addons".
 */
#include "addon.h"
#include "app.h"
#include "attachment.h"
#include "addons.h"
#include "json.h"
#include "once.h"
#include "store-log.h"
#include "transcript.h"
#include "work.h"

#include <string.h>

static const struct fail *list(struct cgi *c);
static const struct fail *provision(struct cgi *c);
static const struct fail *show(struct cgi *c);
static const struct fail *change(struct cgi *c);
static const struct fail *destroy(struct cgi *c);
static const struct fail *bind(struct cgi *c);
static const struct fail *resume(struct cgi *c);
static const struct fail *exchanges(struct cgi *c);
static const struct fail *attachments(struct cgi *c);
static const struct fail *attach(struct cgi *c);
static const struct fail *detach(struct cgi *c);

static const struct route routes[] = {
    {"GET",    "/v1/apps/:app/addons",                AUTH_USER | MAY_TICK, list              },
    {"POST",   "/v1/apps/:app/addons",                AUTH_USER,            provision         },
    {"GET",    "/v1/apps/:app/addons/:id",            AUTH_USER | MAY_TICK, show              },
    {"PATCH",  "/v1/apps/:app/addons/:id",            AUTH_USER,            change            },
    {"DELETE", "/v1/apps/:app/addons/:id",            AUTH_USER,            destroy           },
    {"POST",   "/v1/apps/:app/addons/:id/bind",       AUTH_USER,            bind              },
    {"POST",   "/v1/apps/:app/addons/:id/resume",     AUTH_USER,            resume            },
    {"GET",    "/v1/apps/:app/addons/:id/exchanges",  AUTH_USER,            exchanges         },
    {"GET",    "/v1/apps/:app/addons/:id/log_drains", AUTH_USER,            log_drains        },
    {"POST",   "/v1/apps/:app/addons/:id/log_drains", AUTH_USER,
     log_drain_create                                                                         },
    {"DELETE", "/v1/apps/:app/addons/:id/log_drains", AUTH_USER,
     log_drain_destroy                                                                        },
    {"GET",    "/v1/apps/:app/attachments",           AUTH_USER,            attachments       },
    {"POST",   "/v1/apps/:app/attachments",           AUTH_USER,            attach            },
    {"DELETE", "/v1/apps/:app/attachments/:id",       AUTH_USER,            detach            },

    {"GET",    "/addons",                             AUTH_RESOURCE,        partner_addons    },
    {"GET",    "/addons/:id",                         AUTH_RESOURCE,        partner_addon     },
    {"GET",    "/addons/:id/config",                  AUTH_RESOURCE,        partner_config    },
    {"PATCH",  "/addons/:id/config",                  AUTH_RESOURCE,        partner_config_set},
    {"POST",   "/addons/:id/actions/provision",       AUTH_RESOURCE,        partner_ready     },
    {"POST",   "/addons/:id/actions/deprovision",     AUTH_RESOURCE,        partner_failed    },
    {"GET",    "/addons/:id/webhooks",                AUTH_RESOURCE,        webhook_list      },
    {"POST",   "/addons/:id/webhooks",                AUTH_RESOURCE,        webhook_create    },
    {"GET",    "/addons/:id/webhooks/:hook",          AUTH_RESOURCE,        webhook_show      },
    {"PATCH",  "/addons/:id/webhooks/:hook",          AUTH_RESOURCE,        webhook_change    },
    {"DELETE", "/addons/:id/webhooks/:hook",          AUTH_RESOURCE,        webhook_delete    },
    {"GET",    "/addons/:id/webhook-deliveries",      AUTH_RESOURCE,        webhook_sent      },
    {"GET",    "/addons/:id/webhook-deliveries/:id",  AUTH_RESOURCE,        webhook_sent      },
    {"GET",    "/addons/:id/webhook-events",          AUTH_RESOURCE,        webhook_causes    },
    {"GET",    "/addons/:id/webhook-events/:id",      AUTH_RESOURCE,        webhook_causes    },

    {"GET",    "/addons/:id/addon-attachments",       AUTH_RESOURCE,
     partner_attachments                                                                      },
    {"GET",    "/addons/:id/log-drains",              AUTH_RESOURCE,        partner_drains    },
    {"PUT",    "/addons/:id/log-drains/:drain",       AUTH_RESOURCE,
     partner_drain_change                                                                     },
    {"GET",    "/apps/:app",                          AUTH_RESOURCE,        partner_app       },
    {"GET",    "/apps/:app/addon-attachments",        AUTH_RESOURCE,
     partner_app_attachments                                                                  },
    {"GET",    "/apps/:app/addon-attachments/:id",    AUTH_RESOURCE,
     partner_app_attachments                                                                  },
    {"POST",   "/apps/:app/log-drains",               AUTH_RESOURCE,        partner_drain_add },
    {"DELETE", "/apps/:app/log-drains/:drain",        AUTH_RESOURCE,
     partner_drain_remove                                                                     },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}

static void
start_tick(struct cgi *c)
{
	work_start_tick(c->act.conf);
}

void
addons_start_tick(struct cgi *c)
{
	if (c->act.conf->restart_hook != NULL)
		c->after = start_tick;
}

/* Whoever looks at an add-on whose outcome is overdue sees to it that it is
 * settled, once the answer is out. */
static void
see_to(struct cgi *c, const struct addon *a)
{
	struct work *work;

	if (strcmp(a->status, "provisioning") != 0 && a->wanted_plan == NULL)
		return;
	if (work_load(&work, c->act.store, a->id) == NULL && work != NULL &&
	    work_due(work))
		c->after = start_tick;
}

static const struct fail *
list(struct cgi *c)
{
	cJSON *array = cJSON_AddArrayToObject(cgi_answer(c, 200), "addons");
	const struct fail *f;
	struct provider *p;
	struct addon *a;
	struct app *app;

	f = app_load(&app, &c->act, c->param[0]);
	for (a = f == NULL ? app->addons : NULL; f == NULL && a != NULL;
	     a = a->next) {
		f = provider_load(&p, c->act.store, a->provider);
		see_to(c, a);
		if (f == NULL)
			cJSON_AddItemToArray(array,
			    addon_view(app, a, p, c->act.conf));
	}
	if (f == NULL)
		c->revision = app->revision;
	return f;
}

/* The text member key of the body's "addon"; FAIL_SYNTAX without it. */
static const struct fail *
required(const char **out, const struct cgi *c, const char *key)
{
	cJSON *addon;
	const struct fail *f = cgi_body_object(&addon, c, "addon");

	if (f != NULL)
		return f;
	*out = json_text(addon, key);
	if (*out == NULL || (*out)[0] == '\0')
		return fail(FAIL_SYNTAX, "%s is required", key);
	return NULL;
}

/* Has this very request been answered before, by r? */
static const struct fail *
ask_once(bool *again, struct addon_result *r, struct cgi *c)
{
	const struct fail *f = cgi_once(c);

	return f != NULL ? f : once_again(again, r, &c->act);
}

static const struct fail *
provision(struct cgi *c)
{
	const char *slug, *plan_id;
	struct addon_result r;
	const struct fail *f;
	bool again = false;
	struct app *app;
	cJSON *options;

	/* whose app it is comes before what is wanted of it */
	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = required(&slug, c, "addon_provider_id");
	if (f == NULL)
		f = required(&plan_id, c, "plan_id");
	if (f != NULL)
		return f;
	options = json_get(json_get(c->body, "addon"), "options");
	if (options != NULL && !cJSON_IsNull(options) &&
	    !cJSON_IsObject(options))
		return fail_field(NULL, "options", "must be an object");
	f = ask_once(&again, &r, c);
	if (f == NULL && !again)
		f = addon_provision(&r, &c->act, c->param[0], slug, plan_id,
		    options, json_text(json_get(c->body, "addon"), "name"));
	if (f == NULL)
		addon_answer(cgi_answer(c, 201), &r, c->act.conf);
	return f;
}

static const struct fail *
show(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f;

	f = addon_load(&r, &c->act, c->param[0], c->param[1]);
	if (f != NULL)
		return f;
	cJSON_AddItemToObject(cgi_answer(c, 200), "addon",
	    addon_view(r.app, r.addon, r.provider, c->act.conf));
	c->revision = app_addon_revision(r.addon);
	see_to(c, r.addon);
	return NULL;
}

static const struct fail *
change(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f;
	const char *plan_id;
	bool again = false;

	f = addon_load(&r, &c->act, c->param[0], c->param[1]);
	if (f == NULL)
		f = required(&plan_id, c, "plan_id");
	if (f == NULL)
		f = ask_once(&again, &r, c);
	if (f == NULL && !again)
		f = addon_change(&r, &c->act, c->param[0], c->param[1],
		    plan_id);
	if (f == NULL)
		addon_answer(cgi_answer(c, 200), &r, c->act.conf);
	return f;
}

static const struct fail *
destroy(struct cgi *c)
{
	c->status = 204;
	return addon_remove(&c->act, c->param[0], c->param[1]);
}

static const struct fail *
bind(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f;

	f = addon_bind(&r, &c->act, c->param[0], c->param[1]);
	if (f == NULL)
		addon_answer(cgi_answer(c, 200), &r, c->act.conf);
	return f;
}

static const struct fail *
resume(struct cgi *c)
{
	struct addon_result r;
	const struct fail *f;

	f = addon_resume(&r, &c->act, c->param[0], c->param[1]);
	if (f == NULL)
		addon_answer(cgi_answer(c, 200), &r, c->act.conf);
	return f;
}

static const struct fail *
attachments(struct cgi *c)
{
	cJSON *array =
	    cJSON_AddArrayToObject(cgi_answer(c, 200), "attachments");
	const struct attachment *t;
	struct app *app;
	const struct fail *f = app_load(&app, &c->act, c->param[0]);

	if (f != NULL)
		return f;
	for (t = app->attachments; t != NULL; t = t->next)
		cJSON_AddItemToArray(array, attachment_view(app, t));
	c->revision = app->revision;
	return NULL;
}

static const struct fail *
attach(struct cgi *c)
{
	const char *addon_id, *name;
	struct attachment *made;
	const struct fail *f;
	struct app *app;
	cJSON *given;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL)
		f = cgi_body_object(&given, c, "attachment");
	if (f != NULL)
		return f;
	addon_id = json_text(given, "addon_id");
	name = json_text(given, "name");
	if (addon_id == NULL || name == NULL)
		return fail(FAIL_SYNTAX, "%s is required",
		    addon_id == NULL ? "addon_id" : "name");
	f = attachment_add(&made, &c->act, c->param[0], addon_id, name);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 201), "attachment",
		    attachment_view(app, made));
	return f;
}

static const struct fail *
detach(struct cgi *c)
{
	c->status = 204;
	return attachment_remove(&c->act, c->param[0], c->param[1]);
}

/* What an owner sees of a transcript: that it was, and what came of it. */
static cJSON *
exchange_view(const cJSON *transcript)
{
	static const struct {
		const char *key, *from;
	} members[] = {
	    {"id",          "id"     },
	    {"created_at",  "at"     },
	    {"duration_ms", "ms"     },
	    {"order",       "order"  },
	    {"method",      "method" },
	    {"status",      "status" },
	    {"outcome",     "outcome"},
	    {"message",     "message"},
	};
	cJSON *view = cJSON_CreateObject();
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		cJSON_AddItemToObject(view, members[i].key,
		    cJSON_Duplicate(json_get(transcript, members[i].from),
		        true));
	return view;
}

/* Add the transcripts that the commit names, where it is the add-on's. */
static const struct fail *
add_exchanges(cJSON *list, const struct cgi *c, const struct store_log *log)
{
	const char *rest = log->message, *id = event_trailer(&rest, "Addon");
	const struct fail *f = NULL;
	cJSON *transcript;

	if (id == NULL || strcmp(id, c->param[1]) != 0)
		return NULL;
	while (f == NULL && (id = event_trailer(&rest, "Exchange")) != NULL) {
		f = transcript_load(&transcript, c->act.conf, id);
		if (f == NULL && transcript != NULL)
			cJSON_AddItemToArray(list, exchange_view(transcript));
	}
	return f;
}

/* Of the app's latest changes, newest first. */
enum { EXCHANGES_CHANGES = 200 };

static const struct fail *
exchanges(struct cgi *c)
{
	cJSON *list = cJSON_AddArrayToObject(cgi_answer(c, 200), "exchanges");
	size_t i, count = 0, total;
	struct store_log *log;
	const struct fail *f;
	struct app *app;

	f = app_load(&app, &c->act, c->param[0]);
	if (f == NULL && app_addon(app, c->param[1]) == NULL)
		f = fail_missing("addon");
	if (f == NULL)
		f = store_log(&log, &count, &total, c->act.store, app->id, 0,
		    EXCHANGES_CHANGES);
	for (i = 0; f == NULL && i < count; i++)
		f = add_exchanges(list, c, &log[i]);
	return f;
}
