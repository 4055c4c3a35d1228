/* sutler proposal: changes that came as a branch */
#include "clock.h"
#include "mem.h"
#include "proposal.h"
#include "sutler.h"

#include <stdio.h>
#include <string.h>

static const struct fail *
list(const struct call *c)
{
	cJSON *all, *one, *row;
	const struct fail *f = proposal_list(&all, &c->act);

	if (f != NULL)
		return f;
	cJSON_ArrayForEach(one, all) {
		row = c->json ? one : cJSON_CreateObject();
		if (!c->json) {
			json_add_text(row, "commit",
			    mem_dup(json_text(one, "commit"), 10));
			json_add_text(row, "name", json_text(one, "name"));
			json_add_text(row, "author",
			    json_text(json_get(one, "author"), "name"));
			json_add_text(row, "time",
			    json_text(one, "created_at"));
			json_add_text(row, "subject",
			    json_text(one, "subject"));
		}
		call_row(c, row);
	}
	call_done(c);
	return NULL;
}

static void
print_record(const struct call *c, const cJSON *record)
{
	const cJSON *problem;
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "change", json_text(record, "change"));
	json_add_text(row, "path", json_text(record, "path"));
	call_row(c, row);
	cJSON_ArrayForEach(problem, json_get(record, "problems")) {
		row = cJSON_CreateObject();
		json_add_text(row, "state", "refused");
		json_add_text(row, "problem", problem->valuestring);
		call_row(c, row);
	}
}

static const struct fail *
show(const struct call *c)
{
	const cJSON *one;
	struct proposal p;
	const struct fail *f;
	cJSON *view, *row;

	f = proposal_check(&p, &c->act, c->argv[0]);
	if (f != NULL)
		return f;
	view = proposal_view(&p);
	if (c->json) {
		fputs(json_print(view, true), stdout);
		return NULL;
	}
	cJSON_ArrayForEach(one, json_get(view, "records"))
		print_record(c, one);
	cJSON_ArrayForEach(one,
	    json_get(json_get(view, "dry_run"), "variables")) {
		row = cJSON_CreateObject();
		json_add_text(row, "change", json_text(one, "change"));
		json_add_text(row, "app", json_text(one, "app"));
		json_add_text(row, "name", json_text(one, "name"));
		call_row(c, row);
	}
	fprintf(stderr, "sutler: %s by %s <%s>: %s\n", p.branch.name,
	    p.branch.tip.author, p.branch.tip.email, json_text(view, "state"));
	return NULL;
}

static const struct fail *
apply(const struct call *c)
{
	struct proposal p;
	const char *id;
	const struct fail *f =
	    proposal_apply(&id, &p, &c->act, c->argv[0], NULL);

	if (f == NULL)
		puts(id[0] == '\0' ? "applied already" : id);
	return f;
}

const struct command proposal_commands[] = {
    {"proposal list",                           "", "branches that were pushed to the store", 0, 0, false,
     list, {{0}}},
    {"proposal show", "BRANCH",
     "what it changes, what is wrong with it, what applying it would do", 1,
     1, false, show, {{0}}},
    {"proposal apply",                                        "BRANCH",
     "make it one commit by its author; prints the commit", 1, 1, false,
     apply, {{0}}},
    {0                                     },
};
