#!/usr/bin/env python3
"""Is a recorded history of operations on registers linearizable?

usage: linear.py [--histories N]     (its own tests)

Each operation took effect at one moment between its being asked for and its
answer, and the values that were read are those of the moments: is there such
a choice of moments?  One key after the other, since what holds for each holds
for all (Herlihy and Wing, "Linearizability", 1990).  The search is Wing and
Gong's, "Testing and verifying concurrent objects", 1993, with the memory of
Lowe's, "Testing for linearizability", 2017: what was tried once, by the set
of operations that took effect and the value they left, is not tried again.

An operation whose outcome is not known may have taken effect at any moment
after it was asked for, or never does.  One that was refused without a reason
is left out: whoever asks sees to it that it has no effect.
"""
import argparse
import itertools
import math
import random
import sys
from typing import NamedTuple

UNKNOWN = math.inf     # Op.answered, where the outcome is not known
CONFIGURATIONS = 3_000_000


class Op(NamedTuple):
    key: str
    kind: str           # "read", "write", "cas"; "miss": a cas that was
                        # refused since the value was not the expected one
    asked: float        # s, by a clock that all share
    answered: float
    value: object       # that was read, or is written
    expected: object = None    # of a cas

    def after(self, state) -> tuple:
        """(could it take effect?, the value then)."""
        if self.kind == "write":
            return True, self.value
        if self.kind == "read":
            return state == self.value, state
        if self.kind == "miss":
            return state != self.expected, state
        return state == self.expected, self.value


class Undecided(Exception):
    """There are too many ways to try."""


class Register:
    """The history of one key."""

    def __init__(self, ops, first):
        self.first = first
        self.sure = sorted((op for op in ops if op.answered != UNKNOWN),
                           key=lambda op: op.asked)
        self.unsure = sorted((op for op in ops if op.answered == UNKNOWN
                              and op.kind in ("write", "cas")),
                             key=lambda op: op.asked)
        # what an unknown one leaves matters to nobody else
        self.seen = {op.value for op in self.sure if op.kind == "read"} | {
            op.expected for op in (*self.sure, *self.unsure)
            if op.kind == "cas"}
        self.missed = {op.expected for op in self.sure if op.kind == "miss"}
        self.furthest = 0, first, 0   # how many, the value, which

    def moves(self, done: int, low: int, maybe: int, state):
        """What may take effect next: (done, low, maybe, value) after it.
        Below low all of self.sure are done."""
        bound, found = math.inf, []
        for place in range(low, len(self.sure)):
            op = self.sure[place]
            if op.asked > bound:
                break
            if not done >> place & 1:
                bound = min(bound, op.answered)
                found.append(place)
        for place, op in enumerate(self.unsure):
            if op.asked > bound:
                break
            if maybe >> place & 1 or not (op.value in self.seen or
                                          state in self.missed):
                continue
            good, value = op.after(state)
            if good:
                yield done, low, maybe | 1 << place, value
        # the stack gives back the last one first
        for place in sorted(found, reverse=True,
                            key=lambda place: self.sure[place].answered):
            good, value = self.sure[place].after(state)
            if good:
                after, begin = done | 1 << place, low
                while after >> begin & 1:
                    begin += 1
                yield after, begin, maybe, value

    def explained(self) -> bool:
        """Is there an order that explains it all?"""
        start = (0, 0, 0, self.first)
        stack, tried = [start], {start}
        while stack:
            done, low, maybe, state = stack.pop()
            count = done.bit_count()
            if count == len(self.sure):
                return True
            if count > self.furthest[0]:
                self.furthest = count, state, low
            for move in self.moves(done, low, maybe, state):
                if move not in tried:
                    tried.add(move)
                    stack.append(move)
            if len(tried) > CONFIGURATIONS:
                raise Undecided(f"{len(tried)} ways were tried")
        return False

    def why(self) -> str:
        count, state, low = self.furthest
        around = "; ".join(str(tuple(op)) for op in self.sure[low:low + 4])
        return (f"{count} of {len(self.sure)} can be put in order, the value "
                f"then is {state!r}, and none of these may be next: {around}")


def trouble(ops, first=None) -> str:
    """Why the history is not linearizable, or ""."""
    keys = {}
    for op in ops:
        keys.setdefault(op.key, []).append(op)
    for key, its in sorted(keys.items()):
        register = Register(its, first)
        if not register.explained():
            return f"{key}: {register.why()}"
    return ""


# Its own tests

def by_trial(ops, first=None) -> bool:
    """The same for a few operations of one key, by trying all orders."""
    sure = [op for op in ops if op.answered != UNKNOWN]
    unsure = [op for op in ops if op.answered == UNKNOWN]
    for count in range(len(unsure) + 1):
        for some in itertools.combinations(unsure, count):
            for order in itertools.permutations([*sure, *some]):
                latest, state, good = -math.inf, first, True
                for op in order:
                    latest = max(latest, op.asked)
                    fits, state = op.after(state)
                    good = good and fits and op.answered >= latest
                if good:
                    return True
    return False


def made(chance: random.Random, count: int, unknown=0.2) -> list:
    """A history that is linearizable: each takes effect at a moment."""
    ops, state = [], None
    for moment in range(count):
        asked = moment - chance.random() * 4
        answered = moment + chance.random() * 4
        kind = chance.choice(("read", "write", "cas", "miss"))
        value, expected = (state if kind == "read" else f"v{moment}"), None
        if kind == "cas":
            expected = state
        elif kind == "miss":
            value, expected = None, f"v{moment + count}"
        unheard = kind in ("write", "cas") and chance.random() < unknown
        if kind in ("write", "cas") and not (unheard and
                                             chance.random() < 0.5):
            state = value
        ops.append(Op("k", kind, asked, UNKNOWN if unheard else answered,
                      value, expected))
    return ops


def spoiled(chance: random.Random, ops: list) -> list:
    """The same with another value in one read, or an earlier answer."""
    ops = list(ops)
    place = chance.randrange(len(ops))
    op = ops[place]
    if op.kind in ("read", "miss", "cas"):
        other = chance.choice([None, *(o.value for o in ops)])
        op = op._replace(**{"value" if op.kind == "read" else "expected":
                            other})
    else:
        op = op._replace(answered=op.asked + 0.01)
    ops[place] = op
    return ops


def read(asked, answered, value):
    return Op("k", "read", asked, answered, value)


def write(asked, answered, value):
    return Op("k", "write", asked, answered, value)


def cas(asked, answered, expected, value, kind="cas"):
    return Op("k", kind, asked, answered, value, expected)


CASES = (
    ("nothing", True, []),
    ("what was written is read", True,
     [write(0, 1, "a"), read(2, 3, "a")]),
    ("what nobody wrote is read", False, [read(0, 1, "a")]),
    ("a write that goes on may be seen", True,
     [write(0, 9, "a"), read(1, 2, "a"), read(3, 4, "a")]),
    ("or not yet", True,
     [write(0, 9, "a"), read(1, 2, None), read(3, 4, "a")]),
    ("seen once, it is not gone again", False,
     [write(0, 9, "a"), read(1, 2, "a"), read(3, 4, None)]),
    ("an old value is read, as a node's own copy has it", False,
     [write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")]),
    ("two that overlap may go either way", True,
     [write(0, 5, "a"), write(1, 4, "b"), read(6, 7, "a")]),
    ("but not both ways", False,
     [write(0, 5, "a"), write(1, 4, "b"), read(6, 7, "a"), read(8, 9, "b")]),
    ("one of two who compared the same is first", False,
     [write(0, 1, "a"), cas(2, 5, "a", "b"), cas(3, 6, "a", "c")]),
    ("a chain of compares", True,
     [write(0, 1, "a"), cas(2, 5, "b", "c"), cas(2, 5, "a", "b"),
      read(6, 7, "c")]),
    ("a compare that missed what stood there", False,
     [write(0, 1, "a"), cas(2, 3, "a", None, "miss")]),
    ("a compare that missed what had gone", True,
     [write(0, 1, "a"), write(2, 5, "b"), cas(3, 4, "a", None, "miss")]),
    ("an unknown one was never done", True,
     [write(0, 1, "a"), write(2, UNKNOWN, "b"), read(3, 4, "a")]),
    ("an unknown one is done late", True,
     [write(0, 1, "a"), write(2, UNKNOWN, "b"), read(3, 4, "a"),
      read(8, 9, "b")]),
    ("but not undone", False,
     [write(0, 1, "a"), write(2, UNKNOWN, "b"), read(3, 4, "b"),
      read(8, 9, "a")]),
    ("nor done before it was asked for", False,
     [read(0, 1, "b"), write(2, UNKNOWN, "b")]),
    ("an unknown one done twice", False,
     [write(0, 1, "a"), write(2, UNKNOWN, "b"), read(3, 4, "b"),
      write(5, 6, "c"), read(7, 8, "b")]),
    ("two unknown ones, one upon the other", True,
     [write(0, UNKNOWN, "a"), cas(1, UNKNOWN, "a", "b"), read(8, 9, "b")]),
    ("an unknown one explains a miss", True,
     [write(0, 1, "a"), write(2, UNKNOWN, "b"),
      cas(3, 4, "a", None, "miss")]),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--histories", default=300, type=int)
    options = parser.parse_args()
    results = [((not trouble(ops)) == good, f"{title}: "
                f"{'' if good else 'not '}linearizable")
               for title, good, ops in CASES]
    chance, verdicts, wrong = random.Random(1), [0, 0], 0
    for _ in range(options.histories):
        ops = spoiled(chance, made(chance, 6))
        verdict = by_trial(ops)
        verdicts[verdict] += 1
        wrong += (not trouble(ops)) != verdict
    results.append((not wrong and min(verdicts) > 0,
                    f"{sum(verdicts)} histories, {verdicts[True]} of them "
                    "linearizable, as all their orders tell"))
    wrong = [seed for seed in range(20)
             if trouble(made(random.Random(seed), 800, 0.03))]
    results.append((not wrong, "20 long ones are"))
    wrong = 0
    for seed in range(20):
        ops = made(random.Random(seed), 400, 0.03)
        late = write(1000, 1001, "late")
        wrong += not trouble([*ops, late, read(1002, 1003, ops[-1].value)])
    results.append((not wrong, "20 long ones with an old value at their end "
                    "are not"))
    for number, (good, title) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
    failed = sum(not good for good, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
