"""Reads every answer of the /v1 family as the strictest of its clients does.

A typed client refuses a whole answer for one field of the wrong type, one
success status that it does not know, one error that has another shape.  What
such clients demand stands here once, and every answer in every scenario goes
through check().
"""
import base64
import datetime
import json
import re

from shapes import (APP, CATEGORY, EVENT, OPERATION, PLAN, PROVIDER, SHAPES,
                    TEXT, TYPE_DATA, USER)

# Method, path, the success statuses that clients take, the root's keys (None:
# no body).
SUCCESS = [
    ("GET", "/v1/apps", {200}, {"apps"}),
    ("POST", "/v1/apps", {201}, {"app"}),
    ("GET", "/v1/apps/:x", {200}, {"app"}),
    ("PUT", "/v1/apps/:x", {200}, {"app"}),
    ("DELETE", "/v1/apps/:x", {204}, None),
    ("POST", "/v1/apps/:x/rename", {200}, {"app"}),
    ("POST", "/v1/apps/:x/restart", {202}, None),
    ("GET", "/v1/apps/:x/operations/:x", {200}, {"operation"}),
    ("GET", "/v1/apps/:x/collaborators", {200}, {"collaborators"}),
    ("POST", "/v1/apps/:x/collaborators", {201}, {"collaborator"}),
    ("PUT", "/v1/apps/:x/collaborators/:x", {200}, {"collaborator"}),
    ("DELETE", "/v1/apps/:x/collaborators/:x", {204}, None),
    ("GET", "/v1/collaborators", {200}, {"collaborators"}),
    ("GET", "/v1/apps/:x/events", {200}, {"events", "meta"}),
    ("GET", "/v1/apps/:x/events/:x", {200}, {"event"}),
    ("GET", "/v1/events", {200}, {"events", "meta"}),
    ("GET", "/v1/event_types", {200}, {"event_types"}),
    ("GET", "/v1/event_categories", {200}, {"event_categories"}),
    ("GET", "/v1/features/stacks", {200}, {"stacks"}),
    ("GET", "/v1/apps/:x/variables", {200}, {"variables"}),
    ("POST", "/v1/apps/:x/variables", {201}, {"variable"}),
    ("PUT", "/v1/apps/:x/variables", {200}, {"variables"}),
    ("DELETE", "/v1/apps/:x/variables", {204}, None),
    ("PUT", "/v1/apps/:x/variables/:x", {200}, {"variable"}),
    ("DELETE", "/v1/apps/:x/variables/:x", {204}, None),
    ("GET", "/v1/apps/:x/addons", {200}, {"addons"}),
    ("POST", "/v1/apps/:x/addons", {201},
     {"addon", "message", "variables", "vars"}),
    ("GET", "/v1/apps/:x/addons/:x", {200}, {"addon"}),
    ("PUT", "/v1/apps/:x/addons/:x", {200},
     {"addon", "message", "variables", "vars"}),
    ("DELETE", "/v1/apps/:x/addons/:x", {204}, None),
    ("POST", "/v1/apps/:x/addons/:x/token", {200}, {"addon"}),
    ("POST", "/v1/apps/:x/addons/:x/sso", {200}, {"addon"}),
    ("GET", "/v1/apps/:x/addons/:x/sso", {200}, {"addon"}),
    ("GET", "/v1/apps/:x/attachments", {200}, {"attachments"}),
    ("POST", "/v1/apps/:x/attachments", {201}, {"attachment"}),
    ("DELETE", "/v1/apps/:x/attachments/:x", {204}, None),
    ("GET", "/v1/addon_providers", {200}, {"addon_providers"}),
    ("GET", "/v1/addon_providers/:x/plans", {200}, {"plans"}),
    ("GET", "/v1/addon_categories", {200}, {"addon_categories"}),
    ("POST", "/v1/tokens/exchange", {200}, {"token"}),
    ("GET", "/v1/tokens", {200}, {"tokens"}),
    ("POST", "/v1/tokens", {201}, {"token"}),
    ("PUT", "/v1/tokens/:x/renew", {200}, {"token"}),
    ("DELETE", "/v1/tokens/:x", {204}, None),
    ("GET", "/v1/users/self", {200}, {"user"}),
    ("POST", "/v1/users/stop_free_trial", {200}, {"message"}),
    ("GET", "/v1/regions", {200}, {"regions"}),
    ("GET", "/v1/provider/apps", {200}, {"apps", "meta"}),
    ("GET", "/v1/provider/apps/:x", {200}, {"app"}),
    ("PUT", "/v1/provider/apps/:x", {200}, {"app"}),
    ("PUT", "/v1/provider/addons/:x/config", {200}, {"app"}),
    ("POST", "/v1/provider/addons/:x/actions/provision", {200}, {"app"}),
    ("POST", "/v1/provider/addons/:x/actions/deprovision", {200}, {"app"}),
    ("GET", "/v1/apps/:x/addons/:x/exchanges", {200}, {"exchanges"}),
    ("GET", "/v1/apps/:x/addons/:x/log_drains", {200}, {"drains"}),
    ("POST", "/v1/apps/:x/addons/:x/log_drains", {201}, {"drain"}),
    ("DELETE", "/v1/apps/:x/addons/:x/log_drains", {204}, None),
    ("GET", "/v1/apps/:x/usage", {200}, {"usage"}),
    ("GET", "/v1/apps/:x/addons/:x/usage", {200}, {"usage"}),
    ("POST", "/v1/provider/usage", {202}, {"timestamp", "usages"}),
    ("POST", "/v1/apps/:x/addons/:x/resume", {200},
     {"addon", "message", "variables", "vars"}),
]
ERRORS = {400, 401, 402, 403, 404, 405, 409, 411, 412, 413, 422, 429, 500,
          501, 503}
LISTS = {"exchanges", "collaborators", "events", "event_types",
         "event_categories", "stacks", "private_networks_ids", "apps", "addons", "variables", "vars", "addon_providers", "plans",
         "addon_categories", "regions", "tokens", "attachments"}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"
                  r"(Z|[+-]\d\d:\d\d)")
JSON_TYPE = "application/json; charset=utf-8"
STATUSES = {"provisioning", "running", "suspended"}
PAGE = ("current_page", "prev_page", "previous_page", "next_page",
        "total_pages", "total_count")


class Wrong(AssertionError):
    """An answer that some client would refuse."""


def demand(truth, text: str):
    if not truth:
        raise Wrong(text)


def loads(body: bytes):
    """JSON as RFC 8259 has it: UTF-8, no duplicate keys, no NaN."""
    def pairs(items):
        keys = [key for key, _ in items]
        demand(len(keys) == len(set(keys)), f"duplicate keys: {keys}")
        return dict(items)

    def constant(word):
        raise Wrong(f"{word} is no JSON")

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=pairs,
                          parse_constant=constant)
    except ValueError as error:
        raise Wrong(f"no JSON: {error}: {body[:200]!r}") from None


def find(method: str, path: str):
    method = {"PATCH": "PUT", "HEAD": "GET"}.get(method, method)
    parts = [part for part in path.split("?")[0].split("/") if part]
    for row in SUCCESS:
        wanted = row[1].split("/")[1:]
        if row[0] == method and len(wanted) == len(parts) and all(
                a in (":x", b) for a, b in zip(wanted, parts)):
            return row
    return None


def check(method: str, path: str, answer) -> object:
    """The decoded body of answer, once all of it is as clients want it."""
    if method in ("HEAD", "OPTIONS"):
        demand(answer.body == b"", f"{method} has a body")
        return None
    if answer.status >= 400:
        return check_error(answer)
    if answer.status == 304 and method == "GET":   # to who asked for it
        demand(answer.body == b"", "a 304 has a body")
        return None
    row = find(method, path)
    demand(row is not None, f"{method} {path} answers {answer.status}")
    demand(answer.status in row[2], f"{method} {path}: {answer.status}, "
           f"clients take {sorted(row[2])}: {answer.body[:200]!r}")
    if answer.status == 202 and row[3] is None:
        check_started(answer)
        return None
    if row[3] is None:
        demand(answer.body == b"", "a 204 has a body")
        demand(answer.header("Content-Type") is None, "a 204 has a type")
        return None
    demand(answer.header("Content-Type") == JSON_TYPE,
           f"Content-Type is {answer.header('Content-Type')}")
    data = loads(answer.body)
    demand(isinstance(data, dict), "the root is no object")
    demand(set(data) == row[3], f"root keys {sorted(data)}, clients take "
           f"{sorted(row[3])}")
    walk(data, "")
    check_shapes(data, path)
    return data


def check_started(answer):
    """A 202: no body, and where to look for what comes of it."""
    demand(answer.body == b"", "a 202 has a body")
    place = answer.header("Location", "")
    demand(re.fullmatch(r"https?://[^/]+/.*/operations/[0-9a-f]{24}", place),
           f"Location is {place!r}")


def check_error(answer) -> object:
    demand(answer.status in ERRORS, f"status {answer.status}")
    demand(answer.header("Content-Type") == JSON_TYPE,
           f"an error of type {answer.header('Content-Type')}: "
           f"{answer.body[:200]!r}")
    data = loads(answer.body)
    demand(isinstance(data, dict), "an error's root is no object")
    if answer.status == 422:
        demand("error" not in data, "a 422 with error")
        check_errors(data.get("errors"))
        return data
    demand(isinstance(data.get("error"), str) and data["error"],
           f"an error without its sentence: {data}")
    demand("errors" not in data, f"errors in a {answer.status}")
    if answer.status == 402:
        demand(isinstance(data.get("url"), str), "a 402 without url")
    return data


def check_errors(errors):
    demand(isinstance(errors, dict) and errors, "422 without errors")
    for field, texts in errors.items():
        demand(isinstance(texts, list) and texts, f"errors.{field}: {texts}")
        demand(all(isinstance(t, str) and t for t in texts),
               f"errors.{field}: {texts}")


def walk(value, path: str):
    """Types by name, at any depth."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            walk(item, f"{path}[{i}]")
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        walk_member(key, item, f"{path}.{key}")
    if str(value.get("id", "")).startswith("ad-") and "plan" in value:
        check_addon(value)


def walk_member(key: str, item, path: str):
    if path.startswith(".app.config."):
        return   # the variables' names are the provider's
    if key in LISTS:
        demand(item is None and key in ("variables", "vars") or
               isinstance(item, list), f"{path} is no array")
    if key == "id" or key.endswith("_id"):
        # somebody invited has none yet
        optional = TEXT if key != "id" or ".type_data." in path else str
        demand(isinstance(item, optional), f"{path} is {item!r}, no string")
    if key.endswith("_at"):
        demand(item is None or is_date(item), f"{path} is no date: {item!r}")
    if key == "flags":
        demand(isinstance(item, dict) and
               all(isinstance(v, bool) for v in item.values()),
               f"{path}: flags are true or false")
    if key == "pagination":
        check_page(item)
    walk(item, path)


def check_shapes(data: dict, path: str):
    if path.lstrip("/").startswith("v1/provider/"):
        return   # another API, with words of its own
    for key, thing in data.items():
        if key == "event_categories":
            for one in thing:
                check_fields(one, CATEGORY, key)
            continue
        for one in thing if isinstance(thing, list) else [thing]:
            shape = SHAPES.get(key) or SHAPES.get(key.removesuffix("s"))
            if shape is None or isinstance(one, str):
                continue   # the token that an exchange answers is a text
            check_fields(one, shape, key)
            if shape is EVENT:
                check_event(one)
            if shape is APP:
                check_fields(one["owner"], USER, "owner")
                check_fields(one["project"], {"id": str, "name": str},
                             "project")
                check_fields(one["links"], {"deployments_stream": str},
                             "links")
            if shape is OPERATION:
                demand(one["status"] in ("pending", "running", "done",
                                         "error"), f"{one['status']}")


def check_event(event: dict):
    demand(re.fullmatch("[0-9a-f]{24}", event["id"]), f"id {event['id']}")
    data, shape = event["type_data"], TYPE_DATA.get(event["type"])
    demand(shape is not None, f"an event of the type {event['type']}")
    check_fields(data, shape, event["type"])
    demand(set(data) == set(shape), f"{event['type']} has {sorted(data)}")
    if event["user"] is not None:
        check_fields(event["user"], {key: str for key in USER}, "user")
    if event["type"] == "addon_updated":
        demand(len(data["status"]) == 2, f"status {data['status']}")
    if "collaborator" in data:
        check_fields(data["collaborator"],
                     {**USER, "is_limited": bool, "inviter": dict},
                     "collaborator")
        check_fields(data["collaborator"]["inviter"], USER, "inviter")
    for key in ("old_owner", "new_owner"):
        if key in data:
            check_fields(data[key], USER, key)
    for key in ("new_vars", "updated_vars", "deleted_vars"):
        for one in data.get(key) or []:
            check_fields(one, {"name": str, "value": TEXT}, key)


def is_date(text) -> bool:
    if not isinstance(text, str) or not DATE.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return True
    except ValueError:
        return False


def check_fields(thing, shape: dict, what: str):
    demand(isinstance(thing, dict), f"{what} is {thing!r}")
    for key, kind in shape.items():
        demand(key in thing, f"{what} has no {key}")
        demand(isinstance(thing[key], kind) and
               not (isinstance(thing[key], bool) and kind is int),
               f"{what}.{key} is {thing[key]!r}")


def check_addon(addon: dict):
    demand(re.fullmatch(r"ad-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        addon["id"]), f"add-on id {addon['id']}")
    check_fields(addon["plan"], PLAN, "plan")
    check_fields(addon.get("addon_provider"), PROVIDER, "addon_provider")
    demand(addon.get("status") in STATUSES, f"status {addon.get('status')}")
    for key in ("app_id", "resource_id", "provisioned_at",
                "deprovisioned_at"):
        demand(key in addon, f"an add-on without {key}")
    if addon["status"] == "running":
        demand(isinstance(addon["resource_id"], str), "resource_id")
        demand(addon["provisioned_at"] is not None, "provisioned_at")


def check_page(page: dict):
    for key in PAGE:
        demand(key in page, f"pagination has no {key}")
        demand(page[key] is None or type(page[key]) is int,
               f"pagination.{key} is {page[key]!r}")
    demand(page["prev_page"] == page["previous_page"], "prev, previous")
    for key in ("current_page", "total_pages", "total_count"):
        demand(page[key] is not None, f"pagination.{key} is null")


def jwt(text: str) -> tuple:
    """Header and claims of a token, as clients take it apart."""
    parts = text.split(".")
    demand(len(parts) == 3 and all(parts), f"no JWT: {text}")
    demand("=" not in text, "a JWT has no padding")
    head, claims = (loads(base64.urlsafe_b64decode(part + "=="))
                    for part in parts[:2])
    demand(head.get("alg") == "HS512", f"alg is {head.get('alg')}")
    demand(type(claims.get("exp")) is int, "exp is no number")
    demand(type(claims.get("iat")) is int, "iat is no number")
    return head, claims
