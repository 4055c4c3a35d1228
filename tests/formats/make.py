#!/usr/bin/env python3
"""Makes a store of the format that a tree of sutler's writes, with all kinds of
records, for scenario_formats.py to open with later programs.

usage: cd TREE && python3 .../tests/formats/make.py OUT

TREE is a checkout of the last commit before the next format (for format 1:
9cb7f3b), built with make; its own tests run its own programs.  OUT.tar.xz is
the data directory as they left it, OUT.json what is known of it: who may do
what, what the apps run with, what has been.  The mock provider's address in it
is dead; scenario_formats.py gives the manifests its own.
"""
import json
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path("tests").resolve()))
import scenario_base   # noqa: E402,F401
from doors import DOORS   # noqa: E402
from scenario_attachments import attach   # noqa: E402
from scenario_partner import bearer, exchange   # noqa: E402
from scenario_usage import hour, metered, old_enough, report   # noqa: E402
from world import World   # noqa: E402

DIALECTS = ("scalingo", "heroku", "appfog", "heroku-v3", "clevercloud",
            "flynn")


def attachable(manifest):
    manifest["api"]["requires"] = ["attachable"]


def drained(manifest):
    manifest["api"]["requires"] = ["syslog_drain"]


def variable(world, app, name, value):
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": name, "value": value}}, want=201)


def people(world, app):
    friend = world.account()
    link = world.call(app.owner, "POST", app.path("/collaborators"), {
        "collaborator": {"email": friend.email, "is_limited": False}},
        want=201).data["collaborator"]["invitation_link"]
    world.call(friend, "GET", link[link.index("/v1/"):], want=200)
    world.call(app.owner, "POST", app.path("/collaborators"), {
        "collaborator": {"email": "invited@example.org",
                         "is_limited": True}}, want=201)
    return friend


def addons(world, app):
    """One of each dialect, one with its plan changed, one that is owed."""
    suppliers, bought = {}, {}
    for dialect in DIALECTS:
        change = {"scalingo": metered, "heroku": attachable,
                  "heroku-v3": drained}.get(dialect)
        suppliers[dialect] = world.provider(dialect, change=change)
        if dialect == "heroku-v3":
            secret = world.sutler("provider", "secret",
                                  suppliers[dialect].slug)
        bought[dialect] = world.call(
            app.owner, "POST", app.path("/addons"),
            {"addon": {"addon_provider_id": suppliers[dialect].slug,
                       "plan_id": suppliers[dialect].plans["small"]}},
            want=201, headers={"Idempotency-Key": f"key-{dialect}"},
        ).data["addon"]
    for dialect in ("scalingo", "heroku"):
        world.call(app.owner, "PATCH", app.path(
            f"/addons/{bought[dialect]['id']}"), {"addon": {
                "plan_id": suppliers[dialect].plans["large"]}}, want=200)
    partner(world, app, suppliers["heroku-v3"], bought["heroku-v3"],
            secret.stdout.decode().strip())
    return suppliers, bought


def partner(world, app, supplier, addon, secret):
    """What a Heroku v3 provider asks for."""
    who = bearer(exchange(world, supplier, secret))
    path = f"/addons/{addon['id'][3:]}"
    world.call(who, "POST", f"{path}/webhooks", {
        "include": ["api:addon"], "level": "notify",
        "url": f"{world.mock.url}/hook/in"}, want=201)
    world.call(who, "POST", f"/apps/{app.name}/log-drains",
               {"url": "https://logs.test/in"}, want=201)


def main():
    out = Path(sys.argv[1]).resolve()
    world = World(Path(".build").resolve(), DOORS["direct"])
    app = world.app(paying=True)
    friend = people(world, app)
    variable(world, app, "GREETING", "hello")
    then = world.head()
    variable(world, app, "GREETING", "good day")
    variable(world, app, "ODD", "a\nb \"c\" \u20ac \\ '$x'")
    suppliers, bought = addons(world, app)
    when = hour(30)
    old_enough(world, bought["scalingo"], when)
    report(world, suppliers["scalingo"], when,
           (bought["scalingo"]["id"][3:], "rows", 12.5))
    other = world.app(app.owner)
    world.sutler("pack")   # what follows stays loose
    attach(world, other, bought["heroku"], "SHARED")
    renamed = world.app(app.owner)
    world.call(app.owner, "POST", renamed.path("/rename"),
               {"current_name": renamed.name, "new_name": "renamed"}, want=200)
    gone = world.app()
    owed = world.provider("scalingo")
    left = world.addon(gone, owed)
    owed.desk.down = True
    world.call(gone.owner, "DELETE", gone.path(f"/addons/{left['id']}"),
               want=204)
    world.sutler("account", "disable", gone.owner.name)
    world.sutler("account", "operator", friend.name, "on")
    world.sutler("account", "notify", friend.name, f"{world.mock.url}/hear")
    world.sutler("app", "log", app.name)
    known = {
        "made": "by tests/formats/make.py in a tree of " + sys.argv[2],
        "mock": world.mock.url, "owner": app.owner.token, "app": app.name,
        "app_id": app.id, "other": other.name, "friend": friend.token,
        "disabled": gone.owner.token, "then": then, "head": world.head(),
        "values": world.values(app), "others": world.values(other),
        "addons": {dialect: one["id"] for dialect, one in bought.items()},
        "providers": {dialect: {
            "slug": one.slug, "user": one.user, "password": one.password,
            "manifest": one.manifest} for dialect, one in suppliers.items()},
        "owed": {"addon": left["id"], "slug": owed.slug,
                 "manifest": owed.manifest},
        "month": when[:7], "commits": len(world.messages()),
        "env": world.sutler("app", "env", app.name).stdout.decode(),
    }
    out.with_suffix(".json").write_text(
        json.dumps(known, indent=1) + "\n", encoding="utf-8")
    with tarfile.open(out.with_suffix(".tar.xz"), "w:xz", preset=9) as tar:
        tar.add(world.data, "data", filter=plain)
    world.close()


def plain(entry):
    """Nobody's in particular; what is looked up for a month stays here."""
    if "transcripts" in entry.name or "sample" in entry.name:
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main()
