"""The history of a store, commit by commit: what each changed."""
import hashlib
import json
import subprocess
from typing import NamedTuple

from scenario_base import trailers

NO_BLOB = "0" * 40


class Step(NamedTuple):
    """A commit."""
    id: str
    subject: str
    trailers: dict
    changes: dict    # path -> (record before, record after), None for none

    def request(self) -> str:
        return self.trailers.get("Request-Id", [""])[0]


def path_of(name: str) -> str:
    """The path of the app called name."""
    digest = hashlib.sha1(name.encode()).hexdigest()
    return f"apps/{digest[:2]}/{digest[2:4]}/{name}.json"


def flat(record, path=()) -> dict:
    """Every value in the record, but for when it was changed last."""
    if isinstance(record, list):
        record = dict(enumerate(record))
    if not isinstance(record, dict):
        return {} if path[-1:] == ("updated_at",) else {path: record}
    found = {}
    for key, value in record.items():
        found.update(flat(value, (*path, key)))
    return found


def difference(before, after) -> dict:
    """path -> (value before, value after) of all that is not the same."""
    old, new = flat(before or {}), flat(after or {})
    return {path: (old.get(path), new.get(path)) for path in {*old, *new}
            if old.get(path) != new.get(path)}


def blobs(store, ids: set) -> dict:
    """The records in the blobs with these ids."""
    order = sorted(ids - {NO_BLOB})
    out = subprocess.run(
        ["git", "-C", store, "cat-file", "--batch"], check=True,
        input="".join(f"{blob}\n" for blob in order).encode(),
        capture_output=True).stdout
    found, at = {NO_BLOB: None}, 0
    for blob in order:
        end = out.index(b"\n", at) + 1
        size = int(out[at:end].split()[2])
        found[blob] = json.loads(out[end:end + size])
        at = end + size + 1
    return found


def steps(store, since: str) -> list:
    """The commits behind since, oldest first."""
    text = subprocess.run(
        ["git", "-C", store, "log", "--reverse", "--first-parent", "--raw",
         "--no-abbrev", "--no-renames", "--format=%x01%H%x02%B%x02",
         f"{since}..HEAD"], check=True, capture_output=True).stdout.decode()
    rows, ids = [], set()
    for part in text.split("\x01")[1:]:
        commit, message, raw = part.split("\x02")
        changes = {}
        for line in raw.strip().splitlines():
            meta, path = line.split("\t")
            changes[path] = meta.split()[2:4]
            ids.update(changes[path])
        rows.append((commit, message.strip(), changes))
    records = blobs(store, ids)
    return [Step(commit, message.split("\n")[0], trailers(message),
                 {path: (records[old], records[new])
                  for path, (old, new) in changes.items()})
            for commit, message, changes in rows]
