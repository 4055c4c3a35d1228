#!/usr/bin/env python3
"""Takes one defence after the other away, and sees its test fail.

usage: defences.py [--build DIR] [-k PATTERN]

The table is the list of attacks: what withstands each, and which test shows it.
In a copy of the tree the defence's text is replaced, the program is built, and
the test is run: it has to fail by a line "not ok", as it has to pass before.
Prints TAP, then "N passed, N failed".
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parent.parent
SECONDS = 600
LEFT_OUT = (".git", "asan", "clang", "fuzz", "data", "__pycache__")


class Row(NamedTuple):
    attack: str
    file: str      # where the defence stands
    old: str       # its text
    new: str       # and without it
    test: str      # a C test, or "DOOR: PATTERN" of the scenarios

    def title(self) -> str:
        return f"{self.attack}: {self.file} by {self.test}"


CGI, BODY, AUTH = "lib/cgi.c", "lib/cgi-body.c", "lib/auth.c"
SEND, ORIGIN, SSO = "lib/send.c", "lib/origin.c", "cgi-bin/sso.c"
ROWS = [Row(*row) for row in (
    # .. and its like
    ("path traversal", "lib/cgi-path.c",
     'f = fail(FAIL_MISSING, "not found");', "f = NULL;", "test-cgi"),
    ("path traversal, by a provider's id", SEND,
     "curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);", "", "test-client"),
    # lines that are put into heads
    ("header injection, towards a provider", SEND,
     'strpbrk(one->valuestring, "\\r\\n") != NULL', "false", "test-send"),
    ("header injection, towards a provider", SEND,
     'strpbrk(q->accept, "\\r\\n") != NULL', "false", "test-send"),
    ("response splitting", "lib/cgi-answer.c",
     "(unsigned char)value[len] >= ' ' && value[len] != 0x7f",
     "value[len] != '\\0'", "test-cgi"),
    ("response splitting, by X-Request-Id", CGI,
     "if (len > 0 && len <= 64 && id[len] == '\\0')", "if (true)",
     "direct: attack: splitting"),
    ("forged lines of a log", "lib/complain.c",
     "if ((unsigned char)line.text[i] < ' ' || line.text[i] == 0x7f)",
     "if (i > line.len)", "test-cgi-answer"),
    # where a body ends
    ("request smuggling, a length that is none", BODY,
     "if (*text < '0' || *text > '9')\n\t\t\treturn -1;", "",
     "test-cgi-body"),
    ("request smuggling, a length too large", BODY,
     "if (n <= 0)\n\t\t\treturn fail(FAIL_SYNTAX,", """if (n <= 0)
			break;
		if (n < 0)
			return fail(FAIL_SYNTAX,""", "test-cgi-body"),
    ("request smuggling, a hidden length", BODY,
     "if (length_is_hidden())", "if (false)", "test-cgi-body"),
    ("request smuggling, chunks where no end is told", BODY,
     'return is_chunked() && getenv("SUTLER_BODY_ENDS") != NULL;',
     "return is_chunked();", "test-cgi-body"),
    ("request smuggling, before the programs", "tests/servers/lighttpd.conf",
     '"header-strict" => "enable"', '"header-strict" => "disable"',
     "lighttpd: smuggling"),
    # what another site's page may do
    ("CSRF, a form or a text", ORIGIN, "if (!is_json())", "if (false)",
     "direct: session: a change by cookie"),
    ("CSRF, a type with JSON's in it", ORIGIN,
     "return *type == '\\0' || *type == ';';", "return true;",
     "direct: session: a change by cookie"),
    ("CSRF, another origin", ORIGIN,
     "strcmp(origin, own_origin()) != 0)", "false)",
     "direct: session: a change by cookie"),
    ("CSRF, a sibling's site", ORIGIN,
     'strcmp(site, "same-origin") != 0', "false",
     "direct: session: a (change|read) by cookie"),
    ("CSRF, by a cookie that every site sends", "lib/session.c",
     "SameSite=Strict; ", "", "direct: session: a sign-in gives"),
    ("CSRF, signed in as somebody else", "cgi-bin/token-session.c",
     "page */\n\tconst struct fail *f = origin_check(c->act.conf);",
     "page */\n\tconst struct fail *f = NULL;",
     "direct: session: nobody is signed in"),
    ("CSRF, a neighbour's cookie beside ours", AUTH,
     "s->next != NULL || ", "", "direct: session: of several cookies"),
    ("CSRF, a Bearer's request with a cookie", AUTH,
     "if (authorization() == NULL)", "if (true)",
     "direct: session: no cookie opens"),
    ("CSRF, a method in the query of a GET", CGI,
     'if (strcmp(given, "POST") != 0)\n\t\treturn given;', "", "test-cgi"),
    ("CSRF, Basic credentials that a browser has kept", AUTH,
     "f = origin_check_page(c->act.conf);", "f = NULL;",
     "direct: attack: CSRF"),
    # frames
    ("clickjacking, the page of an SSO", SSO, " frame-ancestors 'none'", "",
     "direct: attack: clickjacking"),
    ("clickjacking, the dashboard by a program", "cgi-bin/page.c",
     "frame-ancestors 'none'", "", "direct: attack: clickjacking"),
    ("clickjacking, the dashboard by a server", "tests/servers/nginx.conf",
     "frame-ancestors 'none'", "", "nginx: attack: clickjacking"),
    # time
    ("timing of a compare", "lib/hash.c",
     "differ |= (unsigned char)(a[i] ^ b[b_len == 0 ? 0 : i % b_len]);",
     """if ((differ |= (unsigned char)(a[i] ^ b[b_len == 0 ? 0 : i % b_len])))
			return false;""", "test-timing"),
    ("timing of a compare, by the length", "lib/hash.c",
     "size_t a_len = strlen(a), b_len = strlen(b), i;",
     "size_t a_len = strlen(a), b_len = strlen(b), i;\n\n"
     "\tif (a_len != b_len)\n\t\treturn strcmp(a, b) == 0;", "test-timing"),
    ("timing of a user's name", AUTH,
     "if (f != NULL)\n\t\tp = NULL;", "if (f != NULL)\n\t\treturn refused();",
     "test-timing"),
    ("timing of the password before", AUTH,
     "equal_old = hash_equal(password, old == NULL ? nobody : old);",
     "equal_old = old != NULL && hash_equal(password, old);", "test-timing"),
    # who is there
    ("user enumeration, a disabled account", AUTH,
     "if (a->disabled)\n\t\treturn refused();",
     'if (a->disabled)\n\t\treturn fail(FAIL_FORBIDDEN, "disabled");',
     "direct: attack: enumeration: who"),
    ("user enumeration, the portal's names", AUTH,
     "strcasecmp(user, c->account->email) != 0)\n\t\tf = refused();",
     'strcasecmp(user, c->account->email) != 0)\n'
     '\t\tf = fail(FAIL_AUTH, "this is not the token of %s", user);',
     "direct: attack: enumeration: who"),
    ("user enumeration, a grant", "lib/oauth.c",
     "if (work == NULL)\n\t\treturn refused();",
     'if (work == NULL)\n\t\treturn fail_missing("addon");',
     "direct: attack: enumeration: a grant"),
    # where we are made to ask
    ("SSRF, private addresses", SEND,
     "CURLOPT_OPENSOCKETFUNCTION, open_socket", "CURLOPT_SOCKOPTDATA, NULL",
     "direct: addons_trouble: private addresses"),
    ("SSRF, by webhook", SEND,
     "CURLOPT_OPENSOCKETFUNCTION, open_socket", "CURLOPT_SOCKOPTDATA, NULL",
     "direct: attack: SSRF: a provider's webhook"),
    ("SSRF, rebinding names", SEND,
     "CURLOPT_OPENSOCKETFUNCTION, open_socket", "CURLOPT_SOCKOPTDATA, NULL",
     "test-send"),
    ("SSRF, an IPv4 address in IPv6", SEND,
     "{AF_INET6, 3,  {0}                     },", "", "test-client"),
    ("SSRF, the cloud's own address", SEND,
     "{AF_INET,  16, {169, 254}              },", "", "test-client"),
    ("SSRF, the address 0", SEND,
     "{AF_INET,  8,  {0}                     },", "", "test-client"),
    ("SSRF, redirects", SEND, "CURLOPT_FOLLOWLOCATION, 0L",
     "CURLOPT_FOLLOWLOCATION, 1L", "direct: attack: SSRF: no redirect"),
    ("SSRF, other protocols", SEND,
     'strncasecmp(q->url, "http://", 7) != 0', "false", "test-client"),
    ("SSRF, plain http", SEND,
     'return q->allow_http || trouble(a, "refused a URL without TLS");',
     "return true;", "test-client"),
    ("SSRF, through a proxy", SEND,
     """curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");""", "", "test-send"),
    # what comes back
    ("decompression bombs", SEND, "CURLOPT_HTTP_CONTENT_DECODING, 0L",
     'CURLOPT_ACCEPT_ENCODING, ""', "direct: attack: decompression"),
    ("an endless answer", SEND, "if (len > a->limit - a->len) {",
     "if (len > a->limit - a->len)\n\t\tlen = 0;\n\tif (false) {",
     "test-client"),
    ("endless headers", SEND, "if (a->headers > HEADERS_MAX) {",
     "if (false) {", "test-client"),
    # beneath it send has the same limit of its own
    ("slow providers", "lib/client.c",
     "deadline = now_ms() + ms + GRACE_MS",
     "deadline = now_ms() + 3600 * 1000", "test-client"),
    # servers' own
    ("a name that nobody has checked", "tests/servers/nginx.conf",
     'fastcgi_param REMOTE_USER "";', "fastcgi_param REMOTE_USER $remote_user;",
     "nginx: servers: nothing that a client"),
    ("a header that becomes a setting", "tests/servers/nginx.conf",
     'fastcgi_param HTTP_PROXY "";', "",
     "nginx: servers: nothing that a client"),
    ("a listed directory", "tests/servers/merecat.conf",
     "|/vendor/*|", "|/vendor/apps|",
     "merecat: servers: no program is a file"),
)]


class Copy:
    """The tree, to be spoilt."""

    def __init__(self, build: Path):
        self.place = Path(tempfile.mkdtemp(prefix="sutler-defences-"))
        self.place.chmod(0o755)
        self.top = self.place / "tree"
        shutil.copytree(TOP, self.top, symlinks=True,
                        ignore=shutil.ignore_patterns(*LEFT_OUT, ".build"))
        shutil.copytree(build, self.top / ".build", symlinks=True,
                        ignore=shutil.ignore_patterns(*LEFT_OUT))

    def run(self, *words) -> tuple:
        done = subprocess.run(
            words, cwd=self.top, capture_output=True, timeout=SECONDS,
            check=False, stdin=subprocess.DEVNULL,
            env=dict(os.environ, MAKEFLAGS=""))
        return done.returncode, (done.stdout + done.stderr).decode(
            "utf-8", "replace")

    def test(self, name: str) -> tuple:
        """What it says, and whether it passed; None: it was not run."""
        scenario = ":" in name
        program = f".build/tests/{name}"
        status, said = self.run("make", "-s", "-j2", "all",
                                *([] if scenario else [program]))
        if status != 0:
            return None, said
        door, _, pattern = name.partition(": ")
        status, said = self.run(*(
            [sys.executable, "tests/scenarios.py", "--build", ".build",
             "--door", door, "-k", pattern] if scenario else [program]))
        if not re.search(r"^(not )?ok 2\b", said, re.M):
            return None, said   # of scenarios one is always run
        return status == 0 and not re.search("^not ok", said, re.M), said

    def without(self, row: Row) -> tuple:
        file = self.top / row.file
        text = file.read_text(encoding="utf-8")
        if text.count(row.old) < 1:
            return None, f"{row.file} has no {row.old!r}"
        file.write_text(text.replace(row.old, row.new), encoding="utf-8")
        try:
            return self.test(row.test)
        finally:
            file.write_text(text, encoding="utf-8")


def trouble(copy: Copy, row: Row, sound: dict) -> str:
    """Empty where the test passes, and fails without the defence."""
    if row.test not in sound:
        sound[row.test] = copy.test(row.test)
    passed, said = sound[row.test]
    if not passed:
        return f"it does not pass as it is: {said[-1500:]}"
    passed, said = copy.without(row)
    if passed is None:
        return f"it was not run: {said[-1500:]}"
    return "it passes without the defence" if passed else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".build", type=Path)
    parser.add_argument("-k", default="", metavar="PATTERN")
    options = parser.parse_args()
    rows = [row for row in ROWS if re.search(options.k, row.title())]
    copy = Copy(options.build.resolve())
    sound, failed = {}, 0
    try:
        for number, row in enumerate(rows, 1):
            fault = trouble(copy, row, sound)
            failed += bool(fault)
            print(f"{'not ok' if fault else 'ok'} {number} - {row.title()}",
                  flush=True)
            for line in fault.splitlines():
                print(f"# {line}", flush=True)
    finally:
        shutil.rmtree(copy.place, ignore_errors=True)
    print(f"1..{len(rows)}")
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
