#ifndef SUTLER_RING_H
#define SUTLER_RING_H

struct fail;

/*
 * No more than RING_SIZE files of one kind for one somebody, whatever a client
 * that runs away asks for: DATA/state/<kind> holds the files, and a ring,
 * DATA/state/rings/<kind>-<hash of who>, the names of the last ones.  A ring is
 * locked while it is turned, and never flushed; tick removes old ones.
 */
enum { RING_SIZE = 32 };

/* The file name (64 characters) of kind is a new one of who's; the one that it
 * pushes out of the ring is removed.  FAIL_SYSTEM, FAIL_BUSY: the ring cannot
 * be written. */
const struct fail *ring_turn(const char *data, const char *kind,
    const char *who, const char *name);

#endif
