/* sutler provider test */
#include "fail.h"
#include "file.h"
#include "mem.h"
#include "probe.h"
#include "sutler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_MAX = 60, PATIENCE = 60, PATIENCE_MAX = 3600, PORT_MAX = 65535 };

static const char *const results[] = {[PROBE_PASS] = "pass",
    [PROBE_WARN] = "warn",
    [PROBE_FAIL] = "FAIL",
    [PROBE_SKIP] = "skip"};

/* The configuration, or where there is none, what holds without one; test
 * URLs may be anywhere. */
static const struct fail *
read_conf(struct conf **out, const struct call *c)
{
	const char *file = getenv("SUTLER_CONF");
	const struct fail *f = NULL;

	if (c->conf_file != NULL)
		f = conf_read_file(out, c->conf_file);
	else if ((file != NULL && file[0] != '\0') ||
	         access(SUTLER_CONF_PATH, F_OK) == 0)
		f = conf_read(out);
	else
		*out = conf_defaults("http://127.0.0.1");
	if (f == NULL)
		(*out)->allow_http = (*out)->allow_private = true;
	return f;
}

static const struct fail *
read_number(long *out, const struct call *c, const char *name, long otherwise,
    long max)
{
	const char *text = call_option(c, name);
	char *end;

	*out = otherwise;
	if (text == NULL)
		return NULL;
	*out = strtol(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && *out >= 1 &&
	    *out <= max)
		return NULL;
	return fail(FAIL_SYNTAX, "%s must be a number from 1 to %ld", name,
	    max);
}

static const struct fail *
read_provider(struct probe_setting *with, const struct call *c)
{
	bool production = call_option(c, "--production") != NULL;
	const char *dialect = call_option(c, "--dialect");
	struct provider *p = NULL, *other;
	struct finding *list, *others;
	const struct fail *f;
	cJSON *manifest;
	size_t len;
	char *text;

	f = file_read(&text, &len, c->argv[0]);
	if (f == NULL && text == NULL)
		f = fail(FAIL_CONFLICT, "%s: no such file", c->argv[0]);
	if (f != NULL)
		return f;
	f = json_parse_outside(&manifest, text, len);
	if (f != NULL)
		return fail(FAIL_CONFLICT, "%s: %s", c->argv[0], f->text);
	f = provider_new(&p, &list, manifest, dialect, "probe", NULL, true,
	    !production);
	if (f != NULL && !production &&
	    provider_new(&other, &others, manifest, dialect, "probe", NULL,
	        true, false) == NULL)
		return fail(FAIL_CONFLICT,
		    "%s has no test URLs; --production tests at those where it "
		    "is sold",
		    c->argv[0]);
	if (f != NULL && list == NULL)
		return f;
	with->provider = f == NULL ? p : NULL;
	with->findings = list;
	return NULL;
}

static void
add_call(cJSON *row, const char *key, const struct probe *p,
    const struct probe_call *call)
{
	cJSON *o;

	if (call == NULL)
		return;
	o = cJSON_AddObjectToObject(row, key);
	json_add_text(o, "with", call->guise);
	json_add_text(o, "method", call->x.method);
	json_add_text(o, "url", probe_show_url(p, call));
	json_add_text(o, "sent", probe_show_question(p, call));
	cJSON_AddNumberToObject(o, "status", call->x.status);
	json_add_text(o, "received", probe_show_answer(p, call));
	cJSON_AddNumberToObject(o, "ms", (double)call->ms);
}

static void
print_call(const char *key, const struct probe *p,
    const struct probe_call *call)
{
	if (call == NULL)
		return;
	printf("      %s %s %s with %s\n", key, call->x.method,
	    probe_show_url(p, call), call->guise);
	if (call->x.body != NULL)
		printf("        sent      %s\n", probe_show_question(p, call));
	if (call->x.status != 0)
		printf("        received  %d %s\n", call->x.status,
		    probe_show_answer(p, call));
	else
		printf("        received  nothing: %s\n", call->x.trouble);
}

static void
print_verdict(const struct call *c, const struct probe *p,
    const struct probe_rule *rule, const struct probe_verdict *v)
{
	bool bad = v->result == PROBE_FAIL || v->result == PROBE_WARN;
	cJSON *row;

	if (c->json) {
		row = cJSON_CreateObject();
		json_add_text(row, "rule", rule->name);
		json_add_text(row, "result",
		    v->result == PROBE_FAIL ? "fail" : results[v->result]);
		json_add_text(row, "promise", rule->promise);
		json_add_text(row, "source", rule->source);
		json_add_text(row, "seen", v->text);
		add_call(row, "call", p, bad ? v->call : NULL);
		add_call(row, "other", p, bad ? v->than : NULL);
		call_row(c, row);
		return;
	}
	printf("%s  %-24s %s: %s [%s]\n", results[v->result], rule->name,
	    rule->promise, v->text, rule->source);
	if (bad) {
		print_call("by", p, v->call);
		print_call("after", p, v->than);
	}
	fflush(stdout);
}

static const struct fail *
run_rules(const struct call *c, const struct probe_setting *with)
{
	size_t counts[PROBE_SKIP + 1] = {0}, i;
	struct mem_text broken = {0};
	struct probe_verdict v;
	const struct fail *f;
	struct probe *p;
	const char *left;

	f = probe_begin(&p, with);
	if (f != NULL)
		return f;
	for (i = 0; i < probe_rules_count; i++) {
		probe_judge(&v, p, &probe_rules[i]);
		print_verdict(c, p, &probe_rules[i], &v);
		counts[v.result]++;
		if (v.result == PROBE_FAIL)
			mem_addf(&broken, "%s%s", broken.len == 0 ? "" : ", ",
			    probe_rules[i].name);
	}
	left = probe_end(p);
	if (c->json)
		call_done(c);
	else
		printf("%zu passed, %zu failed, %zu warnings, %zu skipped\n",
		    counts[PROBE_PASS], counts[PROBE_FAIL], counts[PROBE_WARN],
		    counts[PROBE_SKIP]);
	if (left != NULL)
		return fail(FAIL_CONFLICT,
		    "what the test made is still at the provider: %s", left);
	if (probe_interrupted())
		return fail(FAIL_CONFLICT, "interrupted; what the test made "
		                           "was removed");
	if (broken.text != NULL)
		return fail(FAIL_CONFLICT, "broken: %s", broken.text);
	return NULL;
}

static const struct fail *
provider_test(const struct call *c)
{
	struct probe_setting with = {.plan = call_option(c, "--plan"),
	    .other = call_option(c, "--to")};
	struct conf *conf;
	const struct fail *f;
	long port;

	f = read_conf(&conf, c);
	if (f == NULL)
		f = read_number(&with.timeout, c, "--timeout",
		    conf->provider_timeout, SECONDS_MAX);
	if (f == NULL)
		f = read_number(&with.patience, c, "--wait", PATIENCE,
		    PATIENCE_MAX);
	if (f == NULL)
		f = read_number(&port, c, "--listen", 0, PORT_MAX);
	if (f == NULL)
		f = read_provider(&with, c);
	if (f != NULL)
		return f;
	with.conf = conf;
	with.port = (int)port;
	return run_rules(c, &with);
}

const struct command test_commands[] = {
    {"provider test",
     "FILE [--dialect D] [--plan P] [--to P2] [--timeout S] [--wait S] "
        "[--listen PORT] [--production]", "play the platform against a provider, at its manifest's test URLs", 1,
     1, true, provider_test,
     {{"--dialect", true}, {"--plan", true}, {"--to", true},
            {"--timeout", true}, {"--wait", true}, {"--listen", true},
            {"--production", false}}},
    {0}
};
