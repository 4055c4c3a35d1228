/*
 * The journal as it is read back: entries lie behind each other and within the
 * file; what was read is appended, and reads, as the same.  The first byte
 * chooses: bytes as they are behind the header, or within an entry whose
 * checksum is right.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "hash.h"
#include "journal.h"
#include "mem.h"

static const char *state;

void
fuzz_begin(void)
{
	state = mem_printf("%s/state", fuzz_data(NULL)->data);
}

/* len bytes of an entry with its head before them, in generation 1. */
static struct mem_text
entry_of(const char *bytes, size_t len)
{
	struct mem_text sum = {0}, whole = {0};
	uint64_t head[2] = {len, 1};

	mem_add(&sum, (const char *)head, sizeof(head));
	mem_add(&whole, sum.text, sum.len);
	mem_add(&sum, bytes, len);
	mem_puts(&whole, hash_sha256(sum.text, sum.len));
	mem_add(&whole, bytes, len);
	return whole;
}

static void
put_entries(const char *bytes, size_t len)
{
	const char *file = mem_printf("%s/journal", state);
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	static const char zeros[4096];

	fuzz_must(fd != -1 &&
	              pwrite(fd, bytes, len, JOURNAL_START) == (ssize_t)len &&
	              pwrite(fd, zeros, sizeof(zeros),
	                  (off_t)(JOURNAL_START + len)) > 0,
	    file);
	close(fd);
}

static void
check_same(const struct journal_entry *a, const struct journal_entry *b)
{
	const struct journal_change *x, *y;

	fuzz_must(b != NULL && strcmp(a->id, b->id) == 0 &&
	              a->commit_len == b->commit_len &&
	              memcmp(a->commit, b->commit, a->commit_len) == 0,
	    "an entry comes back");
	for (x = a->changes, y = b->changes; x != NULL && y != NULL;
	     x = x->next, y = y->next)
		fuzz_must(strcmp(x->path, y->path) == 0 &&
		              strcmp(x->before, y->before) == 0 &&
		              strcmp(x->after, y->after) == 0 &&
		              (x->text == NULL) == (y->text == NULL),
		    "a change comes back");
	fuzz_must(x == NULL && y == NULL, "all changes come back");
}

void
fuzz_one(char *bytes, size_t len)
{
	bool whole = fuzz_pick(&bytes, &len, 2) == 1;
	struct journal_entry *first = NULL, *again = NULL, *e;
	struct mem_text t = {0};
	uint64_t at = JOURNAL_START;
	struct journal *j;
	bool full = false;

	if (whole)
		t = entry_of(bytes, len);
	else
		mem_add(&t, bytes, len);
	put_entries(t.text, t.len);
	fuzz_done(journal_open(&j, state));
	fuzz_done(journal_recover(&first, j, false));
	for (e = first; e != NULL; at = e->end, e = e->next)
		fuzz_must(e->end > at && e->end <= JOURNAL_SIZE,
		    "entries lie behind each other");
	fuzz_must(j->tail == at, "the journal ends behind the last");
	if (first != NULL) {
		fuzz_done(journal_append(&full, j, first));
		fuzz_done(journal_read(&again, j, at, j->tail));
		if (!full)
			check_same(first, again);
	}
	close(j->fd);
	close(j->marks_fd);
}
