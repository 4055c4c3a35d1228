/*
 * What providers answer: whatever comes back, only what is declared and
 * allowed is taken, what people read can be shown, and a transcript hides the
 * values.  The first bytes: dialect, order, hundreds and rest of the status.
 */
#include "fuzz.h"

#include <string.h>

#include "json.h"
#include "mem.h"
#include "provider.h"
#include "transcript.h"

static const char *const dialects[] = {"scalingo", "heroku", "appfog",
    "heroku-v3", "clevercloud", "flynn"};

static struct provider *providers[6];

void
fuzz_begin(void)
{
	struct provider *p;
	size_t i;

	for (i = 0; i < 6; i++) {
		p = mem_alloc(sizeof(*p));
		p->slug = "tide-pool";
		p->dialect = dialect_find(dialects[i]);
		p->dialect_name = dialects[i];
		p->manifest = fuzz_file(
		    mem_printf("tests/golden/%s/manifest.json", dialects[i]));
		provider_read(p);
		providers[i] = p;
	}
}

static void
check_config(const struct provider *p, const struct json_var *v)
{
	for (; v != NULL; v = v->next) {
		fuzz_must(provider_declares(p, v->name), "it is declared");
		fuzz_must(dialect_name_allowed(v->name), "it is allowed");
		fuzz_must(v->value != NULL &&
		              strlen(v->value) <= CONFIG_VALUE_MAX,
		    "a value has a length that is allowed");
		fuzz_must(!v->raw || p->dialect->drops_undeclared,
		    "a value is a string");
	}
}

static void
check_outcome(const struct outcome *out, const struct order *order)
{
	const char *id;

	fuzz_line(out->message, "a message");
	fuzz_line(out->log_drain_url, "a log drain");
	fuzz_line(out->dropped, "the names dropped");
	fuzz_line(out->reason, "a reason");
	if (out->kind == OUTCOME_REFUSED || out->kind == OUTCOME_FAILED)
		fuzz_must(out->reason != NULL && out->config == NULL,
		    "what was not done says why, and sets nothing");
	fuzz_must(!out->unsure || out->kind == OUTCOME_FAILED,
	    "what is known is not unsure");
	if (out->resource == NULL) {
		fuzz_must(order->kind != ORDER_PROVISION ||
		              out->kind == OUTCOME_REFUSED ||
		              out->kind == OUTCOME_FAILED,
		    "what was made has an id");
		return;
	}
	id = json_plain(out->resource);
	fuzz_line(id, "an id");
	fuzz_must(*id != '\0' && strlen(id) <= 255 && strcmp(id, ".") != 0 &&
	              strcmp(id, "..") != 0,
	    "an id may stand in a URL");
}

/* True where text stands in a string of json. */
static bool
holds(const cJSON *json, const char *text)
{
	const cJSON *child;

	if (cJSON_IsString(json) && strstr(json->valuestring, text) != NULL)
		return true;
	cJSON_ArrayForEach(child, json)
		if (holds(child, text))
			return true;
	return false;
}

static void
check_transcript(const struct provider *p, const struct exchange *x,
    const struct outcome *out)
{
	struct transcript_mask m = transcript_mask_new(p);
	cJSON *body = transcript_mask_body(&m, x->answer, x->answer_len);
	const struct json_var *v;

	if (body == NULL)
		return;
	body = transcript_scrub(&m, body);
	fuzz_same(body, "a transcript");
	fuzz_must(!holds(body, p->password), "the password is masked");
	for (v = out->config; v != NULL; v = v->next)
		fuzz_must(v->raw || strlen(v->value) < 5 ||
		              strchr(v->value, '*') != NULL ||
		              !holds(body, v->value),
		    "a value is masked");
}

void
fuzz_one(char *bytes, size_t len)
{
	const struct provider *p = providers[fuzz_pick(&bytes, &len, 6)];
	const struct order order = {.kind = (enum order_kind)fuzz_pick(&bytes,
	                                &len, 5),
	    .provider = p,
	    .uuid = "7d0c2c3e-5b0f-4a8f-9a57-1c1b2d3e4f50",
	    .resource = "res-1",
	    .plan = "small"};
	struct exchange x = {.answer = "", .sent = len % 2 == 0};
	struct outcome out;

	x.status = (int)fuzz_pick(&bytes, &len, 6) * 100;
	x.status += (int)fuzz_pick(&bytes, &len, 100);
	if (x.status < 100)
		x.status = 0;
	else
		x.answer = bytes, x.answer_len = len;
	p->dialect->hear(&out, &order, &x);
	check_config(p, out.config);
	check_outcome(&out, &order);
	check_transcript(p, &x, &out);
}
