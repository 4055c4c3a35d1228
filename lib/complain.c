#include "complain.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

static const char *served = ""; /* nobody */

void
complain_as(const char *request_id)
{
	served = request_id;
}

void
complain(const char *format, ...)
{
	struct mem_text line = {0};
	const char *text;
	va_list args;
	ssize_t n;
	size_t i;

	if (served[0] == '\0')
		mem_puts(&line, "sutler: ");
	else
		mem_addf(&line, "sutler[%s]: ", served);
	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	mem_puts(&line, text);
	for (i = 0; i < line.len; i++)
		if ((unsigned char)line.text[i] < ' ' || line.text[i] == 0x7f)
			line.text[i] = ' ';
	mem_puts(&line, "\n");
	do
		n = write(STDERR_FILENO, line.text, line.len);
	while (n == -1 && errno == EINTR);
}
