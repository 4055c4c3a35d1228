#!/usr/bin/env python3
"""Checks the manual pages: every command, every key of the configuration with
its default, and mandoc(1) has nothing to say against them.

usage: man.py [--build DIR]
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
TABLE = re.compile(r"_commands\[\] = \{\n(.*?)^\};", re.M | re.S)
COMMAND = re.compile(r'^    \{"([a-z ]+)",', re.M)
KEY = re.compile(r'\{"(\w+)",\s*take_\w+,\s*AT\([\w\[\]]+\),\s*\d+,\s*\d+,\s*'
                 r'(NULL|\w+|"[^"]*")')


def commands() -> set:
    return {words for path in (TOP / "lib").glob("sutler-*.c")
            for table in TABLE.findall(path.read_text("utf-8"))
            for words in COMMAND.findall(table)}


def check_commands(page: str) -> list:
    named = {line.split(" Ar ")[0].strip() for line in
             re.findall(r"^\.It Ic (.*)$", page, re.M)}
    known = commands()
    return [f"sutler.1 has no {words}" for words in sorted(known - named)] + \
        [f"sutler.1: there is no {words}"
         for words in sorted(named - known)] + \
        ([] if known else ["lib/sutler-*.c: no command"])


def check_keys(page: str) -> list:
    items = {}
    for item in page.split("\n.It Va ")[1:]:
        names, _, text = item.partition("\n")
        for name in names.split(" , Va "):
            items[name] = text.partition("\n.br\n")[2].partition("\n")[0]
    known = dict(KEY.findall((TOP / "lib/conf.c").read_text("utf-8")))
    faults = [f"sutler.conf.5 has no {name}" for name in known
              if name not in items]
    faults += [f"sutler.conf.5: there is no key {name}" for name in items
               if name not in known]
    for name, default in known.items():
        said = items.get(name, "")
        if default == "NULL" and said != "It must be set.":
            faults.append(f"sutler.conf.5: {name}: {said} It is required")
        if default[0] == '"' and len(default) > 2 and \
                f"{default[1:-1]}" not in said:
            faults.append(f"sutler.conf.5: {name}: {said} It is {default}")
    return faults if known else ["lib/conf.c: no key"]


def check_sample(text: str) -> list:
    """data/sutler.conf has every key: what must be set as it is, what has a
    default behind a "#", with that, and all others behind a "# "."""
    faults = []
    known = dict(KEY.findall((TOP / "lib/conf.c").read_text("utf-8")))
    named = re.findall(r"^(#? ?)(\w+) = (.*)$", text, re.M)
    faults += [f"data/sutler.conf: there is no key {name}"
               for _, name, _ in named if name not in known]
    for name, default in known.items():
        found = [(mark, value) for mark, other, value in named
                 if other == name]
        mark = "" if default == "NULL" else \
            "# " if default == '""' or default == "SUTLER_LIBEXEC" else "#"
        if len(found) != 1 or found[0][0] != mark:
            faults.append(f'data/sutler.conf has not one "{mark}{name} ="')
        elif default[0] == '"' and default != '""' and \
                found[0][1] != default[1:-1]:
            faults.append(f"data/sutler.conf: {name} is {default}")
    return faults


def check_lint(places: list) -> list:
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *places],
                          capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=TOP / ".build", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sutler-test-") as made:
        subprocess.run(["sh", TOP / "tests/man.sh",
                        options.build.resolve() / "sutler",
                        TOP / "README.md", made], check=True)
        places = [Path(made) / name for name in ("sutler.1", "sutler.conf.5")]
        command, conf = (place.read_text("utf-8") for place in places)
        results = [("every command", check_commands(command)),
                   ("every key and its default", check_keys(conf)),
                   ("the sample configuration", check_sample(
                   (TOP / "data/sutler.conf").read_text("utf-8"))),
               ("mandoc is content", check_lint(places)
                    if shutil.which("mandoc") else None)]
    for number, (title, faults) in enumerate(results, 1):
        skip = " # SKIP mandoc is not installed" if faults is None else ""
        print(f"{'not ok' if faults else 'ok'} {number} - man: {title}{skip}")
        for fault in faults or []:
            print(f"# {fault}")
    failed = sum(bool(faults) for _, faults in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
