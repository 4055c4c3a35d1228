#include "clock.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

#include <time.h>

int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *
clock_text(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return mem_printf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (int)(ms % 1000));
}

int64_t
clock_parse(const char *text)
{
	struct tm tm = {0};
	int64_t time;
	int ms;

	if (text == NULL || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ",
	                        &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	                        &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms) != 7)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time = (int64_t)timegm(&tm) * 1000 + ms;
	/* what is out of range or laid out otherwise does not come back */
	return time >= 0 && strcmp(clock_text(time), text) == 0 ? time : -1;
}

int64_t
clock_parse_loose(const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len == strlen("2026-01-02"))
		text = mem_printf("%sT00:00:00.000Z", text);
	else if (len == strlen("2026-01-02T03:04:05Z"))
		text = mem_printf("%.*s.000%s", (int)len - 1, text,
		    text + len - 1);
	return clock_parse(text);
}
