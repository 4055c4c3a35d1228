"""An app's owner is told by webhook what others did to it."""
import base64
import hmac
import json
import re

from scenario_base import Unchanged, same, scenario, trailers, true
from scenario_collaborators import join
from scenario_outbox import due_now, tick
from world import MARK


def listen(world, account) -> tuple:
    """The account's webhooks go to a desk of the mock: it, and the secret."""
    desk = world.mock.desk(world.fresh("hook"))
    done = world.sutler("account", "notify", account.name,
                        f"{world.mock.url}/{desk.name}/in")
    return desk, done.stdout.decode().strip()


def told(desk) -> list:
    return [seen.json() for seen in desk.asked("POST")]


def kinds(desk) -> list:
    return [event["type"] for one in told(desk) for event in one["events"]]


def set_config(world, supplier, app, value):
    world.call(supplier, "PATCH", f"/v1/provider/apps/{app.id}",
               {"config": {supplier.variables[0]: value}}, want=200)


@scenario("a provider's change is told by tick, signed, without the value")
def change(world):
    supplier, owner = world.provider("scalingo"), world.account()
    app = world.app(owner)
    desk, secret = listen(world, owner)
    addon = world.addon(app, supplier)
    same(world.owed('"notify"'), [], "one's own deed")
    set_config(world, supplier, app, f"{MARK}-1")
    same(desk.seen, [], "nothing is sent within the request")
    same(len(world.owed('"notify"')), 1, "open work")
    world.sutler("tick")
    same(world.owed('"notify"'), [], "settled")
    seen = desk.seen[0]
    want = base64.b64encode(hmac.digest(secret.encode(), seen.body, "sha256"))
    same(seen.headers["Sutler-Webhook-Hmac-SHA256"], want.decode(), "HMAC")
    same(seen.headers["Content-Type"], "application/json", "type")
    one = seen.json()
    same([one["app"], one["addon_id"], one["actor"], kinds(desk)],
         [{"id": app.id, "name": app.name}, addon["id"],
          f"provider {supplier.slug}", ["edit_variable"]], "what was told")
    true(MARK.encode() not in seen.body, "no value")
    true(secret not in world.sutler("account", "show", owner.name)
         .stdout.decode(), "the secret is printed once")


@scenario("an owner is told what a collaborator does, and not the other way")
def collaborator(world):
    owner, guest = world.account(), world.account()
    app = world.app(owner)
    desk, _ = listen(world, owner)
    theirs, _ = listen(world, guest)
    join(world, app, guest)
    for who in (guest, owner):
        world.call(who, "POST", app.path("/variables"), {"variable": {
            "name": who.name.upper(), "value": MARK}}, want=201)
    world.sutler("tick")
    same(kinds(desk), ["accept_collaborator", "new_variable"], "the owner")
    same(told(desk)[1]["actor"].split()[2], guest.name, "actor")
    same(told(theirs), [], "the collaborator")


@scenario("an account's notifications keep their order, whatever fails")
def order(world):
    supplier, owner = world.provider("scalingo"), world.account()
    app = world.app(owner)
    other_owner = world.account()
    other = world.app(other_owner)
    desk, _ = listen(world, owner)
    quiet, _ = listen(world, other_owner)
    for one in (app, other):
        world.addon(one, supplier)
    for number in range(3):
        set_config(world, supplier, app, f"{MARK}-{number}")
    set_config(world, supplier, other, f"{MARK}-x")
    desk.then(500, b"")
    world.sutler("tick")
    same(len(desk.seen), 1, "those behind it wait")
    same(len(quiet.seen), 1, "another account's does not")
    world.sutler("tick")
    same(len(desk.seen), 1, "not due yet")
    due_now(world, '"notify"')
    world.sutler("tick")
    same(len(desk.seen), 4, "all of them")
    ids = [one["id"] for one in told(desk)]
    same(ids[0], ids[1], "the same again")
    same(ids[1:], sorted(set(ids)), "in order")
    times = [one["created_at"] for one in told(desk)[1:]]
    same(times, sorted(times), "times")
    same(world.owed('"notify"'), [], "nothing is left")


@scenario("what failed, and what the operator did, is told, too")
def others(world):
    supplier, owner = world.provider("scalingo"), world.account()
    app = world.app(owner)
    desk, _ = listen(world, owner)
    supplier.desk.then(202, {"id": "later", "config": {}})
    addon = world.addon(app, supplier)
    world.call(supplier, "POST", f"/v1/provider/addons/{addon['id']}"
               "/actions/deprovision", {}, want=200)
    world.sutler("tick")
    same(kinds(desk), ["delete_addon"], "failed")
    true("failed" in told(desk)[0]["events"][0]["reason"], "why")
    supplier.desk.then(202, {"id": "never", "config": {}})
    addon = world.addon(app, supplier)
    tick(world, addon["id"])     # gives it up, and tells of it
    world.sutler("tick")
    same(kinds(desk)[1:], ["delete_addon"], "given up")
    addon = world.addon(app, supplier)
    world.sutler("addon", "suspend", addon["id"], "--reason", "unpaid")
    world.sutler("tick")
    same(kinds(desk)[2:], ["suspend_addon"], "suspended")


@scenario("a webhook goes only where the operator's rules let it go",
          every_door=False)
def places(world):
    supplier, owner = world.provider("scalingo"), world.account()
    app = world.app(owner)
    for url in ("ftp://h/", "http://u:p@h/", "http://h/ x", "h", "on",
                "http://h/" + "x" * 1000):
        world.sutler("account", "notify", owner.name, url, want=2)
    desk, _ = listen(world, owner)
    world.addon(app, supplier)
    set_config(world, supplier, app, f"{MARK}-1")
    world.configure(allow_private="no")
    world.sutler("tick")
    same(desk.seen, [], "a private address")
    text = (world.store / world.owed('"notify"')[0]).read_text("utf-8")
    true("refused a private address" in text, text)
    world.configure(allow_private="yes", allow_http="no")
    due_now(world, '"notify"')
    world.sutler("tick")
    same(desk.seen, [], "no TLS")
    world.sutler("account", "notify", owner.name, "http://h/", want=2)
    world.configure(allow_http="yes")
    # what cannot be told is given up in the end, as a commit that says so
    name = world.owed('"notify"')[0]
    place = world.store / name
    fresh = world.dir / "old"
    fresh.write_text(re.sub(r'(\t"(?:created|next)_at":\s*")[^"]*',
                            r"\g<1>2020-01-01T00:00:00.000Z",
                            place.read_text("utf-8")), "utf-8")
    fresh.replace(place)
    desk.then(410, b"")
    world.sutler("tick")
    same(world.owed('"notify"'), [], "given up")
    message = world.messages()[-1]
    true("given up: answered 410" in message, message)
    same(trailers(message)["App"], [f"{app.id} {app.name}"], "whose it was")
    # switched off: what waits is dropped, nothing new is made
    set_config(world, supplier, app, f"{MARK}-2")
    world.sutler("account", "notify", owner.name, "off")
    set_config(world, supplier, app, f"{MARK}-3")
    world.sutler("tick")
    same([len(desk.seen), world.owed('"notify"')], [1, []], "off")
    true(json.loads(world.sutler("account", "show", owner.name).stdout)[
        "notify_url"] is None, "shown")


@scenario("nobody is told of a change that changes nothing")
def no_change(world):
    owner, guest = world.account(), world.account()
    app = world.app(owner)
    join(world, app, guest)
    listen(world, owner)
    path = app.path("/variables")
    made = world.call(guest, "POST", path, {"variable": {
        "name": "A", "value": MARK}}, want=201).data["variable"]
    with Unchanged(world):
        world.call(guest, "PUT", path, {"variables": []}, want=200)
        world.call(guest, "PUT", path, {"variables": [
            {"name": "A", "value": MARK}]}, want=200)
        world.call(guest, "PATCH", f"{path}/{made['id']}",
                   {"variable": {"value": MARK}}, want=200)
        world.call(guest, "POST", path, {"variable": {
            "name": "A", "value": MARK}}, want=201)
