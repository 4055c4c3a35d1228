#!/usr/bin/env python3
"""Measure sutler: bench.py --build DIR [--seconds N] [--only NAME] [--profile]

Everything in one run on this machine, so that figures may be compared: what a
request costs beside an empty CGI program under the same server with the same
rules, what a write costs beside the bare git commit in it, what memory each
takes.  Rounds are interleaved, and the median of them is printed; a ratio is
the median of the rounds' ratios, of reads each to the empty program around it.
Nothing is asserted.
"""
import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_scale

TESTS = Path(__file__).resolve().parent
TREE = TESTS.parent
ROUNDS = 5
CONNECTIONS = 4            # of readers
WRITERS = (1, 4, 16)
START = 60                 # s, for the demonstration to be made
SLACK = 30                 # s, on top of what a measurement should take
VALUE = "0000000000000000"  # as long as every value that is written

# Programs of sutler's that are replaced by others after the start, so that
# these run under the very same rules.
EMPTY = "/v1/regions"
SHELL = "/v1/addon_categories"

PATCH_LUA = """
local prefix, count
function setup(thread)
  threads = (threads or 0) + 1
  thread:set("number", threads)
end
function init(args)
  prefix = string.format("%s%02d", args[1], number)
  count = 0
end
function request()
  count = count + 1
  return wrk.format("PATCH", nil, nil, string.format(
    '{"config":{"SANDBOX_TOKEN":"%s%07d"}}', prefix, count))
end
"""


class Trouble(Exception):
    """What keeps the benchmark from being run."""


def note(text):
    print(text, file=sys.stderr, flush=True)


def run(command, seconds=SLACK, **options):
    """The result of a command that must succeed within seconds."""
    done = subprocess.run([str(word) for word in command], timeout=seconds,
                          stdin=options.pop("stdin", subprocess.DEVNULL),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, **options)
    if done.returncode != 0:
        raise Trouble(f"{command[0]} failed: {done.stderr.strip()}")
    return done


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A process that serves a port until it is stopped."""

    def __init__(self, command, port, ready=lambda: True, **env):
        self.port = port
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PATH": path, **env})
        until = time.monotonic() + START
        while not (ready() and answers(port)):
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Trouble(f"{command[0]} {command[1]} did not start")
            time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(SLACK)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, method, path, headers, body=None):
        """The JSON that the answer holds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=SLACK)
        text = "" if body is None else json.dumps(body)
        connection.request(method, path, text, {
            "Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        if answer.status // 100 != 2:
            raise Trouble(f"{method} {path}: {answer.status} {read[:200]}")
        return json.loads(read)


def basic(user, password):
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class World:
    """The demonstration with one add-on, and what it is compared with."""

    def __init__(self, build, directory):
        self.build = build
        self.directory = directory
        self.data = directory / "data"
        self.servers = []
        self.prefix = 0

    def start(self):
        port = free_port()
        self.main = self.serve(
            ["sh", TESTS / "run.sh", "--quiet", self.build, port, self.data],
            port, (self.data / "credentials").exists)
        self.read_credentials()
        self.provision()
        self.add_rivals()
        self.bare = self.serve_without_rewrites()
        self.open = self.serve_without_fence()

    def serve(self, command, port, ready=lambda: True, **env):
        server = Server(command, port, ready, **env)
        self.servers.append(server)
        return server

    def stop(self):
        for server in reversed(self.servers):
            server.stop()

    def read_credentials(self):
        text = (self.data / "credentials").read_text()
        given = dict(line.split("=", 1) for line in text.splitlines())
        self.token = bearer(given["TOKEN"])
        self.provider = basic(given["SCALINGO_USER"],
                              given["SCALINGO_PASSWORD"])
        jwt = self.main.ask("POST", "/v1/tokens/exchange",
                            basic("", given["TOKEN"]))
        self.jwt = bearer(jwt["token"])
        self.app = f"/v1/apps/{given['APP']}"
        self.record = next((self.data / "store/apps").glob(
            f"*/*/{given['APP']}.json"))

    def provision(self):
        plans = self.main.ask(
            "GET", "/v1/addon_providers/sandbox-scalingo/plans", self.token)
        self.main.ask("POST", f"{self.app}/addons", self.token, {"addon": {
            "addon_provider_id": "sandbox-scalingo",
            "plan_id": plans["plans"][0]["id"]}})
        app = self.main.ask("GET", self.app, self.token)["app"]["id"]
        self.provided = f"/v1/provider/apps/{app}"
        self.main.ask("PATCH", self.provided, self.provider,
                      {"config": {"SANDBOX_TOKEN": VALUE}})

    def add_rivals(self):
        """The empty program, the shell script and the bare commits."""
        run(["cc", "-O2", "-o", self.directory / "empty",
             TESTS / "bench-empty.c"])
        run(["cc", "-O2", "-static", "-o", self.directory / "peak",
             TESTS / "bench-peak.c"])
        self.replace(EMPTY, self.directory / "empty")
        self.replace(SHELL, TESTS / "bench-shell.sh")
        libs = run(["make", "-s", "--no-print-directory", "-C", TREE,
                    f"BUILD={self.build}", "--eval",
                    "bench-libs: ; @echo $(LIBS)", "bench-libs"])
        run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-o",
             self.directory / "commit", TESTS / "bench-commit.c"]
            + libs.stdout.split(), cwd=TREE)
        for mode in COMMITS:
            shutil.copytree(self.data / "store/.git", self.repository(mode))
        self.make_work_tree()

    def replace(self, path, program):
        """A program of sutler's is a hard link: it is not written over."""
        place = Path(f"{self.data}/cgi{path}")
        place.unlink()
        shutil.copy(program, place)
        place.chmod(0o755)

    def repository(self, mode):
        return self.directory / f"{mode}.git"

    def make_work_tree(self):
        tree = self.data / "shell"
        tree.mkdir()
        shutil.copy(self.record, tree / "app.json")
        run(["git", "-C", tree, "init", "-q"])
        run(["git", "-C", tree, "config", "user.name", "sandbox"])
        run(["git", "-C", tree, "config", "user.email", "sandbox@localhost"])
        run(["git", "-C", tree, "config", "gc.auto", "0"])
        run(["git", "-C", tree, "add", "app.json"])
        run(["git", "-C", tree, "commit", "-q", "-m", "blog: created"])

    def conf_of_another(self):
        """A port, and the configuration of a server there."""
        port = free_port()
        text = (self.data / "lighttpd.conf").read_text()
        return port, re.sub(r"(?m)^var\.port = .*$", f"var.port = {port}",
                            text)

    def serve_slowly(self, ms):
        """Another one, whose programs' flushes take ms more."""
        port, text = self.conf_of_another()
        conf = self.directory / f"slow-{ms}.conf"
        place = "setenv.set-environment = ("
        conf.write_text(text.replace(
            place, f'{place} "SLOW_FLUSH_MS" => "{ms}",'))
        shim = self.build / "tests" / "slow-flush.so"
        if not shim.exists():
            raise Trouble(f"{shim} is not built")
        return self.serve(["lighttpd", "-D", "-f", conf], port,
                          LD_PRELOAD=str(shim))

    def serve_without_rewrites(self):
        """A second server, on which a program has to start its sibling."""
        port, text = self.conf_of_another()
        text, count = re.subn(r"(?ms)^url\.rewrite-once = \(.*?^\)$", "", text)
        if count != 1:
            raise Trouble("lighttpd.conf has no rewrite rules to leave out")
        conf = self.directory / "bare.conf"
        conf.write_text(text)
        return self.serve(["lighttpd", "-D", "-f", conf], port)

    def serve_without_fence(self):
        """Another one, whose programs give nothing up."""
        port, text = self.conf_of_another()
        theirs = self.data / "open.conf"
        theirs.write_text((self.data / "sutler.conf").read_text()
                          + "fence = no\n")
        text, count = re.subn(r"(?m)^var\.conf = .*$",
                              f'var.conf = "{theirs}"', text)
        if count != 1:
            raise Trouble("lighttpd.conf does not name the configuration")
        conf = self.directory / "open-lighttpd.conf"
        conf.write_text(text)
        return self.serve(["lighttpd", "-D", "-f", conf], port)

    def next_prefix(self):
        """7 digits that no value began with so far."""
        self.prefix += 1
        return f"{self.prefix:07d}"


def wrk(server, path, headers, connections, seconds, extra=()):
    """Requests per second; errors are told on stderr."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += [*extra[:2], f"http://127.0.0.1:{server.port}{path}",
                *extra[2:]]
    text = run(command, seconds + SLACK).stdout
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", text).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad or "Socket errors" in text:
        note(f"{path}: {'; '.join(text.splitlines()[-5:])}")
    return rate


class Table:
    """Figures by name, one per round."""

    def __init__(self):
        self.rows = {}

    def add(self, name, figure):
        self.rows.setdefault(name, []).append(figure)

    def median(self, name):
        return statistics.median(self.rows[name])

    def ratio(self, over, under):
        """The median ratio; under may be several names, which are added."""
        sums = [sum(parts) for parts in zip(*(self.rows[u] for u in under))]
        return statistics.median(
            a / b for a, b in zip(self.rows[over], sums))

    def measure(self, name, figure):
        """Measure once; figure is called for it."""
        note(f"  {name}")
        self.add(name, figure())


def show(name, figure, unit, extra=""):
    print(f"{name:44}{figure:>11} {unit:6}{extra}".rstrip(), flush=True)


def head(title):
    print(f"\n{title}", flush=True)


# Reading


def readers(w):
    """(name, server, path, headers, goal) of every kind of read."""
    addons = f"{w.app}/addons"
    return (
        ("empty CGI", w.main, EMPTY, {}, None),
        ("GET app, API token", w.main, w.app, w.token, None),
        ("GET app, no fence", w.open, w.app, w.token, 0.8),
        ("GET app, JWT, no fence", w.open, w.app, w.jwt, 0.8),
        ("GET addons, no fence", w.open, addons, w.token, 0.8),
        ("GET addons, JWT, no fence", w.open, addons, w.jwt, 0.8),
        ("GET addons, by way of apps", w.bare, addons, w.token, 0.5),
        ("shell, jq", w.main, SHELL, {}, None),
    )


def bench_read(w, seconds):
    """Each beside the empty program just before and just after it: a machine
    that is shared changes its speed within a round."""
    table = Table()
    (empty, *empty_request), *others = [row[:4] for row in readers(w)]

    def measure(name, server, path, headers):
        table.measure(name, lambda: wrk(server, path, headers,
                                        CONNECTIONS, seconds))

    for number in range(ROUNDS):
        note(f"reading, round {number + 1} of {ROUNDS}")
        measure(empty, *empty_request)
        for name, *request in others:
            measure(name, *request)
            measure(empty, *empty_request)
            around = statistics.mean(table.rows[empty][-2:])
            table.add(f"{name}, of empty", table.rows[name][-1] / around)
    head(f"Reading, {CONNECTIONS} connections")
    show(empty, f"{table.median(empty):.0f}", "/s")
    for name, _, _, _, goal in readers(w)[1:]:
        ratio = table.median(f"{name}, of empty")
        goals = "" if goal is None else f" (goal: {goal} or more)"
        show(name, f"{table.median(name):.0f}", "/s",
             f"{ratio:6.2f} of empty{goals}")
    show("the fence's cost",
         f"{table.ratio('GET app, no fence', ['GET app, API token']) - 1:.1%}",
         "of a GET", "  (goal: less than 10 %)")


# Writing

COMMITS = {
    "none": "warm commit, not flushed",
    "fsync": "warm commit, fsync",
    "syncfs": "warm commit, syncfs",
}
SLOW_MS = 10


def slow(ms):
    return f"PATCH, flushes {ms} ms longer"


def milliseconds(rate):
    return 1000 / rate


def write_time(w, path, headers, connections, seconds, server=None):
    """Milliseconds per write, each with a value of its own."""
    script = w.directory / "patch.lua"
    script.write_text(PATCH_LUA)
    headers = {"Content-Type": "application/json", **headers}
    return milliseconds(wrk(
        server or w.main, path, headers, connections, seconds,
        ("-s", str(script), "--", w.next_prefix())))


def commit_time(w, mode, seconds):
    path = w.record.relative_to(w.data / "store")
    done = run([w.directory / "commit", w.repository(mode), path,
                "SANDBOX_TOKEN", seconds, mode], seconds + SLACK)
    return float(done.stdout.split()[1]) / 1000


def slow_servers(w):
    """Servers with slower flushes, by the ms: SLOW_MS; and, where starting a
    program takes long, ten times that, for writers that share a flush show
    only where it, and not the processor, is what they wait for."""
    start = milliseconds(wrk(w.main, EMPTY, {}, 1, 1))
    return {ms: w.serve_slowly(ms)
            for ms in sorted({SLOW_MS, max(SLOW_MS, round(10 * start))})}


def round_of_writes(table, w, seconds, slow_ones):
    for mode, name in COMMITS.items():
        table.measure(name, lambda: commit_time(w, mode, seconds))
    for n in WRITERS:
        table.measure(f"empty CGI, {n}", lambda: milliseconds(
            wrk(w.main, EMPTY, {}, n, seconds)))
        table.measure(f"PATCH, {n}", lambda: write_time(
            w, w.provided, w.provider, n, seconds))
        for ms, server in slow_ones.items():
            table.measure(f"{slow(ms)}, {n}", lambda: write_time(
                w, w.provided, w.provider, n, seconds, server))
    for n in WRITERS[:2]:
        table.measure(f"shell, {n}", lambda: write_time(
            w, SHELL, {}, n, seconds))


def bench_write(w, seconds):
    table = Table()
    slow_ones = slow_servers(w)
    for number in range(ROUNDS):
        note(f"writing, round {number + 1} of {ROUNDS}")
        round_of_writes(table, w, seconds, slow_ones)
    head("Writing: one value of one app, by its provider, per write")
    for name in table.rows:
        kind, _, count = name.rpartition(", ")
        if count.isdigit():
            name, kind = f"{kind}, {count} connections", name
        else:
            kind = name
        show(name, f"{table.median(kind):.2f}", "ms",
             f"{1000 / table.median(kind):6.0f} /s")
    for n in WRITERS:
        for mode, name in COMMITS.items():
            ratio = table.ratio(f"PATCH, {n}", [name, f"empty CGI, {n}"])
            goal = "" if mode == "none" else " (at most 2; goal: 1.5)"
            show(f"PATCH, {n} : {name} + empty CGI", f"{ratio:.2f}", "",
                 goal)
    show_scaling(table, [slow(ms) for ms in slow_ones])


def show_scaling(table, slow_kinds):
    """How much faster many writers are than one; times stand in table."""
    most = WRITERS[-1]
    gain = {kind: [one / many for one, many in zip(
        table.rows[f"{kind}, 1"], table.rows[f"{kind}, {most}"])]
        for kind in ("empty CGI", "PATCH", *slow_kinds)}
    for kind in gain:
        show(f"{kind}, {most} : 1", f"{statistics.median(gain[kind]):.2f}",
             "", " (goal: 3 or more)" if kind in slow_kinds else "")
    ratio = statistics.median(a / b for a, b in zip(gain["PATCH"],
                                                    gain["empty CGI"]))
    show("PATCH, of the empty CGI's scaling", f"{ratio:.2f}", "",
         " (goal: 0.8 or more)")


# Memory


def environment(w, method, script, rest, headers, body):
    """What a server tells a program of a request (RFC 3875)."""
    return {
        "SUTLER_CONF": str(w.data / "sutler.conf"),
        "PATH": "/usr/bin:/bin",
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": script,
        "PATH_INFO": rest,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": headers["Authorization"],
    }


def body_file(w, body):
    file = w.directory / "body"
    file.write_text(body)
    return file.open()


def peak(w, program, env, body):
    """The largest resident set of the program, in KiB."""
    report = w.directory / "peak.out"
    with body_file(w, body) as stdin:
        done = run(["sh", "-c", 'exec "$0" "$1" 3>"$2"',
                    w.directory / "peak", program, report],
                   stdin=stdin, env=env)
    if env and "Status: 2" not in done.stdout:
        raise Trouble(f"{program}: {done.stdout[:200]}")
    return int(report.read_text())


def requests(w):
    """(name, program, environment, body, goal in MB) of what is measured."""
    script, _, app = w.app.rpartition("/")
    body = json.dumps({"config": {"SANDBOX_TOKEN": w.next_prefix()}})
    programs = w.build / "cgi-bin"
    return (
        ("empty CGI", w.directory / "empty", {}, "", None),
        ("GET app", programs / "apps", environment(
            w, "GET", script, f"/{app}", w.token, ""), "", 3),
        ("GET addons", programs / "addons", environment(
            w, "GET", script, f"/{app}/addons", w.token, ""), "", 3),
        ("PATCH", programs / "apps", environment(
            w, "PATCH", "/v1/provider", w.provided[len("/v1/provider"):],
            w.provider, body), body, 12),
    )


def bench_memory(w, _):
    head("Memory: largest resident set")
    for name, program, env, body, goal in requests(w):
        size = peak(w, program, env, body) / 1024
        show(name, f"{size:.1f}", "MB",
             "" if goal is None else f" (goal: {goal} or less)")
    for program in ("apps", "addons"):
        linked = run(["ldd", w.build / "cgi-bin" / program]).stdout
        names = " ".join(re.findall(r"(?m)^\s*(lib\S+)", linked))
        print(f"{program} is linked with: {names or 'nothing'}")


def profile(w):
    """Where the time of a request goes, by system call."""
    for name, program, env, body, _ in requests(w)[1:]:
        head(f"System calls: {name}")
        report = w.directory / "calls"
        with body_file(w, body) as stdin:
            run(["strace", "-c", "-o", report, program], stdin=stdin,
                env=env)
        print(report.read_text(), end="")


def bench_growth(w, _):
    bench_scale.bench(w.build, w.directory, w.sizes, w.commits, note)


def by_program(title, name):
    """Another's measurements: it makes worlds of its own."""
    def bench(w, seconds):
        head(title)
        subprocess.run([sys.executable, TESTS / name, "--build", w.build,
                        "--seconds", str(seconds)], check=True, timeout=3600,
                       stdin=subprocess.DEVNULL)
    return bench


BENCHES = {"read": bench_read, "write": bench_write, "memory": bench_memory,
           "servers": by_program("Web servers", "bench_servers.py"),
           "cluster": by_program("Several nodes", "bench_cluster.py"),
           "scale": bench_growth}


def machine(directory):
    kind = run(["stat", "-f", "-c", "%T", directory]).stdout.strip()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f} at the start, "
          f"data on {kind}; medians of {ROUNDS} rounds")


def arguments():
    parser = argparse.ArgumentParser(description="Measure sutler.")
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--seconds", type=int, default=2,
                        help="of each measurement in each round")
    parser.add_argument("--only", choices=BENCHES)
    parser.add_argument("--apps", default="100,10000,100000,1000000",
                        help="sizes of scale; 1,000,000 takes 5 minutes and"
                        " 10 GB to make")
    parser.add_argument("--commits", type=int, default=100000,
                        help="of scale's history, 0 for none")
    parser.add_argument("--profile", action="store_true",
                        help="also: system calls of each request (strace)")
    return parser.parse_args()


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="sutler-bench-",
                                     ignore_cleanup_errors=True) as directory:
        w = World(given.build.resolve(), Path(directory))
        w.sizes = [int(apps) for apps in given.apps.split(",")]
        w.commits = given.commits
        try:
            machine(directory)
            w.start()
            for name, bench in BENCHES.items():
                if given.only in (None, name):
                    bench(w, given.seconds)
            if given.profile:
                profile(w)
        except (Trouble, OSError, subprocess.SubprocessError) as trouble:
            note(f"bench: {trouble}")
            return 1
        finally:
            w.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
