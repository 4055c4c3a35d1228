"""A Debian of its own in a directory: made by debootstrap from the machine's
own mirror, run by systemd-nspawn, so that whatever happens in it, its mounts
and its processes end with the call.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

MAKE_SECONDS = 600      # to make one; to download what comes into it
PERSONALITY = {"i386": "x86", "amd64": "x86-64"}


# Every script has these: errors that `!` finds would end no script.
PRELUDE = """
none() { ! grep .; }
fails() { ! "$@"; }
"""


class Broken(Exception):
    """A command failed; what it said."""


def call(words: list, seconds: int, **more) -> str:
    try:
        done = subprocess.run(
            [str(word) for word in words], check=False, timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            **{"stdin": subprocess.DEVNULL, **more})
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode("utf-8", "replace")
        raise Broken(f"{words[0]}: no end after {seconds} s\n{said[-4000:]}") \
            from late
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise Broken(f"{words[0]}: exit {done.returncode}\n{said[-4000:]}")
    return said


def missing() -> str:
    """Why there can be no such thing here; or ""."""
    if os.geteuid() != 0:
        return "debootstrap needs root"
    for program in ("debootstrap", "systemd-nspawn", "apt-get"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return ""


def release() -> tuple:
    """The name of this machine's release, and where its packages are from."""
    lines = Path("/etc/os-release").read_text("utf-8").splitlines()
    name = dict(line.split("=", 1) for line in lines
                if "=" in line)["VERSION_CODENAME"].strip('"')
    targets = call(["apt-get", "indextargets", "--no-release-info",
                    "--format", "$(SITE) $(RELEASE)",
                    "Identifier: Packages"], 60)
    for line in targets.splitlines():
        if line.endswith(f" {name}"):
            return name, line.split()[0]
    raise Broken(f"apt knows no source of {name}:\n{targets}")


class Debian:
    def __init__(self, root: Path, arch: str):
        self.root = root
        self.arch = arch

    @classmethod
    def make(cls, root: Path, arch: str, cache: Path):
        """debootstrap's smallest; cache keeps what it downloads."""
        name, mirror = release()
        cache.mkdir(parents=True, exist_ok=True)
        root.mkdir()
        # what it mounts goes with it
        call(["unshare", "--mount", "debootstrap", "--variant=minbase",
              f"--arch={arch}", f"--cache-dir={cache.resolve()}", name, root,
              mirror], MAKE_SECONDS)
        made = cls(root, arch)
        # a container starts nothing that a package brings
        policy = root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
        made.sh("apt-get -q update", network=True)
        return made

    def copy(self, root: Path):
        call(["cp", "-a", "--reflink=auto", self.root, root], MAKE_SECONDS)
        return Debian(root, self.arch)

    def put(self, place: str, text: str):
        (self.root / place).write_text(text, encoding="utf-8")

    def sh(self, script: str, network=False, seconds=MAKE_SECONDS) -> str:
        """What the script says, run in it by root with `sh -eu`; network:
        this machine's, else there is but an address of its own."""
        return self.nspawn(["/bin/sh", "-eu", "-c", PRELUDE + script], network, seconds,
                           "--pipe")

    def boot(self, script: str, seconds=180) -> str:
        """The same, started by systemd once it runs; then it is shut down."""
        self.put("try.sh", PRELUDE + script)
        self.put("etc/systemd/system/try.service", f"""\
[Unit]
After=timers.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sh -eu /try.sh >/try.log 2>&1; echo $? >/try.status'
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec={seconds}
[Install]
WantedBy=multi-user.target
""")
        for name in ("log", "status"):
            (self.root / f"try.{name}").unlink(missing_ok=True)
        self.sh("systemctl --quiet enable try")
        console = self.nspawn(["--boot"], False, seconds + 60,
                              "--console=pipe")
        status = self.root / "try.status"
        if not status.exists():
            raise Broken(f"systemd did not get so far\n{console[-4000:]}")
        said = (self.root / "try.log").read_text("utf-8", "replace")
        if status.read_text("ascii").strip() != "0":
            raise Broken(said[-6000:])
        return said

    def nspawn(self, words: list, network: bool, seconds: int, console: str):
        options = ["--quiet", "--register=no", "--keep-unit",
                   "--resolv-conf=replace-host" if network
                   else "--private-network", console,
                   f"--personality={PERSONALITY[self.arch]}",
                   f"--machine=sutler-{os.getpid()}",
                   "--setenv=DEBIAN_FRONTEND=noninteractive",
                   "--setenv=LC_ALL=C.UTF-8"]
        for name in ("http_proxy", "https_proxy"):
            if name in os.environ:
                options.append(f"--setenv={name}={os.environ[name]}")
        return call(["systemd-nspawn", *options, "-D", self.root, *words],
                    seconds)


def room() -> tempfile.TemporaryDirectory:
    """For some of them; not below /tmp, which may be small or in memory."""
    return tempfile.TemporaryDirectory(prefix="sutler-debian-",
                                       dir="/var/tmp")
