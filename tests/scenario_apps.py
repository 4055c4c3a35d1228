"""Apps: made, listed, shown, removed; and seen by their owners alone."""
import re

from scenario_base import (Commits, Skip, Unchanged, among, same, scenario, true)
from scenario_events import peak
from world import NOTHING


@scenario("an app is made with one commit")
def create(world):
    owner = world.account()
    name = world.fresh("app")
    with Commits(world, 1):
        app = world.call(owner, "POST", "/v1/apps", {"app": {"name": name}},
                         want=201).data["app"]
    same(app["name"], name, "name")
    true(re.fullmatch(r"[0-9a-f]{24}", app["id"]), f"id {app['id']}")
    same(app["owner"]["email"], owner.email, "owner's email")
    same(app["owner"]["username"], owner.name, "owner's name")
    for ident in (name, app["id"]):
        same(world.call(owner, "GET", f"/v1/apps/{ident}",
                        want=200).data["app"], app, f"GET {ident}")


@scenario("an owner sees their own apps alone")
def list_own(world):
    app, stranger = world.app(), world.app()
    second = world.app(app.owner)
    for owner, wanted in ((app.owner, {app.name, second.name}),
                          (stranger.owner, {stranger.name}),
                          (world.account(), set())):
        rows = world.call(owner, "GET", "/v1/apps", want=200).data["apps"]
        same({row["name"] for row in rows}, wanted, "apps")


@scenario("another's app answers exactly as one that is not there")
def foreign(world):
    app, stranger = world.app(), world.account()
    supplier = world.provider("scalingo")
    addon = world.addon(app, supplier)
    order = {"addon_provider_id": supplier.slug,
             "plan_id": supplier.plans["large"]}
    table = [
        ("GET", "", NOTHING), ("DELETE", f"?current_name={app.name}",
                               NOTHING),
        ("DELETE", "", NOTHING), ("GET", "/variables", NOTHING),
        ("POST", "/variables", {"variable": {"name": "A", "value": "b"}}),
        ("PUT", "/variables", {"variables": [{"name": "A", "value": "b"}]}),
        ("PUT", "/variables/x", {"variable": {"value": "b"}}),
        ("DELETE", "/variables/x", NOTHING), ("GET", "/addons", NOTHING),
        ("POST", "/addons", {"addon": order}),
        ("GET", f"/addons/{addon['id']}", NOTHING),
        ("PATCH", f"/addons/{addon['id']}", {"addon": order}),
        ("DELETE", f"/addons/{addon['id']}", NOTHING),
        ("POST", f"/addons/{addon['id']}/token", {}),
        ("GET", f"/addons/{addon['id']}/sso", NOTHING),
        ("PATCH", "", {"app": {"force_https": True}}),
        ("PATCH", "", {"app": {"owner": stranger.email}}),
        ("POST", "/rename", {"current_name": app.name, "new_name": "mine"}),
        ("POST", "/restart", {"scope": []}),
        ("GET", f"/operations/{'0' * 24}", NOTHING),
        ("GET", "/events", NOTHING), ("GET", f"/events/{'0' * 24}", NOTHING),
        ("GET", "/collaborators", NOTHING),
        ("POST", "/collaborators",
         {"collaborator": {"email": stranger.email}}),
        ("PATCH", "/collaborators/x", {"collaborator": {"is_limited": True}}),
        ("DELETE", "/collaborators/x", NOTHING),
    ]
    with Unchanged(world):
        for method, rest, data in table:
            for ident in (app.name, app.id):
                found = world.call(stranger, method,
                                   f"/v1/apps/{ident}{rest}", data, want=404)
                missing = world.call(stranger, method,
                                     f"/v1/apps/nowhere{rest}", data,
                                     want=404)
                same(found.answer.body, missing.answer.body,
                     f"{method} {rest}")
                same(found.data, {"resource": "app", "error": "not found"},
                     f"{method} {rest}")


BAD_NAMES = ["", "a", "-app", "app-", "a--b", "App", "APP", "a b", "a_b",
             "a.b", "..", "../x", "a/b", "a%2fb", "é", "a\nb", "a<b>",
             "x" * 49, "x" * 200, ".git", "a\u0000b"]


@scenario("app names that break the rules are refused")
def bad_names(world):
    owner = world.account()
    for name in BAD_NAMES:
        with Unchanged(world, repr(name)):
            found = world.call(owner, "POST", "/v1/apps",
                               {"app": {"name": name}})
            among(found.status, (400,) if "\0" in name else (422,),
                  f"name {name!r}")
            if found.status == 422:
                true("name" in found.data["errors"], f"{name!r}: {found}")


@scenario("the shortest and the longest name are taken")
def edge_names(world):
    owner = world.account()
    stem = world.fresh("n")
    for name in (stem, (stem + "-" + "x" * 48)[:48]):
        world.call(owner, "POST", "/v1/apps", {"app": {"name": name}},
                   want=201)


@scenario("a name that is taken is refused, whoever has it")
def taken(world):
    app = world.app()
    for owner in (app.owner, world.account()):
        with Unchanged(world):
            found = world.call(owner, "POST", "/v1/apps",
                               {"app": {"name": app.name}}, want=422)
            true("name" in found.data["errors"], str(found))


@scenario("removing an app asks for its name")
def delete_asks(world):
    app = world.app()
    for query, data in (("", NOTHING), ("?current_name=", NOTHING),
                        ("?current_name=wrong", NOTHING),
                        (f"?current_name={app.id}", NOTHING),
                        ("", {"current_name": "wrong"}), ("", {})):
        with Unchanged(world):
            found = world.call(app.owner, "DELETE", app.path(query), data,
                               want=422)
            true("current_name" in found.data["errors"], str(found))


@scenario("removing an app by name or id, with the name in query or body")
def delete(world):
    owner = world.account()
    for by_id in (False, True):
        for in_body in (False, True):
            app = world.app(owner)
            ident = app.id if by_id else app.name
            query = "" if in_body else f"?current_name={app.name}"
            data = {"current_name": app.name} if in_body else NOTHING
            with Commits(world, 1):
                world.call(owner, "DELETE", f"/v1/apps/{ident}{query}", data,
                           want=204)
            world.call(owner, "GET", app.path(), want=404)
            world.call(owner, "GET", f"/v1/apps/{app.id}", want=404)
            world.call(owner, "DELETE", f"/v1/apps/{ident}{query}", data,
                       want=404)
    same(world.call(owner, "GET", "/v1/apps", want=200).data, {"apps": []},
         "apps")


@scenario("a name used again is another app, without the old one's values")
def name_reused(world):
    app = world.app()
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "OLD", "value": "s3cret"}}, want=201)
    world.call(app.owner, "DELETE", app.path(f"?current_name={app.name}"),
               want=204)
    other = world.account()
    fresh = world.call(other, "POST", "/v1/apps",
                       {"app": {"name": app.name}}, want=201).data["app"]
    true(fresh["id"] != app.id, "the same id")
    world.call(app.owner, "GET", app.path(), want=404)
    world.call(other, "GET", f"/v1/apps/{app.id}", want=404)
    same(world.call(other, "GET", app.path("/variables"), want=200).data,
         {"variables": []}, "variables")


@scenario("removing an app removes its add-ons at their providers")
def delete_addons(world):
    app = world.app()
    suppliers = [world.provider(name) for name in ("scalingo", "heroku")]
    for supplier in suppliers:
        world.addon(app, supplier)
    with_addons = world.head()
    world.call(app.owner, "DELETE", app.path(f"?current_name={app.name}"),
               want=204)
    world.sutler("tick")
    for supplier in suppliers:
        same(len(supplier.desk.asked("DELETE")), 1, "DELETEs")
    same(world.owed(app.id), [], "open")
    first = world.messages(with_addons)[0]
    true(first.splitlines()[0].startswith(app.name), f"subject of {first}")


@scenario("an app whose provider is down is removed; the rest stays owed")
def delete_owed(world):
    app = world.app()
    supplier = world.provider("scalingo")
    addon = world.addon(app, supplier)
    supplier.desk.down = True
    world.call(app.owner, "DELETE", app.path(f"?current_name={app.name}"),
               want=204)
    same(len(world.owed(addon["id"])), 1, "records in open/")
    true(addon["id"].encode() in world.sutler("open").stdout,
         "sutler open does not list it")
    world.call(supplier, "GET", f"/v1/provider/apps/{app.id}", want=404)
    supplier.desk.down = False


@scenario("HEAD, OPTIONS and other methods come from the route table")
def methods(world):
    app = world.app()
    for path in ("/v1/apps", app.path(), app.path("/variables"),
                 app.path("/addons")):
        found = world.call(app.owner, "HEAD", path, want=200)
        same(found.answer.body, b"", "body of HEAD")
        found = world.call(app.owner, "OPTIONS", path)
        among(found.status, (200, 204), "OPTIONS")
        true("GET" in found.answer.header("Allow", ""), "Allow")
        found = world.call(app.owner, "BREW", path)
        among(found.status, (400, 405, 501), "BREW")


@scenario("answers carry an ETag, and never an Access-Control header")
def headers(world):
    app = world.app()
    found = world.call(app.owner, "GET", app.path(), want=200,
                       headers={"Origin": "https://evil.test"}).answer
    true(not any(name.lower().startswith("access-control")
                 for name, _ in found.headers), "Access-Control is sent")
    true(found.header("ETag"), "no ETag")


@scenario("an app is made where it is said to be, or nowhere")
def place(world):
    app = world.app()
    found = world.call(app.owner, "GET", app.path(), want=200).data["app"]
    stranger = world.app()
    other = world.call(stranger.owner, "GET", stranger.path(),
                       want=200).data["app"]
    name = world.fresh("placed")
    with Unchanged(world):
        for key, value in (("stack_id", "none"), ("project_id", "none"),
                           ("project_id", other["project"]["id"])):
            for headers in ({}, {"X-Dry-Run": "true"}):
                missing = world.call(app.owner, "POST", "/v1/apps", {
                    "app": {"name": name, key: value}}, 404, headers)
                same(missing.data["resource"], key[:-3], "resource")
    made = world.call(app.owner, "POST", "/v1/apps", {"app": {
        "name": name, "stack_id": found["stack_id"], "git_source": None,
        "project_id": found["project"]["id"], "parent_id": None}},
                      201).data["app"]
    same((made["stack_id"], made["project"]),
         (found["stack_id"], found["project"]), "where it is")


@scenario("a list of apps takes no more memory than one of them",
          every_door=False)
def large_apps(world):
    if world.build.name == "asan":
        raise Skip("the sanitizer keeps what is freed")
    owner = world.account()
    for number in range(13):
        app = world.app(owner)
        for start in range(0, 28, 7):
            world.call(owner, "PUT", app.path("/variables"), {"variables": [
                {"name": f"LARGE_{n}", "value": f"{n}-" + "x" * 32000}
                for n in range(start, start + 7)]}, want=200)
        if number == 0:
            least = peak(world, owner, "/v1/apps")
    most = peak(world, owner, "/v1/apps")
    true(most < least + (8 << 10), f"kB: {least} to {most}")
