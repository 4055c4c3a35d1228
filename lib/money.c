#include "money.h"
#include "mem.h"

#include <inttypes.h>
#include <string.h>

enum { CENT = MONEY_ONE / 100, DIGITS_MAX = 9, DECIMALS = 6 };

static const char digits[] = "0123456789";

bool
money_parse(int64_t *out, const char *text)
{
	size_t whole = strspn(text, digits), part = 0, i;
	const char *point = text + whole;
	int64_t amount = 0;

	if (whole == 0 || whole > DIGITS_MAX)
		return false;
	if (*point == '.') {
		part = strspn(point + 1, digits);
		if (part == 0 || part > DECIMALS || point[1 + part] != '\0')
			return false;
	} else if (*point != '\0') {
		return false;
	}
	for (i = 0; i < whole; i++)
		amount = amount * 10 + (text[i] - '0');
	for (i = 0; i < DECIMALS; i++)
		amount = amount * 10 + (i < part ? point[1 + i] - '0' : 0);
	*out = amount;
	return true;
}

const char *
money_text(int64_t amount)
{
	char *text = mem_printf("%" PRId64 ".%06" PRId64, amount / MONEY_ONE,
	    amount % MONEY_ONE);
	size_t len = strlen(text);

	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len] = '\0';
	return text;
}

/* high and low 64 bits of a times b. */
static void
multiply(uint64_t *high, uint64_t *low, uint64_t a, uint64_t b)
{
	uint64_t a0 = (uint32_t)a, a1 = a >> 32;
	uint64_t b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
	uint64_t other = a0 * b1 + (uint32_t)middle;

	*high = a1 * b1 + (middle >> 32) + (other >> 32);
	*low = a * b;
}

/* The quotient, where it has 64 bits: high < by < 2^63. */
static uint64_t
divide(uint64_t high, uint64_t low, uint64_t by)
{
	uint64_t rest = high, out = 0;
	int bit;

	for (bit = 63; bit >= 0; bit--) {
		rest = rest << 1 | (low >> bit & 1);
		out <<= 1;
		if (rest >= by) {
			rest -= by;
			out |= 1;
		}
	}
	return out;
}

static uint64_t
size_of(int64_t number)
{
	return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

/*
 * a times b / by, rounded half away from zero, no further from it than the
 * largest number there is.  The product has 128 bits, for which 32-bit machines
 * have no type.
 */
static int64_t
ratio(int64_t a, int64_t b, int64_t by)
{
	uint64_t high, low, half = (uint64_t)by / 2, n;

	multiply(&high, &low, size_of(a), size_of(b));
	low += half;
	high += low < half;
	n = high < (uint64_t)by ? divide(high, low, (uint64_t)by) : UINT64_MAX;
	if (n > INT64_MAX)
		n = INT64_MAX;
	return (a < 0) == (b < 0) ? (int64_t)n : -(int64_t)n;
}

int64_t
money_round(int64_t amount)
{
	return ratio(amount, 1, CENT) * CENT;
}

const char *
money_cents(int64_t amount)
{
	int64_t cents = ratio(amount, 1, CENT);

	return mem_printf("%" PRId64 ".%02" PRId64, cents / 100, cents % 100);
}

int64_t
money_sum(int64_t a, int64_t b)
{
	return a > 0 && b > INT64_MAX - a ? INT64_MAX : a + b;
}

int64_t
money_of(double number)
{
	if (!(number > 0))
		return 0;
	return number >= 1e12 ? (int64_t)1e18
	                      : (int64_t)(number * MONEY_ONE + 0.5);
}

int64_t
money_times(int64_t quantity, int64_t price)
{
	return ratio(quantity, price, MONEY_ONE);
}

int64_t
money_share(int64_t amount, int64_t part, int64_t whole)
{
	return ratio(amount, part, whole);
}
