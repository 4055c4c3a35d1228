/*
 * What may be proposed of each kind of record, and what is wrong with it.
 */
#include "proposal-review.h"
#include "account.h"
#include "addon.h"
#include "clock.h"
#include "mem.h"
#include "restart.h"
#include "store-past.h"

#include <string.h>

static void find_fault(struct proposal_review *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
find_fault(struct proposal_review *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cJSON_AddItemToArray(r->problems,
	    cJSON_CreateString(mem_vprintf(format, args)));
	va_end(args);
	r->proposal->problems++;
}

static void
take_over(struct proposal_review *r, const struct fail *f)
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
check_app(struct proposal_review *r, const struct app *now,
    const struct app *then)
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
put_app(struct proposal_review *r, const struct app *now, struct app *then)
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
review_app(struct proposal_review *r, const char *path, const cJSON *before,
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
review_account(struct proposal_review *r, const char *path, const cJSON *before,
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
	const struct fail *(*review)(struct proposal_review *r,
	    const char *path, const cJSON *before, const cJSON *after);
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
check_members(struct proposal_review *r, const struct kind *k, const cJSON *one,
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
review_kind(struct proposal_review *r, const char *path, const cJSON *before,
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
review_change(struct proposal_review *r, bool *same, const char *path,
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

const struct fail *
proposal_review(void *arg, const char *path, const char *before,
    const char *after)
{
	struct proposal_review *r = arg;
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
