/*
 * A store of any size: bench-store CONF APPS COMMITS | git fast-import
 *
 * Writes the plain files of APPS apps and their owners (10 apps each, the
 * first ones of the account "bench", which must be there), as sutler would,
 * and prints what makes git's side of them: one commit of them all, then
 * COMMITS more, each of which changes a variable of one app, in a pack for
 * every 2000.  Every second app has an add-on of the provider "sample-mail",
 * which must be there.  `sutler reindex` makes the index.
 */
#include "account.h"
#include "app.h"
#include "conf.h"
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "provider.h"
#include "record.h"
#include "store-apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PER_OWNER = 10, PER_PACK = 2000, FIRST = 1700000000 };

static const char then[] = "2023-11-14T22:13:20.000Z";
static struct store *store;
static const struct plan *plan;

static void
must(const struct fail *f)
{
	if (f == NULL)
		return;
	fprintf(stderr, "bench-store: %s\n", f->text);
	exit(1);
}

static const char *
owner_of(size_t n)
{
	n /= PER_OWNER;
	return n == 0 ? "bench" : mem_printf("owner-%zu", n);
}

static const char *
app_id(size_t n)
{
	const char *name = mem_printf("app-%zu", n);

	return mem_dup(hash_sha1(name, strlen(name)), 24);
}

static const char *
uuid(const char *id)
{
	return mem_printf("%.8s-%.4s-4%.3s-8%.3s-%.12s", id, id + 8, id + 9,
	    id + 12, id + 12);
}

/* What was put: into its plain file, and to git. */
static void
emit(void)
{
	const struct store_put *put = store->puts;

	must(file_replace(mem_printf("%s/%s", store->root, put->path),
	    store->tmp, put->text, put->len));
	printf("M 100644 inline %s\ndata %zu\n%s\n", put->path, put->len,
	    put->text);
	store->puts = NULL;
}

/* The addon of every second app. */
static struct addon *
addon_new(size_t n)
{
	struct addon *a = mem_alloc(sizeof(*a));

	a->id = mem_printf("ad-%s", uuid(app_id(n)));
	a->provider = "sample-mail";
	a->plan_id = plan->id;
	a->plan = plan->name;
	a->currency = "EUR";
	a->status = "running";
	a->resource = cJSON_CreateString(mem_printf("mail-%zu", n));
	a->place = (double)(n / 2 + 1);
	a->provisioned_at = a->updated_at = then;
	json_var_set(&a->config, "SAMPLE_MAIL_URL",
	    mem_printf("https://user:%s@mail.example/%zu", app_id(n), n),
	    false);
	return a;
}

static void
emit_app(size_t n, size_t version)
{
	struct app app = {.id = app_id(n),
	    .name = mem_printf("app-%zu", n),
	    .owner = owner_of(n),
	    .created_at = then,
	    .updated_at = then};

	json_var_set(&app.variables, "RAILS_ENV", "production", false);
	json_var_set(&app.variables, "SECRET_KEY_BASE",
	    hash_sha256(app.id, strlen(app.id)), false);
	json_var_set(&app.variables, "VERSION", mem_printf("%zu", version),
	    false);
	if (n % 2 == 0)
		app.addons = addon_new(n);
	app_put(store, &app);
	emit();
}

static void
emit_owner(size_t n)
{
	struct account a = {
	    .name = owner_of(n),
	    .email = mem_printf("%zu@example.org", n),
	    .created_at = then,
	};

	a.id = mem_printf("us-%s", uuid(hash_sha1(a.name, strlen(a.name))));
	account_put(store, &a);
	emit();
}

static void
begin_commit(size_t number, const char *message)
{
	printf("commit refs/heads/main\n"
	       "author bench <bench@example.org> %zu +0000\n"
	       "committer sutler <sutler@localhost> %zu +0000\n"
	       "data %zu\n%s%s",
	    FIRST + number, FIRST + number, strlen(message), message,
	    number == 0 ? "from refs/heads/main^0\n" : "");
}

static void
emit_all(size_t apps)
{
	struct mem_mark mark = mem_mark();
	size_t n;

	begin_commit(0, "sutler: many apps\n\nActor: operator bench\n");
	for (n = 0; n < apps; n++) {
		if (n % PER_OWNER == 0 && n > 0)
			emit_owner(n);
		emit_app(n, 0);
		mem_release(mark);
	}
}

/* The apps whose turn it is lie far apart. */
static void
emit_commit(size_t number, size_t apps)
{
	struct mem_mark mark = mem_mark();
	size_t n = number * 7919 % apps;

	if (number % PER_PACK == 1)
		printf("checkpoint\n");
	begin_commit(number,
	    mem_printf("app-%zu: set VERSION\n\nApp: %s app-%zu\nActor: user"
	               " %s\nEvent: {\"type\":\"edit_variable\",\"name\":"
	               "\"VERSION\"}\n",
	        n, app_id(n), n, owner_of(n)));
	emit_app(n, number);
	mem_release(mark);
}

int
main(int argc, char **argv)
{
	struct provider *provider;
	size_t apps, commits, n;
	struct conf *conf;

	if (argc != 4) {
		fputs("usage: bench-store CONF APPS COMMITS\n", stderr);
		return 2;
	}
	apps = strtoull(argv[2], NULL, 10);
	commits = strtoull(argv[3], NULL, 10);
	must(conf_read_file(&conf, argv[1]));
	must(record_store(&store, conf));
	must(provider_load(&provider, store, "sample-mail"));
	plan = provider->plans;
	emit_all(apps);
	for (n = 1; n <= commits; n++)
		emit_commit(n, apps);
	return fflush(stdout) == 0 ? 0 : 1;
}
