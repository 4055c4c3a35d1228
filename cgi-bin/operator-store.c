/*
 * How the store is, for who runs it.
 */
#include "operator.h"

#include "clock.h"
#include "store-health.h"

static void
add_number(cJSON *o, const char *key, uint64_t n)
{
	cJSON_AddNumberToObject(o, key, (double)n);
}

static void
add_records(cJSON *o, const struct store_health *h)
{
	cJSON *records = cJSON_AddObjectToObject(o, "records");

	add_number(records, "apps", h->apps.count);
	add_number(records, "accounts", h->accounts.count);
	add_number(records, "providers", h->providers.count);
	add_number(records, "open", h->open.count);
	cJSON_AddBoolToObject(records, "estimated",
	    h->apps.estimated || h->accounts.estimated || h->open.estimated);
}

/* GET /v1/operator/store */
const struct fail *
operator_store(struct cgi *c)
{
	struct store_health h;
	const struct fail *f = store_health(&h, c->act.store);
	cJSON *o;

	if (f != NULL)
		return f;
	o = cJSON_AddObjectToObject(cgi_answer(c, 200), "store");
	json_add_text(o, "head", h.head);
	if (h.counted)
		add_number(o, "commits", h.commits);
	else
		cJSON_AddNullToObject(o, "commits");
	add_records(o, &h);
	add_number(o, "bytes", h.loose_bytes + h.pack_bytes);
	add_number(o, "loose_objects", h.loose.count);
	cJSON_AddBoolToObject(o, "loose_estimated", h.loose.estimated);
	add_number(o, "packs", h.packs);
	add_number(o, "pack_bytes", h.pack_bytes);
	json_add_text(o, "last_pack_at",
	    h.packs == 0 ? NULL : clock_text(h.last_pack));
	add_number(o, "journal_bytes", h.journal);
	add_number(o, "journal_used", h.journal_used);
	return NULL;
}
