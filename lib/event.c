#include "event.h"
#include "account.h"
#include "conf.h"
#include "dry-run.h"
#include "notify.h"
#include "provider.h"
#include "quota.h"
#include "webhook.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A commit message is lines: nothing in it may end one. */
static const char *
one_line(char *text)
{
	char *p;

	for (p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	return text;
}

struct event
event_new(const char *format, ...)
{
	struct event e = {0};
	va_list args;

	va_start(args, format);
	e.subject = one_line(mem_vprintf(format, args));
	va_end(args);
	return e;
}

void
event_app(struct event *e, const char *id, const char *name)
{
	e->app = mem_printf("%s %s", id, name);
}

void
event_addon(struct event *e, const char *id)
{
	e->addon = id;
}

void
event_exchange(struct event *e, const char *ids)
{
	size_t len;

	for (; ids != NULL && *ids != '\0'; ids += len + (ids[len] == ' ')) {
		len = strcspn(ids, " ");
		mem_addf(&e->trailers, "Exchange: %.*s\n", (int)len, ids);
	}
}

const char *
event_trailer(const char **rest, const char *name)
{
	size_t len = strlen(name), line;
	const char *p;

	while (**rest != '\0') {
		p = *rest;
		line = strcspn(p, "\n");
		*rest = p + line + (p[line] != '\0');
		if (strncmp(p, name, len) == 0 &&
		    strncmp(p + len, ": ", 2) == 0)
			return mem_dup(p + len + 2, line - len - 2);
	}
	return NULL;
}

const char *
event_first(const char *message, const char *name)
{
	return event_trailer(&message, name);
}

void
event_add(struct event *e, const char *type, const cJSON *data)
{
	cJSON *line = cJSON_CreateObject();
	const cJSON *child;

	cJSON_AddStringToObject(line, "type", type);
	cJSON_ArrayForEach(child, data)
		cJSON_AddItemToObject(line, child->string,
		    cJSON_Duplicate(child, true));
	mem_addf(&e->trailers, "Event: %s\n", json_print(line, false));
}

/* The operator's name: who runs the command. */
static const char *
operator_name(void)
{
	const struct passwd *user = getpwuid(getuid());
	const char *name = getenv("SUDO_USER");

	if (name == NULL || name[0] == '\0')
		name = user == NULL ? "operator" : user->pw_name;
	return one_line(mem_copy(name));
}

/* Name, address and Actor: trailer of who acts. */
static void
describe(struct store_message *m, const char **actor, const struct act *act)
{
	if (act->account != NULL) {
		m->author_name = act->account->name;
		m->author_email = act->account->email;
		*actor = mem_printf("user %s %s", act->account->id,
		    act->account->name);
	} else if (act->provider != NULL) {
		m->author_name = act->provider->name;
		m->author_email = mem_printf("%s@addons.%s",
		    act->provider->slug, act->conf->host);
		*actor = mem_printf("provider %s", act->provider->slug);
	} else {
		m->author_name = operator_name();
		m->author_email =
		    mem_printf("%s@%s", m->author_name, act->conf->host);
		*actor = mem_printf("operator %s", m->author_name);
	}
}

struct store_message
event_message(const struct act *act, const char *subject)
{
	struct store_message m = {0};
	const char *actor;

	describe(&m, &actor, act);
	m.text = mem_printf("%s\n\nActor: %s\n", subject, actor);
	return m;
}

const struct fail *
event_commit(const char **id, const struct act *act, struct event *e)
{
	struct store_message m = {0};
	const struct fail *f = NULL;
	struct mem_text t = {0};
	const char *actor, *made;

	if (!act->settles && !e->settles)
		f = quota_check(act);
	if (f != NULL) {
		store_unlock(act->store);
		return f;
	}
	if (act->dry_run != NULL)
		return dry_run_note(act, e);
	describe(&m, &actor, act);
	if (e->about != NULL &&
	    (act->account == NULL ||
	        strcmp(act->account->name, e->about->owner) != 0))
		notify_put(act, e, actor);
	if (e->about != NULL)
		webhook_put(act, e, actor, m.author_email);
	if (e->author != NULL) {
		m.author_name = e->author;
		m.author_email = e->email;
	}
	mem_addf(&t, "%s\n\n", e->subject);
	if (e->app != NULL)
		mem_addf(&t, "App: %s\n", e->app);
	if (e->addon != NULL)
		mem_addf(&t, "Addon: %s\n", e->addon);
	mem_addf(&t, "Actor: %s\n", actor);
	if (act->request_id != NULL)
		mem_addf(&t, "Request-Id: %s\n", act->request_id);
	if (e->trailers.len > 0)
		mem_puts(&t, e->trailers.text);
	m.text = t.text;
	f = store_commit(&made, act->store, &m);
	if (f != NULL)
		return f;
	if (id != NULL)
		*id = made;
	if (act->trace != NULL && made[0] != '\0')
		memcpy(act->trace->commit, made,
		    sizeof(act->trace->commit) - 1);
	return NULL;
}

const struct fail *
event_match(const struct act *act, const char *what, const char *revision)
{
	if (act->if_match == NULL || strcmp(act->if_match, revision) == 0)
		return NULL;
	return fail(FAIL_STALE,
	    "the %s has changed since revision %s: read it again", what,
	    act->if_match);
}
