"""etcd on loopback, for tests: some members, by http or TLS, with or without a
user; each can be killed, paused and started again.

    with Etcd(members=3) as etcd:
        etcd.urls, etcd.members[0].kill(), …
"""
import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 60          # the longest that a cluster may take to be healthy
PROGRAM = shutil.which("etcd")
CONTROL = shutil.which("etcdctl")


def free_ports(count: int) -> list:
    """Ports that nobody listens at, bound all at once so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Certificates:
    """An authority, the servers' certificate and a client's, and a second
    authority with a client's of its own, which nobody believes in."""

    def __init__(self, place: Path, also: str):
        self.dir = place
        place.mkdir()
        self.authority("ca")
        self.authority("other-ca")
        names = ",".join(f"IP:{one}" for one in ("127.0.0.1", also) if one)
        self.issue("server", "ca", f"subjectAltName={names}\n"
                   "extendedKeyUsage=serverAuth,clientAuth\n")
        self.issue("client", "ca", "extendedKeyUsage=clientAuth\n")
        self.issue("stranger", "other-ca", "extendedKeyUsage=clientAuth\n")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.dir, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=SECONDS)

    def authority(self, name: str):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2,
                     "-subj", f"/CN={name}", "-keyout", f"{name}-key.pem",
                     "-out", f"{name}.pem")

    def issue(self, name: str, authority: str, extensions: str):
        (self.dir / f"{name}.ext").write_text(extensions, "utf-8")
        self.openssl("req", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                     # a client's common name etcd's gateway refuses, where
                     # etcd has users
                     f"/O={name}", "-keyout", f"{name}-key.pem", "-out",
                     f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-days", 2, "-CA",
                     f"{authority}.pem", "-CAkey", f"{authority}-key.pem",
                     "-CAcreateserial", "-extfile", f"{name}.ext", "-out",
                     f"{name}.pem")

    def file(self, name: str) -> str:
        return str(self.dir / f"{name}.pem")


class Member:
    """One process of etcd's."""

    def __init__(self, etcd, name: str, client: int, peer: int):
        self.etcd, self.name, self.process = etcd, name, None
        self.url = f"{etcd.scheme}://127.0.0.1:{client}"
        self.also_url = f"{etcd.scheme}://{etcd.also}:{client}"
        self.peer = f"http://127.0.0.1:{peer}"
        self.log = etcd.dir / f"{name}.log"

    def start(self):
        words = ["--name", self.name, "--data-dir",
                 str(self.etcd.dir / self.name),
                 "--listen-client-urls", self.url + (
                     f",{self.also_url}" if self.etcd.also else ""),
                 "--advertise-client-urls", self.url,
                 "--listen-peer-urls", self.peer,
                 "--initial-advertise-peer-urls", self.peer,
                 "--initial-cluster-token", self.etcd.dir.name,
                 "--initial-cluster", self.etcd.initial,
                 *self.etcd.options]
        certificates = self.etcd.certificates
        if certificates:
            words += ["--cert-file", certificates.file("server"),
                      "--key-file", certificates.file("server-key"),
                      "--trusted-ca-file", certificates.file("ca"),
                      "--client-cert-auth"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={"PATH": os.environ["PATH"]})

    def kill(self):
        """At once, as the power would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def healthy(self) -> bool:
        """It has a leader, and answers a read of the majority's."""
        try:
            request = urllib.request.Request(f"{self.url}/health")
            with urllib.request.urlopen(request, timeout=2,
                                        context=self.etcd.context) as answer:
                return json.load(answer)["health"] == "true"
        except (OSError, ValueError, KeyError):
            return False

    def leads(self) -> bool:
        """It is the leader, and says so."""
        try:
            request = urllib.request.Request(
                f"{self.url}/v3/maintenance/status", b"{}")
            with urllib.request.urlopen(request, timeout=2,
                                        context=self.etcd.context) as answer:
                status = json.load(answer)
            return status["leader"] == status["header"]["member_id"]
        except (OSError, ValueError, KeyError):
            return False


class Etcd:
    """A cluster; the words behind options go to each member.  Without durable
    it does not flush, which tests need not wait for."""

    def __init__(self, members: int = 1, tls: bool = False, options=(),
                 also: str = "", durable: bool = False):
        self.also = also   # one more address to listen at
        self.user = ""     # NAME:PASSWORD of etcdctl's, where it asks
        self.dir = Path(tempfile.mkdtemp(prefix="sutler-test-etcd-"))
        self.scheme = "https" if tls else "http"
        self.options = [*options, *(() if durable else ("--unsafe-no-fsync",))]
        self.certificates = self.context = None
        self.members = []
        try:
            if tls:
                self.certificates = Certificates(self.dir / "certificates",
                                                 also)
                self.context = ssl.create_default_context(
                    cafile=self.certificates.file("ca"))
                self.context.load_cert_chain(
                    self.certificates.file("client"),
                    self.certificates.file("client-key"))
            ports = free_ports(2 * members)
            self.members = [Member(self, f"m{i}", *ports[2 * i:2 * i + 2])
                            for i in range(members)]
            self.initial = ",".join(f"{m.name}={m.peer}"
                                    for m in self.members)
            for member in self.members:
                member.start()
            self.wait()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def urls(self) -> str:
        return ",".join(member.url for member in self.members)

    @property
    def also_urls(self) -> str:
        return ",".join(member.also_url for member in self.members)

    def wait(self, members=None):
        """Until these, or all, are healthy."""
        last = time.monotonic() + SECONDS
        for member in members or self.members:
            while not member.healthy():
                if member.process is None or \
                        member.process.poll() is not None or \
                        time.monotonic() > last:
                    raise RuntimeError("etcd: no health: " + member.log
                                       .read_text("utf-8", "replace")[-2000:])
                time.sleep(0.05)

    def control(self, *words, user: str = ""):
        """etcdctl(1)."""
        command = [CONTROL, "--endpoints", self.urls]
        if self.certificates:
            command += ["--cacert", self.certificates.file("ca"), "--cert",
                        self.certificates.file("client"), "--key",
                        self.certificates.file("client-key")]
        if user or self.user:
            command += ["--user", user or self.user]
        return subprocess.run([*command, *words], check=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={"ETCDCTL_API": "3",
                                   "PATH": os.environ["PATH"]}).stdout

    def ask(self, path: str, body: dict):
        """The first member, by its gateway."""
        request = urllib.request.Request(f"{self.members[0].url}{path}",
                                         json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=SECONDS,
                                    context=self.context) as answer:
            return json.load(answer)

    def put(self, key: str, value: bytes):
        """A value that is too long for a command line."""
        self.ask("/v3/kv/put",
                 {"key": base64.b64encode(key.encode()).decode(),
                  "value": base64.b64encode(value).decode()})

    def keys(self) -> list:
        """All that it holds, as it says it."""
        every = base64.b64encode(b"\0").decode()
        return self.ask("/v3/kv/range",
                        {"key": every, "range_end": every}).get("kvs", [])

    def only(self, keys: list):
        """Have it hold these, and nothing else."""
        every = base64.b64encode(b"\0").decode()
        self.ask("/v3/kv/txn", {"success": [
            {"request_delete_range": {"key": every, "range_end": every}}]})
        self.ask("/v3/kv/txn", {"success": [
            {"request_put": {"key": pair["key"], "value": pair["value"]}}
            for pair in keys]})

    def sizes(self) -> list:
        """Of the members' databases, in bytes."""
        said = self.control("endpoint", "status", "-w", "fields")
        return [int(size) for size in re.findall(r'"DBSize" : (\d+)', said)]

    def with_users(self, name: str, password: str, prefix: str):
        """From now on etcd asks who it is: root, and name, who may do all
        below prefix."""
        self.control("user", "add", "root:root")
        self.control("user", "grant-role", "root", "root")
        self.control("user", "add", f"{name}:{password}")
        self.control("role", "add", name)
        self.control("role", "grant-permission", name, "--prefix=true",
                     "readwrite", prefix)
        self.control("user", "grant-role", name, name)
        self.control("auth", "enable")
        self.user = "root:root"

    def close(self):
        for member in self.members:
            member.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
