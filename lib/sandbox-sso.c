#include "sandbox-call.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hash.h"
#include "mem.h"

enum { FRESH_SECONDS = 300 };

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits) % 16;
}

/* The decoded value of name in form; "" where there is none. */
static const char *
form_value(const char *form, const char *name)
{
	size_t len = strlen(name);
	char *value, *to;

	while (strncmp(form, name, len) != 0 || form[len] != '=') {
		form += strcspn(form, "&");
		if (*form++ == '\0')
			return "";
	}
	form += len + 1;
	value = to = mem_dup(form, strcspn(form, "&"));
	for (form = value; *form != '\0'; form++)
		if (*form == '%' && hex_digit(form[1]) >= 0 &&
		    hex_digit(form[2]) >= 0) {
			*to++ = (char)(hex_digit(form[1]) * 16 +
			               hex_digit(form[2]));
			form += 2;
		} else
			*to++ = *form == '+' ? ' ' : *form;
	*to = '\0';
	return value;
}

static bool
is_fresh(const char *timestamp)
{
	size_t len = strspn(timestamp, "0123456789");
	long long age;

	if (len == 0 || len > 12 || timestamp[len] != '\0')
		return false;
	age = clock_now() / 1000 - strtoll(timestamp, NULL, 10);
	return age <= FRESH_SECONDS && age >= -FRESH_SECONDS;
}

static void
show(struct sandbox_call *c, const cJSON *resource, const char *form)
{
	const char *email = form_value(form, "email");
	const cJSON *item;
	cJSON *config = sandbox_config(c, resource);

	c->out->status = 200;
	c->out->title = "Your sandbox";
	json_var_set(&c->out->facts, "Resource",
	    json_plain(json_get(resource, "id")), false);
	json_var_set(&c->out->facts, "Plan", json_text(resource, "plan"),
	    false);
	json_var_set(&c->out->facts, "App", json_text(resource, "app"), false);
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
	const char *id = form_value(form, "id");
	const char *timestamp = form_value(form, "timestamp");
	const char *salt = json_text(sandbox_credentials(c), "salt"), *text;
	const cJSON *resource;
	bool any_token, any_time;

	any_token = c->fault != NULL && c->fault->any_token;
	any_time = c->fault != NULL && c->fault->any_time;
	text = mem_printf("%s:%s:%s", id, salt == NULL ? "" : salt, timestamp);
	c->out->status = 403;
	c->out->title = "Not signed in";
	if (salt == NULL ||
	    !(any_token || hash_equal(hash_sha1(text, strlen(text)),
	                       form_value(form, "token")))) {
		json_var_set(&c->out->facts, "Reason",
		    "The token does not fit.", false);
		return;
	}
	if (!any_time && !is_fresh(timestamp)) {
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
