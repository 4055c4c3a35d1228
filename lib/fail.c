#include "fail.h"
#include "mem.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static struct fail *
make(enum fail_code code, const char *what, const char *text)
{
	struct fail *f = mem_alloc(sizeof(*f));

	f->code = code;
	f->what = mem_copy(what);
	f->text = text;
	return f;
}

const struct fail *
fail(enum fail_code code, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	if (code == FAIL_INVALID)
		return fail_field(NULL, "base", "%s", text);
	return make(code, NULL, text);
}

const struct fail *
fail_what(enum fail_code code, const char *what, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	return make(code, what, text);
}

const struct fail *
fail_missing(const char *kind)
{
	return make(FAIL_MISSING, kind, "not found");
}

const struct fail *
fail_field(const struct fail *so_far, const char *field, const char *format,
    ...)
{
	const struct fail_item *old = so_far == NULL ? NULL : so_far->items;
	struct fail *f = make(FAIL_INVALID, NULL, "invalid");
	const struct fail_item **tail = &f->items;
	struct fail_item *item;
	va_list args;
	int n = 0;

	for (; old != NULL; old = old->next) {
		if (++n == FAIL_ITEMS_MAX)
			return so_far;
		item = mem_alloc(sizeof(*item));
		*item = (struct fail_item){old->field, old->text, NULL};
		*tail = item;
		tail = &item->next;
	}
	item = mem_alloc(sizeof(*item));
	item->field = mem_copy(field);
	va_start(args, format);
	item->text = mem_vprintf(format, args);
	va_end(args);
	*tail = item;
	f->text = mem_printf("%s: %s", f->items->field, f->items->text);
	return f;
}

const struct fail *
fail_errno(const char *format, ...)
{
	static const int passing[] = {ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE,
	    EAGAIN, ENOMEM};
	enum fail_code code = FAIL_SYSTEM;
	int error = errno;
	struct fail *f;
	va_list args;
	char *text;
	size_t i;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (error == passing[i])
			code = FAIL_BUSY;
	f = make(code, NULL, mem_printf("%s: %s", text, strerror(error)));
	f->error = error;
	return f;
}

const struct fail *
fail_away(int seconds, int error, const struct fail *f)
{
	struct fail *away = make(FAIL_BUSY, mem_printf("%d", seconds), f->text);

	away->error = error;
	return away;
}

bool
fail_is_record(const struct fail *f)
{
	return f->code == FAIL_BUSY && f->error == 0;
}
