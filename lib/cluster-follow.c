/*
 * Commits of others are taken as they come.
 */
#include "client.h"
#include "cluster-inside.h"
#include "complain.h"
#include "mem.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the process that takes them comes to. */
enum { TAKEN, LATER, NEVER };

enum { MOMENT = 1000000, MOMENTS = 500 }; /* ns, of a wait for a writer */

static int
take(const struct conf *conf, bool report)
{
	const struct fail *f;
	struct store *store;
	size_t taken;

	f = record_store(&store, conf);
	if (f == NULL)
		f = report ? store_catch_up(&taken, store)
		           : store_take_others(&taken, store);
	if (cluster_is_far(f)) {
		f = cluster_far(store, conf, NULL);
		if (f == NULL)
			f = store_catch_up(&taken, store);
	}
	if (f == NULL && report)
		f = cluster_report(store, conf);
	if (f == NULL)
		return TAKEN;
	complain("%s", f->text);
	return f->code == FAIL_BUSY ? LATER : NEVER;
}

/* Is this head what a writer of this node, or a process of ours, had of etcd
 * already? */
static bool
is_known(const struct conf *conf, const struct etcd_pair *head)
{
	const char *known, *commit;
	int64_t number, heard;

	return cluster_note_read(&known, &number, conf) == NULL &&
	       known != NULL && head->value != NULL &&
	       cluster_parse_head(&commit, &heard, head->value) &&
	       heard <= number;
}

/* A writer of this node, who settles, takes all there is; and what he placed
 * himself he has when he is done. */
static bool
is_being_taken(const struct conf *conf, const struct etcd_pair *head)
{
	static const struct timespec moment = {0, MOMENT};
	int i, fd, busy = 1;

	for (i = 0; i < MOMENTS && busy && !is_known(conf, head); i++) {
		fd = open(mem_printf("%s/state/settle", conf->data),
		    O_RDONLY | O_CLOEXEC);
		busy = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) != 0;
		if (fd != -1)
			close(fd);
		if (busy)
			nanosleep(&moment, NULL);
	}
	return is_known(conf, head);
}

/* While this process runs, writers need not start a program to ask etcd. */
static void
keep_sender(const struct conf *conf)
{
	static pid_t sender = -1;
	int error;

	if (sender != -1 && waitpid(sender, NULL, WNOHANG) == 0)
		return;
	error = client_resident(&sender, conf);
	if (error != 0)
		complain("no program waits for writers: %s", strerror(error));
}

/* In a process of its own, so that nothing of it is left in this one, however
 * long it runs.  A new head; or a sign of life, as which this node's own goes
 * back. */
static const struct fail *
hear(void *arg, const struct etcd_pair *pair)
{
	const struct conf *conf = arg;
	int status = 0;
	pid_t child;

	keep_sender(conf);
	if (pair != NULL && is_being_taken(conf, pair))
		return NULL;
	child = fork();
	if (child == -1)
		return fail_errno("cannot begin a process");
	if (child == 0)
		_exit(take(conf, pair == NULL));
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TAKEN)
		return NULL;
	return fail(WIFEXITED(status) && WEXITSTATUS(status) == NEVER
	                ? FAIL_SYSTEM
	                : FAIL_BUSY,
	    "the commits of others were not taken");
}

const struct fail *
cluster_follow(const struct conf *conf)
{
	if (cluster_age(conf) < 0)
		return fail(FAIL_CONFLICT, "this node is no member of a"
		                           " cluster: sutler cluster join");
	keep_sender(conf);
	return etcd_watch(conf, cluster_key(conf, "head"), NULL, 0, hear,
	    (void *)conf);
}
