#include "mem.h"

#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Chunks in a list, newest first.  Under AddressSanitizer every allocation
 * has a chunk of its own, so that an overflow is seen.
 */
#ifdef __SANITIZE_ADDRESS__
#define MEM_SEPARATE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_SEPARATE 1
#endif
#endif
#ifndef MEM_SEPARATE
#define MEM_SEPARATE 0
#endif

enum { CHUNK_SIZE = 64 << 10, ALIGN = _Alignof(max_align_t) };

struct chunk {
	struct chunk *older;
	size_t size, used;
	char *bytes;
};

/* Most requests need no more than this, and what the loader hands out zeroed
 * costs nothing until it is touched. */
static _Alignas(max_align_t) char first_bytes[CHUNK_SIZE];
static struct chunk first = {NULL, MEM_SEPARATE ? 0 : CHUNK_SIZE, 0,
    first_bytes};
static struct chunk *newest = &first;
static size_t total;

static void __attribute__((noreturn)) exhausted(void)
{
	static const char said[] = "sutler: out of memory\n";

	if (write(STDERR_FILENO, said, sizeof(said) - 1) < 0)
		_exit(71);
	_exit(70);
}

static struct chunk *
chunk_new(size_t size)
{
	const size_t head = (sizeof(struct chunk) + ALIGN - 1) / ALIGN * ALIGN;
	struct chunk *c;

	if (size > MEM_MAX || total > MEM_MAX - size)
		exhausted();
	c = calloc(1, head + size);
	if (c == NULL)
		exhausted();
	c->size = size;
	c->bytes = (char *)c + head;
	c->older = newest;
	newest = c;
	total += size;
	return c;
}

void *
mem_alloc(size_t size)
{
	struct chunk *c = newest;
	void *p;

	if (size > MEM_MAX)
		exhausted();
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size == 0)
		size = ALIGN;
	if (MEM_SEPARATE)
		c = chunk_new(size);
	else if (c->size - c->used < size)
		c = chunk_new(size > CHUNK_SIZE ? size : CHUNK_SIZE);
	p = c->bytes + c->used;
	c->used += size;
	return p;
}

char *
mem_dup(const char *bytes, size_t len)
{
	char *p = mem_alloc(len + 1);

	if (len > 0)
		memcpy(p, bytes, len);
	return p;
}

char *
mem_copy(const char *text)
{
	return text == NULL ? NULL : mem_dup(text, strlen(text));
}

char *
mem_vprintf(const char *format, va_list args)
{
	/* most fit into what is left of the chunk */
	const size_t room = MEM_SEPARATE ? 0 : newest->size - newest->used;
	char *p = newest->bytes + newest->used;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(room == 0 ? NULL : p, room, format, again);
	va_end(again);
	if (len < 0)
		exhausted();
	if ((size_t)len < room)
		return mem_alloc((size_t)len + 1);
	if (room > 0)
		memset(p, 0, room); /* mem_alloc() promises zeroes */
	p = mem_alloc((size_t)len + 1);
	vsnprintf(p, (size_t)len + 1, format, args);
	return p;
}

char *
mem_printf(const char *format, ...)
{
	va_list args;
	char *p;

	va_start(args, format);
	p = mem_vprintf(format, args);
	va_end(args);
	return p;
}

struct mem_mark
mem_mark(void)
{
	struct mem_mark mark = {newest, newest->used};

	return mark;
}

void
mem_release(struct mem_mark mark)
{
	struct chunk *c;

	while (newest != mark.chunk) {
		c = newest;
		newest = c->older;
		total -= c->size;
		free(c);
	}
	/* mem_alloc() promises zeroes */
	if (newest->used > mark.used) {
		memset(newest->bytes + mark.used, 0, newest->used - mark.used);
		newest->used = mark.used;
	}
}

void
mem_add(struct mem_text *t, const char *bytes, size_t len)
{
	size_t room = t->room == 0 ? 256 : t->room;
	char *bigger;

	if (len > MEM_MAX - t->len)
		exhausted();
	while (room < t->len + len + 1)
		room *= 2;
	if (room != t->room) {
		bigger = mem_alloc(room);
		if (t->len > 0)
			memcpy(bigger, t->text, t->len);
		t->text = bigger;
		t->room = room;
	}
	if (len > 0)
		memcpy(t->text + t->len, bytes, len);
	t->len += len;
	t->text[t->len] = '\0';
}

void
mem_puts(struct mem_text *t, const char *text)
{
	mem_add(t, text, strlen(text));
}

void
mem_addf(struct mem_text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	mem_puts(t, mem_vprintf(format, args));
	va_end(args);
}
