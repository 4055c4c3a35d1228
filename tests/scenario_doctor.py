"""sutler doctor: an installation that is well, and each fault by itself."""
import fcntl
import http.server
import json
import os
import ssl
import subprocess
import threading
import time

from scenario_base import Skip, Unchanged, same, scenario, true
from scenario_outbox import due_now


def look(world, want=0) -> dict:
    """What it finds, by check: [(state, finding, remedy)]."""
    found = {}
    done = world.sutler("doctor", "--json", want=want)
    for row in json.loads(done.stdout):
        found.setdefault(row["check"], []).append(
            (row["state"], row["finding"], row["remedy"]))
    return found


def states(found, check) -> list:
    return [state for state, _, _ in found[check]]


@scenario("an installation that is well is found so, and left alone")
def well(world):
    world.sutler("tick")
    with Unchanged(world):
        found = look(world, want=None)
    same(list(found), ["files", "format", "secrets", "space", "clock", "lock",
                       "tick", "open work", "fence", "cluster", "server",
                       "providers", "certificates"], "checks")
    for check in ("files", "format", "clock", "lock", "tick", "fence",
                  "certificates"):
        same(found[check], [("ok", "well", None)], check)
    true("fault" not in states(found, "space"), str(found["space"]))
    if world.door.served:
        passes = world.door.lets("Authorization", "Bearer")
        same(states(found, "server"), ["ok" if passes else "warning"],
             str(found["server"]))
    else:
        same(states(found, "server"), ["fault"], "no server")
        true("start the web server" in found["server"][0][2], str(found))
    shown = world.sutler("doctor", want=None).stdout.decode()
    true("clock\tok\twell" in shown, shown)


@scenario("each fault of an installation is named, with what to do",
          every_door=False)
def faults(world):
    world.sutler("tick")
    key, mark = world.data / "key", world.data / "state" / "commits"
    key.chmod(0o644)
    found = look(world, want=1)["files"]
    key.chmod(0o600)
    same([(state, remedy) for state, _, remedy in found],
         [("fault", f"chmod 600 {key}")], "key")
    world.data.chmod(0o755)
    found = look(world, want=1)["files"]
    world.data.chmod(0o700)
    same(found[0][2], f"chmod 700 {world.data}", "data")
    old = time.time() - 7200
    os.utime(mark, (old, old))
    found = look(world, want=None)["tick"]
    same(found[0][0], "warning", "tick")
    true("120 minutes ago" in found[0][1] and "sutler tick" in found[0][2],
         str(found))
    with open(world.data / "state" / "lock", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        same(states(look(world, want=1), "lock"), ["fault"], "lock")
    same(states(look(world, want=None), "lock"), ["ok"], "lock")


@scenario("a fence that is off, and a directory that lies elsewhere",
          every_door=False)
def fence(world):
    index, elsewhere = world.data / "index", world.dir / "elsewhere"
    world.configure(fence="no")
    index.rename(elsewhere)
    index.symlink_to(elsewhere)
    try:
        found = look(world, want=1)["fence"]
    finally:
        index.unlink()
        elsewhere.rename(index)
        world.configure(fence=None)
    same([state for state, _, _ in found], ["warning", "fault"], "states")
    true("fence = no" in found[0][2], str(found))
    true(str(index) in found[1][1] and "--bind" in found[1][2], str(found))


class Deaf(http.server.BaseHTTPRequestHandler):
    """Like a server that keeps Authorization from its programs."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


@scenario("a server that hides Authorization is found out", every_door=False)
def deaf(world):
    server = http.server.HTTPServer(("127.0.0.1", 0), Deaf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        world.configure(
            public_url=f"http://127.0.0.1:{server.server_address[1]}")
        found = look(world, want=None)["server"]
        same(found[0][0], "warning", "server")
        true("Authorization" in found[0][1], str(found))
    finally:
        world.configure(public_url=world.door.public_url)
        server.shutdown()
        server.server_close()


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_args):
        """Who does not trust us hangs up."""


class Secure:
    """with Secure(world, days) as url: a server with a certificate that is
    good for so long, and that nobody vouches for."""

    def __init__(self, world, days: int):
        name = world.fresh("certificate")
        self.key, self.file = (world.dir / f"{name}.{end}"
                               for end in ("key", "pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj",
             "/CN=127.0.0.1", "-keyout", self.key, "-out", self.file],
            check=True, capture_output=True)

    def __enter__(self) -> str:
        self.server = Quiet(("127.0.0.1", 0), Deaf)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True,
            do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        return f"https://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@scenario("certificates: ours and the providers', how long they are good, and "
          "whether anybody vouches for them", every_door=False)
def certificates(world):
    try:
        for days, want in ((400, []), (10, ["warning"]), (2, ["fault"])):
            with Secure(world, days) as url:
                world.configure(public_url=url)
                found = look(world, want=1)
            true("cannot be verified" in found["server"][0][1], str(found))
            rows = [row for row in found["certificates"] if url in row[1]]
            same([row[0] for row in rows], want, f"{days} days")
            true(all(f"expires in {days - 1} days" in row[1] or
                     f"expires in {days} days" in row[1] for row in rows),
                 str(rows))
        with Secure(world, 5) as url:
            world.configure(public_url=world.door.public_url)
            supplier = world.provider("scalingo", change=lambda m: m.update(
                production={"base_url": f"{url}/resources",
                            "sso_url": f"{url}/sso"}))
            found = look(world, want=1)
        world.sutler("provider", "remove", supplier.slug)
        for check, word in (("certificates", "expires in"),
                            ("providers", "cannot be verified")):
            true(any(row[1].startswith(f"{supplier.slug}: ") and word in row[1]
                     for row in found[check]), f"{check}: {found[check]}")
    finally:
        world.configure(public_url=world.door.public_url)


@scenario("a provider that cannot be reached, and work that does not succeed",
          every_door=False)
def others(world):
    supplier = world.provider("scalingo")
    app = world.app()
    addon = world.addon(app, supplier)
    same([row for row in look(world, want=None)["providers"]
          if supplier.slug in row[1]], [], "reachable")
    gone = world.provider("scalingo", change=lambda manifest: manifest.update(
        production={"base_url": "http://127.0.0.1:1/resources",
                    "sso_url": "http://127.0.0.1:1/sso"}))
    found = look(world, want=1)["providers"]
    true(any(state == "fault" and finding.startswith(f"{gone.slug}: ")
             for state, finding, _ in found), str(found))
    world.sutler("provider", "remove", gone.slug)
    supplier.desk.down = True
    world.call(app.owner, "DELETE", app.path(f"/addons/{addon['id']}"),
               want=204)
    for _ in range(5):
        due_now(world, addon["id"])
        world.sutler("tick")
    found = [row for row in look(world, want=None)["open work"]
             if addon["id"] in str(row[2])]
    same([state for state, _, _ in found], ["warning"], str(found))
    true("abandon" in found[0][2], "what to do")
    supplier.desk.down = False
    due_now(world, addon["id"])
    world.sutler("tick")
    same(world.owed(addon["id"]), [], "settled")


@scenario("a catalogue of any length is no trouble of the server's")
def long_catalogue(world):
    if not world.door.served:
        raise Skip("no web server is there")
    for _ in range(30):
        world.provider("scalingo", change=lambda manifest: manifest.update(
            description="x" * 9000))
    found = look(world, want=None)["server"]
    true("fault" not in [state for state, _, _ in found], str(found))
