"""Collaborators: invited, joined, limited, gone; and what each may do."""
from scenario_base import Commits, Unchanged, same, scenario, true
from world import MARK, NOTHING


def invite(world, app, email, limited=False, who=None):
    return world.call(who or app.owner, "POST", app.path("/collaborators"),
                      {"collaborator": {"email": email,
                                        "is_limited": limited}},
                      want=201).data["collaborator"]


def accept(world, account, made, want=200):
    link = made["invitation_link"]
    return world.call(account, "GET", link[link.index("/v1/"):], want=want)


def join(world, app, account, limited=False) -> dict:
    """account becomes a collaborator of app."""
    made = invite(world, app, account.email, limited)
    accept(world, account, made)
    return made


def people(world, who, app) -> list:
    return world.call(who, "GET", app.path("/collaborators?"),
                      want=200).data["collaborators"]


def names(world, who) -> set:
    return {row["name"] for row in
            world.call(who, "GET", "/v1/apps?", want=200).data["apps"]}


@scenario("an invitation gives no right until it is accepted")
def invitation(world):
    app, guest = world.app(), world.account()
    with Commits(world, 1):
        made = invite(world, app, guest.email)
    same((made["username"], made["status"], made["user_id"],
          made["email"], made["app_id"]),
         ("n/a", "pending", None, guest.email, app.id), "invited")
    same(people(world, app.owner, app), [made], "list")
    same(names(world, guest), set(), "their apps")
    world.call(guest, "GET", app.path(), want=404)
    with Commits(world, 1):
        found = accept(world, guest, made).data["app"]
    same((found["id"], found["owner"]["email"]), (app.id, app.owner.email),
         "the app, with its owner")
    same(names(world, guest), {app.name}, "their apps")
    for ident in (app.name, app.id):
        same(world.call(guest, "GET", f"/v1/apps/{ident}",
                        want=200).data["app"]["owner"]["username"],
             app.owner.name, "owner")
    now = people(world, app.owner, app)[0]
    same((now["id"], now["username"], now["status"]),
         (made["id"], guest.name, "accepted"), "joined")
    true(now["invitation_link"].endswith("?token="), "the link is used up")
    people_now = (guest, world.account(), app.owner)
    with Unchanged(world):
        for who in people_now:
            accept(world, who, made, want=404)


@scenario("a link that was not made here, or is withdrawn, invites nobody")
def bad_links(world):
    app, guest = world.app(), world.account()
    made = invite(world, app, guest.email)
    link = made["invitation_link"]
    token = link.split("=")[1]
    forged = ("0" if token[-1] != "0" else "1")
    with Unchanged(world):
        for text in ("", "x", token[:-1], token[:-1] + forged, token + "0",
                     made["id"] + "0" * 40, "0" * 64):
            found = world.call(guest, "GET",
                               f"/v1/apps/collaboration?token={text}",
                               want=404)
            same(found.data["resource"], "collaborator", text)
        world.call(None, "GET", f"/v1/apps/collaboration?token={token}",
                   want=401)
        world.call(guest, "HEAD", f"/v1/apps/collaboration?token={token}",
                   want=404)
        accept(world, app.owner, made, want=400)
        world.call(guest, "GET", "/v1/apps/collaboration", want=404)
    world.call(app.owner, "DELETE",
               app.path(f"/collaborators/{made['id']}?"), want=204)
    accept(world, guest, made, want=404)


@scenario("an invitation that breaks the rules is refused")
def bad_invitations(world):
    app, other = world.app(), world.account()
    join(world, app, other)
    bodies = [({"collaborator": {"wrong": "params"}}, 422),
              ({"collaborator": {"email": ""}}, 422),
              ({"collaborator": {"email": "no address"}}, 422),
              ({"collaborator": {"email": app.owner.email}}, 422),
              ({"collaborator": {"email": other.email.upper()}}, 422),
              ({"collaborator": {"email": "a@b.c", "is_limited": "no"}}, 422),
              ({"collaborator": {"email": 7}}, 422),
              ({"email": "a@b.c"}, 400), ({}, 400), (None, 400)]
    with Unchanged(world):
        for body, status in bodies:
            world.call(app.owner, "POST", app.path("/collaborators"), body,
                       want=status)
        found = world.call(app.owner, "POST", app.path("/collaborators"),
                           bodies[0][0], want=422)
        same(found.data, {"errors": {"email": ["can't be blank",
                                               "is invalid"]}}, "words")


@scenario("go-scalingo's invitation, with every member of a collaborator")
def go_invitation(world):
    app = world.app()
    body = {"collaborator": {"id": "", "app_id": "", "username": "",
                             "email": "a@example.org", "status": "",
                             "user_id": "", "is_limited": False}}
    made = world.call(app.owner, "POST", app.path("/collaborators"), body,
                      want=201).data["collaborator"]
    same(made["email"], "a@example.org", "email")


def requests(world, app, supplier, addon) -> list:
    """What 2.3 and the matrix of permissions speak of: who may, method, path,
    body, and the success."""
    other = world.provider("scalingo")
    order = {"addon": {"addon_provider_id": other.slug,
                       "plan_id": other.plans["small"]}}
    variable = world.variables(app)["MINE"]["id"]
    one = f"/addons/{addon['id']}"
    return [
        ("limited", "GET", "", NOTHING, 200),
        ("limited", "GET", "/variables", NOTHING, 200),
        ("limited", "GET", "/events", NOTHING, 200),
        ("limited", "GET", "/collaborators", NOTHING, 200),
        ("full", "PUT", "", {"force_https": True}, 200),
        ("full", "POST", "/restart", {"scope": []}, 409),
        ("full", "POST", "/variables",
         {"variable": {"name": "A", "value": MARK}}, 201),
        ("full", "PUT", "/variables",
         {"variables": [{"name": "B", "value": MARK}]}, 200),
        ("full", "PATCH", f"/variables/{variable}",
         {"variable": {"value": f"{MARK}-2"}}, 200),
        ("full", "DELETE", f"/variables/{variable}", NOTHING, 204),
        ("full", "DELETE", "/variables", {"variable_ids": []}, 400),
        ("full", "GET", "/addons", NOTHING, 200),
        ("full", "GET", one, NOTHING, 200),
        ("full", "POST", "/addons", order, 201),
        ("full", "PATCH", one,
         {"addon": {"plan_id": supplier.plans["large"]}}, 200),
        ("full", "POST", f"{one}/token", NOTHING, 200),
        ("full", "GET", f"{one}/sso", NOTHING, 200),
        ("full", "POST", f"{one}/sso", NOTHING, 200),
        ("full", "POST", f"{one}/resume", NOTHING, 409),
        ("full", "GET", f"{one}/exchanges", NOTHING, 200),
        ("full", "GET", "/usage", NOTHING, 200),
        ("full", "GET", "/attachments", NOTHING, 200),
        ("full", "DELETE", one, NOTHING, 204),
        ("full", "POST", "/collaborators",
         {"collaborator": {"email": world.fresh("g") + "@example.org"}}, 201),
        ("owner", "PATCH", "", {"app": {"owner": app.owner.email}}, 422),
        ("owner", "POST", "/rename",
         {"current_name": "wrong", "new_name": "any-name"}, 422),
        ("owner", "DELETE", "?current_name=wrong", NOTHING, 422),
    ]


@scenario("each role may do what the platform lets it, and no more")
def roles(world):
    app = world.app()
    supplier = world.provider("scalingo")
    limited, full = world.account(), world.account()
    join(world, app, limited, True)
    join(world, app, full)
    world.call(app.owner, "POST", app.path("/variables"),
               {"variable": {"name": "MINE", "value": MARK}}, want=201)
    addon = world.addon(app, supplier)
    ranks = ["limited", "full", "owner"]
    for least, method, rest, body, status in requests(world, app, supplier,
                                                      addon):
        for rank, who in zip(ranks, (limited, full)):
            if ranks.index(rank) < ranks.index(least):
                with Unchanged(world, f"{rank} {method} {rest}"):
                    found = world.call(who, method, app.path(rest), body,
                                       want=403)
                true(found.data["error"], "a sentence")
        able = {"limited": limited, "full": full, "owner": app.owner}[least]
        world.call(able, method, app.path(rest), body, want=status)


@scenario("a limited collaborator sees names of variables, never a value")
def hidden(world):
    app, limited = world.app(), world.account()
    supplier = world.provider("scalingo")
    join(world, app, limited, True)
    world.addon(app, supplier)
    path = app.path("/variables")
    world.call(app.owner, "POST", path,
               {"variable": {"name": "ONE", "value": f"{MARK}-1"}}, want=201)
    world.call(app.owner, "PUT", path, {"variables": [
        {"name": "ONE", "value": f"{MARK}-2"},
        {"name": "TWO", "value": "$ONE"}]}, want=200)
    world.call(app.owner, "PUT", path, {"variables": [
        {"name": "ONE", "value": f"{MARK}-3"}]}, want=200)
    for query in ("", "?aliases=true", "?aliases=false"):
        found = world.call(limited, "GET", path + query, want=200)
        same([(one["name"], one["value"]) for one in found.data["variables"]],
             [("ONE", None), ("TWO", None), (supplier.variables[0], None)],
             "names alone")
    for who, seen in ((limited, False), (app.owner, True)):
        found = world.call(who, "GET", app.path("/events"), want=200)
        same(MARK.encode() in found.answer.body, seen, f"{who.name}")
        for one in found.data["events"]:
            found = world.call(who, "GET", app.path(f"/events/{one['id']}"),
                               want=200)
            same(found.data["event"], one, "the event alone")


@scenario("a role is changed, with effect at once")
def change_role(world):
    app, guest = world.app(), world.account()
    made = join(world, app, guest, True)
    path = app.path(f"/collaborators/{made['id']}")
    for limited, status in ((False, 200), (True, 403)):
        for method in ("PATCH", "PUT"):   # the second changes nothing
            found = world.call(app.owner, method, path,
                               {"collaborator": {"is_limited": limited}},
                               want=200).data["collaborator"]
            same((found["is_limited"], found["status"]),
                 (limited, "accepted"), "role")
        world.call(guest, "GET", app.path("/addons"), want=status)
    kinds = [one["type"] for one in
             world.call(app.owner, "GET", app.path("/events"),
                        want=200).data["events"]]
    same(kinds, ["change_collaborator_role"] * 2 +
         ["accept_collaborator", "new_collaborator", "new_app"], "events")
    with Unchanged(world):
        world.call(app.owner, "PATCH", app.path("/collaborators/x"),
                   {"collaborator": {"is_limited": True}}, want=404)
        for body in ({}, {"is_limited": None}):   # no role is given by chance
            world.call(app.owner, "PATCH", path, {"collaborator": body},
                       want=400)
        world.call(guest, "PATCH", path,
                   {"collaborator": {"is_limited": False}}, want=403)


@scenario("collaborators go, are sent away, and see nothing any more")
def leave(world):
    app = world.app()
    limited, full, other = (world.account() for _ in range(3))
    mine = join(world, app, limited, True)
    theirs = join(world, app, full)
    third = join(world, app, other)
    with Unchanged(world):
        world.call(limited, "DELETE",
                   app.path(f"/collaborators/{theirs['id']}"), want=403)
        world.call(limited, "DELETE", app.path("/collaborators/x"), want=403)
        world.call(full, "DELETE", app.path("/collaborators/x"), want=404)
    with Commits(world, 3):
        world.call(limited, "DELETE",
                   app.path(f"/collaborators/{mine['id']}"), want=204)
        world.call(full, "DELETE", app.path(f"/collaborators/{third['id']}"),
                   want=204)
        world.call(app.owner, "DELETE",
                   app.path(f"/collaborators/{theirs['id']}?"), want=204)
    for who in (limited, full, other):
        world.call(who, "GET", app.path(), want=404)
        same(names(world, who), set(), "their apps")
    same(people(world, app.owner, app), [], "list")
    event = world.call(app.owner, "GET", app.path("/events"),
                       want=200).data["events"][0]
    same((event["type"], event["type_data"]["collaborator"]["username"]),
         ("delete_collaborator", full.name), "event")


@scenario("an owner's list has the collaborators of all apps owned")
def all_apps(world):
    owner, guest = world.account(), world.account()
    first, second = world.app(owner), world.app(owner)
    foreign = world.app()
    join(world, foreign, owner)
    invite(world, foreign, "a@example.org")
    for app in (first, second):
        join(world, app, guest)
    found = world.call(owner, "GET", "/v1/collaborators", want=200).data
    same({(one["app_name"], one["username"])
          for one in found["collaborators"]},
         {(first.name, guest.name), (second.name, guest.name)}, "list")


@scenario("what a collaborator buys, the owner pays")
def bill(world):
    poor, rich = world.app(), world.app(paying=True)
    supplier = world.provider("scalingo", price=10)
    payer, pauper = world.account(paying=True), world.account()
    join(world, poor, payer)
    join(world, rich, pauper)
    body = {"addon": {"addon_provider_id": supplier.slug,
                      "plan_id": supplier.plans["large"]}}
    world.call(payer, "POST", poor.path("/addons"), body, want=402)
    made = world.call(pauper, "POST", rich.path("/addons"), body,
                      want=201).data["addon"]
    row = world.call(supplier, "GET", f"/v1/provider/apps/{rich.id}",
                     want=200).data["app"]
    same(row["owner_email"], rich.owner.email, "whom the provider sees")
    event = world.call(rich.owner, "GET", rich.path("/events"),
                       want=200).data["events"][0]
    same((event["type"], event["user"]["email"]),
         ("new_addon", pauper.email), "who did it")
    world.call(pauper, "DELETE", rich.path(f"/addons/{made['id']}"), want=204)


@scenario("reindex finds every collaborator again")
def reindexed(world):
    app, guest, invited = world.app(), world.account(), world.account()
    join(world, app, guest)
    made = invite(world, app, invited.email)
    world.sutler("fsck")
    world.sutler("reindex")
    same(names(world, guest), {app.name}, "their apps")
    accept(world, invited, made)
    same(names(world, invited), {app.name}, "their apps")
