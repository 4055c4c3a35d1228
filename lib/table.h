#ifndef SUTLER_TABLE_H
#define SUTLER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Small things about many, counted without a daemon: DATA/state/<name> has a
 * fixed number of places, each a struct whose first member is who it is about,
 * uint64_t, a hash (0: nobody).  Whoever it is has one of TABLE_NEIGHBOURS
 * places, which are read and, where one is to change, locked together.  Never
 * flushed, never grown; what was never written reads as nobody's.
 */
enum { TABLE_PLACES = 1 << 15, TABLE_NEIGHBOURS = 16 };

struct table {
	const char *name;
	size_t size; /* of one place */
	char *of;    /* the data directory that it is open in, or NULL */
	int fd;      /* -1: it cannot be kept */
};

/* Open t in data, or make it: once, while the process still may (lib/fence.h).
 */
void table_ready(struct table *t, const char *data);

/* True where nobody was ever put into t. */
bool table_is_empty(const struct table *t);

/* places = those that who may have; hold: nobody else changes them until
 * table_give().  false: they cannot be read. */
bool table_read(void *places, const struct table *t, uint64_t who, bool hold);

/* Write one of the places that are held for who.  false: it cannot be. */
bool table_write(const struct table *t, uint64_t who, const void *places,
    const void *one);

/* Hold them no longer.  Harmless where they are not. */
void table_give(const struct table *t, uint64_t who);

#endif
