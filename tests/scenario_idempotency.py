"""A client that gave up and repeats its request pays once."""
import json
import threading

from scenario_base import Commits, Unchanged, same, scenario, true
from scenario_outbox import addons, broken_off, kill_ours, tick, uuid_of


def body(supplier, plan="small") -> dict:
    return {"addon": {"addon_provider_id": supplier.slug,
                      "plan_id": supplier.plans[plan]}}


def buy(world, app, supplier, key, want=201, who=None, plan="small"):
    return world.call(who or app.owner, "POST", app.path("/addons"),
                      body(supplier, plan), want=want,
                      headers={"Idempotency-Key": key})


@scenario("the same request by the same key buys once, and is answered alike")
def once(world):
    for dialect in ("scalingo", "appfog"):
        supplier = world.provider(dialect)
        app = world.app()
        first = buy(world, app, supplier, "k-1")
        with Unchanged(world):
            for key in ("k-1", '"k-1"'):
                again = buy(world, app, supplier, key)
                same(again.answer.body, first.answer.body, "the answer")
            again = world.call(app.owner, "POST", app.path(
                "/addons?idempotency_key=k-1"), body(supplier), want=201)
            same(again.data, first.data, "by the query")
        same(len(supplier.desk.asked("POST")), 1, "orders")
        more = [world.provider(dialect) for _ in range(2)]
        buy(world, app, more[0], "k-2")
        world.order(app, more[1])
        same(len(addons(world, app)), 3, "add-ons")
        world.order(app, supplier, want=422)   # each one counts, keyless
        world.sutler("reindex")
        same(buy(world, app, supplier, "k-1").data, first.data, "reindexed")


@scenario("a key belongs to one request, of one account")
def one_request(world):
    supplier = world.provider("scalingo")
    owner = world.account()
    app, other = world.app(owner), world.app(owner)
    first = buy(world, app, supplier, "key")
    with Unchanged(world):
        for place, plan in ((app, "large"), (other, "small")):
            found = buy(world, place, supplier, "key", want=422, plan=plan)
            true("idempotency_key" in found.data["errors"], f"{found}")
        change = {"addon": {"plan_id": supplier.plans["large"]}}
        path = app.path(f"/addons/{first.data['addon']['id']}")
        world.call(owner, "PATCH", path, change, want=422,
                   headers={"Idempotency-Key": "key"})
        for key in ("x" * 256, '""', "caf\u00e9"):
            world.call(owner, "POST", app.path("/addons"), body(supplier),
                       want=400, headers={"Idempotency-Key": key})
    buy(world, world.app(), supplier, "key")   # another account's own


@scenario("a plan change by a key is asked for once")
def change_once(world):
    supplier = world.provider("scalingo")
    app = world.app()
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}")

    def change(plan, key, want=200):
        return world.call(app.owner, "PATCH", path,
                          {"addon": {"plan_id": supplier.plans[plan]}},
                          want=want, headers={"Idempotency-Key": key})

    supplier.desk.then(422, {"message": "no"})
    change("large", "c", want=422)
    first = change("large", "c")         # a failed one leaves no trace
    same(change("large", "c").answer.body, first.answer.body, "again")
    same(len(supplier.desk.asked("PUT")), 2, "asked")
    change("small", "c", want=422)
    change("small", "d")
    # a late repetition changes nothing back
    same(change("large", "c").data["addon"]["plan"]["name"], "small", "plan")
    same(len(supplier.desk.asked("PUT")), 3, "asked")


@scenario("while the first is under way the second is told so")
def under_way(world):
    supplier = world.provider("scalingo")
    app = world.app()
    seen = []

    def meanwhile(_request):
        answer = world.request(
            "POST", app.path("/addons"), {
                "Authorization": f"Bearer {app.owner.token}",
                "Idempotency-Key": "slow", "Accept": "application/json",
                "Content-Type": "application/json"}, ask)
        seen.append(answer.status)

    ask = json.dumps(body(supplier)).encode()
    supplier.desk.then(201, {"id": "r", "config": {}}, during=meanwhile)
    buy(world, app, supplier, "slow")
    same(seen, [409], "the second")
    buy(world, app, supplier, "slow")
    same(len(supplier.desk.asked("POST")), 1, "orders")


@scenario("many at once by one key: one order")
def at_once(world):
    supplier = world.provider("scalingo")
    app = world.app()
    found = []

    def run():
        found.append(buy(world, app, supplier, "crowd", want=None).status)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    true(set(found) <= {201, 409} and 201 in found, f"{found}")
    same(len(supplier.desk.asked("POST")), 1, "orders")
    same(len(addons(world, app)), 1, "add-ons")


@scenario("what failed is ordered anew; what was removed is not")
def failed_or_gone(world):
    supplier = world.provider("scalingo")
    app = world.app()
    supplier.desk.then(422, {"message": "no"})
    before = world.contents()
    buy(world, app, supplier, "f", want=422)
    true(all(b"requests" not in data for name, data in
                     world.contents().items() if name not in before or
                     data != before[name]), "a failed one leaves no trace")
    addon = buy(world, app, supplier, "f").data["addon"]
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    with Unchanged(world):
        same(buy(world, app, supplier, "f", want=404).data["resource"],
             "addon", "what is gone")


@scenario("a repetition after kill -9 buys once, and is not lost")
def killed(world):
    supplier = world.provider("scalingo")
    app = world.app()
    supplier.desk.then(201, {"id": "r-killed", "config": {}},
                       during=lambda _: kill_ours(world, "addons"))
    broken_off(lambda: buy(world, app, supplier, "x", want=None))
    uuid = uuid_of(supplier)
    buy(world, app, supplier, "x", want=409)   # nobody knows yet
    supplier.desk.then(200, {"id": "r-killed", "config": {}})
    tick(world, uuid)     # gives it up, learns its id, removes it
    same(supplier.desk.asked("DELETE")[-1].path.split("/")[-1], "r-killed",
         "what the first order made is removed")
    with Commits(world, 2):
        addon = buy(world, app, supplier, "x").data["addon"]
    same([a["id"] for a in addons(world, app)], [addon["id"]], "add-ons")


@scenario("a key is known for a day", every_door=False)
def a_day(world):
    supplier = world.provider("scalingo")
    app = world.app()
    buy(world, app, supplier, "old")
    name = next(name for name in world.contents() if name.endswith(
        f"/{app.name}.json"))
    place = world.store / name
    text = place.read_text("utf-8")
    start = text.index('"made_at"')
    fresh = world.dir / "aged"
    fresh.write_text(text[:start] + text[start:].replace(
        text[start:].split('"')[3], "2020-01-01T00:00:00.000Z", 1), "utf-8")
    fresh.replace(place)
    buy(world, app, world.provider("scalingo"), "old")
    same(len(addons(world, app)), 2, "add-ons")
    same(place.read_text("utf-8").count('"made_at"'), 1, "requests kept")
