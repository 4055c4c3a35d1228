"""The marketplace, and what is done with an add-on."""
import json

from browser_base import Site, same, test, true
from scenario_base import Skip, Unchanged
from scenario_partner import bearer, exchange, partner


@test("the marketplace is searched, and held to a category")
def search(site: Site):
    browser, world = site.browser, site.world
    def named(manifest):
        manifest["name"] = "Quicksilver"
        manifest["short_description"] = "A queue that <b>never</b> sleeps"
        manifest["description"] = "# Fast\n\n<img src=x onerror=alert(1)>"
    supplier = world.provider("scalingo", change=named)
    other = world.provider("heroku")
    path = world.dir / "kept.json"
    path.write_text(json.dumps(other.manifest), encoding="utf-8")
    app = world.app()
    site.sign_in(app.owner, "market", "Marketplace")
    browser.type("Search", "never sleeps")
    browser.wait(lambda: f"Provider {other.slug}" not in browser.text())
    browser.sees("A queue that <b>never</b> sleeps")
    browser.type("Search", "no such thing")
    browser.sees("Nothing like that is for sale here")
    browser.press("Show all")
    browser.sees(f"Provider {other.slug}")
    kinds = browser.run("return [...document.querySelector("
                        "'#market-category').options].map(o => o.text)")
    true("Testing" in kinds, f"the categories: {kinds}")
    browser.choose("Category", browser.run(
        "return [...document.querySelector('#market-category').options]"
        ".find(o => o.text === 'Testing').value"))
    browser.sees("Quicksilver")
    browser.press("Quicksilver")
    browser.sees("Quicksilver", "h1")
    same(browser.run("return document.querySelectorAll('main img').length"),
         0, "the provider's pictures")
    true(supplier.slug in browser.url(), browser.url())


@test("an add-on is ordered: its cost is shown first, its variables come")
def order(site: Site):
    browser, world = site.browser, site.world
    supplier = world.provider("scalingo", price=3)
    app = site.owner()
    browser.press("Add an add-on")
    browser.sees("Marketplace", "h1")
    browser.press(f"Provider {supplier.slug}")
    browser.sees("What will happen", ".preview")
    browser.sees("€3.00", ".preview")
    browser.click("label", "Gold")
    browser.sees("€12.50", ".preview")
    true(supplier.variables[0] in browser.text(".preview"),
         browser.text(".preview"))
    same(supplier.desk.asked("POST"), [], "asked by the preview")
    browser.press("Order it")
    browser.sees(app.name, "h1")
    browser.sees("POST was done", "#status")
    browser.wait(lambda: site.row(supplier.variables[0]), "its variable")
    browser.sees("running", ".card")
    same(len(supplier.desk.asked("POST")), 1, "orders")
    same(supplier.desk.asked("POST")[0].json()["plan"], "gold", "the plan")


@test("an order that its provider refuses is explained, and changes nothing")
def refused(site: Site):
    browser, world = site.browser, site.world
    supplier = world.provider("scalingo")
    app = world.app()
    site.sign_in(app.owner, f"market/{supplier.slug}?app={app.name}",
                 f"Provider {supplier.slug}")
    browser.sees("What will happen", ".preview")
    supplier.desk.then(422, {"message": "no <i>rack</i> is free"})
    browser.press("Order it")
    browser.sees("no <i>rack</i> is free", "form > .problem")
    same(world.values(app), {}, "the variables")
    same(browser.focused()[:15], "It was not acce", "the focus")
    browser.press("Order it")
    browser.sees(app.name, "h1")
    browser.sees("running", ".card")


@test("without a payment method, what costs is refused with the way to one")
def payment(site: Site):
    browser, world = site.browser, site.world
    supplier = world.provider("scalingo", price=3)
    app = world.app(paying=False)
    site.sign_in(app.owner, f"market/{supplier.slug}?app={app.name}",
                 f"Provider {supplier.slug}")
    browser.sees("This needs a payment method", ".preview")
    same(browser.run("return document.querySelector('.preview a').href"),
         f"{site.url}/billing", "the link")


@test("while it is provisioned, its state is followed; then its variables come")
def live(site: Site):
    browser, world = site.browser, site.world
    supplier, secret = partner(world)
    supplier.desk.then(202, {"id": "slow-1", "message": "soon"})
    app = world.app()
    addon = world.addon(app, supplier)
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.sees("provisioning", ".card")
    who = bearer(exchange(world, supplier, secret))
    path = f"/addons/{addon['id'][3:]}"
    world.call(who, "PATCH", path + "/config", {"config": [
        {"name": supplier.variables[0], "value": "ready"}]}, want=200)
    world.call(who, "POST", path + "/actions/provision", want=200)
    browser.sees("running", ".card")
    browser.sees("is running", "#status")
    browser.wait(lambda: site.row(supplier.variables[0]), "its variable")
    browser.network()
    browser.run("return new Promise(done => setTimeout(done, 2500))")
    same([event["params"]["request"]["url"] for event in browser.network()
          if event["method"] == "Network.requestWillBeSent"], [],
         "requests once nothing is under way")


@test("a plan is changed, with its cost shown first")
def change(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("scalingo", price=3), \
        world.app(paying=True)
    world.addon(app, supplier)
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Change plan")
    browser.sees("It is on Small now", "dialog")
    browser.press("Change the plan")
    browser.sees("No plan is chosen yet", "dialog .problem")
    browser.click("dialog label", "Gold")
    browser.sees("€9.50 more", "dialog .preview")
    same(supplier.desk.asked("PUT"), [], "asked by the preview")
    browser.press("Change the plan")
    browser.sees("PUT was done", "#status")
    browser.wait(lambda: "Gold" in browser.text(".card"))
    same(len(supplier.desk.asked("PUT")), 1, "asked")


@test("an add-on is removed only by its typed name")
def remove(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("scalingo"), world.app()
    world.addon(app, supplier)
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.press("Remove")
    browser.sees(supplier.variables[0], "dialog .preview")
    with Unchanged(world):
        browser.type("Type", "yes")
        browser.press("Remove it")
        browser.sees(f"type {supplier.slug}", "dialog .wrong")
    browser.keys("Escape")
    browser.wait(lambda: not browser.all("dialog"), "the dialog to close")
    same(browser.focused()[:6], "Remove", "the focus, back where it was")
    browser.press("Remove")
    browser.type("Type", supplier.slug)
    browser.press("Remove it")
    browser.sees("No add-on yet")
    browser.sees("No variable yet")
    same(len(supplier.desk.asked("DELETE")), 1, "the provider was told")


@test("the provider's dashboard is entered by single sign-on, in its own tab")
def entrance(site: Site):
    browser, world = site.browser, site.world
    if not world.demo:
        raise Skip("no sandbox is sold here")
    demo = world.account()
    app = world.app(demo)
    for slug in ("sandbox-scalingo", "sandbox-heroku", "sandbox_appfog"):
        plans = world.call(None, "GET", f"/v1/addon_providers/{slug}/plans",
                           want=200).data["plans"]
        world.call(demo, "POST", app.path("/addons"), {"addon": {
            "addon_provider_id": slug, "plan_id": plans[0]["id"]}}, want=201)
    site.sign_in(demo, f"apps/{app.name}", app.name)
    home = browser.tabs()[0]
    for name in ("Sandbox (Scalingo)", "Sandbox (Heroku)",
                 "Sandbox (AppFog)"):
        browser.press(f"Dashboard of {name}")
        other = browser.wait(lambda: [tab for tab in browser.tabs()
                                      if tab != home], "a tab")
        browser.tab(other[0])
        browser.sees("Your sandbox")
        same(browser.run("return window.opener"), None, "the opener")
        browser.close_tab()
        browser.tab(home)


@test("a suspended add-on is shown as one, and resumed")
def resume(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("scalingo"), world.app()
    addon = world.addon(app, supplier)
    world.sutler("addon", "suspend", addon["id"], "--reason", "unpaid")
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.sees("suspended", ".card")
    true("Change plan" not in browser.text(".card"), browser.text(".card"))
    browser.press("Resume")
    browser.sees("is running again", "#status")
    browser.wait(lambda: "running" in browser.text(".card .state"))


@test("what an AppFog provider changed is put in force")
def rebind(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("appfog"), world.app()
    addon = world.addon(app, supplier)
    world.call(supplier, "PUT", f"/vendor/apps/{addon['id'][3:]}",
               {"config": {supplier.variables[0]: "another"}})
    site.sign_in(app.owner, f"apps/{app.name}", app.name)
    browser.sees("The provider has changed")
    browser.press("Put in force")
    browser.sees("is in force", "#status")
    same(world.values(app)[supplier.variables[0]], "another", "the value")
