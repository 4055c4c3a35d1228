"""One manifest per dialect: two free plans, and one that has a price."""


def urls(base: str, place="resources") -> dict:
    return {"base_url": f"{base}/{place}", "sso_url": f"{base}/sso"}


def scalingo_manifest(slug, base, variables, price) -> dict:
    return {
        "name": f"Provider {slug}", "username": f"{slug}-user",
        "password": f"{slug}-password", "sso_salt": f"{slug}-salt",
        "logo_url": "//cdn.test/logo.svg", "short_description": "For tests",
        "description": "A *provider*.", "log_drain": False,
        "config_vars": variables, "production": urls(base),
        "test": urls(base), "plans": [
            {"name": "small", "display_name": "Small", "price": price,
             "description": "A plan"},
            {"name": "large", "display_name": "Large", "price": price,
             "description": "A plan"},
            {"name": "gold", "display_name": "Gold", "price": 12.5,
             "description": "A plan"}]}


def heroku_manifest(slug, base, variables, price) -> dict:
    place = "heroku/resources"   # which the platform appends where missing
    return {
        "id": slug, "name": f"Provider {slug}",
        "api": {"config_vars": variables, "regions": ["us"], "requires": [],
                "password": f"{slug}-password", "sso_salt": f"{slug}-salt",
                "production": urls(base, place), "test": urls(base, place)},
        "plans": [{"name": "small", "price": price},
                  {"name": "large", "price": price},
                  {"name": "gold", "price": 12.5}]}


def appfog_manifest(slug, base, variables, _price) -> dict:
    return {
        "id": slug, "name": f"Provider {slug}", "plan_updateable": True,
        "plans": [{"id": name, "name": name, "description": "A plan"}
                  for name in ("small", "large")],
        "api": {"config_vars": variables, "password": f"{slug}-password",
                "sso_salt": f"{slug}-salt", "production": urls(base),
                "test": urls(base)}}


def heroku_v3_manifest(slug, base, variables, price) -> dict:
    manifest = heroku_manifest(slug, base, variables, price)
    manifest["api"].update(version="3", production=urls(base, "v3"))
    del manifest["api"]["test"]
    return manifest


def clevercloud_manifest(slug, base, variables, price) -> dict:
    manifest = heroku_manifest(slug, base, variables, price)
    place = urls(base, "clevercloud/resources")
    manifest["api"].update(regions=["eu"], production=place, test=place)
    return manifest


def flynn_manifest(slug, base, variables, price) -> dict:
    return {
        "name": f"Provider {slug}", "url": f"{base}/databases",
        "username": f"{slug}-user", "password": f"{slug}-password",
        "config_vars": variables, "plans": [
            {"name": "small", "price": price, "options": {"size": "1"}},
            {"name": "large", "price": price, "options": {"size": "9"}}]}


MANIFESTS = {"scalingo": scalingo_manifest, "heroku": heroku_manifest,
             "appfog": appfog_manifest, "heroku-v3": heroku_v3_manifest,
             "clevercloud": clevercloud_manifest, "flynn": flynn_manifest}
