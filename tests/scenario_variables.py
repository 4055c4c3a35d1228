"""An app's variables: the owner's one by one and in bulk, the add-ons'."""
from scenario_base import (Commits, Unchanged, events, same, scenario,
                           true)
from world import MARK

ODD_VALUES = ["s3cret", "two\nlines", 'quo"te', "back\\slash", "ünï ✓ 🜁",
              "$OTHER", "a=b", "'single'", " spaces ", "#hash", "tab\there",
              "\u2028", "<b>&amp;", "0", "x" * 32768]


def set_one(world, app, name, value, want=201):
    return world.call(app.owner, "POST", app.path("/variables"),
                      {"variable": {"name": name, "value": value}},
                      want=want)


def set_many(world, app, pairs, want=200):
    rows = [{"id": "", "name": name, "value": value}
            for name, value in pairs.items()]
    return world.call(app.owner, "PUT", app.path("/variables"),
                      {"variables": rows}, want=want)


def mark_of(var: dict):
    return var.get("addon") or var.get("addon_id")


@scenario("a variable is made, changed and removed, one commit each")
def one_by_one(world):
    app = world.app()
    with Commits(world, 1):
        made = set_one(world, app, "ONE", MARK).data["variable"]
    same((made["name"], made["value"]), ("ONE", MARK), "variable")
    same(made["app_id"], app.id, "app_id")
    path = app.path(f"/variables/{made['id']}")
    for method, value in (("PATCH", f"{MARK}-2"), ("PUT", f"{MARK}-3")):
        with Commits(world, 1):
            found = world.call(app.owner, method, path,
                               {"variable": {"value": value}}, want=200)
        same(found.data["variable"], dict(made, value=value), method)
        same(world.values(app), {"ONE": value}, "variables")
    with Commits(world, 1):
        world.call(app.owner, "DELETE", path, want=204)
    same(world.values(app), {}, "variables")
    for method in ("DELETE", "PATCH"):
        found = world.call(app.owner, method, path,
                           {"variable": {"value": "x"}}, want=404)
        same(found.data["resource"], "variable", "resource")


@scenario("many are set with one call and one commit")
def bulk(world):
    app = world.app()
    set_many(world, app, {"A": MARK, "B": MARK})
    before = world.head()
    found = set_many(world, app, {"B": f"{MARK}2", "C": MARK, "D": MARK})
    same({var["name"]: var["value"] for var in found.data["variables"]},
         {"B": f"{MARK}2", "C": MARK, "D": MARK}, "the affected ones")
    made = world.messages(before)
    same(len(made), 1, "commits")
    said = events(made[0])
    same(len(said), 1, f"events {said}")
    same(said[0]["type"], "edit_variables", "event")
    same(world.values(app), {"A": MARK, "B": f"{MARK}2", "C": MARK,
                             "D": MARK}, "variables")


@scenario("many are removed with one call and one commit")
def bulk_delete(world):
    app = world.app()
    set_many(world, app, {name: MARK for name in "ABCDE"})
    ids = {name: var["id"] for name, var in world.variables(app).items()}
    with Commits(world, 1):
        world.call(app.owner, "DELETE", app.path("/variables"),
                   {"variable_ids": [ids["A"], ids["B"]]}, want=204)
    same(sorted(world.values(app)), ["C", "D", "E"], "variables")
    with Commits(world, 1):
        world.call(app.owner, "DELETE", app.path(
            f"/variables?variable_ids[]={ids['C']}"
            f"&variable_ids%5B%5D={ids['D']}"), want=204)
    same(sorted(world.values(app)), ["E"], "variables")
    with Unchanged(world):
        world.call(app.owner, "DELETE", app.path("/variables"),
                   {"variable_ids": [ids["E"], "nowhere"]}, want=404)


@scenario("a call that changes nothing makes no commit")
def no_change(world):
    app = world.app()
    made = set_one(world, app, "ONE", MARK).data["variable"]
    with Unchanged(world):
        set_many(world, app, {"ONE": MARK})
        world.call(app.owner, "PATCH", app.path(f"/variables/{made['id']}"),
                   {"variable": {"value": MARK}}, want=200)


@scenario("values come back as they were sent")
def values_kept(world):
    app = world.app()
    pairs = {f"V{i}": value for i, value in enumerate(ODD_VALUES)}
    set_many(world, app, pairs)
    same(world.values(app), pairs, "variables")
    one = world.app(app.owner)
    for name, value in pairs.items():
        set_one(world, one, name, value)
    same(world.values(one), pairs, "variables")


@scenario("one variable that breaks a rule holds back the whole call")
def all_or_nothing(world):
    app = world.app()
    set_one(world, app, "A", MARK)
    for name, value in (("1B", MARK), ("B", ""), ("B", "x" * 32769),
                        ("B-C", MARK), ("B" * 65, MARK)):
        with Unchanged(world, f"{name:.9} {value:.9}"):
            set_many(world, app, {"A": "new", name: value}, want=422)


@scenario("names and values that break the rules are refused")
def bad_variables(world):
    app = world.app()
    table = [("", MARK, "name"), ("1A", MARK, "name"), ("_A", MARK, "name"),
             ("A B", MARK, "name"), ("A=B", MARK, "name"),
             ("A\nB", MARK, "name"), ("É", MARK, "name"),
             ("A" * 65, MARK, "name"), ("A", "", "value"),
             ("A", "x" * 32769, "value")]
    for name, value, field in table:
        with Unchanged(world, f"{name:.9} {value:.9}"):
            found = set_one(world, app, name, value, want=422)
            true(field in found.data["errors"], f"{name!r}: {found}")
    set_one(world, app, "A" * 64, MARK)


@scenario("an alias is shown as it is, or resolved where asked")
def aliases(world):
    app = world.app()
    set_many(world, app, {"REAL": MARK, "OTHER": "$REAL"})
    for query, wanted in (("", "$REAL"), ("?aliases=true", "$REAL"),
                          ("?aliases=false", MARK)):
        found = world.call(app.owner, "GET", app.path(f"/variables{query}"),
                           want=200).data["variables"]
        same({var["name"]: var["value"] for var in found}["OTHER"], wanted,
             f"OTHER{query}")


@scenario("an add-on's variables are shown and marked")
def marked(world):
    app = world.app()
    supplier = world.provider("scalingo")
    set_one(world, app, "MINE", MARK)
    world.addon(app, supplier)
    found = world.variables(app)
    same(set(found), {"MINE", supplier.variables[0]}, "names")
    true(not mark_of(found["MINE"]), "the owner's is marked")
    true(mark_of(found[supplier.variables[0]]), "the add-on's is not")


@scenario("an owner does not overwrite or remove an add-on's variable")
def protected(world):
    app = world.app()
    supplier = world.provider("scalingo")
    world.addon(app, supplier)
    name = supplier.variables[0]
    path = app.path(f"/variables/{world.variables(app)[name]['id']}")
    with Unchanged(world):
        set_one(world, app, name, "mine", want=422)
        set_many(world, app, {"OTHER": "x", name: "mine"}, want=422)
        world.call(app.owner, "PATCH", path, {"variable": {"value": "mine"}},
                   want=422)
        world.call(app.owner, "DELETE", path, want=422)
        world.call(app.owner, "DELETE", app.path("/variables"),
                   {"variable_ids": [path.rsplit("/", 1)[1]]}, want=422)


@scenario("a variable of another app is not found")
def other_app(world):
    app = world.app()
    other = world.app(app.owner)
    made = set_one(world, other, "ONE", MARK).data["variable"]
    with Unchanged(world):
        for method in ("DELETE", "PATCH"):
            world.call(app.owner, method,
                       app.path(f"/variables/{made['id']}"),
                       {"variable": {"value": "x"}}, want=404)


@scenario("the same name twice in one call")
def twice(world):
    app = world.app()
    rows = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    found = world.call(app.owner, "PUT", app.path("/variables"),
                       {"variables": rows})
    if found.status == 200:   # then the last one holds, once
        same(world.values(app), {"A": "2"}, "variables")
    else:
        same(found.status, 422, "status")
        same(world.values(app), {}, "variables")


@scenario("the event of a call names what it changed, and that alone")
def told_alone(world):
    app = world.app()
    set_many(world, app, {"A": MARK, "B": MARK})
    rows = world.variables(app)
    for pairs, kind in (({"A": "2", "B": MARK}, ("edit_variable", "A")),
                        ({"C": "1", "B": MARK}, ("new_variable", "C")),
                        ({"B": "2", "A": "2"}, ("edit_variable", "B"))):
        before = world.head()
        set_many(world, app, pairs)
        said = [event for text in world.messages(before)
                for event in events(text)]
        same([(one["type"], one.get("name")) for one in said], [kind],
             f"events of {pairs}")
    before = world.head()
    found = world.call(app.owner, "PUT", app.path("/variables"), {
        "variables": [{"name": "D", "value": "1"},
                      {"name": "D", "value": "2"}]}, want=200)
    same([var["value"] for var in found.data["variables"]], ["2"],
         "the last one holds, and is answered once")
    world.call(app.owner, "DELETE", app.path("/variables"), {
        "variable_ids": [rows["A"]["id"], rows["A"]["id"]]}, want=204)
    said = [event for text in world.messages(before)
            for event in events(text)]
    same([(one["type"], one.get("name")) for one in said],
         [("new_variable", "D"), ("delete_variable", "A")], "named twice")
