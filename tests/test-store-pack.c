/*
 * Packing and merging: history goes into few packs and stays whole, whoever
 * packed before, whatever is read meanwhile.
 */
#include "conf.h"
#include "fail.h"
#include "json.h"
#include "mem.h"
#include "store.h"
#include "store-apply.h"
#include "store-log.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, WRITES = 20 };

static struct conf conf;
static const struct store_message message = {"ana", "ana@example.org",
    "test: a change\n"};

static const struct fail *
rows(struct index_rows *out, const char *path, const cJSON *record)
{
	(void)path;
	index_list(out, "all", json_text(record, "name"));
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

static void
set(struct store *s, const char *name, const char *value)
{
	cJSON *o = cJSON_CreateObject();
	const struct fail *f = store_lock(s);

	json_add_text(o, "name", name);
	json_add_text(o, "value", value);
	if (f == NULL) {
		store_put(s, store_path("apps", name), o);
		f = store_commit(NULL, s, &message);
	}
	if (f != NULL)
		printf("# %s\n", f->text);
}

/* What a shell command in the repository prints, its last newline cut. */
static const char *
shell(const char *command)
{
	struct mem_text t = {0};
	char buffer[4096];
	int ends[2], status;
	ssize_t n;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		return "no pipe";
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		if (chdir(mem_printf("%s/store", conf.data)) != 0)
			_exit(126);
		execlp("sh", "sh", "-c", command, (char *)NULL);
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

static int
packs(void)
{
	return atoi(shell("ls .git/objects/pack/*.pack | wc -l"));
}

static void
is_sound(const char *when)
{
	is(shell("git fsck --strict --full --no-progress --no-dangling"), "",
	    "%s: git fsck is content", when);
	is(shell("for i in .git/objects/pack/*.idx; do"
	         " git verify-pack $i || echo $i; done"),
	    "", "%s: so is git verify-pack", when);
	is(shell("ls .git/objects/pack | sed 's/.*[.]//' | sort | uniq -c |"
	         " awk '{print $1}' | uniq | wc -l"),
	    "1", "%s: each pack has its idx, and nothing is left over", when);
}

/* Writes of which every second one brings back what was there before. */
static void
write_some(struct store *s, int round)
{
	int i;

	for (i = 0; i < WRITES; i++)
		set(s, mem_printf("app-%d", i % 4),
		    i % 8 < 4 ? mem_printf("%d-%d", round, i) : "the same");
}

static const struct fail *
pack(struct store_packed *out, struct store *s)
{
	size_t merged = 0, commits = 0;
	const struct fail *f;

	do {
		f = store_pack(out, s, 1);
		merged += out->merged;
		commits += out->commits;
	} while (f == NULL && (out->commits > 0 || out->merged > 0));
	out->merged = merged;
	out->commits = commits;
	return f;
}

static void
test_rounds(void)
{
	struct store *s = open_store(), *reader = open_store();
	struct store_log log = {0};
	struct store_packed did;
	size_t merged = 0, commits = 0;
	const char *objects;
	int round, most = 0;

	for (round = 0; round < ROUNDS; round++) {
		write_some(s, round);
		objects = shell("git rev-list --objects --all | sort |"
		                " git hash-object --stdin");
		if (round == 2) {
			log.id = shell("git rev-parse HEAD");
			ok(store_need_git(reader) == NULL &&
			        store_git_commit(&log, reader->git) == NULL,
			    "a reader that stays");
		}
		if (pack(&did, s) != NULL)
			break;
		merged += did.merged;
		commits += did.commits;
		if (packs() > most)
			most = packs();
	}
	ok(round == ROUNDS, "%d rounds of writing and packing", round);
	is(shell("git rev-list --count HEAD"), mem_printf("%zu", commits),
	    "each commit is packed once");
	is(shell("git count-objects"), "0 objects, 0 kilobytes",
	    "nothing stays loose");
	ok(merged > ROUNDS, "packs were merged (%zu)", merged);
	ok(most <= 5, "there are few at any time (%d)", most);
	is(shell("git rev-list --objects --all | sort |"
	         " git hash-object --stdin"),
	    objects, "and nothing is lost");
	is_sound("after rounds");
	log.id = shell("git rev-list HEAD | sed -n 100p");
	ok(store_git_commit(&log, reader->git) == NULL,
	    "the reader finds what has moved");
	ok(pack(&did, s) == NULL && did.commits == 0 && did.merged == 0,
	    "then there is nothing to do");
}

static void
test_others(void)
{
	struct store *s = open_store();
	struct store_packed did;
	const char *kept;
	int round;

	write_some(s, ROUNDS);
	/* who takes our own lock off */
	shell("git config --unset extensions.preciousObjects &&"
	      " git -c repack.writeBitmaps=true gc -q --no-cruft");
	ok(pack(&did, open_store()) == NULL && did.commits == 0,
	    "what git gc packed is not packed again");
	shell("cd .git/objects/pack && for p in *.pack; do"
	      " touch ${p%pack}keep; done");
	kept = shell("ls .git/objects/pack | grep keep | sed s/keep/pack/");
	write_some(s, ROUNDS + 1);
	write_some(s, ROUNDS + 2);
	ok(pack(&did, open_store()) == NULL && did.commits == WRITES * 2,
	    "what came after it is packed");
	is(shell(mem_printf("ls .git/objects/pack | grep %s", kept)), kept,
	    "a pack that is kept stays");
	shell("cd .git/objects/pack && rm -f *.keep &&"
	      " git repack -q -a -d --no-write-bitmap-index &&"
	      " git config extensions.preciousObjects true");
	is_sound("after git repack");
	kept = shell("ls .git/objects/pack | grep 'pack$'");
	for (round = ROUNDS + 3; round < ROUNDS * 4; round++) {
		write_some(s, round);
		if (pack(&did, open_store()) != NULL ||
		    strstr(shell("ls .git/objects/pack"), kept) == NULL)
			break;
	}
	ok(round < ROUNDS * 4, "git's own packs are merged like ours");
	is_sound("after that");
	is(shell("git show HEAD~150:$(git ls-tree -r --name-only HEAD apps |"
	         " head -n 1) | grep -c name"),
	    "1", "and read");
}

/* One bad commit in a pack: it is not copied, and nothing is taken away. */
static void
test_damage(void)
{
	struct store *s = open_store();
	const struct fail *f = NULL;
	struct store_packed did;
	const char *before;
	int i;

	write_some(s, ROUNDS + 5);
	pack(&did, s);
	shell(
	    "c=$(git rev-parse HEAD~5); cp -r .git/objects/pack .git/saved;"
	    " for i in .git/objects/pack/*.idx; do"
	    "  at=$(git verify-pack -v $i | awk -v c=$c '$1 == c {print $5}');"
	    "  [ -z \"$at\" ] || { p=${i%idx}pack; chmod u+w $p;"
	    "  printf xxxx | dd of=$p bs=1 seek=$((at + 30)) conv=notrunc; };"
	    " done");
	before = shell("ls .git/saved");
	for (i = 0; f == NULL && i < 12; i++) {
		write_some(s, ROUNDS + 6 + i);
		f = pack(&did, s);
	}
	ok(f != NULL && f->code == FAIL_SYSTEM &&
	        strstr(f->text, "damaged") != NULL,
	    "a damaged pack is named");
	is(shell("for f in .git/saved/*; do"
	         " [ -e .git/objects/pack/${f##*/} ] && echo ${f##*/}; done"),
	    before, "and stays, with all others");
	shell("cp -f .git/saved/* .git/objects/pack && rm -rf .git/saved");
	ok(pack(&did, s) == NULL && did.merged > 0, "once mended, it merges");
	is_sound("after damage");
}

/* A second pack of nothing new: what is made of both is the first one. */
static void
test_same(void)
{
	struct store *s = open_store();
	struct store_packed did;
	const char *before;
	int round = ROUNDS * 5;

	do
		write_some(s, round++);
	while (pack(&did, s) == NULL && (packs() > 1 || did.merged == 0));
	before = shell("ls .git/objects/pack");
	shell("cd .git/objects/pack && for p in idx pack; do cp *.$p"
	      " pack-0123456789012345678901234567890123456789.$p; done");
	ok(packs() == 2, "two packs of the same");
	ok(pack(&did, s) == NULL && did.merged == 2, "are merged");
	is(shell("ls .git/objects/pack"), before, "and one stays");
	is_sound("after that");
}

static void
test_remnants(void)
{
	struct store *s = open_store();
	struct store_packed did;

	shell("cd .git/objects/pack && : >tmp_merge_pack && : >tmp_merge_idx"
	      " && : >pack_git2_old && touch -d '2 days ago' pack_git2_old &&"
	      " cp $(ls *.idx | head -n 1)"
	      " pack-0123456789012345678901234567890123456789.idx");
	ok(pack(&did, s) == NULL, "packed");
	is_sound("after a packer that was killed");
}

int
main(void)
{
	char dir[] = "/tmp/sutler-store-pack-XXXXXX";

	if (mkdtemp(dir) == NULL)
		return 1;
	conf.data = mem_printf("%s/data", dir);
	conf.host = "localhost";
	ok(store_init(conf.data) == NULL, "init");
	test_rounds();
	test_others();
	test_damage();
	test_same();
	test_remnants();
	shell(mem_printf("rm -rf '%s'", dir));
	return done();
}
