/*
 * The portal: providers push and pull their manifests, with kensa
 * (/provider/addons) and the addons-admin plugin (/api/v3/addons).  Who may: an
 * operator, and the account that owns the provider.
 */
#include "cgi.h"
#include "mem.h"

#include <string.h>

enum { KEEP_OLD_PASSWORD = 24 * 60 * 60 * 1000 }; /* ms */

static bool
may(const struct cgi *c, const struct provider *p)
{
	return c->account->operator||(
	    p->owner != NULL && strcmp(p->owner, c->account->name) == 0);
}

/* The provider slug, for those who may; for others there is none. */
static const struct fail *
load(struct provider **p, struct cgi *c, const char *slug)
{
	const struct fail *f = provider_load(p, c->act.store, slug);

	if (f == NULL && !may(c, *p))
		f = fail_missing("addon_provider");
	return f;
}

static void
forbid_caching(struct cgi *c)
{
	cgi_header(c, "Cache-Control", "no-store");
}

/* How many manifests p has had: what "$base" says, so that a push upon an
 * older one is seen. */
static size_t
base_of(const struct provider *p)
{
	const struct provider_manifest *m;
	size_t count = 0;

	for (m = p->manifests; m != NULL; m = m->next)
		count++;
	return count;
}

/* The manifest with "$base" in it. */
static cJSON *
contents_of(const struct provider *p, const cJSON *manifest)
{
	cJSON *contents = cJSON_Duplicate(manifest, true);

	cJSON_AddNumberToObject(contents, "$base", (double)base_of(p));
	return contents;
}

/* A manifest of the history, in full. */
static const struct fail *
past_view(cJSON **out, const struct cgi *c, const struct provider *p,
    const struct provider_manifest *m)
{
	const struct fail *f;
	cJSON *manifest;

	f = provider_past(&manifest, c->act.store, p, m);
	if (f != NULL)
		return f;
	*out = cJSON_CreateObject();
	json_add_text(*out, "id", m->id);
	json_add_text(*out, "created_at", m->created_at);
	cJSON_AddItemToObject(*out, "contents",
	    cJSON_Duplicate(manifest, true));
	return NULL;
}

/* GET /provider/addons/:slug: the manifest itself. */
static const struct fail *
pull(struct cgi *c)
{
	struct provider *p;
	const struct fail *f = load(&p, c, c->param[0]);

	if (f != NULL)
		return f;
	forbid_caching(c);
	cgi_answer(c, 200);
	c->json = p->manifest;
	return NULL;
}

/* GET /api/v3/addons/:slug/current_manifest */
static const struct fail *
current(struct cgi *c)
{
	struct provider *p;
	const struct fail *f = load(&p, c, c->param[0]);

	if (f != NULL)
		return f;
	forbid_caching(c);
	cJSON_AddItemToObject(cgi_answer(c, 200), "contents",
	    contents_of(p, p->manifest));
	return NULL;
}

/* GET /api/v3/addons/:slug/manifests: newest first. */
static const struct fail *
history(struct cgi *c)
{
	const struct provider_manifest *m;
	struct provider *p;
	const struct fail *f = load(&p, c, c->param[0]);
	cJSON *list = cJSON_CreateArray(), *view;

	for (m = f == NULL ? p->manifests : NULL; f == NULL && m != NULL;
	     m = m->next) {
		f = past_view(&view, c, p, m);
		if (f == NULL)
			cJSON_InsertItemInArray(list, 0, view);
	}
	if (f != NULL)
		return f;
	forbid_caching(c);
	cgi_answer(c, 200);
	c->json = list;
	return NULL;
}

/* GET /api/v3/addons/:slug/manifests/:id */
static const struct fail *
one(struct cgi *c)
{
	const struct provider_manifest *m;
	struct provider *p;
	const struct fail *f = load(&p, c, c->param[0]);

	if (f != NULL)
		return f;
	for (m = p->manifests; m != NULL; m = m->next)
		if (strcmp(m->id, c->param[1]) == 0)
			break;
	if (m == NULL)
		return fail_missing("manifest");
	forbid_caching(c);
	cgi_answer(c, 200);
	return past_view(&c->json, c, p, m);
}

/* A provider that is new is private to who pushed it until it is published. */
static const struct fail *
create(struct provider **out, struct cgi *c, const cJSON *manifest,
    const char *slug)
{
	struct finding *findings;
	const struct fail *f;
	struct event e;

	f = provider_new(out, &findings, manifest, NULL, slug, NULL,
	    c->act.conf->allow_http, false);
	if (f == NULL)
		f = store_lock(c->act.store);
	if (f != NULL)
		return f;
	(*out)->owner = c->account->name;
	(*out)->visibility = "private";
	f = provider_put(c->act.store, *out);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	e = event_new("%s: provider registered, dialect %s", (*out)->slug,
	    (*out)->dialect_name);
	return event_commit(NULL, &c->act, &e);
}

/* Its user name is its id, which is for good once it has been pushed; an edit
 * of an older manifest would undo a newer one. */
static const struct fail *
check_push(const struct provider *p, const struct provider *q,
    const cJSON *manifest)
{
	const cJSON *base = json_get(manifest, "$base");

	if (strcmp(p->user, q->user) != 0)
		return fail_field(NULL,
		    json_get(manifest, "id") == NULL ? "username" : "id",
		    "is %s, and stays so", p->user);
	if (cJSON_IsNumber(base) && base->valuedouble != (double)base_of(p))
		return fail(FAIL_CONFLICT,
		    "the manifest was pushed meanwhile: pull it first");
	return NULL;
}

static const struct fail *
renew(struct provider **out, struct cgi *c, const cJSON *manifest,
    const char *slug)
{
	struct finding *findings;
	const struct fail *f;
	struct provider *p;
	struct event e;

	f = store_lock(c->act.store);
	if (f == NULL)
		f = load(&p, c, slug);
	if (f == NULL)
		f = provider_renew(out, &findings, p, manifest,
		    c->act.conf->allow_http, KEEP_OLD_PASSWORD);
	if (f == NULL)
		f = check_push(p, *out, manifest);
	if (f == NULL)
		f = provider_put_again(c->act.store, *out);
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	e = event_new("%s: manifest changed", (*out)->slug);
	return event_commit(NULL, &c->act, &e);
}

/* Take manifest as that of p, which load found or (f) did not; slug NULL: made
 * of the manifest. */
static const struct fail *
push(struct provider **out, struct cgi *c, const cJSON *manifest,
    const struct provider *p, const struct fail *f, const char *slug)
{
	if (f != NULL && f->code != FAIL_MISSING)
		return f;
	if (f == NULL ? !may(c, p) : !c->account->operator)
		return fail(FAIL_FORBIDDEN,
		    "only an operator, or the owner of a provider that is"
		    " registered, pushes its manifest");
	return f == NULL ? renew(out, c, manifest, p->slug)
	                 : create(out, c, manifest, slug);
}

/* POST /provider/addons: the body is the manifest, whatever its type says. */
static const struct fail *
push_whole(struct cgi *c)
{
	const char *user = json_text(c->body, "id");
	const struct fail *f;
	struct provider *p;

	if (user == NULL)
		user = json_text(c->body, "username");
	if (user == NULL)
		return fail_field(NULL, "id", "is missing");
	f = provider_load_user(&p, c->act.store, user);
	f = push(&p, c, c->body, p, f, NULL);
	if (f != NULL)
		return f;
	forbid_caching(c);
	cgi_answer(c, 200);
	c->json = p->manifest;
	return NULL;
}

/* POST /api/v3/addons/:slug/manifests {contents} */
static const struct fail *
push_contents(struct cgi *c)
{
	const struct provider_manifest *m;
	const struct fail *f;
	struct provider *p;
	cJSON *contents, *answer;

	f = cgi_body_object(&contents, c, "contents");
	if (f != NULL)
		return f;
	f = provider_load(&p, c->act.store, c->param[0]);
	f = push(&p, c, contents, p, f, c->param[0]);
	if (f != NULL)
		return f;
	for (m = p->manifests; m->next != NULL; m = m->next)
		;
	forbid_caching(c);
	answer = cgi_answer(c, 201);
	json_add_text(answer, "id", m->id);
	json_add_text(answer, "created_at", m->created_at);
	cJSON_AddItemToObject(answer, "contents", contents_of(p, p->manifest));
	return NULL;
}

static const struct route routes[] = {
    {"POST", "/provider/addons",                      AUTH_PORTAL, push_whole   },
    {"GET",  "/provider/addons/:slug",                AUTH_PORTAL, pull         },
    {"GET",  "/api/v3/addons/:slug/current_manifest", AUTH_PORTAL, current      },
    {"GET",  "/api/v3/addons/:slug/manifests",        AUTH_PORTAL, history      },
    {"POST", "/api/v3/addons/:slug/manifests",        AUTH_PORTAL, push_contents},
    {"GET",  "/api/v3/addons/:slug/manifests/:id",    AUTH_PORTAL, one          },
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}
