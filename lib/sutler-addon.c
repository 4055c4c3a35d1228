/* sutler addon … */
#include "addon.h"
#include "fail.h"
#include "index.h"
#include "mem.h"
#include "sutler.h"
#include "work.h"

#include <stdio.h>
#include <string.h>

/* *app = the name of the app that has the add-on.  FAIL_MISSING. */
static const struct fail *
app_of(const char **app, const struct call *c, const char *id)
{
	const struct fail *f =
	    index_find(app, c->act.store, mem_printf("addon %s", id));

	return f == NULL && *app == NULL ? fail_missing("addon") : f;
}

static const struct fail *
addon_pause(const struct call *c)
{
	const struct fail *f;
	struct addon_result r;
	const char *app;

	f = app_of(&app, c, c->argv[0]);
	if (f == NULL)
		f = addon_suspend(&r, &c->act, app, c->argv[0],
		    call_option(c, "--reason"));
	return f;
}

static const struct fail *
addon_continue(const struct call *c)
{
	const struct fail *f;
	struct addon_result r;
	const char *app;

	f = app_of(&app, c, c->argv[0]);
	if (f == NULL)
		f = addon_resume(&r, &c->act, app, c->argv[0]);
	if (f == NULL && r.message != NULL)
		puts(r.message);
	return f;
}

/* The work called id: an add-on's, or any by its uuid. */
struct search {
	const char *id;
	struct work *found;
};

static const struct fail *
match(void *arg, const struct work *o)
{
	struct search *s = arg;

	if (strcmp(o->id, s->id) == 0 ||
	    (o->addon_id != NULL && strcmp(o->addon_id, s->id) == 0))
		s->found = mem_alloc(sizeof(*o));
	if (s->found != NULL && s->found->id == NULL)
		*s->found = *o;
	return NULL;
}

static const struct fail *
addon_abandon(const struct call *c)
{
	const char *reason = call_option(c, "--reason");
	struct search s = {c->argv[0], NULL};
	const struct fail *f;

	if (reason == NULL || reason[strspn(reason, " ")] == '\0')
		return fail(FAIL_SYNTAX,
		    "say why: --reason TEXT stands in the history");
	f = work_walk(c->act.store, match, &s);
	if (f == NULL && s.found == NULL)
		f = fail(FAIL_CONFLICT,
		    "nothing is owed for %s: `sutler open` lists what is",
		    c->argv[0]);
	if (f == NULL)
		f = work_abandon(&c->act, s.found, reason);
	if (f == NULL)
		printf("abandoned: %s of %s; nobody was told\n", s.found->kind,
		    s.found->provider == NULL ? s.found->app_name
		                              : s.found->provider);
	return f;
}

const struct command addon_commands[] = {
    {"addon suspend",                            "ID [--reason TEXT]",
     "suspend an add-on, and tell its provider", 1, 1, false, addon_pause,
     {{"--reason", true}}},
    {"addon resume", "ID", "resume it", 1, 1, false, addon_continue, {{0}}},
    {"addon abandon",                                         "ID --reason TEXT",
     "give up what is owed for an add-on, as a commit that says so", 1, 1,
     false, addon_abandon, {{"--reason", true}}},
    {0                              }
};
