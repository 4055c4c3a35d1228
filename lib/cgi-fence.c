/*
 * How much of the system a request is left with.
 */
#include "cgi.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "conf-cluster.h"
#include "fence.h"
#include "guess.h"
#include "mem.h"
#include "rate.h"
#include "work.h"

enum {
	READ_SECONDS = 30,
	WRITE_SECONDS = 120, /* two calls, and locks that are waited for */
	OWN_PATHS = 4
};

static bool
only_reads(const struct cgi *c, const struct route *row)
{
	if (cgi_consistent(c) || strcmp(row->method, "GET") != 0 ||
	    (row->auth & MAY_CHANGE) != 0)
		return false;
	if ((row->auth & MAY_TICK) != 0 && work_any(c->act.store))
		return false;
	/* else it is made anew */
	return store_index_ready(c->act.store);
}

/* Say in the log what the kernel cannot do: once, not with every request. */
static void
say(const struct conf *conf, const char *why)
{
	const char *mark = mem_printf("%s/state/fence", conf->data);
	int fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		return;
	close(fd);
	complain("%s (said once: %s)", why, mark);
}

void
cgi_fence(const struct cgi *c, const struct route *row)
{
	const struct conf *conf = c->act.conf;
	const bool reads = only_reads(c, row);
	struct fence_path paths[OWN_PATHS + CONF_CLUSTER_FILES + FENCE_SYSTEM] =
	    {
	        {conf->data,        reads ? FENCE_READ : FENCE_CHANGE},
	        {conf->secrets_key, FENCE_READ                       },
        };
	struct fence f = {paths, 2, !reads,
	    reads ? READ_SECONDS : WRITE_SECONDS, NULL};
	const char *why, *files[CONF_CLUSTER_FILES];
	size_t i, count;

	if (!conf->fence)
		return;
	rate_ready(conf);
	guess_ready(conf);
	if (!reads) {
		work_tick_stand_by(conf);
		paths[f.count++] = (struct fence_path){conf->file, FENCE_READ};
		paths[f.count++] =
		    (struct fence_path){conf->libexec, FENCE_RUN};
		count = conf_cluster_files(files, conf);
		for (i = 0; i < count; i++)
			paths[f.count++] =
			    (struct fence_path){files[i], FENCE_READ};
		memcpy(paths + f.count, fence_system, sizeof(fence_system));
		f.count += FENCE_SYSTEM;
	}
	f.late = mem_printf("sutler: request %s was ended after %u s\n",
	    c->act.request_id, f.seconds);
	why = fence_up(&f);
	if (why != NULL)
		say(conf, why);
}
