#include "history-forget.h"
#include "attachment.h"
#include "mem.h"
#include "secret-row.h"
#include "secret.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 100 };

/* Rows, each once; by malloc(3), since states of an app come and go. */
struct rows {
	uint64_t *all;
	size_t count, room;
};

struct forget {
	struct history_forgotten *out;
	const struct act *act;
	const struct app *app;
	const char *name;
	struct rows rows; /* of the values that there were */
};

static bool
has(const struct rows *rows, uint64_t number)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		if (rows->all[i] == number)
			return true;
	return false;
}

static const struct fail *
add(struct rows *rows, uint64_t number)
{
	size_t room = rows->room == 0 ? 64 : rows->room * 2;
	uint64_t *bigger;

	if (has(rows, number))
		return NULL;
	if (rows->count == rows->room) {
		bigger = realloc(rows->all, room * sizeof(*bigger));
		if (bigger == NULL)
			return fail_errno("cannot list the values");
		rows->all = bigger;
		rows->room = room;
	}
	rows->all[rows->count++] = number;
	return NULL;
}

/* The rows of name's values in app (NULL: it was not there); *clear: one is not
 * sealed. */
static const struct fail *
look_at(struct rows *rows, bool *clear, const struct forget *w,
    const struct app *app)
{
	const struct fail *f;
	struct seen *v;
	uint64_t number;

	if (app == NULL)
		return NULL;
	f = attachment_seen(&v, w->act, app);
	for (; f == NULL && v != NULL; v = v->next) {
		if (strcmp(v->name, w->name) != 0 || v->text == NULL)
			continue;
		if (seal_number(&number, v->text))
			f = add(rows, number);
		else
			*clear = true;
	}
	return f;
}

static const struct fail *
look_at_commit(struct forget *w, const char *commit, const char *name,
    bool *clear)
{
	const struct fail *f;
	struct app *app;

	f = history_app(&app, w->act->store, commit, w->app->id, name);
	return f == NULL ? look_at(&w->rows, clear, w, app) : f;
}

/* The state before a commit, too: another commit, of all records, may have
 * made it. */
static const struct fail *
look_at_log(struct forget *w, const struct store_log *log)
{
	struct mem_mark mark = mem_mark();
	const char *name = history_name(log, w->app->id);
	const struct fail *f = NULL;
	bool clear = false;

	if (name != NULL)
		f = look_at_commit(w, log->id, name, &clear);
	if (f == NULL && name != NULL)
		f = look_at_commit(w, log->parent, name, &clear);
	if (f != NULL)
		return f;
	mem_release(mark);
	if (clear && w->out->clear++ == 0)
		w->out->commit = mem_copy(log->id);
	return NULL;
}

static const struct fail *
look_at_all(struct forget *w)
{
	size_t i, count, total, skip = 0;
	struct store_log *log;
	const struct fail *f;

	do {
		f = store_log(&log, &count, &total, w->act->store, w->app->id,
		    skip, PAGE);
		for (i = 0; f == NULL && i < count; i++)
			f = look_at_log(w, &log[i]);
		skip += count;
	} while (f == NULL && count > 0);
	return f;
}

static const struct fail *
look_at_point(struct forget *w, const char *commit)
{
	struct history_point point;
	const struct fail *f;
	bool clear = false;

	f = history_at(&point, w->act->store, w->app, commit);
	if (f == NULL)
		f = look_at(&w->rows, &clear, w, point.app);
	if (f == NULL && clear) {
		w->out->clear = 1;
		w->out->commit = point.log.id;
	}
	return f;
}

/* Under the lock: those of w's rows that are not among the current ones. */
static const struct fail *
destroy(struct forget *w, const struct rows *current)
{
	const struct fail *f = NULL;
	bool was;
	size_t i;

	for (i = 0; f == NULL && i < w->rows.count; i++) {
		if (has(current, w->rows.all[i]))
			continue;
		f = secret_row_forget(&was, w->act->conf, w->rows.all[i]);
		w->out->forgotten += f == NULL && was;
		w->out->before += f == NULL && !was;
	}
	return f;
}

static const struct fail *
check_current(const struct forget *w, const struct rows *current, bool one)
{
	size_t i, past = 0;

	for (i = 0; i < w->rows.count; i++)
		past += !has(current, w->rows.all[i]);
	if (w->rows.count == 0 && w->out->clear == 0)
		return fail_what(FAIL_MISSING, "variable",
		    "not found: %s has had no value%s", w->name,
		    one ? " there" : "");
	if (past == 0 && w->rows.count > 0 && (one || w->out->clear == 0))
		return fail(FAIL_CONFLICT,
		    "%s has that value now: set another one first, where it is"
		    " valid and here",
		    w->name);
	return NULL;
}

static const struct fail *
forget_rows(struct forget *w, bool one)
{
	struct rows current = {0};
	const struct fail *f;
	bool clear = false;
	struct app *app;

	f = app_edit(&app, w->act, w->app->id);
	if (f != NULL)
		return f;
	f = look_at(&current, &clear, w, history_alone(app));
	w->out->current = current.count > 0 || clear;
	if (f == NULL)
		f = check_current(w, &current, one);
	if (f == NULL)
		f = destroy(w, &current);
	store_unlock(w->act->store);
	free(current.all);
	return f;
}

const struct fail *
history_forget(struct history_forgotten *out, const struct act *act,
    const char *ident, const char *name, const char *commit)
{
	struct forget w = {.out = out, .act = act, .name = name};
	const struct fail *f;
	struct app *app;

	*out = (struct history_forgotten){0};
	f = app_load(&app, act, ident);
	if (f != NULL)
		return f;
	/* what was stays as it was: git is read without the lock */
	w.app = app;
	f = commit == NULL ? look_at_all(&w) : look_at_point(&w, commit);
	if (f == NULL)
		f = forget_rows(&w, commit != NULL);
	free(w.rows.all);
	return f;
}
