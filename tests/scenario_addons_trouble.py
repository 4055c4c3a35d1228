"""Add-ons whose providers refuse, fail, lie or keep us waiting."""
import re

from scenario_base import Commits, among, same, scenario, true
from world import MARK

HUGE = b'{"id": "x", "message": "' + b"a" * (300 << 10) + b'"}'


def snapshot(world) -> dict:
    """Every record but what is still owed to providers."""
    return {name: data for name, data in world.contents().items()
            if not name.startswith("open/")}


def same_records(world, before: dict, what: str):
    after = snapshot(world)
    odd = {name for name in set(before) | set(after)
           if before.get(name) != after.get(name)}
    same(odd, set(), f"{what}: records that differ")


def text_of(found) -> str:
    """What the user reads of a refusal, of either shape."""
    if found.status == 422:
        return str(found.data["errors"])
    return found.data["error"]


@scenario("a refusal's own words reach the user, and nothing has changed")
def refused(world):
    words = "No room on the northern shore"
    table = [("scalingo", 422, {"error": words}),
             ("scalingo", 422, {"message": words}),
             ("scalingo", 400, {"error": words}),
             ("heroku", 422, {"message": words}),
             ("appfog", 422, {"message": words})]
    for dialect, status, body in table:
        app, supplier = world.app(), world.provider(dialect)
        before = snapshot(world)
        supplier.desk.then(status, body)
        with Commits(world, 2, f"{dialect} {status}"):
            found = world.order(app, supplier, want=None)
        among(found.status, (422, 409), f"{dialect} {status}")
        true(words in text_of(found), f"{dialect}: {found}")
        same_records(world, before, f"{dialect} {status}")
        same(world.call(app.owner, "GET", app.path("/addons"),
                        want=200).data, {"addons": []}, "addons")


@scenario("a refused change of plan leaves the plan and tells why")
def refused_change(world):
    words = "Too much data for that plan"
    table = [("scalingo", 422, {"error": words}),
             ("heroku", 422, {"message": words}),
             ("appfog", 400, words.encode())]
    for dialect, status, body in table:
        app, supplier = world.app(), world.provider(dialect)
        addon = world.addon(app, supplier)
        path = app.path(f"/addons/{addon['id']}")
        shown = world.call(app.owner, "GET", path, want=200).data
        before = snapshot(world)
        supplier.desk.then(status, body)
        found = world.call(app.owner, "PATCH", path, {
            "addon": {"plan_id": supplier.plans["large"]}})
        among(found.status, (422, 409), dialect)
        true(words in text_of(found), f"{dialect}: {found}")
        same_records(world, before, dialect)
        same(world.call(app.owner, "GET", path, want=200).data, shown,
             "the add-on")


@scenario("hostile words of a provider come as plain JSON text")
def hostile_refusal(world):
    words = "<script>alert(1)</script> \"\\ \u2028 é\n" + "x" * 20000
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(422, {"error": words})
    found = world.order(app, supplier, want=None)
    among(found.status, (422, 409), "status")
    true(len(found.answer.body) < 9000, "a refusal of any length is shown")


# What a provider may do wrong when it is asked for an add-on.
TROUBLE = {
    "500": {"status": 500, "body": {"error": "we are down"}},
    "502 with a page": {"status": 502, "body": b"<html>bad gateway</html>"},
    "hangs up": {"close": True},
    "garbage": {"status": 200, "body": b"\x00\xff\xfe{{{"},
    "an HTML page": {"status": 200, "body": b"<html>hello</html>"},
    "no body": {"status": 200, "body": b""},
    "a list": {"status": 200, "body": [1, 2]},
    "no id": {"status": 200, "body": {"config": {}}},
    "id null": {"status": 200, "body": {"id": None}},
    "id empty": {"status": 200, "body": {"id": ""}},
    "id an object": {"status": 200, "body": {"id": {"a": 1}}},
    "id a fraction": {"status": 200, "body": b'{"id": 1.5}'},
    "id too long": {"status": 200, "body": {"id": "x" * 256}},
    "a redirect": {"status": 302, "body": b"",
                   "headers": {"Location": "http://127.0.0.1:1/"}},
    "a huge answer": {"status": 200, "body": HUGE},
    "trailing garbage": {"status": 200, "body": b'{"id": "x"} x'},
    "duplicate keys": {"status": 200, "body": b'{"id":"x","id":"y"}'},
    "NUL in a value": {"status": 200, "body": b'{"id": "x\\u0000y"}'},
    "an undeclared variable": {
        "status": 200, "body": {"id": "x", "config": {"OTHER": MARK}}},
    "config a list": {"status": 200, "body": {"id": "x", "config": [1]}},
    "401": {"status": 401, "body": {"error": "who are you"}},
    "404": {"status": 404, "body": {"error": "nothing here"}},
    "429": {"status": 429, "body": {"error": "too many"}},
}


@scenario("a provider that fails or lies: 503, and all is as it was")
def trouble(world):
    for what, answer in TROUBLE.items():
        app, supplier = world.app(), world.provider("scalingo")
        before = snapshot(world)
        supplier.desk.then(**answer)
        with Commits(world, 2, what):
            found = world.order(app, supplier, want=None)
        same(found.status, 503, what)
        same_records(world, before, what)
        same(world.call(app.owner, "GET", app.path("/addons"),
                        want=200).data, {"addons": []}, what)
        same(world.values(app), {}, what)


@scenario("a failed change of plan leaves the add-on as it was")
def trouble_change(world):
    supplier = world.provider("heroku")
    for what in ("500", "hangs up", "a redirect", "an undeclared variable"):
        app = world.app()
        addon = world.addon(app, supplier)
        path = app.path(f"/addons/{addon['id']}")
        before = snapshot(world)
        supplier.desk.then(**TROUBLE[what])
        found = world.call(app.owner, "PATCH", path, {
            "addon": {"plan_id": supplier.plans["large"]}})
        same(found.status, 503, what)
        same_records(world, before, what)


@scenario("a variable that would take over a process is refused")
def dangerous(world):
    for name in ("PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "IFS", "HOME"):
        manifests = []

        def declare(manifest, name=name, manifests=manifests):
            manifest["config_vars"].append(name)
            manifests.append(manifest)

        try:
            supplier = world.provider("scalingo", change=declare)
        except AssertionError:
            continue   # then no such manifest is registered at all
        app = world.app()
        before = snapshot(world)
        supplier.desk.then(201, {"id": "x", "config": {name: "/tmp/evil"}})
        same(world.order(app, supplier, want=None).status, 503, name)
        same_records(world, before, name)


@scenario("a provider that is slow: 503 once the time is up")
def slow(world):
    app, supplier = world.app(), world.provider("scalingo")
    before = snapshot(world)
    supplier.desk.then(201, {"id": "late"}, delay=8)   # timeout is 3 s
    with Commits(world, 2):
        world.order(app, supplier, want=503)
    same_records(world, before, "slow")


@scenario("a provider that is not there: 503")
def down(world):
    def nowhere(manifest):
        manifest["production"]["base_url"] = "http://127.0.0.1:1/resources"

    app = world.app()
    supplier = world.provider("scalingo", change=nowhere)
    before = snapshot(world)
    world.order(app, supplier, want=503)
    same_records(world, before, "down")


@scenario("private addresses and plain http are refused unless allowed")
def guarded(world):
    app, supplier = world.app(), world.provider("scalingo")
    for settings in ({"allow_private": "no"}, {"allow_http": "no"}):
        world.configure(**settings)
        try:
            world.order(app, supplier, want=503)
        finally:
            world.configure(allow_private="yes", allow_http="yes")
        same(supplier.desk.seen, [], f"asked with {settings}")
    world.addon(app, supplier)


@scenario("AppFog: undeclared variables are dropped, numbers become text")
def appfog_config(world):
    app, supplier = world.app(), world.provider("appfog")
    name = supplier.variables[0]
    supplier.desk.then(200, {"id": 7, "config": {name: 7000, "OTHER": "x"}})
    world.addon(app, supplier)
    same(world.values(app), {name: "7000"}, "variables")


@scenario("a provider that takes its time (202): provisioning, then running")
def pending(world):
    app, supplier = world.app(), world.provider("heroku")
    supplier.desk.then(202, {"id": "res-1", "message": "Soon"})
    found = world.order(app, supplier).data
    same(found["addon"]["status"], "provisioning", "status")
    same(found["message"], "Soon", "message")
    uuid = found["addon"]["id"][3:]
    world.call(supplier, "PUT", f"/vendor/apps/{uuid}",
               {"config": {supplier.variables[0]: MARK}}, want=200)
    same(world.values(app), {supplier.variables[0]: MARK}, "variables")
    shown = world.call(app.owner, "GET",
                       app.path(f"/addons/{found['addon']['id']}"), want=200)
    same(shown.data["addon"]["status"], "running", "status")


@scenario("removal succeeds although the provider fails; tick settles it")
def remove_owed(world):
    app, supplier = world.app(), world.provider("scalingo")
    name = world.addon(app, supplier)["id"]
    supplier.desk.down = True
    world.call(app.owner, "DELETE", app.path(f"/addons/{name}"), want=204)
    same(world.values(app), {}, "variables")
    true(len(supplier.desk.asked("DELETE")) >= 1, "never asked")
    world.sutler("tick")
    same(len(world.owed(name)), 1, "records in open/")
    true(name.encode() in world.sutler("open").stdout, "sutler open")
    supplier.desk.down = False

    due_now(world, world.owed(name)[0])
    world.sutler("tick")
    same(world.owed(name), [], "records in open/")
    true(name.encode() not in world.sutler("open").stdout, "sutler open")


def due_now(world, record: str):
    """What was put off for later is due, as an administrator would say."""
    place = world.store / record
    text = re.sub(r'("next_at":\s*")[^"]*', r"\g<1>2020-01-01T00:00:00.000Z",
                  place.read_text(encoding="utf-8"))
    place.write_text(text, encoding="utf-8")


@scenario("a provider that knows nothing of it any more: removed")
def remove_gone(world):
    for status in (404, 410):
        app, supplier = world.app(), world.provider("scalingo")
        addon = world.addon(app, supplier)
        supplier.desk.then(status, {"error": "gone"})
        world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
                   want=204)
        same(world.owed(addon["id"]), [], f"owed after {status}")


@scenario("an add-on is provisioned once where two ask at a time")
def during(world):
    app, supplier = world.app(), world.provider("scalingo")
    found = []
    supplier.desk.then(
        201, {"id": "one", "config": {}},
        during=lambda _seen: found.append(
            world.order(app, supplier, want=None)))
    world.order(app, supplier, want=201)
    among(found[0].status, (409, 422), "the second, meanwhile")
    same(len(supplier.desk.asked("POST")), 1, "POSTs")


@scenario("no lock is held while a provider is asked")
def no_lock(world):
    app, supplier = world.app(), world.provider("scalingo")
    seen = []

    def other(_seen):
        seen.append(world.app())

    supplier.desk.then(201, {"id": "one"}, during=other)
    world.order(app, supplier, want=201)
    same(len(seen), 1, "apps made meanwhile")
