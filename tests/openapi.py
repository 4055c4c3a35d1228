#!/usr/bin/env python3
"""Checks that htdocs/openapi.json describes what the programs serve.

usage: openapi.py [--write]

Every route of the tables in cgi-bin/*.c is described, and nothing else; who
may is as the table says; the document is valid OpenAPI 3.1, its examples are
as its schemas say, and it is laid out as --write lays it out.
"""
import html.parser
import json
import re
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from strict import FILE, FORMATS, METHODS, inlined, pointed

TOP = FILE.parent.parent
WIDTH = 80
ROUTE = re.compile(r'\{"(GET|POST|PUT|PATCH|DELETE)",\s*"(/[^"]*)",\s*'
                   r"(AUTH_\w+)(?: \| MAY_\w+)?,")
PARAMETER = re.compile(r'cgi_(?:query|query_all|query_number|param)\([^";]*?'
                       r'"([^"]+)"')
# Who may, as the document has it.
USER = [{"user": []}, {"session": []}]
SECURITY = {
    "AUTH_NONE": [], "AUTH_USER": USER, "AUTH_LIMITED": USER,
    "AUTH_OWNER": USER, "AUTH_OPERATOR": USER,
    "AUTH_SESSION": [{"session": []}],
    "AUTH_API_TOKEN": [{"apiToken": []}], "AUTH_PROVIDER": [{"provider": []}],
    "AUTH_RESOURCE": [{"resource": []}], "AUTH_GUEST": [{}, *USER],
    "AUTH_PORTAL": [*USER, {"portal": []}],
}
# The objects of OpenAPI 3.1 and their members, as far as we use them.  "!":
# required; [X]: a list, {X}: a map of such; X&: or a reference to one.
OBJECTS = {
    "OpenAPI": "openapi!:version info!:Info servers:[Server] tags:[Tag] "
               "security:[Security] paths!:{Path} components:Components",
    "Info": "title!:text version!:text summary:text description:text "
            "license:License",
    "License": "name!:text identifier:text",
    "Server": "url!:text description:text",
    "Tag": "name!:text description:text",
    "Path": "get:Operation put:Operation post:Operation delete:Operation "
            "patch:Operation",
    "Operation": "tags:[text] operationId!:text summary!:text "
                 "description:text deprecated:flag parameters:[Parameter&] "
                 "requestBody:Body security:[Security] "
                 "responses!:{Response&}",
    "Parameter": "name!:text in!:place description!:text required:flag "
                 "schema!:schema",
    "Body": "description:text required:flag content!:{Media}",
    "Media": "schema!:schema",
    "Response": "description!:text headers:{Header&} content:{Media}",
    "Header": "description:text required:flag schema!:schema",
    "Security": "*:[text]",
    "Scheme": "type!:text scheme:text in:place name:text description:text",
    "Components": "securitySchemes:{Scheme} parameters:{Parameter} "
                  "headers:{Header} responses:{Response} schemas:{schema}",
}
SIMPLE = {
    "text": {"type": "string", "minLength": 1}, "flag": {"type": "boolean"},
    "version": {"pattern": r"^3\.1\.\d+$"},
    "place": {"enum": ["path", "query", "header", "cookie"]},
    "schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
}


def lay_out(value, indent=0, before=0) -> str:
    """JSON, on one line where that fits in behind what stands before, else a
    member a line."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or \
            len(line) + 2 * indent + before < WIDTH:
        return line
    pad = "  " * (indent + 1)
    if isinstance(value, list):
        inner = [lay_out(item, indent + 1) for item in value]
    else:
        names = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        inner = [name + lay_out(item, indent + 1, len(name))
                 for name, item in zip(names, value.values())]
    return (f"{line[0]}\n{pad}" + f",\n{pad}".join(inner) +
            f"\n{pad[2:]}{line[-1]}")


# The routes

def shape(path: str) -> str:
    """The path without the names of its parameters."""
    return re.sub(r"\{[^/]*\}|(?<=/):[^/]*", "{}", path)


def tables() -> dict:
    """(method, path without names) -> file, path, who may."""
    found = {}
    for file in sorted((TOP / "cgi-bin").glob("*.c")):
        for method, path, auth in ROUTE.findall(file.read_text("utf-8")):
            found[method, shape(path)] = (f"cgi-bin/{file.name}", path, auth)
    return found


def described(document: dict) -> dict:
    """(method, path without names) -> path, operation."""
    return {(method.upper(), shape(path)): (path, item[method])
            for path, item in document["paths"].items()
            for method in METHODS if method in item}


def check_routes(document: dict) -> list:
    routes, known = tables(), described(document)
    faults = [f"{file}: {key[0]} {path} is not described: add it below "
              f'"paths" of {FILE.name}, beside its like, and run '
              "python3 tests/openapi.py --write"
              for key, (file, path, _) in routes.items() if key not in known]
    faults += [f"{FILE.name}: no table in cgi-bin/*.c has {key[0]} {path}"
               for key, (path, _) in known.items() if key not in routes]
    for key in routes.keys() & known.keys():
        wanted = SECURITY[routes[key][2]]
        given = known[key][1].get("security", document["security"])
        if given != wanted:
            faults.append(f"{FILE.name}: {key[0]} {known[key][0]} has "
                          f"security {given}; the table's {routes[key][2]} "
                          f"is {wanted}")
    return faults if routes else ["cgi-bin/*.c: there is no route"]


def check_queries(document: dict) -> list:
    """What the programs look for in queries is described."""
    text = json.dumps(document)
    files = [*(TOP / "cgi-bin").glob("*.c"), *(TOP / "lib").glob("cgi*.c")]
    names = {(name, file.name) for file in files
             for name in PARAMETER.findall(file.read_text("utf-8"))}
    return [f"{file}: the query parameter {name} is not described"
            for name, file in sorted(names)
            if f'"{name}"' not in text and f"`{name}`" not in text]


# The document

def member(kind: str) -> dict:
    if kind[0] + kind[-1] == "[]":
        return {"type": "array", "items": member(kind[1:-1])}
    if kind[0] + kind[-1] == "{}":
        return {"type": "object", "additionalProperties": member(kind[1:-1])}
    if kind.endswith("&"):
        reference = {"required": ["$ref"], "additionalProperties": False,
                     "properties": {"$ref": {"type": "string"}}}
        return {"if": {"required": ["$ref"]}, "then": reference,
                "else": member(kind[:-1])}
    return SIMPLE.get(kind) or {"$ref": f"#/$defs/{kind}"}


def definition(members: str) -> dict:
    """The JSON Schema of one object."""
    rows = [word.split(":") for word in members.split()]
    if rows[0][0] == "*":
        return {"type": "object", "additionalProperties": member(rows[0][1])}
    return {"type": "object", "additionalProperties": False,
            "required": [name[:-1] for name, _ in rows if name[-1] == "!"],
            "properties": {name.rstrip("!"): member(kind)
                           for name, kind in rows}}


def check_shape(document: dict) -> list:
    checks = Draft202012Validator({
        "$ref": "#/$defs/OpenAPI",
        "$defs": {name: definition(members)
                  for name, members in OBJECTS.items()}})
    return [f"{FILE.name}: {error.json_path}: {error.message:.200}"
            for error in checks.iter_errors(document)]


def references(part) -> list:
    if isinstance(part, list):
        return [one for item in part for one in references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [one for item in part.values() for one in references(item)]


def check_references(document: dict) -> list:
    """All of them lead somewhere; all components are used."""
    faults, used = [], set(references(document))
    for one in sorted(used):
        try:
            pointed(document, one)
        except KeyError:
            faults.append(f"{FILE.name}: {one} leads nowhere")
    for kind, components in document["components"].items():
        faults += [f"{FILE.name}: components.{kind}.{name} is used nowhere"
                   for name in components
                   if f"#/components/{kind}/{name}" not in used
                   and kind != "securitySchemes"]
    return faults


def check_operations(document: dict) -> list:
    """What the specification asks for besides shapes."""
    faults, seen = [], set()
    tags = [tag["name"] for tag in document["tags"]]
    schemes = document["components"]["securitySchemes"]
    shapes = [shape(path) for path in document["paths"]]
    for method, path, one in (
            (key[0], path, one) for key, (path, one)
            in described(inlined(document)).items()):
        name = one["operationId"]
        where = f"{FILE.name}: {method} {path}: "
        given = [(par["in"], par["name"])
                 for par in one.get("parameters", [])]
        in_path = [par[1] for par in given if par[0] == "path"]
        rules = [
            (name not in seen, f"operationId {name} is another one's, too"),
            (re.fullmatch("[a-z0-9-]+", name),
             f"operationId {name}: it is an anchor of reference.html"),
            (one.get("tags") and set(one["tags"]) <= set(tags),
             f"tags are among {tags}"),
            (sorted(in_path) == sorted(re.findall(r"\{([^/]*)\}", path)),
             f"its path has other parameters than {in_path}"),
            (all(par.get("required") for par in one.get("parameters", [])
                 if par["in"] == "path"), "a path parameter is required"),
            (len(set(given)) == len(given), "a parameter stands twice"),
            (all(re.fullmatch("[1-5][0-9][0-9]", status)
                 for status in one["responses"]), "statuses are spelt out"),
            (any(status[0] in "23" for status in one["responses"]),
             "it has no success"),
            (method not in ("GET", "DELETE") or
             not one.get("requestBody", {}).get("required"),
             "a body is required"),
            (all(set(way) <= set(schemes)
                 for way in one.get("security", [])), "an unknown scheme"),
            (shapes.count(shape(path)) == 1, "its path stands twice"),
            ("429" in one["responses"] or not one.get("security", True),
             "who is known may be asked to wait: 429"),
        ]
        seen.add(name)
        faults += [where + text for truth, text in rules if not truth]
    return faults


def check_schemas(part, where="$") -> list:
    """Every schema is one, and its examples are as it says."""
    if isinstance(part, list):
        return [fault for i, item in enumerate(part)
                for fault in check_schemas(item, f"{where}[{i}]")]
    if not isinstance(part, dict):
        return []
    faults = [fault for key, item in part.items() if key != "examples"
              for fault in check_schemas(item, f"{where}.{key}")]
    if where.endswith(".schema"):
        try:
            Draft202012Validator.check_schema(part)
        except SchemaError as error:
            return [f"{FILE.name}: {where}: {error.message}"]
    if isinstance(part.get("examples"), list):
        checks = Draft202012Validator(part, format_checker=FORMATS)
        errors = [best_match(checks.iter_errors(value))
                  for value in part["examples"]]
        faults += [f"{FILE.name}: {where}: example: {error.message:.200}"
                   for error in errors if error]
    return faults


def check_layout(document: dict) -> list:
    if FILE.read_text(encoding="utf-8") == lay_out(document) + "\n":
        return []
    return [f"{FILE.name} is not laid out: python3 tests/openapi.py --write"]


class Links(html.parser.HTMLParser):
    """What a page names, and what its policy would not let it do."""

    def __init__(self, text: str):
        super().__init__()
        self.files, self.odd, self.inside = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.odd += [f"<{tag} {name}>" for name, _ in attrs
                     if name == "style" or name.startswith("on")]
        self.files += [value for name, value in attrs
                       if name in ("href", "src") and value[:1] != "#"]

    def handle_data(self, data):
        if self.inside in ("script", "style") and data.strip():
            self.odd.append(f"<{self.inside}> with a text")


def check_page(_document: dict) -> list:
    """The page that is made of it has nothing but files beside it."""
    page = FILE.with_name("reference.html")
    links = Links(page.read_text(encoding="utf-8"))
    faults = [f"{page.name}: {odd}" for odd in links.odd]
    faults += [f"{page.name}: {name} is no file beside it"
               for name in links.files if "/" in name or
               not (page.parent / name).exists()]
    home = Links(page.with_name("index.html").read_text(encoding="utf-8"))
    if page.name not in home.files:
        faults.append(f"index.html does not lead to {page.name}")
    return faults


CHECKS = [
    ("every route is described, and nothing else", check_routes),
    ("every query parameter is described", check_queries),
    ("the document has OpenAPI's shape", check_shape),
    ("every reference leads somewhere", check_references),
    ("operations are as OpenAPI wants them", check_operations),
    ("schemas are sound, and their examples right",
     lambda document: check_schemas(inlined(document))),
    ("the document is laid out", check_layout),
    ("the page made of it needs nothing else", check_page),
]


def main() -> int:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(lay_out(document) + "\n", encoding="utf-8")
        return 0
    failed = 0
    for number, (title, check) in enumerate(CHECKS, 1):
        try:
            faults = check(document)
        except (KeyError, TypeError) as error:   # one before says why
            faults = [f"cannot be checked: {error!r}"]
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - openapi: {title}")
        for fault in faults:
            print(f"# {fault}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
