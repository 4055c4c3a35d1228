"""What an AppFog provider may see and change (App Info, AppFog's)."""
import re

from scenario_base import (Unchanged, among, same, scenario, true)
from world import MARK, NOTHING, Account, App, basic

APPS = "/vendor/apps"


def setting(world):
    app, supplier = world.app(), world.provider("appfog")
    return app, supplier, world.addon(app, supplier)


@scenario("the list: the fields, and the id as the provider gave it")
def list_apps(world):
    _, supplier, addon = setting(world)
    uuid = addon["id"][3:]
    for path in (APPS, f"{APPS}/"):
        found = world.call(supplier, "GET", path, want=200)
        same(len(found.data), 1, "rows")
        row = dict(found.data[0])
        true(isinstance(row.pop("account_id"), str), "account_id")
        same(row.pop("id", uuid), uuid, "id")
        same(row, {"callback_url": f"{world.door.public_url}{APPS}/{uuid}",
                   "plan": "small", "provider_id": 9007199254740993,
                   "resource": {"uuid": uuid}}, "row")
        true(re.search(rb'"provider_id":\s*9007199254740993\b',
                       found.answer.body), f"{found.answer.body}")


@scenario("provider_id keeps its JSON type and every digit")
def exact_ids(world):
    supplier = world.provider("appfog")
    table = [(b'{"id": "12"}', b'"12"', "12"), (b'{"id": 12}', b"12", "12"),
             (b'{"id": 9007199254740995}', b"9007199254740995",
              "9007199254740995"),
             (b'{"id": 123456789012345678901234567890}',
              b"123456789012345678901234567890",
              "123456789012345678901234567890"),
             (b'{"id": 0}', b"0", "0"), (b'{"id": -5}', b"-5", "-5")]
    for body, wanted, text in table:
        app = world.app()
        supplier.desk.then(200, body)
        addon = world.addon(app, supplier)
        same(addon["resource_id"], text, "resource_id")
        raw = world.call(supplier, "GET", APPS, want=200).answer.body
        same(re.findall(rb'"provider_id":\s*([^,}\s]+)', raw), [wanted],
             f"provider_id of {body}")
        world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
                   want=204)
        same(supplier.desk.asked("DELETE")[-1].path.rsplit("/", 1)[1], text,
             "id in the URL")


@scenario("one installation, on both of its paths")
def show(world):
    app, supplier, addon = setting(world)
    uuid = addon["id"][3:]
    paths = [f"{APPS}/{uuid}"]
    if world.door.rewrites:   # no file can be called so
        paths.append(f"/vendor/{uuid}")
    for path in paths:
        found = dict(world.call(supplier, "GET", path, want=200).data)
        true(isinstance(found.pop("account_id"), str), "account_id")
        same(found, {
            "id": uuid, "resource": {"uuid": uuid},
            "callback_url": f"{world.door.public_url}{APPS}/{uuid}",
            "config": supplier.desk.values(), "region": "useast"}, path)
    true(app.owner.email not in str(found), "the owner's e-mail is shown")


@scenario("a change answers as showing does, and waits for the user")
def change(world):
    app, supplier, addon = setting(world)
    name = supplier.variables[0]
    path = f"{APPS}/{addon['id'][3:]}"
    old = world.values(app)
    before = world.head()
    put = world.call(supplier, "PUT", path, {"config": {name: f"{MARK}!"}},
                     want=200).data
    same(put["config"], {name: f"{MARK}!"}, "config")
    same(world.call(supplier, "GET", path, want=200).data, put, "GET")
    same(len(world.messages(before)), 1, "commits")
    same(world.values(app), old, "the app's, until it is bound again")


@scenario("numbers and booleans stay what they are")
def values(world):
    _, supplier, addon = setting(world)
    path = f"{APPS}/{addon['id'][3:]}"
    config = dict(zip(supplier.variables, (7, True)))
    for method, data in (("PUT", {"config": config}), ("GET", NOTHING)):
        found = world.call(supplier, method, path, data, want=200).data
        same(found["config"], config, method)


@scenario("undeclared variables and odd values are refused whole")
def undeclared(world):
    _, supplier, addon = setting(world)
    name = supplier.variables[0]
    path = f"{APPS}/{addon['id'][3:]}"
    for config in ({"OTHER": "x"}, {name: "y", "OTHER": "x"}):
        with Unchanged(world):
            found = world.call(supplier, "PUT", path, {"config": config})
            among(found.status, (422, 403), f"{config}")
    for data in ({}, {"config": []}, {"config": {name: [1]}},
                 {"config": {name: {"a": 1}}}):
        with Unchanged(world, f"{data}"):
            found = world.call(supplier, "PUT", path, data)
            among(found.status, (400, 422), f"{data}")


@scenario("credentials that are wrong or another's; and 404 once it is gone")
def credentials(world):
    app, supplier, addon = setting(world)
    other = world.provider("appfog")
    path = f"{APPS}/{addon['id'][3:]}"
    data = {"config": {supplier.variables[0]: "x"}}
    with Unchanged(world):
        for who in (None, basic(supplier.user, "wrong"),
                    basic("nobody", supplier.password)):
            world.call(who, "GET", path, want=401)
            world.call(who, "PUT", path, data, want=401)
            world.call(who, "GET", APPS, want=401)
        world.call(other, "GET", path, want=404)
        world.call(other, "PUT", path,
                   {"config": {other.variables[0]: "x"}}, want=404)
        same(world.call(other, "GET", APPS, want=200).data, [], "list")
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    world.call(supplier, "GET", path, want=404)
    world.call(supplier, "PUT", path, data, want=404)
    same(world.call(supplier, "GET", APPS, want=200).data, [], "list")


@scenario("the sandbox answers with ids beyond 2^53, shown digit by digit")
def sandbox(world):
    demo = world.demo
    if not demo:   # it answers where a real server runs alone
        return
    owner = Account("demo", "demo@example.org", demo["TOKEN"])
    app = App("", demo["APP"], owner)
    plans = world.call(None, "GET",
                       "/v1/addon_providers/sandbox_appfog/plans",
                       want=200).data["plans"]
    made = world.call(owner, "POST", app.path("/addons"), {"addon": {
        "addon_provider_id": "sandbox_appfog",
        "plan_id": plans[0]["id"]}}, want=201).data["addon"]
    true(int(made["resource_id"]) > 2 ** 53, f"id {made['resource_id']}")
    who = basic(demo["APPFOG_USER"], demo["APPFOG_PASSWORD"])
    raw = world.call(who, "GET", APPS, want=200).answer.body
    same(re.findall(rb'"provider_id":\s*([^,}\s]+)', raw),
         [made["resource_id"].encode()], "provider_id")
    world.call(owner, "DELETE", app.path(f"/addons/{made['id']}"), want=204)
