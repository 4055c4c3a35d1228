/* sutler provider … */
#include "fail.h"
#include "file.h"

#include "mem.h"
#include "provider.h"
#include "sutler.h"

#include <stdio.h>
#include <string.h>

static const struct fail *
read_manifest(cJSON **manifest, const char *file)
{
	const struct fail *f;
	size_t len;
	char *text;

	f = file_read(&text, &len, file);
	if (f != NULL)
		return f;
	if (text == NULL)
		return fail(FAIL_CONFLICT, "%s: no such file", file);
	f = json_parse_outside(manifest, text, len);
	if (f != NULL)
		return fail(FAIL_CONFLICT, "%s: %s", file, f->text);
	return NULL;
}

/* Every finding on its line, warnings too; on stdout for check. */
static void
print_findings(const struct call *c, FILE *out, const struct finding *list)
{
	cJSON *array = cJSON_CreateArray(), *o;

	for (; list != NULL; list = list->next) {
		if (!c->json) {
			fprintf(out, "%s: %s: %s\n",
			    list->warning ? "warning" : "error", list->path,
			    list->text);
			continue;
		}
		o = cJSON_CreateObject();
		json_add_text(o, "path", list->path);
		json_add_text(o, "text", list->text);
		json_add_text(o, "level", list->warning ? "warning" : "error");
		cJSON_AddItemToArray(array, o);
	}
	if (c->json)
		fputs(json_print(array, true), out);
}

static const struct fail *
provider_check(const struct call *c)
{
	const struct dialect *d;
	const struct finding *one;
	struct finding *list;
	const struct fail *f;
	cJSON *manifest;
	bool wrong = false;

	f = read_manifest(&manifest, c->argv[0]);
	if (f != NULL)
		return f;
	d = call_option(c, "--dialect") == NULL
	        ? dialect_guess(manifest)
	        : dialect_find(call_option(c, "--dialect"));
	if (d == NULL)
		return fail(FAIL_SYNTAX,
		    "no telling its dialect: say --dialect with one of %s",
		    dialect_names());
	list = d->check(manifest, call_option(c, "--allow-http") != NULL);
	for (one = list; one != NULL; one = one->next)
		wrong |= !one->warning;
	print_findings(c, stdout, list);
	if (wrong)
		return fail(FAIL_CONFLICT, "%s is not a valid %s manifest",
		    c->argv[0], d->name);
	if (!c->json)
		printf("%s is a valid %s manifest\n", c->argv[0], d->name);
	return NULL;
}

static const struct fail *
provider_add(const struct call *c)
{
	bool test = call_option(c, "--test") != NULL;
	struct finding *list = NULL;
	const struct fail *f;
	struct provider *p;
	cJSON *manifest;
	struct event e;

	f = read_manifest(&manifest, c->argv[0]);
	if (f != NULL)
		return f;
	f = provider_new(&p, &list, manifest, call_option(c, "--dialect"),
	    call_option(c, "--slug"), call_option(c, "--category"),
	    c->act.conf->allow_http, test);
	print_findings(c, stderr, list);
	if (f != NULL)
		return list == NULL ? f
		                    : fail(FAIL_CONFLICT,
		                          "%s was not registered: its manifest"
		                          " is not valid",
		                          c->argv[0]);
	f = store_lock(c->act.store);
	if (f == NULL)
		f = provider_put(c->act.store, p);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	e = event_new("%s: provider registered, dialect %s", p->slug,
	    p->dialect_name);
	f = event_commit(NULL, &c->act, &e);
	if (f == NULL)
		printf("%s\n", p->slug);
	return f;
}

static const struct fail *
provider_list_all(const struct call *c)
{
	struct provider **list;
	const struct fail *f;
	struct plan *plan;
	size_t i, n, plans;
	cJSON *o;

	f = provider_list(&list, &n, c->act.store);
	for (i = 0; f == NULL && i < n; i++) {
		for (plans = 0, plan = list[i]->plans; plan != NULL;
		     plan = plan->next)
			plans++;
		o = cJSON_CreateObject();
		json_add_text(o, "slug", list[i]->slug);
		json_add_text(o, "name", list[i]->name);
		json_add_text(o, "dialect", list[i]->dialect_name);
		json_add_text(o, "category", list[i]->category);
		cJSON_AddNumberToObject(o, "plans", (double)plans);
		json_add_text(o, "base_url", list[i]->base_url);
		call_row(c, o);
	}
	if (f == NULL)
		call_done(c);
	return f;
}

/* How many records name the provider slug, as an installation or owed. */
struct uses {
	const char *slug;
	size_t count;
};

static const struct fail *
count_addons(void *arg, const struct store_record *record)
{
	struct uses *uses = arg;
	const char *slug;
	const cJSON *a;

	cJSON_ArrayForEach(a, json_get(record->json, "addons")) {
		slug = json_text(a, "provider");
		uses->count += slug != NULL && strcmp(slug, uses->slug) == 0;
	}
	return NULL;
}

static const struct fail *
count_work(void *arg, const struct store_record *record)
{
	const char *slug = json_text(record->json, "provider");
	struct uses *uses = arg;

	uses->count += slug != NULL && strcmp(slug, uses->slug) == 0;
	return NULL;
}

static const struct fail *
provider_remove(const struct call *c)
{
	struct uses uses = {c->argv[0], 0};
	const struct fail *f;
	struct provider *p;
	struct event e;

	f = store_lock(c->act.store);
	if (f == NULL)
		f = provider_load(&p, c->act.store, c->argv[0]);
	if (f == NULL)
		f = store_walk(c->act.store, "apps", count_addons, &uses);
	if (f == NULL)
		f = store_walk(c->act.store, "open", count_work, &uses);
	if (f == NULL && uses.count > 0)
		f = fail(FAIL_CONFLICT,
		    "%s has %zu installations, or removals that are owed (see"
		    " sutler open): those first",
		    p->slug, uses.count);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	store_put(c->act.store, store_path("providers", p->slug), NULL);
	e = event_new("%s: provider removed", p->slug);
	return event_commit(NULL, &c->act, &e);
}

const struct command provider_commands[] = {
    {"provider add",                                                "FILE [--slug S] [--dialect D] [--category C] [--test]",
     "check a manifest and register its provider; prints the slug", 1, 1,
     false, provider_add,
     {{"--slug", true}, {"--dialect", true}, {"--category", true},
            {"--test", false}}},
    {"provider check", "FILE [--dialect D] [--allow-http]",
     "every rule that a manifest breaks, with its JSON path", 1, 1, true,
     provider_check, {{"--dialect", true}, {"--allow-http", false}}},
    {"provider list",                                                            "", "all providers", 0, 0, false, provider_list_all,
     {{0}}},
    {"provider remove",                                                 "SLUG", "refused while apps have it installed", 1, 1,
     false, provider_remove, {{0}}},
    {0                                                            }
};
