#include "dialect.h"
#include "hash.h"
#include "mem.h"
#include "provider.h"

#include <string.h>
#include <strings.h>

static const struct dialect *const dialects[] = {
    &dialect_scalingo,
    &dialect_heroku,
    &dialect_appfog,
    &dialect_heroku_v3,
    &dialect_clevercloud,
    &dialect_flynn,
};

enum { DIALECTS = sizeof(dialects) / sizeof(dialects[0]) };

const struct dialect *
dialect_find(const char *name)
{
	size_t i;

	for (i = 0; i < DIALECTS; i++)
		if (strcmp(dialects[i]->name, name) == 0)
			return dialects[i];
	return NULL;
}

const char *
dialect_names(void)
{
	struct mem_text t = {0};
	size_t i;

	for (i = 0; i < DIALECTS; i++)
		mem_addf(&t, "%s%s", i == 0 ? "" : ", ", dialects[i]->name);
	return t.text;
}

const struct dialect *
dialect_guess(const cJSON *manifest)
{
	size_t i;

	for (i = DIALECTS; i > 0; i--)
		if (dialects[i - 1]->claims(manifest))
			return dialects[i - 1];
	return NULL;
}

const char *
dialect_escape(const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "abcdefghijklmnopqrstuvwxyz"
	                            "0123456789-._~";
	struct mem_text t = {0};

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			mem_add(&t, text, 1);
		else
			mem_addf(&t, "%%%02X", (unsigned)(unsigned char)*text);
	}
	return t.text == NULL ? "" : t.text;
}

const char *
dialect_url(const char *base, const char *segment)
{
	size_t len = strlen(base);

	if (len > 0 && base[len - 1] == '/')
		len--;
	return mem_printf("%s/%s", mem_dup(base, len), dialect_escape(segment));
}

const char *
dialect_token(const char *id, const char *salt, const char *time)
{
	const char *text = mem_printf("%s:%s:%s", id, salt, time);

	return hash_sha1(text, strlen(text));
}

void
dialect_question(struct exchange *x, const struct order *order,
    const char *unknown)
{
	static const struct {
		const char *method, *tail;
	} questions[] = {
	    [ORDER_PROVISION] = {"POST",   NULL      },
	    [ORDER_CHANGE] = {"PUT",    ""        },
	    [ORDER_REMOVE] = {"DELETE", ""        },
	    [ORDER_SUSPEND] = {"POST",   "/suspend"},
	    [ORDER_RESUME] = {"POST",   "/resume" },
	};
	const char *tail = questions[order->kind].tail;
	const struct provider *p = order->provider;

	*x = (struct exchange){.method = questions[order->kind].method,
	    .url = p->base_url,
	    .user = p->user,
	    .password = p->password,
	    .accept = "application/json",
	    .answer = ""};
	if (tail != NULL)
		x->url = mem_printf("%s%s",
		    dialect_url(p->base_url,
		        order->resource == NULL ? unknown : order->resource),
		    tail);
}

bool
dialect_enter(struct entrance *out, const struct order *order)
{
	const struct provider *p = order->provider;

	*out = (struct entrance){.post = true, .url = p->sso_url};
	return p->sso_url != NULL && p->sso_salt != NULL &&
	       order->resource != NULL;
}

void
dialect_add_field(struct entrance *out, const char *name, const char *value)
{
	json_var_set(&out->fields, name, value, false);
}

const char *
dialect_callback(const char *public_url, const char *path, const char *ident)
{
	return dialect_url(mem_printf("%s%s", public_url, path), ident);
}

static void
lay_over(cJSON *options, const cJSON *more, bool as_text)
{
	const cJSON *item;
	cJSON *value;

	if (!cJSON_IsObject(more))
		return;
	cJSON_ArrayForEach(item, more) {
		if (as_text && cJSON_IsNull(item))
			continue;
		value = as_text ? cJSON_CreateString(json_plain(item))
		                : cJSON_Duplicate(item, true);
		if (json_get(options, item->string) == NULL)
			cJSON_AddItemToObject(options, item->string, value);
		else
			cJSON_ReplaceItemInObjectCaseSensitive(options,
			    item->string, value);
	}
}

cJSON *
dialect_options(const struct order *order, bool as_text)
{
	cJSON *options = cJSON_CreateObject();

	lay_over(options, order->plan_options, as_text);
	lay_over(options, order->options, as_text);
	return options;
}

void
dialect_find_fault(struct finding **list, bool warning, const char *path,
    const char *format, ...)
{
	struct finding *f = mem_alloc(sizeof(*f));
	va_list args;

	va_start(args, format);
	f->text = mem_vprintf(format, args);
	va_end(args);
	f->path = mem_copy(path);
	f->warning = warning;
	while (*list != NULL)
		list = &(*list)->next;
	*list = f;
}

bool
dialect_name_allowed(const char *name)
{
	/* what the loader, a shell or a language's runtime obeys; a shell may
	 * tie path to PATH, hence in any case; "_" at the end: all of these */
	static const char *const taken[] = {"PATH", "HOME", "IFS", "ENV",
	    "SHELL", "SHELLOPTS", "BASHOPTS", "BASH_", "PS4", "CDPATH",
	    "PROMPT_COMMAND", "GLOBIGNORE", "USER", "LOGNAME", "PWD", "OLDPWD",
	    "TMPDIR", "TZDIR", "EDITOR", "PAGER", "LD_", "DYLD_", "GIT_",
	    "MALLOC_", "GLIBC_", "GCONV_PATH", "LOCPATH", "NLSPATH",
	    "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_HOST_CONF",
	    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PYTHONPATH",
	    "PYTHONHOME", "PYTHONSTARTUP", "PERL5LIB", "PERLLIB", "PERL5OPT",
	    "RUBYLIB", "RUBYOPT", "NODE_OPTIONS", "NODE_PATH", "CLASSPATH",
	    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "PHPRC",
	    "PHP_INI_SCAN_DIR", "LUA_PATH", "LUA_CPATH"};
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t i, len = strlen(name), taken_len;

	if (len == 0 || len > CONFIG_NAME_MAX || strspn(name, letters) != len ||
	    strchr("_0123456789", name[0]) != NULL)
		return false;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		taken_len = strlen(taken[i]);
		if (taken[i][taken_len - 1] != '_')
			taken_len++;
		if (strncasecmp(name, taken[i], taken_len) == 0)
			return false;
	}
	return true;
}
