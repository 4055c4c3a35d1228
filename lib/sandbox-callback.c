/*
 * What the sandbox tells the platform once its answer is given: after an
 * answer "not yet", and to have tokens for its grant.
 */
#include "sandbox-call.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "dialect.h"
#include "mem.h"

enum { SECONDS = 5 };

static struct sandbox_callback *
add(struct sandbox_call *c, const char *method, const char *url,
    const char *body)
{
	struct sandbox_callback **at = &c->out->callback, *one;

	while (*at != NULL)
		at = &(*at)->next;
	*at = one = mem_alloc(sizeof(*one));
	one->method = method;
	one->url = url;
	one->body = body;
	return one;
}

/* A call with the credentials; or, of a desk that has them, with a token. */
static void
add_call(struct sandbox_call *c, const char *method, const char *url,
    const cJSON *body)
{
	const cJSON *credentials = sandbox_credentials(c);
	const char *tail = c->fault == NULL ? NULL : c->fault->tail;
	struct sandbox_callback *one =
	    add(c, method, url, body == NULL ? NULL : json_print(body, false));

	if (tail == NULL)
		tail = "";
	if (c->desk->granted) {
		one->tail = tail;
		return;
	}
	one->user = json_text(credentials, "user");
	one->password =
	    mem_printf("%s%s", json_text(credentials, "password"), tail);
}

/* Ask for tokens by the grant, called name, of that type. */
static void
add_grant(struct sandbox_call *c, const char *type, const char *name,
    const char *grant)
{
	const char *url = json_text(c->resource, "callback_url");
	const char *secret = json_text(sandbox_credentials(c), "client_secret");
	const char *end = url == NULL ? NULL : strstr(url, "/addons/");

	if (end == NULL || secret == NULL || grant == NULL)
		return;
	add(c, "POST", mem_printf("%.*s/oauth/token", (int)(end - url), url),
	    mem_printf("grant_type=%s&%s=%s&client_secret=%s", type, name,
	        dialect_escape(grant), dialect_escape(secret)))
	    ->resource = json_plain(json_get(c->resource, "id"));
}

/* The fault asks with a wrong grant before. */
static void
add_grants(struct sandbox_call *c, const char *type, const char *name,
    const char *grant)
{
	const char *tail = c->fault == NULL ? NULL : c->fault->grant_tail;

	if (tail != NULL && grant != NULL)
		add_grant(c, type, name, mem_printf("%s%s", grant, tail));
	add_grant(c, type, name, grant);
}

void
sandbox_plan_grant(struct sandbox_call *c)
{
	const char *url = json_text(c->resource, "callback_url");

	if (!c->desk->granted || url == NULL)
		return;
	add_grants(c, "authorization_code", "code",
	    sandbox_text(c->body, "oauth_grant.code"));
	if (c->out->callback != NULL)
		add_call(c, "GET", mem_printf("%s/config", url), NULL);
}

/* [{"name":…,"value":…}, …] */
static cJSON *
listed(const cJSON *config)
{
	cJSON *list = cJSON_CreateArray(), *item;
	const cJSON *v;

	cJSON_ArrayForEach(v, config) {
		item = cJSON_CreateObject();
		json_add_text(item, "name", v->string);
		json_add_text(item, "value", json_plain(v));
		cJSON_AddItemToArray(list, item);
	}
	return list;
}

static void
add_refresh(struct sandbox_call *c)
{
	add_grants(c, "refresh_token", "refresh_token",
	    json_text(c->resource, "refresh_token"));
}

/* Set the config at url, and say that it is ready. */
static void
add_ready(struct sandbox_call *c, const char *url, cJSON *body)
{
	add_call(c, "PATCH", mem_printf("%s/config", url), body);
	add_call(c, "POST", mem_printf("%s/actions/provision", url),
	    cJSON_CreateObject());
}

void
sandbox_plan_callback(struct sandbox_call *c)
{
	const char *url = json_text(c->resource, "callback_url");
	const char *platform = json_text(c->state, "platform");
	const cJSON *config = json_get(c->out->json, c->desk->config);
	cJSON *body = cJSON_CreateObject();

	/* unless the grant has just come */
	if (c->desk->granted && c->out->callback == NULL)
		add_refresh(c);
	cJSON_AddItemToObject(body, "config",
	    c->desk->granted && !c->fault->listless
	        ? listed(config)
	        : cJSON_Duplicate(config, true));
	if (url == NULL)
		/* Scalingo's providers know where their platform is */
		add_ready(c,
		    mem_printf("%s/v1/provider/addons/%s",
		        platform == NULL ? c->conf->public_url : platform,
		        json_plain(json_get(c->resource, "id"))),
		    body);
	else if (c->desk->granted)
		add_ready(c, url, body);
	else
		add_call(c, "PUT", url, body);
}

void
sandbox_plan_removed(struct sandbox_call *c)
{
	const char *url = json_text(c->resource, "callback_url");

	add_refresh(c);
	add_call(c, "POST", mem_printf("%s/actions/deprovision", url),
	    cJSON_CreateObject());
}

/* The access token in the answer, or NULL; its other one is kept. */
static const char *
take_tokens(const struct exchange *x, const struct conf *conf,
    const char *resource)
{
	const char *refresh;
	cJSON *answer;

	if (x->status != 200 ||
	    json_parse_outside(&answer, x->answer, x->answer_len) != NULL)
		return NULL;
	refresh = json_text(answer, "refresh_token");
	if (refresh != NULL)
		(void)sandbox_keep(conf, resource, refresh);
	return json_text(answer, "access_token");
}

static void
call_all(const struct sandbox_callback *one, const struct conf *conf)
{
	const char *token = NULL;
	struct exchange x;

	for (; one != NULL; one = one->next) {
		if (one->tail != NULL && token == NULL)
			continue;
		x = (struct exchange){.method = one->method,
		    .url = one->url,
		    .user = one->user,
		    .password = one->password,
		    .accept = "application/json",
		    .form = one->resource != NULL,
		    .body = one->body};
		if (one->tail != NULL) {
			x.accept = "application/vnd.heroku+json; version=3";
			x.headers[0] = mem_printf("Authorization: Bearer %s%s",
			    token, one->tail);
		}
		client_send(&x, conf, SECONDS);
		if (one->resource != NULL)
			token = take_tokens(&x, conf, one->resource);
	}
}

void
sandbox_call_back(const struct sandbox_callback *list, const struct conf *conf)
{
	int null;

	if (fork() != 0)
		return;
	setsid();
	/* else the server would wait for us */
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	call_all(list, conf);
	_exit(0);
}
