#ifndef SUTLER_COMPLAIN_H
#define SUTLER_COMPLAIN_H

/*
 * Messages for who runs this, on stderr: one line each, "sutler: …", or
 * "sutler[id]: …" where a request with that id is being served.  A text that
 * others wrote forges no second line.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From here on it is said which request is being served. */
void complain_as(const char *request_id);

#endif
