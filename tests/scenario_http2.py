"""HTTP/2 and TLS before the programs: what differs from HTTP/1.1 in the clear
is the front's alone."""
import json
import re
import subprocess

import wire_curl
from scenario_base import Commits, Skip, Unchanged, same, true
from scenario_base import scenario
from scenario_smuggling import hidden
from world import authorization

JSON = {"content-type": "application/json", "accept": "application/json"}


def by_http2(world):
    if not world.door.http2:
        raise Skip("it speaks no HTTP/2 here")


def unmeasured(world, who, method: str, path: str, body: bytes, **more):
    return wire_curl.ask_unmeasured(
        world.door.origin() + path, method,
        {**JSON, "authorization": authorization(who), **more}, body)


@scenario("a body without a Content-Length is read whole, by every method")
def no_length(world):
    by_http2(world)
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    value = "x" * 8000
    variable = app.path("/variables")

    def send(who, method, path, data, want):
        body = json.dumps(data).encode()
        found = unmeasured(world, who, method, path, body).status
        if found == 411 and method in world.door.measured:
            world.call(who, method, path, data, want=want)
            return
        same(found, want, f"{method} {path} {len(body)} bytes")

    send(app.owner, "POST", variable,
         {"variable": {"name": "MINE", "value": value}}, 201)
    same(world.values(app)["MINE"], value, "MINE")
    ident = world.variables(app)["MINE"]["id"]
    for method in ("PATCH", "PUT"):
        send(app.owner, method, f"{variable}/{ident}",
             {"variable": {"value": f"by {method}"}}, 200)
        same(world.values(app)["MINE"], f"by {method}", "MINE")
    send(supplier, "PUT", f"/vendor/apps/{addon['id'][3:]}",
         {"config": {supplier.variables[0]: "theirs"}}, 200)
    same(world.values(app)[supplier.variables[0]], "theirs", "a provider's")
    with Unchanged(world):
        for body, want in ((b'{"variables":', 400), (b"", 400),
                           (b'{"a":"' + b"x" * 300000 + b'"}', 413)):
            same(unmeasured(world, app.owner, "PUT", variable, body).status,
                 want, f"{len(body)} bytes")
        same(unmeasured(world, "Bearer x", "PUT", variable,
                        b"{" + b" " * 500000 + b"}").status, 401, "unread")
    send(app.owner, "DELETE", app.path(), {"current_name": app.name}, 204)


@scenario("no stream hides a request from the server behind")
def downgrade(world):
    by_http2(world)
    app, owner = world.app(), world.account()
    for number, more in enumerate((
            {"transfer-encoding": "chunked"}, {"content-length": "0"},
            {"content-length": "5"}, {"connection": "keep-alive"},
            {"te": "chunked"}, {"x-a": "b\r\ntransfer-encoding: chunked"},
            {"x-a: b\r\ncontent-length": "0"},
            {"host": "evil.test\r\nContent-Length: 0"})):
        name = f"behind-{number}"
        body = b"0\r\n\r\n" + hidden(world, owner, name)
        try:
            unmeasured(world, app.owner, "PATCH", app.path("/variables"),
                       body, **more)
        except (AssertionError, subprocess.CalledProcessError):
            pass   # it would not send it, or the connection was ended
        world.call(owner, "GET", f"/v1/apps/{name}", want=404)
    same(world.values(app), {}, "variables")


@scenario("several requests at once on one connection")
def at_once(world):
    by_http2(world)
    app = world.app()
    targets = [app.path(), app.path("/variables"), app.path("/addons"),
               "/v1/users/self", "/v1/apps/nowhere"] * 4
    statuses = wire_curl.ask_at_once(
        [f"{world.door.origin()}{target}?{number}"
         for number, target in enumerate(targets)],
        {"authorization": authorization(app.owner)})
    same(sorted(statuses), [200] * 16 + [404] * 4, "statuses")


@scenario("names in small letters, no Host, no phrase: the same answers")
def differences(world):
    by_http2(world)
    app = world.app()
    found = world.call(app.owner, "GET", app.path(), want=200)
    tag, revision = (found.answer.header(name)
                     for name in ("ETag", "X-Revision"))
    true(all(name == name.lower() for name, _ in found.answer.headers),
         f"{found.answer.headers}")
    found = world.call(app.owner, "GET", app.path(), want=304,
                       headers={"If-None-Match": tag})
    same(found.answer.body, b"", "the body of a 304")
    found = world.call(app.owner, "HEAD", app.path(), want=200)
    same((found.answer.header("ETag"), found.answer.body), (tag, b""), "HEAD")
    body = {"variable": {"name": "A", "value": "b"}}
    with Unchanged(world):
        world.call(app.owner, "POST", app.path("/variables"), body, want=412,
                   headers={"if-match": "x", "idempotency-key": "k"})
    with Commits(world, 1):
        world.call(app.owner, "POST", app.path("/variables"), body, want=201,
                   headers={"if-match": revision})
    found = world.call(app.owner, "OPTIONS", app.path(), want=204)
    true("DELETE" in found.answer.header("allow"), "Allow")
    found = world.call(app.owner, "GET", app.path(), want=200,
                       headers={"X-Request-Id": "mine"})
    same(found.answer.header("x-request-id"), "mine", "X-Request-Id")


@scenario("behind TLS all is as public_url says, whatever a proxy tells")
def behind(world):
    if not world.door.proxied:
        raise Skip("no TLS is before it")
    url, owner = world.door.public_url, world.account(paying=True)
    true(url.startswith("https://"), url)
    lies = {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http",
            "X-Forwarded-For": "192.0.2.1", "Forwarded": "host=evil.test",
            "X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "1",
            "X-Original-URL": "/v1/users/self", "X-Rewrite-URL": "/v1/events",
            "X-HTTP-Method-Override": "DELETE", "X-Real-IP": "192.0.2.1"}
    app, supplier = world.app(owner), world.provider("heroku")
    addon = world.addon(app, supplier)
    world.configure(restart_hook="/bin/true")
    seen = [world.call(owner, "GET", "/v1/regions", want=200, headers=lies),
            world.call(owner, "GET", app.path(), want=200, headers=lies),
            world.call(owner, "POST", app.path("/restart"), {}, want=202,
                       headers=lies),
            world.call(supplier, "GET", "/vendor/apps", want=200,
                       headers=lies),
            world.call(owner, "GET", app.path(f"/addons/{addon['id']}/sso"),
                       want=200, headers=lies)]
    world.configure(restart_hook=None)
    for one in seen:
        text = f"{one.answer.headers} {one.answer.body.decode()}"
        true("evil" not in text and "http://localhost" not in text and
             "http://127.0.0.1" not in text, f"a link elsewhere: {text}")
    true(seen[2].answer.header("Location").startswith(f"{url}/v1/apps/"),
         f"Location: {seen[2].answer.header('Location')}")
    true(seen[4].data["addon"]["sso_url"].startswith(f"{url}/sso/"), "sso_url")
    page = world.door.request(
        "GET", seen[4].data["addon"]["sso_url"].removeprefix(url), {})
    same(page.status, 200, "the page of the SSO")
    links = re.findall(r'(?:href|src)="([^"]*)"', page.body.decode())
    true(links and all(link.startswith(f"{url}/") for link in links),
         f"the page's files: {links}")
    same(world.door.request("GET", links[0].removeprefix(url), {}).status,
         200, links[0])


@scenario("behind TLS the cookie is Secure, and changes come from public_url")
def cookie(world):
    if not world.door.proxied:
        raise Skip("no TLS is before it")
    url, account = world.door.public_url, world.account()
    found = world.call(None, "POST", "/v1/session", {"token": account.token},
                       want=201)
    given = found.answer.header("Set-Cookie")
    true(given.endswith("; Secure") and "SameSite=Strict" in given, given)
    true(found.answer.header("Strict-Transport-Security"), "no HSTS")
    lines = {"Cookie": given.partition(";")[0]}

    def create(name, want, **more):
        world.call(None, "POST", "/v1/apps", {"app": {"name": name}},
                   want=want, headers={**lines, **more})

    create("tls-one", 201, Origin=url)
    with Unchanged(world):
        for origin in (url.replace("https:", "http:"), "https://evil.test",
                       "https://localhost", f"{url}.evil.test", "null"):
            create("tls-two", 403, Origin=origin)
            create("tls-two", 403, **{
                "Origin": origin, "X-Forwarded-Host": "evil.test",
                "X-Forwarded-Proto": "https"})
