#ifndef SUTLER_CONF_CLUSTER_H
#define SUTLER_CONF_CLUSTER_H

#include <stddef.h>

/*
 * The keys of the configuration that are about several nodes.  Each function
 * returns why the value will not do, after the key's name, or NULL.
 */
struct conf;

enum { CONF_MEMBERS_MAX = 16, CONF_NODE_MAX = 40, CONF_PREFIX_MAX = 200 };

/* *out = the URLs of value, with a comma between. */
const char *conf_cluster_urls(const char **out, const char *value);

/* *out = value, the name of a node. */
const char *conf_cluster_name(const char **out, const char *value);

/* *out = value, what all keys begin with. */
const char *conf_cluster_prefix(const char **out, const char *value);

/* Fill in what c->cluster needs besides; why it is incomplete, a sentence, or
 * NULL.  Does nothing where there is no cluster. */
const char *conf_cluster_complete(struct conf *c);

/* The files that asking etcd takes, for a fence: their number; 0 where there is
 * no cluster. */
enum { CONF_CLUSTER_FILES = 4 };
size_t conf_cluster_files(const char *out[CONF_CLUSTER_FILES],
    const struct conf *c);

#endif
