/*
 * The manifests that a provider had.
 */
#include "provider.h"
#include "store-past.h"

const struct fail *
provider_past(cJSON **out, struct store *store, const struct provider *p,
    const struct provider_manifest *m)
{
	const struct fail *f;
	cJSON *record;

	if (m->revision == NULL) {
		*out = p->manifest;
		return NULL;
	}
	f = store_past(&record, store, m->revision);
	if (f != NULL)
		return f;
	*out = json_get(record, "manifest");
	if (*out == NULL)
		return fail(FAIL_SYSTEM, "revision %s: no provider's record",
		    m->revision);
	return provider_open(*out, p->slug);
}
