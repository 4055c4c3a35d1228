/* Amounts without floating point. */
#include "money.h"
#include "tap.h"

#include <stdio.h>

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 wide;
#else
typedef int64_t wide; /* what is tried there is small enough */
#endif

static int64_t
amount(const char *text)
{
	int64_t out = -1;

	return money_parse(&out, text) ? out : -1;
}

/* As money_share() does it, where a type is wide enough. */
static int64_t
share(int64_t amount, int64_t part, int64_t whole)
{
	wide product = (wide)amount * part + whole / 2;

	return product / whole > INT64_MAX ? INT64_MAX
	                                   : (int64_t)(product / whole);
}

/* Numbers of every size, from one seed. */
static uint64_t
next(uint64_t *state, int bits)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> (64 - bits);
}

static void
test_shares(void)
{
	int i, bits, wrong = 0, most = sizeof(wide) > 8 ? 63 : 31;
	int64_t amount, part, whole;
	uint64_t state = 1;

	for (i = 0; i < 100000; i++) {
		bits = 1 + i % most;
		amount = (int64_t)next(&state, bits);
		part = (int64_t)next(&state, most + 1 - bits);
		whole = (int64_t)next(&state, 1 + i / 7 % most) + 1;
		if (money_share(amount, part, whole) !=
		    share(amount, part, whole))
			wrong++;
		amount = (int64_t)next(&state, most);
		if (money_share(amount, part, whole) !=
		    share(amount, part, whole))
			wrong++;
	}
	ok(wrong == 0, "shares of every size: %d are wrong", wrong);
}

int
main(void)
{
	static const char *const bad[] = {"", "-1", ".5", "1.", "1.2345678",
	    "1e3", " 1", "1 ", "+1", "1,5", "1234567890", "0x1", "1.2.3"};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(amount(bad[i]) == -1, "\"%s\" is none", bad[i]);
	ok(amount("0.000001") == 1, "the smallest");
	ok(amount("999999999.999999") == 999999999999999, "the largest");
	is(money_text(amount("12.50")), "12.5", "as short as it goes");
	is(money_text(amount("100")), "100", "no zero of a whole is lost");
	is(money_text(0), "0", "nothing");
	is(money_cents(amount("0.005")), "0.01", "half a cent goes up");
	is(money_cents(amount("0.004999")), "0.00", "less goes down");
	ok(money_round(amount("1.239")) == amount("1.24"), "rounded");
	ok(money_of(9.99) == amount("9.99"), "what a double cannot hold");
	ok(money_of(0.1 + 0.2) == amount("0.3"), "nor its sums");
	ok(money_of(-1) == 0, "nothing is below 0");
	ok(money_times(amount("999999999"), amount("999999999")) ==
	        money_sum(INT64_MAX, 1),
	    "as much as there is, and no less");
	ok(money_times(amount("1000.5"), amount("0.0002")) == amount("0.2001"),
	    "times");
	ok(money_share(amount("31"), 1, 31) == amount("1"), "a share");
	ok(money_share(amount("999999999"), 2678399, 2678400) ==
	        999999625642772,
	    "of the largest");
	test_shares();
	return done();
}
