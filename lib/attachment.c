#include "attachment.h"
#include "clock.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

#include <string.h>

/* Whoever acts, other apps are read as they are. */
static struct act
anybody(const struct act *act)
{
	return (struct act){.conf = act->conf, .store = act->store};
}

const char *
attachment_name(const struct provider *p, const char *prefix,
    const char *variable)
{
	size_t len = strlen(p->vars_prefix);

	if (prefix == NULL)
		return variable;
	if (strncmp(variable, p->vars_prefix, len) == 0 && variable[len] == '_')
		variable += len + 1;
	return mem_printf("%s_%s", prefix, variable);
}

static struct seen **
add(struct seen **tail, const char *name, const struct json_var *v,
    const struct addon *a)
{
	*tail = mem_alloc(sizeof(**tail));
	**tail = (struct seen){.name = name,
	    .value = v->value,
	    .addon = a,
	    .forgotten = v->forgotten,
	    .text = v->text};
	return &(*tail)->next;
}

bool
attachment_same(const struct seen *one, const struct seen *other)
{
	if (one->forgotten != other->forgotten)
		return false;
	return one->forgotten ? strcmp(one->text, other->text) == 0
	                      : strcmp(one->value, other->value) == 0;
}

/* The variables of a by prefix; no provider is read where there is none. */
static const struct fail *
add_addon(struct seen ***tail, const struct act *act, const struct addon *a,
    const char *prefix)
{
	const struct json_var *v;
	const struct fail *f;
	struct provider *p;

	if (prefix != NULL) {
		f = provider_load(&p, act->store, a->provider);
		if (f != NULL)
			return f;
	}
	for (v = a->config; v != NULL; v = v->next)
		*tail = add(*tail,
		    prefix == NULL ? v->name
		                   : attachment_name(p, prefix, v->name),
		    v, a);
	return NULL;
}

/* The add-on that t attaches, or *a NULL: it is gone. */
static const struct fail *
load(struct app **app, struct addon **a, const struct act *act,
    const struct attachment *t)
{
	struct act any = anybody(act);
	const struct fail *f = app_load(app, &any, t->app);

	*a = NULL;
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	*a = app_addon(*app, t->addon);
	return NULL;
}

const struct fail *
attachment_seen(struct seen **out, const struct act *act, const struct app *app)
{
	const struct attachment *t;
	const struct json_var *v;
	const struct fail *f;
	struct seen **tail = out;
	const struct addon *a;
	struct addon *other;
	struct app *home;

	*out = NULL;
	for (v = app->variables; v != NULL; v = v->next)
		tail = add(tail, v->name, v, NULL);
	for (a = app->addons; a != NULL; a = a->next) {
		f = add_addon(&tail, act, a, a->prefix);
		if (f != NULL)
			return f;
	}
	for (t = app->attachments; t != NULL; t = t->next) {
		f = load(&home, &other, act, t);
		if (f == NULL && other != NULL)
			f = add_addon(&tail, act, other, t->name);
		if (f != NULL)
			return f;
	}
	return NULL;
}

/* True where p's variables by prefix take the name. */
static bool
takes(const struct provider *p, const char *prefix, const char *name)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, p->config_vars)
		if (strcmp(attachment_name(p, prefix, v->valuestring), name) ==
		    0)
			return true;
	return false;
}

const struct fail *
addon_check_free(const struct fail *so_far, const struct act *act,
    const struct app *app, const char *name)
{
	const struct attachment *t;
	struct provider *p;
	const struct addon *a;
	struct addon *other;
	struct app *home;

	for (a = app->addons; a != NULL; a = a->next)
		if ((a->prefix == NULL &&
		        json_var_find(a->config, name) != NULL) ||
		    (provider_load(&p, act->store, a->provider) == NULL &&
		        takes(p, a->prefix, name)))
			return fail_field(so_far, "name",
			    "%s belongs to the add-on %s (%s)", name,
			    a->provider, a->id);
	for (t = app->attachments; t != NULL; t = t->next)
		if (load(&home, &other, act, t) == NULL && other != NULL &&
		    provider_load(&p, act->store, other->provider) == NULL &&
		    takes(p, t->name, name))
			return fail_field(so_far, "name",
			    "%s belongs to the attached add-on %s (%s)", name,
			    other->provider, other->id);
	return so_far;
}

static const struct fail *
check_prefix(const char *prefix)
{
	size_t len = prefix == NULL ? 1 : strlen(prefix);

	if (prefix == NULL ||
	    (len > 0 && len <= ATTACHMENT_NAME_MAX && prefix[0] >= 'A' &&
	        prefix[0] <= 'Z' && prefix[len - 1] != '_' &&
	        strspn(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == len))
		return NULL;
	return fail_field(NULL, "name",
	    "must be at most %d capital letters, digits and underscores, a "
	    "letter first",
	    ATTACHMENT_NAME_MAX);
}

const struct fail *
attachment_check(const struct act *act, const struct app *app,
    const struct provider *p, const char *prefix)
{
	const struct fail *f = check_prefix(prefix);
	const char *name;
	const cJSON *v;

	if (f != NULL)
		return f;
	cJSON_ArrayForEach(v, p->config_vars) {
		name = attachment_name(p, prefix, v->valuestring);
		if (prefix != NULL && !dialect_name_allowed(name))
			f = fail_field(f, "name",
			    "%s is not a name that an add-on may set", name);
		else if (json_var_find(app->variables, name) != NULL)
			f = fail_field(f, "addon",
			    "%s is one of the app's own variables: remove it"
			    " first",
			    name);
		else
			f = addon_check_free(f, act, app, name);
	}
	return f;
}

/* FAIL_INVALID where app has that name of another than a. */
static const struct fail *
check_taken(const struct fail *so_far, const struct act *act,
    const struct app *app, const struct addon *a, const char *name)
{
	const struct fail *f;
	struct seen *seen;

	if (so_far != NULL && so_far->code != FAIL_INVALID)
		return so_far;
	f = attachment_seen(&seen, act, app);
	if (f != NULL)
		return f;
	for (; seen != NULL; seen = seen->next)
		if (strcmp(seen->name, name) == 0 &&
		    (seen->addon == NULL ||
		        strcmp(seen->addon->id, a->id) != 0))
			return fail_field(so_far, "config",
			    "the app %s has a variable %s already", app->name,
			    name);
	return so_far;
}

const struct fail *
attachment_check_set(const struct fail *so_far, const struct act *act,
    const struct addon_result *r, const char *variable)
{
	const struct provider *p = r->provider;
	struct act any = anybody(act);
	const struct attachment *t;
	const struct fail *f;
	const cJSON *id;
	struct app *app;

	so_far = check_taken(so_far, act, r->app, r->addon,
	    attachment_name(p, r->addon->prefix, variable));
	cJSON_ArrayForEach(id, r->addon->attached) {
		f = app_load(&app, &any, id->valuestring);
		if (f != NULL && f->code == FAIL_MISSING)
			continue;
		if (f != NULL)
			return f;
		for (t = app->attachments; t != NULL; t = t->next)
			if (strcmp(t->addon, r->addon->id) == 0)
				so_far = check_taken(so_far, act, app, r->addon,
				    attachment_name(p, t->name, variable));
	}
	return so_far;
}

/* What may not be attached to app, by the rules. */
static const struct fail *
check_attach(const struct act *act, const struct app *app,
    const struct app *home, const struct addon *a, const char *name)
{
	const struct attachment *t;
	const struct fail *f;
	struct provider *p;

	f = provider_load(&p, act->store, a->provider);
	if (f != NULL)
		return f;
	if (!p->attachable)
		return fail_field(NULL, "addon_id",
		    "%s cannot be attached to other apps", p->slug);
	if (strcmp(home->id, app->id) == 0)
		return fail_field(NULL, "addon_id", "is this app's own");
	/* a collaborator who goes takes no add-on along */
	if (strcmp(home->owner, app->owner) != 0)
		return fail_field(NULL, "addon_id",
		    "is of an app that another account owns");
	for (t = app->attachments; t != NULL; t = t->next)
		if (strcmp(t->addon, a->id) == 0)
			return fail_field(NULL, "addon_id",
			    "is attached already, as %s", t->name);
	return attachment_check(act, app, p, name);
}

static struct attachment *
append(struct app *app, const struct app *home, const struct addon *a,
    const char *name)
{
	struct attachment **tail = &app->attachments;

	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = mem_alloc(sizeof(**tail));
	**tail = (struct attachment){.id = hash_uuid(),
	    .addon = a->id,
	    .app = home->id,
	    .name = name,
	    .created_at = clock_text(clock_now())};
	return *tail;
}

/* Clients of Scalingo's know no such event, and show it as unknown. */
static void
say(struct event *e, const char *type, const char *name, const char *addon_id)
{
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "attachment_name", name);
	json_add_text(data, "addon_id", addon_id);
	event_add(e, type, data);
	event_addon(e, addon_id);
}

const struct fail *
attachment_add(struct attachment **out, const struct act *act,
    const char *ident, const char *addon_id, const char *name)
{
	const struct fail *f;
	struct app *app, *home;
	struct addon *a = NULL;
	const char *where;
	struct event e;

	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	f = index_find(&where, act->store, mem_printf("addon %s", addon_id));
	if (f == NULL && where == NULL)
		f = fail_missing("addon");
	if (f == NULL)
		f = app_load(&home, act, where);
	if (f == NULL || f->code == FAIL_MISSING) {
		a = f == NULL ? app_addon(home, addon_id) : NULL;
		f = a == NULL ? fail_missing("addon")
		              : check_attach(act, app, home, a, name);
	}
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	*out = append(app, home, a, name);
	if (a->attached == NULL)
		a->attached = cJSON_CreateArray();
	cJSON_AddItemToArray(a->attached, cJSON_CreateString(app->id));
	app_put(act->store, home);
	e = event_new("%s: attached %s of %s as %s", app->name, a->provider,
	    home->name, name);
	say(&e, "attach_addon", name, a->id);
	return app_save(act, app, &e);
}

/* The add-on of t does not know app any more. */
static const struct fail *
detach(const struct act *act, const struct app *app, const struct attachment *t)
{
	const struct fail *f;
	struct addon *a;
	struct app *home;
	cJSON *id, *next;

	f = load(&home, &a, act, t);
	if (f != NULL || a == NULL)
		return f;
	for (id = a->attached == NULL ? NULL : a->attached->child; id != NULL;
	     id = next) {
		next = id->next;
		if (strcmp(id->valuestring, app->id) == 0)
			cJSON_DetachItemViaPointer(a->attached, id);
	}
	if (a->attached != NULL && a->attached->child == NULL)
		a->attached = NULL;
	app_put(act->store, home);
	return NULL;
}

const struct fail *
attachment_remove(const struct act *act, const char *ident, const char *id)
{
	struct attachment **at, *t;
	const struct fail *f;
	struct app *app;
	struct event e;

	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	for (at = &app->attachments; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->id, id) == 0)
			break;
	t = *at;
	f = t == NULL ? fail_missing("attachment") : detach(act, app, t);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	*at = t->next;
	e = event_new("%s: detached %s", app->name, t->name);
	say(&e, "detach_addon", t->name, t->addon);
	return app_save(act, app, &e);
}

const struct fail *
attachment_forget(const struct act *act, const struct addon *addon)
{
	struct act any = anybody(act);
	struct attachment **at;
	const struct fail *f;
	const cJSON *id;
	struct app *app;

	cJSON_ArrayForEach(id, addon->attached) {
		f = app_load(&app, &any, id->valuestring);
		if (f != NULL && f->code == FAIL_MISSING)
			continue;
		if (f != NULL)
			return f;
		for (at = &app->attachments; *at != NULL;)
			if (strcmp((*at)->addon, addon->id) == 0)
				*at = (*at)->next;
			else
				at = &(*at)->next;
		app_put(act->store, app);
	}
	return NULL;
}

const struct fail *
attachment_forget_app(const struct act *act, const struct app *app)
{
	const struct attachment *t;
	const struct fail *f = NULL;

	for (t = app->attachments; f == NULL && t != NULL; t = t->next)
		f = detach(act, app, t);
	return f;
}

cJSON *
attachment_view(const struct app *app, const struct attachment *t)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "id", t->id);
	json_add_text(o, "name", t->name);
	json_add_text(o, "app_id", app->id);
	json_add_text(o, "addon_id", t->addon);
	json_add_text(o, "addon_app_id", t->app);
	json_add_text(o, "created_at", t->created_at);
	return o;
}
