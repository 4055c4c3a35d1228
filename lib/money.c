#include "money.h"
#include "mem.h"

#include <inttypes.h>
#include <string.h>

__extension__ typedef __int128 wide;

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

static int64_t
divide(wide number, wide by)
{
	number = (number + (number < 0 ? -by : by) / 2) / by;
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

int64_t
money_round(int64_t amount)
{
	return divide(amount, CENT) * CENT;
}

const char *
money_cents(int64_t amount)
{
	int64_t cents = divide(amount, CENT);

	return mem_printf("%" PRId64 ".%02" PRId64, cents / 100, cents % 100);
}

int64_t
money_sum(int64_t a, int64_t b)
{
	return divide((wide)a + b, 1);
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
	return divide((wide)quantity * price, MONEY_ONE);
}

int64_t
money_share(int64_t amount, int64_t part, int64_t whole)
{
	return divide((wide)amount * part, whole);
}
