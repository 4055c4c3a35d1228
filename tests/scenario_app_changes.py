"""Apps renamed, transferred and set up otherwise, as clients ask for it."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

from scenario_base import (Commits, Unchanged, eventually, events, same,
                           scenario, true)
from scenario_attachments import attach, shared
from scenario_collaborators import join
from scenario_restarts import hook
from scenario_usage import metered
from world import MARK, App


def timeline(world, app, who=None) -> list:
    found = world.call(who or app.owner, "GET",
                       app.path("/events?page=1&per_page=30"), want=200)
    return found.data["events"]


def rename(world, app, new, want=200, current=None):
    return world.call(app.owner, "POST", app.path("/rename"),
                      {"current_name": current or app.name, "new_name": new},
                      want=want)


@scenario("a renamed app keeps id, variables, add-ons and history")
def renamed(world):
    app = world.app()
    supplier = world.provider("scalingo")
    addon = world.addon(app, supplier)
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "ONE", "value": MARK}}, want=201)
    before = timeline(world, app)
    new = world.fresh("renamed")
    with Commits(world, 1):
        found = rename(world, app, new).data["app"]
    same((found["id"], found["name"]), (app.id, new), "app")
    world.call(app.owner, "GET", app.path(), want=404)
    moved = App(app.id, new, app.owner)
    same(sorted(world.values(moved)), sorted(["ONE", supplier.variables[0]]),
         "variables")
    same(world.call(app.owner, "GET", f"/v1/apps/{app.id}",
                    want=200).data["app"], found, "by id")
    after = timeline(world, moved)
    same(after[1:], before, "the history before")
    same((after[0]["type"], after[0]["type_data"], after[0]["app_name"]),
         ("rename_app", {"old_name": app.name, "new_name": new}, new),
         "the newest event")
    true(all(one["app_name"] == app.name for one in after[1:]),
         "names are those of then")
    rows = world.call(supplier, "GET", "/v1/provider/apps", want=200).data
    same([row["app_id"] for row in rows["apps"]], [app.id], "provider's row")
    same(world.call(supplier, "GET", f"/v1/provider/apps/{app.id}",
                    want=200).data["app"]["name"], new, "provider's view")
    one = moved.path(f"/addons/{addon['id']}")
    world.call(app.owner, "PATCH", one,
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    true(app.name not in
         {row["name"] for row in world.call(app.owner, "GET", "/v1/apps",
                                            want=200).data["apps"]}, "list")


@scenario("the old name of an app is free, and shows nothing of it")
def name_free(world):
    app = world.app()
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "OLD", "value": MARK}}, want=201)
    rename(world, app, world.fresh("renamed"))
    other = world.account()
    fresh = world.call(other, "POST", "/v1/apps",
                       {"app": {"name": app.name}}, want=201).data["app"]
    taken = App(fresh["id"], app.name, other)
    same(world.values(taken), {}, "variables")
    same([one["type"] for one in timeline(world, taken)], ["new_app"],
         "its own history alone")


@scenario("renaming is refused by the rules of names, and of saying which")
def rename_refused(world):
    app, other = world.app(), world.app()
    table = [("a--", None, "name"), (other.name, None, "name"),
             (app.name, None, "name"), ("UPPER", None, "name"),
             ("good-name", "wrong", "current_name")]
    for new, current, field in table:
        with Unchanged(world, new):
            found = rename(world, app, new, 422, current)
            true(field in found.data["errors"], str(found))
    with Unchanged(world):
        same(rename(world, app, "a--", 422).data["errors"]["name"],
             ["can't end with an hyphen",
              "can't contain 2 consecutive hyphens"], "the API's own words")
        for body in (None, {}, {"current_name": app.name}):
            world.call(app.owner, "POST", app.path("/rename"), body, want=400)


@scenario("an app that has its old name back is itself again")
def rename_back(world):
    app = world.app()
    new = world.fresh("renamed")
    rename(world, app, new)
    rename(world, App(app.id, new, app.owner), app.name)
    same([one["type"] for one in timeline(world, app)],
         ["rename_app", "rename_app", "new_app"], "history")
    world.sutler("fsck")


@scenario("settings are changed in every form that clients send")
def settings(world):
    app = world.app()
    found = world.call(app.owner, "GET", app.path(), want=200).data["app"]
    forms = [("PUT", {"force_https": True}, "force_https"),
             ("PATCH", {"app": {"sticky_session": True}}, "sticky_session"),
             ("PUT", {"app": {"router_logs": True}}, "router_logs")]
    for method, body, key in forms:
        before = world.head()
        with Commits(world, 1, key):
            world.call(app.owner, method, app.path(), body, want=200)
        found[key] = True
        now = world.call(app.owner, "GET", app.path(), want=200).data["app"]
        found["updated_at"] = now["updated_at"]
        same(now, found, key)
        said = events(world.messages(before)[0])
        same([one["type"] for one in said], ["edit_app"], "event")
    same([one["type_data"] for one in timeline(world, app)][:3],
         [{"force_https": None}, {"force_https": None},
          {"force_https": True}], "type_data")
    with Unchanged(world):
        same_again = {"stack_id": found["stack_id"],
                      "project_id": found["project"]["id"]}
        for body in ({"force_https": True}, {"app": {}}, {}, None,
                     {"app": same_again}, {"unknown": 1}):
            world.call(app.owner, "PATCH", app.path(), body, want=200)
        for body in ({"force_https": "yes"}, {"app": {"router_logs": 1}},
                     {"app": {"owner": 7}}):
            world.call(app.owner, "PATCH", app.path(), body, want=422)
        for key in ("stack", "project"):
            missing = world.call(app.owner, "PATCH", app.path(),
                                 {"app": {f"{key}_id": "none"}}, want=404)
            same(missing.data["resource"], key, "resource")


@scenario("the app's stack is in the list of stacks")
def stack(world):
    app = world.app()
    found = world.call(app.owner, "GET", app.path(), want=200).data["app"]
    stacks = world.call(app.owner, "GET", "/v1/features/stacks?",
                        want=200).data["stacks"]
    true(found["stack_id"] in [one["id"] for one in stacks], "stack")
    same(sum(one["default"] for one in stacks), 1, "defaults")


@scenario("an app is transferred to a collaborator, in each client's form")
def transfer(world):
    forms = [("PATCH", "", {}), ("PATCH", "?current_name={}", {}),
             ("PUT", "", {"current_name": "{}"})]
    for method, query, more in forms:
        app = world.app()
        heir = world.account()
        join(world, app, heir)
        body = {"app": {"owner": heir.email.upper()},
                **{key: text.format(app.name) for key, text in more.items()}}
        with Commits(world, 1):
            found = world.call(app.owner, method,
                               app.path(query.format(app.name)), body,
                               want=200).data["app"]
        same(found["owner"]["email"], heir.email, "owner")
        event = timeline(world, app, heir)[0]
        same([event["type"], event["type_data"]["old_owner"]["email"],
              event["type_data"]["new_owner"]["username"]],
             ["transfer_app", app.owner.email, heir.name], "event")
        people = world.call(heir, "GET", app.path("/collaborators"),
                            want=200).data["collaborators"]
        same([(one["email"], one["is_limited"], one["status"])
              for one in people], [(app.owner.email, False, "accepted")],
             "who owned it stays as a collaborator")
        world.call(app.owner, "DELETE",
                   app.path(f"?current_name={app.name}"), want=403)
        world.call(heir, "DELETE", app.path(f"?current_name={app.name}"),
                   want=204)


@scenario("a transfer to a stranger, or by one, is refused")
def transfer_refused(world):
    app = world.app()
    full, invited = world.account(), world.account()
    join(world, app, full)
    world.call(app.owner, "POST", app.path("/collaborators"),
               {"collaborator": {"email": invited.email}}, want=201)
    stranger = world.account()
    with Unchanged(world):
        for email in (invited.email, stranger.email, "", app.name):
            found = world.call(app.owner, "PATCH", app.path(),
                               {"app": {"owner": email}}, want=422)
            same(found.data["errors"]["owner"],
                 [f"Sorry, {email} should be part of the collaborators"],
                 "the API's own words")
        found = world.call(app.owner, "PATCH",
                           app.path("?current_name=wrong"),
                           {"app": {"owner": full.email}}, want=422)
        true("current_name" in found.data["errors"], str(found))
        world.call(full, "PATCH", app.path(), {"app": {"owner": full.email}},
                   want=403)


@scenario("who gets an app can pay for what it has, or consumes")
def transfer_bills(world):
    for supplier, plan in (
            (world.provider("scalingo", price=10), "large"),
            (world.provider("scalingo", change=metered), "small")):
        hand_over(world, supplier, plan)


def hand_over(world, supplier, plan):
    app = world.app(paying=True)
    world.addon(app, supplier, plan)
    poor, rich = world.account(), world.account(paying=True)
    for heir in (poor, rich):
        join(world, app, heir)
    with Unchanged(world):
        found = world.call(app.owner, "PATCH", app.path(),
                           {"app": {"owner": poor.email}}, want=422)
        true("owner" in found.data["errors"], str(found))
    world.call(app.owner, "PATCH", app.path(), {"app": {"owner": rich.email}},
               want=200)
    row = world.call(supplier, "GET", f"/v1/provider/apps/{app.id}",
                     want=200).data["app"]
    same(row["owner_email"], rich.email, "whom the provider sees")


@scenario("an app that shares add-ons is transferred once it shares none")
def transfer_shared(world):
    supplier = shared(world, "attachable")
    first, heir = world.app(), world.account()
    second = world.app(first.owner)
    addon = world.addon(first, supplier)
    made = attach(world, second, addon, "SPARE").data["attachment"]
    for app in (first, second):
        join(world, app, heir)
        with Unchanged(world):
            found = world.call(app.owner, "PATCH", app.path(),
                               {"app": {"owner": heir.email}}, want=422)
            true("owner" in found.data["errors"], str(found))
    world.call(first.owner, "DELETE",
               second.path(f"/attachments/{made['id']}"), want=204)
    world.call(first.owner, "PATCH", first.path(),
               {"app": {"owner": heir.email}}, want=200)
    with Unchanged(world):   # a collaborator takes no add-on along
        found = attach(world, second, addon, "SPARE", 422)
        true("addon_id" in found.data["errors"], str(found))


@scenario("a renamed app's owed restart is one by its new name")
def rename_owed(world):
    log = hook(world, fail=True)
    app = world.app()
    try:
        world.call(app.owner, "POST", app.path("/restart"), {}, want=202)
        eventually(lambda: world.sutler("tick") and
                   app.name in log.read_text("utf-8"), "it was tried")
        new = world.fresh("renamed")
        rename(world, app, new)
        owed = [json.loads(data) for name, data in world.contents().items()
                if name.startswith("open/") and app.id.encode() in data]
        same([one["app_name"] for one in owed], [new], "open work")
    finally:
        world.configure(restart_hook=None)


@scenario("of renames at once one holds, and the others are told why not")
def renames_together(world):
    owner = world.account()
    app, taken = world.app(owner), world.fresh("wanted")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: world.call(
            owner, "POST", f"/v1/apps/{app.id}/rename",
            {"current_name": app.name, "new_name": f"{app.name}-{number}"}),
            range(8)))
        same(sorted(one.status for one in found), [200] + [422] * 7,
             "one app, eight names")
        apps = [world.app(owner) for _ in range(8)]
        found = list(pool.map(lambda one: world.call(
            owner, "POST", one.path("/rename"),
            {"current_name": one.name, "new_name": taken}), apps))
    same(sorted(one.status for one in found), [200] + [422] * 7,
         "eight apps, one name")
    names = [one["name"] for one in world.call(
        owner, "GET", "/v1/apps", want=200).data["apps"]]
    same((len(names), len(set(names)), names.count(taken)), (9, 9, 1),
         "apps afterwards")
    world.sutler("fsck")


@scenario("an app is there, by its id and in the list, while it is renamed")
def renamed_while_read(world):
    app = world.app()
    names = [app.name, world.fresh("other")]
    ask = Lookers(world, app)
    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(ask.until_over, path)
                 for path in (f"/v1/apps/{app.id}", "/v1/apps") * 2]
        for number in range(60):
            world.call(app.owner, "POST", f"/v1/apps/{app.id}/rename",
                       {"current_name": names[number % 2],
                        "new_name": names[1 - number % 2]}, want=200)
            time.sleep(0.02)
        ask.over = True
        found = [answer for look in looks for answer in look.result()]
    true(len(found) > 60, f"{len(found)} looks")
    # in the list it may stand by both its names, for a moment
    same({(status, frozenset(ids)) for status, ids in found},
         {(200, frozenset([app.id]))}, "what was seen")


class Lookers:
    """Who reads one path again and again, until told that it is over."""

    def __init__(self, world, app):
        self.world, self.app, self.over = world, app, False

    def until_over(self, path) -> list:
        found = []
        while not self.over:
            one = self.world.call(self.app.owner, "GET", path)
            rows = one.data.get("apps", [one.data.get("app", {"id": None})])
            found.append((one.status, tuple(row["id"] for row in rows)))
        return found
