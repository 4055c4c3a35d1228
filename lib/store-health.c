#include "store-health.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "mem.h"
#include "store-apply.h"

enum {
	FAN = 256,          /* directories, 00 to ff */
	DIRECTORIES = 1024, /* opened before the rest is estimated */
	FILES = 32768,      /* … and files found */
	SIZED = 256,        /* files whose sizes are looked at */
	WALK = 2000         /* commits walked by a request */
};

/* A count under way. */
struct tally {
	const char *end; /* what a name ends in to count, or NULL */
	size_t directories;
	uint64_t files;
	bool sizes;            /* look at sizes, too: */
	uint64_t sized, bytes; /* of the first few files */
};

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), wanted = strlen(end);

	return len > wanted && strcmp(name + len - wanted, end) == 0;
}

/* Count the files in dir, or (deep) in the directories that it has. */
static const struct fail *
count_in(struct tally *t, const char *dir, bool deep)
{
	struct mem_mark mark = mem_mark();
	const struct fail *f = NULL;
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(dir);

	t->directories++;
	if (d == NULL)
		return errno == ENOENT || errno == ENOTDIR
		           ? NULL
		           : fail_errno("cannot open %s", dir);
	while (f == NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (deep) {
			f = count_in(t, mem_printf("%s/%s", dir, entry->d_name),
			    false);
			continue;
		}
		if (t->end != NULL && !ends_with(entry->d_name, t->end))
			continue;
		t->files++;
		if (t->sizes && t->sized < SIZED &&
		    stat(mem_printf("%s/%s", dir, entry->d_name), &st) == 0) {
			t->sized++;
			t->bytes += (uint64_t)st.st_size;
		}
	}
	closedir(d);
	if (f == NULL)
		mem_release(mark);
	return f;
}

/* Count what the fan below dir has.  Names are made of hashes, so that one part
 * of the fan has as many as another. */
static const struct fail *
count_fan(struct store_count *out, struct tally *t, const char *dir, bool deep)
{
	const struct fail *f = NULL;
	unsigned i = 0;

	while (f == NULL && i < FAN && t->directories < DIRECTORIES &&
	       t->files < FILES)
		f = count_in(t, mem_printf("%s/%02x", dir, i++), deep);
	out->count = i == 0 ? 0 : t->files * FAN / i;
	out->estimated = i < FAN;
	return f;
}

static const struct fail *
count_records(struct store_health *out, const struct store *s)
{
	const struct tally records = {.end = ".json"};
	struct tally apps = records, accounts = records, open = records;
	struct tally providers = records;
	const struct fail *f;

	f = count_fan(&out->apps, &apps, mem_printf("%s/apps", s->root), true);
	if (f == NULL)
		f = count_fan(&out->accounts, &accounts,
		    mem_printf("%s/accounts", s->root), true);
	if (f == NULL)
		f = count_fan(&out->open, &open, mem_printf("%s/open", s->root),
		    false);
	if (f == NULL)
		f = count_in(&providers, mem_printf("%s/providers", s->root),
		    false);
	out->providers.count = providers.files;
	return f;
}

static const struct fail *
count_loose(struct store_health *out, const struct store *s)
{
	struct tally t = {.sizes = true};
	const struct fail *f = count_fan(&out->loose, &t,
	    mem_printf("%s/.git/objects", s->root), false);

	if (t.sized > 0)
		out->loose_bytes = t.bytes * out->loose.count / t.sized;
	return f;
}

static const struct fail *
count_packs(struct store_health *out, const struct store *s)
{
	const char *dir = mem_printf("%s/.git/objects/pack", s->root);
	struct dirent *entry;
	struct stat st;
	int64_t time;
	bool pack;
	DIR *d = opendir(dir);

	if (d == NULL)
		return errno == ENOENT ? NULL
		                       : fail_errno("cannot open %s", dir);
	while ((entry = readdir(d)) != NULL) {
		pack = ends_with(entry->d_name, ".pack");
		if ((!pack && !ends_with(entry->d_name, ".idx")) ||
		    stat(mem_printf("%s/%s", dir, entry->d_name), &st) != 0)
			continue;
		out->pack_bytes += (uint64_t)st.st_size;
		if (!pack)
			continue;
		out->packs++;
		time = (int64_t)st.st_mtime * 1000;
		if (time > out->last_pack)
			out->last_pack = time;
	}
	closedir(d);
	return NULL;
}

static const char *
memory_of(const struct store *s)
{
	return mem_printf("%s/commits", s->state);
}

/* The commit that was counted last, "" where none was, and its count. */
static const struct fail *
remembered(const char **commit, uint64_t *count, const struct store *s)
{
	const struct fail *f;
	size_t len;
	char *text;

	*commit = "";
	*count = 0;
	f = file_read(&text, &len, memory_of(s));
	/* unflushed: after a loss of power it may be empty */
	if (f != NULL || text == NULL || len < JOURNAL_ID + 2 ||
	    strspn(text, "0123456789abcdef") != JOURNAL_ID ||
	    text[JOURNAL_ID] != ' ')
		return f;
	*commit = mem_dup(text, JOURNAL_ID);
	*count = strtoull(text + JOURNAL_ID + 1, NULL, 10);
	return NULL;
}

const struct fail *
store_count_commits(uint64_t *count, bool *known, struct store *s,
    const char *head, size_t limit)
{
	const struct fail *f;
	const char *last, *text;
	uint64_t before;
	size_t n;
	bool met;

	f = remembered(&last, &before, s);
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_git_distance(&n, &met, known, s->git, head, last,
		    limit);
	if (f != NULL || !*known)
		return f;
	*count = met ? before + n : n;
	if (met && n == 0)
		return NULL;
	text = mem_printf("%s %llu\n", head, (unsigned long long)*count);
	return file_replace(memory_of(s), s->tmp, text, strlen(text));
}

const struct fail *
store_count_all(struct store *s)
{
	const struct fail *f = store_need_git(s);
	const char *head;
	uint64_t count;
	bool known;

	if (f == NULL)
		f = store_git_head(&head, s->git);
	return f != NULL ? f : store_count_commits(&count, &known, s, head, 0);
}

const struct fail *
store_health(struct store_health *out, struct store *s)
{
	const struct fail *f;

	*out = (struct store_health){0};
	f = count_records(out, s);

	if (f == NULL)
		f = count_loose(out, s);
	if (f == NULL)
		f = count_packs(out, s);
	if (f == NULL)
		f = store_need_git(s);
	if (f == NULL)
		f = store_git_head(&out->head, s->git);
	if (f == NULL)
		f = store_count_commits(&out->commits, &out->counted, s,
		    out->head, WALK);
	if (f == NULL)
		f = journal_marks(s->journal);
	out->journal = JOURNAL_SIZE;
	out->journal_used = s->journal->tail;
	return f;
}
