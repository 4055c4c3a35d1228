#ifndef SUTLER_FORM_H
#define SUTLER_FORM_H

/*
 * Queries and forms (application/x-www-form-urlencoded).  A broken escape is
 * taken as it stands, and so is %00.  Source: WHATWG URL, 5.1.
 */

/* The decoded value of the first parameter called name in form, or NULL. */
const char *form_value(const char *form, const char *name);

/* *value = that of the next parameter called name at or behind p; what stands
 * behind it, or NULL: there is none. */
const char *form_next(const char **value, const char *p, const char *name);

#endif
