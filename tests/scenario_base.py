"""What every file of scenarios needs: the register and the comparisons."""
import base64
import hashlib
import hmac
import json
import time

WIDTH = 700   # characters of a value that a failure shows
SCENARIOS = []   # (subject, name, title, function, every_door)


class Skip(Exception):
    """What a scenario raises that cannot run here; why."""


def scenario(title: str, every_door=True):
    """Register a function that takes a world.  every_door False: it asks
    nothing through the door, so once is enough."""
    def register(function):
        subject = function.__module__.replace("scenario_", "")
        SCENARIOS.append((subject, function.__name__, title, function,
                          every_door))
        return function
    return register


def same(got, want, what="it"):
    if got == want:
        return
    if isinstance(got, dict) and isinstance(want, dict):   # what differs
        keys = {key for key in set(got) | set(want)
                if got.get(key, Ellipsis) != want.get(key, Ellipsis)}
        got = {key: got[key] for key in keys if key in got}
        want = {key: want[key] for key in keys if key in want}
    raise AssertionError(
        f"{what}: got {got!r:.{WIDTH}}, wanted {want!r:.{WIDTH}}")


def true(truth, text: str):
    if not truth:
        raise AssertionError(text)


def eventually(question, text: str, seconds=30):
    """For what runs in the background: ask until the answer is true; it."""
    end = time.monotonic() + seconds
    while True:
        found = question()
        if found or time.monotonic() > end:
            true(found, text)
            return found
        time.sleep(0.05)


def among(got, wanted, what="it"):
    if got not in wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted one of {wanted!r}")


class Unchanged:
    """with Unchanged(world): no commit is made, no record changes."""

    def __init__(self, world, what=""):
        self.world = world
        self.what = what

    def __enter__(self):
        self.head = self.world.head()
        self.contents = self.world.contents()

    def __exit__(self, kind, *_rest):
        if kind is None:
            same(self.world.contents(), self.contents,
                 f"records {self.what}")
            same(self.world.head(), self.head, f"HEAD {self.what}")


class Commits:
    """with Commits(world, n): exactly n commits are made."""

    def __init__(self, world, count: int, what=""):
        self.world = world
        self.count = count
        self.what = what

    def __enter__(self):
        self.head = self.world.head()
        return self

    def __exit__(self, kind, *_rest):
        if kind is None:
            made = self.world.messages(self.head)
            same(len(made), self.count, f"commits {self.what} {made}")


def trailers(message: str) -> dict:
    """The trailers of a commit message, each with the list of its values."""
    found = {}
    for line in message.split("\n\n")[-1].splitlines():
        name, colon, value = line.partition(": ")
        if colon:
            found.setdefault(name, []).append(value)
    return found


def events(message: str) -> list:
    return [json.loads(text) for text in trailers(message).get("Event", [])]


# Tokens made here, to see that the forged ones are refused

def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def forge(world, claims: dict, purpose="user token", alg="HS512",
          key=None) -> str:
    """A JWT signed as the platform would, where it had that purpose."""
    if key is None:
        master = (world.data / "key").read_bytes()
        key = hmac.new(master, purpose.encode(), hashlib.sha256).digest()
    text = ".".join(b64(json.dumps(part).encode())
                    for part in ({"typ": "JWT", "alg": alg}, claims))
    digest = {"HS512": "sha512", "HS256": "sha256"}.get(alg)
    signature = hmac.digest(key, text.encode(), digest) if digest else b""
    return f"{text}.{b64(signature)}"
