/*
 * Where in a text a member stands, for those who have to mend it.  The text
 * has been parsed before: nothing here looks for faults.
 */
#include "json-where.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

static const char *
skip_string(const char *p)
{
	for (p++; *p != '"' && *p != '\0'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == '\0' ? p : p + 1;
}

/* Behind the value at p. */
static const char *
skip_value(const char *p)
{
	int depth = 0;

	do {
		p += strspn(p, blanks);
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		if (strchr("{}[],:", *p) != NULL && *p != '\0')
			p++;
		else
			p += strcspn(p, "{}[],: \t\r\n\"");
	} while (depth > 0 && *p != '\0');
	return p;
}

/* The value of the member of the object at p whose key is the len bytes at
 * key, and (*at) where the key stands; NULL: there is none. */
static const char *
find_member(const char **at, const char *p, const char *key, size_t len)
{
	const char *name;
	bool found;

	if (*p != '{')
		return NULL;
	for (p++;; p++) {
		p += strspn(p, blanks);
		if (*p != '"')
			return NULL;
		name = p;
		p = skip_string(p);
		found = (size_t)(p - name) == len + 2 &&
		        strncmp(name + 1, key, len) == 0;
		p += strspn(p, blanks);
		p += *p == ':';
		p += strspn(p, blanks);
		if (found) {
			*at = name;
			return p;
		}
		p = skip_value(p);
		p += strspn(p, blanks);
		if (*p != ',')
			return NULL;
	}
}

/* The nth element, from 0, of the array at p, or NULL. */
static const char *
find_element(const char *p, unsigned long n)
{
	if (*p != '[')
		return NULL;
	for (p++;; p++) {
		p += strspn(p, blanks);
		if (*p == ']' || *p == '\0')
			return NULL;
		if (n-- == 0)
			return p;
		p = skip_value(p);
		p += strspn(p, blanks);
		if (*p != ',')
			return NULL;
	}
}

size_t
json_where(const char *text, const char *path)
{
	const char *value = text + strspn(text, blanks), *at = value, *p;
	size_t lines = 1, len;
	char *end;

	while (value != NULL && *path != '\0') {
		if (*path == '[') {
			value =
			    find_element(value, strtoul(path + 1, &end, 10));
			at = value != NULL ? value : at;
			path = end + (*end == ']');
		} else {
			path += *path == '.';
			len = strcspn(path, ".[");
			value = find_member(&at, value, path, len);
			path += len;
		}
	}
	for (p = text; p < at; p++)
		lines += *p == '\n';
	return lines;
}
