#!/usr/bin/env python3
"""What an empty program and a GET of sutler's cost under each web server.

usage: bench_servers.py [--build DIR] [--seconds N] [--only NAME]

The servers are those of servers.py, with the files that users copy, one after
the other; under each the two take turns, and a ratio is the median of the
turns' ratios.  Run by bench.py.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from servers import SERVERS, Small, leave_root
from world import SECONDS, World

TESTS = Path(__file__).resolve().parent
ROUNDS = 5
CONNECTIONS = 4
EMPTY = "v1/regions"     # whose place the empty program takes


def program_of(build: Path, directory: Path) -> Path:
    """apps, whose configuration is that of directory without being told: some
    servers pass no setting on."""
    own = directory / "build"
    shutil.copytree(build, own, ignore=shutil.ignore_patterns(
        "asan", "clang", "fuzz", "clients", "tests", "deb"))
    subprocess.run(["make", "-s", "-C", TESTS.parent, f"BUILD={own}",
                    f"SYSCONFDIR={directory}", f"{own}/cgi-bin/apps"],
                   check=True, timeout=SECONDS, env=dict(
                       os.environ, MAKEFLAGS=""), stdin=subprocess.DEVNULL)
    return own / "cgi-bin" / "apps"


def put(program: Path, place: Path):
    """What is there is a hard link, or a stand-in of the tests'."""
    place.unlink()
    shutil.copy(program, place)
    place.chmod(0o755)


def rate(url: str, headers: dict, seconds: int) -> float:
    """Requests per second."""
    words = [word for name, value in headers.items()
             for word in ("-H", f"{name}: {value}")]
    text = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *words, url],
        check=True, capture_output=True, text=True, timeout=SECONDS).stdout
    if "Non-2xx" in text:
        raise AssertionError(f"{url}: {text}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", text).group(1))


def measure(world: World, empty: Path, seconds: int) -> tuple:
    """Both rates' medians, and that of the ratios."""
    door, app = world.door, world.app()
    place = door.programs()
    # as it can be said through this server
    _, target, headers = door.through("GET", app.path(), {
        "Authorization": f"Bearer {app.owner.token}"})
    if isinstance(door, Small):
        headers["Connection"] = "close"   # as they do, some unannounced
        place = door.directory / "root" / door.place
        if not door.settings:
            put(program_of(world.build, world.dir), place / "v1/apps")
    put(empty, place / EMPTY)
    urls = f"{door.public_url}/{EMPTY}", f"{door.public_url}{target}"
    turns = [[rate(url, headers, seconds) for url in urls]
             for _ in range(ROUNDS)]
    return (*map(statistics.median, zip(*turns)),
            statistics.median(own / least for least, own in turns))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--seconds", default=2, type=int)
    parser.add_argument("--only", default="", help="of this server")
    options = parser.parse_args()
    if os.geteuid() == 0:
        leave_root()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="sutler-bench-") as directory:
        empty = Path(directory) / "empty"
        subprocess.run(["cc", "-O2", "-o", empty, TESTS / "bench-empty.c"],
                       check=True)
        print("Under each server, requests per second: an empty program, GET "
              "of an app, ratio")
        for server in SERVERS:
            if server.http2 or options.only not in ("", server.name):
                continue
            if server.missing():
                raise SystemExit(f"{server.missing()} is not installed")
            world = World(options.build.resolve(), server)
            try:
                least, own, ratio = measure(world, empty, options.seconds)
                print(f"{server.name:24}{least:8.0f}{own:8.0f}{ratio:8.2f}",
                      flush=True)
            except (AssertionError, OSError,
                    subprocess.SubprocessError) as error:
                print(f"{server.name}: {error}", flush=True)
                failed += 1
            finally:
                world.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
