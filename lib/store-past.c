#include "store-past.h"
#include "json.h"
#include "store-apply.h"

const struct fail *
store_past(cJSON **out, struct store *s, const char *revision)
{
	const struct fail *f = store_need_git(s);
	size_t len;
	char *text;

	if (f == NULL)
		f = store_git_text(&text, &len, s->git, revision);
	if (f == NULL && text == NULL)
		f = fail(FAIL_SYSTEM, "a revision that is none");
	if (f == NULL)
		f = json_parse(out, text, len);
	if (f != NULL && f->code == FAIL_SYNTAX)
		f = fail(FAIL_SYSTEM, "revision %s: %s", revision, f->text);
	return f;
}
