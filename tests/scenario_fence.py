"""What a program can still do that somebody has taken over: tests/breakout.c
tries it in the real ones, while they answer."""
import errno
import json
import os
import subprocess

from scenario_base import Skip, eventually, same, scenario, true

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NO = errno.EACCES
OPEN = {what: 0 for what in (
    "read-data", "change-data", "make-data", "read-beside", "make-beside",
    "read-system", "run", "connect")}
READS = dict(OPEN, **{"change-data": NO, "make-data": NO, "read-beside": NO,
                      "make-beside": NO, "read-system": NO, "run": NO,
                      "connect": NO})
CHANGES = dict(OPEN, **{"make-beside": NO, "run": NO})
SENDS = dict(READS, **{"read-data": NO, "connect": 0})


class Breakout:
    """Inside, what the programs say of their attempts is kept in .seen."""

    def __init__(self, world):
        if world.door.served:
            raise Skip("the server's programs are not ours to change")
        if "asan" in str(world.build):
            raise Skip("the sanitizer has no fence")
        self.world = world
        self.shim = world.build / "tests" / "breakout.so"
        subprocess.run(["make", "-s", "-C", TREE, f"BUILD={world.build}",
                        str(self.shim)], check=True, stdin=subprocess.DEVNULL,
                       env=dict(os.environ, MAKEFLAGS=""))

    def __enter__(self):
        os.environ["LD_PRELOAD"] = str(self.shim)
        return self

    def __exit__(self, *_):
        del os.environ["LD_PRELOAD"]
        for made in ("data/store/breakout", "breakout"):
            (self.world.dir / made).unlink(missing_ok=True)

    def tried(self) -> dict:
        return attempts(self.world.door.log)


def attempts(log: bytes) -> dict:
    lines = [line.split() for line in log.decode().splitlines()
             if line.startswith("breakout: ")]
    return {words[1]: int(words[2]) for words in lines}


@scenario("a GET reads the data, and can do nothing else")
def reads(world):
    app = world.app()
    with Breakout(world) as breakout:
        for path in (app.path(), app.path("/variables"), app.path("/history"),
                     "/v1/apps", "/v1/users/self"):
            world.call(app.owner, "GET", path, want=200)
            same(breakout.tried(), READS, path)
        world.call(None, "GET", app.path(), want=401)
        same(breakout.tried(), READS, "a stranger's")


@scenario("a page of the dashboard needs no file at all", every_door=False)
def page(world):
    breakout = Breakout(world)
    done = subprocess.run(
        [world.build / "cgi-bin" / "page"], stdin=subprocess.DEVNULL,
        env={"LD_PRELOAD": str(breakout.shim), "SUTLER_CONF": str(world.conf),
             "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/index.html"},
        capture_output=True, timeout=30, check=True)
    true(b"Status: 200" in done.stdout, str(done.stdout[:200]))
    same(attempts(done.stderr), dict(READS, **{"read-data": NO}), "page")


@scenario("a change has the data, and runs no program but ours")
def changes(world):
    app = world.app()
    with Breakout(world) as breakout:
        world.call(app.owner, "POST", app.path("/variables"),
                   {"variable": {"name": "A", "value": "1"}}, want=201)
        same(breakout.tried(), CHANGES, "POST")
        world.call(None, "POST", app.path("/variables"), {}, want=401)
        same(breakout.tried(), CHANGES, "a stranger's")


@scenario("while there is open work, whoever looks at an add-on may settle it")
def settles(world):
    app, supplier = world.app(), world.provider("heroku")
    supplier.desk.then(202, {"id": "r-f", "config": {}})
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}")
    with Breakout(world) as breakout:
        world.call(app.owner, "GET", path, want=200)
        same(breakout.tried(), CHANGES, "while it is expected")
        world.call(app.owner, "GET", app.path(), want=200)
        same(breakout.tried(), READS, "of the app")
    world.call(app.owner, "DELETE", path, want=204)
    world.sutler("tick")
    with Breakout(world) as breakout:
        world.call(app.owner, "GET", app.path("/addons"), want=200)
        # other scenarios may have left some
        open_work = (world.store / "open").exists()
        same(breakout.tried(), CHANGES if open_work else READS,
             "when there is none")


@scenario("who asks a provider sees no data", every_door=False)
def sends(world):
    breakout = Breakout(world)
    question = {"method": "GET", "url": world.mock.url + "/x", "headers": [],
                "timeout": 5, "connect_timeout": 5, "form": False,
                "allow_http": True, "allow_private": True}
    done = subprocess.run(
        [world.build / "send"], input=json.dumps(question).encode(),
        env={"LD_PRELOAD": str(breakout.shim), "SUTLER_CONF": str(world.conf)},
        capture_output=True, timeout=30, check=True)
    true(json.loads(done.stdout.splitlines()[0])["status"] > 0,
         str(done.stdout))
    same(attempts(done.stderr), SENDS, "send")


@scenario("without a fence all of it can be done; where the kernel has none, "
          "that is said once")
def without(world):
    app = world.app()
    mark = world.data / "state" / "fence"
    true(not mark.exists(), "nothing to say")
    try:
        with Breakout(world) as breakout:
            world.configure(fence="no")
            world.call(app.owner, "GET", app.path(), want=200)
            same(breakout.tried(), OPEN, "fence = no")
            world.configure(fence=None)
            (world.dir / "no-landlock").touch()
            world.call(app.owner, "GET", app.path(), want=200)
            same(breakout.tried(), OPEN, "no Landlock")
            true(b"the kernel has no Landlock" in world.door.log,
                 str(world.door.log))
            world.call(app.owner, "GET", app.path(), want=200)
            true(b"Landlock" not in world.door.log, str(world.door.log))
    finally:
        world.configure(fence=None)
        (world.dir / "no-landlock").unlink(missing_ok=True)
        mark.unlink(missing_ok=True)


@scenario("an operator's hook is behind no fence")
def hook(world):
    app = world.app()
    there = world.dir / "hook-was-here"
    program = world.dir / "hook"
    program.write_text(f"#!/bin/sh\n/bin/cat /etc/passwd >{there}\n")
    program.chmod(0o755)
    world.configure(restart_hook=program)
    try:
        world.call(app.owner, "POST", app.path("/restart"), {}, want=202)
        eventually(lambda: there.exists() and there.stat().st_size > 0,
                   "the hook has done nothing")
    finally:
        world.configure(restart_hook=None)
        there.unlink(missing_ok=True)
