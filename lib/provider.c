#include "provider.h"
#include "client.h"
#include "clock.h"
#include "hash.h"
#include "mem.h"
#include "secret.h"
#include "transcript.h"

#include <ctype.h>
#include <string.h>

enum { USER_MAX = 255, CATEGORY_ID_LENGTH = 24 };

#define FIELD(member) offsetof(struct provider, member)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define PAST(member) offsetof(struct provider_manifest, member)

static const struct json_field manifest_fields[] = {
    {"id",         JSON_STRING, JSON_MUST, PAST(id),         NULL},
    {"created_at", JSON_STRING, JSON_MUST, PAST(created_at), NULL},
    {"revision",   JSON_STRING, JSON_OMIT, PAST(revision),   NULL},
};

static const struct json_shape manifest_shape = {manifest_fields,
    COUNT(manifest_fields), sizeof(struct provider_manifest), PAST(next), NULL};

static const struct json_field fields[] = {
    {"slug",          JSON_STRING, JSON_MUST, FIELD(slug),          NULL           },
    {"dialect",       JSON_STRING, JSON_MUST, FIELD(dialect_name),  NULL           },
    {"category",      JSON_STRING, JSON_MUST, FIELD(category),      NULL           },
    {"created_at",    JSON_STRING, JSON_MUST, FIELD(created_at),    NULL           },
    {"test",          JSON_BOOL,   JSON_OMIT, FIELD(test),          NULL           },
    {"owner",         JSON_STRING, JSON_OMIT, FIELD(owner),         NULL           },
    {"visibility",    JSON_STRING, JSON_OMIT, FIELD(visibility),    NULL           },
    {"accounts",      JSON_ANY,    JSON_OMIT, FIELD(accounts),      NULL           },
    {"old_password",  JSON_SECRET, JSON_OMIT, FIELD(old_password),  NULL           },
    {"old_until",     JSON_STRING, JSON_OMIT, FIELD(old_until),     NULL           },
    {"client_secret", JSON_STRING, JSON_OMIT, FIELD(client_secret), NULL           },
    {"plans",         JSON_LIST,   JSON_MUST, FIELD(plans),         &plan_shape    },
    {"manifests",     JSON_LIST,   JSON_OMIT, FIELD(manifests),     &manifest_shape},
    {"manifest",      JSON_ANY,    JSON_MUST, FIELD(manifest),      NULL           },
};

static const struct json_shape shape = {fields, COUNT(fields),
    sizeof(struct provider), 0, "slug"};

/* The members of a manifest that are secrets, wherever a dialect has them. */
static const char *const secrets[] = {"password", "sso_salt", "api.password",
    "api.sso_salt"};

static cJSON *
secret_member(cJSON *manifest, const char *path)
{
	const char *key = strchr(path, '.');

	return key == NULL ? json_get(manifest, path)
	                   : json_get(json_get(manifest, "api"), key + 1);
}

const struct fail *
provider_open(cJSON *manifest, const char *slug)
{
	const struct fail *f;
	struct secret s;
	cJSON *item;
	size_t i;

	for (i = 0; i < COUNT(secrets); i++) {
		item = secret_member(manifest, secrets[i]);
		if (!cJSON_IsString(item))
			continue;
		f = secret_open(&s, slug, secrets[i], item->valuestring);
		if (f == NULL && s.forgotten)
			f = fail(FAIL_BUSY, "the manifest's %s is forgotten",
			    secrets[i]);
		if (f != NULL)
			return f;
		item->valuestring = mem_copy(s.clear);
	}
	return NULL;
}

static void
seal_secrets(cJSON *manifest, const char *slug)
{
	cJSON *item;
	size_t i;

	for (i = 0; i < COUNT(secrets); i++) {
		item = secret_member(manifest, secrets[i]);
		if (cJSON_IsString(item))
			item->valuestring = mem_copy(secret_seal(slug,
			    secrets[i], item->valuestring, false));
	}
}

/* The provider of a record; an administrator may have edited it. */
static const struct fail *
parse(struct provider **out, const char *path, const cJSON *record)
{
	struct provider *p = mem_alloc(sizeof(*p));
	const struct plan *plan;
	const struct fail *f;

	f = json_read(p, record, &shape);
	if (f != NULL)
		return fail(f->code, "%s: %s", path, f->text);
	p->dialect = dialect_find(p->dialect_name);
	if (p->dialect == NULL)
		return fail(FAIL_BUSY, "%s: dialect \"%s\" is none of %s", path,
		    p->dialect_name, dialect_names());
	/* the record belongs to its reader; what is opened here stays here */
	p->manifest = cJSON_Duplicate(p->manifest, true);
	f = provider_open(p->manifest, p->slug);
	if (f != NULL)
		return f;
	provider_read(p);
	if (p->visibility != NULL && strcmp(p->visibility, "private") != 0 &&
	    strcmp(p->visibility, "closed") != 0)
		return fail(FAIL_BUSY,
		    "%s: visibility is private, closed, or left out", path);
	for (plan = p->plans; plan != NULL; plan = plan->next)
		if (!plan_units_kept(plan->units))
			return fail(FAIL_BUSY, "%s: plan %s: units are none",
			    path, plan->name);
	if (p->name == NULL || p->user == NULL || p->password == NULL ||
	    p->base_url == NULL)
		return fail(FAIL_BUSY,
		    "%s: the manifest lacks a name, a user, a password or a "
		    "URL",
		    path);
	*out = p;
	return NULL;
}

static cJSON *
write(const struct provider *p)
{
	cJSON *json = json_write(p, &shape);

	seal_secrets(json_get(json, "manifest"), p->slug);
	return json;
}

const struct fail *
provider_again(cJSON **out, const struct store_record *record)
{
	const struct fail *f;
	struct provider *p;

	f = parse(&p, record->path, record->json);
	if (f == NULL && out != NULL)
		*out = write(p);
	return f;
}

const struct fail *
provider_load(struct provider **out, struct store *store, const char *slug)
{
	struct store_record *record;
	const struct fail *f;
	const char *path;

	if (!provider_slug_allowed(slug))
		return fail_missing("addon_provider");
	path = store_path("providers", slug);
	f = store_read(&record, store, path);
	if (f != NULL)
		return f;
	if (record == NULL)
		return fail_missing("addon_provider");
	f = parse(out, path, record->json);
	if (f == NULL && strcmp((*out)->slug, slug) != 0)
		f = fail(FAIL_BUSY, "%s: the slug is that of another", path);
	return f;
}

const struct fail *
provider_load_sold(struct provider **out, struct store *store, const char *slug,
    const char *account)
{
	const struct fail *f = provider_load(out, store, slug);

	if (f == NULL && !provider_sold_to(*out, account))
		f = fail_missing("addon_provider");
	return f;
}

static const char *
user_key(const char *user)
{
	return mem_printf("user %s", user);
}

/* True where user may stand in a key of the index. */
static bool
is_user(const char *user)
{
	const char *p;

	for (p = user; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return p > user && p - user <= USER_MAX;
}

const struct fail *
provider_load_user(struct provider **out, struct store *store, const char *user)
{
	const struct fail *f;
	const char *slug = NULL;
	struct provider *p;

	if (!is_user(user))
		return fail_missing("addon_provider");
	f = index_find(&slug, store, user_key(user));
	if (f != NULL)
		return f;
	if (slug == NULL)
		return fail_missing("addon_provider");
	f = provider_load(&p, store, slug);
	if (f != NULL)
		return f;
	/* the index is derived; the record decides */
	if (strcmp(p->user, user) != 0)
		return fail_missing("addon_provider");
	*out = p;
	return NULL;
}

struct list {
	struct provider **items;
	size_t count, room;
};

static const struct fail *
list_one(void *arg, const struct store_record *record)
{
	struct list *list = arg;
	struct provider **bigger, *p;
	const struct fail *f;

	f = parse(&p, record->path, record->json);
	if (f != NULL)
		return f;
	if (list->count == list->room) {
		list->room = list->room == 0 ? 16 : list->room * 2;
		bigger = mem_alloc(list->room * sizeof(struct provider *));
		if (list->count > 0)
			memcpy(bigger, list->items,
			    list->count * sizeof(struct provider *));
		list->items = bigger;
	}
	list->items[list->count++] = p;
	return NULL;
}

const struct fail *
provider_list(struct provider ***out, size_t *count, struct store *store)
{
	struct list list = {0};
	const struct fail *f;

	f = store_walk(store, "providers", list_one, &list);
	if (f != NULL)
		return f;
	*out = list.items;
	*count = list.count;
	return NULL;
}

/* Put p at path, whose user name nobody else may have. */
static const struct fail *
put(struct store *store, const char *path, const struct provider *p)
{
	const struct fail *f;
	struct provider *other;

	f = provider_load_user(&other, store, p->user);
	if (f == NULL && strcmp(other->slug, p->slug) != 0)
		return fail(FAIL_CONFLICT,
		    "the user name %s is that of the provider %s", p->user,
		    other->slug);
	if (f != NULL && f->code != FAIL_MISSING)
		return f;
	store_put(store, path, write(p));
	return NULL;
}

const struct fail *
provider_put(struct store *store, const struct provider *p)
{
	const char *path = store_path("providers", p->slug);
	struct store_record *record;
	const struct fail *f;

	f = store_read(&record, store, path);
	if (f != NULL)
		return f;
	if (record != NULL)
		return fail(FAIL_CONFLICT,
		    "there is a provider with the slug %s", p->slug);
	return put(store, path, p);
}

/* The manifest is another from now on: the one so far stays where record is
 * in the history. */
static void
note_manifest(struct provider *p, const struct store_record *record)
{
	struct provider_manifest *m, **tail = &p->manifests;
	size_t count = 1;

	if (*tail == NULL)
		*tail = provider_manifest_new(p->created_at);
	for (; (*tail)->next != NULL; tail = &(*tail)->next)
		count++;
	m = *tail;
	m->revision = store_revision(record);
	m->next = provider_manifest_new(clock_text(clock_now()));
	for (; count >= PROVIDER_MANIFESTS_MAX; count--)
		p->manifests = p->manifests->next;
}

const struct fail *
provider_put_again(struct store *store, struct provider *p)
{
	const char *path = store_path("providers", p->slug);
	struct store_record *record;
	struct provider *before;
	const struct fail *f;

	f = store_read(&record, store, path);
	if (f != NULL)
		return f;
	if (record == NULL)
		return fail_missing("addon_provider");
	f = parse(&before, path, record->json);
	if (f != NULL)
		return f;
	if (!cJSON_Compare(before->manifest, p->manifest, true))
		note_manifest(p, record);
	return put(store, path, p);
}

/* Ask once, by password where it is not NULL. */
static void
ask(struct outcome *out, const struct conf *conf, const struct order *order,
    const char *password, long timeout)
{
	const struct dialect *d = order->provider->dialect;
	int64_t began = clock_now(), ended;
	struct exchange x;

	d->ask(&x, order);
	x.request_id = order->request_id;
	if (password != NULL)
		x.password = password;
	client_send(&x, conf, timeout);
	ended = clock_now();
	d->hear(out, order, &x);
	out->status = x.status;
	out->exchange =
	    transcript_keep(conf, order, &x, out, began, ended - began);
}

void
provider_order(struct outcome *out, const struct conf *conf,
    const struct order *order, long timeout)
{
	const char *first, *old;
	int64_t began = clock_now();
	long spent;

	ask(out, conf, order, NULL, timeout);
	old = provider_old_password(order->provider, began);
	spent = (long)((clock_now() - began + 999) / 1000);
	if (out->status != 401 || old == NULL || spent >= timeout)
		return;
	first = out->exchange;
	ask(out, conf, order, old, timeout - spent);
	if (out->exchange == NULL)
		out->exchange = first;
	else if (first != NULL)
		out->exchange = mem_printf("%s %s", first, out->exchange);
}

cJSON *
provider_view(const struct provider *p, const struct conf *conf)
{
	cJSON *view = provider_view_brief(p), *plans;
	const struct plan *plan;

	json_add_text(view, "short_description", p->short_description);
	json_add_text(view, "description", plan_html(p->description));
	cJSON_AddItemToObject(view, "category",
	    provider_category_view(p->category, 0));
	json_add_text(view, "provider_name", p->provider_name);
	json_add_text(view, "provider_url", p->provider_url);
	cJSON_AddFalseToObject(view, "hds_available");
	plans = cJSON_AddArrayToObject(view, "plans");
	for (plan = p->plans; plan != NULL; plan = plan->next)
		if (!plan->disabled)
			cJSON_AddItemToArray(plans, plan_view(plan, conf));
	return view;
}

cJSON *
provider_view_brief(const struct provider *p)
{
	cJSON *view = cJSON_CreateObject();

	json_add_text(view, "id", p->slug);
	json_add_text(view, "name", p->name);
	json_add_text(view, "logo_url", p->logo_url);
	return view;
}

cJSON *
provider_category_view(const char *name, int position)
{
	cJSON *view = cJSON_CreateObject();

	json_add_text(view, "id",
	    mem_dup(hash_sha1(name, strlen(name)), CATEGORY_ID_LENGTH));
	json_add_text(view, "name", name);
	json_add_text(view, "description", "");
	cJSON_AddNumberToObject(view, "position", position);
	return view;
}

const struct fail *
provider_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	const struct fail *f;
	struct provider *p;

	f = parse(&p, path, record);
	if (f != NULL)
		return f;
	index_key(rows, user_key(p->user), p->slug);
	return NULL;
}
