"""What an operator sees: providers, installations, what is owed, the store."""
import json
import re

from scenario_base import Unchanged, same, scenario, true
from scenario_session import JSON, by, sign_in
from world import MARK, TESTS

TOP = "/v1/operator"
READS = ("/providers", "/installations", "/open", "/store")
CHECK = f"{TOP}/manifest_check"
WALK = 2000   # commits that one request counts


def operator(world):
    account = world.account()
    world.sutler("account", "operator", account.name, "on")
    return account


def get(world, who, path, want=200):
    return world.call(who, "GET", TOP + path, want=want).data


def everything(world, who, path, key, per_page=7) -> list:
    """All pages of a list, which say what they are."""
    rows, page, mark = [], 1, "&" if "?" in path else "?"
    while page:
        found = get(world, who,
                    f"{path}{mark}page={page}&per_page={per_page}")
        about = found["meta"]["pagination"]
        same(about["current_page"], page)
        same(len(found[key]), max(0, min(
            per_page, about["total_count"] - (page - 1) * per_page)), path)
        rows += found[key]
        page = about["next_page"]
    same(len(rows), about["total_count"], path)
    return rows


@scenario("only operators see the operator's pages")
def who_may(world):
    account, boss = world.account(), operator(world)
    supplier = world.provider("heroku")
    cookie = sign_in(world, account)
    bosses = sign_in(world, boss)
    rows = [("GET", TOP + path, None) for path in READS] + \
        [("POST", CHECK, b'{"text":"{}"}')]
    for method, path, body in rows:
        for who in (None, supplier, "Bearer x"):
            found = world.call(who, method, path, body=body, want=401)
            same(set(found.data), {"error"}, path)
        found = world.call(account, method, path, body=body, want=403)
        same(found.data["error"], "only for this site's operators", path)
        for pair, want in ((cookie, 403), (bosses, 200)):
            answer = world.request(method, path,
                                   by(pair, Content_Type=JSON), body)
            same(answer.status, want, f"{method} {path} by cookie")
        world.call(boss, method, path, body=body, want=200)
        world.call(boss, "PATCH", path, {}, want=405)
    same(world.request("POST", CHECK, by(bosses), b'{"text":"{}"}').status,
         403, "a form of another site's")
    world.call(boss, "GET", TOP, want=404)
    world.call(boss, "GET", f"{TOP}/nothing", want=404)

    def flags(name):
        shown = json.loads(world.sutler("account", "show", name).stdout)
        listed = json.loads(world.sutler("account", "list",
                                         "--json").stdout)
        same([row["operator"] for row in listed if row["name"] == name],
             [shown["operator"]], "list and show")
        return shown["operator"]

    def signed(pair):
        answer = world.request("GET", "/v1/session", by(pair))
        return json.loads(answer.body)["session"]["operator"]

    same((flags(account.name), flags(boss.name)), (False, True))
    same((signed(cookie), signed(bosses)), (False, True))
    file = next(world.store.glob(f"accounts/*/*/{account.name}.json"))
    true("operator" not in json.loads(file.read_text("utf-8")), "left out")
    world.sutler("account", "operator", boss.name, "off")
    same((flags(boss.name), signed(bosses)), (False, False))
    for method, path, body in rows:   # at once
        world.call(boss, method, path, body=body, want=403)
    world.sutler("account", "operator", boss.name, "perhaps", want=2)
    # an operator sees no more of others' apps than before
    world.call(operator(world), "GET", world.app().path(), want=404)


@scenario("all providers are listed, with what is sold and installed")
def providers(world):
    boss, ana = operator(world), world.account()
    app = world.app()
    found = {dialect: world.provider(dialect)
             for dialect in ("scalingo", "heroku", "appfog")}
    world.addon(app, found["scalingo"])
    world.addon(world.app(), found["scalingo"])
    slug = found["heroku"].slug
    plan = next(iter(found["heroku"].plans))
    world.sutler("provider", "plan", slug, plan, "--disable")
    world.sutler("provider", "visibility", slug, "private", ana.name)
    world.sutler("provider", "owner", slug, ana.name)
    world.sutler("provider", "visibility", found["appfog"].slug, "closed")
    rows = everything(world, boss, "/providers", "providers")
    listed = json.loads(world.sutler("provider", "list", "--json").stdout)
    same([row["slug"] for row in rows], [row["slug"] for row in listed],
         "as sutler provider list")
    rows = {row["slug"]: row for row in rows}
    for row in listed:
        for key in ("name", "dialect", "category", "plans", "visibility",
                    "base_url"):
            same(rows[row["slug"]][key], row[key], f"{row['slug']} {key}")

    def shown(dialect, *keys):
        return tuple(rows[found[dialect].slug][key] for key in keys)

    keys = ("visibility", "published", "withdrawn", "installations", "owner",
            "plans_withdrawn", "test")
    same(shown("scalingo", *keys), ("public", True, False, 2, None, 0, False))
    same(shown("heroku", *keys),
         ("private", False, False, 0, ana.name, 1, False))
    same(shown("appfog", *keys), ("closed", False, True, 0, None, 0, False))
    for supplier in found.values():
        true(supplier.password not in json.dumps(rows), "a password")
    for query in ("page=0", "page=x", "per_page=0", "page=-1", "per_page=",
                  "page=99999999999"):
        get(world, boss, f"/providers?{query}", 400)
    same(get(world, boss, "/providers?page=1000")["providers"], [])
    same(get(world, boss, "/providers?per_page=5000")["meta"]["pagination"]
         ["per_page"], 100, "rows of a page")


@scenario("installations are listed by provider, as the apps' records have them")
def installations(world):
    boss = operator(world)
    one, two = world.provider("scalingo"), world.provider("heroku")
    apps = [world.app() for _ in range(4)]
    bought = [(supplier, app, world.addon(app, supplier))
              for app in apps for supplier in (one, two)]
    wanted = {supplier.slug: [
        {"addon_id": addon["id"], "app_id": app.id, "app_name": app.name,
         "owner": app.owner.name, "provider": supplier.slug, "plan": "small",
         "status": "running", "resource_id": addon["resource_id"],
         "provisioned_at": addon["provisioned_at"]}
        for seller, app, addon in bought if seller is supplier]
        for supplier in (one, two)}
    for slug, rows in wanted.items():
        for per_page in (1, 3, 100):
            same(everything(world, boss, f"/installations?provider={slug}",
                            "installations", per_page), rows, slug)
    for per_page in (1, 3, 5, 100):
        rows = everything(world, boss, "/installations", "installations",
                          per_page)
        for slug in wanted:
            same([row for row in rows if row["provider"] == slug],
                 wanted[slug], f"{slug} among all")
        slugs = [row["provider"] for row in rows]
        same(slugs, sorted(slugs), "by provider")
        same(len({row["addon_id"] for row in rows}), len(rows), "each once")
    get(world, boss, "/installations?provider=no-such-one", 404)
    get(world, boss, "/installations?provider=", 404)
    get(world, boss, "/installations?provider=../x", 404)
    # what changes, shows
    world.sutler("addon", "suspend", bought[0][2]["id"])
    world.call(apps[1].owner, "DELETE",
               apps[1].path(f"/addons/{bought[2][2]['id']}"), want=204)
    rows = everything(world, boss, f"/installations?provider={one.slug}",
                      "installations")
    status = world.call(apps[0].owner, "GET",
                        apps[0].path(f"/addons/{bought[0][2]['id']}"),
                        want=200).data["addon"]["status"]
    same([(row["app_name"], row["status"]) for row in rows],
         [(apps[0].name, status), (apps[2].name, "running"),
          (apps[3].name, "running")])
    # a record that an administrator breaks takes only itself away
    file = next(world.store.glob(f"apps/*/*/{apps[2].name}.json"))
    text = file.read_bytes()
    file.write_bytes(b"{")
    try:
        rows = everything(world, boss, f"/installations?provider={one.slug}",
                          "installations")
        same([(row["app_name"], row["status"], row["provisioned_at"])
              for row in rows if row["app_name"] == apps[2].name],
             [(apps[2].name, "unknown", None)])
    finally:
        file.write_bytes(text)
    # an index that is behind is not trusted
    aside = file.with_suffix(".aside")
    file.rename(aside)
    try:
        rows = get(world, boss, f"/installations?provider={one.slug}")
        true(apps[2].name not in [row["app_name"] for row in
                                  rows["installations"]], "an app is gone")
    finally:
        aside.rename(file)


@scenario("what is owed is listed as sutler open has it, without its secrets")
def owed(world):
    boss = operator(world)
    supplier = world.provider("scalingo")
    app = world.app()
    addon = world.addon(app, supplier)
    supplier.desk.down = True
    try:
        world.call(app.owner, "DELETE",
                   app.path(f"/addons/{addon['id']}"), want=204)
        world.sutler("tick")
        rows = everything(world, boss, "/open", "open", 2)
        listed = json.loads(world.sutler("open", "--json").stdout)
        same([row["id"] for row in rows], [row["id"] for row in listed])
        true(rows, "nothing is owed")
        for row, other in zip(rows, listed):
            for key in ("kind", "app_name", "app_id", "owner", "created_at"):
                same(row[key], other[key], key)
            for key in ("provider", "addon_id", "plan"):
                same(row[key], other.get(key), key)
            same(row["due_at"], other["next_at"])
            same(row["last_error"], other.get("trouble"))
            same(row["attempts"], other.get("attempts", 0))
        mine = [row for row in rows if row["addon_id"] == addon["id"]]
        same((mine[0]["kind"], mine[0]["app_name"], mine[0]["provider"]),
             ("remove", app.name, supplier.slug))
        true(mine[0]["attempts"] >= 1 and mine[0]["last_error"],
             "what the attempt met")
        true(MARK not in json.dumps(rows), "a value")
        file = next(world.store.glob(f"open/*/{mine[0]['id']}.json"))
        text = file.read_bytes()
        file.write_bytes(b'{"kind":"remove"}')
        try:
            left = get(world, boss, "/open?per_page=100")["open"]
            same([row["id"] for row in left],
                 [row["id"] for row in rows if row is not mine[0]],
                 "one that is broken is left out")
        finally:
            file.write_bytes(text)
    finally:
        world.sutler("addon", "abandon", addon["id"], "--reason", "x")


@scenario("the store tells how it is", every_door=False)
def store(world):
    boss = operator(world)
    world.sutler("tick")

    def health():
        return get(world, boss, "/store")["store"]

    first = health()
    same(first["head"], world.head(), "head")
    same(first["commits"], int(world.git("rev-list", "--count", "HEAD")),
         "commits")
    for kind, key in (("apps", "apps"), ("accounts", "accounts"),
                      ("providers", "providers"), ("open", "open")):
        same(first["records"][key],
             len(list((world.store / kind).rglob("*.json"))), kind)
    same(first["records"]["estimated"], False)
    counted = dict(line.split(": ") for line in
                   world.git("count-objects", "-v").splitlines())
    same((first["loose_objects"], first["packs"]),
         (int(counted["count"]), int(counted["packs"])), "as git counts")
    true(first["bytes"] >= first["pack_bytes"], "bytes")
    same((first["last_pack_at"] is None), first["packs"] == 0)
    same(first["journal_bytes"],
         (world.data / "state" / "journal").stat().st_size, "the journal")
    for number in range(5):   # what is new is counted from the last
        world.app()
        now = health()
        same(now["commits"], first["commits"] + 2 * (number + 1))
        same(now["head"], world.head())
        same(now["records"]["apps"], first["records"]["apps"] + number + 1)
        true(first["journal_used"] < now["journal_used"] <=
             now["journal_bytes"], "the journal fills")
    world.sutler("tick")
    true(health()["journal_used"] < now["journal_used"], "flushed by tick")
    world.sutler("pack")
    packed = health()
    same((packed["commits"], packed["head"]), (now["commits"], now["head"]))
    true(packed["packs"] >= 1 and packed["pack_bytes"] > 0 and
         packed["loose_objects"] < now["loose_objects"], "packed")
    true(re.fullmatch(r"20..-..-..T.*", packed["last_pack_at"]), "when")
    # what is remembered is checked, and made again
    memory = world.data / "state" / "commits"
    for text in (b"", b"x", b"0" * 40 + b" 5\n", b"0" * 40):
        memory.write_bytes(text)
        short = packed["commits"] <= WALK
        same(health()["commits"], packed["commits"] if short else None,
             f"{text}")
        if not short:
            world.sutler("tick")
        same(health()["commits"], packed["commits"], f"{text}")
        same(memory.read_text("ascii"),
             f"{world.head()} {packed['commits']}\n")
    stray = world.store / "apps" / "00" / "stray"
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("x", "utf-8")
    try:
        same(health()["records"]["apps"], packed["records"]["apps"])
    finally:
        stray.unlink()


def scattered(top, word, dirs, each) -> list:
    """Files as hashes would scatter them."""
    made = []
    for number in range(dirs):
        place = top / f"{number % 256:02x}"
        if word == "deep":
            place = place / f"{number // 256:02x}"
        place.mkdir(parents=True, exist_ok=True)
        for count in range(each):
            made.append(place / f"{number}-{count}.json")
            made[-1].touch()
    return made


@scenario("a large store is estimated, not counted", every_door=False)
def large(world):
    boss = operator(world)
    objects = world.store / ".git" / "objects"
    apps = world.store / "apps"
    made = scattered(objects, "flat", 256, 200)
    made += scattered(apps, "deep", 256 * 16, 1)
    try:
        found = get(world, boss, "/store")["store"]
        wanted = sum(1 for path in objects.glob("??/*"))
        true(found["loose_estimated"] and
             abs(found["loose_objects"] - wanted) < wanted / 5,
             f"{found['loose_objects']} of {wanted} objects")
        wanted = sum(1 for path in apps.glob("??/??/*"))
        true(found["records"]["estimated"] and
             abs(found["records"]["apps"] - wanted) < wanted / 5,
             f"{found['records']['apps']} of {wanted} apps")
    finally:
        for path in made:
            path.unlink()


def check(world, who, want=200, **body):
    return world.call(who, "POST", CHECK, body, want=want).data


@scenario("a manifest is checked as sutler provider check does")
def manifest(world):
    boss = operator(world)
    samples = sorted((TESTS.parent / "data").glob("sample-*.json"))
    true(len(samples) >= 6, "samples")
    with Unchanged(world, "by a check"):
        for file in samples:
            text = file.read_text("utf-8")
            words = json.loads(text)
            found = check(world, boss, text=text)
            same(found["dialect"], file.stem.removeprefix("sample-"))
            same([one for one in found["findings"]
                  if one["level"] == "error"], [], file.name)
            plain = check(world, boss, manifest=words)
            same(plain, {"dialect": found["dialect"], "findings": [
                {**one, "line": None} for one in found["findings"]]})
            # spoilt, both ways say the same
            words.pop("name", None)
            words["id"] = 7
            words["logo_url"] = "ftp://x"
            spoilt = world.dir / "spoilt.json"
            spoilt.write_text(json.dumps(words, indent=1), "utf-8")
            found = check(world, boss, text=spoilt.read_text("utf-8"),
                          dialect=found["dialect"])
            done = world.sutler("provider", "check", spoilt, "--allow-http",
                                "--json", "--dialect", found["dialect"],
                                want=None)
            same([{"path": one["path"].removeprefix("$").removeprefix("."),
                   "text": one["text"], "level": one["level"]}
                  for one in found["findings"]], json.loads(done.stdout),
                 file.name)
            true(found["findings"], file.name)


@scenario("findings have the path and the line of what they are about")
def places(world):
    boss = operator(world)
    text = """{
  "id": "acme",
  "name": "a \\"{[,:\\" b",
  "odd": [{"x": [1, 2, {"y": "]"}]}, "}", 1e3, null, true],
  "api": {
    "config_vars": [
      "ACME_URL", "acme url",
      "OTHER"
    ],
    "regions": [],
    "password": "a long enough password", "sso_salt": "salty salty salt",
    "production": {
      "base_url": "nowhere"
    },
    "test": "http://127.0.0.1/"
  }
}
"""
    found = check(world, boss, text=text, dialect="heroku")
    rows = {one["path"]: one for one in found["findings"]}
    lines = {path: one["line"] for path, one in rows.items()}
    same(found["dialect"], "heroku")
    same(lines.get("$.api.config_vars[1]"), 7, f"{lines}")
    same(lines.get("$.api.regions"), 10, f"{lines}")
    same(lines.get("$.api.production.base_url"), 13, f"{lines}")
    same(rows["$.api.regions"]["level"], "error")
    missing = check(world, boss, text=text.replace('"base_url"', '"b"'),
                    dialect="heroku")["findings"]
    same([one["line"] for one in missing
          if one["path"] == "$.api.production.base_url"], [12],
         "what would hold it")
    for broken, line in (("{\n\n  \"id\": }", 3), ("", 1), ("{\n", 2),
                         ('{"a":1,\n"a":2}', None), ("[1] 2", 1)):
        found = check(world, boss, text=broken)
        same(found["dialect"], None, broken)
        same([(one["level"], one["path"]) for one in found["findings"]],
             [("error", "$")], broken)
        if line:
            same(found["findings"][0]["line"], line, broken)
    for odd in ("[]", "7", "null", "{}", '"x"', "{\"id\":\"x\"}"):
        found = check(world, boss, text=odd)
        same([(one["level"], one["path"], one["line"])
              for one in found["findings"]][:1], [("error", "$", 1)], odd)
        for dialect in ("scalingo", "heroku", "appfog", "heroku-v3",
                        "clevercloud", "flynn"):
            found = check(world, boss, text=odd, dialect=dialect)
            same(found["dialect"], dialect)
            true(any(one["level"] == "error" for one in found["findings"]),
                 f"{odd} as {dialect}")
    same(check(world, boss, manifest={}, dialect=None)["dialect"], None)


@scenario("a request to check that cannot be read is an error")
def unreadable(world):
    boss = operator(world)
    for body, field in (({}, "manifest"), ({"dialect": "heroku"}, "manifest"),
                        ({"text": 7}, "text"), ({"text": None}, "text"),
                        ({"text": "{}", "manifest": {}}, "text"),
                        ({"text": "{}", "dialect": "x"}, "dialect"),
                        ({"text": "{}", "dialect": 7}, "dialect")):
        same(list(check(world, boss, 422, **body)["errors"]), [field],
             f"{body}")
    world.call(boss, "POST", CHECK, body=b"{", want=400)
    world.call(boss, "POST", CHECK, body=b"", want=422)
    text = "[" * 100 + "]" * 100
    found = check(world, boss, text=text)["findings"]
    true("nested too deeply" in found[0]["text"], f"{found}")
