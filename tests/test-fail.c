#include <errno.h>
#include <stddef.h>

#include "fail.h"
#include "tap.h"

static void
test_codes(void)
{
	const struct fail *f = fail(FAIL_CONFLICT, "%s is %d", "x", 3);

	ok(f->code == FAIL_CONFLICT, "code");
	is(f->text, "x is 3", "text");
	is(f->what, NULL, "no what");
	ok(f->items == NULL, "no items");
	f = fail_what(FAIL_PAYMENT, "https://pay", "pay %s", "first");
	ok(f->code == FAIL_PAYMENT, "fail_what: code");
	is(f->what, "https://pay", "fail_what: what");
	is(f->text, "pay first", "fail_what: text");
	f = fail_missing("app");
	ok(f->code == FAIL_MISSING, "fail_missing: code");
	is(f->what, "app", "fail_missing: what");
	is(f->text, "not found", "fail_missing: text");
}

static void
test_fields(void)
{
	const struct fail *one, *two, *f;
	char field[] = "name";

	one = fail_field(NULL, field, "can't be %s", "blank");
	field[0] = 'X';
	two = fail_field(one, "email", "is taken");
	f = fail_field(two, "name", "is long");
	ok(f->code == FAIL_INVALID, "code");
	is(f->items->field, "name", "the first, copied");
	is(f->items->text, "can't be blank", "its rule");
	is(f->items->next->field, "email", "the second");
	is(f->items->next->next->text, "is long", "the third");
	ok(f->items->next->next->next == NULL, "no more");
	is(f->text, "name: can't be blank", "the text is the first's");
	ok(one->items->next == NULL && two->items->next->next == NULL,
	    "those so far have not changed");
	f = fail(FAIL_INVALID, "wrong");
	ok(f->items != NULL, "FAIL_INVALID always has an item");
	if (f->items != NULL)
		is(f->items->text, "wrong", "which has the text");
}

static void
test_errno(void)
{
	static const int busy[] = {ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE,
	    EAGAIN, ENOMEM};
	const struct fail *f;
	size_t i;

	for (i = 0; i < sizeof(busy) / sizeof(busy[0]); i++) {
		errno = busy[i];
		ok(fail_errno("x")->code == FAIL_BUSY, "errno %d passes",
		    busy[i]);
	}
	errno = EACCES;
	f = fail_errno("/data/%s", "key");
	ok(f->code == FAIL_SYSTEM, "EACCES does not");
	is(f->text, "/data/key: Permission denied", "what, and why");
}

int
main(void)
{
	test_codes();
	test_fields();
	test_errno();
	return done();
}
