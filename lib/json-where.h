#ifndef SUTLER_JSON_WHERE_H
#define SUTLER_JSON_WHERE_H

#include <stddef.h>

/* The line, from 1, at which what path ("api.regions[2]"; "": all of it) names
 * stands in text, a whole and valid JSON value; where it is missing, that of
 * what would hold it. */
size_t json_where(const char *text, const char *path);

#endif
