#ifndef SUTLER_SECRET_MEMORY_H
#define SUTLER_SECRET_MEMORY_H

#include <stdbool.h>

/*
 * The texts that values have in the records that a writer has read: of record
 * whose, by name and value.  By malloc(3): the pool may be released meanwhile.
 */
void secret_memory_add(const char *whose, const char *name, const char *value,
    bool json, const char *text);

/* The text, or NULL: the record had no such value. */
const char *secret_memory_find(const char *whose, const char *name,
    const char *value, bool json);

/* All is forgotten, and freed. */
void secret_memory_clear(void);

#endif
