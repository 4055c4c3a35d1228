"""An administrator's hand in the data directory: what comes of it, and that
no change is lost."""
import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from doors import Direct, parse_cgi
from scenario_accounts import exchange
from scenario_base import Skip, among, same, scenario, true
from world import MARK, SECONDS, App, World

SERVICE = 65534        # the service's user and group, where root tests
WRITES = 300           # of that user, after root has been there


def place(world, name: str, kind="apps") -> Path:
    """The plain file of a record."""
    return next(world.store / path for path in world.contents()
                if path.startswith(f"{kind}/") and
                path.endswith(f"/{name}.json"))


def write(world, app: App, name="A", value=MARK, want=200):
    return world.call(app.owner, "PUT", app.path("/variables"),
                      {"variables": [{"name": name, "value": value}]},
                      want=want)


@functools.cache
def settings() -> str:
    """A file of git settings: a name, and what root needs in a repository
    of another user."""
    with tempfile.NamedTemporaryFile("w", prefix="sutler-test-",
                                     delete=False) as file:
        file.write("[user]\nname = root\nemail = root@localhost\n"
                   "[safe]\ndirectory = *\n")
    atexit.register(os.unlink, file.name)
    return file.name


def git(directory, *words, want=0, **more) -> str:
    """git, with settings of its own; both of its voices."""
    done = subprocess.run(
        ["git", "-C", directory, *words], check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
        env={**os.environ, "GIT_CONFIG_GLOBAL": settings()}, **more)
    said = done.stdout.decode("utf-8", "replace")
    if want is not None and (done.returncode == 0) != (want == 0):
        raise AssertionError(f"git {words}: exit {done.returncode}: {said}")
    return said.strip()


def findings(world, *words) -> dict:
    """What fsck finds: the paths, and what is the matter."""
    done = world.sutler("fsck", "--json", *words, want=None)
    return {row["path"]: (row["finding"], row["done"])
            for row in json.loads(done.stdout)}


def sound(world):
    world.sutler("fsck")
    world.fsck()
    world.plain_equals_head()


def same_index(world):
    """The index is what `sutler reindex` makes."""
    def files():
        return {path.relative_to(world.data): path.read_bytes()
                for path in (world.data / "index").rglob("*")
                if path.is_file() and path.name != "head"}
    before = files()
    world.sutler("reindex")
    same(files(), before, "the index")


@scenario("a record made by hand is served, and committed as found")
def made_by_hand(world):
    model = world.app()
    text = place(world, model.name).read_text("utf-8")
    app = world.app(owner=model.owner)
    world.call(app.owner, "DELETE",
               f"{app.path()}?current_name={app.name}", want=204)
    path = world.git("log", "-1", "--format=", "--name-only").strip()
    true(path.endswith(f"/{app.name}.json"), f"path {path}")
    (world.store / path).parent.mkdir(parents=True, exist_ok=True)
    (world.store / path).write_text(
        text.replace(model.name, app.name).replace(model.id, app.id),
        "utf-8")
    world.call(app.owner, "GET", app.path(), want=200)
    same(findings(world)[path], ("is not committed", "nothing"), "finding")
    write(world, app)
    same(world.git("log", "-2", "--format=%an").split(),
         [model.owner.name, "administrator"], "authors")
    world.call(app.owner, "GET", f"/v1/apps/{app.id}", want=200)
    sound(world)
    same_index(world)


@scenario("a record deleted by hand is gone, and comes back by fsck")
def deleted_by_hand(world):
    app, other = world.app(), world.app()
    write(world, app)
    file = place(world, app.name)
    file.unlink()
    world.call(app.owner, "GET", app.path(), want=404)
    rows = world.call(app.owner, "GET", "/v1/apps", want=200).data["apps"]
    same([row for row in rows if row["name"] == app.name], [], "in the list")
    write(world, other)
    path = str(file.relative_to(world.store))
    same(findings(world, "--repair")[path],
         ("is missing", "restored from HEAD"), "finding")
    same(world.values(app), {"A": MARK}, "variables")
    sound(world)


@scenario("a record that no longer is JSON: 503, its file named, and mended")
def invalid(world):
    app = world.app()
    write(world, app)
    file = place(world, app.name)
    file.write_text("{", "utf-8")
    write(world, app, "B", want=503)
    if world.door.log:
        true(file.name.encode() in world.door.log, f"{world.door.log!r}")
    true("is not valid" in
         findings(world)[str(file.relative_to(world.store))][0], "fsck")
    world.sutler("fsck", "--repair")
    same(world.values(app), {"A": MARK}, "variables")
    sound(world)


@scenario("a stray file does no harm, and fsck names it")
def stray(world):
    app = world.app()
    names = ["notes.txt", "apps/README", "apps/00/00/copy.json",
             "open/x.json", "providers/.#lock", "apps/dir.json/x"]
    for name in names:
        file = world.store / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("not JSON", "utf-8")
    link = world.store / "apps" / "nowhere.json"
    link.symlink_to("/nonexistent")
    try:
        write(world, app)
        world.call(app.owner, "GET", "/v1/apps", want=200)
        world.sutler("tick")
        world.sutler("reindex")
        found = findings(world)
        same({path: found.get(path) for path in names if "#" not in path},
             {path: ("is no record", "left alone") for path in names
              if "#" not in path}, "findings")
        world.sutler("fsck")   # exit 0: harmless
        world.sutler("fsck", "--repair")
        true(all((world.store / name).exists() for name in names), "gone")
    finally:
        link.unlink()
        for name in names:
            (world.store / name).unlink()
        (world.store / "apps" / "dir.json").rmdir()


@scenario("pushes: to main refused with advice, to another branch taken")
def pushes(world):
    app = world.app()
    clone = world.dir / world.fresh("clone")
    git(world.dir, "clone", "-q", world.store, clone)
    (clone / "notes").write_text("x", "utf-8")
    git(clone, "add", "notes")
    git(clone, "commit", "-q", "-m", "notes")
    before = world.head()
    for target, advice in (("HEAD:main", "main cannot be pushed to"),
                           ("+HEAD~2:main", "main cannot be pushed to"),
                           (":main", "refusing to delete")):
        said = git(clone, "push", "origin", target, want=1)
        true(advice in said, said)
    same(world.head(), before, "main")
    git(clone, "push", "-q", "origin", "HEAD:notes")
    for number in range(5):
        write(world, app, "N", str(number))
    same(world.git("rev-parse", "notes").strip(),
         git(clone, "rev-parse", "HEAD"), "the branch")
    sound(world)
    git(clone, "push", "-q", "origin", ":notes")


@scenario("git gc, pack-refs, repack and prune, between writes and amid them")
def housekeeping(world):
    app = world.app()
    commands = (["gc", "-q"], ["pack-refs", "--all", "--prune"],
                ["repack", "-q", "-a"], ["repack", "-q", "-a", "-d"],
                ["prune", "--expire=now"], ["gc", "-q", "--prune=now"])
    for number, command in enumerate(commands):
        write(world, app, "N", f"{number}")
        git(world.store, *command, want=None)
        write(world, app, "M", f"{number}")
    over, said = threading.Event(), []

    def clean():
        while not over.is_set():
            for command in commands:
                said.append(git(world.store, *command, want=None))
    beside = threading.Thread(target=clean)
    beside.start()
    try:
        for number in range(40):
            write(world, app, f"V{number}", MARK)
    finally:
        over.set()
        beside.join()
    same(len(world.values(app)), 42, "variables")
    true(any("precious" in text for text in said), f"{said[:6]}")
    words = ["app", "log", app.name]
    before = world.sutler(*words).stdout
    same(len(before.splitlines()), 53, "commits in the app's log")
    world.sutler("pack")
    git(world.store, "gc", "-q")
    same(world.sutler(*words).stdout, before, "log after packing")
    sound(world)
    same_index(world)


def foreign_commit(world, *parents) -> str:
    tree = world.git("rev-parse", "main^{tree}").strip()
    return git(world.store, "commit-tree", tree, *parents, "-m", "by hand")


@scenario("update-ref forward: history goes on, plain files are the truth")
def forward(world):
    app = world.app()
    write(world, app)
    clone = world.dir / world.fresh("clone")
    git(world.dir, "clone", "-q", world.store, clone)
    file = place(world, app.name).relative_to(world.store)
    record = json.loads((clone / file).read_text("utf-8"))
    record["variables"]["A"] = f"{MARK}-theirs"
    (clone / file).write_text(json.dumps(record, indent="\t"), "utf-8")
    git(clone, "commit", "-q", "-a", "-m", f"by hand\n\nApp: {app.id} x")
    git(clone, "push", "-q", "origin", "HEAD:theirs")
    theirs = world.git("rev-parse", "theirs").strip()
    git(world.store, "update-ref", "refs/heads/main", theirs)
    same(world.values(app), {"A": MARK}, "the record")
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "B", "value": MARK}}, want=201)
    same(world.values(app), {"A": MARK, "B": MARK}, "the record")
    among(theirs, world.git("log", "--format=%H", "main").split(), "main")
    sound(world)
    same_index(world)
    git(world.store, "branch", "-D", "theirs")


@scenario("a commit in another encoding, under our name, is shown as UTF-8")
def encoding(world):
    app = world.app()
    who = b"Ren\xe9 <sutler@localhost> 1767323045 +0000"
    theirs = git(world.store, "hash-object", "-t", "commit", "-w", "--stdin",
                 input=b"\n".join((
                     b"tree " + world.git("rev-parse", "main^{tree}")
                     .strip().encode(),
                     b"parent " + world.head().encode(),
                     b"author " + who, b"committer " + who, b"",
                     b"\xe0 la main", b"",
                     f"App: {app.id} {app.name}".encode(),
                     b'Event: {"type":"edit_app","x":"\xe9"}', b"")))
    git(world.store, "update-ref", "refs/heads/main", theirs)
    write(world, app)
    world.sutler("reindex")
    rows = world.call(app.owner, "GET", app.path("/history"), want=200).data
    row = next(row for row in rows["history"] if row["id"] == theirs)
    same((row["subject"], row["author"]["name"]), ("? la main", "Ren?"),
         "shown")
    world.call(app.owner, "GET", app.path("/events"), want=200)


@scenario("update-ref back, away, or -d: no commit of ours leaves main")
def backward(world):
    app = world.app()
    write(world, app)
    alien = foreign_commit(world)
    hands = [("update-ref", "refs/heads/main", "main~2"),
             ("update-ref", "refs/heads/main", alien),
             ("update-ref", "-d", "refs/heads/main"),
             ("branch", "-m", "main", "other")]
    for number, words in enumerate(hands):
        ours = world.git("rev-parse", "main").strip()
        git(world.store, *words)
        write(world, app, "N", f"{number}")
        if words[0] != "branch" and world.door.log:
            true(b"main" in world.door.log, f"no word: {world.door.log!r}")
        same(world.git("rev-parse", "main~1").strip(), ours, f"{words}")
    true("store/.git/HEAD" in findings(world, "--repair"), "HEAD")
    same(world.git("rev-parse", f"aside-{alien[:12]}").strip(), alien,
         "what stood at main")
    sound(world)
    same_index(world)
    git(world.store, "branch", "-D", "other", f"aside-{alien[:12]}")


@scenario("locks of other programs: harmless, or waited for and named")
def locks(world):
    app = world.app()
    inside = world.store / ".git"
    names = ["packed-refs.lock", "HEAD.lock", "config.lock", "index.lock",
             "shallow.lock", "gc.pid", "objects/tmp_object_git2_stale",
             "objects/pack/tmp_pack_stale", "refs/heads/other.lock"]
    for name in names:
        (inside / name).write_text("", "utf-8")
    try:
        write(world, app)
        world.sutler("tick")
        world.sutler("pack")
        world.sutler("fsck")
    finally:
        for name in names:
            (inside / name).unlink()
    lock = inside / "refs" / "heads" / "main.lock"
    lock.write_text("a" * 40 + "\n", "utf-8")
    release = threading.Timer(1, lock.unlink)
    release.start()
    write(world, app, "B")   # waits for it
    release.join()
    lock.write_text("a" * 40 + "\n", "utf-8")
    try:
        write(world, app, "C", want=503)
        if world.door.log:
            true(b"main.lock" in world.door.log, f"{world.door.log!r}")
    finally:
        lock.unlink()
    write(world, app, "D")
    sound(world)


class Moved:
    """with Moved(world, data): the programs work on another directory."""

    def __init__(self, world, data: Path):
        self.world, self.data, self.home = world, data, world.data

    def move(self, data: Path):
        self.world.configure(data=data)
        self.world.data, self.world.store = data, data / "store"

    def __enter__(self):
        self.move(self.data)

    def __exit__(self, *_rest):
        self.move(self.home)


def restore(world, backup: Path) -> Path:
    """The recipe: a directory, a clone in it, sutler init."""
    fresh = world.dir / world.fresh("restored")
    fresh.mkdir()
    git(world.dir, "clone", "-q", backup, fresh / "store")
    if world.sealed:
        shutil.copy2(world.data / "keys", fresh)
    world.sutler("init", fresh)
    return fresh


@scenario("backup and restore by git clone: the same answers, a new key")
def backup(world):
    app, supplier = world.app(), world.provider("heroku")
    addon = world.addon(app, supplier)
    write(world, app)
    world.sutler("pack")
    questions = [(app.owner, "/v1/apps"), (app.owner, app.path()),
                 (app.owner, app.path("/variables")),
                 (app.owner, app.path("/addons")),
                 (app.owner, app.path(f"/addons/{addon['id']}")),
                 (app.owner, "/v1/users/self"),
                 (app.owner, "/v1/addon_providers"),
                 (supplier, "/vendor/apps"),
                 (supplier, f"/vendor/apps/{addon['resource_id']}")]
    log = ("app", "log", app.name)

    def answers():
        return [world.call(who, "GET", path, want=200).data
                for who, path in questions] + [
                    world.sutler(*log).stdout, world.head(),
                    world.contents()]
    before, jwt = answers(), exchange(world, app.owner.token)
    same_index(world)
    index = {path.relative_to(world.data): path.read_bytes() for path in
             (world.data / "index").rglob("*") if path.is_file()}
    key = (world.data / "key").read_bytes()
    for words in ([], ["--mirror"], ["--no-hardlinks"]):
        copy = world.dir / world.fresh("backup")
        git(world.dir, "clone", "-q", *words, world.store, copy)
        with Moved(world, restore(world, copy)):
            same(answers(), before, "answers")
            same({path.relative_to(world.data): path.read_bytes() for path in
                  (world.data / "index").rglob("*") if path.is_file()},
                 index, "index")
            true((world.data / "key").read_bytes() != key, "the same key")
            world.call(f"Bearer {jwt}", "GET", "/v1/users/self", want=401)
            exchange(world, app.owner.token)
            write(world, app, "AFTER")
            said = git(world.store, "push", world.store, "main~1:main", "-f",
                       want=1)
            true("main cannot be pushed to" in said, said)
            sound(world)
            world.sutler("init", world.data, want=1)   # it is complete


@scenario("what is no whole clone of a store does not become one",
          every_door=False)
def no_clone(world):
    def refused(make):
        fresh = world.dir / world.fresh("no")
        fresh.mkdir()
        make(fresh / "store")
        said = world.sutler("init", fresh, want=1).stderr
        true(not (fresh / "state" / "journal").exists(), "a journal")
        return said
    def clone(*words):
        return lambda to: git(world.dir, "clone", "-q", *words, to)
    def holds(word, said):
        true(word in said, f"no {word} in {said}")
    world.app()
    url = f"file://{world.store}"
    holds(b"shallow", refused(clone("--depth=1", url)))
    holds(b"shared", refused(clone("--shared", world.store)))
    holds(b".git", refused(clone("--bare", world.store)))
    def other(to):
        git(world.dir, "clone", "-q", world.store, to)
        git(to, "checkout", "-q", "-b", "side")
    holds(b"main", refused(other))
    def alien(to):
        git(world.dir, "init", "-q", "-b", "main", to)
        git(to, "commit", "-q", "--allow-empty", "-m", "x")
    holds(b"no clone of a store", refused(alien))


# Root beside the service's user

class ServiceDoor(Direct):
    """As the service's user runs the programs."""

    def request(self, method, target, headers=None, body=None, length=None):
        path, _, query = target.partition("?")
        program = self.route(target)
        env = self.environment(method, path, query, headers or {},
                               length if body is None else len(body),
                               (program, path) if program else None)
        return self.answer(env, body)

    def answer(self, env, body):
        done = subprocess.run(
            [env["SCRIPT_FILENAME"]], env=env, input=body or b"",
            capture_output=True, timeout=SECONDS, check=False, user=SERVICE,
            group=SERVICE, extra_groups=[])
        self.log = done.stderr
        if done.returncode != 0:
            raise AssertionError(f"exit {done.returncode}: {done.stderr!r}")
        return parse_cgi(done.stdout)


class ServiceWorld(World):
    """A world whose data belong to the service's user, made by root."""

    def make(self):
        self.dir.chmod(0o755)
        programs = self.dir / "programs"
        shutil.copytree(self.build / "cgi-bin", programs / "cgi-bin",
                        ignore=shutil.ignore_patterns("*.o", "*.d"))
        for name in ("sutler", "send"):
            shutil.copy2(self.build / name, programs / name)
        self.build = self.door.build = programs
        self.data.mkdir()
        os.chown(self.data, SERVICE, SERVICE)
        return super().make()


def strangers(world) -> list:
    """What is not the service's below DATA; an object that a clone has hard
    links to stays as it is."""
    return [str(path) for path in world.data.rglob("*")
            if path.lstat().st_uid != SERVICE and
            (path.is_dir() or path.lstat().st_nlink == 1)]


def with_service(world, function):
    if os.geteuid() != 0:
        raise Skip("not root: nobody to be the service's user")
    inner = ServiceWorld(world.build, ServiceDoor)
    try:
        function(inner)
    finally:
        inner.close()


@scenario("the operator's command run by root leaves nothing of root's",
          every_door=False)
def root_commands(world):
    def run(inner):
        owner = inner.account()
        inner.sutler("app", "create", "shop", "--owner", owner.name)
        inner.provider("scalingo")
        for words in (["tick"], ["pack"], ["reindex"], ["fsck"],
                      ["fsck", "--repair"], ["account", "token",
                                             owner.name]):
            inner.sutler(*words)
        same(strangers(inner), [], "files of another user")
        app = inner.app(owner=owner)
        write(inner, app)
        sound_of(inner)
    with_service(world, run)


def sound_of(inner):
    """Sound, as root sees it: git asks whose the repository is."""
    inner.sutler("fsck")
    same(git(inner.store, "fsck", "--strict", "--no-dangling"), "",
         "git fsck")


@scenario(f"root's commit, clone, push and gc, then {WRITES} writes of the "
          "service's user", every_door=False)
def root_commits(world):
    def run(inner):
        app = inner.app()
        write(inner, app)
        store = inner.store
        head = git(store, "rev-parse", "main")
        tree = git(store, "rev-parse", "main^{tree}")
        for number in range(60):   # directories of root's among the objects
            git(store, "hash-object", "-w", "--stdin",
                input=f"root {number}".encode())
        git(store, "update-ref", "refs/heads/main", git(
            store, "commit-tree", tree, "-p", head, "-m", "by root"))
        git(store, "update-ref", "refs/heads/roots/one", head)
        clone = inner.dir / "clone"
        git(inner.dir, "clone", "-q", store, clone)
        git(clone, "commit", "-q", "--allow-empty", "-m", "x")
        git(clone, "push", "-q", "origin", "HEAD:topic")
        write(inner, app, "BEFORE")
        git(store, "gc", "-q")
        true(strangers(inner), "root has left nothing")
        for number in range(WRITES):
            write(inner, app, "N", f"{number}")
        same(inner.values(app)["N"], f"{WRITES - 1}", "the last value")
        same(int(git(store, "rev-list", "--count", f"{head}..main")),
             WRITES + 2, "commits")
        true(inner.sutler("fsck", want=1).stdout, "fsck finds nothing")
        inner.sutler("fsck", "--repair")
        same(strangers(inner), [], "files of another user")
        sound_of(inner)
    with_service(world, run)


@scenario("what root has shut, root's fsck --repair opens", every_door=False)
def root_repairs(world):
    def run(inner):
        app = inner.app()
        write(inner, app)
        file = place(inner, app.name)
        index = next((inner.data / "index" / "key").rglob("*/*"))
        for path in (file, file.parent, index, inner.data / "state" /
                     "marks", inner.data / "state" / "journal",
                     inner.store / ".git" / "refs" / "heads", inner.store /
                     ".git" / "objects"):
            os.chown(path, 0, 0)
            path.chmod(0o700 if path.is_dir() else 0o600)
        among(inner.call(app.owner, "GET", app.path()).status, (500, 503),
              "status")
        service = {"user": SERVICE, "group": SERVICE, "extra_groups": []}
        done = subprocess.run(
            [inner.build / "sutler", "fsck", "--repair"], check=False,
            capture_output=True, timeout=SECONDS,
            env={**os.environ, "SUTLER_CONF": str(inner.conf)}, **service)
        same(done.returncode, 1, "fsck of the service's user")
        inner.sutler("fsck", "--repair")
        same(strangers(inner), [], "files of another user")
        same(inner.values(app), {"A": MARK}, "variables")
        write(inner, app, "B")
        sound_of(inner)
    with_service(world, run)


@scenario("root restores a backup for the service's user", every_door=False)
def root_restores(world):
    def run(inner):
        app = inner.app()
        write(inner, app)
        copy = inner.dir / "backup"
        git(inner.dir, "clone", "-q", "--mirror", inner.store, copy)
        if inner.sealed:
            shutil.copy2(inner.data / "keys", inner.dir)
        shutil.rmtree(inner.data)
        inner.data.mkdir()
        os.chown(inner.data, SERVICE, SERVICE)
        if inner.sealed:
            shutil.copy2(inner.dir / "keys", inner.data)
        git(inner.dir, "clone", "-q", copy, inner.store)
        inner.sutler("init", inner.data)
        for number in range(20):
            write(inner, app, "N", f"{number}")
        same(inner.values(app)["N"], "19", "value")
        sound_of(inner)
    with_service(world, run)
