#include "store-git.h"
#include "store-git-inside.h"

#include <string.h>

const struct fail *
store_git_find(const char **id, struct store_git *g, const char *prefix)
{
	size_t len = strlen(prefix);
	const struct fail *f = NULL;
	git_commit *c;
	git_oid oid;

	*id = NULL;
	if (len < GIT_OID_MINPREFIXLEN || len > GIT_OID_HEXSZ ||
	    git_oid_fromstrp(&oid, prefix) != 0)
		return NULL;
	switch (git_commit_lookup_prefix(&c, g->repo, &oid, len)) {
	case 0:
		*id = store_git_id(git_commit_id(c));
		git_commit_free(c);
		break;
	case GIT_ENOTFOUND:
	case GIT_EAMBIGUOUS:
		break;
	default:
		f = store_git_fail("look for a commit");
	}
	return f;
}
