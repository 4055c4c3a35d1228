"""Pay for what is consumed: providers report it, owners see what it costs."""
import csv
import io
import json
import time

from scenario_base import Commits, Unchanged, same, scenario, true
from scenario_manifests import MANIFESTS
from world import authorization

HOUR = 3600
UNITS = [{"name": "rows", "display_name": "Rows", "price": "0.0005",
          "included": 1000}, {"name": "gb", "price": 0.25}]


def metered(manifest):
    for plan in manifest["plans"]:
        plan["units"] = UNITS


def hour(back=1) -> str:
    """The beginning of an hour that has passed."""
    return time.strftime("%Y-%m-%dT%H:00:00Z",
                         time.gmtime(time.time() - back * HOUR))


def batch(when, *usages) -> dict:
    return {"timestamp": when, "usages": [
        {"quantity": quantity, "resource": {"id": ident},
         "unit": {"name": unit}} for ident, unit, quantity in usages]}


def report(world, supplier, when, *usages, want=202) -> list:
    found = world.call(supplier, "POST", "/v1/provider/usage",
                       batch(when, *usages), want=want)
    return [(one["status"], one["errors"]) for one in found.data["usages"]] \
        if want == 202 else found.data


def bill(world, app, rest="/usage", when=None) -> dict:
    month = (when or hour())[:7]
    return world.call(app.owner, "GET", app.path(f"{rest}?month={month}"),
                      want=200).data["usage"]


def old_enough(world, addon, when):
    """The add-on was there at that hour, as an administrator would say."""
    for name, data in world.contents().items():
        if name.startswith("apps/") and addon["id"].encode() in data:
            record = json.loads(data)
            stamp = next(a for a in record["addons"]
                         if a["id"] == addon["id"])["provisioned_at"]
            place = world.dir / "older"
            place.write_bytes(data.replace(
                b'"provisioned_at":\t"' + stamp.encode(),
                b'"provisioned_at":\t"' + when.replace(
                    "Z", ".000Z").encode()))
            place.replace(world.store / name)
    # the next change to the record adopts it


def owned(world, dialect="scalingo"):
    supplier = world.provider(dialect, change=metered)
    app = world.app(paying=True)
    addon = world.addon(app, supplier)
    old_enough(world, addon, hour(30))
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "A", "value": "b"}}, want=201)
    return supplier, app, addon


@scenario("a provider reports by the hour, an owner sees the cost")
def reported(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        supplier, app, addon = owned(world, dialect)
        when, uuid = hour(), addon["id"][3:]
        same([unit["price"] for unit in addon["plan"]["units"]],
             ["0.0005", "0.25"], "the plan's units")
        with Commits(world, 1, "one batch"):
            same(report(world, supplier, when, (uuid, "rows", 2500),
                        (addon["id"], "gb", "1.5"), (uuid, "cows", 1),
                        ("nobody", "gb", 1), (uuid, "gb", -1)),
                 [("accepted", []), ("accepted", []),
                  ("rejected",
                   ["there is no such unit in the resource's plan"]),
                  ("rejected", ["there is no such resource"]),
                  ("rejected", ["quantity must be a number, 0 or more, with "
                                "at most 6 decimals"])], "statuses")
        with Unchanged(world):
            same(report(world, supplier, when, (uuid, "rows", 2500.0)),
                 [("accepted", [])], "the same again")
        report(world, supplier, when, (addon["resource_id"], "rows", 3000))
        for rest in ("/usage", f"/addons/{addon['id']}/usage"):
            found = bill(world, app, rest)
            same(found["totals"], {"EUR": "1.38"}, "totals")
            lines = [line for line in found["addons"][0]["lines"]
                     if line["kind"] == "metered"]
            same([(line["unit"], line["quantity"], line["included"],
                   line["price"], line["cost"]) for line in lines],
                 [("rows", "3000", "1000", "0.0005", "1.00"),
                  ("gb", "1.5", "0", "0.25", "0.38")], "lines")
        world.sutler("fsck")
        world.sutler("reindex")


@scenario("Heroku's path for batches, and who may use it")
def herokus_path(world):
    supplier, app, addon = owned(world, "heroku")
    other = world.provider("heroku", change=metered)
    path = f"/api/v3/addons/{supplier.slug}/usage_batches"
    body = batch(hour(), (addon["id"][3:], "gb", 4))

    def post(who):
        answer = world.request(
            "POST", path, {"Authorization": authorization(who),
                           "Content-Type": "application/json"},
            json.dumps(body).encode())
        return answer.status, json.loads(answer.body)

    with Unchanged(world):
        same(post(other)[0], 403, "another provider")
        same(post(app.owner)[0], 401, "an owner")
    status, data = post(supplier)
    same((status, data["usages"][0]["status"]), (202, "accepted"), "its own")
    same(data["usages"][0]["resource"], {"id": addon["id"][3:]}, "echoed")
    with Unchanged(world):
        same(report(world, other, hour(), (addon["id"], "gb", 9))[0][0],
             "rejected", "another's add-on")
    same(bill(world, app)["totals"], {"EUR": "1.00"}, "cost")


@scenario("a batch that cannot be read is refused as a whole")
def unreadable(world):
    supplier, _, addon = owned(world)
    good = (addon["id"], "gb", 1)
    with Unchanged(world):
        for when in (hour(-1), hour(0), "2026-01-01", "x", None, 5,
                     "2026-01-01T00:30:00Z"):
            true("timestamp" in report(world, supplier, when, good,
                                       want=422)["errors"], f"{when}")
        for usages in (None, [], {}, [good] * 201):
            world.call(supplier, "POST", "/v1/provider/usage",
                       {"timestamp": hour(), "usages": usages}, want=422)
        for item in (None, 1, [], {"quantity": 1}):
            found = world.call(supplier, "POST", "/v1/provider/usage",
                               {"timestamp": hour(), "usages": [item]},
                               want=202)
            same(found.data["usages"][0]["status"], "rejected", f"{item}")
        same(report(world, supplier, "2020-01-01T00:00:00Z", good)[0][0],
             "rejected", "long before it was bought")


@scenario("flat prices: bought, changed, removed; a failed order is free")
def flat(world):
    supplier = world.provider("scalingo", price=7)
    app = world.app(paying=True)
    addon = world.addon(app, supplier)
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": supplier.plans["gold"]}}, want=200)
    rest = f"/addons/{addon['id']}/usage"
    time.sleep(1.1)   # the history counts seconds
    lines = bill(world, app, rest, hour(0))["addons"][0]["lines"]
    same((lines[-1]["kind"], lines[-1]["plan"], lines[-1]["price"]),
         ("flat", "gold", "12.5"), "what it is now")
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    gone = bill(world, app, rest, hour(0))["addons"][0]
    same((gone["addon_provider"], gone["currency"]), (supplier.slug, "EUR"),
         "of one that is gone")
    true([line["plan"] for line in gone["lines"]][-1] == "gold", f"{gone}")
    failing = world.provider("scalingo", price=7)
    failing.desk.then(202, {"id": "later", "config": {}})
    addon = world.addon(app, failing)
    time.sleep(1.1)
    world.call(failing, "POST", f"/v1/provider/addons/{addon['id']}"
               "/actions/deprovision", {}, want=200)
    same(bill(world, app, f"/addons/{addon['id']}/usage", hour(0))[
        "addons"][0]["lines"], [], "it never ran")


@scenario("a bill as CSV, and what is refused")
def as_csv(world):
    supplier, app, addon = owned(world)
    report(world, supplier, hour(), (addon["id"], "gb", 4))
    head = {"Authorization": authorization(app.owner)}
    path = app.path(f"/usage?month={hour()[:7]}")
    for query, accept in (("&format=csv", "*/*"), ("", "text/csv")):
        answer = world.request("GET", path + query,
                                    dict(head, Accept=accept))
        same((answer.status, answer.header("Content-Type")),
             (200, "text/csv; charset=utf-8"), "type")
        rows = list(csv.DictReader(io.StringIO(answer.body.decode(),
                                               newline="")))
        same([(row["addon_id"], row["unit"], row["quantity"], row["cost"],
               row["currency"]) for row in rows if row["kind"] == "metered"],
             [(addon["id"], "gb", "4", "1.00", "EUR")], "rows")
        same(answer.header("Content-Disposition"), "attachment; filename="
             f'"{app.name}-{hour()[:7]}.csv"', "file")
    answer = world.request("GET", path + "&format=csv",
                           dict(head, **{"If-None-Match": "*"}))
    same((answer.status, answer.header("Content-Disposition", "")),
         (304, ""), "what the client has")
    for month in ("2999-01", "x", "2026-13", "2026-1", "2026-01-01"):
        world.call(app.owner, "GET", app.path(f"/usage?month={month}"),
                   want=422)
    world.call(app.owner, "GET", app.path("/addons/ad-nobody/usage"),
               want=404)
    world.call(world.account(), "GET", app.path("/usage"), want=404)
    world.call(None, "GET", app.path("/usage"), want=401)


@scenario("units of a manifest are checked", every_door=False)
def manifests(world):
    path = world.dir / "units.json"
    for dialect, make in MANIFESTS.items():
        for units in ({}, [{}], [{"name": "x"}], [{"name": "", "price": 1}],
                      [{"name": "x", "price": -1}],
                      [{"name": "x", "price": "1.2345678"}],
                      [{"name": "x", "price": 1}] * 2,
                      [{"name": f"u{n}", "price": 1} for n in range(9)]):
            manifest = make("unit", "https://unit.test", ["UNIT_URL"], 0)
            manifest["plans"][1]["units"] = units
            path.write_text(json.dumps(manifest), "utf-8")
            done = world.sutler("provider", "check", path, "--dialect",
                                dialect, want=1)
            true(b"plans[1].units" in done.stdout, f"{units}: {done.stdout}")
