#!/usr/bin/env python3
"""What several nodes cost and gain.

usage: bench_cluster.py [--build DIR] [--seconds N]

One node by itself, one whose commits three members of etcd's put in order, and
three such, all on this machine, with data and etcd's logs on one disk and
flushed; beside them what etcd alone does with as many bytes.  They take turns,
and a ratio is the median of the turns' ratios.  Run by bench.py.

All of that shares this machine's processors, where three nodes do everything
three times.  So they are tried once more, each with one member of etcd's in a
control group that has SHARE of a processor, as if on a machine of its own; what
asks them is outside.
"""
import argparse
import base64
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nodes
from world import SECONDS

APPS = 50
ROUNDS = 3
WRITERS = (1, 4, 16, 48)
SHARED_WRITERS = (16, 48)
IMAGE = 8 << 30  # bytes of the disk, of which few are ever written
SHARE = 0.5      # of a processor
PERIOD = 10000   # us, of the kernel's accounts
GROUPS = Path("/sys/fs/cgroup/cpu")
ENTRY = 900      # bytes of a commit of one variable, as etcd is given it

# Each request changes one variable of the next app; each node begins with
# another.
WRITE_LUA = """
local turn = %d
function request()
  turn = turn + 1
  return wrk.format("PUT", "/v1/apps/app" .. (turn %% %d + %d) .. "/variables",
    nil, string.format('{"variables":[{"name":"N","value":"%s%%d"}]}', turn))
end
"""
ETCD_LUA = """
function request()
  return wrk.format("POST", "/v3/kv/put", nil,
    '{"key":"%s","value":"%s"}')
end
"""


class Figure:
    """Of one run of wrk, or of some at once."""

    def __init__(self, texts: list):
        self.rate = sum(float(re.search(r"Requests/sec:\s*([\d.]+)", text)[1])
                        for text in texts)
        self.half, self.most = (max(
            milliseconds(re.search(rf"{share}%\s+([\d.]+\w+)", text)[1])
            for text in texts) for share in (50, 99))
        self.bad = "".join(re.findall(r"Non-2xx.*|Socket errors.*",
                                      "\n".join(texts)))


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def wrk(urls: list, connections: int, seconds: int, headers: dict,
        scripts=None) -> Figure:
    """Connections, shared out among urls."""
    runs = []
    for place, url in enumerate(urls):
        share = (connections + place) // len(urls)
        words = [word for name, value in headers.items()
                 for word in ("-H", f"{name}: {value}")]
        if scripts:
            words += ["-s", scripts[place]]
        if share:
            runs.append(subprocess.Popen(
                ["wrk", "-t1", f"-c{share}", f"-d{seconds}s", "--latency",
                 "--timeout", "30s", *words, url], stdout=subprocess.PIPE,
                text=True))
    return Figure([run.communicate(timeout=seconds + SECONDS)[0]
                   for run in runs])


class Side:
    """Nodes that are written to, and how."""

    def __init__(self, title: str, some: list, place: Path):
        self.title, self.nodes, self.place = title, some, place
        self.headers = {"Authorization": f"Bearer {some[0].owner.token}",
                        "Content-Type": "application/json"}
        self.turn = 0
        self.figures, self.shared = {}, {}

    def url(self, node, path="") -> str:
        return node.door.public_url + path

    def write(self, connections: int, seconds: int, figures=None):
        self.turn += 1
        scripts = []
        for number, node in enumerate(self.nodes):
            script = self.place / f"{self.title}-{number}.lua"
            script.write_text(WRITE_LUA % (
                number * APPS // len(self.nodes), APPS, self.nodes[0].first, f"{self.turn:04d}{number}"))
            scripts.append(script)
        figure = wrk([self.url(node) for node in self.nodes], connections,
                     seconds, self.headers, scripts)
        figures = self.figures if figures is None else figures
        figures.setdefault(connections, []).append(figure)

    def read(self, name: str, query: str, seconds: int):
        path = f"/v1/apps/app{self.nodes[0].first}{query}"
        self.figures.setdefault(name, []).append(wrk(
            [self.url(self.nodes[0], path)], 4, seconds, self.headers))


@contextlib.contextmanager
def fresh_disk():
    """All of it on an ext4 of its own, where that can be had: ext4 looks past
    each inode that was freed in the last minutes, as tests free many."""
    place = Path(tempfile.mkdtemp(prefix="sutler-bench-"))
    image, here = place / "image", place / "here"
    here.mkdir()
    with open(image, "wb") as file:
        file.truncate(IMAGE)
    mounted = nodes.run("mkfs.ext4", "-q", image) and nodes.run(
        "mount", "-o", "loop", image, here)
    if mounted:
        tempfile.tempdir = str(here)
    else:
        print("no file system of its own: other files count, too")
    try:
        yield
    finally:
        tempfile.tempdir = None
        if mounted:
            nodes.run("umount", "-l", here)
        shutil.rmtree(place)


def descendants(*pids) -> list:
    """Of these processes, and they themselves."""
    children = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = place.read_text("ascii", "replace")
            parent = int(fields.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    found = list(pids)
    for pid in found:
        found += children.get(pid, [])
    return found


class Machine:
    """Processes that have SHARE of a processor between them."""

    def __init__(self, name: str, *pids):
        self.place = GROUPS / f"sutler-bench-{name}"
        self.place.mkdir()
        (self.place / "cpu.cfs_period_us").write_text(f"{PERIOD}")
        (self.place / "cpu.cfs_quota_us").write_text(f"{SHARE * PERIOD:.0f}")
        move(self.place, descendants(*pids))

    @staticmethod
    def there() -> bool:
        return os.access(GROUPS / "cpu.shares", os.W_OK)

    def end(self):
        """What is in it is no longer held back."""
        for _ in range(100):   # a request may be under way
            move(GROUPS, (self.place / "cgroup.procs").read_text().split())
            with contextlib.suppress(OSError):
                self.place.rmdir()
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.place} is still in use")


def move(group: Path, pids: list):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            (group / "cgroup.procs").write_text(f"{pid}")


@contextlib.contextmanager
def machines(some: list, etcd):
    """Each node on one, together with a member of etcd's."""
    members = [member.process.pid for member in etcd.members] if etcd else []
    made = []
    try:
        for number in range(max(len(some), len(members))):
            pids = members[number:number + 1]
            for node in some[number:number + 1]:
                pids += [child.pid for child in node.door.children]
                if node.follower:
                    pids.append(node.follower.pid)
            made.append(Machine(f"{os.getpid()}-{number}", *pids))
        yield
    finally:
        for machine in made:
            machine.end()


def furnish(node):
    """The apps that are written to."""
    node.owner = node.account()
    node.call(node.owner, "GET", "/v1/apps", want=200)
    first = node.app(owner=node.owner)
    node.first = int(first.name.removeprefix("app"))
    for _ in range(APPS - 1):
        node.app(owner=node.owner)


def show(name: str, figures: list, under=None):
    rate = statistics.median(figure.rate for figure in figures)
    half, most = (statistics.median(getattr(figure, part)
                                    for figure in figures)
                  for part in ("half", "most"))
    ratio = "" if under is None else "%8.2f" % statistics.median(
        one.rate / other.rate for one, other in zip(figures, under))
    bad = {figure.bad for figure in figures} - {""}
    print(f"{name:44}{rate:9.0f} /s{half:9.1f}{most:9.1f} ms{ratio}"
          f"{'  ' + '; '.join(bad) if bad else ''}", flush=True)


def growth(cluster, title: str):
    """What etcd and a node keep of the commits so far."""
    size = max(cluster.etcd.sizes())
    log = cluster.etcd.control("get", "/sutler/log/", "--prefix",
                               "--keys-only")
    commits = cluster.nodes[0].git("rev-list", "--count", "HEAD").strip()
    print(f"{title}: {commits} commits; etcd: {size / 1e6:.1f} MB, "
          f"{len(log.split())} of them", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--seconds", default=3, type=int)
    options = parser.parse_args()
    build = options.build.resolve()
    if nodes.missing():
        raise SystemExit(f"{nodes.missing()} is not installed")
    with fresh_disk(), contextlib.closing(nodes.Node(build, "alone")) as \
            alone:
        furnish(alone)
        with tempfile.TemporaryDirectory(prefix="sutler-bench-") as place, \
                nodes.Cluster(build, 1, begin=furnish, troubles=False,
                              durable=True) as one, \
                nodes.Cluster(build, 3, begin=furnish, troubles=False,
                              durable=True) as three:
            run(options, Path(place), alone, one, three)
    return 0


def run(options, place: Path, alone, one, three):
    sides = (Side("one node alone", [alone], place),
             Side("one node, three members", one.nodes, place),
             Side("three nodes, three members", three.nodes, place))
    etcd, script = {}, place / "etcd.lua"
    script.write_text(ETCD_LUA % tuple(
        base64.b64encode(text).decode()
        for text in (b"bench", b"x" * ENTRY)))
    for turn in range(ROUNDS):
        print(f"  round {turn + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        for connections in WRITERS:
            for side in sides:
                side.write(connections, options.seconds)
            etcd.setdefault(connections, []).append(wrk(
                [three.etcd.members[0].url], connections, options.seconds,
                {}, [script]))
        for side in sides:
            side.read("GET of an app", "", options.seconds)
        for side in sides[1:]:
            side.read("GET, ?consistent=true", "?consistent=true",
                      options.seconds)
        growth(three, f"three nodes after round {turn + 1}")
    for node in three.nodes:
        node.sutler("tick")
    growth(three, "and after a tick on each")
    if Machine.there():
        shared(options, sides, (None, one.etcd, three.etcd))
    print("\nwhat, connections; per second; median and 99 % of its time; "
          "ratio to one node alone")
    for what in (*WRITERS, "GET of an app", "GET, ?consistent=true"):
        title = f"PUT of a variable, {what}" if what in WRITERS else what
        for side in sides:
            if what in side.figures:
                show(f"{title}: {side.title}", side.figures[what],
                     sides[0].figures.get(what)
                     if side is not sides[0] else None)
        if what in etcd:
            show(f"etcd alone, as many bytes, {what}", etcd[what])
    if not Machine.there():
        print(f"{GROUPS} cannot be had: nothing is known of machines of their "
              "own")
        return
    print(f"\nthe same, where each node has {SHARE} processors, with one "
          "member of etcd's")
    for what in SHARED_WRITERS:
        for side in sides:
            show(f"PUT of a variable, {what}: {side.title}",
                 side.shared[what], sides[0].shared[what]
                 if side is not sides[0] else None)


def shared(options, sides: tuple, etcds: tuple):
    """Each side again, on machines of its own."""
    for turn in range(ROUNDS):
        print(f"  machines of their own: round {turn + 1} of {ROUNDS}",
              file=sys.stderr, flush=True)
        for connections in SHARED_WRITERS:
            for side, etcd in zip(sides, etcds):
                with machines(side.nodes, etcd):
                    side.write(connections, options.seconds, side.shared)


if __name__ == "__main__":
    sys.exit(main())
