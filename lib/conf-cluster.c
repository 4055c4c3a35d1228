#include "conf-cluster.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "mem.h"

enum { PORT_MAX = 65535, HOST_NAME_ROOM = 256 };

static const char digits[] = "0123456789";
static const char node_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char host_bytes[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
static const char address_bytes[] = "0123456789abcdefABCDEF:.";

/* The end of the host at text; NULL: it is none. */
static const char *
host_end(const char *text)
{
	size_t len;

	if (*text != '[') {
		len = strspn(text, host_bytes);
		return len == 0 ? NULL : text + len;
	}
	len = strspn(text + 1, address_bytes);
	return len < 2 || text[len + 1] != ']' ? NULL : text + len + 2;
}

static const char *
check_url(const char *url)
{
	const char *host = strstr(url, "://"), *port, *end;
	long number;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return "begins with neither http:// nor https://";
	host += 3;
	port = host_end(host);
	if (port == NULL)
		return "has no host";
	if (*port != ':')
		return *port == '\0' || *port == '/'
		           ? "has no port (etcd's own is 2379)"
		           : "has a host that cannot be one";
	port++;
	end = port + strspn(port, digits);
	number = end - port < 1 || end - port > 5 ? 0 : strtol(port, NULL, 10);
	if (number < 1 || number > PORT_MAX)
		return "has a port that is no number from 1 to 65535";
	return *end == '\0' ? NULL : "must end with its port";
}

/* Does the list so far, with a comma between, have url? */
static bool
lists(const char *so_far, const char *url)
{
	const size_t len = strlen(url);

	for (; so_far != NULL; so_far = strchr(so_far, ',')) {
		so_far += *so_far == ',';
		if (strncmp(so_far, url, len) == 0 &&
		    (so_far[len] == ',' || so_far[len] == '\0'))
			return true;
	}
	return false;
}

const char *
conf_cluster_urls(const char **out, const char *value)
{
	static const char blanks[] = " \t";
	struct mem_text all = {0};
	const char *why, *url, *rest = value;
	size_t len, count;

	for (count = 1; rest != NULL; count++) {
		value = rest + strspn(rest, blanks);
		len = strcspn(value, ",");
		rest = value[len] == ',' ? value + len + 1 : NULL;
		while (len > 0 && strchr(blanks, value[len - 1]) != NULL)
			len--;
		url = mem_dup(value, len);
		why = len == 0 ? "is empty" : check_url(url);
		if (why == NULL && lists(all.text, url))
			why = "stands there already";
		if (why != NULL)
			return mem_printf("must be URLs of etcd's members, "
			                  "with commas between: \"%s\" %s",
			    url, why);
		if (count > CONF_MEMBERS_MAX)
			return mem_printf("has more than %d URLs",
			    CONF_MEMBERS_MAX);
		mem_addf(&all, "%s%s", all.len == 0 ? "" : ",", url);
	}
	*out = all.text;
	return NULL;
}

const char *
conf_cluster_name(const char **out, const char *value)
{
	const size_t len = strlen(value);

	if (len < 1 || len > CONF_NODE_MAX || strspn(value, node_bytes) != len)
		return mem_printf("must be 1 to %d of a-z, 0-9 and -",
		    CONF_NODE_MAX);
	*out = mem_copy(value);
	return NULL;
}

const char *
conf_cluster_prefix(const char **out, const char *value)
{
	const size_t len = strlen(value);
	const char *p;

	for (p = value; *p > ' ' && *p < '\177'; p++)
		continue;
	if (*p != '\0' || len > CONF_PREFIX_MAX || value[0] != '/' ||
	    value[len - 1] != '/')
		return mem_printf("must begin and end with a slash, without "
		                  "blanks, ASCII, at most %d bytes",
		    CONF_PREFIX_MAX);
	*out = mem_copy(value);
	return NULL;
}

/* The host's name, as much of it as a node's name may have. */
static const char *
host_name(void)
{
	char name[HOST_NAME_ROOM] = "";
	size_t i;

	if (gethostname(name, sizeof(name) - 1) != 0)
		return "";
	name[CONF_NODE_MAX] = '\0';
	for (i = 0; name[i] != '\0'; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
		else if (strchr(node_bytes, name[i]) == NULL)
			name[i] = '-';
	return mem_copy(name);
}

const char *
conf_cluster_complete(struct conf *c)
{
	if (c->cluster == NULL)
		return NULL;
	if ((c->cluster_cert == NULL) != (c->cluster_key == NULL))
		return "cluster_cert and cluster_key need each other";
	if ((c->cluster_user == NULL) != (c->cluster_password == NULL))
		return "cluster_user and cluster_password need each other";
	if (c->sealed)
		return "secrets = sealed does not go with a cluster: each node"
		       " would have keys of its own";
	if (c->cluster_name == NULL)
		c->cluster_name = host_name();
	if (*c->cluster_name == '\0')
		return "cluster_name is missing, and the host has no name";
	return NULL;
}

size_t
conf_cluster_files(const char *out[CONF_CLUSTER_FILES], const struct conf *c)
{
	const char *const files[CONF_CLUSTER_FILES] = {c->cluster_ca,
	    c->cluster_cert, c->cluster_key, c->cluster_password};
	size_t i, count = 0;

	for (i = 0; c->cluster != NULL && i < CONF_CLUSTER_FILES; i++)
		if (files[i] != NULL)
			out[count++] = files[i];
	return count;
}
