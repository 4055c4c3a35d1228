"""What an app's history says: differences, and one variable's changes."""
import json

from scenario_base import same, scenario, true
from world import MARK


def set_one(world, app, name, value):
    world.call(app.owner, "PUT", app.path("/variables"),
               {"variables": [{"name": name, "value": value}]}, want=200)
    return world.head()


def diff(world, *words):
    done = world.sutler("app", "diff", *words, "--json")
    return json.loads(done.stdout)


def past(world, *words) -> list:
    return json.loads(world.sutler("app", "past", *words, "--json").stdout)


@scenario("app diff shows what changed, by variable and by add-on; values "
          "where asked for", every_door=False)
def differences(world):
    supplier = world.provider("scalingo")
    app = world.app()
    first = set_one(world, app, "COLOUR", f"{MARK}-blue")
    set_one(world, app, "GONE", f"{MARK}-x")
    addon = world.addon(app, supplier)
    middle = world.head()
    last = set_one(world, app, "COLOUR", f"{MARK}-red")
    world.call(app.owner, "DELETE", app.path("/variables/" + world.variables(
        app)["GONE"]["id"]), want=204)
    plain = diff(world, app.name, first)
    same([(v["name"], v["change"], v["old"], v["new"])
          for v in plain["variables"]],
         [("COLOUR", "changed", None, None)] +
         [(name, "added", None, None) for name in supplier.variables[:1]],
         "variables, masked")
    same([(a["id"], a["change"], a["old"], a["new"]["status"])
          for a in plain["addons"]], [(addon["id"], "added", None, "running")],
         "add-ons")
    true(MARK not in str(plain), "no value")
    shown = diff(world, app.name, middle[:8], last, "--values")
    same([(v["name"], v["old"], v["new"]) for v in shown["variables"]],
         [("COLOUR", f"{MARK}-blue", f"{MARK}-red")], "values")
    whole = diff(world, app.name, "1999-01-01T00:00:00.000Z", middle)
    same((whole["name"], [v["change"] for v in whole["variables"]]),
         ({"old": None, "new": app.name}, ["added"] * len(
             whole["variables"])), "before there was an app")
    same(diff(world, app.name, last, last), {"variables": [], "addons": []},
         "nothing")
    for words, want in (((app.name, "zzzz"), 2), ((app.name, "0000"), 1),
                        (("nowhere", first), 1), ((app.name,), 2)):
        world.sutler("app", "diff", *words, want=want)
    text = world.sutler("app", "diff", app.name, first).stdout.decode()
    true("changed\tvariable\tCOLOUR" in text, text)


@scenario("a variable's past follows the app through a rename, and never into "
          "an app that has its old name now", every_door=False)
def renamed(world):
    app = world.app()
    set_one(world, app, "KEY", f"{MARK}-1")
    set_one(world, app, "KEY", f"{MARK}-2")
    new_name = world.fresh("named")
    world.call(app.owner, "POST", app.path("/rename"),
               {"current_name": app.name, "new_name": new_name}, want=200)
    other = world.account()
    world.call(other, "POST", "/v1/apps", {"app": {"name": app.name}},
               want=201)
    world.call(other, "PUT", f"/v1/apps/{app.name}/variables",
               {"variables": [{"name": "KEY", "value": f"{MARK}-3"}]},
               want=200)
    rows = past(world, new_name, "KEY", "--values")
    same([(row["change"], row["value"]) for row in rows],
         [("changed", f"{MARK}-2"), ("added", f"{MARK}-1")], "the app's")
    same([(row["change"], row["value"]) for row in
          past(world, app.name, "KEY", "--values")],
         [("added", f"{MARK}-3")], "the other's")
    true(MARK not in str(past(world, new_name, "KEY")), "masked")
    same(past(world, new_name, "NEVER"), [], "none")
