/*
 * The provider's side: finding its installation, and setting its variables.
 */
#include "addon.h"
#include "attachment.h"
#include "conf.h"
#include "hash.h"
#include "index.h"
#include "json.h"
#include "mem.h"
#include "work.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { UUID_LENGTH = 36 };

/* The app's 52-bit number in "app123@host" or "123", as 13 hex digits. */
static const char *
number_of(const char *ident)
{
	unsigned long long number;
	const char *digits = ident;
	char *end;

	if (strncmp(ident, "app", 3) == 0)
		digits += 3;
	if (!isdigit((unsigned char)digits[0]) || strlen(digits) > 255)
		return NULL;
	number = strtoull(digits, &end, 10);
	if ((*end != '\0' && *end != '@') || number >> 52 != 0)
		return NULL;
	return mem_printf("%013llx", number);
}

static const char *
resource_key(const struct act *act, const char *ident)
{
	return mem_printf("resource %s %s", act->provider->slug,
	    hash_sha1(ident, strlen(ident)));
}

/* The index keys that ident may stand for, the surest first. */
static size_t
keys_of(const char *keys[5], const struct act *act, const char *ident)
{
	const char *number = number_of(ident);
	size_t n = 0, len = strlen(ident);

	if (strncmp(ident, "ad-", 3) == 0)
		keys[n++] = mem_printf("addon %s", ident);
	if (len == UUID_LENGTH)
		keys[n++] = mem_printf("addon ad-%s", ident);
	if (number != NULL)
		keys[n++] = mem_printf("number %s", number);
	keys[n++] = mem_printf("app %s", ident);
	keys[n++] = resource_key(act, ident);
	return n;
}

/* True where ident is a form of this installation's names. */
static bool
answers_to(const struct app *app, const struct addon *a, const char *ident)
{
	const char *number = number_of(ident);

	if (a->resource != NULL && strcmp(json_plain(a->resource), ident) == 0)
		return true;
	return strcmp(a->id, ident) == 0 || strcmp(a->id + 3, ident) == 0 ||
	       strcmp(app->id, ident) == 0 || strcmp(app->name, ident) == 0 ||
	       (number != NULL && strncmp(app->id, number, 13) == 0);
}

/* The provider's add-on on app that ident means; false: none. */
static bool
pick(struct addon_result *out, const struct act *act, struct app *app,
    const char *ident, bool early)
{
	struct addon *a;

	for (a = app->addons; a != NULL; a = a->next) {
		if (strcmp(a->provider, act->provider->slug) != 0 ||
		    (a->resource == NULL && !early) ||
		    !answers_to(app, a, ident))
			continue;
		out->app = app;
		out->addon = a;
		return true;
	}
	return false;
}

const struct fail *
addon_locate(struct addon_result *out, const struct act *act, const char *ident,
    bool early)
{
	const char *keys[5], *name;
	const struct fail *f;
	size_t i, n = keys_of(keys, act, ident);
	struct app *app;

	*out = (struct addon_result){0};
	out->provider = (struct provider *)act->provider;
	for (i = 0; i <= n; i++) {
		/* last of all, the name of the app */
		name = ident;
		f = i == n ? NULL : index_find(&name, act->store, keys[i]);
		if (f == NULL && name == NULL)
			continue;
		if (f == NULL)
			f = app_load(&app, act, name);
		if (f != NULL && f->code != FAIL_MISSING)
			return f;
		if (f == NULL && pick(out, act, app, ident, early))
			return NULL;
	}
	return fail_missing("app");
}

/* Values are strings, or null; where the dialect has them, scalars too. */
static const struct fail *
check_types(const struct dialect *d, const cJSON *config)
{
	const struct fail *f = NULL;
	const cJSON *v;

	cJSON_ArrayForEach(v, config)
		if (!cJSON_IsString(v) && !cJSON_IsNull(v) &&
		    !(d->drops_undeclared &&
		        (json_is_number(v) || cJSON_IsBool(v))))
			f = fail_field(f, "config", "%s must be a string",
			    v->string);
	return f;
}

/* FAIL_INVALID or the dialect's own code: a name or value it may not set. */
static const struct fail *
check_config(const struct provider *p, const cJSON *config)
{
	const struct dialect *d = p->dialect;
	const struct fail *f = check_types(d, config);
	const cJSON *v;

	if (f != NULL)
		return f;

	cJSON_ArrayForEach(v, config) {
		if (!provider_declares(p, v->string)) {
			if (d->undeclared != FAIL_INVALID)
				return fail(d->undeclared,
				    "%s is not declared in the manifest's"
				    " config_vars",
				    v->string);
			f = fail_field(f, "config",
			    "%s is not declared in the"
			    " manifest's config_vars",
			    v->string);
			continue;
		}
		if (!dialect_name_allowed(v->string))
			f = fail_field(f, "config",
			    "%s is not a name that a provider may set",
			    v->string);
		if (cJSON_IsNull(v))
			continue;
		if (json_plain(v)[0] == '\0')
			f = fail_field(f, "config", "%s must not be empty",
			    v->string);
		else if (strlen(json_plain(v)) > CONFIG_VALUE_MAX)
			f = fail_field(f, "config",
			    "%s is too long (maximum is %d bytes)", v->string,
			    CONFIG_VALUE_MAX);
	}
	return f;
}

/* FAIL_INVALID: a name that the app, or one that has the add-on attached, has
 * from elsewhere. */
static const struct fail *
check_names(const struct act *act, const struct addon_result *r,
    const cJSON *config)
{
	const struct fail *f = NULL;
	const cJSON *v;

	cJSON_ArrayForEach(v, config)
		if (!cJSON_IsNull(v))
			f = attachment_check_set(f, act, r, v->string);
	return f;
}

/* True where setting v in a would change anything. */
static bool
differs(struct addon *a, const cJSON *v)
{
	struct json_var *old = json_var_find(a->rebind, v->string);

	if (old == NULL)
		old = json_var_find(a->config, v->string);
	if (old == NULL || old->value == NULL || cJSON_IsNull(v))
		return (old == NULL || old->value == NULL) != cJSON_IsNull(v);
	return strcmp(old->value, json_plain(v)) != 0 ||
	       old->raw == cJSON_IsString(v);
}

static bool
is_running(const struct addon *a)
{
	return strcmp(a->status, "running") == 0;
}

/* One variable set, or taken away, at once or when bound again; an event. */
static void
set(struct event *e, const struct provider *p, struct addon *a, const cJSON *v)
{
	bool later = p->dialect->rebinds && is_running(a);
	struct json_var **vars = later ? &a->rebind : &a->config;
	bool known = json_var_find(a->config, v->string) != NULL;
	cJSON *data = cJSON_CreateObject();

	json_add_text(data, "name", attachment_name(p, a->prefix, v->string));
	/* by which the feed finds its values */
	if (a->prefix != NULL)
		json_add_text(data, "declared", v->string);
	json_add_text(data, "addon_name", p->slug);
	if (cJSON_IsNull(v) && !later)
		json_var_remove(vars, v->string);
	else
		json_var_set(vars, v->string,
		    cJSON_IsNull(v) ? NULL : json_plain(v),
		    !cJSON_IsString(v) && !cJSON_IsNull(v));
	event_add(e,
	    cJSON_IsNull(v) ? "delete_variable"
	    : known         ? "edit_variable"
	                    : "new_variable",
	    data);
}

/* *says: setting a's config says "ready". */
static const struct fail *
says_ready(bool *says, const struct act *act, const struct addon *a)
{
	const struct dialect *d = act->provider->dialect;
	const struct fail *f = NULL;
	struct work *work = NULL;

	*says = d->config_ends_wait;
	if (*says || !d->config_ends_change)
		return NULL;
	if (!addon_is_asked(a))
		f = work_load(&work, act->store, a->id);
	/* an order is answered by an action of its own */
	*says = a->wanted_plan != NULL ||
	        (work != NULL && strcmp(work->kind, WORK_EXPECT) == 0);
	return f;
}

/* The word "ready"; early, it is remembered. */
static bool
end_wait(struct event *e, const struct act *act, struct addon *a)
{
	if (addon_is_asked(a)) {
		a->verdict = "ready";
		return true;
	}
	if (strcmp(a->status, "provisioning") != 0)
		return false;
	addon_run(e, act->provider, a);
	work_put_gone(act->store, a);
	return true;
}

/* A change that takes effect restarts the app, and those that have the add-on
 * by attachment. */
void
addon_owe_restart(struct event *e, const struct act *act,
    const struct addon_result *r)
{
	struct act any = {.conf = act->conf, .store = act->store};
	cJSON *data = cJSON_CreateObject();
	const cJSON *id;
	struct app *app;

	if (act->conf->restart_hook == NULL)
		return;
	json_add_text(data, "scope", NULL);
	json_add_text(data, "addon_name", act->provider->slug);
	json_add_text(data, "addon_provider", act->provider->slug);
	event_add(e, "restart", data);
	work_put(act->store, work_restart(r->app));
	cJSON_ArrayForEach(id, r->addon->attached)
		if (app_load(&app, &any, id->valuestring) == NULL)
			work_put(act->store, work_restart(app));
}

const struct fail *
addon_configure(struct addon_result *out, const struct act *act,
    const char *ident, const cJSON *config)
{
	const struct fail *f = store_lock(act->store);
	struct mem_text names = {0};
	const cJSON *v;
	struct event e;
	bool running, ready, ended;

	if (f == NULL)
		f = addon_locate(out, act, ident, true);
	if (f == NULL)
		f = says_ready(&ready, act, out->addon);
	if (f == NULL)
		f = check_config(act->provider, config);
	if (f == NULL)
		f = check_names(act, out, config);
	if (f == NULL)
		f = event_match(act, "add-on", app_addon_revision(out->addon));
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	e = event_new("nothing");
	cJSON_ArrayForEach(v, config) {
		if (!differs(out->addon, v))
			continue;
		mem_addf(&names, "%s%s", names.len == 0 ? "" : ", ", v->string);
		set(&e, act->provider, out->addon, v);
	}
	running = is_running(out->addon);
	ended = ready && end_wait(&e, act, out->addon);
	out->variables = addon_names(out->provider, out->addon);
	if (names.len == 0 && !ended) {
		store_unlock(act->store);
		return NULL;
	}
	e.subject = event_new("%s: %s changed %s", out->app->name,
	    act->provider->slug, names.len == 0 ? "nothing" : names.text)
	                .subject;
	event_addon(&e, out->addon->id);
	running |= is_running(out->addon);
	if (running && !act->provider->dialect->rebinds)
		addon_owe_restart(&e, act, out);
	return app_save(act, out->app, &e);
}

/* config as the provider last set it, bound or not. */
static const struct json_var *
latest(const struct addon *a)
{
	struct json_var *vars = NULL, *v;

	for (v = a->config; v != NULL; v = v->next)
		json_var_set(&vars, v->name, v->value, v->raw);
	for (v = a->rebind; v != NULL; v = v->next) {
		if (v->value == NULL)
			json_var_remove(&vars, v->name);
		else
			json_var_set(&vars, v->name, v->value, v->raw);
	}
	return vars;
}

void
addon_installation(struct installation *out, const struct act *act,
    const struct addon_result *r, const char *owner_email)
{
	const struct conf *conf = act->conf;

	*out = (struct installation){.addon_id = r->addon->id,
	    .uuid = r->addon->id + 3,
	    .resource = r->addon->resource,
	    .plan = r->addon->plan,
	    .app_id = r->app->id,
	    .app_name = r->app->name,
	    .heroku_id = app_heroku_id(conf, r->app->id),
	    .account = r->app->owner,
	    .owner_email = owner_email,
	    .config = latest(r->addon),
	    .region = conf->region,
	    .provider_region = conf->provider_region,
	    .appfog_region = conf->appfog_region,
	    .public_url = conf->public_url,
	    .provider = r->provider->slug,
	    .apps_path = r->provider->dialect->apps_path};
	out->ident = provider_ident(r->provider, out->heroku_id, out->uuid);
}
