"""Request smuggling: where a body ends is read in one way only, whatever says
so."""
import json
import socket
import ssl

from scenario_base import among, eventually, same, scenario, Skip
from wire import SECONDS, read_all


def raw(door, data: bytes) -> bytes:
    """What comes back to these bytes, until the server ends the connection: at
    the latest after the request that is put behind them."""
    link = socket.create_connection(("127.0.0.1", door.port), SECONDS)
    if door.public_url.startswith("https:"):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        link = context.wrap_socket(link)
    last = (f"GET {door.prefix}/v1/regions HTTP/1.1\r\nHost: 127.0.0.1:"
            f"{door.port}\r\nConnection: close\r\n\r\n").encode()
    with link:
        try:
            link.sendall(data + last)
        except OSError:
            pass   # it has ended already
        return read_all(link)


def credentials(door, who) -> str:
    """A header line that says who asks, as the server lets it through."""
    if door.lets("Authorization", "Bearer"):
        return f"Authorization: Bearer {who.token}"
    return f"Cookie: {door.sign_in(who.token)}"


def request(world, who, path: str, lines: list, body: bytes) -> bytes:
    """A POST with these lines more."""
    head = [f"POST {world.door.prefix}{path} HTTP/1.1",
            f"Host: 127.0.0.1:{world.door.port}",
            credentials(world.door, who), "Content-Type: application/json"]
    return "\r\n".join([*head, *lines, "", ""]).encode("latin-1") + body


def hidden(world, who, name: str) -> bytes:
    """A request that makes an app."""
    body = json.dumps({"app": {"name": name}}).encode()
    return request(world, who, "/v1/apps", [f"Content-Length: {len(body)}",
                                            "Connection: close"], body)


def framings(inner: bytes) -> dict:
    """Ways to say where a body ends that two readers might read differently:
    the headers, and the body.  Whoever takes all of it for the body, or refuses
    it, is right."""
    chunked = b"0\r\n\r\n" + inner
    whole, none = f"Content-Length: {len(inner)}", "Content-Length: 0"
    behind = f"Content-Length: {len(chunked)}"
    coding = "Transfer-Encoding: chunked"
    return {
        "two lengths": ([none, whole], inner),
        "two lengths, the small one last": ([whole, none], inner),
        "a list of lengths": ([whole.replace(": ", ": 0, ")], inner),
        "a sign": ([whole.replace(": ", ": +")], inner),
        "a space in it": (["Content-Length: 0 0"], inner),
        "a hexadecimal length": (["Content-Length: 0x0"], inner),
        "a space before the colon": (
            [none.replace(":", " :"), whole], inner),
        "a folded length": (["Content-Length:\r\n 0", whole], inner),
        "an underscore": (["Content_Length: 0", whole], inner),
        "an unknown coding": ([behind, coding.replace(" ", " x")], chunked),
        "a coding, a space before the colon": (
            [behind, coding.replace(":", " :")], chunked),
        "a coding behind a control character": (
            [behind, coding.replace(" ", " \x0b")], chunked),
        "two codings": ([behind, coding, "Transfer-Encoding: identity"],
                        chunked),
        "a folded coding": ([behind, f"X: y\r\n {coding}"], chunked),
        "a coding behind a length": ([behind, coding], chunked),
        "a coding before a length": ([coding, behind], chunked),
    }


@scenario("no second request is found in a body")
def smuggling(world):
    if not world.door.served or (world.door.http2 and
                                 not world.door.proxied):
        raise Skip("no connection, or frames instead of text")
    app, owner = world.app(), world.account()
    raw(world.door, hidden(world, owner, "not-hidden"))   # so it can be seen
    # a server may end the connection before its program has ended
    eventually(lambda: world.call(owner, "GET",
                                  "/v1/apps/not-hidden").status == 200,
               "the app is there")
    for number in range(len(framings(b""))):
        name = f"slipped-in-{number}"
        what, (lines, body) = list(framings(
            hidden(world, owner, name)).items())[number]
        raw(world.door, request(world, app.owner, app.path("/variables"),
                                lines, body))
        found = world.call(owner, "GET", "/v1/apps?", want=200).data["apps"]
        same([one["name"] for one in found], ["not-hidden"], what)


@scenario("a body in chunks is taken whole, or not at all")
def chunks(world):
    if not world.door.served or (world.door.http2 and
                                 not world.door.proxied):
        raise Skip("no connection, or frames instead of text")
    app = world.app()
    for count, end in ((1, b"0\r\n\r\n"), (7, b"0\r\n\r\n"), (7, b"")):
        value = f"in {count} chunks{' and no end' if not end else ''}"
        body = json.dumps({"variable": {"name": f"C{count}{len(end)}",
                                        "value": value}}).encode()
        size = -(-len(body) // count)
        pieces = [body[at:at + size] for at in range(0, len(body), size)]
        said = raw(world.door, request(
            world, app.owner, app.path("/variables"),
            ["Transfer-Encoding: chunked", "Connection: close"],
            b"".join(b"%x\r\n%s\r\n" % (len(piece), piece)
                     for piece in pieces) + end))
        made = world.values(app).get(f"C{count}{len(end)}")
        among(made, (None, value), "the value")
        if b" 201 " in said.partition(b"\r\n")[0]:
            same(made, value, "what is said to be made")
