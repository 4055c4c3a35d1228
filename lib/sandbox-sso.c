#include "sandbox-call.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "form.h"
#include "hash.h"
#include "mem.h"

enum { FRESH_SECONDS = 300 };

/* The decoded value of name in form; "" where there is none. */
static const char *
value_of(const char *form, const char *name)
{
	const char *value = form_value(form, name);

	return value == NULL ? "" : value;
}

const char *
sandbox_sign(const char *form, const char *id, const char *salt,
    const char *timestamp)
{
	const char *text = mem_printf("%s:%s:%s", id, salt, timestamp);

	(void)form;
	return hash_sha1(text, strlen(text));
}

const char *
sandbox_sign_all(const char *form, const char *id, const char *salt,
    const char *timestamp)
{
	const char *text = mem_printf("%s:%s:%s:%s:%s:%s", id,
	    value_of(form, "user_id"), value_of(form, "email"),
	    value_of(form, "nav-data"), salt, timestamp);

	return hash_sha512(text, strlen(text));
}

static bool
is_fresh(const char *timestamp, long long unit)
{
	size_t len = strspn(timestamp, "0123456789");
	long long age;

	if (len == 0 || len > 15 || timestamp[len] != '\0')
		return false;
	age = clock_now() / 1000 - strtoll(timestamp, NULL, 10) * unit / 1000;
	return age <= FRESH_SECONDS && age >= -FRESH_SECONDS;
}

static void
show(struct sandbox_call *c, const cJSON *resource, const char *form)
{
	const char *email = value_of(form, "email");
	const cJSON *item;
	cJSON *config = sandbox_config(c, resource);

	c->out->status = 200;
	c->out->title = "Your sandbox";
	json_var_set(&c->out->facts, "Resource",
	    json_plain(json_get(resource, "id")), false);
	json_var_set(&c->out->facts, "Plan", json_text(resource, "plan"),
	    false);
	json_var_set(&c->out->facts, "App", json_text(resource, "app"), false);
	json_var_set(&c->out->facts, "Service",
	    cJSON_IsTrue(json_get(resource, "suspended")) ? "suspended"
	                                                  : "running",
	    false);
	json_var_set(&c->out->facts, "Since", json_text(resource, "created"),
	    false);
	json_var_set(&c->out->facts, "Dialect", c->desk->name, false);
	if (email[0] != '\0')
		json_var_set(&c->out->facts, "Signed in as", email, false);
	cJSON_ArrayForEach(item, config)
		json_var_set(&c->out->config, item->string, json_plain(item),
		    false);
}

/* The hash is checked first, so that nobody else learns which ids exist. */
void
sandbox_enter(struct sandbox_call *c)
{
	const char *form = strcmp(c->request->method, "GET") == 0
	                       ? c->request->query
	                       : c->request->body;
	const struct sandbox_desk *desk = c->desk;
	const char *id = value_of(form, desk->sso_id);
	const char *timestamp = value_of(form, "timestamp");
	const char *salt = json_text(sandbox_credentials(c), "salt");
	const cJSON *resource;
	bool any_token, any_time;

	any_token = c->fault != NULL && c->fault->any_token;
	any_time = c->fault != NULL && c->fault->any_time;
	c->out->status = 403;
	c->out->title = "Not signed in";
	if (salt == NULL ||
	    !(any_token || hash_equal(desk->sign(form, id, salt, timestamp),
	                       value_of(form, desk->sso_token)))) {
		json_var_set(&c->out->facts, "Reason",
		    "The token does not fit.", false);
		return;
	}
	if (!any_time && !is_fresh(timestamp, desk->sso_unit)) {
		json_var_set(&c->out->facts, "Reason",
		    "The link is older than five minutes; ask for another.",
		    false);
		return;
	}
	resource = sandbox_find(c, id);
	if (resource != NULL) {
		show(c, resource, form);
		return;
	}
	c->out->status = 404;
	json_var_set(&c->out->facts, "Reason", "There is no such resource.",
	    false);
}
