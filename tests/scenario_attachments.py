"""One add-on on several apps, several of a kind on one: by prefixes."""
from scenario_base import Commits, Unchanged, same, scenario, true
from scenario_dialects import behind
from world import MARK


def shared(world, *features):
    """A Heroku provider whose add-ons can be shared."""
    def change(manifest):
        manifest["api"]["requires"] = list(features)
    return world.provider("heroku", change=change)


def attach(world, app, addon, name, want=201):
    return world.call(app.owner, "POST", app.path("/attachments"), {
        "attachment": {"addon_id": addon["id"], "name": name}}, want=want)


@scenario("an add-on attached to another app is seen there by a prefix")
def attached(world):
    supplier = shared(world, "attachable")
    first = world.app()
    second = world.app(first.owner)
    addon = world.addon(first, supplier)
    made = attach(world, second, addon, "SPARE").data["attachment"]
    url = supplier.variables[0]
    value = world.values(first)[url]
    same(world.values(second), {"SPARE_URL": value}, "by the prefix")
    same(world.call(first.owner, "GET", second.path("/attachments"),
                    want=200).data["attachments"], [made], "listed")
    shown = world.sutler("app", "env", second.name).stdout.decode()
    true(f"SPARE_URL='{value}'" in shown, shown)
    # the provider's change is seen by both
    world.call(supplier, "PUT", f"/vendor/apps/{addon['id'][3:]}",
               {"config": {url: f"{MARK}-new"}}, want=200)
    same(world.values(second), {"SPARE_URL": f"{MARK}-new"}, "changed")
    found = world.variables(second)["SPARE_URL"]
    with Unchanged(world, "another's variable"):
        world.call(first.owner, "DELETE", second.path(
            f"/variables/{found['id']}"), want=422)
        world.call(first.owner, "PUT", second.path("/variables"), {
            "variables": [{"name": "SPARE_URL", "value": "x"}]}, want=422)
    with Commits(world, 1):
        world.call(first.owner, "DELETE", second.path(
            f"/attachments/{made['id']}"), want=204)
    same(world.values(second), {}, "detached")
    told = world.call(first.owner, "GET", second.path("/events"),
                      want=200).data["events"]
    data = {"attachment_name": "SPARE", "addon_id": addon["id"]}
    same([(one["type"], one["type_data"]) for one in told[:2]],
         [("detach_addon", data), ("attach_addon", data)], "events")
    attach(world, second, addon, "AGAIN")


@scenario("what may not be attached is refused, and nothing has changed")
def refused(world):
    supplier, single = shared(world, "attachable"), shared(world)
    first = world.app()
    second, foreign = world.app(first.owner), world.app()
    addon, alone = world.addon(first, supplier), world.addon(first, single)
    world.call(second.owner, "POST", second.path("/variables"), {
        "variable": {"name": "MINE_URL", "value": "x"}}, want=201)
    asked = len(supplier.desk.seen)
    with Unchanged(world):
        attach(world, second, alone, "SPARE", want=422)
        attach(world, first, addon, "SPARE", want=422)
        attach(world, second, addon, "MINE", want=422)
        attach(world, foreign, addon, "SPARE", want=404)
        attach(world, second, {"id": "ad-nothing"}, "SPARE", want=404)
        for name in ("", "spare", "A B", "1A", "A_", "A" * 33, "LD"):
            attach(world, second, addon, name, want=422)
        for body in ({}, {"attachment": {}}, {"attachment": {"name": "A"}},
                     {"attachment": {"addon_id": addon["id"]}}):
            world.call(second.owner, "POST", second.path("/attachments"),
                       body, want=400)
        world.call(second.owner, "DELETE", second.path("/attachments/x"),
                   want=404)
    attach(world, second, addon, "SPARE")
    with Unchanged(world, "twice"):
        attach(world, second, addon, "OTHER", want=422)
    same(len(supplier.desk.seen), asked, "the provider was asked")


@scenario("an add-on that goes leaves all the apps that had it, at once")
def gone(world):
    supplier = shared(world, "attachable")
    first = world.app()
    second, third = world.app(first.owner), world.app(first.owner)
    addon = world.addon(first, supplier)
    for app in (second, third):
        attach(world, app, addon, "SPARE")
    world.call(first.owner, "DELETE", third.path(
        f"?current_name={third.name}"), want=204)
    with Commits(world, 2):   # the removal, and that it is settled
        world.call(first.owner, "DELETE", first.path(
            f"/addons/{addon['id']}"), want=204)
    same(world.values(second), {}, "variables")
    same(world.call(first.owner, "GET", second.path("/attachments"),
                    want=200).data["attachments"], [], "attachments")


@scenario("two apps that share with each other can go")
def crossed(world):
    supplier, other = shared(world, "attachable"), shared(world, "attachable")
    first = world.app()
    second = world.app(first.owner)
    attach(world, second, world.addon(first, supplier), "ONE")
    attach(world, first, world.addon(second, other), "TWO")
    for app in (first, second):
        world.call(first.owner, "DELETE", app.path(
            f"?current_name={app.name}"), want=204)
    same([name for name in world.contents() if name.endswith(
        (f"/{first.name}.json", f"/{second.name}.json"))], [], "records")


@scenario("several of a kind on one app, each by its own prefix")
def many(world):
    supplier = shared(world, "many_per_app")
    app = world.app()
    world.addon(app, supplier)
    asked = len(supplier.desk.seen)
    with Unchanged(world, "the same names"):
        world.order(app, supplier, want=422)
        world.order(app, supplier, want=422, name="lower")
    same(len(supplier.desk.seen), asked, "the provider was asked")
    found = world.order(app, supplier, name="SPARE").data
    same(found["variables"], ["SPARE_URL"], "variables")
    url = supplier.variables[0]
    same(sorted(world.values(app)), sorted([url, "SPARE_URL"]), "names")
    spare = found["addon"]["id"]
    world.call(supplier, "PUT", f"/vendor/apps/{spare[3:]}",
               {"config": {url: f"{MARK}-2"}}, want=200)
    same(world.values(app)["SPARE_URL"], f"{MARK}-2", "changed")
    told = world.call(app.owner, "GET", app.path("/events?per_page=1"),
                      want=200).data["events"][0]
    old = told["type_data"].pop("old_value")
    same((told["type"], told["type_data"]), ("edit_variable", {
        "name": "SPARE_URL", "value": f"{MARK}-2",
        "addon_name": supplier.slug}), "told by the app's own name for it")
    true(MARK in old, f"what it was: {old}")
    same(world.call(supplier, "GET", f"/vendor/apps/{spare[3:]}",
                    want=200).data["config"], {url: f"{MARK}-2"},
         "the provider sees its own names")


@scenario("several of a kind on one app, each called back by a URL of its own")
def several(world):
    supplier = shared(world, "many_per_app")
    app = world.app()
    one = world.addon(app, supplier)
    url, key = supplier.variables
    before = world.values(app)
    supplier.desk.then(202, {"id": "second"})
    two = world.order(app, supplier, name="SPARE").data["addon"]
    places = [seen.json()["callback_url"]
              for seen in supplier.desk.asked("POST")]
    world.call(supplier, "PUT", behind(world, places[1]),
               {"config": {url: f"{MARK}-two"}}, want=200)
    same(world.values(app), dict(before, SPARE_URL=f"{MARK}-two"), "values")
    shown = world.call(app.owner, "GET", app.path(f"/addons/{two['id']}"),
                       want=200).data["addon"]
    same(shown["status"], "running", "the second")
    for addon, place in ((one, places[0]), (two, places[1])):
        found = world.call(supplier, "GET", behind(world, place),
                           want=200).data
        same((found["resource"]["uuid"], found["callback_url"]),
             (addon["id"][3:], place), "shown")
    rows = world.call(supplier, "GET", "/vendor/apps", want=200).data
    same([row["callback_url"] for row in rows], places, "the list")
    world.call(supplier, "PUT", behind(world, places[0]),
               {"config": {key: f"{MARK}-one"}}, want=200)
    same(world.values(app)[key], f"{MARK}-one", "the first")


@scenario("a provider's change restarts every app that has the add-on")
def restarts(world):
    supplier = shared(world, "attachable")
    first = world.app()
    second = world.app(first.owner)
    addon = world.addon(first, supplier)
    attach(world, second, addon, "SPARE")
    hook = world.dir / "hook"
    log = world.dir / "restarted"
    hook.write_text(f"#!/bin/sh\necho $1 >>{log}\n", encoding="utf-8")
    hook.chmod(0o755)
    world.configure(restart_hook=hook)
    try:
        world.call(supplier, "PUT", f"/vendor/apps/{addon['id'][3:]}",
                   {"config": {supplier.variables[0]: f"{MARK}-3"}}, want=200)
        while "another tick" in world.sutler("tick").stdout.decode():
            pass
    finally:
        world.configure(restart_hook=None)
    same(sorted(set(log.read_text(encoding="utf-8").split())),
         sorted([first.name, second.name]), "restarted")
