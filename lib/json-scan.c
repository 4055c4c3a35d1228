/*
 * The grammar of JSON, as strict as RFC 8259 has it: what cJSON would let
 * pass (text behind the value, invalid UTF-8, NUL, lone surrogates) is refused
 * before it parses.
 */
#include "json-scan.h"
#include "fail.h"
#include "json.h"
#include "mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* cJSON reads no more of a number. */
enum { NUMBER_MAX = 63 };

struct scan {
	const char *start, *at, *end;
	int left;                /* levels that may still be opened */
	size_t numbers;          /* number tokens so far */
	struct json_long *longs; /* those that a double would bend */
	struct json_long **longs_tail;
};

static const struct fail *
wrong(const struct scan *s, const char *what)
{
	const char *p, *line = s->start;
	size_t lines = 1;

	for (p = s->start; p < s->at; p++)
		if (*p == '\n') {
			lines++;
			line = p + 1;
		}
	return fail(FAIL_SYNTAX, "malformed JSON: %s at line %zu, column %zu",
	    what, lines, (size_t)(s->at - line) + 1);
}

static void
skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
	                             *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

/* Length of the UTF-8 sequence at p (RFC 3629), or 0. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t len;
	} forms[] = {
	    {0xc2, 0xdf, 0x80, 0xbf, 2},
	    {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3},
	    {0xed, 0xed, 0x80, 0x9f, 3},
	    {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4},
	    {0xf1, 0xf3, 0x80, 0xbf, 4},
	    {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t i, n;

	if (p[0] < 0x80)
		return 1;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
			continue;
		if (left < forms[i].len || p[1] < forms[i].second_min ||
		    p[1] > forms[i].second_max)
			return 0;
		for (n = 2; n < forms[i].len; n++)
			if ((p[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

const char *
json_utf8(const char *text)
{
	size_t left = strlen(text), len;
	char *copy = mem_dup(text, left), *p;

	for (p = copy; left > 0; p += len, left -= len) {
		len = utf8_length((const unsigned char *)p, left);
		if (len == 0) {
			*p = '?';
			len = 1;
		}
	}
	return copy;
}

/* The four hex digits at p, or -1. */
static long
hex4(const char *p, const char *end)
{
	long value = 0;
	int i, digit;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			digit = p[i] - '0';
		else if ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')
			digit = (p[i] | 32) - 'a' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static const struct fail *
scan_escape(struct scan *s)
{
	long code;

	s->at++;
	if (s->at == s->end)
		return wrong(s, "unfinished string");
	if (*s->at != 'u') {
		if (*s->at == '\0' || strchr("\"\\/bfnrt", *s->at) == NULL)
			return wrong(s, "unknown escape");
		s->at++;
		return NULL;
	}
	code = hex4(s->at + 1, s->end);
	if (code < 0)
		return wrong(s, "broken \\u escape");
	if (code == 0)
		return wrong(s, "\\u0000 is not taken");
	if (code >= 0xdc00 && code <= 0xdfff)
		return wrong(s, "lone surrogate");
	s->at += 5;
	if (code < 0xd800 || code > 0xdbff)
		return NULL;
	if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
		return wrong(s, "lone surrogate");
	code = hex4(s->at + 2, s->end);
	if (code < 0xdc00 || code > 0xdfff)
		return wrong(s, "lone surrogate");
	s->at += 6;
	return NULL;
}

/* Behind what stands for itself: most of most strings. */
static void
skip_plain(struct scan *s)
{
	const char *p = s->at;

	while (p < s->end && (unsigned char)(*p - 0x20) < 0x60 && *p != '"' &&
	       *p != '\\')
		p++;
	s->at = p;
}

static const struct fail *
scan_string(struct scan *s)
{
	const struct fail *f;
	size_t len;

	for (s->at++, skip_plain(s); s->at < s->end && *s->at != '"';
	     skip_plain(s)) {
		if ((unsigned char)*s->at < 0x20)
			return wrong(s, "control character in a string");
		if (*s->at == '\\') {
			f = scan_escape(s);
			if (f != NULL)
				return f;
			continue;
		}
		len = utf8_length((const unsigned char *)s->at,
		    (size_t)(s->end - s->at));
		if (len == 0)
			return wrong(s, "invalid UTF-8");
		s->at += len;
	}
	if (s->at == s->end)
		return wrong(s, "unfinished string");
	s->at++;
	return NULL;
}

static size_t
scan_digits(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - from);
}

static const struct fail *
scan_number(struct scan *s)
{
	const char *from = s->at;
	struct json_long *l;
	bool whole = true;
	size_t digits;
	char *text;

	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0') {
		s->at++;
		digits = 1;
	} else {
		digits = scan_digits(s);
	}
	if (digits == 0)
		return wrong(s, "number without digits");
	if (s->at < s->end && *s->at == '.') {
		whole = false;
		s->at++;
		if (scan_digits(s) == 0)
			return wrong(s, "number without digits");
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		whole = false;
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (scan_digits(s) == 0)
			return wrong(s, "number without digits");
	}
	if (s->at - from > NUMBER_MAX)
		return wrong(s, "number too long");
	text = mem_dup(from, (size_t)(s->at - from));
	if (!whole && !isfinite(strtod(text, NULL)))
		return wrong(s, "number out of range");
	if (whole && digits > 15) {
		l = mem_alloc(sizeof(*l));
		l->index = s->numbers;
		l->text = text;
		*s->longs_tail = l;
		s->longs_tail = &l->next;
	}
	s->numbers++;
	return NULL;
}

static const struct fail *scan_value(struct scan *s);

/* An object (close '}') or an array (close ']'). */
static const struct fail *
scan_nest(struct scan *s, char close)
{
	const struct fail *f;

	if (--s->left < 0)
		return wrong(s, "nested too deeply");
	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == close) {
		s->at++;
		s->left++;
		return NULL;
	}
	for (;;) {
		skip_space(s);
		if (close == '}') {
			if (s->at == s->end || *s->at != '"')
				return wrong(s, "expected a key");
			f = scan_string(s);
			if (f != NULL)
				return f;
			skip_space(s);
			if (s->at == s->end || *s->at != ':')
				return wrong(s, "expected ':'");
			s->at++;
		}
		f = scan_value(s);
		if (f != NULL)
			return f;
		skip_space(s);
		if (s->at == s->end || (*s->at != ',' && *s->at != close))
			return wrong(s, "expected ',' or the end");
		if (*s->at++ == close)
			break;
	}
	s->left++;
	return NULL;
}

static const struct fail *
scan_value(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i, len;

	skip_space(s);
	if (s->at == s->end)
		return wrong(s, "unexpected end");
	if (*s->at == '{')
		return scan_nest(s, '}');
	if (*s->at == '[')
		return scan_nest(s, ']');
	if (*s->at == '"')
		return scan_string(s);
	if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'))
		return scan_number(s);
	for (i = 0; i < 3; i++) {
		len = strlen(words[i]);
		if ((size_t)(s->end - s->at) >= len &&
		    memcmp(s->at, words[i], len) == 0) {
			s->at += len;
			return NULL;
		}
	}
	return wrong(s, "unexpected character");
}

const struct fail *
json_scan(const struct json_long **longs, const char *text, size_t len,
    int depth)
{
	struct scan s = {.start = text,
	    .at = text,
	    .end = text + len,
	    .left = depth};
	const struct fail *f;

	s.longs_tail = &s.longs;
	f = scan_value(&s);
	if (f != NULL)
		return f;
	skip_space(&s);
	if (s.at != s.end)
		return wrong(&s, "something stands behind the value");
	*longs = s.longs;
	return NULL;
}
