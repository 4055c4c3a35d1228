"""History and rollback, pictures, and the operator's page."""
import json
import re
import time

from browser_base import Site, same, test, true
from scenario_base import Commits
from scenario_proposals import Clone, path_of, variables
from scenario_usage import hour, metered, old_enough, report
from world import MARK


def entries(site: Site) -> list:
    return site.browser.run(
        "return [...document.querySelectorAll('.entry-title')]"
        ".map(e => e.innerText)")


def lived(site: Site):
    """An app with a past, and its provider."""
    world = site.world
    supplier, app = world.provider("scalingo"), world.app()
    site.put(app, GREETING=f"{MARK}-hello", KEPT="same")
    addon = world.addon(app, supplier)
    site.put(app, GREETING=f"{MARK}-world", ADDED="x")
    world.call(supplier, "PATCH", f"/v1/provider/apps/{addon['id'][3:]}",
               {"config": {supplier.variables[0]: f"{MARK}-turned"}},
               want=200)
    return app, supplier, addon


@test("history is a timeline: who, what, and the difference side by side")
def timeline(site: Site):
    browser = site.browser
    app, supplier, _ = lived(site)
    site.sign_in(app.owner, f"apps/{app.name}/history", "History")
    browser.sees("set ", ".timeline")
    shown = entries(site)
    true(shown[0].startswith(f"{supplier.slug} changed"), f"first: {shown}")
    true(shown[-1].startswith("created"), f"last: {shown}")
    actors = browser.run("return [...document.querySelectorAll('.actor')]"
                         ".map(e => e.innerText)")
    same((actors[0], actors[-1]), (supplier.slug, app.owner.name), "actors")
    at = next(i for i, text in enumerate(shown) if "GREETING" in text)
    browser.click(".entry-toggle", shown[at])
    browser.sees("GREETING", ".diff")
    cells = "return [...document.querySelectorAll('.diff tbody tr')].map(" \
        "row => [...row.cells].map(cell => cell.innerText.trim()))"
    true(MARK not in browser.text(".timeline"), "a value is shown unasked")
    browser.press("Show the values")
    browser.sees(f"{MARK}-world", ".diff")
    rows = {re.sub(r"\W", "", row[0]): row[1:] for row in browser.run(cells)}
    rows = {name[-8:]: sides for name, sides in rows.items()}
    same(rows["GREETING"], [f"{MARK}-hello", f"{MARK}-world"], "the sides")
    same([sides for name, sides in rows.items() if "ADDED" in name],
         [["not set", "x"]], "what is new")
    browser.press("Hide the values")
    browser.wait(lambda: MARK not in browser.text(".timeline"))
    browser.press("From there to now")
    browser.wait(lambda: supplier.variables[0] in browser.text(".diff") and
                 "GREETING" not in browser.text(".diff"), "what came after")


@test("history is filtered by variable, add-on and actor, and leafed through")
def filters(site: Site):
    browser, world = site.browser, site.world
    app, supplier, addon = lived(site)
    for number in range(34):
        site.put(app, COUNTER=str(number))
    site.sign_in(app.owner, f"apps/{app.name}/history", "History")
    same(len(entries(site)), 30, "the first page")
    browser.press("Show older")
    browser.sees("That is all of it")
    true(entries(site)[-1].startswith("created"), "the last")

    def only(count, words, route):
        site.view(f"apps/{app.name}/history?{route}")
        browser.wait(lambda: len(entries(site)) == count,
                     f"{count} of {route}")
        true(all(words in text for text in entries(site)), entries(site))

    browser.run("const f = document.querySelector('#filter-variable');"
                "f.value = 'GREETING';"
                "f.dispatchEvent(new Event('change', {bubbles: true}))")
    browser.wait(lambda: len(entries(site)) == 2, "two of GREETING")
    true("variable=GREETING" in browser.url(), browser.url())
    oldest = world.call(app.owner, "GET", app.path("/history?page=2&"
                                                   "per_page=30"),
                        want=200).data["history"][-1]["id"]
    site.view(f"apps/{app.name}/history/{oldest}", "History")
    browser.wait(lambda: entries(site)[0].startswith("created") and
                 browser.all(".entry-body:not([hidden])"), "an old one first")
    only(3, supplier.slug, f"addon={addon['id']}")
    only(1, "changed", f"actor={supplier.slug}")
    browser.press("All changes")
    browser.wait(lambda: len(entries(site)) == 30)
    site.view(f"apps/{app.name}/history?actor=nobody")
    browser.sees("Nothing matches")


@test("a rollback is previewed and done, whole or in part")
def rollback(site: Site):
    browser, world = site.browser, site.world
    app, supplier, _ = lived(site)
    first = world.call(app.owner, "GET", app.path("/history"),
                       want=200).data["history"]
    target = next(one for one in first if one["subject"].endswith(
        "set GREETING, KEPT"))
    site.sign_in(app.owner, f"apps/{app.name}/history/{target['id']}",
                 "History")
    browser.press("Roll back to here")
    browser.sees("GREETING", "dialog")
    shown = browser.text("dialog")
    true("goes: it was not there then" in shown and
         "the provider decides" in shown, f"the preview: {shown!r}")
    browser.click("dialog .check", "removed") if "removed ADDED" in shown \
        else browser.run("[...document.querySelectorAll('dialog input')]"
                         ".find(e => e.value === 'ADDED').click()")
    with Commits(world, 1, "one rollback"):
        browser.press("Roll back 1 variable")
        browser.sees("1 variable rolled back", "#status")
    values = world.values(app)
    same((values["GREETING"], values.get("ADDED"),
          values[supplier.variables[0]]),
         (f"{MARK}-hello", "x", f"{MARK}-turned"), "after a part of it")
    browser.wait(lambda: entries(site)[0].startswith("back to"), "its own entry")
    browser.wait(lambda: not browser.all("dialog"))
    browser.press("Roll back to here")
    browser.press("Roll back 1 variable")
    browser.wait(lambda: "ADDED" not in world.values(app), "the rest of it")
    browser.wait(lambda: not browser.all("dialog"))
    browser.press("Roll back to here")
    browser.sees("There is nothing to put back", "dialog")


@test("a rollback that somebody was faster than is previewed anew")
def rollback_conflict(site: Site):
    browser, world = site.browser, site.world
    app = world.app()
    site.put(app, GREETING="hello")
    site.put(app, GREETING="world")
    site.sign_in(app.owner, f"apps/{app.name}/history", "History")
    browser.wait(lambda: len(entries(site)) == 3)
    browser.click(".entry:nth-child(3) .entry-toggle")
    browser.press("Roll back to here")
    browser.sees("Roll back 1 variable", "dialog")
    site.put(app, LATER="x")
    browser.press("Roll back 1 variable")
    browser.sees("look at the preview again", "dialog")
    browser.sees("LATER", "dialog")
    same(world.values(app), {"GREETING": "world", "LATER": "x"}, "as it was")
    browser.press("Roll back 2 variables")
    browser.sees("2 variables rolled back", "#status")
    same(world.values(app), {"GREETING": "hello"}, "as it had been")


@test("a rollback to a time of day")
def rollback_to_time(site: Site):
    browser, world = site.browser, site.world
    app = world.app()
    site.put(app, GREETING="hello")
    time.sleep(1.1)    # a commit's time is in seconds
    moment = time.time()
    time.sleep(1.1)
    site.put(app, GREETING="world", LATER="x")
    site.sign_in(app.owner, f"apps/{app.name}/history", "History")
    browser.press("Go back to a time")
    browser.press("Preview a rollback")
    browser.sees("No time is chosen yet", ".problem")
    browser.run("const t = new Date(arguments[1] * 1000); arguments[0].value ="
                " new Date(t - t.getTimezoneOffset() * 60000).toISOString()"
                ".slice(0, 19)", browser.control("Day and time"), moment)
    browser.press("Preview a rollback")
    browser.press("Roll back 2 variables")
    browser.sees("2 variables rolled back", "#status")
    same(world.values(app), {"GREETING": "hello"}, "the variables")


@test("costs, metered use and changes are drawn, with a table behind each")
def pictures(site: Site):
    browser, world = site.browser, site.world
    supplier = world.provider("scalingo", price=9, change=metered)
    app = world.app(paying=True)
    addon = world.addon(app, supplier)
    old_enough(world, addon, hour(30))
    site.put(app, A="b")
    report(world, supplier, hour(), (addon["id"][3:], "rows", 2500),
           (addon["id"][3:], "gb", "1.5"))
    site.sign_in(app.owner, f"apps/{app.name}/costs", "Costs")
    browser.sees("Changes over time")
    if hour()[:7] != time.strftime("%Y-%m", time.gmtime()):
        return   # a month's first hour: nothing can be reported of it yet
    browser.wait(lambda: len(browser.all("figure svg")) == 4, "four pictures")
    bill = world.call(app.owner, "GET", app.path("/usage"),
                      want=200).data["usage"]
    tables = browser.run(
        "return [...document.querySelectorAll('figure')].map(f => [f"
        ".querySelector('h2').innerText, f.querySelector('tbody')"
        ".textContent])")
    same([title for title, _ in tables],
         ["Cost by month", f"{supplier.slug}: rows", f"{supplier.slug}: gb",
          "Changes over time"], "titles")
    true(f"€{bill['totals']['EUR']}" in tables[0][1], tables[0])
    true("2,500" in tables[1][1] and "1.5" in tables[2][1], tables)
    true(len(browser.all("figure circle")) >= 4, "a dot for each change")
    heights = browser.run(
        "return [...document.querySelectorAll('figure rect')]"
        ".map(r => r.height.baseVal.value)")
    true(heights and max(heights) > 50, f"bars: {heights}")
    names = browser.run("return [...document.querySelectorAll('figure svg')]"
                        ".map(s => s.getAttribute('aria-label'))")
    true(all(names), f"names: {names}")


@test("the operator sees providers, installations, what is owed, the store")
def operator(site: Site):
    browser, world = site.browser, site.world
    supplier, app = world.provider("scalingo"), world.app()
    world.addon(app, supplier)
    gone = world.provider("scalingo")
    lost = world.addon(app, gone)
    gone.desk.down = True
    world.call(app.owner, "DELETE", app.path(f"/addons/{lost['id']}"),
               want=204)
    site.operator("operator", "Providers")
    browser.sees(f"Provider {supplier.slug}", "table")
    browser.press(f"1 of Provider {supplier.slug}")
    browser.sees("Installations", "h1")
    browser.sees(app.name, "table")
    true(gone.slug not in browser.text("table"), "another's installation")
    browser.press("Open work")
    browser.sees(gone.slug, "table")
    browser.sees("the provider is to remove it", "table")
    browser.press("Store")
    browser.sees("Commits")
    commits = world.git("rev-list", "--count", "HEAD").strip()
    true(f"{int(commits):,}" in browser.text(".facts"),
         f"{commits} in {browser.text('.facts')!r}")


@test("a pushed branch is looked at by the operator, and applied")
def proposals(site: Site):
    browser, world = site.browser, site.world
    app, name = world.app(), world.fresh("greet")
    site.put(app, GREETING="hello")
    clone = Clone(world)
    clone.edit(path_of(world, "apps/", app.name), variables(GREETING="howdy"))
    clone.push(name, "Greet as one does here")
    bad = world.fresh("bad")
    other = Clone(world)
    other.edit(path_of(world, "apps/", app.name), "no JSON")
    other.push(bad, "Break it")
    site.operator("operator/proposals", "Proposals")
    browser.press(f"Look at it: {bad}")
    browser.sees("cannot be applied", "dialog")
    browser.press("Close")
    browser.press(f"Look at it: {name}")
    browser.sees("Pat Proposer", "dialog")
    browser.sees("GREETING", "dialog .preview")
    browser.press("Apply it")
    browser.sees(f"{name} is applied", "#status")
    same(world.values(app), {"GREETING": "howdy"}, "the variables")
    world.git("branch", "-D", bad)


@test("a manifest is checked, its errors in their place")
def manifest(site: Site):
    browser, world = site.browser, site.world
    good = world.provider("heroku").manifest
    site.operator("operator/manifest", "Manifest check")
    browser.press("Check it")
    browser.sees("paste a manifest", ".wrong")
    bad = json.loads(json.dumps(good))
    bad["api"]["regions"] = "everywhere"
    text = json.dumps(bad, indent=1)
    line = next(number for number, words in
                enumerate(text.splitlines(), 1) if '"regions"' in words)
    area = browser.control("Manifest")
    browser.run("arguments[0].value = arguments[1]", area, text)
    browser.press("Check it")
    browser.sees("to mend", ".manifest")
    place = browser.run(
        "return [...document.querySelectorAll('.source li')].flatMap((li, i)"
        " => li.querySelector('.finding') ? [[i + 1, li.innerText]] : [])")
    same([number for number, _ in place], [line], "the line")
    true("regions" in place[0][1], place)
    browser.run("arguments[0].value = arguments[1]", area,
                json.dumps(good, indent=1))
    browser.press("Check it")
    browser.sees("It can be registered")
    browser.run("arguments[0].value = '{\"id\": oops'", area)
    browser.press("Check it")
    browser.sees("to mend", ".manifest")


@test("who is no operator has no link there, and is told so")
def no_operator(site: Site):
    browser = site.browser
    account = site.world.account()
    site.sign_in(account, "operator", "This cannot be shown")
    browser.sees("You may not do this", ".problem")
    true("Operator" not in browser.text("header"), "there is a link")
