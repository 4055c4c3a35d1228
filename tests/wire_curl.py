"""HTTP/2, and TLS, as curl speaks them.  A body that has no length, and several
requests at once, are nghttp's: curl 7.88 breaks off.
"""
import os
import re
import subprocess
import tempfile

from wire import SECONDS, Answer

# What curl would add by itself.
OWN = ("Accept", "User-Agent", "Content-Type", "Expect")
# Ends of curl that mean: the server has ended the stream, or the connection.
BROKEN = (16, 18, 52, 55, 56, 92)
VERSION = b"HTTP/2 "


def common(url: str, clear: bool) -> list:
    words = ["curl", "-q", "-s", "-S", "-g", "-k", "--noproxy", "*",
             "--path-as-is", "--max-time", str(SECONDS)]
    words.append("--http2-prior-knowledge" if clear else "--http2")
    return [*words, url]


def lines(headers: dict) -> list:
    given = {name.lower() for name in headers}
    words = [f"{name}:" for name in OWN if name.lower() not in given]
    words += [f"{name}: {value}" if str(value).strip() else f"{name};"
              for name, value in headers.items()]
    return [word for line in words for word in ("-H", line)]


def ask(url: str, method: str, target: str, headers: dict, body=None,
        length=None) -> Answer:
    """One request to url (a scheme and a host).  length: a Content-Length that
    may lie."""
    words = common(url, url.startswith("http:"))
    words += ["--request-target", target]
    words += ["-I"] if method == "HEAD" and body is None else \
        ["-i", "-X", method]
    if length is not None:
        headers = {**headers, "Content-Length": str(length)}
    if body is not None:
        words += ["--data-binary", "@-"]
    done = subprocess.run(
        [os.fsencode(word) for word in (*words, *lines(headers))],
        input=body or b"", capture_output=True, check=False,
        timeout=SECONDS + 10)
    if done.returncode != 0 and not done.stdout:
        if done.returncode in BROKEN:
            return Answer(0, [], b"")
        raise AssertionError(f"curl: {done.returncode} {done.stderr!r}")
    return parse(done.stdout)


def parse(data: bytes) -> Answer:
    """The last answer: what is of the kind 100 comes before it."""
    status = 100
    while status < 200:
        head, gap, data = data.partition(b"\r\n\r\n")
        first, *rest = head.split(b"\r\n")
        if not gap or not first.startswith(VERSION):
            raise AssertionError(f"not HTTP/2: {head[:200]!r}")
        status = int(first.split()[1])
    return Answer(status, [
        (name, value.strip()) for name, _, value in
        (line.decode("latin-1").partition(":") for line in rest)], data)


def nghttp(urls: list, headers: dict, *words) -> str:
    """What it says of the frames on its one connection."""
    given = [f"-H{name}: {value}" for name, value in headers.items()]
    done = subprocess.run(
        ["nghttp", "-nv", "-t", str(SECONDS), *words, *given, *urls],
        capture_output=True, check=True, timeout=SECONDS + 10)
    return done.stdout.decode("utf-8", "replace")


def received(said: str) -> list:
    return re.findall(r"recv \(stream_id=\d+\) (:?[\w-]+): (.*)$", said, re.M)


def ask_unmeasured(url: str, method: str, headers: dict,
                   body: bytes) -> Answer:
    """One request whose body has no Content-Length, which HTTP/2 does not ask
    for: nothing but the stream tells its end.  The answer without its body."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        said = nghttp([url], headers, "--no-content-length", "-d", file.name,
                      f"-H:method: {method}")
    if "content-length" in said.partition("send HEADERS")[2].partition(
            "send DATA")[0]:
        raise AssertionError("a Content-Length was sent")
    found = received(said)
    return Answer(int(dict(found).get(":status", 0)), [
        row for row in found if not row[0].startswith(":")], b"")


def ask_at_once(urls: list, headers: dict) -> list:
    """Several GETs at once on one connection: their statuses."""
    return [int(value) for name, value in
            received(nghttp(urls, headers)) if name == ":status"]
