#!/usr/bin/env python3
"""Uses the dashboard in headless Chromium, through a real server.

usage: browser.py [--build DIR] [--door NAME] [-k PATTERN] [--shots DIR]

Each test is one thing that a person does; they stand in browser_*.py.
--shots: also keep pictures of the views, at three widths, in both schemes.
"""
import argparse
import os
import re
import sys
import time
import traceback
from pathlib import Path

import browser_addons
import browser_apps
import browser_past
import browser_shape
from browser_base import TESTS, Site
from doors import DOORS
from scenario_base import Skip
from servers import leave_root
from webdriver import Browser
from world import World

TOP = Path(__file__).resolve().parent.parent
MODULES = (browser_apps, browser_addons, browser_past, browser_shape)


def run(number: int, title: str, function, site: Site) -> bool:
    """Whether it went well."""
    began = time.monotonic()
    try:
        site.fresh()
        function(site)
    except Skip as skip:
        title += f" # SKIP {skip}"
    except Exception as trouble:   # whatever it is, the others go on
        print(f"not ok {number} - {title}")
        for line in str(trouble).splitlines() or [repr(trouble)]:
            print(f"# {line}")
        for frame in traceback.extract_tb(trouble.__traceback__):
            if Path(frame.filename).name.startswith("browser"):
                print(f"#   {Path(frame.filename).name}:{frame.lineno}: "
                      f"{frame.line}")
        return False
    seconds = time.monotonic() - began
    print(f"ok {number} - {title}" + (f" # {seconds:.0f} s"
                                      if seconds > 10 else ""), flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--door", choices=DOORS, default="lighttpd")
    parser.add_argument("-k", default="", metavar="PATTERN")
    parser.add_argument("--shots", type=Path)
    options = parser.parse_args()
    if os.geteuid() == 0 and not DOORS[options.door].as_root:
        leave_root()
    os.chdir(TOP)
    chosen = [(title, function) for title, function in TESTS
              if re.search(options.k, f"{title} {function.__name__}")]
    if not chosen:
        print(f"not ok 1 - no test matches {options.k!r}")
        return 1
    world = World(options.build.resolve(), DOORS[options.door])
    browser, passed = None, 0
    try:
        browser = Browser()
        site = Site(world, browser)
        for number, (title, function) in enumerate(chosen, 1):
            passed += run(number, title, function, site)
        if options.shots:
            browser_shape.shots(site, options.shots)
    finally:
        if browser:
            browser.close()
        world.close()
    print(f"1..{len(chosen)}")
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return 0 if passed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
