"""The operator's command: what it prints, and how it exits."""
import copy
import json
import os
import shutil
import subprocess

import strict
from scenario_base import Unchanged, same, scenario, true
from scenario_manifests import MANIFESTS
from world import MARK


def write(world, manifest, raw=None):
    path = world.dir / f"{world.fresh('file')}.json"
    path.write_bytes(raw if raw is not None
                     else json.dumps(manifest).encode())
    return path


def manifest(world, dialect="scalingo", secure=True) -> dict:
    slug = world.fresh("op")
    base = "https://provider.test" if secure else "http://provider.test"
    return MANIFESTS[dialect](slug, base, [f"{slug.upper()}_URL"], 0)


@scenario("usage: 2, with a word on stderr", every_door=False)
def usage(world):
    table = [(), ("nonsense",), ("account",), ("account", "nonsense"),
             ("account", "add"), ("account", "add", "name"),
             ("account", "add", "a", "b@c", "d"), ("account", "show"),
             ("account", "add", "a", "b@c", "--nonsense"),
             ("account", "paying", "a"), ("account", "paying", "a", "maybe"),
             ("provider",), ("provider", "add"), ("provider", "nonsense"),
             ("provider", "add", "f", "--dialect"), ("app", "create", "x"),
             ("app",), ("app", "show"), ("app", "env"),
             ("tick", "nonsense"), ("fsck", "--nonsense")]
    for words in table:
        with Unchanged(world, str(words)):
            done = world.sutler(*words, want=2)
            true(done.stderr, f"{words}: nothing on stderr")
            same(done.stdout, b"", f"{words}: stdout")


@scenario("what is refused or not there: 1, and why", every_door=False)
def refused(world):
    table = [("account", "show", "nobody"), ("account", "disable", "nobody"),
             ("account", "enable", "nobody"), ("account", "token", "nobody"),
             ("account", "paying", "nobody", "on"),
             ("account", "show", "../x"), ("app", "show", "nowhere"),
             ("app", "log", "nowhere"), ("app", "env", "nowhere"),
             ("app", "create", "fine", "--owner", "nobody"),
             ("provider", "remove", "nowhere"),
             ("provider", "add", "/nonexistent"),
             ("provider", "check", "/nonexistent"),
             ("init", world.data)]
    for words in table:
        with Unchanged(world, str(words)):
            done = world.sutler(*words, want=1)
            true(done.stderr, f"{words}: nothing on stderr")
            same(done.stdout, b"", f"{words}: stdout")


@scenario("init makes a data directory that works at once",
          every_door=False)
def init(world):
    place = world.dir / world.fresh("data")
    conf = world.dir / "other.conf"
    conf.write_text(f"data = {place}\npublic_url = http://x.test\n",
                    encoding="utf-8")
    env = dict(os.environ, SUTLER_CONF=str(conf))
    for words in (("init", place), ("account", "add", "a", "a@example.org"),
                  ("reindex",), ("tick",), ("app", "list")):
        subprocess.run([world.build / "sutler", *words], env=env, check=True,
                       capture_output=True, timeout=60)
    true((place / "store" / ".git").is_dir(), "no store")


@scenario("a broken configuration is refused with file and line",
          every_door=False)
def configuration(world):
    for line in ("nonsense = 1", "page_size = 0", "allow_http = maybe",
                 "provider_timeout = 26", "no equals sign"):
        conf = world.dir / "bad.conf"
        conf.write_text(f"data = {world.data}\npublic_url = http://x.test\n"
                        f"{line}\n", encoding="utf-8")
        done = subprocess.run(
            [world.build / "sutler", "account", "list"],
            env=dict(os.environ, SUTLER_CONF=str(conf)), check=False,
            capture_output=True, timeout=60)
        same(done.returncode, 1, line)
        true(b"bad.conf:3" in done.stderr, f"{line}: {done.stderr!r}")


@scenario("accounts: disable, enable, paying show in what is printed",
          every_door=False)
def accounts(world):
    account = world.account()

    def shown() -> dict:
        text = world.sutler("account", "show", account.name, "--json").stdout
        return strict.loads(text)

    first = shown()
    same((first["name"], first["email"]), (account.name, account.email),
         "account")
    for words, key, value in (
            (("disable", account.name), "disabled", True),
            (("enable", account.name), "disabled", False),
            (("paying", account.name, "on"), "paying", True),
            (("paying", account.name, "off"), "paying", False)):
        world.sutler("account", *words)
        same(shown()[key], value, f"{words}")
        with Unchanged(world, f"{words} again"):
            world.sutler("account", *words)


@scenario("provider check tells every rule that is broken, with its path",
          every_door=False)
def provider_check(world):
    good = manifest(world)
    world.sutler("provider", "check", write(world, good))

    def spoil(*path, value=None):
        bad = copy.deepcopy(good)
        inner = bad
        for key in path[:-1]:
            inner = inner[key]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        return bad

    table = [(spoil("password"), b"password"), (spoil("username"),
                                                b"username"),
             (spoil("sso_salt"), b"sso_salt"), (spoil("plans"), b"plans"),
             (spoil("plans", value=[]), b"plans"),
             (spoil("config_vars", value="A"), b"config_vars"),
             (spoil("config_vars", value=["PATH"]), b"config_vars[0]"),
             (spoil("config_vars", value=["A", "B C"]), b"config_vars[1]"),
             (spoil("production", "base_url"), b"production.base_url")]
    for bad, path in table:
        with Unchanged(world):
            done = world.sutler("provider", "check", write(world, bad),
                                "--dialect", "scalingo", want=1)
            said = done.stdout + done.stderr
            true(path in said, f"{path} is not named: {said!r}")
            world.sutler("provider", "add", write(world, bad), "--dialect",
                         "scalingo", want=1)
    both = spoil("password")
    del both["sso_salt"]
    done = world.sutler("provider", "check", write(world, both),
                        "--dialect", "scalingo", want=1)
    said = done.stdout + done.stderr
    true(b"password" in said and b"sso_salt" in said, f"only one: {said!r}")


@scenario("files that are no manifest are refused", every_door=False)
def no_manifest(world):
    for raw in (b"", b"{", b"[]", b"null", b"{}", b'{"id":"x","id":"y"}',
                b"\xff", b"[" * 100000, b'{"id": "' + b"x" * (1 << 21)):
        with Unchanged(world, repr(raw[:20])):
            path = write(world, None, raw)
            for word in ("check", "add"):
                world.sutler("provider", word, path, "--dialect",
                             "scalingo", want=1)


@scenario("a dialect is told by the manifest's shape", every_door=False)
def guess(world):
    for dialect in MANIFESTS:
        found = manifest(world, dialect)
        slug = world.fresh("guess")
        world.sutler("provider", "add", write(world, found), "--slug", slug)
        text = world.sutler("provider", "list", "--json").stdout
        true(slug.encode() in text, f"{slug} is not listed")
        strict.loads(text)
        rows = [line for line in world.sutler("provider", "list")
                .stdout.decode().splitlines() if slug in line]
        true(rows and dialect in rows[0], f"{slug}: {rows}, not {dialect}")
        world.sutler("provider", "remove", slug)
        true(slug.encode() not in world.sutler("provider", "list").stdout,
             f"{slug} is still listed")


@scenario("slugs and user names are nobody else's", every_door=False)
def unique(world):
    first = manifest(world)
    slug = world.fresh("uniq")
    world.sutler("provider", "add", write(world, first), "--slug", slug)
    second = manifest(world)
    same_user = dict(manifest(world), username=first["username"])
    as_heroku = manifest(world, "heroku")
    as_heroku["id"] = first["username"].replace("_", "-")
    same(as_heroku["id"], first["username"], "the test's own name")
    with Unchanged(world):
        world.sutler("provider", "add", write(world, second), "--slug", slug,
                     want=1)
        for other in (same_user, as_heroku):
            world.sutler("provider", "add", write(world, other), "--slug",
                         world.fresh("uniq"), want=1)
        for bad in ("A", "../x", "a/b", "", "-a", "a" * 65, "a b"):
            world.sutler("provider", "add", write(world, second), "--slug",
                         bad, want=1)


@scenario("a provider with installations is not removed")
def remove_used(world):
    supplier = world.provider("scalingo")
    world.addon(world.app(), supplier)
    with Unchanged(world):
        world.sutler("provider", "remove", supplier.slug, want=1)


@scenario("app create, list, show and log")
def apps(world):
    owner = world.account()
    name = world.fresh("app")
    world.sutler("app", "create", name, "--owner", owner.name)
    found = world.call(owner, "GET", f"/v1/apps/{name}", want=200)
    app = found.data["app"]
    world.call(owner, "POST", f"/v1/apps/{name}/variables",
               {"variable": {"name": "ONE", "value": MARK}}, want=201)
    for words in (("list",), ("show", name), ("log", name)):
        for more in ((), ("--json",)):
            text = world.sutler("app", *words, *more).stdout
            true(text.strip(), f"{words}: nothing")
            true(name.encode() in text, f"{words}: {text!r}")
            if more and words[0] != "log":
                true(app["id"].encode() in text, f"{words}: {text!r}")
            if more:
                for line in text.splitlines() if words[0] == "log" and \
                        text[:1] != b"[" else [text]:
                    strict.loads(line)
    true(MARK.encode() not in world.sutler("app", "log", name).stdout,
         "a value in the log")


@scenario("app env prints lines that a shell takes back exactly")
def env(world):
    app, supplier = world.app(), world.provider("scalingo")
    world.addon(app, supplier)
    odd = {"A": "it's \"odd\" $HOME `id` \\ \\n", "B": "  spaces ",
           "C": "ünï", "D": "#x;y&z|*?", "E": "-n", "F": "x" * 5000}
    world.call(app.owner, "PUT", app.path("/variables"), {
        "variables": [{"name": k, "value": v} for k, v in odd.items()]},
        want=200)
    text = world.sutler("app", "env", app.name).stdout
    script = b"set -a\n" + text + b'\nexec python3 -c "import os,json;' + \
        b'print(json.dumps(dict(os.environ)))"\n'
    done = subprocess.run(["sh", "-eu"], input=script, check=True,
                          capture_output=True, timeout=60)
    found = json.loads(done.stdout)
    for name, value in {**odd, **supplier.desk.values()}.items():
        same(found.get(name), value, name)


def upkeep(world, *words):
    """A command that leaves every record, and the index, as it is."""
    app = world.app()
    world.addon(app, world.provider("heroku"))
    world.sutler("tick")   # what other scenarios left
    before = index_of(world)
    with Unchanged(world, f"{words}"):
        world.sutler(*words)
    same(index_of(world), before, f"the index after {words}")
    world.fsck()
    world.call(app.owner, "GET", app.path(), want=200)


@scenario("reindex makes the same index, byte for byte", every_door=False)
def reindex(world):
    upkeep(world, "reindex")


@scenario("tick and open change nothing where nothing is owed",
          every_door=False)
def tick(world):
    upkeep(world, "tick")
    upkeep(world, "open")


@scenario("pack leaves every record as it is", every_door=False)
def pack(world):
    upkeep(world, "pack")


@scenario("fsck finds nothing to mend in a sound store", every_door=False)
def fsck(world):
    upkeep(world, "fsck")
    upkeep(world, "fsck", "--repair")


def index_of(world) -> dict:
    root = world.data / "index"
    return {str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*") if path.is_file()}


@scenario("an index that is lost is made anew by itself")
def index_lost(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    shutil.rmtree(world.data / "index")
    world.call(app.owner, "GET", f"/v1/apps/{app.id}", want=200)
    found = world.call(supplier, "GET", "/vendor/apps", want=200).data
    same([row["resource"]["uuid"] for row in found], [addon["id"][3:]],
         "list")
