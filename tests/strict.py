"""Reads every answer as the reference documentation describes it.

A typed client refuses a whole answer for one field of the wrong type, one
success status that it does not know, one error that has another shape.  What
is answered stands once, in htdocs/openapi.json, and every answer in every
scenario goes through check().
"""
import base64
import datetime
import functools
import json
import re
import urllib.parse
import uuid
from pathlib import Path
from typing import NamedTuple

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

FILE = Path(__file__).resolve().parent.parent / "htdocs" / "openapi.json"
METHODS = ("get", "put", "post", "delete", "patch")
SYNONYMS = {"PUT": "PATCH", "PATCH": "PUT", "HEAD": "GET"}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"
                  r"(Z|[+-]\d\d:\d\d)")
# Headers that any answer may have, ours and the web server's.
COMMON = {"status", "content-type", "content-length", "x-request-id",
          "x-content-type-options", "cache-control", "date", "server",
          "connection", "accept-ranges", "transfer-encoding", "keep-alive",
          "strict-transport-security", "x-data-age"}
# What a path that no operation has answers.
REFUSALS = [("/+v1(/|$)", "ScalingoMissing"),
            ("/+(api/v3|provider)/addons", "PortalError"),
            ("", "HerokuError")]
FORMATS = FormatChecker(formats=())


class Wrong(AssertionError):
    """An answer that some client would refuse."""


def demand(truth, text: str):
    if not truth:
        raise Wrong(text)


def loads(body: bytes):
    """JSON as RFC 8259 has it: UTF-8, no duplicate keys, no NaN."""
    def pairs(items):
        keys = [key for key, _ in items]
        demand(len(keys) == len(set(keys)), f"duplicate keys: {keys}")
        return dict(items)

    def constant(word):
        raise Wrong(f"{word} is no JSON")

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=pairs,
                          parse_constant=constant)
    except ValueError as error:
        raise Wrong(f"no JSON: {error}: {body[:200]!r}") from None


# The document

@FORMATS.checks("date-time", ValueError)
def is_date(text) -> bool:
    if not isinstance(text, str):
        return True
    datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return bool(DATE.fullmatch(text))


@FORMATS.checks("uuid", ValueError)
def is_uuid(text) -> bool:
    return not isinstance(text, str) or str(uuid.UUID(text)) == text


@FORMATS.checks("email")
def is_email(text) -> bool:
    return not isinstance(text, str) or bool(
        re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", text))


@FORMATS.checks("uri", ValueError)
def is_uri(text) -> bool:
    if not isinstance(text, str):
        return True
    parts = urllib.parse.urlsplit(text)
    return bool(parts.scheme and parts.netloc) and not re.search(r"\s", text)


def pointed(document: dict, reference: str):
    """What "#/components/schemas/App" points at."""
    place = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def inlined(document: dict):
    """The document with what each $ref points at in its place."""
    known = {}

    def at(reference):
        if reference not in known:
            known[reference] = put(pointed(document, reference))
        return known[reference]

    def put(part):
        if isinstance(part, list):
            return [put(item) for item in part]
        if not isinstance(part, dict):
            return part
        if set(part) == {"$ref"}:
            return at(part["$ref"])
        return {key: put(item) for key, item in part.items()}

    return put(document)


class Operation(NamedTuple):
    name: str            # "PATCH /v1/apps/{app}/addons/{id}"
    described: dict      # its Operation Object


@functools.cache
def reference() -> dict:
    return inlined(json.loads(FILE.read_text(encoding="utf-8")))


@functools.cache
def paths() -> list:
    """The paths, cut into segments, with their operations; those with fewest
    templates first, since they are meant before a template is."""
    rows = [(path.split("/")[1:],
             {key.upper(): Operation(f"{key.upper()} {path}", item[key])
              for key in METHODS if key in item})
            for path, item in reference()["paths"].items()]
    return sorted(rows, key=lambda row: sum(
        segment.startswith("{") for segment in row[0]))


def fits(segments: list, parts: list) -> bool:
    return len(segments) == len(parts) and all(
        segment.startswith("{") or segment == part
        for segment, part in zip(segments, parts))


def find(method: str, target: str) -> tuple:
    """Whether the path is described, and the operation that it is, or
    None."""
    path, _, query = target.partition("?")
    parts = [part for part in urllib.parse.unquote(path).split("/") if part]
    if {".", ".."} & set(parts):
        return False, None
    meant = next((value for name, value in urllib.parse.parse_qsl(query, True)
                  if name == "_method"), "")   # the first counts
    if method == "POST" and meant in ("PUT", "PATCH", "DELETE"):
        method = meant
    found = [row[1] for row in paths() if fits(row[0], parts)]
    for name in (method, SYNONYMS.get(method)):
        for row in found:
            if name in row:
                return True, row[name]
    return bool(found), None


@functools.cache
def validator(name: str, *place):
    """That of the schema at a place in an operation, or of a named one."""
    schema = reference()["components"]["schemas"][name] if not place else next(
        operation.described for _, row in paths()
        for operation in row.values() if operation.name == name)
    for step in place:
        schema = schema[step]
    return Draft202012Validator(schema, format_checker=FORMATS)


def agree(value, name: str, *place, what="the body"):
    """The value is as the schema there says."""
    checks = validator(name, *place)
    error = best_match(checks.iter_errors(value))
    if error is None:
        return
    raise Wrong(f"{name}: {what} is not as {FILE.name} describes it: "
                f"{error.json_path}: {error.message:.300}")


# Answers

def check(method: str, path: str, answer, body=None) -> object:
    """The decoded body of answer, once all of it is as described; body is
    what was sent."""
    if method in ("HEAD", "OPTIONS"):
        demand(answer.body == b"", f"{method} has a body")
    known, operation = find(method, path)
    if operation is None:
        return check_unrouted(method, path, answer, known)
    described = operation.described["responses"].get(str(answer.status))
    demand(described is not None,
           f"{operation.name} answers {answer.status}, which {FILE.name} does "
           f"not describe: add it there, if it is right: {answer.body[:200]}")
    if method != "HEAD" and answer.body.startswith(b'{"dry_run":'):
        return check_dry_run(operation, answer)
    check_headers(operation.name, answer, described)
    if method == "HEAD":
        return None
    if 200 <= answer.status < 300:
        check_request(operation, body)
    return check_content(operation.name, answer, described)


def check_dry_run(operation: Operation, answer) -> object:
    """What a dry run answers in place of the operation's own answer."""
    demand(any(parameter["name"] == "X-Dry-Run"
               for parameter in operation.described.get("parameters", [])),
           f"{operation.name} is described as having no dry run")
    check_headers(operation.name, answer, {})
    data = loads(answer.body)
    agree(data["dry_run"], "DryRun", what="a dry run")
    return data


def check_unrouted(method: str, path: str, answer, known: bool) -> object:
    """What no operation is meant by."""
    if method == "OPTIONS" and known and answer.status == 204:
        demand(answer.header("Allow"), "OPTIONS without Allow")
        return None
    wanted = {405, 400} if known else {404, 400}
    demand(answer.status in wanted,
           f"{method} {path:.99} is answered {answer.status}, and {FILE.name} "
           "does not describe it")
    demand((answer.status == 405) == bool(answer.header("Allow")), "Allow")
    if method == "HEAD":
        return None
    data = loads(answer.body)
    shape = next(shape for pattern, shape in REFUSALS
                 if re.match(pattern, path))
    agree(data, shape, what=f"what {path:.99} answers")
    return data


def check_headers(name: str, answer, described: dict):
    wanted = described.get("headers", {})
    lower = {header.lower() for header in wanted} | COMMON
    for header, value in answer.headers:
        demand(header.lower() in lower,
               f"{name}: {answer.status} has a header {header} ({value}), "
               f"which {FILE.name} does not describe")
    for header, about in wanted.items():
        value = answer.header(header)
        demand(value is not None or not about.get("required"),
               f"{name}: {answer.status} has no {header}")
        if value is not None and about["schema"].get("type") == "integer":
            value = int(value)
        if value is not None:
            agree(value, name, "responses", str(answer.status), "headers",
                  header, "schema", what=header)


def check_content(name: str, answer, described: dict) -> object:
    content, kind = described.get("content"), answer.header("Content-Type")
    if content is None:
        demand(answer.body == b"", f"{name}: a {answer.status} with a body")
        demand(kind is None, f"{name}: a {answer.status} has a type")
        return None
    plain = str(kind).removesuffix("; charset=utf-8")
    demand(plain in content and plain != kind,
           f"{name}: Content-Type is {kind}, described is one of "
           f"{sorted(content)}, all in UTF-8: {answer.body[:200]}")
    if plain != "application/json":
        answer.body.decode("utf-8")
        return None
    data = loads(answer.body)
    agree(data, name, "responses", str(answer.status), "content", plain,
          "schema", what=f"the body of a {answer.status}")
    return data


def check_request(operation: Operation, body):
    """What was taken is described as what may be sent."""
    content = operation.described.get("requestBody", {}).get("content", {})
    try:
        data = json.loads(body) if body else None
    except ValueError:
        return   # a form
    if data is not None and "application/json" in content:
        agree(data, operation.name, "requestBody", "content",
              "application/json", "schema", what="a request that was taken")


def jwt(text: str) -> tuple:
    """Header and claims of a token, as clients take it apart."""
    parts = text.split(".")
    demand(len(parts) == 3 and all(parts), f"no JWT: {text}")
    demand("=" not in text, "a JWT has no padding")
    head, claims = (loads(base64.urlsafe_b64decode(part + "=="))
                    for part in parts[:2])
    demand(head.get("alg") == "HS512", f"alg is {head.get('alg')}")
    demand(type(claims.get("exp")) is int, "exp is no number")
    demand(type(claims.get("iat")) is int, "iat is no number")
    return head, claims
