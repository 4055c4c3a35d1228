#include "rate.h"
#include "fail.h"
#include "mem.h"
#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { MINUTE = 60000 /* ms */ };

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

	for (p = places; p < places + TABLE_NEIGHBOURS; p++) {
		if (p->minute == minute && p->who == who)
			return p;
		if (p->minute != minute && stale == NULL)
			stale = p;
	}
	return stale;
}

static struct table table = {"rate", sizeof(struct place), NULL, -1};

void
rate_ready(const struct conf *conf)
{
	if (conf->rate_limit != 0)
		table_ready(&table, conf->data);
}

/* Count one more of who; 0: no telling. */
static uint32_t
count(uint64_t who, uint32_t minute)
{
	struct place places[TABLE_NEIGHBOURS], *p;
	uint32_t so_far = 0;

	if (!table_read(places, &table, who, true))
		return 0;
	p = find(places, who, minute);
	if (p != NULL && p->minute != minute)
		*p = (struct place){who, minute, 0};
	if (p != NULL && p->count < UINT32_MAX)
		p->count++;
	if (p != NULL && table_write(&table, who, places, p))
		so_far = p->count;
	table_give(&table, who);
	return so_far;
}

const struct fail *
rate_count(const struct conf *conf, const char *who, int64_t now)
{
	int left;

	if (conf->rate_limit == 0)
		return NULL;
	rate_ready(conf);
	if (count(hash_of(who), (uint32_t)(now / MINUTE)) <=
	    (uint32_t)conf->rate_limit)
		return NULL;
	left = (int)((MINUTE - now % MINUTE + 999) / 1000);
	return fail_what(FAIL_RATE, mem_printf("%d", left),
	    "more than %ld requests in a minute: come again in %d s",
	    conf->rate_limit, left);
}
