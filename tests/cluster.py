#!/usr/bin/env python3
"""Several nodes, one history: writers on all of them, and one trouble after
the other.

usage: cluster.py [--build DIR] [--nodes N] [--members N] [--pace N]
                  [--rounds N] [--rows PATTERN] [--seed N] [--tls]

Real etcd members and sutler nodes on loopback (nodes.py).  Each row is a
trouble that comes while writers of every node change the same records: as
crowd.py's do, and as clients of registers, who read with ?consistent=true,
write, and write by If-Match on what they read.  Once it is over, and all nodes
have what there is, every change that was acknowledged is found once in one
line of commits, one that was refused is not, and one whose outcome nobody
heard of is at most once; all nodes stand at the same commit, with the same
plain files; git and sutler find nothing to complain of; and the registers'
history is linearizable (linear.py).

A row waits for commits, not for time: --pace of them before, during and after
the trouble.  --rounds: all rows so many times, with other victims.  --tls:
etcd is spoken to by TLS, as a user who may do no more than is needed.
"""
import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import crowd
import history
import linear
import nodes
from linear import UNKNOWN, Op

SECONDS = 180      # the longest that a thing is waited for
REGISTERS = 2
WRITERS = 2        # of crowd.py's kind, on each node
BACK_OFF = 0.1     # s, after an answer that says nothing
APPS = 6           # that all write to
AWAY = 1           # s that a node does not ask etcd again, lib/cluster.h
LARGE, LARGE_VALUE = 20, 30000   # variables of an app, and bytes of each
ODD = 20           # answers of the wrong kind, after which a writer ends


class Task(NamedTuple):
    """What a writer is told."""
    work: crowd.Work
    network: str     # its node's; "": ours
    stop: str        # a file: it ends once this is there
    registers: tuple
    rough: bool      # a connection may break, an answer be the server's own


class Told(NamedTuple):
    """What a writer tells."""
    done: list
    odd: list
    conflicts: int
    longest: float
    unknown: list    # Done, whose outcome nobody knows
    ops: list        # of registers


class Lost(NamedTuple):
    """No answer, or none of sutler's."""
    status: int = 0

    def getheader(self, _name: str) -> str:
        return ""


class Writer(crowd.Writer):
    """One who does not know what came of what was not acknowledged."""

    def __init__(self, task: Task):
        super().__init__(task.work)
        self.task = task
        self.unknown, self.ops, self.asked = [], [], 0

    def told(self) -> Told:
        return Told(self.done, self.odd, self.conflicts, self.longest,
                    self.unknown, self.ops)

    def request_id(self) -> str:
        return f"w{self.work.number}-{self.asked}"

    def call(self, who: str, method: str, path: str, data=None, revision=""):
        self.asked += 1
        headers = {"Authorization": who, "Content-Type": "application/json",
                   "X-Request-Id": self.request_id()}
        if revision:
            headers["If-Match"] = f'"{revision}"'
        link = http.client.HTTPConnection(self.url.hostname, self.url.port,
                                          timeout=SECONDS)
        try:
            link.request(method, path,
                         None if data is None else json.dumps(data), headers)
            answer = link.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return Lost(), None
        finally:
            link.close()
        try:
            return answer, json.loads(text) if text else None
        except ValueError:
            return Lost(answer.status), None

    def change(self, kind: str, app: str, name: str, value: str, *call,
               slow=False):
        """One request that changes something; None where it is not known to
        have done so."""
        asked = time.monotonic()
        answer, body = self.call(*call)
        answered = time.monotonic()
        self.status = answer.status
        change = crowd.Done(self.request_id(), kind, app, name, value, asked,
                            answered)
        if answer.status // 100 == 2:
            self.longest = max(self.longest, answered - asked)
            self.done.append(change)
            return body or {}
        if answer.status in crowd.HONEST:
            self.conflicts += 1
            return None
        sutler = not isinstance(answer, Lost)
        if answer.status == 503 and sutler and answer.getheader("Retry-After"):
            pass
        elif not self.task.rough or answer.status not in (0, 500, 503):
            self.odd.append((kind, app, answer.status, body,
                             self.request_id()))
        self.unknown.append(change._replace(answered=UNKNOWN))
        time.sleep(BACK_OFF)
        return None

    def look_up(self, app: str, query=""):
        """(revision, variables) of app, or None."""
        path = f"/v1/apps/{app}/variables{query}"
        answer, body = self.call(self.work.user, "GET", path)
        if answer.status == 200:
            return (answer.getheader("X-Revision"),
                    {var["name"]: var["value"] for var in body["variables"]})
        if answer.status != 503 and not self.task.rough:
            self.odd.append(("read", path, answer.status, body,
                             self.request_id()))
        time.sleep(BACK_OFF)
        return None

    def put(self, kind: str, app: str, name: str, value: str, revision=""):
        return self.change(kind, app, name, value, self.work.user, "PUT",
                           f"/v1/apps/{app}/variables",
                           {"variables": [{"name": name, "value": value}]},
                           revision)

    def count_up(self):
        app = self.chance.choice(self.work.apps)
        now = self.look_up(app)
        if now is not None:
            self.put("count", app, "COUNT",
                     str(int(now[1].get("COUNT", "0")) + 1), now[0])

    def live(self):
        """An app is made and deleted."""
        app, user = f"app-{self.fresh()}", self.work.user
        if self.change("create", app, "", "", user, "POST", "/v1/apps",
                       {"app": {"name": app}}) is not None:
            self.change("delete", app, "", "", user, "DELETE",
                        f"/v1/apps/{app}?current_name={app}")

    def register(self):
        """Read a register, write it, or compare and write."""
        app = self.chance.choice(self.task.registers)
        kind = self.chance.choice(("read", "read", "write", "cas"))
        asked, seen = time.monotonic(), None
        if kind != "write":
            seen = self.look_up(app, "?consistent=true")
            if seen is None:
                return
            old = seen[1].get("REG")
            self.ops.append(Op(app, "read", asked, time.monotonic(), old))
        if kind == "read":
            return
        value, asked = self.fresh(), time.monotonic()
        good = self.put("set", app, "REG", value, seen[0] if seen else "")
        end = time.monotonic()
        if good is None and self.status == 409:
            return
        if good is None and self.status == 412:
            self.ops.append(Op(app, "miss", asked, end, None, old))
            return
        self.ops.append(Op(app, kind, asked, UNKNOWN if good is None else end,
                           value, old if kind == "cas" else None))

    def write(self):
        acts = (self.set_own, self.count_up, self.configure, self.live)
        while not Path(self.task.stop).exists() and len(self.odd) < ODD:
            if self.task.registers:
                self.register()
            else:
                self.chance.choices(acts, (44, 44, 10, 2))[0]()


def write(task: Task) -> Told:
    writer = Writer(task)
    with nodes.within(task.network):
        writer.write()
    return writer.told()


class Scene:
    """The cluster while a row goes on."""

    def __init__(self, cluster: nodes.Cluster, options, checks, works: list):
        self.cluster, self.checks, self.works = cluster, checks, works
        self.nodes, self.etcd = cluster.nodes, cluster.etcd
        self.pace, self.number = options.pace, 0
        self.chance = random.Random(options.seed)
        self.own = None        # a writer of ours
        self.running = None    # the others
        self.came = False      # of the unknown some have to be found done
        self.registers = ()
        self.since = ""        # the commit behind which all is judged
        self.rough = False     # the row is

    def url(self, node) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(node.door.public_url)

    def tasks(self, row, stop: str) -> list:
        found = []
        for node in self.nodes:
            for place in range(WRITERS + 1):
                self.number += 1
                work = self.works[0]._replace(number=self.number,
                                              url=node.door.public_url)
                found.append(Task(
                    work, node.network.name if node.network else "", stop,
                    self.registers if place == WRITERS else (), row.rough))
        return found

    def writer(self) -> Writer:
        """One of ours, who begins anew."""
        self.number += 1
        return Writer(Task(self.works[0]._replace(number=self.number), "", "",
                           (), self.rough))

    def log_begins(self) -> int:
        """The number of the oldest commit that etcd has."""
        keys = self.etcd.control("get", "/sutler/log/", "--prefix",
                                 "--keys-only", "--limit", "1").split()
        return int(keys[0].rpartition("/")[2], 16) if keys else 1 << 60

    def goes_on(self, some=None, pace=0):
        """Until each of these nodes has come on by a few heads."""
        end = time.monotonic() + SECONDS
        for node in some or self.nodes:
            count, seen = 0, node.head()
            while count < (pace or self.pace):
                now = node.head()
                count += now != seen
                seen = now
                if time.monotonic() > end or self.running.ready():
                    raise AssertionError(f"{node.name} stands still: "
                                         f"{node.door.said()[-800:]}")
                time.sleep(0.02)

    def others(self, *some) -> list:
        return [node for node in self.nodes if node not in some]

    def ask(self, node, method: str, *words):
        """What our own writer does, through node."""
        self.own.url = self.url(node)
        with node.door.inside():
            return getattr(self.own, method)(*words)


# Each trouble begins once all write, and is over when its function ends.

def quiet(_scene: Scene):
    pass


def own_writes(scene: Scene):
    """What a node wrote, it reads, consistent or not."""
    wrong = []
    for turn in range(scene.pace):
        for node in scene.nodes:
            name, app = f"OWN{scene.own.work.number}", scene.works[0].apps[0]
            value = scene.own.fresh()
            if scene.ask(node, "put", "set", app, name, value) is None:
                wrong.append((node.name, scene.own.status))
                continue
            seen = scene.ask(node, "look_up", app)
            if seen is None or seen[1].get(name) != value:
                wrong.append((node.name, turn, seen and seen[1].get(name)))
    scene.checks.that(not wrong, "what is written through a node is read "
                      "there at once", f"{wrong}")


def processes_killed(scene: Scene):
    """Whatever of sutler's runs, on any node."""
    killed = 0
    while killed < 4 * scene.pace:
        node = scene.chance.choice(scene.nodes)
        pids = node.at_work()
        scene.chance.shuffle(pids)
        for pid in pids[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        if node.follower.poll() is not None:
            node.end_follower()
            node.follow()
    scene.goes_on()


def node_killed(scene: Scene):
    node = scene.chance.choice(scene.nodes)
    node.kill()
    scene.goes_on(scene.others(node))
    node.again()
    scene.goes_on()


def member_killed(scene: Scene):
    leader = scene.cluster.leader()
    member = scene.chance.choice([m for m in scene.etcd.members
                                  if m is not leader])
    member.kill()
    scene.goes_on()
    member.start()
    scene.etcd.wait()


def leader_killed(scene: Scene):
    leader = scene.cluster.leader()
    leader.kill()
    scene.goes_on()
    leader.start()
    scene.etcd.wait()


def leader_paused(scene: Scene):
    leader = scene.cluster.leader()
    leader.pause()
    try:
        scene.goes_on()
    finally:
        leader.go_on()
    scene.etcd.wait()


def member_hangs(scene: Scene):
    """The one that a node asks first takes questions, and answers none."""
    node, app = scene.nodes[0], scene.works[0].apps[0]
    node.end_follower()
    kept = node.data / "state" / "etcd-endpoint"
    first = kept.read_text("ascii") if kept.exists() else ""
    member = next((m for m in scene.etcd.members if m.url == first),
                  scene.etcd.members[0])
    member.pause()
    try:
        end = time.monotonic() + SECONDS / 3
        while scene.ask(node, "put", "set", app, "HANGS",
                        scene.own.fresh()) is None and \
                time.monotonic() < end:
            pass
        scene.checks.that(scene.own.status == 200, "another one is asked",
                          f"{scene.own.status}")
    finally:
        member.go_on()
    scene.etcd.wait()
    node.follow()


def refused(scene: Scene):
    """Without etcd: 503 to changes and consistent reads; the rest goes on and
    says how old it is."""
    app = scene.works[0].apps[0]
    path = f"/v1/apps/{app}/variables"
    user = scene.works[0].user
    for node in scene.nodes:
        end = time.monotonic() + SECONDS
        while scene.ask(node, "put", "set", app, "AWAY",
                        scene.own.fresh()) is not None:
            if time.monotonic() > end:
                break
        scene.checks.that(
            scene.own.status == 503 and not scene.own.odd,
            f"{node.name} answers a change with 503 and Retry-After",
            f"{scene.own.status} {scene.own.odd}")
        answer, _ = scene.ask(node, "call", user, "GET",
                              f"{path}?consistent=true")
        scene.checks.that(
            answer.status == 503 and answer.getheader("Retry-After"),
            f"{node.name} answers a consistent read so", f"{answer.status}")
        ages, end = [], time.monotonic() + SECONDS
        while len(set(ages)) < 2 and time.monotonic() < end:
            answer, _ = scene.ask(node, "call", user, "GET", path)
            ages.append((answer.status, answer.getheader("X-Data-Age")))
            time.sleep(0.2)
        scene.checks.that(
            {status for status, _ in ages} == {200} and
            all(age is not None and age.isdigit() for _, age in ages) and
            int(ages[-1][1]) > int(ages[0][1]),
            f"{node.name} goes on reading, and says how old that is",
            f"{ages[:3]} … {ages[-3:]}")


def quorum_lost(scene: Scene):
    """All but one member are killed."""
    victims = scene.chance.sample(scene.etcd.members,
                                  len(scene.etcd.members) - 1)
    for member in victims:
        member.kill()
    refused(scene)
    for member in victims:
        member.start()
    scene.etcd.wait()


def etcd_paused(scene: Scene):
    """What was asked meanwhile is done later, and nobody hears of it."""
    for _ in range(3):
        for member in scene.etcd.members:
            member.pause()
        try:
            for node in scene.nodes:
                end = time.monotonic() + SECONDS
                while scene.ask(node, "put", "set", scene.works[0].apps[0],
                                "AWAY", scene.own.fresh()) is not None and \
                        time.monotonic() < end:
                    pass
        finally:
            for member in scene.etcd.members:
                member.go_on()
        scene.etcd.wait()
        scene.goes_on(pace=2)


@contextlib.contextmanager
def by_way_of(scene: Scene, **how):
    """The first node reaches etcd by what stands between, which is given; its
    writers ask for themselves."""
    node, urls = scene.nodes[0], scene.etcd.urls
    node.end_follower()
    stands = [nodes.Between(url, **how) for url in urls.split(",")]
    try:
        node.configure(cluster=",".join(one.url for one in stands))
        # who asked by the one that was ended took etcd to be away
        time.sleep(AWAY + 1)
        yield stands
    finally:
        node.configure(cluster=urls)
        node.follow()
        for one in stands:
            one.close()


def answers_lost(scene: Scene):
    """etcd does what a node asks for, which never hears of it.  Its writers
    ask for themselves: on a connection that is kept, libcurl would ask once
    more, and hear that it had been done."""
    with by_way_of(scene, lose=3) as stands:
        end = time.monotonic() + SECONDS
        while sum(one.lost for one in stands) < 4 * scene.pace and \
                time.monotonic() < end:
            time.sleep(0.05)
    scene.came = True


def keeps_up(scene: Scene, what: str):
    """The first node, which is slower than the others, is not overtaken for
    ever."""
    refused = []
    for _ in range(2 * scene.pace):
        if scene.ask(scene.nodes[0], "put", "set", scene.works[0].apps[0],
                     f"LATE{scene.own.work.number}",
                     scene.own.fresh()) is None:
            refused.append(scene.own.status)
    scene.checks.that(not refused, f"a node {what} gets its changes done",
                      f"{refused}")


def far_from_etcd(scene: Scene):
    with by_way_of(scene, delay=0.02):
        keeps_up(scene, "that is far from etcd")


def slow_disk(scene: Scene):
    scene.nodes[0].disk_takes(150)
    keeps_up(scene, "whose disk is slow")
    scene.nodes[0].disk_takes(0)


def node_paused(scene: Scene):
    """In the middle of whatever it did; what it knew is old when it goes
    on."""
    for _ in range(3):
        node = scene.chance.choice(scene.nodes)
        node.pause()
        try:
            scene.goes_on(scene.others(node))
        finally:
            node.go_on()
        scene.goes_on([node])


def node_cut_off(scene: Scene):
    node = scene.nodes[2]
    scene.cluster.network.cut()
    try:
        scene.goes_on(scene.others(node))
        app = scene.works[0].apps[0]
        end = time.monotonic() + SECONDS
        while scene.ask(node, "put", "set", app, "AWAY",
                        scene.own.fresh()) is not None and \
                time.monotonic() < end:
            pass
        scene.checks.that(scene.own.status == 503, "the one that is cut off "
                          "answers 503", f"{scene.own.status}")
        scene.checks.that(scene.ask(node, "look_up", app) is not None,
                          "and goes on reading")
    finally:
        scene.cluster.network.mend()
    scene.goes_on()


def no_space(scene: Scene):
    node = scene.nodes[1]
    node.fill()
    try:
        app = scene.works[0].apps[0]
        end = time.monotonic() + SECONDS
        while scene.ask(node, "put", "set", app, "FULL",
                        scene.own.fresh()) is not None and \
                time.monotonic() < end:
            pass
        scene.checks.that(scene.own.status in (500, 503), "the one without "
                          "space does not acknowledge", f"{scene.own.status}")
        scene.goes_on(scene.others(node))
    finally:
        node.empty()
    scene.goes_on()


def stale(scene: Scene):
    """A node that takes nothing reads what was, and the checker sees it."""
    writer, reader = scene.nodes[:2]
    reader.end_follower()
    app, ops = scene.registers[0], {"": [], "?consistent=true": []}
    value = scene.own.fresh()
    asked = time.monotonic()
    scene.ask(writer, "put", "set", app, "OLD", value)
    first = Op(app, "write", asked, time.monotonic(), value)
    for query, found in ops.items():
        asked = time.monotonic()
        seen = scene.ask(reader, "look_up", app, query)
        found += [first, Op(app, "read", asked, time.monotonic(),
                            seen and seen[1].get("OLD"))]
    reader.follow()
    scene.checks.that(linear.trouble(ops[""]), "a node's own copy is found "
                      "not to be linearizable", f"{ops}")
    scene.checks.that(not linear.trouble(ops["?consistent=true"]),
                      "a consistent read is", f"{ops}")


def refusals(scene: Scene):
    """A node that takes nothing refuses no change for what it does not
    know."""
    writer, reader = scene.nodes[:2]
    reader.end_follower()
    app, user = f"app-{scene.own.fresh()}", scene.own.work.user
    create = ("change", "create", app, "", "", user, "POST", "/v1/apps",
              {"app": {"name": app}})
    delete = ("change", "delete", app, "", "", user, "DELETE",
              f"/v1/apps/{app}?current_name={app}")
    put = ("put", "set", app, "NEW")
    revisions = []

    def newest():
        revisions.append(scene.ask(writer, "look_up", app)[0])
        return revisions[-1]

    for title, before, act in (
            ("an app that it has not heard of", create,
             lambda: (*put, scene.own.fresh())),
            ("a revision that it has not", (*put, scene.own.fresh()),
             lambda: (*put, scene.own.fresh(), newest())),
            ("a name that is free again", delete, lambda: create)):
        scene.ask(writer, *before)
        good = scene.ask(reader, *act()) is not None
        scene.checks.that(good, f"{title} is no reason to refuse",
                          f"{scene.own.status}")
    scene.ask(writer, *put, scene.own.fresh())
    scene.ask(reader, *put, scene.own.fresh(), revisions[0])
    scene.checks.that(scene.own.status == 412, "an old revision is",
                      f"{scene.own.status}")
    reader.follow()


def away_too_long(scene: Scene):
    """What a node lacks is no longer in etcd: it is fetched from another, by
    git, with nobody's help."""
    first, node = scene.nodes[:2]
    first.configure(cluster_store=first.store)
    node.pause()
    try:
        scene.goes_on(scene.others(node))
        # as if it had not been seen for days
        scene.etcd.control("del", f"/sutler/member/{node.name}")
        end = time.monotonic() + SECONDS
        while scene.log_begins() <= node.known() and time.monotonic() < end:
            for other in scene.others(node):
                other.sutler("tick")
        scene.checks.that(scene.log_begins() > node.known() + 1, "the log "
                          "does not wait for it")
    finally:
        node.go_on()
    scene.goes_on()
    fetched = node.git("for-each-ref", "refs/cluster").strip()
    scene.checks.that(fetched, "it has fetched what it lacked")


def comes_and_goes(scene: Scene):
    """A node leaves, and joins again, while the others write."""
    node = scene.nodes[1]
    for _ in range(2):
        node.sutler("cluster", "leave")
        scene.goes_on(scene.others(node))
        node.end_follower()   # it ends by itself, sooner or later
        node.sutler("cluster", "join")
        node.follow()
        scene.goes_on()


def edited(scene: Scene):
    """What an administrator changed in place on one node comes to all, with
    the next change there."""
    node, app = scene.nodes[1], scene.works[0].apps[0]
    scene.ask(node, "put", "set", app, "HAND", "by request")
    record = next((node.store / "apps").glob(f"*/*/{app}.json"))
    record.write_text(record.read_text("utf-8").replace(
        '"by request"', '"by hand"'), "utf-8")
    scene.ask(node, "put", "set", app, "OTHER", scene.own.fresh())
    scene.cluster.catch_up()
    seen = [scene.ask(one, "look_up", app)[1].get("HAND")
            for one in scene.nodes]
    scene.checks.that(seen == ["by hand"] * len(seen), "an edit in place comes "
                      "to all nodes", f"{seen}")
    # it is nobody's request: what is judged begins behind it
    scene.own = scene.writer()
    scene.since = node.head()


def space(scene: Scene):
    """What is gone from etcd is given back to its disk, by tick."""
    node, size = scene.nodes[0], 24 << 20
    for number in range(size >> 20):
        scene.etcd.put(f"/other/{number}", b"x" * (1 << 20))
    full = scene.etcd.sizes()
    scene.etcd.control("del", "/other/", "--prefix")
    end = time.monotonic() + SECONDS
    while max(scene.etcd.sizes()) > size / 2 and time.monotonic() < end:
        node.sutler("tick")
    scene.checks.that(min(full) > size > 2 * max(scene.etcd.sizes()),
                      "etcd's members are defragmented",
                      f"{full} {scene.etcd.sizes()}")


def large(scene: Scene):
    """A node that is behind by more than one answer of etcd's has room for
    writes, and reads."""
    node, behind = scene.nodes[:2]
    app, other = (node.app(owner=scene.owner) for _ in range(2))
    scene.cluster.catch_up()
    behind.end_follower()
    for number in range(LARGE):
        node.call(scene.owner, "PUT", app.path("/variables"), {"variables": [
            {"name": f"LARGE{number}", "value": "x" * LARGE_VALUE}]}, want=200)
    behind.call(scene.owner, "PUT", other.path("/variables"), {"variables": [
        {"name": "SMALL", "value": "x"}]}, want=200)
    answer = behind.call(scene.owner, "GET",
                         app.path("/variables?consistent=true"), want=200)
    scene.checks.that(len(answer.data["variables"]) == LARGE,
                      "it has all of it")
    behind.follow()
    scene.cluster.catch_up()
    # nor are these judged
    scene.since = node.head()


def ticks(scene: Scene):
    """tick runs on every node; what an order that was killed has left is asked
    for once more, and taken back, by one of them.  (The third node may not
    reach the provider.)"""
    some, first = scene.nodes[:2], scene.nodes[0]
    supplier = first.provider("heroku")
    desk, orders = supplier.desk, []
    for _ in range(2):
        app = first.app(owner=scene.owner)
        desk.then(201, {"id": "never heard"}, delay=0.5,
                  during=lambda _seen: [os.kill(pid, signal.SIGKILL)
                                        for pid in first.in_cgi()])
        first.door.request(   # whose answer is the web server's
            "POST", app.path("/addons"),
            {"Authorization": scene.owner,
             "Content-Type": "application/json"},
            json.dumps({"addon": {"addon_provider_id": supplier.slug,
                                  "plan_id": supplier.plans["small"]}})
            .encode())
        orders.append(app)
    usual = desk.usual

    def slowly(method: str) -> dict:
        time.sleep(0.3)
        return usual(method)

    desk.usual = slowly
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(2 * len(some)) as pool:
        while first.sutler("open").stdout and time.monotonic() < end:
            for done in [pool.submit(node.sutler, "tick")
                         for node in some for _ in range(2)]:
                done.result()
    left = first.sutler("open").stdout
    scene.checks.that(not left, "orders that were killed are given up",
                      f"{left}")
    asked = [(method, len(desk.asked(method))) for method in ("POST",
                                                              "DELETE")]
    scene.checks.that(
        asked == [("POST", 2 * len(orders)), ("DELETE", len(orders))],
        "each is asked for once more, and taken back once", f"{asked}")
    # they are nobody's here: what is judged begins behind them
    scene.cluster.catch_up()
    scene.since = first.head()


class Row(NamedTuple):
    title: str
    trouble: object
    rough: bool = False
    needs: object = lambda cluster: ""    # what is not here
    busy: bool = True                     # writers write


def needs_network(cluster) -> str:
    return "" if cluster.network else "network namespaces"


def needs_plain(cluster) -> str:
    return "etcd without TLS" if cluster.etcd.certificates else ""


def needs_root(cluster) -> str:
    return "root of etcd's" if cluster.etcd.certificates else ""


def needs_room(cluster) -> str:
    return "" if cluster.nodes[1].own_room else "a file system of its own"


ROWS = (
    Row("an old copy", stale, busy=False),
    Row("an old copy refuses", refusals, busy=False),
    Row("an edit in place", edited, busy=False),
    Row("etcd's space", space, busy=False, needs=needs_root),
    Row("large commits", large, busy=False),
    Row("ticks on all nodes", ticks, busy=False),
    Row("no trouble", quiet),
    Row("own writes", own_writes),
    Row("processes killed", processes_killed, rough=True),
    Row("a node killed", node_killed, rough=True),
    Row("a member of etcd's killed", member_killed),
    Row("etcd's leader killed", leader_killed),
    Row("etcd's leader paused", leader_paused),
    Row("a member hangs", member_hangs, busy=False),
    Row("quorum lost", quorum_lost),
    Row("etcd paused", etcd_paused),
    Row("answers lost", answers_lost, needs=needs_plain),
    Row("a node far from etcd", far_from_etcd),
    Row("a node with a slow disk", slow_disk, rough=True),
    Row("a node comes and goes", comes_and_goes, rough=True),
    Row("a node away too long", away_too_long, rough=True),
    Row("a node paused", node_paused),
    Row("a node cut off", node_cut_off, needs=needs_network),
    Row("a node's disk full", no_space, rough=True, needs=needs_room),
)


class Checks(crowd.Checks):
    about = ""

    def that(self, good, title: str, why=""):
        super().that(good, f"{self.about}: {title}", why)


def judge(scene: Scene, since: str, found: list):
    """All of it, once the trouble is over and nobody writes."""
    checks, first = scene.checks, scene.nodes[0]
    odd = [odd for told in found for odd in told.odd]
    checks.that(not odd, "no answer but those that may be", f"{odd[:10]}")
    scene.cluster.catch_up()
    heads = {node.name: node.head() for node in scene.nodes}
    checks.that(len(set(heads.values())) == 1, "all nodes stand at the same "
                "commit", f"{heads}")
    steps = history.steps(first.store, since)
    merges = first.git("rev-list", "--min-parents=2", f"{since}..HEAD")
    checks.that(not merges and len(steps) == int(first.git(
        "rev-list", "--count", f"{since}..HEAD")),
        "it is the end of one line", merges)
    there = {step.request() for step in steps}
    unknown = [done for told in found for done in told.unknown]
    came = [([done],) for done in unknown if done.request in there]
    if scene.came:
        checks.that(came, f"of {len(unknown)} changes with an unknown outcome "
                    f"{len(came)} are found done")
    crowd.look(steps, [*((told.done,) for told in found), *came], checks)
    plain = [node.contents() for node in scene.nodes]
    checks.that(all(one == plain[0] for one in plain[1:]),
                "plain files are the same on all nodes", str([
                    {name for name in {*one, *plain[0]}
                     if one.get(name) != plain[0].get(name)}
                    for one in plain[1:]]))
    for node in scene.nodes:
        about = checks.about
        checks.about = f"{about}: {node.name}"
        crowd.sound(node, checks)
        checks.about = about
    ops = [op for told in found for op in told.ops]
    try:
        trouble = linear.trouble(ops)
    except linear.Undecided as error:
        trouble = str(error)
    checks.that(not trouble, f"{len(ops)} operations on registers are "
                "linearizable", trouble)
    print(f"# {checks.about}: {len(steps)} commits, "
          f"{sum(told.conflicts for told in found)} conflicts, {len(came)} of "
          f"{len(unknown)} with an unknown outcome were done, longest "
          f"{max(told.longest for told in found):.1f} s", flush=True)


def play(scene: Scene, row: Row, pool):
    owner, scene.came, scene.rough = scene.owner, False, row.rough
    scene.cluster.catch_up()
    scene.registers = tuple(scene.nodes[0].app(owner=owner).name
                            for _ in range(REGISTERS))
    scene.cluster.catch_up()
    scene.since = scene.nodes[0].head()
    with tempfile.TemporaryDirectory(prefix="sutler-test-") as place:
        stop = Path(place) / "stop"
        tasks = scene.tasks(row, str(stop))
        scene.own = scene.writer()
        running = scene.running = pool.map_async(
            write, tasks if row.busy else [], chunksize=1)
        try:
            if row.busy:
                scene.goes_on()
            row.trouble(scene)
            if row.busy:
                scene.goes_on()
        except Exception:   # pylint: disable=broad-except
            scene.checks.that(False, "it goes on", traceback.format_exc())
        finally:
            stop.touch()
        found = running.get(SECONDS * 2)
    judge(scene, scene.since, [*found, scene.own.told()])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--nodes", default=3, type=int)
    parser.add_argument("--members", default=3, type=int)
    parser.add_argument("--pace", default=5, type=int)
    parser.add_argument("--rounds", default=1, type=int)
    parser.add_argument("--rows", default="")
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    checks = Checks()
    # whoever ends us wants all ended that we began
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if nodes.missing():
        print(f"ok 1 - several nodes # SKIP no {nodes.missing()}")
        return 0
    options.writers, options.writes, options.apps = 1, 0, APPS
    begun = []

    def begin(first):
        begun.extend(crowd.all_work(first, options))

    with nodes.Cluster(options.build.resolve(), options.nodes,
                       options.members, begin, tls=options.tls) as cluster:
        scene = Scene(cluster, options, checks, begun)
        scene.owner = begun[0].user
        with multiprocessing.get_context("spawn").Pool(
                options.nodes * (WRITERS + 1)) as pool:
            for _ in range(options.rounds):
                for row in ROWS:
                    if not re.search(options.rows, row.title):
                        continue
                    checks.about = row.title
                    lacks = row.needs(cluster)
                    if lacks:
                        checks.that(True, f"all # SKIP no {lacks}")
                        continue
                    play(scene, row, pool)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
