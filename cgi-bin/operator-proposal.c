/*
 * Proposals: branches that were pushed to the store.
 */
#include "operator.h"

#include "json.h"
#include "proposal.h"

/* GET /v1/operator/proposals */
const struct fail *
operator_proposals(struct cgi *c)
{
	cJSON *all;
	const struct fail *f = proposal_list(&all, &c->act);

	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "proposals", all);
	return f;
}

/* GET /v1/operator/proposal?name=: a branch may have a slash in its name. */
const struct fail *
operator_proposal(struct cgi *c)
{
	const char *name = cgi_query(c, "name");
	struct proposal p;
	const struct fail *f;

	if (name == NULL || name[0] == '\0')
		return fail(FAIL_SYNTAX, "name is required");
	f = proposal_check(&p, &c->act, name);
	if (f == NULL)
		cJSON_AddItemToObject(cgi_answer(c, 200), "proposal",
		    proposal_view(&p));
	return f;
}

/* POST /v1/operator/proposal {"name": …, "commit": …}: apply it, as it was
 * seen. */
const struct fail *
operator_apply(struct cgi *c)
{
	const char *name = json_text(c->body, "name"), *id;
	const char *seen = json_text(c->body, "commit");
	struct proposal p;
	const struct fail *f;
	cJSON *body;

	if (name == NULL || name[0] == '\0')
		return fail_field(NULL, "name", "can't be blank");
	f = proposal_apply(&id, &p, &c->act, name, seen);
	if (f != NULL)
		return f;
	body = cgi_answer(c, 200);
	json_add_text(body, "commit", id);
	cJSON_AddItemToObject(body, "proposal", proposal_view(&p));
	return NULL;
}
