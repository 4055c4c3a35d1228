/* sutler secrets: sealing at rest, on and off, its keys, and what is forgotten
 */
#include "fail.h"
#include "history-forget.h"
#include "mem.h"
#include "owner.h"
#include "record.h"
#include "secret-row.h"
#include "secret.h"
#include "sutler.h"
#include "sutler-secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Opening what there is */

static const struct fail *
look_at_one(void *arg, const struct store_record *record)
{
	struct findings *n = arg;
	const size_t forgotten = secret_counted()->forgotten;
	const struct fail *f = record_again(NULL, record);

	if (f != NULL && f->code == FAIL_SYSTEM)
		return f;
	if (n != NULL && f != NULL)
		finding_fault(n, record->path, f->text, NULL);
	if (n != NULL && f == NULL && secret_counted()->forgotten > forgotten)
		finding_harmless(n, record->path, "has a forgotten value",
		    "such a variable is none");
	return NULL;
}

const struct fail *
sutler_secret_check(struct store *s, struct findings *n)
{
	static const char *const kinds[] = {"accounts", "apps", "providers",
	    "open"};
	const struct fail *f = NULL;
	size_t i;

	for (i = 0; f == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		f = store_scan(s, kinds[i], look_at_one, n);
	return f;
}

/* The store, by who may use it; *fd (may be NULL): the key file, opened while
 * we are root still. */
static const struct fail *
open_all(struct act *act, int *fd, const struct call *c)
{
	struct conf *conf;
	const struct fail *f = call_conf(&conf, c);
	uint64_t rows = 0;

	act->conf = conf;
	if (f == NULL && fd != NULL && access(conf->secrets_key, F_OK) != 0)
		f = secret_row_count(&rows, conf);
	if (f == NULL && rows > 0)
		f = fail(FAIL_CONFLICT,
		    "%s is missing, and %s/keys has rows that only it opens:"
		    " restore it",
		    conf->secrets_key, conf->data);
	if (f == NULL && fd != NULL)
		f = secret_key_open(fd, conf);
	if (f == NULL)
		f = owner_become(conf->data);
	return f == NULL ? record_store(&act->store, conf) : f;
}

static const char *
quoted(const char *path)
{
	struct mem_text t = {0};

	for (mem_puts(&t, "'"); *path != '\0'; path++)
		if (*path == '\'')
			mem_puts(&t, "'\\''");
		else
			mem_add(&t, path, 1);
	mem_puts(&t, "'");
	return t.text;
}

const struct fail *
sutler_secret_show(struct store *s, const struct conf *conf)
{
	char *file = realpath(conf->file, NULL);
	const char *command;

	if (file == NULL)
		return fail_errno("cannot find %s", conf->file);
	command = mem_printf("%s --conf %s unseal",
	    quoted(mem_printf("%s/sutler", conf->libexec)), quoted(file));
	free(file);
	return store_show_by(s, command);
}

static void
print_object(const struct call *c, const cJSON *o)
{
	const cJSON *member;

	if (c->json)
		fputs(json_print(o, true), stdout);
	else
		cJSON_ArrayForEach(member, o)
			if (!cJSON_IsNull(member))
				printf("%-10s %s\n", member->string,
				    json_plain(member));
}

/* Migration */

static const struct fail *
migrate(const struct call *c, const struct act *act, const char *subject)
{
	struct store_message message = event_message(act, subject);
	store_tell *tell = call_watcher();
	cJSON *o = cJSON_CreateObject();
	struct store_bulk done;
	const struct fail *f;

	f = store_bulk(&done, act->store, &message, record_again, tell);
	if (tell != NULL)
		fputc('\n', stderr);
	if (f != NULL)
		return f;
	cJSON_AddNumberToObject(o, "records", (double)done.records);
	cJSON_AddNumberToObject(o, "changed", (double)done.changed);
	cJSON_AddNumberToObject(o, "left", (double)done.left);
	json_add_text(o, "commit", done.commit[0] == '\0' ? NULL : done.commit);
	print_object(c, o);
	if (done.left > 0)
		return fail(FAIL_CONFLICT,
		    "%zu records are left as they are: mend them (sutler fsck),"
		    " and do it again",
		    done.left);
	return NULL;
}

const struct fail *
sutler_secret_first_key(int fd, const struct conf *conf)
{
	struct secret_keys keys;
	const struct fail *f = secret_key_read(&keys, conf);

	if (f == NULL || keys.count > 0)
		return f;
	f = secret_key_add(fd, conf);
	return f == NULL ? secret_key_read(&keys, conf) : f;
}

static const struct fail *
wants(const struct act *act, bool sealed)
{
	const char *word = sealed ? "sealed" : "clear";

	if (act->conf->sealed == sealed)
		return NULL;
	return fail(FAIL_CONFLICT,
	    "%s does not say secrets = %s: set that first, so that what is"
	    " written meanwhile is, too",
	    act->conf->file, word);
}

static const struct fail *
seal(const struct call *c)
{
	struct act act = {0};
	struct conf *conf;
	const struct fail *f = call_conf(&conf, c);
	int fd;

	act.conf = conf;
	if (f == NULL)
		f = wants(&act, true);
	if (f == NULL)
		f = open_all(&act, &fd, c);
	if (f == NULL)
		f = sutler_secret_first_key(fd, act.conf);
	if (f == NULL)
		f = sutler_secret_show(act.store, act.conf);
	return f == NULL ? migrate(c, &act, "sutler: secrets sealed") : f;
}

static const struct fail *
unseal_all(const struct call *c)
{
	const struct fail *f = wants(&c->act, false);

	if (f == NULL)
		f = migrate(c, &c->act, "sutler: secrets in clear");
	if (f == NULL && !c->json)
		puts("the history is still sealed: key file and keys stay");
	return f;
}

/* Keys */

/* Every row by the last key: one batch, one lock. */
static const struct fail *
wrap_all(size_t *done, const struct act *act)
{
	uint64_t next = 0, rows = 1;
	struct secret_keys keys;
	const struct fail *f = NULL;

	while (f == NULL && next < rows) {
		f = store_lock(act->store);
		if (f != NULL)
			return f;
		f = secret_key_read(&keys, act->conf);
		if (f == NULL)
			f = secret_row_count(&rows, act->conf);
		if (f == NULL && next < rows)
			f = secret_row_wrap(&next, done, act->conf, &keys,
			    next);
		/* half a row at the end is nobody's */
		if (f == NULL && next + 1 == rows)
			next = rows;
		store_unlock(act->store);
	}
	return f;
}

/* Under the lock: nothing needs the old keys any more. */
static const struct fail *
drop(size_t *dropped, int fd, const struct act *act)
{
	struct secret_keys keys;
	struct secret_rows rows;
	const struct fail *f = store_lock(act->store);

	if (f != NULL)
		return f;
	f = secret_key_read(&keys, act->conf);
	if (f == NULL)
		f = secret_row_look(&rows, act->conf, &keys);
	if (f == NULL && rows.old + rows.locked > 0)
		f = fail(FAIL_BUSY, "rows of an old key are left: again");
	if (f == NULL)
		f = secret_key_drop(dropped, fd, act->conf);
	store_unlock(act->store);
	return f;
}

static const struct fail *
rotate(const struct call *c)
{
	bool dropping = call_option(c, "--drop-old") != NULL;
	cJSON *o = cJSON_CreateObject();
	size_t wrapped = 0, dropped = 0;
	struct act act = {0};
	const struct fail *f;
	int fd;

	f = open_all(&act, &fd, c);
	if (f == NULL && !dropping)
		f = secret_key_add(fd, act.conf);
	if (f == NULL)
		f = wrap_all(&wrapped, &act);
	if (f == NULL && dropping)
		f = drop(&dropped, fd, &act);
	if (f != NULL)
		return f;
	cJSON_AddNumberToObject(o, "wrapped", (double)wrapped);
	cJSON_AddNumberToObject(o, "dropped", (double)dropped);
	print_object(c, o);
	if (!c->json)
		puts(dropping ? "backups of DATA/keys made before need the old"
		                " key: make a new one"
		              : "the old keys are needed no more: sutler"
		                " secrets rotate --drop-old");
	return NULL;
}

/* Values */

static const struct fail *
forget(const struct call *c)
{
	struct history_forgotten done;
	cJSON *o = cJSON_CreateObject();
	const struct fail *f;

	f = history_forget(&done, &c->act, c->argv[0], c->argv[1],
	    call_option(c, "--commit"));
	if (f != NULL)
		return f;
	cJSON_AddNumberToObject(o, "forgotten", (double)done.forgotten);
	cJSON_AddNumberToObject(o, "before", (double)done.before);
	cJSON_AddNumberToObject(o, "clear", (double)done.clear);
	print_object(c, o);
	if (done.clear > 0)
		return fail(FAIL_CONFLICT,
		    "%zu commits, the latest %.12s, have a value of %s in "
		    "clear:"
		    " git filter-repo takes it out (see README)",
		    done.clear, done.commit, c->argv[1]);
	if (!c->json && done.current)
		printf("the current value of %s stays\n", c->argv[1]);
	return NULL;
}

static const struct fail *
status(const struct call *c)
{
	const struct conf *conf = c->act.conf;
	const struct secret_counts *n = secret_counted();
	cJSON *o = cJSON_CreateObject();
	struct secret_keys keys;
	struct secret_rows rows = {0};
	const struct fail *f, *trouble;

	trouble = secret_key_read(&keys, conf);
	f = secret_row_look(&rows, conf, &keys);
	if (f == NULL)
		f = sutler_secret_check(c->act.store, NULL);
	if (f != NULL && trouble == NULL)
		return f;
	json_add_text(o, "secrets", conf->sealed ? "sealed" : "clear");
	json_add_text(o, "key_file", conf->secrets_key);
	json_add_text(o, "trouble",
	    trouble != NULL && (conf->sealed || rows.rows > 0) ? trouble->text
	                                                       : NULL);
	cJSON_AddNumberToObject(o, "keys", (double)keys.count);
	cJSON_AddNumberToObject(o, "rows", (double)rows.rows);
	cJSON_AddNumberToObject(o, "old", (double)rows.old);
	cJSON_AddNumberToObject(o, "locked", (double)rows.locked);
	cJSON_AddNumberToObject(o, "forgotten", (double)rows.forgotten);
	if (f == NULL) {
		cJSON_AddNumberToObject(o, "sealed", (double)n->sealed);
		cJSON_AddNumberToObject(o, "clear", (double)n->clear);
		cJSON_AddNumberToObject(o, "broken", (double)n->broken);
	}
	print_object(c, o);
	return NULL;
}

const struct command secret_commands[] = {
    {"secrets seal",                                          "",
     "seal every secret, as one commit; makes the first key", 0, 0, true,
     seal, {{0}}},
    {"secrets clear", "", "put every secret in clear again, as one commit", 0,
     0, false, unseal_all, {{0}}},
    {"secrets rotate",                                                      "[--drop-old]",
     "a new master key; or, once that is done, the old ones go", 0, 0, true,
     rotate, {{"--drop-old", false}}},
    {"secrets forget",                                                    "APP NAME [--commit ID]",
     "destroy a variable's former values in all of history", 2, 2, false,
     forget, {{"--commit", true}}},
    {"secrets",                                                       "", "how secrets are kept, and how many", 0, 0, false, status,
     {{0}}},
    {0                                                    }
};
