#include "upgrade.h"

#include <string.h>

#include "json.h"
#include "record.h"
#include "store-bulk.h"
#include "store-format.h"

/* Note the format, and which is the oldest that there still is. */
static const struct fail *
note(const struct act *act, int from, const char *what)
{
	const struct store_format format = {STORE_FORMAT, from};
	struct event e = event_new("sutler: format %d, %s", STORE_FORMAT, what);
	const struct fail *f = store_lock(act->store);

	if (f != NULL)
		return f;
	/* no quota holds it up, and nobody is told */
	e.settles = true;
	store_format_put(act->store, &format);
	return event_commit(NULL, act, &e);
}

static const struct fail *
count(void *arg, const struct store_record *record)
{
	const struct fail *f;
	struct upgrade *u = arg;
	cJSON *again;

	u->records++;
	f = record_again(&again, record);
	if (f != NULL && fail_is_record(f))
		u->left++;
	if (f != NULL)
		return fail_is_record(f) ? NULL : f;
	if (again != NULL && strcmp(json_print(again, true), record->text) != 0)
		u->changed++;
	return NULL;
}

static const struct fail *
count_all(struct upgrade *out, struct store *s)
{
	static const char *const kinds[] = {"accounts", "apps", "open",
	    "providers", "usage"};
	const struct fail *f = NULL;
	size_t i;

	for (i = 0; f == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		f = store_scan(s, kinds[i], count, out);
	return f;
}

static const struct fail *
rewrite_all(struct upgrade *out, const struct act *act, store_tell *tell)
{
	const struct store_message message = event_message(act,
	    mem_printf("sutler: format %d, records rewritten", STORE_FORMAT));
	struct store_bulk done;
	const struct fail *f;

	f = store_bulk(&done, act->store, &message, record_again, tell);
	out->records = done.records;
	out->changed = done.changed;
	out->left = done.left;
	return f;
}

const struct fail *
upgrade_run(struct upgrade *out, const struct act *act, bool preview,
    store_tell *tell)
{
	struct store_format format;
	const struct fail *f;

	f = store_format_read(&format,
	    mem_printf("%s/store", store_data(act->store)));
	*out = (struct upgrade){.to = STORE_FORMAT};
	if (f != NULL)
		return f;
	out->from = format.from;
	if (out->from == out->to)
		return NULL;
	if (preview)
		return count_all(out, act->store);
	f = note(act, format.from, "from now on");
	if (f == NULL)
		f = rewrite_all(out, act, tell);
	if (f == NULL && out->left > 0)
		f = fail(FAIL_CONFLICT,
		    "%zu records are left as they are: mend them (sutler fsck),"
		    " and do it again",
		    out->left);
	return f != NULL ? f : note(act, out->to, "all of it");
}
