"""The page as such: who can use it, what it weighs, what may run in it."""
import base64
import http.server
import json
import threading
from pathlib import Path

from browser_base import Site, same, test, true
from scenario_usage import hour, metered, old_enough, report

TESTS = Path(__file__).resolve().parent
CHECKER = (TESTS / "accessible.js").read_text("utf-8")
WEIGHT = 60_000     # bytes of the first view, with all that it asks for
WIDTHS = (390, 800, 1440)
# Roles of controls, which have to have a name.
ROLES = {"button", "link", "textbox", "searchbox", "combobox", "checkbox",
         "radio", "dialog", "region", "navigation", "DisclosureTriangle",
         "Date", "group", "meter", "image"}


def furnished(site: Site):
    """Somebody who has all that can be shown, signed in."""
    world = site.world
    def shown(manifest):
        metered(manifest)
        manifest["name"] = "Pigeon Mail"
        manifest["short_description"] = "Mail that arrives."
    mail = world.provider("scalingo", price=4, change=shown)
    slow = world.provider("scalingo", price=19)
    app = world.app(paying=True)
    world.sutler("account", "operator", app.owner.name, "on")
    site.put(app, APP_ENV="production", SESSION_SECRET="3f0c1d7e11114222",
             SMTP_FROM="shop@example.org")
    addon = world.addon(app, mail)
    old_enough(world, addon, hour(30))
    site.put(app, APP_ENV="staging", LOG_LEVEL="info")
    report(world, mail, hour(), (addon["id"][3:], "rows", 2500))
    slow.desk.then(202, {"id": "slow-1", "message": "soon"})
    world.addon(app, slow)
    world.call(mail, "PATCH", f"/v1/provider/apps/{addon['id'][3:]}",
               {"config": {mail.variables[0]: "mail://turned"}}, want=200)
    world.call(app.owner, "POST", "/v1/apps",
               {"app": {"name": f"{app.name}-staging"}}, want=201)
    site.sign_in(app.owner, "", "Apps")
    return app, mail


def views(app, supplier) -> list:
    """Name, address, heading, what to press then."""
    at = f"apps/{app.name}"
    return [
        ("apps", "", "Apps", []),
        ("new-app", "", "Apps", ["New app"]),
        ("app", at, app.name, []),
        ("variables", at, app.name,
         ["Add", "Edit APP_ENV", "Reveal LOG_LEVEL"]),
        ("paste", at, app.name, ["Paste .env"]),
        ("change", at, app.name, ["Change plan"]),
        ("remove", at, app.name, ["Remove"]),
        ("market", f"market?app={app.name}", "Marketplace", []),
        ("offer", f"market/{supplier.slug}?app={app.name}-staging", "Pigeon Mail",
         []),
        ("history", f"{at}/history", "History", []),
        ("entry", f"{at}/history", "History",
         ["Go back to a time", "set APP_ENV, LOG_LEVEL",
          "Show the values"]),
        ("rollback", f"{at}/history", "History",
         ["set APP_ENV, SESSION_SECRET", "Roll back to here"]),
        ("costs", f"{at}/costs", "Costs", []),
        ("settings", f"{at}/settings", "Settings", []),
        ("providers", "operator", "Providers", []),
        ("installations", "operator/installations", "Installations", []),
        ("open", "operator/open", "Open work", []),
        ("proposals", "operator/proposals", "Proposals", []),
        ("manifest", "operator/manifest", "Manifest check", ["Check it"]),
        ("store", "operator/store", "Store", []),
        ("nowhere", "no/such/page", "No such page", []),
        ("no-app", "apps/no-such-app", "This cannot be shown", []),
    ]


def settle(site: Site):
    """Until nothing is being loaded."""
    site.browser.wait(lambda: not site.browser.all("[aria-busy=true]") and
                      "…" not in site.browser.text(".app-addons"),
                      "the page to settle")
    site.browser.run("return new Promise(done => requestAnimationFrame(() => "
                     "setTimeout(done, 30)))")


def visit(site: Site, view):
    name, route, heading, presses = view
    site.browser.go("about:blank")
    site.view(route, heading)
    for words in presses:
        site.browser.press(words)
        settle(site)
    settle(site)
    return name


def nameless(site: Site) -> list:
    """Controls that the browser's accessibility tree has no name for."""
    nodes = site.browser.devtools("Accessibility.getFullAXTree")["nodes"]
    return [node["role"]["value"] for node in nodes
            if not node.get("ignored") and
            node.get("role", {}).get("value") in ROLES - {"group"} and
            not node.get("name", {}).get("value", "").strip()]


@test("every view: names, headings, landmarks, contrast in both schemes, widths")
def accessible(site: Site):
    browser = site.browser
    site.view("", "Sign in")
    found = browser.run(CHECKER)
    app, supplier = furnished(site)
    looked = 0
    for view in views(app, supplier):
        name = visit(site, view)
        bare = nameless(site)
        found += [f"{name}: a {role} has no name" for role in bare]
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 800),
                              ("light", 390)):
            browser.media(prefers_color_scheme=scheme,
                          prefers_reduced_motion="reduce")
            browser.size(width, 900)
            settle(site)
            found += [f"{name}, {scheme}, {width} px: {text}"
                      for text in browser.run(CHECKER)]
            looked += 1
        browser.media(prefers_color_scheme="light")
        browser.size(1440, 900)
    true(looked == 4 * len(views(app, supplier)), "not all were looked at")
    true(not found, "\n".join(dict.fromkeys(found)))


STOP = """
const e = document.activeElement;
if (!e || e === document.body) return null;
const s = getComputedStyle(e), after = getComputedStyle(e, "::after");
const ring = [s, after].some(one => one.outlineStyle !== "none" &&
	parseFloat(one.outlineWidth) >= 2);
const box = e.getBoundingClientRect();
window.stops = window.stops || [];
const last = window.stops[window.stops.length - 1];
const forward = !last || !!(last.compareDocumentPosition(e) &
	Node.DOCUMENT_POSITION_FOLLOWING);
const again = window.stops.includes(e);
window.stops.push(e);
return [(e.getAttribute("aria-label") || e.textContent || e.name || e.type)
	.trim().slice(0, 40), ring, forward, again, box.width > 0 &&
	box.height > 0];
"""


def walk(site: Site, most=80) -> list:
    """What Tab comes by, in its order."""
    site.browser.run(   # from the beginning of the page
        "window.stops = []; const e = document.createElement('span');"
        "e.tabIndex = -1; document.body.prepend(e); e.focus(); e.remove()")
    stops = []
    for _ in range(most):
        site.browser.keys("Tab")
        stop = site.browser.run(STOP)
        if stop is None or stop[3]:
            return stops
        stops.append(stop)
    raise AssertionError(f"no end of it: {stops[-3:]}")


@test("the Tab key goes through every view in its order, and is seen to")
def keyboard_order(site: Site):
    app, supplier = furnished(site)
    for view in views(app, supplier):
        if view[0] in ("new-app", "paste", "change", "remove", "rollback"):
            continue   # dialogs: below
        name = visit(site, view)
        site.browser.go(site.browser.url())
        stops = walk(site)
        true(len(stops) >= 6, f"{name}: {stops}")
        for label, ring, forward, _, size in stops:
            true(ring, f"{name}: no focus is seen on {label!r}")
            true(forward, f"{name}: {label!r} is behind its successor: "
                 f"{[stop[0] for stop in stops]}")
            true(size, f"{name}: {label!r} has the focus and no size")


@test("by keyboard alone: sign in, add a variable, close a dialog")
def keyboard(site: Site):
    browser, app = site.browser, site.world.app()
    site.view(f"apps/{app.name}", "Sign in")
    browser.sees("API token")
    same(browser.focused()[:9], "API token", "the focus")
    browser.keys(*app.owner.token, "Enter")
    browser.sees(app.name, "h1")
    for words in ("Add", "Paste .env"):
        browser.wait(lambda: browser.find("button", words))
        for _ in range(30):
            browser.keys("Tab")
            if browser.focused() == words:
                break
        same(browser.focused(), words, "the focus")
        browser.keys("Enter")
        if words == "Add":
            browser.keys(*"NAME", "Tab", *"value", "Tab", "Enter")
            browser.sees("NAME is added", "#status")
            same(browser.focused(), "Name", "the focus, for the next one")
        else:
            browser.wait(lambda: browser.all("dialog[open]"))
            inside = "return !!document.activeElement.closest('dialog')"
            for _ in range(6):
                true(browser.run(inside), "the focus left the dialog")
                browser.keys("Tab")
                if browser.run("return document.activeElement === "
                               "document.body"):
                    browser.keys("Tab")   # by way of the browser's own
            browser.keys("Escape")
            browser.wait(lambda: not browser.all("dialog"))
            same(browser.focused(), words, "the focus, back")
    same(site.world.values(app), {"NAME": "value"}, "the variables")
    browser.run("document.activeElement.blur();"
                "getSelection().removeAllRanges()")
    browser.go(site.url + f"/#/apps/{app.name}/settings")
    browser.sees("Settings", "h1")
    same(browser.run("return document.activeElement.localName"), "h1",
         "the focus behind a change of view")


def requests(site: Site) -> dict:
    """What was asked for since the last look: URL -> bytes that came."""
    asked, sizes = {}, {}
    for event in site.browser.network():
        params = event["params"]
        if event["method"] == "Network.requestWillBeSent":
            asked.setdefault(params["requestId"],
                             params["request"]["url"].split("#")[0])
        elif event["method"] == "Network.loadingFinished":
            sizes[params["requestId"]] = params["encodedDataLength"]
    found = {}
    for ident, url in asked.items():
        if url.startswith("http"):
            found.setdefault(url, []).append(sizes.get(ident, 0))
    return found


@test("the first view weighs less than 60 kB, and asks for nothing twice")
def weight(site: Site):
    browser = site.browser
    app, _ = furnished(site)
    for what in ("signed in", "signed out"):
        if what == "signed out":
            browser.devtools("Network.clearBrowserCookies")
        browser.go("about:blank")
        browser.devtools("Network.setCacheDisabled", cacheDisabled=True)
        browser.network()
        site.view("", "Apps" if what == "signed in" else "Sign in")
        settle(site)
        found = requests(site)
        browser.devtools("Network.setCacheDisabled", cacheDisabled=False)
        total = sum(sum(sizes) for sizes in found.values())
        names = sorted(url.removeprefix(f"{site.url}/") for url in found)
        want = ["", "api.js", "app.js", "dashboard.css", "dom.js",
                "icon.svg", "v1/session"]
        if what == "signed in":
            want += ["v1/apps", f"v1/apps/{app.name}/addons", "view-apps.js",
                     f"v1/apps/{app.name}-staging/addons"]
        same(names, sorted(want), f"requests, {what}")
        same([url for url, sizes in found.items() if len(sizes) > 1], [],
             "asked for twice")
        true(10_000 < total < WEIGHT, f"{what}: {total} bytes, {found}")


@test("nothing but the site's own files runs or is loaded, framed or sent")
def policy(site: Site):
    browser = site.browser
    app, _ = furnished(site)
    head = site.world.door.request("GET", "/", {})
    rules = head.header("Content-Security-Policy", "")
    for rule in ("default-src 'none'", "script-src 'self'",
                 "frame-ancestors 'none'", "base-uri 'none'"):
        true(rule in rules, f"{rule} in {rules!r}")
    true("unsafe" not in rules, rules)
    page = (TESTS.parent / "htdocs" / "index.html").read_text("utf-8")
    true("default-src 'none'; script-src 'self'" in page, "the page's own")
    ran = browser.run("""
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		const image = new Image();
		image.setAttribute("onerror", "window.ran = true");
		image.src = "data:image/png;base64,AAAA";
		document.body.append(image);
		return new Promise((done) => setTimeout(() =>
			done(window.ran === true), 300));""")
    same(ran, False, "an inline script ran")
    same(browser.run("return fetch('http://127.0.0.1:1/').then(() => 'sent',"
                     " () => 'refused')"), "refused", "elsewhere")
    blocked = [line["message"] for line in browser.log()
               if "Content Security Policy" in line["message"]]
    true(len(blocked) >= 3, f"the console: {blocked}")
    files = [path for path in (TESTS.parent / "htdocs").iterdir()
             if path.suffix in (".js", ".html", ".css")]
    for path in files:
        text = path.read_text("utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(",
                     "document.write", "localStorage", "sessionStorage"):
            true(word not in text, f"{word} in {path.name}")


class Prefix(http.server.BaseHTTPRequestHandler):
    """A server in front, which has the site below /shop/."""

    def serve(self):
        path = self.path.removeprefix("/shop")
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection",
                                           "content-length")}
        body = self.rfile.read(length) if self.command != "GET" else None
        if path == self.path:   # nothing lies beside the prefix
            self.server.strays.append(self.path)
            self.send_error(404)
            return
        answer = self.server.door.request(self.command, path, {
            **headers, "Origin": self.server.origin}
            if "Origin" in headers else headers, body)
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in ("connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def log_message(self, *_args):
        pass


@test("below a prefix all of it works, and nothing is asked for beside it")
def prefix(site: Site):
    browser, app = site.browser, site.world.app()
    front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prefix)
    front.daemon_threads = True
    front.door, front.strays = site.world.door, []
    front.origin = site.url.removesuffix(front.door.prefix)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    below = Site(site.world, browser)
    below.url = f"http://127.0.0.1:{front.server_port}/shop"
    try:
        below.sign_in(app.owner, f"apps/{app.name}", app.name)
        browser.press("Add")
        browser.type("Name", "BELOW")
        browser.type("Value", "a prefix")
        browser.press("Add the variable")
        browser.sees("BELOW is added", "#status")
        below.view(f"apps/{app.name}/history", "History")
        browser.sees("set BELOW")
        below.view("market", "Marketplace")
    finally:
        front.shutdown()
        front.server_close()
    same(front.strays, [], "beside the prefix")
    same(site.world.values(app), {"BELOW": "a prefix"}, "the variables")


@test("every view is shown without a word on the console")
def console(site: Site):
    browser = site.browser
    app, supplier = furnished(site)
    for view in views(app, supplier):
        browser.log()
        name = visit(site, view)
        said = [line["message"] for line in browser.log()
                if line["level"] in ("SEVERE", "WARNING")]
        if name == "no-app":   # two requests, both 404
            said = [text for text in said if "404" not in text]
        same(said, [], name)


@test("the reference shows every path and operation, without an error")
def reference(site: Site):
    browser = site.browser
    text = (TESTS.parent / "htdocs" / "openapi.json").read_text("utf-8")
    description = json.loads(text)
    browser.go(f"{site.url}/reference.html")
    browser.sees("Reference")
    wanted = sorted(
        (operation["operationId"], path)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete"))
    shown = browser.run(
        "return [...document.querySelectorAll('main .group article')].map("
        "e => [e.id, e.querySelector('.path').textContent])")
    same(sorted(map(tuple, shown)), wanted, "operations")
    same([line["message"] for line in browser.log()
          if line["level"] in ("SEVERE", "WARNING")], [], "the console")


def shots(site: Site, place: Path):
    """Pictures of every view, to be looked at."""
    browser = site.browser
    site.fresh()
    place.mkdir(parents=True, exist_ok=True)
    app, supplier = furnished(site)
    for view in views(app, supplier):
        visit(site, view)
        for scheme in ("light", "dark"):
            browser.media(prefers_color_scheme=scheme)
            for width in WIDTHS:
                browser.size(width, 900)
                settle(site)
                name = f"{view[0]}-{width}-{scheme}.png"
                (place / name).write_bytes(
                    base64.b64decode(browser.picture()))
        browser.size(1440, 900)


