/*
 * How the sandbox speaks each dialect.
 */
#include "sandbox-call.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define SECONDS 1000

static const struct sandbox_desk scalingo = {
    .name = "scalingo",
    .error = "error",
    .config = "config",
    .uuid = "uuid",
    .app = "app_id",
    .sso_method = "GET",
    .sso_id = "id",
    .sso_token = "token",
    .sign = sandbox_sign,
    .sso_unit = SECONDS,
    .provision_must = {"plan", "app_id"},
    .change_must = {"plan"     },
    .url_name = "SANDBOX_URL",
    .other_name = "SANDBOX_TOKEN",
    .made = 201,
    .removed = 204,
    .missing = 404,
    .paused = true,
};

static const struct sandbox_desk heroku = {
    .name = "heroku",
    .error = "message",
    .config = "config",
    .uuid = "uuid",
    .app = "heroku_id",
    .sso_method = "POST",
    .sso_id = "id",
    .sso_token = "token",
    .sign = sandbox_sign,
    .sso_unit = SECONDS,
    .twice = true,
    .provision_must = {"heroku_id", "uuid",       "plan", "region", "callback_url"},
    .change_must = {"heroku_id",   "plan"},
    .url_name = "SANDBOX_HEROKU_URL",
    .other_name = "SANDBOX_HEROKU_TOKEN",
    .made = 201,
    .removed = 200,
    .missing = 410,
};

static const struct sandbox_desk appfog = {
    .name = "appfog",
    .error = "message",
    .config = "config",
    .uuid = "uuid",
    .app = "clc.account",
    .sso_method = "POST",
    .sso_id = "id",
    .sso_token = "token",
    .sign = sandbox_sign,
    .sso_unit = SECONDS,
    .provision_must = {"uuid",    "plan", "region", "callback_url", "clc.account"},
    .change_must = {"plan"},
    .url_name = "SANDBOX_APPFOG_URL",
    .other_name = "SANDBOX_APPFOG_PORT",
    .made = 200,
    .removed = 200,
    .missing = 404,
    .numbers = true,
    .plain = true,
};

static const struct sandbox_desk heroku_v3 = {
    .name = "heroku-v3",
    .error = "message",
    .config = "config",
    .uuid = "uuid",
    .app = "name",
    .sso_method = "POST",
    .sso_id = "resource_id",
    .sso_token = "resource_token",
    .sign = sandbox_sign,
    .sso_unit = SECONDS,
    .provision_must = {"uuid",  "name", "plan", "region", "callback_url"},
    .change_must = {"plan"},
    .url_name = "SANDBOX_V3_URL",
    .other_name = "SANDBOX_V3_TOKEN",
    .made = 201,
    .removed = 204,
    .missing = 410,
    .named = true,
    .granted = true,
};

static const struct sandbox_desk clevercloud = {
    .name = "clevercloud",
    .error = "message",
    .config = "config",
    .uuid = "addon_id",
    .app = "owner_id",
    .sso_method = "POST",
    .sso_id = "id",
    .sso_token = "signature",
    .sign = sandbox_sign_all,
    .sso_unit = 1,
    .provision_must = {"addon_id", "owner_id", "plan", "region",
                       "callback_url"},
    .change_must = {"addon_id",  "plan"        },
    .url_name = "SANDBOX_CLEVER_URL",
    .other_name = "SANDBOX_CLEVER_TOKEN",
    .made = 201,
    .removed = 200,
    .missing = 404,
};

static const struct sandbox_desk flynn = {
    .name = "flynn",
    .error = "message",
    .config = "env",
    .provision_must = {"plan"},
    .url_name = "SANDBOX_FLYNN_URL",
    .other_name = "SANDBOX_FLYNN_TOKEN",
    .made = 200,
    .removed = 200,
    .missing = 404,
    .queried = true,
};

static const struct sandbox_desk *const desks[] = {&scalingo, &heroku, &appfog,
    &heroku_v3, &clevercloud, &flynn};

/* What follows "/name" in path, or NULL where it begins otherwise. */
static const char *
behind(const char *path, const char *name)
{
	size_t len = strlen(name);

	if (path[0] != '/' || strncmp(path + 1, name, len) != 0 ||
	    path[len + 1] != '/')
		return NULL;
	return path + len + 1;
}

const char *
sandbox_desk_again(const struct sandbox_desk *desk, const char *path)
{
	const char *again = desk->twice ? behind(path, desk->name) : NULL;

	return again == NULL ? path : again;
}

const struct sandbox_desk *
sandbox_desk_find(const char **rest, const char *path)
{
	size_t i;

	for (i = 0; i < COUNT(desks); i++) {
		*rest = behind(path, desks[i]->name);
		if (*rest == NULL)
			continue;
		*rest = sandbox_desk_again(desks[i], *rest);
		return desks[i];
	}
	return NULL;
}
