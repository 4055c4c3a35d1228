/* sutler account …, sutler app … */
#include "account.h"
#include "addon.h"
#include "app.h"
#include "clock.h"
#include "fail.h"
#include "hash.h"
#include "manifest.h"
#include "mem.h"
#include "quota.h"
#include "store-log.h"
#include "sutler.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct fail *
save(const struct call *c, struct account *a, const char *what)
{
	struct event e = event_new("%s: %s", a->name, what);

	account_put(c->act.store, a);
	return event_commit(NULL, &c->act, &e);
}

/* The account named first, under the lock. */
static const struct fail *
edit(struct account **a, const struct call *c)
{
	const struct fail *f = store_lock(c->act.store);

	if (f == NULL)
		f = account_load(a, c->act.store, c->argv[0]);
	if (f != NULL)
		store_unlock(c->act.store);
	return f;
}

static const struct fail *
account_add(const struct call *c)
{
	bool paying = call_option(c, "--paying") != NULL;
	const struct fail *f;
	struct account *a, *taken;
	const char *token;

	f = account_new(&a, c->argv[0], c->argv[1], paying);
	if (f == NULL)
		f = store_lock(c->act.store);
	if (f != NULL)
		return f;
	f = account_load(&taken, c->act.store, a->name);
	if (f == NULL)
		f = fail(FAIL_CONFLICT, "account %s exists already", a->name);
	else if (f->code == FAIL_MISSING)
		f = NULL;
	if (f != NULL) {
		store_unlock(c->act.store);
		return f;
	}
	token = account_token_add(a, "first token");
	f = save(c, a, "account added");
	if (f == NULL)
		puts(token);
	return f;
}

static const struct fail *
account_token(const struct call *c)
{
	const struct fail *f;
	struct account *a;
	const char *token;

	f = edit(&a, c);
	if (f != NULL)
		return f;
	token = account_token_add(a, c->argc > 1 ? c->argv[1] : "operator");
	f = save(c, a, "API token added");
	if (f == NULL)
		puts(token);
	return f;
}

static const struct fail *
set_disabled(const struct call *c, bool disabled)
{
	const struct fail *f;
	struct account *a;

	f = edit(&a, c);
	if (f != NULL)
		return f;
	a->disabled = disabled;
	return save(c, a, disabled ? "account disabled" : "account enabled");
}

static const struct fail *
account_disable(const struct call *c)
{
	return set_disabled(c, true);
}

static const struct fail *
account_enable(const struct call *c)
{
	return set_disabled(c, false);
}

/* Set the flag at that offset of the account named first, as the second word
 * says. */
static const struct fail *
set_flag(const struct call *c, size_t flag, const char *on, const char *off)
{
	bool value = strcmp(c->argv[1], "on") == 0;
	const struct fail *f;
	struct account *a;

	if (!value && strcmp(c->argv[1], "off") != 0)
		return fail(FAIL_SYNTAX, "say on or off, not %s", c->argv[1]);
	f = edit(&a, c);
	if (f != NULL)
		return f;
	*(bool *)((char *)a + flag) = value;
	return save(c, a, value ? on : off);
}

static const struct fail *
account_paying(const struct call *c)
{
	return set_flag(c, offsetof(struct account, paying),
	    "has a payment method", "has no payment method");
}

static const struct fail *
account_operator(const struct call *c)
{
	return set_flag(c, offsetof(struct account, operator), "is an operator",
	    "is no operator");
}

enum { NOTIFY_URL_MAX = 1000, SECRET_BYTES = 32 };

/* A new secret with every URL, so that an old receiver can forge nothing. */
static const struct fail *
account_notify(const struct call *c)
{
	const struct conf *conf = c->act.conf;
	const struct manifest_type *type =
	    conf->allow_http ? &manifest_url : &manifest_https;
	bool off = strcmp(c->argv[1], "off") == 0;
	const struct fail *f;
	struct account *a;

	if (!off && (strlen(c->argv[1]) > NOTIFY_URL_MAX ||
	                !type->fits(cJSON_CreateString(c->argv[1]))))
		return fail(FAIL_SYNTAX, "must be \"off\" or %s", type->want);
	f = edit(&a, c);
	if (f != NULL)
		return f;
	a->notify_url = off ? NULL : c->argv[1];
	a->notify_secret = off ? NULL : hash_random_hex(SECRET_BYTES);
	f = save(c, a, off ? "is not notified" : "is notified");
	if (f == NULL && !off)
		puts(a->notify_secret);
	return f;
}

/* What it has, and may have at most (null: no limit). */
static const struct fail *
show_quota(const struct call *c, const struct account *a)
{
	long use[CONF_QUOTAS], most;
	const struct fail *f = quota_use(use, c->act.store, a->name);
	cJSON *row;
	int i;

	for (i = 0; f == NULL && i < CONF_QUOTAS; i++) {
		most = quota_of(c->act.conf, a, (enum quota)i);
		row = cJSON_CreateObject();
		json_add_text(row, "quota", quota_name((enum quota)i));
		cJSON_AddNumberToObject(row, "has", (double)use[i]);
		if (most == 0)
			cJSON_AddNullToObject(row, "may_have");
		else
			cJSON_AddNumberToObject(row, "may_have", (double)most);
		call_row(c, row);
	}
	if (f == NULL)
		call_done(c);
	return f;
}

static const struct fail *
account_quota(const struct call *c)
{
	const struct fail *f;
	struct account *a;
	int i;

	f = edit(&a, c);
	for (i = 1; f == NULL && i < c->argc; i++)
		f = quota_set(a, c->argv[i]);
	if (f == NULL && c->argc > 1)
		f = save(c, a, "quota set");
	else if (f == NULL)
		f = show_quota(c, a);
	store_unlock(c->act.store);
	return f;
}

static cJSON *
account_row(const struct account *a)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "name", a->name);
	json_add_text(o, "email", a->email);
	json_add_text(o, "id", a->id);
	cJSON_AddBoolToObject(o, "paying", a->paying);
	cJSON_AddBoolToObject(o, "disabled", a->disabled);
	cJSON_AddBoolToObject(o, "operator", a->operator);
	json_add_text(o, "created_at", a->created_at);
	return o;
}

static const struct fail *
list_one(void *arg, const struct account *a)
{
	call_row(arg, account_row(a));
	return NULL;
}

static const struct fail *
account_list(const struct call *c)
{
	struct call copy = *c;
	const struct fail *f = account_walk(c->act.store, list_one, &copy);

	if (f == NULL)
		call_done(c);
	return f;
}

static const struct fail *
account_show(const struct call *c)
{
	const struct account_token *t;
	struct account *a;
	const struct fail *f = account_load(&a, c->act.store, c->argv[0]);
	cJSON *o, *tokens, *token;

	if (f != NULL)
		return f;
	o = account_row(a);
	json_add_text(o, "notify_url", a->notify_url);
	tokens = cJSON_AddArrayToObject(o, "tokens");
	for (t = a->tokens; t != NULL; t = t->next) {
		token = cJSON_CreateObject();
		json_add_text(token, "id", t->id);
		json_add_text(token, "name", t->name);
		json_add_text(token, "created_at", t->created_at);
		cJSON_AddItemToArray(tokens, token);
	}
	fputs(json_print(o, true), stdout);
	return NULL;
}

const struct command account_commands[] = {
    {"account add",                                      "NAME EMAIL [--paying]",
     "make an account; prints its API token, this once", 2, 2, false,
     account_add, {{"--paying", false}}},
    {"account list", "", "all accounts", 0, 0, false, account_list, {{0}}},
    {"account show",                                                 "NAME", "one account and its tokens' names", 1, 1, false,
     account_show, {{0}}},
    {"account disable",                                        "NAME", "end all its access, at once", 1, 1, false,
     account_disable, {{0}}},
    {"account enable",                                                  "NAME", "give it back", 1, 1, false, account_enable,
     {{0}}},
    {"account paying",                                                "NAME on|off", "whether it has a payment method", 2, 2,
     false, account_paying, {{0}}},
    {"account operator",                                                 "NAME on|off",
     "whether it is an operator: may push any provider's manifest, and see "
        "all", 2, 2, false, account_operator, {{0}}},
    {"account token",                                             "NAME [WHAT-FOR]",
     "one more API token; prints it, this once", 1, 2, false, account_token,
     {{0}}},
    {"account notify",                                             "NAME URL|off",
     "where its webhooks go, or that none do; prints their secret, this "
        "once", 2, 2, false, account_notify, {{0}}},
    {"account quota",                                     "NAME [apps=N|addons=N|variables=N|bytes=N …]",
     "how much it has and may have; set it: 0 is no limit, \"default\" what "
        "the configuration says", 1, 1 + CONF_QUOTAS, false, account_quota, {{0}}},
    {0              }
};
