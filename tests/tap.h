#ifndef SUTLER_TAP_H
#define SUTLER_TAP_H

#include <stdbool.h>

/* The Test Anything Protocol, as little of it as needed. */

/* One test: passes where good is true; the rest names it, as printf(3). */
void ok(bool good, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One test: passes where the strings are equal (NULL equals NULL); shows both
 * where they are not. */
void is(const char *got, const char *want, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Print the plan; the exit status of the program: 0 where all passed. */
int done(void);

#endif
