#!/usr/bin/env python3
"""Kills and fails every kind of writing request at each of its system calls.

usage: crash.py [--build DIR] [--step N] [-k PATTERN]

Each request is run once under strace(1) to count the calls that change
anything; then again and again on a fresh copy of the same data: killed on
entering the 1st, 2nd, ... of them, and with each of them failing (ENOSPC,
EIO, EACCES, EMFILE), as also where it only opens a file to read it.  The
program that asks the provider is killed likewise, alone.  After each: what was
acknowledged is there, nothing is half done, reads and the next write go on
without help, `sutler fsck` and `git fsck --strict` are content.  A call that
is known neither to change anything nor not to is a failure.  --step N takes
every Nth point only.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nodes
from doors import Direct, parse_cgi
from etcd_server import Etcd
from scenario_proposals import Clone, path_of, variables
from world import SECONDS, World, authorization, basic

CHANGE = set("""
    openat creat write pwrite64 writev pwritev pwritev2 sendfile
    copy_file_range rename renameat renameat2 unlink unlinkat rmdir mkdir
    mkdirat link linkat symlink symlinkat mknod mknodat truncate ftruncate
    fallocate chmod fchmod fchmodat chown fchown fchownat utimensat mmap msync
    fdatasync fsync syncfs flock kill sendto shutdown socketpair clone clone3
    fork vfork setitimer""".split())
HARMLESS = set("""
    access alarm faccessat faccessat2 arch_prctl brk chdir clock_gettime
    clock_nanosleep close connect dup dup2 dup3 execve exit exit_group fadvise64
    fcntl fstat fstatfs futex getcwd getdents64 getegid geteuid getgid
    getpeername getpid getppid getrandom getrlimit getsockname getsockopt
    gettid getuid ioctl landlock_add_rule landlock_create_ruleset
    landlock_restrict_self lseek lstat madvise mprotect munmap nanosleep prctl
    newfstatat pipe pipe2 poll ppoll pread64 prlimit64 read readlink
    readlinkat recvfrom recvmsg rseq rt_sigaction rt_sigprocmask rt_sigreturn
    restart_syscall sched_getaffinity set_robust_list set_tid_address setsid
    setsockopt socket stat statfs statx sysinfo umask uname wait4""".split())
ASK = {"connect", "sendto", "recvfrom", "write"}   # of send's calls
LINE = re.compile(r"^(\d+) +(\w+)\((.*)")
FAULTS = {"ENOSPC": {"openat", "write", "pwrite64", "rename", "mkdir", "link",
                     "ftruncate", "fallocate", "utimensat"},
          "EIO": {"write", "pwrite64", "fdatasync", "fsync", "syncfs",
                  "unlink", "rename", "ftruncate", "mmap"},
          "EACCES": {"openat", "read", "rename", "mkdir", "unlink", "link",
                     "rmdir"},
          "EMFILE": {"openat", "read", "socketpair"},
          "ENOLCK": {"flock"},
          "EAGAIN": {"clone", "clone3", "vfork"}}


class Point(NamedTuple):
    call: str
    number: int      # among the calls of that name, from 1
    kind: str        # call, or "read" where a file is opened for that alone


class Done(NamedTuple):
    acknowledged: bool
    status: int      # of the answer, 0 without one
    code: int        # of the program


class Request(NamedTuple):
    """A request (or a command), and how to tell where it has come to."""
    title: str
    words: object    # a list: a sutler command; else who, method, path, data
    state: object    # world -> a word for what is to be seen
    states: tuple    # the words there may be, the last when it is done
    again: bool = True   # may be repeated, and then succeeds
    secrets: str = ""    # as the configuration has them; "": as before
    before: object = None   # what another node of the cluster does first


class Ground:
    """A data directory that can be put back as it was."""

    def wait(self):
        """Until what was met may be tried again."""

    def check(self):
        """What else must hold after a kill or a fault."""

    def close(self):
        self.world.close()

    def __init__(self, build: Path):
        self.world = World(build, Direct)
        self.saved = self.world.dir / "saved"
        self.key = self.world.dir / "sutler.key"
        # send is started by a script, which may have it killed
        libexec = self.world.dir / "libexec"
        libexec.mkdir()
        os.symlink(build / "sutler", libexec / "sutler")
        self.send = libexec / "send"
        self.send_by()
        # the script runs a shell, and strace, which no fence would let it
        self.world.configure(libexec=libexec, fence="no")

    def send_by(self, *words):
        """Calls of the provider are made below these words."""
        words = [*map(str, words), str(self.world.build / "send")]
        self.send.unlink(missing_ok=True)
        self.send.write_text(f"#!/bin/sh\nexec {' '.join(words)}\n", "ascii")
        self.send.chmod(0o755)

    def save(self):
        shutil.copytree(self.world.data, self.saved, symlinks=True)
        if self.key.exists():
            shutil.copy2(self.key, self.world.dir / "saved.key")

    def restore(self):
        shutil.rmtree(self.world.data)
        shutil.copytree(self.saved, self.world.data, symlinks=True)
        if self.key.exists():
            shutil.copy2(self.world.dir / "saved.key", self.key)

    def command(self, request: Request) -> tuple:
        """Program, environment and input of the request."""
        door = self.world.door
        if isinstance(request.words, list):
            env = door.environment("GET", "/v1/apps", "", {}, None)
            return [self.world.build / "sutler", *request.words], env, b""
        who, method, target, data = request.words
        path, _, query = target.partition("?")
        body = b"" if data is None else data.encode()
        program = door.route(target)
        env = door.environment(
            method, path, query, {"Authorization": who} if who else {},
            len(body),
            (program, path) if program else None)
        return [env["SCRIPT_FILENAME"]], env, body

    def run(self, request: Request, *strace) -> Done:
        words, env, body = self.command(request)
        child = subprocess.run([*strace, *words], env=env, input=body,
                               capture_output=True, timeout=SECONDS,
                               check=False)
        if isinstance(request.words, list):
            return Done(child.returncode == 0, 0, child.returncode)
        answer = parse_cgi(child.stdout) if child.stdout else None
        status = answer.status if answer else 0
        return Done(200 <= status < 300, status, child.returncode)


def strace(where, *more) -> list:
    return [shutil.which("strace"), "-f", "-qq", "-o", where, *more]


def kill(point: Point) -> list:
    return ["-e", f"inject={point.call}:signal=KILL:when={point.number}"]


def calls(log: Path):
    """(process, call, arguments) of each line."""
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return [match.groups() for match in map(LINE.match, text.splitlines())
            if match]


def kind_of(call: str, arguments: str, data: Path) -> str:
    """What the call does that matters; empty: nothing."""
    if call == "openat" and not re.search(r"O_CREAT|O_WRONLY|O_RDWR",
                                          arguments):
        return "read" if f'"{data}/' in arguments else ""
    if call == "write" and arguments.startswith(("1,", "2,")):
        return ""    # the answer
    if call == "mmap" and not re.search(r"PROT_WRITE, MAP_SHARED", arguments):
        return ""
    return call if call in CHANGE else ""


def points(ground: Ground, request: Request) -> tuple:
    """The calls that matter of the program itself, those of send, and the
    names of those that nobody knows."""
    log, sent = ground.world.dir / "calls", ground.world.dir / "sent"
    if request.before:
        request.before()
    ground.run(request, *strace(log))
    ground.restore()
    if request.before:
        request.before()
    sent.unlink(missing_ok=True)
    ground.send_by(*strace(sent))   # which cannot be traced twice
    ground.run(request)
    ground.send_by()
    counts, found, first = {}, [], None
    for process, call, arguments in calls(log):
        first = first or process
        if process == first:
            counts[call] = counts.get(call, 0) + 1
            kind = kind_of(call, arguments, ground.world.data)
            if kind:
                found.append(Point(call, counts[call], kind))
    asked, counts = [], {}
    for _, call, _ in calls(sent):
        counts[call] = counts.get(call, 0) + 1
        if call in ASK:
            asked.append(Point(call, counts[call], call))
    return found, asked, {call for _, call, _ in calls(log)
                          if call not in CHANGE | HARMLESS}


def check(ground: Ground, request: Request, done: Done):
    """What must hold after a kill or a fault."""
    world = ground.world
    state = request.state(world)
    if state not in request.states:
        raise AssertionError(f"seen: {state}, may be {request.states}")
    if done.acknowledged and state != request.states[-1]:
        raise AssertionError(f"acknowledged, and seen: {state}")
    ground.wait()
    world.call(ground.app.owner, "PUT", ground.app.path("/variables"),
               {"variables": [{"name": "NEXT", "value": "s3cret-1"}]},
               want=200)
    world.sutler("fsck")
    world.plain_equals_head()
    said = subprocess.run(
        ["git", "-C", world.data / "store", "fsck", "--strict",
         "--no-dangling", "--no-progress"], capture_output=True, check=False,
        timeout=SECONDS)
    if said.returncode or said.stdout or said.stderr:
        raise AssertionError(f"git fsck: {said.stdout!r} {said.stderr!r}")
    ground.check()


def kill_at(ground: Ground, request: Request, point: Point):
    check(ground, request, ground.run(request, *strace("/dev/null",
                                                       *kill(point))))


def kill_send_at(ground: Ground, request: Request, point: Point):
    """The program that asks dies; the one that has it asked does not."""
    ground.send_by(*strace("/dev/null", *kill(point)))
    try:
        done = ground.run(request)
    finally:
        ground.send_by()
    if done.code or not (done.acknowledged or done.status >= 500):
        raise AssertionError(f"answered {done.status}, exit {done.code}")
    check(ground, request, done)


def fail_at(ground: Ground, request: Request, point: Point, error: str):
    done = ground.run(request, *strace(
        "/dev/null", "-e",
        f"inject={point.call}:error={error}:when={point.number}"))
    http = not isinstance(request.words, list)
    if http and not (done.acknowledged or done.status >= 500):
        raise AssertionError(f"answered {done.status}, exit {done.code}")
    if not http and done.code not in (0, 1):
        raise AssertionError(f"exit {done.code}")
    check(ground, request, done)
    if request.again and not done.acknowledged:
        if not ground.run(request).acknowledged:
            raise AssertionError("refused once the fault was gone")


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, title: str, troubles: list):
        word = "not ok" if troubles else "ok"
        print(f"{word} {self.passed + self.failed + 1} - {title}", flush=True)
        for trouble in troubles:
            print(f"# {trouble}", flush=True)
        self.failed += bool(troubles)
        self.passed += not troubles


def attempt(ground: Ground, what: str, function, request, *arguments) -> list:
    ground.restore()
    try:
        if request.before:
            request.before()
        function(ground, request, *arguments)
        return []
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return [f"{what}: {error}"]


def try_request(ground: Ground, request: Request, step: int, report: Report):
    ground.restore()
    if request.secrets:
        ground.world.configure(secrets=request.secrets)
    found, asked, unknown = points(ground, request)
    if not found:
        report.say(f"{request.title}: nothing is called", ["no points"])
    if unknown:
        report.say(f"{request.title}: calls that nobody knows",
                   sorted(unknown))

    def try_all(what: str, some: list, function, *more):
        chosen, troubles = some[::step], []
        for point in chosen:
            troubles += attempt(ground, f"{what} at {point}", function,
                                request, point, *more)
        if chosen:
            report.say(f"{request.title}: {what} at {len(chosen)} of "
                       f"{len(some)} calls", troubles)

    try_all("killed", [p for p in found if p.kind != "read"], kill_at)
    try_all("send killed", asked, kill_send_at)
    for error, kinds in FAULTS.items():
        try_all(error, [p for p in found if p.kind in kinds], fail_at, error)


# The requests, on a ground with an app that has an add-on

def value(name: str):
    def state(world):
        return world.values(world.crash_app).get(name, "none")
    return state


def addons_of(app):
    def state(world):
        found = world.call(app.owner, "GET", app.path("/addons"),
                           want=200).data
        return ",".join(f"{addon['plan']['name']} {addon['status']}"
                        for addon in found["addons"])
    return state


def addons(world) -> str:
    return addons_of(world.crash_app)(world)


def token_named(name: str):
    def state(world):
        found = world.call(world.crash_app.owner, "GET", "/v1/tokens",
                           want=200).data["tokens"]
        return "there" if name in [token["name"] for token in found] else \
            "gone"
    return state


def account(name: str):
    def state(world):
        done = world.sutler("account", "show", name, "--json", want=None)
        if done.returncode:
            return "gone"
        return "disabled" if b'"disabled":true' in re.sub(
            rb"\s", b"", done.stdout) else "there"
    return state


def pages(world) -> str:
    return str(len(list((world.data / "state" / "sso").glob("*"))))


def app_named(name: str):
    def state(world):
        found = world.call(world.crash_app.owner, "GET", f"/v1/apps/{name}")
        return "there" if found.status == 200 else "gone"
    return state


def called(old: str, new: str):
    """Which of its names the app has: always one; both, where it was killed
    between the two and nobody has written since."""
    def state(world):
        return f"{app_named(old)(world)} {app_named(new)(world)}"
    return state


def joined(world) -> str:
    return world.call(world.crash_app.owner, "GET",
                      world.crash_app.path("/collaborators"),
                      want=200).data["collaborators"][0]["status"]


def always(_world) -> str:
    return "done"


def make_packs(ground: Ground):
    """What is packed next is merged with the packs there are, and has
    objects that stand in them."""
    world = ground.world
    for count in (4, 16):
        for number in range(count):
            world.call(ground.app.owner, "PUT",
                       ground.app.path("/variables"), {"variables": [
                           {"name": "A", "value": f"s3cret-{number % 3}"}]},
                       want=200)
        if count == 4:
            world.sutler("pack")
    world.call(ground.app.owner, "DELETE",
               ground.app.path("/variables/") + world.variables(
                   ground.app)["A"]["id"], want=204)


BIG = 240000    # bytes of a change; the journal has room for 17 of them


def big(app, letter: str) -> tuple:
    text = "s3cret-" + letter * 30000
    names = ",".join(f'{{"name":"B{i}","value":"{text}"}}'
                     for i in range(BIG // 30000))
    return "PUT", app.path("/variables"), f'{{"variables":[{names}]}}'


def fill_journal(world: World, app):
    world.sutler("tick")
    for i in range(17):
        method, path, body = big(app, "abcdefghijklmnopq"[i])
        world.call(app.owner, method, path, body=body.encode(), want=200)


def go_back(world, app) -> str:
    """A commit at which A was "old", which it is no more."""
    path = app.path("/variables")
    world.call(app.owner, "PUT", path,
               {"variables": [{"name": "A", "value": "old"}]}, want=200)
    point = world.head()
    found = world.variables(app)["A"]["id"]
    world.call(app.owner, "DELETE", f"{path}/{found}", want=204)
    return point


def propose(world, app):
    """A branch on which A is "better"."""
    clone = Clone(world)
    clone.edit(path_of(world, "apps/", app.name), variables(A="better"))
    clone.push("better", "Better")


def make_requests(ground: Ground) -> list:
    world = ground.world
    ground.app = world.crash_app = world.app()
    owner = ground.app.owner
    doomed, other = world.app(owner=owner), world.account()
    first, second = world.provider("scalingo"), world.provider("heroku")
    addon = world.addon(ground.app, first)
    signed = world.addon(doomed, second)
    resting = world.app(owner=owner)
    paused = world.addon(resting, first)["id"]
    world.sutler("addon", "suspend", paused)
    user, vendor = f"Bearer {owner.token}", basic(first.user, first.password)
    config = first.variables[0]
    before = world.values(ground.app)[config]
    make_packs(ground)
    old = world.call(owner, "POST", "/v1/tokens", {"token": {"name": "old"}},
                     want=201).data["token"]
    sign = doomed.path(f"/addons/{signed['id']}/sso")
    page = world.call(owner, "POST", sign, want=200).data["addon"]["sso_url"]
    page = page.removeprefix(world.door.public_url)
    link = world.call(owner, "POST", ground.app.path("/collaborators"),
                      {"collaborator": {"email": other.email}},
                      want=201).data["collaborator"]["invitation_link"]
    point = go_back(world, ground.app)
    fill_journal(world, ground.app)
    propose(world, ground.app)
    ground.save()
    path = ground.app.path
    return [
        Request("variable", (user, "PUT", path("/variables"),
                '{"variables":[{"name":"A","value":"new"}]}'),
                value("A"), ("none", "new")),
        Request("variable, the journal full",
                (user, *big(ground.app, "z")),
                lambda world: value("B1")(world)[-1], ("q", "z")),
        Request("config by the provider",
                (vendor, "PATCH", f"/v1/provider/apps/{ground.app.id}",
                 '{"config":{"%s":"changed"}}' % config),
                value(config), (before, "changed")),
        Request("rollback", (user, "POST", path("/rollback"),
                '{"to":"%s","names":["A"]}' % point), value("A"), ("none", "old")),
        Request("proposal apply", ["proposal", "apply", "better"],
                value("A"), ("none", "better"), again=False),
        Request("app create", (user, "POST", "/v1/apps",
                '{"app":{"name":"fresh"}}'), app_named("fresh"),
                ("gone", "there"), again=False),
        Request("app delete", (user, "DELETE", f"/v1/apps/{doomed.name}"
                f"?current_name={doomed.name}", None),
                app_named(doomed.name), ("there", "gone"), again=False),
        Request("app rename", (user, "POST", doomed.path("/rename"),
                '{"current_name":"%s","new_name":"fresh"}' % doomed.name),
                called(doomed.name, "fresh"), ("there gone", "there there", "gone there"), again=False),
        Request("invitation", (f"Bearer {other.token}", "GET",
                link.removeprefix(world.door.public_url), None), joined,
                ("pending", "accepted"), again=False),
        Request("provision", (user, "POST", path("/addons"),
                '{"addon":{"addon_provider_id":"%s","plan_id":"%s"}}' %
                (second.slug, second.plans["small"])), addons,
                ("small running", "small running,small provisioning",
                 "small running,small running"), again=False),
        Request("plan change", (user, "PATCH", path(f"/addons/{addon['id']}"),
                '{"addon":{"plan_id":"%s"}}' % first.plans["large"]), addons,
                ("small running", "large running"), again=False),
        Request("suspend", ["addon", "suspend", addon["id"]], addons,
                ("small running", "small suspended"), again=False),
        Request("resume", (user, "POST", resting.path(
                f"/addons/{paused}/resume"), None), addons_of(resting),
                ("small suspended", "small running"), again=False),
        Request("remove", (user, "DELETE", path(f"/addons/{addon['id']}"),
                None), addons, ("small running", ""), again=False),
        Request("token create", (user, "POST", "/v1/tokens",
                '{"token":{"name":"new"}}'), token_named("new"),
                ("gone", "there")),
        Request("token delete", (user, "DELETE", f"/v1/tokens/{old['id']}",
                None), token_named("old"), ("there", "gone"), again=False),
        Request("token renew", (user, "PATCH", f"/v1/tokens/{old['id']}"
                "/renew", None), token_named("old"), ("there",)),
        Request("token exchange", (basic("", owner.token), "POST",
                "/v1/tokens/exchange", None), always, ("done",)),
        Request("sso", (user, "POST", sign, None), always, ("done",)),
        Request("sso page", (None, "GET", page, None), pages, ("1", "0"),
                again=False),
        Request("account add", ["account", "add", "new", "new@example.org"],
                account("new"), ("gone", "there"), again=False),
        Request("account disable", ["account", "disable", other.name],
                account(other.name), ("there", "disabled")),
        Request("account token", ["account", "token", other.name], always,
                ("done",)),
        Request("tick", ["tick"], always, ("done",)),
        Request("pack", ["pack"], always, ("done",)),
        Request("reindex", ["reindex"], always, ("done",)),
    ]


# The requests where secrets are sealed

def how_sealed(world) -> str:
    """How the secrets stand in the records; all of them can be read."""
    values = world.values(world.crash_app)
    if values["KEPT"] != "s3cret-kept" or values["B1"][-1] != "q":
        raise AssertionError(f"values: {values}")
    records = [data for path, data in world.contents().items()
               if path.startswith("apps/")]
    sealed = any(b"sutler-sealed:" in data for data in records)
    clear = any(b"s3cret" in data for data in records)
    return "mixed" if sealed and clear else "sealed" if sealed else "clear"


def past(world) -> str:
    """The first value of A, by its history."""
    found = json.loads(world.sutler("app", "past", world.crash_app.name, "A",
                                    "--values", "--json").stdout)
    how_sealed(world)
    return found[-1]["value"]


def make_sealed(ground: Ground) -> list:
    """An app with sealed secrets, whose A was "old"; several records."""
    world = ground.world
    ground.app = world.crash_app = world.app()
    owner = ground.app.owner
    user, path = f"Bearer {owner.token}", ground.app.path
    supplier = world.provider("scalingo")
    world.addon(ground.app, supplier)
    for _ in range(3):
        other = world.app(owner=owner)
        world.call(owner, "PUT", other.path("/variables"), {"variables": [
            {"name": "X", "value": "s3cret-x"}]}, want=200)
    method, target, body = big(ground.app, "q")
    world.call(owner, method, target, body=body.encode(), want=200)
    world.call(owner, "PUT", path("/variables"), {"variables": [
        {"name": "KEPT", "value": "s3cret-kept"}]}, want=200)
    world.sutler("tick")
    world.sutler("secrets", "rotate")
    ground.save()
    yield Request("secrets seal", ["secrets", "seal"], how_sealed,
                  ("clear", "mixed", "sealed"), secrets="sealed")
    ground.restore()
    shutil.rmtree(ground.saved)
    world.sutler("secrets", "seal")
    go_back(world, ground.app)
    ground.save()
    yield Request("variable, sealed", (user, "PUT", path("/variables"),
                  '{"variables":[{"name":"A","value":"new"}]}'),
                  value("A"), ("none", "new"))
    yield Request("secrets rotate", ["secrets", "rotate"], how_sealed,
                  ("sealed",))
    yield Request("secrets rotate --drop-old",
                  ["secrets", "rotate", "--drop-old"], how_sealed,
                  ("sealed",))
    yield Request("secrets forget",
                  ["secrets", "forget", ground.app.name, "A"], past,
                  ("old", "(forgotten)"))
    yield Request("secrets clear", ["secrets", "clear"], how_sealed,
                  ("sealed", "mixed", "clear"), secrets="clear")


class Second(World):
    """Another node, begun with a clone of the first."""

    def __init__(self, first: World):
        self.first = first
        super().__init__(first.build, Direct)

    def make(self) -> dict:
        nodes.clone(self.first, self.data)
        return super().make()


class Nodes(Ground):
    """Two nodes, and what they have in etcd."""

    def __init__(self, build: Path):
        self.etcd, self.second = Etcd(), None
        try:
            super().__init__(build)
        except BaseException:
            self.etcd.close()
            raise

    def join(self):
        self.second = Second(self.world)
        for name, world in (("first", self.world), ("second", self.second)):
            world.configure(cluster=self.etcd.urls, cluster_name=name)
            world.sutler("cluster", "join")

    def save(self):
        super().save()
        shutil.copytree(self.second.data, self.second.dir / "saved",
                        symlinks=True)
        self.keys = self.etcd.keys()

    def restore(self):
        super().restore()
        shutil.rmtree(self.second.data)
        shutil.copytree(self.second.dir / "saved", self.second.data,
                        symlinks=True)
        self.etcd.only(self.keys)

    def wait(self):
        """etcd is not asked again for a second after it did not answer."""
        (self.world.data / "state" / "cluster-away").unlink(missing_ok=True)

    def check(self):
        """The other node comes to the same, whatever happened to the first."""
        self.second.call(self.app.owner, "GET",
                         self.app.path("?consistent=true"), want=200)
        heads = [world.git("rev-parse", "HEAD")
                 for world in (self.world, self.second)]
        if heads[0] != heads[1]:
            raise AssertionError(f"the nodes stand at {heads}")
        self.second.plain_equals_head()
        self.second.sutler("fsck")

    def close(self):
        super().close()
        if self.second:
            self.second.close()
        self.etcd.close()


def make_shared(ground: Nodes) -> list:
    """One node's requests, where another is, and may have been first."""
    world = ground.world
    app = ground.app = world.crash_app = world.app()
    other = world.app(owner=app.owner)
    who = authorization(app.owner)

    def set_in(some: World, one, name: str, text: str):
        some.call(one.owner, "PUT", one.path("/variables"),
                  {"variables": [{"name": name, "value": text}]}, want=200)

    set_in(world, app, "N", "old")
    ground.join()
    ground.save()
    change = (who, "PUT", app.path("/variables"),
              json.dumps({"variables": [{"name": "N", "value": "new"}]}))

    def elsewhere():
        set_in(ground.second, other, "M", "theirs")

    def here():
        set_in(ground.second, app, "M", "theirs")

    return [Request("a node's write", change, value("N"), ("old", "new")),
            Request("a node's write upon another's commit", change,
                    value("N"), ("old", "new"), before=elsewhere),
            Request("a node's write about what another has changed", change,
                    value("N"), ("old", "new"), before=here),
            Request("a node's read of what another wrote",
                    (who, "GET", app.path("/variables?consistent=true"), None),
                    value("M"), ("none", "theirs"), before=here)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--step", default=1, type=int)
    parser.add_argument("-k", dest="pattern", default="")
    options = parser.parse_args()
    report = Report()
    if not shutil.which("strace"):
        report.say("strace is not installed", ["no such program"])
    else:
        for kind, make in ((Ground, make_requests), (Ground, make_sealed),
                           (Nodes, make_shared)):
            if kind is Nodes and nodes.missing():
                print(f"ok - nodes of a cluster # SKIP no {nodes.missing()}",
                      flush=True)
                continue
            ground = kind(options.build.resolve())
            try:
                for request in make(ground):
                    if re.search(options.pattern, request.title):
                        try_request(ground, request, options.step, report)
                    elif request.secrets:   # what comes next is made so
                        ground.world.configure(secrets=request.secrets)
            finally:
                ground.close()
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
