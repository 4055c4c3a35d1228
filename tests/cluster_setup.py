#!/usr/bin/env python3
"""Sets two nodes up by the README's lines, on loopback, with a real etcd.

usage: cluster_setup.py [--build DIR]

The block marked "test: cluster" is parted at its comments, and each part run by
`sh -eu` as the node that the comment speaks of; the two lines of the
configuration are taken from the comment itself.  Where the README has
machines, addresses and /var/lib/sutler, there are directories and a real
etcd's addresses.  Afterwards what one node writes is on the other.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nodes
import readme
from doors import Direct
from etcd_server import Etcd
from world import SECONDS, World

ADDRESSES = re.compile(r"http://10\.0\.0\.1\S*")
DATA = "/var/lib/sutler"
PARTS = ("on the first node", "on every other node", "on each of them")


def part(block: str, begin: str) -> str:
    """From the comment that begins so to the next empty line."""
    found = re.search(rf"^# {begin}.*?(?=\n\n|\Z)", block, re.M | re.S)
    if found is None:
        raise AssertionError(f"the README has no part {begin!r}")
    return found[0]


class Second:
    """A machine with nothing but a configuration."""

    def __init__(self, build: Path, place: Path):
        self.build, self.data = build, place / "data"
        self.conf = place / "sutler.conf"
        self.conf.write_text(f"data = {self.data}\nlibexec = {build}\n"
                             "public_url = http://two.test\n", "utf-8")


def sutler(node, *words) -> str:
    done = subprocess.run([node.build / "sutler", *words],
                          env=dict(os.environ, SUTLER_CONF=str(node.conf)),
                          capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.stdout!r} {done.stderr!r}")
    return done.stdout.decode()


def run(node, first, script: str, log) -> subprocess.Popen:
    """Where it leaves something behind, that is of its session."""
    for old, new in ((f"ssh://one.example.org{DATA}", first.data),
                     (f"scp one.example.org:{DATA}", f"cp {first.data}"),
                     (DATA, node.data)):
        script = script.replace(old, str(new))
    shell = subprocess.Popen(
        ["sh", "-eu", "-c", script], stdin=subprocess.DEVNULL, stdout=log,
        stderr=log, start_new_session=True,
        env=dict(os.environ, SUTLER_CONF=str(node.conf),
                 PATH=f"{node.build}:{os.environ['PATH']}"))
    if shell.wait(SECONDS) != 0:
        log.seek(0)
        raise AssertionError(f"{script}\n{log.read().decode()}")
    return shell


def configure(node, lines: list, urls: str, name: str):
    """The two lines, with this etcd's addresses and this node's name."""
    with open(node.conf, "a", encoding="utf-8") as conf:
        for line in lines:
            line = ADDRESSES.sub(urls, line.removeprefix("#").strip())
            conf.write(re.sub(r"^(cluster_name = ).*", rf"\g<1>{name}", line))
            conf.write("\n")


def wait_for(what, title: str):
    end = time.monotonic() + SECONDS
    while not what():
        if time.monotonic() > end:
            raise AssertionError(f"{title}: not within {SECONDS} s")
        time.sleep(0.05)


def set_up(build: Path, block: str, place: Path, etcd: Etcd, log):
    begin, other, each = (part(block, words) for words in PARTS)
    lines = re.findall(r"^#   \w.*", begin, re.M)
    if len(lines) != 2:
        raise AssertionError(f"not two lines of configuration: {lines}")
    first = World(build, Direct)
    second, followers = Second(build, place), []
    try:
        owner = first.account()
        first.app(owner=owner)
        for node, script, name in ((first, begin, "one"),
                                   (second, other, "two")):
            configure(node, lines, etcd.urls, name)
            run(node, first, script, log)
        for node in (first, second):
            followers.append(run(node, first, each, log))
        for here, there in ((first, second), (second, first)):
            name = f"made-on-{here.conf.parent.name[-8:].lower()}"
            name = re.sub(r"[^a-z0-9-]", "x", name)
            sutler(here, "app", "create", name, "--owner", owner.name)
            wait_for(lambda: name in sutler(there, "app", "list"),
                     "what the other wrote")
        status = sutler(second, "cluster", "status")
        if not re.search(r"\bone\b", status) or \
                not re.search(r"\btwo\b", status):
            raise AssertionError(f"cluster status: {status}")
    finally:
        for shell in followers:
            try:
                os.killpg(shell.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        first.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    options = parser.parse_args()
    title = "two nodes, set up by the README's lines"
    if nodes.missing():
        print(f"ok 1 - {title} # SKIP no {nodes.missing()}")
        return 0
    text = (readme.TOP / "README.md").read_text(encoding="utf-8")
    (_, block), = readme.blocks(text, "test: cluster")
    with tempfile.TemporaryDirectory(prefix="sutler-test-") as place, \
            tempfile.TemporaryFile() as log, Etcd(members=3) as etcd:
        try:
            set_up(options.build.resolve(), block, Path(place), etcd, log)
        except AssertionError as error:
            print(f"not ok 1 - {title}")
            for line in str(error).splitlines():
                print(f"# {line}")
            print("0 passed, 1 failed")
            return 1
    print(f"ok 1 - {title}\n1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
