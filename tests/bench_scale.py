"""What a request costs as the store grows, and what packing costs and saves.

Stores of several sizes are made first (tests/bench-store.c); then every
request is run on each of them in turn, directly, in rounds, so that a ratio
is one of figures that were measured at about the same time.  Times are until
the program has ended, and what it took of a processor: a machine that has
other work to do spoils the first more than the second.
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
        self.index = self.reindex()

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
        """Seconds of it, and MB of its largest resident set."""
        out = call([self.build / "tests/bench-run", self.build / "sutler",
                    "reindex"], input="\t\t\n", env=self.env)
        took, _, peak = map(float, out.split())
        return took / 1e6, peak / 1024

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
        """Medians of time and processor time in ms; the peak in MB."""
        out, _ = process.communicate(process.lines, timeout=SECONDS)
        if process.returncode:
            raise OSError(f"bench-run failed on {self.size}")
        took, spent, peak = zip(*(map(float, line.split())
                                  for line in out.splitlines()))
        return (statistics.median(took) / 1000,
                statistics.median(spent) / 1000, max(peak) / 1024)

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
    """Figures by request and store, one row per round."""

    def __init__(self):
        self.rows = {}

    def add(self, request, store, row):
        self.rows.setdefault((request.name, store.size), []).append(row)

    def column(self, request, store, number):
        return [row[number] for row in self.rows[request.name, store.size]]

    def median(self, request, store, number):
        return statistics.median(self.column(request, store, number))

    def ratio(self, request, store, base, number):
        return statistics.median(
            a / b for a, b in zip(self.column(request, store, number),
                                  self.column(request, base, number)))


def fill_grid(grid, requests, stores, note):
    for number in range(ROUNDS):
        note(f"scale, round {number + 1} of {ROUNDS}")
        for request in requests:
            if request.cold and not can_drop():
                continue
            for store in stores:
                grid.add(request, store, store.measure(
                    request, COLD_RUNS if request.cold else RUNS))


def print_grid(grid, requests, stores):
    base = stores[0]
    print(f"{'':61}time{'ratio':>9}{'processor':>13}{'ratio':>8}")
    for request in requests:
        if (request.name, base.size) not in grid.rows:
            print(f"{request.name}: left out, only root drops caches")
            continue
        for store in stores:
            print(f"{request.name:26}{str(store.size):30}" + "".join(
                f"{grid.median(request, store, number):9.2f} ms "
                f"{grid.ratio(request, store, base, number):8.2f}"
                for number in (0, 1)), flush=True)


def make_stores(build, directory, sizes, note):
    print("\nScale: making the stores, then the index")
    stores = []
    for size in sizes:
        note(f"scale: {size}")
        store = Store(build, directory / f"{size.apps}-{size.commits}", size)
        stores.append(store)
        print(f"{str(size):34}{store.seconds:7.1f} s"
              f"{store.index[0]:7.1f} s, {store.index[1]:.0f} MB resident",
              flush=True)
    return stores


def bench(build, directory, sizes, commits, note):
    """Stores of those sizes, and one of 10,000 apps with a history."""
    begun = time.monotonic()
    wanted = [Size(apps, 0) for apps in sizes]
    if commits:
        wanted.append(Size(10000, commits))
    stores = make_stores(build, directory, wanted, note)
    grid = Grid()
    fill_grid(grid, REQUESTS, stores, note)
    print(f"\nScale: one process per request, median of {ROUNDS} rounds of "
          f"{RUNS} (goal: {GOAL} times or less)")
    print_grid(grid, REQUESTS, stores)
    for store in stores:
        print(f"{'memory of a write':26}{str(store.size):30}"
              f"{max(grid.column(PATCH, store, 2)):9.1f} MB "
              f"(goal: {MEMORY} or less)")
    large = [store for store in stores if store.size.apps // 2 > PAGE]
    if large:
        fill_grid(grid, PAGES, large, note)
        print(f"\nScale: a provider's list, pages of {PAGE}")
        print_grid(grid, PAGES, large)
    bench_pack(Store(build, directory / "pack", Size(100, 0)), note)
    print(f"\nScale and packing took {time.monotonic() - begun:.0f} s")


def used(store):
    """Bytes that the repository takes on the disk."""
    return int(call(["du", "-sk", store.data / "store/.git"]).split()[0]) << 10


def bench_pack(store, note):
    """Commits before and after, and what a write costs meanwhile."""
    note("packing")
    empty = used(store)
    alone = store.measure(PATCH, BATCH)
    loose = used(store)
    packer = subprocess.Popen([store.build / "sutler", "pack"],
                              env=store.env, stdout=subprocess.PIPE)
    begun, beside = time.monotonic(), []
    while packer.poll() is None:
        beside.append(store.measure(PATCH, 10))
    seconds = time.monotonic() - begun
    store.sutler("pack")
    count = BATCH + 10 * len(beside)
    print(f"\nPacking: {BATCH:,} commits in {seconds:.1f} s")
    print(f"disk per commit, loose   {(loose - empty) / BATCH:9.0f} bytes")
    print("disk per commit, packed  "
          f"{(used(store) - empty) / count:9.0f} bytes")
    for number, what in enumerate(("time", "processor time")):
        meanwhile = statistics.median(row[number] for row in beside)
        print(f"PATCH, {what:18}{alone[number]:9.2f} ms, while packing "
              f"{meanwhile:.2f} ms: {meanwhile / alone[number]:.2f} times")
