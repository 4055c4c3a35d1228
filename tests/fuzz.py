#!/usr/bin/env python3
"""Runs libFuzzer's harnesses, tests/fuzz-*.c, one after the other.

usage: fuzz.py [--build DIR] [--runs N | --seconds N] [SUBJECT...]

Each replays its seeds, tests/seeds/SUBJECT, and then goes on by itself: for N
runs, which are the same every time; or for N seconds, with what it has learnt
so far, in DIR/corpus.  What it fails by is kept in DIR/crashes, and shown.
"""
import argparse
import base64
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent
SEED = 1           # of the runs that are the same every time
SLOWEST = 10       # s that one run may take
MEMORY = 1500      # MB
PROGRESS = 10.0    # s between two words of it
BEYOND = 300       # s that a harness may last besides
# What it says of itself: "#4096 pulse cov: 327 ft: 625 corp: 28/1027b …".
STATE = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)")
REASON = re.compile(r"^(fuzz: |==\d+==\s?ERROR|SUMMARY|.*runtime error:|"
                    r"\s+#\d+ .* /.*\.c:\d+|sutler)")


class Run:
    """One process of a harness."""

    def __init__(self, options, subject: str, *words):
        self.subject = subject
        self.lines, self.runs, self.covered, self.features = [], 0, 0, 0
        self.began = self.spoke = time.monotonic()
        self.quiet = options.seconds is None
        program = options.build / "tests" / f"fuzz-{subject}"
        crashes = options.build / "crashes"
        crashes.mkdir(parents=True, exist_ok=True)
        before = set(crashes.iterdir())
        self.child = subprocess.Popen(
            [program, f"-artifact_prefix={crashes}/{subject}-",
             f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}", *words],
            cwd=TESTS.parent, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", env=dict(
                os.environ, ASAN_OPTIONS="detect_leaks=0",
                UBSAN_OPTIONS="print_stacktrace=1"))
        clock = threading.Timer((options.seconds or 0) + BEYOND,
                                self.child.kill)
        clock.start()
        for line in self.child.stderr:
            self.hear(line.rstrip("\n"))
        self.status = self.child.wait()
        clock.cancel()
        self.seconds = time.monotonic() - self.began
        self.crashes = sorted(set(crashes.iterdir()) - before)

    def hear(self, line: str):
        state = STATE.match(line)
        if state:
            self.runs, self.covered, self.features = map(int, state.groups())
        else:
            self.lines = [*self.lines, line][-400:]
        if not self.quiet and time.monotonic() - self.spoke > PROGRESS:
            self.spoke = time.monotonic()
            print(f"# {self.subject}: {self.runs} runs, "
                  f"{self.features} features", flush=True)

    def trouble(self) -> str:
        """Why it failed, or ""."""
        if self.status == 0:
            return ""
        why = [line for line in self.lines if REASON.match(line)][:30]
        for crash in self.crashes:
            text = base64.b64encode(crash.read_bytes()[:1500]).decode()
            why.append(f"{crash}: {text}")
        return "\n".join([f"exit status {self.status}", *why])


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, title: str, trouble: str):
        self.failed += bool(trouble)
        self.passed += not trouble
        print(f"{'not ok' if trouble else 'ok'} "
              f"{self.passed + self.failed} - {title}")
        for line in trouble.splitlines():
            print(f"# {line}")
        sys.stdout.flush()


def fuzz(options, subject: str, report: Report):
    seeds = TESTS / "seeds" / subject
    count = len(list(seeds.iterdir())) if seeds.is_dir() else 0
    replay = Run(options, subject, "-runs=0", str(seeds))
    report.say(f"fuzz: {subject}: {count} seeds",
               replay.trouble() or ("" if count else "it has no seeds"))
    # what it learns goes into the first directory that it is told
    if options.seconds is None:
        with tempfile.TemporaryDirectory() as corpus:
            run = Run(options, subject, f"-runs={options.runs}",
                      f"-seed={SEED}", corpus, str(seeds))
    else:
        corpus = options.build / "corpus" / subject
        corpus.mkdir(parents=True, exist_ok=True)
        run = Run(options, subject, f"-max_total_time={options.seconds}",
                  str(corpus), str(seeds))
    report.say(f"fuzz: {subject}: {run.runs} runs, "
               f"{run.runs / run.seconds:.0f} a second, {run.covered} edges, "
               f"{run.features} features", run.trouble())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build/fuzz", type=Path)
    parser.add_argument("--runs", default=10000, type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("subjects", nargs="*")
    options = parser.parse_args()
    options.build = options.build.resolve()
    report = Report()
    for subject in options.subjects or sorted(
            path.stem.removeprefix("fuzz-")
            for path in TESTS.glob("fuzz-*.c")):
        fuzz(options, subject, report)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
