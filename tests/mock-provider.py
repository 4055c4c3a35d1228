#!/usr/bin/env python3
"""A provider of any dialect on 127.0.0.1, which answers what a test says.

Every provider has a desk of its own below /<name>/: it notes what it was
asked, answers by its script while there is one, and otherwise does what a
well-behaved provider of any of the dialects would.

Run as a program, it serves well-behaved desks alone and prints its URL.
"""
import base64
import http.server
import json
import sys
import threading
import time


class Seen:
    """A request as it came."""

    def __init__(self, method: str, path: str, headers, body: bytes):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def basic(self) -> str:
        word, _, rest = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(rest).decode() if word == "Basic" else ""


class Desk:
    """One provider's side."""

    def __init__(self, name: str, config=None, numbers=False, key="config"):
        self.name = name
        self.config = config or {}   # variable -> format of its value
        self.key = key               # under which they are answered
        self.first = 9007199254740993 if numbers else 1
        self.numbers = numbers
        self.seen = []
        self.script = []
        self.left = 0       # dripping answers that were not heard out
        self.down = False   # then every answer is a 500
        self.count = 0

    def then(self, status=200, body=b"", delay=0.0, close=False, during=None,
             headers=None, drip=""):
        """Answer the next request so; during() is called meanwhile.  drip:
        "head" or "body", of which a byte comes now and then, for two minutes."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.script.append({"status": status, "body": body, "delay": delay,
                            "close": close, "during": during,
                            "headers": headers or {}, "drip": drip})

    def asked(self, method: str) -> list:
        return [seen for seen in self.seen if seen.method == method]

    def values(self) -> dict:
        return {name: text.format(n=self.count)
                for name, text in self.config.items()}

    def identifier(self):
        number = self.first + self.count - 1
        return number if self.numbers else f"{self.name}-{number}"

    def usual(self, method: str) -> dict:
        """What a well-behaved provider answers."""
        if method == "DELETE":
            return {"status": 204, "body": b""}
        self.count += 1
        body = {self.key: self.values(), "message": f"{method} was done"}
        if method == "POST":
            body["id"] = self.identifier()
        return {"status": 201 if method == "POST" else 200,
                "body": json.dumps(body).encode()}

    def answer(self, method: str) -> dict:
        if self.down:
            return {"status": 500, "body": b"down"}
        return self.script.pop(0) if self.script else self.usual(method)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        name = self.path.strip("/").split("/")[0]
        desk = self.server.desks.setdefault(name, Desk(name))
        desk.seen.append(Seen(self.command, self.path, self.headers, body))
        answer = desk.answer(self.command)
        if answer.get("during"):
            answer["during"](desk.seen[-1])
        self.server.leaving.wait(answer.get("delay", 0.0))
        self.close_connection = True
        if answer.get("drip"):
            self.drip(desk, answer)
        elif not answer.get("close"):
            self.send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def send(self, answer: dict):
        try:
            self.send_response(answer["status"])
            for name, value in answer.get("headers", {}).items():
                self.send_header(name, value)
            if answer["status"] != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer["body"])))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer["body"] + answer.get("behind", b""))
        except OSError:
            pass   # the other side has gone

    def drip(self, desk: Desk, answer: dict):
        head = b"HTTP/1.1 %d Drip\r\nContent-Length: 500\r\n" % answer["status"]
        try:
            self.wfile.write(head if answer["drip"] == "head"
                             else head + b"\r\n" + answer["body"])
            for _ in range(300):
                self.wfile.write(b"x" if answer["drip"] == "head" else b" ")
                if self.server.leaving.wait(0.4):
                    return
        except OSError:
            desk.left += 1

    def log_message(self, *_args):
        pass


class Mock(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.desks = {}
        self.leaving = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def desk(self, name: str, *how) -> Desk:
        self.desks[name] = Desk(name, *how)
        return self.desks[name]

    def stop(self):
        self.leaving.set()
        self.shutdown()
        self.server_close()


def main():
    mock = Mock()
    print(mock.url, flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        mock.stop()
        sys.exit(0)


if __name__ == "__main__":
    main()
