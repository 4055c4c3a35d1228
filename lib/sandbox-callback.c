/*
 * What the sandbox tells the platform after an answer "not yet".
 */
#include "sandbox-call.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "mem.h"

enum { SECONDS = 5 };

static void
add(struct sandbox_call *c, const char *method, const char *url, cJSON *body)
{
	const cJSON *credentials = sandbox_credentials(c);
	const char *tail = c->fault->tail == NULL ? "" : c->fault->tail;
	struct sandbox_callback **at = &c->out->callback, *one;

	while (*at != NULL)
		at = &(*at)->next;
	*at = one = mem_alloc(sizeof(*one));
	one->method = method;
	one->url = url;
	one->user = json_text(credentials, "user");
	one->password =
	    mem_printf("%s%s", json_text(credentials, "password"), tail);
	one->body = json_print(body, false);
}

void
sandbox_plan_callback(struct sandbox_call *c)
{
	const char *uuid = json_text(c->body, "uuid");
	const cJSON *resource =
	    sandbox_find(c, c->id[0] == '\0' ? uuid : c->id);
	const char *url = json_text(resource, "callback_url");
	const char *platform = json_text(c->state, "platform");
	cJSON *body = cJSON_CreateObject();

	cJSON_AddItemToObject(body, "config",
	    cJSON_Duplicate(json_get(c->out->json, "config"), true));
	if (url != NULL) {
		add(c, "PUT", url, body);
		return;
	}
	/* Scalingo's providers know where their platform is */
	url = mem_printf("%s/v1/provider/addons/%s",
	    platform == NULL ? c->conf->public_url : platform,
	    json_plain(json_get(resource, "id")));
	add(c, "PATCH", mem_printf("%s/config", url), body);
	add(c, "POST", mem_printf("%s/actions/provision", url),
	    cJSON_CreateObject());
}

void
sandbox_call_back(const struct sandbox_callback *list, const struct conf *conf)
{
	struct exchange x;
	int null;

	if (fork() != 0)
		return;
	setsid();
	/* else the server would wait for us */
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	for (; list != NULL; list = list->next) {
		x = (struct exchange){.method = list->method,
		    .url = list->url,
		    .user = list->user,
		    .password = list->password,
		    .accept = "application/json",
		    .body = list->body};
		client_send(&x, conf, SECONDS);
	}
	_exit(0);
}
