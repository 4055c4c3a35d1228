"""One line of JSON for each request, where the operator asks for it; and one
name for a request, wherever it goes."""
import json
import os
from concurrent.futures import ThreadPoolExecutor

from scenario_base import Skip, eventually, same, scenario, trailers, true
from scenario_outbox import tick
from scenario_session import NAME
from scenario_transcripts import exchange_of, transcript
from world import basic

KEYS = ["time", "request_id", "program", "method", "path", "route", "status",
        "reason", "actor", "app", "commit", "ms", "in", "out", "address"]


class Log:
    """with Log(world) as log: what is added to the error log."""

    def __init__(self, world, **more):
        self.world = world
        self.file = world.dir / world.fresh("requests.log")
        self.more = more

    def __enter__(self):
        self.file.touch(0o600)
        self.world.configure(log_requests="yes", error_log=self.file,
                             **self.more)
        return self

    def __exit__(self, *_):
        self.world.configure(log_requests=None, error_log=None,
                             **{key: None for key in self.more})

    def lines(self, count: int) -> list:
        """That many; a line is written after its answer."""
        return eventually(lambda: self.look(count), f"{count} lines")

    def look(self, count: int):
        text = self.file.read_bytes()
        rows = [json.loads(line) for line in text.splitlines()
                if line.startswith(b"{")]
        true(len(rows) <= count, f"{len(rows)} lines, not {count}")
        true(all(len(line) < 4096 for line in text.splitlines()), "length")
        for row in rows:
            same(list(row), [key for key in KEYS if key in row], "the order")
        return rows if len(rows) == count else None


def named(word: str) -> dict:
    return {"X-Request-Id": word}


@scenario("a line says what was asked, by whom, and what came of it")
def told(world):
    app = world.app()
    supplier = world.provider("heroku")
    world.addon(app, supplier)
    body = {"variable": {"name": "A", "value": "a-secret-value"}}
    with Log(world) as log:
        found = world.call(app.owner, "POST", app.path("/variables?x=hidden"),
                           body, want=201, headers=named("abc-1"))
        row = log.lines(1)[0]
        same({key: row[key] for key in KEYS if key in row and key not in (
            "time", "ms", "out", "address")}, {
            "request_id": "abc-1", "program": "apps", "method": "POST",
            "path": app.path("/variables"),
            "route": "/v1/apps/:app/variables", "status": 201,
            "actor": f"user {app.owner.name}", "app": app.id,
            "commit": world.head(), "in": len(json.dumps(body))}, "a change")
        same(row["out"], len(found.answer.body), "bytes")
        true(row["address"] in ("127.0.0.1", "::1"), row["address"])
        true(0 < row["ms"] < 60000 and row["time"].endswith("Z"), str(row))
        world.call(supplier, "GET", "/vendor/apps", want=200)
        row = log.lines(2)[1]
        same((row["actor"], row["route"], row.get("app"), row.get("commit")),
             (f"provider {supplier.slug}", "/vendor/apps", None, None),
             "a provider's")
        world.call(None, "GET", app.path(), want=401)
        row = log.lines(3)[2]
        same((row["status"], row["reason"], row.get("actor")),
             (401, "unauthorized", None), "nobody's")
        world.call(app.owner, "GET", "/v1/apps/none", want=404)
        world.call(app.owner, "DELETE", "/v1/regions", want=405)
        rows = log.lines(5)[3:]
        same([(row["status"], row["reason"], row.get("route"))
              for row in rows],
             [(404, "not_found", "/v1/apps/:app"),
              (405, "method_not_allowed", None)], "refusals")
        world.call(app.owner, "GET", "/v1/apps", want=200)
        true("app" not in log.lines(6)[5], "a list is about none")


@scenario("no credential and no value is ever in the log, nor a forged line",
          every_door=False)
def secret(world):
    if world.door.served:
        raise Skip("a server refuses some of it itself")
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    token = app.owner.token
    jwt = world.call(basic("", token), "POST", "/v1/tokens/exchange",
                     want=200).data["token"]
    page = world.call(app.owner, "POST", app.path(
        f"/addons/{addon['id']}/sso"), want=200).data["addon"]["sso_url"]
    key = page.rsplit("/", 1)[1]
    with Log(world) as log:
        asks = (
            (app.owner, "GET", f"/v1/apps?token={token}", {}),
            (f"Bearer {jwt}", "GET", app.path(), {}),
            (None, "GET", "/v1/session", {"Cookie": f"{NAME}={key[:43]}"}),
            (None, "GET", f"/sso/{key}", {}),
            (None, "GET", f"/sso/{key}", {}),
            (app.owner, "GET", f"/v1/apps/{token}", {}),
            (supplier, "GET", "/vendor/apps", {}),
            (app.owner, "GET", "/v1/apps/a%0a%7b%22status%22:200%7d", {}),
            (app.owner, "GET", "/v1/apps/%1b[31m%c2%9b%e2%80%ae%ff", {}),
            (app.owner, "GET", '/v1/apps/"},{"a":"' + "\\" * 1500, {}),
            (app.owner, "GET", "/v1/apps/" + "%22" * 3000, {}),
            (app.owner, "GET", app.path(), named('x"\n{"status":200}')),
        )
        for who, method, path, headers in asks:
            world.call(who, method, path, headers=headers)
        log.lines(len(asks))
        data = log.file.read_bytes()
    for word in (token, jwt, key, key[:43], supplier.password, token[6:]):
        true(word.encode() not in data, f"{word} is in the log")
    true(all(0x20 <= byte < 0x7f or byte == 0x0a for byte in data),
         "a byte that is no letter")


@scenario("many programs' lines do not mix", every_door=False)
def whole(world):
    app = world.app()
    path = app.path("/variables/" + "x" * 900)
    with Log(world) as log, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: world.call(app.owner, "GET", path), range(60)))
        log.lines(60)


@scenario("who does not ask for lines has none, and a reader that went away "
          "harms nobody", every_door=False)
def off(world):
    if world.door.served:
        raise Skip("the server would hang up")
    app = world.app()
    log = world.dir / "plain.log"
    log.touch()
    try:
        world.configure(error_log=log)
        world.call(app.owner, "GET", app.path(), want=200)
        same(log.read_bytes(), b"", "switched off")
    finally:
        world.configure(error_log=None)
    with Log(world) as on:
        read, write = os.pipe()
        os.close(read)   # who asked hangs up before the answer
        env = world.door.environment("GET", app.path(), "", {
            "Authorization": f"Bearer {app.owner.token}"}, None)
        pid = os.posix_spawn(
            env["SCRIPT_FILENAME"], [env["SCRIPT_FILENAME"]], env,
            file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
        os.close(write)
        os.waitpid(pid, 0)
        same(on.lines(1)[0]["status"], 200, "it is told all the same")


@scenario("one request id: in the answer, the log, the commits, the "
          "transcript, and what the provider is asked")
def everywhere(world):
    app, supplier = world.app(), world.provider("scalingo")
    body = {"addon": {"addon_provider_id": supplier.slug,
                      "plan_id": supplier.plans["small"]}}
    before = world.head()
    with Log(world) as log:
        found = world.call(app.owner, "POST", app.path("/addons"), body,
                           want=201, headers=named("Trace-42.a_b"))
        row = log.lines(1)[0]
    ident = found.answer.header("X-Request-Id")
    same(ident, "Trace-42.a_b", "the client's own")
    same(row["request_id"], ident, "the log")
    same([trailers(text)["Request-Id"] for text in world.messages(before)],
         [[ident], [ident]], "intent and outcome")
    same(supplier.desk.asked("POST")[-1].headers["X-Request-Id"], ident,
         "the provider")
    same([one["request_id"] for one in
          transcript(world, exchange_of(world))], [ident], "the transcript")
    # what tick asks has a name of tick's
    addon = found.data["addon"]["id"]
    supplier.desk.down = True
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon}"), want=204)
    supplier.desk.down = False
    tick(world, addon)
    ident = trailers(world.messages()[-1])["Request-Id"][0]
    true(ident.startswith("tick-"), ident)
    same(supplier.desk.asked("DELETE")[-1].headers["X-Request-Id"], ident,
         "tick's")


@scenario("what else is said in the log has the request's id, too",
          every_door=False)
def complaints(world):
    app, supplier = world.app(), world.provider("appfog")
    supplier.desk.then(200, {"id": "r-log", "config": {
        supplier.variables[0]: "x", "NOT_DECLARED\nforged": "y"}})
    with Log(world) as log:
        world.call(app.owner, "POST", app.path("/addons"), {"addon": {
            "addon_provider_id": supplier.slug,
            "plan_id": supplier.plans["small"]}}, headers=named("id-7"))
        log.lines(1)
        said = [line for line in log.file.read_text("utf-8").splitlines()
                if not line.startswith("{")]
    true(all(line.startswith("sutler[id-7]: ") for line in said), str(said))
