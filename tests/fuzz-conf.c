/*
 * The configuration: what is taken keeps its promises, what is refused names
 * file and line.
 */
#include "fuzz.h"

#include <string.h>

#include "fail.h"
#include "mem.h"

static const char *file;

void
fuzz_begin(void)
{
	file = fuzz_data(NULL)->file;
}

static void
check_texts(const struct conf *c)
{
	const char *const texts[] = {c->data, c->public_url, c->host, c->region,
	    c->provider_region, c->appfog_region, c->libexec, c->billing_url,
	    c->currency, c->cluster == NULL ? "none" : c->cluster,
	    c->cluster == NULL ? "none" : c->cluster_name, c->cluster_prefix};
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fuzz_must(texts[i] != NULL && *texts[i] != '\0',
		    "every key that has to has a value");
		for (p = texts[i]; *p != '\0'; p++)
			fuzz_must((unsigned char)*p >= ' ' && *p != 0x7f,
			    "no value has control characters");
	}
	fuzz_must(strpbrk(c->cluster == NULL ? "" : c->cluster, " \t\"'@?#") ==
	              NULL,
	    "a member's URL may be asked");
	fuzz_must(c->public_url[strlen(c->public_url) - 1] != '/',
	    "public_url ends without a slash");
	fuzz_must(strpbrk(c->public_url, " \"'<>\\") == NULL,
	    "public_url may stand in a header, and in HTML");
}

void
fuzz_one(char *bytes, size_t len)
{
	const struct fail *f;
	struct conf *c;

	fuzz_put(file, bytes, len);
	f = conf_read_file(&c, file);
	if (f != NULL) {
		fuzz_must(f->code == FAIL_SYSTEM &&
		              strncmp(f->text, mem_printf("%s:", file),
		                  strlen(file) + 1) == 0,
		    "a refusal names the file");
		return;
	}
	check_texts(c);
	fuzz_must(c->provider_timeout >= 1 && c->provider_timeout <= 25 &&
	              c->provider_patience >= 1 && c->transcript_days >= 0 &&
	              c->rate_limit >= 0 && c->page_size >= 1 &&
	              c->page_size <= 4000,
	    "numbers are within their bounds");
}
