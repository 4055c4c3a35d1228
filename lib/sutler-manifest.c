/* sutler provider add, check, update, password: what a manifest says */
#include "account.h"
#include "clock.h"
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "installed.h"
#include "mem.h"
#include "provider-change.h"
#include "sutler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	KEEP_HOURS = 24, /* of a password that was changed */
	KEEP_HOURS_MAX = 24 * 366,
	ADDONS_SHOWN = 10, /* of a change; --json has all */
	PASSWORD_MAX = 255
};

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
	if (f != NULL && c->json) {
		list = NULL;
		dialect_find_fault(&list, false, "", "%s", f->text);
		print_findings(c, stdout, list);
	}
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

/* By their names clients know Scalingo's own databases, and ask of an add-on
 * of such what only those have.  Source: Terraform's provider (category), the
 * command line's addons-info (slug). */
static void
warn_of_names(const struct provider *p)
{
	static const char *const slugs[] = {"postgresql", "mysql", "mongodb",
	    "elasticsearch", "redis", "influxdb"};
	size_t i;

	if (strncasecmp(p->category, "database", strlen("database")) == 0)
		fprintf(stderr,
		    "warning: category %s: Terraform's provider fails on it,"
		    " as on all that begin with \"database\"\n",
		    p->category);
	for (i = 0; i < sizeof(slugs) / sizeof(slugs[0]); i++)
		if (strcasecmp(p->slug, slugs[i]) == 0)
			fprintf(stderr,
			    "warning: slug %s: scalingo addons-info fails on"
			    " it\n",
			    p->slug);
}

static const struct fail *
provider_add(const struct call *c)
{
	bool test = call_option(c, "--test") != NULL;
	struct finding *list = NULL;
	const struct fail *f;
	struct account *owner;
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
	p->owner = call_option(c, "--owner");
	if (p->owner != NULL)
		f = account_load(&owner, c->act.store, p->owner);
	if (f == NULL)
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
	if (f == NULL)
		warn_of_names(p);
	return f;
}

/* *ms = the hours of --keep, in milliseconds. */
static const struct fail *
keep_time(int64_t *ms, const struct call *c)
{
	const char *text = call_option(c, "--keep");
	long hours = KEEP_HOURS;
	char *end;

	if (text != NULL) {
		hours = strtol(text, &end, 10);
		if (*text == '\0' || *end != '\0' || hours < 0 ||
		    hours > KEEP_HOURS_MAX)
			return fail(FAIL_SYNTAX,
			    "--keep is a whole number of hours, 0 to %d",
			    KEEP_HOURS_MAX);
	}
	*ms = (int64_t)hours * 60 * 60 * 1000;
	return NULL;
}

/* Those of the count installations at list whom change concerns. */
static const struct fail *
concerned(struct installed **out, size_t *n, const struct call *c,
    const struct provider_change *change, struct installed *list, size_t count)
{
	size_t i;

	*out = list;
	*n = count;
	switch (change->concern) {
	case CONCERNS_ALL:
		return NULL;
	case CONCERNS_VARIABLE:
		return installed_with_variable(out, n, &c->act, list,
		    change->name);
	case CONCERNS_PLAN:
		*out = mem_alloc((count + 1) * sizeof(**out));
		for (*n = i = 0; i < count; i++)
			if (strcmp(list[i].plan, change->name) == 0)
				(*out)[(*n)++] = list[i];
		return NULL;
	case CONCERNS_NOBODY:
		break;
	}
	*n = 0;
	return NULL;
}

static cJSON *
change_row(const struct provider_change *change, const struct installed *list,
    size_t count)
{
	cJSON *o = cJSON_CreateObject(), *addons, *addon;
	size_t i;

	json_add_text(o, "what", change->what);
	json_add_text(o, "name", change->name);
	if (change->field != NULL)
		json_add_text(o, "field", change->field);
	json_add_text(o, "before", change->before);
	json_add_text(o, "after", change->after);
	cJSON_AddNumberToObject(o, "concerns", (double)count);
	addons = cJSON_AddArrayToObject(o, "addons");
	for (i = 0; i < count; i++) {
		addon = cJSON_CreateObject();
		json_add_text(addon, "id", list[i].addon_id);
		json_add_text(addon, "app", list[i].app_name);
		json_add_text(addon, "owner", list[i].owner);
		json_add_text(addon, "plan", list[i].plan);
		cJSON_AddItemToArray(addons, addon);
	}
	return o;
}

static void
print_change(const struct provider_change *change, const struct installed *list,
    size_t count)
{
	size_t i;

	printf("%s %s%s%s: %s -> %s\n", change->what, change->name,
	    change->field == NULL ? "" : " ",
	    change->field == NULL ? "" : change->field,
	    change->before == NULL ? "none" : change->before,
	    change->after == NULL ? "none" : change->after);
	if (change->concern == CONCERNS_NOBODY)
		return;
	printf("    concerns %zu installed\n", count);
	for (i = 0; i < count && i < ADDONS_SHOWN; i++)
		printf("    %s %s\n", list[i].app_name, list[i].addon_id);
	if (count > ADDONS_SHOWN)
		printf("    and %zu more: --json names them\n",
		    count - ADDONS_SHOWN);
}

static const struct fail *
show_changes(const struct call *c, const struct provider *p,
    const struct provider_change *change)
{
	struct installed *list, *some;
	const struct fail *f;
	size_t count, n;

	f = installed_list(&list, &count, c->act.store, p->slug);
	for (; f == NULL && change != NULL; change = change->next) {
		f = concerned(&some, &n, c, change, list, count);
		if (f == NULL && c->json)
			call_row(c, change_row(change, some, n));
		else if (f == NULL)
			print_change(change, some, n);
	}
	if (f == NULL)
		call_done(c);
	return f;
}

/* Under the lock, what was shown before it. */
static const struct fail *
update_now(const struct call *c, const cJSON *manifest, int64_t keep)
{
	struct finding *list;
	struct provider *p, *q;
	const struct fail *f;
	struct event e;

	f = store_lock(c->act.store);
	if (f == NULL)
		f = provider_load(&p, c->act.store, c->argv[0]);
	if (f == NULL)
		f = provider_renew(&q, &list, p, manifest,
		    c->act.conf->allow_http, keep);
	if (f == NULL)
		f = provider_put_again(c->act.store, q);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	e = event_new("%s: manifest changed", q->slug);
	return event_commit(NULL, &c->act, &e);
}

static const struct fail *
provider_update(const struct call *c)
{
	bool yes = call_option(c, "--yes") != NULL;
	struct provider_change *changes;
	struct finding *list = NULL;
	struct provider *p, *q;
	const struct fail *f;
	cJSON *manifest;
	int64_t keep;

	f = keep_time(&keep, c);
	if (f == NULL)
		f = read_manifest(&manifest, c->argv[1]);
	if (f == NULL)
		f = provider_load(&p, c->act.store, c->argv[0]);
	if (f != NULL)
		return f;
	f = provider_renew(&q, &list, p, manifest, c->act.conf->allow_http,
	    keep);
	print_findings(c, stderr, list);
	if (f != NULL)
		return fail(FAIL_CONFLICT, "%s is not a valid %s manifest",
		    c->argv[1], p->dialect->name);
	changes = provider_changes(p, q);
	f = show_changes(c, p, changes);
	if (f == NULL && changes != NULL && yes)
		return update_now(c, manifest, keep);
	if (f == NULL && changes == NULL)
		fputs("nothing changes\n", stderr);
	else if (f == NULL)
		fputs("nothing is changed yet: --yes does it\n", stderr);
	return f;
}

/* The one line on standard input: others see arguments. */
static const struct fail *
read_password(const char **out)
{
	char text[PASSWORD_MAX + 2];
	size_t len = fread(text, 1, sizeof(text), stdin);

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len == 0 || len > PASSWORD_MAX || memchr(text, '\0', len) != NULL)
		return fail(FAIL_CONFLICT,
		    "standard input has no password of 1 to %d bytes",
		    PASSWORD_MAX);
	*out = mem_dup(text, len);
	return NULL;
}

static const struct fail *
provider_password(const struct call *c)
{
	const char *text = call_option(c, "--new");
	const char *made = text == NULL ? hash_random_hex(16) : text;
	struct provider *p, *q;
	const struct fail *f;
	struct event e;
	int64_t keep;

	f = keep_time(&keep, c);
	if (f == NULL && text != NULL && strcmp(text, "-") == 0)
		f = read_password(&made);
	if (f == NULL)
		f = store_lock(c->act.store);
	if (f == NULL)
		f = provider_load(&p, c->act.store, c->argv[0]);
	if (f == NULL)
		f = provider_new_password(&q, p, made, keep);
	if (f == NULL && strcmp(p->password, q->password) == 0)
		f = fail(FAIL_CONFLICT, "it is the password already");
	if (f == NULL)
		f = provider_put_again(c->act.store, q);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	e = event_new("%s: password changed, the old one %s%s", q->slug,
	    q->old_until == NULL ? "ends at once" : "valid until ",
	    q->old_until == NULL ? "" : q->old_until);
	f = event_commit(NULL, &c->act, &e);
	if (f == NULL && text == NULL)
		puts(made);
	return f;
}

const struct command manifest_commands[] = {
    {"provider add",
     "FILE [--slug S] [--dialect D] [--category C] [--owner ACCOUNT] "
        "[--test]", "check a manifest and register its provider; prints the slug", 1, 1,
     false, provider_add,
     {{"--slug", true}, {"--dialect", true}, {"--category", true},
            {"--owner", true}, {"--test", false}}},
    {"provider check", "FILE [--dialect D] [--allow-http]",
     "every rule that a manifest breaks, with its JSON path", 1, 1, true,
     provider_check, {{"--dialect", true}, {"--allow-http", false}}},
    {"provider update",                                                             "SLUG FILE [--yes] [--keep HOURS]",
     "what a new manifest changes, and for whom; --yes: do it", 2, 2, false,
     provider_update, {{"--yes", false}, {"--keep", true}}},
    {"provider password",                                                  "SLUG [--new TEXT|-] [--keep HOURS]",
     "another password (made and printed, this once; -: read from standard "
        "input); the old one stays valid for 24 hours", 1, 1, false, provider_password, {{"--new", true}, {"--keep", true}}},
    {0                                                             }
};
