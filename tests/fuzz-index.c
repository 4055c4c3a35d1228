/*
 * The index, which is derived and never trusted: whatever its files hold, it
 * is read to an end.  The first byte chooses the file.
 */
#include "fuzz.h"

#include <string.h>

#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "store-log.h"
#include "store-apply.h"

static const char id[] = "64a000000000000000000001";
static struct store *store;
static const char *files[5], *head;

void
fuzz_begin(void)
{
	const char *key = hash_sha1("app x", 5);
	const char *data = fuzz_data(&store)->data;
	size_t i;

	fuzz_done(store_need_git(store));
	fuzz_done(store_lock(store));
	fuzz_done(store_main(&head, store));
	store_unlock(store);
	files[0] = mem_printf("key/%.2s/%.2s", key, key + 2);
	files[1] = "list/account/ana";
	files[2] = "place/provider/p/count";
	files[3] = "place/provider/p/0";
	files[4] = index_log_file(id);
	for (i = 0; i < 5; i++) {
		files[i] = mem_printf("%s/index/%s", data, files[i]);
		fuzz_done(file_replace(files[i],
		    mem_printf("%s/state/tmp", data), "", 0));
	}
}

static void
try_places(struct store *s)
{
	struct index_page page;
	uint64_t place;
	size_t i, max;

	for (i = 0; i < 4; i++) {
		max = i < 2 ? 2 : 1000;
		fuzz_done(index_places(&page, s, "provider/p", i == 0 ? 0 : 257,
		    i % 2 == 0, max));
		fuzz_must(page.count <= max, "a page is no longer than asked");
	}
	fuzz_done(index_next_place(&place, s, "provider/p"));
}

/* Whole lines are of a commit that there is. */
static void
put_log(const char *bytes, size_t len)
{
	struct mem_text t = {0};

	for (; len >= 9; bytes += 9, len -= 9)
		mem_addf(&t, "%s %.8s\n", head, bytes);
	mem_add(&t, bytes, len);
	fuzz_put(files[4], t.text == NULL ? "" : t.text, t.len);
}

static void
try_logs(struct store *s)
{
	size_t i, count, total;
	struct store_log *log;

	if (store_log(&log, &count, &total, s, id, 0, 3) == NULL)
		fuzz_must(count <= 3 && count <= total, "a page of commits");
	if (store_log_events(&log, &count, &total, s, id, 1, 3) != NULL)
		return;
	for (i = 0; i < count; i++)
		fuzz_must(log[i].events <= strlen(log[i].message),
		    "a commit has no more events than its message");
}

void
fuzz_one(char *bytes, size_t len)
{
	size_t which = fuzz_pick(&bytes, &len, 5);
	const char *value, **values;
	/* what a run learns goes with it */
	struct journal journal = *store->journal;
	struct store s = *store;
	size_t count;

	if (which == 4)
		put_log(bytes, len);
	else
		fuzz_put(files[which], bytes, len);
	s.journal = &journal;
	fuzz_done(index_find(&value, &s, "app x"));
	fuzz_must(value == NULL || strchr(value, '\n') == NULL,
	    "a value is a line");
	fuzz_done(index_values(&values, &count, &s, "account/ana"));
	try_places(&s);
	if (which == 4)
		try_logs(&s);
	fuzz_put(files[which], "", 0);
}
