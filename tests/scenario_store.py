"""The store as an administrator finds it: a git repository in place."""
import hashlib
import json
import subprocess

from scenario_accounts import exchange
from scenario_base import (Commits, Unchanged, events, same, scenario,
                           trailers, true)
from world import MARK


def setting(world):
    app, supplier = world.app(), world.provider("scalingo")
    return app, supplier, world.addon(app, supplier)


@scenario("git log and git fsck work in place")
def log_in_place(world):
    app, _, _ = setting(world)
    text = world.git("log", "--oneline", "--", f"apps/*/{app.name}.json")
    same(len(text.splitlines()), 3, f"commits of the app: {text}")
    same(world.git("config", "core.bare").strip(), "true", "core.bare")
    true(not (world.store / ".git" / "index").exists(), "there is an index")
    world.fsck()


@scenario("records stand where their names' hash says, and read well")
def record_files(world):
    app, _, addon = setting(world)
    names = [name for name in world.contents()
             if name.endswith(f"/{app.name}.json")]
    same(len(names), 1, "files of the app")
    digest = hashlib.sha1(app.name.encode()).hexdigest()
    same(names[0], f"apps/{digest[:2]}/{digest[2:4]}/{app.name}.json",
         "path")
    text = world.contents()[names[0]].decode("utf-8")
    record = json.loads(text)
    same((record["id"], record["name"]), (app.id, app.name), "record")
    true(addon["id"] in text, "the add-on is not in the app's file")
    true(text.endswith("}\n") and len(text.splitlines()) > 10, "not pretty")


@scenario("one variable is one line of the history")
def one_line(world):
    app = world.app()
    rows = [{"name": name, "value": MARK} for name in ("A", "B", "C")]
    world.call(app.owner, "PUT", app.path("/variables"),
               {"variables": rows}, want=200)
    rows[1]["value"] = f"{MARK}-new"
    world.call(app.owner, "PUT", app.path("/variables"),
               {"variables": rows}, want=200)
    text = world.git("show", "--format=", "HEAD")
    lines = [line for line in text.splitlines()
             if line[:1] in "+-" and line[:3] not in ("+++", "---")
             and "updated_at" not in line]
    same(len(lines), 2, f"changed lines {lines}")
    true(all(MARK in line for line in lines), f"{lines}")


@scenario("a commit says what, who, on what and by which request")
def message(world):
    app, supplier, addon = setting(world)
    before = world.head()
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "ONE", "value": MARK}}, want=201)
    world.call(supplier, "PATCH", f"/v1/provider/apps/{app.id}",
               {"config": {supplier.variables[0]: MARK}}, want=200)
    user, provider = world.messages(before)
    for text, actor in ((user, app.owner.name), (provider, supplier.slug)):
        subject = text.splitlines()[0]
        true(subject.startswith(f"{app.name}: "), f"subject {subject}")
        found = trailers(text)
        same(found["App"], [f"{app.id} {app.name}"], "App")
        true(actor in found["Actor"][0], f"Actor {found['Actor']}")
        true(found["Request-Id"][0], "Request-Id")
    same(trailers(provider)["Addon"], [addon["id"]], "Addon")
    same(events(user)[0]["type"], "new_variable", "the user's event")
    true("edit_variable" in events(provider)[0]["type"], "the provider's")
    authors = world.git("log", "-2", "--format=%an <%ae>|%cn").splitlines()
    true(supplier.slug in authors[0] or supplier.manifest["name"]
         in authors[0], f"author {authors[0]}")
    true(app.owner.email in authors[1], f"author {authors[1]}")
    true(all("sutler" in line.split("|")[1] for line in authors), "committer")


@scenario("events of an add-on's life")
def addon_events(world):
    app, supplier = world.app(), world.provider("scalingo")
    before = world.head()
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}")
    world.call(app.owner, "PATCH", path,
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    world.call(app.owner, "DELETE", path, want=204)
    made = world.messages(before)
    kinds = [event["type"] for text in made for event in events(text)]
    for kind in ("new_addon", "upgrade_addon", "delete_addon"):
        same(kinds.count(kind), 1, f"{kind} among {kinds}")
    same(events(made[0]), [], "events of an intent")
    for text in made:
        true(addon["id"] in trailers(text).get("Addon", []), text)


@scenario("the request's id stands in the answer and in the commit")
def request_id(world):
    app = world.app()
    found = world.call(app.owner, "POST", app.path("/variables"),
                       {"variable": {"name": "ONE", "value": MARK}},
                       want=201)
    word = found.answer.header("X-Request-Id")
    true(word, "no X-Request-Id")
    same(trailers(world.messages()[-1])["Request-Id"], [word], "Request-Id")


@scenario("nothing that is read makes a commit")
def reads(world):
    app, supplier, addon = setting(world)
    path = app.path(f"/addons/{addon['id']}")
    with Unchanged(world):
        for target in ("/v1/apps", app.path(), app.path("/variables"),
                       app.path("/addons"), path, f"{path}/sso",
                       "/v1/users/self", "/v1/regions",
                       "/v1/addon_providers", "/v1/addon_categories"):
            world.call(app.owner, "GET", target, want=200)
        world.call(app.owner, "POST", f"{path}/token", want=200)
        world.call(supplier, "GET", "/v1/provider/apps", want=200)
        for words in (("account", "list"), ("provider", "list"),
                      ("app", "list"), ("app", "show", app.name),
                      ("app", "log", app.name), ("app", "env", app.name),
                      ("open",)):
            world.sutler(*words)


@scenario("an administrator's edit is taken as found, by the next write")
def edited(world):
    app = world.app()
    name = next(name for name in world.contents()
                if name.endswith(f"/{app.name}.json"))
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "ONE", "value": MARK}}, want=201)
    place = world.store / name
    record = json.loads(place.read_text(encoding="utf-8"))
    record["variables"]["ONE"] = f"{MARK}-edited"
    place.write_text(json.dumps(record, indent="\t"), encoding="utf-8")
    same(world.values(app), {"ONE": f"{MARK}-edited"}, "variables")
    with Commits(world, 2):   # the edit as found, and the write
        world.call(app.owner, "POST", app.path("/variables"),
                   {"variable": {"name": "TWO", "value": MARK}}, want=201)
    same(world.values(app), {"ONE": f"{MARK}-edited", "TWO": MARK},
         "variables")


@scenario("a record that was spoilt answers 503, and others go on")
def spoilt(world):
    app, other = world.app(), world.app()
    name = next(name for name in world.contents()
                if name.endswith(f"/{app.name}.json"))
    place = world.store / name
    text = place.read_bytes()
    place.write_bytes(text[:-20])
    try:
        world.call(app.owner, "GET", app.path(), want=503)
        world.call(app.owner, "POST", app.path("/variables"),
                   {"variable": {"name": "A", "value": MARK}}, want=503)
        world.call(other.owner, "POST", other.path("/variables"),
                   {"variable": {"name": "A", "value": MARK}}, want=201)
        same(place.read_bytes(), text[:-20], "the spoilt file")
    finally:
        place.write_bytes(text)
    world.call(app.owner, "GET", app.path(), want=200)


@scenario("a token taken out of its record ends its JWTs at once")
def token_removed(world):
    account = world.account()
    name = next(name for name in world.contents()
                if name.endswith(f"/{account.name}.json"))
    jwt = exchange(world, account.token)
    place = world.store / name
    record = json.loads(place.read_text(encoding="utf-8"))
    true(len(record["tokens"]) == 1, f"tokens of {record}")
    record["tokens"] = type(record["tokens"])()
    place.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for word in (jwt, account.token):
        world.call(f"Bearer {word}", "GET", "/v1/users/self", want=401)
    world.sutler("account", "paying", account.name, "on")   # commits it
    world.call(f"Bearer {jwt}", "GET", "/v1/users/self", want=401)


@scenario("git clone is a whole backup")
def clone(world):
    setting(world)
    target = world.dir / world.fresh("clone")
    subprocess.run(["git", "clone", "-q", world.store, target], check=True,
                   capture_output=True, timeout=60)
    found = {str(path.relative_to(target)): path.read_bytes()
             for path in target.rglob("*") if path.is_file() and
             path.relative_to(target).parts[0] != ".git"}
    same(set(found), set(world.contents()), "files of the clone")
    same(found, world.contents(), "contents of the clone")


@scenario("a push into the store is refused, with a word on what to do")
def push(world):
    setting(world)
    target = world.dir / world.fresh("clone")
    quiet = {"capture_output": True, "timeout": 60}
    subprocess.run(["git", "clone", "-q", world.store, target], check=True,
                   **quiet)
    subprocess.run(
        ["git", "-C", target, "-c", "user.name=x", "-c", "user.email=x@y",
         "commit", "-q", "--allow-empty", "-m", "x"], check=True, **quiet)
    with Unchanged(world):
        done = subprocess.run(["git", "-C", target, "push", "origin",
                               "HEAD"], check=False, **quiet)
        true(done.returncode != 0, "the push went through")
        true(b"remote:" in done.stderr, f"no word: {done.stderr!r}")


@scenario("the key is its owner's alone")
def key_mode(world):
    same((world.data / "key").stat().st_mode & 0o777, 0o600, "mode of key")
