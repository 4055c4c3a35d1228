/*
 * What webhooks are told: made of a commit's own words alone, so that it can be
 * made again from the log.
 */
#include "webhook-event.h"
#include "json.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* Our events, as Heroku has them. */
static const struct {
	const char *type;
	const char *entity;
	const char *action;
} rows[] = {
    {"rename_app",               "api:app",              "update" },
    {"transfer_app",             "api:app",              "update" },
    {"edit_app",                 "api:app",              "update" },
    {"new_addon",                "api:addon",            "create" },
    {"upgrade_addon",            "api:addon",            "update" },
    {"addon_updated",            "api:addon",            "update" },
    {"suspend_addon",            "api:addon",            "update" },
    {"resume_addon",             "api:addon",            "update" },
    {"delete_addon",             "api:addon",            "destroy"},
    {"attach_addon",             "api:addon-attachment", "create" },
    {"detach_addon",             "api:addon-attachment", "destroy"},
    {"new_collaborator",         "api:collaborator",     "create" },
    {"accept_collaborator",      "api:collaborator",     "update" },
    {"change_collaborator_role", "api:collaborator",     "update" },
    {"delete_collaborator",      "api:collaborator",     "destroy"},
    {"new_variable",             "api:release",          "create" },
    {"edit_variable",            "api:release",          "create" },
    {"edit_variables",           "api:release",          "create" },
    {"delete_variable",          "api:release",          "create" },
};

/* Of the type of our event; false: no webhook is told of such. */
static bool
find_row(const char **entity, const char **action, const char *type)
{
	size_t i;

	for (i = 0; type != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].type, type) != 0)
			continue;
		*entity = rows[i].entity;
		*action = rows[i].action;
		return true;
	}
	return false;
}

/* "{key: value}" under name, where there is a value. */
static void
add_part(cJSON *o, const char *name, const char *key, const char *value)
{
	if (value != NULL)
		json_add_text(cJSON_AddObjectToObject(o, name), key, value);
}

static const char *
plan_of(const cJSON *event)
{
	static const char *const keys[] = {"new_plan_name", "plan_name",
	    "addon_plan_name"};
	const char *plan = NULL;
	size_t i;

	for (i = 0; plan == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		plan = json_text(event, keys[i]);
	return plan;
}

/*
 * The thing that it happened to.  The resource's id stays between its provider
 * and us, and values are in no event.
 */
static cJSON *
data_of(const struct webhook_cause *c, const cJSON *event, const char *entity)
{
	cJSON *o = cJSON_CreateObject(), *part;
	const char *plan = plan_of(event);
	bool app = strcmp(entity, "api:app") == 0;

	if (app)
		json_add_text(o, "id", c->app_id);
	else if (c->addon_id != NULL)
		json_add_text(o, "id", c->addon_id + strlen("ad-"));
	if (app)
		json_add_text(o, "name", c->app_name);
	part = app ? NULL : cJSON_AddObjectToObject(o, "app");
	if (part != NULL) {
		json_add_text(part, "id", c->app_id);
		json_add_text(part, "name", c->app_name);
	}
	add_part(o, "addon_service", "name",
	    json_text(event, "addon_provider_name"));
	add_part(o, "plan", "name", plan);
	if (strcmp(entity, "api:release") == 0)
		json_add_text(o, "description", c->subject);
	part = json_get(event, "collaborator");
	if (part != NULL)
		cJSON_AddItemToObject(o, "user", cJSON_Duplicate(part, true));
	return o;
}

/* The id in "user us-… alice", "provider redis", "operator root". */
static const char *
actor_id(const char *actor)
{
	const char *id = strchr(actor, ' ');

	id = id == NULL ? actor : id + 1;
	return mem_dup(id, strcspn(id, " "));
}

cJSON *
webhook_payload(const char **entity, const struct webhook_cause *c,
    size_t place, const char *id)
{
	const char *rest = c->trailers, *line = NULL, *action;
	cJSON *o, *event, *part;
	size_t i;

	for (i = 0; i <= place; i++) {
		line = event_trailer(&rest, "Event");
		if (line == NULL)
			return NULL;
	}
	if (json_parse(&event, line, strlen(line)) != NULL ||
	    !find_row(entity, &action, json_text(event, "type")))
		return NULL;
	o = cJSON_CreateObject();
	json_add_text(o, "id", id);
	json_add_text(o, "action", action);
	part = cJSON_AddObjectToObject(o, "actor");
	json_add_text(part, "id", actor_id(c->actor));
	json_add_text(part, "email", c->email);
	json_add_text(o, "created_at", c->at);
	cJSON_AddItemToObject(o, "data", data_of(c, event, *entity));
	cJSON_AddObjectToObject(o, "previous_data");
	json_add_text(o, "published_at", c->at);
	json_add_text(o, "resource", *entity + strlen("api:"));
	json_add_text(o, "sequence", NULL);
	json_add_text(o, "updated_at", c->at);
	json_add_text(o, "version", "application/vnd.heroku+json; version=3");
	return o;
}
