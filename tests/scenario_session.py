"""A browser's session: the cookie door, and what it does not open for."""
import hashlib
import json
import os
import re
import stat
import time
import urllib.parse

from scenario_base import Skip, Unchanged, among, same, scenario, true
from world import basic

SESSION = "/v1/session"
SELF = "/v1/users/self"
NAME = "sutler_session"
JSON = "application/json"
HOURS = 12 * 3600
COOKIE = re.compile(NAME + r"=([A-Za-z0-9_-]{43}); HttpOnly; SameSite=Strict; "
                    r"Path=/; Max-Age=43200(; Secure)?")


def origin(world) -> str:
    parts = urllib.parse.urlsplit(world.door.public_url)
    return f"{parts.scheme}://{parts.netloc}"


def sign_in(world, account, **headers) -> str:
    """What the browser sends from then on."""
    found = world.call(None, "POST", SESSION, {"token": account.token},
                       want=201, headers=headers)
    given = COOKIE.fullmatch(found.answer.header("Set-Cookie"))
    true(given, f"Set-Cookie: {found.answer.header('Set-Cookie')}")
    return f"{NAME}={given[1]}"


def by(cookie, **more) -> dict:
    lines = {"Accept": JSON}
    if cookie is not None:
        lines["Cookie"] = cookie
    return {**lines, **{name.replace("_", "-"): value
                        for name, value in more.items()}}


def status(world, cookie, method="GET", path=SELF, body=None, **more) -> int:
    return world.request(method, path, by(cookie, **more), body).status


def get(world, cookie, path=SELF, want=200, **more):
    answer = world.request("GET", path, by(cookie, **more))
    same(answer.status, want, f"GET {path} by {cookie}")
    return json.loads(answer.body)


def file_of(world, cookie):
    secret = cookie.split("=")[1].encode()
    return (world.data / "state" / "sessions" /
            hashlib.sha256(secret).hexdigest())


def rewrite(file, **change):
    record = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**record, **change}), "utf-8")


def create(world, cookie, want, body=None, **headers):
    """An app, made by cookie, or not."""
    name = world.fresh("app")
    body = json.dumps({"app": {"name": name}}).encode() \
        if body is None else body
    answer = world.request("POST", "/v1/apps", by(cookie, **headers), body)
    same(answer.status, want, f"POST by {headers}: {answer.body[:200]}")
    return name


@scenario("a sign-in gives a cookie, which is no token and stands nowhere")
def signing_in(world):
    account = world.account()
    with Unchanged(world, "by a sign-in"):
        found = world.call(None, "POST", SESSION, {"token": account.token},
                           want=201)
        cookie = COOKIE.fullmatch(found.answer.header("Set-Cookie"))[1]
        session = found.data["session"]
        user = world.call(account, "GET", SELF, want=200).data["user"]
        same(session["user"], {key: user[key] for key in
                               ("id", "username", "email")}, "the user")
        same(session["operator"], False, "operator")
        same(found.answer.header("Cache-Control"), "no-store")
        shown = get(world, f"{NAME}={cookie}", SESSION)
        same(shown, found.data, "GET tells the same")
        head = world.request("HEAD", SESSION, by(f"{NAME}={cookie}"))
        same((head.status, head.body), (200, b""), "HEAD")
        get(world, f"{NAME}={cookie}", "/v1/apps")
    file = file_of(world, f"{NAME}={cookie}")
    same(stat.S_IMODE(file.stat().st_mode), 0o600, "mode")
    text = file.read_bytes()
    true(account.token.encode() not in text and cookie.encode() not in text,
         "a secret in the session's file")
    for path in world.data.rglob("*"):
        if path.is_file():
            true(cookie.encode() not in path.read_bytes(),
                 f"the cookie's secret stands in {path}")
    for word in (f"Bearer {cookie}", basic("", cookie)):
        world.call(word, "GET", SELF, want=401)
    true(abs(file.stat().st_mtime - time.time()) < 60, "written now")
    same(json.loads(text)["expires_at"], session["expires_at"])
    another = sign_in(world, account)
    true(another != f"{NAME}={cookie}", "the same secret twice")
    get(world, f"{NAME}={cookie}")   # another browser's


@scenario("a sign-in without a token, or with a wrong one")
def wrong_token(world):
    account = world.account()
    jwt = world.call(basic("", account.token), "POST", "/v1/tokens/exchange",
                     {}, want=200).data["token"]
    sessions = world.data / "state" / "sessions"
    before = sorted(sessions.iterdir()) if sessions.exists() else []
    for body in ({}, {"token": ""}, {"token": None}, {"token": 7},
                 {"token": {}}):
        found = world.call(None, "POST", SESSION, body, want=422)
        same(list(found.data["errors"]), ["token"], "the field")
    world.call(None, "POST", SESSION, body=b"", want=422)
    world.call(None, "POST", SESSION, body=b"{", want=400)
    for token in ("tk-us-x", account.token + "x", account.token[:-1], jwt,
                  account.name):
        found = world.call(None, "POST", SESSION, {"token": token}, want=401)
        same(found.answer.header("Set-Cookie"), None, "a cookie")
        same(found.answer.header("WWW-Authenticate")[:6], "Bearer",
             "no browser asks")
    world.sutler("account", "disable", account.name)
    world.call(None, "POST", SESSION, {"token": account.token}, want=401)
    same(sorted(sessions.iterdir()) if sessions.exists() else [], before,
         "no session is left")


@scenario("nobody is signed in by another site's page")
def forged_sign_in(world):
    account = world.account()
    body = json.dumps({"token": account.token}).encode()
    for more in ({"Content_Type": "text/plain"},
                 {"Content_Type": "application/x-www-form-urlencoded"},
                 {"Content_Type": JSON, "Origin": "https://evil.test"},
                 {"Content_Type": JSON, "Origin": "null"},
                 {"Content_Type": JSON, "Sec_Fetch_Site": "cross-site"}, {}):
        answer = world.request("POST", SESSION, by(None, **more), body)
        same((answer.status, answer.header("Set-Cookie")), (403, None),
             str(more))
    sign_in(world, account, Origin=origin(world))


@scenario("of several cookies ours counts; junk is nobody")
def cookies(world):
    cookie = sign_in(world, world.account())
    secret = cookie.split("=")[1]
    good = (f"a=b; {cookie}", f"{cookie}; a=b", f"a=b;{cookie};c=d",
            f"x{cookie}; {cookie}", f"a; =; ;; {cookie}",
            f"{NAME}=; {cookie}", f"{NAME}=junk; {cookie}",
            f"{NAME}={secret[:-1]}!; {cookie}", f"{cookie}; {cookie}",
            f"{NAME}={secret[1:]}A; {cookie}", f"{cookie} ; a=b")
    bad = ("", "a=b", NAME, f"{NAME}=", f"{NAME}={secret[:-1]}",
           f"{NAME}={secret}A", f"{NAME}=\"{secret}\"", f"x{cookie}",
           f"{NAME.upper()}={secret}", f"{NAME}={secret[:-1]}%41",
           f"{NAME}= {secret}", f"a={cookie}", f"{NAME}=../../key",
           f"{NAME}={'/' * 43}", f"{NAME}={'.' * 43}",
           f"{NAME}={hashlib.sha256(secret.encode()).hexdigest()}",
           "; ".join([f"{NAME}={'x' * 43}"] * 9 + [cookie]),
           f"{cookie}; a={'b' * 9000}")
    for text in good:
        same(status(world, text), 200, text)
    for text in bad:
        if len(text) > 8000 and world.door.served:
            continue   # refuses it itself
        same(status(world, text), 401, text)
        same(status(world, text, path="/v1/addon_providers"), 200,
             f"a guest, with {text}")
    # whose a second session is, is not ours to guess
    second = sign_in(world, world.account())
    same(status(world, f"{cookie}; {second}"), 401, "two sessions")
    same(status(world, f"{second}; {cookie}"), 401, "two sessions")
    same(status(world, f"{second}; {cookie}", path="/v1/addon_providers"), 200,
         "two sessions are a guest")
    same(status(world, second), 200, "each is one")


@scenario("a guest's pages know who is signed in")
def guests(world):
    account = world.account()
    supplier = world.provider("heroku")
    cookie = sign_in(world, account)
    world.sutler("provider", "visibility", supplier.slug, "private",
                 account.name)
    path = f"/v1/addon_providers/{supplier.slug}/plans"
    get(world, cookie, path)
    for text in (None, "a=b", f"{NAME}={'x' * 43}"):
        get(world, text, path, want=404)
    same(status(world, cookie, path=path, Sec_Fetch_Site="cross-site"), 404,
         "asked by another's page")
    same(status(world, cookie, path=path, Authorization="Basic eDp5"), 404,
         "an Authorization counts alone")


@scenario("signing out ends the session at once, and is harmless without one")
def signing_out(world):
    account = world.account()
    cookie, other = sign_in(world, account), sign_in(world, account)
    true(file_of(world, cookie).exists(), "its file")
    for more in ({}, {"Content_Type": "text/plain"},
                 {"Content_Type": JSON, "Origin": "https://evil.test"}):
        same(status(world, cookie, "DELETE", SESSION, **more), 403, str(more))
    get(world, cookie)
    answer = world.request("DELETE", SESSION, by(cookie, Content_Type=JSON))
    same((answer.status, answer.header("Set-Cookie")),
         (204, f"{NAME}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0" +
          ("; Secure" if world.door.proxied else "")))
    get(world, cookie, want=401)
    get(world, cookie, SESSION, want=401)
    true(not file_of(world, cookie).exists(), "its file is left")
    get(world, other)
    for text in (cookie, None, "junk", f"{NAME}=junk"):
        for body, more in ((None, {}), (b"null", {"Content_Type": JSON}),
                           (b"", {"Content_Type": JSON})):
            same(status(world, text, "DELETE", SESSION, body, **more), 204,
                 "nothing to end")
    same(status(world, other, "POST", f"{SESSION}?_method=DELETE", b"null",
                Content_Type=JSON), 204, "where DELETE does not pass")
    get(world, other, want=401)
    get(world, None, SESSION, want=401)
    world.call(account, "GET", SESSION, want=401)   # a token is no session
    # a browser that signs in anew has one session
    first = sign_in(world, account)
    second = sign_in(world, account, Cookie=first)
    get(world, first, want=401)
    get(world, second)


@scenario("a dry run signs nobody in, nor out")
def dry_run(world):
    account = world.account()
    cookie = sign_in(world, account)
    sessions = file_of(world, cookie).parent
    before = sorted(sessions.iterdir())
    body = json.dumps({"token": account.token}).encode()
    for method, data in (("POST", body), ("DELETE", b"")):
        for target, more in ((f"{SESSION}?dry_run=true", {}),
                             (SESSION, {"X_Dry_Run": "true"})):
            answer = world.request(method, target, by(
                cookie, Content_Type=JSON, **more), data)
            same((answer.status, answer.header("Set-Cookie")), (200, None))
            same(json.loads(answer.body)["dry_run"]["subject"], None)
    same(sorted(sessions.iterdir()), before, "sessions")
    get(world, cookie)


@scenario("a session ends with its token, its account and its time")
def ends(world):
    account = world.account()

    def token(name):
        return world.call(account, "POST", "/v1/tokens", {"name": name},
                          want=201).data["token"]

    def signed_in(made):
        return sign_in(world, account._replace(token=made["token"]))

    first, second, third = token("a"), token("b"), token("c")
    deleted, renewed, kept = map(signed_in, (first, second, third))
    world.call(account, "DELETE", f"/v1/tokens/{first['id']}", want=204)
    fresh = world.call(account, "PATCH", f"/v1/tokens/{second['id']}/renew",
                       {}, want=200).data["token"]
    get(world, deleted, want=401)
    get(world, renewed, want=401)
    get(world, kept)
    again = signed_in(fresh)
    get(world, again)
    world.call(account, "PATCH", f"/v1/tokens/{second['id']}/renew", {},
               want=200)
    get(world, again, want=401)
    # it may end its own token
    same(status(world, kept, "DELETE", f"/v1/tokens/{third['id']}", b"",
                Content_Type=JSON), 204)
    get(world, kept, want=401)

    cookie = sign_in(world, account)
    world.sutler("account", "disable", account.name)
    get(world, cookie, want=401)
    get(world, cookie, SESSION, want=401)
    world.sutler("account", "enable", account.name)
    get(world, cookie)
    file = file_of(world, cookie)
    before = json.loads(file.read_text("utf-8"))
    for change in ({"account": world.account().name},
                   {"account_id": world.account().token},
                   {"account": "nobody-at-all"}, {"account": "../x"},
                   {"token_id": "x"}, {"expires_at": "soon"}):
        rewrite(file, **change)
        get(world, cookie, want=401)
        rewrite(file, **before)
    for text in ("", "{", "null", "[]", "{}", "\0" * 300):
        file.write_text(text, "utf-8")   # what a loss of power leaves
        get(world, cookie, want=401)
        get(world, cookie, "/v1/addon_providers")
    file.write_text(json.dumps(before), "utf-8")
    get(world, cookie)
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    rewrite(file, expires_at=now)
    get(world, cookie, want=401)
    get(world, cookie, SESSION, want=401)
    create(world, cookie, 401, Content_Type=JSON)


@scenario("it lasts twelve hours; tick takes old sessions away")
def sweeping(world):
    account = world.account()
    old, young = sign_in(world, account), sign_in(world, account)
    left = json.loads(file_of(world, old).read_text("utf-8"))["expires_at"]
    until = time.mktime(time.strptime(left[:19], "%Y-%m-%dT%H:%M:%S")) \
        - time.timezone
    true(abs(until - time.time() - HOURS) < 60, f"expires {left}")
    past = time.time() - HOURS - 5
    os.utime(file_of(world, old), (past, past))
    os.utime(file_of(world, young), (past + 65, past + 65))
    world.sutler("tick")
    true(not file_of(world, old).exists(), "the old one is left")
    true(file_of(world, young).exists(), "a young one is gone")
    get(world, young)
    get(world, old, want=401)


@scenario("fsck knows the sessions", every_door=False)
def checking(world):
    cookie = sign_in(world, world.account())
    file = file_of(world, cookie)
    mine = f"state/sessions/{file.name}"

    def findings(*words):
        done = world.sutler("fsck", "--json", *words, want=None)
        rows = [json.loads(line) for line in
                done.stdout.decode().splitlines() if line.startswith("{")] \
            if not done.stdout.startswith(b"[") else json.loads(done.stdout)
        return done.returncode, {row["path"]: row["done"] for row in rows
                                 if row["path"].startswith("state/sess")}

    same(findings(), (0, {}), "a sound one")
    file.chmod(0o644)
    same(findings(), (1, {mine: "nothing"}), "others may read it")
    same(findings("--repair"), (0, {mine: "mode set to 0600"}), "mended")
    same(stat.S_IMODE(file.stat().st_mode), 0o600, "mode")
    same(findings(), (0, {}), "a sound one again")
    stray = file.with_name("notes")
    stray.write_text("x", "utf-8")
    same(findings(), (0, {"state/sessions/notes": "left alone"}), "a stray")
    stray.unlink()
    get(world, cookie)


@scenario("a change by cookie is JSON, and comes from a page of ours")
def changes(world):
    account = world.account()
    cookie = sign_in(world, account)
    ours = origin(world)
    evil = ("https://evil.test", "null", ours + ".evil.test", ours + ":1",
            ours + "/", "https://market.test", "http://evil.test/" + ours,
            ours.upper() + "x", "file://", "x", f"{ours} {ours}",
            ours.replace("//", "//u@"))
    kinds = (None, "text/plain", "application/x-www-form-urlencoded",
             "multipart/form-data; boundary=x", "text/plain; " + JSON,
             f"text/plain;a=b, {JSON}", JSON + "x", f"{JSON}, text/plain",
             "application/json-patch+json", "application")
    with Unchanged(world, "by what is refused"):
        for one in evil:
            create(world, cookie, 403, Content_Type=JSON, Origin=one)
        for kind in kinds:
            more = {} if kind is None else {"Content_Type": kind}
            create(world, cookie, 403, **more)
            create(world, cookie, 403, Origin=ours, **more)
        for site in ("cross-site", "same-site", "other"):
            create(world, cookie, 403, Content_Type=JSON, Sec_Fetch_Site=site,
                   Origin=ours)
    for more in ({}, {"Origin": ours}, {"Origin": ""},
                 {"Sec_Fetch_Site": "same-origin", "Origin": ours},
                 {"Sec_Fetch_Site": "none"}):
        create(world, cookie, 201, Content_Type=JSON, **more)
    for kind in (f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8",
                 f"{JSON} ; a=b", "Application/JSON"):
        name = create(world, cookie, 201, Content_Type=kind)
    said = world.messages()[-1]
    true(f"Actor: user {account.name}" in said or account.name in said,
         f"who did it: {said}")
    # every method, a body or none; and none of it by another's page
    path = f"/v1/apps/{name}/variables"
    body = b'{"variable":{"name":"A","value":"b"}}'
    ident = json.loads(world.request(
        "POST", path, by(cookie, Content_Type=JSON), body).body)[
            "variable"]["id"]
    rows = [("PATCH", f"{path}/{ident}", b'{"variable":{"value":"c"}}', 200),
            ("PUT", f"{path}/{ident}", b'{"variable":{"value":"d"}}', 200),
            ("POST", f"{path}/{ident}?_method=PATCH",
             b'{"variable":{"value":"e"}}', 200),
            ("DELETE", f"{path}/{ident}", None, 204)]
    for method, place, data, want in rows:
        with Unchanged(world, f"by {method}"):
            same(status(world, cookie, method, place, data), 403, method)
            same(status(world, cookie, method, place, data, Content_Type=JSON,
                        Origin="https://evil.test"), 403, method)
        same(status(world, cookie, method, place, data, Content_Type=JSON),
             want, method)
    same(status(world, cookie, "DELETE", f"/v1/apps/{name}", b"null",
                Content_Type=JSON), 422, "a name is asked for")
    same(status(world, cookie, "DELETE",
                f"/v1/apps/{name}?current_name={name}", b"null",
                Content_Type=JSON), 204, "a body of null")


@scenario("the request's own host is ours too, by its own scheme")
def own_host(world):
    if world.door.proxied:
        raise Skip("the proxy tells another host")
    cookie = sign_in(world, world.account())
    mine = origin(world)
    host = urllib.parse.urlsplit(mine).netloc
    before = world.door.public_url
    more = {} if world.door.served else {"Host": host}
    world.configure(public_url="https://Elsewhere.test:443/shop")
    try:
        for one in (mine, "https://elsewhere.test"):
            create(world, cookie, 201, Content_Type=JSON, Origin=one, **more)
        with Unchanged(world):
            for one in ("https://elsewhere.test:443",
                        "http://elsewhere.test", mine.replace("http:",
                                                              "https:")):
                create(world, cookie, 403, Content_Type=JSON, Origin=one,
                       **more)
        if more:   # without a Host there is none
            create(world, cookie, 403, Content_Type=JSON, Origin=mine)
            for given, named in (("Other.test:80", "http://other.test"),
                                 ("other.test:81", "http://other.test:81")):
                create(world, cookie, 201, Content_Type=JSON, Origin=named,
                       Host=given)
    finally:
        world.configure(public_url=before)


@scenario("a read by cookie needs neither, but another's page gets nothing")
def reads(world):
    app = world.app()
    cookie = sign_in(world, app.owner)
    supplier = world.provider("scalingo")
    addon = world.addon(app, supplier)
    for path in (app.path(), app.path("/variables"), app.path("/addons"),
                 app.path("/events"), "/v1/events", SESSION,
                 app.path(f"/addons/{addon['id']}/sso"),
                 app.path("/usage?month=2026-01&format=csv")):
        for more in ({}, {"Sec_Fetch_Site": "same-origin"},
                     {"Sec_Fetch_Site": "none"},
                     {"Content_Type": "text/plain"},
                     {"Origin": "https://evil.test"}):
            same(status(world, cookie, path=path, **more), 200, path)
        for site in ("cross-site", "same-site"):
            same(status(world, cookie, path=path, Sec_Fetch_Site=site), 401,
                 f"{path} for {site}")
    options = world.request("OPTIONS", app.path(),
                            {"Origin": "https://evil.test", "Cookie": cookie,
                             "Access-Control-Request-Method": "DELETE"})
    for answer in (options, world.request(
            "GET", app.path(), by(cookie, Origin="https://evil.test"))):
        for name, _ in answer.headers:
            true(not name.lower().startswith("access-control"), name)


@scenario("no cookie opens what wants Basic; beside a header it does not count")
def other_doors(world):
    app, other = world.app(), world.app()
    supplier = world.provider("heroku")
    world.addon(app, supplier)
    cookie = sign_in(world, app.owner)
    same(status(world, cookie, "POST", "/v1/tokens/exchange", b"{}",
                Content_Type=JSON), 401, "an exchange")
    for path in ("/vendor/apps", "/v1/provider/apps", "/v2/vendor/apps",
                 "/addons", f"/apps/{app.id}"):
        same(status(world, cookie, path=path), 401, path)
    same(status(world, cookie, "PATCH", f"/v1/provider/apps/{app.id}",
                b'{"config":{}}', Content_Type=JSON), 401, "a provider's")
    # the header alone counts, good or bad
    mine = f"Bearer {app.owner.token}"
    found = get(world, cookie, Authorization=f"Bearer {other.owner.token}")
    same(found["user"]["username"], other.owner.name, "who asks")
    for word in ("Bearer x", "Bearer", "Basic eDp5", "Digest x",
                 basic("", app.owner.token)):
        get(world, cookie, want=401, Authorization=word)
        get(world, cookie, SESSION, want=401, Authorization=word)
    get(world, cookie, SESSION, want=401, Authorization=mine)
    # and then it is no browser's change
    create(world, cookie, 201, Content_Type="text/plain",
           Origin="https://evil.test", Authorization=mine)


@scenario("a session may what its token may, and no more")
def no_more(world):
    app = world.app()
    guest = world.account()
    invited = world.call(app.owner, "POST", app.path("/collaborators"),
                         {"collaborator": {"email": guest.email,
                                           "is_limited": True}}, want=201)
    link = invited.data["collaborator"]["invitation_link"]
    path = link.removeprefix(world.door.public_url)
    world.call(guest, "GET", path, want=200)
    cookie, stranger = sign_in(world, guest), sign_in(world, world.account())
    get(world, cookie, app.path())
    get(world, stranger, app.path(), want=404)
    rows = (("PATCH", app.path(), {"app": {"name": "x"}}),
            ("POST", app.path("/variables"),
             {"variable": {"name": "A", "value": "b"}}),
            ("DELETE", f"{app.path()}?current_name={app.name}", None))
    with Unchanged(world):
        for method, place, data in rows:
            data = None if data is None else json.dumps(data).encode()
            by_token = world.request(
                method, place, {"Authorization": f"Bearer {guest.token}",
                                "Content-Type": JSON}, data)
            by_cookie = world.request(method, place,
                                      by(cookie, Content_Type=JSON), data)
            same((by_cookie.status, by_cookie.body),
                 (by_token.status, by_token.body), f"{method} {place}")
            among(by_cookie.status, (403, 404), f"{method} {place}")


@scenario("the limit of requests counts a session as its token",
          every_door=False)
def limited(world):
    account = world.account()
    cookie, other = sign_in(world, account), sign_in(world, account)
    if time.time() % 60 > 45:
        time.sleep(60 - time.time() % 60)
    world.configure(rate_limit=5)
    try:
        found = [status(world, cookie), status(world, other),
                 world.call(account, "GET", SELF).status,
                 world.call(None, "POST", SESSION,
                            {"token": account.token}).status,
                 status(world, cookie), status(world, other),
                 world.call(account, "GET", SELF).status,
                 world.call(None, "POST", SESSION,
                            {"token": account.token}).status]
        same(found, [200, 200, 200, 201, 200, 429, 429, 429])
    finally:
        world.configure(rate_limit=None)


@scenario("the cookie is Secure where the site has TLS", every_door=False)
def secure(world):
    account = world.account()
    before = world.door.public_url
    try:
        for url, wanted in (("https://market.test/shop", "; Secure"),
                            ("http://market.test/https://", "")):
            world.configure(public_url=url)
            answer = world.call(None, "POST", SESSION,
                                {"token": account.token}, want=201).answer
            cookie = answer.header("Set-Cookie")
            same(COOKIE.fullmatch(cookie)[2] or "", wanted, url)
            pair = cookie.split(";")[0]
            get(world, pair)
            answer = world.request("DELETE", SESSION,
                                   by(pair, Content_Type=JSON))
            same(answer.header("Set-Cookie"),
                 f"{NAME}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
                 + wanted, "taken back")
    finally:
        world.configure(public_url=before)


@scenario("no page's script has the browser ask for a password")
def no_prompt(world):
    for more, wanted in (({}, "Basic"), ({"Sec_Fetch_Mode": "cors"}, "Bearer"),
                         ({"Sec_Fetch_Mode": "navigate"}, "Basic")):
        answer = world.request("POST", "/v1/tokens", by(
            None, Content_Type=JSON, **more), b'{"name":"x"}')
        same(answer.status, 401)
        same(answer.header("WWW-Authenticate").split()[0], wanted, str(more))


@scenario("where no session can be kept, the sign-in says so",
          every_door=False)
def unwritable(world):
    account = world.account()
    sign_in(world, account)
    sessions = world.data / "state" / "sessions"
    aside = sessions.with_name("sessions-aside")
    sessions.rename(aside)
    sessions.write_text("in the way", "utf-8")
    try:
        found = world.call(None, "POST", SESSION, {"token": account.token})
        same(found.answer.header("Set-Cookie"), None, "a cookie")
        among(found.status, (500, 503), "a sign-in")
        same(list((world.data / "state" / "tmp").iterdir()), [],
             "what is left of it")
    finally:
        sessions.unlink()
        aside.rename(sessions)
    sign_in(world, account)
