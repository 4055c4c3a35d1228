#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "fail.h"
#include "json.h"
#include "mem.h"
#include "secret-row.h"
#include "secret.h"
#include "tap.h"

static char dir[] = "/tmp/test-secret.XXXXXX";
static struct conf conf, clear_conf;

static const char *
path(const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static long
rows(void)
{
	struct stat st;

	return stat(path("data/keys"), &st) == 0 ? (long)st.st_size / SEAL_ROW
	                                         : 0;
}

/* text, sealed in a commit of its own. */
static const char *
sealed(const char *whose, const char *name, const char *text)
{
	const char *out;

	secret_begin(false);
	out = secret_seal(whose, name, text, false);
	if (secret_promise(true) != NULL)
		out = "";
	secret_end();
	return out;
}

/* What opens of text, or how it fails. */
static const char *
opened(const char *whose, const char *text)
{
	struct secret s;
	const struct fail *f = secret_open(&s, whose, "X", text);

	return f == NULL ? s.clear : f->code == FAIL_BUSY ? NULL : f->text;
}

static void
test_text(void)
{
	static const unsigned char key[SEAL_KEY] = {1}, other[SEAL_KEY] = {2};
	const char *text = seal_text(7, key, "app", "s3cret", false), *value;
	char *bad = mem_copy(text);
	size_t i, opens = 0;
	uint64_t number;
	bool json;

	ok(strncmp(text, "sutler-sealed:1:7:", 18) == 0, "%s", text);
	ok(strstr(text, "s3cret") == NULL, "nothing of it shows");
	ok(seal_number(&number, text) && number == 7, "its row");
	ok(seal_open(&value, &json, text, key, "app") && !json, "opens");
	is(value, "s3cret", "to what it was");
	ok(!seal_open(&value, &json, text, other, "app"), "by its key alone");
	ok(!seal_open(&value, &json, text, key, "ap"), "in its record alone");
	for (i = 0; bad[i] != '\0'; i++) {
		bad[i] ^= 1;
		opens += seal_open(&value, &json, bad, key, "app");
		bad[i] ^= 1 ^ 32;
		opens += seal_open(&value, &json, bad, key, "app");
		bad[i] ^= 32;
	}
	ok(opens == 0, "no byte of it can be changed");
	for (i = strlen(bad); i > 0; i--) {
		bad[i - 1] = '\0';
		opens += seal_open(&value, &json, bad, key, "app");
	}
	ok(opens == 0, "or be missing");
	for (i = 0; text[i] != '\0'; i++)
		bad[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	ok(strcmp(bad, text) == 0 || !seal_open(&value, &json, bad, key, "app"),
	    "nor spelt otherwise");
	ok(!seal_open(&value, &json, mem_printf("%s=", text), key, "app"),
	    "nor longer");
	text = seal_text(7, key, "app", "[1]", true);
	ok(seal_open(&value, &json, text, key, "app") && json, "JSON, too");
	is(value, "[1]", "as it was");
	text = seal_text(0, key, "app", "", false);
	ok(seal_open(&value, &json, text, key, "app"), "an empty one");
	is(value, "", "is empty");
	ok(strcmp(seal_text(0, key, "app", "x", false),
	       seal_text(0, key, "app", "x", false)) != 0,
	    "the same twice is not the same");
	ok(!seal_number(&number, "sutler-sealed:1:07:") &&
	        !seal_number(&number, "sutler-sealed:1::") &&
	        !seal_number(&number, "sutler-sealed:1:-1:") &&
	        !seal_number(&number, "sutler-sealed:2:1:") &&
	        !seal_number(&number, "sutler-sealed:1:99999999999999999999:"),
	    "numbers that are none");
}

static void
test_row(void)
{
	const struct seal_master master = {0x12345678, {3}};
	struct seal_master other = master;
	unsigned char row[SEAL_ROW], key[SEAL_KEY] = {4}, out[SEAL_KEY];
	size_t i, opens = 0;

	seal_wrap(row, &master, 5, key);
	ok(seal_row_master(row) == master.id, "a row names its master key");
	ok(seal_unwrap(out, &master, 5, row) && memcmp(out, key, SEAL_KEY) == 0,
	    "which opens it");
	ok(!seal_unwrap(out, &master, 6, row), "in its place alone");
	other.key[9] = 1;
	ok(!seal_unwrap(out, &other, 5, row), "another key does not");
	for (i = 0; i < SEAL_ROW; i++) {
		row[i] ^= 1;
		opens += seal_unwrap(out, &master, 5, row);
		row[i] ^= 1;
	}
	ok(opens == 0, "no byte of it can be changed");
}

static void
put(const char *name, const char *text, mode_t mode)
{
	int fd;

	unlink(path(name));
	fd = open(path(name), O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) != 0)
		abort();
	close(fd);
}

#define KEY64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void
test_key_file(void)
{
	struct secret_keys keys;
	const struct fail *f;
	size_t dropped;
	int fd;

	f = secret_key_read(&keys, &conf);
	ok(f != NULL && strstr(f->text, "is missing: sutler secrets seal"),
	    "no key file: %s", f == NULL ? "" : f->text);
	put("sutler.key", "# a comment\n\n0000000a " KEY64 " 2026-01-01\n",
	    0600);
	ok(secret_key_read(&keys, &conf) == NULL && keys.count == 1 &&
	        keys.all[0].id == 10 && keys.all[0].key[31] == 0x1f,
	    "a key");
	chmod(path("sutler.key"), 0640);
	ok(secret_key_read(&keys, &conf) == NULL, "a group may read it");
	chmod(path("sutler.key"), 0644);
	f = secret_key_read(&keys, &conf);
	ok(f != NULL && strstr(f->text, "chmod 600"), "others may not");
	chmod(path("sutler.key"), 0660);
	ok(secret_key_read(&keys, &conf) != NULL, "nor may a group write it");
	put("sutler.key", "0000000a " KEY64, 0600);
	ok(secret_key_read(&keys, &conf) != NULL,
	    "a line without its end is none");
	put("sutler.key", "00000000 " KEY64 " x\n", 0600);
	ok(secret_key_read(&keys, &conf) != NULL, "nor is one without an id");
	put("sutler.key", "0000000a " KEY64 "0 x\n", 0600);
	f = secret_key_read(&keys, &conf);
	ok(f != NULL && strstr(f->text, "sutler.key:1: no key") &&
	        strstr(f->text, "1e1f") == NULL,
	    "nor one too long; it is named, not shown");
	put("sutler.key", "0000000a " KEY64 " 1\n0000000a " KEY64 " 2\n", 0600);
	ok(secret_key_read(&keys, &conf) != NULL,
	    "nor one that is there twice");
	put("data/sutler.key", "0000000a " KEY64 " 1\n", 0600);
	conf.secrets_key = path("data/sutler.key");
	f = secret_key_read(&keys, &conf);
	ok(f != NULL && strstr(f->text, "lies in the data directory"),
	    "nor beside what it seals");
	unlink(path("data/sutler.key"));
	f = secret_key_open(&fd, &conf);
	ok(f != NULL && access(conf.secrets_key, F_OK) != 0,
	    "nor is it made there");
	conf.secrets_key = path("sutler.key");
	unlink(conf.secrets_key);
	ok(secret_key_open(&fd, &conf) == NULL &&
	        secret_key_add(fd, &conf) == NULL &&
	        secret_key_read(&keys, &conf) == NULL && keys.count == 1,
	    "one is made");
	if (write(fd, "", 0) != 0 || lseek(fd, 0, SEEK_END) < 0 ||
	    write(fd, "0000", 4) != 4)
		abort();
	ok(secret_key_add(fd, &conf) == NULL &&
	        secret_key_read(&keys, &conf) == NULL && keys.count == 2,
	    "another one, over what is left of a line");
	ok(secret_key_drop(&dropped, fd, &conf) == NULL && dropped == 1,
	    "the old one is dropped");
	f = secret_key_read(&keys, &conf);
	ok(f == NULL && keys.count == 1, "the new one is there");
	close(fd);
}

static void
test_pair(void)
{
	const char *one, *two, *text;
	struct secret s;
	long before;

	secret_use(&clear_conf);
	secret_begin(false);
	is(secret_seal("app", "A", "v", false), "v", "in clear: as it is");
	text = secret_seal("app", "A", "sutler-sealed:1:0:x", false);
	is(text, "sutler-clear:sutler-sealed:1:0:x", "but for what looks so");
	is(opened("app", text), "sutler-sealed:1:0:x", "which opens");
	text = secret_seal("app", "B", "sutler-clear:y", false);
	is(text, "sutler-clear:sutler-clear:y", "and so");
	is(opened("app", text), "sutler-clear:y", "which opens, too");
	secret_end();
	ok(rows() == 0, "no row is made in clear");

	secret_use(&conf);
	secret_begin(false);
	one = secret_seal("app", "A", "v", false);
	ok(secret_is_sealed(one), "sealed");
	is(secret_seal("app", "A", "v", false), one, "the same again");
	two = secret_seal("app", "B", "v", false);
	ok(strcmp(one, two) != 0, "another name's is another text");
	is(opened("app", two), "v", "open before they are written");
	ok(rows() == 0, "no row is written before the commit");
	secret_end();
	is(opened("app", one), NULL, "one that was not committed is lost");
	one = sealed("app", "A", "v");
	ok(rows() == 1, "a commit writes its row");
	is(opened("app", one), "v", "it opens");
	is(opened("other", one), NULL, "not in another record");
	is(opened(NULL, one), NULL, "nor in none");
	text = sealed("app", "A", "sutler-clear:z");
	is(opened("app", text), "sutler-clear:z", "what looks like ours");
	is(opened("app", "sutler-sealed:1:99:AAAA"), NULL, "no such row");
	is(opened("app", "sutler-sealed:x"), NULL, "nothing of ours");

	before = rows();
	secret_begin(false);
	is(opened("app", one), "v", "read under the lock");
	is(secret_seal("app", "X", "v", false), one, "written as it was");
	is(opened("app", "plain"), "plain", "a clear one, found so");
	is(secret_seal("app", "X", "plain", false), "plain", "stays so");
	ok(secret_is_sealed(secret_seal("app", "X", "new", false)),
	    "a new one is sealed");
	secret_end();
	ok(rows() == before, "no commit, no row");
	secret_begin(true);
	is(opened("app", "plain"), "plain", "written anew");
	ok(secret_is_sealed(secret_seal("app", "X", "plain", false)),
	    "it is as the configuration wants it");
	secret_end();

	secret_begin(false);
	text = secret_seal("app", "N", "12", true);
	ok(secret_promise(true) == NULL &&
	        secret_open(&s, "app", "N", text) == NULL && s.json,
	    "a number stays one");
	secret_end();
	secret_blind(true);
	is(opened("x", one), one, "to the blind it is a text");
	secret_blind(false);
	secret_seal("app", "A", "v", false);
	ok(secret_trouble() != NULL, "not without the lock");
	secret_begin(false);
	ok(secret_trouble() == NULL, "which is forgotten with it");
	secret_end();
}

static void
test_forget(void)
{
	const char *text = sealed("app", "A", "gone"), *kept;
	struct secret_rows all;
	struct secret_keys keys;
	uint64_t number;
	struct secret s;
	bool was;

	kept = sealed("app", "B", "kept");
	ok(seal_number(&number, text) &&
	        secret_row_forget(&was, &conf, number) == NULL && was,
	    "a row is forgotten");
	ok(secret_row_forget(&was, &conf, number) == NULL && !was, "only once");
	ok(secret_row_forget(&was, &conf, 1 << 20) == NULL && !was,
	    "one that is not there is not");
	ok(secret_open(&s, "app", "A", text) == NULL && s.forgotten,
	    "then its text opens no more");
	is(s.clear, SECRET_FORGOTTEN, "and says so");
	is(opened("app", kept), "kept", "the next one does");
	ok(secret_key_read(&keys, &conf) == NULL &&
	        secret_row_look(&all, &conf, &keys) == NULL &&
	        all.rows == (uint64_t)rows() && all.forgotten == 1 &&
	        all.old == 0 && all.locked == 0,
	    "counted");
}

static void
test_rotate(void)
{
	const char *text = sealed("app", "A", "v"), *later;
	struct secret_keys keys;
	struct secret_rows all;
	uint64_t next = 0;
	size_t done = 0, dropped;
	int fd;

	if (secret_key_open(&fd, &conf) != NULL)
		abort();
	ok(secret_key_add(fd, &conf) == NULL, "a second master key");
	later = sealed("app", "A", "w");
	ok(secret_key_read(&keys, &conf) == NULL &&
	        secret_row_look(&all, &conf, &keys) == NULL && all.old > 0,
	    "rows of the first are old");
	is(opened("app", text), "v", "they open");
	is(opened("app", later), "w", "as do those of the second");
	ok(secret_row_wrap(&next, &done, &conf, &keys, 0) == NULL &&
	        next == all.rows && done == all.old,
	    "wrapped anew");
	ok(secret_row_look(&all, &conf, &keys) == NULL && all.old == 0 &&
	        all.forgotten == 1,
	    "none is old; what is forgotten stays so");
	ok(secret_key_drop(&dropped, fd, &conf) == NULL && dropped == 1,
	    "the first one goes");
	close(fd);
	secret_use(&conf);
	is(opened("app", text), "v", "all opens without it");
	is(opened("app", later), "w", "all of it");
	put("sutler.key", "0000000b " KEY64 " x\n", 0600);
	secret_use(&conf);
	is(opened("app", text), NULL, "nothing by a wrong key");
	ok(secret_key_read(&keys, &conf) == NULL &&
	        secret_row_look(&all, &conf, &keys) == NULL &&
	        all.locked == all.rows - 1,
	    "which shows");
	ok(secret_row_wrap(&next, &done, &conf, &keys, 0) != NULL,
	    "nor does one wrap anew");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || mkdir(path("data"), 0700) != 0)
		return 1;
	umask(022);
	conf = *conf_defaults("http://m.example");
	conf.data = path("data");
	conf.secrets_key = path("sutler.key");
	clear_conf = conf;
	conf.sealed = true;
	test_text();
	test_row();
	test_key_file();
	test_pair();
	test_forget();
	test_rotate();
	unlink(path("sutler.key"));
	unlink(path("data/keys"));
	rmdir(path("data"));
	rmdir(dir);
	return done();
}
