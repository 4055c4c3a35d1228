#include "work.h"
#include "clock.h"
#include "hash.h"
#include "json.h"
#include "mem.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

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
    JSON_FIELD(work, options, HIDDEN, OMIT),
    JSON_FIELD(work, created_at, STRING, MUST),
    JSON_FIELD(work, attempts, NUMBER, OMIT),
    JSON_FIELD(work, next_at, STRING, MUST),
    JSON_FIELD(work, trouble, STRING, OMIT),
};

static const struct json_shape shape =
    JSON_SHAPE_RECORD(work, fields, "app_id");

/* When work of a kind is due. */
enum due { DUE_NOW, DUE_SOON, DUE_CALL, DUE_PATIENCE };

/* Seconds within which who wanted a change may want it again. */
enum { SOON = 60 };

static const struct {
	const char *kind;
	enum due due;
} kinds[] = {
    {WORK_PROVISION, DUE_CALL    },
    {WORK_CHANGE,    DUE_CALL    },
    {WORK_AWAIT,     DUE_PATIENCE},
    {WORK_EXPECT,    DUE_PATIENCE},
    {WORK_LEAVE,     DUE_PATIENCE},
    {WORK_REMOVE,    DUE_NOW     },
    {WORK_RESTORE,   DUE_SOON    },
    {WORK_SUSPEND,   DUE_NOW     },
    {WORK_RESTART,   DUE_NOW     },
    {WORK_NOTIFY,    DUE_NOW     },
    {WORK_WEBHOOK,   DUE_NOW     },
};

enum { UUID_LENGTH = 36 };
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The row of kind; KINDS: there is none. */
static size_t
find_kind(const char *kind)
{
	size_t i;

	for (i = 0; i < KINDS && strcmp(kinds[i].kind, kind) != 0; i++)
		;
	return i;
}

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
work_addon(const char *kind, const struct act *act, const struct app *app,
    const struct addon *addon)
{
	const struct conf *conf = act->conf;
	const long delays[] = {[DUE_NOW] = 0,
	    [DUE_SOON] = SOON,
	    [DUE_CALL] = conf->provider_timeout + WORK_GRACE,
	    [DUE_PATIENCE] = conf->provider_patience};
	struct work *o = work_new(kind, app);
	enum due due = kinds[find_kind(kind)].due;

	/* the order that would have told its id may be on its way */
	if (due == DUE_NOW && addon->resource == NULL)
		due = DUE_CALL;
	o->id = addon->id + strlen("ad-");
	o->provider = addon->provider;
	o->addon_id = addon->id;
	o->plan = addon->plan;
	o->resource = addon->resource;
	o->options = addon->options;
	o->next_at = clock_text(clock_now() + delays[due] * 1000);
	return o;
}

struct work *
work_restart(const struct app *app)
{
	struct work *o = work_new(WORK_RESTART, app);
	const char *text = mem_printf("restart %s", app->id);
	const char *hex = hash_sha1(text, strlen(text));

	o->id = mem_printf("%.8s-%.4s-5%.3s-8%.3s-%.12s", hex, hex + 8,
	    hex + 12, hex + 15, hex + 18);
	return o;
}

/* RFC 9562, version 7: the time comes first, to a 4096th of a millisecond. */
struct work *
work_news(const char *kind, const struct app *app)
{
	struct work *o = work_new(kind, app);
	const char *hex = hash_random_hex(8);
	uint64_t ms, part;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	part = (uint64_t)t.tv_nsec % 1000000 * 4096 / 1000000;
	o->id =
	    mem_printf("%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-8%.3s-%.12s",
	        ms >> 16, ms & 0xffff, part, hex, hex + 4);
	return o;
}

const char *
work_queue(const struct work *o)
{
	if (strcmp(o->kind, WORK_NOTIFY) == 0)
		return mem_printf("owner %s", o->owner);
	if (strcmp(o->kind, WORK_WEBHOOK) == 0)
		return mem_printf("webhook %s",
		    json_text(o->options, "webhook"));
	return NULL;
}

const char *
work_asked(const struct work *o)
{
	if (o->provider == NULL)
		return NULL;
	return mem_printf("%s %s",
	    strcmp(o->kind, WORK_WEBHOOK) == 0 ? "webhooks of" : "provider",
	    o->provider);
}

void
work_put(struct store *store, const struct work *o)
{
	store_put(store, store_path("open", o->id), json_write(o, &shape));
}

void
work_put_gone(struct store *store, const struct addon *addon)
{
	store_put(store, store_path("open", addon->id + strlen("ad-")), NULL);
}

void
work_put_unstarted(struct store *store, const struct app *app)
{
	store_put(store, store_path("open", work_restart(app)->id), NULL);
}

cJSON *
work_view(const struct work *o)
{
	return json_show(o, &shape);
}

bool
work_due(const struct work *o)
{
	return strcmp(o->next_at, clock_text(clock_now())) <= 0;
}

/* The work in record, which an administrator may have edited. */
static const struct fail *
parse(struct work **out, const struct store_record *record)
{
	struct work *o = mem_alloc(sizeof(*o));
	const struct fail *f = json_read(o, record->json, &shape);

	if (f != NULL)
		return fail(f->code, "%s: %s", record->path, f->text);
	if (find_kind(o->kind) == KINDS ||
	    (strcmp(o->kind, WORK_RESTART) != 0 &&
	        strcmp(o->kind, WORK_NOTIFY) != 0 &&
	        (o->provider == NULL || o->addon_id == NULL ||
	            strlen(o->addon_id) <= strlen("ad-") || o->plan == NULL)) ||
	    (strcmp(o->kind, WORK_WEBHOOK) == 0 &&
	        json_text(o->options, "webhook") == NULL))
		return fail(FAIL_BUSY, "%s: not a piece of work", record->path);
	*out = o;
	return NULL;
}

const struct fail *
work_again(cJSON **out, const struct store_record *record)
{
	const struct fail *f;
	struct work *o;

	f = parse(&o, record);
	if (f == NULL && out != NULL)
		*out = json_write(o, &shape);
	return f;
}

const struct fail *
work_read(struct work **out, struct store *store, const char *path)
{
	struct store_record *record;
	const struct fail *f = store_read(&record, store, path);

	*out = NULL;
	return f != NULL || record == NULL ? f : parse(out, record);
}

const struct fail *
work_load(struct work **out, struct store *store, const char *addon_id)
{
	const char *uuid = addon_id + strlen("ad-");

	*out = NULL;
	/* no path is ever made of what is no uuid */
	if (strncmp(addon_id, "ad-", 3) != 0 || strlen(uuid) != UUID_LENGTH ||
	    strspn(uuid, "0123456789abcdef-") != UUID_LENGTH)
		return NULL;
	return work_read(out, store, store_path("open", uuid));
}

struct visit {
	work_visit *visit;
	void *arg;
};

static const struct fail *
visit_record(void *arg, const struct store_record *record)
{
	const struct visit *v = arg;
	const struct fail *f;
	struct work *o;

	f = parse(&o, record);
	return f != NULL ? f : v->visit(v->arg, o);
}

const struct fail *
work_walk(struct store *store, work_visit *visit, void *arg)
{
	struct visit v = {visit, arg};

	return store_walk(store, "open", visit_record, &v);
}

bool
work_any(const struct store *store)
{
	return store_any(store, "open");
}
