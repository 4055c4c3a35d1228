#include "record.h"
#include "cluster.h"

#include <string.h>

#include "account.h"
#include "app.h"
#include "provider.h"
#include "secret.h"
#include "usage.h"
#include "work.h"

/* Work owed to a provider is found by walking it, the format by its name: the
 * index has no need. */
static const struct fail *
open_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	(void)rows;
	(void)path;
	(void)record;
	return NULL;
}

static const struct fail *
app_again(cJSON **out, const struct store_record *record)
{
	const struct fail *f;
	struct app *app;

	f = app_read(&app, record->path, record->json);
	if (f == NULL && out != NULL)
		*out = app_write(app);
	return f;
}

/* Its text is what upgrade makes it. */
static const struct fail *
format_again(cJSON **out, const struct store_record *record)
{
	(void)out;
	(void)record;
	return NULL;
}

static const struct kind {
	const char *under;
	index_rows_of *rows;
	store_remake *again;
} kinds[] = {
    {"apps/",      app_rows,      app_again     },
    {"accounts/",  account_rows,  account_again },
    {"providers/", provider_rows, provider_again},
    {"open/",      open_rows,     work_again    },
    {"usage/",     usage_rows,    usage_again   },
    {"store.json", open_rows,     format_again  },
};

static const struct kind *
kind_of(const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(path, kinds[i].under, strlen(kinds[i].under)) == 0)
			return &kinds[i];
	return NULL;
}

static const struct fail *
none(const char *path)
{
	return fail(FAIL_BUSY, "%s is no record of any kind", path);
}

const struct fail *
record_again(cJSON **out, const struct store_record *record)
{
	const struct kind *kind = kind_of(record->path);

	if (out != NULL)
		*out = NULL;
	return kind == NULL ? none(record->path) : kind->again(out, record);
}

const struct fail *
record_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	const struct kind *kind = kind_of(path);
	const struct fail *f;

	if (kind == NULL)
		return none(path);
	/* no row has a secret, and none needs a key to be made */
	secret_blind(true);
	f = kind->rows(rows, path, record);
	secret_blind(false);
	return f;
}

const struct fail *
record_store(struct store **out, const struct conf *conf)
{
	const struct fail *f = store_open(out, conf, record_rows);

	if (f == NULL)
		cluster_use(*out, conf);
	return f;
}
