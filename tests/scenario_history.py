"""What an app's history says: differences, and one variable's changes."""
import json
import os
import pty
import subprocess
import time

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


@scenario("app rollback: a dry run, some names, all; in colour on a terminal",
          every_door=False)
def by_command(world):
    app = world.app()
    set_one(world, app, "ONE", f"{MARK}-1")
    point = set_one(world, app, "TWO", f"{MARK}-1")
    set_one(world, app, "ONE", f"{MARK}-2")
    set_one(world, app, "TWO", f"{MARK}-2")
    head = world.head()
    done = world.sutler("app", "rollback", app.name, point, "--dry-run")
    same(done.stdout, b"changed\tONE\trestored\tnull\n"
                      b"changed\tTWO\trestored\tnull\n", "rows")
    true(b"dry run" in done.stderr, str(done.stderr))
    same(world.head(), head, "nothing was done")
    world.sutler("app", "rollback", app.name, point[:8], "TWO")
    same(world.values(app), {"ONE": f"{MARK}-2", "TWO": f"{MARK}-1"}, "one")
    same(world.messages()[-1].splitlines()[0],
         f"{app.name}: back to {point[:10]}: TWO", "subject")
    world.sutler("app", "rollback", app.name, point, "NEVER", want=1)
    done = json.loads(world.sutler("app", "rollback", app.name, point,
                                   "--json").stdout)
    same((done["commit"], done["variables"][0]["name"]),
         (world.head(), "ONE"), "as JSON")
    for words, colour in ((("diff", app.name, head), "36"),
                          (("log", app.name), "33")):
        shown = on_terminal(world, "app", *words)
        true(f"\033[{colour}m" in shown, repr(shown))
        plain = on_terminal(world, "app", *words, NO_COLOR="1")
        true("\033" not in plain, repr(plain))


def on_terminal(world, *words, **env) -> str:
    """What the command prints on a terminal."""
    outer, inner = pty.openpty()
    try:
        subprocess.run([world.build / "sutler", *words], stdout=inner,
                       stdin=subprocess.DEVNULL, check=True, timeout=30,
                       env={**os.environ, "TERM": "xterm", "NO_COLOR": "",
                            "SUTLER_CONF": str(world.conf), **env})
        return os.read(outer, 1 << 16).decode()
    finally:
        os.close(outer)
        os.close(inner)


def read(world, app, rest, who=None, want=200):
    return world.call(who or app.owner, "GET", app.path(rest), want=want).data


def pages(world, app, query) -> list:
    """All rows of a filtered history, which is read on by skip."""
    rows, skip = [], 0
    while skip is not None:
        found = read(world, app, f"/history?{query}&skip={skip}")
        rows += found["history"]
        skip = found["meta"]["next"]
    return rows


@scenario("the API tells an app's commits, page by page, each with what it "
          "changed")
def commits(world):
    supplier = world.provider("scalingo")
    app = world.app()
    set_one(world, app, "COLOUR", f"{MARK}-blue")
    addon = world.addon(app, supplier)
    answer = world.call(app.owner, "PUT", app.path("/variables"), {
        "variables": [{"name": "COLOUR", "value": f"{MARK}-red"}]}, want=200,
        headers={"X-Request-Id": "my-request"})
    same(answer.answer.header("X-Request-Id"), "my-request", "request")
    first = read(world, app, "/history?per_page=2&page=1")
    rows = first["history"] + read(world, app,
                                   "/history?per_page=3&page=2")["history"]
    same(first["meta"]["pagination"]["total_count"], 5, "commits")
    newest = first["history"][0]
    same((newest["id"], newest["subject"], newest["author"]["email"],
          newest["actor"].split()[0], newest["request_id"],
          [event["type"] for event in newest["events"]]),
         (world.head(), f"{app.name}: set COLOUR", app.owner.email, "user",
          "my-request", ["edit_variable"]), "newest")
    same(len(first["history"][1]["exchanges"]), 1, "the call that caused it")
    same(rows[1]["addon_id"], addon["id"], "add-on")
    shown = read(world, app, f"/history/{newest['id'][:10]}")
    same(shown["commit"], newest, "one commit")
    same([(v["name"], v["change"], v["old"], v["new"])
          for v in shown["diff"]["variables"]],
         [("COLOUR", "changed", None, None)], "its diff")
    shown = read(world, app, f"/history/{newest['id']}?values=true")
    same([(v["old"], v["new"]) for v in shown["diff"]["variables"]],
         [(f"{MARK}-blue", f"{MARK}-red")], "with values")
    true(MARK not in str(first), "no value in the list")
    other = world.app()
    for path in (f"/history/{world.head()}", "/history/0123abcd"):
        read(world, app, path, want=404)   # another app's
    read(world, app, "/history/zz", want=400)
    read(world, app, "/history", who=other.owner, want=404)
    read(world, app, "/history/1999-01-01T00:00:00Z", want=404)


@scenario("a history is filtered by actor, by add-on and by variable")
def filtered(world):
    supplier = world.provider("scalingo")
    app = world.app()
    addon, other = world.addon(app, supplier), world.addon(
        app, world.provider("scalingo"))
    set_one(world, app, "KEY", f"{MARK}-1")
    url = supplier.variables[0]
    world.call(supplier, "PATCH", f"/v1/provider/apps/{addon['id']}",
               {"config": {url: f"{MARK}-2"}}, want=200)
    set_one(world, app, "KEY", f"{MARK}-3")
    whole = read(world, app, "/history?per_page=100")["history"]
    for query, chosen in (
            (f"actor={supplier.slug}",
             lambda row: row["actor"] == f"provider {supplier.slug}"),
            (f"actor={app.owner.name}",
             lambda row: row["actor"].endswith(f" {app.owner.name}")),
            (f"addon={addon['id']}",
             lambda row: row["addon_id"] == addon["id"]),
            (f"addon={other['id']}&actor={app.owner.name}",
             lambda row: row["addon_id"] == other["id"]),
            ("variable=KEY", lambda row: "set KEY" in row["subject"]),
            ("actor=nobody", lambda row: False)):
        want = [row for row in whole if chosen(row)]
        true(bool(want) == (query != "actor=nobody"), query)
        same(pages(world, app, query), want, query)
        if "variable" not in query:
            same(pages(world, app, query + "&per_page=1"), want, query)
    read(world, app, "/history?variable=KEY&actor=x", want=400)
    changes = read(world, app, f"/variables/{url}/history?values=true")
    same([(row["change"], row["value"], row["commit"]["actor"].split()[0])
          for row in changes["history"]][0],
         ("changed", f"{MARK}-2", "provider"), "the provider's change")
    same(changes["meta"]["next"], None, "all of it")
    same([row["value"] for row in
          read(world, app, "/variables/KEY/history")["history"]],
         [None, None], "masked")


@scenario("an app's variables as they were, by a commit or a time; a "
          "difference between two points")
def then(world):
    supplier = world.provider("scalingo")
    app = world.app()
    start = world.head()
    first = set_one(world, app, "KEY", f"{MARK}-1")
    addon = world.addon(app, supplier)
    middle = world.head()
    when = read(world, app, f"/history/{middle}")["commit"]["created_at"]
    time.sleep(1.1)   # commits know their second
    set_one(world, app, "KEY", f"{MARK}-2")
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)

    def at(point):
        return {row["name"]: row["value"] for row in
                read(world, app, f"/variables?at={point}")["variables"]}
    same(at(start), {}, "at first")
    same(at(first), {"KEY": f"{MARK}-1"}, "after the first")
    same(set(at(middle)), {"KEY", supplier.variables[0]}, "with its add-on")
    same(at(when), at(middle), "by time")
    same(at(world.head()), world.values(app), "now")
    read(world, app, "/variables?at=1999-01-01T00:00:00Z", want=404)
    read(world, app, "/variables?at=yesterday", want=400)
    found = read(world, app, f"/diff?from={first}&to={middle}")["diff"]
    same([(a["change"], a["new"]["plan"]) for a in found["addons"]],
         [("added", "small")], "add-ons")
    found = read(world, app, f"/diff?from={middle}")["diff"]
    same([(v["name"], v["change"]) for v in found["variables"]],
         [("KEY", "changed"), (supplier.variables[0], "removed")], "until now")
    read(world, app, "/diff", want=400)
    read(world, app, "/diff?from=zz", want=400)


@scenario("a limited collaborator sees the history, and no value")
def limited(world):
    from scenario_collaborators import join
    app, guest = world.app(), world.account()
    first = set_one(world, app, "KEY", f"{MARK}-1")
    join(world, app, guest, limited=True)
    for path in (f"/history/{first}", f"/diff?from={first}",
                 "/variables/KEY/history"):
        shown = read(world, app, path, who=guest)
        true(MARK not in str(shown), f"{path}: {shown}")
        more = path + ("&" if "?" in path else "?") + "values=true"
        read(world, app, more, who=guest, want=403)
        read(world, app, more)
    shown = read(world, app, f"/variables?at={first}", who=guest)
    same([row["value"] for row in shown["variables"]], [None], "masked")
    world.call(guest, "POST", app.path("/rollback"), {"to": first}, want=403)
