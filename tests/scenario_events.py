"""The feed of events: the git log, as clients read it."""
import subprocess
import sys

from scenario_base import Skip, Unchanged, same, scenario, true
from scenario_collaborators import invite, join
from scenario_outbox import tick
from scenario_restarts import ask, hook
from strict import reference
from world import MARK, App

PAGES = "?page={}&per_page={}"


def feed(world, who, path, page=1, per_page=100) -> list:
    return world.call(who, "GET", path + PAGES.format(page, per_page),
                      want=200).data["events"]


def of_app(world, app, **page) -> list:
    return feed(world, app.owner, app.path("/events"), **page)


def put(world, app, pairs, want=200):
    rows = [{"id": "", "name": name, "value": value}
            for name, value in pairs.items()]
    return world.call(app.owner, "PUT", app.path("/variables"),
                      {"variables": rows}, want=want).data


def latest(world, app) -> tuple:
    one = of_app(world, app, per_page=1)[0]
    return one["type"], one["type_data"]


@scenario("changes of variables are told with the values of then")
def variables(world):
    app = world.app()
    path = app.path("/variables")
    made = world.call(app.owner, "POST", path,
                      {"variable": {"name": "ONE", "value": f"{MARK}-1"}},
                      want=201).data["variable"]
    same(latest(world, app),
         ("new_variable", {"name": "ONE", "value": f"{MARK}-1",
                           "addon_name": None}), "new")
    world.call(app.owner, "PATCH", f"{path}/{made['id']}",
               {"variable": {"value": f"{MARK}-2"}}, want=200)
    edited = ("edit_variable", {"name": "ONE", "value": f"{MARK}-2",
                                "old_value": f"{MARK}-1",
                                "addon_name": None})
    same(latest(world, app), edited, "edited")
    put(world, app, {"ONE": f"{MARK}-3", "TWO": f"{MARK}-4"})
    many = ("edit_variables", {
        "new_vars": [{"name": "TWO", "value": f"{MARK}-4"}],
        "updated_vars": [{"name": "ONE", "value": f"{MARK}-3"}],
        "deleted_vars": []})
    same(latest(world, app), many, "several")
    world.call(app.owner, "DELETE", f"{path}/{made['id']}", want=204)
    same(latest(world, app),
         ("delete_variable", {"name": "ONE", "value": f"{MARK}-3"}), "deleted")
    put(world, app, {"ONE": f"{MARK}-5"})
    ids = [var["id"] for var in world.variables(app).values()]
    world.call(app.owner, "DELETE", path, {"variable_ids": ids}, want=204)
    same(latest(world, app), ("edit_variables", {
        "new_vars": [], "updated_vars": [],
        "deleted_vars": [{"name": "TWO", "value": f"{MARK}-4"},
                         {"name": "ONE", "value": f"{MARK}-5"}]}), "both")
    told = [(one["type"], one["type_data"]) for one in of_app(world, app)]
    same([told[-3], told[-4]], [edited, many], "what was, stays")


@scenario("a provider's change is told with its name, and without a user")
def provider(world):
    app, supplier = world.app(), world.provider("scalingo")
    world.addon(app, supplier)
    one, two = supplier.variables
    steps = [({one: f"{MARK}-new"}, "edit_variable"),
             ({two: f"{MARK}-two"}, "new_variable"),
             ({two: None}, "delete_variable")]
    for config, kind in steps:
        world.call(supplier, "PATCH", f"/v1/provider/apps/{app.id}",
                   {"config": config}, want=200)
        event = of_app(world, app, per_page=1)[0]
        same((event["type"], event["user"]), (kind, None), "event")
        same(event["type_data"].get("addon_name", supplier.slug),
             supplier.slug, "whose")
    told = [one["type_data"] for one in of_app(world, app, per_page=3)]
    same([data["value"] for data in told],
         [f"{MARK}-two", f"{MARK}-two", f"{MARK}-new"], "values")
    true(MARK in told[2]["old_value"], "the old one is the provider's first")


def cause_all(world) -> App:
    """An app that has met every type of event."""
    hook(world)
    supplier = world.provider("scalingo")
    owner, heir = world.account(), world.account()
    app = world.app(owner)
    supplier.desk.then(202, {"id": "res-1", "message": "Soon"})
    addon = world.order(app, supplier).data["addon"]
    world.call(supplier, "POST",
               "/v1/provider/addons/res-1/actions/provision", {}, want=200)
    one = app.path(f"/addons/{addon['id']}")
    world.call(owner, "PATCH", one,
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    world.sutler("addon", "suspend", addon["id"], "--reason", "not paid")
    tick(world, addon["id"])
    world.call(owner, "POST", f"{one}/resume", want=200)
    world.call(owner, "DELETE", one, want=204)
    put(world, app, {"A": MARK})
    put(world, app, {"A": f"{MARK}-2"})
    put(world, app, {"A": f"{MARK}-3", "B": MARK})
    world.call(owner, "DELETE",
               app.path(f"/variables/{world.variables(app)['B']['id']}"),
               want=204)
    world.call(owner, "PUT", app.path(), {"force_https": True}, want=200)
    ask(world, app)
    made = join(world, app, heir, True)
    world.call(owner, "PATCH", app.path(f"/collaborators/{made['id']}"),
               {"collaborator": {"is_limited": False}}, want=200)
    gone = invite(world, app, "gone@example.org")
    world.call(owner, "DELETE", app.path(f"/collaborators/{gone['id']}"),
               want=204)
    new = world.fresh("all")
    world.call(owner, "POST", app.path("/rename"),
               {"current_name": app.name, "new_name": new}, want=200)
    app = App(app.id, new, owner)
    world.call(owner, "PATCH", app.path(), {"app": {"owner": heir.email}},
               want=200)
    world.sutler("tick")
    world.configure(restart_hook=None)
    return App(app.id, new, heir)


def projects(told: list) -> set:
    return {(one["project_id"], one["project_name"]) for one in told}


def project(world, app) -> tuple:
    found = world.call(app.owner, "GET", app.path(), want=200).data["app"]
    return found["project"]["id"], found["project"]["name"]


@scenario("every type of event is told, the same after reindex")
def all_types(world):
    app = cause_all(world)
    former = world.call(app.owner, "GET", app.path("/collaborators"),
                        want=200).data["collaborators"][0]
    told = of_app(world, app)
    kinds = {one["type"] for one in told}
    event = reference()["components"]["schemas"]["Event"]
    same(set(event["properties"]["type"]["enum"]) - kinds,
         {"delete_app", "attach_addon", "detach_addon",
          "new_addon_log_drain", "delete_addon_log_drain",
          "upgrade_addon_failed"}, "types that are missing")
    same(len({one["id"] for one in told}), len(told), "ids")
    true(all(a["created_at"] >= b["created_at"]
             for a, b in zip(told, told[1:])), "newest first")
    same({one["app_id"] for one in told}, {app.id}, "apps")
    same(projects(told), {project(world, app)}, "projects")
    mine = feed(world, app.owner, "/v1/events")
    same([one["type"] for one in mine], ["accept_collaborator"],
         "the new owner's own deeds")
    same(projects(mine), {project(world, app)}, "their projects")
    same(mine[0], [one for one in told
                   if one["type"] == "accept_collaborator"][0], "the same")
    world.sutler("fsck")
    index = {path: path.read_bytes() for path in
             (world.data / "index").rglob("*") if path.is_file()}
    world.sutler("reindex")
    same({path: path.read_bytes() for path in
          (world.data / "index").rglob("*") if path.is_file()}, index,
         "the index")
    same(of_app(world, app), told, "the feed after reindex")
    same(feed(world, app.owner, "/v1/events"), mine, "theirs")
    world.call(app.owner, "DELETE", app.path(f"?current_name={app.name}"),
               want=204)
    world.call(app.owner, "GET", app.path("/events"), want=404)
    last = feed(world, app.owner, "/v1/events")[0]
    same((last["type"], last["type_data"], last["app_name"]),
         ("delete_app", {}, app.name), "what outlives the app")
    same(projects([last]), {(None, None)}, "the project of what is gone")
    same(former["status"], "accepted", "who owned it")


@scenario("pages of events fit together, whatever their size")
def pages(world):
    app = world.app()
    for number in range(7):
        put(world, app, {"A": f"{MARK}-{number}"})
        world.call(app.owner, "PUT", app.path(),
                   {"force_https": number % 2 == 0}, want=200)
    whole = of_app(world, app)
    same(len(whole), 15, "events")
    for size in (1, 2, 4, 14, 15, 16):
        count = -(-15 // size)
        parts = []
        for page in range(1, count + 2):
            found = world.call(app.owner, "GET", app.path("/events") +
                               PAGES.format(page, size), want=200).data
            parts += found["events"]
            same(found["meta"]["pagination"], {
                "current_page": page, "prev_page": page - 1 or None,
                "previous_page": page - 1 or None,
                "next_page": page + 1 if page < count else None,
                "total_pages": count, "total_count": 15, "per_page": size},
                f"page {page} of {size}")
        same(parts, whole, f"pages of {size}")
    found = world.call(app.owner, "GET", app.path("/events?"), want=200).data
    same(found["events"], whole, "20 without being asked")
    found = world.call(app.owner, "GET", app.path("/events?per_page=5000"),
                       want=200).data
    same(found["meta"]["pagination"]["per_page"], 100, "the most")
    found = world.call(app.owner, "GET",
                       app.path("/events?from=1&per_page=3&page=2"),
                       want=200).data
    same(found["events"], whole, "from overrides pages")
    with Unchanged(world):
        for query in ("page=0", "page=x", "per_page=0", "per_page=-1",
                      "from=0", "from=73", "from=x"):
            world.call(app.owner, "GET", app.path(f"/events?{query}"),
                       want=400)


@scenario("an account's feed is what it did, wherever, and no other's")
def own(world):
    owner, guest, other = (world.account() for _ in range(3))
    first, second = world.app(owner), world.app(owner)
    join(world, first, guest)
    world.call(guest, "PUT", first.path("/variables"),
               {"variables": [{"name": "A", "value": MARK}]}, want=200)
    put(world, second, {"B": MARK})
    same([(one["type"], one["app_name"])
          for one in feed(world, owner, "/v1/events")],
         [("new_variable", second.name), ("new_collaborator", first.name),
          ("new_app", second.name), ("new_app", first.name)], "owner's")
    same([(one["type"], one["app_id"], one["user"]["email"])
          for one in feed(world, guest, "/v1/events")],
         [("new_variable", first.id, guest.email),
          ("accept_collaborator", first.id, guest.email)], "guest's")
    same(feed(world, other, "/v1/events"), [], "another's")
    same(len(of_app(world, first)), 4, "the app's")


@scenario("who has left an app sees what they did there, and no value any more")
def left(world):
    app, friend = world.app(), world.account()
    put(world, app, {"ONE": f"{MARK}-1"})
    made = join(world, app, friend)
    world.call(friend, "PUT", app.path("/variables"),
               {"variables": [{"name": "ONE", "value": f"{MARK}-2"}]},
               want=200)

    def told():
        return feed(world, friend, "/v1/events", per_page=1)[0]["type_data"]

    same((told()["old_value"], told()["value"]),
         (f"{MARK}-1", f"{MARK}-2"), "while there")
    role = app.path(f"/collaborators/{made['id']}")
    for limited in (True, False):   # who may see the app sees its project
        world.call(app.owner, "PATCH", role,
                   {"collaborator": {"is_limited": limited}}, want=200)
        same(projects(feed(world, friend, "/v1/events")),
             {project(world, app)}, "project")
        same(told()["value"] is None, limited, "value")
    world.call(app.owner, "DELETE", app.path(f"/collaborators/{made['id']}"),
               want=204)
    mine = feed(world, friend, "/v1/events")
    true(any(one["type"] == "edit_variable" for one in mine), "the deed")
    true(MARK not in str(mine), "no value")
    same(projects(mine), {(None, None)}, "no project")
    same(of_app(world, app)[3]["type_data"]["old_value"], f"{MARK}-1",
         "the owner sees it")


@scenario("one event by its id; another app's is not found")
def one_event(world):
    app, other = world.app(), world.app()
    put(world, app, {"A": MARK})
    for event in of_app(world, app):
        path = f"/events/{event['id']}"
        same(world.call(app.owner, "GET", app.path(path),
                        want=200).data["event"], event, "the event")
        for owner, wrong in ((other.owner, other.path(path)),
                             (app.owner, app.path(path[:-4] + "0009")),
                             (app.owner, app.path(path[:-1])),
                             (app.owner, app.path("/events/x")),
                             (app.owner, app.path("/events/" + "0" * 24))):
            found = world.call(owner, "GET", wrong, want=404)
            same(found.data["resource"], "event", wrong)


@scenario("the catalogue of event types is open to all")
def catalogue(world):
    types = world.call(None, "GET", "/v1/event_types?",
                       want=200).data["event_types"]
    categories = world.call(None, "GET", "/v1/event_categories",
                            want=200).data["event_categories"]
    same({one["category_id"] for one in types},
         {one["id"] for one in categories}, "categories")
    true({"addon_provisioned", "addon_plan_changed", "addon_deleted",
          "addon_suspended", "addon_resumed", "addon_updated"} <=
         {one["name"] for one in types}, "the add-ons'")
    for rows in (types, categories):
        same(len({one["id"] for one in rows}), len(rows), "ids")
        same(len({one["name"] for one in rows}), len(rows), "names")
    same({one["name"]: one["position"] for one in categories}["addons"], 2,
         "position of addons")


@scenario("a page of events takes no more memory than one of them",
          every_door=False)
def large_record(world):
    if world.build.name == "asan":
        raise Skip("the sanitizer keeps what is freed")
    app = world.app()
    for start in range(0, 28, 7):
        put(world, app, {f"LARGE_{n}": f"{n}-" + "x" * 32000
                         for n in range(start, start + 7)})
    path = app.path("/events")
    least = peak(world, app.owner, path, "per_page=1")
    for number in range(15):
        put(world, app, {"A": f"{MARK}-{number}"})
    true(peak(world, app.owner, path, "per_page=15") < least + (16 << 10),
         "each event is told by itself")
    told = of_app(world, app, per_page=15)
    same([one["type_data"]["value"] for one in told],
         [f"{MARK}-{number}" for number in range(14, -1, -1)], "values")
    same(feed(world, app.owner, "/v1/events", per_page=15), told, "mine")


def peak(world, who, path: str, query="") -> int:
    """kB that the program takes at most to answer GET."""
    program = world.build / "cgi-bin" / "apps"
    script = ("import resource, subprocess, sys; "
              "subprocess.run(sys.argv[1:], check=True); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, "
              "file=sys.stderr)")
    done = subprocess.run(
        [sys.executable, "-c", script, program], check=True,
        capture_output=True, env={
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/v1/apps",
            "PATH_INFO": path.removeprefix("/v1/apps"),
            "QUERY_STRING": query,
            "HTTP_AUTHORIZATION": f"Bearer {who.token}",
            "SUTLER_CONF": str(world.conf)})
    true(done.stdout.startswith(b"Status: 200 "), f"{done.stdout[:200]}")
    return int(done.stderr)
