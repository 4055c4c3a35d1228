"""What a Heroku provider may see and change (App Info v1)."""
import re

from scenario_base import (Unchanged, among, same, scenario, true)
from world import MARK, basic

APPS = "/vendor/apps"


def setting(world):
    app, supplier = world.app(), world.provider("heroku")
    return app, supplier, world.addon(app, supplier)


def row_of(world, supplier) -> dict:
    return world.call(supplier, "GET", APPS, want=200).data[0]


def links(reply) -> dict:
    text = reply.answer.header("Link", "")
    return {rel: url for url, rel in
            re.findall(r'<([^>]*)>; rel="([a-z]+)"', text)}


@scenario("the list is a bare array with the old and the newer fields")
def list_apps(world):
    app, supplier, addon = setting(world)
    found = world.call(supplier, "GET", APPS, want=200)
    same(len(found.data), 1, "rows")
    row = found.data[0]
    true(re.fullmatch(r"app\d+@.+", row["heroku_id"]), f"{row}")
    same(row["provider_id"], addon["resource_id"], "provider_id")
    same(row["plan"], "small", "plan")
    same(row["resource"]["uuid"], addon["id"][3:], "uuid")
    true(row["callback_url"].startswith(
        f"{world.door.public_url}{APPS}/"), row["callback_url"])
    true("@" not in row["callback_url"], "a raw @ in callback_url")
    same(found.answer.header("Link"), None, "Link of a whole list")
    same(world.call(supplier, "GET", f"{APPS}/", want=200).data, found.data,
         "with a slash at the end")
    true(app.id, "an id")


def follow(world, supplier, start="", between=None) -> list:
    """The uuids of all pages, as a client follows next."""
    found, path = [], APPS + start
    while path:
        reply = world.call(supplier, "GET", path, want=200)
        found.append([row["resource"]["uuid"] for row in reply.data])
        if between:
            between()
            between = None
        url = links(reply).get("next", "")
        path = url[len(world.door.public_url):]
        true(not url or url.startswith(f"{world.door.public_url}{APPS}?"),
             f"next {url}")
    return found


def crowd(world, count: int):
    supplier = world.provider("heroku")
    apps = [world.app() for _ in range(count)]
    return supplier, apps, [world.addon(app, supplier)["id"][3:]
                            for app in apps]


@scenario("pages of page_size rows, with Link next and prev")
def pages(world):
    supplier, _, uuids = crowd(world, 5)
    world.configure(page_size=2)
    try:
        same(follow(world, supplier), [uuids[:2], uuids[2:4], uuids[4:]],
             "pages")
        reply = world.call(supplier, "GET", APPS, want=200)
        same(set(links(reply)), {"next"}, "links of the first page")
        second = links(reply)["next"][len(world.door.public_url):]
        true(re.fullmatch(rf"{APPS}\?offset=\d+", second), second)
        reply = world.call(supplier, "GET", second, want=200)
        same(set(links(reply)), {"next", "prev"}, "links of the second")
        back = links(reply)["prev"][len(world.door.public_url):]
        reply = world.call(supplier, "GET", back, want=200)
        same([row["resource"]["uuid"] for row in reply.data], uuids[:2],
             "prev")
        world.configure(page_size=5)
        same(links(world.call(supplier, "GET", APPS, want=200)), {},
             "links where all fit")
    finally:
        world.configure(page_size=4000)


@scenario("a removal between two pages makes nobody miss an installation")
def stable_pages(world):
    for gone in (0, 1, 2):
        supplier, apps, uuids = crowd(world, 6)
        world.configure(page_size=2)
        try:
            found = follow(world, supplier, between=lambda: world.call(
                apps[gone].owner, "DELETE",
                apps[gone].path(f"?current_name={apps[gone].name}"),
                want=204))
        finally:
            world.configure(page_size=4000)
        seen = [uuid for page in found for uuid in page]
        same(len(seen), len(set(seen)), "an installation seen twice")
        true(set(uuids) - {uuids[gone]} <= set(seen),
             f"missed after {uuids[gone]} went: {found} of {uuids}")


@scenario("offsets that are none are refused; one past the end is empty")
def bad_offsets(world):
    _, supplier, _ = setting(world)
    for query in ("offset=x", "offset=-1", "offset=1.5", "offset=",
                  "offset=99999999999999999999999"):
        found = world.call(supplier, "GET", f"{APPS}?{query}")
        among(found.status, (400, 422), query)
    found = world.call(supplier, "GET", f"{APPS}?offset=100000", want=200)
    same(found.data, [], "rows")
    true("next" not in links(found), "next past the end")


@scenario("one installation, by every form of its name")
def show(world):
    app, supplier, addon = setting(world)
    row = row_of(world, supplier)
    wanted = world.call(supplier, "GET",
                        f"{APPS}/{row['resource']['uuid']}", want=200).data
    same(wanted["id"], row["heroku_id"], "id")
    same(wanted["name"], app.name, "name")
    same(wanted["owner_email"], app.owner.email, "owner_email")
    same(wanted["config"], supplier.desk.values(), "config")
    same(wanted["callback_url"], row["callback_url"], "callback_url")
    true("::" in wanted["region"], f"region {wanted['region']}")
    true(isinstance(wanted["domains"], list), "domains")
    number = re.match(r"app(\d+)@", row["heroku_id"])[1]
    forms = [row["heroku_id"].replace("@", "%40"), row["heroku_id"],
             row["provider_id"], number, addon["id"][3:]]
    for form in forms:
        for tail in ("", "/"):
            found = world.call(supplier, "GET", f"{APPS}/{form}{tail}",
                               want=200)
            same(found.data, wanted, form + tail)
    path = row["callback_url"][len(world.door.public_url):]
    same(world.call(supplier, "GET", path, want=200).data, wanted,
         "callback_url")


@scenario("a change of variables by PUT, merged, one commit")
def change(world):
    app, supplier, addon = setting(world)
    name, other = supplier.variables
    path = f"{APPS}/{addon['id'][3:]}"
    old = world.values(app)[name]
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        before = world.head()
        found = world.call(supplier, "PUT", path,
                           {"config": {other: f"{MARK} {kind}"}, "value": 1},
                           want=200, headers={"Content-Type": kind})
        same(found.data["config"], {name: old, other: f"{MARK} {kind}"},
             "config")
        same(world.values(app), found.data["config"], "variables")
        same(len(world.messages(before)), 1, "commits")


@scenario("an undeclared variable: 403, and nothing of the call is done")
def undeclared(world):
    _, supplier, addon = setting(world)
    name = supplier.variables[0]
    path = f"{APPS}/{addon['id'][3:]}"
    for config in ({"OTHER": "x"}, {name: "y", "OTHER": "x"}):
        with Unchanged(world):
            found = world.call(supplier, "PUT", path, {"config": config},
                               want=403)
            same(found.data["id"], "forbidden", "id")
    for data in ({}, {"config": []}, {"config": {name: 7}},
                 {"config": {name: [1]}}, {"config": {name: "x" * 32769}},
                 [], "x"):
        with Unchanged(world, f"{data!r:.50}"):
            found = world.call(supplier, "PUT", path, data)
            among(found.status, (400, 422), f"{data!r:.50}")


@scenario("credentials that are wrong, missing or another's")
def credentials(world):
    app, supplier, addon = setting(world)
    other = world.provider("heroku")
    row = row_of(world, supplier)
    forms = [row["heroku_id"], row["provider_id"], addon["id"][3:]]
    data = {"config": {supplier.variables[0]: "x"}}
    with Unchanged(world):
        for who in (None, basic(supplier.user, "wrong"),
                    basic("nobody", supplier.password),
                    f"Bearer {app.owner.token}", basic("", app.owner.token),
                    basic(supplier.user, other.password)):
            found = world.call(who, "GET", APPS, want=401)
            same(found.data["id"], "unauthorized", "id")
            for form in forms:
                world.call(who, "GET", f"{APPS}/{form}", want=401)
                world.call(who, "PUT", f"{APPS}/{form}", data, want=401)
        for form in forms:
            found = world.call(other, "GET", f"{APPS}/{form}", want=404)
            same(found.data["id"], "not_found", "id")
            world.call(other, "PUT", f"{APPS}/{form}",
                       {"config": {other.variables[0]: "x"}}, want=404)
        same(world.call(other, "GET", APPS, want=200).data, [], "list")


@scenario("404 while the provision is being answered, then 200")
def provisioning(world):
    app, supplier = world.app(), world.provider("heroku")
    seen = []

    def during(question):
        path = question.json()["callback_url"][len(world.door.public_url):]
        uuid = question.json()["uuid"]
        for form in (path, f"{APPS}/{uuid}"):
            seen.append(world.call(supplier, "GET", form).status)

    supplier.desk.then(201, {"id": "r-1", "config": {}}, during=during)
    world.addon(app, supplier)
    same(seen, [404, 404], "App Info meanwhile")
    world.call(supplier, "GET", f"{APPS}/r-1", want=200)


@scenario("a PUT while the provision is being answered is kept")
def early_put(world):
    app, supplier = world.app(), world.provider("heroku")
    name, other = supplier.variables
    seen = []

    def during(question):
        uuid = question.json()["uuid"]
        seen.append(world.call(supplier, "PUT", f"{APPS}/{uuid}",
                               {"config": {other: MARK}}).status)

    supplier.desk.then(201, {"id": "r-2", "config": {
        name: MARK, other: "older"}}, during=during)
    world.addon(app, supplier)
    same(seen, [200], "the early PUT")
    same(world.values(app), {name: MARK, other: MARK}, "variables")


@scenario("404 once the add-on or its app is gone")
def gone(world):
    for whole_app in (False, True):
        app, supplier, addon = setting(world)
        row = row_of(world, supplier)
        target = app.path(f"?current_name={app.name}" if whole_app
                          else f"/addons/{addon['id']}")
        world.call(app.owner, "DELETE", target, want=204)
        for form in (row["heroku_id"], row["provider_id"], addon["id"][3:]):
            world.call(supplier, "GET", f"{APPS}/{form}", want=404)
            world.call(supplier, "PUT", f"{APPS}/{form}", {"config": {}},
                       want=404)
        same(world.call(supplier, "GET", APPS, want=200).data, [], "list")


@scenario("an id answered as a number is shown as text")
def number_as_text(world):
    app, supplier = world.app(), world.provider("heroku")
    supplier.desk.then(200, {"id": 4711, "config": {}})
    same(world.addon(app, supplier)["resource_id"], "4711", "resource_id")
    same(row_of(world, supplier)["provider_id"], "4711", "provider_id")
    world.call(supplier, "GET", f"{APPS}/4711", want=200)
