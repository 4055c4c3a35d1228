/*
 * What a manifest breaks, before anybody registers it.
 */
#include "operator.h"

#include <stdlib.h>
#include <string.h>

#include "json-where.h"
#include "mem.h"

/* The path of a finding as JSONPath has it (RFC 9535). */
static const char *
path_of(const char *path)
{
	return mem_printf("$%s%s", *path == '\0' || *path == '[' ? "" : ".",
	    path);
}

/* The line that the failure of a parser names, or 0. */
static size_t
line_of(const struct fail *f)
{
	const char *line = strstr(f->text, "at line ");

	return line == NULL ? 0 : strtoul(line + strlen("at line "), NULL, 10);
}

static void
add_finding(cJSON *list, bool warning, const char *path, size_t line,
    const char *text)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "level", warning ? "warning" : "error");
	json_add_text(o, "path", path_of(path));
	if (line > 0)
		cJSON_AddNumberToObject(o, "line", (double)line);
	else
		cJSON_AddNullToObject(o, "line");
	json_add_text(o, "text", text);
	cJSON_AddItemToArray(list, o);
}

/* The request's manifest: an object, or a text (then *text is it) that may be
 * broken.  *broken says how. */
static const struct fail *
manifest_of(cJSON **manifest, const char **text, const struct fail **broken,
    const struct cgi *c)
{
	const cJSON *raw = json_get(c->body, "text");

	*manifest = json_get(c->body, "manifest");
	*text = json_text(c->body, "text");
	*broken = NULL;
	if (*manifest == NULL && raw == NULL)
		return fail_field(NULL, "manifest", "can't be blank");
	if (*manifest != NULL && raw != NULL)
		return fail_field(NULL, "text",
		    "must not stand beside manifest");
	if (raw != NULL && *text == NULL)
		return fail_field(NULL, "text", "must be a string");
	if (raw != NULL)
		*broken = json_parse_outside(manifest, *text, strlen(*text));
	return NULL;
}

/* POST /v1/operator/manifest_check */
const struct fail *
operator_manifest(struct cgi *c)
{
	const cJSON *wanted = json_get(c->body, "dialect");
	const struct finding *one = NULL;
	const struct dialect *d = NULL;
	const struct fail *f, *broken;
	cJSON *manifest, *answer, *list;
	const char *text;

	if (cJSON_IsString(wanted))
		d = dialect_find(wanted->valuestring);
	if (wanted != NULL && !cJSON_IsNull(wanted) && d == NULL)
		return fail_field(NULL, "dialect", "must be one of %s",
		    dialect_names());
	f = manifest_of(&manifest, &text, &broken, c);
	if (f != NULL)
		return f;
	if (broken == NULL && d == NULL)
		d = dialect_guess(manifest);
	answer = cgi_answer(c, 200);
	json_add_text(answer, "dialect", d == NULL ? NULL : d->name);
	list = cJSON_AddArrayToObject(answer, "findings");
	if (broken != NULL)
		add_finding(list, false, "", line_of(broken), broken->text);
	else if (d == NULL)
		add_finding(list, false, "", text == NULL ? 0 : 1,
		    mem_printf("no telling its dialect: say which of %s",
		        dialect_names()));
	else
		one = d->check(manifest, c->act.conf->allow_http);
	for (; one != NULL; one = one->next)
		add_finding(list, one->warning, one->path,
		    text == NULL ? 0 : json_where(text, one->path), one->text);
	return NULL;
}
