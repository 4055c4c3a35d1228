#!/usr/bin/env python3
"""Runs the README's marked shell blocks against a running door.

usage: readme.py [--build DIR] [FILE]

A block of shell in the README that has the comment <!-- test --> right before
it is run by `sh -eu`, with what stands in DATA/credentials (URL, TOKEN, APP,
...) in its
environment, DATA itself, and an empty directory SCRATCH; it must exit with 0.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from doors import Lighttpd
from world import World

SECONDS = 120
BLOCK = r"^<!-- {} -->\n+```sh\n(.*?)^```$"
TOP = Path(__file__).resolve().parent.parent


def blocks(text: str, mark="test") -> list:
    """Line number and text of every block with this mark.  Those with "test: "
    and a word are run elsewhere (deb.py)."""
    block = re.compile(BLOCK.format(mark), re.M | re.S)
    return [(text.count("\n", 0, found.start(1)) + 1, found[1])
            for found in block.finditer(text)]


def run(script: str, env: dict, build: Path) -> str:
    """Empty, or what went wrong."""
    path = f"{build}:{os.environ['PATH']}"
    try:
        done = subprocess.run(
            ["sh", "-eu"], input=script.encode(), cwd=TOP, check=False,
            env={**os.environ, **env, "PATH": path}, capture_output=True,
            timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s"
    if done.returncode == 0:
        return ""
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return f"exit {done.returncode}\n{said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("file", nargs="?", default=TOP / "README.md",
                        type=Path)
    options = parser.parse_args()
    found = blocks(options.file.read_text(encoding="utf-8"))
    if not found:
        print(f"not ok 1 - {options.file}: no block is marked as a test")
        return 1
    world = World(options.build.resolve(), Lighttpd)
    failed = 0
    try:
        scratch = world.data.parent / "scratch"
        scratch.mkdir()
        env = {**world.demo, "SUTLER_CONF": str(world.conf),
               "DATA": str(world.data), "SCRATCH": str(scratch)}
        for number, (line, script) in enumerate(found, 1):
            trouble = run(script, env, options.build.resolve())
            failed += bool(trouble)
            print(f"{'not ok' if trouble else 'ok'} {number} - "
                  f"{options.file.name}:{line}")
            for text in trouble.splitlines():
                print(f"# {text}")
    finally:
        world.close()
    print(f"1..{len(found)}")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
