"""What a Scalingo provider may see and change (App Info, Scalingo's)."""
import time
import urllib.parse
from pathlib import Path

from scenario_base import (Commits, Unchanged, among, events, same, scenario,
                           trailers, true)
from world import MARK, basic

APPS = "/v1/provider/apps"


def setting(world):
    app, supplier = world.app(), world.provider("scalingo")
    return app, supplier, world.addon(app, supplier)


@scenario("the list of installations")
def list_apps(world):
    supplier = world.provider("scalingo")
    apps = [world.app() for _ in range(3)]
    for app in apps:
        world.addon(app, supplier)
    found = world.call(supplier, "GET", APPS, want=200).data
    same([row["app_id"] for row in found["apps"]], [app.id for app in apps],
         "apps")
    for row in found["apps"]:
        same(row["plan"], "small", "plan")
        true(isinstance(row["addon_provider_id"], str), f"{row}")


@scenario("pages of the list")
def pages(world):
    supplier = world.provider("scalingo")
    apps = [world.app() for _ in range(5)]
    for app in apps:
        world.addon(app, supplier)
    for page, count, before, after in ((1, 2, None, 2), (2, 2, 1, 3),
                                       (3, 1, 2, None), (4, 0, 3, None)):
        found = world.call(supplier, "GET", f"{APPS}?page={page}&per_page=2",
                           want=200).data
        start = 2 * (page - 1)
        same([row["app_id"] for row in found["apps"]],
             [app.id for app in apps[start:start + 2]], f"page {page}")
        same(len(found["apps"]), count, "rows")
        meta = found["meta"]["pagination"]
        same((meta["current_page"], meta["total_pages"],
              meta["total_count"]), (page, 3, 5), "meta")
        same(meta["next_page"], after, "next_page")
        if page < 4:
            same(meta["prev_page"], before, "prev_page")
    world.call(apps[0].owner, "DELETE",
               apps[0].path(f"?current_name={apps[0].name}"), want=204)
    found = world.call(supplier, "GET", APPS, want=200).data
    same([row["app_id"] for row in found["apps"]],
         [app.id for app in apps[1:]], "after a removal")


@scenario("page numbers that are none are refused")
def bad_pages(world):
    _, supplier, _ = setting(world)
    for query in ("page=0", "page=-1", "page=x", "page=1.5", "page=",
                  "page=99999999999999999999", "per_page=0", "per_page=-1",
                  "per_page=x"):
        with Unchanged(world, query):
            found = world.call(supplier, "GET", f"{APPS}?{query}")
            among(found.status, (400, 422), query)


@scenario("one installation, by every name it has")
def show(world):
    app, supplier, addon = setting(world)
    wanted = {"id": app.id, "name": app.name, "plan": "small",
              "owner_email": app.owner.email,
              "config": supplier.desk.values()}
    for ident in (app.id, addon["resource_id"], addon["id"]):
        found = world.call(supplier, "GET", f"{APPS}/{ident}",
                           want=200).data["app"]
        true(isinstance(found.pop("addon_provider_id"), str), f"{found}")
        same(found, wanted, ident)


@scenario("a change of variables, by PATCH and by PUT, is one commit")
def change(world):
    app, supplier, _ = setting(world)
    name, other = supplier.variables
    for method, ident in (("PATCH", app.id), ("PUT", app.id)):
        before = world.head()
        value = f"{MARK}-{method}"
        found = world.call(supplier, method, f"{APPS}/{ident}",
                           {"config": {name: value}}, want=200)
        same(found.data["app"]["config"], {name: value}, "config")
        same(world.values(app), {name: value}, "variables")
        made = world.messages(before)
        same(len(made), 1, "commits")
        true("Actor" in trailers(made[0]) and
             supplier.slug in trailers(made[0])["Actor"][0], made[0])
    world.call(supplier, "PATCH", f"{APPS}/{app.id}",
               {"config": {other: MARK}}, want=200)
    same(world.values(app), {name: f"{MARK}-PUT", other: MARK}, "merged")
    with Unchanged(world, "same value"):
        world.call(supplier, "PATCH", f"{APPS}/{app.id}",
                   {"config": {other: MARK}}, want=200)


@scenario("variables that are not declared, or no text, are refused whole")
def undeclared(world):
    app, supplier, _ = setting(world)
    name = supplier.variables[0]
    for config in ({"OTHER": "x"}, {name: "y", "OTHER": "x"},
                   {name.lower(): "x"}, {name: 7}, {name: ["x"]},
                   {name: {"a": "b"}}, {name: True}, {"": "x"},
                   {name: "x" * 32769}, {"PATH": "x"}, {"LD_PRELOAD": "x"}):
        with Unchanged(world, f"{config!r:.60}"):
            found = world.call(supplier, "PATCH", f"{APPS}/{app.id}",
                               {"config": config}, want=422)
            true("config" in str(found.data["errors"]), str(found))


@scenario("a body without a proper config is refused")
def no_config(world):
    app, supplier, _ = setting(world)
    for data in ({}, {"config": None}, {"config": []}, {"config": "x"}, [],
                 None, "x", 7):
        with Unchanged(world, f"{data!r}"):
            found = world.call(supplier, "PATCH", f"{APPS}/{app.id}", data)
            among(found.status, (400, 422), f"{data!r}")


@scenario("credentials that are wrong, missing or another's")
def credentials(world):
    app, supplier, addon = setting(world)
    other = world.provider("scalingo")
    table = [None, basic(supplier.user, "wrong"), basic(supplier.user, ""),
             basic(supplier.user, supplier.password + "x"),
             basic(supplier.user, supplier.password[:-1]),
             basic("nobody", supplier.password),
             basic(supplier.user, other.password),
             basic(supplier.slug, supplier.password),
             f"Bearer {app.owner.token}", basic("", app.owner.token)]
    data = {"config": {supplier.variables[0]: "x"}}
    with Unchanged(world):
        for who in table:
            world.call(who, "GET", APPS, want=401)
            world.call(who, "GET", f"{APPS}/{app.id}", want=401)
            world.call(who, "PATCH", f"{APPS}/{app.id}", data, want=401)
        for ident in (app.id, app.name, addon["id"], addon["resource_id"]):
            world.call(other, "GET", f"{APPS}/{ident}", want=404)
            world.call(other, "PATCH", f"{APPS}/{ident}",
                       {"config": {other.variables[0]: "x"}}, want=404)
        same(world.call(other, "GET", APPS, want=200).data["apps"], [],
             "another's list")
        for path in ("/v1/apps", "/v1/users/self", app.path()):
            world.call(supplier, "GET", path, want=401)


@scenario("404 once the add-on or its app is gone")
def gone(world):
    for whole_app in (False, True):
        app, supplier, addon = setting(world)
        target = app.path(f"?current_name={app.name}" if whole_app
                          else f"/addons/{addon['id']}")
        world.call(app.owner, "DELETE", target, want=204)
        for ident in (app.id, addon["id"],
                      urllib.parse.quote(addon["resource_id"])):
            world.call(supplier, "GET", f"{APPS}/{ident}", want=404)
            world.call(supplier, "PATCH", f"{APPS}/{ident}",
                       {"config": {}}, want=404)
        same(world.call(supplier, "GET", APPS, want=200).data["apps"], [],
             "list")


@scenario("a body of null on a GET, as one client library sends it")
def null_body(world):
    app, supplier, _ = setting(world)
    world.call(supplier, "GET", f"{APPS}/{app.id}", None, want=200)


@scenario("a resource id with odd characters is found and asked for")
def odd_resource(world):
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(201, {"id": "a b/c?d#é%41", "config": {}})
    addon = world.addon(app, supplier)
    same(addon["resource_id"], "a b/c?d#é%41", "resource_id")
    with Commits(world, 2):
        world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
                   {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    same(supplier.desk.asked("PUT")[-1].path,
         f"/{supplier.slug}/resources/a%20b%2Fc%3Fd%23%C3%A9%2541", "path")


@scenario("a provider's change restarts the app by the operator's hook")
def restart(world):
    app, supplier = world.app(), world.provider("scalingo")
    world.addon(app, supplier)
    told = world.dir / "told"
    hook = world.dir / "hook"
    hook.write_text(f'#!/bin/sh\nenv >"{told}.env"\necho "$@" >>"{told}"\n')
    hook.chmod(0o755)
    told.unlink(missing_ok=True)
    world.configure(restart_hook=hook)
    try:
        world.call(supplier, "PATCH", f"/v1/provider/apps/{app.id}",
                   {"config": {supplier.variables[0]: "s3cret-2"}}, want=200)
        for _ in range(200):
            if told.exists() and not world.owed(app.id):
                break
            time.sleep(0.05)
    finally:
        world.configure(restart_hook=None)
    same(told.read_text().split()[:2], [app.name, app.id], "the hook's words")
    same(len(told.read_text().splitlines()), 1, "restarts")
    true("AUTH" not in Path(f"{told}.env").read_text(),
         "the hook is told of the credentials")
    same(world.owed(app.id), [], "open work")
    kinds = [event["type"] for message in world.messages()
             if app.id in message for event in events(message)]
    true("restart" in kinds, f"no restart among the events: {kinds}")
