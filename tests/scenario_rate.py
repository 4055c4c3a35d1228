"""How often one token may ask, where the configuration limits it."""
import time

from scenario_base import Unchanged, same, scenario, true

LIMIT = 5


def ask(world, who, path, times=2 * LIMIT) -> list:
    """Answers within one minute, by the clock that the limit has."""
    if time.time() % 60 > 50:
        time.sleep(60 - time.time() % 60)
    return [world.call(who, "GET", path) for _ in range(times)]


def many(found) -> tuple:
    return (sum(one.status == 200 for one in found),
            sum(one.status == 429 for one in found))


@scenario("a token that asks too often is told when to come again",
          every_door=False)
def limit(world):
    app, other = world.app(), world.app()
    supplier = world.provider("heroku")
    world.addon(app, supplier)
    same(many(ask(world, app.owner, "/v1/apps")), (2 * LIMIT, 0), "no limit")
    world.configure(rate_limit=LIMIT)
    try:
        with Unchanged(world):
            found = ask(world, app.owner, app.path())
            same(many(found), (LIMIT, LIMIT), "one token")
            last = found[-1]
            true(last.data["error"].startswith("more than 5 requests"),
                 str(last))
            wait = int(last.answer.header("Retry-After"))
            true(0 < wait <= 60, f"{wait} s")
            refused = world.call(app.owner, "POST", app.path("/variables"),
                                 {"variable": {"name": "A", "value": "b"}})
            same(refused.status, 429, "a write")
            same(many(ask(world, other.owner, other.path())),
                 (LIMIT, LIMIT), "another one has its own")
            found = ask(world, supplier, "/vendor/apps")
            same(many(found), (LIMIT, LIMIT), "a provider")
            same(found[-1].data["id"], "rate_limit", "in its family's shape")
            same(many(ask(world, None, "/v1/regions")), (2 * LIMIT, 0),
                 "nobody in particular")
    finally:
        world.configure(rate_limit=None)
    same(many(ask(world, app.owner, app.path())), (2 * LIMIT, 0), "off again")
