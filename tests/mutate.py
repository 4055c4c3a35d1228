#!/usr/bin/env python3
"""Hostile requests through a real door, by a seed.

usage: mutate.py [--build DIR] [--door direct|lighttpd] [--requests N]
                 [--seed N] [--only N]

Valid requests of every operation of htdocs/openapi.json, with the ids of a
real world, and what tests/mutants.py makes of them.  After each:

    nothing has crashed, no sanitizer has spoken
    the answer is HTTP, and what the reference describes
    a 500 or 503 has a line in the log that says why
    HEAD was moved by requests alone that were answered 2xx, that were 422
    or 503 because a provider was asked, or by tick, for those

The same seed makes the same requests (ids apart); --only shows the Nth and
its answer.  Prints TAP, then "N passed, N failed".
"""
import argparse
import http.client
import random
import re
import shutil
import socket
import sys
import time
import traceback
import urllib.parse
from pathlib import Path

import doors
import strict
import wire
from mutants import Maker, Mutator
from world import World, basic, server_page

SCENE = 300        # requests with the same ids
PACK = 20000       # requests between two packs
PROGRESS = 15.0    # s between two words of it
SHOWN = 12         # faults that are shown
SANITIZER = re.compile(rb"Sanitizer|runtime error:|\*\*\*.*terminated")
SPLIT = {("set-cookie", "x="), ("x", "y")}   # what mutants try to slip in
OURS = re.compile(r"^(sutler\[|sutler: )", re.M)
DIALECTS = ["scalingo", "heroku", "appfog", "heroku-v3", "clevercloud",
            "flynn"]


class Scene:
    """Who and what the requests are about, some of it made anew now and
    then."""

    def __init__(self, world: World, chance: random.Random):
        self.world, self.chance = world, chance
        world.configure(restart_hook="/bin/true")
        self.suppliers = [world.provider(dialect) for dialect in DIALECTS]
        self.spare = world.provider("scalingo")   # whose manifest may go
        self.secret = self.new_secret()
        self.operator = world.account(paying=True)
        world.sutler("account", "operator", self.operator.name, "on")
        self.number, self.wanted = 0, self.spare
        self.renew()

    def renew(self):
        """A fresh owner, an app with an add-on of each, and all there is of
        it."""
        world, self.ids = self.world, {}
        self.ident = 0
        for supplier in self.suppliers:
            supplier.desk.script.clear()
        self.owner, self.other = world.account(paying=True), world.account()
        self.app, self.second = world.app(self.owner), world.app(self.other)
        self.addons = [self.buy(number) for number in range(len(DIALECTS))]
        self.second_addon = world.addon(
            world.app(self.owner), self.suppliers[0])["id"]
        self.bearer = self.exchange()
        app, owner = self.app, self.owner
        made = world.call(owner, "POST", app.path("/variables"),
                          {"variable": {"name": "MINE", "value": "x"}},
                          want=201)
        self.add("variable", made.data["variable"]["id"], "MINE")
        made = world.call(owner, "POST", app.path("/collaborators"),
                          {"collaborator": {"email": self.other.email}},
                          want=201)
        self.add("collaborator", made.data["collaborator"]["id"])
        made = world.call(owner, "POST", "/v1/tokens",
                          {"token": {"name": "t"}}, want=201)
        self.add("token", made.data["token"]["id"])
        made = world.call(self.bearer, "POST",
                          f"/addons/{self.addons[3]['id']}/webhooks",
                          {"include": ["api:addon"], "level": "notify",
                           "url": f"{world.mock.url}/hook"})
        self.add("hook", (made.data or {}).get("id", "x"))
        made = world.call(owner, "GET", self.at(0, "/sso"), want=200)
        self.add("key", *re.findall(r"/sso/([\w-]+)'", str(made.data))[:1])
        self.add("drain", self.drain())
        world.sutler("addon", "suspend", self.addons[1]["id"])
        rows = world.call(owner, "GET", app.path("/history"), want=200).data
        self.add("commit", *(row["id"] for row in rows["history"][:5]))
        rows = world.call(owner, "GET", app.path("/events"), want=200).data
        self.add("event", *(row["id"] for row in rows["events"][:5]))
        for supplier in self.suppliers:   # some answers of a bad provider
            self.trouble(supplier.desk)

    def new_secret(self) -> str:
        return self.world.sutler("provider", "secret", self.suppliers[3].slug
                                 ).stdout.decode().strip()

    def at(self, number: int, rest="") -> str:
        return self.app.path(f"/addons/{self.addons[number]['id']}{rest}")

    def buy(self, number: int) -> dict:
        """An add-on; of another provider, where a request has spoilt it."""
        try:
            return self.world.addon(self.app, self.suppliers[number])
        except AssertionError:
            self.suppliers[number] = self.world.provider(DIALECTS[number])
            if number == 3:
                self.secret = self.new_secret()
            return self.world.addon(self.app, self.suppliers[number])

    def drain(self) -> str:
        made = self.world.call(self.owner, "POST", self.at(0, "/log_drains"),
                               {"drain": {"url": "https://log.test/"}})
        return str(((made.data or {}).get("drain") or {}).get("id", "x"))

    def manifest(self) -> dict:
        return dict(self.spare.manifest, id=self.spare.slug)

    def exchange(self) -> str:
        grant = self.suppliers[3].desk.asked("POST")[-1].json()["oauth_grant"]
        answer = self.world.door_form("/oauth/token", urllib.parse.urlencode(
            {"grant_type": "authorization_code", "code": grant["code"],
             "client_secret": self.secret}), 200)
        self.refresh = answer.data["refresh_token"]
        return f"Bearer {answer.data['access_token']}"

    def trouble(self, desk):
        for _ in range(self.chance.randint(0, 2)):
            status = self.chance.choice((200, 201, 202, 204, 403, 404, 422,
                                         500, 503))
            body = self.chance.choice((
                b"", b"{}", b"[]", b"{", b"\xff", b"null", b"no\r\nX: y",
                b'{"id":"..","config":{"PATH":"x"}}', b'{"id":1.5}',
                b'{"id":"x","config":[]}', b'{"message":"<b>\\u0000"}',
                b'{"error":"no \\u202e way"}', b"[" * 1000))
            desk.then(status=status, body=b"" if status == 204 else body)

    def add(self, kind: str, *ids):
        self.ids[kind] = [str(one) for one in ids] or ["x"]

    def words(self) -> list:
        """Ids of all kinds."""
        return [one for ids in self.ids.values() for one in ids] + [
            self.app.name, self.app.id, self.second.name, self.owner.name,
            self.addons[0]["id"], self.addons[3]["id"],
            self.addons[0]["resource_id"], self.owner.email,
            *(supplier.slug for supplier in self.suppliers)]

    def known(self, operation: str, name: str) -> str:
        """A value for a parameter in the path of an operation."""
        choice = self.chance.choice
        path = operation.split(" ")[1]
        self.ident = self.chance.randrange(len(self.addons))
        if "/vendor" in path or "/provider/" in path:   # its own family's
            self.ident = choice((1, 2) if path.startswith("/vendor") else
                                (4,) if path.startswith("/v2") else (0,))
        addon = self.addons[self.ident]["id"]
        if path.startswith("/addons/") and name == "id":
            addon = self.addons[3]["id"]
        kinds = {"app": choice((self.app.name, self.app.id)),
                 "provider": choice(self.suppliers).slug,
                 "slug": choice((self.spare, *self.suppliers[:1])).slug,
                 "ident": choice((addon, addon[3:], self.app.id)),
                 "key": None, "drain": None, "delivery": "x",
                 "name": "MINE", "commit": None, "token": None, "hook": None,
                 "event": None}
        if name in kinds and kinds[name] is not None:
            return kinds[name]
        for word, kind in (("collaborators", "collaborator"),
                           ("variables", "variable"), ("events", "event"),
                           ("commit", "commit"), ("hook", "hook"),
                           ("key", "key"), ("drain", "drain"),
                           ("token", "token")):
            if name == word or (name == "id" and f"/{word}/" in path):
                return choice(self.ids[kind])
        return addon

    def who(self, way, path: str):
        """Credentials of a kind; sometimes somebody else's."""
        choice = self.chance.choice
        other = self.chance.random() < 0.1
        account = self.other if other else self.owner
        if way == "user":
            return f"Bearer {account.token}"
        if way == "apiToken":
            return basic("", account.token)
        if way == "portal":
            return basic(self.operator.email, self.operator.token)
        if way == "provider":
            supplier = choice(self.suppliers) if other \
                else self.suppliers[self.ident]
            return basic(supplier.user, supplier.password)
        if way == "resource":
            return self.bearer
        return None

    def fill(self, name: str):
        """A text for a member of that name, or None."""
        choice, self.number = self.chance.choice, self.number + 1
        supplier = choice((self.suppliers[self.ident], *self.suppliers))
        if name == "addon_provider_id":
            self.wanted = supplier
        texts = {
            "addon_provider_id": supplier.slug,
            "plan_id": choice(sorted(self.wanted.plans.values())),
            "current_name": self.app.name,
            "new_name": f"new{self.number}-{self.app.name}"[:48],
            "email": choice((self.other.email, f"e{self.number}@a.test")),
            "owner": self.other.email, "key": f"K{self.number % 9}",
            "variable": choice(supplier.variables),
            "url": choice((f"{self.world.mock.url}/u{self.number % 5}",
                           f"https://h{self.number % 5}.test/",
                           f"syslog://h{self.number % 5}.test:514")),
            "to": choice(self.ids["commit"]), "addon_id": self.second_addon,
            "variable_ids": self.ids["variable"][0],
            "refresh_token": self.refresh, "client_secret": self.secret,
            "code": "x", "grant_type": choice(("refresh_token",
                                               "authorization_code")),
            "Idempotency-Key": f"k{self.number % 50}",
            "X-Dry-Run": "true", "when": choice(self.ids["commit"]),
            "from": choice(self.ids["commit"]),
            "commit": choice(self.ids["commit"]),
            "addon": self.addons[0]["id"], "app": self.second.name,
            "name": choice(("MINE", "OTHER", f"N{self.number % 9}",
                            f"app-{self.number}"))}
        return texts.get(name)


class Log:
    """What the programs say on stderr, as it comes."""

    def __init__(self, world: World):
        self.door = world.door
        self.file = world.dir / "server.log"
        self.place = self.file.stat().st_size if self.file.exists() else 0

    def fresh(self) -> bytes:
        if isinstance(self.door, doors.Direct):
            said, self.door.log = self.door.log, b""
            return said
        with open(self.file, "rb") as file:
            file.seek(self.place)
            said = file.read()
        self.place += len(said)
        return said


def send(door, request) -> doors.Answer:
    """Through the door as it is, whatever a client library would refuse."""
    if isinstance(door, doors.Direct):
        headers = {name: value.replace("\0", "")
                   for name, value in request.headers.items()}
        if request.chunked:
            headers["Transfer-Encoding"] = "chunked"
            return door.request(request.method, request.path, headers,
                                request.body, length="")
        return door.request(request.method, request.path, headers,
                            request.body, request.length)
    body, lines = request.body, dict(request.headers)
    if request.chunked:
        body = body or b""
        half = len(body) // 2
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                        for part in (body[:half], body[half:]) if part)
        body += b"0\r\n\r\n"
        lines["Transfer-Encoding"] = "chunked"
    elif request.length is not None:
        lines["Content-Length"] = request.length
    elif body is not None or request.method == "POST":
        lines["Content-Length"] = str(len(body or b""))
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    head = (f"{request.method} {request.path} HTTP/1.1\r\nHost: 127.0.0.1:"
            f"{door.port}\r\nConnection: close\r\n{text}\r\n")
    with socket.create_connection(("127.0.0.1", door.port),
                                  wire.SECONDS) as link:
        return wire.exchange(
            link, request.method,
            head.encode("utf-8", "surrogateescape") + (body or b""), True)


class Judge:
    def __init__(self, world: World):
        self.world, self.log = world, Log(world)
        self.head, self.rules = world.head(), doors.rules()
        self.moves = {}      # request id -> whether it may move HEAD
        self.moved = 0
        self.statuses = {}

    def asked(self) -> int:
        return sum(len(desk.seen) for desk in self.world.mock.desks.values())

    def try_one(self, request) -> tuple:
        """Send it; the answer, and what is wrong with it, or ""."""
        before = self.asked()
        try:
            answer = send(self.world.door, request)
        except AssertionError as error:   # it has crashed, or is no HTTP
            return None, f"{error}"
        except http.client.RemoteDisconnected as error:
            # who lies about the body's length may wait for nothing
            lies = request.length is not None or request.chunked
            self.statuses[0] = self.statuses.get(0, 0) + 1
            return None, "" if lies else f"{error!r}"
        except Exception as error:
            return None, f"no HTTP: {error!r}"
        said = self.log.fresh()
        asked = self.asked() > before
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        name = answer.header("X-Request-Id", "")
        may = answer.status // 100 in (2, 3) or asked
        self.moves[name] = self.moves.get(name, False) or may
        return answer, "; ".join(filter(None, (
            self.crashed(said), self.shape(request, answer),
            self.reason(answer, said), self.movement())))

    @staticmethod
    def crashed(said: bytes) -> str:
        return f"on stderr: {said[:3000].decode('utf-8', 'replace')}" \
            if SANITIZER.search(said) else ""

    @staticmethod
    def reason(answer, said: bytes) -> str:
        text = said.decode("utf-8", "replace")
        if answer.status == 500:
            return f"a 500: {text[-300:]} {answer.brief()}"
        if answer.status == 503 and not OURS.search(text):
            return f"a 503 without a reason: {answer.brief()}"
        return ""

    def shape(self, request, answer) -> str:
        """What a strict client finds wrong with the answer."""
        if answer.status == 0:
            return "" if request.length is not None or request.chunked \
                else "no answer"
        if server_page(answer) or answer == (400, [], b"") or (
                not isinstance(self.world.door, doors.Direct) and
                self.homeless(request.path)):
            return ""   # the server's own
        for name, value in answer.headers:
            if re.search(r"[\x00-\x1f\x7f]", value) or \
                    (name.lower(), value[:2]) in SPLIT:
                return f"a header is split: {name}: {value!r}"
        return self.described(request, answer)

    def described(self, request, answer) -> str:
        """The reference describes it, of this path or of one that has
        something before it: programs may be anywhere below a server."""
        if request.method == "OPTIONS" and answer.status >= 400:
            return self.refusal(answer)
        path, mark, query = request.path.partition("?")
        paths, rest = [path], path
        while rest.count("/") > 1:
            rest = "/" + rest.lstrip("/").partition("/")[2]
            paths.append(rest)
        if self.homeless(path):   # the direct door has chosen a program
            paths.append("/v1/apps" + path)
        first = ""
        for path in paths:
            try:
                strict.check(request.method, path + mark + query, answer)
                return ""
            except AssertionError as error:
                first = first or f"{error}"
            except Exception as error:
                first = first or f"{error!r} {answer.brief()}"
        if answer.status in (400, 404, 405) and len(paths) > 1:
            return self.refusal(answer)
        return first

    def homeless(self, path: str) -> bool:
        """No program is called so, and no rule rewrites it."""
        return not any(re.search(pattern, path) for pattern, _
                       in self.rules) and \
            not re.match(rf"/+({'|'.join(doors.LINKS)})(/|$)",
                         urllib.parse.unquote(path))

    @staticmethod
    def refusal(answer) -> str:
        """Any family's way to say no will do."""
        for shape in ("ScalingoMissing", "HerokuError"):
            try:
                strict.agree(strict.loads(answer.body), shape)
                return ""
            except AssertionError:
                continue
        return f"no refusal of ours: {answer.brief()}"

    def movement(self) -> str:
        """HEAD, if it moved, was moved by who may."""
        head = self.world.head()
        if head == self.head:
            return ""
        old, self.head = self.head, head
        wrong = []
        for message in self.world.messages(old):
            found = re.search(r"^Request-Id: (.*)$", message, re.M)
            self.moved += 1
            if "\nActor: operator " in message:   # tick
                continue
            if found is None or not self.moves.get(found[1], False):
                wrong.append(message.splitlines()[0])
        return f"HEAD was moved: {wrong}" if wrong else ""


class Tries:
    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.world = World(options.build.resolve(),
                           doors.DOORS[options.door])
        self.scene = Scene(self.world, self.chance)
        self.maker = Maker(self.chance, self.scene)
        self.mutator = Mutator(self.chance, self.scene.words)
        self.faults, self.broken, self.done = [], 0, 0

    def run(self) -> Judge:
        judge = Judge(self.world)
        spoken = began = time.monotonic()
        for number in range(1, self.options.requests + 1):
            if number % SCENE == 0:
                self.scene.renew()
                judge.log.fresh()
                judge.head = self.world.head()
            if number % PACK == 0:
                self.world.sutler("pack")
            request = self.mutator.mutate(self.maker.make())
            if self.options.only and number != self.options.only:
                if number > self.options.only:
                    break
            answer, wrong = judge.try_one(request)
            self.done = number
            if number == self.options.only:
                print(f"# {request}\n# {answer}\n# {wrong}")
            if wrong:
                self.broken += 1
                self.faults.append(f"request {number}: {request}: {wrong}")
                if len(self.faults) >= SHOWN:
                    break
            if time.monotonic() - spoken > PROGRESS:
                spoken = time.monotonic()
                print(f"# {number} requests, {number / (spoken - began):.0f} "
                      f"a second, {judge.moved} commits", flush=True)
        self.seconds = time.monotonic() - began
        return judge


def checks(tries: Tries, judge: Judge) -> list:
    """Titles, and what is wrong."""
    options, world = tries.options, tries.world
    about = f"mutate: {options.door}, seed {options.seed}: "
    statuses = ", ".join(f"{status}: {count}" for status, count
                         in sorted(judge.statuses.items()))
    found = [(f"{about}{tries.done} requests, "
              f"{tries.done / tries.seconds:.0f} a second, {judge.moved} "
              f"commits ({statuses})", "\n".join(tries.faults))]
    for title, step in (("plain files equal HEAD", world.plain_equals_head),
                        ("git fsck is content", world.fsck),
                        ("sutler fsck is content",
                         lambda: world.sutler("fsck"))):
        try:
            step()
            found.append((about + title, ""))
        except AssertionError as error:
            found.append((about + title, f"{error}"[:1500]))
    taken = sum(count for status, count in judge.statuses.items()
                if status // 100 == 2)
    found.append((f"{about}some were taken, some refused",
                  "" if taken * 20 > tries.done and judge.moved and
                  taken < tries.done else f"{taken} of {tries.done}"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--door", choices=("direct", "lighttpd"),
                        default="direct")
    parser.add_argument("--requests", default=3000, type=int)
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--only", default=0, type=int)
    options = parser.parse_args()
    if options.door == "lighttpd" and not shutil.which("lighttpd"):
        print("not ok 1 - mutate: lighttpd is not installed\n"
              "0 passed, 1 failed")
        return 1
    tries = Tries(options)
    try:
        rows = checks(tries, tries.run())
    except Exception:
        rows = [("mutate: it runs", traceback.format_exc())]
    finally:
        tries.world.close()
    for number, (title, wrong) in enumerate(rows, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {title}")
        for line in wrong.splitlines():
            print(f"# {line[:4000]}")
    failed = sum(bool(wrong) for _, wrong in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
