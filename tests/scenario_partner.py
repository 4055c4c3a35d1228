"""Heroku's Platform API for Partners, version 3: the grant, the tokens, and
one installation through them."""
import re
import time
import urllib.parse

from scenario_base import Commits, Unchanged, forge, same, scenario, true
from scenario_outbox import hooked, kind_of, status, tick
from world import MARK

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def partner(world):
    """A v3 provider and its client secret."""
    supplier = world.provider("heroku-v3")
    secret = world.sutler("provider", "secret", supplier.slug)
    return supplier, secret.stdout.decode().strip()


def token_call(world, want, by="form", **fields):
    query = urllib.parse.urlencode(fields)
    if by == "query":
        return world.call(None, "POST", f"/oauth/token?{query}", want=want,
                          headers=FORM, body=b"")
    if by == "json":
        return world.call(None, "POST", "/oauth/token", fields, want=want)
    return world.door_form("/oauth/token", query, want)


def exchange(world, supplier, secret, **more):
    """The tokens that the last order's grant is good for."""
    grant = supplier.desk.asked("POST")[-1].json()["oauth_grant"]
    return token_call(world, 200, grant_type="authorization_code",
                      code=grant["code"], client_secret=secret, **more).data


def bearer(tokens: dict) -> str:
    return f"Bearer {tokens['access_token']}"


@scenario("a grant is exchanged once, and refreshed as often as need be")
def grant(world):
    supplier, secret = partner(world)
    app = world.app()
    addon = world.addon(app, supplier)
    body = supplier.desk.asked("POST")[-1].json()
    true(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]+", body["name"]), body["name"])
    given = body["oauth_grant"]
    same(given["type"], "authorization_code", "type")
    good = {"grant_type": "authorization_code", "code": given["code"],
            "client_secret": secret}
    for change, want in (({"client_secret": "x"}, 401),
                         ({"code": given["code"][:-1] + "!"}, 401),
                         ({"code": "x"}, 401), ({"code": ""}, 401),
                         ({"grant_type": "password"}, 400)):
        with Unchanged(world, str(change)):
            token_call(world, want, **dict(good, **change))
    for missing in good:
        with Unchanged(world, missing):
            token_call(world, 400, **{key: value for key, value
                                      in good.items() if key != missing})
    with Commits(world, 1):
        tokens = token_call(world, 200, **good).data
    same(sorted(tokens), ["access_token", "expires_in", "refresh_token",
                          "session_nonce", "token_type", "user_id"], "keys")
    with Unchanged(world, "used up"):
        token_call(world, 401, **good)
    for by in ("form", "query", "json"):
        with Unchanged(world, by):
            again = token_call(world, 200, by, grant_type="refresh_token",
                               refresh_token=tokens["refresh_token"],
                               client_secret=secret).data
        path = f"/addons/{addon['id'][3:]}"
        world.call(bearer(again), "GET", path, want=200)
    with Unchanged(world, "a wrong secret"):
        token_call(world, 401, grant_type="refresh_token",
                   refresh_token=tokens["refresh_token"], client_secret="x")
        token_call(world, 401, grant_type="refresh_token",
                   refresh_token=tokens["access_token"], client_secret=secret)


@scenario("a new client secret, and the end of the installation, end tokens")
def ended(world):
    supplier, secret = partner(world)
    app = world.app()
    addon = world.addon(app, supplier)
    path = f"/addons/{addon['id'][3:]}"
    tokens = exchange(world, supplier, secret)
    world.call(bearer(tokens), "GET", path, want=200)
    fresh = world.sutler("provider", "secret",
                         supplier.slug).stdout.decode().strip()
    world.call(bearer(tokens), "GET", path, want=401)
    token_call(world, 401, grant_type="refresh_token",
               refresh_token=tokens["refresh_token"], client_secret=fresh)
    other = world.addon(world.app(), supplier)
    tokens = exchange(world, supplier, fresh)
    world.call(bearer(tokens), "GET", path, want=404)   # not its own
    mine = f"/addons/{other['id'][3:]}"
    world.call(bearer(tokens), "GET", mine, want=200)
    for who in (None, app.owner, supplier, "Bearer x", forge(
            world, {"sub": other["id"], "exp": 1}, "oauth access")):
        who = f"Bearer {who}" if isinstance(who, str) and "." in who else who
        world.call(who, "GET", mine, want=401)


@scenario("config is read and set by name, as a list")
def config(world):
    supplier, secret = partner(world)
    app = world.app()
    addon = world.addon(app, supplier)
    who = bearer(exchange(world, supplier, secret))
    path = f"/addons/{addon['id'][3:]}/config"
    url, key = supplier.variables
    same(world.call(who, "GET", path, want=200).data,
         [{"name": url, "value": world.values(app)[url]}], "config")
    found = world.call(who, "PATCH", path, {"config": [
        {"name": url, "value": f"{MARK}-1"},
        {"name": key, "value": f"{MARK}-2"}]}, want=200).data
    same(found, [{"name": url, "value": f"{MARK}-1"},
                 {"name": key, "value": f"{MARK}-2"}], "answer")
    world.call(who, "PATCH", path, {"config": [{"name": key, "value": None}]},
               want=200)
    same(world.values(app), {url: f"{MARK}-1"}, "values")
    with Unchanged(world):
        world.call(who, "PATCH", path, {"config": [
            {"name": "OTHER", "value": "x"}]}, want=403)
        world.call(who, "PATCH", path, {"config": []}, want=400)


@scenario("an asynchronous order of version 3, from its 202 to running")
def later(world):
    supplier, secret = partner(world)
    app = world.app()
    seen = {}

    def during(one):   # the grant may be used before the answer is given
        uuid = one.json()["uuid"]
        seen.update(exchange(world, supplier, secret))
        world.call(bearer(seen), "PATCH", f"/addons/{uuid}/config",
                   {"config": [{"name": supplier.variables[0],
                                "value": f"{MARK}-early"}]}, want=200)

    supplier.desk.then(202, {"id": "x", "message": "Soon"}, during=during)
    addon = world.order(app, supplier).data["addon"]
    same(addon["status"], "provisioning", "status")
    path, who = f"/addons/{addon['id'][3:]}", bearer(seen)
    shown = world.call(who, "GET", path, want=200).data
    same((shown["state"], shown["plan"]["name"], shown["app"]["name"]),
         ("provisioning", f"{supplier.slug}:small", app.name), "shown")
    world.call(who, "PATCH", path + "/config", {"config": [
        {"name": supplier.variables[1], "value": f"{MARK}-2"}]}, want=200)
    same(kind_of(world, addon["id"]), "await", "config does not end it")
    done = world.call(who, "POST", path + "/actions/provision", want=200).data
    same(done["state"], "provisioned", "state")
    same(world.values(app), {supplier.variables[0]: f"{MARK}-early",
                             supplier.variables[1]: f"{MARK}-2"}, "values")
    same(world.owed(addon["id"]), [], "owed")


@scenario("a slow plan change of version 3 ends by the config that it brings")
def slow_change(world):
    supplier, secret = partner(world)
    app = world.app()
    addon = world.addon(app, supplier)["id"]
    me = bearer(exchange(world, supplier, secret))
    path = app.path(f"/addons/{addon}")
    name = supplier.variables[0]

    def configure(value):
        world.call(me, "PATCH", f"/addons/{addon[3:]}/config",
                   {"config": [{"name": name, "value": value}]}, want=200)

    supplier.desk.then(202, {"message": "Moving"})
    found = world.call(app.owner, "PATCH", path, {"addon": {
        "plan_id": supplier.plans["large"]}}, want=200).data["addon"]
    same(found["status"], "provisioning", "status")
    same(hooked(world, lambda: configure(f"{MARK}-moved")), [app.name],
         "restarts")
    same((status(world, app, addon), world.owed(addon)), ("running", []),
         "in the end")
    # the word may come before the answer
    supplier.desk.then(202, {"message": "Moving"},
                       during=lambda _: configure(f"{MARK}-back"))
    found = world.call(app.owner, "PATCH", path, {"addon": {
        "plan_id": supplier.plans["small"]}}, want=200).data["addon"]
    same((found["status"], found["plan"]["name"]), ("running", "small"),
         "early")
    same(world.values(app)[name], f"{MARK}-back", "early")
    # of an order it says nothing yet
    other = world.app()
    supplier.desk.then(202, {"id": "x"})
    waiting = world.order(other, supplier).data["addon"]["id"]
    me = bearer(exchange(world, supplier, secret))
    world.call(me, "PATCH", f"/addons/{waiting[3:]}/config",
               {"config": [{"name": name, "value": MARK}]}, want=200)
    same(status(world, other, waiting), "provisioning", "an order")


@scenario("an asynchronous order of version 3 that fails is gone")
def failed(world):
    supplier, secret = partner(world)
    app = world.app()
    supplier.desk.then(202, {"id": "x"})
    addon = world.order(app, supplier).data["addon"]
    who = bearer(exchange(world, supplier, secret))
    path = f"/addons/{addon['id'][3:]}"
    done = world.call(who, "POST", path + "/actions/deprovision",
                      want=200).data
    same(done["state"], "deprovisioned", "state")
    same(world.call(app.owner, "GET", app.path("/addons"),
                    want=200).data["addons"], [], "addons")
    tick(world, addon["id"])   # it is deleted all the same
    same(supplier.desk.asked("DELETE")[-1].path.rpartition("/")[2],
         addon["id"][3:], "deleted")
    world.call(who, "GET", path, want=401)


@scenario("a removal answered 202 is finished by the provider, or in time")
def removed_later(world):
    supplier, secret = partner(world)
    for finish in (True, False):
        app = world.app()
        addon = world.addon(app, supplier)
        who = bearer(exchange(world, supplier, secret))
        path = f"/addons/{addon['id'][3:]}"
        supplier.desk.then(202)
        world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
                   want=204)
        same(kind_of(world, addon["id"]), "leave", "work")
        shown = world.call(who, "GET", path, want=200).data
        same(shown["state"], "deprovisioning", "state")
        if finish:
            world.call(who, "POST", path + "/actions/deprovision", want=200)
        else:
            tick(world, addon["id"])
        same(world.owed(addon["id"]), [], "owed")
        world.call(who, "GET", path, want=401)


def with_logs(manifest):
    manifest["api"]["requires"] = ["syslog_drain", "attachable"]


def with_tokens(world, url=None):
    """A provider that takes logs and can be attached, and its installation."""
    supplier = world.provider("heroku-v3", change=with_logs)
    secret = world.sutler("provider", "secret", supplier.slug)
    app = world.app()
    supplier.desk.then(201, {"id": "x", "log_drain_url": url} if url
                       else {"id": "x"})
    addon = world.addon(app, supplier)
    tokens = exchange(world, supplier, secret.stdout.decode().strip())
    return supplier, app, addon, bearer(tokens)


@scenario("a partner sees the apps that have its installation, no others")
def apps_seen(world):
    supplier, app, addon, who = with_tokens(world)
    uuid, other = addon["id"][3:], world.app(app.owner)
    for ident in (app.id, app.name):
        seen = world.call(who, "GET", f"/apps/{ident}", want=200).data
        same((seen["id"], seen["name"], seen["owner"]["email"]),
             (app.id, app.name, app.owner.email), "app")
        true(seen["region"]["name"], "region")
    for who_else, path, want in (
            (who, f"/apps/{other.name}", 404), (who, "/apps/nosuch", 404),
            (who, f"/apps/{other.id}/addon-attachments", 404),
            (None, f"/apps/{app.id}", 401), ("Bearer x", f"/apps/{app.id}",
                                             401),
            (app.owner, f"/apps/{app.id}", 401),
            (who, f"/addons/{world.fresh('x')}/addon-attachments", 404)):
        world.call(who_else, "GET", path, want=want)
    listed = world.call(who, "GET", f"/addons/{uuid}/addon-attachments",
                        want=200).data
    same([(row["id"], row["name"], row["app"]["id"], row["addon"]["id"])
          for row in listed],
         [(uuid, supplier.variables[0][:-4], app.id, uuid)], "its own")
    made = world.call(app.owner, "POST", other.path("/attachments"),
                      {"attachment": {"addon_id": addon["id"],
                                      "name": "SPARE"}}, want=201)
    spare = made.data["attachment"]["id"]
    listed = world.call(who, "GET", f"/addons/{uuid}/addon-attachments",
                        want=200).data
    same([(row["id"], row["app"]["name"], row["addon"]["app"]["name"])
          for row in listed], [(uuid, app.name, app.name),
                               (spare, other.name, app.name)], "both")
    same(world.call(who, "GET", f"/apps/{other.name}", want=200).data["id"],
         other.id, "the other app")
    base = f"/apps/{other.id}/addon-attachments"
    same([row["id"] for row in world.call(who, "GET", base, want=200).data],
         [spare], "of the other")
    for ident in (spare, "SPARE"):
        same(world.call(who, "GET", f"{base}/{ident}", want=200).data["id"],
             spare, ident)
    world.call(who, "GET", f"{base}/{uuid}", want=404)


@scenario("a partner's log drains: its own is changed, others come and go")
def drains(world):
    url = f"https://{MARK}@logs.test/1"
    _, app, addon, who = with_tokens(world, url)
    uuid = addon["id"][3:]
    path, mine = f"/addons/{uuid}/log-drains", f"/apps/{app.name}/log-drains"

    def listed():
        return [(row["url"], row["addon"] and row["addon"]["id"],
                 row["app"]["id"]) for row in
                world.call(who, "GET", path, want=200).data]

    same(listed(), [(url, uuid, app.id)], "the order's")
    for number, ident in enumerate((uuid, f"d.{uuid}")):
        with Commits(world, 1):
            seen = world.call(who, "PUT", f"{path}/{ident}",
                              {"url": f"syslog://logs.test:{number}"},
                              want=200).data
        same((seen["url"], seen["token"]),
             (f"syslog://logs.test:{number}", f"d.{uuid}"), "changed")
    with Unchanged(world):
        for wrong in ("ftp://logs.test", "https://", "https:///x", "x",
                      "syslog://a b", "https://logs.test/\n", ""):
            for method, place in (("PUT", f"{path}/{uuid}"), ("POST", mine)):
                world.call(who, method, place, {"url": wrong}, want=422)
        world.call(who, "POST", mine, {}, want=400)
        world.call(who, "PUT", f"{path}/d.x", {"url": url}, want=404)
        world.call(who, "POST", "/apps/nosuch/log-drains", {"url": url},
                   want=404)
        world.call(who, "DELETE", f"{mine}/{uuid}", want=404)
        world.call(app.owner, "POST", mine, {"url": url}, want=401)
    with Commits(world, 1):
        added = world.call(who, "POST", mine, {"url": url}, want=201).data
    true(MARK not in "\n".join(world.messages()), "a URL in a message")
    true(added["addon"] is None and added["token"].startswith("d."), added)
    world.call(who, "POST", mine, {"url": url}, want=422)
    same(listed()[1:], [(url, None, app.id)], "added")
    with Commits(world, 1):
        gone = world.call(who, "DELETE", f"{mine}/{added['id']}",
                          want=200).data
    same(gone, added, "removed")
    same(len(listed()), 1, "left")
    for number in range(10):
        world.call(who, "POST", mine, {"url": f"{url}{number}"}, want=201)
    world.call(who, "POST", mine, {"url": f"{url}x"}, want=422)


@scenario("an installation without a drain has none to change",
          every_door=False)
def no_drain(world):
    _, _, addon, who = with_tokens(world)
    path = f"/addons/{addon['id'][3:]}/log-drains"
    same(world.call(who, "GET", path, want=200).data, [], "none")
    world.call(who, "PUT", f"{path}/{addon['id'][3:]}",
               {"url": "https://logs.test/"}, want=404)


@scenario("an order of version 3 that nobody answered is removed by its uuid")
def by_uuid(world):
    supplier, _ = partner(world)
    app = world.app()
    supplier.desk.then(close=True)
    world.order(app, supplier, want=503)
    uuid = supplier.desk.asked("POST")[-1].json()["uuid"]
    tick(world, uuid)
    same(len(supplier.desk.asked("POST")), 1, "POSTs")
    same(supplier.desk.asked("DELETE")[-1].path.rpartition("/")[2], uuid,
         "deleted")
    same(world.owed(uuid), [], "owed")


@scenario("a grant that is too old is none", every_door=False)
def stale(world):
    supplier, secret = partner(world)
    app = world.app()
    world.addon(app, supplier)
    record = next((world.store / "apps").glob(f"*/*/{app.name}.json"))
    text = record.read_text(encoding="utf-8")
    past = time.strftime("%Y-%m-%dT%H:%M:%S.000Z",
                         time.gmtime(time.time() - 1))
    text = re.sub(r'("grant_until":\s*")[^"]*', rf"\g<1>{past}", text)
    fresh = world.dir / "fresh"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(record)
    code = supplier.desk.asked("POST")[-1].json()["oauth_grant"]["code"]
    token_call(world, 401, grant_type="authorization_code", code=code,
               client_secret=secret)
    world.sutler("fsck", "--repair")   # commits the edit
