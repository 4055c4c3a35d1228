/*
 * What any CGI program costs: the least that answers with JSON.  tests/bench.py
 * has the same server start it beside sutler.
 */
#include <stdio.h>

int
main(void)
{
	fputs("Status: 200 OK\r\n"
	      "Content-Type: application/json; charset=utf-8\r\n"
	      "Content-Length: 12\r\n\r\n"
	      "{\"app\":null}",
	    stdout);
	return 0;
}
