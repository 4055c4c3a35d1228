#!/usr/bin/env python3
"""Kills and fails every kind of writing request at each of its system calls.

usage: crash.py [--build DIR] [--step N] [-k PATTERN]

Each request is run once under strace(1) to count the calls that change
anything; then again and again on a fresh copy of the same data: killed on
entering the 1st, 2nd, ... of them, and with each of them failing (ENOSPC,
EIO, EACCES, EMFILE).  After each: what was acknowledged is there, nothing is
half done, reads and the next write go on without help, `sutler fsck` and `git
fsck --strict` are content.  --step N takes every Nth point only.
"""
import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from doors import Direct, parse_cgi
from world import SECONDS, World

CALLS = ("openat,write,pwrite64,rename,unlink,mkdir,link,fdatasync,fsync,"
         "syncfs,flock,ftruncate")
LINE = re.compile(r"^(\d+) +(\w+)\((.*)")
FAULTS = {"ENOSPC": {"openat", "write", "pwrite64", "rename", "mkdir", "link"},
          "EIO": {"write", "pwrite64", "fdatasync", "fsync", "syncfs"},
          "EACCES": {"openat", "rename", "mkdir", "unlink"},
          "EMFILE": {"openat"}}


class Point(NamedTuple):
    call: str
    number: int      # among the calls of that name, from 1


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


class Ground:
    """A data directory that can be put back as it was."""

    def __init__(self, build: Path):
        self.world = World(build, Direct)
        self.saved = self.world.dir / "saved"

    def save(self):
        shutil.copytree(self.world.data, self.saved, symlinks=True)

    def restore(self):
        shutil.rmtree(self.world.data)
        shutil.copytree(self.saved, self.world.data, symlinks=True)

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
            method, path, query, {"Authorization": who}, len(body),
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


def strace(where: str, *more) -> list:
    return ["strace", "-f", "-qq", "-o", where, "-e", f"trace={CALLS}", *more]


def points(ground: Ground, request: Request) -> list:
    """The calls of the program itself that change anything."""
    log = ground.world.dir / "calls"
    ground.run(request, *strace(log))
    counts, found, first = {}, [], None
    for line in log.read_text("utf-8", "replace").splitlines():
        match = LINE.match(line)
        first = first or match[1]
        if not match or match[1] != first:
            continue
        call = match[2]
        counts[call] = counts.get(call, 0) + 1
        reads = call == "openat" and not re.search(
            r"O_CREAT|O_WRONLY|O_RDWR", match[3])
        answers = call == "write" and match[3].startswith(("1,", "2,"))
        if not reads and not answers:
            found.append(Point(call, counts[call]))
    return found


def check(ground: Ground, request: Request, done: Done):
    """What must hold after a kill or a fault."""
    world = ground.world
    state = request.state(world)
    if state not in request.states:
        raise AssertionError(f"seen: {state}, may be {request.states}")
    if done.acknowledged and state != request.states[-1]:
        raise AssertionError(f"acknowledged, and seen: {state}")
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


def kill_at(ground: Ground, request: Request, point: Point):
    done = ground.run(request, *strace(
        "/dev/null", "-e",
        f"inject={point.call}:signal=KILL:when={point.number}"))
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


def attempt(ground: Ground, what: str, function, *arguments) -> list:
    ground.restore()
    try:
        function(ground, *arguments)
        return []
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return [f"{what}: {error}"]


def try_request(ground: Ground, request: Request, step: int, report: Report):
    ground.restore()
    all_points = points(ground, request)
    chosen = all_points[::step]
    troubles = []
    for point in chosen:
        troubles += attempt(ground, f"killed at {point}", kill_at, request,
                            point)
    report.say(f"{request.title}: killed at {len(chosen)} of "
               f"{len(all_points)} calls", troubles)
    for error, calls in FAULTS.items():
        chosen = [p for p in all_points if p.call in calls][::step]
        troubles = []
        for point in chosen:
            troubles += attempt(ground, f"{error} at {point}", fail_at,
                                request, point, error)
        if chosen:
            report.say(f"{request.title}: {error} at {len(chosen)} calls",
                       troubles)


# The requests, on a ground with an app that has an add-on

def value(name: str):
    def state(world):
        return world.values(world.crash_app).get(name, "none")
    return state


def addons(world) -> str:
    found = world.call(world.crash_app.owner, "GET",
                       world.crash_app.path("/addons"), want=200).data
    return ",".join(addon["status"] for addon in found["addons"])


def app_named(name: str):
    def state(world):
        found = world.call(world.crash_app.owner, "GET", f"/v1/apps/{name}")
        return "there" if found.status == 200 else "gone"
    return state


def always(_world) -> str:
    return "done"


def make_requests(ground: Ground) -> list:
    world = ground.world
    ground.app = world.crash_app = world.app()
    doomed = world.app(owner=ground.app.owner)
    first, second = world.provider("scalingo"), world.provider("heroku")
    addon = world.addon(ground.app, first)
    world.addon(doomed, second)
    user = f"Bearer {ground.app.owner.token}"
    vendor = world_basic(first)
    config = first.variables[0]
    before = world.values(ground.app)[config]
    ground.save()
    path = ground.app.path
    return [
        Request("variable", (user, "PUT", path("/variables"),
                '{"variables":[{"name":"A","value":"new"}]}'),
                value("A"), ("none", "new")),
        Request("config by the provider",
                (vendor, "PATCH", f"/v1/provider/apps/{ground.app.id}",
                 '{"config":{"%s":"changed"}}' % config),
                value(config), (before, "changed")),
        Request("app create", (user, "POST", "/v1/apps",
                '{"app":{"name":"fresh"}}'), app_named("fresh"),
                ("gone", "there"), again=False),
        Request("app delete", (user, "DELETE", f"/v1/apps/{doomed.name}"
                f"?current_name={doomed.name}", None),
                app_named(doomed.name), ("there", "gone"), again=False),
        Request("provision", (user, "POST", path("/addons"),
                '{"addon":{"addon_provider_id":"%s","plan_id":"%s"}}' %
                (second.slug, second.plans["small"])), addons,
                ("running", "running,provisioning", "running,running"),
                again=False),
        Request("remove", (user, "DELETE", path(f"/addons/{addon['id']}"),
                None), addons, ("running", ""), again=False),
        Request("tick", ["tick"], always, ("done",)),
        Request("pack", ["pack"], always, ("done",)),
        Request("reindex", ["reindex"], always, ("done",)),
    ]


def world_basic(supplier) -> str:
    from world import basic
    return basic(supplier.user, supplier.password)


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
        ground = Ground(options.build.resolve())
        try:
            for request in make_requests(ground):
                if re.search(options.pattern, request.title):
                    try_request(ground, request, options.step, report)
        finally:
            ground.world.close()
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
