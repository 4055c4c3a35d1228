"""Failed logins slow down, by address and by the name that was given."""
import struct
import time

from scenario_base import Unchanged, among, same, scenario, true
from scenario_partner import FORM, partner, token_call
from scenario_session import NAME, SESSION, sign_in
from world import basic

FREE = 3
PLACE = struct.Struct("=Qqq")   # of DATA/state/failures


def start(world, **more):
    """From now on 127.0.0.1 is a proxy, and a header tells the address."""
    table(world).unlink(missing_ok=True)
    world.configure(**{"login_failures": FREE,
                       "trusted_proxy": "127.0.0.1 ::1", **more})


def stop(world):
    world.configure(login_failures=0, trusted_proxy=None)
    table(world).unlink(missing_ok=True)


def table(world):
    return world.data / "state" / "failures"


def hold(world, seconds=60):
    """Whoever waits, waits so long from now on."""
    data = table(world).read_bytes()
    until = int((time.time() + seconds) * 1000)
    table(world).write_bytes(b"".join(
        PLACE.pack(who, paid, until if waits else 0)
        for who, paid, waits in PLACE.iter_unpack(
            data[:len(data) // PLACE.size * PLACE.size])))


def at(address: str) -> dict:
    return {"X-Forwarded-For": f"6.6.6.6, {address}"}


def hammer(world, address, ask, want=401):
    """Fail until nobody looks any more."""
    for count in range(40):
        found = ask(at(address))
        if found.status == 429:
            break
        same(found.status, want, f"failure {count + 1}")
    true(FREE < count < 40, f"slowed down after {count}")
    wait = int(found.answer.header("Retry-After"))
    true(0 < wait <= 64, f"{wait} s")
    hold(world)
    return found


def doors(world, app, supplier, heroku):
    """Each place that takes a credential, with a wrong one: a call with more
    headers, and the same with the right one."""
    def user(word):
        return lambda more: world.call(f"Bearer {word}", "GET", "/v1/apps",
                                       headers=more)

    def pair(path, method="GET"):
        return lambda name, word: lambda more: world.call(
            basic(name, word), method, path, headers=more)

    def signs(word):
        return lambda more: world.call(None, "POST", SESSION,
                                       {"token": word}, headers=more)

    exchange = pair("/v1/tokens/exchange", "POST")
    scalingo, vendor = pair("/v1/provider/apps"), pair("/vendor/apps")
    good = app.owner.token
    jwt = world.call(basic("", good), "POST", "/v1/tokens/exchange",
                     want=200).data["token"]
    return {
        "an API token": (user("tk-us-" + "x" * 48), user(good)),
        "a JWT": (user(jwt[:-3] + "abc"), user(jwt)),
        "the exchange": (exchange("", "wrong"), exchange("", good)),
        "a provider": (scalingo(supplier.user, "wrong"),
                       scalingo(supplier.user, supplier.password)),
        "Heroku's": (vendor(heroku.user, "wrong"),
                     vendor(heroku.user, heroku.password)),
        "signing in": (signs("tk-us-wrong"), signs(good)),
    }


@scenario("each door that takes a credential slows down, and only for who fails",
          every_door=False)
def each(world):
    app = world.app()
    supplier, heroku = world.provider("scalingo"), world.provider("heroku")
    rows = doors(world, app, supplier, heroku)
    try:
        for number, (what, (bad, good)) in enumerate(rows.items()):
            start(world)
            address = f"192.0.2.{number + 1}"
            with Unchanged(world, what):
                refused = hammer(world, address, bad)
            true("too many failed logins" in str(refused.data), str(refused))
            same(good(at(address)).status, 429, f"{what}: not looked at")
            # an IPv6 client is its /64
            among(good(at("198.51.100.1")).status, (200, 201),
                  f"{what}: from elsewhere")
            same(world.call(None, "GET", "/v1/regions",
                            headers=at(address)).status, 200,
                 "who shows nothing is nobody")
        world.configure(login_failures=0)
        among(good(at(address)).status, (200, 201), "0: switched off")
    finally:
        stop(world)


@scenario("grants, add-on tokens, the portal and cookies slow down, too",
          every_door=False)
def others(world):
    supplier, secret = partner(world)
    app = world.app()
    addon = world.addon(app, supplier)
    code = supplier.desk.asked("POST")[-1].json()["oauth_grant"]["code"]
    cookie = sign_in(world, app.owner)
    place = f"/addons/{addon['id'][3:]}"

    def grant(word):
        form = (f"grant_type=authorization_code&code={code}"
                f"&client_secret={word}")
        return lambda more: world.call(
            None, "POST", "/oauth/token", body=form.encode(),
            headers={**FORM, **more})

    def browser(text):
        return lambda more: world.call(
            None, "GET", SESSION, headers={"Cookie": text, **more})

    def portal(word):
        return lambda more: world.call(
            basic(app.owner.name, word), "GET",
            "/provider/addons/nothing-of-ours", headers=more)

    def part(word):
        return lambda more: world.call(f"Bearer {word}", "GET", place,
                                       headers=more)
    try:
        for number, (what, bad, good, want) in enumerate((
                ("a cookie", browser(f"{NAME}={'x' * 43}"), browser(cookie),
                 200),
                ("the portal", portal("wrong"), portal(app.owner.token), 404),
                ("a grant", grant("wrong"), grant(secret), 200))):
            start(world)
            address = f"192.0.2.{number + 1}"
            hammer(world, address, bad)
            same(good(at(address)).status, 429, f"{what}: not looked at")
            found = good(at("198.51.100.1"))
            same(found.status, want, f"{what}: from elsewhere")
        start(world)
        tokens = found.data
        hammer(world, "192.0.2.9", part("a.b.c"))
        same(part(tokens["access_token"])(at("192.0.2.9")).status, 429,
             "an add-on's token")
        same(part(tokens["access_token"])(at("192.0.2.8")).status, 200,
             "from elsewhere")
        with Unchanged(world, "another site's page"):
            world.call(None, "POST", "/oauth/token", want=403,
                       headers={**FORM, "Sec-Fetch-Site": "cross-site"},
                       body=b"grant_type=refresh_token")
    finally:
        stop(world)
    token_call(world, 401, grant_type="refresh_token", refresh_token="x",
               client_secret="x")


@scenario("nobody is locked out by strangers who fail in his name",
          every_door=False)
def strangers(world):
    supplier = world.provider("heroku")

    def ask(user, word, address):
        return world.call(basic(user, word), "GET", "/vendor/apps",
                          headers=at(address))
    try:
        start(world)
        for name in (supplier.user, "nobody-of-this-name"):
            seen = []
            for number in range(40):
                address = f"198.51.100.{number}"
                seen.append(ask(name, "wrong", address).status)
                hold(world)
                seen.append(ask(name, "wrong", address).status)
            # known or not, after a few each address has one guess
            same(seen[-20:], [401, 429] * 10, name)
            same(seen[0:2], [401, 401], name)
        same(ask(supplier.user, supplier.password, "192.0.2.77").status, 200,
             "the provider itself")
        same(ask(supplier.user, supplier.password, "198.51.100.39").status,
             429, "from where somebody has guessed")
    finally:
        stop(world)


@scenario("a proxy that is not named is one address, whatever it says",
          every_door=False)
def unnamed(world):
    supplier = world.provider("heroku")
    account = world.account()

    def provider(word, address):
        return world.call(basic(supplier.user, word), "GET", "/vendor/apps",
                          headers=at(address))
    try:
        # as it is where the configuration says nothing
        start(world, trusted_proxy=None, login_failures=None)
        for number in range(30):   # by as many addresses as it likes
            last = provider("wrong", f"192.0.2.{number}").status
            if last == 429:
                break
        same(last, 429, "its name is slowed down")
        true(number > 10, f"after {number}")
        for number in range(20):
            same(world.call("Bearer tk-us-wrong", "GET", "/v1/apps",
                            headers=at("192.0.2.1")).status, 401,
                 "this machine is not")
        same(world.call(account, "GET", "/v1/apps").status, 200, "nor others")
    finally:
        stop(world)
