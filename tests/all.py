#!/usr/bin/env python3
"""Runs test programs and adds up what they say.

usage: all.py [-v] COMMAND... [--alone COMMAND...]

Each COMMAND is one argument, split as a shell splits words; it prints TAP.
As many run at once as there are processors; those behind --alone, which look
at what a load does, one after the other.
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
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

SECONDS = 4000   # the longest that one may take
RESULT = re.compile(r"(not )?ok\b")


SKIPPED = re.compile(r"ok\b.*# SKIP")


class Count:
    passed = failed = skipped = 0


def follow(command: str, lines, verbose: bool) -> tuple:
    """What matters of a program's lines; how many passed, failed and were
    skipped."""
    shown = []
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
                shown.append(f"{command}:")
        if verbose or reasons or SKIPPED.match(line):
            shown.append(line)
    return shown, passed, failed, skipped


def run(command: str, verbose: bool) -> tuple:
    began = time.monotonic()
    program = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE,
                               text=True, errors="replace",
                               stdin=subprocess.DEVNULL)
    clock = threading.Timer(SECONDS, program.kill)
    clock.start()
    shown, passed, failed, skipped = follow(command, program.stdout, verbose)
    status = program.wait()
    clock.cancel()
    if (status != 0 and failed == 0) or passed + failed + skipped == 0:
        shown.append(f"not ok - {command}: exit status {status}, "
                     f"{passed} passed")
        failed += 1
    seconds = round(time.monotonic() - began)
    shown.append(f"{'ok  ' if failed == 0 else 'FAIL'} {passed:5} {command}" +
                 (f" # {seconds} s" if seconds >= 10 else ""))
    return shown, passed, failed, skipped


def run_all(commands: list, jobs: int, verbose: bool, count: Count):
    with ThreadPoolExecutor(jobs) as pool:
        for ended in as_completed(pool.submit(run, command, verbose)
                                  for command in commands):
            shown, passed, failed, skipped = ended.result()
            print("\n".join(shown), flush=True)
            count.passed += passed
            count.failed += failed
            count.skipped += skipped


def main() -> int:
    words = sys.argv[1:]
    verbose = words[:1] == ["-v"]
    count = Count()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    words = words[verbose:]
    end = words.index("--alone") if "--alone" in words else len(words)
    run_all(words[:end], len(os.sched_getaffinity(0)), verbose, count)
    run_all(words[end + 1:], 1, verbose, count)
    print(f"{count.passed} passed, {count.failed} failed" +
          (f", {count.skipped} skipped" if count.skipped else ""))
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
