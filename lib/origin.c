#include "origin.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fail.h"
#include "mem.h"

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

/* True where the body's type is JSON's, whatever its parameters; another type
 * with JSON's in a parameter is sent across origins without asking. */
static bool
is_json(void)
{
	static const char json[] = "application/json";
	const char *type = getenv("CONTENT_TYPE");

	if (type == NULL)
		return false;
	type += strspn(type, " \t");
	if (strncasecmp(type, json, strlen(json)) != 0)
		return false;
	type += strlen(json);
	type += strspn(type, " \t");
	return *type == '\0' || *type == ';';
}

/* The origin of the URL that is scheme, "://" and what begins at rest, as a
 * browser writes it: lower case, without the scheme's own port. */
static const char *
origin_of(const char *scheme, const char *rest)
{
	const char *port = strcasecmp(scheme, "https") == 0 ? ":443" : ":80";
	char *origin =
	    mem_printf("%s://%.*s", scheme, (int)strcspn(rest, "/?#"), rest);
	size_t len = strlen(origin), end = strlen(port);
	char *p;

	for (p = origin; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (len > end && strcmp(origin + len - end, port) == 0)
		origin[len - end] = '\0';
	return origin;
}

static const char *
public_origin(const char *url)
{
	const char *rest = strstr(url, "://");

	if (rest == NULL)
		return "";
	return origin_of(mem_dup(url, (size_t)(rest - url)), rest + 3);
}

/* The origin that the request itself was sent to; "": no telling. */
static const char *
own_origin(void)
{
	const char *https = variable("HTTPS"), *host = variable("HTTP_HOST");
	bool secure = (*https != '\0' && strcasecmp(https, "off") != 0) ||
	              strcasecmp(variable("REQUEST_SCHEME"), "https") == 0;

	return *host == '\0' ? "" : origin_of(secure ? "https" : "http", host);
}

bool
origin_is_foreign(void)
{
	const char *site = variable("HTTP_SEC_FETCH_SITE");

	return *site != '\0' && strcmp(site, "same-origin") != 0 &&
	       strcmp(site, "none") != 0;
}

const struct fail *
origin_check_page(const struct conf *conf)
{
	const char *origin = variable("HTTP_ORIGIN");

	if (origin_is_foreign() ||
	    (*origin != '\0' &&
	        strcmp(origin, public_origin(conf->public_url)) != 0 &&
	        strcmp(origin, own_origin()) != 0))
		return fail(FAIL_FORBIDDEN,
		    "a change that a browser sends must come from a page of "
		    "this site");
	return NULL;
}

const struct fail *
origin_check(const struct conf *conf)
{
	if (!is_json())
		return fail(FAIL_FORBIDDEN,
		    "a change by cookie needs Content-Type: application/json");
	return origin_check_page(conf);
}
