#include "html.h"

#include <string.h>

void
html_add(struct mem_text *t, char c)
{
	static const struct {
		char c;
		const char *escaped;
	} special[] = {
	    {'&',  "&amp;" },
	    {'<',  "&lt;"  },
	    {'>',  "&gt;"  },
	    {'"',  "&quot;"},
	    {'\'', "&#39;" },
	};
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i].c == c) {
			mem_puts(t, special[i].escaped);
			return;
		}
	mem_add(t, &c, 1);
}

const char *
html_escape(const char *text)
{
	struct mem_text t = {0};

	mem_puts(&t, "");
	for (; *text != '\0'; text++)
		html_add(&t, *text);
	return t.text;
}
