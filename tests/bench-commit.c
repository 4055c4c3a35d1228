/*
 * bench-commit REPOSITORY PATH NAME SECONDS MODE
 *
 * The commit that sutler makes for one changed value, made by libgit2 alone in
 * a process that has the repository open already: for SECONDS, commit after
 * commit to main, each with the value of NAME in the record at PATH being a new
 * number of the same length.  Prints how many it made, and the microseconds
 * that each took.
 *
 * MODE, how each commit is made to survive the loss of power:
 *	none	not at all
 *	fsync	libgit2's own way: every object, the reference, directories
 *	syncfs	one syncfs(2) behind the objects, then the reference is moved,
 *		and it and its directory are flushed
 */
#include <fcntl.h>
#include <git2.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum mode { MODE_NONE, MODE_FSYNC, MODE_SYNCFS, MODES };

static const char *const modes[MODES] = {"none", "fsync", "syncfs"};
static const char branch[] = "refs/heads/main";

struct bench {
	git_repository *repo;
	git_odb *odb;
	git_oid head, tree;
	const char *path;
	char *text; /* the record, whose number changes in place */
	size_t len;
	char *number;
	size_t digits;
	uint64_t next;
	enum mode mode;
};

/* Ends the program where a call of libgit2 or of the system failed. */
static void
must(int error, const char *what)
{
	const git_error *e = git_error_last();

	if (error >= 0)
		return;
	if (e != NULL && e->message != NULL)
		fprintf(stderr, "bench-commit: %s: %s\n", what, e->message);
	else
		perror(what);
	exit(1);
}

static int64_t
microseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Flush the file or directory name in the repository. */
static void
flush(const struct bench *b, const char *name, int (*how)(int))
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", git_repository_path(b->repo),
	    name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd, path);
	must(how(fd), path);
	close(fd);
}

/* *out = the tree old (NULL: none) with the file at path being blob. */
static void
edit(git_oid *out, const struct bench *b, const git_tree *old, const char *path,
    const git_oid *blob)
{
	const char *slash = strchr(path, '/');
	const git_tree_entry *entry;
	git_treebuilder *builder;
	git_tree *below = NULL;
	char name[256];
	git_oid oid;

	must(git_treebuilder_new(&builder, b->repo, old), "build a tree");
	if (slash == NULL) {
		must(git_treebuilder_insert(NULL, builder, path, blob,
		         GIT_FILEMODE_BLOB),
		    path);
	} else {
		snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
		entry = git_treebuilder_get(builder, name);
		if (entry != NULL)
			must(git_tree_lookup(&below, b->repo,
			         git_tree_entry_id(entry)),
			    name);
		edit(&oid, b, below, slash + 1, blob);
		git_tree_free(below);
		must(git_treebuilder_insert(NULL, builder, name, &oid,
		         GIT_FILEMODE_TREE),
		    name);
	}
	must(git_treebuilder_write(out, builder), "write a tree");
	git_treebuilder_free(builder);
}

static void
write_commit(struct bench *b, const git_oid *tree)
{
	char text[1024], parent[GIT_OID_HEXSZ + 1], root[GIT_OID_HEXSZ + 1];
	long long now = (long long)time(NULL);
	int len;

	git_oid_tostr(parent, sizeof(parent), &b->head);
	git_oid_tostr(root, sizeof(root), tree);
	len = snprintf(text, sizeof(text),
	    "tree %s\nparent %s\n"
	    "author Sandbox (Scalingo) <sandbox-scalingo@localhost> %lld "
	    "+0000\n"
	    "committer sutler <sutler@localhost> %lld +0000\n\n"
	    "blog: sandbox-scalingo changed SANDBOX_TOKEN\n\n"
	    "App: 5f0c3b2a1d4e6f708192a3b4 blog\n"
	    "Addon: ad-00000000-0000-4000-8000-000000000000\n"
	    "Actor: sandbox-scalingo\nRequest-Id: 0123456789abcdef\n"
	    "Event: {\"type\":\"edit_variables\",\"names\":[\"SANDBOX_TOKEN\"]}"
	    "\n",
	    root, parent, now, now);
	must(git_odb_write(&b->head, b->odb, text, (size_t)len,
	         GIT_OBJECT_COMMIT),
	    "write a commit");
}

static void
commit(struct bench *b)
{
	char digits[32];
	git_reference *ref;
	git_tree *old;
	git_oid blob;

	snprintf(digits, sizeof(digits), "%0*" PRIu64, (int)b->digits,
	    b->next++);
	memcpy(b->number, digits, b->digits);
	must(git_odb_write(&blob, b->odb, b->text, b->len, GIT_OBJECT_BLOB),
	    "write a blob");
	must(git_tree_lookup(&old, b->repo, &b->tree), "read the tree");
	edit(&b->tree, b, old, b->path, &blob);
	git_tree_free(old);
	write_commit(b, &b->tree);
	if (b->mode == MODE_SYNCFS)
		flush(b, "", syncfs);
	must(git_reference_create(&ref, b->repo, branch, &b->head, 1, NULL),
	    "move main");
	git_reference_free(ref);
	if (b->mode == MODE_SYNCFS) {
		flush(b, branch, fsync);
		flush(b, "refs/heads", fsync);
	}
}

/* Where in the record the value of name stands; it becomes the number. */
static void
find_number(struct bench *b, const char *name)
{
	char key[256];

	snprintf(key, sizeof(key), "\"%s\":\t\"", name);
	b->number = strstr(b->text, key);
	if (b->number != NULL) {
		b->number += strlen(key);
		b->digits = strcspn(b->number, "\"");
	}
	if (b->digits < 16 || b->digits > 20) {
		fputs("bench-commit: NAME has no value of 16 to 20 bytes\n",
		    stderr);
		exit(1);
	}
}

/* Open the repository, and take the record at b->path out of it. */
static void
start(struct bench *b, const char *dir)
{
	git_tree_entry *entry;
	git_commit *head;
	git_tree *tree;
	git_blob *blob;

	git_libgit2_init();
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, b->mode == MODE_FSYNC);
	must(git_repository_open_bare(&b->repo, dir), dir);
	must(git_repository_odb(&b->odb, b->repo), dir);
	must(git_reference_name_to_id(&b->head, b->repo, branch), branch);
	must(git_commit_lookup(&head, b->repo, &b->head), branch);
	must(git_commit_tree(&tree, head), branch);
	must(git_tree_entry_bypath(&entry, tree, b->path), b->path);
	must(git_blob_lookup(&blob, b->repo, git_tree_entry_id(entry)),
	    b->path);
	b->tree = *git_tree_id(tree);
	b->len = (size_t)git_blob_rawsize(blob);
	b->text = malloc(b->len + 1);
	must(b->text == NULL ? -1 : 0, "memory");
	memcpy(b->text, git_blob_rawcontent(blob), b->len);
	b->text[b->len] = '\0';
	git_blob_free(blob);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	git_commit_free(head);
}

int
main(int argc, char **argv)
{
	struct bench b = {0};
	int64_t from, until, now;
	long commits = 0;

	while (
	    argc == 6 && b.mode < MODES && strcmp(argv[5], modes[b.mode]) != 0)
		b.mode++;
	if (argc != 6 || b.mode == MODES) {
		fputs("usage: bench-commit REPOSITORY PATH NAME SECONDS"
		      " none|fsync|syncfs\n",
		    stderr);
		return 2;
	}
	b.path = argv[2];
	start(&b, argv[1]);
	find_number(&b, argv[3]);
	/* no number comes twice, in another run either */
	b.next = (uint64_t)microseconds(CLOCK_REALTIME);
	commit(&b);
	from = now = microseconds(CLOCK_MONOTONIC);
	until = from + (int64_t)(strtod(argv[4], NULL) * 1e6);
	for (; now < until; now = microseconds(CLOCK_MONOTONIC)) {
		commit(&b);
		commits++;
	}
	printf("%ld %.1f\n", commits, (double)(now - from) / (double)commits);
	return 0;
}
