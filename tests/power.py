#!/usr/bin/env python3
"""Pulls the plug: a store on a file system of its own, whose image is cloned
at random moments under load; each clone is mounted, replayed and checked.

usage: power.py [--build DIR] [--cuts N] [--fs ext4,xfs,btrfs]

The image is a file on an XFS made for it, where a clone (FICLONE) is of one
moment: the writes of the loop driver come before it or after it.  So a clone
holds what the kernel had sent to the disk by then, and what was in its memory
is lost, as it is without power.  (A disk that loses what it has not been told
to flush would lose more: this one has no memory of its own.)

Several writers change apps of their own and note what was acknowledged as soon
as the answer begins; beside them ticks and packs.  Each file system is cut
twice over: as it is, and with flushes that take long (tests/slow-flush.c), so
that an answer that did not wait for its flush is found out.  And as a node of a
cluster, with a real etcd that keeps its power: what the clone has lost it takes
from there.

Needs root, loop mounts and mkfs; where those are not to be had it says so by
name and checks nothing.  Another boot is made by spoiling DATA/state/marks.
"""
import argparse
import fcntl
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nodes
from doors import Direct
from etcd_server import Etcd
from world import SECONDS, World, authorization

FICLONE = 0x40049409    # linux/fs.h
IMAGE = 400 << 20       # bytes, of which few are ever written
DISK = 4 << 30          # the same of the file system that has the image
SHM = Path("/dev/shm")
WRITERS = 4             # of variables; one more makes and deletes apps
LONGEST = 0.6           # s from cut to cut


def run(*words) -> bool:
    return subprocess.run([str(word) for word in words],
                          capture_output=True, check=False,
                          timeout=SECONDS).returncode == 0


class Variables:
    """Writes 1, 2, 3, ... into an app, and something else beside it."""

    def __init__(self, app):
        self.app = app

    def values(self, number: int) -> dict:
        return {"N": str(number),
                f"V{number % 7}": f"s3cret-{number}-" + "x" * (number % 90)}

    def request(self, number: int) -> tuple:
        return "PUT", self.app.path("/variables"), {"variables": [
            {"name": name, "value": value}
            for name, value in self.values(number).items()]}

    def state(self, number: int):
        """What is to be seen when number has been written."""
        seen = {}
        for n in range(max(1, number - 7), number + 1):
            seen.update(self.values(n))
        return seen

    def look(self, sutler):
        text = sutler("app", "env", self.app.name)
        return {name: value.strip("'") for name, value in
                (line.split("=", 1) for line in text.splitlines())}


class Apps:
    """Makes an app, deletes it, makes the next one, ..."""

    def __init__(self, app):
        self.app = app

    def request(self, number: int) -> tuple:
        if number % 2:
            return "POST", "/v1/apps", {"app": {"name": f"made{number}"}}
        name = f"made{number - 1}"
        return "DELETE", f"/v1/apps/{name}?current_name={name}", None

    def state(self, number: int):
        return {f"made{number}"} if number % 2 else set()

    def look(self, sutler):
        rows = json.loads(sutler("app", "list", "--json"))
        return {row["name"] for row in rows if row["name"].startswith("made")}


def write_on(world: World, writer, counters, place: int):
    """One request after the other; counters tell what is acknowledged."""
    os.setsid()
    door, number = world.door, 0
    while True:
        number += 1
        method, target, data = writer.request(number)
        body = b"" if data is None else json.dumps(data).encode()
        path, _, query = target.partition("?")
        env = door.environment(method, path, query, {
            "Authorization": authorization(writer.app.owner),
            "Content-Type": "application/json"}, len(body))
        child = subprocess.Popen([env["SCRIPT_FILENAME"]], env=env,
                                 stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        child.stdin.write(body)
        child.stdin.close()
        status = child.stdout.readline()
        if not status.startswith(b"Status: 2"):
            print(f"# {method} {target}: {status}", flush=True)
            return
        counters[place] = number
        child.stdout.read()
        child.wait()


def tick_on(world: World, tick: bool):
    """Checkpoints, and packs.  (Where there is a cluster, tick would delete
    what all members have: the clones are none.)"""
    os.setsid()
    while True:
        if tick:
            world.sutler("tick")
        time.sleep(0.1)
        world.sutler("pack")
        time.sleep(0.3)


class Cut(NamedTuple):
    clone: Path
    before: list     # what had been acknowledged when it was begun
    after: list      # and when it was done


def mount(kind: str, file: Path, place: Path) -> bool:
    """xfs refuses a second mount by the same UUID, as clones have, even where
    the first one is only left in some other namespace."""
    options = "loop,nouuid" if kind == "xfs" else "loop"
    return run("mount", "-o", options, file, place)


class Ground:
    """The image on its disk, its mount and its clones."""

    def __init__(self, kind: str):
        self.dir = Path(tempfile.mkdtemp(
            prefix="sutler-power-", dir=SHM if SHM.is_dir() else None))
        self.kind, self.cuts = kind, []
        self.disk, self.here = self.dir / "disk", self.dir / "here"
        self.image = self.disk / "image"
        self.disk.mkdir()
        self.here.mkdir()
        self.why = ""    # it is not ready
        self.make("xfs", self.dir / "outer", DISK, self.disk)
        self.make(kind, self.image, IMAGE, self.here)

    def make(self, kind: str, file: Path, size: int, place: Path):
        if self.why:
            return
        with open(file, "wb") as image:
            image.truncate(size)
        if not shutil.which(f"mkfs.{kind}"):
            self.why = f"no mkfs.{kind}"
        elif not (run(f"mkfs.{kind}", "-q", file) and
                  mount(kind, file, place)):
            self.why = f"no loop mounts of {kind}"

    def cut(self, counters):
        """The plug is pulled now."""
        clone = self.disk / f"clone{len(self.cuts)}"
        with open(self.image, "rb") as image, open(clone, "wb") as copy:
            before = list(counters)
            fcntl.ioctl(copy, FICLONE, image.fileno())
            self.cuts.append(Cut(clone, before, list(counters)))

    def leave(self):
        """The mount is given up; btrfs knows an image by what is in it."""
        run("umount", self.here)
        if self.kind == "btrfs":
            run("btrfs", "device", "scan", "--forget")

    def close(self):
        self.leave()
        run("umount", self.disk)
        shutil.rmtree(self.dir, ignore_errors=True)


def check_store(build: Path, data: Path, writers: list, cut: Cut,
                shared: dict):
    """What must hold for the store in data after a boot; shared: what its
    configuration says of a cluster."""
    conf = data.parent / "copy.conf"
    lines = {"data": data, "public_url": "http://market.test",
             "libexec": build, **shared}
    conf.write_text("".join(f"{key} = {value}\n"
                            for key, value in lines.items()), "utf-8")
    env = dict(os.environ, SUTLER_CONF=str(conf))
    env.pop("LD_PRELOAD", None)

    def command(*words) -> str:
        done = subprocess.run([str(word) for word in words], env=env,
                              capture_output=True, check=False,
                              timeout=SECONDS)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.stdout!r} {done.stderr!r}")
        return done.stdout.decode()

    def sutler(*words) -> str:
        return command(build / "sutler", *words)

    with open(data / "state" / "marks", "r+b") as marks:
        marks.write(b"another boot")
    for place, writer in enumerate(writers):
        seen = writer.look(sutler)
        first, last = cut.before[place], cut.after[place] + 1
        if all(seen != writer.state(n) for n in range(first, last + 1)):
            raise AssertionError(f"acknowledged {first}, at most {last} "
                                 f"asked for, found {seen}")
    name = f"after-{cut.clone.name}"   # a cluster keeps those of other clones
    sutler("app", "create", name, "--owner", writers[0].app.owner.name)
    sutler("fsck")
    said = command("git", "-C", data / "store", "fsck", "--strict",
                   "--no-dangling", "--no-progress")
    if said:
        raise AssertionError(f"git fsck: {said}")


def check_cuts(ground: Ground, build: Path, inside: Path, writers,
               shared: dict) -> list:
    """What was lost at each cut."""
    troubles = []
    for cut in ground.cuts:
        if not mount(ground.kind, cut.clone, ground.here):
            troubles.append("the clone cannot be mounted")
            continue
        try:
            check_store(build, ground.here / inside, writers, cut, shared)
        except (AssertionError, OSError) as error:
            troubles.append(str(error)[:600])
        finally:
            ground.leave()
    return troubles


def load(ground: Ground, world: World, writers: list, cuts: int,
         tick: bool) -> list:
    """Write and cut; how much each has written."""
    # without a lock, which a writer that is killed might hold
    counters = multiprocessing.Array("q", len(writers), lock=False)
    crowd = [multiprocessing.Process(
        target=write_on, args=(world, writer, counters, place), daemon=True)
        for place, writer in enumerate(writers)]
    crowd.append(multiprocessing.Process(target=tick_on, args=(world, tick),
                                         daemon=True))
    for process in crowd:
        process.start()
    try:
        for _ in range(cuts):
            time.sleep(random.uniform(0.02, LONGEST))
            ground.cut(counters)
        if not all(process.is_alive() for process in crowd):
            raise AssertionError("a writer has given up")
    finally:
        for process in crowd:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                process.kill()   # too young for a group of its own, or gone
            process.join()
    return list(counters)


def try_on(kind: str, build: Path, cuts: int, shared: dict) -> tuple:
    """The number of writes, and what was lost; or why it was not tried."""
    ground = Ground(kind)
    world = None
    try:
        if ground.why:
            return ground.why, []
        tempfile.tempdir = str(ground.here)
        world = World(build, Direct)
        tempfile.tempdir = None
        inside = world.data.relative_to(ground.here)
        writers = [Variables(world.app()) for _ in range(WRITERS)]
        writers.append(Apps(world.app()))
        if shared:
            world.configure(**shared)
            world.sutler("cluster", "join")
        written = load(ground, world, writers, cuts, not shared)
        world.close()
        world = None
        ground.leave()
        troubles = check_cuts(ground, build, inside, writers, shared)
        return sum(written), troubles
    except AssertionError as error:
        return 0, [str(error)]
    finally:
        tempfile.tempdir = None
        if world:
            world.close()
        ground.close()


class Report:
    def __init__(self):
        self.passed = self.failed = self.number = 0

    def say(self, title: str, cuts: int, written, troubles: list):
        self.number += 1
        if isinstance(written, str):
            print(f"ok {self.number} - power loss on {title} # SKIP "
                  f"{written}", flush=True)
            return
        good = written and not troubles
        self.passed += bool(good)
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {title}: {cuts} "
              f"cuts under {written} writes lose nothing that was "
              "acknowledged", flush=True)
        for trouble in troubles:
            print(f"# {trouble}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--cuts", default=12, type=int)
    parser.add_argument("--fs", default="ext4,xfs,btrfs")
    options = parser.parse_args()
    build = options.build.resolve()
    slow = build / "tests" / "slow-flush.so"
    if not slow.exists():
        sys.exit(f"power.py: {slow} is not built")
    report = Report()
    for kind in options.fs.split(","):
        for shim, how in (("", ""), (str(slow), ", slow flushes")):
            os.environ["LD_PRELOAD"] = shim
            report.say(f"{kind}{how}", options.cuts,
                       *try_on(kind, build, options.cuts, {}))
        os.environ["LD_PRELOAD"] = ""
        if nodes.missing():
            report.say(f"{kind}, a node of a cluster", 0,
                       f"no {nodes.missing()}", [])
            continue
        with Etcd() as etcd:
            report.say(f"{kind}, a node of a cluster", options.cuts,
                       *try_on(kind, build, options.cuts,
                               {"cluster": etcd.urls, "cluster_name": "one"}))
    passed, failed = report.passed, report.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
