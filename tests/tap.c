#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tests, failed;

static void __attribute__((format(printf, 2, 0)))
report(bool good, const char *format, va_list args)
{
	tests++;
	failed += !good;
	printf("%sok %d - ", good ? "" : "not ", tests);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

void
ok(bool good, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(good, format, args);
	va_end(args);
}

void
is(const char *got, const char *want, const char *format, ...)
{
	bool good = got == want ||
	            (got != NULL && want != NULL && strcmp(got, want) == 0);
	va_list args;

	va_start(args, format);
	report(good, format, args);
	va_end(args);
	if (!good)
		printf("# got:  %s\n# want: %s\n", got == NULL ? "NULL" : got,
		    want == NULL ? "NULL" : want);
}

int
done(void)
{
	printf("1..%d\n", tests);
	return failed == 0 ? 0 : 1;
}
