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

/* app's request with act's key, be it over, or NULL. */
static struct app_request *
find_any(const struct app *app, const struct act *act)
{
	struct app_request *r = app->requests;

	while (r != NULL && strcmp(r->key, act->once->key) != 0)
		r = r->next;
	return r;
}

/* app's request with act's key, or NULL. */
static struct app_request *
find(const struct app *app, const struct act *act)
{
	struct app_request *r = find_any(app, act);

	return r == NULL || is_over(r) ? NULL : r;
}

/* True where what r ordered has not been answered yet. */
static bool
under_way(const struct app *app, const struct app_request *r)
{
	const struct addon *a = app_addon(app, r->addon_id);

	return !r->done && a != NULL && addon_is_asked(a);
}

static const struct fail *
busy(void)
{
	return fail(FAIL_CONFLICT,
	    "a request with this idempotency key is under way");
}

static const struct fail *
taken(void)
{
	return fail_field(NULL, "idempotency_key",
	    "belongs to another request");
}

static const char *
index_key_of(const struct act *act)
{
	return mem_printf("request %s", act->once->key);
}

static const struct fail *
answer_again(struct addon_result *out, const struct act *act, struct app *app,
    const struct app_request *r)
{
	const struct fail *f;

	*out = (struct addon_result){.app = app, .message = r->message};
	out->addon = app_addon(app, r->addon_id);
	if (out->addon == NULL)
		return fail_missing("addon");
	f = provider_load(&out->provider, act->store, out->addon->provider);
	if (f == NULL)
		out->variables = addon_names(out->provider, out->addon);
	return f;
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
	f = index_find(&name, act->store, index_key_of(act));
	if (f != NULL || name == NULL)
		return f;
	f = app_load(&app, act, name);
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	r = find(app, act);
	if (r == NULL)
		return NULL;
	if (strcmp(r->content, act->once->content) != 0)
		return taken();
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

/* A key stands in one app: one that is over goes, any other is in the way. */
static const struct fail *
check_elsewhere(const struct act *act, const struct app *app)
{
	struct act any = {.conf = act->conf, .store = act->store};
	const struct fail *f;
	struct app *other;
	const char *name;

	f = index_find_held(&name, act->store, index_key_of(act));
	if (f != NULL || name == NULL || strcmp(name, app->name) == 0)
		return f;
	f = app_load(&other, &any, name);
	if (f != NULL)
		return f->code == FAIL_MISSING ? NULL : f;
	if (find(other, act) != NULL)
		return taken();
	if (find_any(other, act) != NULL) {
		drop(other, find_any(other, act));
		app_put(act->store, other);
	}
	return NULL;
}

const struct fail *
once_begin(const struct act *act, struct app *app, const struct addon *addon)
{
	struct app_request *r, *next, **tail = &app->requests;
	const struct fail *f;
	size_t count = 0;

	if (act->once == NULL)
		return NULL;
	f = check_elsewhere(act, app);
	if (f != NULL)
		return f;
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

void
once_end(struct app *app, const struct addon *addon)
{
	struct app_request *r;

	for (r = app->requests; r != NULL; r = r->next)
		if (strcmp(r->addon_id, addon->id) == 0)
			r->done = true;
}
