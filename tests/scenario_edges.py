"""Where two things meet: an order and a removal, a word that comes early, a
change amid another, what a provider's record says now and said before."""
import fcntl
import json
import threading
import time

from scenario_base import Unchanged, events, same, scenario, true
from scenario_idempotency import buy
from scenario_manifest_tools import changes, knocks
from scenario_notify import listen, told
from scenario_outbox import (addons, broken_off, due_now, kill_ours, kind_of,
                             last_events, not_yet, provider_path, status,
                             tick, uuid_of)
from scenario_partner import bearer, exchange, partner, token_call
from scenario_transcripts import exchange_of, transcript
from scenario_usage import bill, hour, metered, owned, report
from world import MARK

BLOCKED = 1.5   # seconds until a request surely waits for the lock


def edit(world, name: str, *changes_made):
    """A record edited in place, as an administrator does."""
    place = world.store / name
    text = place.read_text(encoding="utf-8")
    for old, new in changes_made:
        true(old in text, f"{old} is not in {name}")
        text = text.replace(old, new, 1)
    fresh = world.dir / "edited"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(place)


def record_of(world, app) -> str:
    return next(name for name in world.contents()
                if name.endswith(f"/{app.name}.json"))


def change_plan(world, app, supplier, addon, plan="large", **more):
    return world.call(app.owner, "PATCH", app.path(f"/addons/{addon}"),
                      {"addon": {"plan_id": supplier.plans[plan]}}, **more)


def plan_of(world, app, addon) -> tuple:
    shown = world.call(app.owner, "GET", app.path(f"/addons/{addon}"),
                       want=200).data["addon"]
    return shown["plan"]["name"], shown["status"]


# Plan changes

@scenario("a change given up can be asked for anew; one that waits is taken "
          "as done")
def abandoned_change(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.then(200, {}, during=lambda _: kill_ours(world, "addons"))
    broken_off(lambda: change_plan(world, app, supplier, addon))
    same(kind_of(world, addon), "change", "work")
    world.sutler("addon", "abandon", addon, "--reason", "we asked them")
    same(plan_of(world, app, addon), ("small", "running"), "given up")
    supplier.desk.then(202, {"message": "Moving"})
    change_plan(world, app, supplier, addon, want=200)
    same(kind_of(world, addon), "expect", "work")
    world.sutler("addon", "abandon", addon, "--reason", "it is done")
    same(plan_of(world, app, addon), ("large", "running"), "waiting")
    same(world.owed(addon), [], "owed")


@scenario("a plan that is owed to be put back stays owed, whatever else is "
          "asked meanwhile")
def restore_stays(world):
    for dialect in ("scalingo", "heroku"):
        app, supplier = world.app(), world.provider(dialect)
        addon = world.addon(app, supplier)["id"]
        supplier.desk.then(close=True)
        change_plan(world, app, supplier, addon, want=503)
        same(kind_of(world, addon), "restore", dialect)
        due_now(world, addon)
        change_plan(world, app, supplier, addon, want=409)   # tick may be at it
        supplier.desk.then(503)
        tick(world, addon)
        supplier.desk.then(422, {"message": "no"})
        change_plan(world, app, supplier, addon, want=422)
        same(kind_of(world, addon), "restore", f"{dialect}: refused")
        if dialect == "scalingo":   # the provider would be told of two things
            with Unchanged(world):
                world.sutler("addon", "suspend", addon, want=1)
        else:
            world.sutler("addon", "suspend", addon)
            world.sutler("addon", "resume", addon)
        same(kind_of(world, addon), "restore", f"{dialect}: paused")
        tick(world, addon)
        same(supplier.desk.seen[-1].json()["plan"], "small", dialect)
        same(kind_of(world, addon), "", dialect)


@scenario("what a provider sets while it changes the plan is newer than its "
          "answer")
def early_in_change(world):
    for dialect, path in (("scalingo", "/v1/provider/addons/{}/config"),
                          ("heroku", "/vendor/apps/{}")):
        app, supplier = world.app(), world.provider(dialect)
        one, two = supplier.variables
        addon = world.addon(app, supplier)["id"]
        where = path.format(addon if dialect == "scalingo" else addon[3:])
        supplier.desk.then(200, {"config": {
            one: f"{MARK}-answer", two: f"{MARK}-answer"}},
            during=lambda _, w=where, s=supplier: world.call(
                s, "PATCH", w, {"config": {s.variables[0]: f"{MARK}-early"}},
                want=200))
        change_plan(world, app, supplier, addon, want=200)
        same(world.values(app), {one: f"{MARK}-early", two: f"{MARK}-answer"},
             dialect)


@scenario("a plan change that is said to be ready before its 202 is running")
def ready_in_change(world):
    for dialect in ("scalingo", "heroku"):
        app, supplier = world.app(), world.provider(dialect)
        addon = world.addon(app, supplier)["id"]

        def during(_seen, s=supplier, a=addon):
            if s.dialect == "scalingo":
                world.call(s, "POST", provider_path(a, "/actions/provision"),
                           None, want=200)
            else:
                world.call(s, "PUT", f"/vendor/apps/{a[3:]}", {
                    "config": {s.variables[1]: MARK}}, want=200)

        supplier.desk.then(202, {"message": "Moving"}, during=during)
        change_plan(world, app, supplier, addon, want=200)
        same(plan_of(world, app, addon), ("large", "running"), dialect)
        same(world.owed(addon), [], dialect)
        # that word was for that change alone
        supplier.desk.then(202, {"message": "Moving"})
        change_plan(world, app, supplier, addon, "small", want=200)
        same(plan_of(world, app, addon), ("small", "provisioning"), dialect)


@scenario("a word of failure takes no add-on away that has been running")
def failed_change(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.then(202, {"message": "Moving"})
    change_plan(world, app, supplier, addon, want=200)
    with Unchanged(world):
        world.call(supplier, "POST", provider_path(
            addon, "/actions/deprovision"), None, want=409)
    supplier.desk.then(200, {}, during=lambda _: world.call(
        supplier, "POST", provider_path(addon, "/actions/deprovision"), None,
        want=409))
    world.call(supplier, "POST", provider_path(addon, "/actions/provision"),
               None, want=200)
    change_plan(world, app, supplier, addon, "small", want=200)
    same(plan_of(world, app, addon), ("small", "running"), "afterwards")


@scenario("the plan that an add-on has is no answer while it changes")
def same_plan(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.then(200, {}, during=lambda _: change_plan(
        world, app, supplier, addon, "small", want=409))
    change_plan(world, app, supplier, addon, want=200)
    with Unchanged(world):
        change_plan(world, app, supplier, addon, want=200)


@scenario("a change that tick put back, or took for done, is told its owner")
def told_of_change(world):
    owner = world.account()
    app, supplier = world.app(owner), world.provider("scalingo")
    desk, _ = listen(world, owner)
    addon = world.addon(app, supplier)["id"]
    supplier.desk.then(200, {}, during=lambda _: kill_ours(world, "addons"))
    broken_off(lambda: change_plan(world, app, supplier, addon))
    tick(world, addon)
    world.sutler("tick")
    same([event["type"] for one in told(desk) for event in one["events"]],
         ["upgrade_addon_failed"], "put back")
    told_last = world.call(owner, "GET", app.path("/events?per_page=1"),
                           want=200).data["events"][0]
    same((told_last["type"], told_last["type_data"]),
         ("upgrade_addon_failed", {
             "addon_provider_name": supplier.slug, "plan_name": "small",
             "wanted_plan_name": "large",
             "resource_id": f"{supplier.slug}-1"}), "event")
    same([told(desk)[0]["events"][0][key]
          for key in ("plan_name", "wanted_plan_name")], ["small", "large"],
         "which plans")
    supplier.desk.then(202, {"message": "Moving"})
    change_plan(world, app, supplier, addon, want=200)
    tick(world, addon)
    world.sutler("tick")
    same([event["type"] for one in told(desk) for event in one["events"]][1:],
         ["addon_updated"], "taken for done")


# Orders

@scenario("2xx that no document knows is no success: what it made is removed")
def odd_success(world):
    for dialect in ("scalingo", "heroku", "appfog", "heroku-v3"):
        app, supplier = world.app(), world.provider(dialect)
        supplier.desk.then(206, {"id": "odd", "config": {}})
        world.order(app, supplier, want=503)
        same(addons(world, app), [], dialect)
        uuid = uuid_of(supplier)
        same(kind_of(world, uuid), "remove", dialect)
        tick(world, uuid)
        same(world.owed(uuid), [], dialect)
        same(len(supplier.desk.asked("POST")), 1, dialect)
        same(supplier.desk.asked("DELETE")[-1].path.rpartition("/")[2],
             uuid if dialect == "heroku-v3" else "odd", dialect)


@scenario("an order called failed is removed all the same, by the table")
def failed_is_removed(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = not_yet(world, supplier, app)
    action = provider_path("res-1", "/actions/deprovision")
    world.call(supplier, "POST", action, None, want=200)
    same(status(world, app, addon["id"]), "gone", "status")
    supplier.desk.then(404)
    tick(world, addon["id"])
    same([seen.path.rpartition("/")[2]
          for seen in supplier.desk.asked("DELETE")], ["res-1"], "deleted")
    same(world.owed(addon["id"]), [], "owed")
    # before its answer: what that says it made goes, too
    for answer, kind in (((201, {"id": "res-2"}), "remove"),
                         ((422, {"message": "no"}), "")):
        supplier.desk.then(*answer, during=lambda seen: world.call(
            supplier, "POST", provider_path(
                seen.json()["uuid"], "/actions/deprovision"), None, want=200))
        world.order(app, supplier, want=503)
        same(addons(world, app), [], "add-ons")
        uuid = uuid_of(supplier)
        same(kind_of(world, uuid), kind, f"{answer}")
        if kind:
            tick(world, uuid)
            same(supplier.desk.asked("DELETE")[-1].path.rpartition("/")[2],
                 "res-2", "deleted")


@scenario("posted again and told that it is there already: it stays owed")
def there_already(world):
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(close=True)
    world.order(app, supplier, want=503)
    uuid = uuid_of(supplier)
    supplier.desk.then(409, {"message": "there is one"})
    tick(world, uuid)
    same(kind_of(world, uuid), "remove", "work")
    true("there is one" in world.sutler("open").stdout.decode(), "why")


@scenario("an order that names no uuid is not posted again: it would buy "
          "twice")
def nameless(world):
    app, supplier = world.app(), world.provider("flynn")
    supplier.desk.then(close=True)
    world.order(app, supplier, want=503)
    owed = world.owed(supplier.slug)
    same(len(owed), 1, "owed")
    uuid = json.loads(world.contents()[owed[0]])["id"]
    tick(world, uuid)
    same(len(supplier.desk.asked("POST")), 1, "POSTs")
    same(world.owed(uuid), owed, "owed")
    true(b"never became known" in world.sutler("open").stdout, "why")
    world.sutler("addon", "abandon", f"ad-{uuid}", "--reason", "looked there")
    same(world.owed(uuid), [], "given up")


@scenario("tick was faster than the answer: what it made is not forgotten")
def late_refusal(world):
    app, supplier = world.app(), world.provider("scalingo")

    def during(seen):
        uuid = seen.json()["uuid"]
        world.call(app.owner, "DELETE", app.path(f"/addons/{uuid}"), want=204)
        supplier.desk.then(201, {"id": "made"})   # by tick's POST
        supplier.desk.then(500)                   # to its DELETE
        tick(world, uuid)

    supplier.desk.then(422, {"message": "no"}, during=during)
    world.order(app, supplier, want=404)
    uuid = uuid_of(supplier)
    same(kind_of(world, uuid), "remove", "work")
    tick(world, uuid)
    same(supplier.desk.asked("DELETE")[-1].path.rpartition("/")[2], "made",
         "deleted")
    same(world.owed(uuid), [], "owed")


@scenario("an app that changes hands while its add-on is on the way has it")
def changes_hands(world):
    app, supplier = world.app(), world.provider("scalingo")
    heir = world.account()
    supplier.desk.then(201, {"id": "one", "config": {}},
                       during=lambda _: edit(world, record_of(world, app), (
                           f'"owner":\t"{app.owner.name}"',
                           f'"owner":\t"{heir.name}"')))
    world.order(app, supplier, want=201)
    shown = world.call(heir, "GET", app.path("/addons"),
                       want=200).data["addons"]
    same([one["status"] for one in shown], ["running"], "status")
    same(world.owed(supplier.slug), [], "owed")


@scenario("one broken piece of work holds up no other", every_door=False)
def tick_goes_on(world):
    supplier, other = world.provider("scalingo"), world.provider("scalingo")
    app = world.app()
    addon = world.addon(app, other)["id"]
    other.desk.then(202, {"message": "Moving"})
    change_plan(world, app, other, addon, want=200)
    due = [addon]
    while max(due) == addon:   # one that is tried after it
        one = world.app()
        due.append(not_yet(world, supplier, one, {
            "id": world.fresh("r"), "message": "Soon"})["id"])
    record = world.store / f"providers/{other.slug}.json"
    text = record.read_bytes()
    record.unlink()
    for one in due:
        due_now(world, one)
    try:
        done = world.sutler("tick", want=None)
        same([one for one in due if world.owed(one)], [addon], "left open")
        true(app.name.encode() in done.stderr, f"{done.stderr}")
    finally:
        record.write_bytes(text)
    tick(world, addon)
    same(world.owed(addon), [], "mended")


@scenario("a provider that does not answer is not asked again in the same "
          "tick", every_door=False)
def tick_is_short(world):
    supplier, other = world.provider("scalingo"), world.provider("scalingo")
    due = []
    for desk_of in (supplier, supplier, supplier, other):
        app = world.app()
        due.append(world.addon(app, desk_of)["id"])
        desk_of.desk.down = True
        world.call(app.owner, "DELETE", app.path(f"/addons/{due[-1]}"),
                   want=204)
        desk_of.desk.down = False
    for one in due:
        due_now(world, one)
    asked = len(supplier.desk.seen)
    supplier.desk.then(close=True)
    world.sutler("tick")
    same(len(supplier.desk.seen), asked + 1, "asked")
    same([one for one in due if world.owed(one)], due[:3], "owed")
    for one in due:
        due_now(world, one)
    world.sutler("tick")
    same([one for one in due if world.owed(one)], [], "owed then")


# What is sold

def behind_lock(world, change, call):
    """change() is made while call() waits for the writers' lock."""
    answer = []
    with open(world.data / "state" / "lock", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=lambda: answer.append(call()))
        thread.start()
        time.sleep(BLOCKED)
        change()
    thread.join()
    return answer[0]


@scenario("what is sold is what the provider's record says under the lock")
def sold_now(world):
    supplier = world.provider("scalingo", price=7)
    app = world.app(paying=True)
    name = f"providers/{supplier.slug}.json"
    whole = (world.store / name).read_text("utf-8")
    first = whole[whole.index('"plans"'):whole.index('"price"') + 12]

    def price():
        edit(world, name, (first, first.replace('"price":\t7', '"price":\t9')))

    true('"price":\t7' in first, first)
    found = behind_lock(world, price, lambda: world.order(app, supplier))
    same(found.data["addon"]["plan"]["price"], 9, "the price")
    addon = found.data["addon"]["id"]
    large = whole.index('"name":\t"large"')
    line = whole[large:whole.index('"position"', large)]

    def retire():
        edit(world, name, (line, line + '"disabled":\ttrue,\n\t\t\t'))

    found = behind_lock(world, retire, lambda: change_plan(
        world, app, supplier, addon))
    same(found.status, 422, "a plan that is retired")
    same(supplier.desk.asked("PUT"), [], "asked")
    found = behind_lock(world, lambda: edit(world, name, (
        '"plans"', '"visibility":\t"closed",\n\t"plans"')),
        lambda: world.order(world.app(), supplier, want=None))
    same(found.status, 404, "a closed one")
    same(len(supplier.desk.asked("POST")), 1, "asked")
    world.sutler("fsck", "--repair")


@scenario("a plan that charges for what is consumed wants a payment method")
def metered_payment(world):
    supplier = world.provider("scalingo", change=metered)
    app = world.app()
    with Unchanged(world):
        world.order(app, supplier, want=402)
    free = world.provider("scalingo", change=lambda manifest: manifest[
        "plans"][1].update(units=[{"name": "rows", "price": 1}]))
    addon = world.addon(app, free)["id"]
    with Unchanged(world):
        change_plan(world, app, free, addon, want=402)
    world.sutler("account", "paying", app.owner.name, "on")
    world.order(app, supplier)


@scenario("units that change are shown, and done; what was bought keeps its own")
def units_change(world):
    supplier, app, addon = owned(world)
    new = json.loads(json.dumps(supplier.manifest))
    for plan in new["plans"]:
        plan["units"][1]["price"] = 0.5
    rows = changes(world, supplier, new, "--yes")
    same([(row["name"], row["field"], row["concerns"]) for row in rows],
         [("small", "units", 1), ("large", "units", 0), ("gold", "units", 0)],
         "shown")
    true('"0.25"' in rows[0]["before"] and '"0.5"' in rows[0]["after"],
         f"{rows[0]}")
    report(world, supplier, hour(), (addon["id"], "gb", 4))
    same(bill(world, app)["totals"], {"EUR": "1.00"}, "as it was bought")
    other = world.app(paying=True)
    same(world.addon(other, supplier)["plan"]["units"][1]["price"], "0.5",
         "as it is sold")
    same(changes(world, supplier, new, "--yes"), [], "again")


@scenario("a password that the operator chose need not be an argument",
          every_door=False)
def chosen_password(world):
    supplier = world.provider("scalingo")
    world.sutler("provider", "password", supplier.slug, "--new", "-",
                 stdin=b"from-standard-input\n")
    knocks(world, supplier, "from-standard-input", 200)
    for text in (b"", b"\n", b"two\nlines\n", b"x" * 9000, b"a\0b"):
        with Unchanged(world, f"{text[:9]!r}"):
            world.sutler("provider", "password", supplier.slug, "--new", "-",
                         stdin=text, want=1)


@scenario("Clever Cloud: a PUT ends the wait of a 202")
def clevercloud_waits(world):
    app, supplier = world.app(), world.provider("clevercloud")
    addon = not_yet(world, supplier, app)
    world.call(supplier, "PUT", f"/v2/vendor/apps/{addon['id']}",
               {"config": {supplier.variables[0]: MARK}}, want=200)
    same(status(world, app, addon["id"]), "running", "status")
    same(world.owed(addon["id"]), [], "owed")


@scenario("a new manifest, or password, leaves the client secret as it is")
def secret_stays(world):
    supplier, secret = partner(world)
    world.addon(world.app(), supplier)
    tokens = exchange(world, supplier, secret)
    new = dict(supplier.manifest, name="Another name")
    changes(world, supplier, new, "--yes")
    world.sutler("provider", "password", supplier.slug)
    fresh = token_call(world, 200, grant_type="refresh_token",
                       refresh_token=tokens["refresh_token"],
                       client_secret=secret).data
    world.call(bearer(fresh), "GET", "/addons", want=200)
    world.addon(world.app(), supplier)
    exchange(world, supplier, secret)


@scenario("a variable declared later takes none that the app has already")
def taken_name(world):
    for dialect, path in (("scalingo", "/v1/provider/addons/{}/config"),
                          ("heroku", "/vendor/apps/{}")):
        supplier, other = world.provider(dialect), world.provider("scalingo")
        app = world.app()
        addon = world.addon(app, supplier)["id"]
        world.addon(app, other)
        names = [f"{supplier.slug.upper()}_MINE", other.variables[0]]
        world.call(app.owner, "POST", app.path("/variables"), {
            "variable": {"name": names[0], "value": MARK}}, want=201)
        new = json.loads(json.dumps(supplier.manifest))
        new.get("api", new)["config_vars"] += names
        if dialect == "heroku":
            new["api"]["config_vars"].remove(names[1])
            names = names[:1]
        changes(world, supplier, new, "--yes")
        before = world.values(app)
        where = path.format(addon if dialect == "scalingo" else addon[3:])
        for name in names:
            with Unchanged(world, name):
                found = world.call(supplier, "PATCH", where, {"config": {
                    name: f"{MARK}-x"}})
                true(found.status == 422 and name in str(found), f"{found}")
        supplier.desk.then(200, {"config": {name: "x" for name in names}})
        change_plan(world, app, supplier, addon, want=503)
        same(world.values(app), before, "values")


# Idempotency-Key

@scenario("one key for two apps at once buys for one")
def two_apps(world):
    supplier, owner = world.provider("scalingo"), world.account()
    apps = [world.app(owner) for _ in range(2)]
    found = []

    def run(app):
        found.append(buy(world, app, supplier, "both", want=None).status)

    threads = [threading.Thread(target=run, args=(app,)) for app in apps]
    with open(world.data / "state" / "lock", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)   # both have looked before one writes
        for thread in threads:
            thread.start()
        time.sleep(BLOCKED)
    for thread in threads:
        thread.join()
    same(sorted(found), [201, 422], "statuses")
    same(len(supplier.desk.asked("POST")), 1, "orders")


@scenario("removed while the order by a key was out: the key buys nothing "
          "more")
def removed_meanwhile(world):
    supplier, app = world.provider("scalingo"), world.app()
    supplier.desk.then(201, {"id": "r", "config": {}}, during=lambda seen:
                       world.call(app.owner, "DELETE", app.path(
                           f"/addons/{seen.json()['uuid']}"), want=204))
    buy(world, app, supplier, "gone", want=404)
    with Unchanged(world):
        buy(world, app, supplier, "gone", want=404)
    same(len(supplier.desk.asked("POST")), 1, "orders")


@scenario("a key that was another app's, long ago, counts once again",
          every_door=False)
def reused(world):
    supplier, owner = world.provider("scalingo"), world.account()
    apps = [world.app(owner) for _ in range(3)]
    apps.sort(key=lambda app: app.name)
    buy(world, apps[2], supplier, "again")
    name = record_of(world, apps[2])
    made = json.loads(world.contents()[name])["requests"][0]["made_at"]
    edit(world, name, (f'"made_at":\t"{made}"',
                       '"made_at":\t"2020-01-01T00:00:00.000Z"'))
    first = buy(world, apps[1], supplier, "again")
    with Unchanged(world):
        same(buy(world, apps[1], supplier, "again").answer.body,
             first.answer.body, "the answer")
    same(len(supplier.desk.asked("POST")), 2, "orders")


@scenario("repeated, the answer has the names that the app knows")
def prefixed(world):
    supplier = world.provider("heroku", change=lambda manifest: manifest[
        "api"].update(requires=["many_per_app"]))
    app = world.app()
    body = {"addon": {"addon_provider_id": supplier.slug,
                      "plan_id": supplier.plans["small"], "name": "SPARE"}}
    found = [world.call(app.owner, "POST", app.path("/addons"), body,
                        want=201, headers={"Idempotency-Key": "p"})
             for _ in range(2)]
    same(found[1].answer.body, found[0].answer.body, "the answer")
    same(found[1].data["variables"], ["SPARE_URL"], "names")


@scenario("a key that asked for the plan at hand asks for nothing later")
def late_repetition(world):
    supplier, app = world.provider("scalingo"), world.app()
    addon = world.addon(app, supplier)["id"]
    key = {"headers": {"Idempotency-Key": "as-is"}, "want": 200}
    change_plan(world, app, supplier, addon, "small", **key)
    change_plan(world, app, supplier, addon, "large", want=200)
    change_plan(world, app, supplier, addon, "small", **key)
    same(plan_of(world, app, addon), ("large", "running"), "plan")
    same(len(supplier.desk.asked("PUT")), 1, "asked")


# What else

@scenario("no resumption while the provider may be being told of the "
          "suspension")
def crossed(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    supplier.desk.down = True
    world.sutler("addon", "suspend", addon)
    same(kind_of(world, addon), "suspend", "work")
    path = app.path(f"/addons/{addon}/resume")
    due_now(world, addon)
    with Unchanged(world):
        world.call(app.owner, "POST", path, want=409)
    tick(world, addon)
    supplier.desk.down = False
    world.call(app.owner, "POST", path, want=200)
    same([seen.path.rpartition("/")[2] for seen in supplier.desk.seen[-3:]],
         ["suspend", "suspend", "resume"], "told")
    same(world.owed(addon), [], "owed")


@scenario("resumed by a provider that changes the add-on meanwhile")
def resumed_by_revision(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)["id"]
    world.sutler("addon", "suspend", addon)
    path = app.path(f"/addons/{addon}")
    revision = world.call(app.owner, "GET", path,
                          want=200).answer.header("X-Revision")
    supplier.desk.then(200, {}, during=lambda _: world.call(
        supplier, "PATCH", provider_path(addon, "/config"), {
            "config": {supplier.variables[0]: f"{MARK}-new"}}, want=200))
    world.call(app.owner, "POST", path + "/resume", want=200,
               headers={"If-Match": f'"{revision}"'})
    same(status(world, app, addon), "running", "status")


@scenario("a price is told in whole cents")
def cents(world):
    def change(manifest):
        manifest["plans"][0]["price"] = 0.125
    supplier = world.provider("heroku-v3", change=change)
    secret = world.sutler("provider", "secret",
                          supplier.slug).stdout.decode().strip()
    world.addon(world.app(paying=True), supplier)
    who = bearer(exchange(world, supplier, secret))
    found = world.call(who, "GET", "/addons", want=200)
    true(b'"cents":13,' in found.answer.body.replace(b" ", b""), f"{found}")


@scenario("the password before is masked, too", every_door=False)
def old_password(world):
    supplier, app = world.provider("scalingo"), world.app()
    world.sutler("provider", "password", supplier.slug)
    supplier.desk.then(422, {"message": f"not {supplier.password}"})
    world.order(app, supplier, want=422)
    text = json.dumps(transcript(world, exchange_of(world)))
    true(supplier.password not in text and "not ***" in text, text)


@scenario("no hour is charged in which an add-on that is gone was not there")
def before_bought(world):
    supplier, app, addon = owned(world)
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    same([report(world, supplier, hour(back), (addon["id"], "rows", 5))[0][0]
          for back in (1, 40)], ["accepted", "rejected"], "hours")
