/*
 * A member that has been away for longer than etcd keeps commits takes them
 * from another member's repository, by git.
 */
#include "cluster-inside.h"
#include "complain.h"
#include "store-apply.h"
#include "store-bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is fetched stays there, so that no gc takes it. */
#define FETCHED "refs/cluster/main"

/* Have git fetch main from url.  Its own messages go to stderr. */
static const struct fail *
fetch(const struct store *store, const char *url)
{
	static const char *const fixed[] = {"git", "-c", "gc.auto=0", "-c",
	    "maintenance.auto=false", "fetch", "--quiet", "--no-tags",
	    "--no-write-fetch-head", "--"};
	enum { FIXED = sizeof(fixed) / sizeof(fixed[0]) };
	const char *argv[FIXED + 3];
	pid_t child;
	int status = 0, i;

	for (i = 0; i < FIXED; i++)
		argv[i] = fixed[i];
	argv[i++] = url;
	argv[i++] = "+" STORE_GIT_MAIN ":" FETCHED;
	argv[i] = NULL;
	child = fork();
	if (child == -1)
		return fail_errno("cannot begin a process");
	if (child == 0) {
		if (chdir(store->root) == 0)
			execvp(argv[0], (char **)argv);
		_exit(127);
	}
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	return fail(FAIL_BUSY, "git did not fetch from %s", url);
}

const struct fail *
cluster_far(struct store *store, const struct conf *conf, store_tell *tell)
{
	const struct cluster_member *m;
	struct cluster_state state;
	const struct fail *f, *last;
	const char *commit;

	last = fail(FAIL_BUSY,
	    "this node has been away too long, and no other member says where"
	    " its store can be fetched (cluster_store): begin with a new"
	    " clone");
	f = cluster_read(&state, conf);
	if (f != NULL)
		return f;
	for (m = state.members; m != NULL; m = m->next) {
		if (m->store == NULL ||
		    strcmp(m->name, conf->cluster_name) == 0)
			continue;
		complain("this node has been away too long: fetching from %s",
		    m->store);
		f = fetch(store, m->store);
		if (f == NULL)
			f = store_need_git(store);
		if (f == NULL)
			f = store_git_at(&commit, store->git, FETCHED);
		if (f == NULL)
			f = store_bulk_forward(store, commit, tell);
		if (f == NULL)
			return NULL;
		complain("%s", f->text);
		last = f;
	}
	return last;
}
