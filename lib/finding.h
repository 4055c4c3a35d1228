#ifndef SUTLER_FINDING_H
#define SUTLER_FINDING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a check finds, and where it goes: where is a path, what a few words,
 * done what was done about it, or why nothing has to be; NULL where something
 * is left to do.
 */
typedef void finding_note(void *arg, const char *where, const char *what,
    const char *done);

struct findings {
	bool repair; /* the one who finds a fault mends it, where that can be */
	finding_note *note;
	void *arg;
	size_t count, left; /* so far: all of them; those with work left */
};

/* A fault; remedy (NULL: there is none) is done by the caller where
 * n->repair. */
void finding_fault(struct findings *n, const char *where, const char *what,
    const char *remedy);

/* Something to know, that does no harm; why says so. */
void finding_harmless(struct findings *n, const char *where, const char *what,
    const char *why);

#endif
