"""HTTP on a socket, as the tests speak it: what is sent is what was asked
for, faults included."""
import fcntl
import http.client
import io
import re
import socket
import sys
import termios
import time
from pathlib import Path
from typing import NamedTuple

TCP = Path("/proc/net/tcp")   # what each connection here has not yet read
SECONDS = 60        # longest wait for one answer


class Answer(NamedTuple):
    """What came back; status 0: the connection ended without an answer."""
    status: int
    headers: list
    body: bytes

    def header(self, name: str, otherwise=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return otherwise

    def brief(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


def ask(port: int, method: str, target: str, headers: dict, body=None,
        length=None, apart=False) -> Answer:
    """One request to 127.0.0.1.  length: a Content-Length that may lie.
    apart: the body is sent when the head has been read."""
    if length is None and (body is not None or method == "POST"):
        length = len(body or b"")
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}",
             "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    head = "\r\n".join(lines + ["", ""]).encode("utf-8", "surrogateescape")
    with socket.create_connection(("127.0.0.1", port), SECONDS) as link:
        if apart and body:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(head)
            await_reader(link)
            head = b""
        return exchange(link, method, head + (body or b""),
                        body is not None and length != len(body))


def await_reader(link: socket.socket):
    """Until the other end, which is here, too, has read what was sent."""
    mine, theirs = link.getsockname()[1], link.getpeername()[1]
    row = re.compile(rf":{theirs:04X} [0-9A-F]{{8}}:{mine:04X} "
                     rf"[0-9A-F]{{2}} [0-9A-F]{{8}}:([0-9A-F]{{8}}) ")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        sent = int.from_bytes(fcntl.ioctl(link, termios.TIOCOUTQ, b"\0" * 4),
                              sys.byteorder)
        found = row.search(TCP.read_text("ascii"))
        if not found or (sent == 0 and int(found[1], 16) == 0):
            return   # none: it has hung up
        time.sleep(0.0005)
    raise AssertionError("nobody reads what is sent")


def exchange(link: socket.socket, method: str, sent: bytes,
             hang_up: bool) -> Answer:
    """Send, perhaps close our half, and read what comes back."""
    try:
        link.sendall(sent)
        if hang_up:
            link.shutdown(socket.SHUT_WR)
    except OSError:
        pass   # it may have answered already
    try:
        data = read_all(link)
    except ConnectionError:
        data = b""
    if not data:
        return Answer(0, [], b"")
    response = http.client.HTTPResponse(Recorded(data), method=method)
    response.begin()
    return Answer(response.status, response.getheaders(), response.read())


def read_all(link: socket.socket) -> bytes:
    data = b""
    while True:
        try:
            piece = link.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


class Recorded:
    """Bytes that http.client may take for a socket."""

    def __init__(self, data: bytes):
        self.data = data

    def makefile(self, _mode: str):
        return io.BytesIO(self.data)
