"""Signing in, apps, and their variables."""
from browser_base import Site, same, test, true
from scenario_base import Commits
from world import MARK


def cookies(site: Site) -> list:
    return site.browser.devtools("Network.getCookies",
                                 urls=[site.url])["cookies"]


@test("sign in by an API token, and out again")
def sign_in(site: Site):
    browser, app = site.browser, site.world.app()
    site.view("", "Sign in")
    browser.press("Sign in")
    browser.sees("can't be blank", ".wrong")
    browser.type("API token", "tk-us-wrong")
    browser.press("Sign in")
    browser.sees("This token is not known", ".wrong")
    same(browser.focused()[:9], "API token", "the focus")
    same(browser.run("return document.querySelector('input').value"),
         "tk-us-wrong", "what was typed")
    browser.type("API token", app.owner.token)
    browser.press("Sign in")
    browser.sees("Apps", "h1")
    browser.sees(app.owner.name, "header")
    found = cookies(site)
    same([(one["httpOnly"], one.get("sameSite"), one["path"])
          for one in found], [(True, "Strict", "/")], "the cookie")
    true(app.owner.token not in found[0]["value"], "the cookie has the token")
    same(browser.run("return [localStorage.length, sessionStorage.length, "
                     "document.cookie, document.body.innerHTML.includes("
                     "arguments[0])]", app.owner.token),
         [0, 0, "", False], "what a script can read")
    browser.reload()
    browser.sees(app.name)
    old = f"{found[0]['name']}={found[0]['value']}"
    browser.press("Sign out")
    browser.sees("Sign in", "h1")
    same(cookies(site), [], "cookies")
    same(site.world.door.request("GET", "/v1/apps", {"Cookie": old}).status,
         401, "with the old cookie")


@test("a deep link waits for the sign-in, and is shown behind it")
def deep_link(site: Site):
    app = site.world.app()
    site.sign_in(app.owner, f"apps/{app.name}/history",
                 f"{app.name} History")
    site.browser.wait(lambda: site.browser.title().startswith(app.name))


@test("empty states lead to the first app and its first add-on")
def first_steps(site: Site):
    browser, account = site.browser, site.world.account()
    site.sign_in(account, "", "Apps")
    browser.sees("No app yet")
    browser.press("New app")
    browser.type("Name", "Not A Name")
    browser.press("Make the app")
    browser.wait(lambda: browser.text("dialog .wrong"))
    name = site.world.fresh("first")
    browser.type("Name", name)
    browser.press("Make the app")
    browser.sees(name, "h1")
    same(browser.focused(), name, "the focus")
    browser.sees("No variable yet")
    browser.sees("No add-on yet")
    browser.press("Open the marketplace")
    browser.sees("Marketplace", "h1")
    browser.sees(f"for {name}")
    site.view(f"apps/{name}/costs")
    browser.sees("No cost so far")


@test("apps are listed with their add-ons, those with their state")
def apps(site: Site):
    browser, world = site.browser, site.world
    supplier = world.provider("scalingo")
    app = world.app()
    world.addon(app, supplier)
    for _ in range(8):
        made = world.fresh("many")
        world.call(app.owner, "POST", "/v1/apps", {"app": {"name": made}},
                   want=201)
    site.sign_in(app.owner, "", "Apps")
    browser.wait(lambda: f"Provider {supplier.slug}" in
                 site.row(app.name, ".app-row"))
    shown = site.row(app.name, ".app-row")
    true("running" in shown and "Small" in shown, f"it shows {shown!r}")
    browser.type("Find an app", "many")
    browser.wait(lambda: "8 of 9" in browser.run(
        "return document.querySelector('output').value"), "8 of 9")
    true(not browser.run("return document.querySelector(arguments[0])"
                         ".checkVisibility()", f"[data-name={app.name}]"),
         "the others are shown")


@test("variables are masked, revealed one by one, and copied")
def reveal(site: Site):
    browser, app = site.browser, site.world.app()
    site.put(app, FIRST=f"{MARK}-1", SECOND=f"<b>{MARK}</b>\nline 2")
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.sees("FIRST")
    true(not browser.run("return document.documentElement.outerHTML"
                         ".includes(arguments[0])", MARK), "a value is there")
    browser.press("Reveal SECOND")
    browser.sees(f"<b>{MARK}</b>\nline 2")
    true(MARK not in site.row("FIRST"), "another value is shown")
    browser.press("Hide SECOND")
    browser.wait(lambda: MARK not in site.row("SECOND"))
    browser.devtools("Browser.grantPermissions", origin=site.url,
                     permissions=["clipboardReadWrite",
                                  "clipboardSanitizedWrite"])
    browser.press("Copy FIRST")
    browser.sees("FIRST copied", "#status")
    same(browser.run("return navigator.clipboard.readText()"), f"{MARK}-1",
         "the clipboard")
    true(MARK not in browser.url() + browser.title(), "the address, the title")


@test("variables are added, edited and deleted; an add-on's are not")
def edit(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("scalingo"), world.app()
    world.addon(app, supplier)
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Add")
    browser.type("Name", "1BAD")
    browser.type("Value", "x")
    browser.press("Add the variable")
    browser.wait(lambda: browser.text(".add .wrong") or
                 browser.text(".add .problem"), "a reason")
    browser.type("Name", "GREETING")
    browser.type("Value", "hello\nworld")
    browser.press("Add the variable")
    browser.wait(lambda: site.row("GREETING"))
    browser.press("Close")
    same(world.values(app)["GREETING"], "hello\nworld", "as added")
    browser.press("Edit GREETING")
    same(browser.run("return document.activeElement.value"), "hello\nworld",
         "what is edited")
    browser.type("GREETING", "good day")
    with Commits(world, 1, "one save"):
        browser.press("Save")
        browser.sees("GREETING is saved", "#status")
    same(world.values(app)["GREETING"], "good day", "as edited")
    owned = site.row(supplier.variables[0])
    true(supplier.slug in owned and "Edit" not in owned and
         "Delete" not in owned, f"an add-on's: {owned!r}")
    browser.press("Delete GREETING")
    browser.sees("What will happen", "dialog")
    browser.sees("GREETING", "dialog .preview")
    with Commits(world, 1, "one deletion"):
        browser.press("Delete the variable")
        browser.wait(lambda: not site.row("GREETING"))
    true("GREETING" not in world.values(app), "it is there still")


PASTED = """# a comment
export GREETING="hello\\nworld"
PLAIN = value with spaces   # and a remark
SINGLE='$as it is'
SEVERAL="line 1
line 2"
EMPTY=
{addon}=mine
this is no assignment
SAME=as before
"""


@test("a .env file is pasted: what it would do is shown, then done at once")
def paste(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("scalingo"), world.app()
    world.addon(app, supplier)
    site.put(app, SAME="as before", PLAIN="old")
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Paste .env")
    browser.type("Lines of", PASTED.format(addon=supplier.variables[0]))
    browser.sees("4 variables to save", "dialog .preview")
    shown = browser.text("dialog .preview")
    for words in ("line 7: has no value", "no NAME=value", "the same already",
                  f"belongs to {supplier.slug}"):
        true(words in shown, f"{words!r} in {shown!r}")
    with Commits(world, 1, "one change"):
        browser.press("Save all")
        browser.sees("4 variables saved", "#status")
    values = world.values(app)
    same({name: values[name] for name in
          ("GREETING", "PLAIN", "SINGLE", "SEVERAL", "SAME")},
         {"GREETING": "hello\nworld", "PLAIN": "value with spaces",
          "SINGLE": "$as it is", "SEVERAL": "line 1\nline 2",
          "SAME": "as before"}, "the values")
    true("mine" not in values[supplier.variables[0]], "an add-on's is changed")


@test("what somebody else changed meanwhile is told, and the input kept")
def conflict(site: Site):
    browser, world = site.browser, site.world
    app = world.app()
    site.put(app, SHARED="one", OTHER="one")
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Edit SHARED")
    browser.type("SHARED", "mine")
    site.put(app, SHARED="theirs", NEW="x")
    browser.press("Save")
    browser.sees("Somebody else changed this app meanwhile", ".problem")
    shown = browser.text(".problem")
    true("SHARED has another value" in shown and "NEW is new" in shown,
         f"it says {shown!r}")
    same(world.values(app)["SHARED"], "theirs", "before the second save")
    same(browser.run("return document.querySelector('.var textarea').value"),
         "mine", "the input")
    browser.press("Save")
    browser.sees("SHARED is saved", "#status")
    same(world.values(app)["SHARED"], "mine", "after it")


@test("a server that cannot be reached costs no input")
def unreachable(site: Site):
    browser, world = site.browser, site.world
    app = world.app()
    site.put(app, KEPT="one")
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Edit KEPT")
    browser.type("KEPT", "two")
    site.offline(True)
    browser.press("Save")
    browser.sees("could not be reached", ".problem")
    browser.sees("try again", ".problem")
    site.offline(False)
    browser.press("Save")
    browser.sees("KEPT is saved", "#status")
    same(world.values(app)["KEPT"], "two", "the value")


@test("a view that cannot be loaded says so, and is shown once it can be")
def unloaded(site: Site):
    browser, app = site.browser, site.world.app()
    site.sign_in(app.owner, "", "Apps")
    site.offline(True)
    browser.press(app.name)
    browser.sees("This cannot be shown", "h1")
    browser.sees("Check the connection", ".problem")
    site.offline(False)
    browser.press("Try again")
    browser.sees(app.name, "h1")
    browser.sees("No variable yet")
    site.offline(True)
    browser.press("History")
    browser.sees("Check the connection", ".problem")
    site.offline(False)
    browser.press("Try again")
    browser.sees("History", "h1")
    browser.sees("created")


@test("a session that ends under a page is renewed above it, and the save sent")
def session_ends(site: Site):
    browser, world = site.browser, site.world
    app = world.app()
    site.put(app, KEPT="one")
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Edit KEPT")
    browser.type("KEPT", "two")
    browser.devtools("Network.clearBrowserCookies")
    browser.press("Save")
    browser.sees("Sign in to go on", "dialog")
    browser.type("API token", app.owner.token)
    browser.press("Sign in")
    browser.sees("KEPT is saved", "#status")
    same(world.values(app)["KEPT"], "two", "the value")


@test("a limited collaborator sees names, and may change nothing")
def limited(site: Site):
    browser, world = site.browser, site.world
    app, guest = world.app(), world.account()
    site.put(app, HIDDEN=MARK)
    made = world.call(app.owner, "POST", app.path("/collaborators"), {
        "collaborator": {"email": guest.email, "is_limited": True}}, want=201)
    link = made.data["collaborator"]["invitation_link"]
    world.call(guest, "GET", link.removeprefix(site.url), want=200)
    site.sign_in(guest, f"apps/{app.name}", app.name)
    browser.sees("not shown to you")
    true(MARK not in browser.run("return document.body.innerHTML"), "a value")
    true("Edit" not in site.row("HIDDEN"), "it can be edited")
    browser.press("Add")
    browser.type("Name", "MINE")
    browser.type("Value", "x")
    browser.press("Add the variable")
    browser.sees("You may not do this", ".problem")
    same(browser.run("return document.querySelector('.add input').value"),
         "MINE", "the input")


@test("an app is renamed, and deleted by its typed name")
def settings(site: Site):
    browser, world = site.browser, site.world
    supplier = world.provider("scalingo")
    app = site.owner("/settings", "Settings")
    name = world.fresh("renamed")
    browser.type("Name", name)
    browser.press("Rename")
    browser.sees(f"{app.name} is called {name} now", "#status")
    browser.sees(name, "h1")
    browser.press("Delete the app")
    browser.sees("What will happen", "dialog .preview")
    world.addon(app._replace(name=name), supplier)
    browser.type(f"Type {name}", app.name)
    browser.press("Delete it")
    browser.sees(f"type {name}", "dialog .wrong")
    browser.type(f"Type {name}", name)
    browser.press("Delete it")
    browser.sees("changed meanwhile", "dialog .problem")
    browser.sees("is asked: DELETE", "dialog .preview")
    browser.press("Delete it")
    browser.sees("No app yet")
    same(world.call(app.owner, "GET", f"/v1/apps/{name}").status, 404,
         "the app")
