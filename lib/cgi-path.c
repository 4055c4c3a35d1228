/*
 * Which path was asked for, what it matches, and which program has it.
 */
#include "cgi.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Whose are the paths below these; the row with most segments counts. */
static const struct {
	const char *pattern;
	const char *program;
} programs[] = {
    {"/v1/apps",                       "apps"    },
    {"/v1/apps/*/addons",              "addons"  },
    {"/v1/apps/*/attachments",         "addons"  },
    {"/v1/apps/*/addons/*/token",      "token"   },
    {"/v1/apps/*/addons/*/sso",        "sso"     },
    {"/v1/apps/*/usage",               "usage"   },
    {"/v1/apps/*/addons/*/usage",      "usage"   },
    {"/v1/apps/*/history",             "history" },
    {"/v1/apps/*/diff",                "history" },
    {"/v1/apps/*/rollback",            "history" },
    {"/v1/apps/*/variables/*/history", "history" },
    {"/v1/provider/usage",             "usage"   },
    {"/api/v3/addons/*/usage_batches", "usage"   },
    {"/v1/provider",                   "apps"    },
    {"/v1/tokens",                     "token"   },
    {"/v1/session",                    "token"   },
    {"/v1/users",                      "account" },
    {"/v1/operator",                   "operator"},
    {"/v1/events",                     "apps"    },
    {"/v1/collaborators",              "apps"    },
    {"/v1/event_types",                "catalog" },
    {"/v1/event_categories",           "catalog" },
    {"/v1/features",                   "catalog" },
    {"/v1/addon_providers",            "catalog" },
    {"/v1/addon_categories",           "catalog" },
    {"/v1/regions",                    "catalog" },
    {"/provider/addons",               "portal"  },
    {"/api/v3/addons",                 "portal"  },
    {"/v2/vendor",                     "apps"    },
    {"/vendor",                        "apps"    },
    {"/oauth",                         "token"   },
    {"/addons",                        "addons"  },
    {"/apps",                          "addons"  },
    {"/sso",                           "sso"     },
};

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *
cgi_path_rest(const char *path, const char *pattern, const char **param)
{
	size_t have, want, params = 0;

	while (*pattern == '/') {
		if (*path != '/')
			return NULL;
		have = strcspn(++path, "/");
		want = strcspn(++pattern, "/");
		if (*pattern != ':' && *pattern != '*') {
			if (have != want || strncmp(path, pattern, have) != 0)
				return NULL;
		} else if (have == 0) {
			return NULL;
		} else if (param != NULL && params < CGI_PARAMS_MAX) {
			param[params++] = mem_dup(path, have);
		}
		path += have;
		pattern += want;
	}
	return path;
}

const char *
cgi_path_program(const char *path)
{
	const char *found = NULL, *p;
	size_t i, most = 0, segments;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (cgi_path_rest(path, programs[i].pattern, NULL) == NULL)
			continue;
		segments = 0;
		for (p = programs[i].pattern; *p != '\0'; p++)
			segments += *p == '/';
		if (segments > most) {
			most = segments;
			found = programs[i].program;
		}
	}
	return found;
}

/*
 * Where in SCRIPT_NAME a path of ours begins: behind the prefix, at the first
 * place that a program has.  The short ones count at the end only, since the
 * programs themselves may be called so.
 */
static const char *
script_tail(const char *script, bool brief)
{
	static const char *const roots[] = {"/v1/", "/v2/", "/vendor/",
	    "/oauth/", "/provider/", "/api/"};
	static const char *const briefs[] = {"/addons", "/apps", "/sso"};
	const char *last = strrchr(script, '/'), *p;
	size_t i;

	if (brief) {
		for (i = 0; last != NULL && i < 3; i++)
			if (strcmp(last, briefs[i]) == 0)
				return last;
		return NULL;
	}
	for (p = strchr(script, '/'); p != NULL; p = strchr(p + 1, '/'))
		for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
			if (begins(p, roots[i]) && cgi_path_program(p) != NULL)
				return p;
	return NULL;
}

/*
 * The path as the server has it.  With the programs laid out as v1/apps the
 * path is SCRIPT_NAME + PATH_INFO; that comes first, since an app may be
 * called "v1".  A server that rewrites the whole path to a program passes it
 * as PATH_INFO.
 */
static const char *
raw_path(void)
{
	static const char *const roots[] = {"/v1/", "/v2/", "/vendor/",
	    "/addons/", "/apps/", "/oauth/", "/sso/", "/provider/addons",
	    "/api/v3/addons"};
	const char *script = variable("SCRIPT_NAME");
	const char *info = variable("PATH_INFO");
	const char *tail = script_tail(script, false);
	size_t i;

	if (tail != NULL && !begins(info, tail))
		return mem_printf("%s%s", tail, info);
	while (info[0] == '/' && info[1] == '/')
		info++;
	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (begins(info, roots[i]))
			return info;
	tail = script_tail(script, true);
	return tail == NULL ? info : mem_printf("%s%s", tail, info);
}

const struct fail *
cgi_path(const char **out)
{
	const struct fail *f = NULL;
	struct mem_text path = {0};
	const char *p = raw_path();
	size_t len;

	if (strlen(p) > CGI_PATH_MAX) {
		*out = mem_dup(p, CGI_PATH_MAX);
		return fail(FAIL_SYNTAX, "the path is longer than %d bytes",
		    CGI_PATH_MAX);
	}
	while (*p != '\0') {
		p += strspn(p, "/");
		len = strcspn(p, "/");
		if (len == 0)
			break;
		if ((len == 1 && *p == '.') ||
		    (len == 2 && p[0] == '.' && p[1] == '.'))
			f = fail(FAIL_MISSING, "not found");
		mem_add(&path, "/", 1);
		mem_add(&path, p, len);
		p += len;
	}
	*out = path.text == NULL ? "/" : path.text;
	for (p = *out; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail(FAIL_SYNTAX,
			    "there is a control character in the path");
	return f;
}
