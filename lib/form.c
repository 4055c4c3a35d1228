#include "form.h"
#include "mem.h"

#include <stdbool.h>
#include <string.h>

static int
hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)(digit | 32);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The len bytes at text as a form has them, decoded; %00 stays. */
static const char *
decode(const char *text, size_t len)
{
	char *out = mem_alloc(len + 1), *p = out;
	const char *end = text + len;
	int high, low;

	for (; text < end; text++) {
		*p = *text == '+' ? ' ' : *text;
		if (*text == '%' && end - text > 2) {
			high = hex(text[1]);
			low = hex(text[2]);
			if (high >= 0 && low >= 0 && high + low > 0) {
				*p = (char)(high * 16 + low);
				text += 2;
			}
		}
		p++;
	}
	return out;
}

const char *
form_next(const char **value, const char *p, const char *name)
{
	size_t len, key;
	bool found;

	while (*p != '\0') {
		len = strcspn(p, "&");
		key = strcspn(p, "=&");
		found = strcmp(decode(p, key), name) == 0;
		if (found)
			*value = key == len
			             ? ""
			             : decode(p + key + 1, len - key - 1);
		p += len + (p[len] == '&');
		if (found)
			return p;
	}
	return NULL;
}

const char *
form_value(const char *form, const char *name)
{
	const char *value = NULL;

	form_next(&value, form, name);
	return value;
}
