#!/usr/bin/env python3
"""What the API promises, tried through a door.

usage: scenarios.py [--door NAME] [--again] [--core] [--sealed] [--build DIR]
                    [-k PATTERN] [-v]

--again: only what is to be tried at every door.  --core: only the subjects
that show what a web server lets through.  --sealed: secrets are sealed at
rest, whatever the subject.

Prints TAP, then "N passed, N failed" (and how many were skipped: what cannot
be at this door, or of which the server passes nothing on), then what requests
went beside the server (passage.py); exits with 1 where one failed.
"""
import argparse
import importlib
import os
import re
import sys
import traceback
from pathlib import Path

import scenario_base
from doors import DOORS
from passage import beside
from servers import leave_root
from world import MARK, TESTS, World

# Every scenario_*.py; two of them help the others.
SUBJECTS = sorted(
    {path.stem.removeprefix("scenario_")
     for path in TESTS.glob("scenario_*.py")} - {"base", "manifests"})


# What --core runs.
CORE = ("accounts", "apps", "http2", "provider_heroku", "provider_scalingo",
        "revisions", "servers", "smuggling", "session", "sso", "variables")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--door", choices=DOORS, default="direct")
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--core", action="store_true")
    parser.add_argument("--sealed", action="store_true")
    parser.add_argument("-k", dest="pattern", default="")
    parser.add_argument("-v", dest="verbose", action="store_true")
    return parser.parse_args()


def check_store(world):
    """What holds after every scenario, whatever it did."""
    world.plain_equals_head()
    seen = getattr(world, "seen", "")
    world.seen = world.head()
    for message in world.messages(seen):
        if MARK in message:
            raise AssertionError(f"a value in a commit message: {message}")


class Report:
    def __init__(self, verbose: bool):
        self.verbose = verbose
        self.passed = self.failed = self.skipped = 0
        self.ways = []       # of all requests (passage.py)

    def say(self, title: str, trouble=""):
        number = self.passed + self.failed + self.skipped + 1
        word = "not ok" if trouble else "ok"
        print(f"{word} {number} - {title}", flush=True)
        for line in trouble.splitlines():
            print(f"# {line}", flush=True)
        if trouble:
            self.failed += 1
        elif " # SKIP " in title:
            self.skipped += 1
        else:
            self.passed += 1

    def run(self, title: str, function, world):
        """One scenario, and the store after it."""
        trouble, before = "", len(world.door.ways)
        for step in (function, check_store):
            try:
                step(world)
            except scenario_base.Skip as skip:
                title += f" # SKIP {skip}"
            except AssertionError as error:
                trouble += f"{step.__name__}: {error}\n{place(error)}\n"
                if self.verbose:
                    trouble += traceback.format_exc()
            except Exception:   # a fault of the test is a failure too
                trouble += traceback.format_exc()
        ways = world.door.ways[before:]
        self.ways += ways
        if ways and all(ways):
            title += f" # SKIP {beside(ways)}"
        elif beside(ways):
            title += f" ({beside(ways)})"
        self.say(title, trouble)


def place(error: BaseException) -> str:
    """The line of the scenario that was at work."""
    steps = [step for step in traceback.extract_tb(error.__traceback__)
             if Path(step.filename).name.startswith("scenario_")]
    return f"at {Path(steps[-1].filename).name}:{steps[-1].lineno}" \
        if steps else ""


def chosen(options) -> list:
    return [row for row in scenario_base.SCENARIOS
            if re.search(options.pattern, f"{row[0]}: {row[2]} {row[1]}")
            and (row[4] or not (options.again or options.core))
            and (row[0] in CORE or not options.core)]


def run_door(name: str, rows: list, options, report: Report):
    missing = DOORS[name].missing()
    if missing:
        report.say(f"{name}: {missing} is not installed", "no such program")
        return
    try:
        world = World(options.build.resolve(), DOORS[name])
    except Exception as error:
        report.say(f"{name}: the world is made", f"{error}")
        return
    try:
        for subject, _, title, function, _ in rows:
            report.run(f"{name}: {subject}: {title}", function, world)
        report.run(f"{name}: git fsck finds nothing", World.fsck, world)
    finally:
        world.close()


def main() -> int:
    options = arguments()
    if os.geteuid() == 0 and not DOORS[options.door].as_root:
        leave_root()
    sys.path.insert(0, str(TESTS))
    for subject in SUBJECTS:
        importlib.import_module(f"scenario_{subject}")
    World.sealed = options.sealed
    report = Report(options.verbose)
    run_door(options.door, chosen(options), options, report)
    print(f"1..{report.passed + report.failed + report.skipped}")
    print(f"{report.passed} passed, {report.failed} failed" +
          (f", {report.skipped} skipped" if report.skipped else ""))
    if beside(report.ways):
        print(f"# {beside(report.ways)}")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
