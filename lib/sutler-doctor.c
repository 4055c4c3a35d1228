/*
 * sutler doctor: does all of an installation fit together, and what is to be
 * done where it does not.  It changes nothing.
 */
#include "client.h"
#include "clock.h"
#include "fail.h"
#include "fence.h"
#include "finding.h"
#include "mem.h"
#include "owner.h"
#include "provider.h"
#include "secret-row.h"
#include "store-format.h"
#include "store-health.h"
#include "store-log.h"
#include "sutler-doctor.h"
#include "work.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
	ASK_SECONDS = 10,    /* for a server or a provider to answer */
	TICK_SECONDS = 900,  /* without a tick: a warning */
	CLOCK_SECONDS = 60,  /* a commit may be so much from the future */
	SPACE_LEAST = 64,    /* MB: less is a fault, ten times that a warning */
	FILES_LEAST = 10000, /* inodes, likewise */
	LOOSE_MOST = 50000,  /* objects that nobody packs */
	ATTEMPTS_MANY = 5,   /* of work that does not succeed */
	DAYS_LEAST = 15,     /* of a certificate: less is a warning */
	DAYS_FEW = 4         /* … and less than that a fault */
};

void
doctor_say(struct doctor *d, const char *state, const char *text,
    const char *remedy)
{
	cJSON *row = cJSON_CreateObject();

	json_add_text(row, "check", d->check);
	json_add_text(row, "state", state);
	json_add_text(row, "finding", text);
	if (remedy != NULL || d->call->json)
		json_add_text(row, "remedy", remedy);
	call_row(d->call, row);
	d->said++;
	d->faults += strcmp(state, "fault") == 0;
}

/* What programs give up */

static const struct fail *
look_at_fence(struct doctor *d)
{
	static const char *const parts[] = {"store", "index", "state"};
	const char *path;
	struct stat st;
	size_t i;

	if (!d->conf->fence)
		doctor_say(d, "warning", "programs give up nothing",
		    mem_printf("take \"fence = no\" out of %s", d->conf->file));
	else if (fence_version() < FENCE_VERSION)
		doctor_say(d, "warning",
		    "the kernel cannot keep programs from files that are none"
		    " of theirs",
		    "a kernel of 5.19 or later, with landlock in its lsm="
		    " parameter");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		path = mem_printf("%s/%s", d->conf->data, parts[i]);
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			doctor_say(d, "fault",
			    mem_printf("%s is a link, which programs cannot"
			               " follow",
			        path),
			    "mount --bind what it leads to in its place");
	}
	return NULL;
}

/* Whose the files are */

static void
note_finding(void *arg, const char *where, const char *what, const char *done)
{
	struct doctor *d = arg;

	if (done == NULL)
		doctor_say(d, "fault", mem_printf("%s: %s", where, what),
		    "sutler fsck --repair, as root");
}

static const struct fail *
look_at_files(struct doctor *d)
{
	struct findings found = {.note = note_finding, .arg = d};
	const char *key = mem_printf("%s/key", d->conf->data);
	const struct fail *f = owner_check(d->conf->data, &found);
	struct stat st;

	if (f != NULL)
		return f;
	if (stat(d->conf->data, &st) == 0 && (st.st_mode & 077) != 0)
		doctor_say(d, "fault",
		    mem_printf("%s can be entered by others", d->conf->data),
		    mem_printf("chmod 700 %s", d->conf->data));
	if (stat(key, &st) != 0)
		doctor_say(d, "fault", mem_printf("%s is not there", key),
		    "restore it from a backup; a new one ends all bearer"
		    " tokens");
	else if ((st.st_mode & 077) != 0)
		doctor_say(d, "fault",
		    mem_printf("%s can be read by others", key),
		    mem_printf("chmod 600 %s", key));
	return NULL;
}

/* Secrets */

static const struct fail *
look_at_secrets(struct doctor *d)
{
	struct secret_keys keys;
	struct secret_rows rows;
	const struct fail *f, *trouble = secret_key_read(&keys, d->conf);

	f = secret_row_look(&rows, d->conf, &keys);
	if (f != NULL || (!d->conf->sealed && rows.rows == 0))
		return f;
	if (trouble != NULL)
		doctor_say(d, "fault", trouble->text,
		    "what is sealed cannot be read or written: see README,"
		    " \"Secrets\"");
	else if (rows.locked > 0)
		doctor_say(d, "fault",
		    mem_printf("%llu secrets are sealed by a key that %s lacks",
		        (unsigned long long)rows.locked, d->conf->secrets_key),
		    "restore its line from a backup");
	else if (rows.old > 0)
		doctor_say(d, "warning",
		    "secrets are sealed by an old key still",
		    "sutler secrets rotate --drop-old");
	return NULL;
}

/* The disk and the clock */

static void
judge(struct doctor *d, const char *what, uint64_t have, uint64_t least)
{
	if (have < least * 10)
		doctor_say(d, have < least ? "fault" : "warning",
		    mem_printf("%llu %s are left", (unsigned long long)have,
		        what),
		    "make room: writes are refused when it is full");
}

static const struct fail *
look_at_space(struct doctor *d)
{
	struct statvfs st;

	if (statvfs(d->conf->data, &st) != 0)
		return fail_errno("cannot look at %s", d->conf->data);
	judge(d, "MB", (uint64_t)st.f_bavail * st.f_frsize >> 20, SPACE_LEAST);
	if (st.f_files > 0)
		judge(d, "files", st.f_favail, FILES_LEAST);
	return NULL;
}

static const struct fail *
look_at_clock(struct doctor *d)
{
	const struct call *c = d->call;
	struct store_health h;
	struct store_log log;
	const struct fail *f = store_health(&h, c->act.store);

	if (f == NULL)
		f = store_log_find(&log, c->act.store, h.head);
	if (f == NULL && log.time > clock_now() + CLOCK_SECONDS * 1000)
		doctor_say(d, "fault",
		    mem_printf("the last commit is of %s, the clock says %s",
		        clock_text(log.time), clock_text(clock_now())),
		    "set the clock, and keep it set (chrony, "
		    "systemd-timesyncd)");
	return f;
}

/* The store */

static const struct fail *
look_at_lock(struct doctor *d)
{
	const struct fail *f = store_lock(d->call->act.store);

	if (f == NULL)
		store_unlock(d->call->act.store);
	else
		doctor_say(d, "fault", f->text,
		    "see who holds it: fuser -v on DATA/state/lock");
	return NULL;
}

static const struct fail *
look_at_tick(struct doctor *d)
{
	const char *mark = mem_printf("%s/state/commits", d->conf->data);
	struct store_health h;
	const struct fail *f;
	int64_t ago = -1;
	struct stat st;

	if (stat(mark, &st) == 0)
		ago = clock_now() / 1000 - st.st_mtime;
	if (ago < 0 || ago > TICK_SECONDS)
		doctor_say(d, "warning",
		    ago < 0 ? "tick has never run"
		            : mem_printf("tick ran %lld minutes ago",
		                  (long long)ago / 60),
		    "run it every minute: * * * * * sutler tick");
	f = store_health(&h, d->call->act.store);
	if (f == NULL && h.loose.count > LOOSE_MOST)
		doctor_say(d, "warning",
		    mem_printf("%llu objects are in no pack",
		        (unsigned long long)h.loose.count),
		    "sutler pack");
	return f;
}

static const struct fail *
look_at_one(void *arg, const struct work *o)
{
	struct doctor *d = arg;

	if (o->attempts >= ATTEMPTS_MANY)
		doctor_say(d, "warning",
		    mem_printf("%s for %s was tried %.0f times: %s", o->kind,
		        o->app_name, o->attempts,
		        o->trouble == NULL ? "no word why" : o->trouble),
		    o->addon_id == NULL
		        ? "see sutler open"
		        : mem_printf("sutler addon abandon %s gives it up",
		              o->addon_id));
	return NULL;
}

static const struct fail *
look_at_work(struct doctor *d)
{
	return work_walk(d->call->act.store, look_at_one, d);
}

/* The web server */

/* What GET path at our own address answers, whatever address that is. */
static struct exchange
ask_ourselves(const struct doctor *d, const char *path, const char *header)
{
	struct exchange x = {.method = "GET", .headers = {header}};
	struct conf conf = *d->conf;

	conf.allow_http = conf.allow_private = true;
	x.url = mem_printf("%s%s", conf.public_url, path);
	client_send(&x, &conf, ASK_SECONDS);
	return x;
}

/* Anybody may read the catalogue, but who has a token that is none. */
static const struct fail *
look_at_server(struct doctor *d)
{
	/* as guests may ask, and never long */
	static const char path[] = "/v1/addon_categories";
	struct exchange x = ask_ourselves(d, path, NULL);

	if (x.status != 200) {
		doctor_say(d, "fault",
		    mem_printf("%s%s: %s", d->conf->public_url, path,
		        x.status == 0 ? x.trouble
		                      : mem_printf("answers %d", x.status)),
		    "start the web server, or set public_url to where it is"
		    " (README, \"Set up a server\")");
		return NULL;
	}
	x = ask_ourselves(d, path, "Authorization: Bearer none");
	if (x.status == 200)
		doctor_say(d, "warning",
		    "the server keeps Authorization from programs: clients and"
		    " providers are not known",
		    "Apache: CGIPassAuth On; others: README, \"Web servers\"");
	return NULL;
}

/* Providers */

static const struct fail *
look_at_providers(struct doctor *d)
{
	struct exchange x;
	struct provider **all;
	size_t i, count;
	const struct fail *f = provider_list(&all, &count, d->call->act.store);

	for (i = 0; f == NULL && i < count; i++) {
		if (all[i]->base_url == NULL)
			continue;
		x = (struct exchange){.method = "GET", .url = all[i]->base_url};
		client_send(&x, d->conf, ASK_SECONDS);
		if (x.status == 0)
			doctor_say(d, "fault",
			    mem_printf("%s: %s", all[i]->slug, x.trouble),
			    "its orders fail: tell the provider, or sutler"
			    " provider update");
	}
	return f;
}

/* Certificates */

/* Days until the first of the dates in text, one a line; false: there is
 * none. */
static bool
days_left(long *days, const char *text)
{
	bool found = false;
	struct tm tm;
	long left;

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text != 0) {
		memset(&tm, 0, sizeof(tm));
		if (strptime(text, "%b %d %H:%M:%S %Y", &tm) == NULL)
			continue;
		left = (long)((timegm(&tm) - time(NULL)) / 86400);
		if (!found || left < *days)
			*days = left;
		found = true;
	}
	return found;
}

static void
look_at_certificate(struct doctor *d, const char *whose, const char *url,
    const struct conf *conf, const char *remedy)
{
	struct exchange x = {.method = "GET", .url = url, .inspect = true};
	long days = 0;

	if (strncasecmp(url, "https://", strlen("https://")) != 0)
		return;
	client_send(&x, conf, ASK_SECONDS);
	/* who cannot be reached at all has been named */
	if (x.status == 0 || !days_left(&days, x.answer) || days >= DAYS_LEAST)
		return;
	doctor_say(d, days < DAYS_FEW ? "fault" : "warning",
	    mem_printf("%s: the certificate (or one of its chain) %s", whose,
	        days < 0 ? "has expired"
	                 : mem_printf("expires in %ld days", days)),
	    remedy);
}

static const struct fail *
look_at_certificates(struct doctor *d)
{
	struct conf ours = *d->conf;
	struct provider **all;
	size_t i, count;
	const struct fail *f;

	ours.allow_private = true;
	look_at_certificate(d, ours.public_url, ours.public_url, &ours,
	    "renew it: certbot renew, and see why it did not come by itself");
	f = provider_list(&all, &count, d->call->act.store);
	for (i = 0; f == NULL && i < count; i++)
		if (all[i]->base_url != NULL)
			look_at_certificate(d, all[i]->slug, all[i]->base_url,
			    d->conf, "tell the provider");
	return f;
}

/* The format of the records */

static const struct fail *
look_at_format(struct doctor *d)
{
	struct store_format format;
	const struct fail *f =
	    store_format_read(&format, mem_printf("%s/store", d->conf->data));

	if (f == NULL && format.from < STORE_FORMAT)
		doctor_say(d, "warning",
		    mem_printf("records are still of format %d", format.from),
		    "sutler upgrade");
	return f;
}

static const struct fail *
doctor(const struct call *c)
{
	static const struct {
		const char *check;
		const struct fail *(*look)(struct doctor *d);
	} checks[] = {
	    {"files",        look_at_files       },
	    {"format",       look_at_format      },
	    {"secrets",      look_at_secrets     },
	    {"space",        look_at_space       },
	    {"clock",        look_at_clock       },
	    {"lock",         look_at_lock        },
	    {"tick",         look_at_tick        },
	    {"open work",    look_at_work        },
	    {"fence",        look_at_fence       },
	    {"cluster",      doctor_cluster      },
	    {"server",       look_at_server      },
	    {"providers",    look_at_providers   },
	    {"certificates", look_at_certificates},
	};
	struct doctor d = {.call = c, .conf = c->act.conf};
	const struct fail *f;
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		d.check = checks[i].check;
		d.said = 0;
		f = checks[i].look(&d);
		if (f != NULL)
			doctor_say(&d, "fault", f->text, "sutler fsck");
		if (d.said == 0)
			doctor_say(&d, "ok", "well", NULL);
	}
	call_done(c);
	return d.faults == 0 ? NULL
	                     : fail(FAIL_CONFLICT, "faults: %zu", d.faults);
}

const struct command doctor_commands[] = {
    {"doctor",                                                      "", "does the installation fit together, and what is to be done",
     0, 0, false, doctor, {{0}}},
    {0},
};
