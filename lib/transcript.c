#include "complain.h"
#include "transcript.h"
#include "clock.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "provider.h"
#include "space.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { DAY_LENGTH = 8, ID_LENGTH = DAY_LENGTH + 1 + 16, DAY_MS = 86400000 };

static const char *const orders[] = {
    [ORDER_PROVISION] = "provision",
    [ORDER_CHANGE] = "change",
    [ORDER_REMOVE] = "remove",
    [ORDER_SUSPEND] = "suspend",
    [ORDER_RESUME] = "resume",
};

static const char *const outcomes[] = {
    [OUTCOME_DONE] = "done",
    [OUTCOME_PENDING] = "pending",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_FAILED] = "failed",
};

static const char *
directory(const struct conf *conf)
{
	return mem_printf("%s/state/transcripts", conf->data);
}

static const char *
file_of(const struct conf *conf, const char *id)
{
	return mem_printf("%s/%.*s/%s.json", directory(conf), DAY_LENGTH, id,
	    id);
}

/* The day of ms as it stands in an id: "20260102". */
static const char *
day_of(int64_t ms)
{
	const char *text = clock_text(ms);

	return mem_printf("%.4s%.2s%.2s", text, text + 5, text + 8);
}

bool
transcript_is_id(const char *text)
{
	return strlen(text) == ID_LENGTH && text[DAY_LENGTH] == '-' &&
	       strspn(text, "0123456789") == DAY_LENGTH &&
	       strspn(text + DAY_LENGTH + 1, "0123456789abcdef") ==
	           ID_LENGTH - DAY_LENGTH - 1;
}

/* A body that is too long becomes the beginning of its text. */
static void
add_body(cJSON *o, const char *key, cJSON *body)
{
	char *text;
	size_t len = TRANSCRIPT_BODY_MAX;

	if (body == NULL)
		return;
	text = json_print(body, false);
	if (strlen(text) > len) {
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
		text[len] = '\0';
		body = cJSON_CreateString(text);
	}
	cJSON_AddItemToObject(o, key, body);
}

/* o, with what came of order added. */
static cJSON *
describe(cJSON *o, const struct order *order, const struct exchange *x,
    const struct outcome *out)
{
	struct transcript_mask m = transcript_mask_new(order->provider);
	size_t len = x->body == NULL ? 0 : strlen(x->body);
	cJSON *question = transcript_mask_body(&m, x->body, len);
	cJSON *answer = transcript_mask_body(&m, x->answer, x->answer_len);

	json_add_text(o, "order", orders[order->kind]);
	json_add_text(o, "provider", order->provider->slug);
	json_add_text(o, "app_id", order->app_id);
	json_add_text(o, "app_name", order->app_name);
	json_add_text(o, "addon_id", order->addon_id);
	json_add_text(o, "request_id", x->request_id);
	json_add_text(o, "method", x->method);
	json_add_text(o, "url", x->url);
	json_add_text(o, "user", x->user);
	cJSON_AddNumberToObject(o, "status", x->status);
	json_add_text(o, "trouble", x->trouble);
	add_body(o, "question", transcript_scrub(&m, question));
	add_body(o, "answer", transcript_scrub(&m, answer));
	json_add_text(o, "outcome", outcomes[out->kind]);
	json_add_text(o, "message",
	    out->reason != NULL ? out->reason : out->message);
	return transcript_scrub(&m, o);
}

const char *
transcript_keep(const struct conf *conf, const struct order *order,
    const struct exchange *x, const struct outcome *out, int64_t at, int64_t ms)
{
	const char *id, *text;
	const struct fail *f;
	cJSON *o;

	if (conf->transcript_days == 0)
		return NULL;
	id = mem_printf("%s-%s", day_of(at), hash_random_hex(8));
	o = cJSON_CreateObject();
	json_add_text(o, "id", id);
	json_add_text(o, "at", clock_text(at));
	cJSON_AddNumberToObject(o, "ms", (double)ms);
	text = json_print(describe(o, order, x, out), false);
	f = space_check(conf);
	if (f == NULL)
		f = file_replace(file_of(conf, id),
		    mem_printf("%s/state/tmp", conf->data), text, strlen(text));
	if (f == NULL)
		return id;
	complain("no transcript was kept: %s", f->text);
	return NULL;
}

const struct fail *
transcript_load(cJSON **out, const struct conf *conf, const char *id)
{
	const struct fail *f;
	size_t len;
	char *text;

	*out = NULL;
	if (!transcript_is_id(id))
		return NULL;
	f = file_read(&text, &len, file_of(conf, id));
	if (f != NULL || text == NULL)
		return f;
	/* unflushed: after a loss of power it may be empty */
	if (json_parse(out, text, len) != NULL)
		*out = NULL;
	return NULL;
}

static const struct fail *
remove_day(const char *dir)
{
	const struct fail *f = NULL;
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (d == NULL)
		return fail_errno("cannot open %s", dir);
	while (f == NULL && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			f = file_remove(
			    mem_printf("%s/%s", dir, entry->d_name));
	closedir(d);
	if (f == NULL && rmdir(dir) != 0)
		f = fail_errno("cannot remove %s", dir);
	return f;
}

const struct fail *
transcript_sweep(const struct conf *conf)
{
	const char *dir = directory(conf), *first;
	const struct fail *f = NULL;
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (d == NULL)
		return errno == ENOENT ? NULL
		                       : fail_errno("cannot open %s", dir);
	first = day_of(clock_now() - conf->transcript_days * DAY_MS);
	while (f == NULL && (entry = readdir(d)) != NULL)
		if (strspn(entry->d_name, "0123456789") == DAY_LENGTH &&
		    (conf->transcript_days == 0 ||
		        strcmp(entry->d_name, first) < 0))
			f = remove_day(mem_printf("%s/%s", dir, entry->d_name));
	closedir(d);
	return f;
}
