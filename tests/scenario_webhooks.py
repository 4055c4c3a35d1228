"""Add-on webhooks of Heroku's version 3: a provider is told of what happens to
the apps that its installations are on."""
import base64
import hmac
import re

from scenario_base import Commits, Unchanged, same, scenario, trailers, true
from scenario_outbox import due_now
from scenario_partner import bearer, exchange, partner
from world import MARK

HMAC = "Heroku-Webhook-Hmac-SHA256"


class Hook:
    """An installation whose provider has a webhook, at a desk of its own."""

    def __init__(self, world, include=("api:addon", "api:release"),
                 level="sync", of=None, **more):
        self.world = world
        supplier, secret = of or partner(world)
        self.supplier = supplier
        self.app = world.app()
        self.addon = world.addon(self.app, supplier)
        self.path = f"/addons/{self.addon['id'][3:]}"
        self.who = bearer(exchange(world, supplier, secret))
        self.desk = world.mock.desk(world.fresh("hook"))
        self.url = f"{world.mock.url}/{self.desk.name}/in"
        self.made = self.call("POST", "/webhooks", {
            "include": list(include), "level": level, "url": self.url,
            **more}, 201)
        self.hook = self.made.data
        self.secret = self.made.answer.header(HMAC.replace("Hmac-SHA256", "Secret"))

    def call(self, method, path, body=None, want=200):
        return self.world.call(self.who, method, self.path + path, body,
                               want=want)

    def set(self, value):
        self.world.call(self.app.owner, "POST", self.app.path("/variables"),
                        {"variable": {"name": self.world.fresh("V"),
                                      "value": value}}, want=201)

    def told(self) -> list:
        return [seen.json() for seen in self.desk.asked("POST")]

    def deliveries(self, path="") -> list:
        return self.call("GET", f"/webhook-deliveries{path}").data


@scenario("a webhook is added, read, changed and removed by its provider")
def life(world):
    h = Hook.__new__(Hook)
    supplier, secret = partner(world)
    app = world.app()
    addon = world.addon(app, supplier)
    h.world, h.path = world, f"/addons/{addon['id'][3:]}"
    h.who = bearer(exchange(world, supplier, secret))
    good = {"include": ["api:addon"], "level": "sync",
            "url": f"{world.mock.url}/x"}
    with Unchanged(world):
        for key, value in (("include", []), ("include", "api:addon"),
                           ("include", ["api:none"]), ("include", [1]),
                           ("include", None), ("level", "loud"), ("level", 1),
                           ("url", "ftp://h/"), ("url", "h"), ("url", 5),
                           ("url", "http://h/" + "x" * 1000),
                           ("secret", ""), ("secret", 1),
                           ("authorization", "a\r\nb"), ("secret", "a\nb")):
            answer = h.call("POST", "/webhooks", dict(good, **{key: value}),
                            422).data
            true(key in str(answer), f"{key}: {answer}")
        for key in good:
            h.call("POST", "/webhooks", {k: v for k, v in good.items()
                                         if k != key}, 422)
    with Commits(world, 1):
        made = h.call("POST", "/webhooks", good, 201)
    secret = made.answer.header("Heroku-Webhook-Secret")
    true(re.fullmatch("[0-9a-f]{64}", secret or ""), "shown once")
    same(made.data, {"addon": {"id": addon["id"][3:],
                               "name": made.data["addon"]["name"]},
                     "created_at": made.data["created_at"],
                     "id": made.data["id"], "include": ["api:addon"],
                     "level": "sync", "updated_at": made.data["created_at"],
                     "url": good["url"]}, "what is answered")
    one = f"/webhooks/{made.data['id']}"
    with Unchanged(world):
        same(h.call("GET", one).data, made.data, "read")
        same(h.call("GET", "/webhooks").data, [made.data], "listed")
        for bad in ({"level": "x"}, {"include": []}, {"url": "x"}):
            h.call("PATCH", one, bad, 422)
        for method in ("GET", "PATCH", "DELETE"):
            h.call(method, "/webhooks/none",
                   {} if method == "PATCH" else None, 404)
        for method, path, body in (("POST", "/webhooks", good),
                                   ("PATCH", one, {"level": "notify"}),
                                   ("DELETE", one, None)):
            dry = world.call(h.who, method, h.path + path, body, want=200,
                             headers={"X-Dry-Run": "true"})
            same(list(dry.data), ["dry_run"], method)
    with Commits(world, 1):
        changed = h.call("PATCH", one, {"level": "notify",
                                        "include": ["api:app"]})
    same((changed.data["level"], changed.data["include"],
          changed.data["url"]), ("notify", ["api:app"], good["url"]), "new")
    same(changed.answer.header("Heroku-Webhook-Secret"), None, "not shown again")
    own = h.call("POST", "/webhooks", dict(good, secret="mine"), 201)
    same(own.answer.header("Heroku-Webhook-Secret"), None, "its own secret")
    true("mine" not in str(own), "nor in the body")
    for _ in range(8):
        h.call("POST", "/webhooks", good, 201)
    with Unchanged(world):
        h.call("POST", "/webhooks", good, 422)
    # neither another installation's token nor the owner may
    other, secret = partner(world)
    theirs = world.addon(world.app(), other)
    stranger = bearer(exchange(world, other, secret))
    for who, want in ((stranger, 404), (app.owner, 401), (None, 401)):
        with Unchanged(world):
            world.call(who, "GET", h.path + one, want=want)
            world.call(who, "DELETE", h.path + one, want=want)
    world.call(stranger, "GET", f"/addons/{theirs['id'][3:]}{one}", want=404)
    with Commits(world, 1):
        h.call("DELETE", one)
    h.call("GET", one, want=404)
    text = world.sutler("app", "show", app.name).stdout.decode()
    true("mine" not in text, "no secret is shown")


@scenario("what happens to the app is told, signed, with its story to read")
def told(world):
    h = Hook(world, authorization="Bearer of-theirs", secret="s3cret")
    h.set(f"{MARK}-1")
    message = world.messages()[-1]
    same(len(trailers(message)["Delivery"]), 1, message)
    same(h.desk.seen, [], "nothing is sent within the request")
    found = h.deliveries()
    same([(d["status"], d["num_attempts"], d["last_attempt"])
          for d in found], [("pending", 0, None)], "waits")
    world.sutler("tick")
    seen = h.desk.seen[0]
    want = base64.b64encode(hmac.digest(b"s3cret", seen.body, "sha256"))
    same(seen.headers[HMAC], want.decode(), "HMAC")
    same(seen.headers["Authorization"], "Bearer of-theirs", "verbatim")
    same(seen.headers["Content-Type"], "application/json", "type")
    one = seen.json()
    true(MARK.encode() not in seen.body, "no value")
    same((one["action"], one["resource"], one["actor"]["email"],
          one["data"]["app"], one["previous_data"], one["sequence"]),
         ("create", "release", h.app.owner.email,
          {"id": h.app.id, "name": h.app.name}, {}, None), "payload")
    meta = one["webhook_metadata"]
    same((meta["webhook"]["id"], meta["event"]["include"],
          meta["event"]["id"], meta["delivery"]["id"]),
         (h.hook["id"], "api:release", one["id"], found[0]["id"]), "meta")
    delivery = h.deliveries(f"/{found[0]['id']}")
    same((delivery["status"], delivery["num_attempts"],
          delivery["last_attempt"]["code"], delivery["last_attempt"]["status"],
          delivery["next_attempt_at"]),
         ("succeeded", 1, 201, "succeeded", None), "delivered")
    event = h.call("GET", f"/webhook-events/{one['id']}").data
    del one["webhook_metadata"]
    same(event["payload"].pop("created_at")[:10], one.pop("created_at")[:10],
         "time")
    for when in ("updated_at", "published_at"):
        event["payload"].pop(when)
        one.pop(when)
    same(event["payload"], one, "the same out of the log")
    same(h.call("GET", "/webhook-events").data[0]["id"], one["id"], "listed")
    h.call("GET", "/webhook-deliveries/none", want=404)
    h.call("GET", "/webhook-events/none", want=404)
    # an add-on of another provider comes and goes; its id there is not told
    other = world.provider("scalingo")
    theirs = world.addon(h.app, other)
    world.call(h.app.owner, "DELETE",
               h.app.path(f"/addons/{theirs['id']}"), want=204)
    world.sutler("tick")
    rows = [(d["action"], d["resource"]) for d in h.told()[1:]]
    same([row for row in rows if row[1] == "addon"],
         [("create", "addon"), ("update", "addon"), ("destroy", "addon")]
         if ("update", "addon") in rows
         else [("create", "addon"), ("destroy", "addon")], "others")
    same(h.told()[-1]["data"]["id"], theirs["id"][3:], "which")
    true(str(theirs["resource_id"]).encode() not in h.desk.seen[-1].body,
         "the other provider's id")
    same(h.told()[-1]["data"]["addon_service"], {"name": other.slug}, "whose")
    # what the provider did itself is told, too, by its name
    h.world.call(h.who, "PATCH", h.path + "/config", {"config": [
        {"name": h.supplier.variables[0], "value": f"{MARK}-2"}]}, want=200)
    world.sutler("tick")
    true(h.told()[-1]["actor"]["email"].startswith(
        f"{h.supplier.slug}@addons."), f"{h.told()[-1]['actor']}")


@scenario("a delivery that fails holds back what is behind it, and comes again")
def retries(world):
    h = Hook(world, include=["api:release"])
    h.desk.then(500, b"")
    for number in range(3):
        h.set(f"{MARK}-{number}")
    world.sutler("tick")
    same(len(h.desk.seen), 1, "those behind it wait")
    same([d["status"] for d in h.deliveries()],
         ["pending", "pending", "retrying"], "newest first")
    first = h.deliveries()[-1]
    same((first["num_attempts"], first["last_attempt"]["code"],
          first["last_attempt"]["error_class"]), (1, 500, "status"), "tried")
    true(first["next_attempt_at"] > first["updated_at"], "when")
    world.sutler("tick")
    same(len(h.desk.seen), 1, "not due yet")
    due_now(world, '"webhook"')
    world.sutler("tick")
    ids = [one["webhook_metadata"]["delivery"]["id"] for one in h.told()]
    same(ids[0], ids[1], "the same again")
    same(len(ids), 4, "all of them")
    same(ids[1:], [d["id"] for d in h.deliveries()][::-1], "in order")
    attempts = {one["webhook_metadata"]["attempt"]["id"] for one in h.told()}
    same(len(attempts), 4, "an id for each attempt")
    same([d["status"] for d in h.deliveries()], ["succeeded"] * 3, "done")
    same(world.owed('"webhook"'), [], "nothing is left")


@scenario("level notify is tried once; sync is given up after its days")
def given_up(world):
    h = Hook(world, include=["api:release"], level="notify")
    h.desk.then(503, b"")
    h.set(f"{MARK}-1")
    before = world.head()
    world.sutler("tick")
    same(world.owed('"webhook"'), [], "tried once")
    same([(d["status"], d["num_attempts"]) for d in h.deliveries()],
         [("failed", 1)], "failed")
    true(any("given up: answered 503" in message
             for message in world.messages(before)), "it says so")
    h.call("PATCH", f"/webhooks/{h.hook['id']}", {"level": "sync"})
    h.desk.then(410, b"")
    h.set(f"{MARK}-2")
    world.sutler("tick")
    same(h.deliveries()[0]["status"], "retrying", "again")
    name = world.owed('"webhook"')[0]
    place, fresh = world.store / name, world.dir / "old"
    fresh.write_text(re.sub(r'(\t"(?:created|next)_at":\s*")[^"]*',
                            r"\g<1>2020-01-01T00:00:00.000Z",
                            place.read_text("utf-8")), "utf-8")
    fresh.replace(place)
    h.desk.then(410, b"")
    world.sutler("tick")
    same((h.deliveries()[0]["status"], world.owed('"webhook"')),
         ("failed", []), "after its days")
    # by the operator's hand
    h.desk.then(500, b"")
    h.set(f"{MARK}-3")
    world.sutler("tick")
    work = world.owed('"webhook"')[0].rpartition("/")[2][:-len(".json")]
    world.sutler("addon", "abandon", work, "--reason", "they are gone")
    same((h.deliveries()[0]["status"], world.owed('"webhook"')),
         ("failed", []), "abandoned")
    same(world.call(h.app.owner, "GET", h.app.path(
        f"/addons/{h.addon['id']}"), want=200).data["addon"]["status"],
         "running", "the add-on stays")


@scenario("a webhook that is gone is told no more, and neither is one whose "
          "add-on left")
def gone(world):
    h = Hook(world, include=["api:release", "api:addon"])
    h.set(f"{MARK}-1")
    h.call("DELETE", f"/webhooks/{h.hook['id']}")
    h.set(f"{MARK}-2")
    same(len(world.owed('"webhook"')), 1, "of before")
    world.sutler("tick")
    same((h.desk.seen, world.owed('"webhook"')), ([], []), "dropped")
    h = Hook(world, include=["api:release", "api:addon"])
    h.set(f"{MARK}-3")
    world.call(h.app.owner, "DELETE", h.app.path(f"/addons/{h.addon['id']}"),
               want=204)
    world.sutler("tick")
    same((h.desk.seen, world.owed('"webhook"')), ([], []), "with its add-on")


@scenario("deliveries and their story are the same after reindex",
          every_door=False)
def reindexed(world):
    h = Hook(world, include=["api:release"])
    h.set(f"{MARK}-1")
    h.desk.then(500, b"")
    world.sutler("tick")
    due_now(world, '"webhook"')
    first = h.told()[0]
    world.sutler("reindex")
    world.sutler("tick")
    again = h.told()[1]
    same((first["id"], first["webhook_metadata"]["delivery"]),
         (again["id"], again["webhook_metadata"]["delivery"]), "the same")
    same([d["status"] for d in h.deliveries()], ["succeeded"], "once in all")


@scenario("a provider whose hooks do not answer is asked once a tick; others' "
          "arrive", every_door=False)
def silent(world):
    supplier, secret = partner(world)
    hooks = [Hook(world, include=["api:release"], of=(supplier, secret))
             for _ in range(2)]
    other = Hook(world, include=["api:release"])
    for h in hooks:
        h.call("PATCH", f"/webhooks/{h.hook['id']}",
               {"url": "http://127.0.0.1:9/nobody"})
        h.set(f"{MARK}-1")
    other.set(f"{MARK}-2")
    world.sutler("tick")
    same(sorted(h.deliveries()[0]["status"] for h in hooks),
         ["pending", "retrying"], "the second is left for later")
    same(other.deliveries()[0]["status"], "succeeded", "another provider's")
    for h in hooks:
        h.call("DELETE", f"/webhooks/{h.hook['id']}")
    due_now(world, '"webhook"')
    world.sutler("tick")
    same(world.owed('"webhook"'), [], "gone with their hooks")
