#include "guess.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "hash.h"
#include "mem.h"
#include "peer.h"
#include "table.h"

enum {
	DEBT = 60000,    /* ms that one failure takes to be paid off */
	DEBT_BEYOND = 16 /* failures that are counted above those free */
};

/* Whose, by hash; when all is paid; until when he waits (ms since 1970). */
struct place {
	uint64_t who;
	int64_t paid, until;
};

/* A request's three keys; 0: it has none. */
struct keys {
	uint64_t address, name, pair;
};

/* Nobody may choose a name that is counted as somebody else. */
static uint64_t
hash_of(const char *kind, const char *text)
{
	const char *whole = mem_printf("%s %s", kind, text);
	const char *digits = hash_sha256(whole, strlen(whole));

	return strtoull(mem_dup(digits, 16), NULL, 16);
}

static struct keys
keys_of(const struct conf *conf, const char *name)
{
	const char *address = peer_address(conf), *block = peer_block(address);
	struct keys k = {0};
	char *lower, *p;

	if (peer_is_local(address))
		block = "local";
	else
		k.address = hash_of("address", block);
	if (name == NULL || name[0] == '\0')
		return k;
	lower = mem_copy(name);
	for (p = lower; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	k.name = hash_of("name", lower);
	k.pair = hash_of("pair", mem_printf("%s %s", block, lower));
	return k;
}

static struct table table = {"failures", sizeof(struct place), NULL, -1};

void
guess_ready(const struct conf *conf)
{
	if (conf->login_failures != 0)
		table_ready(&table, conf->data);
}

/* Until when who waits. */
static int64_t
until_of(uint64_t who)
{
	struct place places[TABLE_NEIGHBOURS];
	size_t i;

	if (who == 0 || !table_read(places, &table, who, false))
		return 0;
	for (i = 0; i < TABLE_NEIGHBOURS; i++)
		if (places[i].who == who)
			return places[i].until;
	return 0;
}

const struct fail *
guess_check(const struct conf *conf, const char *name, int64_t now)
{
	int64_t address, pair, left;
	struct keys k;

	if (conf->login_failures == 0)
		return NULL;
	guess_ready(conf);
	/* until somebody has failed it is empty */
	if (table_is_empty(&table))
		return NULL;
	k = keys_of(conf, name);
	address = until_of(k.address);
	pair = until_of(k.pair);
	left = (address > pair ? address : pair) - now;
	/* a clock that was set back does not lock anybody out */
	if (left <= 0 || left > GUESS_WAIT_MAX * 1000)
		return NULL;
	left = (left + 999) / 1000;
	return fail_what(FAIL_RATE, mem_printf("%d", (int)left),
	    "too many failed logins: come again in %d s", (int)left);
}

/* Where who is among places, or may be: whoever of the others owes least. */
static struct place *
find(struct place *places, uint64_t who)
{
	struct place *p, *least = places;

	for (p = places; p < places + TABLE_NEIGHBOURS; p++) {
		if (p->who == who)
			return p;
		if (p->paid < least->paid)
			least = p;
	}
	*least = (struct place){.who = who};
	return least;
}

/* What a failure changes: how many who owes (0: count none), and how long he
 * waits from now on (s, 0: no longer than before).  Returns what he owes. */
static long
change(uint64_t who, long most, bool failed, long wait, int64_t now)
{
	struct place places[TABLE_NEIGHBOURS], *p;
	int64_t most_paid = now + most * DEBT;
	long owed = 0;

	if (!table_read(places, &table, who, true))
		return 0;
	p = find(places, who);
	if (p->paid < now)
		p->paid = now;
	if (failed)
		p->paid += DEBT;
	if (p->paid > most_paid)
		p->paid = most_paid;
	if (wait > 0)
		p->until = now + wait * 1000;
	if (table_write(&table, who, places, p))
		owed = (long)((p->paid - now + DEBT - 1) / DEBT);
	table_give(&table, who);
	return owed;
}

/* How long (s) somebody waits who owes so much more than is free. */
static long
wait_of(long beyond)
{
	long wait = 1;

	if (beyond <= 0)
		return 0;
	while (--beyond > 0 && wait < GUESS_WAIT_MAX)
		wait *= 2;
	return wait;
}

void
guess_failed(const struct conf *conf, const char *name, int64_t now)
{
	const long free = conf->login_failures, most = free + DEBT_BEYOND;
	struct keys k;
	long wait, owed;

	if (free == 0)
		return;
	guess_ready(conf);
	k = keys_of(conf, name);
	if (k.address != 0) {
		owed = change(k.address, most, true, 0, now);
		wait = wait_of(owed - free);
		if (wait > 0)
			change(k.address, most, false, wait, now);
	}
	if (k.name != 0) {
		owed = change(k.name, most, true, 0, now);
		wait = wait_of(owed - free);
		if (wait > 0)
			change(k.pair, most, true, wait, now);
	}
}
