/*
 * What a provider's answer means, where the dialects agree.
 */
#include "dialect.h"
#include "mem.h"
#include "provider.h"

#include <string.h>

/* The longest id of a resource, in bytes. */
enum { ID_MAX = 255 };

/* True where the bytes are UTF-8: the JSON parser is the one judge of that. */
static bool
is_utf8(const char *text, size_t len)
{
	char *quoted = mem_printf("\"%.*s\"", (int)len, text), *p;
	cJSON *item;

	for (p = quoted + 1; p < quoted + 1 + len; p++)
		if (*p == '"' || *p == '\\')
			*p = ' ';
	return json_parse_outside(&item, quoted, len + 2) == NULL;
}

/* One line of the len bytes at text, fit to be shown; NULL: nothing left. */
static const char *
clean(const char *text, size_t len)
{
	char *line = mem_dup(text, len), *p;
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	line += strspn(line, " ");
	for (len = strlen(line); len > 0 && line[len - 1] == ' ';)
		line[--len] = '\0';
	if (len > DIALECT_SENTENCE_MAX) {
		len = DIALECT_SENTENCE_MAX;
		while (len > 0 && (line[len] & 0xc0) == 0x80)
			len--;
		line[len] = '\0';
	}
	if (!is_utf8(line, len))
		for (p = line; *p != '\0'; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
	return len == 0 ? NULL : line;
}

static const char *
clean_member(const cJSON *object, const char *key)
{
	const char *text = json_text(object, key);

	return text == NULL ? NULL : clean(text, strlen(text));
}

const char *
dialect_sentence(const struct exchange *x)
{
	const char *text;
	cJSON *answer;

	if (json_parse_outside(&answer, x->answer, x->answer_len) != NULL)
		return NULL;
	text = clean_member(answer, "message");
	return text == NULL ? clean_member(answer, "error") : text;
}

/* Why the provider refused, for the user. */
static const char *
refusal(const struct order *order, const struct exchange *x, bool plain)
{
	const char *text = NULL;

	/* AppFog: a refused plan change is text, whatever it looks like */
	if (!plain || order->kind != ORDER_CHANGE)
		text = dialect_sentence(x);
	if (text == NULL && plain)
		text = clean(x->answer, x->answer_len);
	if (text == NULL)
		text = mem_printf("the provider refused without a reason "
		                  "(status %d)",
		    x->status);
	return text;
}

static enum outcome_kind
verdict(const struct order *order, int status, bool plain)
{
	enum {
		PROVISION = 1,
		CHANGE = 2,
		REMOVE = 4,
		TEXT = 8,
		PAUSE = 16,
		ALL = 31
	};
	static const struct {
		int from, to;
		int kinds;
		enum outcome_kind kind;
	} verdicts[] = {
	    {202, 202, PROVISION | CHANGE | TEXT | REMOVE, OUTCOME_PENDING},
	    {200, 201, PROVISION,                          OUTCOME_DONE   },
	    {203, 299, PROVISION,                          OUTCOME_FAILED },
	    {200, 299, ALL,	                        OUTCOME_DONE   },
	    {404, 404, REMOVE,                             OUTCOME_DONE   },
	    {410, 410, REMOVE,                             OUTCOME_DONE   },
	    {401, 401, ALL,	                        OUTCOME_FAILED },
	    {403, 404, ALL & ~TEXT,                        OUTCOME_FAILED },
	    {408, 408, ALL,	                        OUTCOME_FAILED },
	    {429, 429, ALL,	                        OUTCOME_FAILED },
	    {400, 499, ALL,	                        OUTCOME_REFUSED},
	};
	static const int kinds[] = {[ORDER_PROVISION] = PROVISION,
	    [ORDER_CHANGE] = CHANGE,
	    [ORDER_REMOVE] = REMOVE,
	    [ORDER_SUSPEND] = PAUSE,
	    [ORDER_RESUME] = PAUSE};
	int kind = kinds[order->kind];
	size_t i;

	if (kind == CHANGE && plain)
		kind = TEXT;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (status >= verdicts[i].from && status <= verdicts[i].to &&
		    (verdicts[i].kinds & kind) != 0)
			return verdicts[i].kind;
	return OUTCOME_FAILED;
}

/*
 * True where a failed order may have been carried out all the same.  A refusal
 * changed nothing, and a 200 that cannot be read made nothing new; 201, 202,
 * any other 2xx, a 5xx and silence may have.  A change of plan, and what ends
 * a suspension, can be put back without harm: after a 200 that cannot be read
 * it is in doubt as well.
 * Source: Open Service Broker API, "Orphan Mitigation".
 */
static bool
is_unsure(const struct order *order, const struct outcome *out,
    const struct exchange *x)
{
	if (out->kind != OUTCOME_FAILED)
		return false;
	if (x->status == 0)
		return x->sent;
	if (order->kind == ORDER_CHANGE || order->kind == ORDER_RESUME)
		return x->status / 100 == 2 || x->status >= 500;
	if (order->kind != ORDER_PROVISION)
		return false;
	return out->resource != NULL || (x->status > 200 && x->status < 300) ||
	       x->status >= 500;
}

/* The number that is member place of the object text, as it is written. */
static const char *
number_text(const char *text, int place)
{
	bool quoted = false;
	int depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (quoted && *text == '\\')
			text++;
		else if (quoted)
			continue;
		else if (*text == '{' || *text == '[')
			depth++;
		else if (*text == '}' || *text == ']')
			depth--;
		else if (depth == 1 && *text == ',')
			place--;
		else if (depth == 1 && *text == ':' && place == 0)
			break;
	}
	text += *text == ':';
	text += strspn(text, " \t\r\n");
	return mem_dup(text, strspn(text, "+-.0123456789Ee"));
}

/* Read the resource's id; NULL, or what is wrong with it. */
static const char *
hear_id(struct outcome *out, const cJSON *answer, const struct exchange *x)
{
	cJSON *id = json_get(answer, "id");
	const char *text, *p;
	const cJSON *item;
	int place = 0;

	if (id == NULL || (!cJSON_IsString(id) && !json_is_number(id)))
		return "the answer has no id that is text or a number";
	text = json_plain(id);
	if (json_is_number(id)) {
		/* 1.0 and 1e0 are read as 1, and would not be found as 1 */
		for (item = answer->child; item != id; item = item->next)
			place++;
		if (strcmp(number_text(x->answer, place), text) != 0 ||
		    text[strspn(text, "-0123456789")] != '\0')
			return "the id is no whole number";
	}
	if (*text == '\0' || strlen(text) > ID_MAX)
		return "the id is empty, or longer than 255 bytes";
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "the id has control characters";
	/* as a segment of a URL they would name something else */
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return "the id is no name";
	out->resource = id;
	return NULL;
}

const cJSON *
dialect_config(const struct dialect *d, const cJSON *answer)
{
	const char *key = d->config_key == NULL ? "config" : d->config_key;
	const cJSON *config = json_get(answer, key);
	const cJSON *older = json_get(answer, "config_vars");

	/* as older Scalingo providers call it */
	if (config == NULL && d->config_key == NULL && cJSON_IsObject(older))
		return older;
	return config;
}

/* Read the variables; NULL, or what is wrong with them. */
static const char *
hear_config(struct outcome *out, const struct dialect *d,
    const struct provider *provider, const cJSON *answer)
{
	const cJSON *config = dialect_config(d, answer), *item;
	struct mem_text dropped = {0};
	const char *value;

	if (config == NULL || cJSON_IsNull(config))
		return NULL;
	if (!cJSON_IsObject(config))
		return mem_printf("the %s is no object", config->string);
	cJSON_ArrayForEach(item, config) {
		if (!provider_declares(provider, item->string)) {
			if (!d->drops_undeclared)
				return mem_printf("\"%s\" is not in "
				                  "config_vars",
				    item->string);
			mem_addf(&dropped, "%s%s", dropped.len == 0 ? "" : ", ",
			    item->string);
			continue;
		}
		if (!dialect_name_allowed(item->string))
			return mem_printf("%s must not be set by a provider",
			    item->string);
		if (!cJSON_IsString(item) && !d->drops_undeclared)
			return mem_printf("%s is no string", item->string);
		if (cJSON_IsNull(item))
			continue;
		value = json_plain(item);
		if (strlen(value) > CONFIG_VALUE_MAX)
			return mem_printf("%s is too long", item->string);
		json_var_set(&out->config, item->string, value,
		    !cJSON_IsString(item));
	}
	if (dropped.text != NULL)
		out->dropped = clean(dropped.text, dropped.len);
	return NULL;
}

/* Read what a success says; NULL, or what is wrong with it. */
static const char *
hear_answer(struct outcome *out, const struct dialect *d,
    const struct order *order, const struct exchange *x)
{
	const char *trouble = NULL;
	cJSON *answer = NULL;

	if (json_parse_outside(&answer, x->answer, x->answer_len) != NULL ||
	    !cJSON_IsObject(answer)) {
		if (order->kind == ORDER_CHANGE &&
		    (d->family == FAMILY_HEROKU ||
		        clean(x->answer, x->answer_len) == NULL))
			return NULL;
		return "the answer is no JSON object";
	}
	if (order->kind == ORDER_PROVISION)
		trouble = hear_id(out, answer, x);
	if (trouble == NULL)
		trouble = hear_config(out, d, order->provider, answer);
	out->message = clean_member(answer, "message");
	if (order->provider->log_drain)
		out->log_drain_url = clean_member(answer, "log_drain_url");
	return trouble;
}

void
dialect_hear(struct outcome *out, const struct dialect *d,
    const struct order *order, const struct exchange *x, bool plain)
{
	bool odd = order->kind == ORDER_PROVISION && x->status / 100 == 2;
	const char *trouble = NULL;

	*out = (struct outcome){.kind = verdict(order, x->status, plain)};
	if (out->kind == OUTCOME_PENDING && order->kind == ORDER_REMOVE &&
	    !d->removes_later)
		out->kind = OUTCOME_DONE;
	if (out->kind == OUTCOME_REFUSED) {
		out->reason = refusal(order, x, plain);
	} else if (out->kind == OUTCOME_FAILED && x->status == 0) {
		out->reason = x->trouble == NULL ? "no answer" : x->trouble;
	} else if (out->kind == OUTCOME_FAILED && !odd) {
		out->reason = mem_printf("the provider answered %d", x->status);
	} else if (order->kind == ORDER_PROVISION ||
	           order->kind == ORDER_CHANGE) {
		/* its id is wanted all the same */
		trouble = hear_answer(out, d, order, x);
		if (trouble == NULL && out->kind == OUTCOME_FAILED)
			trouble =
			    mem_printf("the provider answered %d", x->status);
	} else {
		out->message = dialect_sentence(x);
	}
	/* names in it are the provider's */
	if (trouble != NULL)
		*out = (struct outcome){.kind = OUTCOME_FAILED,
		    .resource = out->resource,
		    .reason = clean(trouble, strlen(trouble))};
	out->unsure = is_unsure(order, out, x);
}
