"""The doors through which a scenario reaches the programs.

A door takes one request and gives back the answer, whatever stands between:

    direct      the CGI program itself, with an environment and a pipe, as a
                server with the shipped rewrite rules would run it
    linked      as a server without them would: always by the name of a file
                (v1/apps, vendor/apps, ...), so that a program has to hand
                over to its siblings; below a prefix
    the others  real web servers on 127.0.0.1 (servers.py)
"""
import os
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

from servers import SERVERS, Server
from servers import Lighttpd   # noqa: F401, for those who want one
from wire import SECONDS, Answer

TESTS = Path(__file__).resolve().parent

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
# The dashboard's files are programs, too, where a server sets no headers on
# files; and a directory has an index that is not found.
PAGES = sorted(path.name for path in (TESTS.parent / "htdocs").iterdir()
               if path.suffix != ".png")
LINKS.update({name: "page" for name in PAGES})
LINKS.update({f"{name}/index.html": "apps" for name in (
    "v1", "vendor", "v2", "v2/vendor", "provider", "api", "api/v3", "oauth")})
# A rewrite rule of the shipped server file: "pattern" => "/program$0".
RULE = re.compile(r'^\s*"(\^/[^"]+)" => "(/[a-z/]+)\$0"', re.M)


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
    demonstration = False
    as_root = True
    ways = ()        # none goes beside a server
    fallback = True
    home = False      # "/" is no program's
    http2 = proxied = False
    served = False    # no web server stands between
    rewrites = True   # paths that no file can have are routed

    def __init__(self, build: Path, directory: Path):
        self.build = build
        self.directory = directory
        self.conf = None
        self.rules = rules() if self.rewrites else []
        self.log = b""   # what the last program said on stderr

    @staticmethod
    def missing() -> str:
        return ""

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


Server.beside = Direct
DOORS = {door.name: door for door in (Direct, Linked, *SERVERS)}
