#include "once.h"
#include "clock.h"
#include "index.h"
#include "mem.h"

#include <string.h>

static bool
is_over(const struct app_request *r)
{
	return strcmp(r->made_at,
	           clock_text(clock_now() - ONCE_HOURS * 3600000LL)) < 0;
}

/* app's request with act's key, or NULL. */
static struct app_request *
find(const struct app *app, const struct act *act)
{
	struct app_request *r = app->requests;

	while (r != NULL && strcmp(r->key, act->once->key) != 0)
		r = r->next;
	return r == NULL || is_over(r) ? NULL : r;
}

/* True where what r ordered has not been answered yet. */
static bool
under_way(const struct app *app, const struct app_request *r)
{
	const struct addon *a = app_addon(app, r->addon_id);

	return !r->done && a != NULL &&
	       (a->wanted_plan != NULL ||
	           (strcmp(a->status, "provisioning") == 0 &&
	               a->resource == NULL));
}

static const struct fail *
busy(void)
{
	return fail(FAIL_CONFLICT,
	    "a request with this idempotency key is under way");
}

static const struct fail *
answer_again(struct addon_result *out, const struct act *act, struct app *app,
    const struct app_request *r)
{
	*out = (struct addon_result){.app = app, .message = r->message};
	out->addon = app_addon(app, r->addon_id);
	if (out->addon == NULL)
		return fail_missing("addon");
	out->variables = json_var_names(out->addon->config);
	return provider_load(&out->provider, act->store, out->addon->provider);
}

const struct fail *
once_again(bool *again, struct addon_result *out, const struct act *act)
{
	const struct app_request *r;
	const struct fail *f;
	const char *name;
	struct app *app;

	*again = false;
	if (act->once == NULL)
		return NULL;
	f = index_find(&name, act->store,
	    mem_printf("request %s", act->once->key));
	if (f != NULL || name == NULL)
		return f;
	f = app_load(&app, act, name);
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	r = find(app, act);
	if (r == NULL)
		return NULL;
	if (strcmp(r->content, act->once->content) != 0)
		return fail_field(NULL, "idempotency_key",
		    "belongs to another request");
	if (under_way(app, r))
		return busy();
	*again = r->done;
	return r->done ? answer_again(out, act, app, r) : NULL;
}

static void
drop(struct app *app, const struct app_request *r)
{
	struct app_request **at = &app->requests;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

const struct fail *
once_begin(const struct act *act, struct app *app, const struct addon *addon)
{
	struct app_request *r, *next, **tail = &app->requests;
	size_t count = 0;

	if (act->once == NULL)
		return NULL;
	r = find(app, act);
	/* another process was here between once_again() and the lock */
	if (r != NULL && (r->done || under_way(app, r)))
		return busy();
	for (r = app->requests; r != NULL; r = next) {
		next = r->next;
		if (is_over(r) || strcmp(r->key, act->once->key) == 0)
			drop(app, r);
		else
			count++;
	}
	if (count == ONCE_MAX)
		drop(app, app->requests);
	while (*tail != NULL)
		tail = &(*tail)->next;
	r = *tail = mem_alloc(sizeof(*r));
	r->key = act->once->key;
	r->content = act->once->content;
	r->addon_id = addon->id;
	r->made_at = clock_text(clock_now());
	return NULL;
}

void
once_done(const struct act *act, struct app *app, const char *message)
{
	struct app_request *r = act->once == NULL ? NULL : find(app, act);

	if (r == NULL)
		return;
	r->done = true;
	r->message = message;
}

void
once_forget(const struct act *act, struct app *app)
{
	struct app_request *r = act->once == NULL ? NULL : find(app, act);

	if (r != NULL)
		drop(app, r);
}
