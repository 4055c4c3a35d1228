#ifndef SUTLER_INSTALLED_H
#define SUTLER_INSTALLED_H

#include <stddef.h>

#include "store.h"

/* An add-on that an app has, as its provider's row in the index tells. */
struct installed {
	const char *addon_id;
	const char *app_id, *app_name, *owner;
	const char *plan; /* canonical name */
};

/* What a row of the index's place "provider/<slug>" tells. */
struct installed installed_row(const char *row);

/* All installations of the provider slug, in the order they were bought; one
 * whose provider has not answered yet is not among them. */
const struct fail *installed_list(struct installed **out, size_t *count,
    struct store *store, const char *slug);

/* Of the count at list those that have the variable name set stay; *count
 * becomes their number.  Reads the apps' records. */
struct act;
const struct fail *installed_with_variable(struct installed **out,
    size_t *count, const struct act *act, const struct installed *list,
    const char *name);

#endif
