#!/usr/bin/env python3
"""Tries lib/etcd.h with real members of etcd, and with one that lies.

usage: etcd.py [--build DIR] [-k PATTERN]

Prints TAP, then "N passed, N failed".
"""
import argparse
import base64
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from etcd_server import Etcd

SECONDS = 60
TRIES = []      # (what, members, keywords of Etcd, function)
KEY, PREFIX, END = "/sutler/a", "/sutler/", "/sutler0"
EVERYTHING = {"do": "range", "key": PREFIX, "end": END}


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def put(key: str, value: bytes, **more) -> dict:
    return {"do": "put", "key": key, "value": encoded(value), **more}


def pairs(result: dict) -> list:
    return [(pair["key"], base64.b64decode(pair["value"]))
            for pair in result["pairs"]]


class Checks:
    passed = failed = 0

    def that(self, good, what: str, why=""):
        self.passed += bool(good)
        self.failed += not good
        number = self.passed + self.failed
        print(f"{'' if good else 'not '}ok {number} - {what}", flush=True)
        if not good:
            print(f"# {str(why)[:2000]}", flush=True)

    def equal(self, got, want, what: str):
        self.that(got == want, what, f"got {got!r}\n# want {want!r}")


class Node:
    """A data directory, its configuration, and calls that use them."""

    def __init__(self, build: Path, place: Path, urls: str):
        self.build, self.dir = build, place
        self.conf = place / "sutler.conf"
        self.keys = {"data": place / "data", "libexec": build,
                     "public_url": "http://127.0.0.1", "cluster": urls}
        self.configure()

    def configure(self, **keys):
        self.keys.update(keys)
        self.conf.write_text("".join(f"{key} = {value}\n" for key, value in
                                     self.keys.items() if value is not None),
                             "utf-8")

    def with_certificates(self, etcd, name: str = "client"):
        self.configure(cluster_ca=etcd.certificates.file("ca"),
                       cluster_cert=etcd.certificates.file(name),
                       cluster_key=etcd.certificates.file(f"{name}-key"))

    def words(self, verb: str) -> list:
        return [str(self.build / "tests/etcd-tool"), str(self.conf), verb]

    def call(self, verb: str, **question) -> dict:
        done = subprocess.run(self.words(verb), check=True, timeout=SECONDS,
                              input=json.dumps(question).encode(),
                              stdout=subprocess.PIPE)
        return json.loads(done.stdout)

    def txn(self, *then, compare=(), otherwise=(), **more) -> dict:
        return self.call("txn", then=list(then), compare=list(compare),
                         otherwise=list(otherwise), **more)

    def value(self, key: str = KEY):
        found = pairs(self.txn({"do": "range", "key": key})["results"][0])
        return found[0][1] if found else None

    def state(self, name: str):
        path = self.dir / "data/state" / name
        return path.read_text("utf-8") if path.exists() else None


class Watch:
    """A watch that runs, and what it has heard."""

    def __init__(self, node: Node, revision: int, key=PREFIX, end=END):
        self.heard = queue.Queue()
        self.process = subprocess.Popen(node.words("watch"),
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        question = {"key": key, "end": end, "revision": revision}
        self.process.stdin.write(json.dumps(question).encode())
        self.process.stdin.close()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.heard.put(json.loads(line))
        self.heard.put("end")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def next(self):
        """What it hears next but for signs of life: a pair (key, value), the
        last answer, or "nothing"."""
        last = time.monotonic() + SECONDS
        while time.monotonic() < last:
            try:
                said = self.heard.get(timeout=SECONDS)
            except queue.Empty:
                break
            if said is None:
                continue
            if "key" not in said:
                return said
            return said["key"], said["value"] and \
                base64.b64decode(said["value"])
        return "nothing"

    def sign(self):
        """It hears a sign of life next."""
        try:
            return self.heard.get(timeout=SECONDS) is None
        except queue.Empty:
            return False


def tried(what: str, members: int = 1, **keywords):
    def add(function):
        TRIES.append((what, members, keywords, function))
        return function
    return add


def busy(answer: dict, words: str, unknown: bool) -> bool:
    return answer.get("busy", False) and words in answer["fail"] and \
        answer["unknown"] == unknown


@tried("transactions")
def transactions(checks, node, _etcd):
    value = b"a\0b\xff"
    first = node.txn(put(KEY, value), compare=[{"key": KEY}],
                     otherwise=[EVERYTHING])
    checks.that(first.get("succeeded"), "a key that is not there is compared",
                first)
    checks.equal(node.value(), value, "a value of any bytes")
    again = node.txn(put(KEY, b"x"), compare=[{"key": KEY}],
                     otherwise=[EVERYTHING])
    checks.that(again["succeeded"] is False, "now it is there", again)
    checks.equal(pairs(again["results"][0]), [(KEY, value)],
                 "the other branch is done")
    pair = again["results"][0]["pairs"][0]
    checks.equal((pair["version"], pair["revision"]),
                 (1, first["revision"]), "its version and revision")
    checks.that(not node.txn(put(KEY, b"x"), compare=[
        {"key": KEY, "value": encoded(b"a\0b")}])["succeeded"],
        "another value is another")
    both = node.txn(put(KEY, b"y"), put(KEY + "b", b""), compare=[
        {"key": KEY, "value": encoded(value)}, {"key": KEY + "b"}])
    checks.that(both["succeeded"], "two compares, two operations", both)
    checks.that(both["revision"] > again["revision"], "the revision grows")
    checks.equal(node.value(KEY + "b"), b"", "an empty value")
    none = [{"key": PREFIX + "none/", "end": PREFIX + "none0"}]
    checks.that(node.txn(put(PREFIX + "none/x", b""), compare=none)[
        "succeeded"], "no key of a range is there")
    checks.that(not node.txn(put(KEY, b"x"), compare=none)["succeeded"],
                "now there is one")
    node.txn({"do": "delete", "key": PREFIX + "none/x"})
    gone = node.txn({"do": "delete", "key": PREFIX, "end": END}, EVERYTHING)
    checks.equal(gone["results"][0]["deleted"], 2, "keys are deleted")
    checks.equal(gone["results"][1]["pairs"], [], "and gone at once")
    checks.equal(node.state("etcd-token"), None, "no token is kept")


@tried("ranges")
def ranges(checks, node, _etcd):
    keys = [f"{PREFIX}r/{i:03}" for i in range(100)]
    done = node.txn(*[put(key, key.encode()) for key in keys])
    checks.that(done.get("succeeded"), "a hundred puts in one", done)
    part = {"do": "range", "key": PREFIX + "r/", "end": PREFIX + "r0"}
    found = node.txn({**part, "limit": 30}, {**part, "limit": 100},
                     {**part, "keys_only": True}, part,
                     {"do": "range", "key": keys[7]})["results"]
    checks.equal([key for key, _ in pairs(found[0])], keys[:30],
                 "a limit, in order")
    checks.equal([one["more"] for one in found],
                 [True, False, False, False, False], "more")
    checks.equal([pair["value"] for pair in found[2]["pairs"]], [""] * 100,
                 "keys alone")
    checks.equal(pairs(found[3]), [(key, key.encode()) for key in keys],
                 "all of them")
    checks.equal(pairs(found[4]), [(keys[7], keys[7].encode())], "one")
    many = node.txn(*[put(key, b"") for key in keys],
                    *[put(key + "x", b"") for key in keys])
    checks.that(busy(many, "too many operations", False),
                "more operations than etcd takes", many)
    twice = node.txn(put(KEY, b"1"), put(KEY, b"2"))
    checks.that(busy(twice, "duplicate key", False), "a key put twice", twice)


@tried("sizes")
def sizes(checks, node, _etcd):
    value = os.urandom(1400 << 10)
    checks.that(node.txn(put(KEY, value)).get("succeeded"), "1.4 MB are put")
    checks.that(node.value() == value, "and come back")
    large = node.txn(put(KEY, os.urandom(1600 << 10)))
    checks.that(busy(large, "request is too large", False),
                "1.6 MB are refused by etcd", large)
    large = node.txn(put(KEY, os.urandom(4 << 20)))
    checks.that(busy(large, "", False), "4 MB by us", large)
    for i in range(4):
        node.txn(put(f"{KEY}{i}", value))
    large = node.txn(EVERYTHING)
    checks.that(busy(large, "longer than 4096 kB", False),
                "an answer that is too large", large)
    large = node.txn(put(PREFIX + "z", b"z"), EVERYTHING)
    checks.that(busy(large, "longer than 4096 kB", True),
                "what was to be done may have been", large)
    checks.equal(node.value(PREFIX + "z"), b"z", "it was")
    with Watch(node, 1) as watch:
        heard = [watch.next() for _ in range(6)]
        checks.equal([one[0] for one in heard],
                     [KEY, *(f"{KEY}{i}" for i in range(4)), PREFIX + "z"],
                     "a watch hears 7 MB at once")
        checks.that(all(one[1] == value for one in heard[:5]), "all of it")


@tried("leases and upkeep")
def leases(checks, node, etcd):
    lease = node.call("grant", seconds=2)["lease"]
    node.txn(put(KEY, b"1", lease=lease))
    checks.equal(node.call("keep", lease=lease), {}, "a lease is kept")
    checks.equal(node.value(), b"1", "the key is there")
    last = time.monotonic() + SECONDS
    while node.value() is not None and time.monotonic() < last:
        time.sleep(0.1)
    checks.equal(node.value(), None, "the lease goes, and its key")
    checks.that(node.call("keep", lease=lease).get("missing"),
                "it cannot be kept")
    checks.equal(node.call("revoke", lease=lease), {}, "it is gone as wanted")
    long = node.call("grant", seconds=1000)["lease"]
    node.txn(put(KEY, b"2", lease=long))
    checks.equal(node.call("revoke", lease=long), {}, "one is revoked")
    checks.equal(node.value(), None, "its key goes with it")
    late = node.txn(put(KEY, b"3", lease=long))
    checks.that(busy(late, "requested lease not found", False),
                "nothing is put with it", late)
    revision = node.txn(put(KEY, b"4"))["revision"]
    for what in ("a compaction", "and the same again"):
        checks.equal(node.call("compact", revision=revision), {}, what)
    future = node.call("compact", revision=revision + 100)
    checks.that("future revision" in future.get("fail", ""),
                "none of the future", future)
    checks.equal(node.call("defragment", endpoint=etcd.members[0].url), {},
                 "a member is defragmented")
    member, = node.call("status")["members"]
    checks.that(member["leader"] and member["trouble"] is None and
                member["revision"] == revision and member["alarms"] == "" and
                member["size"] >= member["size_in_use"] > 0 and
                re.fullmatch(r"3\.\d+\.\d+", member["version"]),
                "a member says how it is", member)
    with Watch(node, 1) as watch:
        said = watch.next()
        checks.that(said.get("missing"), "a watch of what is compacted", said)


@tried("no space", options=("--quota-backend-bytes", str(2 << 20)))
def no_space(checks, node, _etcd):
    answer, tries = {"succeeded": True}, 0
    while answer.get("succeeded") and tries < 50:
        answer = node.txn(put(f"{KEY}{tries}", os.urandom(400 << 10)))
        tries += 1
    checks.that(busy(answer, "database space exceeded", False),
                "a full database", answer)
    member, = node.call("status")["members"]
    checks.equal(member["alarms"], "NOSPACE", "its alarm")


@tried("a watch")
def watches(checks, node, etcd):
    first = node.txn(put(KEY, b"1"))["revision"]
    node.txn(put(KEY, b"2"), put("/other", b"3"), put(KEY + "b", b"4"))
    with Watch(node, first) as watch:
        checks.that(watch.sign(), "it says that it stands")
        checks.equal([watch.next() for _ in range(3)],
                     [(KEY, b"1"), (KEY, b"2"), (KEY + "b", b"4")],
                     "what was before it, from a revision on")
        node.txn({"do": "delete", "key": KEY})
        checks.equal(watch.next(), (KEY, None), "a key is deleted")
        checks.that(watch.sign() and watch.sign(), "it survives silence")
        node.txn(put(KEY, b"5"))
        checks.equal(watch.next(), (KEY, b"5"), "and hears what follows")
        etcd.members[0].kill()
        said = watch.next()
        checks.that(said != "nothing" and said.get("busy"),
                    "it ends with the member", said)
    etcd.members[0].start()
    etcd.wait()
    with Watch(node, 0, key=KEY, end=None) as watch:
        checks.that(watch.sign(), "a watch of one key, from now on")
        node.txn(put(KEY + "b", b"6"))
        node.txn(put(KEY, b"stop"))
        checks.equal(watch.next(), (KEY, b"stop"), "hears of no other")
        checks.equal(watch.next().get("fail"), "enough",
                     "who hears may end it")
    with Watch(node, 0) as watch:
        watch.sign()
        etcd.members[0].pause()
        said = watch.next()
        checks.that(said != "nothing" and said.get("busy"),
                    "it ends where the member says nothing", said)
        etcd.members[0].go_on()
    etcd.wait()
    with Watch(node, 0) as watch:
        watch.sign()
        pid = watch.process.pid
        child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        checks.equal(len(child), 1, "a watch has one child")
    last = time.monotonic() + SECONDS
    gone = Path(f"/proc/{child[0]}/exe")
    while gone.exists() and time.monotonic() < last:
        time.sleep(0.1)
    checks.that(not gone.exists(), "which ends with it, killed or not")


@tried("one of three is dead", members=3)
def failover(checks, node, etcd):
    checks.that(node.txn(put(KEY, b"1")).get("succeeded"), "all are there")
    checks.equal(node.state("etcd-endpoint"), None, "the first has answered")
    etcd.members[0].kill()
    last, answer = time.monotonic() + SECONDS, {}
    while not answer.get("succeeded") and time.monotonic() < last:
        answer = node.txn(put(KEY, b"2"))
    checks.that(answer.get("succeeded"), "another one is asked", answer)
    checks.that(node.state("etcd-endpoint") in
                [member.url for member in etcd.members[1:]],
                "which is remembered", node.state("etcd-endpoint"))
    checks.equal(node.value(), b"2", "and has it")
    status = {member["endpoint"]: member
              for member in node.call("status")["members"]}
    checks.that("no connection" in status[etcd.members[0].url]["trouble"] and
                sum(member["leader"] for member in status.values()) == 1,
                "the status says who is dead, and who leads", status)
    etcd.members[0].start()
    etcd.wait()
    status = node.call("status")["members"]
    follows = next(one["endpoint"] for one in status if not one["leader"])
    remembered = next(one for one in etcd.members if one.url == follows)
    (node.dir / "data/state/etcd-endpoint").write_text(follows)
    remembered.pause()
    checks.equal(node.value(), b"2", "one that says nothing is read past")
    checks.that(node.state("etcd-endpoint") != remembered.url,
                "and forgotten")
    remembered.go_on()
    etcd.wait()
    node.configure(cluster=remembered.url)
    remembered.pause()
    stuck = node.txn(put(KEY, b"3"))
    checks.that(busy(stuck, "no answer", True),
                "a write to one that says nothing may have been done", stuck)
    remembered.go_on()
    etcd.wait()
    node.configure(cluster=etcd.urls)
    checks.that(node.value() in (b"2", b"3"), "a read tells whether it was")


@tried("no majority", members=3)
def no_majority(checks, node, etcd):
    node.txn(put(KEY, b"1"))
    status = node.call("status")["members"]
    leads = next(member["endpoint"] for member in status if member["leader"])
    leader = next(one for one in etcd.members if one.url == leads)
    others = [one for one in etcd.members if one is not leader]
    node.configure(cluster=leader.url)
    for member in others:
        member.pause()
    lost = node.txn(put(KEY, b"2"))
    checks.that(busy(lost, "", True), "a leader that has just lost its "
                "majority may still do it", lost)
    last = time.monotonic() + SECONDS
    while "no leader" not in (node.call("status")["members"][0]["trouble"]
                              or "") and time.monotonic() < last:
        time.sleep(0.1)
    lost = node.txn(put(KEY, b"3"))
    checks.that(busy(lost, "says: no leader", False),
                "without a leader it was not done", lost)
    lost = node.txn(EVERYTHING)
    checks.that(busy(lost, "says: no leader", False), "nor is anything read",
                lost)
    with Watch(node, 0) as watch:
        said = watch.next()
        checks.that(said != "nothing" and said.get("busy"),
                    "nor is a watch begun", said)
    for member in others:
        member.go_on()
    etcd.wait()
    node.configure(cluster=etcd.urls)
    checks.that(node.value() in (b"1", b"2"), "what was refused is not there")
    for member in etcd.members:
        member.kill()
    lost = node.txn(put(KEY, b"4"))
    checks.that(busy(lost, "no connection", False), "all are dead", lost)


@tried("a leader dies", members=3)
def election(checks, node, etcd):
    with Watch(node, 0) as watch:
        watch.sign()
        for round_ in (b"1", b"2"):
            status = node.call("status")["members"]
            leads = next(one["endpoint"] for one in status if one["leader"])
            leader = next(one for one in etcd.members if one.url == leads)
            leader.kill()
            last, answer = time.monotonic() + SECONDS, {}
            while not answer.get("succeeded") and time.monotonic() < last:
                answer = node.txn(put(KEY, round_))
            checks.that(answer.get("succeeded"), "another one leads", answer)
            leader.start()
            etcd.wait()
        checks.equal(node.value(), b"2", "and has what was written")


@tried("TLS", tls=True)
def tls(checks, node, etcd):
    node.with_certificates(etcd)
    done = node.txn(put(KEY, b"1"))
    checks.that(done.get("succeeded"), "with a certificate of ours", done)
    checks.equal(node.value(), b"1", "what was written is read")
    with Watch(node, 1) as watch:
        checks.equal(watch.next(), (KEY, b"1"), "a watch by TLS")
    node.with_certificates(etcd, "stranger")
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "", False), "a stranger's certificate", refused)
    node.with_certificates(etcd)
    node.configure(cluster_cert=None, cluster_key=None)
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "", False), "no certificate", refused)
    node.with_certificates(etcd)
    node.configure(cluster_ca=etcd.certificates.file("other-ca"))
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "certificate cannot be verified", False),
                "an authority that is not the server's", refused)
    node.configure(cluster_ca=None)
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "certificate cannot be verified", False),
                "the system's authorities", refused)
    node.with_certificates(etcd)
    node.configure(cluster_key=etcd.certificates.file("stranger-key"))
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "cannot be used", False), "another's key",
                refused)
    node.configure(cluster_cert=node.dir / "none.pem")
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "cannot be used", False), "no such file",
                refused)
    node.with_certificates(etcd)
    node.configure(cluster_ca=node.dir / "none.pem")
    refused = node.txn(put(KEY, b"2"))
    checks.that(busy(refused, "authorities cannot be read", False),
                "no such authority", refused)
    node.configure(cluster=etcd.urls.replace("https", "http"))
    refused = node.txn(put(KEY, b"2"))
    checks.that(refused.get("busy"), "http to a server of https", refused)
    node.configure(cluster=etcd.urls)
    node.with_certificates(etcd)
    checks.equal(node.value(), b"1", "nothing of it was done")


@tried("user and password")
def users(checks, node, etcd):
    etcd.with_users("sutler", "s\u00e9cret \"x", PREFIX)
    refused = node.txn(put(KEY, b"1"))
    checks.that(busy(refused, "user name is empty", False), "nobody", refused)
    password = node.dir / "password"
    node.configure(cluster_user="sutler", cluster_password=password)
    refused = node.txn(put(KEY, b"1"))
    checks.that("password" in refused.get("fail", ""), "no such file",
                refused)
    password.write_text("s\u00e9cret \"x\n", "utf-8")
    password.chmod(0o644)
    refused = node.txn(put(KEY, b"1"))
    checks.that("0600" in refused.get("fail", "") and
                refused["unknown"] is False, "a file for all", refused)
    password.chmod(0o600)
    done = node.txn(put(KEY, b"1"))
    checks.that(done.get("succeeded"), "who we are", done)
    token = node.dir / "data/state/etcd-token"
    checks.equal(token.stat().st_mode & 0o777, 0o600, "the token is private")
    before = token.read_text()
    checks.equal(node.value(), b"1", "a read")
    checks.equal(token.read_text(), before, "by the same token")
    refused = node.txn(put("/other", b"1"))
    checks.that(busy(refused, "permission denied", False), "not elsewhere",
                refused)
    etcd.control("auth", "disable", user="root:root")
    etcd.control("auth", "enable")
    done = node.txn(put(KEY, b"2"))
    checks.that(done.get("succeeded"), "a token that is no longer known is "
                "replaced", done)
    checks.that(token.read_text() != before, "by another")
    with Watch(node, 1) as watch:
        checks.equal(watch.next(), (KEY, b"1"), "a watch by it")
    password.write_text("wrong", "utf-8")
    checks.equal(node.value(), b"2", "the token is good without a password")
    for what in ("sutler\nx y\n", "sutler", "other\nabc", ""):
        token.write_text(what)
        refused = node.txn(put(KEY, b"3"))
        checks.that(busy(refused, "authentication failed", False),
                    f"a wrong password, a token file {what!r}", refused)
        checks.that("wrong" not in refused.get("fail", "wrong"),
                    "and it is not shown", refused)
    password.write_text("s\u00e9cret \"x", "utf-8")
    token.write_text("sutler\nabc.7")
    checks.equal(node.value(), b"2", "a token of nobody's is replaced")
    node.configure(cluster_user="root")
    refused = node.txn(put(KEY, b"3"))
    checks.that(busy(refused, "authentication failed", False),
                "a token is of one user alone", refused)


@tried("a user where none is asked for")
def no_users(checks, node, _etcd):
    password = node.dir / "password"
    password.write_text("x", "utf-8")
    password.chmod(0o600)
    node.configure(cluster_user="sutler", cluster_password=password)
    refused = node.txn(put(KEY, b"1"))
    checks.that(busy(refused, "authentication is not enabled", False),
                "it is said", refused)


class Fake(BaseHTTPRequestHandler):
    """Answers what the test says: (status, body) by path, a function of the
    question, or nothing."""
    answers, asked = {}, []

    def log_message(self, *args):
        pass

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        question = json.loads(self.rfile.read(length))
        Fake.asked.append((self.path, question, dict(self.headers)))
        status, body = Fake.answers.get(self.path, (404, b"Not Found"))
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)


HEADER = {"revision": "5"}


def kv(key=KEY, value=b"v", **more):
    return {"key": encoded(key.encode()), "value": encoded(value),
            "version": "1", "mod_revision": "2", **more}


def ranged(*kvs, **more):
    return {"header": HEADER, "succeeded": True, "responses": [
        {"response_range": {"kvs": list(kvs), **more}}]}


LIES = {
    "no JSON": b"<html>", "half of it": b'{"header":{"revi', "none": b"",
    "a list": [], "no revision": {"succeeded": True, "responses": []},
    "no responses": {"header": HEADER, "succeeded": True},
    "another branch": {"header": HEADER, "responses": [
        {"response_range": {}}]},
    "too many": {"header": HEADER, "succeeded": True, "responses": [
        {"response_range": {}}, {"response_range": {}}]},
    "another kind": {"header": HEADER, "succeeded": True, "responses": [
        {"response_put": {}}]},
    "responses of none": {"header": HEADER, "succeeded": True,
                          "responses": [7]},
    "kvs that are none": {"header": HEADER, "succeeded": True, "responses": [
        {"response_range": {"kvs": "x"}}]},
    "a revision below 0": {"header": {"revision": "-5"}, "succeeded": True,
                           "responses": [{"response_range": {}}]},
    "a revision of 65 bits": {
        "header": {"revision": "18446744073709551616"}, "succeeded": True,
        "responses": [{"response_range": {}}]},
    "a key not asked for": ranged(kv("/other")),
    "keys out of order": ranged(kv(PREFIX + "b"), kv(PREFIX + "a")),
    "a key twice": ranged(kv(), kv()),
    "more than the limit": ranged(kv(PREFIX + "a"), kv(PREFIX + "b"),
                                  kv(PREFIX + "c")),
    "a key with NUL": ranged(kv(PREFIX + "a\0b")),
    "no key": ranged({"value": "eA=="}),
    "a key of no Base64": ranged(kv(key=KEY) | {"key": "*"}),
    "a value of no Base64": ranged(kv() | {"value": "\u00e9"}),
    "a value of a number": ranged(kv() | {"value": 7}),
    "a version of words": ranged(kv(version="x")),
    "a key twice in one object": b'{"header":{"revision":"5"},"header":{},'
                                 b'"responses":[{"response_range":{}}]}',
    "deep": b"[" * 100000,
}


def lies(checks, node):
    for what, body in LIES.items():
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        Fake.answers["/v3/kv/txn"] = 200, body
        told = node.txn({**EVERYTHING, "limit": 2})
        checks.that(busy(told, "answers with", False), f"a lie: {what}", told)
        told = node.txn({"do": "delete", "key": KEY}, {**EVERYTHING,
                                                       "limit": 2})
        checks.that(busy(told, "answers with", True),
                    f"of what was to be done: {what}", told)


def errors(checks, node):
    secret = f"etcdserver: {KEY} is v"
    rows = ((400, secret, False), (403, secret, False), (429, secret, False),
            (408, secret, True), (500, secret, True), (503, secret, True),
            (504, "context deadline exceeded", True),
            (503, "etcdserver: request timed out", True),
            (503, "etcdserver: leader changed", True),
            (500, "etcdserver: request timed out, possibly due to previous "
             "leader failure", True),
            (503, "etcdserver: no leader", False),
            (301, "elsewhere", True), (204, "", True))
    for status, message, unknown in rows:
        Fake.answers["/v3/kv/txn"] = status, json.dumps(
            {"error": message, "message": message, "code": 14}).encode()
        told = node.txn(put(KEY, b"1"))
        checks.that(busy(told, "", unknown) and KEY not in told["fail"],
                    f"{status} {message}: {'un' if unknown else ''}known",
                    told)
    Fake.answers["/v3/kv/txn"] = 404, b"Not Found"
    told = node.txn(put(KEY, b"1"))
    checks.that(busy(told, "404", True), "what is no etcd at all", told)
    Fake.answers["/v3/kv/txn"] = 0, b""
    told = node.txn(put(KEY, b"1"))
    checks.that(busy(told, "without an answer", True), "no answer", told)


def false_leases(checks, node):
    for what, path, bodies in (
            ("grant", "/v3/lease/grant", ({}, {"ID": "0"}, {"ID": "x"},
                                          {"ID": []})),
            ("keep", "/v3/lease/keepalive", (
                {}, {"result": {}}, {"result": {"ID": "8", "TTL": "5"}},
                {"error": {"message": "x"}},
                {"result": {"ID": "7", "TTL": "-1"}}))):
        for body in bodies:
            Fake.answers[path] = 200, json.dumps(body).encode()
            told = node.call(what, seconds=5, lease=7)
            checks.that(told.get("busy"), f"{what}: {body}", told)
    Fake.answers["/v3/lease/keepalive"] = 200, b'{"result":{"ID":"7"}}'
    checks.that(node.call("keep", lease=7).get("missing"), "no time left")


def false_watches(checks, node):
    Fake.answers["/v3/kv/range"] = 200, json.dumps({"header": HEADER}).encode()
    created = {"result": {"header": HEADER, "created": True}}

    def event(**more):
        return {"result": {"events": [more]}}
    for what, line in (
            ("no JSON", b"x"), ("no result", {}), ("a result of none", {
                "result": 1}), ("events of none", {"result": {"events": {}}}),
            ("a key not asked for", event(kv=kv("/other"))),
            ("no key", event(type="PUT")),
            ("another kind", event(type="MOVE", kv=kv())),
            ("an end", {"result": {"canceled": True}}),
            ("an error", {"error": {"message": f"etcdserver: {KEY}"}}),
            ("a long line", b"x" * (5 << 20))):
        if not isinstance(line, bytes):
            line = json.dumps(line).encode()
        Fake.answers["/v3/watch"] = 200, b"\n".join(
            [json.dumps(created).encode(), json.dumps(event(kv=kv()))
             .encode(), line, b""])
        with Watch(node, 1) as watch:
            checks.equal(watch.next(), (KEY, b"v"), f"{what}: before it")
            said = watch.next()
            checks.that(said != "nothing" and said.get("busy") and
                        KEY not in said["fail"], what, said)
    Fake.answers["/v3/watch"] = 401, b'{"error":"etcdserver: ' \
        b'invalid auth token"}'
    with Watch(node, 1) as watch:
        said = watch.next()
        checks.that("invalid auth token" in said.get("fail", ""),
                    "a refusal", said)


def false_tokens(checks, node):
    password = node.dir / "password"
    password.write_text("x", "utf-8")
    password.chmod(0o600)
    node.configure(cluster_user="sutler", cluster_password=password)
    for token in (None, "", "a b", "a\r\nX: y", "x" * 5000, 7, "\u00e9"):
        Fake.answers["/v3/auth/authenticate"] = 200, json.dumps(
            {"token": token}).encode()
        told = node.txn(put(KEY, b"1"))
        checks.that(busy(told, "gives no token", False),
                    f"a token {str(token)[:10]!r}", told)
    Fake.answers["/v3/auth/authenticate"] = 200, b'{"token":"t.1"}'
    Fake.answers["/v3/kv/txn"] = 401, b'{"error":"etcdserver: ' \
        b'invalid auth token","code":16}'
    Fake.asked.clear()
    told = node.txn(put(KEY, b"1"))
    checks.that(busy(told, "invalid auth token", False),
                "a token that is never good", told)
    checks.equal([path for path, *_ in Fake.asked],
                 ["/v3/auth/authenticate", "/v3/kv/txn"], "is asked for once")
    checks.equal(Fake.asked[1][2].get("Authorization"), "t.1", "as a header")
    told = node.txn(put(KEY, b"1"))
    checks.equal([path for path, *_ in Fake.asked[2:]],
                 ["/v3/kv/txn", "/v3/auth/authenticate", "/v3/kv/txn"],
                 "and replaced once")


def unasked(checks, node):
    """What may have been done is asked of no other."""
    node.configure(cluster_user=None, cluster_password=None)
    Fake.answers["/v3/kv/txn"] = 503, b'{"error":"etcdserver: leader changed"}'
    Fake.asked.clear()
    node.configure(cluster=f"{node.keys['cluster']},http://localhost:"
                   f"{node.keys['cluster'].rpartition(':')[2]}")
    node.txn(put(KEY, b"1"), request_id="req-1")
    checks.equal(len(Fake.asked), 1, "what may have been done is not repeated")
    checks.equal(Fake.asked[0][2].get("X-Request-Id"), "req-1",
                 "the request's id goes with it")
    Fake.asked.clear()
    node.txn(EVERYTHING)
    checks.equal(len(Fake.asked), 2, "what is read is asked of the next")
    Fake.answers["/v3/kv/txn"] = 503, b'{"error":"etcdserver: no leader"}'
    Fake.asked.clear()
    node.txn(put(KEY, b"1"))
    checks.that(len(Fake.asked) > 2, "an election is waited for",
                len(Fake.asked))


def fake(checks, node):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fake)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        node.configure(cluster=f"http://127.0.0.1:{server.server_port}")
        for part in (lies, errors, false_leases, false_watches, false_tokens,
                     unasked):
            part(checks, node)
    finally:
        server.shutdown()
        server.server_close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("-k", dest="pattern", default="")
    options = parser.parse_args()
    build, checks = options.build.resolve(), Checks()
    rows = [*TRIES, ("one that lies", 0, {}, None)]
    for what, members, keywords, function in rows:
        if not re.search(options.pattern, what):
            continue
        print(f"# {what}", flush=True)
        place = Path(tempfile.mkdtemp(prefix="sutler-test-etcd-node-"))
        try:
            if function is None:
                fake(checks, Node(build, place, "http://127.0.0.1:1"))
                continue
            with Etcd(members, **keywords) as etcd:
                function(checks, Node(build, place, etcd.urls), etcd)
        except Exception:   # the others are tried all the same
            checks.that(False, what, traceback.format_exc().replace(
                "\n", "\n# "))
        finally:
            shutil.rmtree(place, ignore_errors=True)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
