#ifndef SUTLER_MONEY_H
#define SUTLER_MONEY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Amounts and quantities without floating point: whole millionths.  Rounding
 * is half away from zero, and happens where a function says so.
 */
enum { MONEY_ONE = 1000000 };

/* The amount that text says: digits, perhaps a point and up to 6 more, below
 * 10^9.  False: it is none such. */
bool money_parse(int64_t *out, const char *text);

/* amount as decimal text: as short as it goes ("12.5"), or rounded to cents
 * with two decimals ("12.50"). */
const char *money_text(int64_t amount);
const char *money_cents(int64_t amount);

/* amount rounded to whole cents. */
int64_t money_round(int64_t amount);

/* Their sum, at most the largest number there is. */
int64_t money_sum(int64_t a, int64_t b);

/* The nearest amount to that number, for prices that records hold as such. */
int64_t money_of(double number);

/* quantity times price; amount times part / whole; both rounded, and at most
 * the largest number there is. */
int64_t money_times(int64_t quantity, int64_t price);
int64_t money_share(int64_t amount, int64_t part, int64_t whole);

#endif
