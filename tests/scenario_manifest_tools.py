"""What operators and providers do with manifests: check, update, passwords,
who may buy, and the portal where they are pushed and pulled."""
import copy
import json
import re

import strict
from scenario_base import Commits, Unchanged, among, same, scenario, true
from scenario_operator import manifest, write
from world import MARK, Supplier, authorization, basic


def findings(world, path, *words, want=0) -> list:
    done = world.sutler("provider", "check", path, "--json", *words,
                        want=want)
    return strict.loads(done.stdout)


def changes(world, supplier, new, *words) -> list:
    done = world.sutler("provider", "update", supplier.slug,
                        write(world, new), "--json", *words)
    return strict.loads(done.stdout)


def find(rows: list, what: str, name: str, field=None) -> dict:
    found = [row for row in rows if (row["what"], row["name"],
                                     row.get("field")) == (what, name, field)]
    same(len(found), 1, f"{what} {name} {field} in {rows}")
    return found[0]


def record(world, supplier) -> dict:
    path = world.store / "providers" / f"{supplier.slug}.json"
    return json.loads(world.sutler("unseal", path).stdout)


def plans(world, supplier, who=None) -> dict:
    rows = world.call(who, "GET", f"/v1/addon_providers/{supplier.slug}"
                      "/plans?show_all=true", want=200).data["plans"]
    return {row["name"]: row for row in rows}


def knocks(world, supplier, password, want):
    """The provider at our door with that password."""
    path = "/v1/provider/apps" if supplier.dialect == "scalingo" \
        else "/vendor/apps"
    world.call(basic(supplier.user, password), "GET", path, want=want)


@scenario("provider check: all findings at once, as JSON",
          every_door=False)
def check(world):
    good = manifest(world, "heroku")
    same(findings(world, write(world, good)), [], "a good one")
    good["api"]["regions"] = ["us", "moon"]
    found = findings(world, write(world, good))
    same([(row["path"], row["level"]) for row in found],
         [("api.regions[1]", "warning")], "a warning alone is no failure")
    del good["id"]
    good["api"]["password"] = "short"
    found = findings(world, write(world, good), want=1)
    levels = {row["path"]: row["level"] for row in found}
    same(levels, {"id": "error", "api.password": "error",
                  "api.regions[1]": "warning"}, "findings")
    text = world.sutler("provider", "check", write(world, good),
                        want=1).stdout.decode()
    for row in found:
        true(f"{row['level']}: {row['path']}: {row['text']}" in text, text)


@scenario("provider check: what is no JSON, by line and column",
          every_door=False)
def check_syntax(world):
    for raw, place in ((b'{\n  "id": "x",\n  "api": {,}\n}',
                        "line 3, column 11"),
                       (b"{", "line 1, column 2"),
                       (b'{"a":1}\n\n x', "line 3, column 2")):
        path = write(world, None, raw)
        done = world.sutler("provider", "check", path, want=1)
        true(place.encode() in done.stderr, f"{raw}: {done.stderr!r}")
        found = findings(world, path, want=1)
        true(place in found[0]["text"], f"{raw}: {found}")


@scenario("provider update shows first, and does it when told")
def update(world):
    supplier = world.provider("scalingo", price=3)
    small = world.app(paying=True)
    large = world.app(paying=True)
    addons = {"small": world.addon(small, supplier),
              "large": world.addon(large, supplier, "large")}
    ids = {name: row["id"] for name, row in plans(world, supplier).items()}
    new = copy.deepcopy(supplier.manifest)
    new["description"] = "Another one."
    new["sso_salt"] = "another-salt"
    new["config_vars"] = [supplier.variables[1], "BRAND_NEW"]
    new["plans"] = [new["plans"][0], {"name": "tiny", "price": 1}]
    new["plans"][0]["price"] = 5

    with Unchanged(world, "shown only"):
        rows = changes(world, supplier, new)
        human = world.sutler("provider", "update", supplier.slug,
                             write(world, new)).stdout.decode()
    all_of_them = sorted(addon["id"] for addon in addons.values())

    def concerned(row) -> list:
        same(row["concerns"], len(row["addons"]), "number")
        return sorted(addon["id"] for addon in row["addons"])

    row = find(rows, "manifest", "description")
    same((row["before"], row["after"]), ('"A *provider*."',
                                         '"Another one."'), "description")
    same(concerned(row), [], "a description")
    row = find(rows, "manifest", "sso_salt")
    same(concerned(row), all_of_them, "the salt")
    true("salt\"" not in json.dumps(rows).replace('sso_salt"', ""),
         "a secret is shown")
    row = find(rows, "plan", "small", "price")
    same((row["before"], row["after"]), ("3", "5"), "price")
    same(concerned(row), [addons["small"]["id"]], "price")
    row = find(rows, "plan", "large", "sold")
    same(concerned(row), [addons["large"]["id"]], "a plan that is gone")
    same(concerned(find(rows, "plan", "gold", "sold")), [], "nobody's")
    find(rows, "plan", "tiny")
    same(concerned(find(rows, "variable", supplier.variables[0])),
         all_of_them, "a variable that they set")
    find(rows, "variable", "BRAND_NEW")
    for addon in addons.values():
        true(addon["id"] in human, human)

    with Commits(world, 1):
        same(changes(world, supplier, new, "--yes"), rows, "the same rows")
    after = plans(world, supplier)
    same({name: row["disabled"] for name, row in after.items()},
         {"small": False, "tiny": False, "large": True, "gold": True},
         "plans")
    for name, plan_id in ids.items():
        same(after[name]["id"], plan_id, f"the id of {name}")
    same(after["small"]["price"], 5, "the list's price")
    found = world.call(small.owner, "GET", small.path(
        f"/addons/{addons['small']['id']}"), want=200).data["addon"]
    same(found["plan"]["price"], 3, "what is bought keeps its price")
    world.order(large, supplier, "gold", want=422)

    with Unchanged(world, "nothing changes"):
        same(changes(world, supplier, new, "--yes"), [], "again")
    back = changes(world, supplier, supplier.manifest, "--yes")
    same((find(back, "plan", "large", "sold")["after"],
          find(back, "plan", "tiny", "sold")["after"]), ("yes", "no"),
         "back again")
    same(plans(world, supplier)["large"]["id"], ids["large"], "its id")


@scenario("an update that breaks a rule, or takes a user name, is refused",
          every_door=False)
def update_refused(world):
    supplier, other = world.provider("scalingo"), world.provider("heroku")
    bad = copy.deepcopy(supplier.manifest)
    del bad["password"]
    taken = dict(supplier.manifest, username=other.user)
    with Unchanged(world):
        for new in (bad, taken, other.manifest):
            done = world.sutler("provider", "update", supplier.slug,
                                write(world, new), "--yes", want=1)
            true(done.stderr, "no word why")
        world.sutler("provider", "update", "nowhere",
                     write(world, supplier.manifest), want=1)
        world.sutler("provider", "update", supplier.slug, "/nonexistent",
                     want=1)
        for hours in ("x", "-1", "1.5", "", "99999"):
            world.sutler("provider", "update", supplier.slug,
                         write(world, supplier.manifest), "--keep", hours,
                         want=2)


@scenario("a plan is retired with its alternative, repriced, sold again")
def plan(world):
    supplier, app = world.provider("scalingo"), world.app()
    addon = world.addon(app, supplier, "small")

    def change(*words, want=0) -> list:
        done = world.sutler("provider", "plan", supplier.slug, *words,
                            "--json", want=want)
        return strict.loads(done.stdout)[0] if want == 0 else None

    with Commits(world, 1):
        row = change("small", "--disable", "--alternative", "large")
    same((row["sold"], row["installations"]), ("no", 1), "shown")
    found = plans(world, supplier)
    same((found["small"]["disabled"],
          found["small"]["disabled_alternative_plan_id"]),
         (True, found["large"]["id"]), "retired")
    world.order(world.app(), supplier, "small", want=422)
    found = world.call(app.owner, "GET", app.path(f"/addons/{addon['id']}"),
                       want=200).data["addon"]
    same(found["plan"]["disabled"], True, "who has it keeps it")
    # a manifest that says the same leaves it so
    changes(world, supplier, dict(supplier.manifest, description="x"),
            "--yes")
    same(plans(world, supplier)["small"]["disabled"], True, "still")
    change("small", "--enable", "--price", "7.25")
    found = plans(world, supplier)["small"]
    same((found["disabled"], found["disabled_alternative_plan_id"],
          found["price"]), (False, None, 7.25), "sold again")
    found = world.call(app.owner, "GET", app.path(f"/addons/{addon['id']}"),
                       want=200).data["addon"]
    same(found["plan"]["price"], 0, "what is bought keeps its price")
    with Unchanged(world):
        change("small")   # shows it
        change("none", want=1)
        change("small", "--disable", "--alternative", "none", want=1)
        change("small", "--disable", "--alternative", "small", want=1)
        change("small", "--disable", "--enable", want=2)
        change("small", "--alternative", "large", want=2)
        for price in ("", "x", "-1", "nan", "inf", "1e10"):
            change("small", "--price", price, want=2)


@scenario("provider remove names those who have it installed",
          every_door=False)
def remove(world):
    supplier, app = world.provider("scalingo"), world.app()
    addon = world.addon(app, supplier)
    with Unchanged(world):
        said = world.sutler("provider", "remove", supplier.slug,
                            want=1).stderr.decode()
    true(app.name in said and addon["id"] in said, said)


@scenario("a password that changes: both are valid, then one")
def password(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        supplier, app = world.provider(dialect), world.app()
        addon = world.addon(app, supplier)
        with Commits(world, 1):
            made = world.sutler("provider", "password", supplier.slug)
        fresh = made.stdout.decode().strip()
        true(re.fullmatch(r"[0-9a-f]{32}", fresh), f"made: {fresh}")
        true(fresh not in world.messages()[-1], "it is in the log")
        knocks(world, supplier, fresh, 200)
        knocks(world, supplier, supplier.password, 200)
        knocks(world, supplier, "wrong", 401)

        # the provider that has not changed it yet is asked once more
        supplier.desk.seen.clear()
        supplier.desk.then(401, {"message": "who?"})
        world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
                   {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
        same([seen.basic() for seen in supplier.desk.asked("PUT")],
             [f"{supplier.user}:{fresh}",
              f"{supplier.user}:{supplier.password}"], "asked with")
        told = json.loads(world.sutler("transcript", world.head(),
                                       "--json").stdout)
        same([one["status"] for one in told], [401, 200],
             "looked up from the commit")

        world.sutler("provider", "password", supplier.slug, "--new",
                     "chosen-by-us", "--keep", "0")
        knocks(world, supplier, "chosen-by-us", 200)
        knocks(world, supplier, fresh, 401)
        knocks(world, supplier, supplier.password, 401)
        with Unchanged(world):
            world.sutler("provider", "password", supplier.slug, "--new",
                         "chosen-by-us", want=1)
            world.sutler("provider", "password", supplier.slug, "--new", "",
                         want=1)


@scenario("an update with another password keeps the old one for a time",
          every_door=False)
def update_password(world):
    supplier = world.provider("scalingo")
    new = dict(supplier.manifest, password="another-password")
    rows = changes(world, supplier, new, "--yes")
    find(rows, "manifest", "password")
    true("another-password" not in json.dumps(rows), "it is shown")
    for word in ("another-password", supplier.password):
        knocks(world, supplier, word, 200)
    changes(world, supplier, supplier.manifest, "--yes", "--keep", "0")
    knocks(world, supplier, supplier.password, 200)
    knocks(world, supplier, "another-password", 401)


def seen_by(world, supplier, who) -> bool:
    """All routes of the catalogue say the same."""
    rows = world.call(who, "GET", "/v1/addon_providers",
                      want=200).data["addon_providers"]
    listed = supplier.slug in {row["id"] for row in rows}
    found = world.call(who, "GET",
                       f"/v1/addon_providers/{supplier.slug}/plans")
    same(found.status, 200 if listed else 404, "plans and the list differ")
    if not listed:
        same(found.data["resource"], "addon_provider", "resource")
        nowhere = world.call(who, "GET", "/v1/addon_providers/nowhere/plans",
                             want=404)
        same(found.data, nowhere.data, "as if it did not exist")
    return listed


@scenario("private: seen and bought by its accounts alone")
def private(world):
    supplier = world.provider("scalingo")
    friend, stranger = world.app(), world.app()
    world.sutler("provider", "visibility", supplier.slug, "private",
                 friend.owner.name)
    same([seen_by(world, supplier, who)
          for who in (None, stranger.owner, friend.owner)],
         [False, False, True], "seen")
    with Unchanged(world):
        found = world.order(stranger, supplier, want=404)
    same(found.data["resource"], "addon_provider", "resource")
    same(supplier.desk.seen, [], "the provider was asked")
    addon = world.addon(friend, supplier)
    # no longer among them: sees what is installed, and buys nothing more
    world.sutler("provider", "visibility", supplier.slug, "private")
    true(seen_by(world, supplier, friend.owner), "not seen by who has it")
    world.order(friend, supplier, want=404)
    world.call(friend.owner, "PATCH", friend.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    world.sutler("provider", "visibility", supplier.slug, "public")
    true(seen_by(world, supplier, None), "published, and not seen")
    world.addon(stranger, supplier)


@scenario("closed: sold to nobody, installations go on")
def closed(world):
    supplier = world.provider("heroku")
    old, new = world.app(), world.app()
    addon = world.addon(old, supplier)
    world.sutler("provider", "visibility", supplier.slug, "closed")
    same([seen_by(world, supplier, who)
          for who in (None, new.owner, old.owner)], [False, False, True],
         "seen")
    world.order(new, supplier, want=404)
    path = old.path(f"/addons/{addon['id']}")
    world.call(old.owner, "GET", path, want=200)
    world.call(old.owner, "PATCH", path,
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    knocks(world, supplier, supplier.password, 200)
    world.call(old.owner, "DELETE", path, want=204)
    true(not seen_by(world, supplier, old.owner), "seen by who had it")


@scenario("visibility and owners: words and accounts that are none",
          every_door=False)
def visibility_words(world):
    slug = world.provider("scalingo").slug
    name = world.account().name
    with Unchanged(world):
        for words, want in (((slug, "hidden"), 2), ((slug, "public", name), 2),
                            ((slug, "closed", name), 2), ((slug,), 2),
                            ((slug, "private", "nobody"), 1),
                            (("nowhere", "closed"), 1)):
            world.sutler("provider", "visibility", *words, want=want)
        world.sutler("provider", "owner", slug, "nobody", want=1)
        world.sutler("account", "operator", name, "maybe", want=2)
        path = write(world, manifest(world))
        world.sutler("provider", "add", path, "--owner", "nobody", want=1)
    with Commits(world, 2):
        for _ in range(2):
            world.sutler("provider", "visibility", slug, "closed")
            world.sutler("provider", "owner", slug, name)


@scenario("a bad token in the catalogue is refused, other words are not")
def catalogue_tokens(world):
    for path in ("/v1/addon_providers", "/v1/addon_categories"):
        world.call("Bearer nonsense", "GET", path, want=401)
        world.call("Basic bm9uc2Vuc2U=", "GET", path, want=200)


# The portal

def portal(world, who, method, path, data=None, want=200, form=False):
    """One call; form: with the header that kensa sends."""
    headers = {"Accept": "json", "X-Kensa-Version": "1"}
    body = None if data is None else json.dumps(data).encode()
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    reply = world.call(who, method, path, body=body, headers=headers,
                       want=want)
    if want < 400:
        same(reply.answer.header("Cache-Control"), "no-store", "caching")
    data = strict.loads(reply.answer.body)
    if want >= 400:
        among(set(data), ({"error"},), f"the shape of {data}")
    return data


def kensa(account, name=None) -> str:
    return basic(name or account.email, account.token)


@scenario("kensa pushes and pulls: the manifest, whatever its type says")
def kensa_tool(world):
    operator, stranger = world.account(), world.account()
    world.sutler("account", "operator", operator.name, "on")
    first = manifest(world, "heroku")
    slug, path = first["id"], "/provider/addons"
    with Unchanged(world):
        portal(world, kensa(stranger), "POST", path, first, 403, True)
        portal(world, basic(operator.email, "wrong"), "POST", path, first,
               401, True)
        portal(world, kensa(operator, stranger.email), "POST", path, first,
               401, True)
        portal(world, kensa(operator), "GET", f"{path}/{slug}", want=404)
    with Commits(world, 1):
        same(portal(world, kensa(operator), "POST", path, first, 200, True),
             first, "pushed")
    for who in (kensa(operator), kensa(operator, operator.name),
                authorization(operator)):
        same(portal(world, who, "GET", f"{path}/{slug}"), first, "pulled")
    with Unchanged(world):
        portal(world, kensa(stranger), "GET", f"{path}/{slug}", want=404)
        portal(world, kensa(stranger), "POST", path, first, 403, True)
        portal(world, kensa(operator), "POST", path, first, 200, True)

    supplier = Supplier(slug, "heroku", slug, first["api"]["password"], "",
                        [], {}, None, first)
    same([seen_by(world, supplier, who) for who in
          (None, stranger, operator)], [False, False, True],
         "what is new is private")
    bad = copy.deepcopy(first)
    bad["api"]["regions"] = []
    bad["api"]["password"] = "short"
    with Unchanged(world):
        answer = portal(world, kensa(operator), "POST", path, bad, 422, True)
    same(sorted(text.split(":")[0] for text in answer["error"]["base"]),
         ["api.password", "api.regions"], "why not")
    second = copy.deepcopy(first)
    second["api"]["password"] = "another-password"
    with Commits(world, 1):
        portal(world, kensa(operator), "POST", path, second, 200, True)
    for word in ("another-password", first["api"]["password"]):
        knocks(world, supplier, word, 200)


@scenario("the addons-admin plugin: current manifest, push, history")
def admin_tool(world):
    owner, stranger = world.account(), world.account()
    first = manifest(world, "heroku")
    slug = first["id"]
    base = f"/api/v3/addons/{slug}"
    world.sutler("provider", "add", write(world, first), "--owner",
                 owner.name)
    got = portal(world, owner, "GET", f"{base}/current_manifest")["contents"]
    same(got, {**first, "$base": 1}, "the current manifest")
    with Unchanged(world):
        for method, rest in (("GET", "current_manifest"),
                             ("GET", "manifests"), ("GET", "manifests/x")):
            portal(world, stranger, method, f"{base}/{rest}", want=404)
        portal(world, stranger, "POST", f"{base}/manifests",
               {"contents": first}, 403)
        portal(world, owner, "GET", f"{base}/manifests/x", want=404)
        portal(world, owner, "GET", f"{base}-none/current_manifest",
               want=404)
        portal(world, owner, "POST", f"{base}-none/manifests",
               {"contents": first}, 403)
        portal(world, owner, "POST", f"{base}/manifests", first, 400)
        portal(world, owner, "POST", f"{base}/manifests",
               {"contents": {**got, "id": "another"}}, 422)
        portal(world, "Bearer x", "GET", f"{base}/manifests", want=401)

    got["name"] = f"Named {MARK}"
    got["plans"] = got["plans"][:1]
    with Commits(world, 1):
        done = portal(world, owner, "POST", f"{base}/manifests",
                      {"contents": got}, 201)
    same(done["contents"], {**got, "$base": 2}, "as it was taken")
    with Unchanged(world):   # upon the one before
        portal(world, owner, "POST", f"{base}/manifests",
               {"contents": {**got, "name": "Late"}}, 409)
    rows = portal(world, owner, "GET", f"{base}/manifests")
    same([row["contents"]["name"] for row in rows],
         [got["name"], first["name"]], "newest first")
    same(rows[1]["contents"], first, "the first, with its secrets")
    same(rows[0]["id"], done["id"], "its id")
    for row in rows:
        same(portal(world, owner, "GET", f"{base}/manifests/{row['id']}"),
             row, "one of them")
    world.sutler("provider", "password", slug, "--new", "another-password")
    world.sutler("provider", "visibility", slug, "closed")
    world.sutler("pack")
    rows = portal(world, owner, "GET", f"{base}/manifests")
    same([row["contents"]["api"]["password"] for row in rows],
         ["another-password", first["api"]["password"],
          first["api"]["password"]], "passwords")
    world.sutler("provider", "owner", slug)
    portal(world, owner, "GET", f"{base}/manifests", want=404)


# What the plugin's client (@heroku-cli/command 8.5.0) was seen to send.
PLUGIN = {"User-Agent": "kensa future", "Accept": "application/json",
          "Content-Type": "application/json",
          "Request-Id": "0918f726-568d-4fd7-a663-5d4dc9da431f"}


@scenario("the addons-admin plugin's session, as it was seen on the wire")
def admin_session(world):
    """pull, push, manifests, manifests:info; a push that is refused, a slug
    that is none, a token that is none: the plugin prints the error alone."""
    owner, first = world.account(), manifest(world, "heroku")
    base = f"/api/v3/addons/{first['id']}"
    world.sutler("provider", "add", write(world, first), "--owner",
                 owner.name)

    def call(want, method, path, who=owner, **more):
        return world.call(who, method, path, want=want, headers=PLUGIN,
                          **more).data

    pulled = call(200, "GET", f"{base}/current_manifest")["contents"]
    pulled["name"] = "Pushed by the plugin"
    pushed = call(201, "POST", f"{base}/manifests",
                  data={"contents": pulled})["contents"]
    same({**pushed, "$base": 0}, {**pulled, "$base": 0}, "pushed")
    rows = call(200, "GET", f"{base}/manifests")
    same([row["contents"]["name"] for row in rows],
         [pulled["name"], first["name"]], "names")
    true(all(sorted(row) == ["contents", "created_at", "id"]
             for row in rows), "rows")
    one = call(200, "GET", f"{base}/manifests/{rows[1]['id']}")
    same(one["contents"], first, "the older one")
    pushed["api"] = {**pushed["api"], "regions": []}
    found = call(422, "POST", f"{base}/manifests", data={"contents": pushed})
    same(list(found["error"]), ["base"], "error")
    true(found["error"]["base"][0].startswith("api.regions: "), f"{found}")
    found = call(404, "GET", "/api/v3/addons/nosuch/current_manifest")
    same(found, {"error": "addon_provider not found"}, "an unknown slug")
    found = call(401, "GET", f"{base}/current_manifest", who="Bearer x")
    same(found, {"error": "Invalid credentials"}, "a bad token")


@scenario("an operator creates a provider through the plugin's path, too")
def admin_creates(world):
    operator = world.account()
    world.sutler("account", "operator", operator.name, "on")
    first = manifest(world, "heroku")
    slug = world.fresh("slug")
    with Commits(world, 1):
        portal(world, operator, "POST", f"/api/v3/addons/{slug}/manifests",
               {"contents": {**first, "$base": 77}}, 201)
    same(record(world, Supplier(slug, *[None] * 8))["manifest"], first,
         "its record")
    same(world.messages()[-1].splitlines()[0],
         f"{slug}: provider registered, dialect heroku", "subject")
    true("Actor: user" in world.messages()[-1], "who did it")
    world.sutler("account", "operator", operator.name, "off")
    # the owner it is, still
    portal(world, operator, "GET",
           f"/api/v3/addons/{slug}/current_manifest")


@scenario("provider add: names that clients take for databases of their own",
          every_door=False)
def client_names(world):
    for category, slug, warned in (("Databases", None, "category Databases"),
                                   ("database", None, "category database"),
                                   ("Caches", "redis", "slug redis"),
                                   ("Data", None, "")):
        path = write(world, manifest(world, "scalingo"))
        slug = slug or world.fresh("named")
        done = world.sutler("provider", "add", path, "--slug", slug,
                            "--category", category)
        same(done.stdout.decode(), f"{slug}\n", "it is registered")
        said = done.stderr.decode()
        true(warned in said and bool(warned) == ("warning" in said),
             f"{category} {slug}: {said}")
    world.sutler("provider", "remove", "redis")
