"""A browser to test with: headless Chromium, spoken to by the W3C WebDriver
protocol through Debian's chromedriver.  Every wait has an end."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 20        # longest wait for something to show
CALL_SECONDS = 60   # longest wait for one command of the protocol
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c",
        "Shift": "\ue008", "Space": "\ue00d"}
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--disable-breakpad",
         "--no-proxy-server",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


class Trouble(AssertionError):
    """What the browser says, or what did not show in time."""


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="sutler-browser-")
        self.child = None
        self.base = self.session = ""
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        log = Path(self.profile) / "driver.log"
        driver = shutil.which("chromedriver") or "/usr/bin/chromedriver"
        with open(log, "wb") as out:
            self.child = subprocess.Popen(
                [driver, "--port=0"], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, env={**os.environ, "HOME": self.profile},
                start_new_session=True)
        self.base = f"http://127.0.0.1:{self.port(log)}"
        made = self.send("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {
                "binary": shutil.which("chromium") or "/usr/bin/chromium",
                "args": [*FLAGS, f"--user-data-dir={self.profile}/data"]}}}})
        self.session = f"/session/{made['sessionId']}"

    def port(self, log: Path) -> int:
        """The port that the driver chose."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.child.poll() is None:
            for line in log.read_text("utf-8", "replace").splitlines():
                if "started successfully on port" in line:
                    return int(line.rsplit(" ", 1)[1].rstrip("."))
            time.sleep(0.05)
        raise Trouble(f"chromedriver does not start: {log.read_text()}")

    def close(self):
        if self.session:
            try:
                self.send("DELETE", self.session)
            except (OSError, Trouble):
                pass
        if self.child:   # and the browser, should it be left
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self.child.pid, number)
                    self.child.wait(10)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self.profile, ignore_errors=True)

    def send(self, method: str, path: str, data=None):
        body = None if method in ("GET", "DELETE") else \
            json.dumps(data or {}).encode()
        request = urllib.request.Request(
            self.base + path, body, {"Content-Type": "application/json"},
            method=method)
        link = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with link.open(request, timeout=CALL_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.loads(error.read())["value"]
            raise Trouble(f"{value['error']}: {value['message']}") from None

    def ask(self, method: str, path: str, data=None):
        return self.send(method, self.session + path, data)

    # Pages

    def go(self, url: str):
        self.ask("POST", "/url", {"url": url})

    def url(self) -> str:
        return self.ask("GET", "/url")

    def title(self) -> str:
        return self.ask("GET", "/title")

    def reload(self):
        self.ask("POST", "/refresh")

    def run(self, script: str, *arguments):
        """A function's body in the page; promises are waited for."""
        return self.ask("POST", "/execute/sync",
                        {"script": script, "args": list(arguments)})

    def size(self, width: int, height: int):
        """The page's own size, also below what a window may have."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=height, deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()])

    def devtools(self, command: str, **params):
        return self.ask("POST", "/goog/cdp/execute",
                        {"cmd": command, "params": params})

    def log(self, kind="browser") -> list:
        """What was logged since the last look."""
        return self.ask("POST", "/se/log", {"type": kind})

    def network(self) -> list:
        """The events of the network since the last look."""
        return [event for event in (json.loads(line["message"])["message"]
                                    for line in self.log("performance"))
                if event["method"].startswith("Network.")]

    # Elements

    def wait(self, what, why="", seconds=SECONDS):
        """Until what() is true; its value."""
        end = time.monotonic() + seconds
        while True:
            try:
                found = what()
                if found:
                    return found
                last = f"{found!r}"
            except Trouble as error:
                last = str(error).splitlines()[0]
            if time.monotonic() > end:
                raise Trouble(f"{why or what} did not come: {last}; the page "
                              f"says {self.text('body')[:1500]!r}")
            time.sleep(0.05)

    def all(self, css: str) -> list:
        return self.run("return [...document.querySelectorAll(arguments[0])]",
                        css)

    def text(self, css="main") -> str:
        return self.run("const e = document.querySelector(arguments[0]);"
                        "return e ? e.innerText : ''", css)

    def sees(self, words: str, css="body"):
        """Until words stand in what is shown."""
        self.wait(lambda: words in self.text(css), f"{words!r} in {css}")

    def find(self, css: str, words=""):
        """A visible element whose accessible text is words, or begins so."""
        script = (
            "const words = e => (e.getAttribute('aria-label') ||"
            " e.textContent).replace(/\\s+/g, ' ').trim();"
            "const all = [...document.querySelectorAll(arguments[0])]"
            ".filter(e => e.checkVisibility());"
            "return all.find(e => words(e) === arguments[1]) ||"
            " all.find(e => words(e).startsWith(arguments[1])) || null")
        return self.wait(lambda: self.run(script, css, words),
                         f"{css} {words!r}")

    def still(self, act):
        """act(), again where the page has been drawn anew under it."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                return act()
            except Trouble as error:
                if "stale element" not in str(error) or \
                        time.monotonic() > end:
                    raise

    def click(self, css: str, words=""):
        def act():
            element = self.find(css, words)
            self.run("arguments[0].scrollIntoView({block: 'center'})",
                     element)
            self.ask("POST", f"/element/{element[ELEMENT]}/click")
        self.still(act)

    def press(self, words: str):
        """A button or a link by its words; the top dialog's, if there is
        one."""
        top = "dialog[open] " if self.all("dialog[open]") else ""
        self.click(f"{top}button, {top}a, {top}summary", words)

    def control(self, label: str):
        """A form's control by its label."""
        script = (
            "const top = document.querySelector('dialog[open]') || document;"
            "const l = [...top.querySelectorAll('label')].find(e =>"
            " e.checkVisibility() && e.textContent.replace(/\\s+/g, ' ')"
            ".trim().startsWith(arguments[0]));"
            "return l ? l.control : null")
        return self.wait(lambda: self.run(script, label), f"label {label!r}")

    def type(self, label: str, words: str, clear=True):
        def act():
            element = self.control(label)[ELEMENT]
            if clear:
                self.ask("POST", f"/element/{element}/clear")
            self.ask("POST", f"/element/{element}/value", {"text": words})
        self.still(act)

    def choose(self, label: str, value: str):
        """A value of a select."""
        self.run("arguments[0].value = arguments[1]; arguments[0]"
                 ".dispatchEvent(new Event('change', {bubbles: true}))",
                 self.control(label), value)

    def keys(self, *names):
        """Press keys one after the other; "Shift+Tab" holds one."""
        steps = []
        for name in names:
            held = [KEYS.get(part, part) for part in name.split("+")]
            steps += [{"type": "keyDown", "value": key} for key in held]
            steps += [{"type": "keyUp", "value": key}
                      for key in reversed(held)]
        self.ask("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": steps}]})

    def focused(self) -> str:
        """The accessible text of what has the focus."""
        return self.run(
            "const e = document.activeElement; return (e.getAttribute("
            "'aria-label') || (e.labels && e.labels[0] ? e.labels[0] : e)"
            ".textContent).replace(/\\s+/g, ' ').trim()")

    def tabs(self) -> list:
        return self.ask("GET", "/window/handles")

    def tab(self, handle: str):
        self.ask("POST", "/window", {"handle": handle})

    def close_tab(self):
        self.ask("DELETE", "/window")

    def picture(self) -> str:
        """The whole page as PNG, in Base64."""
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        return self.devtools(
            "Page.captureScreenshot", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size["width"],
                  "height": size["height"], "scale": 1})["data"]
