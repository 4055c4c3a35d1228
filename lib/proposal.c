#include "proposal.h"
#include "account.h"
#include "addon.h"
#include "clock.h"
#include "dry-run.h"
#include "mem.h"
#include "restart.h"
#include "store-past.h"

#include <string.h>

/* What is being checked, and put. */
struct review {
	struct proposal *proposal;
	const struct act *act;
	bool put;        /* what is checked is put, too */
	cJSON *problems; /* of the record that is looked at */
	size_t apps;
	struct event event;  /* of the app, where there is one */
	struct mem_text all; /* trailers that name them all */
};

static void find_fault(struct review *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
find_fault(struct review *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cJSON_AddItemToArray(r->problems,
	    cJSON_CreateString(mem_vprintf(format, args)));
	va_end(args);
	r->proposal->problems++;
}

static void
take_over(struct review *r, const struct fail *f)
{
	const struct fail_item *item;

	if (f == NULL)
		return;
	if (f->items == NULL)
		find_fault(r, "%s", f->text);
	for (item = f->items; item != NULL; item = item->next)
		find_fault(r, "%s: %s", item->field, item->text);
}

/* Apps */

static struct json_var *
find(const struct app *app, const char *name)
{
	return json_var_find(app->variables, name);
}

/* The names of from that to lacks (or, where changed, has otherwise). */
static cJSON *
names_of(const struct app *from, const struct app *to, bool changed)
{
	cJSON *names = cJSON_CreateArray();
	const struct json_var *v, *other;

	for (v = from->variables; v != NULL; v = v->next) {
		other = find(to, v->name);
		if (changed
		        ? other != NULL && strcmp(other->value, v->value) != 0
		        : other == NULL)
			cJSON_AddItemToArray(names,
			    cJSON_CreateString(v->name));
	}
	return names;
}

static void
check_app(struct review *r, const struct app *now, const struct app *then)
{
	const struct json_var *v, *old;
	const struct fail *f = NULL;

	for (v = then->variables; v != NULL; v = v->next) {
		old = find(now, v->name);
		if (old != NULL && strcmp(old->value, v->value) == 0)
			continue;
		f = app_check_variable(f, v->name, v->value);
		if (old == NULL)
			f = addon_check_free(f, r->act, now, v->name);
	}
	take_over(r, f);
}

static void
put_app(struct review *r, const struct app *now, struct app *then)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddItemToObject(data, "new_vars", names_of(then, now, false));
	cJSON_AddItemToObject(data, "updated_vars", names_of(then, now, true));
	cJSON_AddItemToObject(data, "deleted_vars", names_of(now, then, false));
	then->updated_at = clock_text(clock_now());
	app_put(r->act->store, then);
	mem_addf(&r->all, "App: %s %s\n", then->id, then->name);
	r->apps++;
	event_add(&r->event, "edit_variables", data);
	app_event(&r->event, then);
	restart_owe(&r->event, r->act, then);
}

static const struct fail *
review_app(struct review *r, const char *path, const cJSON *before,
    const cJSON *after)
{
	struct app *now, *then;
	const struct fail *f = app_read(&now, path, before);

	if (f != NULL)
		return f;
	f = app_read(&then, path, after);
	take_over(r, f);
	if (f != NULL)
		return NULL;
	check_app(r, now, then);
	if (r->put && r->problems->child == NULL)
		put_app(r, now, then);
	return NULL;
}

/* Accounts */

static const struct fail *
review_account(struct review *r, const char *path, const cJSON *before,
    const cJSON *after)
{
	const char *email = json_text(after, "email");
	struct account *a;
	const struct fail *f;

	f = account_load(&a, r->act->store, json_text(before, "name"));
	if (f != NULL)
		return f;
	if (email == NULL || !account_email_allowed(email))
		find_fault(r, "email is no address");
	if (!cJSON_IsBool(json_get(after, "paying")))
		find_fault(r, "paying must be true or false");
	if (json_get(after, "disabled") != NULL &&
	    !cJSON_IsBool(json_get(after, "disabled")))
		find_fault(r, "disabled must be true or false");
	if (r->put && r->problems->child == NULL)
		store_put(r->act->store, path, after);
	return NULL;
}

/* Records */

static const struct kind {
	const char *directory;
	const char *noun;
	const char *may[6]; /* members that a proposal may change */
	const struct fail *(*review)(struct review *r, const char *path,
	    const cJSON *before, const cJSON *after);
	const char *instead; /* what to do otherwise */
} kinds[] = {
    {"apps/",      "an app",
     {"variables", "force_https", "sticky_session", "router_logs",
            "updated_at"},
     review_app,                                                                               "sutler app and sutler addon"},
    {"accounts/",  "an account",              {"email", "paying", "disabled"}, review_account,
     "sutler account"                                                                                                       },
    {"providers/", "a provider",              {NULL},                          NULL,           "sutler provider update"     },
    {"",           "no record of the market", {NULL},                          NULL,           "a repository of your own"   },
};

static const struct kind *
kind_of(const char *path)
{
	const struct kind *k = kinds;

	while (strncmp(k->directory, path, strlen(k->directory)) != 0)
		k++;
	return k;
}

static bool
is_member(const struct kind *k, const char *name)
{
	size_t i;

	for (i = 0; i < 6 && k->may[i] != NULL; i++)
		if (strcmp(k->may[i], name) == 0)
			return true;
	return false;
}

/* Members of one that other has otherwise, or not at all. */
static void
check_members(struct review *r, const struct kind *k, const cJSON *one,
    const cJSON *other, bool both)
{
	const cJSON *member, *same;

	cJSON_ArrayForEach(member, one) {
		same = json_get(other, member->string);
		if (is_member(k, member->string) || (same != NULL && !both) ||
		    (same != NULL && cJSON_Compare(member, same, true)))
			continue;
		find_fault(r, "%s of %s is changed by %s", member->string,
		    k->noun, k->instead);
	}
}

static const struct fail *
review_kind(struct review *r, const char *path, const cJSON *before,
    const cJSON *after)
{
	const struct kind *k = kind_of(path);

	if (k->review == NULL || before == NULL || after == NULL) {
		find_fault(r, "%s is %s: use %s",
		    before == NULL ? "what is made" : "what is changed",
		    k->noun, k->instead);
		return NULL;
	}
	check_members(r, k, before, after, true);
	check_members(r, k, after, before, false);
	return k->review(r, path, before, after);
}

/* Do they differ in their time at most? */
static bool
is_like(const cJSON *one, const cJSON *other)
{
	cJSON *a = cJSON_Duplicate(one, true), *b;

	b = cJSON_Duplicate(other, true);
	cJSON_DeleteItemFromObject(a, "updated_at");
	cJSON_DeleteItemFromObject(b, "updated_at");
	return cJSON_Compare(a, b, true);
}

/* One that the branch has changed; *same: main has it like that. */
static const struct fail *
review_change(struct review *r, bool *same, const char *path,
    const char *before, const char *after)
{
	const char *now = "";
	struct store_record *record;
	const struct fail *f;
	cJSON *json = NULL;

	*same = false;
	f = store_read(&record, r->act->store, path);
	if (f != NULL && strcmp(kind_of(path)->directory, "") != 0)
		return f;
	if (f != NULL || record == NULL)
		record = NULL;
	else
		now = store_revision(record);
	if (kind_of(path)->review != NULL && after[0] != '\0' &&
	    store_past(&json, r->act->store, after) != NULL) {
		find_fault(r, "it is no JSON");
		return NULL;
	}
	*same = strcmp(now, after) == 0 ||
	        (record != NULL && is_like(record->json, json));
	if (*same)
		return NULL;
	if (strcmp(now, before) != 0) {
		find_fault(r, "it has changed since the branch left main:"
		              " rebase the branch");
		return NULL;
	}
	return review_kind(r, path, record == NULL ? NULL : record->json, json);
}

static const struct fail *
review(void *arg, const char *path, const char *before, const char *after)
{
	struct review *r = arg;
	cJSON *row = cJSON_CreateObject();
	const struct fail *f;
	bool same;

	json_add_text(row, "path", path);
	json_add_text(row, "change",
	    before[0] == '\0'  ? "added"
	    : after[0] == '\0' ? "removed"
	                       : "changed");
	r->problems = cJSON_AddArrayToObject(row, "problems");
	cJSON_AddItemToArray(r->proposal->records, row);
	f = review_change(r, &same, path, before, after);
	if (f == NULL && !same)
		r->proposal->left++;
	return f;
}

static const struct fail *
load(struct proposal *out, struct review *r, const char *name)
{
	const struct fail *f;

	*out = (struct proposal){.records = cJSON_CreateArray()};
	r->proposal = out;
	f = store_branch(&out->branch, r->act->store, name);
	if (f != NULL)
		return f;
	if (out->branch.base[0] != '\0')
		return store_branch_changes(r->act->store, &out->branch, review,
		    r);
	return fail(FAIL_CONFLICT, "%s does not descend from main", name);
}

/* The commit of what was put.  Events are told of one app alone: those of
 * several would be told to each of their owners. */
static struct event
event_of(const struct review *r)
{
	const struct store_branch *b = &r->proposal->branch;
	struct event e = event_new("%.*s", (int)strcspn(b->tip.message, "\n"),
	    b->tip.message);

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
	struct review r = {.act = act, .put = true};
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
	struct review r = {.act = act};
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
