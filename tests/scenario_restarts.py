"""Restarts that people ask for, and the operations that come of them."""
from concurrent.futures import ThreadPoolExecutor

from scenario_base import Unchanged, eventually, same, scenario, true
from scenario_outbox import due_now
from world import NOTHING


def hook(world, fail=False):
    """A restart hook that writes down what it is told; the file."""
    log = world.dir / world.fresh("hook-log")
    script = world.dir / world.fresh("hook")
    script.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\n'
                      f"exit {3 if fail else 0}\n", encoding="utf-8")
    script.chmod(0o700)
    log.touch()
    world.configure(restart_hook=script)
    return log


def operation(world, app, place) -> dict:
    found = world.call(app.owner, "GET", place[place.index("/v1/"):] + "?",
                       want=200)
    return found.data["operation"]


def finished(world, app, place) -> dict:
    """The operation, once it has finished: tick runs in the background, and
    may have been at work already."""
    def ended():
        world.sutler("tick")
        found = operation(world, app, place)
        return found if found["status"] in ("done", "error") else None
    return eventually(ended, "it finishes")


def ask(world, app, data=NOTHING, **more) -> str:
    found = world.call(app.owner, "POST", app.path("/restart"), data,
                       want=202, **more)
    return found.answer.header("Location")


@scenario("an operation is done when the operator's hook has run")
def done(world):
    log = hook(world)
    app = world.app()
    try:
        place = ask(world, app, {"scope": ["web"]})
        true(place.startswith(f"{world.door.public_url}/v1/apps/"),
             f"absolute: {place}")
        found = finished(world, app, place)
        same((found["status"], found["type"], found["app_id"],
              found["error"], found["id"]),
             ("done", "restart", app.id, None, place.rsplit("/", 1)[1]),
             "operation")
        true(found["finished_at"] >= found["created_at"], "times")
        told = [line.split()[:2] for line in
                log.read_text("utf-8").splitlines()]
        true([app.name, app.id] in told, f"what the hook is told: {told}")
        event = world.call(app.owner, "GET", app.path("/events"),
                           want=200).data["events"][0]
        same((event["type"], event["type_data"], event["id"]),
             ("restart", {"scope": ["web"], "addon_name": None,
                          "addon_provider": None, "reason": None},
              found["id"]), "event")
    finally:
        world.configure(restart_hook=None)


@scenario("an operation whose hook fails is in error, and stays so")
def failed(world):
    app = world.app()
    try:
        hook(world, fail=True)
        place = ask(world, app)
        found = finished(world, app, place)
        same((found["status"], found["error"]),
             ("error", "the restart hook ended with status 3"), "operation")
        hook(world)
        due_now(world, '"restart"')
        world.sutler("tick")
        same(world.owed('"restart"'), [], "it was tried again")
        same(operation(world, app, place), found, "what has finished")
        again = finished(world, app, ask(world, app))
        same(again["status"], "done", "the next one")
    finally:
        world.configure(restart_hook=None)


@scenario("a restart is asked for in every form that clients send")
def forms(world):
    hook(world)
    app = world.app()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        for data, more in (({"scope": []}, {}), ({"scope": None}, {}),
                           ({}, {}), (None, {}), (NOTHING, {}),
                           (NOTHING, {"headers": form, "body": b""})):
            place = ask(world, app, data, **more)
            same(finished(world, app, place)["status"], "done", str(data))
        with Unchanged(world):
            for scope in ("web", {}, [1], [""], ["a b"], ["x" * 65],
                          ["web"] * 65, [["web"]]):
                found = world.call(app.owner, "POST", app.path("/restart"),
                                   {"scope": scope}, want=422)
                true("scope" in found.data["errors"], str(scope))
    finally:
        world.configure(restart_hook=None)


@scenario("without a hook a restart is refused, in words")
def no_hook(world):
    app = world.app()
    with Unchanged(world):
        found = world.call(app.owner, "POST", app.path("/restart"),
                           {"scope": []}, want=409)
        true("restart_hook" in found.data["error"], str(found))


@scenario("an operation that is not the app's is not found")
def foreign(world):
    hook(world)
    app, other = world.app(), world.app()
    try:
        place = ask(world, app)
        one = place.rsplit("/", 1)[1]
        made = world.call(app.owner, "GET", app.path("/events"),
                          want=200).data["events"]
        for owner, path in (
                (other.owner, other.path(f"/operations/{one}")),
                (app.owner, app.path(f"/operations/{made[-1]['id']}")),
                (app.owner, app.path(f"/operations/{one[:-1]}1")),
                (app.owner, app.path("/operations/x")),
                (app.owner, app.path(f"/operations/{'0' * 24}"))):
            found = world.call(owner, "GET", path, want=404)
            same(found.data["resource"], "operation", path)
        finished(world, app, place)
    finally:
        world.configure(restart_hook=None)


@scenario("two restarts before the hook has run are both done by it")
def coalesced(world):
    log = hook(world, fail=True)
    app = world.app()
    try:
        first = ask(world, app)
        finished(world, app, first)
        log = hook(world)
        second = ask(world, app)
        third = ask(world, app)
        same({finished(world, app, place)["status"]
              for place in (second, third)}, {"done"}, "operations")
        world.sutler("tick")
        true(log.read_text("utf-8").count(app.id) in (1, 2), "runs")
        same(operation(world, app, first)["status"], "error", "the first")
    finally:
        world.configure(restart_hook=None)


@scenario("restarts that are asked for at one moment are all taken")
def together(world):
    hook(world)
    app = world.app()
    try:
        with ThreadPoolExecutor(24) as pool:
            places = list(pool.map(lambda _: ask(world, app), range(200)))
        same(len(set(places)), len(places), "operations")
        for place in places[::12]:
            same(finished(world, app, place)["status"], "done", place)
    finally:
        world.configure(restart_hook=None)


@scenario("an app that is gone is restarted no more, nor who has its name")
def gone(world):
    app, heir = world.app(), world.account()
    try:
        hook(world, fail=True)
        finished(world, app, ask(world, app))
        same(len(world.owed(app.id)), 1, "owed")
        world.call(app.owner, "DELETE",
                   app.path(f"?current_name={app.name}"), want=204)
        same(world.owed(app.id), [], "owed to what is gone")
        log = hook(world)
        world.call(heir, "POST", "/v1/apps", {"app": {"name": app.name}},
                   want=201)
        due_now(world, '"restart"')
        world.sutler("tick")
        true(app.name not in log.read_text("utf-8"), "the heir is restarted")
        world.sutler("fsck")
    finally:
        world.configure(restart_hook=None)
