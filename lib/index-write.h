#ifndef SUTLER_INDEX_WRITE_H
#define SUTLER_INDEX_WRITE_H

#include "index.h"

/*
 * The writing side of the index, for lib/store.c alone: what a record showed
 * before and shows now become edits of index files.  Every edit can be made
 * twice, so that a journal entry can be applied again.
 */
enum index_table { INDEX_KEY, INDEX_LIST, INDEX_PLACE, INDEX_LOG };

struct index_row {
	struct index_row *next;
	enum index_table table;
	const char *file; /* below DATA/index */
	const char *line;
};

struct index_rows {
	struct index_row *first;
};

/* Bring index (its directory) from the rows before to the rows after; tmp is
 * a directory for temporary files. */
const struct fail *index_apply(const char *index, const char *tmp,
    const struct index_rows *before, const struct index_rows *after);

/* Append commit to the log of each app that its message names in an App:
 * trailer, unless it stands there last. */
const struct fail *index_log_commit(const char *index, const char *commit,
    const char *message);

/* Write an index from nothing: all rows of all records. */
const struct fail *index_build(const char *index, const char *tmp,
    const struct index_rows *all);

#endif
