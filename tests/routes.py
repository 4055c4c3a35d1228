#!/usr/bin/env python3
"""Checks that all lists of paths agree.

usage: routes.py

The programs' tables of routes say which program has a path.  Held against them:
lib/cgi-path.c, which hands a path to a sibling; the Makefile's LAYOUT, by which
programs are installed; LINKS of tests/doors.py; and each file of tests/servers,
which is to choose the right program at once, or to run what LAYOUT has there.
The policy of the pages stands in several of them, and is the same in all.
"""
import re
import subprocess
import sys

from doors import LINKS, PAGES, RULE, TESTS
from openapi import ROUTE

TOP = TESTS.parent
UUID = "01234567-89ab-cdef-0123-456789abcdef"
# What has no file, so that it needs a rule; servers without them lack it.
RULED = {f"/vendor/{UUID}"}
ALTERNATIVES = re.compile(r"v1/\((?:\?!\()?([a-z_|]{20,})\)")
POLICY = re.compile(r"\"?(default-src [^\"]*(?:\"\s*\n?\s*\"[^\"]*)*)\"")


def text_of(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def server_file(name: str) -> str:
    return "".join(line for line in
                   text_of(f"tests/servers/{name}").splitlines(True)
                   if not line.lstrip().startswith("#"))


def routes() -> dict:
    """A path of each route: its program."""
    found = {"/sandbox/x1": "sandbox"}   # whose tables are by dialect
    for path in sorted((TOP / "cgi-bin").glob("*.c")):
        for _, pattern, _ in ROUTE.findall(path.read_text("utf-8")):
            pattern = re.sub("^/vendor/:\\w+$", f"/vendor/{UUID}", pattern)
            found[re.sub(r":\w+", "x1", pattern)] = path.stem.split("-")[0]
    return found


def layout() -> dict:
    """The Makefile's: where a program stands, and which."""
    said = subprocess.run(
        ["make", "-s", "-C", TOP, "--eval", "said:;@echo $(LAYOUT)", "said"],
        check=True, capture_output=True, text=True).stdout.split()
    return {place: program for program, _, place in
            (word.partition(":") for word in said)}


def by_place(path: str, places: dict):
    """The program whose place begins the path, the longest one."""
    fits = [place for place in places
            if f"{path}/".startswith(f"/{place}/")]
    return places[max(fits, key=len)] if fits else None


def by_sibling(path: str):
    """As lib/cgi-path.c's table has it."""
    rows = re.findall(r'\{"(/[^"]*)",\s*"(\w+)"\s*\}', text_of("lib/cgi-path.c"))
    fits = [(pattern.count("/"), program) for pattern, program in rows
            if re.match(pattern.replace("*", "[^/]+") + "(/|$)", path)]
    return max(fits)[1] if fits else None


def by_lighttpd(path: str, places: dict):
    text = server_file("lighttpd.conf")
    for pattern, program in RULE.findall(text):
        if re.search(pattern, path):
            path = program + path
            break
    programs = re.search(r'\$HTTP\["url"\] =~ "([^"]+)"', text)[1]
    return by_place(path, places) if re.search(programs, path) else None


def by_apache(path: str, places: dict):
    rules = re.findall(r'^\s*ScriptAliasMatch "(.*)" "\$\{SUTLER_CGIDIR\}(.*)"',
                       server_file("apache.conf"), re.M)
    for pattern, place in rules:
        found = re.search(pattern, path)
        if found:
            return by_place(place.replace("$1", found[1]), places)
    return None


def by_nginx(path: str, _places: dict):
    text = server_file("nginx.conf")
    if not re.search(re.search(r"location ~ (\S+)", text)[1], path):
        return None
    for pattern, program in re.findall(r'^\s*"~(.+)" (\w+);', text, re.M):
        if re.search(pattern, path):
            return program
    return re.search(r"^\s*default (\w+);", text, re.M)[1]


def globs(name: str) -> list:
    """The patterns of a server that runs what fits one."""
    found = re.search(r'^(?:cgi "|cgipat=)([^"\n]+)', server_file(name), re.M)
    return [glob.lstrip("/") for glob in found[1].split("|")]


def fits(place: str, glob: str) -> bool:
    """As thttpd and its heirs match: * within a segment, ** across."""
    pattern = re.escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(pattern, place) is not None


def check_programs(places: dict) -> list:
    every = dict(places, **{name: name for name in set(places.values())
                            | set(LINKS.values())})
    faults = []
    for path, program in routes().items():
        if program != "sandbox" and by_sibling(path) != program:
            faults.append(f"lib/cgi-path.c: {path} is {program}'s, "
                          f"not {by_sibling(path)}'s")
        if path not in RULED and by_place(path, every) is None:
            faults.append(f"Makefile, LAYOUT: no program stands for {path}")
        for choose in (by_lighttpd, by_apache, by_nginx):
            if choose(path, every) != program:
                faults.append(f"tests/servers, {choose.__name__}: {path} is "
                              f"{program}'s, not {choose(path, every)}'s")
    return faults


def check_links(places: dict) -> list:
    faults = [f"tests/doors.py, LINKS: {name} is {program}'s in LAYOUT"
              for name, program in places.items()
              if LINKS.get(name) != program]
    faults += [f"tests/doors.py, LINKS: LAYOUT has no {name}"
               for name, program in LINKS.items()
               if name not in places and name != program]
    return faults + [f"Makefile, PAGES: no {name}" for name in PAGES
                     if places.get(name) != "page"]


def check_globs(places: dict) -> list:
    names = sorted({*places, *places.values(), *LINKS.values()})
    faults = []
    for file in ("merecat.conf", "mini-httpd.conf"):
        faults += [f"{file}: {name} would be sent as a file"
                   for name in names
                   if not any(fits(name, glob) for glob in globs(file))]
        faults += [f"{file}: nothing is {glob}" for glob in globs(file)
                   if not any(fits(name, glob) for name in names)]
    return faults


def check_names(places: dict) -> list:
    """What files list below v1 is what stands there."""
    want = {name.removeprefix("v1/") for name in places
            if name.startswith("v1/")} - {"index.html"}
    faults = []
    for file in ("lighttpd.conf", "apache.conf"):
        found = ALTERNATIVES.findall(server_file(file))
        faults += [f"{file}: below v1 stand {sorted(want)}, not {names}"
                   for names in found if set(names.split("|")) != want]
        if not found:
            faults.append(f"{file}: names nothing below v1")
    return faults


def check_policy(_places: dict) -> list:
    found = {}
    for name in ("cgi-bin/page.c", *(f"tests/servers/{name}.conf" for name in
                                     ("lighttpd", "apache", "nginx"))):
        for policy in POLICY.findall(text_of(name)) or ["none"]:
            found.setdefault(re.sub(r'"\s*"', "", policy), []).append(name)
    return [] if len(found) == 1 else [
        f"{', '.join(names)}: {policy}" for policy, names in found.items()]


CHECKS = (check_programs, check_links, check_globs, check_names, check_policy)


def main() -> int:
    places = layout()
    failed = 0
    for number, check in enumerate(CHECKS, 1):
        faults = check(places)
        for fault in faults:
            print(f"# {fault}")
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - routes: "
              f"{check.__name__.removeprefix('check_')}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
