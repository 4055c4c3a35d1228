"""Changes that come as a branch, pushed into the store with git."""
import json
import subprocess

from scenario_base import (Commits, Unchanged, events, same, scenario,
                           trailers, true)
from scenario_history import set_one
from scenario_operator_page import TOP, operator
from world import MARK


class Clone:
    """A clone of the store, to propose changes with."""

    def __init__(self, world):
        self.world = world
        self.dir = world.dir / world.fresh("clone")
        self.run("clone", "-q", str(world.store), str(self.dir), cwd=world.dir)

    def run(self, *words, cwd=None):
        subprocess.run(["git", "-c", "user.name=Pat Proposer",
                        "-c", "user.email=pat@example.org", *words],
                       cwd=cwd or self.dir, check=True, capture_output=True,
                       timeout=60)

    def edit(self, path: str, change):
        """change(record), or a text, or None: the file goes."""
        file = self.dir / path
        if change is None:
            file.unlink()
        elif callable(change):
            record = json.loads(file.read_text("utf-8"))
            change(record)
            file.write_text(json.dumps(record, indent="\t") + "\n", "utf-8")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(change, "utf-8")

    def push(self, branch: str, subject: str):
        self.run("checkout", "-q", "-b", branch)
        self.run("add", "-A")
        self.run("commit", "-q", "-m", f"{subject}\n\nBecause.")
        self.run("push", "-q", "origin", branch)


def path_of(world, kind: str, name: str) -> str:
    return next(path for path in world.contents()
                if path.startswith(kind) and path.endswith(f"/{name}.json"))


def show(world, branch: str) -> dict:
    return json.loads(world.sutler("proposal", "show", branch,
                                   "--json").stdout)


def variables(**changes):
    """Set those variables, None: remove."""
    def change(record):
        for name, value in changes.items():
            if value is None:
                del record["variables"][name]
            else:
                record["variables"][name] = value
    return change


@scenario("a branch is a proposal: listed, shown with what it would do, "
          "applied as one commit by its author", every_door=False)
def applied(world):
    app = world.app()
    set_one(world, app, "OLD", f"{MARK}-1")
    set_one(world, app, "GONE", f"{MARK}-1")
    clone = Clone(world)
    clone.edit(path_of(world, "apps/", app.name),
               variables(OLD=f"{MARK}-2", NEW=f"{MARK}-3", GONE=None))
    branch = world.fresh("blue")
    clone.push(branch, "Blue is better")
    rows = json.loads(world.sutler("proposal", "list", "--json").stdout)
    row = next(row for row in rows if row["name"] == branch)
    same((row["author"], row["subject"]),
         ({"name": "Pat Proposer", "email": "pat@example.org"},
          "Blue is better"), "listed")
    with Unchanged(world, "a look"):
        found = show(world, branch)
    same((found["state"], [record["problems"] for record in
                           found["records"]]), ("open", [[]]), "state")
    same(sorted((v["name"], v["change"]) for v in
                found["dry_run"]["variables"]),
         [("GONE", "removed"), ("NEW", "added"), ("OLD", "changed")], "would")
    true(MARK not in str(found), "no value")
    with Commits(world, 1):
        done = world.sutler("proposal", "apply", branch)
    same(done.stdout.decode().strip(), world.head(), "the commit")
    message = world.messages()[-1]
    same(message.splitlines()[0], "proposal: Blue is better", "subject")
    same(events(message), [{
        "type": "edit_variables", "new_vars": ["NEW"],
        "updated_vars": ["OLD"], "deleted_vars": ["GONE"]}], "event")
    same(world.git("log", "-1", "--format=%an <%ae>").strip(),
         "Pat Proposer <pat@example.org>", "author")
    same(world.values(app), {"OLD": f"{MARK}-2", "NEW": f"{MARK}-3"}, "now")
    newest = world.call(app.owner, "GET", app.path("/history"),
                        want=200).data["history"][0]
    same((newest["subject"], newest["author"]["name"],
          newest["actor"].split()[0]),
         ("proposal: Blue is better", "Pat Proposer", "operator"),
         "in the history")
    same(show(world, branch)["state"], "applied", "afterwards")
    with Unchanged(world, "again"):
        world.sutler("proposal", "apply", branch)


@scenario("what may not be proposed is refused, record by record",
          every_door=False)
def refused(world):
    supplier = world.provider("scalingo")
    app, other, third = world.app(), world.app(), world.app()
    world.addon(app, supplier)
    url = supplier.variables[0]

    def steal(record):
        record["addons"] = []

    def rename(record):
        record["name"] = "else"

    def token(record):
        record["tokens"] = []
    cases = {
        "an add-on": (path_of(world, "apps/", app.name), steal, "addons of"),
        "a name": (path_of(world, "apps/", app.name), rename, "name of"),
        "bad name": (path_of(world, "apps/", app.name),
                     variables(**{"2X": "x"}), "name: must start"),
        "LD_PRELOAD": (path_of(world, "apps/", app.name),
                       variables(LD_PRELOAD="x"), "LD_PRELOAD"),
        "taken": (path_of(world, "apps/", app.name), variables(
            **{url: f"{MARK}-mine"}), url),
        "no JSON": (path_of(world, "apps/", app.name), "{", "no JSON"),
        "no app": (path_of(world, "apps/", other.name), '{"id": 1}',
                   "id of an app"),
        "gone": (path_of(world, "apps/", other.name), None, "sutler app"),
        "new": ("apps/00/00/new.json", '{"name": "new"}', "what is made"),
        "tokens": (path_of(world, "accounts/", app.owner.name), token,
                   "tokens of an account"),
        "provider": (f"providers/{supplier.slug}.json",
                     lambda record: record.update(category="X"),
                     "sutler provider update"),
        "stray": ("README", "hello\n", "no record"),
        "store": ("store.json", '{"format": 2}\n', "no record"),
    }
    for what, (path, change, wanted) in cases.items():
        clone, branch = Clone(world), world.fresh("bad")
        clone.edit(path, change)
        # what is right beside it does not go in without it
        clone.edit(path_of(world, "apps/", third.name),
                   variables(FINE=f"{MARK}-1"))
        clone.push(branch, "No")
        with Unchanged(world, what):
            found = show(world, branch)
            same((found["state"], found["dry_run"]), ("refused", None), what)
            problems = {record["path"]: record["problems"]
                        for record in found["records"]}
            true(wanted in str(problems[path]), f"{what}: {problems}")
            same(problems[path_of(world, "apps/", third.name)], [], what)
            world.sutler("proposal", "apply", branch, want=1)
    world.sutler("proposal", "show", "nowhere", want=1)
    world.sutler("proposal", "show", "main", want=1)


@scenario("a record that changed on main since is not overwritten",
          every_door=False)
def stale(world):
    app = world.app()
    set_one(world, app, "ONE", f"{MARK}-1")
    clone, branch = Clone(world), world.fresh("late")
    clone.edit(path_of(world, "apps/", app.name), variables(ONE=f"{MARK}-2"))
    clone.push(branch, "Late")
    set_one(world, app, "TWO", f"{MARK}-1")
    with Unchanged(world):
        true("rebase" in str(show(world, branch)["records"]), "what to do")
        world.sutler("proposal", "apply", branch, want=1)
    clone.run("fetch", "-q", "origin")
    clone.run("reset", "-q", "--hard", "origin/main")
    clone.edit(path_of(world, "apps/", app.name), variables(ONE=f"{MARK}-2"))
    clone.run("commit", "-q", "-a", "-m", "Late")
    clone.run("push", "-q", "--force", "origin", branch)
    world.sutler("proposal", "apply", branch)
    same(world.values(app), {"ONE": f"{MARK}-2", "TWO": f"{MARK}-1"}, "now")


@scenario("a proposal for several apps and an account is one commit, in each "
          "app's history", every_door=False)
def several(world):
    one, two = world.app(), world.app()
    clone, branch = Clone(world), world.fresh("many")
    for app in (one, two):
        clone.edit(path_of(world, "apps/", app.name),
                   variables(SHARED=f"{MARK}-{app.name}"))
    clone.edit(path_of(world, "accounts/", one.owner.name),
               lambda record: record.update(paying=True))
    clone.push(branch, "For all")
    with Commits(world, 1):
        world.sutler("proposal", "apply", branch)
    for app, other in ((one, two), (two, one)):
        same(world.values(app), {"SHARED": f"{MARK}-{app.name}"}, "value")
        rows = world.call(app.owner, "GET", app.path("/history"),
                          want=200).data["history"]
        same((rows[0]["subject"], rows[0]["app_name"]),
             ("proposal: For all", app.name), "history")
        true(other.name not in str(rows), "the other's")
        feed = world.call(app.owner, "GET", app.path("/events"), want=200)
        true(other.name not in str(feed.data), "the other's")
        changes = world.call(app.owner, "GET",
                             app.path("/variables/SHARED/history"),
                             want=200).data["history"]
        same([row["change"] for row in changes], ["added"], "its past")
    shown = world.sutler("account", "show", one.owner.name).stdout.decode()
    true("paying" in shown, shown)
    world.sutler("fsck")


@scenario("an operator reads proposals by API, and applies what was looked at")
def by_api(world):
    app, boss = world.app(), operator(world)
    clone, branch = Clone(world), "team/" + world.fresh("green")
    path = path_of(world, "apps/", app.name)
    clone.edit(path, variables(ONE=f"{MARK}-1"))
    clone.push(branch, "Green")
    place = f"{TOP}/proposal?name={branch}"
    rows = world.call(boss, "GET", f"{TOP}/proposals", want=200).data
    row = next(row for row in rows["proposals"] if row["name"] == branch)
    shown = world.call(boss, "GET", place, want=200).data["proposal"]
    same((shown["state"], shown["commit"], shown["records"][0]["path"]),
         ("open", row["commit"], path), "shown")
    same(shown["dry_run"]["variables"][0]["name"], "ONE", "would")
    body = {"name": branch, "commit": row["commit"]}
    with Unchanged(world):
        world.call(app.owner, "POST", f"{TOP}/proposal", body, want=403)
        world.call(boss, "GET", f"{TOP}/proposal", want=400)
        world.call(boss, "GET", f"{TOP}/proposal?name=main", want=404)
        world.call(boss, "POST", f"{TOP}/proposal", {"name": ""}, want=422)
        world.call(boss, "POST", f"{TOP}/proposal",
                   {**body, "commit": "0" * 40}, want=409)
        found = world.call(boss, "POST", f"{TOP}/proposal?dry_run=true", body,
                           want=200).data
        same(found["dry_run"]["subject"], "proposal: Green", "dry run")
    with Commits(world, 1):
        done = world.call(boss, "POST", f"{TOP}/proposal", body,
                          want=200).data
    same(done["commit"], world.head(), "commit")
    same(world.values(app), {"ONE": f"{MARK}-1"}, "now")
    same(trailers(world.messages()[-1])["Actor"][0].split()[-1], boss.name,
         "who applied it")
    same(world.call(boss, "GET", place, want=200).data["proposal"]["state"],
         "applied", "state")
    clone.run("checkout", "-q", "--orphan", "alone")
    clone.run("commit", "-q", "-m", "Alone")
    clone.run("push", "-q", "origin", "alone")
    world.call(boss, "GET", f"{TOP}/proposal?name=alone", want=409)


@scenario("a proposal's subject forges no trailer", every_door=False)
def forged(world):
    app, other = world.app(), world.app()
    for subject in (f"Actor: user us-1 {other.owner.name}",
                    f"App: {other.id} {other.name}",
                    'Event: {"type":"delete_app"}'):
        clone, branch = Clone(world), world.fresh("sly")
        clone.edit(path_of(world, "apps/", app.name),
                   variables(ONE=f"{MARK}-{branch}"))
        clone.push(branch, subject)
        world.sutler("proposal", "apply", branch)
        row = world.call(app.owner, "GET", app.path("/history"),
                         want=200).data["history"][0]
        same((row["subject"], row["actor"].split()[0], row["app_name"],
              [event["type"] for event in row["events"]]),
             (f"proposal: {subject}", "operator", app.name,
              ["edit_variables"]), subject)
