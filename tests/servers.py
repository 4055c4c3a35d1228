"""The web servers that stand between a client and the programs: each is a
door (see doors.py) with the configuration file that users copy.

A server is a class with its package's program, its file, how it is started,
and what it passes on to a program (see passage.py).
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import wire
import wire_curl
from passage import Passage

TESTS = Path(__file__).resolve().parent
START_SECONDS = 60  # longest wait for a web server
USER = "www-data"   # who runs servers and all, where root runs the tests


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server(Passage):
    """A web server on a free port of 127.0.0.1."""
    name = ""
    program = ""        # has to be installed
    prefix = ""         # of the URLs
    served = True
    rewrites = True     # paths that no file can have are routed
    demonstration = False   # start() makes the data itself
    as_root = False     # may be run as root, as the tests may
    home = True         # "/" is the dashboard
    fallback = True     # what /v1 has not a program tells
    measured = ()       # methods whose bodies need a Content-Length
    http2 = False       # is spoken, by curl
    proxied = False     # a server with TLS stands before one without
    log = b""
    apart = False       # head and body are to come in packets of their own
    environment = {}    # that it is started with, besides

    def __init__(self, build: Path, directory: Path):
        super().__init__()
        self.build = build
        self.directory = directory
        self.conf = None
        self.children = []
        self.port = free_port()
        self.public_url = f"http://127.0.0.1:{self.port}{self.prefix}"

    # Starting and stopping

    @classmethod
    def missing(cls) -> str:
        """The program that is not installed, or ""."""
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        for program in cls.program.split():
            if not shutil.which(program, path=path):
                return program
        return ""

    def shipped(self, changes: dict) -> str:
        """The file that users copy, with the places it names changed."""
        return edited(TESTS / "servers" / f"{self.file}", changes)

    def lay_out(self):
        """Everything where the server's user may read it, as installed."""
        place = self.directory / "cgi"
        subprocess.run(
            ["make", "-s", "-C", TESTS.parent, f"BUILD={self.build}",
             "DESTDIR=", f"CGIDIR={place}", "install-cgi"], check=True,
            env=dict(os.environ, MAKEFLAGS=""), stdin=subprocess.DEVNULL)
        shutil.copytree(TESTS.parent / "htdocs", self.directory / "htdocs")

    def start(self, _data: Path) -> dict:
        self.lay_out()
        self.run = self.directory / "run"
        self.run.mkdir()
        for words in self.commands():
            self.spawn(words)
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > end or any(
                    child.poll() is not None for child in self.children):
                self.stop()
                raise AssertionError(
                    f"{self.name} does not start: {self.said()}")
            time.sleep(0.05)
        return {}

    def spawn(self, words: list):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
               "SUTLER_CONF": str(self.conf), **self.environment}
        with open(self.directory / "server.log", "ab") as log:
            self.children.append(subprocess.Popen(
                [str(word) for word in words], cwd=self.run, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True))

    def commands(self) -> list:
        """Write the configuration; the commands, each in the foreground."""
        raise NotImplementedError

    def write(self, name: str, text: str) -> Path:
        file = self.run / name
        file.write_text(text, encoding="utf-8")
        return file

    def programs(self) -> Path:
        """Where they are installed."""
        return self.directory / "cgi"

    def said(self) -> str:
        logs = [self.directory / "server.log",
                *(self.directory / "run").glob("*.log")]
        return "".join(log.read_text("utf-8", "replace")[-2000:]
                       for log in logs)

    def answers(self) -> bool:
        """True where somebody listens."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        """End the processes that start() made, by the id of their group."""
        for child in self.children:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(child.pid, number)
                    child.wait(10)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
        self.children = []

    # Asking

    def ask(self, method: str, target: str, headers: dict, body, length):
        return wire.ask(self.port, method, target, headers, body, length,
                        self.apart)


def leave_root():
    """Become the servers' user, with all that is done from here on; what the
    user may not read, such as a checkout below /root, may still be read."""
    home = pwd.getpwnam(USER).pw_dir
    caps = "-all,+dac_read_search"
    words = ["setpriv", f"--reuid={USER}", f"--regid={USER}",
             "--clear-groups"]
    extra = [f"--inh-caps={caps}", f"--ambient-caps={caps}"]
    if subprocess.run([*words, *extra, "true"], check=False,
                      capture_output=True).returncode == 0:
        words += extra
    os.execvpe(words[0], [*words, sys.executable, *sys.argv],
               dict(os.environ, HOME=home))


def edited(file: Path, changes: dict) -> str:
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"{file} has no {old}")
        text = text.replace(old, str(new))
    return text


class Lighttpd(Server):
    """Through tests/run.sh, which makes the data of `make run`, too."""
    name = "lighttpd"
    program = "lighttpd"
    demonstration = True
    as_root = True

    def programs(self) -> Path:
        return self.directory / "data" / "cgi"

    def start(self, data: Path) -> dict:
        """Run tests/run.sh; the credentials that it wrote."""
        with open(self.directory / "server.log", "wb") as log:
            self.children = [subprocess.Popen(
                ["sh", TESTS / "run.sh", self.build, str(self.port), data],
                cwd=TESTS.parent, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)]
        credentials = data / "credentials"
        end = time.monotonic() + START_SECONDS
        while not credentials.exists() or not self.answers():
            if self.children[0].poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError(f"lighttpd does not start: "
                                     f"{self.said()}")
            time.sleep(0.05)
        self.conf = data / "sutler.conf"
        lines = credentials.read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


class Apache(Server):
    """With mod_cgid, in the set-up that Debian's package comes with."""
    name = "apache"
    program = "apache2"
    file = "apache.conf"
    modules = ("mpm_event", "cgid")
    main = """\
ServerRoot {run}
DefaultRuntimeDir {run}
PidFile {run}/apache.pid
ServerName 127.0.0.1
ErrorLog {run}/error.log
LogLevel error
KeepAlive On
{modules}
<IfModule cgid_module>
	ScriptSock {run}/cgi.sock
</IfModule>
TypesConfig /etc/mime.types
<Directory />
	Options FollowSymLinks
	AllowOverride None
	Require all denied
</Directory>
"""

    def commands(self) -> list:
        modules = (*self.modules, "authz_core", "alias", "env", "headers",
                   "mime", "dir")
        text = self.main.format(run=self.run, modules="\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
            for name in modules))
        file = self.write("apache2.conf", text + self.site())
        return [["apache2", "-DFOREGROUND", "-f", file]]

    def site(self) -> str:
        return self.shipped({
            "/usr/local/lib/cgi-bin/sutler": self.directory / "cgi",
            "/usr/local/share/sutler/htdocs": self.directory / "htdocs",
            "127.0.0.1:8080": f"127.0.0.1:{self.port}",
            "/etc/sutler.conf": self.conf})


class ApacheCgi(Apache):
    """With mod_cgi."""
    name = "apache-cgi"
    modules = ("mpm_prefork", "cgi")


class ApachePrefix(Apache):
    """Below a path of a host that serves something else."""
    name = "apache-prefix"
    file = "apache-prefix.conf"
    prefix = "/cgi-bin/sutler"
    fallback = False

    def site(self) -> str:
        return (f"Listen 127.0.0.1:{self.port}\n"
                f"<VirtualHost 127.0.0.1:{self.port}>\n" + self.shipped({
                    "/usr/local/lib/cgi-bin/sutler": self.directory / "cgi",
                    "/etc/sutler.conf": self.conf}) + "</VirtualHost>\n")


class Nginx(Server):
    """With fcgiwrap."""
    name = "nginx"
    program = "nginx fcgiwrap"
    file = "nginx.conf"
    main = """\
worker_processes 2;
pid {run}/nginx.pid;
error_log stderr error;
daemon off;
events {{
	worker_connections 768;
}}
http {{
	client_body_temp_path {run}/body;
	fastcgi_temp_path {run}/fastcgi;
	proxy_temp_path {run}/proxy;
	scgi_temp_path {run}/scgi;
	uwsgi_temp_path {run}/uwsgi;
	access_log off;
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	gzip on;
	include {run}/site.conf;
}}
"""

    def commands(self) -> list:
        self.write("site.conf", self.shipped({
            "/usr/local/lib/cgi-bin/sutler": self.directory / "cgi",
            "/usr/local/share/sutler/htdocs": self.directory / "htdocs",
            "127.0.0.1:8080": f"127.0.0.1:{self.port}",
            "/run/fcgiwrap.socket": self.run / "fcgiwrap.socket",
            "/etc/sutler.conf": self.conf}))
        file = self.write("nginx.conf", self.main.format(run=self.run))
        return [["fcgiwrap", "-f", "-c", "8",
                 "-s", f"unix:{self.run}/fcgiwrap.socket"],
                ["nginx", "-e", "stderr", "-c", file]]


class Http2:
    """What a door has whose server is spoken to by HTTP/2, without TLS."""
    http2 = True

    def ask(self, method: str, target: str, headers: dict, body, length):
        if method in self.measured and body is None:
            body = b""   # so that curl says 0
        return wire_curl.ask(self.origin(), method, target, headers, body,
                             length)

    def origin(self) -> str:
        return self.public_url.removesuffix(self.prefix)


class ApacheHttp2(Http2, Apache):
    """With mod_http2."""
    name = "apache-http2"
    program = "apache2 curl nghttp"
    modules = (*Apache.modules, "http2")
    main = Apache.main + "Protocols h2c http/1.1\n"


class NginxHttp2(Http2, Nginx):
    """Told by its "listen"."""
    name = "nginx-http2"
    program = "nginx fcgiwrap curl nghttp"

    def shipped(self, changes: dict) -> str:
        listen = f"127.0.0.1:{self.port}"
        return super().shipped({**changes, f"{listen};": f"{listen} http2;"})


class LighttpdHttp2(Http2, Server):
    """Which speaks it without being told, by its shipped file alone."""
    name = "lighttpd-http2"
    program = "lighttpd curl nghttp"
    file = "lighttpd.conf"
    measured = ("POST",)

    def commands(self) -> list:
        text = self.shipped({
            "/usr/local/lib/cgi-bin/sutler": self.directory / "cgi",
            "/usr/local/share/sutler/htdocs": self.directory / "htdocs",
            "var.port = 8080": f"var.port = {self.port}",
            "/etc/sutler.conf": self.conf})
        return [["lighttpd", "-D", "-f", self.write("lighttpd.conf", text)]]


class NginxProxy(Http2, Apache):
    """nginx with TLS and HTTP/2 before an Apache that has neither, which is
    told another Host.  (A lighttpd there would refuse a POST without a body,
    whose length HTTP/2 does not ask for and nginx does not add.)"""
    name = "nginx-proxy"
    program = "nginx apache2 curl nghttp openssl"
    proxied = True

    def __init__(self, build: Path, directory: Path):
        super().__init__(build, directory)
        self.public_url = f"https://localhost:{self.port}"

    def commands(self) -> list:
        front, self.port = self.port, free_port()   # for Apache's file
        behind, back = super().commands(), self.port
        self.port, key = front, self.run / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-keyout", key, "-out",
             key.with_name("cert.pem")], check=True, capture_output=True)
        self.write("site.conf", edited(TESTS / "servers" / "nginx-proxy.conf", {
            "/etc/ssl/market": self.run, "market.example.org": "localhost",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "127.0.0.1:8080": f"127.0.0.1:{back}"}))
        file = self.write("nginx.conf", Nginx.main.format(run=self.run))
        return [*behind, ["nginx", "-e", "stderr", "-c", file]]


class Small(Server):
    """One that runs what is below its directory, and has no rules."""
    rewrites = fallback = False
    place = ""           # of the programs below the directory
    settings = False     # passes SUTLER_CONF on

    def lay_out(self):
        super().lay_out()
        root = self.directory / "root"
        root.mkdir()
        if self.settings:
            shutil.copytree(self.directory / "cgi", root / self.place,
                            dirs_exist_ok=True)
            return
        for program in (self.directory / "cgi").rglob("*"):
            if not program.is_file():
                continue
            stand_in = root / self.place / program.relative_to(
                self.directory / "cgi")
            stand_in.parent.mkdir(parents=True, exist_ok=True)
            # instead of /etc/sutler.conf, which is not the tests'
            stand_in.write_text(f"#!/bin/sh\nSUTLER_CONF={self.conf}\n"
                                f"export SUTLER_CONF\nexec {program}\n",
                                encoding="ascii")
            stand_in.chmod(0o755)

    def here(self, port: str) -> dict:
        """What of the shipped file is changed."""
        return {"/srv/sutler\n": f"{self.directory / 'root'}\n",
                port + "8080": f"{port}{self.port}"}


class Busybox(Small):
    """busybox's httpd, below the prefix that it asks for."""
    name = "busybox"
    program = "busybox"
    file = "busybox.sh"
    prefix = "/cgi-bin/sutler"
    place = "cgi-bin/sutler"
    settings = True
    home = False
    bodies = ("POST",)
    hides = ("if-none-match:", "authorization: basic")

    def programs(self) -> Path:
        return self.directory / "root" / self.place

    def lets_method(self, method: str, body) -> bool:
        """It makes "GET" of "get"."""
        return method.isupper() and super().lets_method(method, body)

    def commands(self) -> list:
        text = self.shipped({**self.here("127.0.0.1:"),
                             "/etc/sutler.conf": self.conf})
        return [["sh", self.write("busybox.sh", text)]]


class Merecat(Small):
    """thttpd's heir."""
    name = "merecat"
    program = "merecat"
    file = "merecat.conf"
    methods = ("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE")
    bodies = ("POST", "PUT")
    passes = ("authorization", "cookie", "content-type", "accept",
              "accept-encoding", "accept-language", "host", "referer",
              "user-agent")

    def commands(self) -> list:
        file = self.write("merecat.conf", self.shipped(self.here("port = ")))
        return [["merecat", "-n", "-f", file, "-P", self.run / "pid"]]


class MiniHttpd(Small):
    """mini-httpd: a browser's, by cookie."""
    name = "mini-httpd"
    program = "mini_httpd"
    file = "mini-httpd.conf"
    methods = ("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE")
    bodies = ("POST",)   # others come in one packet with the head, or never
    passes = ("cookie", "content-type", "host", "referer", "user-agent")
    apart = True    # else the answer is lost

    def commands(self) -> list:
        file = self.write("mini-httpd.conf", self.shipped(self.here("port=")))
        return [["mini_httpd", "-D", "-C", file]]


SERVERS = (Lighttpd, Apache, ApacheCgi, ApachePrefix, Nginx, Busybox, Merecat,
           MiniHttpd, ApacheHttp2, NginxHttp2, LighttpdHttp2, NginxProxy)
