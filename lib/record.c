#include "record.h"

#include <string.h>

#include "account.h"
#include "app.h"
#include "provider.h"
#include "usage.h"

/* Work owed to a provider is found by walking it; the index has no need. */
static const struct fail *
open_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	(void)rows;
	(void)path;
	(void)record;
	return NULL;
}

static const struct {
	const char *under;
	index_rows_of *rows;
} kinds[] = {
    {"apps/",      app_rows     },
    {"accounts/",  account_rows },
    {"providers/", provider_rows},
    {"open/",      open_rows    },
    {"usage/",     usage_rows   },
};

const struct fail *
record_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(path, kinds[i].under, strlen(kinds[i].under)) == 0)
			return kinds[i].rows(rows, path, record);
	return fail(FAIL_BUSY, "%s is no record of any kind", path);
}

const struct fail *
record_store(struct store **out, const struct conf *conf)
{
	return store_open(out, conf, record_rows);
}
