"""Valid requests of every operation of the reference, and what a hostile
client makes of them.  All chance comes from one generator: a seed says it
all."""
import copy
import json
import random
import re
import urllib.parse
from typing import NamedTuple, Optional

import strict

HUGE = 300 << 10    # more bytes than a body may have
TEXTS = [
    "", " ", "\0", "a\0b", "\r\nSet-Cookie: x=1\r\n\r\n<html>", "\n", "\x7f",
    "\ufeff", "é", "\U0001f600", "\u202e", "../../../etc/passwd", "..", ".",
    "/", "//", "%00", "%0d%0aX: y", "%2e%2e%2f", "%", "%zz", "*", "?", "#",
    "'\"<script>alert(1)</script>", "$(id)", "`id`", "; rm -rf x", "null",
    "-1", "0", "1e999", "9007199254740993", "true", "A" * 65, "a" * 5000,
    "PATH", "LD_PRELOAD", "__proto__", "http://127.0.0.1:1/", "file:///x",
    "syslog://x", "https://[::1", "https://u:p@h/", "javascript:x", "a@b",
    "2026-13-45T99:99:99Z", "0000-00-00", "9999-12-31T23:59:59.999Z",
    "-0001-01-01", "ad-", "us-", "tk-us-",
]
VALUES = [
    None, True, False, 0, -1, 1, 0.1, -0.0, 1e308, 1e-308, 2**31, 2**53 + 1,
    2**64, -2**63, 10**60, 10**70, [], {}, [[]], [None], {"": ""}, [{}] * 50,
    {"a": {"a": {"a": {"a": 1}}}}, ["x", 1, None], {"name": None},
    {"__proto__": {}}, {"error": "x"},
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS",
           "TRACE", "PROPFIND", "get", "XYZ"]
QUERIES = [
    "_method=DELETE", "_method=PATCH", "_method=PUT", "_method=GET",
    "_method=", "dry_run=true", "dry_run=1", "if_match=*", "if_match=%22%22",
    "if_match=x%0d%0ay", "if_match=%ff", "idempotency_key=a",
    "idempotency_key=%ff", "page=0", "page=2", "page=99999999999999999999",
    "per_page=1", "per_page=-1", "page=1073741824&per_page=1073741824",
    "skip=1", "skip=99999999", "skip=-1", "values=true", "since=x",
    "month=2026-01", "month=2026-13", "format=csv", "format=%00", "&&&",
    "=", "a", "%", "%ff=%fe", "a=" + "b" * 3000, "from=0000&to=ffff",
    "from=2026-01-01&to=2030-01-01", "when=%00", "commit=HEAD", "name=A",
    "names[]=A", "addon_id=ad-", "current_name=",
]
HEADERS = {
    "Authorization": ["", "Basic", "Basic ", "Basic !!!!", "Basic Og==",
                      "Basic OnRrLXVzLXg=", "Basic " + "QUFB" * 3000,
                      "Bearer", "Bearer ", "Bearer x", "Bearer tk-us-",
                      "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.",
                      "Digest x", "bearer\tx", "Basic /////w==", "x" * 9000],
    "Content-Type": ["", "text/plain", "application/x-www-form-urlencoded",
                     "multipart/form-data; boundary=x", "application/json; "
                     "charset=utf-16", "application/xml", "x" * 5000],
    "Accept": ["", "text/html", "*/*;q=0", "application/vnd.heroku+json; "
               "version=3", "x" * 2000],
    "If-Match": ["*", '""', '"x"', "x", '"', 'W/"x"', "x" * 3000, '"a", "b"'],
    "If-None-Match": ["*", '""', "x", '"', "x" * 3000],
    "Idempotency-Key": ["", '""', '"a"', "a", "é", "x" * 300, '"', "a b"],
    "X-Dry-Run": ["true", "TRUE", "1", "", "x"],
    "X-Request-Id": ["", "a b", "x" * 65, "é", "a;b", "../x"],
    "Cookie": ["session=x", "=", "session=" + "x" * 4000],
    "Origin": ["null", "https://evil.example"],
    "Content-Encoding": ["gzip", "br", "identity"],
    "Expect": ["100-continue"],
    "Range": ["bytes=0-1"],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-Forwarded-Host": ["evil.example"],
    "Proxy": ["http://evil.example"],
    "User-Agent": ["() { :; }; echo x", "x" * 4000],
}
LENGTHS = ["-1", "x", "+5", "0x10", "99999999999999999999", "5 5", ""]


class Request(NamedTuple):
    """As it is to be sent; path has its query."""
    method: str
    path: str
    headers: dict
    body: Optional[bytes] = None
    length: Optional[str] = None   # a Content-Length that lies
    chunked: bool = False          # the body is sent in pieces

    def __str__(self) -> str:
        return (f"{self.method} {self.path!r:.500} {self.headers!r:.600} "
                f"body {self.body!r:.700} length {self.length} "
                f"chunked {self.chunked}")


class Maker:
    """Makes valid requests: scene has known(operation, parameter), values for
    a path; who(scheme, path), credentials; and fill(name), texts by the names
    of members."""

    def __init__(self, chance: random.Random, scene):
        self.chance, self.scene = chance, scene
        self.operations = [
            (method, operation) for _, row in strict.paths()
            for method, operation in sorted(row.items())]

    def value(self, schema: dict, name=""):
        """Some value that schema describes."""
        if name == "contents":
            return self.scene.manifest()
        for part in schema.get("allOf", []):
            schema = {**part, **schema, "properties": {
                **part.get("properties", {}), **schema.get("properties", {})}}
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return self.value(self.chance.choice(schema[key]), name)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else
                          "string")
        if isinstance(kind, list):
            kind = self.chance.choice(kind)
        if kind == "object":
            return self.members(schema)
        if kind == "array":
            return [self.value(schema.get("items", {}), name)
                    for _ in range(self.chance.randint(1, 3))]
        if kind == "null":
            return None
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind in ("integer", "number"):
            return self.chance.randint(0, 100)
        found = self.scene.fill(name)
        if found is not None:
            return found
        return self.chance.choice(schema.get("examples", ["word"]))

    def members(self, schema: dict) -> dict:
        must = schema.get("required", [])
        found = {key: self.value(part, key)
                 for key, part in schema.get("properties", {}).items()
                 if key in must or self.chance.random() < 0.5}
        more = schema.get("additionalProperties")
        if isinstance(more, dict) or not found:
            names = [self.scene.fill("variable")
                     for _ in range(self.chance.randint(0, 2))]
            found.update((name, self.value(
                more if isinstance(more, dict) else {})) for name in names)
        return found

    def make(self) -> Request:
        method, operation = self.chance.choice(self.operations)
        described = operation.described
        path = re.sub(
            r"\{(\w+)\}", lambda found: urllib.parse.quote(
                self.scene.known(operation.name, found[1]), safe="@."),
            operation.name.split(" ")[1])
        query, headers = [], {"Accept": "application/json"}
        for given in described.get("parameters", []):
            wanted = given.get("required") or self.chance.random() < 0.2
            if given["in"] == "query" and wanted:
                value = self.value(given["schema"], given["name"])
                query.append((given["name"], value if isinstance(value, str)
                              else json.dumps(value)))
            elif given["in"] == "header" and wanted and \
                    given["name"] in ("X-Dry-Run", "Idempotency-Key"):
                headers[given["name"]] = str(
                    self.value(given["schema"], given["name"]))
        if query:
            path += "?" + urllib.parse.urlencode(query)
        ways = described.get("security", [{"user": []}])
        way = next(iter(self.chance.choice(ways)), None) if ways else None
        who = self.scene.who(way, path)
        if who:
            headers["Authorization"] = who
        content = described.get("requestBody", {}).get("content", {})
        body = None
        if content:
            kind = self.chance.choice(sorted(content))
            data = self.value(content[kind]["schema"], "contents"
                              if path == "/provider/addons" else "")
            body = urllib.parse.urlencode(data).encode() \
                if kind.endswith("urlencoded") and isinstance(data, dict) \
                else json.dumps(data).encode()
            headers["Content-Type"] = kind
        return Request(method, path, headers, body)


class Mutator:
    def __init__(self, chance: random.Random, words):
        self.chance = chance
        self.words = words   # ids of the world, to be put elsewhere
        self.ways = [
            (self.method, 4), (self.segment, 10), (self.slashes, 3),
            (self.query, 12), (self.header, 14), (self.no_header, 3),
            (self.member, 30), (self.bytes, 10), (self.encode, 4),
            (self.size, 1), (self.length, 4), (self.chunk, 2),
            (self.no_body, 2)]

    def mutate(self, request: Request) -> Request:
        """None to three changes: some requests stay valid."""
        for _ in range(self.chance.choice((0, 1, 1, 1, 2, 3))):
            way, = self.chance.choices([way for way, _ in self.ways],
                                       [weight for _, weight in self.ways])
            request = way(request)
        return request

    def text(self) -> str:
        if self.chance.random() < 0.3:
            return str(self.chance.choice(self.words()))
        return self.chance.choice(TEXTS)

    def method(self, request):
        return request._replace(method=self.chance.choice(METHODS))

    def segment(self, request):
        """One segment of the path is another one, gone, or there twice."""
        path, mark, query = request.path.partition("?")
        parts = path.split("/")[1:]
        at = self.chance.randrange(len(parts))
        how = self.chance.randrange(5)
        if how == 0:
            del parts[at]
        elif how == 1:
            parts.insert(at, parts[at])
        elif how == 2:
            parts[at] = urllib.parse.quote_from_bytes(
                bytes(self.chance.randrange(1, 256)
                      for _ in range(self.chance.randint(1, 8))))
        else:
            parts[at] = urllib.parse.quote(
                self.text(), safe=self.chance.choice(("", "%./")))
        return request._replace(path="/" + "/".join(parts) + mark + query)

    def slashes(self, request):
        path, mark, query = request.path.partition("?")
        at = [i for i, c in enumerate(path) if c == "/"]
        place = self.chance.choice(at)
        more = self.chance.choice(("/", "/./", "/../", "//", "/%2e%2e/",
                                   "/" + "a" * 2500))
        return request._replace(
            path=path[:place] + more + path[place:] + mark + query)

    def query(self, request):
        more = self.chance.choice(QUERIES)
        if self.chance.random() < 0.2:
            more = "&".join([more, self.chance.choice(QUERIES)])
        path, mark, query = request.path.partition("?")
        if self.chance.random() < 0.3 and query:   # a known one, odd
            name = query.split("=")[0]
            more = f"{name}={urllib.parse.quote(self.text(), safe='%')}"
            query = ""
        return request._replace(
            path=path + "?" + "&".join(part for part in (more, query)
                                       if part))

    def header(self, request):
        name = self.chance.choice(sorted(HEADERS))
        return request._replace(headers={
            **request.headers, name: self.chance.choice(HEADERS[name])})

    def no_header(self, request):
        headers = dict(request.headers)
        if headers:
            del headers[self.chance.choice(sorted(headers))]
        return request._replace(headers=headers)

    def no_body(self, request):
        return request._replace(body=None if self.chance.random() < 0.5
                                else b"")

    def places(self, data, found=None) -> list:
        """All containers in data, with their keys."""
        found = [] if found is None else found
        keys = list(data) if isinstance(data, dict) else \
            range(len(data)) if isinstance(data, list) else []
        for key in keys:
            found.append((data, key))
            self.places(data[key], found)
        return found

    def member(self, request):
        """A member of a JSON body is another value, gone, or elsewhere."""
        try:
            data = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            return self.bytes(request)
        data = copy.deepcopy(data)
        places = self.places(data)
        how = self.chance.randrange(6)
        if not places or how == 0:
            if isinstance(data, dict):
                data[self.text()] = self.chance.choice(VALUES)
        else:
            box, key = self.chance.choice(places)
            if how == 1:
                del box[key]
            elif how == 2 and isinstance(box, dict):
                box[self.text()] = box.pop(key)
            elif how == 3:
                box[key] = self.text()
            elif how == 4:
                box[key] = [box[key]] * self.chance.choice((1, 2, 300))
            else:
                box[key] = copy.deepcopy(self.chance.choice(VALUES))
        return request._replace(
            body=json.dumps(data, ensure_ascii=self.chance.random() < 0.5
                            ).encode("utf-8", "surrogatepass"))

    def bytes(self, request):
        body = bytearray(request.body or b"{}")
        for _ in range(self.chance.choice((1, 1, 2, 8))):
            at = self.chance.randint(0, len(body))
            how = self.chance.randrange(4)
            if how == 0 and at < len(body):
                body[at] = self.chance.randrange(256)
            elif how == 1:
                body[at:at] = bytes([self.chance.randrange(256)])
            elif how == 2:
                del body[at:at + self.chance.choice((1, 5))]
            else:
                body[at:at] = self.chance.choice(
                    (b"\\u0000", b"\\ud800", b'","', b"{", b"[" * 40, b"\0",
                     b"\xff\xfe", b"1e999", b"-", b"//", b"\xc0\xaf"))
        return request._replace(body=bytes(body))

    def encode(self, request):
        text = (request.body or b"{}").decode("utf-8", "replace")
        how = self.chance.choice(("utf-16", "utf-32", "utf-8-sig", "form"))
        if how == "form":
            return request._replace(
                body=urllib.parse.quote_plus(text).encode(),
                headers={**request.headers, "Content-Type":
                         "application/x-www-form-urlencoded"})
        return request._replace(body=text.encode(how))

    def size(self, request):
        filler = self.chance.choice((
            b" " * HUGE, b"[" * HUGE, b'{"a":"' + b"x" * HUGE + b'"}',
            b'{"a":"' + b"x" * (200 << 10) + b'"}',
            b'{"variables":[' + b",".join(
                b'{"name":"V%d","value":"%s"}' % (i, b"x" * 3000)
                for i in range(60)) + b"]}"))
        return request._replace(body=filler)

    def length(self, request):
        real = len(request.body or b"")
        return request._replace(
            body=request.body or b"",
            length=self.chance.choice(
                [str(max(real - 1, 0)), str(real + 1), str(real * 3 + 10),
                 str(1 << 20), *LENGTHS]))

    def chunk(self, request):
        return request._replace(chunked=True, body=request.body or b"{}")
