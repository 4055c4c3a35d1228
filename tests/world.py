"""The world a scenario runs in: a data directory with accounts, apps and
providers, a door to the programs, and what can be seen of the store."""
import base64
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import strict
from scenario_manifests import MANIFESTS

TESTS = Path(__file__).resolve().parent
SECONDS = 120            # longest wait for a command
MARK = "s3cret"          # stands in every value that tests set
NOTHING = object()


spec = importlib.util.spec_from_file_location(
    "mock_provider", TESTS / "mock-provider.py")
mock_provider = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mock_provider)


class Account(NamedTuple):
    name: str
    email: str
    token: str


class App(NamedTuple):
    id: str
    name: str
    owner: Account

    def path(self, rest="") -> str:
        return f"/v1/apps/{self.name}{rest}"


class Supplier(NamedTuple):
    """A provider: who it is, what it sells, and its desk at the mock."""
    slug: str
    dialect: str
    user: str
    password: str
    salt: str
    variables: list
    plans: dict          # name -> id
    desk: object
    manifest: dict

    def resources(self) -> str:
        """The path of its collection at the mock."""
        place = self.manifest.get("api", self.manifest).get("production")
        return urllib.parse.urlsplit(
            place["base_url"] if place else self.manifest["url"]).path


class Reply(NamedTuple):
    status: int
    data: object         # the decoded body
    answer: object

    def __str__(self) -> str:
        return self.answer.brief()


def basic(user: str, password: str) -> str:
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Basic {word}"


def authorization(who):
    """The header's value for an account, a provider, or itself."""
    if isinstance(who, Account):
        return f"Bearer {who.token}"
    if isinstance(who, Supplier):
        return basic(who.user, who.password)
    return who


class World:
    sealed = False   # secrets are, at rest

    def __init__(self, build: Path, door_class):
        self.build = build
        self.dir = Path(tempfile.mkdtemp(prefix="sutler-test-"))
        self.data = self.dir / "data"
        self.door = door_class(build, self.dir)
        self.mock = mock_provider.Mock()
        self.conf = self.dir / "sutler.conf"
        self.number = 0
        try:
            self.demo = self.make()
        except BaseException:
            self.close()
            raise
        self.store = self.data / "store"

    def make(self) -> dict:
        """Make the data directory; a server's own script may do so."""
        if self.door.demonstration:
            demo = self.door.start(self.data)
            self.conf = self.door.conf
            self.configure(provider_timeout=3, page_size=4000,
                           allow_http="yes", allow_private="yes",
                           login_failures=0)
            if self.sealed:
                self.seal()
            return demo
        self.conf.write_text(
            f"data = {self.data}\npublic_url = {self.door.public_url}\n"
            f"libexec = {self.build}\nprovider_timeout = 3\n"
            "allow_http = yes\nallow_private = yes\n"
            "login_failures = 0\n",   # wrong credentials are tried a lot
            encoding="utf-8")
        self.door.conf = self.conf
        self.sutler("init", self.data)
        if self.sealed:
            self.seal()
        return self.door.start(self.data)

    def close(self):
        self.door.stop()
        self.mock.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def configure(self, **settings):
        """Set keys of the configuration; None takes one away."""
        lines = [line for line in
                 self.conf.read_text(encoding="utf-8").splitlines()
                 if line.split("=")[0].strip() not in settings]
        lines += [f"{key} = {value}" for key, value in settings.items()
                  if value is not None]
        fresh = self.conf.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        fresh.replace(self.conf)

    def seal(self):
        """Secrets are sealed from here on, by a key of the world's own."""
        self.configure(secrets="sealed", secrets_key=self.dir / "sutler.key")
        self.sutler("secrets", "seal")

    # The operator's command

    def sutler(self, *words, want=0, stdin=b""):
        """Run the command; want None: any exit status."""
        done = subprocess.run(
            [self.build / "sutler", *map(str, words)], input=stdin,
            env=dict(os.environ, SUTLER_CONF=str(self.conf)),
            capture_output=True, timeout=SECONDS, check=False)
        if want is not None and done.returncode != want:
            raise AssertionError(
                f"sutler {' '.join(map(str, words))}: exit "
                f"{done.returncode}, wanted {want}: {done.stdout!r} "
                f"{done.stderr!r}")
        return done

    def fresh(self, word: str) -> str:
        self.number += 1
        return f"{word}{self.number}"

    def account(self, paying=False) -> Account:
        name = self.fresh("user")
        email = f"{name}@example.org"
        words = ["account", "add", name, email]
        done = self.sutler(*words, *(["--paying"] if paying else []))
        return Account(name, email, done.stdout.decode().strip())

    def app(self, owner=None, paying=False) -> App:
        owner = owner or self.account(paying)
        name = self.fresh("app")
        made = self.call(owner, "POST", "/v1/apps", {"app": {"name": name}},
                         want=201)
        return App(made.data["app"]["id"], name, owner)

    def provider(self, dialect: str, price=0, change=None,
                 **desk) -> Supplier:
        """Register a new provider.  change(manifest) may alter it."""
        slug = self.fresh(dialect[:2])
        variables = [f"{slug.upper()}_URL", f"{slug.upper()}_KEY"]
        values = {variables[0]: f"acme://u:{MARK}-{{n}}@{slug}.test/x"}
        manifest = MANIFESTS[dialect](slug, f"{self.mock.url}/{slug}",
                                      variables, price)
        if change:
            change(manifest)
        path = self.dir / f"{slug}.json"
        path.write_text(json.dumps(manifest), encoding="utf-8")
        self.sutler("provider", "add", path, "--slug", slug, "--dialect",
                    dialect, "--category", "Testing")
        plans = self.call(None, "GET", f"/v1/addon_providers/{slug}/plans",
                          want=200).data["plans"]
        user = manifest.get("username", manifest.get("id"))
        secrets = manifest.get("api", manifest)
        return Supplier(
            slug, dialect, user, secrets["password"],
            secrets.get("sso_salt"), variables,
            {plan["name"]: plan["id"] for plan in plans},
            self.mock.desk(slug, desk.get("config", values),
                           dialect == "appfog",
                           "env" if dialect == "flynn" else "config"),
            manifest)

    def order(self, app: App, supplier: Supplier, plan="small", want=201,
              **more) -> Reply:
        """Provision an add-on."""
        body = {"addon": {"addon_provider_id": supplier.slug,
                          "plan_id": supplier.plans[plan], **more}}
        return self.call(app.owner, "POST", app.path("/addons"), body,
                         want=want)

    def addon(self, app: App, supplier: Supplier, plan="small") -> dict:
        return self.order(app, supplier, plan).data["addon"]

    def variables(self, app: App) -> dict:
        found = self.call(app.owner, "GET", app.path("/variables"),
                          want=200).data["variables"]
        return {var["name"]: var for var in found}

    def values(self, app: App) -> dict:
        return {name: var["value"]
                for name, var in self.variables(app).items()}

    # Requests

    def call(self, who, method: str, path: str, data=NOTHING, want=None,
             headers=None, body=None, **raw) -> Reply:
        """One request; its answer is read as a strict client does."""
        lines = {"Accept": "application/json"}
        if who is not None:
            lines["Authorization"] = authorization(who)
        if data is not NOTHING:
            body = json.dumps(data).encode()
        if body is not None:
            lines["Content-Type"] = "application/json"
        lines.update(headers or {})
        answer = self.door.request(method, path, lines, body, **raw)
        if want is not None and answer.status != want:
            raise AssertionError(
                f"{method} {path} {body!r:.300}: got {answer.brief()}, "
                f"wanted {want}; stderr {self.door.log[-300:]!r}")
        return Reply(answer.status, self.read(method, path, answer, body),
                     answer)

    def request(self, method: str, path: str, headers: dict, body=None):
        """One request with no headers of ours; its answer, read so, too."""
        answer = self.door.request(method, path, headers, body)
        self.read(method, path, answer, body)
        return answer

    def read(self, method: str, path: str, answer, body=None):
        if answer.status == 0 or server_page(answer):
            return None   # the web server's own page stands
        return strict.check(method, path, answer, body)

    def door_form(self, path: str, form: str, want: int) -> Reply:
        """A form, as a browser or an OAuth client posts it."""
        return self.call(None, "POST", path, body=form.encode(), want=want,
                         headers={"Content-Type":
                                  "application/x-www-form-urlencoded"})

    # The store, as an administrator sees it

    def git(self, *words) -> str:
        done = subprocess.run(["git", "-C", self.store, *words],
                              capture_output=True, timeout=SECONDS,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(f"git {words}: {done.stderr!r}")
        return done.stdout.decode("utf-8", "replace")

    def head(self) -> str:
        """The commit of HEAD: from the ref's file, which is quick."""
        link = (self.store / ".git" / "HEAD").read_text("ascii").strip()
        try:
            return (self.store / ".git" / link.removeprefix("ref: ")
                    ).read_text("ascii").strip()
        except FileNotFoundError:   # packed
            return self.git("rev-parse", "HEAD").strip()

    def contents(self) -> dict:
        """Every plain file beside .git."""
        while True:
            try:
                return {str(path.relative_to(self.store)): path.read_bytes()
                        for path in sorted(self.store.rglob("*"))
                        if path.is_file() and
                        path.relative_to(self.store).parts[0] != ".git"}
            except FileNotFoundError:   # a tick beside us took it away
                continue

    def owed(self, word: str) -> list:
        """The records of open work that have word in them."""
        return [name for name, data in self.contents().items()
                if name.startswith("open/") and word.encode() in data]

    def plain_equals_head(self):
        """The plain files are what HEAD holds, no more and no less."""
        before, odd = None, set()
        while before != self.head():   # a tick beside us may move it
            before = self.head()
            odd = self.plain_odd()
        if odd:
            raise AssertionError(f"plain files and HEAD differ: {odd}")

    def plain_odd(self) -> set:
        """The paths at which plain files and HEAD differ."""
        tree = {}
        for line in self.git("ls-tree", "-r", "-z", "HEAD").split("\0"):
            if line:
                meta, path = line.split("\t", 1)
                tree[path] = meta.split()[2]
        names = sorted(self.contents())
        hashed = subprocess.run(
            ["git", "-C", self.store, "hash-object", "--no-filters",
             "--stdin-paths"], capture_output=True, check=False,
            timeout=SECONDS, input="".join(
                f"{self.store / name}\n" for name in names).encode())
        plain = dict(zip(names, hashed.stdout.decode().split()))
        return {name for name in set(tree) | set(plain)
                if tree.get(name) != plain.get(name)}

    def fsck(self):
        said = self.git("fsck", "--strict", "--no-dangling", "--full")
        if said.strip():
            raise AssertionError(f"git fsck: {said}")

    def messages(self, since="") -> list:
        """The commit messages behind since, oldest first."""
        span = f"{since}..HEAD" if since else "HEAD"
        text = self.git("log", "--reverse", "--format=%B%x00", span)
        return [part.strip("\n") for part in text.split("\0")
                if part.strip()]


def server_page(answer) -> bool:
    """A 4xx or 501 that the web server made, before the program."""
    kind = answer.header("Content-Type", "")
    return (answer.status in range(400, 500) or answer.status == 501) and (
        kind.startswith("text/html") or (not kind and not answer.body))
