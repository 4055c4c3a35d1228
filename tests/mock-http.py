"""A provider that misbehaves on purpose, for tests/test-client.c.

Prints its port on stdout and serves 127.0.0.1 until its stdin is closed, or
for ten minutes.
"""
import base64
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CREDENTIALS = "Basic " + base64.b64encode("me:s\u00e9cret:x".encode()).decode()


class Mock(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def echo(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)).decode() if length else None
        said = {"method": self.command, "path": self.path, "body": body}
        for name in ("Authorization", "Accept", "Content-Type", "User-Agent",
                     "Accept-Encoding", "Expect", "Cookie"):
            said[name] = self.headers.get(name)
        self.answer(201, json.dumps(said).encode())

    def login(self):
        good = self.headers.get("Authorization") == CREDENTIALS
        self.answer(200 if good else 401, b'{"ok":true}' if good else b"no")

    def slow(self):
        time.sleep(3)
        self.answer(200)

    def drip(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def lines(self):
        self.send_response(200)
        self.end_headers()
        for text in (b"one\n", b"", b"two\nthr", b"ee\n\n", b"rest"):
            self.wfile.write(text)
            time.sleep(0.3)

    def long_line(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(80):
            self.wfile.write(b"x" * (64 << 10))

    def redirect(self):
        self.answer(302, b"elsewhere", Location="/echo")

    def full(self):
        self.answer(200, b"x" * (256 << 10))

    def huge(self):
        self.answer(200, b"x" * ((256 << 10) + 1))

    def endless(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(4096):
            self.wfile.write(b"x" * (64 << 10))

    def headers_huge(self):
        self.answer(200, b"", **{"X_%d" % i: "x" * 1000 for i in range(90)})

    def garbage(self):
        self.wfile.write(b"\x00\xffthis is no HTTP\r\n\r\n")

    def short(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")

    def nothing(self):
        pass

    def gzip(self):
        self.answer(200, b"\x1f\x8b\x00\n\x00raw", Content_Encoding="gzip")

    def empty(self):
        self.send_response(204)
        self.end_headers()

    def any(self):
        self.close_connection = True
        name = self.path.split("?")[0].strip("/").split("/")[0]
        try:
            getattr(self, name.replace("-", "_"), self.echo)()
        except (BrokenPipeError, ConnectionResetError):
            pass

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mock)
    threading.Timer(600, os._exit, [1]).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()
