"""The relatives of the three great dialects, each through its whole life."""
import hashlib
import re

from scenario_base import among, same, scenario, true
from scenario_sso import entrance, open_page, token
from world import MARK

V3 = "application/vnd.heroku-addons+json; version=3"


def bought(world, dialect: str, **more):
    """An add-on, and what its provider was asked."""
    app, supplier = world.app(), world.provider(dialect)
    addon = world.order(app, supplier, **more).data["addon"]
    seen = supplier.desk.asked("POST")
    same([one.path for one in seen], [supplier.resources()], "POSTs")
    same(seen[0].basic(), f"{supplier.user}:{supplier.password}", "user")
    same(addon["resource_id"], f"{supplier.slug}-1", "resource_id")
    same(world.values(app), supplier.desk.values(), "variables")
    return app, supplier, addon, seen[0]


def plan_changed(world, app, supplier, addon):
    """The one question for it."""
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    same(world.values(app), supplier.desk.values(), "variables")
    seen = supplier.desk.asked("PUT")
    same(len(seen), 1, "PUTs")
    return seen[0]


def removed(world, app, supplier, addon):
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    world.sutler("tick")
    same(world.owed(addon["id"]), [], "still owed")
    same(world.values(app), {}, "variables")
    seen = supplier.desk.asked("DELETE")
    same(len(seen), 1, "DELETEs")
    return seen[0]


def read_and_set(world, app, supplier, path: str) -> dict:
    """What the provider reads at path, where it can set a variable, too."""
    other = supplier.variables[1]
    found = world.call(supplier, "GET", path, want=200).data
    same(found["config"], supplier.desk.values(), "config")
    same(found["name"], app.name, "name")
    same(found["owner_email"], app.owner.email, "owner_email")
    world.call(supplier, "PUT", path, {"config": {other: MARK}}, want=200)
    same(world.values(app)[other], MARK, "the variable that was set")
    world.call(supplier, "PUT", path, {"config": {other: None}}, want=200)
    return found


def behind(world, url: str) -> str:
    """The path of a URL of ours."""
    true(url.startswith(world.door.public_url), url)
    return url[len(world.door.public_url):]


@scenario("Heroku version 3: the resource goes by our uuid")
def heroku_v3(world):
    app, supplier, addon, seen = bought(world, "heroku-v3",
                                        options={"follow": True})
    uuid, body = addon["id"][3:], seen.json()
    same(seen.headers["Accept"], V3, "Accept")
    same(body["uuid"], uuid, "uuid")
    same(body["plan"], "small", "plan")
    same(body["options"], {"follow": "true"}, "options")
    same(body["callback_url"], f"{world.door.public_url}/addons/{uuid}",
         "callback_url")
    true("heroku_id" not in body, "heroku_id")
    row = world.call(supplier, "GET", "/vendor/apps", want=200).data[0]
    same(row["resource"], {"uuid": uuid}, "row")
    read_and_set(world, app, supplier, f"/vendor/apps/{uuid}")
    seen = plan_changed(world, app, supplier, addon)
    same((seen.path, seen.headers["Accept"], seen.json()),
         (f"{supplier.resources()}/{uuid}", V3, {"plan": "large"}), "PUT")
    fields = open_page(world, entrance(world, app, addon)).fields
    salt, stamp = supplier.salt, fields["timestamp"]
    same(fields["resource_id"], uuid, "resource_id")
    same(fields["resource_token"], token(uuid, salt, stamp), "v3 token")
    same(fields["token"], token(addon["resource_id"], salt, stamp),
         "v1 token")
    text = f"{uuid}:{salt}:{stamp}:{fields['user_id']}:{app.owner.email}"
    same(fields["user_scoped_resource_token"],
         hashlib.sha256(text.encode()).hexdigest(), "the user's token")
    seen = removed(world, app, supplier, addon)
    same((seen.path, seen.headers["Accept"]),
         (f"{supplier.resources()}/{uuid}", V3), "DELETE")


@scenario("Heroku version 3: 410 refuses a provision, and ends a removal")
def heroku_v3_gone(world):
    app, supplier = world.app(), world.provider("heroku-v3")
    supplier.desk.then(410, {"message": "Was removed before"})
    found = world.order(app, supplier, want=422)
    true("Was removed before" in str(found), f"{found}")
    same(world.values(app), {}, "variables")
    addon = world.addon(app, supplier)
    supplier.desk.then(410)
    removed(world, app, supplier, addon)


@scenario("Clever Cloud: its names, its paths, its signature")
def clevercloud(world):
    app, supplier, addon, seen = bought(world, "clevercloud")
    body = seen.json()
    same(body["addon_id"], addon["id"], "addon_id")
    same(body["owner_id"], app.owner.name, "owner_id")
    same(body["region"], "US", "region")
    path = behind(world, body["callback_url"])
    same(path, f"/v2/vendor/apps/{addon['id']}", "callback_url")
    rows = world.call(supplier, "GET", "/v2/vendor/apps", want=200).data
    same([(row["provider_id"], row["addon_id"], row["plan"])
          for row in rows], [(supplier.slug, addon["id"], "small")], "rows")
    same(read_and_set(world, app, supplier, path)["id"], addon["id"], "id")
    found = world.call(None, "GET", path, want=401)
    same(found.data["id"], "unauthorized", "without credentials")
    seen = plan_changed(world, app, supplier, addon)
    same((seen.path, seen.json()),
         (f"{supplier.resources()}/{addon['resource_id']}",
          {"addon_id": addon["id"], "plan": "large"}), "PUT")
    fields = open_page(world, entrance(world, app, addon)).fields
    ident, stamp = addon["resource_id"], fields["timestamp"]
    true(len(stamp) == 13, f"milliseconds: {stamp}")
    same(fields["token"], token(ident, supplier.salt, stamp), "token")
    text = ":".join((ident, fields["user_id"], app.owner.email,
                     fields["nav-data"], supplier.salt, stamp))
    same(fields["signature"], hashlib.sha512(text.encode()).hexdigest(),
         "signature")
    seen = removed(world, app, supplier, addon)
    same(seen.path, f"{supplier.resources()}/{ident}", "DELETE")
    world.call(supplier, "GET", path, want=404)


@scenario("Clever Cloud: the pages of its list are linked by its own path")
def clevercloud_pages(world):
    supplier = world.provider("clevercloud")
    ours = [world.addon(world.app(), supplier)["id"] for _ in range(3)]
    world.configure(page_size=2)
    try:
        found = world.call(supplier, "GET", "/v2/vendor/apps", want=200)
        link = re.fullmatch(r'<(.+)>; rel="next"',
                            found.answer.header("Link"))
        path = behind(world, link[1])
        true(path.startswith("/v2/vendor/apps?offset="), path)
        rest = world.call(supplier, "GET", path, want=200)
        same([row["addon_id"] for row in found.data + rest.data], ours,
             "pages")
        true("<" + world.door.public_url + "/v2/vendor/apps?offset=" in
             rest.answer.header("Link"), "prev")
    finally:
        world.configure(page_size=4000)


@scenario("Clever Cloud: a variable that is not declared is left out")
def clevercloud_undeclared(world):
    app, supplier = world.app(), world.provider("clevercloud")
    name = supplier.variables[0]
    supplier.desk.then(200, {"id": "r-1", "config": {
        name: MARK, "OTHER": MARK}})
    world.addon(app, supplier)
    same(world.values(app), {name: MARK}, "variables")


@scenario("Flynn: the config posted, env answered, the id in the query")
def flynn(world):
    app, supplier, addon, seen = bought(world, "flynn",
                                        options={"zone": 7})
    same(seen.json(), {"size": "1", "zone": 7}, "the config")
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": supplier.plans["large"]}}, want=422)
    same(supplier.desk.asked("PUT"), [], "PUTs")
    for method in ("GET", "POST"):
        world.call(app.owner, method, app.path(f"/addons/{addon['id']}/sso"),
                   want=409)
    for path in ("/vendor/apps", "/v1/provider/apps",
                 f"/vendor/apps/{addon['id'][3:]}"):
        found = world.call(supplier, "GET", path)
        among(found.status, (403,), path)
    seen = removed(world, app, supplier, addon)
    same(seen.path, f"{supplier.resources()}?id={addon['resource_id']}",
         "DELETE")
    same(seen.body, b"", "body")
