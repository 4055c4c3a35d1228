"""Bad input, through the real door: refused in its family's own words, and
the store is as it was."""
import json

from scenario_base import Unchanged, among, same, scenario, true
from world import NOTHING, basic, server_page

NEST = 200000
VARIABLE = {"variable": {"name": "A", "value": "b"}}


class Scene:
    """One of everything, for requests that all must fail."""

    def __init__(self, world):
        self.app = world.app()
        self.scalingo = world.provider("scalingo")
        self.heroku = world.provider("heroku")
        self.addon = world.addon(self.app, self.scalingo)
        self.other = world.addon(self.app, self.heroku)
        made = world.call(self.app.owner, "POST",
                          self.app.path("/variables"),
                          {"variable": {"name": "MINE", "value": "x"}},
                          want=201)
        self.variable = made.data["variable"]["id"]

    def writes(self) -> list:
        """Every call that takes a body: who, method, path, a good body."""
        owner, app = self.app.owner, self.app
        addon = app.path(f"/addons/{self.addon['id']}")
        return [
            (owner, "POST", "/v1/apps", {"app": {"name": "fresh"}}),
            (owner, "POST", app.path("/variables"), VARIABLE),
            (owner, "PUT", app.path("/variables"),
             {"variables": [VARIABLE["variable"]]}),
            (owner, "PATCH", app.path(f"/variables/{self.variable}"),
             {"variable": {"value": "b"}}),
            (owner, "POST", app.path("/addons"),
             {"addon": {"addon_provider_id": self.scalingo.slug,
                        "plan_id": self.scalingo.plans["small"]}}),
            (owner, "POST", app.path("/rename"),
             {"current_name": app.name, "new_name": "fresh"}),
            (owner, "POST", app.path("/collaborators"),
             {"collaborator": {"email": "new@example.org"}}),
            (owner, "PATCH", addon,
             {"addon": {"plan_id": self.scalingo.plans["large"]}}),
            (self.scalingo, "PATCH", f"/v1/provider/apps/{app.id}",
             {"config": {self.scalingo.variables[0]: "b"}}),
            (self.heroku, "PUT", f"/vendor/apps/{self.other['id'][3:]}",
             {"config": {self.heroku.variables[0]: "b"}}),
        ]

    def reads(self) -> list:
        app = self.app
        return [(app.owner, "GET", path) for path in (
            "/v1/apps", app.path(), app.path("/variables"),
            app.path("/addons"), app.path(f"/addons/{self.addon['id']}"),
            app.path(f"/addons/{self.addon['id']}/sso"), "/v1/users/self",
            app.path("/events"), app.path("/collaborators"), "/v1/events",
            "/v1/collaborators", "/v1/tokens",
        )] + [(self.scalingo, "GET", "/v1/provider/apps"),
              (self.scalingo, "GET", f"/v1/provider/apps/{app.id}"),
              (self.heroku, "GET", "/vendor/apps"),
              (self.heroku, "GET", f"/vendor/apps/{self.other['id'][3:]}")]


def bodies(good: bytes) -> dict:
    """What may be wrong with a body, whatever it is for."""
    key = json.dumps(next(iter(json.loads(good)))).encode()
    return {
        "empty": b"", "spaces": b"  ", "cut": good[:-1],
        "trailing garbage": good + b" x", "two values": good + good,
        "duplicate keys": good[:-1] + b"," + key + b":{}}",
        "duplicate inner keys": b'{"x":{"a":1,"a":2},' + good[1:],
        "NUL escape": good[:-1] + b',"x":"a\\u0000b"}',
        "NUL byte": good + b"\0", "a NUL within": good[:3] + b"\0" + good[3:],
        "invalid UTF-8": good[:-1] + b',"x":"\xff\xfe"}',
        "overlong UTF-8": good[:-1] + b',"x":"\xc0\xaf"}',
        "a surrogate in UTF-8": good[:-1] + b',"x":"\xed\xa0\x80"}',
        "half a surrogate pair": good[:-1] + b',"x":"\\ud800"}',
        "a control character": good[:-1] + b',"x":"a\nb"}',
        "nesting bomb": b"[" * NEST,
        "closed nesting bomb": good[:-1] + b',"x":' + b"[" * 5000 +
                               b"]" * 5000 + b"}",
        "objects nested": b'{"a":' * 20000,
        "single quotes": good.replace(b'"', b"'"),
        "a comment": good[:-1] + b"/* x */}", "NaN": good[:-1] + b',"x":NaN}',
        "a comma too many": good[:-1] + b",}", "a number": b"7",
        "a string": b'"x"', "a list": b"[]", "true": b"true",
        "an empty object": b"{}", "form": b"a=b&c=d",
        "leading zeros": good[:-1] + b',"x":007}',
    }


def refuse(world, what: str, who, method: str, path: str, statuses=None,
           **more):
    head = world.head()
    found = world.call(who, method, path, **more)
    same(world.head(), head, f"HEAD after {what}: {method} {path}")
    allowed = statuses or (400, 413, 422)
    among(found.status, allowed, f"{what}: {method} {path}: {found}")
    return found


@scenario("bodies that cannot be read")
def malformed(world):
    scene = Scene(world)
    with Unchanged(world):
        for who, method, path, good in scene.writes():
            for what, body in bodies(json.dumps(good).encode()).items():
                refuse(world, what, who, method, path, body=body)
    same(len(scene.scalingo.desk.seen), 1, "asked of the provider")


@scenario("members of wrong types")
def wrong_types(world):
    scene = Scene(world)
    with Unchanged(world):
        try_types(world, scene)


def try_types(world, scene: Scene):
    odd = [None, 7, 1.5, True, [], [[]], {}, {"a": 1}, ["x"]]
    for who, method, path, good in scene.writes():
        key, inner = next(iter(good.items()))
        for value in odd + ["text"]:
            if value in ([], None) and isinstance(inner, list):
                continue   # nothing to change is no fault
            if value == {} and key == "config":
                continue
            undeclared = key == "config" and value == {"a": 1}
            refuse(world, f"{key}: {value!r}", who, method, path,
                   data={key: value},
                   statuses=(403, 422) if undeclared else None)
        for name in inner if isinstance(inner, dict) else ():
            for value in odd:
                if key == "config" and value is None:
                    continue   # null may take a variable away
                refuse(world, f"{key}.{name}: {value!r}", who, method, path,
                       data={key: dict(inner, **{name: value})},
                       statuses=(400, 404, 422))


@scenario("a megabyte, a length that lies, no body at all")
def sizes(world):
    scene = Scene(world)
    with Unchanged(world):
        try_sizes(world, scene)


def try_sizes(world, scene: Scene):
    for who, method, path, good in scene.writes():
        body = json.dumps(good).encode()
        big = body[:-1] + b',"x":"' + b"a" * (1 << 20) + b'"}'
        refuse(world, "1 MB", who, method, path, body=big)
        refuse(world, "no body", who, method, path,
               statuses=(400, 411, 422))
        for length in (len(body) + 100, 10 ** 9, 10 ** 25):
            refuse(world, f"length {length}", who, method, path, body=body,
                   length=length, statuses=(0, 400, 408, 411, 413, 422))
        for length in ("x", "-1", "1x", "0x10", "+5"):
            refuse(world, f"length {length}", who, method, path, body=body,
                   length=length, statuses=(0, 400, 411, 413, 422))
        # the rest may be taken for a request, and end the connection
        refuse(world, "length too small", who, method, path, body=body,
               length=len(body) - 2,
               statuses=(0, 400, 413, 422) if world.door.served else None)


@scenario("credentials that are missing, malformed, wrong or another's")
def credentials(world):
    scene = Scene(world)
    owner = scene.app.owner
    found = world.call(owner, "POST", scene.app.path(
        f"/addons/{scene.addon['id']}/token"), {}, want=200)
    words = [None, "", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c",
             f"Bearer {owner.token}x", f"Token {owner.token}", owner.token,
             f"Bearer {found.data['addon']['token']}", "Basic", "Basic x",
             "Basic =", basic("", ""), basic("x", "y"), basic("a:b", "c"),
             "Digest x", "\u00e9", "Bearer " + "a" * 5000,
             basic("x" * 3000, "y"), f"Basic {owner.token}"]
    calls = [(method, path, data) for _, method, path, data
             in scene.writes()]
    calls += [(method, path, NOTHING) for _, method, path in scene.reads()]
    with Unchanged(world):
        try_words(world, scene, words, calls)


def try_words(world, scene: Scene, words: list, calls: list):
    owner = scene.app.owner
    for word in words:
        for method, path, data in calls:
            refuse(world, f"{word!r:.60}", word, method, path, data=data,
                   statuses=(401,) if len(word or "") < 4000 else
                   (400, 401, 431))
    for method, path, data in calls:   # each with the other's credentials
        for who in (owner, scene.scalingo, scene.heroku):
            theirs = path.startswith("/v1/provider") or "/vendor" in path
            if (who is owner) == theirs:
                refuse(world, "another's", who, method, path, data=data,
                       statuses=(401, 403, 404))


@scenario("a 401 says how to come in")
def challenge(world):
    for path, scheme in (("/v1/apps", "Bearer"), ("/vendor/apps", "Basic"),
                         ("/v1/provider/apps", "Basic")):
        found = world.call(None, "GET", path, want=401)
        word = found.answer.header("WWW-Authenticate", "")
        true(word.startswith(scheme), f"{path}: {word!r}")


@scenario("methods that a path does not know: 405 with Allow")
def wrong_methods(world):
    scene = Scene(world)
    app = scene.app
    table = [("/v1/apps", {"GET", "POST"}, "DELETE"),
             (app.path(), {"GET", "DELETE"}, "POST"),
             (app.path("/variables"), {"GET", "POST", "PUT", "DELETE"}, ""),
             (app.path("/addons"), {"GET", "POST"}, "DELETE"),
             (app.path(f"/addons/{scene.addon['id']}"),
              {"GET", "PATCH", "DELETE"}, "POST"),
             (app.path(f"/addons/{scene.addon['id']}/token"), {"POST"},
              "GET"),
             ("/v1/users/self", {"GET"}, "POST"),
             ("/v1/regions", {"GET"}, "DELETE"),
             ("/v1/addon_providers", {"GET"}, "POST"),
             ("/v1/tokens/exchange", {"POST"}, "GET"),
             ("/v1/provider/apps", {"GET"}, "POST"),
             ("/vendor/apps", {"GET"}, "POST"),
             ("/vendor/apps/x", {"GET", "PUT"}, "DELETE")]
    for path, known, odd in table:
        for method in filter(None, (odd, "TRACE", "get")):
            with Unchanged(world, f"{method} {path}"):
                found = world.call(app.owner, method, path,
                                   {} if method == "POST" else NOTHING)
            among(found.status, (405, 400, 501), f"{method} {path}")
            if method == odd:
                same(found.status, 405, f"{method} {path}")
            if found.status == 405 and found.data is not None:
                allow = set(found.answer.header("Allow", "")
                            .replace(" ", "").split(","))
                true(known <= allow and odd not in allow,
                     f"Allow of {path}: {allow}")


@scenario("paths that lead nowhere")
def paths(world):
    owner = world.account()
    names = ["..", ".", "%2e%2e", "a%2fb", "..%2f..%2fkey", "%00", "a%00b",
             "%ff", "é", "x" * 200, "x" * 3000, "UPPER", "a%0ab", "%", "%zz",
             "-rf", ".git", "a b".replace(" ", "%20"), "%3Cb%3E", "'", "\\"]
    with Unchanged(world):
        for name in names:
            for tail in ("", "/addons", "/variables"):
                path = f"/v1/apps/{name}{tail}"
                dots = name in ("..", ".", "%2e%2e") or "%2f" in name
                cut = "%00" in name and not world.door.fallback
                if (dots or cut) and world.door.served:
                    # it may make another path of it
                    found = world.door.request("GET", path, {})
                    among(found.status, (301, 302, 400, 401, 403, 404), path)
                    continue
                found = world.call(owner, "GET", path)
                among(found.status, (200, 400, 404, 414) if dots and not tail
                      else (400, 404, 414), f"/v1/apps/{name:.20}{tail}")
        for path in ("/v1", "/v1/", "/v1/nowhere", "/v1/apps/x/nowhere",
                     "/v1/provider", "/vendor/apps/x/y",
                     "/v1/apps/x/addons/y/nowhere"):
            if path.strip("/") == "v1" and not world.door.fallback:
                found = world.door.request("GET", path, {})
                # 200: a list of the programs' names
                among(found.status, (200, 301, 302, 403, 404), path)
                continue
            found = world.call(owner, "GET", path)
            among(found.status, (404, 401), path)
        # what we do not have clients are told as they can read it
        for path in ("/v1/keys?", "/v1/projects", "/v1/nowhere/x"):
            if not world.door.fallback:
                continue
            same(world.call(owner, "GET", path, want=404).data,
                 {"error": "not found"}, path)


@scenario("queries that are odd change nothing")
def queries(world):
    scene = Scene(world)
    with Unchanged(world):
        for query in ("", "&", "&&=", "=", "%", "a=%zz", "x" * 5000,
                      "_method=DELETE", "page=%00", "a=b&a=c"):
            found = world.call(scene.app.owner, "GET",
                               scene.app.path(f"?{query}"))
            among(found.status, (200, 400, 414), f"?{query:.20}")


@scenario("bytes that are no UTF-8: what quotes them is JSON all the same")
def encodings(world):
    app = world.app()
    with Unchanged(world):
        for query, headers in (("?if_match=%ff", {}),
                               ("?if_match=a%c3%28", {}),
                               ("", {"If-Match": "\udcff"})):
            found = world.call(
                app.owner, "POST", app.path(f"/variables{query}"), VARIABLE,
                headers=headers)
            if not server_page(found.answer):   # lighttpd's own 400
                among(found.status, (412, 400) if headers else (412,), query)


@scenario("slashes at the end, and doubled ones, are put up with")
def slashes(world):
    app = world.app()
    wanted = world.call(app.owner, "GET", app.path(), want=200).data
    for path in (app.path("/"), f"//v1/apps/{app.name}",
                 f"//v1/apps/{app.name}?", f"/v1//apps/{app.name}?"):
        if "//" in path and world.door.name == "linked":
            continue   # no server would choose the program by that name
        found = world.call(app.owner, "GET", path)
        if found.status != 200 and not world.door.fallback:
            among(found.status, (400, 404), path)   # its own page
            continue
        same((found.status, found.data), (200, wanted), path)


@scenario("a refusal repeats nothing that a page could run")
def echoes(world):
    owner = world.account()
    evil = "<script>alert(1)</script>"
    found = world.call(owner, "POST", "/v1/apps", {"app": {"name": evil}},
                       want=422)
    kind = found.answer.header("Content-Type")
    true(kind.startswith("application/json"), f"type {kind}")
    found = world.call(owner, "GET", "/v1/apps/%3Cscript%3E", want=404)
    true(b"<script>" not in found.answer.body, "an echo")
