/*
 * Sign-on to a provider's dashboard.  Where the dialect signs a URL, that URL
 * is the answer.  Where it wants a form, the answer is a page of ours, good
 * once and for an hour, that posts the form from the browser; the hash is
 * computed when the page is served.
 * Source: Scalingo API, "Get Dashboard Addon Authenticated URL"; heroku.md
 * and appfog.md, "SSO".
 */
#include "addon.h"
#include "cgi.h"
#include "clock.h"

#include "file.h"
#include "hash.h"
#include "html.h"
#include "json.h"
#include "mem.h"
#include "ring.h"
#include "space.h"
#include "token.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_SECONDS = 3600, PAGE_KEY_BYTES = 36 };

static const struct fail *sign(struct cgi *c);
static const struct fail *page(struct cgi *c);

static const struct route routes[] = {
    {"GET",  "/v1/apps/:app/addons/:id/sso", AUTH_USER | MAY_CHANGE, sign},
    {"POST", "/v1/apps/:app/addons/:id/sso", AUTH_USER,              sign},
    {"GET",  "/sso/:key",                    AUTH_NONE | MAY_CHANGE, page},
};

int
main(void)
{
	return cgi_serve(routes, sizeof(routes) / sizeof(routes[0]));
}

/* What a page is made of, DATA/state/sso/<SHA-256 of its key>. */
struct ticket {
	const char *app_id, *addon_id;
	const char *account, *token_id; /* who asked, by which API token */
	const char *created_at;
};

static const struct json_field ticket_fields[] = {
    JSON_FIELD(ticket, app_id, STRING, MUST),
    JSON_FIELD(ticket, addon_id, STRING, MUST),
    JSON_FIELD(ticket, account, STRING, MUST),
    JSON_FIELD(ticket, token_id, STRING, MUST),
    JSON_FIELD(ticket, created_at, STRING, MUST),
};

static const struct json_shape ticket_shape = JSON_SHAPE(ticket, ticket_fields);

static const char *
ticket_file(const struct cgi *c, const char *key)
{
	return mem_printf("%s/state/sso/%s", store_data(c->act.store),
	    hash_sha256(key, strlen(key)));
}

static const struct fail *
ticket_new(const char **url, const struct cgi *c, const struct addon_result *r)
{
	struct ticket t = {r->app->id, r->addon->id, c->account->name,
	    c->token_id, clock_text(c->now)};
	unsigned char bytes[PAGE_KEY_BYTES];
	const char *key, *text;
	const struct fail *f;

	hash_random(bytes, sizeof(bytes));
	key = hash_base64url(bytes, sizeof(bytes));
	text = json_print(json_write(&t, &ticket_shape), true);
	f = space_check(c->act.conf);
	if (f == NULL)
		f = ring_turn(store_data(c->act.store), "sso", c->token_id,
		    hash_sha256(key, strlen(key)));
	if (f != NULL)
		return f;
	*url = mem_printf("%s/sso/%s", c->act.conf->public_url, key);
	return file_replace(ticket_file(c, key),
	    mem_printf("%s/state/tmp", store_data(c->act.store)), text,
	    strlen(text));
}

/* The dialect's entrance for account to the dashboard of r. */
static bool
entrance_of(struct entrance *in, const struct cgi *c,
    const struct addon_result *r, const struct account *account)
{
	struct visitor visitor = {account->email, account->id};
	struct plan plan = {.name = r->addon->plan};
	struct act act = c->act;
	struct order order;

	act.account = account;
	addon_order(&order, ORDER_CHANGE, &act, r, &plan);
	return r->provider->dialect->sign(in, &order, &visitor, c->now / 1000);
}

static const struct fail *
sign(struct cgi *c)
{
	struct entrance in = {0};
	struct addon_result r;
	const struct fail *f;
	const char *url;
	cJSON *addon;

	f = addon_load(&r, &c->act, c->param[0], c->param[1]);
	if (f != NULL)
		return f;
	if (r.addon->resource == NULL)
		return fail(FAIL_CONFLICT,
		    "the add-on is being provisioned: try again later");
	if (!entrance_of(&in, c, &r, c->account))
		return fail(FAIL_CONFLICT, "%s has no dashboard",
		    r.provider->slug);
	url = in.url;
	f = in.post ? ticket_new(&url, c, &r) : NULL;
	if (f != NULL)
		return f;
	addon = addon_view(r.app, r.addon, r.provider, c->act.conf);
	json_add_text(addon, "sso_url", url);
	cJSON_AddItemToObject(cgi_answer(c, 200), "addon", addon);
	cgi_header(c, "Cache-Control", "no-store");
	return NULL;
}

/* Take the ticket: the one who unlinks it has it. */
static const struct fail *
ticket_take(struct ticket *t, bool *valid, const struct cgi *c, const char *key)
{
	const char *file = ticket_file(c, key);
	const struct fail *f;
	size_t len;
	char *text;
	cJSON *json;

	*valid = false;
	f = file_read(&text, &len, file);
	if (f != NULL || text == NULL)
		return f;
	/* a look at the headers does not open it */
	if (strcmp(c->method, "HEAD") != 0 && unlink(file) != 0)
		return errno == ENOENT ? NULL
		                       : fail_errno("cannot remove %s", file);
	f = json_parse(&json, text, len);
	if (f == NULL)
		f = json_read(t, json, &ticket_shape);
	*valid = f == NULL &&
	         clock_parse(t->created_at) + PAGE_SECONDS * 1000 > c->now;
	return f;
}

/* A page of ours, in whole; body is HTML. */
static void
answer_page(struct cgi *c, int status, const char *title, const char *body)
{
	const char *url = c->act.conf->public_url;

	c->status = status;
	c->text_type = "text/html; charset=utf-8";
	c->text = mem_printf(
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>%s</title>\n"
	    "<link rel=\"stylesheet\" href=\"%s/sso.css\">\n"
	    "</head>\n<body>\n<main>\n<h1>%s</h1>\n%s</main>\n</body>\n"
	    "</html>\n",
	    html_escape(title), html_escape(url), html_escape(title), body);
	cgi_header(c, "Cache-Control", "no-store");
	cgi_header(c, "Referrer-Policy", "no-referrer");
	cgi_header(c, "X-Frame-Options", "DENY");
	cgi_header(c, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self';"
	    " base-uri 'none'; frame-ancestors 'none'");
}

/* The token that t was asked with is there, and has the secret of then. */
static bool
is_current(const struct ticket *t, const struct account *a)
{
	const struct account_token *token = account_token_find(a, t->token_id);

	return token != NULL &&
	       (token->renewed_at == NULL ||
	           clock_parse(token->renewed_at) < clock_parse(t->created_at));
}

static const char *
form_of(const struct cgi *c, const struct entrance *in, const char *name)
{
	const struct json_var *v;
	struct mem_text t = {0};

	mem_addf(&t, "<form method=\"post\" action=\"%s\">\n",
	    html_escape(in->url));
	for (v = in->fields; v != NULL; v = v->next)
		mem_addf(&t,
		    "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n",
		    html_escape(v->name), html_escape(v->value));
	mem_addf(&t,
	    "<button>Continue to %s</button>\n</form>\n"
	    "<script src=\"%s/sso.js\"></script>\n",
	    html_escape(name), html_escape(c->act.conf->public_url));
	return t.text;
}

static const struct fail *
page(struct cgi *c)
{
	struct entrance in = {0};
	struct addon_result r;
	struct account *account;
	const struct fail *f;
	struct ticket t;
	bool valid;

	f = ticket_take(&t, &valid, c, c->param[0]);
	if (f == NULL && valid)
		f = account_load(&account, c->act.store, t.account);
	if (f == NULL && valid)
		f = addon_load(&r, &c->act, t.app_id, t.addon_id);
	if (f != NULL && f->code != FAIL_MISSING)
		return f;
	if (f != NULL || !valid || account->disabled ||
	    app_role(r.app, account->name) < ROLE_FULL ||
	    !is_current(&t, account) || r.addon->resource == NULL ||
	    !entrance_of(&in, c, &r, account) || !in.post) {
		answer_page(c, 404, "This link has been used",
		    "<p>A link to an add-on's dashboard works once, and for"
		    " an hour. Open the dashboard again from your app.</p>\n");
		return NULL;
	}
	answer_page(c, 200, mem_printf("Signing in to %s", r.provider->name),
	    form_of(c, &in, r.provider->name));
	return NULL;
}
