"""What one account may have, and what a client that runs away may fill."""
import concurrent.futures
import json

from scenario_base import Unchanged, among, same, scenario, true
from scenario_session import sign_in, status as by_cookie
from world import App

KINDS = ("apps", "addons", "variables", "bytes")


def quota(world, account, **most):
    """None: as the configuration says."""
    world.sutler("account", "quota", account.name,
                 *(f"{kind}={'default' if number is None else number}"
                   for kind, number in most.items()))


def shown(world, account) -> dict:
    rows = json.loads(world.sutler("account", "quota", account.name,
                                   "--json").stdout)
    return {row["quota"]: (row["has"], row["may_have"]) for row in rows}


def put(world, app, name, value, who=None):
    return world.call(who or app.owner, "POST", app.path("/variables"),
                      {"variable": {"name": name, "value": value}})


def make(world, owner, name=None):
    return world.call(owner, "POST", "/v1/apps",
                      {"app": {"name": name or world.fresh("quota")}})


def refused(found, kind, most, would):
    same(found.status, 422, str(found))
    same(list(found.data["errors"]), [f"quota_{kind}"], str(found))
    text = found.data["errors"][f"quota_{kind}"][0]
    true(f"may have {most}," in text and text.endswith(f"make it {would}"),
         text)


@scenario("apps, add-ons and variables up to an account's quota, and no more",
          every_door=False)
def kinds(world):
    app = world.app()
    owner = app.owner
    supplier = world.provider("scalingo")
    quota(world, owner, apps=2, addons=1, variables=3)
    same(make(world, owner).status, 201, "the second app")
    with Unchanged(world, "refused"):
        refused(make(world, owner), "apps", 2, 3)
        dry = world.call(owner, "POST", "/v1/apps",
                         {"app": {"name": "dry-quota"}},
                         headers={"X-Dry-Run": "true"})
        refused(dry, "apps", 2, 3)
    addon = world.addon(app, supplier)   # sets one variable
    other = world.provider("scalingo")
    with Unchanged(world, "refused"):
        refused(world.order(app, other, want=422), "addons", 1, 2)
    same(other.desk.seen, [], "the provider is not asked")
    for name in ("A", "B"):
        same(put(world, app, name, "x").status, 201, name)
    with Unchanged(world, "refused"):
        refused(put(world, app, "C", "x"), "variables", 3, 4)
        refused(world.call(supplier, "PATCH",
                           f"/v1/provider/apps/{addon['resource_id']}",
                           {"config": {supplier.variables[1]: "x"}}),
                "variables", 3, 4)
    same(put(world, app, "A", "changed").status, 201, "no more than before")
    same([shown(world, owner)[kind] for kind in KINDS[:3]],
         [(2, 2), (1, 1), (3, 3)], "what it has")
    # over quota all that takes away goes on, and what adds nothing
    quota(world, owner, apps=1, addons=1, variables=1, bytes=10)
    same(put(world, app, "A", "x").status, 201, "a shorter value")
    among(world.call(owner, "DELETE", app.path("/variables/" + world.variables(
        app)["B"]["id"])).status, (200, 204), "away with it")
    world.call(owner, "DELETE", app.path(f"/addons/{addon['id']}"), want=204)
    world.call(owner, "DELETE", app.path(f"?current_name={app.name}"),
               want=204)
    quota(world, owner, apps=None, addons=None, variables=None, bytes=None)
    same(shown(world, owner)["apps"], (1, None), "no quota is left")


@scenario("bytes are those of an account's records; who owns the app is charged",
          every_door=False)
def charged(world):
    app = world.app()
    owner, friend = app.owner, world.account()
    link = world.call(owner, "POST", app.path("/collaborators"), {
        "collaborator": {"email": friend.email, "is_limited": False}},
        want=201).data["collaborator"]["invitation_link"]
    world.call(friend, "GET", link[link.index("/v1/"):], want=200)
    has = shown(world, owner)["bytes"][0]
    same(has, sum(len(data) for name, data in world.contents().items()
                  if name.endswith(f"/{app.name}.json")), "bytes")
    quota(world, owner, bytes=has + 1000)
    with Unchanged(world, "a friend's"):
        found = put(world, app, "A", "x" * 1000, friend)
        refused(found, "bytes", has + 1000, has + 1000 +
                int(found.data["errors"]["quota_bytes"][0].split()[-1]) -
                has - 1000)
    same(put(world, app, "A", "x" * 900, friend).status, 201, "what fits")
    same(shown(world, friend)["apps"], (0, None), "the friend has nothing")
    # what is handed over, the receiver is charged for
    before = world.head()
    quota(world, friend, variables=0, apps=1)
    same(make(world, friend).status, 201, "an app of the friend's")
    with Unchanged(world, "a transfer"):
        found = world.call(owner, "PATCH", app.path(),
                           {"app": {"owner": friend.email}})
        refused(found, "apps", 1, 2)
    # the way back counts, too
    among(world.call(owner, "DELETE", app.path("/variables/" + world.variables(
        app)["A"]["id"])).status, (200, 204), "away with it")
    quota(world, owner, bytes=has)
    with Unchanged(world, "a rollback"):
        found = world.call(owner, "POST", app.path("/rollback"),
                           {"to": before})
        same(found.status, 422, str(found))
        true("quota_bytes" in found.data["errors"], str(found))
    quota(world, owner, bytes=None)
    world.call(owner, "POST", app.path("/rollback"), {"to": before}, want=200)


@scenario("the configuration's quota is everybody's that has none of his own",
          every_door=False)
def everybodys(world):
    app = world.app()
    own = world.account()
    quota(world, own, apps=0)
    try:
        world.configure(quota_apps=1)
        with Unchanged(world):
            refused(make(world, app.owner), "apps", 1, 2)
            done = world.sutler("app", "create", "by-hand", "--owner",
                                app.owner.name, want=1)
            true(b"quota_apps" in done.stderr, str(done))
        for _ in range(2):
            same(make(world, own).status, 201, "no limit of his own")
    finally:
        world.configure(quota_apps=None)
    for words in (["apps=-1"], ["apps"], ["cars=1"], ["apps=1x"],
                  ["bytes=9999999999"]):
        with Unchanged(world, str(words)):
            world.sutler("account", "quota", own.name, *words, want=2)


@scenario("of many writers at once no two get the last place",
          every_door=False)
def race(world):
    owner = world.account()
    quota(world, owner, apps=3)
    names = [world.fresh("race") for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = list(pool.map(
            lambda name: make(world, owner, name).status, names))
    same(sorted(found), [201] * 3 + [422] * 9, "three of twelve")
    app = App("", names[found.index(201)], owner)
    quota(world, owner, variables=4)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = list(pool.map(
            lambda n: put(world, app, f"V{n}", "x").status, range(12)))
    same(sorted(found), [201] * 4 + [422] * 8, "four of twelve")


@scenario("what has happened at a provider is noted, quota or not",
          every_door=False)
def settled(world):
    app = world.app()
    supplier = world.provider("scalingo")
    quota(world, app.owner, addons=1, variables=1)
    supplier.desk.then(201, {"id": "r-quota", "config": {
        name: "x" for name in supplier.variables}})
    world.order(app, supplier)
    same(shown(world, app.owner)["variables"], (2, 1), "noted")
    with Unchanged(world, "more"):
        refused(put(world, app, "MORE", "x"), "variables", 1, 3)


@scenario("pages and sessions that are asked for without end push each other out",
          every_door=False)
def runaway(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    state = world.data / "state"
    for kind in ("sso", "sessions"):
        for path in (state / kind).glob("*"):
            path.unlink()
    first = last = None
    for _ in range(40):
        found = world.call(app.owner, "POST", app.path(
            f"/addons/{addon['id']}/sso"), want=200)
        last = found.data["addon"]["sso_url"]
        first = first or last
    same(len(list((state / "sso").iterdir())), 32, "pages")
    for url, want in ((first, 404), (last, 200)):
        same(world.request("GET", url[url.index("/sso/"):], {}).status, want,
             url)
    cookies = [sign_in(world, app.owner) for _ in range(40)]
    same(len(list((state / "sessions").iterdir())), 32, "sessions")
    same(by_cookie(world, cookies[0]), 401, "the first")
    same(by_cookie(world, cookies[-1]), 200, "the last")
    other = sign_in(world, world.account())
    same(by_cookie(world, cookies[-1]), 200, "somebody else's")
    same(by_cookie(world, other), 200, "has its own")


@scenario("on a disk that is nearly full only what takes away is done",
          every_door=False)
def reserve(world):
    app = world.app()
    addon = world.addon(app, world.provider("heroku"))
    put(world, app, "A", "x")
    try:
        world.configure(space_reserve=1000000)   # MB: no disk here has them
        with Unchanged(world):
            for found in (make(world, app.owner), put(world, app, "B", "x"),
                          world.call(app.owner, "POST", app.path(
                              f"/addons/{addon['id']}/sso")),
                          world.call(None, "POST", "/v1/session",
                                     {"token": app.owner.token})):
                same(found.status, 503, str(found))
        if not world.door.served:
            true(b"space_reserve" in world.door.log, "the log says why")
        same(world.call(app.owner, "GET", app.path()).status, 200, "a read")
        among(world.call(app.owner, "DELETE", app.path(
            "/variables/" + world.variables(app)["A"]["id"])).status,
            (200, 204), "a variable goes")
        world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
                   want=204)
        world.sutler("app", "create", world.fresh("by-hand"), "--owner",
                     app.owner.name)
        world.call(app.owner, "DELETE", app.path(
            f"?current_name={app.name}"), want=204)
    finally:
        world.configure(space_reserve=None)
