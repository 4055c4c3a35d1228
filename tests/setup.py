#!/usr/bin/env python3
"""Sets each web server up as README says, with the files as they are shipped.

usage: setup.py [--build DIR] [NAME...]

A block of shell in README that has <!-- server NAME --> before it is run by root
on a machine of its own: namespaces for mounts, processes and the network, /etc,
/usr/local, /srv and /var laid over what is there, and thrown away.  Before that,
`make install`, /etc/sutler.conf and a data directory, as README has them; of
systemd there is a stand-in that starts what it is told to, and Debian's package
apache2, which cannot be installed beside merecat, is unpacked there.  Then the
server has to answer at 127.0.0.1:8080.  Prints TAP, then "N passed, N failed".
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import wire
from scenario_base import among, same, true
from servers import SERVERS

TOP = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- server (\S+) -->\n+```sh\n(.*?)^```$", re.M | re.S)
SECONDS, PORT = 60, 8080
LAID_OVER = ("/etc", "/usr", "/srv", "/var")
PACKAGE = "/run/apache2"
# What the package's own script enables.
MODULES = ("mpm_event", "authz_host", "auth_basic", "access_compat",
           "authn_file", "authz_user", "alias", "dir", "autoindex", "env",
           "mime", "negotiation", "setenvif", "filter", "deflate", "status",
           "reqtimeout", "authn_core", "authz_core")
CONF = """data = /var/lib/sutler
public_url = https://market.example.org
"""
# Starts a service as its unit in Debian does; a word of a unit's settings is
# passed on as one.
SYSTEMCTL = """#!/bin/sh
set -eu
case $1-$2 in
restart-apache2) apache2ctl start ;;
reload-nginx) nginx -q ;;
restart-fcgiwrap)
	DAEMON_OPTS=-f
	. /etc/default/fcgiwrap
	setpriv --reuid www-data --regid www-data --clear-groups \\
	    spawn-socket fcgiwrap "$DAEMON_OPTS" & ;;
*) exit 1 ;;
esac
"""
# What systemd does with a unit's ListenStream=: the socket is descriptor 0.
SPAWN = """#!/usr/bin/env python3
import os, socket, sys
link = socket.socket(socket.AF_UNIX)
link.bind("/run/fcgiwrap.socket")
link.listen(64)
os.dup2(link.fileno(), 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def run(*words, **more):
    done = subprocess.run(words, cwd=more.pop("cwd", TOP), capture_output=True, check=False,
                          timeout=SECONDS, stdin=subprocess.DEVNULL, **more)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise AssertionError(f"{words}: {done.returncode}: {said[-1500:]}")
    return done.stdout.decode()


def lay_over(place: Path):
    """Directories whose changes are gone with this process."""
    run("mount", "-t", "tmpfs", "tmpfs", place)
    for name in LAID_OVER:
        upper, work = (place / f"{kind}{name.replace('/', '-')}"
                       for kind in ("upper", "work"))
        upper.mkdir()
        work.mkdir()
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={name},upperdir={upper},workdir={work}", name)
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/run/lock").mkdir()


def download(place: Path):
    """The package that is not to be installed."""
    if not shutil.which("a2enmod"):
        run("apt-get", "-q", "download", "apache2", cwd=place)


def unpack(place: Path):
    for package in place.glob("apache2_*.deb"):
        run("dpkg-deb", "-x", package, PACKAGE)
        for name in ("etc", "usr", "var"):
            run("cp", "-a", f"{PACKAGE}/{name}/.", f"/{name}")
    run("a2enmod", "-m", "-q", *MODULES)
    run("a2ensite", "-q", "000-default")


def install(build: Path) -> str:
    """As README's set-up begins; the API token of an account."""
    bin_ = Path("/usr/local/bin")
    for name, text in (("systemctl", SYSTEMCTL), ("spawn-socket", SPAWN)):
        (bin_ / name).write_text(text, encoding="ascii")
        (bin_ / name).chmod(0o755)
    Path("/run").chmod(0o777)   # else the socket is systemd's to make
    run("make", "-s", f"BUILD={build}", "install",
        env=dict(os.environ, MAKEFLAGS=""))
    Path("/etc/sutler.conf").write_text(CONF, encoding="ascii")
    data = Path("/var/lib/sutler")
    data.mkdir(exist_ok=True)
    shutil.chown(data, "www-data", "www-data")
    run("sutler", "init")
    return run("sutler", "account", "add", "ana", "ana@example.org").strip()


def answers() -> bool:
    try:
        return ask("GET", "/").status != 0
    except OSError:
        return False


def ask(method: str, path: str, headers=None, body=None, apart=False):
    return wire.ask(PORT, method, path, headers or {}, body, None, apart)


def look(door, token: str):
    """The page with its policy, and the API for who has a token."""
    prefix = "/cgi-bin/sutler" if door.name == "busybox" else ""
    page = ask("GET", f"{prefix}/index.html")
    same((page.status, b"<title>sutler" in page.body), (200, True), "a page")
    true("frame-ancestors 'none'" in page.header("Content-Security-Policy",
                                                 ""), "its policy")
    same(ask("GET", f"{prefix}/v1/regions").status, 200, "regions")
    who = {"Authorization": f"Bearer {token}",
           "Content-Type": "application/json"}
    if not door.lets("Authorization", "Bearer"):
        signed = ask("POST", f"{prefix}/v1/session",
                     {"Content-Type": "application/json"},
                     b'{"token":"%s"}' % token.encode(), door.apart)
        who = {"Cookie": signed.header("Set-Cookie").partition(";")[0],
               "Content-Type": "application/json"}
    made = ask("POST", f"{prefix}/v1/apps", who, b'{"app":{"name":"one"}}',
               door.apart)
    same(made.status, 201, f"an app: {made.brief()}")
    found = ask("GET", f"{prefix}/v1/apps/one", who)
    same(found.status, 200, f"the app: {found.brief()}")
    among(ask("GET", f"{prefix}/v1/apps/one").status, (401,), "nobody's")


def inside(name: str, build: Path, place: Path):
    """All of it for one server; in namespaces of its own."""
    run("ip", "link", "set", "lo", "up")
    lay_over(Path("/mnt"))
    if name == "apache":
        unpack(place)
    token = install(build)
    text = dict(BLOCK.findall((TOP / "README.md").read_text("utf-8")))[name]
    with open("/run/setup.log", "wb+") as log:
        child = subprocess.Popen(["sh", "-eu"], cwd=TOP, stdout=log,
                                 stderr=log, stdin=subprocess.PIPE,
                                 env=dict(os.environ, MAKEFLAGS="",
                                          BUILD=str(build)))
        child.stdin.write(text.encode())
        child.stdin.close()
        end = time.monotonic() + SECONDS
        try:
            while not answers():
                true(child.poll() in (None, 0) and time.monotonic() < end,
                     "it does not answer")
                time.sleep(0.1)
            look(next(door for door in SERVERS if door.name == name), token)
        except (AssertionError, AttributeError) as error:
            log.seek(0)
            raise AssertionError(
                f"{error}: {log.read()[-1500:].decode('utf-8', 'replace')}"
            ) from error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    build = options.build.resolve()
    if options.inside:
        inside(options.names[0], build, options.inside)
        return 0
    os.environ["PATH"] = "/usr/local/bin:" + os.environ["PATH"] + \
        ":/usr/sbin:/sbin"
    found = dict(BLOCK.findall((TOP / "README.md").read_text("utf-8")))
    names = options.names or sorted(found)
    if os.geteuid() != 0:
        print("ok 1 - README's servers # SKIP it takes root")
        return 0
    place = Path(tempfile.mkdtemp(prefix="sutler-setup-"))
    failed = 0
    if "apache" in names:
        download(place)
    for number, name in enumerate(names, 1):
        done = subprocess.run(
            ["unshare", "-mnpf", "--mount-proc", sys.executable, __file__,
             "--build", build, "--inside", place, name], capture_output=True,
            check=False, timeout=3 * SECONDS, stdin=subprocess.DEVNULL)
        good = done.returncode == 0
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - README's {name}",
              flush=True)
        for line in [] if good else done.stderr.decode().splitlines():
            print(f"# {line}", flush=True)
    shutil.rmtree(place)
    print(f"1..{len(names)}")
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
