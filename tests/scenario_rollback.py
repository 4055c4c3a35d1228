"""Back to a point of an app's history: its owner's variables alone."""
from scenario_base import (Commits, Unchanged, eventually, events, same,
                           scenario, true)
from scenario_history import set_one
from scenario_restarts import hook
from world import MARK


def back(world, app, to, want=200, **more):
    found = world.call(app.owner, "POST", app.path("/rollback"),
                       {"to": to, **more}, want=want).data
    return found["rollback"] if want == 200 else found


def states(done) -> dict:
    return {row["name"]: (row["change"], row["state"])
            for row in done["variables"]}


def remove(world, app, name):
    world.call(app.owner, "DELETE",
               app.path(f"/variables/{world.variables(app)[name]['id']}"),
               want=204)


@scenario("a rollback restores the owner's variables, as one commit; a "
          "preview changes nothing")
def owners(world):
    app = world.app()
    set_one(world, app, "KEPT", f"{MARK}-same")
    set_one(world, app, "OLD", f"{MARK}-1")
    point = set_one(world, app, "GONE", f"{MARK}-2")
    set_one(world, app, "OLD", f"{MARK}-3")
    set_one(world, app, "NEW", f"{MARK}-4")
    remove(world, app, "GONE")
    want = {"OLD": ("changed", "restored"), "GONE": ("added", "restored"),
            "NEW": ("removed", "restored")}
    with Unchanged(world, "a preview"):
        shown = back(world, app, point, dry_run=True)
        same(states(shown), want, "preview")
        same((shown["commit"], shown["dry_run"], shown["to"]["id"]),
             (None, True, point), "preview")
        true(MARK not in str(shown), "no value")
    with Commits(world, 1):
        done = back(world, app, point[:12])
    same(states(done), want, "done")
    same(done["commit"], world.head(), "the commit")
    same(world.values(app), {"KEPT": f"{MARK}-same", "OLD": f"{MARK}-1",
                             "GONE": f"{MARK}-2"}, "variables")
    message = world.messages()[-1]
    true(MARK not in message, "no value in the message")
    same(events(message), [{
        "type": "edit_variables", "new_vars": ["GONE"],
        "updated_vars": ["OLD"], "deleted_vars": ["NEW"]}], "event")
    with Unchanged(world, "nothing to do"):
        done = back(world, app, point)
        same((done["commit"], done["variables"]), ("", []), "nothing")


@scenario("a rollback of some names leaves the others")
def some(world):
    app, stranger = world.app(), world.account()
    set_one(world, app, "ONE", f"{MARK}-1")
    point = set_one(world, app, "TWO", f"{MARK}-1")
    set_one(world, app, "ONE", f"{MARK}-2")
    set_one(world, app, "TWO", f"{MARK}-2")
    done = back(world, app, point, names=["TWO"])
    same(states(done), {"TWO": ("changed", "restored")}, "done")
    same(world.values(app), {"ONE": f"{MARK}-2", "TWO": f"{MARK}-1"}, "now")
    with Unchanged(world):
        for more, field in (({"names": ["NEVER"]}, "names"),
                            ({"names": []}, "names"),
                            ({"names": [1]}, "names"),
                            ({"names": "TWO"}, "names"),
                            ({"dry_run": "yes"}, "dry_run"),
                            ({"to": "abcdef0123"}, "to"),
                            ({"to": "never"}, "to"), ({"to": ""}, "to"),
                            ({"to": None}, "to"), ({"to": 3}, "to"),
                            ({"to": "1999-01-01T00:00:00Z"}, "to")):
            found = world.call(app.owner, "POST", app.path("/rollback"),
                               {"to": point, **more}, want=422).data
            true(field in found["errors"], f"{more}: {found}")
        world.call(stranger, "POST", app.path("/rollback"), {"to": point},
                   want=404)
        world.call(app.owner, "POST", app.path("/rollback"), {"to": point},
                   headers={"If-Match": "0" * 40}, want=412)


@scenario("credentials of an add-on are never resurrected by a rollback")
def stale(world):
    one, two, three = (world.provider("scalingo") for _ in range(3))
    app = world.app()
    set_one(world, app, "KEY", f"{MARK}-1")
    gone = world.addon(app, one)
    changed = world.addon(app, two)
    less = world.addon(app, three)
    point = world.head()
    world.call(app.owner, "DELETE", app.path(f"/addons/{gone['id']}"),
               want=204)
    for supplier, addon, value in ((two, changed, f"{MARK}-new"),
                                   (three, less, None)):
        world.call(supplier, "PATCH", f"/v1/provider/apps/{addon['id']}",
                   {"config": {supplier.variables[0]: value,
                               supplier.variables[1]: f"{MARK}-key"}},
                   want=200)
    late = world.addon(app, one)
    set_one(world, app, "KEY", f"{MARK}-2")
    before = world.values(app)
    want = {"KEY": ("changed", "restored"),
            one.variables[0]: ("changed", "stale"),
            two.variables[0]: ("changed", "stale"),
            three.variables[0]: ("added", "provider"),
            two.variables[1]: ("removed", "provider"),
            three.variables[1]: ("removed", "provider")}
    same(states(back(world, app, point, dry_run=True)), want, "preview")
    done = back(world, app, point)
    same(states(done), want, "done")
    same(world.values(app), {**before, "KEY": f"{MARK}-1"},
         "the add-ons' are as they were")
    true({row["addon_id"] for row in done["variables"]} >=
         {gone["id"], changed["id"], less["id"], None}, "whose they are")
    same(world.call(app.owner, "GET", app.path(f"/addons/{late['id']}"),
                    want=200).data["addon"]["status"], "running", "the late")


@scenario("a name that an add-on has now is not taken from it")
def taken(world):
    supplier = world.provider("scalingo")
    app = world.app()
    url = supplier.variables[0]
    point = set_one(world, app, url, f"{MARK}-mine")
    remove(world, app, url)
    world.addon(app, supplier)
    theirs = world.values(app)[url]
    with Unchanged(world):
        done = back(world, app, point)
        same(states(done), {url: ("changed", "taken")}, "states")
        same(done["commit"], "", "commit")
    same(world.values(app)[url], theirs, "value")


@scenario("a rollback follows a rename, and ends at a name's former owner")
def renamed(world):
    app = world.app()
    point = set_one(world, app, "KEY", f"{MARK}-1")
    set_one(world, app, "KEY", f"{MARK}-2")
    new = world.fresh("back")
    world.call(app.owner, "POST", app.path("/rename"),
               {"current_name": app.name, "new_name": new}, want=200)
    taker = world.account()
    world.call(taker, "POST", "/v1/apps", {"app": {"name": app.name}},
               want=201)
    with Unchanged(world):
        world.call(taker, "POST", app.path("/rollback"), {"to": point},
                   want=422)
    world.call(app.owner, "POST", f"/v1/apps/{new}/rollback", {"to": point},
               want=200)
    same(world.values(app._replace(name=new)), {"KEY": f"{MARK}-1"}, "value")


@scenario("a rollback restarts the app, once")
def restarts(world):
    log = hook(world)
    app = world.app()
    try:
        point = set_one(world, app, "ONE", f"{MARK}-1")
        set_one(world, app, "ONE", f"{MARK}-2")
        set_one(world, app, "TWO", f"{MARK}-2")
        done = back(world, app, point)
        message = world.git("log", "-1", "--format=%B", done["commit"])
        message = message.strip()
        same([event["type"] for event in events(message)],
             ["edit_variables", "restart"], "events")
        eventually(lambda: world.sutler("tick") and not world.owed(app.id),
                   "it is restarted")
        lines = log.read_text("utf-8").splitlines()
        same([app.name in line for line in lines], [True], str(lines))
    finally:
        world.configure(restart_hook=None)
