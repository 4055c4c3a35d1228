"""What a request costs as the store grows, and what packing costs and saves.

Stores of several sizes are made first (tests/bench-store.c); then every
request is run on each of them in turn, directly, in rounds, so that a ratio
is one of figures that were measured at about the same time.
"""
import hashlib
import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

TREE = Path(__file__).resolve().parent.parent
ROUNDS = 7
RUNS = 30                # of a request in a round
COLD_RUNS = 2            # each of them reads everything from the disk
OWN = 10                 # apps of the account that asks
PAGE = 4000
PER_COMMIT = 2           # ms a commit may take, and much more
BATCH = 4000             # commits to be packed
SECONDS = 3600           # the longest wait
GOAL = 2                 # times what it costs at the smallest size
MEMORY = 12              # MB of a write

# Trees are many and small: without this, fast-import gives memory back and
# asks for it again all the time.
EASY = {"MALLOC_TOP_PAD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "4000000000",
        "MALLOC_MMAP_THRESHOLD_": "4000000000"}


class Size(NamedTuple):
    apps: int
    commits: int

    def __str__(self):
        more = f", {self.commits:,} commits" if self.commits else ""
        return f"{self.apps:,} apps{more}"


def call(words, **options):
    """What a command that must succeed prints."""
    done = subprocess.run([str(word) for word in words], check=True,
                          timeout=SECONDS, stdout=subprocess.PIPE, text=True,
                          **options)
    return done.stdout


def app_id(number):
    return hashlib.sha1(f"app-{number}".encode()).hexdigest()[:24]


class Store:
    """A data directory of one size."""

    def __init__(self, build, directory, size):
        self.build = build
        self.size = size
        self.data = directory / "data"
        self.conf = directory / "sutler.conf"
        self.number = 0
        directory.mkdir()
        self.conf.write_text(
            f"data = {self.data}\npublic_url = http://127.0.0.1\n"
            f"libexec = {build}\npage_size = {PAGE}\n")
        self.env = {"SUTLER_CONF": str(self.conf), "PATH": os.environ["PATH"]}
        begun = time.monotonic()
        self.fill()
        self.seconds = time.monotonic() - begun
        begun = time.monotonic()
        self.index_peak = self.reindex()
        self.index_seconds = time.monotonic() - begun

    def sutler(self, *words):
        return call([self.build / "sutler", *words], env=self.env)

    def fill(self):
        self.sutler("init")
        self.sutler("provider", "add", TREE / "data/sample-heroku.json")
        self.token = self.sutler("account", "add", "bench",
                                 "bench@example.org", "--paying").strip()
        maker = subprocess.Popen(
            [self.build / "tests/bench-store", self.conf, str(self.size.apps),
             str(self.size.commits)], stdout=subprocess.PIPE)
        call(["git", "-C", self.data / "store", "-c", "core.compression=1",
              "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet",
              "--depth=10"], stdin=maker.stdout, env={**os.environ, **EASY})
        maker.stdout.close()
        if maker.wait() != 0:
            raise OSError("bench-store failed")
        self.sutler("pack")

    def reindex(self):
        """The largest resident set, in MB."""
        process = subprocess.Popen([self.build / "sutler", "reindex"],
                                   env=self.env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise OSError("reindex failed")
        return usage.ru_maxrss / 1024

    def environment(self, request):
        if request.vendor:
            user = ("Basic "
                    "c2FtcGxlLW1haWw6cmVwbGFjZS10aGlzLXBhc3N3b3Jk")
        else:
            user = f"Bearer {self.token}"
        return {**self.env, "REQUEST_METHOD": request.method,
                "SCRIPT_NAME": request.script,
                "CONTENT_TYPE": "application/json",
                "HTTP_AUTHORIZATION": user}

    def start(self, request, runs):
        """A process that makes so many runs of request."""
        lines = []
        for _ in range(runs):
            self.number += 1
            lines.append("\t".join(request.line(self, self.number)) + "\n")
        command = [self.build / "tests/bench-run"]
        if request.cold:
            command.append("--cold")
        process = subprocess.Popen(
            [*command, self.build / "cgi-bin" / request.program], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=self.environment(request))
        process.lines = "".join(lines)
        return process

    def finish(self, process):
        """The median in ms, the largest resident set in MB."""
        out, _ = process.communicate(process.lines, timeout=SECONDS)
        if process.returncode:
            raise OSError(f"bench-run failed on {self.size}")
        rows = [line.split() for line in out.splitlines()]
        return (statistics.median(float(row[0]) for row in rows) / 1000,
                max(int(row[1]) for row in rows) / 1024)

    def measure(self, request, runs):
        return self.finish(self.start(request, runs))


class Request(NamedTuple):
    name: str
    program: str
    method: str
    script: str
    line: object         # (store, number) -> PATH_INFO, query, body
    vendor: bool = False
    cold: bool = False


def last_page(store):
    """The place at which the last rows begin that fill a page."""
    return max(1, store.size.apps // 2 - PAGE + 1)


def variable(number):
    return json.dumps({"variables": [{"name": "VERSION",
                                      "value": f"v{number}"}]})


def page(name, offset, cold=False):
    return Request(name, "apps", "GET", "/vendor/apps", lambda s, n: (
        "", f"offset={offset(s)}", ""), True, cold)


PATCH = Request(
    "PATCH a variable", "apps", "PUT", "/v1/apps", lambda s, n: (
        f"/app-{n % OWN}/variables", "", variable(n)))
REQUESTS = (
    Request("GET app, by name", "apps", "GET", "/v1/apps",
            lambda s, n: (f"/app-{n % OWN}", "", "")),
    Request("GET app, by id", "apps", "GET", "/v1/apps",
            lambda s, n: (f"/{app_id(n % OWN)}", "", "")),
    Request("GET an owner's apps", "apps", "GET", "/v1/apps",
            lambda s, n: ("", "", "")),
    PATCH,
    Request("POST app", "apps", "POST", "/v1/apps", lambda s, n: (
        "", "", json.dumps({"app": {"name": f"fresh-{n}"}}))),
)
PAGES = (
    page("first page of 4000", lambda s: 0),
    page("last page of 4000", last_page),
    page("first page of 4000, cold", lambda s: 0, True),
    page("last page of 4000, cold", last_page, True),
)


def can_drop():
    return os.access("/proc/sys/vm/drop_caches", os.W_OK)


class Grid:
    """Figures by request and store, one per round."""

    def __init__(self):
        self.times, self.peaks = {}, {}

    def add(self, request, store, figure, peak):
        key = request.name, store.size
        self.times.setdefault(key, []).append(figure)
        self.peaks[key] = max(peak, self.peaks.get(key, 0))

    def median(self, request, store):
        return statistics.median(self.times[request.name, store.size])

    def ratio(self, request, store, base):
        pairs = zip(self.times[request.name, store.size],
                    self.times[request.name, base.size])
        return statistics.median(a / b for a, b in pairs)


def fill_grid(grid, requests, stores, note):
    for number in range(ROUNDS):
        note(f"scale, round {number + 1} of {ROUNDS}")
        for request in requests:
            if request.cold and not can_drop():
                continue
            for store in stores:
                grid.add(request, store, *store.measure(
                    request, COLD_RUNS if request.cold else RUNS))


def print_grid(grid, requests, stores):
    base = stores[0]
    for request in requests:
        if (request.name, base.size) not in grid.times:
            print(f"{request.name}: left out, only root drops caches")
            continue
        for store in stores:
            ratio = grid.ratio(request, store, base)
            print(f"{request.name:26}{str(store.size):34}"
                  f"{grid.median(request, store):9.2f} ms"
                  f"{ratio:7.2f} of {base.size.apps:,}'s", flush=True)


def bench(build, directory, sizes, commits, note):
    """Stores of those sizes, and one of 10,000 apps with a history."""
    wanted = [Size(apps, 0) for apps in sizes]
    if commits:
        wanted.append(Size(10000, commits))
    stores = []
    print("\nScale: making the stores (fast-import, then reindex)")
    for size in wanted:
        note(f"scale: {size}")
        store = Store(build, directory / f"{size.apps}-{size.commits}", size)
        stores.append(store)
        print(f"{str(size):34}{store.seconds:7.1f} s"
              f"{store.index_seconds:7.1f} s, {store.index_peak:.0f} MB"
              " resident", flush=True)
    grid = Grid()
    fill_grid(grid, REQUESTS, stores, note)
    print(f"\nScale: one process per request, median of {ROUNDS} rounds of "
          f"{RUNS} (goal: {GOAL} times or less)")
    print_grid(grid, REQUESTS, stores)
    for store in stores:
        print(f"{'memory of a write':26}{str(store.size):34}"
              f"{grid.peaks[PATCH.name, store.size]:9.1f} MB "
              f"(goal: {MEMORY} or less)")
    large = [store for store in stores if store.size.apps // 2 > PAGE]
    if large:
        fill_grid(grid, PAGES, large, note)
        print(f"\nScale: a provider's list, pages of {PAGE}")
        print_grid(grid, PAGES, large)
    bench_pack(Store(build, directory / "pack", Size(100, 0)), note)


def used(store):
    """Bytes that the repository takes on the disk."""
    return int(call(["du", "-sk", store.data / "store/.git"]).split()[0]) << 10


def bench_pack(store, note):
    """Commits before and after, and what a write costs meanwhile."""
    note("packing")
    empty = used(store)
    alone, _ = store.measure(PATCH, BATCH)
    loose = used(store)
    packer = subprocess.Popen([store.build / "sutler", "pack"],
                              env=store.env, stdout=subprocess.PIPE)
    begun, beside = time.monotonic(), []
    while packer.poll() is None:
        beside.append(store.measure(PATCH, 10)[0])
    seconds = time.monotonic() - begun
    store.sutler("pack")
    packed = used(store)
    count = BATCH + 10 * len(beside)
    print(f"\nPacking: {BATCH:,} commits in {seconds:.1f} s")
    print(f"disk per commit, loose   {(loose - empty) / BATCH:9.0f} bytes")
    print(f"disk per commit, packed  {(packed - empty) / count:9.0f} bytes")
    print(f"PATCH alone              {alone:9.2f} ms")
    meanwhile = statistics.median(beside)
    print(f"PATCH while packing      {meanwhile:9.2f} ms"
          f"{meanwhile / alone:7.2f} times")
