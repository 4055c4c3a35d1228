#include "conf.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf-cluster.h"
#include "fail.h"
#include "file.h"
#include "mem.h"
#include "peer.h"

#define AT(member) offsetof(struct conf, member)
#define PROVIDER_REGION "amazon-web-services::us-east-1"

enum { CONF_SIZE_MAX = 16 << 10 };

/* Returns why value will not do, or NULL once the member at out is set. */
typedef const char *conf_take(void *out, const char *value, const char *dir,
    long min, long max);

static conf_take take_word, take_path, take_url, take_code, take_number,
    take_switch, take_addresses, take_secrets, take_members, take_node,
    take_prefix;

static const struct conf_key {
	const char *name;
	conf_take *take;
	size_t offset;
	long min, max;
	const char *otherwise; /* NULL: required; "": none */
} keys[] = {
    {"data",              take_path,      AT(data),              0, 0,         NULL           },
    {"public_url",        take_url,       AT(public_url),        0, 0,         NULL           },
    {"region",            take_word,      AT(region),            0, 0,         "local-1"      },
    {"provider_region",   take_word,      AT(provider_region),   0, 0,         PROVIDER_REGION},
    {"appfog_region",     take_word,      AT(appfog_region),     0, 0,         "useast"       },
    {"libexec",           take_path,      AT(libexec),           0, 0,         SUTLER_LIBEXEC },
    {"billing_url",       take_url,       AT(billing_url),       0, 0,         ""             },
    {"currency",          take_code,      AT(currency),          3, 3,         "EUR"          },
    {"restart_hook",      take_path,      AT(restart_hook),      0, 0,         ""             },
    {"error_log",         take_path,      AT(error_log),         0, 0,         ""             },
    {"provider_timeout",  take_number,    AT(provider_timeout),  1, 25,        "20"           },
    {"provider_patience", take_number,    AT(provider_patience), 1, 604800,
     "43200"                                                                                  },
    {"transcript_days",   take_number,    AT(transcript_days),   0, 3650,      "30"           },
    {"rate_limit",        take_number,    AT(rate_limit),        0, 60000,     "0"            },
    {"login_failures",    take_number,    AT(login_failures),    0, 1000,      "10"           },
    {"trusted_proxy",     take_addresses, AT(trusted_proxy),     0, 0,         ""             },
    {"quota_apps",        take_number,    AT(quota[0]),          0, 999999999, "0"            },
    {"quota_addons",      take_number,    AT(quota[1]),          0, 999999999, "0"            },
    {"quota_variables",   take_number,    AT(quota[2]),          0, 999999999, "0"            },
    {"quota_bytes",       take_number,    AT(quota[3]),          0, 999999999, "0"            },
    {"space_reserve",     take_number,    AT(space_reserve),     0, 1000000,   "16"           },
    {"page_size",         take_number,    AT(page_size),         1, 4000,      "4000"         },
    {"fence",             take_switch,    AT(fence),             0, 0,         "yes"          },
    {"allow_http",        take_switch,    AT(allow_http),        0, 0,         "no"           },
    {"allow_private",     take_switch,    AT(allow_private),     0, 0,         "no"           },
    {"log_requests",      take_switch,    AT(log_requests),      0, 0,         "no"           },
    {"secrets",           take_secrets,   AT(sealed),            0, 0,         "clear"        },
    {"secrets_key",       take_path,      AT(secrets_key),       0, 0,         ""             },
    {"cluster",           take_members,   AT(cluster),           0, 0,         ""             },
    {"cluster_name",      take_node,      AT(cluster_name),      0, 0,         ""             },
    {"cluster_store",     take_word,      AT(cluster_store),     0, 0,         ""             },
    {"cluster_prefix",    take_prefix,    AT(cluster_prefix),    0, 0,         "/sutler/"     },
    {"consistent_reads",  take_switch,    AT(consistent_reads),  0, 0,         "no"           },
    {"cluster_ca",        take_path,      AT(cluster_ca),        0, 0,         ""             },
    {"cluster_cert",      take_path,      AT(cluster_cert),      0, 0,         ""             },
    {"cluster_key",       take_path,      AT(cluster_key),       0, 0,         ""             },
    {"cluster_user",      take_word,      AT(cluster_user),      0, 0,         ""             },
    {"cluster_password",  take_path,      AT(cluster_password),  0, 0,         ""             },
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static const char blanks[] = " \t\r";
static const char digits[] = "0123456789";
static const char host_bytes[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

static void
set_text(void *out, const char *text)
{
	memcpy(out, &text, sizeof(text));
}

static const char *
take_word(void *out, const char *value, const char *dir, long min, long max)
{
	(void)dir, (void)min, (void)max;
	if (strpbrk(value, " \t\"'\\<>&") != NULL)
		return "must be one word without quotes";
	set_text(out, mem_copy(value));
	return NULL;
}

static const char *
take_path(void *out, const char *value, const char *dir, long min, long max)
{
	(void)min, (void)max;
	if (value[0] == '/' || dir[0] == '\0')
		set_text(out, mem_copy(value));
	else
		set_text(out, mem_printf("%s%s", dir, value));
	return NULL;
}

/* The host of url, without its port; NULL where url is none of ours. */
static const char *
url_host(const char *url)
{
	const char *host, *end;

	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return NULL;
	if (host[0] == '[') {
		end = host + 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
		if (end - host < 3 || *end++ != ']')
			return NULL;
	} else {
		end = host + strspn(host, host_bytes);
		if (end == host)
			return NULL;
	}
	host = mem_dup(host, (size_t)(end - host));
	if (*end == ':') {
		end++;
		if (strspn(end, digits) < 1 || strspn(end, digits) > 5)
			return NULL;
		end += strspn(end, digits);
	}
	return *end == '\0' || *end == '/' ? host : NULL;
}

static const char *
take_url(void *out, const char *value, const char *dir, long min, long max)
{
	size_t len = strlen(value);

	(void)dir, (void)min, (void)max;
	/* whatever a header or an HTML attribute would trip over */
	if (strpbrk(value, " \t\"'\\<>#`{}|^") != NULL ||
	    url_host(value) == NULL)
		return "must be a URL: http:// or https://, a host, "
		       "perhaps a port and a path";
	while (value[len - 1] == '/')
		len--;
	set_text(out, mem_dup(value, len));
	return NULL;
}

static const char *
take_code(void *out, const char *value, const char *dir, long min, long max)
{
	size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	(void)dir;
	if (value[len] != '\0' || len < (size_t)min || len > (size_t)max)
		return "must be three capital letters, as in ISO 4217";
	set_text(out, mem_copy(value));
	return NULL;
}

static const char *
take_number(void *out, const char *value, const char *dir, long min, long max)
{
	size_t len = strspn(value, digits);
	long number;

	(void)dir;
	number = len > 9 ? -1 : strtol(value, NULL, 10);
	if (value[len] != '\0' || number < min || number > max)
		return mem_printf("must be a whole number from %ld to %ld", min,
		    max);
	memcpy(out, &number, sizeof(number));
	return NULL;
}

static const char *
take_switch(void *out, const char *value, const char *dir, long min, long max)
{
	bool on = strcmp(value, "yes") == 0;

	(void)dir, (void)min, (void)max;
	if (!on && strcmp(value, "no") != 0)
		return "must be yes or no";
	memcpy(out, &on, sizeof(on));
	return NULL;
}

static const char *
take_addresses(void *out, const char *value, const char *dir, long min,
    long max)
{
	(void)dir, (void)min, (void)max;
	if (!peer_list_fits(value))
		return "must be addresses, IPv4 or IPv6, with blanks between";
	set_text(out, mem_copy(value));
	return NULL;
}

static const char *
take_secrets(void *out, const char *value, const char *dir, long min, long max)
{
	bool on = strcmp(value, "sealed") == 0;

	(void)dir, (void)min, (void)max;
	if (!on && strcmp(value, "clear") != 0)
		return "must be clear or sealed";
	memcpy(out, &on, sizeof(on));
	return NULL;
}

static const char *
take_members(void *out, const char *value, const char *dir, long min, long max)
{
	(void)dir, (void)min, (void)max;
	return conf_cluster_urls(out, value);
}

static const char *
take_node(void *out, const char *value, const char *dir, long min, long max)
{
	(void)dir, (void)min, (void)max;
	return conf_cluster_name(out, value);
}

static const char *
take_prefix(void *out, const char *value, const char *dir, long min, long max)
{
	(void)dir, (void)min, (void)max;
	return conf_cluster_prefix(out, value);
}

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}

/* A # within a word is part of it, so that paths may have one. */
static void
drop_comment(char *line)
{
	char *hash;

	for (hash = strchr(line, '#'); hash != NULL;
	     hash = strchr(hash + 1, '#'))
		if (hash == line || strchr(blanks, hash[-1]) != NULL) {
			*hash = '\0';
			return;
		}
}

static const char *
set_key(struct conf *c, size_t seen[KEYS], size_t number, const char *name,
    const char *value, const char *dir)
{
	const char *why;
	size_t i;

	for (i = 0; i < KEYS && strcmp(keys[i].name, name) != 0; i++)
		continue;
	if (i == KEYS)
		return mem_printf("there is no key \"%s\"", name);
	if (seen[i] != 0)
		return mem_printf("%s stands in line %zu already", name,
		    seen[i]);
	seen[i] = number;
	if (value[0] == '\0')
		return mem_printf("%s has no value", name);
	why = keys[i].take((char *)c + keys[i].offset, value, dir, keys[i].min,
	    keys[i].max);
	return why == NULL ? NULL : mem_printf("%s %s", name, why);
}

/* True where text has a control character that is none of those in but. */
static bool
has_control(const char *text, const char *but)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' &&
		        strchr(but, *text) == NULL) ||
		    *text == '\177')
			return true;
	return false;
}

/* Returns what is wrong with the line, or NULL. */
static const char *
read_line(struct conf *c, size_t seen[KEYS], size_t number, char *line,
    const char *dir)
{
	static const char control[] = "there is a control character in it";
	char *equals;

	if (has_control(line, blanks))
		return control;
	drop_comment(line);
	line = trim(line);
	if (line[0] == '\0')
		return NULL;
	equals = strchr(line, '=');
	if (equals == NULL || equals == line)
		return "it must read key = value";
	*equals = '\0';
	line = trim(line);
	equals = trim(equals + 1);
	/* between blanks at its ends, a value has none of these */
	if (has_control(equals, ""))
		return control;
	return set_key(c, seen, number, line, equals, dir);
}

static void
take_default(struct conf *c, const struct conf_key *key)
{
	if (key->otherwise[0] != '\0')
		key->take((char *)c + key->offset, key->otherwise, "", key->min,
		    key->max);
}

static void
derive(struct conf *c)
{
	c->host = url_host(c->public_url);
	if (c->billing_url == NULL)
		c->billing_url = mem_printf("%s/billing", c->public_url);
}

static const struct fail *
fill_in(struct conf *c, const size_t seen[KEYS], size_t lines, const char *dir)
{
	const struct conf_key *key;
	const char *why;
	size_t i;

	for (i = 0; i < KEYS; i++) {
		key = &keys[i];
		if (seen[i] != 0)
			continue;
		if (key->otherwise == NULL)
			return fail(FAIL_SYSTEM, "%s:%zu: %s is missing",
			    c->file, lines, key->name);
		take_default(c, key);
	}
	derive(c);
	if (c->secrets_key == NULL)
		c->secrets_key = mem_printf("%ssutler.key", dir);
	why = conf_cluster_complete(c);
	if (why != NULL)
		return fail(FAIL_SYSTEM, "%s:%zu: %s", c->file, lines, why);
	return NULL;
}

struct conf *
conf_defaults(const char *public_url)
{
	struct conf *c = mem_alloc(sizeof(*c));
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (keys[i].otherwise != NULL)
			take_default(c, &keys[i]);
	c->file = "";
	c->public_url = mem_copy(public_url);
	derive(c);
	return c;
}

const struct fail *
conf_read_file(struct conf **out, const char *file)
{
	struct conf *c = mem_alloc(sizeof(*c));
	const struct fail *f;
	const char *slash = strrchr(file, '/'), *dir = "", *why;
	size_t seen[KEYS] = {0}, number = 1, len = 0;
	char *line = NULL, *end;

	f = file_read(&line, &len, file);
	if (f != NULL)
		return f;
	if (line == NULL)
		return fail(FAIL_SYSTEM, "%s: there is no such file", file);
	if (len > CONF_SIZE_MAX)
		return fail(FAIL_SYSTEM,
		    "%s:1: the file is longer than %d bytes", file,
		    CONF_SIZE_MAX);
	if (strlen(line) < len)
		return fail(FAIL_SYSTEM, "%s:1: the file holds NUL bytes",
		    file);
	if (slash != NULL)
		dir = mem_dup(file, (size_t)(slash - file) + 1);
	c->file = mem_copy(file);
	for (; line != NULL; line = end, number++) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		why = read_line(c, seen, number, line, dir);
		if (why != NULL)
			return fail(FAIL_SYSTEM, "%s:%zu: %s", file, number,
			    why);
	}
	f = fill_in(c, seen, number - 1, dir);
	if (f != NULL)
		return f;
	*out = c;
	return NULL;
}

const struct fail *
conf_read(struct conf **out)
{
	const char *file = getenv("SUTLER_CONF");

	if (file == NULL || file[0] == '\0')
		file = SUTLER_CONF_PATH;
	return conf_read_file(out, file);
}
