"""No secret where none belongs: canaries are planted as every kind of secret,
requests and calls of every kind succeed and fail, and everything is searched."""
import base64
import json
import os
import re
import secrets
import subprocess
from pathlib import Path

from doors import Direct
from scenario_accounts import exchange as jwt
from scenario_base import scenario, true
from scenario_history import set_one
from scenario_partner import bearer, exchange
from scenario_rollback import back
from scenario_secrets import Sealing, status
from world import SECONDS, World, basic

DIALECTS = ("scalingo", "heroku", "appfog", "heroku-v3", "clevercloud",
            "flynn")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def spellings(canary: bytes):
    """As it is; and what of its Base64 is the same wherever it begins."""
    yield canary
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + canary)
        skip = (0, 2, 3)[shift]
        yield coded[skip:len(coded) - len(coded) % 4 - 4]


class Cage:
    """A world with canaries in it, and all that was said there."""

    def __init__(self, inner: World):
        self.world = inner
        self.canaries = {}   # what it is -> the secret itself
        self.logs = []       # (what was asked, what came on stderr)
        self.refusals = []   # bodies of answers that say no
        self.processes = []  # (name, command line, environment)
        self.request = inner.door.request
        inner.door.request = self.heard

    def plant(self, what: str) -> str:
        name = f"{what}-{len(self.canaries)}"
        self.canaries[name] = f"canary-{secrets.token_hex(12)}"
        return self.canaries[name]

    def keep(self, what: str, secret: str) -> str:
        """One that was made, not planted."""
        self.canaries[f"{what}-{len(self.canaries)}"] = secret
        return secret

    def heard(self, method, target, *rest, **more):
        answer = self.request(method, target, *rest, **more)
        self.logs.append((f"{method} {target}", self.world.door.log))
        if answer.status >= 400:
            self.refusals.append((f"{method} {target}", answer.body))
        return answer

    def sutler(self, *words, **more):
        done = self.world.sutler(*words, **more)
        self.logs.append((f"sutler {words}", done.stderr))
        return done

    def look_at_processes(self, _seen=None):
        """What anybody sees of programs while a provider is asked, and what
        they hand to each other."""
        for place in Path("/proc").glob("[0-9]*"):
            try:
                words, env = (place / "cmdline").read_bytes(), b""
                name = os.fsdecode(words.partition(b"\0")[0])
                try:
                    name = os.readlink(place / "exe")
                    # a CGI program itself has its request there
                    if self.ours(name):
                        env = (place / "environ").read_bytes()
                except PermissionError:
                    pass   # hidden from all but root: from us, unless we are
            except OSError:   # it has gone
                continue
            self.processes.append((name, words, env))

    def ours(self, name: str) -> bool:
        """Is it a program of ours, and none that a server runs?"""
        places = str(self.world.build), str(self.world.dir)
        return name.startswith(places) and \
            not name.startswith(str(self.world.dir / "cgi"))

    def find(self, data: bytes) -> list:
        return [what for what, canary in self.canaries.items()
                for spelling in spellings(canary.encode())
                if spelling in data]

    def search(self, places, what: str):
        found = [(name, self.find(data)) for name, data in places]
        bad = [row for row in found if row[1]]
        true(not bad, f"in {what}: {bad}")


def objects(world) -> bytes:
    """Every object of git's, reachable or not."""
    return subprocess.run(
        ["git", "-C", world.store, "cat-file", "--batch-all-objects",
         "--batch", "--unordered"], capture_output=True, check=True,
        timeout=SECONDS).stdout


def files(world, but=()):
    for path in sorted(world.data.rglob("*")):
        name = str(path.relative_to(world.data))
        if path.is_file() and not re.match("|".join(but) or "$.", name):
            yield name, path.read_bytes()


def provider(cage: Cage, dialect: str):
    def change(manifest):
        api = manifest.get("api", manifest)
        api["password"] = cage.plant(f"{dialect} password")
        if "sso_salt" in api:
            api["sso_salt"] = cage.plant(f"{dialect} salt")
    supplier = cage.world.provider(dialect, change=change)
    for name in supplier.variables:
        supplier.desk.config[name] = cage.plant(f"{dialect} config")
    return supplier


def order(cage: Cage, app, supplier, want=201):
    return cage.world.order(app, supplier, want=want, options={
        "password": cage.plant("option")})


def provider_troubles(cage: Cage, app, supplier):
    """Answers that are refused, cut, mad or never come."""
    world, value = cage.world, cage.plant("answer")
    name = supplier.variables[0]
    for answer, want in (
            ({"status": 422, "body": {"message": "no", "config": {
                name: value}}}, 422),
            ({"status": 500, "body": b"down"}, 503),   # free text is kept
            ({"status": 201, "body": b'{"config":{"A":"' + value.encode()},
             503),
            ({"status": 201, "body": {"id": "r", "config": {
                "PATH": value}}}, None),
            ({"status": 201, "body": {"id": "r", "config": {
                name: value + "x" * 40000}}}, None),
            ({"status": 201, "body": {"id": "r", "config": value}}, None),
            ({"close": True}, 503)):
        supplier.desk.then(**answer)
        order(cage, app, supplier, want)
    for _ in world.owed(app.name):
        cage.sutler("tick", want=None)


def bad_requests(cage: Cage, app, addon, supplier):
    """Requests that are refused, with secrets in their bodies."""
    world, value = cage.world, cage.plant("refused value")
    path = app.path("/variables")
    bodies = (
        {"variables": [{"name": "LD_PRELOAD", "value": value}]},
        {"variables": [{"name": "a-b", "value": value}]},
        {"variables": [{"name": "A", "value": value + "x" * 40000}]},
        {"variables": [{"name": "A", "value": [value]}]},
        {"variables": [{"name": "A", "value": value, "more": value}]},
        {"variables": value}, {"variable": {"value": value}}, value)
    for body in bodies:
        world.call(app.owner, "PUT", path, body)
        world.call(app.owner, "POST", path, body)
    for body in (b'{"variables":[{"name":"A","value":"%s"' % value.encode(),
                 b'{"a":"%s","a":1}' % value.encode(),
                 b'{"variables":[{"name":"A","value":"%s\xff"}]}' %
                 value.encode()):
        world.call(app.owner, "PUT", path, body=body)
    world.call(app.owner, "PUT", path, {"variables": [
        {"name": "A", "value": value}]}, headers={"If-Match": "0" * 40})
    world.call(app.owner, "PUT", path, {"variables": [
        {"name": "DRY", "value": value}]}, headers={"X-Dry-Run": "true"},
        want=200)
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": value}})
    for who in (f"Bearer {value}", basic("", value), basic("x", value),
                basic(supplier.user, value), f"Digest {value}"):
        world.call(who, "GET", app.path(), want=401)
        world.call(who, "GET", "/v1/provider/apps", want=401)
        world.call(who, "POST", "/v1/tokens/exchange", want=401)
    world.call(supplier, "PATCH", f"/v1/provider/apps/{app.id}",
               {"config": {"NOT_DECLARED": value}})
    world.call(supplier, "PATCH", f"/v1/provider/apps/{app.id}",
               {"config": value})
    world.call(None, "POST", "/v1/session", {"token": value})
    world.door_form("/oauth/token", "grant_type=authorization_code&code="
                    f"{value}&client_secret={value}", 401)


def partner_secrets(cage: Cage, app):
    """Tokens, webhooks and log drains of Heroku's version 3."""
    world = cage.world
    supplier = provider(cage, "heroku-v3")
    secret = cage.keep("client secret", cage.sutler(
        "provider", "secret", supplier.slug).stdout.decode().strip())
    addon = order(cage, app, supplier).data["addon"]
    cage.keep("grant", supplier.desk.asked("POST")[-1].json()
              ["oauth_grant"]["code"])
    tokens = exchange(world, supplier, secret)
    cage.keep("access token", tokens["access_token"])
    cage.keep("refresh token", tokens["refresh_token"])
    who, path = bearer(tokens), f"/addons/{addon['id'][3:]}"
    hook = world.mock.desk(world.fresh("hook"))
    world.call(who, "POST", f"{path}/webhooks", {
        "include": ["api:release", "api:addon"], "level": "sync",
        "url": f"{world.mock.url}/{hook.name}/{cage.plant('webhook url')}",
        "secret": cage.plant("webhook secret"),
        "authorization": cage.plant("webhook authorization")}, want=201)
    world.call(who, "PATCH", f"{path}/config", {"config": [
        {"name": supplier.variables[0],
         "value": cage.plant("partner config")}]}, want=200)
    world.call(who, "POST", f"{path}/log-drains", {
        "url": f"https://u:{cage.plant('log drain')}@logs.test/x"})
    world.call(app.owner, "POST", app.path(
        f"/addons/{addon['id']}/log_drains"), {"drain": {
            "type": "elk",
            "url": f"https://u:{cage.plant('owner drain')}@logs.test/x"}})
    set_one(world, app, "TOLD", cage.plant("value"))
    cage.sutler("tick")
    hook.down = True
    set_one(world, app, "TOLD", cage.plant("value"))
    cage.sutler("tick")


def account_secrets(cage: Cage, app):
    world = cage.world
    cage.keep("api token", app.owner.token)
    cage.keep("jwt", jwt(world, app.owner.token))
    made = world.call(app.owner, "POST", "/v1/tokens",
                      {"token": {"name": "second"}}, want=201).data["token"]
    cage.keep("second token", made["token"])
    world.call(None, "POST", "/v1/session", {"token": app.owner.token})
    desk = world.mock.desk(world.fresh("owner"))
    desk.down = True
    cage.keep("notify secret", cage.sutler(
        "account", "notify", app.owner.name,
        f"{world.mock.url}/{desk.name}/{cage.plant('notify url')}"
    ).stdout.decode().strip())


def live(cage: Cage):
    """Everything that there is to do, right and wrong."""
    world = cage.world
    app = world.app(paying=True)
    account_secrets(cage, app)
    suppliers = {dialect: provider(cage, dialect) for dialect in DIALECTS}
    first = suppliers["scalingo"]
    first.desk.then(201, {"id": "r-1", "config": {
        first.variables[0]: cage.plant("slow answer")}},
        during=cage.look_at_processes)
    addon = order(cage, app, first).data["addon"]
    for dialect in DIALECTS[1:]:
        order(cage, app, suppliers[dialect], None)
    for _ in range(3):
        point = set_one(world, app, "VALUE", cage.plant("value"))
    set_one(world, app, "OTHER", cage.plant("value"))
    world.call(first, "PATCH", f"/v1/provider/apps/{app.id}", {
        "config": {first.variables[0]: cage.plant("patched config")}},
        want=200)
    sso = world.call(app.owner, "POST", app.path(f"/addons/{addon['id']}/sso"),
                     want=200).data["addon"]["sso_url"]
    world.call(app.owner, "POST", app.path(f"/addons/{addon['id']}/sso"),
               want=200)
    world.door.request("GET", sso.removeprefix(world.door.public_url), {})
    back(world, app, point)
    partner_secrets(cage, app)
    provider_troubles(cage, world.app(app.owner), first)
    bad_requests(cage, app, addon, first)
    cage.keep("new password", cage.sutler(
        "provider", "password", first.slug).stdout.decode().strip())
    first.desk.then(401, {"message": "who are you"},
                    during=cage.look_at_processes)
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": first.plans["large"]}})
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"))
    for words in (("tick",), ("open",), ("fsck",), ("doctor",), ("pack",),
                  ("reindex",), ("app", "show", app.name),
                  ("account", "show", app.owner.name),
                  ("app", "log", app.name), ("secrets",),
                  ("app", "past", app.name, "VALUE"),
                  ("provider", "list")):
        cage.sutler(*words, want=None)
    for path in ("/events", "/history", "/collaborators", "/addons"):
        world.call(app.owner, "GET", app.path(path), want=200)
    set_one(world, app, "LAST", cage.plant("value"))
    return app


def search_words(cage: Cage):
    """What is told to others than who asked."""
    cage.search(cage.logs, "a log")
    cage.search(cage.refusals, "an error")
    cage.search([("git log", cage.world.git(
        "log", "--all", "--format=%an %ae %B").encode())], "a message")
    names = [name for name, _, _ in cage.processes]
    true("send" in [Path(name).name for name in names],
         f"the program that asks was not seen: {names}")
    cage.search([(name, words) for name, words, _ in cage.processes],
                "a command line")
    cage.search([(name, env) for name, _, env in cage.processes],
                "an environment")
    cores = [str(path) for place in (cage.world.dir, cage.world.build)
             for path in place.rglob("core*")
             if path.is_file() and path.read_bytes()[:4] == b"\x7fELF" and
             b"CORE" in path.read_bytes()[:4096]]
    true(not cores, f"core files: {cores}")


@scenario("sealed: no secret stands in the data directory, a log, an error, a "
          "message, a command line or an environment", every_door=False)
def sealed(world):
    with Sealing(world) as inner:
        cage = Cage(inner)
        app = live(cage)
        search_words(cage)
        cage.search(files(inner), "the data directory")
        cage.search([("git", objects(inner))], "git's objects")
        # the search itself finds what is there
        true(cage.find(inner.git("log", "-p", "--all").encode()),
             "nothing was planted")
        true(status(inner)["broken"] == 0 and status(inner)["clear"] == 0,
             f"{status(inner)}")
        true(cage.find(json.dumps(inner.values(app)).encode()), "values")


@scenario("in clear: secrets stand in records, and nowhere else",
          every_door=False)
def in_clear(world):
    with Sealing(world, sealed=False) as inner:
        cage = Cage(inner)
        live(cage)
        search_words(cage)
        cage.search(files(inner, ("store/", "state/journal$")),
                    "the data directory")
        true(cage.find(objects(inner)), "nothing was planted")
        # and none of those that never stand anywhere
        hashed = {what: value for what, value in cage.canaries.items()
                  if re.match("api token|second|jwt|access|refresh|grant|"
                              "client secret", what)}
        cage.canaries = hashed
        cage.search(files(inner), "the data directory")
        cage.search([("git", objects(inner))], "git's objects")
