"""What is owed to providers, or expected of them: settled by tick, whatever
broke off; and the callbacks that may come before, during and after."""
import os
import re
import signal
import time
from pathlib import Path

from scenario_base import (Commits, Unchanged, among, eventually, events, same,
                           scenario, true)
from world import MARK


def due_now(world, addon_id: str):
    """What is put off for later is due, as an administrator would say."""
    for name in world.owed(addon_id):
        place = world.store / name
        text = re.sub(r'("next_at":\s*")[^"]*',
                      r"\g<1>2020-01-01T00:00:00.000Z",
                      place.read_text(encoding="utf-8"))
        fresh = world.dir / "due"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(place)


def tick(world, addon_id: str):
    due_now(world, addon_id)
    while "another tick" in world.sutler("tick").stdout.decode():
        time.sleep(0.1)   # one that a request before has started


def kind_of(world, addon_id: str) -> str:
    """The kind of the work that the add-on has open, or ""."""
    names = world.owed(addon_id)
    if not names:
        return ""
    text = (world.store / names[0]).read_text(encoding="utf-8")
    return re.search(r'"kind":\s*"(\w+)"', text)[1]


def addons(world, app) -> list:
    return world.call(app.owner, "GET", app.path("/addons"),
                      want=200).data["addons"]


def status(world, app, addon_id: str) -> str:
    found = world.call(app.owner, "GET", app.path(f"/addons/{addon_id}"))
    return found.data["addon"]["status"] if found.status == 200 else "gone"


def posted(supplier, number=-1) -> dict:
    return supplier.desk.asked("POST")[number].json()


def uuid_of(supplier) -> str:
    """The uuid that the last order named."""
    return re.sub("^ad-", "", posted(supplier)["uuid"])


def last_events(world) -> list:
    return events(world.messages()[-1])


def is_ours(world, entry: Path, program: str) -> bool:
    """A fenced program shows its environment to root alone; most servers name
    it by its whole path."""
    line = (entry / "cmdline").read_bytes()
    if line.split(b"\0")[0].rpartition(b"/")[2] != program.encode():
        return False
    place = str(world.dir).encode()
    return place in line or place in (entry / "environ").read_bytes()


def kill_ours(world, program: str):
    """End the world's running CGI programs of that name, as with kill -9."""
    killed = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if is_ours(world, entry, program):
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
        except OSError:
            continue   # it has gone
    return killed


def broken_off(call):
    """A request whose program is killed has no answer of ours; a server may
    have a page for that."""
    try:
        found = call()
    except AssertionError as error:
        true(any(word in str(error) for word in (
            "ended with -9", "text/html", "while reading CGI reply")),
            str(error))
        return
    among(found.status, (0, 500, 502), "a killed program's answer")


# What an answer to an order leaves open; the table of the Open Service Broker
# API, "Orphan Mitigation", for every dialect.
ORPHANS = [
    ("200 malformed", {"status": 200, "body": b"<html>"}, ""),
    ("201 malformed", {"status": 201, "body": b"<html>"}, "remove"),
    ("202 malformed", {"status": 202, "body": {"message": "x"}}, "remove"),
    ("204", {"status": 204, "body": b""}, "remove"),
    ("408", {"status": 408, "body": b""}, ""),
    ("409", {"status": 409, "body": {"message": "x"}}, ""),
    ("422", {"status": 422, "body": {"message": "x"}}, ""),
    ("429", {"status": 429, "body": b""}, ""),
    ("500", {"status": 500, "body": b""}, "remove"),
    ("503", {"status": 503, "body": {"message": "x"}}, "remove"),
    ("hangs up", {"close": True}, "remove"),
]


@scenario("what a failed order leaves behind is owed a removal, by the table")
def orphans(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        supplier = world.provider(dialect)
        for what, answer, kind in ORPHANS:
            app = world.app()
            supplier.desk.then(**answer)
            found = world.order(app, supplier, want=None)
            among(found.status, (422, 503), f"{dialect}, {what}")
            uuid = uuid_of(supplier)
            same(kind_of(world, uuid), kind, f"{dialect}, {what}")
            same(addons(world, app), [], f"{dialect}, {what}")


@scenario("an order that nobody answered: posted again by its uuid, and what "
          "that says is removed")
def learned(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        app, supplier = world.app(), world.provider(dialect)
        supplier.desk.then(close=True)
        world.order(app, supplier, want=503, options={"size": "2"})
        first = posted(supplier)
        uuid = uuid_of(supplier)
        same(kind_of(world, uuid), "remove", dialect)
        true(f"ad-{uuid}" in world.sutler("open").stdout.decode(), dialect)
        tick(world, uuid)
        same(posted(supplier), first, f"{dialect}: the order, again")
        last = supplier.desk.seen[-1]
        same(last.method, "DELETE", dialect)
        resource = supplier.desk.identifier()
        same(last.path.rpartition("/")[2], str(resource), dialect)
        same(world.owed(uuid), [], dialect)


@scenario("posted again and refused: nothing is there, and nothing is owed")
def never_was(world):
    for answer in ({"status": 410, "body": {"message": "gone"}},
                   {"status": 422, "body": {"message": "no"}}):
        app, supplier = world.app(), world.provider("heroku")
        supplier.desk.then(close=True)
        world.order(app, supplier, want=503)
        uuid = uuid_of(supplier)
        supplier.desk.then(**answer)
        tick(world, uuid)
        same(world.owed(uuid), [], str(answer))
        same(supplier.desk.asked("DELETE"), [], "deleted")


@scenario("posted again without success: it stays owed, with what was met")
def still_owed(world):
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(close=True)
    world.order(app, supplier, want=503)
    uuid = uuid_of(supplier)
    supplier.desk.down = True
    for _ in range(2):
        tick(world, uuid)
    same(kind_of(world, uuid), "remove", "kind")
    true(b"500" in world.sutler("open").stdout, "what was met is not shown")
    # a later try that says only half of it goes on from there
    supplier.desk.down = False
    supplier.desk.then(201, {"id": "late"})
    supplier.desk.then(500)
    tick(world, uuid)
    same(kind_of(world, uuid), "remove", "kind")
    tick(world, uuid)
    same(world.owed(uuid), [], "owed")
    same([seen.path.rpartition("/")[2]
          for seen in supplier.desk.asked("DELETE")], ["late", "late"],
         "deleted")


@scenario("killed while a provider is asked: tick takes the add-on back, and "
          "the provider is told")
def killed_provision(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        app, supplier = world.app(), world.provider(dialect)
        supplier.desk.then(201, {"id": "made", "config": {}},
                           during=lambda _: kill_ours(world, "addons"))
        broken_off(lambda a=app, s=supplier: world.order(a, s, want=None))
        shown = addons(world, app)
        same([a["status"] for a in shown], ["provisioning"], dialect)
        same(kind_of(world, shown[0]["id"]), "provision", dialect)
        world.sutler("tick")   # not due yet: it may be on its way
        same(len(addons(world, app)), 1, f"{dialect}: too early")
        supplier.desk.then(201, {"id": "made", "config": {}})
        tick(world, shown[0]["id"])
        same(addons(world, app), [], dialect)
        same(supplier.desk.seen[-1].path.rpartition("/")[2], "made", dialect)
        same(supplier.desk.seen[-1].method, "DELETE", dialect)
        same(world.owed(shown[0]["id"]), [], dialect)


@scenario("killed while a plan is changed: tick puts the old one back")
def killed_change(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        app, supplier = world.app(), world.provider(dialect)
        addon = world.addon(app, supplier)["id"]
        path = app.path(f"/addons/{addon}")
        body = {"addon": {"plan_id": supplier.plans["large"]}}
        supplier.desk.then(200, {},
                           during=lambda _: kill_ours(world, "addons"))
        broken_off(lambda p=path, b=body, a=app: world.call(
            a.owner, "PATCH", p, b))
        same(kind_of(world, addon), "change", dialect)
        world.call(app.owner, "PATCH", path, body, want=409)
        tick(world, addon)
        same([seen.json()["plan"] for seen in supplier.desk.asked("PUT")],
             ["large", "small"], f"{dialect}: plans asked for")
        same(world.owed(addon), [], dialect)
        shown = world.call(app.owner, "GET", path, want=200).data["addon"]
        same((shown["plan"]["name"], shown["status"]), ("small", "running"),
             dialect)
        world.call(app.owner, "PATCH", path, body, want=200)


@scenario("a plan change that nobody answered is put back, until it is heard")
def silent_change(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.then(close=True)
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon}"), {
        "addon": {"plan_id": supplier.plans["large"]}}, want=503)
    same(kind_of(world, addon), "restore", "kind")
    supplier.desk.then(503)
    tick(world, addon)
    same(kind_of(world, addon), "restore", "kind")
    tick(world, addon)
    same(kind_of(world, addon), "", "kind")
    same(supplier.desk.seen[-1].json()["plan"], "small", "the last word")


@scenario("an app that goes while an add-on is on its way leaves nothing")
def app_gone(world):
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(201, {"id": "one"}, during=lambda _: world.call(
        app.owner, "DELETE", app.path(f"?current_name={app.name}"), want=204))
    world.order(app, supplier, want=404)
    uuid = uuid_of(supplier)
    tick(world, uuid)
    same(world.owed(uuid), [], "owed")
    same([seen.path.rpartition("/")[2]
          for seen in supplier.desk.asked("DELETE")], ["one"], "deleted")


@scenario("an add-on that goes while it is on its way, and is never made")
def addon_gone(world):
    app, supplier = world.app(), world.provider("heroku")
    supplier.desk.then(422, {"message": "no"}, during=lambda seen: world.call(
        app.owner, "DELETE", app.path(f"/addons/ad-{seen.json()['uuid']}"),
        want=204))
    world.order(app, supplier, want=404)
    same(world.owed(uuid_of(supplier)), [], "owed")


def not_yet(world, supplier, app, body=None) -> dict:
    """Order an add-on that its provider answers 202."""
    supplier.desk.then(202, body or {"id": "res-1", "message": "Soon"})
    found = world.order(app, supplier).data
    same(found["addon"]["status"], "provisioning", "status")
    same(found["message"], (body or {}).get("message", "Soon"), "message")
    return found["addon"]


def provider_path(ident: str, rest: str) -> str:
    return f"/v1/provider/addons/{ident}{rest}"


@scenario("Scalingo: 202, config while it lasts, then the provision action")
def scalingo_waits(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = not_yet(world, supplier, app)
    one, two = supplier.variables
    world.call(supplier, "PATCH", provider_path("res-1", "/config"),
               {"config": {one: f"{MARK}-1"}}, want=200)
    world.call(supplier, "PATCH", provider_path(addon["id"], "/config"),
               {"config": [{"name": two, "value": f"{MARK}-2"}]}, want=200)
    same(status(world, app, addon["id"]), "provisioning", "status")
    same(kind_of(world, addon["id"]), "await", "work")
    world.call(supplier, "POST", provider_path("res-1", "/actions/provision"),
               None, want=200)
    same(status(world, app, addon["id"]), "running", "status")
    same(world.owed(addon["id"]), [], "owed")
    same(world.values(app), {one: f"{MARK}-1", two: f"{MARK}-2"}, "values")
    event = last_events(world)[0]
    same((event["type"], event["status"]),
         ("addon_updated", ["provisioning", "running"]), "event")
    with Unchanged(world, "said twice"):
        world.call(supplier, "POST",
                   provider_path("res-1", "/actions/provision"), {}, want=200)
    for body in ([{"value": "x"}], [{"name": one}, {"name": one}], [7], 7):
        with Unchanged(world, repr(body)):
            found = world.call(supplier, "PATCH",
                               provider_path("res-1", "/config"),
                               {"config": body})
            among(found.status, (400, 422), repr(body))


@scenario("a provider that says its order failed: 404, and an event says why")
def scalingo_fails(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = not_yet(world, supplier, app)
    action = provider_path("res-1", "/actions/deprovision")
    other = world.provider("scalingo")
    with Unchanged(world, "another's"):
        world.call(other, "POST", action, None, want=404)
    world.call(supplier, "POST", action, None, want=200)
    same(status(world, app, addon["id"]), "gone", "status")
    same(kind_of(world, addon["id"]), "remove", "work")
    event = last_events(world)[0]
    same(event["type"], "delete_addon", "event")
    true("failed" in event["reason"], str(event))
    running = world.addon(app, supplier)
    with Unchanged(world, "a running one"):
        world.call(supplier, "POST", provider_path(
            running["id"], "/actions/deprovision"), None, want=409)
    world.call(supplier, "POST", provider_path(
        "ad-../../apps/x", "/actions/deprovision"), None)


@scenario("words that come while the provider is still asked are laid over "
          "its answer")
def early(world):
    app, supplier = world.app(), world.provider("scalingo")
    one, two = supplier.variables

    def during(seen):
        ident = seen.json()["uuid"]
        world.call(supplier, "PATCH", provider_path(ident, "/config"),
                   {"config": {one: f"{MARK}-early"}}, want=200)
        world.call(supplier, "GET", f"/v1/provider/apps/{app.id}", want=404)
        world.call(supplier, "POST", provider_path(
            ident, "/actions/provision"), None, want=200)

    supplier.desk.then(202, {"id": "res-9", "config": {
        one: f"{MARK}-answer", two: f"{MARK}-answer"}}, during=during)
    found = world.order(app, supplier).data["addon"]
    same(found["status"], "running", "status")
    same(world.values(app), {one: f"{MARK}-early", two: f"{MARK}-answer"},
         "values")
    same(world.owed(found["id"]), [], "owed")


@scenario("a failure that comes while the provider is still asked counts")
def early_failure(world):
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(202, {"id": "res-9"}, during=lambda seen: world.call(
        supplier, "POST", provider_path(seen.json()["uuid"],
                                        "/actions/deprovision"), None,
        want=200))
    world.order(app, supplier, want=503)
    same(addons(world, app), [], "addons")
    same(kind_of(world, posted(supplier)["uuid"]), "remove", "work")


@scenario("Heroku: a PUT ends the wait of a 202, also one that comes early")
def heroku_early(world):
    app, supplier = world.app(), world.provider("heroku")
    name = supplier.variables[0]
    supplier.desk.then(202, {"id": "res-1"}, during=lambda seen: world.call(
        supplier, "PUT", f"/vendor/apps/{seen.json()['uuid']}",
        {"config": {name: f"{MARK}-early"}}, want=200))
    found = world.order(app, supplier).data["addon"]
    same(found["status"], "running", "status")
    same(world.values(app), {name: f"{MARK}-early"}, "values")
    same(world.owed(found["id"]), [], "owed")


@scenario("AppFog: an answer without config waits for the PUT")
def appfog_waits(world):
    app, supplier = world.app(), world.provider("appfog")
    supplier.desk.then(200, {"id": 12, "config": {}})
    found = world.order(app, supplier).data["addon"]
    same(found["status"], "provisioning", "status")
    same(kind_of(world, found["id"]), "expect", "work")
    world.call(supplier, "PUT", f"/vendor/apps/{found['id'][3:]}",
               {"config": {supplier.variables[0]: MARK}}, want=200)
    same(status(world, app, found["id"]), "running", "status")
    same(world.values(app), {supplier.variables[0]: MARK}, "values")
    other = world.app()
    supplier.desk.then(200, {"id": 13})
    quiet = world.order(other, supplier).data["addon"]
    tick(world, quiet["id"])   # it has nothing to say: fair enough
    same(status(world, other, quiet["id"]), "running", "status")


@scenario("a word that never comes: given up, 404, and the provider is told")
def patience(world):
    for dialect in ("scalingo", "heroku"):
        app, supplier = world.app(), world.provider(dialect)
        addon = not_yet(world, supplier, app)
        world.sutler("tick")
        same(status(world, app, addon["id"]), "provisioning", dialect)
        tick(world, addon["id"])
        same(status(world, app, addon["id"]), "gone", dialect)
        same([seen.path.rpartition("/")[2]
              for seen in supplier.desk.asked("DELETE")], ["res-1"], dialect)
        same(world.owed(addon["id"]), [], dialect)
        deleted = [event for message in world.messages()
                   for event in events(message)
                   if event["type"] == "delete_addon"]
        true("in time" in deleted[-1]["reason"], f"{dialect}: {deleted[-1]}")


@scenario("a plan change answered 202 waits, and ends by the provider's word")
def change_waits(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    path = app.path(f"/addons/{addon}")
    body = {"addon": {"plan_id": supplier.plans["large"]}}
    supplier.desk.then(202, {"message": "Moving"})
    found = world.call(app.owner, "PATCH", path, body, want=200).data
    same((found["addon"]["status"], found["addon"]["plan"]["name"]),
         ("provisioning", "large"), "addon")
    same(kind_of(world, addon), "expect", "work")
    world.call(supplier, "POST", provider_path(addon, "/actions/provision"),
               None, want=200)
    same(status(world, app, addon), "running", "status")
    same(world.owed(addon), [], "owed")


def hooked(world, ask) -> list:
    """The apps that are restarted for what ask() does."""
    hook, log = world.dir / "restart", world.dir / "restarted-apps"
    hook.write_text(f"#!/bin/sh\necho $1 >>{log}\n", encoding="utf-8")
    hook.chmod(0o755)
    log.write_text("", encoding="utf-8")
    world.configure(restart_hook=hook)
    try:
        ask()
        while "another tick" in world.sutler("tick").stdout.decode():
            time.sleep(0.1)
    finally:
        world.configure(restart_hook=None)
    return log.read_text(encoding="utf-8").split()


@scenario("variables that end a wait restart the app; AppFog's user binds "
          "anew")
def late_config(world):
    for dialect in ("heroku", "clevercloud", "appfog"):
        app, supplier = world.app(), world.provider(dialect)
        addon = not_yet(world, supplier, app)["id"]
        path = app.path(f"/addons/{addon}")
        place = supplier.desk.asked("POST")[-1].json()["callback_url"]
        place = place.removeprefix(world.door.public_url)
        want = [] if dialect == "appfog" else [app.name]
        for value in ("first", "second"):
            body = {"config": {supplier.variables[0]: f"{MARK}-{value}"}}
            same(hooked(world, lambda p=place, b=body, s=supplier: world.call(
                s, "PUT", p, b, want=200)), want, f"{dialect}: restarts")
            same(status(world, app, addon), "running", dialect)
            same(world.owed(addon), [], dialect)
            if value == "first":   # and the same for a change of plan
                supplier.desk.then(202, {"message": "Moving"})
                world.call(app.owner, "PATCH", path, {"addon": {
                    "plan_id": supplier.plans["large"]}}, want=200)
                same(status(world, app, addon), "provisioning", dialect)


@scenario("a look at an add-on whose outcome is overdue has it settled")
def lazily(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = not_yet(world, supplier, app)["id"]
    due_now(world, addon)
    same(status(world, app, addon), "provisioning", "at first")
    eventually(lambda: not world.owed(addon), "nothing is owed")
    same(status(world, app, addon), "gone", "in the end")
    while "another tick" in world.sutler("tick").stdout.decode():
        time.sleep(0.1)


@scenario("suspended and resumed: the provider is told, in Scalingo's words")
def suspended(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}")
    with Commits(world, 2):
        world.sutler("addon", "suspend", addon["id"], "--reason", "not paid")
    same(status(world, app, addon["id"]), "suspended", "status")
    asked = supplier.desk.seen[-1]
    same((asked.method, asked.path.split(supplier.resources())[1]),
         ("POST", f"/{addon['resource_id']}/suspend"), "asked")
    event = events(world.messages()[-2])[0]
    same((event["type"], event["reason"]), ("suspend_addon", "not paid"),
         "event")
    with Unchanged(world, "suspended"):
        world.call(app.owner, "PATCH", path, {
            "addon": {"plan_id": supplier.plans["large"]}}, want=409)
        world.sutler("addon", "suspend", addon["id"], want=1)
    before = world.contents()
    supplier.desk.then(422, {"error": "pay first"})
    world.call(app.owner, "POST", path + "/resume", want=422)
    same(world.contents(), before, "refused")
    supplier.desk.then(200, {"message": "Welcome back"})
    found = world.call(app.owner, "POST", path + "/resume", want=200).data
    same((found["addon"]["status"], found["message"]),
         ("running", "Welcome back"), "resumed")
    same(last_events(world)[0]["type"], "resume_addon", "event")
    with Unchanged(world, "it runs"):
        world.call(app.owner, "POST", path + "/resume", want=409)


@scenario("a provider that cannot be told of a suspension now is told later")
def suspended_later(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.down = True
    world.sutler("addon", "suspend", addon)
    same(kind_of(world, addon), "suspend", "work")
    supplier.desk.down = False
    tick(world, addon)
    same(kind_of(world, addon), "", "work")
    true(supplier.desk.seen[-1].path.endswith("/suspend"), "asked")
    other = world.provider("heroku")
    second = world.addon(app, other)["id"]
    asked = len(other.desk.seen)
    world.sutler("addon", "suspend", second)
    same((status(world, app, second), len(other.desk.seen)),
         ("suspended", asked), "Heroku has no word for it")
    world.sutler("addon", "resume", second)
    same(status(world, app, second), "running", "resumed")


@scenario("resumed, it seems, but nobody knows: told of its suspension again")
def half_resumed(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    path = app.path(f"/addons/{addon}/resume")
    world.sutler("addon", "suspend", addon)

    def killed():
        supplier.desk.then(200, {},
                           during=lambda _: kill_ours(world, "addons"))
        broken_off(lambda: world.call(app.owner, "POST", path))

    def answered(**answer):
        supplier.desk.then(**answer)
        world.call(app.owner, "POST", path, want=503)

    for what, broken in (
            ("killed", killed), ("hangs up", lambda: answered(close=True)),
            ("500", lambda: answered(status=500))):
        broken()
        same((status(world, app, addon), kind_of(world, addon)),
             ("suspended", "suspend"), what)
        world.sutler("tick")   # not due yet: it may be on its way
        true(supplier.desk.seen[-1].path.endswith("/resume"), what)
        tick(world, addon)
        same([seen.path.rpartition("/")[2]
              for seen in supplier.desk.seen[-2:]], ["resume", "suspend"],
             what)
        same((status(world, app, addon), world.owed(addon)),
             ("suspended", []), what)
    answered(status=401)   # it was not let in: nothing has happened
    same(world.owed(addon), [], "401")
    answered(close=True)   # and another try may succeed
    world.call(app.owner, "POST", path, want=200)
    same((status(world, app, addon), world.owed(addon)), ("running", []),
         "in the end")


@scenario("what is owed can be given up, which the history says")
def abandoned(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.down = True
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon}"), want=204)
    with Unchanged(world, "no reason"):
        world.sutler("addon", "abandon", addon, want=2)
        world.sutler("addon", "abandon", addon, "--reason", " ", want=2)
        world.sutler("addon", "abandon", "ad-nothing", "--reason", "x",
                     want=1)
    asked = len(supplier.desk.seen)
    with Commits(world, 1):
        world.sutler("addon", "abandon", addon, "--reason", "they are bust")
    same(len(supplier.desk.seen), asked, "the provider was asked")
    same(world.owed(addon), [], "owed")
    true("abandoned" in world.messages()[-1].split("\n")[0] and
         "they are bust" in world.messages()[-1], world.messages()[-1])
    supplier.desk.down = False
    waiting = not_yet(world, supplier, app)
    world.sutler("addon", "abandon", waiting["id"], "--reason", "too slow")
    same(status(world, app, waiting["id"]), "gone", "a pending one")
    same(world.owed(waiting["id"]), [], "owed")
