"""Where an app's people have the log of an add-on sent."""
from scenario_base import Commits, Unchanged, same, scenario, true
from world import MARK


@scenario("a log drain is added, listed and removed, and told without its "
          "secrets")
def life(world):
    supplier = world.provider("scalingo")
    app = world.app()
    addon = world.addon(app, supplier)
    path = app.path(f"/addons/{addon['id']}/log_drains")

    def call(method, data=None, want=200, who=app.owner):
        return world.call(who, method, path, data, want=want).data

    same(call("GET"), {"drains": []}, "none")
    url = f"https://u:{MARK}-1@logs.test/in?key={MARK}-2"
    with Commits(world, 1):
        made = call("POST", {"drain": {"type": "elk", "url": url, "host": "",
                                       "port": "", "token": "",
                                       "drain_region": ""}}, 201)
    same(made, {"drain": {"app_id": app.id, "url": url}}, "as it was sent")
    true(MARK not in world.messages()[-1], "no secret in the history's words")
    made = call("POST", {"drain": {"type": "syslog", "host": "logs.test",
                                   "port": "6514", "token": "t"}}, 201)
    other = "tcp+tls://logs.test:6514"
    same(made["drain"]["url"], other, "by host and port")
    same([one["url"] for one in call("GET")["drains"]], [url, other], "both")
    events = world.call(app.owner, "GET", app.path("/events"),
                        want=200).data["events"]
    same((events[1]["type"], events[1]["type_data"]),
         ("new_addon_log_drain", {
             "url": "https://logs.test", "addon_uuid": addon["id"],
             "addon_name": supplier.slug}), "event")
    stranger = world.account()
    with Unchanged(world):
        call("POST", {"drain": {"url": url}}, 422)     # there already
        for bad in ("ftp://h/", "https://", "https:// h", "h", "x" * 3000):
            call("POST", {"drain": {"url": bad}}, 422)
        for bad in ({}, {"drain": {}}, {"drain": 1}, None):
            call("POST", bad, 400)
        call("DELETE", {"url": "https://other.test"}, 404)
        call("DELETE", None, 400)
        for method in ("GET", "POST", "DELETE"):
            call(method, {"drain": {"url": url}, "url": url}, 404, stranger)
            # whose app it is comes before what is wrong with the request
            same(call(method, None, 404, stranger)["resource"], "app", method)
    for number in range(8):
        call("POST", {"drain": {"url": f"https://{number}.test"}}, 201)
    with Unchanged(world):
        call("POST", {"drain": {"url": "https://one-more.test"}}, 422)
    with Commits(world, 1):
        call("DELETE", {"url": url}, 204)
    same(len(call("GET")["drains"]), 9, "gone")
