"""Accounts, their API tokens, and the JWTs made of them."""
import hashlib
import re
import time

import strict
from scenario_base import (Unchanged, forge, same, scenario, true)
from world import basic

SELF = "/v1/users/self"
EXCHANGE = "/v1/tokens/exchange"


def exchange(world, token: str) -> str:
    found = world.call(basic("", token), "POST", EXCHANGE, {}, want=200)
    return found.data["token"]


def claims_of(world, account) -> dict:
    return strict.jwt(exchange(world, account.token))[1]


@scenario("account add prints the token alone, and only its hash stays")
def token_printed_once(world):
    name = world.fresh("user")
    done = world.sutler("account", "add", name, f"{name}@example.org")
    true(re.fullmatch(rb"tk-us-[A-Za-z0-9_-]{48}\n", done.stdout),
         f"stdout: {done.stdout!r}")
    token = done.stdout.strip()
    digest = hashlib.sha256(token).hexdigest().encode()
    found = b""
    for path in world.data.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            true(token not in data, f"the token stands in {path}")
            if path.is_relative_to(world.store / "accounts"):
                found += data
    true(digest in found, "no record holds the SHA-256 of the token")


@scenario("an API token is exchanged for a JWT of one hour")
def exchange_token(world):
    account = world.account()
    before = int(time.time())
    for body in (b"{}", b"null", b"", None):
        found = world.call(basic("", account.token), "POST", EXCHANGE,
                           body=body, want=200)
        _, claims = strict.jwt(found.data["token"])
        same(claims["exp"] - claims["iat"], 3600, "seconds of a JWT")
        true(before <= claims["iat"] <= time.time(), f"iat {claims['iat']}")
        same(claims.get("iss"), "Scalingo", "iss")
        true(re.fullmatch(r"us-[0-9a-f-]{36}", claims.get("uuid", "")),
             f"uuid {claims.get('uuid')}")
        true(re.fullmatch(r"[0-9a-f]{32}", claims.get("rnd", "")), "rnd")


@scenario("an exchange needs an empty user and a token that exists")
def exchange_refused(world):
    account = world.account()
    wrong = account.token[:-1] + ("A" if account.token[-1] != "A" else "B")
    jwt = exchange(world, account.token)
    headers = [
        None, "", "Basic", "Basic !!!", "Basic " + "A" * 4000,
        basic("", wrong), basic("", ""), basic(account.name, account.token),
        basic(account.token, ""), basic("", account.token + "x"),
        basic("", account.token[:-1]), basic("", jwt),
        f"Bearer {account.token}", f"Bearer {jwt}",
    ]
    with Unchanged(world):
        for header in headers:
            world.call(header, "POST", EXCHANGE, {}, want=401)


@scenario("a JWT and an API token both open the API")
def bearer(world):
    account = world.account()
    jwt = exchange(world, account.token)
    for word in (f"Bearer {jwt}", f"Bearer {account.token}",
                 f"bearer {jwt}"):
        user = world.call(word, "GET", SELF, want=200).data["user"]
        same(user["username"], account.name, "username")
        same(user["email"], account.email, "email")
        true(user["id"].startswith("us-"), f"id {user['id']}")
        same(user["flags"], {}, "flags")
    same(claims_of(world, account)["uuid"], user["id"], "the JWT's uuid")


@scenario("a token made here as the platform makes it is taken")
def forge_works(world):
    account = world.account()
    world.call(f"Bearer {forge(world, claims_of(world, account))}", "GET",
               SELF, want=200)


@scenario("expired, altered and foreign tokens are refused")
def tokens_refused(world):
    account, other = world.account(), world.account()
    claims = claims_of(world, account)
    jwt = exchange(world, account.token)
    head, body, signature = jwt.split(".")
    now = int(time.time())
    old = dict(claims, iat=now - 7200, exp=now - 3600)
    stranger = dict(claims, uuid=claims_of(world, other)["uuid"])
    timeless = {k: v for k, v in claims.items() if k != "exp"}
    table = {
        "expired": forge(world, old),
        "expired this second": forge(world, dict(claims, exp=now - 1)),
        "without exp": forge(world, timeless),
        "exp is text": forge(world, dict(claims, exp=str(now + 999))),
        "alg none": forge(world, claims, alg="none"),
        "alg HS256": forge(world, claims, alg="HS256"),
        "another purpose": forge(world, claims, purpose="addon token"),
        "another key": forge(world, claims, key=b"k" * 32),
        "no key": forge(world, claims, key=b""),
        "another's uuid": forge(world, stranger),
        "a token id that is none": forge(world, dict(claims, tid="x")),
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{jwt}.x",
        "signature cut": jwt[:-2],
        "padded": f"{jwt}=",
        "no base64": f"{head}.{body}.{'!' * len(signature)}",
        "claims are a list": forge(world, [1, 2]),
        "empty": "",
        "spaces": f"{jwt} {jwt}",
    }
    with Unchanged(world):
        for what, token in table.items():
            found = world.call(f"Bearer {token}", "GET", SELF)
            same(found.status, 401, what)


@scenario("a disabled account's tokens and JWTs end at once")
def disable(world):
    account = world.account()
    words = [f"Bearer {exchange(world, account.token)}",
             f"Bearer {account.token}"]
    world.sutler("account", "disable", account.name)
    for word in words:
        world.call(word, "GET", SELF, want=401)
        world.call(word, "GET", "/v1/apps", want=401)
    world.call(basic("", account.token), "POST", EXCHANGE, {}, want=401)
    world.sutler("account", "enable", account.name)
    for word in words:
        world.call(word, "GET", SELF, want=200)


@scenario("another token of an account works beside the first")
def second_token(world):
    account = world.account()
    done = world.sutler("account", "token", account.name)
    true(re.fullmatch(rb"tk-us-[A-Za-z0-9_-]{48}\n", done.stdout),
         f"stdout: {done.stdout!r}")
    token = done.stdout.decode().strip()
    true(token != account.token, "the same token again")
    for text in (token, account.token, exchange(world, token)):
        world.call(f"Bearer {text}", "GET", SELF, want=200)


@scenario("tokens are made, listed without their secret, and deleted")
def token_calls(world):
    account = world.account()
    for body in ({"token": {"name": "laptop"}}, {"name": "phone"}):
        made = world.call(account, "POST", "/v1/tokens", body,
                          want=201).data["token"]
        same(made["name"], next(iter(body.values()))
             if "name" in body else "laptop", "name")
        rows = world.call(account, "GET", "/v1/tokens", want=200)
        true(made["token"].encode() not in rows.answer.body, "the secret")
        true(made["id"] in [row["id"] for row in rows.data["tokens"]],
             f"tokens {rows.data}")
        words = [f"Bearer {made['token']}",
                 f"Bearer {exchange(world, made['token'])}"]
        for word in words:
            world.call(word, "GET", SELF, want=200)
        path = f"/v1/tokens/{made['id']}"
        world.call(world.account(), "DELETE", path, want=404)
        world.call(account, "DELETE", path, want=204)
        for word in words:
            world.call(word, "GET", SELF, want=401)
            world.call(word, "POST", "/v1/apps",
                       {"app": {"name": "late"}}, want=401)
        world.call(account, "DELETE", path, want=404)
    world.call(account, "GET", SELF, want=200)


@scenario("regions: at least one, one of them the default")
def regions(world):
    found = world.call(world.account(), "GET", "/v1/regions", want=200)
    rows = found.data["regions"]
    true(rows, "no region")
    for row in rows:
        true(row["api"].startswith(world.door.public_url),
             f"api is {row['api']}, not public_url")
    same([row["default"] for row in rows].count(True), 1, "defaults")


@scenario("list and show tell of an account, without its secrets")
def list_show(world):
    account = world.account(paying=True)
    for words in (("list",), ("show", account.name)):
        for more in ((), ("--json",)):
            text = world.sutler("account", *words, *more).stdout
            true(account.name.encode() in text, f"{words}: {text!r}")
            true(account.email.encode() in text, f"{words}: {text!r}")
            true(account.token.encode() not in text, "the token is shown")
            if more:
                strict.loads(text)


@scenario("account names and addresses that break the rules are refused",
          every_door=False)
def bad_names(world):
    good = "someone@example.org"
    table = [("a<b", good), ("a>b", good), ("a\nb", good), ("", good),
             ("a b", good), ("A", good), ("a" * 65, good), ("../x", good),
             (".x", good), ("a/b", good), ("okay", "a<b@example.org"),
             ("okay", "a>b@example.org"), ("okay", "a\nb@example.org"),
             ("okay", "a b@example.org"), ("okay", ""),
             ("okay", "x@y\r\nz")]
    for name, email in table:
        with Unchanged(world, repr((name, email))):
            done = world.sutler("account", "add", name, email, want=1)
            same(done.stdout, b"", "stdout")
            true(done.stderr, "no reason on stderr")


@scenario("a name that is taken is refused", every_door=False)
def name_taken(world):
    account = world.account()
    with Unchanged(world):
        world.sutler("account", "add", account.name, "x@example.org", want=1)


@scenario("paying on and off decides what may be bought")
def paying(world):
    supplier = world.provider("scalingo")
    app = world.app()
    world.order(app, supplier, "gold", want=402)
    world.sutler("account", "paying", app.owner.name, "on")
    made = world.order(app, supplier, "gold").data["addon"]
    same(made["plan"]["price"], 12.5, "price")
    world.sutler("account", "paying", app.owner.name, "off")
    other = world.app(app.owner)
    world.order(other, supplier, "gold", want=402)


@scenario("a token is renewed: the old secret and its JWTs are void")
def renew(world):
    account = world.account()
    made = world.call(account, "POST", "/v1/tokens", {"name": "bare"},
                      want=201).data["token"]
    for method in ("PATCH", "PUT"):
        secret = made["token"]
        jwt = exchange(world, secret)
        found = world.call(account, method,
                           f"/v1/tokens/{made['id']}/renew",
                           want=200).data["token"]
        same({key: found[key] for key in ("id", "name", "created_at")},
             {key: made[key] for key in ("id", "name", "created_at")},
             "the same token")
        true(found["token"] != secret, "another secret")
        true(found["issued_at"] > made["issued_at"], "issued_at")
        for old in (secret, jwt):
            world.call(f"Bearer {old}", "GET", SELF, want=401)
        world.call(basic("", secret), "POST", EXCHANGE, {}, want=401)
        for new in (found["token"], exchange(world, found["token"])):
            world.call(f"Bearer {new}", "GET", SELF, want=200)
        made = found
    with Unchanged(world):
        missing = world.call(account, "PATCH", "/v1/tokens/x/renew", want=404)
        same(missing.data["resource"], "token", "resource")
        world.call(None, "PATCH", f"/v1/tokens/{made['id']}/renew", want=401)


@scenario("a token is made by name or address, with one for the password")
def login(world):
    account = world.account()
    for user in (account.name, account.email):
        found = world.call(basic(user, account.token), "POST", "/v1/tokens",
                           {"token": {"name": "CLI"}}, want=201)
        secret = found.data["token"]["token"]
        world.call(f"Bearer {secret}", "GET", SELF, want=200)
    with Unchanged(world):
        for pair in ((account.name, "wrong"), ("", account.token),
                     ("another", account.token)):
            world.call(basic(*pair), "POST", "/v1/tokens",
                       {"token": {"name": "CLI"}}, want=401)


@scenario("there is no trial to stop, and stopping it is answered well")
def trial(world):
    account = world.account()
    with Unchanged(world):
        world.call(account, "POST", "/v1/users/stop_free_trial", want=200)
        world.call(None, "POST", "/v1/users/stop_free_trial", want=401)
