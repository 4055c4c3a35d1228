/* sutler init, tick, open, reindex */
#include "clock.h"
#include "cluster.h"
#include "complain.h"
#include "conf-cluster.h"
#include "fail.h"
#include "fence.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "owner.h"
#include "record.h"
#include "secret-key.h"
#include "session.h"
#include "store-check.h"
#include "store-health.h"
#include "store.h"

#include "sutler-secret.h"
#include "sutler.h"
#include "token.h"
#include "transcript.h"
#include "upgrade.h"
#include "work.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void
note_nothing(void *arg, const char *where, const char *what, const char *done)
{
	(void)arg;
	(void)where;
	(void)what;
	(void)done;
}

/* Whatever is in data already becomes its owner's; so do we. */
static const struct fail *
settle_owner(const char *data)
{
	struct findings silent = {.repair = true, .note = note_nothing};
	const struct fail *f = owner_check(data, &silent);

	return f == NULL ? owner_become(data) : f;
}

static const struct fail *
init(const struct call *c)
{
	const char *data = c->argc > 0 ? c->argv[0] : NULL, *key;
	struct conf *conf = NULL, plain = {0};
	const struct fail *f = NULL;
	struct store *s;
	int fd = -1;

	if (data == NULL) {
		f = call_conf(&conf, c);
		if (f != NULL)
			return f;
		data = conf->data;
	}
	key = mem_printf("%s/key", data);
	if (conf != NULL && conf->sealed) {
		f = file_directory(data);
		if (f == NULL)
			f = secret_key_open(&fd, conf);
	}
	if (f == NULL)
		f = settle_owner(data);
	/* a store without a key has lost it, or was killed before it had one */
	if (f == NULL && (access(key, F_OK) == 0 || !store_there(data)))
		f = store_init(data);
	if (f == NULL && access(key, F_OK) != 0)
		f = token_key_new(data);
	plain.data = data;
	if (f == NULL)
		f = record_store(&s, &plain);
	if (f == NULL)
		f = store_reindex(s, NULL);
	if (f == NULL && fd >= 0)
		f = sutler_secret_first_key(fd, conf);
	if (f == NULL && fd >= 0)
		f = sutler_secret_show(s, conf);
	if (f == NULL)
		f = settle_owner(data);
	if (f == NULL)
		f = store_sync(data);
	if (f == NULL)
		printf("%s is ready; next: sutler account add NAME EMAIL\n",
		    data);
	return f;
}

/* SSO pages that nobody opened. */
enum { SSO_SECONDS = 3600 };

/* Fewer commits than these are not worth a pack of their own; and no further
 * batch is begun after so many ms. */
enum { PACK_LEAST = 1000, PACK_MS = 20 * 1000 };

/* True where the next call may find more to do. */
static bool
goes_on(const struct store_packed *packed)
{
	return packed->commits > 0 || packed->merged > 0;
}

/* Files in directory state/name that were made more than so many seconds ago.
 */
static const struct fail *
remove_old(const struct call *c, const char *name, time_t seconds)
{
	const char *dir =
	    mem_printf("%s/state/%s", store_data(c->act.store), name);
	const struct fail *f = NULL;
	struct dirent *entry;
	const char *path;
	struct stat st;
	DIR *d = opendir(dir);

	if (d == NULL)
		return errno == ENOENT ? NULL
		                       : fail_errno("cannot open %s", dir);
	while (f == NULL && (entry = readdir(d)) != NULL) {
		path = mem_printf("%s/%s", dir, entry->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mtime + seconds < time(NULL))
			f = file_remove(path);
	}
	closedir(d);
	return f;
}

struct tick {
	const struct call *call;
	const char *now;
	size_t settled, left;
	bool mine; /* in a cluster: it is this member's turn, by a lease */
	int64_t lease, kept; /* … which was given or renewed then */
	/* queues whose first has not arrived, who does not answer */
	cJSON *held;
};

static bool
is_held(const struct tick *t, const struct work *o)
{
	const char *queue = work_queue(o), *asked = work_asked(o);

	return (queue != NULL && json_get(t->held, queue) != NULL) ||
	       (asked != NULL && json_get(t->held, asked) != NULL);
}

static void
hold(struct tick *t, const char *name)
{
	if (name != NULL && json_get(t->held, name) == NULL)
		cJSON_AddTrueToObject(t->held, name);
}

/* o stays open; what is to arrive behind it waits for it. */
static void
leave_open(struct tick *t, const struct work *o, enum work_state state)
{
	t->left++;
	hold(t, work_queue(o));
	if (state == WORK_SILENT)
		hold(t, work_asked(o));
}

/* In a cluster, is it for this member to do? */
static bool
is_ours(const struct tick *t, const struct work *o)
{
	const struct conf *conf = t->call->act.conf;

	if (conf->cluster == NULL)
		return true;
	if (strcmp(o->kind, WORK_RESTART) == 0)
		return conf->restart_hook != NULL;
	return t->mine;
}

/* The turn lasts as long as there is work; once it is lost, or etcd is away,
 * the next one asks the providers. */
static void
keep_turn(struct tick *t)
{
	const struct fail *f;

	if (t->lease == 0 || !t->mine ||
	    clock_now() < t->kept + CLUSTER_TURN * 1000 / 4)
		return;
	f = etcd_keep(t->call->act.conf, t->lease);
	if (f != NULL)
		fprintf(stderr, "sutler: the turn is lost: %s\n", f->text);
	t->mine = f == NULL;
	t->kept = clock_now();
}

static const struct fail *
tick_one(void *arg, const struct work *o)
{
	struct tick *t = arg;
	const struct act *act = &t->call->act;
	enum work_state state = WORK_OPEN;
	const struct fail *f = NULL;

	keep_turn(t);
	if (!is_ours(t, o))
		return NULL;
	if (strcmp(o->next_at, t->now) <= 0)
		f = work_try(&state, act, o,
		    is_held(t, o) ? 0 : act->conf->provider_timeout);
	if (state == WORK_SETTLED)
		t->settled++;
	else
		leave_open(t, o, state);
	if (f == NULL || f->code == FAIL_SYSTEM)
		return f;
	/* it is no reason to leave the rest */
	fprintf(stderr, "sutler: %s for %s: %s\n", o->kind, o->app_name,
	    f->text);
	return NULL;
}

/* All but what tick does.  A hook, where there is one, must be able to do
 * anything. */
static void
give_up(const struct conf *conf)
{
	struct fence_path paths[4 + CONF_CLUSTER_FILES + FENCE_SYSTEM] = {
	    {conf->data,        FENCE_CHANGE},
	    {conf->libexec,     FENCE_RUN   },
	    {conf->file,        FENCE_READ  },
	    {conf->secrets_key, FENCE_READ  },
	};
	struct fence f = {paths, 4, 1, 0, NULL};
	const char *files[CONF_CLUSTER_FILES];
	const size_t count = conf_cluster_files(files, conf);
	size_t i;

	if (conf->restart_hook != NULL || !conf->fence)
		return;
	for (i = 0; i < count; i++)
		paths[f.count++] = (struct fence_path){files[i], FENCE_READ};
	memcpy(paths + f.count, fence_system, sizeof(fence_system));
	f.count += FENCE_SYSTEM;
	/* the programs that serve requests say what the kernel cannot do */
	(void)fence_up(&f);
}

/* Records in the format of these programs. */
static const struct fail *
upgrade(const struct call *c)
{
	const bool preview = call_option(c, "--dry-run") != NULL;
	struct upgrade u;
	const struct fail *f =
	    upgrade_run(&u, &c->act, preview, call_watcher());
	cJSON *row;

	if (f != NULL)
		return f;
	if (c->json) {
		row = cJSON_CreateObject();
		cJSON_AddNumberToObject(row, "from", u.from);
		cJSON_AddNumberToObject(row, "to", u.to);
		cJSON_AddNumberToObject(row, "records", (double)u.records);
		cJSON_AddNumberToObject(row, "changed", (double)u.changed);
		cJSON_AddNumberToObject(row, "left", (double)u.left);
		call_row(c, row);
		call_done(c);
	} else if (u.from == u.to) {
		printf("format %d: nothing to do\n", u.to);
	} else {
		printf("format %d to %d: %zu records%s, %zu %srewritten\n",
		    u.from, u.to, u.records, preview ? " (dry run)" : "",
		    u.changed, preview ? "to be " : "");
	}
	return NULL;
}

/*
 * What is open.  In a cluster only one member at a time asks the providers;
 * apps are restarted where there is a hook.
 */
static const struct fail *
settle_open(struct tick *t)
{
	const struct conf *conf = t->call->act.conf;
	const struct fail *f = NULL, *again;
	int64_t deleted;

	t->mine = true;
	if (conf->cluster == NULL)
		return work_walk(t->call->act.store, tick_one, t);
	f = cluster_turn(&t->mine, &t->lease, conf, "tick", CLUSTER_TURN);
	t->kept = clock_now();
	if (f == NULL && t->mine)
		f = cluster_clean(&deleted, t->call->act.store, conf);
	else if (f == NULL)
		f = cluster_catch_up(t->call->act.store, conf);
	if (f == NULL)
		f = work_walk(t->call->act.store, tick_one, t);
	again = t->mine ? etcd_revoke(conf, t->lease) : NULL;
	return f != NULL ? f : again;
}

/* One tick at a time: a second one has nothing to do. */
static const struct fail *
tick(const struct call *c)
{
	const char *lock =
	    mem_printf("%s/state/tick", store_data(c->act.store));
	struct call named = *c;
	struct tick t = {.call = &named,
	    .now = clock_text(clock_now()),
	    .held = cJSON_CreateObject()};
	struct store_packed packed;
	const struct fail *f;
	int64_t until;
	int fd;

	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno("cannot open %s", lock);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		puts("another tick is at work");
		return NULL;
	}
	/* its calls and commits, and what it says of them, can be told apart */
	named.act.request_id = mem_printf("tick-%s", hash_random_hex(8));
	complain_as(named.act.request_id);
	give_up(c->act.conf);
	f = settle_open(&t);
	if (f == NULL)
		f = remove_old(c, "rings", SESSION_SECONDS);
	if (f == NULL)
		f = remove_old(c, "sso", SSO_SECONDS);
	if (f == NULL)
		f = remove_old(c, "sessions", SESSION_SECONDS);
	if (f == NULL)
		f = transcript_sweep(c->act.conf);
	if (f == NULL)
		f = store_checkpoint(c->act.store);
	if (f == NULL)
		f = store_count_all(c->act.store);
	until = clock_now() + PACK_MS;
	do {
		if (f == NULL)
			f = store_pack(&packed, c->act.store, PACK_LEAST);
	} while (f == NULL && clock_now() < until && goes_on(&packed));
	close(fd);
	if (f == NULL && t.settled + t.left > 0)
		printf("%zu settled, %zu left open\n", t.settled, t.left);
	return f;
}

static const struct fail *
open_one(void *arg, const struct work *o)
{
	const struct call *c = arg;
	cJSON *row;

	if (c->json) {
		call_row(c, work_view(o));
		return NULL;
	}
	row = cJSON_CreateObject();
	json_add_text(row, "kind", o->kind);
	json_add_text(row, "app", o->app_name);
	json_add_text(row, "provider", o->provider == NULL ? "-" : o->provider);
	json_add_text(row, "addon", o->addon_id == NULL ? "-" : o->addon_id);
	json_add_text(row, "since", o->created_at);
	json_add_text(row, "next", o->next_at);
	json_add_text(row, "trouble", o->trouble == NULL ? "-" : o->trouble);
	call_row(c, row);
	return NULL;
}

static const struct fail *
open_list(const struct call *c)
{
	struct call copy = *c;
	const struct fail *f = work_walk(c->act.store, open_one, &copy);

	if (f == NULL)
		call_done(c);
	return f;
}

static void
end_show(void)
{
	if (call_watcher() != NULL)
		fputc('\n', stderr);
}

static const struct fail *
pack(const struct call *c)
{
	size_t commits = 0, objects = 0, merged = 0;
	store_tell *tell = call_watcher();
	struct store_packed done;
	const struct fail *f;

	do {
		f = store_pack(&done, c->act.store, 1);
		commits += done.commits;
		objects += done.objects;
		merged += done.merged;
		if (tell != NULL)
			tell("commits packed", commits, commits + done.left);
	} while (f == NULL && goes_on(&done));
	end_show();
	if (f == NULL)
		printf("%zu commits, %zu objects packed\n", commits, objects);
	if (f == NULL && merged > 0)
		printf("%zu packs merged\n", merged);
	return f;
}

static void
note_finding(void *arg, const char *where, const char *what, const char *done)
{
	const struct call *c = arg;
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "path", where);
	json_add_text(row, "finding", what);
	json_add_text(row, "done", done == NULL ? "nothing" : done);
	call_row(c, row);
}

/* Root mends what is another's first: without it, the owner could not even
 * open the store. */
static const struct fail *
check_store(const struct call *c)
{
	struct call copy = *c;
	struct findings n = {call_option(c, "--repair") != NULL, note_finding,
	    &copy, 0, 0};
	const struct fail *f;
	struct conf *conf;
	struct store *s;
	size_t records;

	f = call_conf(&conf, c);
	if (f == NULL)
		f = owner_check(conf->data, &n);
	if (f == NULL)
		f = owner_become(conf->data);
	if (f == NULL)
		f = record_store(&s, conf);
	if (f == NULL)
		f = store_check(&records, s, &n);
	if (f == NULL)
		f = sutler_secret_check(s, &n);
	if (f != NULL)
		return f;
	call_done(c);
	if (n.left > 0)
		return fail(FAIL_CONFLICT, "%zu of %zu findings are left%s",
		    n.left, n.count, n.repair ? "" : ": see --repair");
	if (!c->json)
		printf("%zu records, %zu findings: sound\n", records, n.count);
	return NULL;
}

static const struct fail *
reindex(const struct call *c)
{
	const struct fail *f = store_reindex(c->act.store, call_watcher());

	end_show();
	return f;
}

const struct command work_commands[] = {
    {"init",                                               "[DIR]", "make a data directory, DIR or the configuration's", 0, 1,
     true, init, {{0}}},
    {"tick", "", "settle what is open, flush the journal; run it every minute",
     0, 0, false, tick, {{0}}},
    {"open",                                                   "", "what is owed to providers and apps", 0, 0, false, open_list,
     {{0}}},
    {"fsck",                                                "[--repair]",
     "hold files, history and index against each other; mend them", 0, 0,
     true, check_store, {{"--repair", false}}},
    {"upgrade",                                                    "[--dry-run]",
     "rewrite records that an earlier sutler wrote, after its programs were "
        "replaced; servers go on meanwhile", 0, 0, false, upgrade, {{"--dry-run", false}}},
    {"pack",                                                  "", "pack the history; tick does it too, batch by batch", 0, 0,
     false, pack, {{0}}},
    {"reindex",                                                    "", "make the index anew from the records and the history", 0,
     0, false, reindex, {{0}}},
    {0                                              }
};
