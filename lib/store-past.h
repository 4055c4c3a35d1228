#ifndef SUTLER_STORE_PAST_H
#define SUTLER_STORE_PAST_H

#include "store.h"

/* The record that a revision (store_revision()) stood for, out of the history.
 * FAIL_SYSTEM: git has none such, or it is no JSON. */
const struct fail *store_past(cJSON **out, struct store *s,
    const char *revision);

#endif
