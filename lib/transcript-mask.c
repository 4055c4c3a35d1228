/*
 * Masking: a transcript shows names, shapes and sentences, never a secret.
 */
#include "mem.h"
#include "provider.h"
#include "transcript.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char mask[] = "***";

/* Shorter ones are no secrets, and stand in every second word. */
enum { SECRET_LEAST = 5 };

static void
remember(struct transcript_mask *m, const char *secret)
{
	const char **bigger;

	if (secret == NULL || strlen(secret) < SECRET_LEAST ||
	    strcmp(secret, mask) == 0)
		return;
	if (m->count == m->room) {
		m->room = m->room == 0 ? 16 : m->room * 2;
		bigger = mem_alloc(m->room * sizeof(*bigger));
		if (m->count > 0)
			memcpy(bigger, m->secrets, m->count * sizeof(*bigger));
		m->secrets = bigger;
	}
	m->secrets[m->count++] = secret;
}

struct transcript_mask
transcript_mask_new(const struct provider *p)
{
	struct transcript_mask m = {.p = p};

	remember(&m, p->password);
	remember(&m, p->old_password);
	remember(&m, p->sso_salt);
	return m;
}

/* Keys whose every value is one. */
static bool
holds_variables(const char *key)
{
	static const char *const keys[] = {"config", "config_vars", "env",
	    "environment", "vars", "variables", "credentials", "oauth_grant"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Keys that sound like a secret. */
static bool
sounds_secret(const char *key)
{
	static const char *const words[] = {"password", "passwd", "passphrase",
	    "secret", "token", "salt", "credential", "private", "api_key",
	    "apikey", "access_key", "signature", "cookie", "drain_url"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(key, words[i]) != NULL)
			return true;
	return false;
}

static void
hide(struct transcript_mask *m, cJSON *item)
{
	if (cJSON_IsNull(item))
		return;
	remember(m, json_plain(item));
	item->type = cJSON_String;
	item->valuestring = mem_copy(mask);
}

static bool
is_tree(const cJSON *item)
{
	return cJSON_IsObject(item) || cJSON_IsArray(item);
}

/* Mask item's members; all of them where hidden. */
static void
hide_members(struct transcript_mask *m, cJSON *item, bool hidden)
{
	bool pair = json_get(item, "name") != NULL &&
	            json_get(item, "value") != NULL,
	     below;
	cJSON *child;

	cJSON_ArrayForEach(child, item) {
		below = hidden;
		if (child->string != NULL)
			below = hidden || holds_variables(child->string) ||
			        sounds_secret(child->string) ||
			        provider_declares(m->p, child->string);
		if (is_tree(child))
			hide_members(m, child, below);
		else if (!below)
			continue;
		/* names: of a list of them, or beside a value */
		else if (cJSON_IsString(child) &&
		         (child->string == NULL
		                 ? provider_declares(m->p, child->valuestring)
		                 : pair && strcmp(child->string, "name") == 0))
			continue;
		else
			hide(m, child);
	}
}

/* A text that cJSON can print and we can read again. */
static cJSON *
plain_text(const char *body, size_t len)
{
	char *text = mem_dup(body, len), *p;
	const char *json = json_print(cJSON_CreateString(text), false);
	cJSON *again;

	if (json_parse(&again, json, strlen(json)) != NULL)
		for (p = text; *p != '\0'; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
	return cJSON_CreateString(text);
}

cJSON *
transcript_mask_body(struct transcript_mask *m, const char *body, size_t len)
{
	const struct fail *f;
	size_t blank;
	cJSON *json;

	if (body == NULL || len == 0)
		return NULL;
	f = json_parse_outside(&json, body, len);
	if (f == NULL) {
		hide_members(m, json, false);
		return json;
	}
	/* what was to be JSON may hold values that nobody can tell apart */
	for (blank = 0; blank < len && isspace((unsigned char)body[blank]);)
		blank++;
	if (blank < len && strchr("{[\"", body[blank]) != NULL)
		return cJSON_CreateString(
		    mem_printf("(%zu bytes, left out: %s)", len, f->text));
	return plain_text(body,
	    len > TRANSCRIPT_BODY_MAX ? TRANSCRIPT_BODY_MAX : len);
}

/* text with each occurrence of secret masked. */
static const char *
without(const char *text, const char *secret)
{
	struct mem_text t = {0};
	const char *at;

	if (strstr(text, secret) == NULL)
		return text;
	while ((at = strstr(text, secret)) != NULL) {
		mem_add(&t, text, (size_t)(at - text));
		mem_puts(&t, mask);
		text = at + strlen(secret);
	}
	mem_puts(&t, text);
	return t.text;
}

/* text with what a URL in it has before "@" and behind "?" masked. */
static const char *
without_userinfo(const char *text)
{
	struct mem_text t = {0};
	const char *url, *end, *at, *query;

	while ((url = strstr(text, "://")) != NULL) {
		url += 3;
		end = url + strcspn(url, " \t\r\n\"'<>");
		for (at = end; at > url && at[-1] != '@'; at--)
			;
		mem_add(&t, text, (size_t)(url - text));
		if (at > url)
			mem_addf(&t, "%s@", mask);
		query = memchr(at, '?', (size_t)(end - at));
		mem_add(&t, at, (size_t)((query == NULL ? end : query) - at));
		if (query != NULL)
			mem_addf(&t, "?%s", mask);
		text = end;
	}
	mem_puts(&t, text);
	return t.text;
}

cJSON *
transcript_scrub(const struct transcript_mask *m, cJSON *item)
{
	const char *text;
	cJSON *child;
	size_t i;

	cJSON_ArrayForEach(child, item)
		transcript_scrub(m, child);
	if (!cJSON_IsString(item))
		return item;
	text = item->valuestring;
	for (i = 0; i < m->count; i++)
		text = without(text, m->secrets[i]);
	item->valuestring = mem_copy(without_userinfo(text));
	return item;
}
