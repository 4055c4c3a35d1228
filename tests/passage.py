"""How a request is said through a web server that hides some of it.

What a server does not pass on to a program comes by the doors that sutler has
for it: a method as ?_method=, a header as a query parameter, an account's API
token as a session's cookie.  What then still cannot be said goes beside the
server, to the program itself; all else of the scenario goes through, and both
are counted.
"""
import json
import re
import urllib.parse
from collections import Counter
from pathlib import Path

# What a header that is hidden may be said by.
BY_QUERY = {"if-match": "if_match", "x-dry-run": "dry_run",
            "idempotency-key": "idempotency_key"}
BY_METHOD = ("PUT", "PATCH", "DELETE")
# The headers that any program reads: no answer turns on another.
TREE = Path(__file__).resolve().parent.parent
HEEDED = {name.lower().replace("_", "-")
          for place in ("lib", "cgi-bin")
          for file in (TREE / place).glob("*.c")
          for name in re.findall(r'"HTTP_([A-Z_]+)"',
                                 file.read_text("utf-8"))}
SESSION = "/v1/session"
NOBODY = "none=none"   # a cookie of no session


class NotHere(Exception):
    """What is to be sent cannot get through this server; why."""


def with_query(target: str, name: str, value: str) -> str:
    mark = "&" if "?" in target else "?"
    word = urllib.parse.quote(value, safe="", errors="surrogateescape")
    return f"{target}{mark}{name}={word}"


class Passage:
    """What a door passes on to programs, and how the rest is said."""
    methods = None      # that it passes; None: all
    bodies = None       # methods whose bodies it passes; None: those
    passes = None       # headers that it passes; None: all
    hides = ()          # how header lines begin that it keeps, passes None
    beside = None       # the door that is the program itself

    def __init__(self):
        self.cookies = {}   # of API tokens, where Authorization is hidden
        self.ways = []      # of each request: "", or why it went beside

    def request(self, method: str, target: str, headers=None, body=None,
                length=None):
        headers = dict(headers or {})
        try:
            said = self.through(method, target, dict(headers), body)
        except NotHere as reason:
            self.ways.append(f"{reason}")
            headers.setdefault("Host", f"127.0.0.1:{self.port}")
            return self.alone().request(method, target, headers, body,
                                        length)
        self.ways.append("")
        answer = self.say(*said, body, length)
        if answer.status == 401 and self.signed_in(headers, said[2]):
            answer = self.say(*said, body, length)
        return answer

    def say(self, method: str, target: str, headers: dict, body, length):
        return self.ask(method, self.prefix + target, headers, body, length)

    def signed_in(self, asked: dict, said: dict) -> bool:
        """Anew, as a browser does whose session has ended; into said."""
        token = asked.get("Authorization", "").partition(" ")[2]
        if said.get("Cookie") != self.cookies.get(token, ""):
            return False   # it was not by this
        said["Cookie"] = self.cookies[token] = self.sign_in(token)
        return said["Cookie"] != NOBODY

    def alone(self):
        """The program itself, in the place that the server has it in."""
        door = self.beside(self.build, self.directory)
        door.prefix, door.conf = self.prefix, self.conf
        return door

    @classmethod
    def lets(cls, name: str, value="") -> bool:
        """Is such a header passed on to programs?"""
        if cls.passes is not None:
            return name.lower() in cls.passes
        return not f"{name}: {value}".lower().startswith(cls.hides)

    def lets_method(self, method: str, body) -> bool:
        if self.methods is not None and method not in self.methods:
            return False
        return not body or self.bodies is None or method in (
            *self.bodies, "GET", "HEAD")   # no answer turns on theirs

    def through(self, method: str, target: str, headers: dict,
                body=None) -> tuple:
        """The request as it can be said through this server."""
        if not self.lets_method(method, body):
            # asked in a provider's words: the sandbox knows no _method
            if method not in BY_METHOD or target.startswith("/sandbox/"):
                raise NotHere(f"{method}{' with a body' if body else ''}")
            target = with_query(target, "_method", method)
            method = "POST"
        for name, value in list(headers.items()):
            if self.lets(name, value) or \
                    name.lower() not in (*HEEDED, "content-type"):
                continue
            headers.pop(name)
            if name.lower() == "authorization":
                self.by_cookie(method, target, headers, value)
            elif name.lower() == "accept":   # of JSON and CSV alone
                if value.startswith("text/csv") and "format=" not in target:
                    target = with_query(target, "format", "csv")
            elif name.lower() in BY_QUERY:
                target = with_query(target, BY_QUERY[name.lower()], value)
            else:
                raise NotHere(name)
        return method, target, headers

    def by_cookie(self, method: str, target: str, headers: dict, value: str):
        """Who asks: by a session, where it is an account."""
        scheme, _, token = value.partition(" ")
        if scheme != "Bearer" or not token.startswith("tk-us-"):
            raise NotHere(f"Authorization: {scheme}" if scheme == "Basic" else
                          "Authorization that is no API token's")
        if "Cookie" in headers:
            raise NotHere("Authorization and a cookie")
        if target.partition("?")[0] == SESSION:   # which is the cookie's own
            raise NotHere(f"Authorization at {SESSION}")
        kind = headers.setdefault("Content-Type", "application/json")
        if method != "GET" and not kind.startswith("application/json"):
            raise NotHere("Authorization and a body that is no JSON")
        if token not in self.cookies:
            self.cookies[token] = self.sign_in(token)
        headers["Cookie"] = self.cookies[token]

    def sign_in(self, token: str) -> str:
        """What a browser sends from then on; nobody's where it is refused."""
        answer = self.ask("POST", f"{self.prefix}{SESSION}",
                          {"Content-Type": "application/json"},
                          json.dumps({"token": token}).encode(), None)
        return answer.header("Set-Cookie", NOBODY).partition(";")[0]


def beside(ways: list) -> str:
    """What of a scenario's requests went beside the server, and why."""
    reasons = Counter(way for way in ways if way)
    if not reasons:
        return ""
    told = ", ".join(f"{reason} ({count})"
                     for reason, count in sorted(reasons.items()))
    if reasons.total() == len(ways):
        return f"the server passes none of its requests: {told}"
    return (f"{reasons.total()} of {len(ways)} requests beside the server: "
            f"{told}")
