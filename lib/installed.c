#include "installed.h"
#include "app.h"
#include "mem.h"

#include <string.h>

enum { PAGE = 4000 };

/* A row of the index, cut at its tabs; lib/app.c lays it out. */
struct installed
installed_row(const char *row)
{
	struct installed in = {0};
	const char **fields[] = {&in.addon_id, &in.app_id, &in.app_name,
	    &in.owner, &in.plan};
	size_t i, len;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		len = strcspn(row, "\t");
		*fields[i] = mem_dup(row, len);
		row += len + (row[len] == '\t');
	}
	return in;
}

const struct fail *
installed_list(struct installed **out, size_t *count, struct store *store,
    const char *slug)
{
	const char *name = mem_printf("provider/%s", slug);
	struct index_page page;
	const struct fail *f;
	struct installed *more;
	uint64_t place = 0;
	size_t i;

	*out = NULL;
	*count = 0;
	do {
		f = index_places(&page, store, name, place, false, PAGE);
		if (f != NULL)
			return f;
		more = mem_alloc((*count + page.count + 1) * sizeof(*more));
		if (*count > 0)
			memcpy(more, *out, *count * sizeof(*more));
		for (i = 0; i < page.count; i++)
			more[(*count)++] = installed_row(page.rows[i]);
		*out = more;
		if (page.count > 0)
			place = page.places[page.count - 1] + 1;
	} while (page.more && page.count > 0);
	return NULL;
}

const struct fail *
installed_with_variable(struct installed **out, size_t *count,
    const struct act *act, const struct installed *list, const char *name)
{
	const struct addon *a;
	const struct fail *f;
	size_t i, n = *count;
	struct app *app;

	*count = 0;
	*out = mem_alloc((n + 1) * sizeof(**out));
	for (i = 0; i < n; i++) {
		f = app_load(&app, act, list[i].app_id);
		if (f != NULL && f->code != FAIL_MISSING)
			return f;
		a = f == NULL ? app_addon(app, list[i].addon_id) : NULL;
		if (a != NULL && json_var_find(a->config, name) != NULL)
			(*out)[(*count)++] = list[i];
	}
	return NULL;
}
