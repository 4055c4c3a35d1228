#!/usr/bin/env python3
"""Pulls the plug: a store on a file system of its own, whose image is copied
at random moments under load; each copy is mounted, replayed and checked.

usage: power.py [--build DIR] [--cuts N] [--fs ext4|ext3|xfs|btrfs]

Needs root, loop mounts and mkfs; where those are not to be had it says so by
name and checks nothing.  Another boot is made by spoiling DATA/state/marks.
"""
import argparse
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

from doors import Direct
from world import SECONDS, World

SIZE = 96 << 20    # bytes of the image
SHM = Path("/dev/shm")   # where copying takes no time in which more is written


def run(*words) -> bool:
    return subprocess.run([str(word) for word in words],
                          capture_output=True, check=False,
                          timeout=SECONDS).returncode == 0


def write_on(world: World, app, counter):
    """Set N to 1, 2, 3, ...; counter is what was acknowledged."""
    os.setsid()
    number = 0
    while True:
        number += 1
        world.call(app.owner, "PUT", app.path("/variables"),
                   {"variables": [{"name": "N", "value": str(number)},
                                  {"name": f"V{number % 7}",
                                   "value": "s3cret-" + "x" * number}]},
                   want=200)
        counter.value = number
        if number % 600 == 0:   # a checkpoint, and a pack
            world.sutler("tick")


def check_copy(build: Path, conf: Path, data: Path, app,
               acknowledged: int) -> str:
    """Empty, or what is wrong with the store in data after a boot."""
    with open(data / "state" / "marks", "r+b") as marks:
        marks.write(b"another boot")
    conf.write_text(f"data = {data}\npublic_url = http://market.test\n"
                    f"libexec = {build}\n", encoding="utf-8")
    env = dict(os.environ, SUTLER_CONF=str(conf))
    for words, what in ((("app", "env", app.name), "read"),
                        (("fsck",), "fsck")):
        done = subprocess.run([build / "sutler", *words], env=env,
                              capture_output=True, check=False,
                              timeout=SECONDS)
        if done.returncode != 0:
            return f"{what}: {done.stdout!r} {done.stderr!r}"
        if what == "read":
            lines = dict(line.split("=", 1) for line in
                         done.stdout.decode().splitlines() if "=" in line)
            seen = int(lines.get("N", "'0'").strip("'"))
    git = subprocess.run(["git", "-C", data / "store", "fsck", "--strict",
                          "--no-dangling", "--no-progress"],
                         capture_output=True, check=False, timeout=SECONDS)
    if git.returncode or git.stdout or git.stderr:
        return f"git fsck: {git.stdout!r} {git.stderr!r}"
    if seen < acknowledged:
        return f"acknowledged {acknowledged}, found {seen}"
    return ""


def stand_still(group: int):
    """Stop the processes of group, and wait until the kernel has done what
    they asked for last: what a copy holds must have been there at one time."""
    os.killpg(group, signal.SIGSTOP)
    for _ in range(1000):
        states = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rpartition(")")[2].split()
            except OSError:   # it has gone
                continue
            if int(words[2]) == group and words[0] != "Z":
                states.add(words[0])
        if states <= {"T"}:
            return
        time.sleep(0.01)


class Ground:
    """The image, its mount and its copies."""

    def __init__(self, kind: str):
        self.dir = Path(tempfile.mkdtemp(
            prefix="sutler-power-", dir=SHM if SHM.is_dir() else None))
        self.image, self.copy = self.dir / "image", self.dir / "copy"
        self.here, self.there = self.dir / "here", self.dir / "there"
        self.here.mkdir()
        self.there.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(SIZE)
        self.ready = run(f"mkfs.{kind}", "-q", self.image) and run(
            "mount", "-o", "loop", self.image, self.here)

    def cut(self, build: Path, group: int, app, counter, inside) -> str:
        """The plug is pulled now; empty, or what was lost."""
        stand_still(group)
        acknowledged = counter.value
        shutil.copyfile(self.image, self.copy)
        os.killpg(group, signal.SIGCONT)
        if not run("mount", "-o", "loop", self.copy, self.there):
            return "the copy cannot be mounted"
        try:
            return check_copy(build, self.dir / "copy.conf",
                              self.there / inside, app, acknowledged)
        finally:
            run("umount", self.there)

    def close(self):
        run("umount", self.there)
        run("umount", self.here)
        shutil.rmtree(self.dir, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--cuts", default=12, type=int)
    parser.add_argument("--fs", default="ext4")
    options = parser.parse_args()
    build = options.build.resolve()
    ground = Ground(options.fs)
    if not ground.ready:
        print(f"ok 1 - power loss on {options.fs} # SKIP no loop mounts")
        ground.close()
        return 0
    tempfile.tempdir = str(ground.here)
    world = World(build, Direct)
    tempfile.tempdir = None
    troubles, chance = [], random.Random()
    # without a lock, which a writer that is stopped might hold
    counter = multiprocessing.Value("q", 0, lock=False)
    app = world.app()
    run("sync")
    writer = multiprocessing.Process(target=write_on,
                                     args=(world, app, counter), daemon=True)
    writer.start()
    try:
        for _ in range(options.cuts):
            time.sleep(chance.uniform(0.05, 1.5))
            trouble = ground.cut(build, writer.pid, app, counter,
                                 world.data.relative_to(ground.here))
            if trouble:
                troubles.append(f"at {counter.value}: {trouble}"[:600])
    finally:
        os.killpg(writer.pid, signal.SIGKILL)
        writer.join()
        written = counter.value
        world.close()
        ground.close()
    print(f"{'not ok' if troubles else 'ok'} 1 - {options.fs}: "
          f"{options.cuts} cuts under {written} writes lose nothing that was "
          "acknowledged")
    for trouble in troubles:
        print(f"# {trouble}")
    print(f"{0 if troubles else 1} passed, {1 if troubles else 0} failed")
    return 1 if troubles or not written else 0


if __name__ == "__main__":
    sys.exit(main())
