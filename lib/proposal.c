#include "proposal.h"
#include "clock.h"
#include "dry-run.h"
#include "mem.h"
#include "proposal-review.h"

#include <string.h>

static const struct fail *
load(struct proposal *out, struct proposal_review *r, const char *name)
{
	const struct fail *f;

	*out = (struct proposal){.records = cJSON_CreateArray()};
	r->proposal = out;
	f = store_branch(&out->branch, r->act->store, name);
	if (f != NULL)
		return f;
	if (out->branch.base[0] != '\0')
		return store_branch_changes(r->act->store, &out->branch,
		    proposal_review, r);
	return fail(FAIL_CONFLICT, "%s does not descend from main", name);
}

/* The commit of what was put.  Events are told of one app alone: those of
 * several would be told to each of their owners. */
static struct event
event_of(const struct proposal_review *r)
{
	const struct store_branch *b = &r->proposal->branch;
	/* a subject of somebody's own choice is never to read as a trailer */
	struct event e = event_new("proposal: %.*s",
	    (int)strcspn(b->tip.message, "\n"), b->tip.message);

	if (r->apps == 1) {
		e.app = r->event.app;
		e.about = r->event.about;
		e.trailers = r->event.trailers;
	} else {
		e.trailers = r->all;
	}
	e.author = b->tip.author;
	e.email = b->tip.email;
	mem_addf(&e.trailers, "Proposal: %s %s\n", b->tip.id, b->name);
	return e;
}

const struct fail *
proposal_apply(const char **id, struct proposal *out, const struct act *act,
    const char *name, const char *seen)
{
	struct proposal_review r = {.act = act, .put = true};
	const struct fail *f = store_lock(act->store);
	struct event e;

	*id = "";
	if (f != NULL)
		return f;
	f = load(out, &r, name);
	if (f == NULL && seen != NULL && strcmp(seen, out->branch.tip.id) != 0)
		f = fail(FAIL_CONFLICT,
		    "%s has another commit now: look at it again", name);
	if (f == NULL && out->problems > 0)
		f = fail(FAIL_CONFLICT,
		    "%s cannot be applied: sutler proposal show %s says why",
		    name, name);
	if (f != NULL || out->left == 0) {
		store_unlock(act->store);
		return f;
	}
	e = event_of(&r);
	return event_commit(id, act, &e);
}

const struct fail *
proposal_check(struct proposal *out, const struct act *act, const char *name)
{
	struct proposal_review r = {.act = act};
	struct act dry = *act;
	struct proposal again;
	const struct fail *f = load(out, &r, name);
	const char *id;

	if (f != NULL || out->problems > 0 || out->left == 0)
		return f;
	dry.dry_run = dry_run_new();
	f = proposal_apply(&id, &again, &dry, name, out->branch.tip.id);
	if (f == NULL || f->code != FAIL_DRY_RUN)
		return f;
	out->dry_run = dry_run_view(dry.dry_run, dry.conf);
	return NULL;
}

const struct fail *
proposal_list(cJSON **out, const struct act *act)
{
	struct proposal p = {0};
	struct store_branch *all;
	const struct fail *f;
	size_t i, n;

	*out = cJSON_CreateArray();
	f = store_branches(&all, &n, act->store);
	for (i = 0; f == NULL && i < n; i++) {
		p.branch = all[i];
		cJSON_AddItemToArray(*out, proposal_view(&p));
	}
	return f;
}

cJSON *
proposal_view(const struct proposal *p)
{
	const struct store_log *tip = &p->branch.tip;
	cJSON *o = cJSON_CreateObject(), *author;

	json_add_text(o, "name", p->branch.name);
	json_add_text(o, "commit", tip->id);
	author = cJSON_AddObjectToObject(o, "author");
	json_add_text(author, "name", tip->author);
	json_add_text(author, "email", tip->email);
	json_add_text(o, "created_at", clock_text(tip->time));
	json_add_text(o, "subject",
	    mem_dup(tip->message, strcspn(tip->message, "\n")));
	if (p->records == NULL)
		return o;
	json_add_text(o, "state",
	    p->problems > 0 ? "refused"
	    : p->left == 0  ? "applied"
	                    : "open");
	cJSON_AddItemToObject(o, "records", p->records);
	cJSON_AddItemToObject(o, "dry_run",
	    p->dry_run == NULL ? cJSON_CreateNull() : p->dry_run);
	return o;
}
