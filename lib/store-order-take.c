/*
 * What the order has decided goes into the journal.
 */
#include "hash.h"
#include "mem.h"
#include "store-apply.h"
#include "store-order.h"

#include <string.h>
#include <unistd.h>

const struct fail *
store_fits_order(const struct journal_entry *e)
{
	struct mem_text t = {0};

	journal_pack(&t, e);
	return t.len <= STORE_ORDER_MAX
	           ? NULL
	           : fail(FAIL_LARGE,
	                 "more than a cluster's commit can hold (%d bytes)",
	                 STORE_ORDER_MAX);
}

/* A path that a record can have, and nothing else: it came from outside. */
static bool
sound(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789-_.";
	size_t len;

	for (;; path += len + 1) {
		len = strspn(path, letters);
		if (len == 0 || path[0] == '.' || path[len] != '/')
			break;
	}
	return len > strlen(".json") && path[0] != '.' && path[len] == '\0' &&
	       strcmp(path + len - strlen(".json"), ".json") == 0;
}

/* Another's entry upon head: its objects are written, and add up to its id. */
static const struct fail *
accept_entry(struct store *s, struct journal_entry *e, const char *head)
{
	const struct fail *f = NULL;
	struct journal_change *c;

	if (strcmp(store_git_parent(e), head) != 0)
		return fail(FAIL_SYSTEM,
		    "commit %s of another store does not"
		    " stand upon %s",
		    e->id, head);
	for (c = e->changes; f == NULL && c != NULL; c = c->next) {
		if (!sound(c->path))
			return fail(FAIL_SYSTEM,
			    "commit %s of another store has a path of none",
			    e->id);
		c->after = c->text == NULL ? "" : hash_blob(c->text, c->len);
		f = store_git_blob(&c->before, s->git, head, c->path);
	}
	return f == NULL ? store_git_rebuild(s->git, e, false) : f;
}

/* Append e; a full journal begins anew, all that is sealed in it being applied
 * first.  Proposals in it are given up. */
static const struct fail *
append(struct store *s, struct journal_entry *e)
{
	const struct fail *f;
	bool full;

	f = journal_append(&full, s->journal, e);
	if (f != NULL || !full)
		return f;
	f = store_apply_held(s);
	if (f == NULL)
		f = store_start_anew(s);
	if (f == NULL)
		f = journal_append(&full, s->journal, e);
	if (f == NULL && full)
		f = fail(FAIL_LARGE, "more than one change can hold");
	return f;
}

/* All before it is ordered, up to the commit id.  The journal must not begin
 * anew for it: what it speaks of would be given up. */
static const struct fail *
seal(struct journal_entry *e, struct store *s, const char *id)
{
	const struct fail *f;
	bool full;

	*e = (struct journal_entry){.id = id, .commit = ""};
	f = journal_append(&full, s->journal, e);
	if (f == NULL && full)
		f = fail(FAIL_SYSTEM, "%s has no room for a seal",
		    s->journal->file);
	return f;
}

const struct fail *
store_seal(struct store *s)
{
	struct journal_entry e;
	const struct fail *f = seal(&e, s, s->journal->head);

	return f == NULL ? journal_applied(s->journal, &e) : f;
}

const struct fail *
store_need_member(const struct store *s)
{
	if (access(mem_printf("%s/cluster", s->state), F_OK) == 0)
		return NULL;
	return fail(FAIL_BUSY, "this node is no member of the cluster:"
	                       " sutler cluster join");
}

const struct fail *
store_seal_beginning(struct store *s)
{
	return s->journal->tail != JOURNAL_START || store_need_member(s) != NULL
	           ? NULL
	           : store_seal(s);
}

/* What others did upon head; each is sealed, since a full journal gives up what
 * is not. */
static const struct fail *
take_others(struct store *s, struct journal_entry *others, const char *head)
{
	const struct fail *f = NULL;
	struct journal_entry e;

	for (; f == NULL && others != NULL; others = others->next) {
		s->disturbed = true;
		f = accept_entry(s, others, head);
		if (f == NULL)
			f = append(s, others);
		if (f == NULL)
			f = seal(&e, s, others->id);
		head = others->id;
		s->taken++;
	}
	return f;
}

/* Is e about anything that entries changed? */
static bool
about(const struct journal_entry *e, const struct journal_entry *entries)
{
	const struct journal_look *look;
	const struct journal_change *c, *own;

	if (e->looks == NULL)
		return entries != NULL;
	for (; entries != NULL; entries = entries->next)
		for (c = entries->changes; c != NULL; c = c->next) {
			for (look = e->looks; look != NULL; look = look->next)
				if (strcmp(look->path, c->path) == 0)
					return true;
			for (own = e->changes; own != NULL; own = own->next)
				if (strcmp(own->path, c->path) == 0)
					return true;
		}
	return false;
}

/* What of own is not about what others, or own that are void, changed. */
static struct journal_entry *
still_good(struct journal_entry *own, const struct journal_entry *others)
{
	struct journal_entry *good = NULL, **tail = &good, *gone = NULL, *next;

	for (; own != NULL; own = next) {
		next = own->next;
		if (about(own, others) || about(own, gone)) {
			own->next = gone;
			gone = own;
		} else {
			*tail = own;
			tail = &own->next;
		}
	}
	*tail = NULL;
	return good;
}

/* All that is ordered is sealed, and nothing is proposed: own are, as many from
 * the first on as there is room for. */
static const struct fail *
propose_again(struct store *s, struct journal_entry *own)
{
	const struct journal_entry *e;
	const struct fail *f = NULL;
	struct journal_entry *next;
	uint64_t size = 0;
	bool full = false;

	for (e = own; e != NULL; e = e->next)
		size += journal_size(e);
	/* what it speaks of would be given up with an earlier one */
	if (size > 0 && !journal_has_room(s->journal, size)) {
		f = store_apply_held(s);
		if (f == NULL)
			f = store_start_anew(s);
	}
	for (; f == NULL && !full && own != NULL; own = next) {
		next = own->next;
		f = journal_append(&full, s->journal, own);
	}
	return f;
}

const struct fail *
store_order_build(struct journal_entry *own, struct store *s)
{
	const char *head = s->journal->head;
	struct journal_entry *e = own;
	const struct fail *f = NULL;

	for (; e != NULL && strcmp(store_git_parent(e), head) == 0; e = e->next)
		head = e->id;
	if (e == NULL)
		return NULL;
	for (; f == NULL && e != NULL; e = e->next) {
		f = store_git_rebase(e, s->git, head);
		head = e->id;
	}
	if (f == NULL)
		f = journal_cut(s->journal, s->journal->applied);
	return f == NULL ? propose_again(s, own) : f;
}

const struct fail *
store_order_take(struct store *s, struct journal_entry *own, size_t count,
    struct journal_entry *others)
{
	const char *head = s->journal->head;
	uint64_t end = s->journal->applied;
	const struct fail *f = NULL;
	struct journal_entry e;
	size_t i;

	for (i = 0; i < count; i++, own = own->next) {
		head = own->id;
		end = own->end;
	}
	/* the rest is in memory, and gives way in the journal */
	if (own != NULL || others != NULL)
		f = journal_cut(s->journal, end);
	if (f == NULL && count > 0)
		f = seal(&e, s, head);
	if (f == NULL)
		f = take_others(s, others, head);
	return f == NULL ? propose_again(s, still_good(own, others)) : f;
}
