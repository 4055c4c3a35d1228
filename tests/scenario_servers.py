"""What stands between a client and the programs: what reaches them of a request,
what a page is sent with, where messages go."""
import socket
import subprocess
import threading
from pathlib import Path

from doors import LINKS, PAGES, TESTS, Direct, parse_cgi
from passage import BY_METHOD, HEEDED
from scenario_base import Skip, among, same, scenario, true
from wire import SECONDS

HTDOCS = TESTS.parent / "htdocs"
POLICY = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"}
# What a file may be said to be.
TYPES = {"html": ("text/html; charset=utf-8",),
         "css": ("text/css; charset=utf-8", "text/css"),
         "js": [f"{kind}{end}" for kind in ("text/javascript",
                                            "application/javascript")
                for end in ("", "; charset=utf-8")],
         "json": ("application/json; charset=utf-8", "application/json"),
         "svg": ("image/svg+xml", "image/svg+xml; charset=utf-8")}
# What a request may say that an answer turns on.
HEADERS = (
    ("Authorization", "Bearer x"), ("Authorization", "Basic ZGVtbzp4"),
    ("Cookie", "a=b"), ("If_Match", "x"), ("If_None_Match", '"x"'),
    ("X_Dry_Run", "true"), ("Idempotency_Key", "y"), ("Origin", "http://a"),
    ("Sec_Fetch_Site", "cross-site"), ("Content_Encoding", "gzip"),
    ("Accept", "text/csv"), ("X_Request_Id", "mine"),
    ("X_Forwarded_For", "192.0.2.1"), ("Sec_Fetch_Mode", "cors"),
    ("Referer", "http://a/"), ("User_Agent", "test"))
# Which are the server's own; no program takes "Proxy" as a setting.
FRAMING = {"host", "content-length", "transfer-encoding", "proxy"}
BIG = b'{"app":{"name":"' + b"x" * 200000 + b'"}}'


def at_server(world):
    if not world.door.served:
        raise Skip("no web server is there")


class Showing:
    """The sandbox's program shows its environment for a while."""

    def __init__(self, world):
        self.world = world
        self.program = world.door.programs() / "sandbox"
        self.kept = self.program.with_name("sandbox.kept")

    def __enter__(self):
        self.program.rename(self.kept)
        self.program.write_text(
            "#!/bin/sh\nprintf 'Status: 200 OK\\nContent-Type: text/plain\\n\\n'\n"
            "env\nprintf BODY=\nhead -c \"${CONTENT_LENGTH:-0}\"\n",
            encoding="ascii")
        self.program.chmod(0o755)
        return self

    def __exit__(self, *_rest):
        self.kept.replace(self.program)

    def ask(self, method="GET", body=None, **headers) -> dict:
        """What reaches it of a request that is sent as it is."""
        door = self.world.door
        answer = door.ask(method, f"{door.prefix}/sandbox/a%20b?q=1", {
            name.replace("_", "-"): value
            for name, value in headers.items()}, body, None)
        if answer.status != 200:
            return {}
        return dict(line.split("=", 1) for line in
                    answer.body.decode("utf-8", "replace").splitlines()
                if "=" in line)


@scenario("nothing that a client sends becomes a setting, or a user's name")
def environment(world):
    at_server(world)
    door = world.door
    with Showing(world) as shown:
        basic = "Basic ZGVtbzp4"
        seen = shown.ask(Authorization=basic, Proxy="http://evil.test:1",
                         Sutler_Conf="/evil", X_Forwarded_User="demo",
                         Remote_User="demo", Auth_Type="Basic")
        same(seen.get("REMOTE_USER", ""), "", "REMOTE_USER")
        if door.rewrites:   # else there is no rule; no program heeds it
            same(seen.get("HTTP_PROXY", ""), "", "HTTP_PROXY")
        same(seen["SUTLER_CONF"], str(world.conf), "SUTLER_CONF")
        same(seen.get("HTTP_AUTHORIZATION"), basic if door.lets(
            "Authorization", basic) else None, "Authorization")
        true(all(place.startswith("/") for place in seen["PATH"].split(":")),
             seen["PATH"])
        same((seen["QUERY_STRING"], seen["REQUEST_METHOD"]), ("q=1", "GET"))
        same(seen["SCRIPT_NAME"] + seen["PATH_INFO"],
             f"{door.prefix}/sandbox/a b", "path")


@scenario("a server passes on what its door says, and no more")
def passed_on(world):
    """So that nothing goes beside it which could be said through it."""
    at_server(world)
    door = world.door
    same(HEEDED - FRAMING - {name.lower().replace("_", "-")
                             for name, _ in HEADERS}, set(), "not tried")
    with Showing(world) as shown:
        for name, value in HEADERS:
            seen = shown.ask(**{name: value}).get(f"HTTP_{name.upper()}", "")
            same(seen.partition(",")[0], value if door.lets(
                name.replace("_", "-"), value) else "", name)
        for method in ("GET", "POST", *BY_METHOD):
            seen = shown.ask(method)
            same(seen.get("REQUEST_METHOD"),
                 method if door.lets_method(method, None) else None, method)
            if door.lets_method(method, b"hello") and method != "GET":
                same(shown.ask(method, b"hello").get("BODY"), "hello",
                     f"the body of a {method}")
        # by its own rules a server may answer these itself
        for method in ("OPTIONS", "TRACE", "BREW", "get") * (
                not door.rewrites):
            same(shown.ask(method).get("REQUEST_METHOD") == method,
                 door.lets_method(method, None), method)


@scenario("a page comes with its policy, whoever serves it")
def pages(world):
    names = [f"/{name}" for name in PAGES]
    if world.door.home:
        names.append("/")
    for path in names:
        answer = world.door.request("GET", path, {})
        same(answer.status, 200, path)
        suffix = path.rpartition(".")[2] if "." in path else "html"
        among(answer.header("Content-Type").replace('"', ""), TYPES[suffix],
              path)
        file = HTDOCS / (path.strip("/") or "index.html")
        same(answer.body, file.read_bytes(), path)
        same({name: answer.header(name) for name in POLICY}, POLICY, path)
        true("max-age=0" in answer.header("Cache-Control", "") or
             answer.header("Cache-Control") == "no-cache", path)
        same(world.door.request("HEAD", path, {}).status, 200, f"HEAD {path}")
        among(world.door.request("POST", path, {}, b"x=1").status,
              (0, 200, 403, 404, 405, 501), f"POST {path}")
    answer = world.door.request("GET", path := "/index.html", {})
    tag = answer.header("ETag")
    same(world.door.request("GET", path, {"If-None-Match": tag}).status, 304,
         path)


@scenario("no program is a file, no path leads out, no directory is listed")
def places(world):
    at_server(world)
    for path in sorted(set(LINKS.values()) - set(LINKS)):
        answer = world.door.request("GET", f"/{path}", {})
        among(answer.status, (400, 403, 404), f"/{path}")
        true(b"ELF" not in answer.body, f"/{path} is a program")
    for path in ("/../data/key", "/v1/../../data/key", "/%2e%2e/data/key",
                 "/.htaccess", "/v1/apps/..%2f..%2f..%2fdata%2fkey",
                 "/index.html/..%2fdata/key", "/%2e%2e%2f%2e%2e%2fdata/key",
                 "/v1/%2e%2e/%2e%2e/data/key", "/..\\data\\key",
                 "/v1/apps/%252e%252e/%252e%252e/data/key",
                 "//data/key", "/sso.css/../../data/key"):
        answer = world.door.request("GET", path, {})
        among(answer.status, (400, 401, 403, 404), path)
    for path in sorted({str(Path(link).parent) for link in LINKS} - {"."}):
        for end in ("", "/"):
            answer = world.door.request("GET", f"/{path}{end}", {})
            among(answer.status, (301, 302, 400, 401, 403, 404),
                  f"/{path}{end}")
            true(b"apps" not in answer.body.replace(b"/apps</", b""),
                 f"/{path}{end} is listed: {answer.body!r}")


@scenario("a refusal is heard though nobody has read what was sent")
def unread(world):
    for _ in range(12):
        for method, path, body in (("POST", "/v1/apps", BIG),
                                   ("POST", "/v1/nowhere", BIG),
                                   ("GET", "/v1/apps", b"null"),
                                   ("DELETE", "/v1/apps", b"{}")):
            found = world.call(None, method, path, body=body)
            among(found.status, (401, 404, 405, 411, 413), f"{method} {path}")
    found = world.call(world.account(), "POST", "/v1/apps",
                       body=b'{"x":"' + b"x" * 900000 + b'"}')
    same(found.status, 413, "near a megabyte")


def run(world, stderr, **env):
    """One program, asked for an app whose record is broken."""
    app = world.app()
    file = next((world.store / "apps").rglob(f"{app.name}.json"))
    text = file.read_bytes()
    door = Direct(world.build, world.dir)
    door.conf = world.conf
    file.write_bytes(b"{")
    try:
        return app, subprocess.run(
            [world.build / "cgi-bin" / "apps"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=stderr, check=True,
            timeout=SECONDS, env={**door.environment(
                "GET", app.path(), "", {"Authorization":
                                        f"Bearer {app.owner.token}"}, None),
                **env})
    finally:
        file.write_bytes(text)


@scenario("messages never mix with an answer; error_log takes them",
          every_door=False)
def messages(world):
    app, done = run(world, subprocess.PIPE)
    true(app.name.encode() in done.stderr, f"a log: {done.stderr!r}")
    app, done = run(world, subprocess.STDOUT)   # as thttpd has it
    true(done.stdout.startswith(b"Status: 503 "), f"{done.stdout!r}")
    true(app.name.encode() + b".json" not in done.stdout, "a message")
    log = world.dir / "errors"
    world.configure(error_log=log)
    try:
        app, done = run(world, subprocess.STDOUT)
        same(parse_cgi(done.stdout).status, 503, "status")
        true(f"{app.name}.json".encode() in log.read_bytes(), "no message")
        size = log.stat().st_size
        same(run(world, subprocess.PIPE)[1].stderr, b"", "stderr")
        true(log.stat().st_size > size, "it is not added to")
    finally:
        world.configure(error_log=None)


@scenario("what is left of a body is read, and not waited for",
          every_door=False)
def dropped(world):
    door = Direct(world.build, world.dir)
    door.conf = world.conf
    for sent, length in ((BIG, len(BIG)), (b"{}", 2), (b"{}", 50)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            child = subprocess.Popen(
                [world.build / "cgi-bin" / "apps"], stdin=theirs,
                stdout=theirs, env=door.environment(
                    "POST", "/v1/apps", "", {}, length))
            theirs.close()
            threading.Thread(target=ours.sendall, args=(sent,)).start()
            child.wait(SECONDS)
            heard = b""
            while True:   # ConnectionResetError where bytes were left
                piece = ours.recv(65536)
                if not piece:
                    break
                heard += piece
        same(parse_cgi(heard).status, 401, f"{length} bytes")
