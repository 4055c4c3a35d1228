#include "upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"
#include "record.h"
#include "store-format.h"

static const char *const kinds[] = {"accounts", "apps", "open", "providers",
    "usage"};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* One upgrade. */
struct run {
	struct upgrade *out;
	const struct act *act;
	bool preview;
	store_tell *tell;
};

/* Commit what was put.  What is rewritten says the same as before: no quota
 * holds it up, and nobody is told. */
static const struct fail *
commit(struct run *r, const char *what)
{
	struct event e = event_new("sutler: format %d, %s", r->out->to, what);

	e.settles = true;
	r->out->commits++;
	return event_commit(NULL, r->act, &e);
}

/* Put the record at path as it would be written now, where that differs. */
static const struct fail *
rewrite(struct run *r, size_t *bytes, const char *path)
{
	const struct mem_mark mark = mem_mark();
	struct store_record *record;
	const struct fail *f;
	const char *text;
	cJSON *again;
	bool same;

	f = store_read(&record, r->act->store, path);
	/* gone since it was listed */
	if (f != NULL || record == NULL)
		return f;
	r->out->records++;
	f = record_again(&again, path, record->json);
	if (f != NULL)
		return f;
	text = json_print(again, true);
	same = strlen(text) == record->len &&
	       memcmp(text, record->text, record->len) == 0;
	if (!same)
		r->out->changed++;
	if (same || r->preview) {
		mem_release(mark);
		return NULL;
	}
	*bytes += strlen(text);
	store_put(r->act->store, path, again);
	return NULL;
}

/* As many of the paths as make one commit; *n of them. */
static const struct fail *
batch(struct run *r, const char *const *paths, size_t *n, size_t left)
{
	const size_t before = r->out->changed;
	const struct fail *f = store_lock(r->act->store);
	size_t bytes = 0;

	for (*n = 0;
	     f == NULL && *n < left && *n < UPGRADE_PART &&
	     bytes < UPGRADE_BYTES && r->out->changed - before < UPGRADE_BATCH;
	     ++*n)
		f = rewrite(r, &bytes, paths[*n]);
	if (f == NULL && !r->preview && r->out->changed > before)
		return commit(r, mem_printf("%zu records rewritten",
		                     r->out->changed - before));
	store_unlock(r->act->store);
	return f;
}

/* What a process of its own has to say of its part. */
struct told {
	struct upgrade out;
	size_t n;
	enum fail_code code;
	char trouble[1024]; /* "": none */
};

static void
do_part(int out, struct run *r, const char *const *paths, size_t left)
{
	struct told told = {0};
	const struct fail *f = NULL;
	size_t n;

	while (f == NULL && told.n < left && told.n < UPGRADE_PART) {
		f = batch(r, paths + told.n, &n, left - told.n);
		told.n += n;
	}
	told.out = *r->out;
	if (f != NULL) {
		told.code = f->code;
		snprintf(told.trouble, sizeof(told.trouble), "%s", f->text);
	}
	_exit(write(out, &told, sizeof(told)) == sizeof(told) ? 0 : 1);
}

/* What commits take of memory is kept until a process ends: so each part has
 * one of its own. */
static const struct fail *
part(struct run *r, const char *const *paths, size_t *n, size_t left)
{
	struct told told;
	int ends[2];
	ssize_t got;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_errno("no pipe");
	child = fork();
	if (child == 0)
		do_part(ends[1], r, paths, left);
	close(ends[1]);
	got = child < 0 ? -1 : read(ends[0], &told, sizeof(told));
	close(ends[0]);
	if (child < 0)
		return fail_errno("no process");
	while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
		continue;
	if (got != sizeof(told))
		return fail(FAIL_SYSTEM,
		    "a part of it was killed: run it again");
	*r->out = told.out;
	*n = told.n;
	return told.trouble[0] == '\0' ? NULL
	                               : fail(told.code, "%s", told.trouble);
}

static const struct fail *
rewrite_kind(struct run *r, const char *kind)
{
	const struct fail *f;
	const char **paths;
	size_t i, n = 0, count;

	f = store_paths(&paths, &count, r->act->store, kind);
	for (i = 0; f == NULL && i < count; i += n) {
		f = part(r, paths + i, &n, count - i);
		if (r->tell != NULL)
			r->tell(kind, i + n, count);
	}
	return f;
}

/* Note the format, and that some records are of an older one. */
static const struct fail *
note(struct run *r, int from, const char *what)
{
	const struct store_format format = {r->out->to, from};
	const struct fail *f;

	if (r->preview)
		return NULL;
	f = store_lock(r->act->store);
	if (f != NULL)
		return f;
	store_format_put(r->act->store, &format);
	return commit(r, what);
}

const struct fail *
upgrade_run(struct upgrade *out, const struct act *act, bool preview,
    store_tell *tell)
{
	struct run r = {out, act, preview, tell};
	struct store_format format;
	const struct fail *f;
	size_t i;

	f = store_format_read(&format,
	    mem_printf("%s/store", store_data(act->store)));
	*out = (struct upgrade){.to = STORE_FORMAT};
	if (f != NULL)
		return f;
	out->from = format.from;
	if (out->from == out->to)
		return NULL;
	f = note(&r, format.from, "from now on");
	for (i = 0; f == NULL && i < KINDS; i++)
		f = rewrite_kind(&r, kinds[i]);
	return f != NULL ? f : note(&r, out->to, "all of it");
}
