#ifndef SUTLER_CONF_H
#define SUTLER_CONF_H

#include <stdbool.h>

struct fail;

/*
 * The configuration: one file of "key = value" lines, # starts a comment.
 * An unknown key, a key given twice or a value out of range is refused with
 * file:line.  Relative paths are taken from the file's own directory.
 */
enum { CONF_QUOTAS = 4, CONF_QUOTA_MAX = 999999999 };

struct conf {
	const char *file;       /* where it was read */
	const char *data;       /* directory of store/, index/, state/, key */
	const char *public_url; /* no slash at its end; links begin with it */
	const char *host;       /* of public_url, without port */
	const char *region;     /* of the apps: "local-1" */
	const char *provider_region; /* as Heroku's providers are told it */
	const char *appfog_region;   /* as AppFog's are: "useast" */
	const char *libexec;         /* directory of send and sutler */
	const char *billing_url;  /* where an account adds a payment method */
	const char *currency;     /* of prices: "EUR" */
	const char *restart_hook; /* program run to restart an app, or NULL */
	const char *error_log;    /* file for what goes to stderr, or NULL */
	long provider_timeout;    /* seconds for one whole call, 1 to 25 */
	long provider_patience; /* seconds that an answer "not yet" may last */
	long transcript_days;   /* that an exchange is kept; 0: none is */
	long rate_limit;     /* requests of one token a minute; 0: no limit */
	long login_failures; /* before they slow down; 0: they never do */
	const char *trusted_proxy; /* addresses whose X-Forwarded-For is
	                              believed, or NULL */
	long
	    quota[CONF_QUOTAS]; /* of one account, as in lib/quota.h; 0: none */
	long space_reserve;     /* MB of disk that only operators may fill */
	long page_size;         /* rows of GET /vendor/apps, 1 to 4000 */
	bool fence;             /* programs give up what they do not need */
	bool allow_http;        /* providers may be reached without TLS */
	bool allow_private;     /* … and at private addresses */
	bool log_requests;      /* a line of JSON for each, to stderr */
	bool sealed; /* secrets are; NULL key file only without a file */
	bool consistent_reads;   /* a GET asks the cluster first */
	const char *secrets_key; /* the file with the key that seals them */
	const char
	    *cluster; /* URLs of etcd's members, with a comma between;
	                 NULL: no cluster, and no other key of it counts */
	const char *cluster_name; /* this node's */
	const char
	    *cluster_store; /* where git may fetch this node's, or NULL */
	const char *cluster_prefix; /* of the keys in etcd; ends with a slash */
	const char *cluster_ca, *cluster_cert,
	    *cluster_key;             /* files, or NULL */
	const char *cluster_user;     /* NULL: etcd asks for none */
	const char *cluster_password; /* the file that holds it */
};

/*
 * Read the configuration named by the environment's SUTLER_CONF, else the one
 * at the compiled-in path.  FAIL_SYSTEM: it cannot be read, or a line of it is
 * not valid; the text names file and line.
 */
const struct fail *conf_read(struct conf **out);

/* The same from the file named. */
const struct fail *conf_read_file(struct conf **out, const char *file);

/* What holds where a file sets no more than public_url; data is NULL. */
struct conf *conf_defaults(const char *public_url);

#endif
