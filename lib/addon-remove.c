/*
 * Removal: one commit takes the add-on out of the app and into open work.
 */
#include "addon.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "work.h"

#include <string.h>

static void
add_delete_event(struct event *e, const struct addon *a)
{
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "addon_provider_name", a->provider);
	json_add_text(data, "plan_name", a->plan);
	json_add_text(data, "resource_id",
	    a->resource == NULL ? NULL : json_plain(a->resource));
	event_add(e, "delete_addon", data);
}

/* Try each of works once, all of them within WORK_FIRST_TRY seconds; what is
 * not settled waits for tick, so nothing here is a failure. */
static void
try_once(const struct act *act, struct work **works, size_t n)
{
	int64_t until = clock_now() + WORK_FIRST_TRY * 1000;
	long left;
	bool settled;
	size_t i;

	for (i = 0; i < n; i++) {
		left = (long)((until - clock_now()) / 1000);
		if (left < 1)
			return;
		(void)work_try(&settled, act, works[i], left, true);
	}
}

const struct fail *
addon_remove(const struct act *act, const char *ident, const char *id)
{
	struct work *work;

	const struct fail *f;
	struct addon *addon;
	struct app *app;
	struct event e;

	f = app_edit_addon(&app, &addon, act, ident, id);
	if (f != NULL)
		return f;
	addon_detach(app, addon);
	/* the provider may be making it this very moment: it is owed as well */
	work = work_remove(app, addon);
	work_put(act->store, work);
	e = event_new("%s: %s removed", app->name, addon->provider);
	event_addon(&e, addon->id);
	add_delete_event(&e, addon);
	f = app_save(act, app, &e);
	if (f == NULL && addon->resource != NULL)
		try_once(act, &work, 1);
	return f;
}

const struct fail *
addon_remove_app(const struct act *act, const char *ident, const char *name)
{
	const struct fail *f;
	struct work **works;
	struct addon *a;
	struct app *app;
	struct event e;
	size_t n = 0;

	f = app_edit(&app, act, ident);
	if (f != NULL)
		return f;
	if (strcmp(app->name, name) != 0) {
		store_unlock(act->store);
		return fail_field(NULL, "current_name",
		    "Provided name does not match app name");
	}
	for (a = app->addons; a != NULL; a = a->next)
		n++;
	works = mem_alloc((n + 1) * sizeof(struct work *));
	e = event_new("%s: deleted", app->name);
	event_app(&e, app->id, app->name);
	for (a = app->addons, n = 0; a != NULL; a = a->next) {
		add_delete_event(&e, a);
		if (a->resource == NULL)
			continue;
		works[n] = work_remove(app, a);
		work_put(act->store, works[n++]);
	}
	event_add(&e, "delete_app", NULL);
	app_put_gone(act->store, app);
	f = event_commit(NULL, act, &e);
	if (f == NULL)
		try_once(act, works, n);
	return f;
}

const struct fail *
addon_bind(struct addon_result *out, const struct act *act, const char *ident,
    const char *id)
{
	const struct fail *f = addon_load(out, act, ident, id);
	struct json_var *v;
	struct event e;

	if (f == NULL)
		f = app_edit_addon(&out->app, &out->addon, act, ident, id);
	if (f != NULL)
		return f;

	for (v = out->addon->rebind; v != NULL; v = v->next) {
		if (v->value == NULL)
			json_var_remove(&out->addon->config, v->name);
		else
			json_var_set(&out->addon->config, v->name, v->value,
			    v->raw);
	}
	out->addon->rebind = NULL;
	out->variables = json_var_names(out->addon->config);
	e = event_new("%s: %s bound again", out->app->name,
	    out->addon->provider);
	event_addon(&e, id);
	return app_save(act, out->app, &e);
}
