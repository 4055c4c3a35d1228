#include "work.h"
#include "clock.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "provider.h"
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct json_field fields[] = {
    JSON_FIELD(work, id, STRING, MUST),
    JSON_FIELD(work, kind, STRING, MUST),
    JSON_FIELD(work, app_id, STRING, MUST),
    JSON_FIELD(work, app_name, STRING, MUST),
    JSON_FIELD(work, owner, STRING, MUST),
    JSON_FIELD(work, provider, STRING, OMIT),
    JSON_FIELD(work, addon_id, STRING, OMIT),
    JSON_FIELD(work, plan, STRING, OMIT),
    JSON_FIELD(work, resource, ANY, OMIT),
    JSON_FIELD(work, created_at, STRING, MUST),
    JSON_FIELD(work, attempts, NUMBER, OMIT),
    JSON_FIELD(work, next_at, STRING, MUST),
    JSON_FIELD(work, trouble, STRING, OMIT),
};

static const struct json_shape shape = JSON_SHAPE(work, fields);

enum { FIRST_DELAY = 60, LAST_DELAY = 24 * 3600 }; /* seconds */

static struct work *
work_new(const char *kind, const struct app *app)
{
	struct work *o = mem_alloc(sizeof(*o));

	o->kind = kind;
	o->app_id = app->id;
	o->app_name = app->name;
	o->owner = app->owner;
	o->created_at = o->next_at = clock_text(clock_now());
	return o;
}

struct work *
work_remove(const struct app *app, const struct addon *addon)
{
	struct work *o = work_new("remove", app);

	/* one add-on is removed once, however often that is owed */
	o->id = addon->id + strlen("ad-");

	o->provider = addon->provider;
	o->addon_id = addon->id;
	o->plan = addon->plan;
	o->resource = addon->resource;
	return o;
}

struct work *
work_restart(const struct app *app)
{
	struct work *o = work_new("restart", app);
	const char *text = mem_printf("restart %s", app->id);
	const char *hex = hash_sha1(text, strlen(text));

	o->id = mem_printf("%.8s-%.4s-5%.3s-8%.3s-%.12s", hex, hex + 8,
	    hex + 12, hex + 15, hex + 18);
	return o;
}

void
work_put(struct store *store, const struct work *o)
{
	store_put(store, store_path("open", o->id), json_write(o, &shape));
}

void
work_put_gone(struct store *store, const struct work *o)
{
	store_put(store, store_path("open", o->id), NULL);
}

cJSON *
work_view(const struct work *o)
{
	return json_write(o, &shape);
}

struct visit {
	work_visit *visit;
	void *arg;
};

static const struct fail *
visit_record(void *arg, const struct store_record *record)
{
	struct work *o = mem_alloc(sizeof(*o));
	const struct visit *v = arg;
	const struct fail *f = json_read(o, record->json, &shape);

	if (f != NULL)
		return fail(FAIL_BUSY, "%s: %s", record->path, f->text);
	if (strcmp(o->kind, "restart") != 0 &&
	    (strcmp(o->kind, "remove") != 0 || o->provider == NULL ||
	        o->addon_id == NULL || o->plan == NULL))
		return fail(FAIL_BUSY, "%s: not a piece of work", record->path);
	return v->visit(v->arg, o);
}

const struct fail *
work_walk(struct store *store, work_visit *visit, void *arg)
{
	struct visit v = {visit, arg};

	return store_walk(store, "open", visit_record, &v);
}

/* What a program of ours is told: nothing of the request. */
static char **
environment(void)
{
	static const char *const names[] = {"PATH", "SUTLER_CONF"};
	char **out = mem_alloc(3 * sizeof(*out));
	size_t i, n = 0;

	for (i = 0; i < 2; i++)
		if (getenv(names[i]) != NULL)
			out[n++] =
			    mem_printf("%s=%s", names[i], getenv(names[i]));
	return out;
}

/* Wait for child, at most timeout seconds, then end it. */
static const char *
wait_for(pid_t child, long timeout)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	int64_t until = clock_now() + timeout * 1000;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (clock_now() > until) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return "the restart hook took too long";
		}
		nanosleep(&pause, NULL);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	return mem_printf("the restart hook ended with status %d",
	    WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

/* Run the operator's hook: HOOK app-name app-id operation-id. */
static const char *
run_hook(const struct conf *conf, const struct work *o, long timeout)
{
	const char *hook = conf->restart_hook;
	pid_t child;

	if (hook == NULL)
		return NULL;
	child = fork();
	if (child < 0)
		return mem_printf("fork: %s", strerror(errno));
	if (child == 0) {
		execle(hook, hook, o->app_name, o->app_id, o->id, (char *)NULL,
		    environment());
		fprintf(stderr, "sutler: cannot run %s: %s\n", hook,
		    strerror(errno));
		_exit(127);
	}
	return wait_for(child, timeout);
}

/* NULL where it is settled, else what is in the way. */
static const char *
attempt(const struct act *act, const struct work *o, long timeout)
{
	struct outcome out = {0};
	struct order order;
	const struct fail *f;

	if (strcmp(o->kind, "restart") == 0)
		return run_hook(act->conf, o, timeout);
	f = addon_order_removal(&order, act, o);
	if (f != NULL)
		return f->text;
	provider_order(&out, act->conf, &order, timeout);
	return out.kind == OUTCOME_DONE || out.kind == OUTCOME_PENDING
	           ? NULL
	           : out.reason;
}

static const char *
next_time(double attempts)
{
	long delay = FIRST_DELAY;

	for (; attempts > 1 && delay < LAST_DELAY; attempts--)
		delay *= 2;
	if (delay > LAST_DELAY)
		delay = LAST_DELAY;
	return clock_text(clock_now() + delay * 1000);
}

const struct fail *
work_try(bool *settled, const struct act *act, const struct work *o,
    long timeout, bool quiet)
{
	const char *trouble = attempt(act, o, timeout);
	struct store_record *record;
	struct work later = *o;
	const struct fail *f;
	struct event e;

	*settled = trouble == NULL;
	if (trouble != NULL)
		fprintf(stderr, "sutler: %s of %s for %s: %s\n", o->kind,
		    o->provider == NULL ? "app" : o->provider, o->app_name,
		    trouble);
	if (!*settled && quiet)
		return NULL;
	later.attempts = o->attempts + 1;
	later.trouble = trouble;
	later.next_at = next_time(later.attempts);
	e = event_new(*settled ? "%s: %s settled" : "%s: %s still owed",
	    o->app_name,
	    strcmp(o->kind, "restart") == 0
	        ? "restart"
	        : mem_printf("removal at %s", o->provider));
	event_app(&e, o->app_id, o->app_name);
	if (o->addon_id != NULL)
		event_addon(&e, o->addon_id);
	f = store_lock(act->store);
	if (f != NULL)
		return f;
	f = store_read(&record, act->store, store_path("open", o->id));
	/* due again meanwhile, it is another piece of work */
	if (f != NULL || record == NULL ||
	    strcmp(record->text, json_print(json_write(o, &shape), true)) !=
	        0) {
		store_unlock(act->store);
		return f;
	}
	if (*settled)
		work_put_gone(act->store, o);
	else
		work_put(act->store, &later);
	return event_commit(NULL, act, &e);
}

void
work_start_tick(const struct conf *conf)
{
	const char *program = mem_printf("%s/sutler", conf->libexec);
	pid_t child = fork();
	int null;

	if (child > 0)
		waitpid(child, NULL, 0);
	if (child != 0)
		return;
	/* the second fork leaves no child for the web server to wait for */
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	signal(SIGTERM, SIG_DFL);
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	execle(program, program, "tick", (char *)NULL, environment());
	_exit(127);
}
