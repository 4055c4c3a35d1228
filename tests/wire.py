"""HTTP on a socket, as the tests speak it: what is sent is what was asked
for, faults included."""
import http.client
import io
import socket
import time
from typing import NamedTuple

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
    apart: the body is sent when the head has surely been read."""
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
            time.sleep(0.1)
            head = b""
        return exchange(link, method, head + (body or b""),
                        body is not None and length != len(body))


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
