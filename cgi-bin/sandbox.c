/* The sandbox provider as a CGI program (RFC 3875) of its own: lib/sandbox.h
 * says what it does. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"
#include "sandbox.h"

enum { SECONDS_MAX = 20 };

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f1ea;"
    "color:#2b2620}"
    "main{max-width:44rem;margin:4rem auto;padding:2rem 2.5rem;"
    "background:#fff;border-top:6px solid #b4552d;border-radius:6px;"
    "box-shadow:0 2px 12px #0002}"
    "h1{margin:0 0 1.5rem;font-size:1.6rem}"
    "h2{margin:2rem 0 .5rem;font-size:1.1rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.5rem;"
    "margin:0}"
    "dt{color:#75695c}dd{margin:0;overflow-wrap:anywhere}"
    "code{font:.9em ui-monospace,monospace}"
    "p{margin:2rem 0 0;color:#75695c;font-size:.9rem}"
    "@media(prefers-color-scheme:dark){body{background:#1d1a17;"
    "color:#e8e1d6}main{background:#2a2622}dt,p{color:#a99c8c}}";

static const struct {
	int status;
	const char *text;
} reasons[] = {
    {200, "OK"                   },
    {201, "Created"              },
    {202, "Accepted"             },
    {204, "No Content"           },
    {400, "Bad Request"          },
    {401, "Unauthorized"         },
    {403, "Forbidden"            },
    {404, "Not Found"            },
    {405, "Method Not Allowed"   },
    {410, "Gone"                 },
    {411, "Length Required"      },
    {413, "Content Too Large"    },
    {422, "Unprocessable Content"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"  },
};

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

static const char *
reason(int status)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Unknown";
}

static void
add_escaped(struct mem_text *t, const char *text)
{
	static const char special[] = "&<>\"'";
	size_t len;

	for (; text != NULL && *text != '\0'; text += len) {
		len = strcspn(text, special);
		mem_add(t, text, len);
		if (text[len] != '\0')
			mem_addf(t, "&#%d;", text[len++]);
	}
}

static void
add_list(struct mem_text *t, const struct json_var *vars, const char *tag)
{
	mem_puts(t, "<dl>\n");
	for (; vars != NULL; vars = vars->next) {
		mem_puts(t, "<dt>");
		add_escaped(t, vars->name);
		mem_addf(t, "</dt><dd><%s>", tag);
		add_escaped(t, vars->value);
		mem_addf(t, "</%s></dd>\n", tag);
	}
	mem_puts(t, "</dl>\n");
}

static const char *
page(const struct sandbox_answer *a, const char *nonce)
{
	struct mem_text t = {0};

	mem_addf(&t,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>%s</title>\n<style nonce=\"%s\">%s</style>\n"
	    "<main>\n<h1>%s</h1>\n",
	    a->title, nonce, style, a->title);
	add_list(&t, a->facts, "span");
	if (a->config != NULL) {
		mem_puts(&t, "<h2>What your app is told</h2>\n");
		add_list(&t, a->config, "code");
	}
	mem_puts(&t, "<p>This is the sandbox, a provider to try things on. "
	             "It keeps nothing of value.</p>\n</main>\n</html>\n");
	return t.text;
}

static void
put(const struct mem_text *t)
{
	const char *bytes = t->text;
	size_t len = t->len;
	ssize_t sent;

	for (; len > 0; bytes += sent, len -= (size_t)sent) {
		sent = write(STDOUT_FILENO, bytes, len);
		if (sent == -1 && errno == EINTR)
			sent = 0;
		else if (sent == -1)
			return;
	}
}

static void
answer(const struct sandbox_answer *a)
{
	const char *body = "", *type = "text/plain; charset=utf-8", *nonce;
	struct mem_text t = {0};

	mem_addf(&t,
	    "Status: %d %s\r\nCache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n",
	    a->status, reason(a->status));
	if (a->status == 401)
		mem_puts(&t, "WWW-Authenticate: Basic realm=\"sandbox\"\r\n");
	if (a->allow != NULL)
		mem_addf(&t, "Allow: %s\r\n", a->allow);
	if (a->json != NULL) {
		type = "application/json; charset=utf-8";
		body = json_print(a->json, false);
	} else if (a->text != NULL) {
		body = mem_printf("%s\n", a->text);
	} else if (a->facts != NULL) {
		nonce = hash_random_hex(16);
		mem_addf(&t,
		    "Content-Security-Policy: default-src 'none'; "
		    "style-src 'nonce-%s'; base-uri 'none'; "
		    "form-action 'none'; frame-ancestors 'none'\r\n"
		    "Referrer-Policy: no-referrer\r\n",
		    nonce);
		type = "text/html; charset=utf-8";
		body = page(a, nonce);
	}
	if (a->status != 204)
		mem_addf(&t, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    type, strlen(body));
	mem_addf(&t, "\r\n%s", body);
	put(&t);
}

/* Reads the body; the status that is wrong with it, or 0. */
static int
read_body(struct sandbox_request *r)
{
	const char *text = variable("CONTENT_LENGTH");
	size_t digits = strspn(text, "0123456789"), want;
	ssize_t got;
	char *body;

	r->body = "";
	if (text[0] == '\0')
		return 0;
	if (text[digits] != '\0')
		return 400;
	if (digits > 7 || strtoul(text, NULL, 10) > SANDBOX_BODY_MAX)
		return 413;
	want = strtoul(text, NULL, 10);
	body = mem_alloc(want + 1);
	for (; r->body_len < want; r->body_len += (size_t)got) {
		got =
		    read(STDIN_FILENO, body + r->body_len, want - r->body_len);
		if (got == -1 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return 400;
	}
	r->body = body;
	return 0;
}

int
main(void)
{
	struct sandbox_request r = {.method = variable("REQUEST_METHOD"),
	    .path = variable("PATH_INFO"),
	    .query = variable("QUERY_STRING"),
	    .authorization = getenv("HTTP_AUTHORIZATION")};
	struct sandbox_answer a = {0};
	const struct fail *f;
	struct conf *conf;

	/* whatever happens, no lock is held for longer */
	alarm(SECONDS_MAX);
	/* behind a rewrite rule */
	if (strncmp(r.path, "/sandbox/", 9) == 0)
		r.path += 8;
	a.status = read_body(&r);
	if (a.status != 0) {
		a.text = "The body cannot be read.";
		answer(&a);
		return 0;
	}
	f = conf_read(&conf);
	if (f == NULL)
		f = sandbox_serve(&a, conf, &r);
	if (f != NULL) {
		complain("sandbox: %s", f->text);
		a = (struct sandbox_answer){.status = f->code == FAIL_BUSY
		                                          ? 503
		                                          : 500,
		    .text = "The sandbox is out of order."};
	}
	sleep(a.delay);
	/* lighttpd ends who goes on after the last byte of the answer */
	if (a.callback != NULL)
		signal(SIGTERM, SIG_IGN);
	answer(&a);
	if (a.callback != NULL)
		sandbox_call_back(a.callback, conf);
	return 0;
}
