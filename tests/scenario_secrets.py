"""Secrets sealed at rest: on and off, keys old and new, what is forgotten."""
import json
import re
import shutil
import threading

from doors import Direct
from scenario_admin import (SERVICE, git, place, sound_of, strangers,
                            with_service, write)
from scenario_base import Commits, Unchanged, same, scenario, true
from scenario_history import set_one
from scenario_rollback import back, states
from world import MARK, World

SEALED = re.compile(rb"sutler-sealed:1:(\d+):")


class Sealing:
    """with Sealing(world) as inner: a world of its own, in clear at first."""

    def __init__(self, world, sealed=True):
        before, World.sealed = World.sealed, sealed
        try:
            self.inner = World(world.build, Direct)
        finally:
            World.sealed = before
        self.inner.sealed = sealed

    def __enter__(self):
        return self.inner

    def __exit__(self, *_rest):
        self.inner.close()


def status(world) -> dict:
    return json.loads(world.sutler("secrets", "--json").stdout)


def rows(world) -> int:
    file = world.data / "keys"
    return file.stat().st_size // 64 if file.exists() else 0


def text(world, app) -> bytes:
    return place(world, app.name).read_bytes()


def sound(world):
    world.sutler("fsck")
    world.fsck()
    world.plain_equals_head()


@scenario("one line seals what is written from then on; a command the rest, as "
          "one commit; and back", every_door=False)
def on_and_off(world):
    with Sealing(world, sealed=False) as inner:
        app, supplier = inner.app(), inner.provider("heroku")
        addon = inner.addon(app, supplier)
        config = supplier.variables[0]
        set_one(inner, app, "OLD", f"{MARK}-1")
        same(rows(inner), 0, "rows")
        secrets = inner.values(app)
        before = {path: data for path, data in inner.contents().items()}
        inner.sutler("secrets", "seal", want=1)
        same(inner.contents(), before, "not before the configuration says so")
        inner.configure(secrets="sealed")
        same(inner.values(app), secrets, "what is in clear is read")
        write(inner, app, "NEW", f"{MARK}-2", want=500)
        true(b"sutler secrets seal" in inner.door.log, "what is to be done")
        same(inner.contents(), before, "without a key nothing is written")
        inner.sutler("secrets", "rotate")   # makes the first key
        with Commits(inner, 1):
            write(inner, app, "NEW", f"{MARK}-2")
        same(len(SEALED.findall(text(inner, app))), 1, "the new one alone")
        true(f"{MARK}-1".encode() in text(inner, app), "the old one stays")
        with Unchanged(inner, "the same again"):
            write(inner, app, "OLD", f"{MARK}-1")
            write(inner, app, "NEW", f"{MARK}-2")
        stray = inner.store / "NOTES.txt"
        stray.write_text("an administrator's\n", "ascii")
        with Commits(inner, 1):
            done = json.loads(inner.sutler("secrets", "seal",
                                           "--json").stdout)
        stray.unlink()
        same(done["commit"], inner.head(), "the commit")
        same((status(inner)["clear"], status(inner)["broken"]), (0, 0),
             "nothing is left")
        secrets["NEW"] = f"{MARK}-2"
        same(inner.values(app), secrets, "what is read")
        for name in (MARK, supplier.password, supplier.salt):
            true(not any(name.encode() in data for data in
                         inner.contents().values()), f"{name} in a record")
        with Unchanged(inner, "sealed again"):
            inner.sutler("secrets", "seal")
        sound(inner)
        inner.call(supplier, "GET", f"/vendor/apps/{addon['resource_id']}",
                   want=200)
        inner.configure(secrets="clear")
        same(inner.values(app), secrets, "what is sealed is read")
        with Unchanged(inner, "nothing new"):
            write(inner, app, "NEW", f"{MARK}-2")
        with Commits(inner, 1):
            inner.sutler("secrets", "clear")
        same(inner.values(app), secrets, "in clear again")
        true(config in secrets, "the add-on's, too")
        now = inner.contents()
        changed = place(inner, app.name).relative_to(inner.store)
        same({path for path in before if now[path] != before[path]},
             {str(changed)}, "records that are not what they were")
        sound(inner)


@scenario("a change of one value is one line, and no more; a look or a preview "
          "makes no row", every_door=False)
def one_line(world):
    with Sealing(world) as inner:
        app, supplier = inner.app(paying=True), inner.provider("scalingo")
        addon = inner.addon(app, supplier)
        inner.addon(app, inner.provider("heroku"))
        for name in "ABC":
            set_one(inner, app, name, f"{MARK}-same")
        before = rows(inner)
        write(inner, app, "B", f"{MARK}-other")
        same(rows(inner), before + 1, "rows")
        lines = inner.git("show", "--no-textconv", "--format=",
                          "--unified=0").splitlines()
        same([line.split(":")[0].strip('+\t"') for line in lines
              if re.match(r"\+[^+]", line)], ["updated_at", "B"], "lines")
        before = rows(inner)
        with Unchanged(inner):
            write(inner, app, "B", f"{MARK}-other")
            for headers in ({"X-Dry-Run": "true"},):
                inner.call(app.owner, "PUT", app.path("/variables"),
                           {"variables": [{"name": "D", "value": MARK}]},
                           want=200, headers=headers)
                inner.call(app.owner, "PATCH", app.path(
                    f"/addons/{addon['id']}"), {"addon": {
                        "plan_id": supplier.plans["large"]}}, want=200,
                    headers=headers)
            for path in ("", "/variables", "/addons", "/history",
                         f"/addons/{addon['id']}"):
                inner.call(app.owner, "GET", app.path(path), want=200)
            inner.sutler("app", "env", app.name)
            inner.sutler("reindex")
        same(rows(inner), before, "rows")
        sound(inner)


@scenario("what looks like one of ours is a value like any other",
          every_door=False)
def look_alike(world):
    values = {"A": "sutler-sealed:1:0:AAAA", "B": "sutler-clear:x",
              "C": "sutler-clear:sutler-clear:", "D": "sutler-sealed:",
              "E": "(forgotten)"}
    with Sealing(world, sealed=False) as inner:
        app = inner.app()
        for name, value in values.items():
            set_one(inner, app, name, value)
        same(inner.values(app), values, "in clear")
        inner.seal()
        same(inner.values(app), values, "sealed")
        sealed = json.loads(text(inner, app))["variables"].values()
        true(all(value.startswith("sutler-sealed:1:") for value in sealed),
             f"{sealed}")
        other = inner.app()
        for name, value in values.items():
            set_one(inner, other, name, value)
        same(inner.values(other), values, "set while sealed")
        inner.configure(secrets="clear")
        inner.sutler("secrets", "clear")
        same((inner.values(app), inner.values(other)), (values, values),
             "and back")
        shown = inner.git("log", "-p", "--format=", "--", str(
            place(inner, app.name).relative_to(inner.store)))
        true('"B":\t"sutler-clear:x"' in shown, shown)
        sound(inner)


@scenario("without its key nothing sealed is read or written, and it is said "
          "what to do", every_door=False)
def without_key(world):
    with Sealing(world) as inner:
        app = inner.app()
        write(inner, app)
        key = inner.dir / "sutler.key"
        for trouble, mend in (
                (lambda: key.rename(inner.dir / "away"),
                 lambda: (inner.dir / "away").rename(key)),
                (lambda: key.chmod(0o644), lambda: key.chmod(0o600))):
            trouble()
            inner.call(app.owner, "GET", app.path(), want=500)
            true(b"sutler.key" in inner.door.log, f"{inner.door.log}")
            with Unchanged(inner):
                write(inner, app, "B", want=500)
            inner.call(None, "GET", "/v1/regions", want=200)
            true("sutler.key" in status(inner)["trouble"], "status")
            found = json.loads(inner.sutler("doctor", "--json",
                                            want=1).stdout)
            true(any(row["check"] == "secrets" and row["state"] == "fault"
                     for row in found), f"{found}")
            if not key.exists():
                inner.sutler("secrets", "seal", want=1)   # makes no other
                true(not key.exists(), "another key")
            mend()
            same(inner.values(app), {"A": MARK}, "with it")
        inner.configure(secrets_key=inner.data / "sutler.key")
        shutil.copy2(key, inner.data / "sutler.key")
        inner.call(app.owner, "GET", app.path(), want=500)
        true(b"lies in the data directory" in inner.door.log,
             f"{inner.door.log}")


@scenario("a new master key wraps the rows anew; then the old one may go",
          every_door=False)
def rotated(world):
    with Sealing(world) as inner:
        app = inner.app()
        for number in range(5):
            write(inner, app, f"V{number}", f"{MARK}-{number}")
        first = (inner.dir / "sutler.key").read_text("ascii")
        values, keys = inner.values(app), (inner.data / "keys").read_bytes()
        with Unchanged(inner):
            inner.sutler("secrets", "rotate")
        found = status(inner)
        same([found[word] for word in ("keys", "old", "broken", "locked")],
             [2, 0, 0, 0], "status")
        same(inner.values(app), values, "values")
        (inner.data / "keys").write_bytes(keys)   # as if it had broken off
        same(status(inner)["old"], 5, "rows of the old key")
        same(inner.values(app), values, "both keys open")
        write(inner, app, "NEW")
        inner.sutler("secrets", "rotate", "--drop-old")
        second = (inner.dir / "sutler.key").read_text("ascii")
        true(first.split()[1] not in second, "the old key is still there")
        same((status(inner)["keys"], status(inner)["old"]), (1, 0), "status")
        same(inner.values(app), {**values, "NEW": MARK}, "values")
        true(f"{MARK}-3" in inner.git("log", "-p"), "and the history")
        (inner.data / "keys").write_bytes(keys)
        inner.call(app.owner, "GET", app.path(), want=503)
        sound_not = inner.sutler("fsck", want=1).stdout.decode()
        true(app.name in sound_not and "does not open" in sound_not,
             sound_not)


def past(world, app, name) -> list:
    found = world.call(app.owner, "GET", app.path(
        f"/variables/{name}/history?values=true"), want=200).data["history"]
    return [row["value"] for row in found]


@scenario("a forgotten value is gone from all of history, and its key alone",
          every_door=False)
def forgotten(world):
    with Sealing(world) as inner:
        app = inner.app()
        point = set_one(inner, app, "LEAK", f"{MARK}-leak")
        set_one(inner, app, "KEPT", f"{MARK}-kept")
        backup = inner.dir / "backup"
        git(inner.dir, "clone", "-q", inner.store, backup)
        forget = ("secrets", "forget", app.name, "LEAK")
        said = inner.sutler(*forget, want=1).stderr.decode()
        true("set another" in said, said)
        same(inner.values(app)["LEAK"], f"{MARK}-leak", "the current one")
        set_one(inner, app, "LEAK", f"{MARK}-new")
        inner.sutler(*forget, "--commit", inner.head(), want=1)
        with Unchanged(inner):
            done = json.loads(inner.sutler(*forget, "--json").stdout)
        same((done["forgotten"], done["clear"]), (1, 0), "done")
        same(past(inner, app, "LEAK"), [f"{MARK}-new", "(forgotten)"],
             "its history")
        same(past(inner, app, "KEPT"), [f"{MARK}-kept"], "another's")
        diff = inner.call(app.owner, "GET", app.path(
            f"/diff?from={point}&values=true"), want=200).data
        true("(forgotten)" in str(diff) and f"{MARK}-leak" not in str(diff),
             f"{diff}")
        shown = inner.git("log", "-p")
        true("(forgotten)" in shown and f"{MARK}-kept" in shown and
             f"{MARK}-leak" not in shown, shown)
        with Unchanged(inner):
            shown = back(inner, app, point, names=["LEAK"])
        same(states(shown), {"LEAK": ("changed", "forgotten")}, "rollback")
        there = inner.call(app.owner, "GET", app.path(
            f"/variables?at={point}"), want=200).data["variables"]
        same([row["value"] for row in there], ["(forgotten)"], "then")
        same(json.loads(inner.sutler(*forget, "--json").stdout)["before"], 1,
             "again")
        sound(inner)
        # somebody puts the text of then back by hand
        path = place(inner, app.name)
        old = json.loads(inner.git("show", "--no-textconv",
                                   f"{point}:{path.relative_to(inner.store)}"))
        record = json.loads(path.read_text("utf-8"))
        record["variables"]["LEAK"] = old["variables"]["LEAK"]
        path.write_text(json.dumps(record, indent="\t") + "\n", "utf-8")
        same(inner.values(app), {"KEPT": f"{MARK}-kept"}, "it is none")
        true(b"LEAK is forgotten" in inner.door.log, f"{inner.door.log}")
        write(inner, app, "LEAK", f"{MARK}-newer")
        same(inner.values(app)["LEAK"], f"{MARK}-newer", "until it is set")
        sound(inner)


@scenario("what stood in clear is not forgotten, and that is said",
          every_door=False)
def not_forgotten(world):
    with Sealing(world, sealed=False) as inner:
        app = inner.app()
        write(inner, app, "LEAK", f"{MARK}-1")
        inner.seal()
        write(inner, app, "LEAK", f"{MARK}-2")   # sealed: never in the log
        said = inner.sutler("secrets", "forget", app.name, "LEAK",
                            "--json", want=1)
        done = json.loads(said.stdout)
        same((done["forgotten"], done["clear"]), (1, 1), "done")
        true(b"filter-repo" in said.stderr, f"{said.stderr}")
        inner.sutler("secrets", "forget", app.name, "NONE", want=1)


@scenario("a sealed text opens in its own record, whole, and nowhere else",
          every_door=False)
def moved(world):
    with Sealing(world) as inner:
        app, other = inner.app(), inner.app()
        write(inner, app, "A", f"{MARK}-mine")
        write(inner, other, "A", f"{MARK}-yours")
        path, theirs = place(inner, app.name), place(inner, other.name)
        good = theirs.read_text("utf-8")
        mine = json.loads(path.read_text("utf-8"))["variables"]["A"]
        yours = json.loads(good)["variables"]["A"]
        for bad in (mine, yours[:-8] + "AAAA" + yours[-4:],
                    yours.replace(":1:", ":2:"), yours[:-4],
                    re.sub(r":1:\d+:", ":1:999999:", yours)):
            theirs.write_text(good.replace(yours, bad), "utf-8")
            inner.call(other.owner, "GET", other.path("/variables"), want=503)
            true(MARK.encode() not in inner.door.log and
                 b"open" in inner.door.log or
                 b"not sealed" in inner.door.log, f"{inner.door.log}")
            said = inner.sutler("fsck", want=1).stdout.decode()
            true(other.name in said, said)
        theirs.write_text(good, "utf-8")
        same(inner.values(other), {"A": f"{MARK}-yours"}, "as it was")


@scenario("git shows records in clear to who holds the key, and goes on "
          "without it", every_door=False)
def shown(world):
    with Sealing(world) as inner:
        app = inner.app()
        first = set_one(inner, app, "A", f'{MARK}-"one"')
        set_one(inner, app, "A", f"{MARK}-two")
        for words in (("log", "-p"), ("diff", first, "HEAD"),
                      ("show", "HEAD")):
            found = inner.git(*words)
            true(f'{MARK}-\\"one\\"' in found and f"{MARK}-two" in found and
                 "sutler-sealed" not in found, found)
        path = place(inner, app.name)
        true(f"{MARK}-two" in inner.sutler("unseal", path).stdout.decode(),
             "a file")
        true(f"{MARK}-two" in inner.sutler(
            "unseal", stdin=path.read_bytes()).stdout.decode(), "stdin")
        key = inner.dir / "sutler.key"
        key.rename(inner.dir / "away")
        found = inner.git("log", "-p")
        true("sutler-sealed:1:" in found and MARK not in found, found)
        done = inner.sutler("unseal", path)
        same(done.stdout, path.read_bytes(), "as it is")
        same(done.stderr.count(b"\n"), 1, "one line")
        true(b"sutler.key" in done.stderr, f"{done.stderr}")
        (inner.dir / "away").rename(key)
        odd = b'{"id":"x","a":"\\"sutler-sealed:1:0:AA\\"","b":"c'
        same(inner.sutler("unseal", stdin=odd).stdout, odd, "no record")


@scenario("clone, keys and key file are the backup", every_door=False)
def restored(world):
    with Sealing(world) as inner:
        app, supplier = inner.app(), inner.provider("scalingo")
        inner.addon(app, supplier)
        write(inner, app)
        values = inner.values(app)
        git(inner.dir, "clone", "-q", inner.store, inner.dir / "backup")
        shutil.copy2(inner.data / "keys", inner.dir / "backup.keys")
        shutil.rmtree(inner.data)
        inner.data.mkdir()
        git(inner.dir, "clone", "-q", inner.dir / "backup", inner.store)
        shutil.copy2(inner.dir / "backup.keys", inner.data / "keys")
        inner.sutler("init")
        same(inner.values(app), values, "values")
        true(MARK in inner.git("log", "-p"), "git log -p, set up by init")
        write(inner, app, "MORE")
        sound(inner)


@scenario("more records than the journal holds are sealed as one commit, beside "
          "writers, and put in clear again", every_door=False)
def large(world):
    with Sealing(world, sealed=False) as inner:
        app = inner.app()
        apps = [inner.app(app.owner) for _ in range(8)]
        for one in apps:
            for start in range(0, 24, 8):
                inner.call(app.owner, "PUT", one.path("/variables"), {
                    "variables": [{"name": f"L{n}",
                                   "value": f"{MARK}-{n}" + "x" * 32000}
                                  for n in range(start, start + 8)]},
                    want=200)
        values = [inner.values(one) for one in apps]
        path = place(inner, apps[0].name)
        path.write_text(path.read_text("utf-8").replace(
            f"{MARK}-3x", f"{MARK}-by-hand-x"), "utf-8")
        values[0] = inner.values(apps[0])
        true(values[0]["L3"].startswith(f"{MARK}-by-hand"), "edited in place")
        stop, troubles = threading.Event(), []

        def writing():
            try:
                number = 0
                while not stop.is_set():
                    number += 1
                    write(inner, app, "N", f"{number}")
                    same(inner.values(app)["N"], f"{number}", "N")
            except AssertionError as error:
                troubles.append(error)
        for configure, command in (("sealed", "seal"), ("clear", "clear")):
            inner.configure(secrets=configure)
            if configure == "sealed":
                inner.sutler("secrets", "rotate")   # a key
            stop.clear()
            writer = threading.Thread(target=writing)
            writer.start()
            done = json.loads(inner.sutler("secrets", command,
                                           "--json").stdout)
            stop.set()
            writer.join()
            same((troubles, done["left"]), ([], 0), "beside")
            true(done["changed"] >= 8, f"{done}")
            same([inner.values(one) for one in apps], values, "values")
            same(inner.git("show", "-s", "--format=%s",
                           done["commit"]).strip().split()[1], "secrets",
                 "one commit")
            subjects = inner.git("log", "--format=%s").splitlines()
            same(subjects.count(f"{apps[0].name}: edited in place"), 1,
                 "the edit is committed as found")
            sound(inner)
        same(status(inner)["sealed"], 0, "nothing is sealed")


@scenario("killed between its promise and its end, it is done by who comes "
          "next", every_door=False)
def broken_off(world):
    with Sealing(world, sealed=False) as inner:
        app = inner.app()
        others = [inner.app(app.owner) for _ in range(3)]
        for one in others:
            write(inner, one, "A", f"{MARK}-{one.name}")
        before = inner.head()
        inner.configure(secrets="sealed")
        inner.sutler("secrets", "rotate")
        # the ref cannot be moved: another program holds its lock
        lock = inner.store / ".git" / "refs" / "heads" / "main.lock"
        lock.write_text(f"{'0' * 40}\n", "ascii")
        inner.sutler("secrets", "seal", want=1)
        note = inner.data / "state" / "bulk"
        true(note.exists(), "the promise")
        same(inner.head(), before, "the ref")
        same(inner.values(others[0]), {"A": f"{MARK}-{others[0].name}"},
             "who reads is not kept")
        write(inner, app, "A", want=503)
        lock.unlink()
        same(inner.sutler("secrets", "seal").returncode, 0, "again")
        true(not note.exists(), "it is kept")
        same(status(inner)["clear"], 0, "clear ones")
        same(inner.git("log", "--format=%s", f"{before}..HEAD").splitlines(),
             ["sutler: secrets sealed"], "one commit")
        for one in others:
            same(inner.values(one), {"A": f"{MARK}-{one.name}"}, "values")
        # as after a boot: the marks are another's
        inner.configure(secrets="clear")
        lock.write_text(f"{'0' * 40}\n", "ascii")
        inner.sutler("secrets", "clear", want=1)
        lock.unlink()
        true(note.exists(), "another promise")
        with open(inner.data / "state" / "marks", "r+b") as marks:
            marks.write(b"x")
        # a file that a loss of power left empty
        place(inner, others[1].name).write_bytes(b"")
        for one in others:
            same(inner.values(one), {"A": f"{MARK}-{one.name}"}, "values")
        true(not note.exists(), "it is done before anybody is served")
        same(status(inner)["sealed"], 0, "sealed ones")
        sound(inner)
        # a note that outlived its commit does nothing
        note.write_text(f"{'0' * 40} {before} {inner.head()}\n", "ascii")
        write(inner, others[0], "A", f"{MARK}-later")
        true(not note.exists(), "an old note")
        same(inner.values(others[0]), {"A": f"{MARK}-later"}, "later")
        sound(inner)


@scenario("root seals for the service's user, who can go on", every_door=False)
def root_seals(world):
    def run(inner):
        app = inner.app()
        write(inner, app)
        key = inner.dir / "fresh.key"
        inner.configure(secrets="sealed", secrets_key=key)
        for words in (["seal"], ["rotate"], ["rotate", "--drop-old"]):
            inner.sutler("secrets", *words)
            found = key.stat()
            same((found.st_uid, found.st_mode & 0o777), (SERVICE, 0o600),
                 "the key file")
        same(strangers(inner), [], "files of another user")
        write(inner, app, "B")
        same(inner.values(app), {"A": MARK, "B": MARK}, "values")
        sound_of(inner)
    if World.sealed:
        return   # it has its key already
    with_service(world, run)
