#ifndef SUTLER_HTML_H
#define SUTLER_HTML_H

#include "mem.h"

/* The byte c as HTML text or quoted attribute value: & < > " ' escaped. */
void html_add(struct mem_text *t, char c);

/* The same for a whole text. */
const char *html_escape(const char *text);

#endif
