/*
 * The index from nothing, in bounded memory: the rows wait in files, by the
 * hash of the index file that they belong to, and become index files one
 * waiting file after the other.
 */
#include "fail.h"
#include "file.h"
#include "index-write.h"
#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many as 10,000,000 apps fill with some 30 MB each; a process may have
 * 1024 files open. */
enum { BUCKETS = 128 };

struct index_build {
	const char *index, *tmp;
	FILE *buckets[BUCKETS];
};

static const struct fail *
bucket_open(FILE **out, const char *tmp)
{
	const char *name = mem_printf("%s/index-rows", tmp);

	*out = fopen(name, "w+e");
	if (*out == NULL)
		return fail_errno("cannot make %s", name);
	/* open and without a name: it goes with the process */
	return file_remove(name);
}

const struct fail *
index_build_new(struct index_build **out, const char *index, const char *tmp)
{
	struct index_build *b = mem_alloc(sizeof(*b));
	const struct fail *f = NULL;
	int i;

	b->index = index;
	b->tmp = tmp;
	*out = b;
	for (i = 0; f == NULL && i < BUCKETS; i++)
		f = bucket_open(&b->buckets[i], tmp);
	return f;
}

void
index_build_free(struct index_build *b)
{
	int i;

	for (i = 0; b != NULL && i < BUCKETS; i++) {
		if (b->buckets[i] != NULL)
			fclose(b->buckets[i]);
		b->buckets[i] = NULL;
	}
}

/* FNV-1a. */
static uint32_t
bucket_of(const char *file)
{
	uint32_t h = 2166136261u;

	for (; *file != '\0'; file++)
		h = (h ^ (unsigned char)*file) * 16777619u;
	return h % BUCKETS;
}

const struct fail *
index_build_add(struct index_build *b, const struct index_rows *rows)
{
	const struct index_row *r;

	for (r = rows->first; r != NULL; r = r->next)
		if (r->table != INDEX_LOG &&
		    fprintf(b->buckets[bucket_of(r->file)], "%d%s\t%s\n",
		        (int)r->table, r->file, r->line) < 0)
			return fail_errno("cannot write in %s", b->tmp);
	return NULL;
}

/* All that waits in bucket. */
static const struct fail *
bucket_read(char **text, FILE *bucket, const char *tmp)
{
	long len;

	if (fflush(bucket) != 0 || (len = ftell(bucket)) < 0)
		return fail_errno("cannot write in %s", tmp);
	rewind(bucket);
	*text = mem_alloc((size_t)len + 1);
	if (fread(*text, 1, (size_t)len, bucket) != (size_t)len)
		return fail_errno("cannot read in %s", tmp);
	return NULL;
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The rows of a bucket become index files. */
static const struct fail *
bucket_write(struct index_build *b, FILE *bucket)
{
	const struct fail *f;
	char *text, *p, *tab;
	const char **lines;
	size_t n = 0, i, from, len;

	f = bucket_read(&text, bucket, b->tmp);
	if (f != NULL)
		return f;
	for (p = text; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	lines = mem_alloc((n + 1) * sizeof(*lines));
	for (i = 0, p = text; i < n; i++) {
		lines[i] = p;
		p = strchr(p, '\n');
		*p++ = '\0';
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (from = 0; f == NULL && from < n; from = i) {
		p = (char *)lines[from];
		tab = strchr(p, '\t');
		len = (size_t)(tab + 1 - p);
		for (i = from + 1; i < n && strncmp(lines[i], p, len) == 0; i++)
			lines[i] += len;
		lines[from] = tab + 1;
		*tab = '\0';
		f = index_write_lines(b->index, b->tmp,
		    (enum index_table)(*p - '0'), p + 1, lines + from,
		    i - from);
	}
	return f;
}

const struct fail *
index_build_write(struct index_build *b, index_built *tell, void *arg)
{
	const struct fail *f = NULL;
	struct mem_mark mark;
	int i;

	for (i = 0; f == NULL && i < BUCKETS; i++) {
		mark = mem_mark();
		f = bucket_write(b, b->buckets[i]);
		if (f == NULL)
			mem_release(mark);
		tell(arg, (unsigned)(i + 1) * 100 / BUCKETS);
	}
	return f;
}
