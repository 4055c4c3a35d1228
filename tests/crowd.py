#!/usr/bin/env python3
"""Many writers at once, through a real server.

usage: crowd.py [--build DIR] [--writers N] [--writes N] [--apps N]

Each writer is a process with a connection of its own.  Half of what it does
sets a variable of its own in some app; the other half adds one to a counter
that all share, by If-Match on what it read.  Afterwards: every counter is what
was acknowledged, every acknowledged request is one commit and no commit is
anybody else's, the store is sound.  The longest wait is printed.
"""
import argparse
import http.client
import json
import multiprocessing
import random
import sys
import time
import urllib.parse
from pathlib import Path

from doors import Lighttpd
from scenario_base import trailers
from world import World

HONEST = (409, 412)


class Client:
    def __init__(self, url: str, token: str):
        self.url = urllib.parse.urlsplit(url)
        self.token = token
        self.longest = 0.0

    def call(self, method: str, path: str, data=None, revision=""):
        headers = {"Authorization": f"Bearer {self.token}",
                   "Content-Type": "application/json"}
        if revision:
            headers["If-Match"] = f'"{revision}"'
        body = None if data is None else json.dumps(data)
        link = http.client.HTTPConnection(self.url.hostname, self.url.port,
                                          timeout=60)
        before = time.monotonic()
        link.request(method, path, body, headers)
        answer = link.getresponse()
        text = answer.read()
        self.longest = max(self.longest, time.monotonic() - before)
        link.close()
        return (answer.status, json.loads(text) if text else None,
                answer.getheader("X-Request-Id"),
                answer.getheader("X-Revision"))


def put(name: str, value) -> dict:
    return {"variables": [{"name": name, "value": str(value)}]}


def count_up(client: Client, app: str, done: dict):
    """One more on the shared counter; somebody else may be quicker."""
    path = f"/v1/apps/{app}/variables"
    while True:
        _, body, _, revision = client.call("GET", path)
        now = {var["name"]: var["value"] for var in body["variables"]}
        status, _, request, _ = client.call(
            "PUT", path, put("COUNT", int(now.get("COUNT", "0")) + 1),
            revision)
        if status == 200:
            done["counts"][app] = done["counts"].get(app, 0) + 1
            done["requests"].append(request)
            return
        if status not in HONEST:
            done["odd"].append(status)
            return
        done["conflicts"] += 1


def write(work: tuple) -> dict:
    """One writer: what it was acknowledged."""
    number, writes, url, token, apps = work
    chance = random.Random(number)
    client = Client(url, token)
    done = {"counts": {}, "requests": [], "odd": [], "last": {},
            "conflicts": 0}
    for i in range(writes):
        app = chance.choice(apps)
        if i % 2:
            count_up(client, app, done)
            continue
        name, value = f"W{number}", f"{number}-{i}"
        status, _, request, _ = client.call(
            "PUT", f"/v1/apps/{app}/variables", put(name, value))
        if status == 200:
            done["requests"].append(request)
            done["last"][f"{app} {name}"] = value
        else:
            done["odd"].append(status)
    done["longest"] = client.longest
    return done


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
            print(f"# {why}", flush=True)


def look(world: World, apps: list, found: list, checks: Checks):
    odd = [status for done in found for status in done["odd"]]
    checks.that(not odd, "no failure but honest conflicts", f"{odd[:20]}")
    counts, last, wrong = {}, {}, []
    for done in found:
        last.update(done["last"])
        for app, n in done["counts"].items():
            counts[app] = counts.get(app, 0) + n
    for app in apps:
        values = world.values(app)
        if values.get("COUNT", "0") != str(counts.get(app.name, 0)):
            wrong.append(f"{app.name}: {values.get('COUNT')} of "
                         f"{counts.get(app.name, 0)}")
        wrong += [f"{key}: {values.get(key.split()[1])}, not {value}"
                  for key, value in last.items()
                  if key.split()[0] == app.name
                  and values.get(key.split()[1]) != value]
    checks.that(not wrong, "no update is lost", f"{wrong[:10]}")
    asked = sorted(r for done in found for r in done["requests"])
    made = sorted(r for message in world.messages()
                  if " set " in message.split("\n")[0]
                  for r in trailers(message).get("Request-Id", []))
    checks.that(asked == made, "one commit per acknowledged change",
                f"{len(asked)} acknowledged, {len(made)} committed")


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
        owner = world.account()
        apps = [world.app(owner=owner) for _ in range(options.apps)]
        each = options.writes // options.writers
        before = time.monotonic()
        with multiprocessing.get_context("spawn").Pool(
                options.writers) as pool:
            found = pool.map(write, [
                (number, each, world.demo["URL"], owner.token,
                 [app.name for app in apps])
                for number in range(options.writers)], chunksize=1)
        seconds = time.monotonic() - before
        look(world, apps, found, checks)
        sound(world, checks)
        print(f"# {each * options.writers} writes by {options.writers} in "
              f"{seconds:.1f} s, {sum(d['conflicts'] for d in found)} "
              f"conflicts, longest wait "
              f"{max(d['longest'] for d in found):.2f} s")
    finally:
        world.close()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
