#include "rate.h"
#include "fail.h"
#include "mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PAGES = 64,
	PLACES = PAGE / sizeof(uint64_t),
	COUNT_BITS = 16,
	MINUTE_BITS = 24,
	MINUTE = 60000 /* ms */
};

/* A word is its owner's tag, the minute, and how often in it; 0: free. */
static uint64_t
word_of(uint64_t hash, int64_t minute)
{
	uint64_t tag = hash >> (COUNT_BITS + MINUTE_BITS);

	minute &= (1 << MINUTE_BITS) - 1;
	return tag << (COUNT_BITS + MINUTE_BITS) | (uint64_t)minute
	                                               << COUNT_BITS;
}

static uint64_t
minute_of(uint64_t word)
{
	return word >> COUNT_BITS & ((1 << MINUTE_BITS) - 1);
}

/* FNV-1a, 64 bits. */
static uint64_t
hash_of(const char *who)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *who != '\0'; who++)
		hash = (hash ^ (unsigned char)*who) * 0x100000001b3;
	return hash;
}

/* The page of the table that has hash, for as long as we run; NULL: it cannot
 * be had. */
static _Atomic uint64_t *
page_of(const struct conf *conf, uint64_t hash)
{
	const char *path = mem_printf("%s/state/rate", conf->data);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	off_t at = (off_t)(hash % PAGES) * PAGE;
	struct stat st;
	void *page = MAP_FAILED;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && (st.st_size >= (off_t)PAGES * PAGE ||
	                               ftruncate(fd, PAGES * PAGE) == 0))
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    at);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

static const uint64_t most = (1 << COUNT_BITS) - 1; /* and the count's bits */

/* Count one more at place, which held seen, of word; 0: it has been lost. */
static uint64_t
count_up(_Atomic uint64_t *place, uint64_t seen, uint64_t word)
{
	while ((seen & ~most) == word) {
		if ((seen & most) == most)
			return most;
		if (atomic_compare_exchange_weak(place, &seen, seen + 1))
			return (seen & most) + 1;
	}
	return 0;
}

/* How often the one with that word (count 0) has asked now; 0: no telling. */
static uint64_t
count_in(_Atomic uint64_t *page, size_t first, uint64_t word)
{
	_Atomic uint64_t *place, *stale;
	uint64_t seen, old;
	size_t i;

	do {
		stale = NULL;
		old = 0;
		for (i = 0; i < RATE_NEIGHBOURS; i++) {
			place = &page[(first + i) % PLACES];
			seen = atomic_load(place);
			if ((seen & ~most) == word)
				return count_up(place, seen, word);
			if (stale == NULL &&
			    minute_of(seen) != minute_of(word)) {
				stale = place;
				old = seen;
			}
		}
		if (stale == NULL)
			return 0;
		/* another may have taken it, for the same one even */
	} while (!atomic_compare_exchange_strong(stale, &old, word + 1));
	return 1;
}

const struct fail *
rate_count(const struct conf *conf, const char *who, int64_t now)
{
	_Atomic uint64_t *page;
	uint64_t hash, count;
	int left;

	if (conf->rate_limit == 0)
		return NULL;
	hash = hash_of(who);
	page = page_of(conf, hash);
	if (page == NULL)
		return NULL;
	count =
	    count_in(page, hash / PAGES % PLACES, word_of(hash, now / MINUTE));
	if (count <= (uint64_t)conf->rate_limit)
		return NULL;
	left = (int)((MINUTE - now % MINUTE + 999) / 1000);
	return fail_what(FAIL_RATE, mem_printf("%d", left),
	    "more than %ld requests in a minute: come again in %d s",
	    conf->rate_limit, left);
}
