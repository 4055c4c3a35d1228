"""A provider that keeps count of what it made, and does wrong at each step of
an order's life: in the end both sides have the same, and nothing is owed."""
import json

from scenario_base import same, scenario, true
from scenario_outbox import tick
from world import mock_provider

ROUNDS = 6      # ticks within which all is settled
DIALECTS = ("scalingo", "heroku", "appfog", "heroku-v3", "clevercloud")


class Shop(mock_provider.Desk):
    """What a provider has, and its next faults."""

    def __init__(self, old):
        super().__init__(old.name, old.config, old.numbers, old.key)
        self.live = {}      # id -> plan
        self.orders = {}    # uuid -> id
        self.faults = []    # of the next requests, None: none

    def answer(self, method: str) -> dict:
        fault = self.faults.pop(0) if self.faults else None
        return FAULTS[fault](self, method)

    def do(self, method: str) -> dict:
        """What it is asked, once for each uuid."""
        seen = self.seen[-1]
        body = json.loads(seen.body or b"{}") or {}
        ident = seen.path.rpartition("/")[2]
        if method == "POST":
            uuid = body.get("uuid", body.get("addon_id"))
            if uuid not in self.orders:
                self.count += 1
                self.orders[uuid] = uuid if "oauth_grant" in body or \
                    "v3" in seen.path else f"{self.name}-{self.count}"
                self.live[self.orders[uuid]] = body["plan"]
            return answer_of(201, {"id": self.orders[uuid],
                                   "config": self.values()})
        if ident not in self.live:
            return answer_of(410, {"message": "gone"})
        if method == "DELETE":
            del self.live[ident]
            return answer_of(204)
        self.live[ident] = body["plan"]
        return answer_of(200, {"config": self.values()})


def answer_of(status: int, body=None, **more) -> dict:
    return {"status": status, **more,
            "body": b"" if body is None else json.dumps(body).encode()}


def after(**how):
    """It is done, and answered so."""
    def run(shop, method):
        shop.do(method)
        return {"status": 500, "body": b"", **how}
    return run


def before(**how):
    return lambda _shop, _method: {"status": 500, "body": b"", **how}


def twice(shop, method):
    """One answer behind the other."""
    first = shop.do(method)
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"id":"other"}'
    return {**first, "behind": text}


def garbage(shop, method):
    """It is done; what it says is no answer.  To an order, 200 would mean
    that nothing was made."""
    shop.do(method)
    return answer_of(201) | {"body": b"<html>"}


FAULTS = {
    None: Shop.do,
    "dies before": before(close=True),
    "dies after": after(close=True),
    "500 before": before(),
    "500 after": after(),
    "stalls before": before(delay=1.3, close=True),
    "stalls after": after(delay=1.3, close=True),
    "garbage": garbage,
    "an odd status": after(status=206, body=b"{}"),
    "answers twice": twice,
}
STALLS = ("stalls before", "stalls after")


def shop_of(world, dialect: str):
    supplier = world.provider(dialect)
    shop = world.mock.desks[supplier.slug] = Shop(supplier.desk)
    return supplier, shop


def owed_ids(world, supplier) -> list:
    return [json.loads(world.contents()[name])["id"]
            for name in world.owed(f'"{supplier.slug}"')]


def settle(world, supplier):
    for _ in range(ROUNDS):
        ids = owed_ids(world, supplier)
        if not ids:
            return
        tick(world, ids[0])
    raise AssertionError(f"still owed: {owed_ids(world, supplier)}")


def agree(world, app, supplier, shop, what: str):
    """Both sides have the same resources, by the same plans."""
    settle(world, supplier)
    shown = world.call(app.owner, "GET", app.path("/addons"),
                       want=200).data["addons"]
    ours = {addon["resource_id"]: addon["plan"]["name"] for addon in shown}
    same(ours, shop.live, f"{what}: ours, and the provider's")
    true(all(addon["status"] == "running" for addon in shown), f"{shown}")


def faults_of(dialect: str) -> list:
    """All of them for one dialect; the others read answers as it does."""
    names = [name for name in FAULTS if name]
    return names if dialect == "scalingo" else ["dies after"]


@scenario("an order, its repetition and its removal, whatever goes wrong",
          every_door=False)
def order(world):
    world.configure(provider_timeout=1)
    for dialect in DIALECTS:
        supplier, shop = shop_of(world, dialect)
        for fault in faults_of(dialect):
            for step in range(3):
                if fault in STALLS and step == 1:
                    continue   # as the first
                app = world.app()
                shop.live.clear()
                shop.faults = ["dies after"] * bool(step) + [
                    None] * (step - 1) + [fault]
                found = world.order(app, supplier, want=None)
                true(found.status in (201, 503), f"{found}")
                agree(world, app, supplier, shop,
                      f"{dialect}, {fault}, request {step + 1}")
    world.configure(provider_timeout=3)


@scenario("a plan change, and its being put back, whatever goes wrong",
          every_door=False)
def change(world):
    world.configure(provider_timeout=1)
    for dialect in DIALECTS:
        supplier, shop = shop_of(world, dialect)
        for fault in faults_of(dialect):
            for step in range(2):
                if fault in STALLS and step == 1:
                    continue
                app = world.app()
                shop.live.clear()
                addon = world.addon(app, supplier)["id"]
                shop.faults = ["dies after"] * step + [fault]
                found = world.call(
                    app.owner, "PATCH", app.path(f"/addons/{addon}"), {
                        "addon": {"plan_id": supplier.plans["large"]}})
                true(found.status in (200, 503), f"{found}")
                agree(world, app, supplier, shop,
                      f"{dialect}, {fault}, request {step + 1}")
    world.configure(provider_timeout=3)


@scenario("a removal, whatever goes wrong", every_door=False)
def removal(world):
    world.configure(provider_timeout=1)
    for dialect in DIALECTS:
        supplier, shop = shop_of(world, dialect)
        for fault in faults_of(dialect):
            app = world.app()
            shop.live.clear()
            shop.faults = []
            addon = world.addon(app, supplier)["id"]
            shop.faults = [fault] * 2
            world.call(app.owner, "DELETE", app.path(f"/addons/{addon}"),
                       want=204)
            agree(world, app, supplier, shop, f"{dialect}, {fault}")
    world.configure(provider_timeout=3)
