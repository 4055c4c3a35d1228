"""What the browser's tests share: a site to visit, and people to be."""
from scenario_base import same, true
from webdriver import Browser
from world import Account, App, World

TESTS = []


def test(title: str):
    """Register a function that takes a site."""
    def register(function):
        TESTS.append((title, function))
        return function
    return register


class Site:
    def __init__(self, world: World, browser: Browser):
        self.world = world
        self.browser = browser
        self.url = world.door.public_url
        self.quiet = []   # statuses that this test's console may tell of

    def fresh(self):
        """A browser that has been nowhere: one tab, no cookie, wide, light."""
        browser = self.browser
        for handle in browser.tabs()[1:]:
            browser.tab(handle)
            browser.close_tab()
        browser.tab(browser.tabs()[0])
        browser.devtools("Network.enable")
        self.offline(False)
        browser.devtools("Network.clearBrowserCookies")
        browser.go("about:blank")
        browser.size(1440, 900)
        browser.media(prefers_color_scheme="light")
        browser.log()
        browser.network()

    def offline(self, on: bool):
        self.browser.devtools(
            "Network.emulateNetworkConditions", offline=on, latency=0,
            downloadThroughput=-1, uploadThroughput=-1)

    def view(self, route="", heading=""):
        """Go to a view, as its address."""
        self.browser.go(f"{self.url}/#/{route}")
        if heading:
            self.browser.sees(heading, "h1")

    def sign_in(self, account: Account, route="", heading=""):
        self.browser.go(f"{self.url}/#/{route}")
        self.browser.type("API token", account.token)
        self.browser.press("Sign in")
        self.browser.wait(lambda: "Sign out" in self.browser.text("header"),
                          "a session")
        if heading:
            self.browser.sees(heading, "h1")

    def owner(self, route="", heading="", paying=True) -> App:
        """A new account with an app, signed in, at a view of the app's."""
        app = self.world.app(paying=paying)
        self.sign_in(app.owner, f"apps/{app.name}{route}", heading or app.name)
        return app

    def put(self, app: App, **values):
        """Set variables, as another client of the owner's would."""
        self.world.call(app.owner, "PUT", app.path("/variables"), {
            "variables": [{"name": name, "value": value}
                          for name, value in values.items()]}, want=200)

    def operator(self, route="operator", heading="") -> Account:
        account = self.world.account()
        self.world.sutler("account", "operator", account.name, "on")
        self.sign_in(account, route, heading)
        return account

    def row(self, name: str, css=".var") -> str:
        """What a variable's row shows."""
        return self.browser.run(
            "const row = [...document.querySelectorAll(arguments[0])].find("
            "e => e.dataset.name === arguments[1]); return row ? row.innerText"
            " : ''", css, name)


__all__ = ["Site", "same", "test", "true"]
