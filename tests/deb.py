#!/usr/bin/env python3
"""Builds, installs and runs sutler in fresh Debians.

usage: deb.py [--build DIR] [--arch ARCH] [--thorough] [--keep]

In one, with the Makefile's packages and nothing else, it builds, installs and
uninstalls, and makes the package; in another it installs the package with web
servers, boots systemd, and uses it; then an update, removal and purge.
--thorough: the C tests and the scenarios, too, in the first.  It needs root;
what debootstrap downloads is kept in DIR/debian.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from debian import Broken, Debian, missing, room
from readme import blocks

TOP = Path(__file__).resolve().parent.parent
SCENARIOS = ("accounts:", "addons:", "apps:", "events", "history", "rate:",
             "rollback:", "store:", "usage:", "variables:")
MIB = 1 << 20
# What stands for its own: the name that users set.
HOST = "market.example.org"

# A web server is there for 127.0.0.1, some time after it was started.
SERVED = r"""
url=http://127.0.0.1:8080
host=""" + HOST + r"""
wait_for()
{
	tries=0
	until curl -s -o /dev/null --max-time 2 "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "$1 does not answer"; exit 1; }
		sleep 0.1
	done
}
ask()
{
	curl -sS --fail-with-body -H "Authorization: Bearer $token" \
		-H 'Content-Type: application/json' -H "Host: $host" "$@" &&
		echo
}
status()
{
	curl -sS --path-as-is -o /dev/null -w '%{http_code}' -H "Host: $host" \
		-H "Authorization: Bearer $token" "$1"
}
# a server that reads its file anew may answer by the old one for a while
shop_is_at()
{
	tries=0
	until [ "$(status "$1/v1/apps/shop" 2>/dev/null)" = 200 ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "no shop at $1"; exit 1; }
		sleep 0.1
	done
}
history()
{
	git -c safe.directory='*' -C /var/lib/sutler/store log --format='%an: %s'
}
all_is_the_users()
{
	find /var/lib/sutler ! -user sutler | none
}
"""

# systemd has no part in it: the shipped file, and cron's line.
BY_HAND = SERVED + r"""
token=$(sutler account add eva eva@example.org)
setpriv --reuid=sutler --regid=sutler --init-groups \
	lighttpd -D -f /etc/sutler/lighttpd.conf &
wait_for $url/
curl -sSf $url/ | grep -q '<title>'
ask -d '{"app": {"name": "shop"}}' $url/v1/apps
ask -d '{"variable": {"name": "COLOUR", "value": "blue"}}' \
	$url/v1/apps/shop/variables
sutler app env shop | grep -x "COLOUR='blue'"
history | grep -x 'eva: shop: set COLOUR'
user=$(sed -n 's/^\* \* \* \* \*\t\([a-z]*\)\t.*/\1/p' /etc/cron.d/sutler)
line=$(sed -n 's/^\* \* \* \* \*\t[a-z]*\t//p' /etc/cron.d/sutler)
[ ! -e /var/lib/sutler/state/tick ] || rm /var/lib/sutler/state/tick
setpriv --reuid="$user" --regid="$user" --init-groups env -i \
	PATH=/usr/bin:/bin SHELL=/bin/sh sh -c "$line"
ls -l /var/lib/sutler/state/tick
all_is_the_users
sutler fsck
sutler doctor
echo "$token" >/root/token
"""

BOOTED = SERVED + r"""
{serve}
token=$(cat /root/token)
wait_for $url/
[ "$(ps -o user= -C lighttpd | sort -u)" = sutler ]
ask -X PATCH -d '{"variable": {"value": "red"}}' "$url/v1/apps/shop/variables/$(
	ask $url/v1/apps/shop/variables |
		sed 's/.*"id":"\([0-9a-f]*\)".*"name":"COLOUR".*/\1/')"
[ "$(history | grep -cx 'eva: shop: set COLOUR')" = 2 ]
systemctl is-active sutler-tick.timer
rm /var/lib/sutler/state/tick
systemctl start sutler-tick.service
ls -l /var/lib/sutler/state/tick
all_is_the_users
sutler doctor
systemctl reload sutler
shop_is_at $url

# the world's server runs as another user, who reads no record
systemctl start lighttpd
wait_for http://127.0.0.1/
{lighttpd}
shop_is_at http://127.0.0.1
host=elsewhere.example.org
fails ask http://127.0.0.1/v1/apps/shop
host=""" + HOST + r"""
systemctl stop lighttpd
{apache}
shop_is_at http://127.0.0.1
for path in v1/apps/sh%2fop v1/apps/%73hop v1/../v1/apps/shop //v1/apps/shop; do
	[ "$(status http://127.0.0.1/$path)" = "$(status $url/$path)" ]
done
fails setpriv --reuid=www-data --regid=www-data --clear-groups \
	ls /var/lib/sutler
systemctl stop sutler
fails systemctl --quiet is-failed sutler sutler-tick.service
# nothing that systemd refused, or did not understand
journalctl -b --no-pager -u sutler -u sutler-tick -u init.scope >/journal
fails grep -iE 'sutler.*(unknown|ignoring|denied|not permitted|no more memory)' \
	/journal
"""


def readme(mark: str) -> str:
    """The README's block of that mark."""
    found = blocks((TOP / "README.md").read_text("utf-8"), f"test: {mark}")
    assert len(found) == 1, f"README.md has {len(found)} blocks {mark}"
    return found[0][1]


class Results:
    def __init__(self):
        self.count = self.failed = 0

    def say(self, title: str, trouble: str):
        self.count += 1
        self.failed += bool(trouble)
        print(f"{'not ok' if trouble else 'ok'} {self.count} - {title}",
              flush=True)
        for line in trouble.splitlines():
            print(f"# {line}")

    def check(self, title: str, what, *args, **more):
        """What it gives back; None where it broke."""
        began = time.monotonic()
        try:
            value = what(*args, **more)
        except (Broken, AssertionError) as broken:
            self.say(title, str(broken) or "as said")
            return None
        self.say(f"{title} # {round(time.monotonic() - began)} s", "")
        return value


def sources(machine: Debian):
    """What git has or would take, below /src."""
    place = machine.root / "src"
    place.mkdir()
    words = ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"]
    names = subprocess.run(words, check=True, capture_output=True).stdout
    for name in names.decode().split("\0"):
        if name and (TOP / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, place / name)


def build(machine: Debian):
    machine.sh("apt-get -q install -y --no-install-recommends make",
               network=True)
    sources(machine)
    machine.sh("cd /src && make packages", network=True)
    machine.sh("cd /src && make -j2 WERROR=-Werror all")


def install(machine: Debian):
    """With blanks in every path; twice; and what uninstall leaves."""
    where = ("DESTDIR='/made here' PREFIX='/opt/su tler' DATADIR='/srv/da ta'"
             " SYSCONFDIR='/opt/su tler/etc'")
    made = "/made here/opt/su tler"
    machine.sh(f"""cd /src; umask 077
make {where} install; make {where} install
[ "$(stat -c %a '/made here/srv/da ta')" = 700 ]
grep -x 'data = /srv/da ta' '{made}/etc/sutler.conf'
find '{made}' ! -type l ! -perm -044 | none
find '{made}' -type d ! -perm -055 | none
fails grep -r 'made here' '/made here'
echo >'{made}/share/sutler/htdocs/mine.html'
'{made}/libexec/sutler/sutler' --help | grep 'or /opt/su tler/etc/sutler.conf'
make {where} uninstall
find '/made here' ! -type d ! -name mine.html | none
rm '{made}/share/sutler/htdocs/mine.html'

make install
printf 'data = /var/lib/sutler\\npublic_url = http://127.0.0.1\\n' \\
	>/etc/sutler.conf
cp /etc/sutler.conf /root; sutler init; make install
cmp /etc/sutler.conf /root/sutler.conf
sutler account add ana ana@example.org; make uninstall
cmp /etc/sutler.conf /root/sutler.conf; [ -d /var/lib/sutler/store ]
find /usr/local -path '*sutler*' | none
rm -r /etc/sutler.conf /var/lib/sutler""")


def make_packages(machine: Debian) -> list:
    """Two versions, one after the other."""
    for version in ("1.0~first", "1.0~second"):
        machine.sh(f"cd /src; DEB_VERSION={version} MAKEFLAGS=-j2\nexport DEB_VERSION MAKEFLAGS\n" +
                   readme("build"), network=True)
    made = sorted((machine.root / "src/.build/deb").glob("sutler_*.deb"))
    assert len(made) == 2, str(made)
    return made


def thoroughly(machine: Debian):
    machine.sh("cd /src && sh tests/packages.sh python3 python3-jsonschema "
               "git curl ca-certificates", network=True)
    machine.sh("""cd /src; make -j2 WERROR=-Werror check-c
for name in """ + " ".join(SCENARIOS) + """; do
	python3 tests/scenarios.py --build .build --door direct -k "$name"
done""", seconds=3000)


def lint(package: Path) -> str:
    if not shutil.which("lintian"):
        return "lintian is not installed"
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error",
                           package], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ""


def set_up(machine: Debian, package: Path):
    shutil.copy(package, machine.root / "root")
    machine.sh(f"""apt() {{ apt-get -q -y --no-install-recommends "$@"; }}
apt install apache2 git curl systemd systemd-sysv dbus procps
cd /root
{readme("install")}""", network=True)


def look(machine: Debian):
    machine.sh("""
[ "$(stat -c '%a %U %G' /var/lib/sutler)" = '700 sutler sutler' ]
find /var/lib/sutler ! -user sutler | none
[ "$(getent passwd sutler | cut -d: -f6-)" = /var/lib/sutler:/usr/sbin/nologin ]
dpkg-query -W -f '${Conffiles}\\n' sutler | sed 's/^ //; s/ .*//' |
	sed '/^$/d' | sort >/tmp/conffiles
dpkg -L sutler | grep '^/etc/' | while read -r f; do [ -d "$f" ] || echo "$f"; done |
	sort | cmp - /tmp/conffiles
dpkg -V sutler | none
dpkg -L sutler | sort -u | while read -r f; do
	find "$f" -maxdepth 0 ! -type l \\( ! -user root -o -perm /7022 \\)
done | none
fails grep -rs /usr/local/lib /etc/sutler* /etc/lighttpd/conf-available/80-sutler* /lib/systemd/system/sutler*
[ -s /usr/share/man/man1/sutler.1.gz ]
[ -s /usr/share/man/man5/sutler.conf.5.gz ]
for p in /usr/lib/sutler/send /usr/lib/sutler/sutler /usr/lib/sutler/cgi-bin/*; do
	[ -d "$p" ] || ldd "$p"
done >/tmp/ldd
grep -q libcjson /tmp/ldd
fails grep 'not found' /tmp/ldd
systemctl is-enabled sutler-tick.timer
fails systemctl is-enabled sutler.service
systemd-analyze verify --man=no /lib/systemd/system/sutler.service \\
	/lib/systemd/system/sutler-tick.service \\
	/lib/systemd/system/sutler-tick.timer""")


def boot(machine: Debian):
    # the files have the name that is asked for, so that nothing is to be edited
    machine.sh("""
systemctl --quiet disable lighttpd apache2
printf '#!/bin/sh\ngrep -q market "$1"\n' >/usr/local/bin/editor
chmod 755 /usr/local/bin/editor""")
    script = BOOTED
    for mark in ("serve", "lighttpd", "apache"):
        script = script.replace(f"{{{mark}}}", readme(mark))
    machine.boot(script)


def update(machine: Debian, package: Path):
    for old in (machine.root / "root").glob("sutler_*"):
        old.unlink()
    shutil.copy(package, machine.root / "root")
    machine.sh(f"""
echo '# mine' >>/etc/sutler.conf
apt-get -q install -y --no-install-recommends /root/{package.name}
grep -x '# mine' /etc/sutler.conf
[ "$(dpkg-query -W -f '${{Version}}' sutler)" = 1.0~second ]
sutler app env shop | grep -x "COLOUR='red'"
find /var/lib/sutler ! -user sutler | none
systemctl is-enabled sutler-tick.timer; systemctl is-enabled sutler.service""")


def remove(machine: Debian):
    said = machine.sh("""
apt-get -qq remove -y sutler
find /usr /lib/systemd -path '*sutler*' ! -path '/usr/share/doc*' | none
grep -x '# mine' /etc/sutler.conf
[ -d /var/lib/sutler/store/apps ]
sh -c "$(sed -n 's/^\\* \\* \\* \\* \\*\\t[a-z]*\\t//p' /etc/cron.d/sutler)"
apt-get -qq purge -y sutler
find /etc -path '*sutler*' ! -path '*-enabled/*' | none
[ -d /var/lib/sutler/store/apps ]""")
    assert "the records are still in /var/lib/sutler" in said, said


def size(machine: Debian) -> str:
    said = machine.sh("du -sk --apparent-size $(dpkg -L sutler | "
                      "grep -E '^/(usr/lib|usr/share)/sutler$')")
    return ", ".join(f"{place}: {round(int(kib) / 1024, 1)} MiB"
                     for kib, place in re.findall(r"(\d+)\t(\S+)", said))


def run(options, place: Path, results: Results):
    base = results.check(
        f"debootstrap, {options.arch}", Debian.make, place / "base",
        options.arch, options.build / "debian")
    if base is None:
        return
    bare = base.copy(place / "bare")
    if results.check("it builds with the Makefile's packages", build,
                     bare) is None and results.failed:
        return
    results.check("make install, make uninstall", install, bare)
    if options.thorough:
        results.check("C tests and scenarios", thoroughly, bare)
    packages = results.check("make deb", make_packages, bare)
    if packages is None:
        return
    why = results.check("lintian finds no error", lint, packages[0])
    if why:
        print(f"# {why}")
    print(f"# the package: {packages[0].stat().st_size / MIB:.1f} MiB")
    machine = Debian(base.root, options.arch)
    results.check("it installs", set_up, machine, packages[0])
    results.check("user, modes, conffiles, units", look, machine)
    print(f"# installed: {size(machine)}")
    results.check("by hand: a server, cron's line", machine.sh, BY_HAND)
    results.check("by systemd: served, ticked, behind lighttpd and Apache",
                  boot, machine)
    results.check("an update keeps data and configuration", update, machine,
                  packages[1])
    results.check("removed and purged, the records stay", remove, machine)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=TOP / ".build", type=Path)
    parser.add_argument("--arch", default="amd64")
    parser.add_argument("--thorough", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    why = missing()
    if why:
        print(f"ok 1 - fresh Debians # SKIP {why}\n1..1")
        return 0
    # so that what runs ends, and the room is cleared
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = Results()
    made = room()
    try:
        run(options, Path(made.name), results)
    finally:
        if options.keep:
            made._finalizer.detach()
            print(f"# kept: {made.name}")
        else:
            made.cleanup()
    print(f"1..{results.count}")
    print(f"{results.count - results.failed} passed, {results.failed} failed")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
