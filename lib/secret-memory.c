#include "secret-memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1024 };

/* The four strings stand behind each other in words. */
struct entry {
	struct entry *next;
	const char *whose, *name, *value, *text;
	uint64_t hash;
	bool json;
	char words[];
};

static struct entry *slots[SLOTS];
static bool used;

/* FNV-1a; nobody gains by making it collide but a slower own request. */
static uint64_t
hash_of(const char *whose, const char *name, const char *value)
{
	const char *const all[] = {whose, name, value};
	uint64_t hash = 14695981039346656037u;
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (p = all[i];; p++) {
			hash = (hash ^ (unsigned char)*p) * 1099511628211u;
			if (*p == '\0')
				break;
		}
	return hash;
}

static const char *
put(char **at, const char *text)
{
	size_t len = strlen(text) + 1;
	char *place = *at;

	memcpy(place, text, len);
	*at += len;
	return place;
}

void
secret_memory_add(const char *whose, const char *name, const char *value,
    bool json, const char *text)
{
	struct entry *e;
	char *at;

	if (secret_memory_find(whose, name, value, json) != NULL)
		return;
	e = malloc(sizeof(*e) + strlen(whose) + strlen(name) + strlen(value) +
	           strlen(text) + 4);
	if (e == NULL)
		return; /* it is sealed once more, then */
	at = e->words;
	e->whose = put(&at, whose);
	e->name = put(&at, name);
	e->value = put(&at, value);
	e->text = put(&at, text);
	e->json = json;
	e->hash = hash_of(whose, name, value);
	e->next = slots[e->hash % SLOTS];
	slots[e->hash % SLOTS] = e;
	used = true;
}

const char *
secret_memory_find(const char *whose, const char *name, const char *value,
    bool json)
{
	uint64_t hash;
	const struct entry *e;

	if (!used)
		return NULL;
	hash = hash_of(whose, name, value);
	for (e = slots[hash % SLOTS]; e != NULL; e = e->next)
		if (e->hash == hash && e->json == json &&
		    strcmp(e->whose, whose) == 0 &&
		    strcmp(e->name, name) == 0 && strcmp(e->value, value) == 0)
			return e->text;
	return NULL;
}

void
secret_memory_clear(void)
{
	struct entry *e;
	size_t i;

	if (!used)
		return;
	for (i = 0; i < SLOTS; i++)
		while ((e = slots[i]) != NULL) {
			slots[i] = e->next;
			free(e);
		}
	used = false;
}
