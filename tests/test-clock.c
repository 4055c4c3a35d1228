#include <stddef.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "tap.h"

static const struct {
	int64_t ms;
	const char *text;
} times[] = {
    {0,               "1970-01-01T00:00:00.000Z"},
    {1,               "1970-01-01T00:00:00.001Z"},
    {951782399999,    "2000-02-28T23:59:59.999Z"},
    {951782400000,    "2000-02-29T00:00:00.000Z"},
    {1767323045678,   "2026-01-02T03:04:05.678Z"},
    {4102444800000,   "2100-01-01T00:00:00.000Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
};

static const struct {
	int64_t ms;
	const char *text;
} loose[] = {
    {1767323045678, "2026-01-02T03:04:05.678Z"},
    {1767323045000, "2026-01-02T03:04:05Z"    },
    {1767312000000, "2026-01-02"              },
    {-1,            "2026-02-30"              },
    {-1,            "2026-01-02T03:04:05+"    },
    {-1,            "2026-01-02T03:04"        },
    {-1,            "2026-1-2"                },
    {-1,            "yesterday!"              },
    {-1,            ""                        },
};

static const char *const bad[] = {
    "",
    "2026-01-02",
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.678",
    "2026-01-02T03:04:05.678Z ",
    " 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05.678+01:00",
    "2026-1-2T3:4:5.678Z",
    "2026-13-02T03:04:05.678Z",
    "2026-00-02T03:04:05.678Z",
    "2026-02-30T03:04:05.678Z",
    "2026-01-02T24:04:05.678Z",
    "2026-01-02T03:60:05.678Z",
    "2026-01-02T03:04:61.678Z",
    "2026-01-02T03:04:05.6Z",
    "-026-01-02T03:04:05.678Z",
    "2026-01-02 03:04:05.678Z",
    "not a time at all, no Z.",
};

int
main(void)
{
	int64_t before = (int64_t)time(NULL) * 1000, now = clock_now();
	size_t i;

	ok(now >= before && now < before + 60000, "clock_now counts in ms");
	ok(clock_parse(clock_text(now)) == now, "now, there and back");
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		is(clock_text(times[i].ms), times[i].text, "text of %s",
		    times[i].text);
		ok(clock_parse(times[i].text) == times[i].ms, "ms of %s",
		    times[i].text);
		if (i > 0)
			ok(strcmp(times[i - 1].text, times[i].text) < 0,
			    "%s sorts where it belongs", times[i].text);
	}
	for (i = 0; i < sizeof(loose) / sizeof(loose[0]); i++)
		ok(clock_parse_loose(loose[i].text) == loose[i].ms,
		    "loosely: \"%s\"", loose[i].text);
	ok(clock_parse_loose(NULL) == -1, "no text is no time");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(clock_parse(bad[i]) == -1, "no time: \"%s\"", bad[i]);
	ok(clock_parse(NULL) == -1, "NULL is no time");
	return done();
}
