"""Dry runs: every changing call says what it would do, and does nothing."""
from scenario_attachments import shared
from scenario_base import Unchanged, same, scenario, true
from scenario_collaborators import join
from scenario_history import set_one
from world import MARK, NOTHING

DRY = {"X-Dry-Run": "true"}


def calls(world) -> int:
    return sum(len(desk.seen) for desk in world.mock.desks.values())


def dry(world, who, method, path, data=NOTHING, query=False):
    """What a dry run of the call says; nothing changes, nobody is called."""
    asked = calls(world)
    with Unchanged(world, f"{method} {path}"):
        if query:
            path += ("&" if "?" in path else "?") + "dry_run=true"
        found = world.call(who, method, path, data, want=200,
                           headers={} if query else DRY).data
        same(list(found), ["dry_run"], "members")
    same(calls(world), asked, "calls to providers")
    true(MARK not in str(found), f"a value in {found}")
    return found["dry_run"]


def variables(found) -> list:
    return [(row["name"], row["change"]) for row in found["variables"]]


@scenario("a dry run of an order tells the call, the variables, the cost")
def order(world):
    supplier = world.provider("scalingo", price=12)
    app, poor = world.app(paying=True), world.app()
    body = {"addon": {"addon_provider_id": supplier.slug,
                      "plan_id": supplier.plans["large"]}}
    for query in (False, True):
        found = dry(world, app.owner, "POST", app.path("/addons"), body,
                    query)
        same(found["subject"],
             f"{app.name}: provisioning {supplier.slug}, plan large",
             "subject")
        same([(call["provider"], call["method"], call["url"])
              for call in found["calls"]],
             [(supplier.slug, "POST",
               world.mock.url + supplier.resources())], "call")
        same((found["calls"][0]["body"]["plan"],
              found["calls"][0]["body"]["app_id"]), ("large", app.id), "body")
        same(variables(found),
             [(name, "added") for name in supplier.variables], "variables")
        true(found["variables"][0]["addon_id"].startswith("ad-"), "whose")
        true(found["cost"]["new"] > found["cost"]["old"] == 0, str(found))
        true(supplier.password not in str(found), "no password")
    # what would be refused is refused alike
    with Unchanged(world):
        world.call(app.owner, "POST", app.path("/addons"),
                   {"addon": {**body["addon"], "plan_id": "none"}}, want=404,
                   headers=DRY)
        world.call(poor.owner, "POST", poor.path("/addons"), body, want=402,
                   headers=DRY)
    set_one(world, app, supplier.variables[0], f"{MARK}-mine")
    with Unchanged(world, "a collision"):
        found = world.call(app.owner, "POST", app.path("/addons"), body,
                           want=422, headers=DRY)
        true(supplier.variables[0] in str(found.data), str(found))


@scenario("a dry run of a plan change and of a removal")
def change(world):
    supplier = world.provider("scalingo", price=12)
    app = world.app(paying=True)
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}")
    found = dry(world, app.owner, "PATCH", path,
                {"addon": {"plan_id": supplier.plans["gold"]}})
    same([(call["method"], call["url"].rsplit("/", 1)[1],
           call["body"]["plan"]) for call in found["calls"]],
         [("PUT", addon["resource_id"], "gold")], "call")
    same((found["cost"]["old"], found["cost"]["new"]), (12, 12.5), "cost")
    same(variables(found), [], "variables")
    found = dry(world, app.owner, "DELETE", path)
    same([(call["method"], call["body"]) for call in found["calls"]],
         [("DELETE", None)], "call")
    same(variables(found), [(supplier.variables[0], "removed")], "variables")
    same((found["events"], found["cost"]["new"]), (["delete_addon"], 0),
         "rest")
    found = dry(world, app.owner, "DELETE",
                app.path(f"?current_name={app.name}"))
    same((found["events"], len(found["calls"]), variables(found)),
         (["delete_addon", "delete_app"], 1,
          [(supplier.variables[0], "removed")]), "the app")
    world.call(app.owner, "PATCH", path,
               {"addon": {"plan_id": supplier.plans["gold"]}}, want=200)
    same(dry(world, app.owner, "DELETE", path)["cost"]["old"], 12.5,
         "what the dry run said it would cost")


@scenario("a dry run of variables, of a rollback, of an attachment")
def several(world):
    app = world.app()
    point = set_one(world, app, "OLD", f"{MARK}-1")
    set_one(world, app, "OLD", f"{MARK}-2")
    found = dry(world, app.owner, "PUT", app.path("/variables"), {
        "variables": [{"name": "NEW", "value": f"{MARK}-1"},
                      {"name": "OLD", "value": f"{MARK}-3"}]})
    same(sorted(variables(found)), [("NEW", "added"), ("OLD", "changed")],
         "variables")
    same((found["events"], found["calls"], found["cost"]["new"]),
         (["edit_variables"], [], 0), "rest")
    found = dry(world, app.owner, "POST", app.path("/rollback"),
                {"to": point})
    same(variables(found), [("OLD", "changed")], "rollback")
    supplier = shared(world, "attachable")
    addon = world.addon(app, supplier)
    second = world.app(app.owner)
    found = dry(world, app.owner, "POST", second.path("/attachments"), {
        "attachment": {"addon_id": addon["id"], "name": "SPARE"}})
    same([(row["app"], row["name"], row["change"])
          for row in found["variables"]],
         [(second.name, "SPARE_URL", "added")], "attachment")
    stranger = world.account()
    with Unchanged(world):
        world.call(app.owner, "PUT", app.path("/variables"), {
            "variables": [{"name": "1", "value": "x"}]}, want=422,
            headers=DRY)
        world.call(stranger, "DELETE", app.path(
            f"?current_name={app.name}"), want=404, headers=DRY)


@scenario("every kind of change has its dry run, the providers' too")
def kinds(world):
    supplier, heroku = world.provider("scalingo"), world.provider("heroku")
    app = world.app()
    addon, other = world.addon(app, supplier), world.addon(app, heroku)
    friend = world.account()
    join(world, app, friend)
    config = {"config": {supplier.variables[0]: f"{MARK}-new"}}
    set_one(world, app, "KEY", f"{MARK}-1")
    key = world.variables(app)["KEY"]["id"]
    for who, method, path, data, subject in (
            (app.owner, "POST", app.path("/rename"),
             {"current_name": app.name, "new_name": world.fresh("new")},
             "renamed"),
            (app.owner, "PATCH", app.path(), {"app": {
                "force_https": True}}, ""),
            (app.owner, "PATCH", app.path(),
             {"app": {"owner": friend.email}}, ""),
            (app.owner, "POST", app.path("/collaborators"),
             {"collaborator": {"email": "other@example.org"}}, ""),
            (app.owner, "DELETE", app.path(f"/variables/{key}"), NOTHING,
             "KEY"),
            (app.owner, "POST", "/v1/tokens", {"token": {"name": "t"}},
             "token t"),
            (supplier, "PATCH", f"/v1/provider/apps/{addon['id']}", config,
             "changed"),
            (heroku, "PUT", f"/vendor/apps/{other['id'][3:]}",
             {"config": {heroku.variables[0]: f"{MARK}-new"}}, "changed")):
        found = dry(world, who, method, path, data)
        true(subject in found["subject"], f"{path}: {found['subject']}")
    # an app's own dry run is as Scalingo has it
    with Unchanged(world):
        found = world.call(app.owner, "POST", "/v1/apps",
                           {"app": {"name": world.fresh("dry")}}, want=201,
                           headers=DRY).data
        true(found["app"]["id"], str(found))
    world.call(app.owner, "GET", app.path(), want=200, headers=DRY)
    same(world.values(app)["KEY"], f"{MARK}-1", "value")
