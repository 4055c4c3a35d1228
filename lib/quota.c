#include "quota.h"

#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "fail.h"
#include "mem.h"
#include "secret.h"
#include "space.h"

static const char *const names[CONF_QUOTAS] = {"apps", "addons", "variables",
    "bytes"};

/* What an account would have more than before, or less. */
struct charge {
	struct charge *next;
	const char *owner;
	struct name *apps; /* those that were put */
	long more[CONF_QUOTAS];
};

struct name {
	struct name *next;
	const char *name;
};

struct change {
	struct charge *charges;
	bool grows; /* records of any kind do but of what is owed */
};

const char *
quota_name(enum quota q)
{
	return names[q];
}

long
quota_of(const struct conf *conf, const struct account *a, enum quota q)
{
	const cJSON *own = a == NULL ? NULL : json_get(a->quota, names[q]);

	return own == NULL ? conf->quota[q] : (long)own->valuedouble;
}

static int
find(const char *name, size_t len)
{
	int i;

	for (i = 0; i < CONF_QUOTAS; i++)
		if (strncmp(names[i], name, len) == 0 && names[i][len] == '\0')
			return i;
	return -1;
}

bool
quota_fits(const cJSON *json)
{
	const cJSON *one;

	if (json != NULL && !cJSON_IsObject(json))
		return false;
	cJSON_ArrayForEach(one, json)
		if (find(one->string, strlen(one->string)) < 0 ||
		    !cJSON_IsNumber(one) || one->valuedouble < 0 ||
		    one->valuedouble > CONF_QUOTA_MAX ||
		    one->valuedouble != (double)(long)one->valuedouble)
			return false;
	return true;
}

const struct fail *
quota_set(struct account *a, const char *word)
{
	const size_t len = strcspn(word, "=");
	const char *value = word[len] == '=' ? word + len + 1 : "";
	const int q = find(word, len);
	const size_t digits = strspn(value, "0123456789");

	if (q < 0 || (strcmp(value, "default") != 0 &&
	                 (digits == 0 || digits > 9 || value[digits] != '\0')))
		return fail(FAIL_SYNTAX,
		    "say apps=, addons=, variables= or bytes=, and a number "
		    "(0: no limit) or default, not %s",
		    word);
	if (a->quota == NULL)
		a->quota = cJSON_CreateObject();
	cJSON_DeleteItemFromObjectCaseSensitive(a->quota, names[q]);
	if (digits > 0)
		cJSON_AddNumberToObject(a->quota, names[q],
		    (double)strtol(value, NULL, 10));
	if (a->quota->child == NULL)
		a->quota = NULL;
	return NULL;
}

/* The bytes of a record (NULL: none), the same however its secrets are kept. */
static long
size_of(const cJSON *record)
{
	const char *text;

	if (record == NULL)
		return 0;
	text = json_print(record, true);
	return (long)secret_clear_size(text, strlen(text));
}

/* Add what app, a record or NULL, has to use, times sign. */
static void
count(long use[CONF_QUOTAS], const cJSON *app, long sign)
{
	const cJSON *addons = json_get(app, "addons"), *one;
	long variables = cJSON_GetArraySize(json_get(app, "variables"));

	if (app == NULL)
		return;
	cJSON_ArrayForEach(one, addons)
		variables += cJSON_GetArraySize(json_get(one, "config"));
	use[QUOTA_APPS] += sign;
	use[QUOTA_ADDONS] += sign * cJSON_GetArraySize(addons);
	use[QUOTA_VARIABLES] += sign * variables;
	use[QUOTA_BYTES] += sign * size_of(app);
}

static struct charge *
charge_of(struct change *c, const char *owner)
{
	struct charge *charge = c->charges;

	while (charge != NULL && strcmp(charge->owner, owner) != 0)
		charge = charge->next;
	if (charge != NULL)
		return charge;
	charge = mem_alloc(sizeof(*charge));
	charge->owner = owner;
	charge->next = c->charges;
	c->charges = charge;
	return charge;
}

static const struct fail *
note(void *arg, const char *path, const cJSON *before, const cJSON *after)
{
	const char *from = json_text(before, "owner");
	const char *to = json_text(after, "owner");
	struct change *c = arg;
	struct charge *charge;
	struct name *app;

	/* what is owed to providers and apps may be noted at any time */
	if (strncmp(path, "open/", strlen("open/")) != 0 &&
	    size_of(after) > size_of(before))
		c->grows = true;
	if (strncmp(path, "apps/", strlen("apps/")) != 0)
		return NULL;
	if (from != NULL)
		count(charge_of(c, from)->more, before, -1);
	if (to == NULL)
		return NULL;
	charge = charge_of(c, to);
	count(charge->more, after, 1);
	app = mem_alloc(sizeof(*app));
	app->name = json_text(after, "name");
	app->next = charge->apps;
	charge->apps = app;
	return NULL;
}

/* Add what the app called name has to use, where it is owner's. */
static const struct fail *
add_app(long use[CONF_QUOTAS], struct store *store, const char *name,
    const char *owner)
{
	const struct mem_mark mark = mem_mark();
	struct store_record *record;
	const struct fail *f;
	const char *said;

	if (app_check_name(name) != NULL)
		return NULL;
	f = store_read(&record, store, store_path("apps", name));
	if (f != NULL)
		return f;
	said = record == NULL ? NULL : json_text(record->json, "owner");
	if (said != NULL && strcmp(said, owner) == 0)
		count(use, record->json, 1);
	mem_release(mark);
	return NULL;
}

static bool
is_among(const char *name, const char *const *all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(all[i], name) == 0)
			return true;
	return false;
}

/* The same with apps, which were put: the index may not have them yet. */
static const struct fail *
use_with(long use[CONF_QUOTAS], struct store *store, const char *owner,
    const struct name *apps)
{
	const struct fail *f;
	const char **known;
	size_t i, n;

	memset(use, 0, CONF_QUOTAS * sizeof(*use));
	f = index_values_held(&known, &n, store,
	    mem_printf("account/%s", owner));
	for (i = 0; f == NULL && i < n; i++)
		f = add_app(use, store, known[i], owner);
	for (; f == NULL && apps != NULL; apps = apps->next)
		if (!is_among(apps->name, known, n))
			f = add_app(use, store, apps->name, owner);
	return f;
}

const struct fail *
quota_use(long use[CONF_QUOTAS], struct store *store, const char *name)
{
	return use_with(use, store, name, NULL);
}

/* The account called name, or NULL. */
static const struct fail *
account_of(struct account **a, const struct act *act, const char *name)
{
	const struct fail *f = account_load(a, act->store, name);

	if (f == NULL || f->code != FAIL_MISSING)
		return f;
	*a = NULL;
	return NULL;
}

static const struct fail *
check_charge(const struct act *act, const struct charge *charge)
{
	const struct fail *f = NULL;
	long use[CONF_QUOTAS], most[CONF_QUOTAS];
	struct account *a;
	bool bound = false;
	int i;

	for (i = 0; i < CONF_QUOTAS; i++)
		bound |= charge->more[i] > 0;
	if (!bound)
		return NULL;
	f = account_of(&a, act, charge->owner);
	if (f != NULL)
		return f;
	bound = false;
	for (i = 0; i < CONF_QUOTAS; i++) {
		most[i] = quota_of(act->conf, a, (enum quota)i);
		bound |= most[i] > 0 && charge->more[i] > 0;
	}
	/* all of an owner's apps are read where there is something to bound */
	if (bound)
		f = use_with(use, act->store, charge->owner, charge->apps);
	if (!bound || f != NULL)
		return f;
	for (i = 0; i < CONF_QUOTAS; i++)
		if (most[i] > 0 && charge->more[i] > 0 && use[i] > most[i])
			f = fail_field(f, mem_printf("quota_%s", names[i]),
			    "the account %s may have %ld, and this would make "
			    "it %ld",
			    charge->owner, most[i], use[i]);
	return f;
}

const struct fail *
quota_check(const struct act *act)
{
	const struct charge *charge;
	struct change c = {0};
	const struct fail *f;

	f = store_differences(act->store, note, &c);
	for (charge = c.charges; f == NULL && charge != NULL;
	     charge = charge->next)
		f = check_charge(act, charge);
	if (f == NULL && c.grows &&
	    (act->account != NULL || act->provider != NULL))
		f = space_check(act->conf);
	return f;
}
