/*
 * How calls are judged, but for the rules about config vars.
 */
#include "probe-inside.h"
#include "mem.h"

#include <string.h>

void
probe_say(struct probe_verdict *v, enum probe_result result, const char *format,
    ...)
{
	va_list args;

	va_start(args, format);
	v->text = mem_vprintf(format, args);
	va_end(args);
	v->result = result;
}

static const char *
seconds(long ms)
{
	return mem_printf("%ld.%02ld s", ms / 1000, ms % 1000 / 10);
}

/* PASS where the status is from min to max, else FAIL; both name it. */
static void
judge_status(struct probe_verdict *v, const struct probe_call *c, int min,
    int max)
{
	int status = c->x.status;

	if (status == 0)
		probe_say(v, PROBE_FAIL, "%s", c->x.trouble);
	else
		probe_say(v,
		    status >= min && status <= max ? PROBE_PASS : PROBE_FAIL,
		    "%d after %s", status, seconds(c->ms));
}

void
probe_judge_manifest(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const struct finding *f = p->with.findings;
	struct mem_text t = {0};
	bool wrong = false;

	(void)c;
	for (; f != NULL; f = f->next) {
		mem_addf(&t, "%s%s %s", t.len == 0 ? "" : "; ", f->path,
		    f->text);
		wrong |= !f->warning;
	}
	probe_say(v,
	    wrong            ? PROBE_FAIL
	    : t.text == NULL ? PROBE_PASS
	                     : PROBE_WARN,
	    "%s", t.text == NULL ? "nothing to be said" : t.text);
}

void
probe_judge_success(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 200, 299);
}

void
probe_judge_json(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	if (c->x.status < 200 || c->x.status > 299)
		probe_say(v, PROBE_SKIP, "there was no success");
	else if (probe_object(c) == NULL)
		probe_say(v, PROBE_FAIL, "the answer is no JSON object");
	else
		probe_say(v, PROBE_PASS, "%zu bytes", c->x.answer_len);
}

void
probe_judge_id(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const cJSON *answer = probe_object(c);

	(void)p;
	if (c->outcome.resource != NULL)
		probe_say(v, PROBE_PASS, "%s", json_plain(c->outcome.resource));
	else if (answer == NULL || c->x.status < 200 || c->x.status > 299)
		probe_say(v, PROBE_SKIP, "there is no JSON object");
	else
		probe_say(v, PROBE_FAIL, "%s", c->outcome.reason);
}

void
probe_judge_drain(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	static const char *const schemes[] = {"https://", "syslog://",
	    "syslog+tls://"};
	const char *url = json_text(probe_object(c), "log_drain_url");
	size_t i;

	if (!p->with.provider->log_drain) {
		probe_say(v, PROBE_SKIP, "the manifest asks for no logs");
		return;
	}
	probe_say(v, PROBE_FAIL,
	    url == NULL ? "there is no log_drain_url"
	                : "log_drain_url is neither https:// nor syslog://");
	for (i = 0; url != NULL && i < sizeof(schemes) / sizeof(schemes[0]);
	     i++)
		if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
			probe_say(v, PROBE_PASS, "%s", schemes[i]);
}

/* Whatever our own reading refuses and no rule has named. */
void
probe_judge_taken(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	if (p->failed)
		probe_say(v, PROBE_SKIP, "other rules tell why not");
	else if (c->outcome.kind == OUTCOME_FAILED)
		probe_say(v, PROBE_FAIL, "%s", c->outcome.reason);
	else
		probe_say(v, PROBE_PASS, "%s",
		    c->outcome.kind == OUTCOME_PENDING ? "\"not yet\""
		                                       : "it is ready");
}

void
probe_judge_again(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const struct probe_call *first = p->calls[STEP_PROVISION];
	const cJSON *config = probe_config(p, c);
	const cJSON *before = probe_config(p, first);
	const cJSON *id = c->outcome.resource;

	judge_status(v, c, 200, 299);
	if (v->result != PROBE_PASS)
		return;
	v->than = first;
	if (id == NULL || !cJSON_Compare(id, first->outcome.resource, true))
		probe_say(v, PROBE_FAIL, "another id, %s",
		    id == NULL ? "or none" : json_plain(id));
	else if (c->x.status == first->x.status && config != before &&
	         !cJSON_Compare(config, before, true))
		probe_say(v, PROBE_FAIL, "the same id, another config");
	else
		probe_say(v, PROBE_PASS, "%s again", json_plain(id));
}

void
probe_judge_refused(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 400, 499);
	if (v->result == PROBE_PASS && c->outcome.kind != OUTCOME_REFUSED)
		probe_say(v, PROBE_FAIL, "%d is no refusal", c->x.status);
}

void
probe_judge_reason(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const char *reason = c->outcome.reason;

	(void)p;
	if (c->outcome.kind != OUTCOME_REFUSED)
		probe_say(v, PROBE_SKIP, "there was no refusal");
	else if (dialect_sentence(&c->x) == NULL &&
	         strstr(c->x.answer, reason) == NULL)
		probe_say(v, PROBE_WARN, "the user is told no reason");
	else
		probe_say(v, PROBE_PASS, "\"%s\"", reason);
}

void
probe_judge_401(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 401, 401);
}

void
probe_judge_403(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 403, 403);
}

void
probe_judge_entered(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 200, 399);
}

void
probe_judge_closed(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 400, 499);
	/* to a page that says so, perhaps */
	if (c->x.status >= 300 && c->x.status <= 399)
		v->result = PROBE_WARN;
}

void
probe_judge_gone(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	(void)p;
	judge_status(v, c, 200, 299);
	if (c->x.status == 404 || c->x.status == 410)
		v->result = PROBE_PASS;
}

void
probe_judge_time(struct probe_verdict *v, struct probe *p,
    const struct probe_call *c)
{
	const struct probe_call *slowest = p->all;

	for (c = p->all; c != NULL; c = c->next)
		if (c->ms > slowest->ms)
			slowest = c;
	if (slowest == NULL) {
		probe_say(v, PROBE_SKIP, "nothing was asked");
		return;
	}
	v->call = slowest;
	if (slowest->late)
		probe_say(v, PROBE_FAIL, "none within %ld s", p->with.timeout);
	else
		probe_say(v,
		    slowest->ms > PROBE_SLOW_MS ? PROBE_WARN : PROBE_PASS,
		    "at most %s", seconds(slowest->ms));
}
