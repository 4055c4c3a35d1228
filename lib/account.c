#include "account.h"

#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"
#include "quota.h"

static const struct json_field token_fields[] = {
    JSON_FIELD(account_token, id, STRING, MUST),
    JSON_FIELD(account_token, name, STRING, MUST),
    JSON_FIELD(account_token, hash, STRING, MUST),
    JSON_FIELD(account_token, created_at, STRING, MUST),
    JSON_FIELD(account_token, renewed_at, STRING, OMIT),
};

static const struct json_shape token_shape =
    JSON_SHAPE_LIST(account_token, token_fields);

static const struct json_field fields[] = {
    JSON_FIELD(account, id, STRING, MUST),
    JSON_FIELD(account, name, STRING, MUST),
    JSON_FIELD(account, email, STRING, MUST),
    JSON_FIELD(account, paying, BOOL, MUST),
    JSON_FIELD(account, disabled, BOOL, OMIT),
    JSON_FIELD(account, operator, BOOL, OMIT),
    JSON_FIELD(account, notify_url, SECRET, OMIT),
    JSON_FIELD(account, notify_secret, SECRET, OMIT),
    JSON_FIELD(account, quota, ANY, OMIT),
    JSON_FIELD(account, created_at, STRING, MUST),
    JSON_FIELD_LIST(account, tokens, &token_shape),
};

static const struct json_shape shape = JSON_SHAPE_RECORD(account, fields, "id");

static bool
name_allowed(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strlen(name);

	return len > 0 && len <= ACCOUNT_NAME_MAX &&
	       strchr("_.-", name[0]) == NULL && strspn(name, letters) == len;
}

/* A record that holds the text could be read again: it is valid UTF-8. */
static bool
text_allowed(const char *text)
{
	const char *json = json_print(cJSON_CreateString(text), false);
	cJSON *again;

	return json_parse(&again, json, strlen(json)) == NULL;
}

bool
account_email_allowed(const char *email)
{
	const char *at = strrchr(email, '@'), *p;

	if (at == NULL || at == email || at[1] == '\0' ||
	    strlen(email) > ACCOUNT_EMAIL_MAX)
		return false;
	for (p = email; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '<' ||
		    *p == '>')
			return false;
	return text_allowed(email);
}

const struct fail *
account_new(struct account **out, const char *name, const char *email,
    bool paying)
{
	const struct fail *f = NULL;
	struct account *a;

	if (!name_allowed(name))
		f = fail_field(f, "name",
		    "must be 1 to %d lower-case letters, digits, '_', '.' "
		    "and '-', the first a letter or digit",
		    ACCOUNT_NAME_MAX);
	if (!account_email_allowed(email))
		f = fail_field(f, "email", "is no e-mail address");
	if (f != NULL)
		return f;
	a = mem_alloc(sizeof(*a));
	a->id = mem_printf("us-%s", hash_uuid());
	a->name = mem_copy(name);
	a->email = mem_copy(email);
	a->paying = paying;
	a->created_at = clock_text(clock_now());
	*out = a;
	return NULL;
}

/* The account in record, which has to be the one whose place path is. */
static const struct fail *
account_read(struct account **out, const char *path, const cJSON *record)
{
	struct account *a = mem_alloc(sizeof(*a));
	const struct fail *f;

	f = json_read(a, record, &shape);
	if (f != NULL)
		return fail(f->code, "%s: %s", path, f->text);
	if ((a->notify_url == NULL) != (a->notify_secret == NULL))
		return fail(FAIL_BUSY,
		    "%s: notify_url and notify_secret go together", path);
	if (!quota_fits(a->quota))
		return fail(FAIL_BUSY, "%s: quota is none", path);
	if (!name_allowed(a->name) ||
	    strcmp(store_path("accounts", a->name), path) != 0)
		return fail(FAIL_BUSY,
		    "%s: not a valid record: it names another account", path);
	*out = a;
	return NULL;
}

const struct fail *
account_again(cJSON **out, const struct store_record *record)
{
	const struct fail *f;
	struct account *a;

	f = account_read(&a, record->path, record->json);
	if (f == NULL && out != NULL)
		*out = json_write(a, &shape);
	return f;
}

const struct fail *
account_load(struct account **out, struct store *store, const char *name)
{
	struct store_record *record;
	const struct fail *f;

	if (!name_allowed(name))
		return fail_missing("account");
	f = store_read(&record, store, store_path("accounts", name));
	if (f != NULL)
		return f;
	if (record == NULL)
		return fail_missing("account");
	return account_read(out, record->path, record->json);
}

const struct fail *
account_load_token(struct account **out, const struct account_token **token,
    struct store *store, const char *text)
{
	const struct account_token *t, *found = NULL;
	const char *hash, *name;
	const struct fail *f;
	struct account *a;

	hash = hash_sha256(text, strlen(text));
	f = index_find(&name, store, mem_printf("token %s", hash));
	if (f != NULL)
		return f;
	if (name == NULL)
		return fail(FAIL_AUTH, "Invalid credentials");
	f = account_load(&a, store, name);
	if (f != NULL && f->code == FAIL_MISSING)
		return fail(FAIL_AUTH, "Invalid credentials");
	if (f != NULL)
		return f;
	/* the index is never trusted over the record */
	for (t = a->tokens; t != NULL; t = t->next)
		if (hash_equal(hash, t->hash))
			found = t;
	if (found == NULL)
		return fail(FAIL_AUTH, "Invalid credentials");
	*out = a;
	if (token != NULL)
		*token = found;
	return NULL;
}

/* A secret, and its hash in t. */
static const char *
secret_new(struct account_token *t)
{
	unsigned char random[36]; /* 48 characters of Base64 */
	const char *text;

	hash_random(random, sizeof(random));
	text = mem_printf(ACCOUNT_TOKEN_PREFIX "%s",
	    hash_base64url(random, sizeof(random)));
	t->hash = hash_sha256(text, strlen(text));
	return text;
}

const char *
account_token_renew(struct account_token *t)
{
	t->renewed_at = clock_text(clock_now());
	return secret_new(t);
}

const char *
account_token_add(struct account *a, const char *name)
{
	struct account_token *t = mem_alloc(sizeof(*t)), **tail = &a->tokens;
	const char *text = secret_new(t);

	t->id = hash_uuid();
	t->name = mem_copy(name);
	t->created_at = clock_text(clock_now());
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = t;
	return text;
}

struct account_token *
account_token_find(const struct account *a, const char *id)
{
	struct account_token *t = a->tokens;

	while (t != NULL && strcmp(t->id, id) != 0)
		t = t->next;
	return t;
}

bool
account_token_remove(struct account *a, const char *id)
{
	struct account_token **t = &a->tokens;

	while (*t != NULL && strcmp((*t)->id, id) != 0)
		t = &(*t)->next;
	if (*t == NULL)
		return false;
	*t = (*t)->next;
	return true;
}

void
account_put(struct store *store, const struct account *a)
{
	store_put(store, store_path("accounts", a->name),
	    json_write(a, &shape));
}

const char *
account_revision(const struct account *a)
{
	const char *text = json_print(json_show(a, &shape), true);

	return hash_blob(text, strlen(text));
}

struct walk {
	account_visit *visit;
	void *arg;
};

static const struct fail *
walk_record(void *arg, const struct store_record *record)
{
	const struct walk *walk = arg;
	const struct fail *f;
	struct account *a;

	f = account_read(&a, record->path, record->json);
	if (f != NULL)
		return f;
	return walk->visit(walk->arg, a);
}

const struct fail *
account_walk(struct store *store, account_visit *visit, void *arg)
{
	struct walk walk = {visit, arg};

	return store_scan(store, "accounts", walk_record, &walk);
}

cJSON *
account_view(const struct account *a)
{
	cJSON *view = cJSON_CreateObject();

	json_add_text(view, "id", a->id);
	json_add_text(view, "uuid", a->id);
	json_add_text(view, "username", a->name);
	json_add_text(view, "email", a->email);
	json_add_text(view, "fullname", a->name);
	cJSON_AddObjectToObject(view, "flags");
	cJSON_AddObjectToObject(view, "limits");
	return view;
}

const struct fail *
account_rows(struct index_rows *rows, const char *path, const cJSON *record)
{
	const struct account_token *t;
	const struct fail *f;
	struct account *a;

	f = account_read(&a, path, record);
	if (f != NULL)
		return f;
	for (t = a->tokens; t != NULL; t = t->next)
		index_key(rows, mem_printf("token %s", t->hash), a->name);
	return NULL;
}
