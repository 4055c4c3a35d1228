#!/usr/bin/env python3
"""Runs the real clients of tests/clients against a running sutler.

usage: clients.py [--build DIR]

Installs them below DIR/clients by npm, from the lock file beside them, starts
lighttpd on 127.0.0.1, and prints their TAP, then "N passed, N failed".
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from doors import Lighttpd
from world import TESTS, World

SECONDS = 300
CLIENTS = TESTS / "clients"


def install(place: Path):
    """What the lock file has, once; by its hashes, whatever the registry."""
    place.mkdir(parents=True, exist_ok=True)
    lock = CLIENTS / "package-lock.json"
    done = place / "node_modules" / ".package-lock.json"
    if done.exists() and (place / lock.name).exists() and \
            (place / lock.name).read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", lock.name):
        shutil.copy(CLIENTS / name, place / name)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund",
                    "--ignore-scripts", "--loglevel=error"], cwd=place,
                   check=True, timeout=SECONDS)


def with_restart_hook(world):
    """A restart that succeeds."""
    hook = world.dir / "hook"
    hook.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    hook.chmod(0o755)
    world.configure(restart_hook=hook)


def environment(world, place: Path) -> dict:
    mine, friend = world.account(), world.account()
    with_restart_hook(world)
    return dict(os.environ, CLIENTS=str(place), URL=world.door.public_url,
                TOKEN=mine.token, FRIEND=friend.email,
                FRIEND_NAME=friend.name, FRIEND_TOKEN=friend.token,
                PROVIDER=world.provider("scalingo").slug,
                SUTLER=str(world.build / "sutler"),
                SUTLER_CONF=str(world.conf))


def run(script: Path, env: dict) -> str:
    try:
        done = subprocess.run(["node", script], env=env, check=False,
                              stdout=subprocess.PIPE, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"not ok 1 - {script.name}: no end after {SECONDS} s\n"
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0 and "\nnot ok" not in f"\n{text}":
        text += f"not ok 1 - {script.name}: exit {done.returncode}\n"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    build = parser.parse_args().build.resolve()
    place = build / "clients"
    install(place)
    world = World(build, Lighttpd)
    text = ""
    try:
        env = environment(world, place)
        for script in sorted(CLIENTS.glob("*.cjs")):
            text += run(script, env)
        world.plain_equals_head()
        world.fsck()
    finally:
        world.close()
    print(text, end="")
    passed = len(re.findall(r"^ok ", text, re.M))
    failed = len(re.findall(r"^not ok ", text, re.M))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
