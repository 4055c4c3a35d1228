/*
 * Packs become fewer: the small ones are copied into one, which takes their
 * place.
 */
#include "fail.h"
#include "file.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	IDX_ROW = 28,          /* bytes of an .idx for each object, and more */
	OBJECTS_MAX = 1 << 20, /* of a pack that is to grow */
	REMNANT_SECONDS = 24 * 60 * 60
};

/* A pack: its files without their endings, how much is in it. */
struct pack {
	const char *name;
	size_t size, objects;
};

/*
 * The old packs go when the new one is on the disk.  An .idx comes before its
 * .pack and goes after it, so that what a killed process leaves is an .idx
 * alone, which nobody reads and the next merge takes away.
 */
static const struct fail *
replace(const char *dir, const char *sum, const struct pack *packs, size_t n,
    const char *pack, const char *idx)
{
	const char *name = mem_printf("%s/pack-%s", dir, sum);
	const struct fail *f;
	size_t i;

	if (rename(idx, mem_printf("%s.idx", name)) != 0 ||
	    rename(pack, mem_printf("%s.pack", name)) != 0)
		return fail_errno("cannot rename to %s.pack", name);
	f = store_git_flush(dir);
	for (i = 0; f == NULL && i < n; i++) {
		/* one that held all that the others did */
		if (strcmp(packs[i].name, name) == 0)
			continue;
		f = file_remove(mem_printf("%s.pack", packs[i].name));
		if (f == NULL)
			f = file_remove(mem_printf("%s.idx", packs[i].name));
	}
	return f;
}

/* The names in the making end as no pack's do: git would read them. */
static const struct fail *
merge(const char *dir, const struct pack *packs, size_t n)
{
	const char *pack = mem_printf("%s/tmp_merge_pack", dir);
	const char *idx = mem_printf("%s/tmp_merge_idx", dir);
	const char **names = mem_alloc(n * sizeof(*names)), *sum;
	const struct fail *f;
	size_t objects = 0, i;

	for (i = 0; i < n; i++) {
		names[i] = packs[i].name;
		objects += packs[i].objects;
	}
	f = store_git_copy(&sum, pack, idx, names, n, objects);
	if (f == NULL)
		f = replace(dir, sum, packs, n, pack, idx);
	unlink(pack);
	unlink(idx);
	return f;
}

/* The largest first. */
static int
compare_sizes(const void *a, const void *b)
{
	const struct pack *x = a, *y = b;

	return x->size > y->size ? -1 : x->size < y->size;
}

/* How many of the n packs (the last ones, which are the smallest) are to
 * become one. */
static size_t
choose(const struct pack *packs, size_t n, size_t max_bytes)
{
	size_t size = 0, objects = 0, i, chosen = 0;

	for (i = n; i > 0; i--) {
		if (i < n && packs[i - 1].size < size * 2)
			chosen = n - i + 1;
		size += packs[i - 1].size;
		objects += packs[i - 1].objects;
		if (size > max_bytes || objects > OBJECTS_MAX)
			return chosen > n - i ? n - i : chosen;
	}
	return chosen;
}

/* Take away what a packer that was killed had begun; true where name is such
 * a file. */
static bool
remove_remnant(const char *dir, const char *name)
{
	const char *path = mem_printf("%s/%s", dir, name);
	struct stat st;

	if (strncmp(name, "tmp_merge_", 10) == 0)
		return unlink(path) == 0;
	/* libgit2's may be another program's, which is at work */
	return strncmp(name, "pack_git2_", 10) == 0 && stat(path, &st) == 0 &&
	       st.st_mtime + REMNANT_SECONDS < time(NULL) && unlink(path) == 0;
}

/* The pack whose count files begin at names; .name is NULL where it is not to
 * be merged. */
static struct pack
look_at(const char *dir, struct dirent **names, int count, size_t stem)
{
	struct pack pack = {0};
	struct stat st, idx;
	const char *name =
	    mem_printf("%s/%.*s", dir, (int)stem, names[0]->d_name);

	if (strncmp(names[0]->d_name, "pack-", 5) != 0 ||
	    strcmp(names[0]->d_name + stem, ".idx") != 0)
		return pack;
	if (count == 1)
		unlink(mem_printf("%s.idx", name));
	if (count != 2 || stat(mem_printf("%s.pack", name), &st) != 0 ||
	    stat(mem_printf("%s.idx", name), &idx) != 0)
		return pack;
	pack.name = name;
	pack.size = (size_t)st.st_size;
	pack.objects = (size_t)idx.st_size / IDX_ROW;
	return pack;
}

/* The packs in dir that may be merged, the largest first. */
static const struct fail *
list_packs(struct pack **packs, size_t *n, const char *dir, size_t max_bytes)
{
	struct dirent **names;
	int i, j, count = scandir(dir, &names, NULL, alphasort);
	struct pack pack;
	size_t stem;

	*n = 0;
	if (count < 0)
		return fail_errno("cannot list %s", dir);
	*packs = mem_alloc((size_t)(count + 1) * sizeof(**packs));
	for (i = 0; i < count; i = j) {
		j = i + 1;
		stem = strcspn(names[i]->d_name, ".");
		if (stem == 0 || remove_remnant(dir, names[i]->d_name))
			continue;
		while (j < count && strncmp(names[j]->d_name, names[i]->d_name,
		                        stem + 1) == 0)
			j++;
		pack = look_at(dir, names + i, j - i, stem);
		if (pack.name != NULL && pack.size < max_bytes / 2)
			(*packs)[(*n)++] = pack;
	}
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	qsort(*packs, *n, sizeof(**packs), compare_sizes);
	return NULL;
}

const struct fail *
store_git_merge(size_t *merged, struct store_git *g, size_t max_bytes)
{
	const char *dir = mem_printf("%s/objects/pack", g->dir);
	const struct fail *f;
	struct pack *packs;
	size_t n;

	*merged = 0;
	f = list_packs(&packs, &n, dir, max_bytes);
	if (f != NULL ||
	    access(mem_printf("%s/multi-pack-index", dir), F_OK) == 0)
		return f;
	*merged = choose(packs, n, max_bytes);
	if (*merged < 2)
		*merged = 0;
	return *merged == 0 ? NULL : merge(dir, packs + n - *merged, *merged);
}
