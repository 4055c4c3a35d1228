/*
 * The store through its whole life in one process: writes, history, plain
 * files, an administrator's edit, crashes between the promise and its
 * application, a boot, the index made anew.
 */
#include "conf.h"
#include "fail.h"
#include "finding.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "store.h"
#include "store-apply.h"
#include "store-check.h"
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
	is(output(mem_printf("cd '%s/store' && t=$(mktemp -d) &&"
	                     " git ls-tree -r --format='%%(path)' HEAD "
	                     ">$t/paths &&"
	                     " git ls-tree -r --format='%%(objectname)' HEAD"
	                     " >$t/head && git hash-object --stdin-paths"
	                     " <$t/paths >$t/plain;"
	                     " diff $t/head $t/plain; rm -r $t",
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
	promise_and_die("crash", "again");
	set(open_store(), "crash", 0, "again");
	is(value_of(open_store(), "crash"), "again",
	    "as does one whose change is that");
}

/* An edit that falls between a promise and its application. */
static void
test_aside(void)
{
	const char *file =
	    mem_printf("%s/store/%s", conf.data, store_path("apps", "crash"));
	struct store *s;

	set(open_store(), "crash", 0, "old");
	promise_and_die("crash", "promised");
	output(mem_printf("sed -i s/old/edited/ '%s'", file));
	s = open_store();
	set(s, "beside", 0, "z");
	is(value_of(s, "crash"), "promised", "what was promised stands");
	is(output(mem_printf("cat '%s'/state/aside/*-crash.json | grep -c"
	                     " edited",
	       conf.data)),
	    "1", "and the edit is kept aside");
	plain_equals_head("after an edit in between");
	output(mem_printf("rm -r '%s/state/aside'", conf.data));
}

static const char *
index_sum(void)
{
	return output(mem_printf("cd '%s/index' && find log key list place"
	                         " -type f | sort | xargs sha1sum",
	    conf.data));
}

/* A commit of another hand upon parents ("-p main", or none). */
static const char *
foreign(const char *parents)
{
	static int n;

	return git(mem_printf("-c user.name=root -c user.email=root@localhost"
	                      " commit-tree main^{tree} %s -m 'by hand %d' -m"
	                      " 'App: 0123456789abcdef01234567 test'",
	    parents, n++));
}

/* main has been moved by another hand: the next write stands on ours. */
static void
next_stands_on(const char *ours, const char *when)
{
	struct store *s = open_store();
	static int n;

	set(s, "ref", 0, mem_printf("value %d", n++));
	is(git("rev-parse main~1"), ours, "%s: the next commit", when);
	plain_equals_head(when);
}

static void
test_main_moved(void)
{
	const char *ours, *theirs, *index;

	set(open_store(), "ref", 0, "one");
	theirs = foreign("-p main");
	git(mem_printf("update-ref refs/heads/main %s", theirs));
	next_stands_on(theirs, "a commit upon ours");
	git("pack-refs --all");
	next_stands_on(git("rev-parse main"), "packed refs");

	ours = git("rev-parse main");
	git("update-ref refs/heads/main main~2");
	next_stands_on(ours, "main moved back");
	ours = git("rev-parse main");
	git("update-ref refs/heads/main main~2");
	ok(store_reindex(open_store(), NULL) == NULL,
	    "reindex on main moved back");
	is(git("rev-parse main"), ours, "puts it where it was");

	theirs = foreign("");
	git(mem_printf("update-ref refs/heads/main %s", theirs));
	next_stands_on(ours, "a history of its own");
	is(git(mem_printf("rev-parse aside-%.12s", theirs)), theirs,
	    "which is kept as a branch");
	ours = git("rev-parse main");
	git("update-ref -d refs/heads/main");
	next_stands_on(ours, "main deleted");
	ours = git("rev-parse main");
	git("branch -m main old");
	git("symbolic-ref HEAD refs/heads/main");
	next_stands_on(ours, "main renamed");
	is(git("rev-parse old"), ours, "the renamed one stays");
	ours = git("rev-parse main");
	git("symbolic-ref refs/heads/main refs/heads/old");
	next_stands_on(ours, "main made a symbolic ref");
	ours = git("rev-parse main");
	output(
	    mem_printf("echo x > '%s/store/.git/refs/heads/main'", conf.data));
	next_stands_on(ours, "main spoilt");

	promise_and_die("ref", "promised");
	theirs = foreign("-p main");
	git(mem_printf("update-ref refs/heads/main %s", theirs));
	set(open_store(), "beside", 0, "in the middle");
	is(git("log -2 --format=%P main"),
	    mem_printf("%s\n%s", git("rev-parse main~1"),
	        git(mem_printf("rev-parse %s~1", theirs))),
	    "moved between promise and application: what was promised stands");
	is(git(mem_printf("rev-parse aside-%.12s", theirs)), theirs,
	    "the other is kept");
	is(value_of(open_store(), "ref"), "promised", "so is the value");
	plain_equals_head("after it");

	index = index_sum();
	ok(store_reindex(open_store(), NULL) == NULL, "reindex");
	is(index_sum(), index, "makes the same index after all this");
}

static void
note(void *arg, const char *where, const char *what, const char *done)
{
	struct mem_text *t = arg;

	mem_addf(t, "%s %s: %s; ", where, what, done == NULL ? "no" : done);
}

static const char *
check(bool repair)
{
	struct mem_text t = {0};
	struct findings n = {repair, note, &t, 0, 0};
	const struct fail *f;
	size_t records;

	mem_puts(&t, "");
	f = store_check(&records, open_store(), &n);
	return f != NULL ? f->text : t.text;
}

/* break it, and see what the check finds, mends, and finds then. */
static void
breaks(const char *what, const char *command, const char *finding)
{
	const char *text;

	output(mem_printf("cd '%s' && %s", conf.data, command));
	text = check(false);
	ok(strstr(text, finding) != NULL, "%s: found (%s)", what, text);
	text = check(true);
	ok(strstr(text, finding) != NULL && strstr(text, ": no") == NULL,
	    "%s: mended (%s)", what, text);
	is(check(false), "", "%s: sound", what);
}

static void
test_check(void)
{
	const char *shop = store_path("apps", "shop");
	const char *object = "g() { git -C store rev-parse $1 |"
	                     " sed 's|^..|store/.git/objects/&/|'; }";

	set(open_store(), "shop", 0, "checked");
	git("branch -D old");
	is(check(false), "", "a sound store");
	breaks("a lost record", mem_printf("rm 'store/%s'", shop),
	    "is missing");
	breaks("a spoilt record", mem_printf("echo x > 'store/%s'", shop),
	    "is not valid");
	breaks("an edit in place",
	    mem_printf("sed -i s/checked/edited/ 'store/%s'", shop),
	    "was edited in place");
	breaks("a row too few",
	    "sed -i 1d \"$(find index/key -type f | head -n 1)\"",
	    "not what the records make");
	breaks("a row too many", "echo zz >> index/list/all",
	    "not what the records make");
	breaks("a log cut short",
	    "truncate -s -50 \"$(find index/log -type f | head -n 1)\"",
	    "not what the records make");
	breaks("an index that reflects nothing", "echo x > index/head-2",
	    "index/head-2");
	breaks("a setting", "git -C store config core.bare false",
	    "core.bare is not true");
	breaks("no hook", "rm store/.git/hooks/update",
	    "does not refuse a push");
	breaks("HEAD elsewhere",
	    "git -C store symbolic-ref HEAD refs/heads/none",
	    "does not stand at main");
	breaks("main moved back",
	    "git -C store update-ref refs/heads/main"
	    " main~1",
	    "lacks our last commit");
	breaks("a blob lost",
	    mem_printf("%s; rm -f $(g main:%s)", object, shop),
	    "is missing or broken");
	breaks("a blob spoilt",
	    mem_printf("%s; chmod u+w $(g main:%s); echo x > $(g main:%s)",
	        object, shop, shop),
	    "is missing or broken");
	set(open_store(), "shop", 0, "once more");
	output(mem_printf("cd '%s' && %s; rm -f $(g main^{tree})", conf.data,
	    object));
	ok(strstr(check(false), "objects are missing") != NULL,
	    "a tree lost: found");
	ok(strstr(check(true), "made again from the journal") != NULL,
	    "made again");
	is(check(false), "", "and sound");
	output(mem_printf("mkdir -p '%s/state/aside' && touch -d '2 hours ago'"
	                  " '%s/state/tmp/old' && touch '%s/state/aside/x'"
	                  " '%s/store/apps/stray.txt'",
	    conf.data, conf.data, conf.data, conf.data));
	check(true);
	is(check(false),
	    "apps/stray.txt is no record: left alone; "
	    "state/aside/x is an edit that met a change: yours to take or"
	    " remove: left alone; ",
	    "a stray file and an edit kept aside are named, and stay");
	output(mem_printf("cd '%s' && rm state/aside/x store/apps/stray.txt",
	    conf.data));
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
	test_boot(); /* before another hand commits what no journal has */
	test_aside();
	test_main_moved();
	test_check();
	test_torn();
	test_writers();
	test_full();
	output(mem_printf("rm -rf '%s'", dir));
	return done();
}
