/*
 * Removal: one commit takes the add-on out of the app and into open work.
 */
#include "addon.h"
#include "attachment.h"
#include "clock.h"
#include "dry-run.h"
#include "json.h"
#include "mem.h"
#include "once.h"
#include "work.h"

#include <string.h>

/* Try each of works once, all of them within WORK_FIRST_TRY seconds; what is
 * not settled waits for tick, so nothing here is a failure. */
static void
try_once(const struct act *act, struct work **works, size_t n)
{
	int64_t until = clock_now() + WORK_FIRST_TRY * 1000;
	long left;
	enum work_state state;
	size_t i;

	for (i = 0; i < n; i++) {
		left = (long)((until - clock_now()) / 1000);
		if (left < 1)
			return;
		/* an order that is still on its way is let arrive first */
		if (!work_due(works[i]))
			continue;
		(void)work_try(&state, act, works[i], left);
	}
}

const struct fail *
addon_remove(const struct act *act, const char *ident, const char *id)
{
	const struct fail *f;
	struct work *work;
	struct addon *addon;
	struct app *app;
	struct event e;

	f = app_edit_addon(&app, &addon, act, ident, id);
	if (f != NULL)
		return f;
	/* the provider may be making it this very moment: it is owed as well */
	work = work_addon(WORK_REMOVE, act, app, addon);
	work_put(act->store, work);
	e = event_new("%s: %s removed", app->name, addon->provider);
	once_end(app, addon);
	f = addon_forget(&e, act, app, addon, NULL);
	if (f == NULL)
		f = dry_run_removal(act, work);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	f = event_commit(NULL, act, &e);
	if (f == NULL)
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
	for (a = app->addons, n = 0; f == NULL && a != NULL; a = a->next) {
		works[n] = work_addon(WORK_REMOVE, act, app, a);
		work_put(act->store, works[n]);
		f = addon_forget(&e, act, app, a, NULL);
		if (f == NULL)
			f = dry_run_removal(act, works[n]);
		n++;
	}
	if (f == NULL)
		f = attachment_forget_app(act, app);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	/* its name may be another's when a restart that is owed comes */
	work_put_unstarted(act->store, app);
	event_add(&e, "delete_app", NULL);
	event_app(&e, app->id, app->name);
	e.addon = NULL;
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
	out->variables = addon_names(out->provider, out->addon);
	e = event_new("%s: %s bound again", out->app->name,
	    out->addon->provider);
	event_addon(&e, id);
	return app_save(act, out->app, &e);
}
