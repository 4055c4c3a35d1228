#include "index.h"
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "index-write.h"
#include "mem.h"
#include "store.h"
#include "store-apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add(struct index_rows *rows, enum index_table table, const char *file,
    const char *line)
{
	struct index_row *row = mem_alloc(sizeof(*row));

	row->table = table;
	row->file = file;
	row->line = line;
	row->next = rows->first;
	rows->first = row;
}

/* The file that holds key: "key/hh/hh". */
static const char *
key_file(const char *key)
{
	const char *hash = hash_sha1(key, strlen(key));

	return mem_printf("key/%.2s/%.2s", hash, hash + 2);
}

void
index_key(struct index_rows *rows, const char *key, const char *value)
{
	add(rows, INDEX_KEY, key_file(key), mem_printf("%s\t%s", key, value));
}

void
index_list(struct index_rows *rows, const char *name, const char *value)
{
	add(rows, INDEX_LIST, mem_printf("list/%s", name), mem_copy(value));
}

static const char *
chunk_file(const char *name, uint64_t chunk)
{
	return mem_printf("place/%s/%llu", name, (unsigned long long)chunk);
}

void
index_place(struct index_rows *rows, const char *name, uint64_t place,
    const char *row)
{
	add(rows, INDEX_PLACE, chunk_file(name, place / INDEX_CHUNK),
	    mem_printf("%016llx\t%s", (unsigned long long)place, row));
}

const char *
index_log_file(const char *id)
{
	const char *digits = strncmp(id, "us-", 3) == 0 ? id + 3 : id;

	return mem_printf("log/%.2s/%.2s/%s", digits, digits + 2, id);
}

void
index_log(struct index_rows *rows, const char *id)
{
	add(rows, INDEX_LOG, index_log_file(id), "");
}

/* The lines of an index file, cut apart; none where there is no file. */
static const struct fail *
lines_of(char ***lines, size_t *count, struct store *s, const char *file)
{
	const char *path = mem_printf("%s/index/%s", store_data(s), file);
	const struct fail *f;
	size_t len, n = 0;
	char *text, *p;
	bool made;

	*lines = NULL;
	*count = 0;
	f = file_read(&text, &len, path);
	if (f == NULL && text == NULL) {
		f = store_index_there(&made, s);
		if (f == NULL && made)
			f = file_read(&text, &len, path);
	}
	if (f != NULL || text == NULL)
		return f;
	for (p = text; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	*lines = mem_alloc((n + 1) * sizeof(**lines));
	for (p = text; *count < n; *p++ = '\0') {
		(*lines)[(*count)++] = p;
		p = strchr(p, '\n');
	}
	return NULL;
}

const struct fail *
index_find(const char **value, struct store *s, const char *key)
{
	const struct fail *f;
	size_t i, n, len = strlen(key);
	char **lines;

	*value = NULL;
	f = lines_of(&lines, &n, s, key_file(key));
	for (i = 0; f == NULL && i < n; i++)
		if (strncmp(lines[i], key, len) == 0 && lines[i][len] == '\t')
			*value = lines[i] + len + 1;
	return f;
}

/* Under the writers' lock: what is promised and not yet applied counts, too;
 * and what is found may be what another store is about to change. */
static const struct fail *
settle(struct store *s)
{
	s->searched = true;
	return s->pending == NULL ? NULL : store_settle(s);
}

const struct fail *
index_find_held(const char **value, struct store *s, const char *key)
{
	const struct fail *f = settle(s);

	return f != NULL ? f : index_find(value, s, key);
}

const struct fail *
index_values(const char ***values, size_t *count, struct store *s,
    const char *name)
{
	return lines_of((char ***)values, count, s,
	    mem_printf("list/%s", name));
}

const struct fail *
index_values_held(const char ***values, size_t *count, struct store *s,
    const char *name)
{
	const struct fail *f = settle(s);

	return f != NULL ? f : index_values(values, count, s, name);
}

/* How many rows each chunk of name has. */
static const struct fail *
chunk_counts(uint64_t **counts, size_t *n, uint64_t *total, struct store *s,
    const char *name)
{
	const struct fail *f;
	char **lines;
	size_t i;
	bool made;

	*total = 0;
	/* while an index is made, or where that was killed, counts grow */
	f = store_index_there(&made, s);
	if (f == NULL)
		f = lines_of(&lines, n, s, mem_printf("place/%s/count", name));
	if (f != NULL)
		return f;
	*counts = mem_alloc((*n + 1) * sizeof(**counts));
	for (i = 0; i < *n; i++) {
		(*counts)[i] = strtoull(lines[i], NULL, 16);
		*total += (*counts)[i];
	}
	return NULL;
}

/* Rows are "place<TAB>row". */
static uint64_t
place_of(const char *line)
{
	return strtoull(line, NULL, 16);
}

/* Rows of name, chunk by chunk, from a chunk on. */
struct walk {
	struct store *store;
	const char *name;
	const uint64_t *counts;
	size_t chunks, chunk; /* chunk: the one whose lines are held */
	char **lines;
	size_t count, at;
};

static const struct fail *
walk_load(struct walk *w)
{
	w->at = 0;
	return lines_of(&w->lines, &w->count, w->store,
	    chunk_file(w->name, w->chunk));
}

/* *line = the next row, NULL behind the last. */
static const struct fail *
walk_next(const char **line, struct walk *w)
{
	const struct fail *f;

	*line = NULL;
	while (w->at == w->count) {
		do
			w->chunk++;
		while (w->chunk < w->chunks && w->counts[w->chunk] == 0);
		if (w->chunk >= w->chunks)
			return NULL;
		f = walk_load(w);
		if (f != NULL)
			return f;
	}
	*line = w->lines[w->at++];
	return NULL;
}

/* Set w at the row that a page from place on (or the nth row) begins with;
 * *skipped rows stand before it. */
static const struct fail *
walk_start(struct walk *w, uint64_t *skipped, uint64_t place, bool by_count)
{
	const struct fail *f;

	*skipped = 0;
	for (w->chunk = 0; w->chunk < w->chunks; w->chunk++) {
		if (by_count ? *skipped + w->counts[w->chunk] > place
		             : w->chunk >= place / INDEX_CHUNK)
			break;
		*skipped += w->counts[w->chunk];
	}
	if (w->chunk == w->chunks)
		return NULL;
	f = walk_load(w);
	if (f != NULL)
		return f;
	for (; w->at < w->count; w->at++, (*skipped)++)
		if (by_count ? *skipped >= place
		             : place_of(w->lines[w->at]) >= place)
			break;
	return NULL;
}

/* The place at which the max rows before the one numbered skipped begin. */
static const struct fail *
place_before(uint64_t *place, struct walk *w, uint64_t skipped, size_t max)
{
	const struct fail *f;
	const char *line;
	uint64_t ignored;
	struct walk back = *w;

	back.at = back.count = 0;
	f = walk_start(&back, &ignored, skipped > max ? skipped - max : 0,
	    true);
	if (f == NULL)
		f = walk_next(&line, &back);
	if (f == NULL)
		*place = line == NULL ? 0 : place_of(line);
	return f;
}

const struct fail *
index_places(struct index_page *out, struct store *s, const char *name,
    uint64_t place, bool by_count, size_t max)
{
	struct walk w = {.store = s, .name = name};
	const struct fail *f;
	uint64_t *counts, skipped;
	const char *line;

	*out = (struct index_page){0};
	out->rows = mem_alloc(max * sizeof(*out->rows));
	out->places = mem_alloc(max * sizeof(*out->places));
	f = chunk_counts(&counts, &w.chunks, &out->total, s, name);
	if (f != NULL)
		return f;
	w.counts = counts;
	f = walk_start(&w, &skipped, place, by_count);
	while (f == NULL && out->count < max) {
		f = walk_next(&line, &w);
		if (f != NULL || line == NULL)
			break;
		if (strchr(line, '\t') == NULL)
			continue;
		out->places[out->count] = place_of(line);
		out->rows[out->count++] = strchr(line, '\t') + 1;
	}
	out->more = skipped + out->count < out->total;
	out->before = skipped > 0;
	if (f == NULL && out->before)
		f = place_before(&out->previous, &w, skipped, max);
	return f;
}

const struct fail *
index_next_place(uint64_t *place, struct store *s, const char *name)
{
	struct walk w = {.store = s, .name = name};
	const struct fail *f;
	uint64_t *counts, total;

	*place = 1;
	s->searched = true;
	f = store_settle(s);
	if (f == NULL)
		f = chunk_counts(&counts, &w.chunks, &total, s, name);
	if (f != NULL || w.chunks == 0)
		return f;
	w.chunk = w.chunks - 1;
	f = walk_load(&w);
	if (f == NULL && w.count > 0)
		*place = place_of(w.lines[w.count - 1]) + 1;
	return f;
}
