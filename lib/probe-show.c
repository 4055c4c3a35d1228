/*
 * Exchanges as they may be shown: nothing secret in them.
 */
#include "probe-inside.h"
#include "mem.h"

#include <string.h>

#define MASK "***"

enum { SHOWN_MAX = 1000, SECRET_MIN = 8 };

/* Members, and parameters of entrances, whose values may be seen. */
static const char *const open_names[] = {"id", "uuid", "plan", "app_id", "app",
    "heroku_id", "addon_id", "resource_id", "owner_id", "owner_name", "user_id",
    "account", "email", "region", "callback_url", "timestamp", "context_app",
    "message", "error", "name", "type", "state", "method", "path", "known",
    "ends"};

static bool
is_open(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(open_names) / sizeof(open_names[0]); i++)
		if (strlen(open_names[i]) == len &&
		    strncmp(open_names[i], name, len) == 0)
			return true;
	return false;
}

const cJSON *
probe_object(const struct probe_call *c)
{
	cJSON *answer;

	if (json_parse_outside(&answer, c->x.answer, c->x.answer_len) != NULL ||
	    !cJSON_IsObject(answer))
		return NULL;
	return answer;
}

const cJSON *
probe_config(const struct probe *p, const struct probe_call *c)
{
	return dialect_config(p->with.provider->dialect, probe_object(c));
}

/* Short ones would tear words that merely hold them. */
static void
hide_text(struct probe *p, const char *text)
{
	if (text != NULL && strlen(text) >= SECRET_MIN)
		json_var_set(&p->secrets, text, "", false);
}

void
probe_hide(struct probe *p, const cJSON *config)
{
	const cJSON *item;

	if (cJSON_IsString(config))
		hide_text(p, config->valuestring);
	cJSON_ArrayForEach(item, config)
		if (item->string == NULL || strcmp(item->string, "name") != 0)
			probe_hide(p, item);
}

/* text with every occurrence of secret masked. */
static const char *
without(const char *text, const char *secret)
{
	struct mem_text t = {0};
	const char *at;

	if (secret == NULL || secret[0] == '\0' || strstr(text, secret) == NULL)
		return text;
	while ((at = strstr(text, secret)) != NULL) {
		mem_addf(&t, "%.*s" MASK, (int)(at - text), text);
		text = at + strlen(secret);
	}
	mem_puts(&t, text);
	return t.text;
}

/* One line, cut, without what is secret anywhere. */
static const char *
clean(const struct probe *p, const char *text)
{
	const struct provider *provider = p->with.provider;
	const struct json_var *secret;
	size_t len;
	char *line, *at;

	text = without(text, provider->password);
	text = without(text, provider->sso_salt);
	for (secret = p->secrets; secret != NULL; secret = secret->next)
		text = without(text, secret->name);
	line = mem_copy(text);
	len = strlen(line);
	if (len > SHOWN_MAX) {
		len = SHOWN_MAX;
		while (len > 0 && (line[len] & 0xc0) == 0x80)
			len--;
		line[len] = '\0';
	}
	for (at = line; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	return len == SHOWN_MAX ? mem_printf("%s …", line) : line;
}

/* The same JSON, its values masked unless their names are open ones. */
static cJSON *
masked(const cJSON *item, bool open)
{
	cJSON *copy, *child;
	const cJSON *member;

	if (!cJSON_IsObject(item) && !cJSON_IsArray(item)) {
		if (open || cJSON_IsNull(item))
			return cJSON_Duplicate(item, true);
		return cJSON_CreateString(
		    cJSON_IsString(item) ? MASK : MASK " (no string)");
	}
	copy =
	    cJSON_IsObject(item) ? cJSON_CreateObject() : cJSON_CreateArray();
	cJSON_ArrayForEach(member, item) {
		if (member->string == NULL) {
			cJSON_AddItemToArray(copy, masked(member, false));
			continue;
		}
		child = masked(member,
		    is_open(member->string, strlen(member->string)));
		cJSON_AddItemToObject(copy, member->string, child);
	}
	return copy;
}

/* A query or form, likewise. */
static const char *
masked_form(const char *form)
{
	struct mem_text t = {0};
	size_t len, name;

	for (;; form += len + 1) {
		len = strcspn(form, "&");
		name = strcspn(form, "=");
		if (name >= len || is_open(form, name))
			mem_add(&t, form, len);
		else
			mem_addf(&t, "%.*s=" MASK, (int)name, form);
		if (form[len] == '\0')
			return t.text == NULL ? "" : t.text;
		mem_puts(&t, "&");
	}
}

static const char *
show_body(const struct probe *p, const char *text, size_t len)
{
	cJSON *body;

	if (len == 0)
		return "";
	if (json_parse_outside(&body, text, len) == NULL)
		return clean(p, json_print(masked(body, false), false));
	/* what a page shows to its reader is not ours to print */
	if (text[strspn(text, " \t\r\n")] == '<')
		return mem_printf("(a page of %zu bytes)", len);
	return clean(p, text);
}

const char *
probe_show_url(const struct probe *p, const struct probe_call *c)
{
	const char *query = strchr(c->x.url, '?');

	if (query == NULL)
		return clean(p, c->x.url);
	return clean(p, mem_printf("%.*s?%s", (int)(query - c->x.url), c->x.url,
	                    masked_form(query + 1)));
}

const char *
probe_show_question(const struct probe *p, const struct probe_call *c)
{
	if (c->x.body == NULL)
		return "";
	return c->x.form ? clean(p, masked_form(c->x.body))
	                 : show_body(p, c->x.body, strlen(c->x.body));
}

const char *
probe_show_answer(const struct probe *p, const struct probe_call *c)
{
	if (c->x.status == 0)
		return c->x.trouble;
	return show_body(p, c->x.answer, c->x.answer_len);
}
