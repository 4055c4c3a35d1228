#include "log-drain.h"
#include "clock.h"
#include "hash.h"
#include "mem.h"

#include <string.h>

const struct fail *
log_drain_check(const char *url)
{
	static const char *const schemes[] = {"https://", "syslog://",
	    "syslog+tls://", "tcp+tls://"};
	const char *p = url;
	size_t i, len;

	while (*p > ' ' && *p < 0x7f)
		p++;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		len = strlen(schemes[i]);
		if (*p == '\0' && strlen(url) <= LOG_DRAIN_URL_MAX &&
		    strncmp(url, schemes[i], len) == 0 &&
		    strchr("/:?#", url[len]) == NULL)
			return NULL;
	}
	return fail_field(NULL, "url",
	    "must be https://, syslog://, syslog+tls:// or tcp+tls://, and a"
	    " host");
}

const struct fail *
log_drain_add(struct log_drain **out, struct log_drain **list, const char *url)
{
	struct log_drain *d;
	int count = 0;

	for (; *list != NULL; list = &(*list)->next) {
		if (strcmp((*list)->url, url) == 0)
			return fail_field(NULL, "url", "is there already");
		count++;
	}
	if (count >= LOG_DRAINS_MAX)
		return fail_field(NULL, "base",
		    "an add-on has at most %d log drains", LOG_DRAINS_MAX);
	d = *out = *list = mem_alloc(sizeof(*d));
	d->id = hash_uuid();
	d->url = url;
	d->token = mem_printf("d.%s", hash_uuid());
	d->created_at = d->updated_at = clock_text(clock_now());
	return NULL;
}

bool
log_drain_is(const struct log_drain *d, const char *ident)
{
	return strcmp(d->id, ident) == 0 || strcmp(d->token, ident) == 0 ||
	       strcmp(d->url, ident) == 0;
}

const struct fail *
log_drain_remove(struct log_drain **out, struct log_drain **list,
    const char *ident)
{
	while (*list != NULL && !log_drain_is(*list, ident))
		list = &(*list)->next;
	*out = *list;
	if (*out == NULL)
		return fail_missing("log drain");
	*list = (*out)->next;
	return NULL;
}
