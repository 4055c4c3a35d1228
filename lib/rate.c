#include "rate.h"
#include "fail.h"
#include "mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

enum { PLACES = 1 << 15, MINUTE = 60000 /* ms */ };

/* Whose, by hash; in which minute; how often. */
struct place {
	uint64_t who;
	uint32_t minute, count;
};

/* FNV-1a, 64 bits. */
static uint64_t
hash_of(const char *who)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *who != '\0'; who++)
		hash = (hash ^ (unsigned char)*who) * 0x100000001b3;
	return hash;
}

/* Where who is among places, or may be: the first that is not of this minute;
 * NULL: others have them all. */
static struct place *
find(struct place *places, uint64_t who, uint32_t minute)
{
	struct place *stale = NULL, *p;

	for (p = places; p < places + RATE_NEIGHBOURS; p++) {
		if (p->minute == minute && p->who == who)
			return p;
		if (p->minute != minute && stale == NULL)
			stale = p;
	}
	return stale;
}

/* Count one more in the table fd, under a lock on who's part of it that dies
 * with us; 0: no telling. */
static uint32_t
count_in(int fd, uint64_t who, uint32_t minute)
{
	struct place places[RATE_NEIGHBOURS], *p;
	const off_t at =
	    (off_t)(who % (PLACES - RATE_NEIGHBOURS)) * (off_t)sizeof(*p);
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = at,
	    .l_len = sizeof(places)};
	uint32_t count = 0;
	int rc;

	do
		rc = fcntl(fd, F_SETLKW, &lock);
	while (rc == -1 && errno == EINTR);
	memset(places, 0, sizeof(places));
	/* what was never written reads as nobody's */
	if (rc == -1 || pread(fd, places, sizeof(places), at) == -1)
		goto out;
	p = find(places, who, minute);
	if (p == NULL)
		goto out;
	if (p->minute != minute)
		*p = (struct place){who, minute, 0};
	if (p->count < UINT32_MAX)
		p->count++;
	if (pwrite(fd, p, sizeof(*p), at + (p - places) * (off_t)sizeof(*p)) ==
	    sizeof(*p))
		count = p->count;
out:
	lock.l_type = F_UNLCK;
	(void)fcntl(fd, F_SETLK, &lock);
	return count;
}

static int table = -1;
static const char *table_of = ""; /* the data directory that it is of */

void
rate_ready(const struct conf *conf)
{
	if (conf->rate_limit == 0 || strcmp(table_of, conf->data) == 0)
		return;
	if (table != -1)
		close(table);
	table_of = conf->data;
	table = open(mem_printf("%s/state/rate", conf->data),
	    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

const struct fail *
rate_count(const struct conf *conf, const char *who, int64_t now)
{
	uint32_t count;
	int left;

	if (conf->rate_limit == 0)
		return NULL;
	rate_ready(conf);
	if (table == -1)
		return NULL;
	count = count_in(table, hash_of(who), (uint32_t)(now / MINUTE));
	if (count <= (uint32_t)conf->rate_limit)
		return NULL;
	left = (int)((MINUTE - now % MINUTE + 999) / 1000);
	return fail_what(FAIL_RATE, mem_printf("%d", left),
	    "more than %ld requests in a minute: come again in %d s",
	    conf->rate_limit, left);
}
