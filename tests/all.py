#!/usr/bin/env python3
"""Runs test programs and adds up what they say.

usage: all.py [-v] COMMAND...

Each COMMAND is one argument, split as a shell splits words; it prints TAP.
What failed is shown with its reasons, all of it with -v; the last line is
"N passed, N failed" (and how many were skipped, each of which is shown), the
exit status 1 where anything failed.
"""
import os
import re
import shlex
import subprocess
import sys
import threading

SECONDS = 1800
RESULT = re.compile(r"(not )?ok\b")


SKIPPED = re.compile(r"ok\b.*# SKIP")


class Count:
    passed = failed = skipped = 0


def show(line: str, wanted: bool):
    if wanted:
        print(line, flush=True)


def follow(command: str, lines, verbose: bool) -> tuple:
    """Print what matters of a program's lines; how many passed, failed and
    were skipped."""
    passed = failed = skipped = 0
    reasons = False     # the lines behind a failure say why
    for line in lines:
        line = line.rstrip("\n")
        result = RESULT.match(line)
        if result:
            reasons = bool(result[1])
            failed += reasons
            skipped += bool(SKIPPED.match(line))
            passed += not reasons and not SKIPPED.match(line)
            if reasons and not verbose:
                print(f"{command}:", flush=True)
        show(line, verbose or reasons or SKIPPED.match(line))
    return passed, failed, skipped


def run(command: str, verbose: bool, count: Count):
    program = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE,
                               text=True, errors="replace",
                               stdin=subprocess.DEVNULL)
    clock = threading.Timer(SECONDS, program.kill)
    clock.start()
    passed, failed, skipped = follow(command, program.stdout, verbose)
    status = program.wait()
    clock.cancel()
    if (status != 0 and failed == 0) or passed + failed + skipped == 0:
        print(f"not ok - {command}: exit status {status}, {passed} passed",
              flush=True)
        failed += 1
    print(f"{'ok  ' if failed == 0 else 'FAIL'} {passed:5} {command}",
          flush=True)
    count.passed += passed
    count.failed += failed
    count.skipped += skipped


def main() -> int:
    words = sys.argv[1:]
    verbose = words[:1] == ["-v"]
    count = Count()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    for command in words[verbose:]:
        run(command, verbose, count)
    print(f"{count.passed} passed, {count.failed} failed" +
          (f", {count.skipped} skipped" if count.skipped else ""))
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
