/*
 * Is the index what the records and the history make?  It is made again
 * elsewhere, and compared byte for byte.
 */
#include "file.h"
#include "mem.h"
#include "store-apply.h"
#include "store-check.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct compare {
	const char *real, *made; /* two indexes */
	const char *first;       /* of the files that differ */
	size_t count;            /* of those */
};

static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The names in dir, sorted; none where it is not there. */
static const struct fail *
names_in(struct dirent ***names, int *count, const char *dir)
{
	*names = NULL;
	*count = scandir(dir, names, NULL, compare_names);
	if (*count >= 0)
		return NULL;
	*count = 0;
	return errno == ENOENT || errno == ENOTDIR
	           ? NULL
	           : fail_errno("cannot list %s", dir);
}

static void
differs(struct compare *c, const char *path)
{
	if (c->count++ == 0)
		c->first = path;
}

static const struct fail *
compare_files(struct compare *c, const char *path)
{
	char *real, *made;
	size_t real_len, made_len;
	const struct fail *f;

	f = file_read(&real, &real_len, mem_printf("%s/%s", c->real, path));
	if (f == NULL)
		f = file_read(&made, &made_len,
		    mem_printf("%s/%s", c->made, path));
	if (f == NULL &&
	    (real == NULL || made == NULL || real_len != made_len ||
	        memcmp(real, made, made_len) != 0))
		differs(c, path);
	return f;
}

static const struct fail *compare_trees(struct compare *c, const char *path);

static const struct fail *
compare_one(struct compare *c, const char *path, const char *name, bool is_dir)
{
	struct mem_mark mark = mem_mark();
	const size_t before = c->count;
	const struct fail *f;

	if (name[0] == '.' || strcmp(name, STORE_INDEX_MARK) == 0)
		return NULL;
	path = path[0] == '\0' ? name : mem_printf("%s/%s", path, name);
	f = is_dir ? compare_trees(c, path) : compare_files(c, path);
	if (f == NULL && c->count == before)
		mem_release(mark);
	return f;
}

/* What is in directory path of either, each name once. */
static const struct fail *
compare_trees(struct compare *c, const char *path)
{
	struct dirent **real, **made, *it;
	const struct fail *f;
	int i = 0, j = 0, n, m, order;

	f = names_in(&made, &m, mem_printf("%s/%s", c->made, path));
	if (f != NULL)
		return f;
	f = names_in(&real, &n, mem_printf("%s/%s", c->real, path));
	while (f == NULL && (i < n || j < m)) {
		order = i == n   ? 1
		        : j == m ? -1
		                 : strcmp(real[i]->d_name, made[j]->d_name);
		it = order <= 0 ? real[i] : made[j];
		f = compare_one(c, path, mem_copy(it->d_name),
		    it->d_type == DT_DIR);
		i += order <= 0;
		j += order >= 0;
	}
	for (i = 0; i < n; i++)
		free(real[i]);
	for (j = 0; j < m; j++)
		free(made[j]);
	free(real);
	free(made);
	return f;
}

/* The commit that the index says it reflects is our last, or main's. */
static const struct fail *
check_head(struct compare *c, struct store *s)
{
	const char *head;
	const struct fail *f;
	size_t len;
	char *text;

	f = store_git_head(&head, s->git);
	if (f == NULL)
		f = file_read(&text, &len, store_index_mark(s));
	if (f == NULL &&
	    (text == NULL ||
	        (strncmp(text, head, JOURNAL_ID) != 0 &&
	            strncmp(text, s->journal->head, JOURNAL_ID) != 0)))
		differs(c, STORE_INDEX_MARK);
	return f;
}

const struct fail *
store_check_index(struct store *s, struct findings *n)
{
	struct store scratch = *s;
	struct compare c = {.real = s->index};
	struct mem_mark mark = mem_mark();
	const struct fail *f, *gone;

	if (access(store_index_mark(s), F_OK) != 0) {
		/* whoever misses it makes it: so do we */
		finding_harmless(n, "index", "is not there whole", "made");
		return store_reindex_held(s, NULL);
	}
	scratch.index = c.made = mem_printf("%s/index", s->tmp);
	f = store_reindex_held(&scratch, NULL);
	if (f == NULL)
		f = check_head(&c, s);
	if (f == NULL)
		f = compare_trees(&c, "");
	gone = file_remove_all(scratch.index);
	if (f == NULL)
		f = gone;
	if (f == NULL && c.count == 0)
		mem_release(mark);
	if (f != NULL || c.count == 0)
		return f;
	finding_fault(n, mem_printf("index/%s", c.first),
	    c.count == 1 ? "is not what the records make"
	                 : mem_printf("and %zu more: not what the records make",
	                       c.count - 1),
	    "made anew");
	return n->repair ? store_reindex_held(s, NULL) : NULL;
}
