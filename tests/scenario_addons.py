"""Add-ons, as their users have them: every call of the add-ons API."""
import re

import strict
from scenario_base import (Commits, Unchanged, among, forge, same, scenario,
                           true)
from world import MARK, NOTHING

DIALECTS = ("scalingo", "heroku", "appfog")


@scenario("provision: the provider is asked, the app gets the variables")
def provision(world):
    for dialect in DIALECTS:
        app, supplier = world.app(), world.provider(dialect)
        with Commits(world, 2, dialect):
            found = world.order(app, supplier).data
        addon = found["addon"]
        same(addon["status"], "running", "status")
        same(addon["app_id"], app.id, "app_id")
        same(addon["plan"]["id"], supplier.plans["small"], "plan")
        same(addon["addon_provider"]["id"], supplier.slug, "provider")
        same(found["variables"], [supplier.variables[0]], "variables")
        same(addon["resource_id"], str(
            supplier.desk.first if dialect == "appfog"
            else f"{supplier.slug}-1"), "resource_id")
        same(world.values(app), supplier.desk.values(), "variables")


@scenario("provision: the provider's message reaches the user")
def message(world):
    for dialect in ("scalingo", "heroku"):
        app, supplier = world.app(), world.provider(dialect)
        same(world.order(app, supplier).data["message"], "POST was done",
             dialect)


def question(supplier):
    seen = supplier.desk.asked("POST")
    same(len(seen), 1, "POSTs")
    same(seen[0].path, supplier.resources(), "path")
    same(seen[0].basic(), f"{supplier.user}:{supplier.password}",
         "credentials")
    return seen[0]


@scenario("provision: what a Scalingo provider is sent")
def asks_scalingo(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.order(app, supplier, options={"version": "9"}).data["addon"]
    body = question(supplier).json()
    same(body["plan"], "small", "plan")
    same(body["app_id"], app.id, "app_id")
    same(body["options"], {"version": "9"}, "options")
    same(body["uuid"], addon["id"], "uuid")


@scenario("provision: what a Heroku provider is sent")
def asks_heroku(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    body = question(supplier).json()
    same(body["plan"], "small", "plan")
    true(re.fullmatch(r"app\d+@[a-z0-9.]+", body["heroku_id"]),
         f"heroku_id {body['heroku_id']}")
    same(body["uuid"], addon["id"][3:], "uuid")
    same(body["options"], {}, "options")
    true("::" in body["region"], f"region {body['region']}")
    true(body["callback_url"].startswith(
        f"{world.door.public_url}/vendor/apps/"), body["callback_url"])


@scenario("provision: what an AppFog provider is sent, and no more")
def asks_appfog(world):
    app, supplier = world.app(), world.provider("appfog")
    addon = world.addon(app, supplier)
    body = question(supplier).json()
    uuid = addon["id"][3:]
    same(body.pop("options", {}), {}, "options")
    same(body, {
        "uuid": uuid, "plan": "small", "region": "useast",
        "callback_url": f"{world.door.public_url}/vendor/apps/{uuid}",
        "clc": {"account": body["clc"]["account"]}}, "body")


@scenario("list and show")
def list_show(world):
    app = world.app()
    same(world.call(app.owner, "GET", app.path("/addons"), want=200).data,
         {"addons": []}, "addons")
    made = [world.addon(app, world.provider(name)) for name in DIALECTS]
    rows = world.call(app.owner, "GET", app.path("/addons"),
                      want=200).data["addons"]
    same([row["id"] for row in rows], [addon["id"] for addon in made],
         "in the order they were bought")
    for row in rows:
        for ident in (app.name, app.id):
            found = world.call(app.owner, "GET",
                               f"/v1/apps/{ident}/addons/{row['id']}",
                               want=200)
            same(found.data["addon"], row, "show")


@scenario("change of plan, by PATCH and by PUT")
def change_plan(world):
    for dialect in DIALECTS:
        app, supplier = world.app(), world.provider(dialect)
        addon = world.addon(app, supplier)
        path = app.path(f"/addons/{addon['id']}")
        for method, plan in (("PATCH", "large"), ("PUT", "small")):
            with Commits(world, 2, dialect):
                found = world.call(
                    app.owner, method, path,
                    {"addon": {"plan_id": supplier.plans[plan]}}, want=200)
            same(found.data["addon"]["plan"]["name"], plan, "plan")
            same(found.data["vars"], found.data["variables"], "vars")
            seen = supplier.desk.asked("PUT")[-1]
            same(seen.path,
                 f"{supplier.resources()}/{addon['resource_id']}", "path")
            same(seen.json()["plan"], plan, "plan asked for")
        same(world.values(app), supplier.desk.values(), "variables")


@scenario("remove: 204, and gone for good")
def remove(world):
    for dialect in DIALECTS:
        app, supplier = world.app(), world.provider(dialect)
        addon = world.addon(app, supplier)
        path = app.path(f"/addons/{addon['id']}")
        world.call(app.owner, "DELETE", path, want=204)
        same(world.values(app), {}, "variables")
        for method in ("GET", "DELETE"):
            found = world.call(app.owner, method, path, want=404)
            same(found.data, {"resource": "addon", "error": "not found"},
                 method)
        world.sutler("tick")
        seen = supplier.desk.asked("DELETE")
        same([one.path for one in seen],
             [f"{supplier.resources()}/{addon['resource_id']}"],
             "DELETEs")
        world.addon(app, supplier)   # and it may be bought again


@scenario("an add-on token names the add-on, and is no user's token")
def token(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}")
    found = world.call(app.owner, "POST", f"{path}/token", {}, want=200)
    shown = dict(found.data["addon"])
    text = shown.pop("token")
    same(shown, addon_only(addon), "addon")
    _, claims = strict.jwt(text)
    same(claims["addon_uuid"], addon["id"], "addon_uuid")
    same(claims["exp"] - claims["iat"], 3600, "seconds")
    for target in ("/v1/apps", path, "/v1/users/self", "/v1/tokens"):
        world.call(f"Bearer {text}", "GET", target, want=401)
    claims.pop("addon_uuid")   # nor with another purpose's key
    world.call(f"Bearer {forge(world, claims, 'addon token')}", "GET",
               "/v1/apps", want=401)


def addon_only(addon: dict) -> dict:
    return {key: value for key, value in addon.items()
            if key not in ("message", "variables")}


@scenario("a plan with a price needs a paying account")
def payment(world):
    for dialect in ("scalingo", "heroku"):
        app, supplier = world.app(), world.provider(dialect)
        with Unchanged(world, dialect):
            found = world.order(app, supplier, "gold", want=402)
        true(found.data["url"].startswith("http"), f"url {found}")
        same(supplier.desk.seen, [], "asked of the provider")
        addon = world.addon(app, supplier)
        count = len(supplier.desk.seen)
        with Unchanged(world, dialect):
            world.call(app.owner, "PATCH",
                       app.path(f"/addons/{addon['id']}"),
                       {"addon": {"plan_id": supplier.plans["gold"]}},
                       want=402)
        same(len(supplier.desk.seen), count, "asked of the provider")
        rich = world.app(paying=True)
        same(world.order(rich, supplier,
                         "gold").data["addon"]["plan"]["price"], 12.5,
             "price")


@scenario("variables that overlap are refused before the provider is asked")
def overlap(world):
    app = world.app()
    first = world.provider("scalingo")
    shared = first.variables[0]

    def declare(manifest):
        manifest["config_vars"][0] = shared

    second = world.provider("scalingo", change=declare)
    world.addon(app, first)
    with Unchanged(world):
        world.order(app, second, want=422)
    same(second.desk.seen, [], "asked of the provider")
    other = world.app()
    world.call(other.owner, "POST", other.path("/variables"),
               {"variable": {"name": shared, "value": MARK}}, want=201)
    with Unchanged(world):
        world.order(other, first, want=422)
    same(len(first.desk.seen), 1, "asked of the provider")


@scenario("unknown plans, providers and add-ons are named in the answer")
def unknown(world):
    app, supplier = world.app(), world.provider("scalingo")
    other = world.provider("scalingo")
    addon = world.addon(app, supplier)
    path = app.path("/addons")
    plan = supplier.plans["small"]
    table = [
        ("POST", path, {"addon_provider_id": supplier.slug,
                        "plan_id": "0" * 24}, "plan"),
        ("POST", path, {"addon_provider_id": supplier.slug,
                        "plan_id": other.plans["small"]}, "plan"),
        ("POST", path, {"addon_provider_id": "nowhere", "plan_id": plan},
         "addon_provider"),
        ("POST", path, {"addon_provider_id": "../x", "plan_id": plan},
         "addon_provider"),
        ("PATCH", f"{path}/{addon['id']}", {"plan_id": "0" * 24}, "plan"),
        ("PATCH", f"{path}/ad-nowhere", {"plan_id": plan}, "addon"),
        ("DELETE", f"{path}/ad-nowhere", {}, "addon"),
        ("GET", f"{path}/{addon['id'][:-1]}", {}, "addon"),
        ("POST", f"{path}/ad-nowhere/token", {}, "addon"),
        ("POST", f"{path}/ad-nowhere/sso", {}, "addon"),
    ]
    count = len(supplier.desk.seen)
    for method, target, data, kind in table:
        with Unchanged(world, f"{method} {target}"):
            found = world.call(app.owner, method, target, NOTHING
                               if method == "GET" else {"addon": data},
                               want=404)
            same(found.data["resource"], kind, f"{method} {data}")
    same(len(supplier.desk.seen), count, "asked of the provider")


@scenario("parameters that are missing are named")
def missing(world):
    app, supplier = world.app(), world.provider("scalingo")
    slug = supplier.slug
    for data, text in (
            ({"addon": {"addon_provider_id": slug}}, "plan_id is required"),
            ({"addon": {"plan_id": "x"}}, "addon_provider_id is required"),
            ({}, "addon is required")):
        with Unchanged(world):
            found = world.call(app.owner, "POST", app.path("/addons"), data,
                               want=400)
            same(found.data["error"], text, f"{data}")
    addon = world.addon(app, supplier)
    found = world.call(app.owner, "PATCH",
                       app.path(f"/addons/{addon['id']}"), {"addon": {}},
                       want=400)
    same(found.data["error"], "plan_id is required", "error")


@scenario("the catalogue is public")
def catalogue(world):
    supplier = world.provider("scalingo")
    for who in (None, world.account()):
        rows = world.call(who, "GET", "/v1/addon_providers",
                          want=200).data["addon_providers"]
        row = {row["id"]: row for row in rows}[supplier.slug]
        same(row["category"]["name"], "Testing", "category")
        for query in ("", "?show_all=false", "?show_all=true"):
            plans = world.call(
                who, "GET",
                f"/v1/addon_providers/{supplier.slug}/plans{query}",
                want=200).data["plans"]
            same([plan["name"] for plan in plans],
                 ["small", "large", "gold"], "plans")
        kinds = world.call(who, "GET", "/v1/addon_categories",
                           want=200).data["addon_categories"]
        true("Testing" in {kind["name"] for kind in kinds}, f"{kinds}")
        found = world.call(who, "GET",
                           f"/v1/addon_providers?category_id="
                           f"{row['category']['id']}", want=200)
        true(row in found.data["addon_providers"], "category_id")
        text = str(rows) + str(plans)
        for secret in (supplier.password, supplier.salt):
            true(secret not in text, "a secret is public")
    found = world.call(None, "GET", "/v1/addon_providers/nowhere/plans",
                       want=404)
    same(found.data["resource"], "addon_provider", "resource")


@scenario("options are an object or null")
def options(world):
    app = world.app()
    world.order(app, world.provider("scalingo"), options=None)
    supplier = world.provider("scalingo")
    for bad in ("text", 7, True, [1], ["a"]):
        with Unchanged(world, f"{bad}"):
            found = world.order(app, supplier, want=None, options=bad)
            among(found.status, (400, 422), f"options {bad}")
    same(supplier.desk.seen, [], "asked of the provider")
