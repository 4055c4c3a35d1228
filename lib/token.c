#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "hash.h"
#include "mem.h"

enum { TOKEN_TEXT_MAX = 4096 };

const struct fail *
token_key_new(const char *data)
{
	const char *path = mem_printf("%s/key", data);
	unsigned char key[TOKEN_KEY_SIZE];
	const struct fail *f = NULL;
	int fd;

	hash_random(key, sizeof(key));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 && errno == EEXIST)
		return fail(FAIL_CONFLICT, "%s exists", path);
	if (fd == -1)
		return fail_errno("%s", path);
	errno = EIO;
	if (write(fd, key, sizeof(key)) != (ssize_t)sizeof(key) ||
	    fsync(fd) == -1)
		f = fail_errno("%s", path);
	close(fd);
	if (f != NULL)
		unlink(path);
	return f;
}

/* The master key; one that others may read or change is none. */
static const struct fail *
key_read(unsigned char key[TOKEN_KEY_SIZE], const char *path)
{
	const struct fail *f = NULL;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return fail_errno("%s", path);
	if (fstat(fd, &st) == -1)
		f = fail_errno("%s", path);
	else if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		f = fail(FAIL_SYSTEM,
		    "%s: others may read or change it; chmod 600 it, and make "
		    "a new one if they did",
		    path);
	else if (!S_ISREG(st.st_mode) || st.st_size != TOKEN_KEY_SIZE ||
	         read(fd, key, TOKEN_KEY_SIZE) != TOKEN_KEY_SIZE)
		f = fail(FAIL_SYSTEM, "%s: not a key of %d bytes", path,
		    TOKEN_KEY_SIZE);
	close(fd);
	return f;
}

const struct fail *
token_key(unsigned char key[TOKEN_KEY_SIZE], const struct store *store,
    const char *purpose)
{
	unsigned char master[TOKEN_KEY_SIZE];
	const struct fail *f;

	f = key_read(master, mem_printf("%s/key", store_data(store)));
	if (f != NULL)
		return f;
	hash_hmac_sha256(key, master, sizeof(master), purpose, strlen(purpose));
	explicit_bzero(master, sizeof(master));
	return NULL;
}

/* *out = the signature of the len bytes at text, as it stands in a token. */
static const struct fail *
sign(const char **out, const struct store *store, const char *purpose,
    const char *text, size_t len)
{
	unsigned char key[TOKEN_KEY_SIZE], mac[HASH_SHA512_SIZE];
	const struct fail *f;

	f = token_key(key, store, purpose);
	if (f != NULL)
		return f;
	hash_hmac_sha512(mac, key, sizeof(key), text, len);
	explicit_bzero(key, sizeof(key));
	*out = hash_base64url(mac, sizeof(mac));
	return NULL;
}

/* The claims that both kinds have. */
static cJSON *
claims_new(const struct account *a, int64_t now)
{
	double iat = (double)(now / 1000);
	cJSON *claims = cJSON_CreateObject();

	json_add_text(claims, "iss", "Scalingo");
	cJSON_AddNumberToObject(claims, "iat", iat);
	json_add_text(claims, "uuid", a->id);
	json_add_text(claims, "rnd", hash_random_hex(16));
	cJSON_AddNumberToObject(claims, "exp", iat + TOKEN_SECONDS);
	json_add_text(claims, "sub", a->name);
	return claims;
}

const struct fail *
token_sign(const char **out, const struct store *store, const char *purpose,
    const cJSON *claims)
{
	static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"HS512\"}";
	const char *text = json_print(claims, false), *signature;
	const struct fail *f;

	text = mem_printf("%s.%s", hash_base64url(head, strlen(head)),
	    hash_base64url(text, strlen(text)));
	f = sign(&signature, store, purpose, text, strlen(text));
	if (f == NULL)
		*out = mem_printf("%s.%s", text, signature);
	return f;
}

const struct fail *
token_make(const char **out, const struct store *store, const struct account *a,
    const char *tid, int64_t now)
{
	const struct account_token *t = account_token_find(a, tid);
	cJSON *claims = claims_new(a, now);

	json_add_text(claims, "tid", tid);
	if (t != NULL && t->renewed_at != NULL)
		json_add_text(claims, "ren", t->renewed_at);
	return token_sign(out, store, "user token", claims);
}

const struct fail *
token_make_addon(const char **out, const struct store *store,
    const struct account *a, const char *addon_id, int64_t now)
{
	cJSON *claims = claims_new(a, now);

	json_add_text(claims, "addon_uuid", addon_id);
	return token_sign(out, store, "addon token", claims);
}

static const struct fail *
refused(void)
{
	return fail(FAIL_AUTH, "Invalid credentials");
}

/* The JSON object that the len characters of Base64 at text hold, or NULL. */
static cJSON *
part(const char *text, size_t len)
{
	cJSON *json;
	size_t size;
	char *bytes;

	bytes = hash_unbase64(&size, text, len);
	if (bytes == NULL || json_parse(&json, bytes, size) != NULL)
		return NULL;
	return cJSON_IsObject(json) ? json : NULL;
}

const struct fail *
token_verify(cJSON **out, const struct store *store, const char *purpose,
    const char *text)
{
	const char *dot = strchr(text, '.'), *last = strrchr(text, '.');
	const char *signature, *alg;
	const struct fail *f;
	cJSON *head;

	if (dot == NULL || dot == last || strchr(dot + 1, '.') != last ||
	    strlen(text) > TOKEN_TEXT_MAX)
		return refused();
	f = sign(&signature, store, purpose, text, (size_t)(last - text));
	if (f != NULL)
		return f;
	if (!hash_equal(signature, last + 1))
		return refused();
	head = part(text, (size_t)(dot - text));
	alg = json_text(head, "alg");
	*out = part(dot + 1, (size_t)(last - dot - 1));
	if (alg == NULL || strcmp(alg, "HS512") != 0 || *out == NULL ||
	    json_get(head, "crit") != NULL) /* RFC 7515, 4.1.11 */
		return refused();
	return NULL;
}

/* True where t has not been renewed since it was exchanged for claims. */
static bool
is_current(const cJSON *claims, const struct account_token *t)
{
	const char *then = json_text(claims, "ren");

	return t->renewed_at == NULL ||
	       (then != NULL && strcmp(then, t->renewed_at) == 0);
}

const struct fail *
token_account(struct account **out, const struct account_token **token,
    struct store *store, const char *text, int64_t now)
{
	const char *iss, *uuid, *sub, *tid;
	const struct account_token *t;
	const struct fail *f;
	struct account *a;
	cJSON *claims = NULL, *exp;

	f = token_verify(&claims, store, "user token", text);
	if (f != NULL)
		return f;
	iss = json_text(claims, "iss");
	uuid = json_text(claims, "uuid");
	sub = json_text(claims, "sub");
	tid = json_text(claims, "tid");
	exp = json_get(claims, "exp");
	if (iss == NULL || strcmp(iss, "Scalingo") != 0 || uuid == NULL ||
	    sub == NULL || tid == NULL || !cJSON_IsNumber(exp) ||
	    !(exp->valuedouble * 1000 > (double)now))
		return refused();
	f = account_load(&a, store, sub);
	if (f != NULL)
		return f->code == FAIL_MISSING ? refused() : f;
	t = account_token_find(a, tid);
	if (strcmp(a->id, uuid) != 0 || a->disabled || t == NULL ||
	    !is_current(claims, t))
		return refused();
	*out = a;
	if (token != NULL)
		*token = t;
	return NULL;
}
