"""Stores of the formats that came before, opened with these programs: they go
on as they are, are upgraded, and go on."""
import hashlib
import json
import shutil
import subprocess
import tarfile
import urllib.parse
from pathlib import Path

from scenario_base import Skip, Unchanged, same, scenario, true
from scenario_outbox import tick
from world import TESTS, Account, App, Supplier, basic

FORMATS = TESTS / "formats"
NOW = 2


class Old:
    """with Old(world, name) as old: world serves that store."""

    def __init__(self, world, name="format-1"):
        self.world = world
        self.name = name
        self.facts = json.loads((FORMATS / f"{name}.json").read_text("utf-8"))

    def __enter__(self):
        world, facts = self.world, self.facts
        if world.door.demonstration:
            raise Skip("this door's server has its own data directory")
        self.place = world.dir / world.fresh("old")
        with tarfile.open(FORMATS / f"{self.name}.tar.xz") as tar:
            # with the bits that git's directories have for their group
            tar.extractall(self.place, **(
                {"filter": "fully_trusted"}
                if hasattr(tarfile, "data_filter") else {}))
        self.kept = (world.data, world.store, getattr(world, "seen", ""))
        world.data = self.place / "data"
        world.data.chmod(0o700)
        (world.data / "key").chmod(0o600)
        world.store = world.data / "store"
        world.seen = ""
        world.number += 100   # its names are taken
        world.configure(data=world.data)
        self.owner = Account("", "", facts["owner"])
        self.friend = Account("", "", facts["friend"])
        self.app = App(facts["app_id"], facts["app"], self.owner)
        self.other = App("", facts["other"], self.owner)
        return self

    def __exit__(self, *_):
        world = self.world
        world.data, world.store, world.seen = self.kept
        world.configure(data=world.data)
        shutil.rmtree(self.place)

    def number(self) -> dict:
        return json.loads((self.world.store / "store.json").read_text("utf-8"))

    def upgrade(self, *words) -> dict:
        done = self.world.sutler("upgrade", *words, "--json")
        return json.loads(done.stdout)[0]

    def suppliers(self) -> dict:
        """Its providers, whose manifests get the address of our mock."""
        found = {}
        for dialect, known in self.facts["providers"].items():
            found[dialect] = self.at_mock(known, dialect)
        return found

    def at_mock(self, known, dialect) -> Supplier:
        world = self.world
        text = json.dumps(known["manifest"]).replace(self.facts["mock"],
                                                     world.mock.url)
        path = world.dir / f"again-{known['slug']}.json"
        path.write_text(text, encoding="utf-8")
        world.sutler("provider", "update", known["slug"], path, "--yes")
        manifest = json.loads(text)
        place = manifest.get("api", manifest).get("production")
        url = place["base_url"] if place else manifest["url"]
        name = urllib.parse.urlsplit(url).path.strip("/").split("/")[0]
        plans = world.call(None, "GET", "/v1/addon_providers/"
                           f"{known['slug']}/plans", want=200).data["plans"]
        return Supplier(known["slug"], dialect, known.get("user"),
                        known.get("password"), None, [],
                        {plan["name"]: plan["id"] for plan in plans},
                        world.mock.desk(name), manifest)


def reads(old):
    """All that was there is there, for whom it was."""
    world, facts, app = old.world, old.facts, old.app
    same(world.values(app), facts["values"], "values")
    same(world.values(old.other), facts["others"], "an attachment's")
    same(world.sutler("app", "env", app.name).stdout.decode(), facts["env"],
         "what it runs with")
    same(world.call(old.friend, "GET", app.path(), want=200).data["app"]["id"],
         app.id, "a collaborator's")
    same(world.call(old.owner, "GET", f"/v1/apps/{app.id}", want=200)
         .data["app"]["name"], app.name, "by its id")
    world.call(old.owner, "GET", "/v1/apps/renamed", want=200)
    world.call(f"Bearer {facts['disabled']}", "GET", "/v1/apps", want=401)
    addons = world.call(old.owner, "GET", app.path("/addons"),
                        want=200).data["addons"]
    same({one["id"] for one in addons}, set(facts["addons"].values()),
         "add-ons")
    same({one["status"] for one in addons}, {"running"}, "they run")
    bill = world.call(old.owner, "GET", app.path(
        f"/usage?month={facts['month']}"), want=200).data["usage"]
    true("rows" in json.dumps(bill), str(bill))
    # providers see what is theirs
    for dialect, path in (("scalingo", "/v1/provider/apps"),
                          ("heroku", "/vendor/apps"),
                          ("appfog", "/vendor/apps"),
                          ("clevercloud", "/v2/vendor/apps")):
        known = facts["providers"][dialect]
        found = world.call(basic(known["user"], known["password"]), "GET",
                           path, want=200).data
        true(facts["addons"][dialect][3:] in json.dumps(found),
             f"{dialect}: {found}")
    # the past
    past = json.loads(world.sutler("app", "past", app.name, "GREETING",
                                   "--values", "--json").stdout)
    same([one["value"] for one in past][-2:], ["good day", "hello"],
         "a variable's past")
    kinds = [one["type"] for page in (1, 2, 3) for one in world.call(
        old.owner, "GET", app.path(f"/events?page={page}&per_page=50"),
        want=200).data["events"]]
    true({"new_addon", "new_app", "new_variable", "upgrade_addon"}
         <= set(kinds), str(set(kinds)))
    true(facts["owed"]["addon"] in world.sutler("open").stdout.decode(),
         "what is owed")


def writes(old, mark):
    """Each kind of record is written, and what was there goes on."""
    world, app = old.world, old.app
    suppliers = old.suppliers()
    world.call(old.owner, "POST", app.path("/variables"),
               {"variable": {"name": mark, "value": "new"}}, want=201)
    same(world.values(app)[mark], "new", "a variable")
    known = old.facts["addons"]
    for dialect in ("scalingo", "heroku", "appfog", "heroku-v3"):
        rows = world.call(old.owner, "GET", app.path("/addons"),
                          want=200).data["addons"]
        now = next(one for one in rows if one["id"] == known[dialect])
        plan = "small" if now["plan"]["name"] == "large" else "large"
        world.call(old.owner, "PATCH", app.path(f"/addons/{known[dialect]}"), {
            "addon": {"plan_id": suppliers[dialect].plans[plan]}}, want=200)
    made = world.app(old.owner)
    world.addon(made, suppliers["clevercloud"])
    token = world.call(old.owner, "POST", "/v1/tokens",
                       {"token": {"name": mark}}, want=201).data["token"]
    world.call(old.owner, "DELETE", f"/v1/tokens/{token['id']}", want=204)
    # back, to before any add-on was: the owner's variables alone
    world.call(old.owner, "POST", app.path("/rollback"),
               {"to": old.facts["then"]}, want=200)
    same(world.values(app)["GREETING"], "hello", "the way back")
    world.call(old.owner, "POST", app.path("/variables"),
               {"variable": {"name": "GREETING", "value": "good day"}})
    world.call(old.owner, "POST", app.path("/variables"),
               {"variable": {"name": "ODD",
                             "value": old.facts["values"]["ODD"]}})


def sound(old):
    world = old.world
    world.sutler("fsck")
    world.fsck()
    world.plain_equals_head()


def tidy(old, mark):
    """Without what writes() has added."""
    found = old.world.variables(old.app)
    if mark in found:
        old.world.call(old.owner, "DELETE", old.app.path(
            f"/variables/{found[mark]['id']}"))
    old.facts["values"] = old.world.values(old.app)
    old.facts["others"] = old.world.values(old.other)
    old.facts["env"] = old.world.sutler("app", "env",
                                        old.app.name).stdout.decode()


@scenario("a store of format 1 goes on unchanged, is upgraded, and goes on")
def first(world):
    with Old(world) as old:
        same(old.number(), {"format": 1}, "as it was made")
        same(world.head(), old.facts["head"], "HEAD")
        with Unchanged(world, "by reading"):
            reads(old)
        sound(old)
        writes(old, "BEFORE")
        tidy(old, "BEFORE")
        sound(old)
        # a record that is laid out otherwise, as an editor may leave it
        app = next(name for name in world.contents()
                   if name.endswith(f"/{old.app.name}.json"))
        record = json.loads((world.store / app).read_bytes())
        fresh = world.dir / "otherwise"
        fresh.write_text(json.dumps(dict(reversed(record.items()))),
                         encoding="utf-8")
        fresh.replace(world.store / app)
        before = world.contents()
        with Unchanged(world, "a dry run"):
            would = old.upgrade("--dry-run")
        did = old.upgrade()
        same({key: would[key] for key in ("from", "to", "records", "changed")},
             {key: did[key] for key in ("from", "to", "records", "changed")},
             "as it was said")
        same((did["from"], did["to"], did["records"]),
             (1, NOW, len(before) - 1), "each record")
        true(did["changed"] >= 1, str(did))
        same(old.number(), {"format": NOW}, "the number")
        after = world.contents()
        same({name: json.loads(data) for name, data in after.items()
              if name != "store.json"},
             {name: json.loads(data) for name, data in before.items()
              if name != "store.json"}, "records say what they said")
        true(list(json.loads(after[app])) == list(record), "in today's order")
        with Unchanged(world, "once more"):
            same(old.upgrade()["from"], NOW, "nothing to do")
        reads(old)
        sound(old)
        writes(old, "AFTER")
        sound(old)
        owed = old.facts["owed"]
        old.at_mock({**owed, "user": None, "password": None}, "scalingo")
        tick(world, owed["addon"])
        same(world.owed(owed["addon"]), [], "what was owed is settled")
        world.sutler("reindex")
        sound(old)


@scenario("an upgrade that was killed goes on where it is called again",
          every_door=False)
def killed(world):
    with Old(world) as old:
        # as it is left after its first commit: the number, and who is older
        text = json.dumps({"format": NOW, "from": 1})
        (world.store / "store.json").write_text(text, encoding="utf-8")
        reads(old)
        did = old.upgrade()
        same((did["from"], did["to"]), (1, NOW), "it goes on")
        same(old.number(), {"format": NOW}, "the number")
        reads(old)
        sound(old)


@scenario("thousands of records that somebody wrote by hand are taken in",
          every_door=False)
def batches(world):
    with Old(world) as old:
        app = next(data for name, data in world.contents().items()
                   if name.endswith("/renamed.json"))
        record = json.loads(app)
        for number in range(2250):   # as somebody's own program wrote them
            name = f"many-{number}"
            digits = hashlib.sha1(name.encode()).hexdigest()
            place = world.store / "apps" / digits[:2] / digits[2:4]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.json").write_text(json.dumps(
                {**record, "name": name, "id": digits[:24]}))
        did = old.upgrade()
        true(did["records"] > 2250 and did["left"] == 0, str(did))
        said = world.messages()
        same(sum("records rewritten" in one for one in said) <= 1, True,
             "one commit rewrites")
        true(any("administrator" in one or "as found" in one
                 for one in said), str(said[:6]))
        after = world.contents()
        same(sum("/many-" in name for name in after), 2250, "all are there")
        world.sutler("app", "show", "many-2249")
        sound(old)


@scenario("a store that a newer sutler wrote is left alone", every_door=False)
def newer(world):
    with Old(world) as old:
        place = world.store / "store.json"
        place.write_text(json.dumps({"format": NOW + 1}), encoding="utf-8")
        with Unchanged(world):
            for method, path in (("GET", "/v1/apps"), ("POST", "/v1/apps"),
                                 ("GET", "/vendor/apps")):
                found = world.call(old.owner, method, path,
                                   *([{"app": {"name": "newer"}}]
                                     if method == "POST" else []))
                same(found.status, 503, str(found))
                if not world.door.served:
                    true(f"format {NOW + 1}".encode() in world.door.log,
                         str(world.door.log))
            for words in (["tick"], ["upgrade"], ["fsck", "--repair"],
                          ["account", "add", "x", "x@example.org"]):
                done = world.sutler(*words, want=1)
                true(f"format {NOW + 1}".encode() in done.stderr, str(done))
        place.write_text("{", encoding="utf-8")
        same(world.call(old.owner, "GET", "/v1/apps").status, 503, "nonsense")
        place.write_text(world.git("show", "HEAD:store.json"),
                         encoding="utf-8")
        world.call(old.owner, "GET", "/v1/apps", want=200)


@scenario("a clone of a store of format 1 is one, too; of a newer one it is not",
          every_door=False)
def clones(world):
    with Old(world) as old:
        place = world.dir / world.fresh("clone")
        place.mkdir()
        world.git("clone", "-q", str(world.store), str(place / "store"))
        world.sutler("init", place)
        number = json.loads((place / "store" / "store.json").read_text())
        same(number, {"format": 1}, "it stays of its format")
        conf = world.dir / "clone.conf"
        conf.write_text(f"data = {place}\npublic_url = http://m.test\n",
                        encoding="utf-8")
        world.sutler("--conf", conf, "upgrade")
        world.sutler("--conf", conf, "fsck")
        world.sutler("--conf", conf, "app", "show", old.app.name)
        other = world.dir / world.fresh("clone")
        other.mkdir()
        world.git("clone", "-q", str(place / "store"), str(other / "store"))
        (other / "store" / "store.json").write_text('{"format": 99}\n')
        subprocess.run(["git", "-C", other / "store", "-c", "user.name=x",
                        "-c", "user.email=x@y", "commit", "-qam", "newer"],
                       check=True)
        done = world.sutler("init", other, want=1)
        true(b"format 99" in done.stderr, str(done))
