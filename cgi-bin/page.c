/*
 * The files of the dashboard, for servers that cannot set a header on a file:
 * here they come with their policy.  The program holds them all, and stands
 * beside the others once for each, under its name (index.html, app.js, ...),
 * so that they find the API and one another as the files do.  What it is
 * called chooses a row of the table, and becomes no path.  It reads neither
 * configuration nor record.
 */
#include "cgi.h"

#include <stdlib.h>
#include <string.h>

#include "fence.h"
#include "hash.h"
#include "mem.h"

/* The bytes of each file of htdocs, with a NUL behind, are put here by the
 * assembler: PAGE(app_js, "app.js") of page-files.h makes page_app_js. */
#define PAGE(symbol, name)                                                     \
	__asm__(".pushsection .rodata\npage_" #symbol                          \
	        ": .incbin \"htdocs/" name "\"\n.byte 0\n.popsection");        \
	extern const char page_##symbol[];
#include "page-files.h"
#undef PAGE

#define PAGE(symbol, name) {name, page_##symbol},
static const struct {
	const char *name, *text;
} files[] = {
#include "page-files.h"
};

enum { PAGE_SECONDS = 30 };

static const struct {
	const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"       },
    {".css",  "text/css; charset=utf-8"        },
    {".js",   "text/javascript; charset=utf-8" },
    {".json", "application/json; charset=utf-8"},
    {".svg",  "image/svg+xml"                  },
};

static const char *
type_of(const char *name)
{
	const char *suffix = strrchr(name, '.');
	size_t i, last = sizeof(types) / sizeof(types[0]) - 1;

	for (i = 0; i < last && strcmp(types[i].suffix, suffix) != 0; i++)
		continue;
	return types[i].type;
}

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

/* The row of the name that we were run by; NULL: we have no such file. */
static const char *
find(const char **type)
{
	const char *slash = strrchr(variable("SCRIPT_NAME"), '/');
	const char *name = slash == NULL ? "" : slash + 1;
	size_t i;

	if (*variable("PATH_INFO") != '\0')
		return NULL;
	if (*name == '\0')
		name = "index.html";
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(files[i].name, name) == 0) {
			*type = type_of(name);
			return files[i].text;
		}
	return NULL;
}

/* The same that tests/servers have for the files. */
static void
add_policy(struct cgi *c)
{
	cgi_header(c, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self'; connect-src 'self'; base-uri 'none'; "
	    "form-action 'self'; frame-ancestors 'none'");
	cgi_header(c, "Referrer-Policy", "same-origin");
}

int
main(void)
{
	/* it opens nothing: everything else is given up */
	const struct fence nothing = {NULL, 0, 0, PAGE_SECONDS,
	    "sutler: page was ended\n"};
	struct cgi *c = mem_alloc(sizeof(*c));

	cgi_log_guard();
	(void)fence_up(&nothing);
	c->status = 200;
	c->family = FAMILY_SCALINGO;
	c->method = variable("REQUEST_METHOD");
	c->act.request_id = hash_random_hex(8);
	c->text = find(&c->text_type);
	if (c->text == NULL)
		cgi_answer_fail(c, fail(FAIL_MISSING, "not found"));
	else if (strcmp(c->method, "GET") != 0 &&
	         strcmp(c->method, "HEAD") != 0)
		cgi_answer_fail(c,
		    fail_what(FAIL_METHOD, "GET, HEAD", "method not allowed"));
	else
		add_policy(c);
	cgi_body_drop(c);
	cgi_answer_send(c);
	return 0;
}
