/*
 * Two stores of one history: who comes first, who has to look again, and what
 * an order that dies, lies or is away leaves behind.  The order is a directory
 * with a file for each commit; what it does besides is told by `trouble`.
 */
#include "conf.h"
#include "fail.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "store-apply.h"
#include "store-order.h"
#include "store.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 3 }; /* of others' commits, at most, at a time */

static enum {
	NONE,
	AWAY,       /* it does nothing, and says that it does not know */
	SILENT,     /* it does all, and says that it does not know */
	DEADLY,     /* it does all, and the process dies */
	FEW,        /* it takes one entry, whatever there are */
	FICKLE,     /* SILENT, every third time */
	JOINED,     /* while it is asked, another process proposes … */
	SETTLED,    /* … or settles all there is … */
	ANEW,       /* … whereupon its journal begins anew */
	OVERTAKING, /* each time another comes first */
	SEARCHER,   /* or one proposes who has searched */
	JOINING     /* while it is asked for the second time, one that has read
	               what others did proposes; and it says that there is more */
} trouble;
static int calls;
static bool alone;
static const char *dir;

static const struct store_message message = {"ana", "ana@example.org",
    "test: a change\n\nApp: 0123456789abcdef01234567 test\n"};

static const struct fail *
rows(struct index_rows *out, const char *path, const cJSON *record)
{
	const char *name = json_text(record, "name");

	(void)path;
	if (name == NULL)
		return fail(FAIL_BUSY, "no name");
	index_key(out, mem_printf("key %s", name), name);
	index_list(out, "all", name);
	index_log(out, "0123456789abcdef01234567");
	return NULL;
}

/* What another process of store a does while the order is asked. */
static void meanwhile(void);
/* Store b is before a. */
static void come_first(void);

static struct journal_entry *
placed_entry(int number)
{
	struct journal_entry *e;
	size_t len;
	char *text;

	if (file_read(&text, &len, mem_printf("%s/order/%d", dir, number)) !=
	        NULL ||
	    text == NULL || journal_unpack(&e, text, len) != NULL)
		return NULL;
	return e;
}

static void
put_entry(int number, const struct journal_entry *e)
{
	struct mem_text t = {0};

	journal_pack(&t, e);
	if (file_replace(mem_printf("%s/order/%d", dir, number), dir, t.text,
	        t.len) != NULL)
		printf("# cannot place\n");
}

static const struct fail *
place(struct store_placed *out, void *arg, const char *head,
    const struct journal_entry *entries, bool held)
{
	struct journal_entry *e, **tail = &out->others;
	struct mem_mark mark;
	int n = 0, begin = -1;

	(void)arg;
	(void)held;
	*out = (struct store_placed){0};
	calls++;
	if (trouble == OVERTAKING && entries != NULL)
		come_first();
	if (trouble >= JOINED && trouble != OVERTAKING &&
	    calls == (trouble == JOINING ? 2 : 1))
		meanwhile();
	if (trouble == AWAY)
		return fail(FAIL_BUSY, "away");
	for (mark = mem_mark(); (e = placed_entry(n)) != NULL; n++) {
		if (strcmp(store_git_parent(e), head) == 0)
			begin = n;
		out->more = begin >= 0 && n - begin >= BATCH;
		if (begin >= 0 && !out->more) {
			*tail = e;
			tail = &e->next;
			mark = mem_mark();
		} else {
			mem_release(mark);
		}
	}
	if (out->others != NULL || entries == NULL) {
		out->more = out->more || (trouble == JOINING && calls == 1);
		return NULL;
	}
	for (; entries != NULL; entries = entries->next) {
		put_entry(n++, entries);
		out->count++;
		if (trouble == FEW)
			break;
	}
	if (trouble == DEADLY)
		_exit(0);
	if (trouble == SILENT || (trouble == FICKLE && calls % 3 == 0))
		return fail(FAIL_BUSY, "silence");
	return NULL;
}

static struct store *
open_store(const char *name)
{
	struct conf *conf = mem_alloc(sizeof(*conf));
	struct store *s;
	const struct fail *f;

	conf->data = mem_printf("%s/%s", dir, name);
	conf->cluster = alone ? NULL : "of two";
	conf->cluster_name = name;
	f = store_open(&s, conf, rows);
	if (f == NULL) {
		store_use_order(s, place, NULL);
		return s;
	}
	printf("Bail out! %s\n", f->text);
	exit(1);
}

static void
put(struct store *s, const char *name, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "name", name);
	json_add_text(o, "value", value);
	store_put(s, store_path("apps", name), o);
}

static const char *
said(const struct fail *f)
{
	return f == NULL ? "done" : f->code == FAIL_RACED ? "raced" : f->text;
}

static const char *
value_of(struct store *s, const char *name)
{
	struct store_record *r = NULL;
	const struct fail *f = store_read(&r, s, store_path("apps", name));

	return f != NULL   ? f->text
	       : r == NULL ? NULL
	                   : json_text(r->json, "value");
}

/* Set the record called name, having read it and others; what came of it. */
static const char *
set(struct store *s, const char *name, const char *value, const char *look)
{
	const struct fail *f = store_lock(s);

	if (f != NULL)
		return f->text;
	(void)value_of(s, name);
	if (look != NULL)
		(void)value_of(s, look);
	put(s, name, value);
	return said(store_commit(NULL, s, &message));
}

static const char *
head_of(struct store *s)
{
	const char *id = "";

	if (store_need_git(s) != NULL || store_git_head(&id, s->git) != NULL)
		return "no head";
	return id;
}

static size_t
catch_up(struct store *s)
{
	size_t taken = 0;
	const struct fail *f = store_catch_up(&taken, s);

	if (f != NULL)
		printf("# %s\n", f->text);
	return f != NULL ? 99 : taken;
}

static int
run(const char *command)
{
	static const char *const shell[] = {"sh", "-c"};
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		execlp(shell[0], shell[0], shell[1], command, (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return status;
}

static void
test_in_turn(struct store *a, struct store *b)
{
	is(set(a, "one", "1", NULL), "done", "a writes");
	is(value_of(a, "one"), "1", "and has it");
	is(value_of(b, "one"), NULL, "b has it not yet");
	ok(catch_up(b) == 1, "b takes it");
	is(value_of(b, "one"), "1", "and has it");
	is(head_of(b), head_of(a), "both stand at the same commit");
	ok(catch_up(b) == 0 && catch_up(a) == 0, "there is no more");
}

static void
test_races(struct store *a, struct store *b)
{
	const struct fail *f;

	is(set(a, "two", "a", NULL), "done", "a is first");
	is(set(b, "three", "b", NULL), "done", "b, about another, comes after");
	is(value_of(b, "two"), "a", "b has a's");
	ok(catch_up(a) == 1, "a takes b's");
	is(value_of(a, "three"), "b", "a has b's");
	is(head_of(b), head_of(a), "one history");

	is(set(a, "two", "again", NULL), "done", "a changes a record");
	is(set(b, "two", "mine", NULL), "raced",
	    "b, from the old one, may not");
	is(value_of(b, "two"), "again", "b has the new one");
	is(set(b, "two", "mine", NULL), "done", "from which it may");
	is(set(a, "four", "4", "two"), "raced",
	    "what was only read counts, too");
	is(set(a, "four", "4", "two"), "done", "the second time it is right");
	is(set(b, "five", "5", "six"), "done", "what is not there was read");
	is(set(a, "six", "6", NULL), "done", "another makes it");

	f = store_lock(b);
	if (f == NULL) {
		const char *value;

		(void)index_find_held(&value, b, "key seven");
		put(b, "seven", "7");
		f = store_commit(NULL, b, &message);
	}
	is(said(f), "raced", "who searched may have missed something");
	is(set(b, "seven", "7", NULL), "done", "and searches again");
	catch_up(a);
	is(head_of(b), head_of(a), "one history still");
}

static void
test_several(struct store *a, struct store *b)
{
	struct store *c = open_store("a");
	const struct journal_entry *made;

	/* two writers of one store, the second upon the first's proposal */
	if (store_lock(a) == NULL) {
		put(a, "eight", "8");
		(void)store_promise(&made, a, &message);
		store_unlock(a);
	}
	calls = 0;
	is(set(c, "nine", "9", "eight"), "done", "the second asks for both");
	ok(calls == 1, "at once");
	is(value_of(a, "eight"), "8", "the first's is there");
	trouble = FEW;
	if (store_lock(a) == NULL) {
		put(a, "eight", "88");
		(void)store_promise(&made, a, &message);
		store_unlock(a);
	}
	is(set(c, "nine", "99", "eight"), "done", "where one goes at a time");
	trouble = NONE;
	is(value_of(a, "eight"), "88", "both go");
	catch_up(b);
	is(value_of(b, "nine"), "99", "and come");
	is(head_of(b), head_of(a), "in one history");
	/* the first is void, and so is what stands upon it */
	(void)set(b, "eight", "b", NULL);
	if (store_lock(a) == NULL) {
		(void)value_of(a, "eight");
		put(a, "eight", "a");
		(void)store_promise(&made, a, &message);
		store_unlock(a);
	}
	is(set(c, "nine", "999", "eight"), "raced",
	    "what stood upon a void proposal is void");
	is(value_of(a, "eight"), "b", "and the other's is there");
}

static void
test_trouble(struct store *a, struct store *b)
{
	const char *head;

	catch_up(b);
	catch_up(a);
	head = mem_copy(head_of(a));
	trouble = AWAY;
	is(set(a, "ten", "10", NULL), "away", "no order, no promise");
	is(value_of(a, "ten"), NULL, "nothing has changed");
	is(head_of(a), head, "nor in the history");
	trouble = NONE;
	is(set(a, "eleven", "11", NULL), "done", "later it goes on");
	is(value_of(a, "ten"), NULL, "without what was given up");

	trouble = SILENT;
	is(set(a, "twelve", "12", NULL), "silence", "done, and not heard of");
	trouble = NONE;
	is(set(a, "thirteen", "13", NULL), "done", "the next one finds it");
	is(value_of(a, "twelve"), "12", "and has it");
	catch_up(b);
	is(head_of(b), head_of(a), "as the other has, once");

	trouble = DEADLY;
	if (fork() == 0) {
		(void)set(a, "fourteen", "14", NULL);
		_exit(1);
	}
	wait(NULL);
	trouble = NONE;
	is(value_of(a, "fourteen"), NULL, "killed before it heard");
	is(set(b, "fifteen", "15", NULL), "done", "the other goes on upon it");
	is(set(a, "sixteen", "16", NULL), "done", "and so do we");
	is(value_of(a, "fourteen"), "14", "nothing is lost");
	catch_up(b);
	is(head_of(b), head_of(a), "nor twice");
}

/* One of several writers of store a, of a record that is its own alone; how
 * often it was told that another had been first, who was itself. */
static int
write_own(const char *name)
{
	struct store *s = open_store("a");
	const char *value, *now;
	int i, raced = 0;

	for (i = 0; i < 40; i++) {
		value = mem_printf("%d", i);
		if (strcmp(set(s, name, value, NULL), "raced") != 0)
			continue;
		now = value_of(s, name);
		raced += now != NULL && strcmp(now, value) == 0;
	}
	return raced;
}

/* Whose proposal another one placed, and does not know it, finds that out
 * before it is proposed anew. */
static void
test_fickle(struct store *a, struct store *b)
{
	int i, status, raced = 0;

	trouble = FICKLE;
	for (i = 0; i < 6; i++)
		if (fork() == 0)
			_exit(write_own(mem_printf("fickle%d", i)));
	while (wait(&status) > 0)
		raced += WEXITSTATUS(status);
	trouble = NONE;
	ok(raced == 0, "nobody is raced by himself");
	if (raced > 0)
		printf("# %d were\n", raced);
	catch_up(a);
	catch_up(b);
	is(head_of(b), head_of(a), "and the history is one");
}

static void
test_boot(struct store *a, struct store *b)
{
	const struct journal_entry *made;
	const char *head = mem_copy(head_of(a));

	if (store_lock(a) == NULL) {
		put(a, "seventeen", "17");
		(void)store_promise(&made, a, &message);
		store_unlock(a);
	}
	journal_flush(a->journal);
	/* another boot: the marks are of none */
	run(mem_printf("printf x | dd of=%s/a/state/marks conv=notrunc "
	               "2>/dev/null",
	    dir));
	a = open_store("a");
	is(value_of(a, "seventeen"), NULL,
	    "a proposal does not outlive a boot");
	is(head_of(a), head, "the history stands where it stood");
	is(set(a, "eighteen", "18", NULL), "done", "and goes on");
	catch_up(b);
	is(head_of(b), head_of(a), "for both");
	ok(run(mem_printf("diff -r -x .git %s/a/store %s/b/store", dir, dir)) ==
	        0,
	    "their files are the same");
	ok(run(mem_printf("git -C %s/a/store fsck --strict 2>&1 | "
	                  "sed '/^dangling/d;s/^/# /' | grep . ; test $? = 1",
	       dir)) == 0,
	    "git finds nothing");
}

/* Proposed by a process that dies before it asks the order: the record called
 * name, having read it and the one called look, or searched. */
static void
propose(const char *name, const char *value, const char *look, bool search)
{
	const pid_t child = fork();
	const struct journal_entry *made;
	const char **all;
	struct store *s;
	size_t n;

	if (child == 0) {
		s = open_store("a");
		if (store_lock(s) == NULL) {
			(void)value_of(s, name);
			if (search)
				(void)store_paths(&all, &n, s, "apps");
			else if (look != NULL)
				(void)value_of(s, look);
			put(s, name, value);
			(void)store_promise(&made, s, &message);
		}
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
}

static void
only_propose(const char *value)
{
	propose("proposed", value, NULL, false);
}

/* By a process of its own. */
static void
set_apart(const char *store, const char *name, const char *value)
{
	const pid_t child = fork();

	if (child == 0) {
		trouble = NONE;
		(void)set(open_store(store), name, value, NULL);
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
}

static void
come_first(void)
{
	set_apart("b", "first", mem_printf("%d", calls));
}

static void
meanwhile(void)
{
	const bool anew = trouble == ANEW;
	pid_t child;
	size_t taken;

	if (trouble == JOINED || trouble >= SEARCHER) {
		propose("proposed",
		    trouble == SEARCHER ? "searched" : "meanwhile", NULL,
		    trouble == SEARCHER);
		return;
	}
	child = fork();
	if (child == 0) {
		trouble = NONE;
		(void)store_take_others(&taken, open_store("a"));
		if (anew)
			(void)store_checkpoint(open_store("a"));
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
}

/* While the order is asked, no lock is held. */
static void
test_apart(struct store *a, struct store *b)
{
	calls = 0;
	trouble = JOINED;
	is(set(a, "apart", "1", NULL), "done", "one asks the order");
	trouble = NONE;
	is(value_of(a, "apart"), "1", "and has what he asked for");
	is(value_of(a, "proposed"), NULL,
	    "what was proposed meanwhile is not promised by it");
	calls = 0;
	is(set(a, "apart", "2", NULL), "done", "the next one asks for both");
	ok(calls == 1, "at once");
	is(value_of(a, "proposed"), "meanwhile", "which are there");
	calls = 0;
	trouble = SETTLED;
	is(set(a, "apart", "3", NULL), "done", "another settles meanwhile");
	trouble = NONE;
	is(value_of(a, "apart"), "3", "what was asked for is there");
	catch_up(b);
	is(head_of(b), head_of(a), "once");
	is(value_of(b, "proposed"), "meanwhile", "for all");
	/* others come first, while something is proposed upon ours */
	(void)set(b, "apart", "b", NULL);
	calls = 0;
	trouble = JOINED;
	is(set(a, "apart", "a", NULL), "raced", "both are void");
	trouble = NONE;
	catch_up(a);
	is(value_of(a, "apart"), "b", "where others were first");
	is(head_of(b), head_of(a), "and the history is one");
}

/* All that says and changes the same, and where it stands. */
static const char *
history_of(const char *store)
{
	char *text;
	size_t len;

	run(mem_printf("git -C %s/%s/store log --format='%%at %%cn %%s' --stat "
	               "> %s/history",
	    dir, store, dir));
	return file_read(&text, &len, mem_printf("%s/history", dir)) == NULL
	           ? text
	           : "none";
}

/* Others come first: what was made from nothing that they changed is placed
 * behind them. */
static void
test_again(struct store *a, struct store *b)
{
	const char *before, *id, *placed = NULL;
	const struct fail *f;

	(void)catch_up(a);
	is(set(b, "other", "1", NULL), "done", "another is first");
	propose("again1", "1", NULL, false);
	propose("again2", "2", "again1", false);
	propose("again3", "3", "again2", false);
	calls = 0;
	f = store_lock(a);
	if (f == NULL) {
		put(a, "again4", "4");
		(void)value_of(a, "again4");
		f = store_commit(&placed, a, &message);
	}
	is(said(f), "done", "four that wait are not begun anew");
	ok(calls == 2, "but asked for twice, at once");
	is(placed, head_of(a), "who waited is told the commit's last name");
	is(value_of(a, "again3"), "3", "each is there");
	is(value_of(a, "other"), "1", "and the one that was first");

	(void)catch_up(b);
	(void)set(b, "again1", "b", NULL);
	propose("again1", "11", NULL, false);
	propose("again2", "22", "again1", false);
	propose("again3", "33", NULL, false);
	propose("again5", "5", "again3", false);
	propose("again6", "6", NULL, true);
	is(set(a, "again4", "44", "again5"), "done", "some of them are void");
	is(value_of(a, "again1"), "b", "what another changed");
	is(value_of(a, "again2"), "2", "what was made from that");
	is(value_of(a, "again3"), "33", "the others are there");
	is(value_of(a, "again5"), "5", "and those made from them");
	is(value_of(a, "again6"), NULL, "who searched is void");

	(void)catch_up(b);
	trouble = ANEW;
	calls = 0;
	before = mem_copy(head_of(a));
	f = store_lock(a);
	if (f == NULL) {
		put(a, "again7", "7");
		f = store_commit(&id, a, &message);
	}
	trouble = NONE;
	is(said(f), "done", "the journal begins anew while one waits");
	is(id, head_of(a), "who finds his in the history");
	ok(strcmp(before, id) != 0 && catch_up(b) == 1, "once");
	is(head_of(b), head_of(a), "for all");
	is(history_of("a"), history_of("b"), "in the same words");
	ok(strstr(history_of("a"), " sutler (a) test: a change") != NULL &&
	        strstr(history_of("a"), " sutler (b) test: a change") != NULL,
	    "which say who made it");
}

/* Those who propose while others wait. */
static void
test_newcomers(struct store *a, struct store *b)
{
	(void)catch_up(b);
	calls = 0;
	trouble = SEARCHER;
	is(set(a, "new1", "1", NULL), "done", "one asks");
	trouble = NONE;
	is(set(a, "new1", "2", NULL), "done", "and another");
	is(value_of(a, "proposed"), "searched",
	    "who searched is not void where nobody else wrote");

	(void)catch_up(b);
	(void)set(b, "proposed", "by another", NULL);
	calls = 0;
	trouble = JOINING;
	is(set(a, "new1", "3", NULL), "done", "one lost, and waits");
	trouble = NONE;
	is(value_of(a, "proposed"), "meanwhile",
	    "who came then has read what was first");
	propose("new2", "1", NULL, false);
	propose("new2", "2", NULL, false);
	is(set(a, "new2", "3", NULL), "done", "one after the other");
	ok(strstr(history_of("a"), "edited in place") == NULL,
	    "and found no edit in it");
	(void)catch_up(b);
	is(history_of("a"), history_of("b"), "one history");
}

/* A text of len bytes, unlike any other. */
static char *
long_text(size_t len)
{
	static int number;
	char *text = mem_alloc(len + 1);

	memset(text, 'x', len);
	memcpy(text, mem_printf("%08d", ++number), 8);
	return text;
}

/* Nothing differs from what is only proposed. */
static void
test_same(struct store *a, struct store *b)
{
	propose("same", "1", NULL, false);
	calls = 0;
	is(set(a, "same", "1", NULL), "done", "what is proposed already");
	ok(calls == 1, "is asked for");
	(void)catch_up(b);
	is(value_of(b, "same"), "1", "and promised");
	(void)set(b, "same", "b", NULL);
	propose("same", "2", NULL, false);
	is(set(a, "same", "2", NULL), "raced", "what is void is not");
	propose("same", "3", NULL, false);
	ok(store_be_certain(a) == NULL, "who refuses may ask for it");
	is(value_of(a, "same"), "3", "and knows");
}

static void
ends_well(pid_t child, const char *title)
{
	int status = 1;

	ok(waitpid(child, &status, 0) == child && status == 0, "%s", title);
	if (status != 0)
		printf("# %x\n", (unsigned)status);
}

/* By another process: those that were proposed do not fit into the journal
 * behind what others did. */
static void
test_full_again(void)
{
	const pid_t child = fork();
	const char *text = long_text(900000);
	struct store *a;
	int i;

	if (child == 0) {
		a = open_store("a");
		(void)store_checkpoint(a);
		for (i = 0; i < 3; i++)
			set_apart("b", mem_printf("large%d", i), text);
		propose("own1", text, NULL, false);
		propose("own2", long_text(900000), "own1", false);
		propose("own3", "made from 1", "own1", false);
		if (strcmp(set(a, "own4", "4", NULL), "done") != 0)
			_exit(2);
		if (value_of(a, "own1") == NULL &&
		    (value_of(a, "own2") != NULL ||
		        value_of(a, "own3") != NULL))
			_exit(3);
		_exit(value_of(a, "own1") == NULL ? 4 : 0);
	}
	ends_well(child,
	    "a full journal does not tear apart what was proposed");
}

/* One that is always overtaken gives up before it has no memory. */
static void
test_overtaken(void)
{
	const pid_t child = fork();

	if (child == 0) {
		propose("over1", long_text(900000), NULL, false);
		propose("over2", long_text(900000), NULL, false);
		calls = 0;
		trouble = OVERTAKING;
		_exit(strcmp(set(open_store("a"), "over3", "3", NULL),
		    "others wrote all the time"));
	}
	ends_well(child, "one that is overtaken for ever says so");
}

/* A member that leaves, or joins, keeps what is ordered and gives up what is
 * not; one that was alone keeps what it promised. */
static void
test_changes(void)
{
	struct store *s = open_store("a");
	const char *head;

	is(set(s, "proposed", "1", NULL), "done", "a member");
	head = head_of(s);
	only_propose("2");
	ok(store_change_order(s, false) == NULL, "leaves");
	is(head_of(s), head, "and has nothing of what was only proposed");
	is(value_of(s, "proposed"), "1", "nor has its file");
	alone = true;
	only_propose("3");
	alone = false;
	ok(store_change_order(s, true) == NULL, "and joins again");
	is(value_of(s, "proposed"), "3", "with what it promised meanwhile");
}

/* Whose configuration names no cluster any more promises by its journal alone,
 * whatever that begins with. */
static void
test_alone(void)
{
	struct store *s;

	alone = true;
	s = open_store("a");
	is(set(s, "alone", "1", NULL), "done", "a node that is alone again");
	run(mem_printf("rm %s/a/store/%s; printf x | dd of=%s/a/state/marks "
	               "conv=notrunc 2>/dev/null",
	    dir, store_path("apps", "alone"), dir));
	s = open_store("a");
	is(value_of(s, "alone"), "1", "loses nothing by a boot");
}

/* By a process of its own, as each request is: the record is set to text in one
 * store, and both have it. */
static bool
spread(const char *text)
{
	const pid_t child = fork();
	struct store *a, *b;
	int status = 1;
	bool good;

	if (child == 0) {
		a = open_store("a");
		b = open_store("b");
		good = strcmp(set(a, "full", text, NULL), "done") == 0 &&
		       catch_up(b) < 99 &&
		       strcmp(value_of(a, "full"), text) == 0 &&
		       strcmp(value_of(b, "full"), text) == 0 &&
		       strcmp(head_of(a), head_of(b)) == 0;
		_exit(good ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

/* Until the journal of a store is all but full; then one change more, that
 * leaves so many bytes of it. */
static bool
leave_room(struct journal *j, size_t room)
{
	enum { LONG = 500000, SEAL = 132 };
	size_t before, more = 0;

	while (more == 0 || JOURNAL_SIZE - j->tail > 2 * LONG) {
		before = j->tail;
		if (!spread(long_text(LONG)) || journal_marks(j) != NULL)
			return false;
		if (j->tail > before)
			more = j->tail - before - LONG - SEAL;
	}
	return spread(long_text(JOURNAL_SIZE - j->tail - more - room));
}

/* One that was placed when its process died, then another's for which the
 * journal has no room. */
static void
test_full_behind(void)
{
	const pid_t child = fork();
	const char *text;
	struct store *a, *b;

	if (child == 0) {
		a = open_store("a");
		b = open_store("b");
		text = long_text(400000);
		if (!leave_room(a->journal, 200000))
			_exit(2);
		trouble = DEADLY;
		if (fork() == 0) {
			(void)set(open_store("a"), "full-one", "1", NULL);
			_exit(1);
		}
		wait(NULL);
		trouble = NONE;
		set_apart("b", "full-two", text);
		if (catch_up(a) != 1)
			_exit(3);
		if (strcmp(value_of(a, "full-one"), "1") != 0 ||
		    strcmp(value_of(a, "full-two"), text) != 0 ||
		    strcmp(head_of(a), head_of(b)) != 0)
			_exit(4);
		_exit(0);
	}
	ends_well(child,
	    "what was placed unheard stays before what has no room behind it");
}

/* A change for which the journal begins anew, whereby others come first. */
static void
test_full_raced(void)
{
	const pid_t child = fork();
	struct store *a;

	if (child == 0) {
		a = open_store("a");
		if (!leave_room(a->journal, 60000))
			_exit(2);
		propose("raced1", "1", NULL, false);
		set_apart("b", "raced2", "b");
		if (strcmp(set(a, "raced3", long_text(100000), "raced2"),
		        "raced") != 0)
			_exit(3);
		_exit(value_of(a, "raced1") == NULL ? 4 : 0);
	}
	ends_well(child,
	    "a full journal lets nobody write from what has changed");
}

static void
test_full(struct journal *j)
{
	static const size_t rooms[] = {0, 60, 131, 132};
	bool good = true;
	size_t i;

	for (i = 0; good && i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		good = journal_marks(j) == NULL && leave_room(j, rooms[i]);
		if (!good)
			printf("# %zu bytes left\n", rooms[i]);
	}
	ok(good, "a journal that has no room for a seal loses nothing");
}

int
main(void)
{
	char template[] = "/tmp/sutler-test-XXXXXX";
	struct store *a, *b;

	dir = mkdtemp(template);
	if (dir == NULL || store_init(mem_printf("%s/a", dir)) != NULL ||
	    run(mem_printf("mkdir %s/order && echo x > %s/a/state/cluster &&"
	                   " cp -a %s/a %s/b",
	        dir, dir, dir, dir)) != 0) {
		printf("Bail out! no stores\n");
		return 1;
	}
	a = open_store("a");
	b = open_store("b");
	/* as who joins does: their journals begin anew */
	ok(store_checkpoint(a) == NULL && store_checkpoint(b) == NULL,
	    "two stores of one history");
	/* which need memory, of their own */
	test_full_again();
	test_overtaken();
	test_full_behind();
	test_full_raced();
	ok(catch_up(a) == 0 && catch_up(b) == 1, "nothing else was left");
	test_in_turn(a, b);
	test_races(a, b);
	test_several(a, b);
	test_trouble(a, b);
	test_fickle(a, b);
	test_apart(a, b);
	test_again(a, b);
	test_newcomers(a, b);
	test_same(a, b);
	test_full(a->journal);
	test_boot(a, b);
	test_changes();
	test_alone();
	run(mem_printf("rm -r %s", dir));
	return done();
}
