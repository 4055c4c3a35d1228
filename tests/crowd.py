#!/usr/bin/env python3
"""Many writers at once, through a real server.

usage: crowd.py [--build DIR] [--writers N] [--writes N] [--apps N]

Each writer is a process with a connection of its own.  Some of what it does
sets a variable of its own in some app; as much adds one to a counter that all
share, by If-Match on what it read; providers change their config, apps are
made, buy an add-on and are deleted; tick and pack run beside.

Afterwards the history is read: its order explains every value, every change
that was acknowledged is there once, whole and alone, and none came before one
that had been acknowledged when it was asked for.  Nobody waited for more than
LONGEST seconds.
"""
import argparse
import collections
import http.client
import json
import multiprocessing
import random
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import history
from doors import Lighttpd
from world import World, authorization

HONEST = (409, 412)
LONGEST = 5.0      # s that a change may take which asks no provider
SOLD = 10          # apps with an add-on


class Done(NamedTuple):
    """A change that was acknowledged."""
    request: str
    kind: str
    app: str
    name: str
    value: str
    asked: float     # s, by the clock that all processes share
    answered: float


class Work(NamedTuple):
    """What a writer is told."""
    number: int
    writes: int
    url: str
    user: str        # Authorization of the owner, and of the provider
    provider: str
    slug: str
    plan: str
    config: str      # the variable that the provider may set
    apps: list
    sold: list       # (name, id) of those with an add-on


class Writer:
    def __init__(self, work: Work):
        self.work = work
        self.url = urllib.parse.urlsplit(work.url)
        self.chance = random.Random(work.number)
        self.done, self.odd, self.conflicts = [], [], 0
        self.longest, self.count = 0.0, 0

    def call(self, who: str, method: str, path: str, data=None, revision=""):
        headers = {"Authorization": who, "Content-Type": "application/json"}
        if revision:
            headers["If-Match"] = f'"{revision}"'
        link = http.client.HTTPConnection(self.url.hostname, self.url.port,
                                          timeout=60)
        link.request(method, path, None if data is None else json.dumps(data),
                     headers)
        answer = link.getresponse()
        text = answer.read()
        link.close()
        return answer, json.loads(text) if text else None

    def change(self, kind: str, app: str, name: str, value: str, *call,
               slow=False):
        """One request that changes something; None where it did not."""
        asked = time.monotonic()
        answer, body = self.call(*call)
        answered = time.monotonic()
        if not slow:
            self.longest = max(self.longest, answered - asked)
        if answer.status // 100 == 2:
            self.done.append(Done(answer.getheader("X-Request-Id"), kind, app,
                                  name, value, asked, answered))
            return body or {}
        if answer.status in HONEST and kind == "count":
            self.conflicts += 1
        else:
            self.odd.append((kind, answer.status, body))
        return None

    def fresh(self) -> str:
        self.count += 1
        return f"{self.work.number}-{self.count}"

    def set_own(self):
        """A variable that no other writer sets."""
        app, name = self.chance.choice(self.work.apps), f"W{self.work.number}"
        value = self.fresh()
        self.change("set", app, name, value, self.work.user, "PUT",
                    f"/v1/apps/{app}/variables",
                    {"variables": [{"name": name, "value": value}]})

    def count_up(self):
        """One more on a shared counter; somebody else may be quicker."""
        app = self.chance.choice(self.work.apps)
        path, counted = f"/v1/apps/{app}/variables", None
        while counted is None and not self.odd:
            answer, body = self.call(self.work.user, "GET", path)
            now = {var["name"]: var["value"] for var in body["variables"]}
            value = str(int(now.get("COUNT", "0")) + 1)
            counted = self.change(
                "count", app, "COUNT", value, self.work.user, "PUT", path,
                {"variables": [{"name": "COUNT", "value": value}]},
                answer.getheader("X-Revision"))

    def configure(self):
        """The provider sets its variable of an app."""
        app, ident = self.chance.choice(self.work.sold)
        value = self.fresh()
        self.change("config", app, self.work.config, value,
                    self.work.provider, "PATCH", f"/v1/provider/apps/{ident}",
                    {"config": {self.work.config: value}})

    def live(self):
        """An app is made, buys an add-on and is deleted."""
        app, user = f"app-{self.fresh()}", self.work.user
        if self.change("create", app, "", "", user, "POST", "/v1/apps",
                       {"app": {"name": app}}) is None:
            return
        self.change("provision", app, "", "", user, "POST",
                    f"/v1/apps/{app}/addons", {"addon": {
                        "addon_provider_id": self.work.slug,
                        "plan_id": self.work.plan}}, slow=True)
        self.change("delete", app, "", "", user, "DELETE",
                    f"/v1/apps/{app}?current_name={app}", slow=True)

    def write(self):
        acts = (self.set_own, self.count_up, self.configure, self.live)
        while len(self.done) < self.work.writes and not self.odd:
            self.chance.choices(acts, (44, 44, 10, 2))[0]()


def write(work: Work) -> tuple:
    writer = Writer(work)
    writer.write()
    return writer.done, writer.odd, writer.conflicts, writer.longest


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, good, title: str, why=""):
        good = bool(good)
        self.passed += good
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.passed + self.failed} - "
              f"{title}", flush=True)
        if not good and why:
            print(f"# {why}"[:3000], flush=True)


def explains(step: history.Step, done: Done) -> bool:
    """The commit makes the change that was acknowledged, and no other."""
    path = history.path_of(done.app)
    others = {p for p in step.changes if p != path}
    # an order, and a removal, is open work until it is settled
    if others and (done.kind not in ("delete", "provision") or not all(
            p.startswith("open/") for p in others)):
        return False
    if path not in step.changes:   # the second half of a deletion
        return done.kind == "delete"
    before, after = step.changes[path]
    if done.kind == "delete":
        return after is None
    if done.kind == "create":
        return before is None and after["name"] == done.app
    changed = history.difference(before, after)
    if done.kind == "provision":
        return all(where[0] == "addons" for where in changed)
    (where, (old, new)), *more = changed.items()
    if more or where[-1] != done.name or new != done.value:
        return False
    if done.kind == "count":
        return int(new) == int(old or "0") + 1
    return where[0] == ("addons" if done.kind == "config" else "variables")


def look(steps: list, found: list, checks: Checks):
    """Hold the history against what was acknowledged."""
    known = {done.request: done for dones, *_ in found for done in dones}
    times = collections.Counter(
        step.request() for step in steps
        if any(path.startswith("apps/") for path in step.changes))
    wrong = [(done.kind, times[done.request]) for done in known.values()
             if times[done.request] != 1 + (done.kind == "provision")]
    wrong += [step.subject for step in steps
              if step.request() not in known and any(
                  not path.startswith("open/") for path in step.changes)]
    checks.that(not wrong, f"{len(known)} changes acknowledged, each "
                "committed once, and nothing else", f"{wrong[:10]}")
    mine = [(step, known[step.request()]) for step in steps
            if step.request() in known]
    wrong = [f"{step.subject}: {done}" for step, done in mine
             if not explains(step, done)]
    checks.that(not wrong, "every commit is its own change alone, and the "
                "counters go up by one", f"{wrong[:5]}")
    wrong, latest = [], 0.0
    for step, done in mine:
        latest = max(latest, done.asked)
        if done.answered < latest:
            wrong.append(f"{step.subject}: {done}")
    checks.that(not wrong, "none stands behind one that was asked for after "
                "its answer", f"{wrong[:5]}")
    order = {step.request(): place for place, step in enumerate(steps)}
    wrong = []
    for dones, *_ in found:
        places = [order.get(done.request, -1) for done in dones]
        wrong += [a for a, b in zip(places, places[1:]) if a > b]
    checks.that(not wrong, "each writer's changes stand in its own order",
                f"{len(wrong)} do not")


def sound(world: World, checks: Checks):
    for title, step in (("plain files equal HEAD", world.plain_equals_head),
                        ("git fsck is content", world.fsck),
                        ("sutler fsck is content",
                         lambda: world.sutler("fsck"))):
        try:
            step()
            checks.that(True, title)
        except AssertionError as error:
            checks.that(False, title, str(error)[:500])


class Beside(threading.Thread):
    """Ticks and packs until it is told to stop."""

    def __init__(self, world: World):
        super().__init__(daemon=True)
        self.world, self.over, self.trouble = world, threading.Event(), ""

    def run(self):
        try:
            while not self.over.wait(0.5):
                self.world.sutler("tick")
                self.world.sutler("pack")
        except AssertionError as error:
            self.trouble = str(error)

    def stop(self):
        self.over.set()
        self.join()


def all_work(world: World, options) -> list:
    owner, supplier = world.account(), world.provider("scalingo")
    apps = [world.app(owner=owner) for _ in range(options.apps)]
    for app in apps[:SOLD]:
        world.addon(app, supplier)
    return [Work(number, options.writes // options.writers, world.demo["URL"],
                 authorization(owner), authorization(supplier), supplier.slug,
                 supplier.plans["small"], supplier.variables[0],
                 [app.name for app in apps],
                 [(app.name, app.id) for app in apps[:SOLD]])
            for number in range(options.writers)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--writers", default=32, type=int)
    parser.add_argument("--writes", default=10000, type=int)
    parser.add_argument("--apps", default=50, type=int)
    options = parser.parse_args()
    checks = Checks()
    world = World(options.build.resolve(), Lighttpd)
    try:
        works = all_work(world, options)
        since = world.head()
        beside = Beside(world)
        with multiprocessing.get_context("spawn").Pool(
                options.writers) as pool:
            beside.start()
            before = time.monotonic()
            found = pool.map(write, works, chunksize=1)
            seconds = time.monotonic() - before
            beside.stop()
        checks.that(not beside.trouble, "tick and pack run beside",
                    beside.trouble)
        odd = [odd for _, odds, *_ in found for odd in odds]
        checks.that(not odd, "no failure but honest conflicts", f"{odd[:20]}")
        look(history.steps(world.store, since), found, checks)
        longest = max(longest for *_, longest in found)
        checks.that(longest <= LONGEST, f"nobody waits for more than "
                    f"{LONGEST:.0f} s", f"{longest:.2f} s")
        sound(world, checks)
        writes = sum(len(dones) for dones, *_ in found)
        print(f"# {writes} writes by {options.writers} in {seconds:.1f} s, "
              f"{writes / seconds:.0f} a second, "
              f"{sum(conflicts for *_, conflicts, _ in found)} conflicts, "
              f"longest wait {longest:.2f} s")
    finally:
        world.close()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
