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
 * trailer, and, where it has events, of the account that its Actor: trailer
 * names; unless it stands there last. */
const struct fail *index_log_commit(const char *index, const char *commit,
    const char *message);

/* Write the n lines, sorted and each once, as file below index; without
 * lines it goes. */
const struct fail *index_write_lines(const char *index, const char *tmp,
    enum index_table table, const char *file, const char **lines, size_t n);

/*
 * An index from nothing, in the empty directory index: begin; add the rows of
 * one record after another; write; end.  What waits is in files without a
 * name in tmp, which go with the process.  INDEX_LOG rows are left out: the
 * logs are made of the history.
 */
struct index_build;
const struct fail *index_build_new(struct index_build **out, const char *index,
    const char *tmp);
const struct fail *index_build_add(struct index_build *b,
    const struct index_rows *rows);

/* tell hears how many hundredths are done. */
typedef void index_built(void *arg, unsigned percent);
const struct fail *index_build_write(struct index_build *b, index_built *tell,
    void *arg);

/* Close what is open; b may be NULL. */
void index_build_free(struct index_build *b);

#endif
