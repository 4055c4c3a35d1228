#include "rollback.h"
#include "attachment.h"
#include "clock.h"
#include "history.h"
#include "mem.h"
#include "restart.h"
#include "variable.h"

#include <string.h>

/* What the rules are asked about. */
struct plan_back {
	const struct rollback *wanted;
	struct app *app;        /* as it is, and will be */
	const struct app *then; /* as it was */
	const struct seen *before, *now;
	cJSON *rows;
	cJSON *added, *changed, *removed; /* names of what is restored */
};

static const struct seen *
find(const struct seen *list, const char *name)
{
	while (list != NULL && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

static bool
is_named(const cJSON *names, const char *name)
{
	const cJSON *one;

	if (names == NULL)
		return true;
	cJSON_ArrayForEach(one, names)
		if (strcmp(one->valuestring, name) == 0)
			return true;
	return false;
}

static void
add_row(struct plan_back *p, const struct seen *v, const char *change,
    const char *state)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "name", v->name);
	json_add_text(row, "addon_id", v->addon == NULL ? NULL : v->addon->id);
	json_add_text(row, "change", change);
	json_add_text(row, "state", state);
	cJSON_AddItemToArray(p->rows, row);
}

static void
note(cJSON *names, const char *name)
{
	cJSON_AddItemToArray(names, cJSON_CreateString(name));
}

/* One of the owner's, then. */
static void
restore(struct plan_back *p, const struct seen *v, const struct seen *now)
{
	if (now != NULL && now->addon != NULL) {
		add_row(p, v, "changed", "taken");
		return;
	}
	if (now != NULL && attachment_same(now, v))
		return;
	if (v->forgotten) {
		add_row(p, v, now == NULL ? "added" : "changed", "forgotten");
		return;
	}
	add_row(p, v, now == NULL ? "added" : "changed", "restored");
	note(now == NULL ? p->added : p->changed, v->name);
	json_var_set(&p->app->variables, v->name, v->value, false);
}

/* One of an add-on's, then. */
static void
show(struct plan_back *p, const struct seen *v, const struct seen *now)
{
	bool here = app_addon(p->app, v->addon->id) != NULL;

	if (now != NULL && now->addon != NULL &&
	    strcmp(now->addon->id, v->addon->id) == 0 &&
	    attachment_same(now, v))
		return;
	add_row(p, v, now == NULL ? "added" : "changed",
	    here && now == NULL ? "provider" : "stale");
}

/* One that was not there then. */
static void
take_away(struct plan_back *p, const struct seen *v)
{
	if (v->addon != NULL) {
		/* another app's is in that one's history */
		if (app_addon(p->app, v->addon->id) != NULL)
			add_row(p, v, "removed", "provider");
		return;
	}
	add_row(p, v, "removed", "restored");
	note(p->removed, v->name);
	json_var_remove(&p->app->variables, v->name);
}

static const struct fail *
check_names(const struct plan_back *p)
{
	const struct fail *f = NULL;
	const cJSON *one;

	cJSON_ArrayForEach(one, p->wanted->names)
		if (find(p->before, one->valuestring) == NULL &&
		    find(p->now, one->valuestring) == NULL)
			f = fail_field(f, "names",
			    "%s was not set then, and is not now",
			    one->valuestring);
	return f;
}

/* The rules may have become stricter since. */
static const struct fail *
check_restored(const struct plan_back *p)
{
	const struct fail *f = NULL;
	const struct json_var *v;
	int n = 0;

	for (v = p->app->variables; v != NULL; v = v->next) {
		n++;
		if (find(p->now, v->name) == NULL)
			f = app_check_variable(f, v->name, v->value);
	}
	if (f == NULL && n > VARIABLE_MAX)
		f = fail(FAIL_INVALID,
		    "an app has at most %d variables of its own", VARIABLE_MAX);
	return f;
}

static const struct fail *
decide(struct plan_back *p, const struct act *act)
{
	const struct seen *v;
	struct seen *before, *now;
	const struct fail *f = attachment_seen(&before, act, p->then);

	if (f == NULL)
		f = attachment_seen(&now, act, p->app);
	if (f != NULL)
		return f;
	p->before = before;
	p->now = now;
	f = check_names(p);
	if (f != NULL)
		return f;
	for (v = before; v != NULL; v = v->next) {
		if (!is_named(p->wanted->names, v->name))
			continue;
		if (v->addon == NULL)
			restore(p, v, find(now, v->name));
		else
			show(p, v, find(now, v->name));
	}
	for (v = now; v != NULL; v = v->next)
		if (is_named(p->wanted->names, v->name) &&
		    find(before, v->name) == NULL)
			take_away(p, v);
	return check_restored(p);
}

static bool
is_idle(const struct plan_back *p)
{
	return p->added->child == NULL && p->changed->child == NULL &&
	       p->removed->child == NULL;
}

/* The names, for the commit's subject. */
static void
add_names(struct mem_text *t, const cJSON *names)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, names)
		mem_addf(t, "%s%s", t->len == 0 ? "" : ", ", one->valuestring);
}

static const struct fail *
commit(const char **id, struct plan_back *p, const struct act *act,
    const struct history_point *to)
{
	cJSON *data = cJSON_CreateObject();
	struct mem_text names = {0};
	struct event e;

	add_names(&names, p->added);
	add_names(&names, p->changed);
	add_names(&names, p->removed);
	e = event_new("%s: back to %.10s: %s", p->app->name, to->log.id,
	    names.text);
	cJSON_AddItemToObject(data, "new_vars", p->added);
	cJSON_AddItemToObject(data, "updated_vars", p->changed);
	cJSON_AddItemToObject(data, "deleted_vars", p->removed);
	event_add(&e, "edit_variables", data);
	restart_owe(&e, act, p->app);
	app_event(&e, p->app);
	p->app->updated_at = clock_text(clock_now());
	app_put(act->store, p->app);
	return event_commit(id, act, &e);
}

/* *to = the point, at which the app was there. */
static const struct fail *
find_point(struct history_point *to, const struct act *act,
    const struct app *app, const char *when)
{
	const struct fail *f = history_at(to, act->store, app, when);

	if (f != NULL && f->code == FAIL_MISSING)
		return fail_field(NULL, "to",
		    "%s is no commit of this app's history", when);
	if (f != NULL && f->code == FAIL_SYNTAX)
		return fail_field(NULL, "to", "%s", f->text);
	if (f == NULL && to->app == NULL)
		f = fail_field(NULL, "to", "the app was not there then");
	return f;
}

static cJSON *
view(const struct plan_back *p, const struct history_point *to, const char *id)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "to", history_view(&to->log, p->app->id));
	json_add_text(o, "commit", id);
	cJSON_AddBoolToObject(o, "dry_run", p->wanted->preview);
	cJSON_AddItemToObject(o, "variables", p->rows);
	return o;
}

const struct fail *
rollback(cJSON **out, const struct act *act, const char *ident,
    const struct rollback *wanted)
{
	struct plan_back p = {.wanted = wanted};
	struct history_point to;
	const char *id = NULL;
	const struct fail *f;
	struct app *app;

	/* what was stays as it was: git is read without the lock */
	f = app_load(&app, act, ident);
	if (f == NULL)
		f = find_point(&to, act, app, wanted->to);
	if (f == NULL)
		f = app_edit(&p.app, act, app->id);
	if (f != NULL)
		return f;
	p.then = to.app;
	p.rows = cJSON_CreateArray();
	p.added = cJSON_CreateArray();
	p.changed = cJSON_CreateArray();
	p.removed = cJSON_CreateArray();
	f = decide(&p, act);
	if (f != NULL || wanted->preview || is_idle(&p)) {
		store_unlock(act->store);
		id = wanted->preview ? NULL : "";
	} else {
		f = commit(&id, &p, act, &to);
	}
	if (f == NULL)
		*out = view(&p, &to, id);
	return f;
}
