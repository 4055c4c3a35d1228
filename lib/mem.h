#ifndef SUTLER_MEM_H
#define SUTLER_MEM_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Memory: one pool per process, which is one request.  Nothing is freed piece
 * by piece; a command that works through many records takes a mark and
 * releases back to it.  cJSON allocates from the same pool.
 *
 * No function here fails: a process that gets no more memory says so on
 * stderr and exits with status 70, which every web server answers with 500.
 * A write is acknowledged only after its last allocation, so nothing is lost.
 */

/* The most one request may take, in bytes; then it counts as exhausted. */
enum { MEM_MAX = 256 << 20 };

/* Zeroed memory of size bytes, aligned for any type. */
void *mem_alloc(size_t size);

/* A copy of the len bytes at bytes, with a NUL behind. */
char *mem_dup(const char *bytes, size_t len);

/* A copy of the string text; NULL stays NULL. */
char *mem_copy(const char *text);

/* What printf(3) would print, as a string of its own. */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* Everything allocated after mem_mark() goes with mem_release() of it. */
struct mem_mark {
	void *chunk;
	size_t used;
};
struct mem_mark mem_mark(void);
void mem_release(struct mem_mark mark);

/* A text that grows; text is always NUL-terminated once something is added,
 * and "" in a text that starts as {0} is NULL until then. */
struct mem_text {
	char *text;
	size_t len;
	size_t room;
};

/* Append the len bytes at bytes, a string, or formatted text to t. */
void mem_add(struct mem_text *t, const char *bytes, size_t len);
void mem_puts(struct mem_text *t, const char *text);
void mem_addf(struct mem_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
