"""Single sign-on: the entrance to a provider's dashboard."""
import datetime
import hashlib
import html.parser
import os
import re
import time
import urllib.parse

from scenario_base import (Unchanged, among, same, scenario, true)

# Published and computed vectors: SHA-1 of "id:salt:timestamp".
VECTORS = [("123", "2f97bfa52ca102f8874716e2eb1d3b4920ad0be4", "1267597772",
            "bb466eb1d6bc345d11072c3cd25c311f21be130d"),
           ("res-1", "pepper", "1700000000",
            "2dfaba959f37e52bbfeedfff57142aea669829c7"),
           ("res-7c1", "pepper9", "1700000000",
            "d093fef490bac930dcab90e3eee02558d62e05a5")]


def token(ident: str, salt: str, stamp: str) -> str:
    return hashlib.sha1(f"{ident}:{salt}:{stamp}".encode()).hexdigest()


def entrance(world, app, addon, method="POST") -> str:
    path = app.path(f"/addons/{addon['id']}/sso")
    found = world.call(app.owner, method, path, want=200).data["addon"]
    same(found["id"], addon["id"], "the add-on")
    return found["sso_url"]


class Page(html.parser.HTMLParser):
    """The form of an SSO page, and whatever could run in it."""

    def __init__(self, text: str):
        super().__init__()
        self.forms, self.fields, self.scripts = [], {}, []
        self.handlers, self.buttons, self.inline = [], 0, ""
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.handlers += [name for name in found if name.startswith("on")]
        self.inside = tag in ("script", "style")
        if tag == "form":
            self.forms.append(found)
        elif tag == "script":
            self.scripts.append(found.get("src"))
        elif tag == "button" or found.get("type") == "submit":
            self.buttons += 1
        elif tag == "input":
            same(found["name"] in self.fields, False, "a field twice")
            self.fields[found["name"]] = found.get("value", "")

    def handle_data(self, data):
        if self.inside:
            self.inline += data.strip()

    def handle_endtag(self, _tag):
        self.inside = False


def page_path(world, url: str) -> str:
    true(url.startswith(f"{world.door.public_url}/sso/"), f"sso_url {url}")
    return url[len(world.door.public_url):]


def open_page(world, url: str) -> Page:
    answer = world.request("GET", page_path(world, url), {})
    same(answer.status, 200, f"the page: {answer.brief()}")
    true(answer.header("Content-Type", "").startswith("text/html"), "type")
    true("no-store" in answer.header("Cache-Control", ""), "Cache-Control")
    same(answer.header("Referrer-Policy"), "no-referrer", "Referrer-Policy")
    policy = answer.header("Content-Security-Policy", "")
    true("frame-ancestors 'none'" in policy or
         answer.header("X-Frame-Options", "").upper() == "DENY", "framing")
    page = Page(answer.body.decode("utf-8"))
    same((page.handlers, page.inline), ([], ""), "script within the page")
    same(len(page.scripts), 1, f"external scripts {page.scripts}")
    true(page.scripts[0], "a script without src")
    true(page.buttons >= 1, "no button for those without JavaScript")
    same(len(page.forms), 1, "forms")
    same(page.forms[0].get("method", "").lower(), "post", "method")
    return page


@scenario("the formula agrees with the published vectors", every_door=False)
def vectors(_world):
    for ident, salt, stamp, wanted in VECTORS:
        same(token(ident, salt, stamp), wanted, ident)


@scenario("Scalingo: a URL with id, token and timestamp, by GET and POST")
def scalingo(world):
    app, supplier = world.app(), world.provider("scalingo")
    addon = world.addon(app, supplier)
    for method in ("POST", "GET"):
        now = int(time.time())
        url = entrance(world, app, addon, method)
        base, _, query = url.partition("?")
        same(base, f"{world.mock.url}/{supplier.slug}/sso", "sso_url")
        pairs = urllib.parse.parse_qsl(query, strict_parsing=True)
        same([name for name, _ in pairs], ["id", "token", "timestamp"],
             "parameters")
        got = dict(pairs)
        same(got["id"], addon["resource_id"], "id")
        true(now <= int(got["timestamp"]) <= time.time(), "timestamp")
        same(got["token"], token(got["id"], supplier.salt, got["timestamp"]),
             "token")


@scenario("Scalingo: the hash is over the id's bytes, the query escaped")
def scalingo_odd_id(world):
    app, supplier = world.app(), world.provider("scalingo")
    supplier.desk.then(201, {"id": "ünï/é&a=b #?", "config": {}})
    url = entrance(world, app, world.addon(app, supplier))
    got = dict(urllib.parse.parse_qsl(url.partition("?")[2],
                                      strict_parsing=True))
    same(got["id"], "ünï/é&a=b #?", "id")
    same(got["token"], token(got["id"], supplier.salt, got["timestamp"]),
         "token")
    true(re.fullmatch(r"[!-~]+", url), f"not a URL: {url}")


@scenario("Heroku: a page of ours that posts the form")
def heroku(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    page = open_page(world, entrance(world, app, addon))
    same(page.forms[0]["action"], f"{world.mock.url}/{supplier.slug}/sso",
         "action")
    got = page.fields
    true({"id", "token", "timestamp", "nav-data", "email",
          "app"} <= set(got), f"fields {sorted(got)}")
    same(got["id"], addon["resource_id"], "id")
    same(got["email"], app.owner.email, "email")
    same(got["app"], app.name, "app")
    same(got["token"], token(got["id"], supplier.salt, got["timestamp"]),
         "token")
    if "resource_token" in got:
        same(got["resource_token"], token(
            got["resource_id"], supplier.salt, got["timestamp"]),
            "resource_token")
    true(abs(int(got["timestamp"]) - time.time()) < 600, "timestamp")


@scenario("AppFog: the same with three fields, an exact id in the hash")
def appfog(world):
    app, supplier = world.app(), world.provider("appfog")
    addon = world.addon(app, supplier)
    page = open_page(world, entrance(world, app, addon))
    same(set(page.fields), {"id", "token", "timestamp"}, "fields")
    same(page.fields["id"], "9007199254740993", "id")
    same(page.fields["token"], token(
        "9007199254740993", supplier.salt, page.fields["timestamp"]),
        "token")


@scenario("the page opens once; looking with HEAD does not open it")
def once(world):
    app, supplier = world.app(), world.provider("heroku")
    url = entrance(world, app, world.addon(app, supplier))
    path = page_path(world, url)
    head = world.request("HEAD", path, {})
    same(head.body, b"", "body of HEAD")
    open_page(world, url)
    for _ in range(2):
        answer = world.request("GET", path, {})
        among(answer.status, (404, 410), "the page again")
        true(supplier.salt.encode() not in answer.body, "the salt")


@scenario("the page is good for one hour")
def one_hour(world):
    app, supplier = world.app(), world.provider("heroku")
    before = state_files(world)
    url = entrance(world, app, world.addon(app, supplier))
    fresh = [path for path in state_files(world) if path not in before]
    true(fresh, "no page is kept below DATA/state")
    for path in fresh:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        age(path, text)
    answer = world.request("GET", page_path(world, url), {})
    among(answer.status, (404, 410), "the page after an hour")


def state_files(world) -> set:
    state = world.data / "state"
    return {path for path in state.rglob("*") if path.is_file()
            and "journal" not in path.name and path.parent.name != "rings"}


def age(path, text: str):
    """Make a page an hour and a minute older: the dates in it, its own."""
    def older(match):
        stamp = datetime.datetime.fromisoformat(match[0])
        stamp -= datetime.timedelta(minutes=61)
        return stamp.isoformat(timespec="seconds")

    def smaller(match):
        return match[1] + str(int(match[2]) - 61 * 60000)

    text, dates = re.subn(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", older, text)
    text, numbers = re.subn(r"(:\s*)(1\d{12})\b", smaller, text)
    true(dates + numbers, f"no date in {text!r}")
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    then = path.stat().st_mtime - 3660
    os.utime(path, (then, then))


@scenario("pages that were never made are not found")
def unknown(world):
    for name in ("x", "0" * 32, "0" * 48, "..", "..%2f..%2fkey", "%2e%2e",
                 ".", "a%00b", "x" * 300, "%3Cscript%3E"):
        answer, fine = None, (400, 404, 410, 414)
        if world.door.served and "." in name.replace("%2e", "."):
            # a server may make another path of it
            answer, fine = world.door.request("GET", f"/sso/{name}", {}), (
                200, 301, 302, 403, *fine)
        answer = answer or world.request("GET", f"/sso/{name}", {})
        among(answer.status, fine, f"/sso/{name}")
        true((world.data / "key").read_bytes() not in answer.body, "the key")
        true(b"<script>" not in answer.body, "an echo")


@scenario("what a provider calls an add-on cannot break out of the page")
def escaped(world):
    app, supplier = world.app(), world.provider("heroku")
    odd = "\"'><script>alert(1)</script>&amp;<"
    supplier.desk.then(201, {"id": odd, "config": {}})
    page = open_page(world, entrance(world, app, world.addon(app, supplier)))
    same(page.fields["id"], odd, "id")


@scenario("an entrance is no write to the store, and only for the owner")
def rights(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}/sso")
    with Unchanged(world):
        entrance(world, app, addon)
        world.call(None, "POST", path, want=401)
        world.call(world.call(app.owner, "POST",
                              app.path(f"/addons/{addon['id']}/token"), {},
                              want=200).data["addon"]["token"],
                   "POST", path, want=401)


@scenario("a provider without a dashboard has no entrance")
def no_dashboard(world):
    def without(manifest):
        del manifest["api"]["production"]["sso_url"]
        del manifest["api"]["test"]["sso_url"]

    app = world.app()
    supplier = world.provider("appfog", change=without)
    addon = world.addon(app, supplier)
    found = world.call(app.owner, "POST",
                       app.path(f"/addons/{addon['id']}/sso"))
    among(found.status, (404, 409, 422), "sso without sso_url")


@scenario("a page ends with the token that asked for it, deleted or renewed")
def token_ends(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)

    def asked(secret):
        return page_path(world, world.call(
            f"Bearer {secret}", "GET", app.path(f"/addons/{addon['id']}/sso"),
            want=200).data["addon"]["sso_url"])

    for method, rest, status in (("PATCH", "/renew", 200),
                                 ("DELETE", "", 204)):
        made = world.call(app.owner, "POST", "/v1/tokens",
                          {"token": {"name": "other"}},
                          want=201).data["token"]
        path = asked(made["token"])
        world.call(app.owner, method, f"/v1/tokens/{made['id']}{rest}",
                   want=status)
        same(world.request("GET", path, {}).status, 404, f"{method}ed")
