/*
 * The types of events: what their type_data holds, and their catalogue.
 */
#include "feed.h"
#include "hash.h"
#include "mem.h"

#include <string.h>

#define ADDON "addon_provider_name plan_name resource_id "

static const struct {
	const char *name, *display_name;
} categories[] = {
    {"app_operations", "App operations"},
    {"addons",         "Addons"        },
    {"collaborators",  "Collaborators" },
    {"variables",      "Variables"     },
};

/* clang-format off */
static const struct feed_type types[] = {
    {"new_app", "git_source ", NULL, NULL, NULL, NULL},
    {"edit_app", "force_https ", NULL, NULL, NULL, NULL},
    {"rename_app", "old_name new_name ",
     "app_renamed", "app_operations", "App renamed", "An app was renamed"},
    {"transfer_app", "old_owner new_owner ",
     "app_transferred", "app_operations", "App transferred", "An app was given to another owner"},
    {"restart", "scope addon_name addon_provider reason ",
     "app_restarted", "app_operations", "App restarted", "An app was restarted"},
    {"delete_app", "",
     "app_deleted", "app_operations", "App deleted", "An app was deleted"},
    {"new_addon", ADDON,
     "addon_provisioned", "addons", "Addon provisioned", "An add-on was bought"},
    {"upgrade_addon", "addon_provider_name old_plan_name new_plan_name resource_id ",
     "addon_plan_changed", "addons", "Addon plan changed", "The plan of an add-on was changed"},
    {"addon_updated", "addon_id addon_plan_name addon_resource_id addon_provider_id addon_provider_name status attributes_changed ",
     "addon_updated", "addons", "Addon updated", "The status of an add-on changed"},
    {"suspend_addon", ADDON "reason ",
     "addon_suspended", "addons", "Addon suspended", "An add-on was suspended"},
    {"resume_addon", ADDON,
     "addon_resumed", "addons", "Addon resumed", "A suspended add-on was resumed"},
    {"upgrade_addon_failed", ADDON "wanted_plan_name ", NULL, NULL, NULL, NULL},
    {"attach_addon", "attachment_name addon_id ", NULL, NULL, NULL, NULL},
    {"detach_addon", "attachment_name addon_id ", NULL, NULL, NULL, NULL},
    {"delete_addon", ADDON,
     "addon_deleted", "addons", "Addon deleted", "An add-on was removed"},
    {"new_addon_log_drain", "url addon_uuid addon_name ", NULL, NULL, NULL, NULL},
    {"delete_addon_log_drain", "url addon_uuid addon_name ", NULL, NULL, NULL, NULL},
    {"new_collaborator", "collaborator ",
     "collaborator_invited", "collaborators", "Collaborator invited", "Somebody was invited to an app"},
    {"accept_collaborator", "collaborator ",
     "collaborator_accepted", "collaborators", "Collaborator accepted", "An invitation to an app was accepted"},
    {"change_collaborator_role", "collaborator ", NULL, NULL, NULL, NULL},
    {"delete_collaborator", "collaborator ",
     "collaborator_removed", "collaborators", "Collaborator removed", "A collaborator left an app"},
    {"new_variable", "name value addon_name ",
     "variable_added", "variables", "Variable added", "A variable was added"},
    {"edit_variable", "name value old_value addon_name ",
     "variable_edited", "variables", "Variable edited", "The value of a variable was changed"},
    {"edit_variables", "new_vars updated_vars deleted_vars ",
     "variable_bulk_edited", "variables", "Variables bulk edited", "Several variables were changed at once"},
    {"delete_variable", "name value ",
     "variable_removed", "variables", "Variable removed", "A variable was removed"},
};
/* clang-format on */

enum {
	TYPES = sizeof(types) / sizeof(types[0]),
	CATEGORIES = sizeof(categories) / sizeof(categories[0])
};

const struct feed_type *
feed_type(const char *type)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (strcmp(types[i].type, type) == 0)
			return &types[i];
	return NULL;
}

/* Ids are made of what they name. */
static const char *
id_of(const char *kind, const char *name)
{
	const char *text = mem_printf("%s %s", kind, name);

	return mem_dup(hash_sha1(text, strlen(text)), FEED_ID);
}

cJSON *
feed_types(void)
{
	cJSON *list = cJSON_CreateArray(), *o;
	size_t i;

	for (i = 0; i < TYPES; i++) {
		if (types[i].name == NULL)
			continue;
		o = cJSON_CreateObject();
		json_add_text(o, "id", id_of("event type", types[i].name));
		json_add_text(o, "name", types[i].name);
		json_add_text(o, "display_name", types[i].display_name);
		json_add_text(o, "description", types[i].description);
		json_add_text(o, "template", "");
		json_add_text(o, "category_id",
		    id_of("event category", types[i].category));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

cJSON *
feed_categories(void)
{
	cJSON *list = cJSON_CreateArray(), *o;
	size_t i;

	for (i = 0; i < CATEGORIES; i++) {
		o = cJSON_CreateObject();
		json_add_text(o, "id",
		    id_of("event category", categories[i].name));
		json_add_text(o, "name", categories[i].name);
		json_add_text(o, "display_name", categories[i].display_name);
		cJSON_AddNumberToObject(o, "position", (double)(i + 1));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}
