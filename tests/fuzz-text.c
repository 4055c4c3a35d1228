/*
 * Times, amounts, Base64, forms and HTML: what is taken comes back as it was.
 */
#include "fuzz.h"

#include <string.h>

#include "clock.h"
#include "form.h"
#include "hash.h"
#include "html.h"
#include "mem.h"
#include "money.h"
#include "plan.h"
#include "usage.h"

static void
try_time(const char *text)
{
	int64_t ms = clock_parse(text), loose = clock_parse_loose(text);

	if (ms != -1)
		fuzz_must(ms >= 0 && strcmp(clock_text(ms), text) == 0 &&
		              loose == ms,
		    "a time comes back");
	if (loose != -1)
		fuzz_must(clock_parse(clock_text(loose)) == loose,
		    "a loose time is one");
	ms = usage_month_start(text);
	if (ms != -1)
		fuzz_must(strcmp(usage_month(ms), text) == 0 &&
		              usage_month_end(text) - ms >= 28LL * 86400000 &&
		              usage_month_end(text) - ms <= 31LL * 86400000,
		    "a month has 28 to 31 days");
}

static void
try_money(const char *text)
{
	int64_t amount, again;

	if (!money_parse(&amount, text))
		return;
	fuzz_must(amount >= 0 && money_parse(&again, money_text(amount)) &&
	              again == amount,
	    "an amount comes back");
	again = money_round(amount) - amount;
	fuzz_must(again <= MONEY_ONE / 200 && again >= -MONEY_ONE / 200,
	    "rounding moves by half a cent at most");
	fuzz_must(money_times(amount, MONEY_ONE) == amount, "times one");
	fuzz_must(money_times(amount, amount) >= 0, "no product is negative");
	fuzz_must(money_share(amount, 7, 7) == amount, "all of it");
}

static void
try_base64(const char *text, size_t len)
{
	size_t size, again;
	char *bytes = hash_unbase64(&size, text, len), *twin;
	const char *coded;

	if (bytes == NULL)
		return;
	coded = hash_base64(bytes, size);
	twin = hash_unbase64(&again, coded, strlen(coded));
	fuzz_must(twin != NULL && again == size &&
	              memcmp(bytes, twin, size) == 0,
	    "Base64 comes back");
}

static void
try_form(const char *text)
{
	const char *p = text, *value = NULL, *first = form_value(text, "a");
	size_t n = 0;

	while ((p = form_next(&value, p, "a")) != NULL) {
		fuzz_must(value != NULL && strlen(value) <= strlen(text),
		    "a value is no longer than its form");
		if (n++ == 0)
			fuzz_must(strcmp(value, first) == 0,
			    "the first value is the first");
	}
	fuzz_must((n == 0) == (first == NULL), "found is found");
}

void
fuzz_one(char *bytes, size_t len)
{
	const char *html = html_escape(bytes);

	fuzz_must(strpbrk(html, "<>\"'") == NULL, "HTML is escaped");
	for (html = plan_html(bytes); *html != '\0'; html++)
		fuzz_must(*html != '<' || strncmp(html, "<p>", 3) == 0 ||
		              strncmp(html, "</p>", 4) == 0,
		    "Markdown makes paragraphs alone");
	try_time(bytes);
	try_money(bytes);
	try_base64(bytes, len);
	try_form(bytes);
}
