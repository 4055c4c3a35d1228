/*
 * The store through its whole life in one process: writes, history, plain
 * files, an administrator's edit, crashes between the promise and its
 * application, a boot, the index made anew.
 */
#include "conf.h"
#include "fail.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "store.h"
#include "store-apply.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct conf conf;
static const struct store_message message = {"ana", "ana@example.org",
    "test: a change\n\nApp: 0123456789abcdef01234567 test\n"};

/* A record {"name", "place"} shows one key, one list row and one place. */
static const struct fail *
rows(struct index_rows *out, const char *path, const cJSON *record)
{
	const char *name = json_text(record, "name");
	const cJSON *place = json_get(record, "place");

	(void)path;
	if (name == NULL)
		return fail(FAIL_BUSY, "no name");
	index_key(out, mem_printf("key %s", name), name);
	index_list(out, "all", name);
	if (cJSON_IsNumber(place))
		index_place(out, "rows", (uint64_t)place->valuedouble, name);
	index_log(out, "0123456789abcdef01234567");
	return NULL;
}

static struct store *
open_store(void)
{
	struct store *s;
	const struct fail *f = store_open(&s, &conf, rows);

	if (f == NULL)
		return s;
	printf("Bail out! %s\n", f->text);
	exit(1);
}

static cJSON *
record(const char *name, int place, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "name", name);
	if (place > 0)
		cJSON_AddNumberToObject(o, "place", place);
	json_add_text(o, "value", value);
	return o;
}

/* Set the record called name; the commit's id. */
static const char *
set(struct store *s, const char *name, int place, const char *value)
{
	const struct fail *f;
	const char *id = "failed";

	f = store_lock(s);
	if (f == NULL) {
		store_put(s, store_path("apps", name),
		    value == NULL ? NULL : record(name, place, value));
		f = store_commit(&id, s, &message);
	}
	if (f != NULL)
		printf("# %s\n", f->text);
	return id;
}

static const char *
value_of(struct store *s, const char *name)
{
	struct store_record *r = NULL;
	const struct fail *f = store_read(&r, s, store_path("apps", name));

	if (f != NULL)
		return f->text;
	return r == NULL ? NULL : json_text(r->json, "value");
}

/* What a shell command prints, its last newline cut. */
static const char *
output(const char *command)
{
	static const char *const shell[] = {"sh", "-c"};
	char buffer[4096];
	int ends[2], status;
	struct mem_text t = {0};
	ssize_t n;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		return "no pipe";
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		execlp(shell[0], shell[0], shell[1], command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], buffer, sizeof(buffer))) > 0)
		mem_add(&t, buffer, (size_t)n);
	close(ends[0]);
	waitpid(child, &status, 0);
	mem_puts(&t, "");
	if (t.len > 0 && t.text[t.len - 1] == '\n')
		t.text[t.len - 1] = '\0';
	return t.text;
}

static const char *
git(const char *arguments)
{
	return output(
	    mem_printf("git -C '%s/store' %s 2>&1", conf.data, arguments));
}

/* Every plain file is what HEAD says, and nothing else is there. */
static void
plain_equals_head(const char *when)
{
	is(output(mem_printf("cd '%s/store' && git ls-tree -r HEAD |"
	                     " while read -r mode type id path; do"
	                     " [ \"$(git hash-object \"$path\")\" = $id ] ||"
	                     " echo \"$path\"; done",
	       conf.data)),
	    "", "%s: plain files equal HEAD", when);
	is(output(mem_printf("cd '%s/store' && find . -type f ! -path"
	                     " './.git/*' | wc -l | tr -d ' '",
	       conf.data)),
	    output(mem_printf("cd '%s/store' && git ls-tree -r HEAD | wc -l |"
	                      " tr -d ' '",
	        conf.data)),
	    "%s: and no file more", when);
	is(git("fsck --strict --no-progress --no-dangling"), "",
	    "%s: git fsck is content", when);
}

static void
test_writes(void)
{
	struct store *s = open_store();
	const char *id;

	is(value_of(s, "blog"), NULL, "no record yet");
	id = set(s, "blog", 0, "one");
	is(git("rev-parse HEAD"), id, "the commit is HEAD at once");
	is(value_of(s, "blog"), "one", "and its plain file is there");
	is(set(s, "blog", 0, "one"), "", "a change of nothing is no commit");
	set(s, "blog", 0, "two");
	is(git("rev-list --count HEAD"), "3", "one commit per change");
	is(git("log -1 --format='%an <%ae> %s'"),
	    "ana <ana@example.org> test: a change", "by who made it");
	set(s, "shop", 0, "x");
	set(s, "blog", 0, NULL);
	is(value_of(s, "blog"), NULL, "a record can go");
	plain_equals_head("after writes");
}

static void
test_index(void)
{
	struct store *s = open_store();
	const char *value, **values;
	struct index_page page;
	uint64_t place;
	size_t n;
	int i;

	for (i = 1; i <= 600; i += 2)
		set(s, mem_printf("app-%d", i), i, "v");
	ok(index_find(&value, s, "key app-7") == NULL, "find a key");
	is(value, "app-7", "its value");
	ok(index_find(&value, s, "key none") == NULL && value == NULL,
	    "a key that is not there");
	ok(index_values(&values, &n, s, "all") == NULL && n == 301,
	    "a list of 301 (%zu)", n);
	ok(index_next_place(&place, s, "rows") == NULL && place == 600,
	    "the next place is 600 (%d)", (int)place);
	ok(index_places(&page, s, "rows", 0, false, 100) == NULL &&
	        page.count == 100 && page.more && !page.before &&
	        page.total == 300,
	    "the first page");
	place = page.places[99] + 1;
	set(s, "app-1", 0, NULL);
	ok(index_places(&page, s, "rows", place, false, 100) == NULL &&
	        page.count == 100 && page.before && page.places[0] == 201,
	    "a removal between pages moves nothing");
	ok(page.previous == 3, "the page before begins at the first row left");
	ok(index_places(&page, s, "rows", 298, true, 10) == NULL &&
	        page.count == 1 && page.places[0] == 599 && !page.more,
	    "the last rows by count");
	ok(index_places(&page, s, "rows", 5000, false, 10) == NULL &&
	        page.count == 0 && page.before,
	    "beyond the end");
}

static void
test_reindex(void)
{
	struct store *s = open_store();
	const char *sum = mem_printf("cd '%s/index' && find . -type f | sort |"
	                             " xargs sha1sum",
	    conf.data);
	const char *before = output(sum), *value;

	ok(store_reindex(s, NULL) == NULL, "reindex");
	is(output(sum), before, "makes the same, byte for byte");
	output(mem_printf("rm -r '%s/index'", conf.data));
	ok(index_find(&value, open_store(), "key shop") == NULL,
	    "a lost index is made again by who misses it");
	is(value, "shop", "and found in");
	is(output(sum), before, "the same again");
}

static void
test_admin(void)
{
	struct store *s = open_store();
	const char *file =
	    mem_printf("%s/store/%s", conf.data, store_path("apps", "shop"));

	set(s, "shop", 0, "before");
	output(mem_printf("sed -i s/before/edited/ '%s'", file));
	is(value_of(s, "shop"), "edited", "an edit in place is read");
	set(s, "shop", 0, "after");
	is(git("log -2 --format=%an,%s"),
	    "ana,test: a change\nadministrator,shop: edited in place",
	    "and committed, as found, before the next change");
	plain_equals_head("after an edit");
	output(mem_printf("echo '{' > '%s'", file));
	ok(strstr(value_of(s, "shop"), "shop.json: malformed JSON") != NULL,
	    "a broken edit is named");
	output(mem_printf("git -C '%s/store' show HEAD:%s > '%s'", conf.data,
	    store_path("apps", "shop"), file));
	ok(strstr(git(mem_printf("push -q '%s/store' HEAD~1:main -f",
	              conf.data)),
	       "main cannot be pushed to") != NULL,
	    "a push to main is refused, with advice");
	is(git(mem_printf("push -q '%s/store' HEAD:refs/heads/other",
	       conf.data)),
	    "", "another branch takes it");
}

/* Promised, and the process dies before anything is applied. */
static void
promise_and_die(const char *name, const char *value)
{
	struct store *s = open_store();
	struct journal_change change = {.path = store_path("apps", name)};
	struct journal_entry entry = {.changes = &change};
	struct store_git_author author = {"ana", "a@b", 1700000000000};
	struct store_record *r = NULL;
	const char *head;
	bool full;

	store_lock(s);
	store_read(&r, s, change.path);
	store_need_git(s);
	store_git_head(&head, s->git);
	change.before = r == NULL ? "" : store_revision(r);
	change.text = json_print(record(name, 0, value), true);
	change.len = strlen(change.text);
	change.after = output(mem_printf("printf '%%s\n' '%s' | git hash-object"
	                                 " --stdin",
	    mem_dup(change.text, change.len - 1)));
	store_git_build(&entry, s->git, head, &author, message.text);
	journal_append(&full, s->journal, &entry);
	journal_flush(s->journal);
	store_unlock(s);
}

static void
test_crash(void)
{
	struct store *s;

	set(open_store(), "crash", 0, "old");
	promise_and_die("crash", "promised");
	s = open_store();
	is(value_of(s, "crash"), "old", "not applied yet: the old state");
	set(s, "other", 0, "x");
	is(value_of(s, "crash"), "promised", "the next writer applies it");
	plain_equals_head("after a crash");
}

static void
test_boot(void)
{
	const char *marks = mem_printf("%s/state/marks", conf.data);
	const char *head;
	struct store *s;

	promise_and_die("crash", "before the boot");
	/* another boot; and what was not flushed is lost or broken */
	output(mem_printf("printf 'another boot' | dd of='%s' conv=notrunc"
	                  " 2>/dev/null",
	    marks));
	head = git("rev-parse HEAD~3");
	output(mem_printf("cd '%s/store/.git' && echo %s > refs/heads/main &&"
	                  " find objects -type f -newer ../store.json |"
	                  " tail -n 3 | xargs -r -n 1 truncate -s 0",
	    conf.data, head));
	s = open_store();
	is(value_of(s, "crash"), "before the boot",
	    "the first process after a boot replays");
	is(value_of(s, "other"), "x", "all of it");
	plain_equals_head("after a boot");
	ok(store_checkpoint(s) == NULL, "checkpoint");
	set(s, "other", 0, "y");
	is(value_of(open_store(), "other"), "y", "and on it goes");
}

/* A loss of power may leave main without its id, and bring the file of an
 * object back that was packed, without its bytes. */
static void
test_torn(void)
{
	struct store *s = open_store();
	struct store_packed packed;
	const char *id;

	id = set(s, "torn", 0, "before the boot");
	ok(store_pack(&packed, s, 1) == NULL && packed.commits > 0, "packed");
	output(mem_printf("printf 'another boot' |"
	                  " dd of='%s/state/marks' conv=notrunc 2>/dev/null;"
	                  " cd '%s/store/.git' && : > refs/heads/main &&"
	                  " mkdir -p objects/%.2s && : > objects/%.2s/%s",
	    conf.data, conf.data, id, id, id + 2));
	is(value_of(open_store(), "torn"), "before the boot",
	    "main without an id is mended");
	is(git("rev-parse HEAD"), id, "it stands where it stood");
	is(git("fsck --strict --no-dangling --no-progress"), "",
	    "no object without its bytes is left");
}

static void
test_full(void)
{
	struct store *s = open_store();
	char *big = mem_alloc(1000000);
	struct mem_mark mark;
	int i;

	memset(big, 'x', 999999);
	set(s, "small", 0, "x"); /* what a store opens once, it keeps */
	for (i = 0; i < 9; i++) {
		mark = mem_mark();
		big[0] = (char)('a' + i);
		set(s, "big", 0, big);
		mem_release(mark);
	}
	ok(value_of(s, "big")[0] == 'i', "a full journal starts anew");
	plain_equals_head("after it");
	big = mem_alloc(2 << 20);
	memset(big, 'x', (2 << 20) - 1);
	is(set(s, "big", 0, big), "failed", "more than it holds is refused");
	ok(value_of(s, "big")[0] == 'i', "and changes nothing");
}

enum { WRITERS = 8, WRITES = 25 };

static void
test_writers(void)
{
	const char *before = git("rev-list --count HEAD");
	int i, j, status, failed = 0;
	struct store *s;
	pid_t child;

	for (i = 0; i < WRITERS; i++) {
		child = fork();
		if (child != 0)
			continue;
		s = open_store();
		for (j = 0; j < WRITES; j++)
			if (strlen(set(s, mem_printf("w%d", (i + j) % 4), 0,
			        mem_printf("%d-%d", i, j))) != 40)
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < WRITERS; i++)
		if (wait(&status) > 0 && status != 0)
			failed++;
	ok(failed == 0, "%d writers at once, no failure", WRITERS);
	is(git("rev-list --count HEAD"),
	    mem_printf("%d", atoi(before) + WRITERS * WRITES),
	    "one commit for each change");
	plain_equals_head("after many writers");
}

int
main(void)
{
	char dir[] = "/tmp/sutler-store-XXXXXX";

	if (mkdtemp(dir) == NULL)
		return 1;
	conf.data = mem_printf("%s/data", dir);
	conf.host = "localhost";
	ok(store_init(conf.data) == NULL, "init");
	ok(store_init(conf.data) != NULL, "not over another store");
	test_writes();
	test_index();
	test_reindex();
	test_admin();
	test_crash();
	test_boot();
	test_torn();
	test_writers();
	test_full();
	output(mem_printf("rm -rf '%s'", dir));
	return done();
}
