"""The requests of Scalingo's own clients, command by command, as their sources
send them: headers, a lone "?", bodies where none is needed, old forms."""
import urllib.parse

from scenario_base import Unchanged, same, scenario, true
from scenario_collaborators import join
from scenario_restarts import finished, hook
from world import MARK, NOTHING, basic

GO = {"Accept": "application/json", "Content-Type": "application/json",
      "User-Agent": "Scalingo CLI v1.48.0", "Accept-Encoding": "gzip"}
JS = {"Accept": "application/json, text/plain, */*",
      "User-Agent": "Scalingo Javascript Client",
      "Accept-Encoding": "gzip, compress, deflate, br"}
FORM = {**JS, "Content-Type": "application/x-www-form-urlencoded"}


class Cli:
    """The command line, logged in: every command exchanges its token first."""

    def __init__(self, world, account):
        self.world = world
        self.account = account

    def command(self) -> str:
        found = self.world.call(basic("", self.account.token), "POST",
                                "/v1/tokens/exchange", {}, 200, GO)
        self.bearer = f"Bearer {found.data['token']}"
        return self.bearer

    def get(self, path: str, want=200, **params):
        """go-scalingo ends every URL with "?"."""
        query = urllib.parse.urlencode(params)
        return self.world.call(self.bearer, "GET", f"{path}?{query}",
                               want=want, headers=GO).data

    def delete(self, path: str, **params):
        query = urllib.parse.urlencode(params)
        self.world.call(self.bearer, "DELETE", f"{path}?{query}", want=204,
                        headers=GO)

    def send(self, method: str, path: str, data, want: int):
        return self.world.call(self.bearer, method, path, data, want, GO)


def logged_in(world, paying=False) -> Cli:
    return Cli(world, world.account(paying))


@scenario("cli: login, self, regions")
def login(world):
    cli = logged_in(world)
    cli.command()
    user = cli.get("/v1/users/self")["user"]
    same(user["email"], cli.account.email, "self")
    same(user["flags"], {}, "no flag makes it an operator")
    regions = cli.get("/v1/regions")["regions"]
    true(regions and any(one["default"] for one in regions), "a default")
    true(all(one["api"] == world.door.public_url for one in regions), "api")


@scenario("cli: create, apps, apps-info, rename, destroy")
def apps(world):
    cli = logged_in(world)
    cli.command()
    name, new = world.fresh("cli"), world.fresh("cli")
    made = cli.send("POST", "/v1/apps", {"app": {"name": name}},
                    201).data["app"]
    mine = cli.get("/v1/apps")["apps"]
    same([one["id"] for one in mine], [made["id"]], "apps")
    same((mine[0]["owner"]["email"], mine[0]["project"]["name"]),
         (cli.account.email, "default"), "role and project")
    cli.command()
    info = cli.get(f"/v1/apps/{name}")["app"]
    true(info["stack_id"] in
         [one["id"] for one in cli.get("/v1/features/stacks")["stacks"]],
         "stack")
    found = cli.send("POST", f"/v1/apps/{name}/rename",
                     {"current_name": name, "new_name": new}, 200)
    same(found.data["app"]["name"], new, "name")
    for key in ("force_https", "sticky_session", "router_logs"):
        for value in (True, False):
            found = cli.send("PUT", f"/v1/apps/{new}", {key: value}, 200)
            same(found.data["app"][key], value, key)
    cli.send("PUT", f"/v1/apps/{new}",
             {"project_id": info["project"]["id"]}, 200)
    cli.send("PATCH", f"/v1/apps/{new}",
             {"app": {"stack_id": info["stack_id"]}}, 200)
    cli.delete(f"/v1/apps/{new}", current_name=new)
    same(cli.get("/v1/apps"), {"apps": []}, "apps")


@scenario("cli: addons-list, -plans, -add, -upgrade, -info, -remove")
def addons(world):
    app, supplier = world.app(), world.provider("scalingo")
    cli = Cli(world, app.owner)
    cli.command()
    slugs = [one["id"] for one in
             cli.get("/v1/addon_providers")["addon_providers"]]
    true(supplier.slug in slugs, "addons-list")
    plans = cli.get(f"/v1/addon_providers/{supplier.slug}/plans",
                    show_all="false")["plans"]
    ids = {plan["name"]: plan["id"] for plan in plans}
    made = cli.send("POST", app.path("/addons"), {"addon": {
        "addon_provider_id": supplier.slug, "plan_id": ids["small"],
        "options": None}}, 201).data
    same(made["variables"], [supplier.variables[0]], "variables")
    rows = cli.get(app.path("/addons"))["addons"]
    one = app.path(f"/addons/{rows[0]['id']}")
    same(rows[0]["addon_provider"]["id"], supplier.slug, "provider")
    found = cli.send("PATCH", one, {"addon": {"plan_id": ids["large"]}}, 200)
    same(found.data["addon"]["plan"]["name"], "large", "plan")
    same(cli.get(one)["addon"]["plan"]["name"], "large", "addons-info")
    cli.send("POST", f"{one}/token", NOTHING, 200)
    cli.delete(one)
    same(cli.get(app.path("/addons")), {"addons": []}, "addons")


@scenario("cli: env-set, env, env-get, env-unset")
def env(world):
    app = world.app()
    cli = Cli(world, app.owner)
    cli.command()
    path = app.path("/variables")
    rows = [{"id": "", "name": "REAL", "value": MARK},
            {"id": "", "name": "ALIAS", "value": "$REAL"}]
    found = cli.send("PUT", path, {"variables": rows}, 200).data["variables"]
    same([(one["name"], one["value"]) for one in found],
         [("REAL", MARK), ("ALIAS", "$REAL")], "env-set")
    raw = cli.get(path, aliases="true")["variables"]
    same(raw, found, "env")
    real = {one["name"]: one["value"] for one in
            cli.get(path, aliases="false")["variables"]}
    same(real, {"REAL": MARK, "ALIAS": MARK}, "env-get")
    for one in raw:
        cli.delete(f"{path}/{one['id']}")
    same(cli.get(path, aliases="true"), {"variables": []}, "env-unset")


@scenario("cli: restart, with --synchronous")
def restart(world):
    hook(world)
    app = world.app()
    cli = Cli(world, app.owner)
    cli.command()
    try:
        for scope in ([], ["web"]):
            found = cli.send("POST", app.path("/restart"), {"scope": scope},
                             202)
            place = found.answer.header("Location")
            same(finished(world, app, place)["status"], "done", "operation")
            # the command keeps the last part alone, and asks by the name
            one = cli.get(app.path(f"/operations/{place.split('/')[-1]}"))
            same(one["operation"]["status"], "done", "operation")
        cli.send("POST", app.path("/restart"), None, 202)
    finally:
        world.sutler("tick")
        world.configure(restart_hook=None)


@scenario("cli: collaborators, -add, -remove; timelines")
def people(world):
    app, guest = world.app(), world.account()
    cli = Cli(world, app.owner)
    cli.command()
    path = app.path("/collaborators")
    cli.send("POST", path, {"collaborator": {
        "email": "new@example.org", "is_limited": False}}, 201)
    join(world, app, guest)
    same(cli.get(app.path())["app"]["owner"]["email"], app.owner.email,
         "whom the list leaves out")
    rows = cli.get(path)["collaborators"]
    same([one["email"] for one in rows], ["new@example.org", guest.email],
         "collaborators")
    for one in rows:
        cli.delete(f"{path}/{one['id']}")
    for where in (app.path("/events"), "/v1/events"):
        found = cli.get(where, page=1, per_page=30)
        true(found["events"], where)
        same(found["meta"]["pagination"]["current_page"], 1, "page")


@scenario("scalingo.js: the same paths, its own bodies")
def javascript(world):
    app, supplier = world.app(), world.provider("scalingo")
    call, owner = world.call, app.owner
    for path in ("/v1/addon_providers", "/v1/addon_categories",
                 "/v1/event_types", "/v1/event_categories"):
        call(None, "GET", path, want=200, headers=JS)
    made = call(owner, "POST", "/v1/tokens", {"name": "bare"}, 201,
                JS).data["token"]
    call(owner, "PATCH", f"/v1/tokens/{made['id']}/renew", want=200,
         headers=FORM, body=b"")
    addon = world.addon(app, supplier)
    one = app.path(f"/addons/{addon['id']}")
    call(owner, "GET", f"{one}/sso", want=200, headers=JS)
    world.sutler("addon", "suspend", addon["id"])
    world.sutler("tick")
    call(owner, "POST", f"{one}/resume", want=200, headers=FORM, body=b"")
    call(owner, "PUT", app.path("/variables"),
         {"variables": [{"name": "A", "value": MARK}]}, 200, JS)
    ids = [var["id"] for var in world.variables(app).values()
           if "addon" not in var]
    call(owner, "DELETE", app.path("/variables"), {"variable_ids": ids}, 204,
         JS)
    heir = world.account()
    join(world, app, heir)
    call(owner, "PATCH", app.path(f"?current_name={app.name}"),
         {"app": {"owner": heir.email}}, 200, JS)
    call(heir, "DELETE", app.path(f"?current_name={app.name}"), want=204,
         headers=JS)


@scenario("the Ruby library's PUT, and its ids in the query")
def ruby(world):
    app, supplier = world.app(), world.provider("scalingo")
    call, owner = world.call, app.owner
    addon = world.addon(app, supplier)
    call(owner, "PUT", app.path(f"/addons/{addon['id']}"),
         {"addon": {"plan_id": supplier.plans["large"]}}, 200)
    call(owner, "PUT", app.path(), {"app": {"force_https": True}}, 200)
    var = call(owner, "POST", app.path("/variables"),
               {"variable": {"name": "A", "value": MARK}}, 201)
    one = var.data["variable"]["id"]
    call(owner, "PUT", app.path(f"/variables/{one}"),
         {"variable": {"value": f"{MARK}-2"}}, 200)
    call(owner, "DELETE", app.path(f"/variables?variable_ids[]={one}"),
         want=204)
    heir = world.account()
    join(world, app, heir)
    call(owner, "PUT", app.path(),
         {"current_name": app.name, "app": {"owner": heir.email}}, 200)


@scenario("Terraform: an app without an environment sets none, all the same")
def terraform_app(world):
    owner, name = world.account(), world.fresh("tf")
    app = world.call(owner, "POST", "/v1/apps", {"app": {"name": name}}, 201,
                     GO).data["app"]
    path = f"/v1/apps/{app['id']}"
    with Unchanged(world):
        found = world.call(owner, "PUT", f"{path}/variables",
                           {"variables": None}, 200, GO)
        same(found.data, {"variables": []}, "variables")
        same(world.call(owner, "GET", f"{path}/variables?aliases=true",
                        want=200, headers=GO).data, {"variables": []}, "none")
        world.call(owner, "PUT", f"{path}/variables", {}, 400, GO)


@scenario("Terraform: the whole of an app, and its Location as it stands")
def terraform(world):
    hook(world)
    app = world.app()
    try:
        found = world.call(app.owner, "POST", app.path("/restart"),
                           {"scope": []}, 202, GO)
        place = found.answer.header("Location")
        true(place.startswith(world.door.public_url), f"absolute: {place}")
        finished(world, app, place)
        shown = world.call(app.owner, "GET", f"/v1/apps/{app.id}?", want=200,
                           headers=GO).data["app"]
        true(shown["git_url"] is not None and shown["url"], "computed fields")
    finally:
        world.configure(restart_hook=None)
