"""The operator's test of a provider: what keeps the rules passes, and what
breaks one is told which."""
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading

from doors import DOORS
from scenario_base import same, scenario, true
from scenario_manifests import MANIFESTS
from world import MARK, SECONDS

# Every rule, and so every fault (but the manifest's own); those that only earn
# a warning; and those that two dialects are lenient about.
FAULTS = """manifest provision-status provision-json provision-id config-object
    config-declared config-values config-urls config-complete log-drain-url
    answer-taken callback-arrives grant-exchanged
    provision-idempotent provision-unknown refusal-reason
    auth-missing-provision auth-password-provision auth-user-provision
    change-status change-config change-callback change-same change-unknown
    auth-missing-change auth-password-change auth-user-change
    sso-right sso-forged sso-stale suspend-status suspend-twice
    auth-missing-suspend auth-password-suspend auth-user-suspend resume-status
    auth-missing-resume auth-password-resume auth-user-resume
    remove-status remove-callback remove-twice sso-gone
    auth-missing-remove auth-password-remove auth-user-remove
    callback-auth callback-taken callback-config token-refreshed
    answer-time""".split()
WARNED = {"config-complete", "refusal-reason"}
DROPPED = {"config-declared", "change-config", "callback-config"}
LENIENT = ("appfog", "clevercloud")
NAMES = {"scalingo": ["SANDBOX_URL", "SANDBOX_TOKEN"],
         "heroku": ["SANDBOX_HEROKU_URL", "SANDBOX_HEROKU_TOKEN"],
         "appfog": ["SANDBOX_APPFOG_URL", "SANDBOX_APPFOG_PORT"],
         "heroku-v3": ["SANDBOX_V3_URL", "SANDBOX_V3_TOKEN"],
         "clevercloud": ["SANDBOX_CLEVER_URL", "SANDBOX_CLEVER_TOKEN"],
         "flynn": ["SANDBOX_FLYNN_URL", "SANDBOX_FLYNN_TOKEN"]}
DIALECTS = tuple(NAMES)

# What some dialects have no word for.
PAUSES = {rule for rule in FAULTS if re.search("suspend|resume", rule)}
TOKENS = {"grant-exchanged", "callback-taken", "remove-callback",
          "token-refreshed"}
CALLBACKS = {"callback-arrives", "callback-auth", "callback-config",
             "change-callback"}
WITHOUT = {
    "scalingo": TOKENS,
    "heroku": TOKENS | PAUSES,
    "appfog": TOKENS | PAUSES | {"log-drain-url"},
    "heroku-v3": PAUSES,
    "clevercloud": TOKENS | PAUSES,
    "flynn": TOKENS | PAUSES | CALLBACKS | {
        "log-drain-url", "provision-idempotent", "provision-unknown",
        "refusal-reason"} | {rule for rule in FAULTS
                             if re.search("change|sso", rule)}}
# What is not seen of a provider that is ready at once and has no logs; version
# 3's calls all the same, to have its tokens.
UNSEEN = CALLBACKS | TOKENS | {"log-drain-url"}
UNSEEN_V3 = UNSEEN - {"grant-exchanged", "callback-auth", "callback-taken"}
# Who is told no id of ours has what nobody can name any more.
LOST = {"provision-status", "provision-json", "provision-id"}
# These manifests have no test URLs.
PRODUCTION = {"heroku-v3": ("--production",), "flynn": ("--production",)}
# What a connection says of itself.
OWN = ("host", "connection", "content-length")


class Bridge(http.server.ThreadingHTTPServer):
    """HTTP in front of a door that has no server, or one that does not pass
    what `sutler provider test` asks by."""
    daemon_threads = True

    def __init__(self, door):
        super().__init__(("127.0.0.1", 0), Crossing)
        self.door = door
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Crossing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def cross(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else None
        answer = self.server.door.request(self.command, self.path, {
            name: value for name, value in self.headers.items()
            if name.lower() not in OWN}, body)
        self.close_connection = True
        try:
            self.send_response(answer.status)
            for name, value in answer.headers:
                if name.lower() not in ("status", "connection"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)
        except OSError:
            pass   # the other side has gone

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = cross

    def log_message(self, *_args):
        pass


class Sandbox:
    """The sandbox behind the world's door, its faults switched on."""

    def __init__(self, world):
        self.world = world
        self.file = world.data / "sandbox.json"
        self.before = self.file.read_bytes() if self.file.exists() else None
        self.bridge = None

    def __enter__(self):
        door = self.world.door
        self.url = door.public_url
        if not door.served or not door.lets("Authorization", "Basic x"):
            self.bridge = Bridge(self.world.door)
            self.url = self.bridge.url
        self.secrets = {name: {"user": "test" + name.replace("-", ""),
                               "password": f"{MARK}-password-{name}",
                               "salt": f"{MARK}-salt-{name}",
                               "client_secret": f"{MARK}-client&"}
                        for name in DIALECTS}
        self.write()
        return self

    def __exit__(self, *_rest):
        if self.bridge:
            self.bridge.shutdown()
            self.bridge.server_close()
        self.file.unlink()
        if self.before is not None:
            self.file.write_bytes(self.before)

    def write(self, **more):
        self.file.write_text(json.dumps({
            "credentials": self.secrets, "resources": [], "faults": True,
            **more}), encoding="utf-8")

    def left(self) -> list:
        return json.loads(self.file.read_bytes())["resources"]

    def manifest(self, dialect: str, fault="", change=None):
        """Write the manifest of the sandbox with that fault; its path."""
        base = f"{self.url}/sandbox/{dialect}"
        base += f"/fault-{fault}" if fault else ""
        made = MANIFESTS[dialect]("test", base, NAMES[dialect], 0)
        secrets, mine = made.get("api", made), self.secrets[dialect]
        secrets["password"] = mine["password"]
        made["id" if "id" in made else "username"] = mine["user"]
        path = base + {"heroku": "/heroku/resources"}.get(dialect,
                                                          "/resources")
        if dialect == "flynn":
            made["url"] = path
        else:
            secrets["sso_salt"] = mine["salt"]
        if dialect in ("heroku", "heroku-v3", "clevercloud"):
            secrets["config_vars_prefix"] = NAMES[dialect][0][:-4]
        for name in {"production", "test"} & set(secrets):
            secrets[name] = {"base_url": path, "sso_url": f"{base}/sso"}
        key = "id" if dialect == "appfog" else "name"
        made["plans"] = [dict(made["plans"][0], **{
            key: plan, "name": plan, "options": {"plan": plan}})
            for plan in ("free", "big")]
        if change:
            change(made)
        place = self.world.dir / f"{self.world.fresh('tested')}.json"
        place.write_text(json.dumps(made), encoding="utf-8")
        return place


def rows(world, place, *words, want=0) -> dict:
    """Run the command; rule -> row."""
    done = world.sutler("provider", "test", place, "--json", "--timeout", 20,
                        *words, want=None)
    found = {row["rule"]: row for row in json.loads(done.stdout)}
    same(done.returncode, want, f"exit; {bad(found)}; {done.stderr!r}")
    return found


def bad(found: dict, *results) -> dict:
    return {rule: row["seen"] for rule, row in found.items()
            if row["result"] in (results or ("fail", "warn"))}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_drain(manifest):
    if "api" in manifest:
        manifest["api"]["requires"] = ["syslog_drain"]
    else:
        manifest["log_drain"] = True


def without_id(manifest):
    if "api" in manifest:
        del manifest["id"]
    else:
        del manifest["name"]


# Where nothing comes, or comes late, the wait is a short one.
BOUNDS = {"answer-time": ("--timeout", 2), "callback-arrives": ("--wait", 1),
          "change-callback": ("--wait", 1), "remove-callback": ("--wait", 1)}
# Rules about what the provider called show no call of ours.
WITHOUT_CALL = {"manifest", "callback-auth", "callback-config",
                "callback-taken", "token-refreshed"}
CHANGES = {"manifest": without_id, "log-drain-url": with_drain}


@scenario("the sandbox keeps every rule, in each dialect; nothing is left")
def passes(world):
    with Sandbox(world) as sandbox:
        for dialect in DIALECTS:
            found = rows(world, sandbox.manifest(dialect),
                         *PRODUCTION.get(dialect, ()))
            same(set(found), set(FAULTS), f"{dialect}: rules")
            same(set(bad(found)) - {"manifest"}, set(), f"{dialect}")
            same({rule for rule, row in found.items()
                  if row["result"] == "skip"},
                 WITHOUT[dialect] | (UNSEEN_V3 if dialect == "heroku-v3"
                                     else UNSEEN), f"{dialect}: skipped")
            same(sandbox.left(), [], f"{dialect}: left behind")


def try_fault(world, sandbox, dialect: str, fault: str):
    """That fault is named, and nothing else."""
    warned = fault in WARNED or (dialect in LENIENT and fault in DROPPED)
    sandbox.write(platform=f"http://127.0.0.1:{world.listen}")
    place = sandbox.manifest(dialect, fault, CHANGES.get(fault))
    found = rows(world, place, "--listen", world.listen,
                 *PRODUCTION.get(dialect, ()), *BOUNDS.get(fault, ()),
                 want=0 if warned else 1)
    got = bad(found, "fail")
    if warned:
        got = {fault: bad(found, "warn").get(fault)}
    same(list(got), [fault], f"{dialect}, {fault}: named {bad(found)}")
    if fault not in WITHOUT_CALL:
        row = found[fault]["call"]
        for key in ("method", "url", "status", "received", "with"):
            true(key in row, f"{fault}: {key} of {row}")
    same(len(sandbox.left()), dialect == "flynn" and fault in LOST,
         f"{dialect}, {fault}: left behind")
    true(MARK not in json.dumps(found), f"{fault}: a secret is shown")


@scenario("each fault of the sandbox fails the rule of its name, alone")
def faults(world):
    """Shared out among some doors, and again among the others, which make no
    difference to them; the dialects take turns."""
    doors = ("direct", "linked", "lighttpd")
    if world.door.name not in doors:
        doors = [name for name in DOORS if name not in doors]
    world.listen = free_port()
    with Sandbox(world) as sandbox:
        for number, fault in enumerate(FAULTS):
            if doors[number % len(doors)] == world.door.name:
                dialects = [name for name in DIALECTS
                            if fault not in WITHOUT[name]]
                turn = number // len(doors)
                try_fault(world, sandbox, dialects[turn % len(dialects)],
                          fault)


@scenario("a provider that answers \"not yet\" and calls back keeps the rules")
def later(world):
    port = free_port()
    with Sandbox(world) as sandbox:
        sandbox.write(platform=f"http://127.0.0.1:{port}")
        for fault, rule in (("later", "callback-arrives"),
                            ("change-later", "change-callback"),
                            ("remove-later", "remove-callback")):
            for dialect in DIALECTS:
                if rule in WITHOUT[dialect]:
                    continue
                found = rows(world, sandbox.manifest(dialect, fault),
                             "--listen", port, *PRODUCTION.get(dialect, ()))
                same(set(bad(found)) - {"manifest"}, set(),
                     f"{dialect}, {fault}: {bad(found)}")
                same(found[rule]["result"], "pass", f"{dialect}: {rule}")
                same(sandbox.left(), [], f"{dialect}, {fault}: left behind")
        same(found["token-refreshed"]["result"], "pass", "refreshed")


@scenario("a grant that nobody exchanges: who is ready at once is warned",
          every_door=False)
def unused_grant(world):
    for status, want in ((201, "warn"), (202, "fail")):
        place, desk = at_mock(world, "heroku-v3")
        desk.then(status, {"id": "g-1", "config": {}})
        found = rows(world, place, "--production", "--wait", 1, want=1)
        same(found["grant-exchanged"]["result"], want, f"{status}")


@scenario("without \"faults\" in its file the sandbox has none", every_door=False)
def no_faults(world):
    with Sandbox(world) as sandbox:
        sandbox.write(faults=False)
        found = rows(world, sandbox.manifest("scalingo", "sso-forged"),
                     want=1)
        same(list(bad(found, "fail"))[0], "provision-status", "named")
        true("404" in found["provision-status"]["seen"], "no such path")


def at_mock(world, dialect="scalingo", change=None):
    """A manifest of the mock provider, and its desk there."""
    slug = world.fresh("pt")
    names = [f"{slug.upper()}_URL", f"{slug.upper()}_KEY"]
    made = MANIFESTS[dialect](slug, f"{world.mock.url}/{slug}", names, 0)
    desk = world.mock.desk(slug, {names[0]: f"x://u:{MARK}-{{n}}@h.test/x",
                                  names[1]: MARK + "-key"})
    if change:
        change(made)
    place = world.dir / f"{slug}.json"
    place.write_text(json.dumps(made), encoding="utf-8")
    return place, desk


@scenario("a slow answer earns a warning, and is told", every_door=False)
def slow(world):
    place, desk = at_mock(world)
    desk.then(201, {"id": "slow-1", "config": {}}, delay=3.2)
    done = world.sutler("provider", "test", place, "--json",
                        "--timeout", 20, want=1)
    found = {row["rule"]: row for row in json.loads(done.stdout)}
    same(found["answer-time"]["result"], "warn", "answer-time")
    same(found["answer-time"]["call"]["method"], "POST", "the slow call")
    true(found["answer-time"]["call"]["ms"] > 3000, "its time")


@scenario("a log drain is asked for where the manifest says so",
          every_door=False)
def drain(world):
    for url, want in (("https://logs.test/1", "pass"),
                      ("syslog://logs.test:514", "pass"), (None, "fail")):
        place, desk = at_mock(world, change=with_drain)
        desk.then(201, {"id": "d-1", "log_drain_url": url})
        found = rows(world, place, want=1)   # the mock lets everybody in
        same(found["log-drain-url"]["result"], want, f"{url}")


@scenario("Ctrl-C: what was made is removed, and the rest is skipped",
          every_door=False)
def interrupted(world):
    for when in ("POST", "PUT"):
        place, desk = at_mock(world)
        usual, asked = desk.answer, threading.Event()

        def answer(method, usual=usual, asked=asked, when=when):
            if method != when or asked.is_set():
                return usual(method)
            asked.set()
            return dict(usual(method), delay=1.0)

        desk.answer = answer
        child = subprocess.Popen(
            [world.build / "sutler", "provider", "test", place, "--json"],
            env=dict(os.environ, SUTLER_CONF=str(world.conf)),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        try:
            true(asked.wait(SECONDS), f"no {when}")
            os.killpg(child.pid, signal.SIGINT)   # as a terminal does
            out, said = child.communicate(timeout=SECONDS)
        finally:
            child.kill()
        found = {row["rule"]: row for row in json.loads(out)}
        same(child.returncode, 1, f"exit {said!r}")
        same(set(found), set(FAULTS), "rules")
        same(found["remove-status"]["seen"], "interrupted", "the rest")
        true(b"interrupted" in said, f"{said!r}")
        true(desk.asked("DELETE"), f"interrupted in {when}: not removed")


@scenario("refused connections, bad options, no test URLs", every_door=False)
def odd(world):
    with Sandbox(world) as sandbox:
        def nowhere(manifest):
            manifest["test"]["base_url"] = f"http://127.0.0.1:{free_port()}/x"

        found = rows(world, sandbox.manifest("scalingo", change=nowhere),
                     want=1)
        same(list(bad(found, "fail")), ["provision-status"], "failed")

        def untested(manifest):
            del manifest["test"]

        place = sandbox.manifest("scalingo", change=untested)
        done = world.sutler("provider", "test", place, want=1)
        true(b"--production" in done.stderr, f"{done.stderr!r}")
        same(done.stdout, b"", "nothing is tried")
        same(bad(rows(world, place, "--production"), "fail"), {},
             "in production")
        done = world.sutler("provider", "test", place, "--production",
                            "--plan", "big", "--to", "free")
        true(re.search(rb"^pass +change-status ", done.stdout, re.M),
             "for people")
        done = world.sutler("provider", "test", place, "--production",
                            "--to", "refuse", want=1)
        true(re.search(rb"^FAIL +change-status ", done.stdout, re.M),
             "a refused plan")
        true(re.search(rb"^ +sent +\{.*\n +received +422 ", done.stdout,
                       re.M), "what was said")
        true(b"broken: change-status\n" in done.stderr, f"{done.stderr!r}")
        true(MARK.encode() not in done.stdout, "a secret is shown")
    for words in (("--timeout", "0"), ("--timeout", "61"),
                  ("--wait", "x"), ("--listen", "65536")):
        world.sutler("provider", "test", place, *words, want=2)
    world.sutler("provider", "test", world.dir / "nothing", want=1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = world.sutler("provider", "test", place, "--production",
                            "--listen", taken.getsockname()[1], want=1)
        true(b"port" in done.stderr, f"{done.stderr!r}")
