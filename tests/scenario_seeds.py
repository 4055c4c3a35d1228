"""Every request that the protocols' documents show, made as they show it,
and the answer's keys and types beside the documented ones."""
import json

from scenario_base import among, same, scenario, true

NULL = type(None)
PLAN = {"id": str, "name": str, "display_name": str, "price": (int, float),
        "description": str, "position": int, "on_demand": bool,
        "disabled": bool, "disabled_alternative_plan_id": (str, NULL),
        "sku": str}
ADDON = {"id": str, "app_id": str, "provisioned_at": str,
         "deprovisioned_at": (str, NULL), "status": str, "plan": PLAN,
         "resource_id": str,
         "addon_provider": {"id": str, "name": str, "logo_url": str}}
PROVIDER_APP = {"addon_provider_id": str, "id": str, "name": str,
                "owner_email": str, "plan": str, "config": {"*": str}}
HEROKU_ROW = {"provider_id": str, "heroku_id": str, "callback_url": str,
              "plan": str}
HEROKU_INFO = {"id": str, "name": str, "config": {"*": str},
               "callback_url": str, "owner_email": str, "region": str,
               "domains": [str]}
APPFOG_ROW = {"callback_url": str, "plan": str, "provider_id": (int, str),
              "account_id": str, "resource": {"uuid": str}}
APPFOG_INFO = {"id": str, "account_id": str, "callback_url": str,
               "resource": {"uuid": str}, "config": {"*": str},
               "region": str}

# As the documents' curl lines send them.
JSON = {"Accept": "application/json", "Content-Type": "application/json"}
BARE = {"Accept": "*/*"}


def fits(value, shape, path="$"):
    """value has at least the keys of shape, with those types."""
    if isinstance(shape, dict):
        true(isinstance(value, dict), f"{path} is {value!r}")
        if "*" in shape:
            true(value, f"{path} is empty")
            for key, item in value.items():
                fits(item, shape["*"], f"{path}.{key}")
            return
        for key, kind in shape.items():
            true(key in value, f"{path} has no {key}")
            fits(value[key], kind, f"{path}.{key}")
    elif isinstance(shape, list):
        true(isinstance(value, list), f"{path} is {value!r}")
        for i, item in enumerate(value):
            fits(item, shape[0], f"{path}[{i}]")
    else:
        number = isinstance(value, bool) and shape is not bool
        true(isinstance(value, shape) and not number,
             f"{path} is {value!r}, not {shape}")


def run(world, who, table):
    """Rows: method, path, body, headers, status, shape."""
    for method, path, body, headers, status, shape in table:
        found = world.call(who, method, path, body=body, headers=headers,
                           want=status)
        if shape is None:
            same(found.answer.body, b"", f"{method} {path}")
        else:
            fits(found.data, shape, f"{method} {path}")


def text(**members) -> bytes:
    return json.dumps(members).encode()


@scenario("the app add-on API of Scalingo's providers")
def app_addon_api(world):
    app, supplier = world.app(), world.provider("scalingo")
    world.addon(app, supplier)
    body = text(config={supplier.variables[0]: "NEW_VALUE"})
    path = f"/v1/provider/apps/{app.id}"
    run(world, supplier, [
        ("GET", "/v1/provider/apps", None, JSON, 200, {
            "apps": [{"addon_provider_id": str, "app_id": str,
                      "plan": str}]}),
        ("GET", path, None, JSON, 200, {"app": PROVIDER_APP}),
        ("PATCH", path, body, JSON, 200, {"app": PROVIDER_APP}),
    ])
    same(world.values(app)[supplier.variables[0]], "NEW_VALUE", "variable")


@scenario("the add-ons API of Scalingo's users")
def addons_api(world):
    app, supplier = world.app(), world.provider("scalingo")
    base = app.path("/addons")
    order = text(addon={"plan_id": supplier.plans["small"],
                               "addon_provider_id": supplier.slug})
    change = text(addon={"plan_id": supplier.plans["large"]})
    run(world, app.owner, [("POST", base, order, JSON, 201, {
        "addon": ADDON, "message": str, "variables": [str]})])
    rows = world.call(app.owner, "GET", base, headers=JSON, want=200).data
    fits(rows, {"addons": [ADDON]})
    path = f"{base}/{rows['addons'][0]['id']}"
    run(world, app.owner, [
        ("PATCH", path, change, JSON, 200,
         {"vars": [str], "message": str}),
        ("GET", path, None, JSON, 200, {"addon": ADDON}),
        ("POST", f"{path}/token", None, JSON, 200,
         {"addon": {**ADDON, "token": str}}),
        ("POST", f"{path}/sso", None, JSON, 200,
         {"addon": {**ADDON, "sso_url": str}}),
        ("DELETE", path, None, JSON, 204, None),
    ])


@scenario("the App Info of Heroku's providers")
def heroku_app_info(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    world.addon(world.app(), supplier)
    rows = world.call(supplier, "GET", "/vendor/apps", headers=BARE,
                      want=200).data
    fits(rows, [HEROKU_ROW])
    same(len(rows), 2, "rows")
    path = "/vendor/apps/" + next(
        row["heroku_id"] for row in rows
        if row["provider_id"] == addon["resource_id"])
    body = text(config={supplier.variables[0]: "http://x.test/ABC"})
    run(world, supplier, [("GET", path, None, BARE, 200, HEROKU_INFO)])
    found = world.call(supplier, "PUT", path, body=body, headers=BARE,
                       want=200)
    among(found.status, (200,), "PUT")
    same(world.values(app)[supplier.variables[0]], "http://x.test/ABC",
         "variable")
    for who in (None, "Basic " + "eDp5"):
        world.call(who, "GET", path, want=401)
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    world.call(supplier, "GET", path, want=404)


@scenario("the App Info of AppFog's providers")
def appfog_app_info(world):
    app, supplier = world.app(), world.provider("appfog")
    addon = world.addon(app, supplier)
    path = f"/vendor/apps/{addon['id'][3:]}"
    body = text(config={supplier.variables[0]: "Tofu"})
    run(world, supplier, [
        ("GET", "/vendor/apps", None, BARE, 200, [APPFOG_ROW]),
        ("GET", path, None, BARE, 200, APPFOG_INFO),
        ("PUT", path, body, JSON, 200, APPFOG_INFO),
        ("GET", path, None, BARE, 200, APPFOG_INFO),
    ])
