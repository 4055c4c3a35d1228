/*
 * Providers and their manifests; nothing here knows of the store.
 */
#include "provider.h"
#include "clock.h"
#include "mem.h"

#include <ctype.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

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
	p->manifest = cJSON_Duplicate(manifest, true);
	provider_read(p);
	if (p->base_url == NULL) {
		dialect_find_fault(findings, false,
		    json_get(manifest, "api") == NULL ? "test" : "api.test",
		    "is missing, and its URLs are to be used");
		return refuse(*findings);
	}
	p->plans = make_plans(p);
	f = choose_slug(p, slug);
	if (f != NULL)
		return f;
	*out = p;
	return NULL;
}
