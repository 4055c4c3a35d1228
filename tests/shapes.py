"""What clients decode: the members of each thing, and their types."""

PLAN = {"id": str, "name": str, "display_name": str, "price": (int, float),
        "description": str, "position": int, "on_demand": bool,
        "disabled": bool, "disabled_alternative_plan_id": (str, type(None)),
        "sku": str}
PROVIDER = {"id": str, "name": str, "logo_url": str}
TEXT = (str, type(None))     # Go leaves a string as it is where it reads null
FLAG = (bool, type(None))
APP = {"id": str, "name": str, "region": str, "status": str, "git_url": TEXT,
       "url": TEXT, "base_url": TEXT, "created_at": str, "updated_at": str,
       "last_deployed_at": TEXT, "last_deployed_by": TEXT,
       "last_deployment_id": TEXT, "parent_app_name": TEXT,
       "git_source": TEXT, "stack_id": str, "force_https": bool,
       "sticky_session": bool, "router_logs": bool, "hds_resource": bool,
       "flags": dict, "limits": dict, "links": dict, "project": dict,
       "owner": dict, "private_networks_ids": list}
USER = {"id": TEXT, "username": TEXT, "email": TEXT}
COLLABORATOR = {"id": str, "app_id": str, "app_name": str, "user_id": TEXT,
                "username": str, "email": str, "status": str,
                "is_limited": bool, "tfa_status": bool,
                "invitation_link": str}
OPERATION = {"id": str, "app_id": str, "created_at": str, "type": str,
             "finished_at": TEXT, "status": str, "error": TEXT}
EVENT = {"id": str, "created_at": str, "type": str, "app_id": str,
         "app_name": str, "user": (dict, type(None)), "type_data": dict,
         "project_id": TEXT, "project_name": TEXT}
STACK = {"id": str, "name": str, "description": str, "base_image": str,
         "created_at": str, "default": bool, "deprecated_at": TEXT}
TYPE = {"id": str, "category_id": str, "name": str, "display_name": str,
        "description": str, "template": TEXT}
CATEGORY = {"id": str, "name": str, "display_name": str, "position": int}
TOKEN = {"id": str, "name": str, "created_at": str, "last_used_at": TEXT,
         "issued_at": str}
SELF = {"id": str, "username": str, "email": str, "fullname": str,
        "flags": dict, "limits": dict}
ADDON = {"addon_provider_name": str, "plan_name": str, "resource_id": TEXT}
NAMES = (list, type(None))
# The type_data of each type of event: neither more members, nor fewer.
TYPE_DATA = {
    "new_app": {"git_source": TEXT},
    "new_addon_log_drain": {"url": str, "addon_uuid": str, "addon_name": str},
    "delete_addon_log_drain": {"url": str, "addon_uuid": str,
                               "addon_name": str},
    "edit_app": {"force_https": FLAG},
    "rename_app": {"old_name": str, "new_name": str},
    "transfer_app": {"old_owner": dict, "new_owner": dict},
    "delete_app": {},
    "restart": {"scope": NAMES, "addon_name": TEXT, "addon_provider": TEXT,
                "reason": TEXT},
    "new_addon": ADDON, "delete_addon": ADDON, "resume_addon": ADDON,
    "suspend_addon": {**ADDON, "reason": TEXT},
    "upgrade_addon": {"addon_provider_name": str, "old_plan_name": str,
                      "new_plan_name": str, "resource_id": TEXT},
    "addon_updated": {"addon_id": str, "addon_plan_name": str,
                      "addon_resource_id": TEXT, "addon_provider_id": str,
                      "addon_provider_name": str, "status": list,
                      "attributes_changed": NAMES},
    "new_collaborator": {"collaborator": dict},
    "accept_collaborator": {"collaborator": dict},
    "delete_collaborator": {"collaborator": dict},
    "change_collaborator_role": {"collaborator": dict},
    "new_variable": {"name": str, "value": TEXT, "addon_name": TEXT},
    "edit_variable": {"name": str, "value": TEXT, "old_value": TEXT,
                      "addon_name": TEXT},
    "delete_variable": {"name": str, "value": TEXT},
    "edit_variables": {"new_vars": NAMES, "updated_vars": NAMES,
                       "deleted_vars": NAMES},
}
# The shapes of what stands at the root, one or a list of it.
SHAPES = {"collaborator": COLLABORATOR, "operation": OPERATION,
          "event": EVENT, "stack": STACK, "event_type": TYPE,
          "token": TOKEN, "app": APP, "user": SELF}
