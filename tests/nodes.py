"""A cluster on loopback, for tests: members of etcd, and nodes of sutler, each
with its own data, configuration and web server; they can be killed, paused,
cut off from etcd, or left without space.

    with Cluster(build, nodes=3) as cluster:
        cluster.nodes[1].pause(), cluster.etcd.members[0].kill(), …
"""
import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

from etcd_server import CONTROL, PROGRAM, Etcd
from servers import Server
from world import SECONDS, World

CLONE_NEWNET = 0x40000000   # linux/sched.h
ROOM = "1g"                 # of a file system of a node's own
USER, PASSWORD = "sutler", "s3cret"   # of etcd's, where it asks
LINK = "169.254.{}.{}"      # a node's way to etcd, where it may be cut off


def missing() -> str:
    """The program that is not installed, or ""."""
    if PROGRAM is None or CONTROL is None:
        return "etcd-server, etcd-client"
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return "" if shutil.which("lighttpd", path=path) else "lighttpd"


def run(*words) -> bool:
    return subprocess.run([str(word) for word in words], check=False,
                          capture_output=True,
                          timeout=SECONDS).returncode == 0


def enter(fd: int):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def within(network: str):
    """This thread, and what it starts, has the network of that name; "": the
    one it has."""
    if not network:
        yield
        return
    with open("/proc/thread-self/ns/net", "rb") as ours, \
            open(f"/run/netns/{network}", "rb") as its:
        enter(its.fileno())
        try:
            yield
        finally:
            enter(ours.fileno())


class Network:
    """A network of its own, with a link to ours that can be cut."""

    def __init__(self):
        number = os.getpid()   # tests beside us have others
        self.name, self.outer = f"sutler-test-{number}", f"st{number}"
        # 169.254.1.0 to 169.254.254.255, four by four
        high, low = divmod(number % (254 * 64), 64)
        self.host, guest = (LINK.format(high + 1, 4 * low + last)
                            for last in (1, 2))
        made = run("ip", "netns", "add", self.name) and run(
            "ip", "link", "add", self.outer, "type", "veth", "peer", "name",
            "inner", "netns", self.name)
        inside = ("ip", "-n", self.name)
        self.there = made and all((
            run("ip", "address", "add", f"{self.host}/30", "dev", self.outer),
            run("ip", "link", "set", self.outer, "up"),
            run(*inside, "address", "add", f"{guest}/30", "dev", "inner"),
            run(*inside, "link", "set", "inner", "up"),
            run(*inside, "link", "set", "lo", "up")))
        if not self.there:
            self.close()

    def cut(self):
        """Nothing gets through, and nobody says so."""
        run("ip", "link", "set", self.outer, "down")

    def mend(self):
        run("ip", "link", "set", self.outer, "up")

    def close(self):
        run("ip", "link", "delete", self.outer)
        run("ip", "netns", "delete", self.name)


class Between:
    """Stands before a member of etcd's.  Each of its answers takes so many
    seconds more; of those to a commit that it orders, every so manyth gets
    lost (0: none)."""

    def __init__(self, url: str, delay=0.0, lose=0):
        self.delay, self.lose = delay, lose
        self.member = urllib.parse.urlsplit(url)
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.url = f"{self.member.scheme}://127.0.0.1:{port}"
        self.seen = self.lost = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):   # closed
            while True:
                link, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(link,),
                                 daemon=True).start()

    def serve(self, link: socket.socket):
        with link, contextlib.suppress(OSError), socket.create_connection(
                (self.member.hostname, self.member.port)) as member:
            others = {link: member, member: link}
            while True:
                for one in select.select(list(others), [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    if one is member:
                        time.sleep(self.delay)
                    # a commit, the head, and how far the node is
                    if self.lose and data.count(b'"response_put"') > 2:
                        self.seen += 1
                        if self.seen % self.lose == 0:
                            self.lost += 1
                            return
                    others[one].sendall(data)

    def close(self):
        self.listener.close()


class Door(Server):
    """lighttpd with the shipped file, before a data directory that is there
    already; in the network of network, where it is not None."""
    name = program = "lighttpd"
    file = "lighttpd.conf"
    as_root = True
    network = None

    def commands(self) -> list:
        file = self.run / "lighttpd.conf"
        if not file.exists():
            self.write("lighttpd.conf", self.shipped({
                "/usr/local/lib/cgi-bin/sutler": self.directory / "cgi",
                "/usr/local/share/sutler/htdocs": self.directory / "htdocs",
                "var.port = 8080": f"var.port = {self.port}",
                "/etc/sutler.conf": self.conf}))
        return [["lighttpd", "-D", "-f", file]]

    def inside(self):
        """In this node's network."""
        return within(self.network.name if self.network else "")

    def answers(self) -> bool:
        with self.inside():
            return super().answers()

    def spawn(self, words: list):
        with self.inside():
            super().spawn(words)

    def ask(self, *args):
        with self.inside():
            return super().ask(*args)

    def again(self):
        """Start it once more, as it was."""
        for words in self.commands():
            self.spawn(words)
        end = time.monotonic() + SECONDS
        while not self.answers():
            if time.monotonic() > end:
                raise AssertionError(f"lighttpd: {self.said()}")
            time.sleep(0.05)

    def signal(self, number: int):
        """To the server, and all that it started, at once."""
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)


def clone(origin, data: Path):
    """What a new node begins with, of one that there is."""
    data.mkdir(exist_ok=True)
    subprocess.run(["git", "clone", "-q", origin.store, data / "store"],
                   check=True, timeout=SECONDS)
    shutil.copy(origin.data / "key", data / "key")


class Node(World):
    """One sutler: the first of a cluster, or a clone of another."""

    def __init__(self, build: Path, name: str, origin=None, network=None,
                 own_room=False):
        self.name, self.origin, self.network = name, origin, network
        self.follower, self.own_room = None, own_room
        super().__init__(build, Door)
        self.demo = {"URL": self.door.public_url}

    def make(self) -> dict:
        self.door.network = self.network
        if self.own_room:
            self.data.mkdir()
            self.own_room = run("mount", "-t", "tmpfs", "-o",
                                f"size={ROOM},mode=700", "none", self.data)
        if self.origin is not None:
            clone(self.origin, self.data)
        return super().make()

    def is_client(self, certificates):
        """Of an etcd that asks for a certificate, and a password."""
        password = self.dir / "etcd-password"
        password.write_text(f"{PASSWORD}\n", "ascii")
        password.chmod(0o600)
        self.configure(cluster_ca=certificates.file("ca"),
                       cluster_cert=certificates.file("client"),
                       cluster_key=certificates.file("client-key"),
                       cluster_user=USER, cluster_password=password)

    def join(self, urls: str):
        self.configure(cluster=urls, cluster_name=self.name)
        self.sutler("cluster", "join")
        self.follow()

    def sutler(self, *words, want=0, stdin=b""):
        with self.door.inside():
            return super().sutler(*words, want=want, stdin=stdin)

    def follow(self):
        """Have commits taken as they come."""
        with self.door.inside(), open(self.dir / "follow.log", "ab") as log:
            self.follower = subprocess.Popen(
                [self.build / "sutler", "follow"], stdin=subprocess.DEVNULL,
                env=dict(os.environ, SUTLER_CONF=str(self.conf),
                         **self.door.environment),
                stdout=log, stderr=log, start_new_session=True)

    def end_follower(self):
        if self.follower is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.follower.pid, signal.SIGKILL)
            self.follower.wait()
            self.follower = None

    def at_work(self) -> list:
        """The ids of its processes, but for the web server itself."""
        found, senders = [], {}
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                program = os.readlink(place / "exe")
                pid = int(place.name)
                if program == f"{self.build}/send":   # has no environment
                    senders[pid] = int((place / "stat").read_text(
                        "ascii", "replace").rpartition(")")[2].split()[1])
                elif program.startswith(f"{self.dir}/") or (
                        program.startswith(f"{self.build}/") and
                        f"SUTLER_CONF={self.conf}\0".encode() in
                        (place / "environ").read_bytes()):
                    found.append(pid)
        return found + [pid for pid, parent in senders.items()
                        if parent in found]

    def in_cgi(self) -> list:
        """The ids of its programs that serve a request."""
        return [pid for pid in self.at_work()
                if os.readlink(f"/proc/{pid}/exe").startswith(
                    f"{self.dir}/cgi/")]

    def kill(self):
        """All of it at once, as the power would."""
        self.door.signal(signal.SIGKILL)
        for child in self.door.children:
            child.wait()
        self.door.children = []
        self.end_follower()

    def again(self):
        self.door.again()
        self.follow()

    def disk_takes(self, ms: int):
        """Begun again, each flush of its disk takes ms more."""
        self.kill()
        file = self.door.run / "lighttpd.conf"
        file.write_text(re.sub(
            r'(?<=setenv\.set-environment = \()( "SLOW_FLUSH_MS" => "\d+",)?',
            f' "SLOW_FLUSH_MS" => "{ms}",', file.read_text()))
        shim = self.build / "tests" / "slow-flush.so"
        self.door.environment = {
            "LD_PRELOAD": str(shim), "SLOW_FLUSH_MS": f"{ms}"} if ms else {}
        self.again()

    def pause(self):
        self.door.signal(signal.SIGSTOP)
        os.killpg(self.follower.pid, signal.SIGSTOP)

    def go_on(self):
        self.door.signal(signal.SIGCONT)
        os.killpg(self.follower.pid, signal.SIGCONT)

    def known(self) -> int:
        """The number of the last commit that it knows to be the cluster's."""
        return int((self.data / "state" / "cluster").read_text("ascii"
                                                               ).split()[1])

    def fill(self):
        """No space is left, but for a page or two."""
        for _ in range(100):   # somebody may write meanwhile
            used = os.statvfs(self.data)
            size = (used.f_blocks - used.f_bfree) * used.f_frsize
            if run("mount", "-o", f"remount,size={size}", self.data):
                return
        raise AssertionError(f"{self.data} cannot be made smaller")

    def empty(self):
        run("mount", "-o", f"remount,size={ROOM}", self.data)

    def close(self):
        self.end_follower()
        self.door.stop()
        if self.own_room and self.data.exists():
            run("umount", "-l", self.data)
        super().close()


class Cluster:
    """Nodes that are members of one cluster.  Before the others are cloned,
    begin(node) may put into the first one what all are to have."""

    def __init__(self, build: Path, nodes=3, members=3, begin=None,
                 troubles=True, durable=False, tls=False):
        self.nodes, self.etcd = [], None
        self.network = Network() if troubles else None
        if self.network and not self.network.there:
            self.network = None
        try:
            self.etcd = Etcd(members=members, also=self.network.host
                             if self.network else "", durable=durable,
                             tls=tls)
            if tls:   # and a user who may do no more than sutler needs
                self.etcd.with_users(USER, PASSWORD, "/sutler/")
            for number in range(nodes):
                self.add(build, number, troubles, begin)
        except BaseException:
            self.close()
            raise

    def add(self, build: Path, number: int, troubles: bool, begin):
        """The second has a file system of its own, the third a network."""
        apart = self.network if number == 2 else None
        node = Node(build, f"node-{number}",
                    self.nodes[0] if number else None, apart,
                    troubles and number == 1)
        self.nodes.append(node)
        if number == 0 and begin is not None:
            begin(node)
        if self.etcd.certificates:
            node.is_client(self.etcd.certificates)
        urls = (self.etcd.also_urls if apart else self.etcd.urls).split(",")
        first = number % len(urls)   # each asks another one first
        node.join(",".join(urls[first:] + urls[:first]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def leader(self):
        """etcd's, among the members that answer."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for member in self.etcd.members:
                if member.process is not None and member.leads():
                    return member
            time.sleep(0.1)
        raise AssertionError("etcd has no leader")

    def catch_up(self):
        """Every node has all there is."""
        end = time.monotonic() + SECONDS
        for node in self.nodes:
            path = "/v1/addon_providers?consistent=true"
            while node.door.request("GET", path).status != 200:
                if time.monotonic() > end:
                    raise AssertionError(f"{node.name} does not catch up: "
                                         f"{node.door.said()}")
                time.sleep(0.1)

    def close(self):
        for node in self.nodes:
            node.close()
        if self.etcd is not None:
            self.etcd.close()
        if self.network is not None:
            self.network.close()
