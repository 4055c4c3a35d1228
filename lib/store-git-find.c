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

/* Does the commit say what entry's does, and has it its blobs? */
static const struct fail *
is_like(bool *like, struct store_git *g, const struct journal_entry *commit,
    const struct journal_entry *entry)
{
	const struct journal_change *c;
	const struct fail *f = NULL;
	const char *blob;

	*like = strcmp(store_git_said(commit), store_git_said(entry)) == 0;
	for (c = entry->changes; f == NULL && *like && c != NULL; c = c->next) {
		f = store_git_blob(&blob, g, commit->id, c->path);
		*like = f == NULL && strcmp(blob, c->after) == 0;
	}
	return f;
}

const struct fail *
store_git_like(const char **id, struct store_git *g, const char *head,
    const char *end, const struct journal_entry *entry)
{
	struct journal_entry commit = {.id = head};
	const struct fail *f = NULL;
	bool like = false;
	char *text;

	*id = "";
	for (; f == NULL && !like && commit.id[0] != '\0' &&
	       strcmp(commit.id, end) != 0;
	     commit.id = store_git_parent(&commit)) {
		f = store_git_text(&text, &commit.commit_len, g, commit.id);
		commit.commit = f == NULL ? text : "";
		if (f == NULL)
			f = is_like(&like, g, &commit, entry);
		if (f == NULL && like)
			*id = commit.id;
	}
	return f;
}
