#ifndef SUTLER_ETCD_H
#define SUTLER_ETCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * etcd's key-value store, version 3.4 and later, by its JSON gateway (POST
 * /v3/kv/txn, …; keys and values in base64, 64-bit numbers as strings).  One
 * call is one exchange of the program `send`; the endpoints of conf->cluster
 * are tried in turn, the one that answered last first, within ETCD_SECONDS in
 * all.
 *
 * FAIL_BUSY: etcd is away, has no quorum, or refuses; the text says which and
 * never quotes a key, a value or a password.  FAIL_MISSING: the lease is gone,
 * or the revision compacted, where that is said.  FAIL_SYSTEM: the file of the
 * password will not do.
 *
 * etcd's own limits, as it comes: 128 operations in each branch and as many
 * compares, 1.5 MB in all.  An election is waited for within ETCD_SECONDS.
 */
struct conf;
struct fail;

enum { ETCD_SECONDS = 2 };

enum etcd_verb { ETCD_PUT, ETCD_RANGE, ETCD_DELETE };

struct etcd_op {
	enum etcd_verb verb;
	const char *key,
	    *end;          /* end: of the range [key, end); NULL: key alone */
	const char *value; /* of ETCD_PUT */
	size_t len;
	int64_t lease; /* of ETCD_PUT; 0: none */
	int64_t limit; /* of ETCD_RANGE; 0: none.  By key, ascending */
	bool keys_only;
};

/* The value of key is value; NULL: there is no such key, or none in [key, end).
 */
struct etcd_compare {
	const char *key, *value;
	size_t len;
	const char *end; /* NULL: key alone */
};

struct etcd_txn {
	const struct etcd_compare *compares;
	size_t compare_count;
	const struct etcd_op *then, *otherwise;
	size_t then_count, otherwise_count;
	const char *request_id; /* may be NULL */
};

struct etcd_pair {
	struct etcd_pair *next;
	const char *key;
	const char *value; /* a NUL behind its len bytes */
	size_t len;
	int64_t version, revision; /* of the key; of its last change */
};

struct etcd_answer {
	bool succeeded; /* the compares held */
	bool unknown;   /* with a failure: it may have been done; never of
	                   what only reads */
	bool large;     /* with a failure: there is no room for so much; ask
	                   for less */
	int64_t revision;
	struct etcd_pair **pairs; /* of each operation that was done: what a
	                             range found, NULL where nothing */
	bool *more;               /* … and whether limit cut it short */
	int64_t *deleted;         /* … and how many keys were deleted */
};

/* One transaction. */
const struct fail *etcd_txn(struct etcd_answer *out, const struct conf *conf,
    const struct etcd_txn *txn);

/* A lease of so many seconds; keys put with it go with it. */
const struct fail *etcd_grant(int64_t *lease, const struct conf *conf,
    long seconds);
/* FAIL_MISSING: it is gone. */
const struct fail *etcd_keep(const struct conf *conf, int64_t lease);
/* One that is gone is no failure. */
const struct fail *etcd_revoke(const struct conf *conf, int64_t lease);

/* Forget what was before revision, in all members (what is forgotten already is
 * no failure); give the disk space back,
 * in the member at endpoint. */
const struct fail *etcd_compact(const struct conf *conf, int64_t revision);
const struct fail *etcd_defragment(const struct conf *conf,
    const char *endpoint);

/* One member, as it says of itself. */
struct etcd_member {
	struct etcd_member *next;
	const char *endpoint;
	const char *trouble; /* NULL: it answered */
	const char *version;
	bool leader;
	int64_t revision, size, size_in_use; /* bytes of its database */
	const char *alarms; /* that it knows of, in all of etcd: "NOSPACE",
	                       "CORRUPT", both with a blank between, or "" */
};

/* Ask each endpoint of conf->cluster, for its share of ETCD_SECONDS (at least
 * half a second). */
const struct fail *etcd_status(struct etcd_member **out,
    const struct conf *conf);

/* Hear each change of a key in [key, end) from revision on, until heard returns
 * a failure, which is given back, or the connection ends: FAIL_BUSY.  What
 * heard allocates is gone after it.  pair is NULL once the watch stands, and
 * for etcd's signs of life (at least one in 10 s is expected, else FAIL_BUSY;
 * where nothing changes etcd is asked for one, as it gives none by itself);
 * pair->value NULL: deleted.  FAIL_MISSING: what was at revision is compacted.
 * Changes of one revision come in the order of the transaction. */
typedef const struct fail *etcd_heard(void *arg, const struct etcd_pair *pair);
const struct fail *etcd_watch(const struct conf *conf, const char *key,
    const char *end, int64_t revision, etcd_heard *heard, void *arg);

#endif
