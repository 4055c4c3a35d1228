/*
 * Providers and their manifests; nothing here knows of the store.
 */
#include "provider.h"
#include "clock.h"
#include "hash.h"
#include "manifest.h"
#include "mem.h"

#include <ctype.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *
provider_ident(const struct provider *p, const char *heroku_id,
    const char *uuid)
{
	return p->many_per_app ? uuid : heroku_id;
}

bool
provider_declares(const struct provider *p, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, p->config_vars)
		if (cJSON_IsString(item) &&
		    strcmp(item->valuestring, name) == 0)
			return true;
	return false;
}

bool
provider_slug_allowed(const char *slug)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(slug);

	return len > 0 && len <= PROVIDER_SLUG_MAX &&
	       strspn(slug, letters) == len && strchr("-_", slug[0]) == NULL;
}

/* "tide-db" -> "TIDE_DB" */
static const char *
capitals(const char *slug)
{
	char *text = mem_copy(slug), *p;

	for (p = text; *p != '\0'; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	return text;
}

void
provider_read(struct provider *p)
{
	const struct {
		const char **member, *key;
	} texts[] = {
	    {&p->logo_url,          "logo_url"         },
	    {&p->short_description, "short_description"},
	    {&p->description,       "description"      },
	    {&p->provider_name,     "provider_name"    },
	    {&p->provider_url,      "provider_url"     },
	};
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		*texts[i].member = json_text(p->manifest, texts[i].key);
		if (*texts[i].member == NULL)
			*texts[i].member = "";
	}
	p->dialect->read(p, p->manifest);
	if (p->vars_prefix == NULL)
		p->vars_prefix = p->slug == NULL ? "" : capitals(p->slug);
}

bool
provider_sold_to(const struct provider *p, const char *account)
{
	const cJSON *name;

	if (p->visibility == NULL)
		return true;
	if (account == NULL || strcmp(p->visibility, "private") != 0)
		return false;
	if (p->owner != NULL && strcmp(p->owner, account) == 0)
		return true;
	cJSON_ArrayForEach(name, p->accounts)
		if (cJSON_IsString(name) &&
		    strcmp(name->valuestring, account) == 0)
			return true;
	return false;
}

const char *
provider_old_password(const struct provider *p, int64_t now)
{
	if (p->old_password == NULL || p->old_until == NULL ||
	    now >= clock_parse(p->old_until))
		return NULL;
	return p->old_password;
}

struct provider_manifest *
provider_manifest_new(const char *created_at)
{
	struct provider_manifest *m = mem_alloc(sizeof(*m));

	m->id = hash_uuid();
	m->created_at = created_at;
	return m;
}

/* A slug made of text: "Acme Cache!" -> "acme-cache". */
static const char *
make_slug(const char *text)
{
	struct mem_text t = {0};
	char c;

	for (; *text != '\0' && t.len < PROVIDER_SLUG_MAX; text++) {
		c = (char)tolower((unsigned char)*text);
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", c) == NULL)
			c = '-';
		if (strchr("-_", c) != NULL &&
		    (t.len == 0 || (c == '-' && t.text[t.len - 1] == '-')))
			continue;
		mem_add(&t, &c, 1);
	}
	while (t.len > 0 && strchr("-_", t.text[t.len - 1]) != NULL)
		t.text[--t.len] = '\0';
	return t.text == NULL ? "" : t.text;
}

/* FAIL_INVALID with all findings that are no warnings, or NULL. */
static const struct fail *
refuse(const struct finding *findings)
{
	const struct fail *f = NULL;

	for (; findings != NULL; findings = findings->next)
		if (!findings->warning)
			f = fail_field(f, findings->path, "%s", findings->text);
	return f;
}

static const struct fail *
choose_dialect(const struct dialect **out, const cJSON *manifest,
    const char *name)
{
	*out = name == NULL ? dialect_guess(manifest) : dialect_find(name);
	if (*out != NULL)
		return NULL;
	return fail_field(NULL, "dialect",
	    name == NULL ? "cannot be told by the manifest; must be one of %s"
	                 : "must be one of %s",
	    dialect_names());
}

static const struct fail *
choose_slug(struct provider *p, const char *slug)
{
	const char *id = json_text(p->manifest, "id");

	p->slug = slug == NULL ? make_slug(id == NULL ? p->name : id)
	                       : mem_copy(slug);
	if (provider_slug_allowed(p->slug))
		return NULL;
	return fail_field(NULL, "slug",
	    "must be lower-case letters, digits, \"-\" and \"_\", none of "
	    "these two first, at most %d",
	    PROVIDER_SLUG_MAX);
}

/* Heroku keeps plans elsewhere, but for the one that providers try with. */
static struct plan *
make_plans(const struct provider *p)
{
	struct plan *plans =
	    plan_list(json_get(p->manifest, "plans"), p->dialect->plan_key);
	cJSON *list, *plan;

	if (plans != NULL)
		return plans;
	list = cJSON_CreateArray();
	plan = cJSON_CreateObject();
	json_add_text(plan, p->dialect->plan_key, "test");
	cJSON_AddItemToArray(list, plan);
	return plan_list(list, p->dialect->plan_key);
}

/* FAIL_INVALID where the URLs that are to be used are not in the manifest. */
static const struct fail *
check_urls(struct finding **findings, const struct provider *p)
{
	if (p->base_url != NULL)
		return NULL;
	dialect_find_fault(findings, false,
	    json_get(p->manifest, "api") == NULL ? "test" : "api.test",
	    "is missing, and its URLs are to be used");
	return refuse(*findings);
}

/* A copy of the manifest, without what the portal adds to it. */
static cJSON *
copy(const cJSON *manifest)
{
	cJSON *twin = cJSON_Duplicate(manifest, true);

	cJSON_DeleteItemFromObjectCaseSensitive(twin, "$base");
	return twin;
}

const struct fail *
provider_new(struct provider **out, struct finding **findings,
    const cJSON *manifest, const char *dialect, const char *slug,
    const char *category, bool allow_http, bool test)
{
	struct provider *p = mem_alloc(sizeof(*p));
	const struct fail *f;

	*findings = NULL;
	f = choose_dialect(&p->dialect, manifest, dialect);
	if (f != NULL)
		return f;
	*findings = p->dialect->check(manifest, allow_http);
	f = refuse(*findings);
	if (f != NULL)
		return f;
	p->dialect_name = p->dialect->name;
	p->category = category == NULL ? "Add-ons" : mem_copy(category);
	p->created_at = clock_text(clock_now());
	p->test = test;
	p->manifest = copy(manifest);
	p->manifests = provider_manifest_new(p->created_at);
	provider_read(p);
	f = check_urls(findings, p);
	if (f != NULL)
		return f;
	p->plans = make_plans(p);
	f = choose_slug(p, slug);
	if (f != NULL)
		return f;
	*out = p;
	return NULL;
}

/* p with manifest in the place of its own. */
static struct provider *
with_manifest(const struct provider *p, cJSON *manifest, int64_t keep)
{
	struct provider *q = mem_alloc(sizeof(*q));

	*q = (struct provider){.slug = p->slug,
	    .dialect_name = p->dialect_name,
	    .category = p->category,
	    .created_at = p->created_at,
	    .test = p->test,
	    .owner = p->owner,
	    .visibility = p->visibility,
	    .accounts = p->accounts,
	    .old_password = p->old_password,
	    .old_until = p->old_until,
	    .client_secret = p->client_secret,
	    .plans = p->plans,
	    .manifests = p->manifests,
	    .manifest = manifest,
	    .dialect = p->dialect};
	provider_read(q);
	if (q->password == NULL || strcmp(q->password, p->password) == 0)
		return q;
	q->old_password = keep > 0 ? p->password : NULL;
	q->old_until = keep > 0 ? clock_text(clock_now() + keep) : NULL;
	return q;
}

const struct fail *
provider_renew(struct provider **out, struct finding **findings,
    const struct provider *p, const cJSON *manifest, bool allow_http,
    int64_t keep)
{
	const cJSON *plans = json_get(manifest, "plans");
	const char *key = p->dialect->plan_key;
	const struct fail *f;
	struct provider *q;

	*findings = p->dialect->check(manifest, allow_http);
	f = refuse(*findings);
	if (f != NULL)
		return f;
	q = with_manifest(p, copy(manifest), keep);
	f = check_urls(findings, q);
	if (f != NULL)
		return f;
	if (cJSON_IsArray(plans))
		q->plans = plan_merge(p->plans,
		    plan_list(json_get(p->manifest, "plans"), key),
		    plan_list(plans, key));
	*out = q;
	return NULL;
}

const struct fail *
provider_new_password(struct provider **out, const struct provider *p,
    const char *password, int64_t keep)
{
	static const char *const paths[] = {"password", "api.password"};
	cJSON *manifest = cJSON_Duplicate(p->manifest, true), *item;
	const struct fail *f = NULL;
	const struct finding *found;
	size_t i;

	for (i = 0; i < COUNT(paths); i++) {
		item = (cJSON *)manifest_get(manifest, paths[i]);
		if (!cJSON_IsString(item) ||
		    strcmp(item->valuestring, p->password) != 0)
			continue;
		item->valuestring = mem_copy(password);
		found = p->dialect->check(manifest, true);
		for (; found != NULL; found = found->next)
			if (!found->warning &&
			    strcmp(found->path, paths[i]) == 0)
				f = fail_field(f, found->path, "%s",
				    found->text);
	}
	if (f == NULL)
		*out = with_manifest(p, manifest, keep);
	return f;
}
