#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf-cluster.h"
#include "conf.h"
#include "fail.h"
#include "mem.h"
#include "tap.h"

static char dir[] = "/tmp/test-conf.XXXXXX";
static const char *file;

static const char least[] = "data = d\npublic_url = https://m.example\n";

static void
put(const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* What conf_read_file() says about text, without the file's name. */
static const char *
said(const char *text)
{
	const struct fail *f;
	struct conf *c;

	put(text);
	f = conf_read_file(&c, file);
	if (f == NULL)
		return NULL;
	if (f->code != FAIL_SYSTEM || strncmp(f->text, file, strlen(file)) != 0)
		return "another failure";
	return f->text + strlen(file);
}

static void
test_defaults(void)
{
	struct conf *c = NULL;

	put(least);
	ok(conf_read_file(&c, file) == NULL, "the least file is taken");
	if (c == NULL)
		return;
	is(c->file, file, "file");
	is(c->data, mem_printf("%s/d", dir), "data, from the file's directory");
	is(c->public_url, "https://m.example", "public_url");
	is(c->host, "m.example", "host");
	is(c->region, "local-1", "region");
	is(c->provider_region, "amazon-web-services::us-east-1",
	    "provider_region");
	is(c->appfog_region, "useast", "appfog_region");
	is(c->libexec, SUTLER_LIBEXEC, "libexec");
	c = conf_defaults("http://127.0.0.1:1");
	ok(c->data == NULL && c->provider_timeout == 20 && !c->allow_http,
	    "without a file the same holds");
	is(c->host, "127.0.0.1", "… for that URL");
	is(c->billing_url, "http://127.0.0.1:1/billing", "… and those of it");
	ok(conf_read_file(&c, file) == NULL, "the file again");
	is(c->billing_url, "https://m.example/billing", "billing_url");
	is(c->currency, "EUR", "currency");
	is(c->restart_hook, NULL, "restart_hook");
	is(c->error_log, NULL, "error_log");
	ok(c->provider_timeout == 20, "provider_timeout");
	ok(c->page_size == 4000, "page_size");
	ok(!c->allow_http && !c->allow_private, "allow_http, allow_private");
	ok(!c->sealed, "secrets");
	is(c->secrets_key, mem_printf("%s/sutler.key", dir), "secrets_key");
	ok(c->cluster == NULL && c->cluster_name == NULL, "no cluster");
}

static void
test_all(void)
{
	struct conf *c = NULL;

	put("# all of them\n"
	    "\tdata=/var/lib/a b#c   # the records\r\n"
	    "public_url = http://[::1]:8080/market//\n"
	    "region = x\nprovider_region = y\nappfog_region = z\n"
	    "libexec = ../libexec\nbilling_url = https://pay.example/?a=b\n"
	    "currency = CHF\nrestart_hook = hook\nprovider_timeout = 25\n"
	    "page_size = 1\nallow_http = yes\nallow_private = yes\n"
	    "secrets = sealed\nsecrets_key = /etc/x.key");
	ok(conf_read_file(&c, file) == NULL, "every key is taken");
	if (c == NULL)
		return;
	is(c->data, "/var/lib/a b#c", "data: a blank and a # in it");
	is(c->public_url, "http://[::1]:8080/market", "public_url: no slash");
	is(c->host, "[::1]", "host of an address");
	is(c->libexec, mem_printf("%s/../libexec", dir), "libexec");
	is(c->billing_url, "https://pay.example/?a=b", "billing_url");
	is(c->currency, "CHF", "currency");
	is(c->restart_hook, mem_printf("%s/hook", dir), "restart_hook");
	ok(c->provider_timeout == 25 && c->page_size == 1, "numbers");
	ok(c->allow_http && c->allow_private && c->sealed, "switches");
	is(c->secrets_key, "/etc/x.key", "secrets_key");
}

#define MEMBERS "cluster = http://a:1\n"

static void
test_cluster(void)
{
	struct conf *c = NULL;
	const char *files[CONF_CLUSTER_FILES];
	char host[256] = "";

	put(mem_printf("%s%s", least, MEMBERS));
	ok(conf_read_file(&c, file) == NULL, "a cluster");
	if (c == NULL)
		return;
	is(c->cluster, "http://a:1", "one member");
	is(c->cluster_prefix, "/sutler/", "cluster_prefix");
	gethostname(host, sizeof(host) - 1);
	ok(strncasecmp(c->cluster_name, host, 1) == 0 &&
	        strlen(c->cluster_name) <= CONF_NODE_MAX,
	    "cluster_name is the host's");
	ok(conf_cluster_files(files, c) == 0, "no files");
	put(mem_printf("%scluster = https://[::1]:2379 ,  http://A.b-c_d:65535,"
	               "http://10.0.0.1:1\ncluster_name = node-7\n"
	               "cluster_prefix = /\ncluster_ca = ca\n"
	               "cluster_cert = /cert\ncluster_key = key\n"
	               "cluster_user = me\ncluster_password = pw\n",
	    least));
	ok(conf_read_file(&c, file) == NULL, "all keys of a cluster");
	is(c->cluster,
	    "https://[::1]:2379,http://A.b-c_d:65535,"
	    "http://10.0.0.1:1",
	    "three members");
	is(c->cluster_name, "node-7", "a node's name");
	is(c->cluster_prefix, "/", "a prefix");
	is(c->cluster_user, "me", "a user");
	ok(conf_cluster_files(files, c) == 4, "four files");
	is(files[0], mem_printf("%s/ca", dir), "the authority");
	is(files[1], "/cert", "the certificate");
	is(files[2], mem_printf("%s/key", dir), "its key");
	is(files[3], mem_printf("%s/pw", dir), "the password");
	put(mem_printf("%scluster_cert = x\ncluster_name = y\n", least));
	ok(conf_read_file(&c, file) == NULL, "without a cluster nothing of it "
	                                     "counts");
	ok(conf_cluster_files(files, c) == 0, "… and no file is looked at");
}

static const struct {
	const char *value, *want;
} bad_members[] = {
    {"10.0.0.1:2379",
     "\"10.0.0.1:2379\" begins with neither http:// nor https://"                                },
    {"ftp://a:1",                        "\"ftp://a:1\" begins with neither http:// nor https://"},
    {"http://",                          "\"http://\" has no host"                               },
    {"http://:1",                        "\"http://:1\" has no host"                             },
    {"http://[]:1",                      "\"http://[]:1\" has no host"                           },
    {"http://[::1:1",                    "\"http://[::1:1\" has no host"                         },
    {"http://a",                         "\"http://a\" has no port (etcd's own is 2379)"         },
    {"http://a/",                        "\"http://a/\" has no port (etcd's own is 2379)"        },
    {"http://u:p@a:1",
     "\"http://u:p@a:1\" has a port that is no number from 1 to 65535"                           },
    {"http://u@a:1",                     "\"http://u@a:1\" has a host that cannot be one"        },
    {"http://a b:1",                     "\"http://a b:1\" has a host that cannot be one"        },
    {"http://a:0",
     "\"http://a:0\" has a port that is no number from 1 to 65535"                               },
    {"http://a:65536",
     "\"http://a:65536\" has a port that is no number from 1 to 65535"                           },
    {"http://a:000001",
     "\"http://a:000001\" has a port that is no number from 1 to 65535"                          },
    {"http://a:1/",                      "\"http://a:1/\" must end with its port"                },
    {"http://a:1x",                      "\"http://a:1x\" must end with its port"                },
    {"http://a:1,",                      "\"\" is empty"                                         },
    {",http://a:1",                      "\"\" is empty"                                         },
    {"http://a:1,,http://b:1",           "\"\" is empty"                                         },
    {"http://a:1,http://b:1,http://a:1", "\"http://a:1\" stands there already"                   },
};

static const struct {
	const char *text, *want;
} bad[] = {
    {"cluster_name = A\n",
     ":1: cluster_name must be 1 to 40 of a-z, 0-9 and -"                                                                   },
    {"cluster_name = 12345678901234567890123456789012345678901\n",
     ":1: cluster_name must be 1 to 40 of a-z, 0-9 and -"                                                                   },
    {"cluster_prefix = /a\n",
     ":1: cluster_prefix must begin and end with a slash, without blanks, "
        "ASCII, at most 200 bytes"                                                                                          },
    {"cluster_prefix = a/\n",
     ":1: cluster_prefix must begin and end with a slash, without blanks, "
        "ASCII, at most 200 bytes"                                                                                          },
    {"cluster_prefix = /\303\251/\n",
     ":1: cluster_prefix must begin and end with a slash, without blanks, "
        "ASCII, at most 200 bytes"                                                                                          },
    {"data = d\npublic_url = http://x\n" MEMBERS "cluster_cert = a\n",
     ":5: cluster_cert and cluster_key need each other"                                                                     },
    {"data = d\npublic_url = http://x\n" MEMBERS "cluster_user = a\n",
     ":5: cluster_user and cluster_password need each other"                                                                },

    {"",                                                               ":1: data is missing"                                },
    {"data = d\n",                                                     ":2: public_url is missing"                          },
    {"data = d\nfoo = 1\n",                                            ":2: there is no key \"foo\""                        },
    {"Data = d\n",                                                     ":1: there is no key \"Data\""                       },
    {"data = d\n\ndata = e\n",                                         ":3: data stands in line 1 already"                  },
    {"data\n",                                                         ":1: it must read key = value"                       },
    {"= d\n",                                                          ":1: it must read key = value"                       },
    {"data = # none\n",                                                ":1: data has no value"                              },
    {"data = a\033b\n",                                                ":1: there is a control character in it"             },
    {"region = a\rb\n",                                                ":1: there is a control character in it"             },
    {"provider_timeout = 26\n",
     ":1: provider_timeout must be a whole number from 1 to 25"                                                             },
    {"provider_timeout = 0\n",
     ":1: provider_timeout must be a whole number from 1 to 25"                                                             },
    {"provider_timeout = 5s\n",
     ":1: provider_timeout must be a whole number from 1 to 25"                                                             },
    {"page_size = 99999999999999999999\n",
     ":1: page_size must be a whole number from 1 to 4000"                                                                  },
    {"page_size = -1\n",                                               ":1: page_size must be a whole number from 1 to 4000"},
    {"allow_http = true\n",                                            ":1: allow_http must be yes or no"                   },
    {"secrets = yes\n",                                                ":1: secrets must be clear or sealed"                },
    {"currency = eur\n",
     ":1: currency must be three capital letters, as in ISO 4217"                                                           },
    {"currency = EURO\n",
     ":1: currency must be three capital letters, as in ISO 4217"                                                           },
    {"region = a b\n",                                                 ":1: region must be one word without quotes"         },
};

static const char *const bad_urls[] = {
    "m.example",
    "ftp://m.example",
    "http://",
    "http:///x",
    "http://u:p@m.example",
    "http://m.example:",
    "http://m.example:123456",
    "http://m.example:80x",
    "http://m.example/a b",
    "http://m.example/\"x",
    "http://m.example/x#y",
    "http://[::1/",
    "http://[]/",
};

static void
test_refusals(void)
{
	const struct fail *f;
	struct conf *c;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is(said(bad[i].text), bad[i].want, "refused: %s", bad[i].want);
	for (i = 0; i < sizeof(bad_urls) / sizeof(bad_urls[0]); i++)
		is(said(mem_printf("public_url = %s\n", bad_urls[i])),
		    ":1: public_url must be a URL: http:// or https://, "
		    "a host, perhaps a port and a path",
		    "refused: %s", bad_urls[i]);
	for (i = 0; i < sizeof(bad_members) / sizeof(bad_members[0]); i++)
		is(said(mem_printf("cluster = %s\n", bad_members[i].value)),
		    mem_printf(":1: cluster must be URLs of etcd's members, "
		               "with commas between: %s",
		        bad_members[i].want),
		    "refused: %s", bad_members[i].value);
	text = mem_copy("cluster = http://a:1");
	for (i = 2; i < 18; i++)
		text = mem_printf("%s,http://a:%zu", text, i);
	is(said(text), ":1: cluster has more than 16 URLs", "too many");
	text = mem_alloc(20000);
	memset(text, '\n', 19999);
	is(said(text), ":1: the file is longer than 16384 bytes", "too long");
	f = conf_read_file(&c, "/nonexistent/sutler.conf");
	ok(f != NULL && f->code == FAIL_SYSTEM, "no such file");
	f = conf_read_file(&c, dir);
	ok(f != NULL && f->code == FAIL_SYSTEM, "a directory");
}

static void
test_environment(void)
{
	struct conf *c = NULL;

	put(least);
	setenv("SUTLER_CONF", file, 1);
	ok(conf_read(&c) == NULL && c != NULL, "SUTLER_CONF names the file");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	file = mem_printf("%s/sutler.conf", dir);
	test_defaults();
	test_all();
	test_cluster();
	test_refusals();
	test_environment();
	unlink(file);
	rmdir(dir);
	return done();
}
