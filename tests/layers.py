#!/usr/bin/env python3
"""Checks that no file of lib/ includes a header of a higher layer.

usage: layers.py [DIRECTORY]

The layers are the Makefile's lists; a header belongs to the layer of its .c,
and one without a .c, or a variant (store-git), to the noun before the hyphen.
Programs stand above all layers.
"""
import re
import sys
from pathlib import Path

LAYERS = ("BASE", "STORE", "SPEECH", "RECORDS", "DOOR")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
VARIABLE = re.compile(r"\$\((\w+)\)")


def words(makefile: str, name: str) -> list:
    """The words of a variable, with those of the variables it names."""
    text = makefile.replace("\\\n", " ")
    found = re.search(rf"^{re.escape(name)}\s*=(.*)$", text, re.M)
    if not found:
        return []
    value = re.sub(r"\$\((\w+)_\$\(\w+\)\)", variants(text), found[1])
    value = VARIABLE.sub(lambda m: " ".join(words(makefile, m[1])), value)
    return value.split()


def variants(text: str):
    """$(X_$(Y)) stands for the words of every X_something there is."""
    def replace(found):
        return " ".join(re.findall(rf"^{found[1]}_\w+\s*=(.*)$", text, re.M))
    return replace


def layer_of(stem: str, table: dict):
    """The layer's number, or None; a variant has its noun's."""
    while stem not in table and "-" in stem:
        stem = stem.rsplit("-", 1)[0]
    return table.get(stem)


def check(top: Path) -> list:
    makefile = (top / "Makefile").read_text(encoding="utf-8")
    table = {word: number for number, name in enumerate(LAYERS)
             for word in words(makefile, name)}
    programs = {path.stem for path in (top / "lib").glob("*.c")
                if re.search(r"^main\(", path.read_text("utf-8"), re.M)}
    faults = [f"Makefile: {name} has no words" for name in LAYERS
              if not words(makefile, name)]
    for path in sorted((top / "lib").glob("*.[ch]")):
        own = layer_of(path.stem, table)
        if path.stem.split("-")[0] in programs or path.stem in programs:
            continue
        if own is None and not INCLUDE.search(path.read_text("utf-8")):
            continue    # libgit2's stubs know nothing of ours
        if own is None:
            faults.append(f"lib/{path.name}: no layer has {path.stem}")
            continue
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            theirs = layer_of(Path(name).stem, table)
            if theirs is None:
                faults.append(f"lib/{path.name}: {name} is in no layer")
            elif theirs > own:
                faults.append(f"lib/{path.name} ({LAYERS[own]}) includes "
                              f"{name} ({LAYERS[theirs]})")
    return faults


def main() -> int:
    top = Path(sys.argv[1] if len(sys.argv) > 1 else
               Path(__file__).resolve().parent.parent)
    faults = check(top)
    for fault in faults:
        print(f"# {fault}")
    print(f"{'not ok' if faults else 'ok'} 1 - layers")
    print(f"{0 if faults else 1} passed, {1 if faults else 0} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
