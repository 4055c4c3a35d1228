#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "tap.h"

static bool
all_zero(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
test_alloc(void)
{
	char *a = mem_alloc(100), *b = mem_alloc(1), *c = mem_alloc(0);
	char *big = mem_alloc(1 << 20);

	ok(all_zero(a, 100) && all_zero(big, 1 << 20), "memory is zeroed");
	ok(a != b && b != c && c != NULL, "each has a place of its own");
	ok((uintptr_t)a % _Alignof(max_align_t) == 0 &&
	        (uintptr_t)b % _Alignof(max_align_t) == 0 &&
	        (uintptr_t)c % _Alignof(max_align_t) == 0,
	    "aligned for any type");
	memset(a, 1, 100);
	ok(*b == 0, "neighbours do not overlap");
}

static void
test_copies(void)
{
	char *p = mem_dup("a\0b", 3);

	ok(memcmp(p, "a\0b", 4) == 0, "mem_dup copies bytes and ends them");
	is(mem_dup(NULL, 0), "", "mem_dup of nothing");
	is(mem_copy("abc"), "abc", "mem_copy");
	is(mem_copy(NULL), NULL, "mem_copy of NULL");
	is(mem_printf("%s-%04d", "x", 42), "x-0042", "mem_printf");
	is(mem_printf("%s", ""), "", "mem_printf of nothing");
}

/* Texts of every length up to where a chunk ends, and past it. */
static void
test_printf_at_the_end(void)
{
	struct mem_mark mark = mem_mark();
	char want[200];
	bool right = true, zero = true;
	int i, len;

	for (i = 0; i < 4000; i++) {
		len = i % 150;
		memset(want, 'y', sizeof(want));
		want[len] = '\0';
		right = right && strcmp(mem_printf("%s", want), want) == 0;
		zero = zero && all_zero(mem_alloc(8), 8);
	}
	ok(right, "a text is whole where the memory for it had to be fetched");
	ok(zero, "and leaves the rest zeroed");
	mem_release(mark);
}

static void
test_mark(void)
{
	struct mem_mark mark;
	char *kept, *again;
	int i;

	kept = mem_copy("kept");
	mark = mem_mark();
	for (i = 0; i < 100; i++)
		memset(mem_alloc(10000), 0xff, 10000);
	mem_release(mark);
	is(kept, "kept", "what was there before a mark stays");
	again = mem_alloc(10000);
	ok(all_zero(again, 10000), "released memory comes back zeroed");
	mem_release(mark);
	mem_release(mark);
	is(kept, "kept", "releasing twice does no harm");
}

static void
test_release_bounds_the_total(void)
{
	struct mem_mark mark = mem_mark();
	int i;

	for (i = 0; i < 40; i++) {
		mem_alloc(10 << 20);
		mem_release(mark);
	}
	ok(i == 40, "more than MEM_MAX in all, never at once");
}

static void
test_text(void)
{
	struct mem_text t = {0};
	size_t i;

	ok(t.text == NULL, "a text that starts as {0} is NULL");
	mem_puts(&t, "");
	is(t.text, "", "a text with nothing added");
	mem_puts(&t, "abc");
	mem_addf(&t, "%d", 7);
	mem_add(&t, "xyz", 1);
	is(t.text, "abc7x", "what is added stands in a row");
	ok(t.len == 5, "len counts it");
	for (i = 0; i < 10000; i++)
		mem_puts(&t, "0123456789");
	ok(t.len == 100005 && strlen(t.text) == t.len, "a text grows");
	is(mem_dup(t.text + t.len - 10, 10), "0123456789", "and keeps its end");
	is(mem_dup(t.text, 5), "abc7x", "and its beginning");
}

/* The exit status of a process that asks for size bytes. */
static int
status_of(size_t size)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close(STDERR_FILENO);
		mem_alloc(size);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_exhaustion(void)
{
	ok(status_of(1 << 20) == 0, "a megabyte is there");
	ok(status_of((size_t)MEM_MAX + 1) >= 70, "more than MEM_MAX is not");
	ok(status_of(SIZE_MAX) >= 70, "nor the largest size");
	ok(status_of(SIZE_MAX - 8) >= 70, "nor one that would wrap");
}

int
main(void)
{
	test_alloc();
	test_copies();
	test_printf_at_the_end();
	test_mark();
	test_release_bounds_the_total();
	test_text();
	test_exhaustion();
	return done();
}
