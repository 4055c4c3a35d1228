/* Amounts without floating point. */
#include "money.h"
#include "tap.h"

#include <stdio.h>

static int64_t
amount(const char *text)
{
	int64_t out = -1;

	return money_parse(&out, text) ? out : -1;
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
	return done();
}
