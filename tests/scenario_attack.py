"""Attacks, each tried against what withstands it.  What is tried elsewhere, and
what shows that these tests can fail, stands in defences.py."""
import gzip
import json
import re

from scenario_addons_trouble import same_records, snapshot
from scenario_base import Commits, Unchanged, among, eventually, same
from scenario_base import scenario, true
from scenario_partner import exchange, partner, token_call
from scenario_webhooks import Hook
from world import basic, server_page

JSON = {"Content-Type": "application/json"}
# Of an answer, whatever it is; and how a server says where the body ends.
VARYING = ("x-request-id", "date", "content-length", "transfer-encoding")


# Response splitting, header injection

@scenario("splitting: nothing that is sent makes a line of its own")
def splitting(world):
    app = world.app()
    cut = ("%0d%0aSet-Cookie:%20slipped=in", "%0aX-Slipped:%20in",
           "%0d%0a%0d%0a<html>", "%c4%8d%c4%8aX-Slipped:in", "%0dX-Slipped:in",
           "%00%0aX-Slipped:in", "%e5%98%8a%e5%98%8dX-Slipped:in")
    with Unchanged(world):
        for text in cut:
            for target in (
                    f"/v1/apps/{text}", f"/v1/apps/{app.name}{text}/addons",
                    f"/v1/apps?page={text}", f"/v1/events?page=1{text}",
                    f"/vendor/apps?offset={text}", f"/sso/{text}",
                    f"/oauth/token?code={text}", f"/v1/regions?{text}",
                    app.path(f"/usage?month={text}&format=csv"),
                    app.path(f"/variables?at={text}"), f"/index.html?{text}"):
                look(world, app.owner, "GET", target)
            look(world, app.owner, "POST",
                 app.path(f"/variables?if_match={text}"),
                 b'{"variable":{"name":"A","value":"b"}}')
        for text in ("a\tX-Slipped: in", "a b", "x" * 65, "", "a;b", "\u00e9",
                     'a"b', "<a>"):
            found = look(world, app.owner, "GET", app.path(), None,
                         {"X-Request-Id": text})
            if found.status == 200:
                true(re.fullmatch("[0-9a-f]{16}",
                                  found.header("X-Request-Id")),
                     f"{text!r} is {found.header('X-Request-Id')!r}")


def look(world, who, method: str, target: str, body=None, more=None):
    answer = world.door.request(method, target, {
        "Authorization": f"Bearer {who.token}", **JSON, **(more or {})}, body)
    for name, value in answer.headers:
        true("slipped" not in f"{name}".lower() and
             "slipped=in" not in value and "<html>" not in value,
             f"{method} {target}: {name}: {value}")
    true(server_page(answer) or b"X-Slipped" not in answer.body[:20],
         f"{method} {target}: {answer.brief()}")
    return answer


# CSRF; what a session's cookie may do stands in scenario_session.py

@scenario("CSRF: Basic credentials that a browser has kept serve no other site")
def kept_credentials(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    ours = world.door.public_url.removesuffix(world.door.prefix)
    rows = [(supplier, "PUT", f"/vendor/apps/{addon['id'][3:]}",
             {"config": {supplier.variables[0]: "theirs"}}, 200),
            (supplier, "POST",
             f"/vendor/apps/{addon['id'][3:]}?_method=PUT",
             {"config": {supplier.variables[0]: "again"}}, 200),
            (basic(app.owner.name, app.owner.token), "POST", "/v1/tokens",
             {"token": {"name": "theirs"}}, 201),
            (basic("", app.owner.token), "POST", "/v1/tokens/exchange", {},
             200)]
    for who, method, path, data, want in rows:
        with Unchanged(world):
            for more in ({"Origin": "https://evil.test"}, {"Origin": "null"},
                         {"Sec-Fetch-Site": "cross-site"},
                         {"Sec-Fetch-Site": "same-site", "Origin": ours}):
                world.call(who, method, path, data, want=403, headers={
                    "Content-Type": "text/plain", **more})
        for more in ({}, {"Origin": ours, "Sec-Fetch-Site": "same-origin"}):
            world.call(who, method, path, data, want=want, headers=more)


# Clickjacking

@scenario("clickjacking: no page of ours may stand in a frame")
def frames(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    link = world.call(app.owner, "GET",
                      app.path(f"/addons/{addon['id']}/sso"),
                      want=200).data["addon"]["sso_url"]
    page = link.removeprefix(world.door.public_url)
    seen = 0
    for target in ("/index.html", "/reference.html", page, page, "/sso/never",
                   "/v1/apps/x", app.path("/usage?month=2026-01&format=csv"),
                   "/v1/nowhere", "/oauth/token"):
        answer = world.door.request("GET", target, {})
        kind = answer.header("Content-Type", "")
        if server_page(answer) and "sso" not in target:
            continue   # the web server's own, on which nothing is to be done
        if not kind.startswith("text/html"):
            same(answer.header("X-Content-Type-Options"), "nosniff", target)
            continue
        seen += 1
        true("frame-ancestors 'none'" in answer.header(
            "Content-Security-Policy", ""), f"{target} may be framed")
    same(seen, 5, "pages")


# User enumeration

def alike(world, what: str, known: tuple, unknown: tuple):
    """Two requests (who, method, path, data, headers) are answered the same."""
    seen = []
    for who, method, path, data, *headers in (known, unknown):
        found = world.call(who, method, path, data,
                           headers=headers[0] if headers else None)
        true(found.status in (400, 401, 403, 404, 422), f"{what}: {found}")
        seen.append((found.status, found.answer.body, sorted(
            row for row in found.answer.headers
            if row[0].lower() not in VARYING)))
    same(seen[0], seen[1], what)


@scenario("enumeration: who is there is answered as who is not")
def enumeration(world):
    app, gone = world.app(), world.account()
    other, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(other, supplier)["id"]
    world.sutler("account", "disable", gone.name)
    none = f"tk-us-{'x' * 48}"
    for path in ("/v1/users/self", "/v1/apps", "/v1/session"):
        alike(world, f"a token at {path}", (gone, "GET", path, None),
              (f"Bearer {none}", "GET", path, None))
    alike(world, "an exchange",
          (basic("", gone.token), "POST", "/v1/tokens/exchange", {}),
          (basic("", none), "POST", "/v1/tokens/exchange", {}))
    alike(world, "a sign-in",
          (None, "POST", "/v1/session", {"token": gone.token}),
          (None, "POST", "/v1/session", {"token": none}))
    for one, two in ((app.owner.name, "nobody1"),
                     (app.owner.email, "nobody1@example.org")):
        for method, path in (
                ("GET", f"/provider/addons/{supplier.slug}"),
                ("GET", f"/api/v3/addons/{supplier.slug}/manifests"),
                ("POST", "/v1/tokens")):
            alike(world, f"{one} at {path}",
                  (basic(one, none), method, path, {}),
                  (basic(two, none), method, path, {}))
    alike(world, "another's name at the portal", *(
        (basic(email, app.owner.token), "GET",
         f"/provider/addons/{supplier.slug}", None)
        for email in (other.owner.email, "nobody@example.org")))
    for path in ("/v1/provider/apps", "/vendor/apps", "/v2/vendor/apps"):
        alike(world, f"a provider at {path}",
              (basic(supplier.user, "wrong"), "GET", path, None),
              (basic("nobody", "wrong"), "GET", path, None))
    absent = "ad-00000000-0000-4000-8000-000000000000"
    for method, one, data in (
            ("GET", "", None), ("DELETE", "?current_name=x", {}),
            ("GET", "/variables", None), ("GET", "/addons", None),
            ("PATCH", "", {"app": {"force_https": True}}),
            ("GET", "/collaborators", None), ("GET", "/history", None),
            ("POST", "/rename", {"current_name": "x", "new_name": "y"})):
        alike(world, f"another's app: {method} {one}",
              (app.owner, method, other.path(one), data),
              (app.owner, method, f"/v1/apps/nowhere{one}", data))
    alike(world, "another's add-on",
          (app.owner, "GET", app.path(f"/addons/{addon}"), None),
          (app.owner, "GET", app.path(f"/addons/{absent}"), None))
    alike(world, "a new owner", *(
        (app.owner, "PATCH", app.path(), {"app": {"owner": {"email": email}}})
        for email in (other.owner.email, "nobody@example.org")))


@scenario("enumeration: an invitation tells not who has an account")
def invitations(world):
    app = world.app()
    seen = []
    for email in (world.account().email, "nobody@example.org"):
        made = world.call(app.owner, "POST", app.path("/collaborators"),
                          {"collaborator": {"email": email}}, want=201)
        text = made.answer.body.decode()
        for value in (made.data["collaborator"]["invitation_link"], email,
                      made.data["collaborator"]["id"]):
            text = text.replace(value, "…")
        seen.append(re.sub(r"[\d-]+T[\d:.]+Z", "…", text))
    same(seen[0], seen[1], "the answer")


@scenario("enumeration: a grant, a page and a provider that are not yours")
def grants(world):
    supplier, secret = partner(world)
    app, other = world.app(), world.account()
    world.addon(app, supplier)
    code = supplier.desk.asked("POST")[-1].json()["oauth_grant"]["code"]
    stranger = "0" * 8 + code[8:]
    seen = [token_call(world, 401, grant_type="authorization_code", code=text,
                       client_secret="wrong").answer.body
            for text in (code, stranger)]
    same(seen[0], seen[1], "a grant, by a wrong secret")
    exchange(world, supplier, secret)
    seen = [token_call(world, 401, grant_type="authorization_code", code=text,
                       client_secret=secret).answer.body
            for text in (code, stranger)]
    same(seen[0], seen[1], "a grant that is used up")
    world.sutler("provider", "visibility", supplier.slug, "private",
                 app.owner.name)
    slug = "/v1/addon_providers/"
    for before, after in ((slug, "/plans"), ("/provider/addons/", ""),
                          ("/api/v3/addons/", "/manifests"),
                          ("/api/v3/addons/", "/current_manifest")):
        alike(world, f"a private provider at {before}",
              (other, "GET", f"{before}{supplier.slug}{after}", None),
              (other, "GET", f"{before}nowhere{after}", None))


# What providers answer

@scenario("decompression: a client's bomb is no JSON")
def bomb_in(world):
    app = world.app()
    bomb = gzip.compress(b'{"variable":{"name":"A","value":"b"}}' +
                         b" " * (100 << 20))
    true(len(bomb) < 200000, "a bomb is small")
    with Unchanged(world):
        for coding in ("gzip", "deflate", "identity"):
            found = world.call(app.owner, "POST", app.path("/variables"),
                               body=bomb,
                               headers={"Content-Encoding": coding})
            among(found.status, (400, 411, 415), coding)


@scenario("decompression: a provider's answer is taken as it is")
def bomb_out(world):
    """Small enough to be read if it were unpacked, as well as a bomb."""
    good = json.dumps({"id": "unpacked", "config": {}}).encode()
    for what, body in (("small", good), ("a bomb", good + b" " * (200 << 20))):
        app, supplier = world.app(), world.provider("scalingo")
        before = snapshot(world)
        supplier.desk.then(201, gzip.compress(body),
                           headers={"Content-Encoding": "gzip"})
        with Commits(world, 2, what):
            world.order(app, supplier, want=503)
        same_records(world, before, what)
        same(supplier.desk.seen[0].headers.get("Accept-Encoding"), None, what)


@scenario("SSRF: no redirect is followed, wherever it leads")
def redirects(world):
    inner = world.mock.desk(world.fresh("inner"))
    for status in (301, 302, 303, 307, 308):
        app, supplier = world.app(), world.provider("scalingo")
        before = snapshot(world)
        supplier.desk.then(status, headers={
            "Location": f"{world.mock.url}/{inner.name}/"})
        world.order(app, supplier, want=503)
        same_records(world, before, f"{status}")
    same(inner.seen, [], "asked")


@scenario("SSRF: a provider's webhook reaches no private address")
def hooks(world):
    hook = Hook(world)
    hook.set("one")
    world.sutler("tick")
    told = len(hook.told())
    true(told > 0, "it is told where that is allowed")
    world.configure(allow_private="no")
    try:
        hook.set("two")
        world.sutler("tick", want=None)
    finally:
        world.configure(allow_private="yes")
    same(len(hook.told()), told, "told at a private address")


@scenario("slow providers: one that drips is left, by head and by body")
def dripping(world):
    for what in ("head", "body"):
        app, supplier = world.app(), world.provider("scalingo")
        before = snapshot(world)
        supplier.desk.then(201, {"id": "late"}, drip=what)
        world.order(app, supplier, want=503)   # after 3 s
        same_records(world, before, what)
        eventually(lambda desk=supplier.desk: desk.left,
                   f"the {what} is still listened to", 10)
