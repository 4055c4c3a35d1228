"""What was said to providers, and what they answered: found from the commit
that it caused, with every secret masked, for as long as the operator says."""
import json
import os
import time

from scenario_base import same, scenario, trailers, true
from scenario_outbox import tick
from world import MARK

DAY = 86400


def exchange_of(world) -> str:
    """The id that the newest commit names."""
    return trailers(world.messages()[-1])["Exchange"][-1]


def transcript(world, ident: str) -> list:
    return json.loads(world.sutler("transcript", ident, "--json").stdout)


def files(world) -> list:
    place = world.data / "state" / "transcripts"
    return sorted(path for path in place.rglob("*.json"))


@scenario("an exchange is looked up from the commit that it caused")
def looked_up(world):
    for dialect in ("scalingo", "heroku", "appfog"):
        supplier = world.provider(dialect)
        app = world.app()
        addon = world.addon(app, supplier)
        ident = exchange_of(world)
        for name in (ident, world.head(), world.head()[:10]):
            found = transcript(world, name)
            same([one["id"] for one in found], [ident], f"by {name}")
        one = found[0]
        same([one[key] for key in ("order", "provider", "addon_id", "method",
                                   "status", "user", "outcome")],
             ["provision", supplier.slug, addon["id"], "POST", 201,
              supplier.user, "done"], "what it was")
        same(one["url"], world.mock.url + supplier.resources(), "the URL")
        true(one["ms"] >= 0 and one["question"], "timing and question")
        same(list(one["answer"]["config"].values()), ["***"],
             "the config's values")
        same(list(one["answer"]["config"]), supplier.variables[:1],
             "the config's names")
        shown = world.sutler("transcript", ident).stdout.decode()
        true("201 in" in shown and "< " in shown and "> " in shown, shown)
        true(ident in world.sutler("app", "log", app.name).stdout.decode(),
             "the log shows it")
        world.sutler("transcript", world.git(
            "rev-parse", "HEAD~1").strip(), want=1)   # an intent has none


@scenario("a transcript holds no secret, wherever it stood")
def masked(world):
    supplier = world.provider("scalingo")
    app = world.app()
    secret = f"{MARK}-elsewhere"
    answer = {
        "id": "r-1", "config": {supplier.variables[0]: secret},
        "message": f"use {secret}, or x://u:{MARK}@h/ and {supplier.password}",
        "more": [{supplier.variables[1]: f"{MARK}-a"},
                 {"api_token": f"{MARK}-b", "deep": {"Password": f"{MARK}-c"}},
                 {"credentials": {"user": f"{MARK}-d", "n": 123456}},
                 f"https://h.test/?k={MARK}", supplier.salt]}
    supplier.desk.then(201, answer)
    world.order(app, supplier, options={"password": f"{MARK}-e", "size": "3"})
    ident = exchange_of(world)
    text = json.dumps(transcript(world, ident))
    for word in (MARK, supplier.password, supplier.salt, "123456"):
        true(word not in text, f"{word} is in {text}")
    for word in (*supplier.variables, "api_token", "size", "r-1", "x://***@h/"):
        true(word in text, f"{word} is not in {text}")
    # what cannot be read cannot be told apart either
    for body in (b'{"config":{"A":"%s"' % MARK.encode(),
                 b'{"a":1,"a":"%s"}' % MARK.encode()):
        supplier.desk.then(201, body)
        world.order(world.app(), supplier, want=503)
        true(MARK not in json.dumps(transcript(world, exchange_of(world))),
             "an answer that is no JSON")
    for path in files(world):
        true(MARK.encode() not in path.read_bytes(), f"{path}")


@scenario("failures, plan changes and what tick asks leave transcripts, too")
def all_kinds(world):
    supplier = world.provider("scalingo")
    app = world.app()
    supplier.desk.then(422, {"message": "not today"})
    world.order(app, supplier, want=422)
    one = transcript(world, exchange_of(world))[0]
    same([one["outcome"], one["status"], one["message"]],
         ["refused", 422, "not today"], "a refusal")
    supplier.desk.then(close=True)
    world.order(app, supplier, want=503)
    one = transcript(world, exchange_of(world))[0]
    same([one["outcome"], one["status"]], ["failed", 0], "no answer")
    true(one["trouble"], "why there was none")
    uuid = one["addon_id"]
    supplier.desk.then(500, b"<h1>caf\xe9</h1>")   # asked for its id again
    tick(world, uuid)
    one = transcript(world, exchange_of(world))[0]
    same([one["order"], one["status"], one["answer"]],
         ["provision", 500, "<h1>caf?</h1>"], "tick's attempt")
    addon = world.addon(app, supplier)
    world.call(app.owner, "PATCH", app.path(f"/addons/{addon['id']}"),
               {"addon": {"plan_id": supplier.plans["large"]}}, want=200)
    one = transcript(world, exchange_of(world))[0]
    same([one["order"], one["method"]], ["change", "PUT"], "a change")
    seen = world.call(app.owner, "GET", app.path(
        f"/addons/{addon['id']}/exchanges"), want=200).data["exchanges"]
    same([(e["order"], e["method"], e["status"]) for e in seen],
         [("change", "PUT", 200), ("provision", "POST", 201)], "the owner's")
    true(all("answer" not in e and "url" not in e for e in seen), "no bodies")
    world.call(world.account(), "GET", app.path(
        f"/addons/{addon['id']}/exchanges"), want=404)
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    one = transcript(world, exchange_of(world))[0]
    same([one["order"], one["status"]], ["remove", 204], "a removal")
    # the first try, within the request, and a resumption, when they fail
    ident = world.addon(app, supplier)["id"]
    path = app.path(f"/addons/{ident}")
    failing = {
        "suspend": lambda: world.sutler("addon", "suspend", ident),
        "resume": lambda: world.call(app.owner, "POST", path + "/resume",
                                     want=503),
        "remove": lambda: world.call(app.owner, "DELETE", path, want=204)}
    for order, ask in failing.items():
        if order == "resume":
            tick(world, ident)   # of its suspension it has been told
        supplier.desk.then(500)
        ask()
        one = transcript(world, exchange_of(world))[0]
        same([one["order"], one["status"]], [order, 500], "failed")
        owed = world.sutler("open").stdout.decode()
        true(ident in owed and "500" in owed, f"{order}: {owed}")


@scenario("a long body is cut, and what follows still reads")
def bounded(world):
    supplier = world.provider("scalingo")
    app = world.app()
    supplier.desk.then(201, {"id": "r", "config": {},
                             "message": "é" * 30000})
    world.order(app, supplier)
    one = transcript(world, exchange_of(world))[0]
    true(isinstance(one["answer"], str) and
         len(one["answer"].encode()) <= 32768, "the answer's beginning")


@scenario("tick removes what is old; 0 days keep nothing", every_door=False)
def kept(world):
    supplier = world.provider("scalingo")
    app = world.app()
    addon = world.addon(app, supplier)
    ident = exchange_of(world)
    place = world.data / "state" / "transcripts"
    days = [time.strftime("%Y%m%d", time.gmtime(time.time() - back * DAY))
            for back in (0, 29, 32)]
    for day in days:
        (place / day).mkdir(exist_ok=True)
        (place / day / f"{day}-{'0' * 16}.json").write_text("{}", "ascii")
    world.sutler("tick")
    same([(place / day).exists() for day in days], [True, True, False], "days")
    transcript(world, ident)
    world.configure(transcript_days=0)
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    true("Exchange" not in trailers(world.messages()[-1]), "none is kept")
    world.sutler("tick")
    same(files(world), [], "none is left")
    done = world.sutler("transcript", ident, want=1)
    true(b"transcript" in done.stderr, f"{done.stderr}")
    for odd in ("../../key", "20260102-" + "g" * 16, "zzzz", "abc"):
        world.sutler("transcript", odd, want=1)
    world.configure(transcript_days=None)
    os.chmod(place, 0o500)   # root may write all the same
    try:
        world.addon(app, supplier)
    finally:
        os.chmod(place, 0o700)
