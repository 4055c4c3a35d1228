"""The doors through which a scenario reaches the programs.

A door takes one request and gives back the answer, whatever stands between:

    direct      the CGI program itself, with an environment and a pipe, as a
                server with the shipped rewrite rules would run it
    linked      as a server without them would: always by the name of a file
                (v1/apps, vendor/apps, ...), so that a program has to hand
                over to its siblings; below a prefix
    lighttpd    a real web server on 127.0.0.1, started by tests/run.sh
"""
import http.client
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parent
SECONDS = 60        # longest wait for one answer
START_SECONDS = 60  # longest wait for a web server

# The names under which the programs are installed.
LINKS = {
    "v1/apps": "apps", "v1/tokens": "token",
    "v1/session": "token", "v1/operator": "operator",
    "v1/users": "account",
    "v1/regions": "catalog", "v1/addon_providers": "catalog",
    "v1/addon_categories": "catalog", "v1/provider": "apps",
    "v1/events": "apps", "v1/collaborators": "apps",
    "v1/event_types": "catalog", "v1/event_categories": "catalog",
    "v1/features": "catalog",
    "vendor/apps": "apps", "v2/vendor/apps": "apps",
    "provider/addons": "portal", "api/v3/addons": "portal",
    "oauth/token": "token",
    "addons": "addons", "apps": "apps", "sso": "sso",
    "sandbox": "sandbox", "usage": "usage", "history": "history",
}
# A rewrite rule of the shipped server file: "pattern" => "/program$0".
RULE = re.compile(r'^\s*"(\^/[^"]+)" => "(/[a-z/]+)\$0"', re.M)


class Answer(NamedTuple):
    """What came back; status 0: the connection ended without an answer."""
    status: int
    headers: list
    body: bytes

    def header(self, name: str, otherwise=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return otherwise

    def brief(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


def rules() -> list:
    """The shipped rewrite rules: a pattern, and the program's path."""
    shipped = TESTS / "servers" / "lighttpd.conf"
    found = RULE.findall(shipped.read_text(encoding="utf-8"))
    if not found:
        raise AssertionError(f"{shipped} has no rewrite rules")
    return found


def split(path: str) -> tuple:
    """SCRIPT_NAME and PATH_INFO: the program's name, and what follows."""
    for link in LINKS:
        if re.match(rf"/+{link}(/|$)", path):
            end = re.match(rf"/+{link}", path).end()
            return path[:end], path[end:]
    return "/v1/apps", path   # as good as any


def parse_cgi(out: bytes) -> Answer:
    """The answer of a CGI program (RFC 3875, section 6)."""
    head, gap, body = out.partition(b"\r\n\r\n")
    if not gap:
        head, gap, body = out.partition(b"\n\n")
    headers, status = [], 200
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name):
            raise AssertionError(f"not a header line: {line!r}")
        headers.append((name, value.strip()))
        if name.lower() == "status":
            status = int(value.split()[0])
    if not gap or not headers:
        raise AssertionError(f"not a CGI answer: {out[:200]!r}")
    return Answer(status, headers, body)


class Direct:
    """Runs the program with a CGI environment."""
    name = "direct"
    prefix = ""
    public_url = "http://market.test"
    rewrites = True   # paths that no file can have are routed

    def __init__(self, build: Path, directory: Path):
        self.build = build
        self.directory = directory
        self.conf = None
        self.rules = rules() if self.rewrites else []
        self.log = b""   # what the last program said on stderr

    def start(self, data: Path) -> dict:
        """Lay the programs out as they are installed."""
        places = dict(LINKS, **{name: name for name in LINKS.values()})
        for link, program in places.items():
            place = self.directory / "cgi" / link
            place.parent.mkdir(parents=True, exist_ok=True)
            hard_link(self.build / "cgi-bin" / program, place)
        return {}

    def stop(self):
        pass

    def route(self, target: str) -> str:
        """The program that a rewrite rule chooses for target, or ""."""
        for pattern, program in self.rules:
            if re.search(pattern, target):
                return program
        return ""

    def environment(self, method: str, path: str, query: str, headers: dict,
                    length, named=None) -> dict:
        script, info = named or split(path)
        place = str(self.directory / "cgi") + re.sub("//+", "/", script)
        env = {
            "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
            "SERVER_SOFTWARE": "test", "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": method, "QUERY_STRING": query,
            "SCRIPT_NAME": self.prefix + script, "PATH_INFO": info,
            "SCRIPT_FILENAME": place,
            "PATH": os.environ["PATH"], "SUTLER_CONF": str(self.conf),
        }
        if length is not None:
            env["CONTENT_LENGTH"] = str(length)
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            env[key if key == "CONTENT_TYPE" else "HTTP_" + key] = value
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE",
                     "LD_PRELOAD"):
            if name in os.environ:
                env[name] = os.environ[name]
        return env

    def request(self, method: str, target: str, headers=None, body=None,
                length=None) -> Answer:
        """One request.  length: a Content-Length that may lie."""
        path, _, query = target.partition("?")
        path = urllib.parse.unquote_to_bytes(path).decode("utf-8",
                                                          "surrogateescape")
        if "\0" in path:   # no server passes it on
            return Answer(400, [], b"")
        if length is None and body is not None:
            length = len(body)
        program = self.route(target)
        env = self.environment(method, path, query, headers or {}, length,
                               (program, path) if program else None)
        child = subprocess.Popen(
            [env["SCRIPT_FILENAME"]], env=env, cwd=self.directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        try:
            out, self.log = child.communicate(body or b"", timeout=SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise AssertionError(f"no answer to {method} {target}") from None
        if child.returncode != 0:
            raise AssertionError(
                f"{method} {target}: the program ended with "
                f"{child.returncode}: {self.log[-500:]!r}")
        return parse_cgi(out)


class Linked(Direct):
    """Without the rewrite rules, and below a prefix."""
    name = "linked"
    prefix = "/shop"
    public_url = "http://market.test/shop"
    rewrites = False


def hard_link(source: Path, place: Path):
    try:
        os.link(source, place)
    except OSError:   # another file system
        shutil.copy2(source, place)


class Lighttpd:
    """lighttpd on a free port of 127.0.0.1."""
    name = "lighttpd"
    prefix = ""
    rewrites = True
    log = b""

    def __init__(self, build: Path, directory: Path):
        self.build = build
        self.directory = directory
        self.conf = None
        self.child = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.public_url = f"http://127.0.0.1:{self.port}"

    def start(self, data: Path) -> dict:
        """Run tests/run.sh; the credentials that it wrote."""
        with open(self.directory / "server.log", "wb") as log:
            self.child = subprocess.Popen(
                ["sh", TESTS / "run.sh", self.build, str(self.port), data],
                cwd=TESTS.parent, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        end = time.monotonic() + START_SECONDS
        while not self.answers(data / "credentials"):
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                said = (self.directory / "server.log").read_text("utf-8",
                                                                 "replace")
                raise AssertionError(f"lighttpd does not start: {said}")
            time.sleep(0.05)
        self.conf = data / "sutler.conf"
        lines = (data / "credentials").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def answers(self, credentials: Path) -> bool:
        if not credentials.exists():
            return False
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        """End the processes that start() made, by the id of their group."""
        if self.child is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.child.pid, number)
                self.child.wait(10)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.child = None

    def request(self, method: str, target: str, headers=None, body=None,
                length=None) -> Answer:
        if length is None and (body is not None or method == "POST"):
            length = len(body or b"")
        lines = [f"{method} {target} HTTP/1.1",
                 f"Host: 127.0.0.1:{self.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in
                  (headers or {}).items()]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        head = "\r\n".join(lines + ["", ""]).encode("utf-8",
                                                    "surrogateescape")
        with socket.create_connection(("127.0.0.1", self.port),
                                      SECONDS) as link:
            return exchange(link, method, head + (body or b""),
                            body is not None and length != len(body))


def exchange(link: socket.socket, method: str, sent: bytes,
             hang_up: bool) -> Answer:
    """Send, perhaps close our half, and read what comes back."""
    try:
        link.sendall(sent)
        if hang_up:
            link.shutdown(socket.SHUT_WR)
    except OSError:
        pass   # it may have answered already
    try:
        data = read_all(link)
    except ConnectionError:
        data = b""
    if not data:
        return Answer(0, [], b"")
    response = http.client.HTTPResponse(Recorded(data), method=method)
    response.begin()
    return Answer(response.status, response.getheaders(), response.read())


def read_all(link: socket.socket) -> bytes:
    data = b""
    while True:
        try:
            piece = link.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


class Recorded:
    """Bytes that http.client may take for a socket."""

    def __init__(self, data: bytes):
        self.data = data

    def makefile(self, _mode: str):
        return io.BytesIO(self.data)


DOORS = {door.name: door for door in (Direct, Linked, Lighttpd)}
