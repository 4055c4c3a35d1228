/*
 * The rules about config vars.
 */
#include "probe-inside.h"
#include "mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool
ends_in_url(const char *name)
{
	size_t len = strlen(name);

	return len >= 4 && strcasecmp(name + len - 4, "_URL") == 0;
}

/* What is wrong with the variable, or NULL. */
typedef const char *fault(const struct provider *p, const cJSON *item);

static const char *
undeclared(const struct provider *p, const cJSON *item)
{
	if (provider_declares(p, item->string))
		return NULL;
	return mem_printf("%.64s is not in the manifest's config_vars",
	    item->string);
}

/* What may drop names also takes numbers; an object is no variable. */
static const char *
wrong_value(const struct provider *p, const cJSON *item)
{
	if (cJSON_IsString(item))
		return NULL;
	if (p->dialect->drops_undeclared && !cJSON_IsObject(item) &&
	    !cJSON_IsArray(item))
		return NULL;
	return mem_printf("the value of %.64s is no string", item->string);
}

/* kensa's rule: a scheme and a host; no host of one's own in production. */
static const char *
wrong_url(const struct provider *p, const cJSON *item)
{
	const char *value = cJSON_GetStringValue(item), *host, *at;
	size_t len;

	if (value == NULL || !ends_in_url(item->string))
		return NULL;
	host = strstr(value, "://");
	if (host == NULL || host == value || !isalpha((unsigned char)*value))
		return mem_printf("the value of %.64s has no scheme",
		    item->string);
	host += 3;
	at = strchr(host, '@');
	len = strcspn(host, "/?#");
	if (at != NULL && at < host + len) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (len == 0 || *host == ':')
		return mem_printf("the value of %.64s has no host",
		    item->string);
	if (!p->test && strcspn(host, ":/?#") == 9 &&
	    strncasecmp(host, "localhost", 9) == 0)
		return mem_printf("the host of %.64s is localhost",
		    item->string);
	return NULL;
}

/* The first fault among the variables, or NULL. */
static const char *
find(const struct probe *p, const cJSON *config, fault *wrong)
{
	const char *text = NULL;
	const cJSON *item;

	cJSON_ArrayForEach(item, config)
		if (text == NULL)
			text = wrong(p->with.provider, item);
	return text;
}

/* The config of the call's answer; NULL, where there is none to judge, and
 * the verdict is set. */
static const cJSON *
config_of(struct probe_verdict *v, const struct probe *p,
    const struct probe_call *c)
{
	const cJSON *config = probe_config(p, c);

	if (c->x.status < 200 || c->x.status > 299)
		probe_say(v, PROBE_SKIP, "there was no success");
	else if (config == NULL || cJSON_IsNull(config))
		probe_say(v, PROBE_SKIP, "there is no config");
	else if (!cJSON_IsObject(config))
		probe_say(v, PROBE_SKIP, "the config is no object");
	else
		return config;
	return NULL;
}

void
probe_config_object(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const cJSON *config = probe_config(p, c);

	if (config == NULL || cJSON_IsObject(config))
		config_of(v, p, c);
	else
		probe_say(v, PROBE_FAIL, "the config is no object");
	if (cJSON_IsObject(config))
		probe_say(v, PROBE_PASS, "%d variables",
		    cJSON_GetArraySize(config));
}

static void
judge(struct probe_verdict *v, struct probe *p, const struct probe_call *c,
    fault *wrong, enum probe_result result)
{
	const cJSON *config = config_of(v, p, c);
	const char *text;

	if (config == NULL)
		return;
	text = find(p, config, wrong);
	if (text == NULL)
		probe_say(v, PROBE_PASS, "%d variables",
		    cJSON_GetArraySize(config));
	else
		probe_say(v, result, "%s", text);
}

/* Where the dialect drops what is not declared, nothing fails by it. */
static enum probe_result
gravity(const struct probe *p, fault *wrong)
{
	return wrong == undeclared &&
	               p->with.provider->dialect->drops_undeclared
	           ? PROBE_WARN
	           : PROBE_FAIL;
}

void
probe_config_declared(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	judge(v, p, c, undeclared, gravity(p, undeclared));
}

void
probe_config_values(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	judge(v, p, c, wrong_value, PROBE_FAIL);
}

void
probe_config_urls(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	judge(v, p, c, wrong_url, PROBE_FAIL);
}

void
probe_config_complete(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const cJSON *config = config_of(v, p, c), *name;

	if (config == NULL)
		return;
	probe_say(v, PROBE_PASS, "all are there");
	cJSON_ArrayForEach(name, p->with.provider->config_vars)
		if (cJSON_IsString(name) &&
		    json_get(config, name->valuestring) == NULL)
			probe_say(v, PROBE_WARN, "%.64s is not there",
			    name->valuestring);
}

static void
judge_all(struct probe_verdict *v, const struct probe *p, const cJSON *config)
{
	static fault *const faults[] = {undeclared, wrong_value, wrong_url};
	const char *text;
	size_t i;

	probe_say(v, PROBE_PASS, "%d variables", cJSON_GetArraySize(config));
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		text = find(p, config, faults[i]);
		if (text == NULL)
			continue;
		probe_say(v, gravity(p, faults[i]), "%s", text);
		return;
	}
}

void
probe_config_change(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const cJSON *config = config_of(v, p, c);

	if (config != NULL)
		judge_all(v, p, config);
}

/* Providers may also send [{"name":…,"value":…}, …]. */
static const cJSON *
unlisted(const cJSON *config)
{
	const char *name;
	const cJSON *item;
	cJSON *object;

	if (!cJSON_IsArray(config))
		return config;
	object = cJSON_CreateObject();
	cJSON_ArrayForEach(item, config) {
		name = json_text(item, "name");
		if (name != NULL && json_get(item, "value") != NULL)
			cJSON_AddItemToObject(object, name,
			    cJSON_Duplicate(json_get(item, "value"), true));
	}
	return object;
}

void
probe_config_called(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const cJSON *said, *config;

	(void)c;
	probe_say(v, PROBE_SKIP, "no config was set");
	cJSON_ArrayForEach(said, probe_heard(p)) {
		config = unlisted(json_get(json_get(said, "body"), "config"));
		if (config != NULL && v->result != PROBE_FAIL)
			judge_all(v, p, config);
	}
}
