"""Revisions: If-Match, X-Revision, ETag and 304, on every record that can be
read and changed."""
import re
from typing import NamedTuple

from scenario_base import Unchanged, same, scenario, true

STALE = "0" * 40


class Record(NamedTuple):
    who: object
    shown: str           # the path that reads it
    changes: list        # (method, path, data), each of another request


def records(world) -> list:
    """Every kind, and what changes it; the last change ends the record."""
    app = world.app()
    buys, told, third = map(world.provider,
                            ("scalingo", "heroku", "scalingo"))
    addon = world.addon(app, buys)
    other = world.addon(app, told)
    variables = app.path("/variables")
    one = app.path(f"/addons/{addon['id']}")
    made = world.call(app.owner, "POST", "/v1/tokens",
                      {"token": {"name": "spare"}}, want=201)
    spare = made.data["token"]["id"]
    return [
        Record(app.owner, "/v1/tokens", [
            ("POST", "/v1/tokens", {"token": {"name": "another"}}),
            ("DELETE", f"/v1/tokens/{spare}", None)]),
        Record(app.owner, "/v1/users/self", [
            ("POST", "/v1/tokens", {"token": {"name": "third"}})]),
        Record(buys, f"/v1/provider/apps/{app.id}", [
            ("PATCH", f"/v1/provider/apps/{app.id}",
             {"config": {buys.variables[0]: "s3cret-1"}})]),
        Record(told, vendor(world, told), [
            ("PUT", vendor(world, told),
             {"config": {told.variables[0]: "s3cret-2"}})]),
        Record(app.owner, one, [
            ("PATCH", one, {"addon": {"plan_id": buys.plans["large"]}})]),
        Record(app.owner, app.path(), [
            ("POST", variables,
             {"variable": {"name": "ONE", "value": "s3cret"}}),
            ("PUT", variables,
             {"variables": [{"name": "TWO", "value": "s3cret"}]})]),
        Record(app.owner, variables, [
            ("POST", variables,
             {"variable": {"name": "THREE", "value": "s3cret"}})]),
        Record(app.owner, app.path("/addons"), [
            ("POST", app.path("/addons"),
             {"addon": {"addon_provider_id": third.slug,
                        "plan_id": third.plans["small"]}})]),
        Record(app.owner, one, [("DELETE", one, None)]),
        Record(app.owner, app.path(f"/addons/{other['id']}"), [
            ("DELETE", app.path(f"/addons/{other['id']}"), None)]),
        Record(app.owner, app.path(), [
            ("DELETE", app.path(f"?current_name={app.name}"), None)]),
    ]


def vendor(world, supplier) -> str:
    """The path of its only installation."""
    rows = world.call(supplier, "GET", "/vendor/apps", want=200).data
    return "/vendor/apps/" + rows[0]["callback_url"].rpartition("/")[2]


def change(world, record, number: int, revision: str):
    method, path, data = record.changes[number]
    more = {"headers": {"If-Match": f'"{revision}"'}}
    if data is not None:
        more["data"] = data
    return world.call(record.who, method, path, **more)


@scenario("If-Match holds a change back, of whatever record, once it has "
          "moved")
def if_match(world):
    for record in records(world):
        for number, (method, path, _) in enumerate(record.changes):
            shown = world.call(record.who, "GET", record.shown, want=200)
            revision = shown.answer.header("X-Revision") or ""
            true(re.fullmatch(r"[0-9a-f]{40}", revision),
                 f"{record.shown}: {revision}")
            with Unchanged(world, f"{method} {path}"):
                found = change(world, record, number, STALE)
                same(found.status, 412, f"{method} {path}: {found}")
            found = change(world, record, number, revision)
            true(found.status in (200, 201, 204),
                 f"{method} {path}: {found}")


@scenario("what a client has it is not sent again")
def not_modified(world):
    for record in records(world)[:8]:
        first = world.call(record.who, "GET", record.shown, want=200).answer
        etag = first.header("ETag") or ""
        true(re.fullmatch(r'"[0-9a-f]{32}"', etag), f"{record.shown}: {etag}")
        again = world.call(record.who, "GET", record.shown, want=304,
                           headers={"If-None-Match": etag}).answer
        same((again.body, again.header("ETag")), (b"", etag), record.shown)
        world.call(record.who, "GET", record.shown, want=200,
                   headers={"If-None-Match": '"other"'})
