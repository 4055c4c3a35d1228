#ifndef SUTLER_FAIL_H
#define SUTLER_FAIL_H

#include <stdbool.h>

/*
 * Failures.  A function that can fail returns const struct fail *: NULL is
 * success.  The code is a meaning, not a status; lib/cgi.c has the one table
 * that maps meanings to HTTP statuses and prints them in the shape of the
 * API family that was asked.
 */
enum fail_code {
	FAIL_SYNTAX,    /* the request cannot be read */
	FAIL_AUTH,      /* who is asking is not known */
	FAIL_PAYMENT,   /* needs a payment method; what: URL to add one */
	FAIL_FORBIDDEN, /* known, and not allowed */
	FAIL_MISSING,   /* no such thing; what: its kind, "app" */
	FAIL_METHOD,    /* not with this method; what: those allowed */
	FAIL_CONFLICT,  /* the state of the thing forbids it */
	FAIL_STALE,     /* If-Match named a revision that has moved */
	FAIL_RACED,     /* another store was first: do all of it again */
	FAIL_LARGE,     /* more bytes than we take */
	FAIL_INVALID,   /* readable, but against the rules; see items */
	FAIL_LENGTH,    /* a body without Content-Length */
	FAIL_SLOW,      /* a body that does not arrive */
	FAIL_RATE,      /* too often; what: seconds to wait */
	FAIL_BUSY,      /* try again: a lock, a full disk, a broken record;
	                   what: seconds to wait, where that is known */
	FAIL_PROVIDER,  /* the provider did not do its part */
	FAIL_DRY_RUN,   /* nothing was done, as was asked */
	FAIL_SYSTEM,    /* our fault; the text is for the log alone */
	FAIL_CODES
};

/* One violated rule of a FAIL_INVALID: the field (or JSON path), the rule. */
struct fail_item {
	const char *field;
	const char *text;
	const struct fail_item *next;
};

/* More of them are not kept. */
enum { FAIL_ITEMS_MAX = 50 };

struct fail {
	enum fail_code code;
	const char *text; /* a sentence; for BUSY and SYSTEM: for the log */
	const char *what; /* see the codes; NULL elsewhere */
	const struct fail_item *items; /* FAIL_INVALID: at least one */
	int error; /* errno of the system call that failed, or 0 */
};

/* True for a FAIL_BUSY that is a broken record's, not the system's. */
bool fail_is_record(const struct fail *f);

/* A failure of meaning code, with its sentence. */
const struct fail *fail(enum fail_code code, const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 2, 3)));

/* The same, with the what that the code asks for. */
const struct fail *fail_what(enum fail_code code, const char *what,
    const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 3, 4)));

/* FAIL_MISSING for a thing of that kind ("app", "addon", "plan", …). */
const struct fail *fail_missing(const char *kind)
    __attribute__((returns_nonnull));

/*
 * FAIL_INVALID: so_far (NULL at first) with one more violation of field.
 * The items keep the order in which they were found.
 */
const struct fail *fail_field(const struct fail *so_far, const char *field,
    const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 3, 4)));

/* FAIL_BUSY with f's text: whoever is needed is away, for some seconds; and the
 * errno that says how: EAGAIN, ESTALE. */
const struct fail *fail_away(int seconds, int error, const struct fail *f)
    __attribute__((returns_nonnull));

/*
 * A failed system call, errno and all: FAIL_BUSY where waiting or a free disk
 * helps (ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE, EAGAIN, ENOMEM), else
 * FAIL_SYSTEM.
 */
const struct fail *fail_errno(const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 1, 2)));

#endif
