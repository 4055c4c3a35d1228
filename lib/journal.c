#include "journal.h"
#include "fail.h"
#include "hash.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SLOT_SIZE = 512,
	CHECK_SIZE = HASH_SHA256_SIZE * 2, /* as hex */
	HEAD_SIZE = 8 + 8 + CHECK_SIZE,    /* length, generation, checksum */
	SEAL_SIZE = HEAD_SIZE + 4 + JOURNAL_ID + 4 + 4,
	BOOT_SIZE = 36,
	MARKS_TAIL = BOOT_SIZE + 4 + 8, /* behind boot, pad and generation */
	MARKS_APPLIED = MARKS_TAIL + 8,
	MARKS_HEAD = MARKS_APPLIED + 8,
	MARKS_SIZE = MARKS_HEAD + JOURNAL_ID
};

static const char magic[8] = "sutlerJ1", packed[8] = "sutlerE1";

/* Bytes being written, or being read with a bound. */
struct cursor {
	const char *at, *end;
	bool bad;
};

static void
put_number(struct mem_text *t, uint64_t value, int size)
{
	char byte;
	int i;

	for (i = 0; i < size; i++) {
		byte = (char)(value >> (8 * i) & 0xff);
		mem_add(t, &byte, 1);
	}
}

static uint64_t
get_number(struct cursor *c, int size)
{
	uint64_t value = 0;
	int i;

	if (c->end - c->at < size) {
		c->bad = true;
		return 0;
	}
	for (i = 0; i < size; i++)
		value |= (uint64_t)(unsigned char)c->at[i] << (8 * i);
	c->at += size;
	return value;
}

static void
put_bytes(struct mem_text *t, const char *bytes, size_t len)
{
	put_number(t, len, 4);
	mem_add(t, bytes, len);
}

static char *
get_bytes(struct cursor *c, size_t *len)
{
	size_t size = (size_t)get_number(c, 4);
	char *bytes;

	if (c->bad || (size_t)(c->end - c->at) < size) {
		c->bad = true;
		*len = 0;
		return mem_copy("");
	}
	bytes = mem_dup(c->at, size);
	c->at += size;
	*len = size;
	return bytes;
}

static const char *
get_text(struct cursor *c)
{
	size_t len;

	return get_bytes(c, &len);
}

/* The boot's own name; "" where the kernel does not tell. */
static const char *
boot_id(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char *id = mem_alloc(BOOT_SIZE + 1);

	if (fd < 0)
		return id;
	if (read(fd, id, BOOT_SIZE) != BOOT_SIZE)
		id[0] = '\0';
	close(fd);
	return id;
}

static const struct fail *
write_all(int fd, const char *name, const char *bytes, size_t len, off_t at)
{
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, bytes, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("cannot write %s", name);
		bytes += n;
		len -= (size_t)n;
		at += n;
	}
	return NULL;
}

static const struct fail *
read_all(char *bytes, size_t len, int fd, const char *name, off_t at)
{
	ssize_t n;

	while (len > 0) {
		n = pread(fd, bytes, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("cannot read %s", name);
		if (n == 0)
			return fail(FAIL_SYSTEM, "%s is cut short", name);
		bytes += n;
		len -= (size_t)n;
		at += n;
	}
	return NULL;
}

static const struct fail *
write_marks(struct journal *j)
{
	struct mem_text t = {0};

	mem_add(&t, boot_id(), BOOT_SIZE);
	put_number(&t, 0, 4);
	put_number(&t, j->generation, 8);
	put_number(&t, j->tail, 8);
	put_number(&t, j->applied, 8);
	mem_add(&t, j->head, JOURNAL_ID);
	j->ours = true;
	return write_all(j->marks_fd, j->marks_file, t.text, t.len, 0);
}

/* One mark alone, and (may be "") the id behind it: its only writer holds the
 * lock that guards it. */
static const struct fail *
write_mark(struct journal *j, uint64_t value, const char *id, off_t at)
{
	struct mem_text t = {0};

	put_number(&t, value, 8);
	mem_puts(&t, id);
	return write_all(j->marks_fd, j->marks_file, t.text, t.len, at);
}

/* The header for generation and base goes into the slot that is not in use. */
static const struct fail *
write_header(struct journal *j)
{
	struct mem_text t = {0};

	mem_add(&t, magic, sizeof(magic));
	put_number(&t, j->generation, 8);
	mem_add(&t, j->base, JOURNAL_ID);
	mem_puts(&t, hash_sha256(t.text, t.len));
	return write_all(j->fd, j->file, t.text, t.len,
	    (off_t)(j->generation % 2) * SLOT_SIZE);
}

/* Take the newer valid header slot. */
static const struct fail *
read_header(struct journal *j)
{
	const size_t len = sizeof(magic) + 8 + JOURNAL_ID;
	char slot[SLOT_SIZE * 2];
	const struct fail *f;
	bool found = false;
	struct cursor c;
	uint64_t number;
	int i;

	f = read_all(slot, sizeof(slot), j->fd, j->file, 0);
	if (f != NULL)
		return f;
	for (i = 0; i < 2; i++) {
		c.at = slot + (size_t)i * SLOT_SIZE;
		c.end = c.at + SLOT_SIZE;
		c.bad = false;
		if (memcmp(c.at, magic, sizeof(magic)) != 0 ||
		    memcmp(c.at + len, hash_sha256(c.at, len), CHECK_SIZE) != 0)
			continue;
		c.at += sizeof(magic);
		number = get_number(&c, 8);
		if (found && number < j->generation)
			continue;
		j->generation = number;
		j->base = mem_dup(c.at, JOURNAL_ID);
		found = true;
	}
	if (!found)
		return fail(FAIL_SYSTEM, "%s has no valid header", j->file);
	return NULL;
}

const struct fail *
journal_create(const char *state, const char *base)
{
	struct journal j = {.generation = 1, .base = base, .head = base};
	const char *name = mem_printf("%s/journal", state);
	char *zeros = mem_alloc(JOURNAL_SIZE);
	const struct fail *f;

	/* a store that has a journal is complete: it gets its name last */
	j.file = mem_printf("%s.new", name);
	j.marks_file = mem_printf("%s/marks", state);
	j.tail = j.applied = JOURNAL_START;
	j.fd = open(j.file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (j.fd < 0)
		return fail_errno("cannot make %s", j.file);
	j.marks_fd = open(j.marks_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j.marks_fd < 0) {
		f = fail_errno("cannot make %s", j.marks_file);
		goto out;
	}
	f = write_all(j.fd, j.file, zeros, JOURNAL_SIZE, 0);
	if (f == NULL)
		f = write_header(&j);
	if (f == NULL && fsync(j.fd) != 0)
		f = fail_errno("cannot flush %s", j.file);
	if (f == NULL)
		f = write_marks(&j);
	if (f == NULL && rename(j.file, name) != 0)
		f = fail_errno("cannot rename to %s", name);
	close(j.marks_fd);
out:
	close(j.fd);
	return f;
}

const struct fail *
journal_marks(struct journal *j)
{
	char bytes[MARKS_SIZE];
	struct cursor c = {bytes + BOOT_SIZE + 4, bytes + MARKS_SIZE, false};
	const char *boot;
	ssize_t n;

	n = pread(j->marks_fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return fail_errno("cannot read %s", j->marks_file);
	boot = boot_id();
	/* no name, no proof that this boot wrote them */
	j->ours = n == MARKS_SIZE && boot[0] != '\0' &&
	          memcmp(bytes, boot, BOOT_SIZE) == 0;
	if (!j->ours)
		return NULL;
	j->generation = get_number(&c, 8);
	j->tail = get_number(&c, 8);
	j->applied = get_number(&c, 8);
	j->head = mem_dup(c.at, JOURNAL_ID);
	return NULL;
}

const struct fail *
journal_open(struct journal **out, const char *state)
{
	struct journal *j = mem_alloc(sizeof(*j));

	j->fd = -1;
	j->file = mem_printf("%s/journal", state);
	j->marks_file = mem_printf("%s/marks", state);
	*out = j;
	/* a restored or half-lost state directory has none: replay makes it */
	j->marks_fd = open(j->marks_file, O_RDWR | O_CLOEXEC);
	if (j->marks_fd < 0 && errno == EACCES)
		j->marks_fd = open(j->marks_file, O_RDONLY | O_CLOEXEC);
	if (j->marks_fd < 0 && errno == ENOENT)
		j->marks_fd =
		    open(j->marks_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j->marks_fd < 0)
		return fail_errno("cannot open %s", j->marks_file);
	return journal_marks(j);
}

/* The journal itself is opened by who needs it: no GET does. */
static const struct fail *
need_file(struct journal *j)
{
	if (j->fd >= 0)
		return NULL;
	j->fd = open(j->file, O_RDWR | O_CLOEXEC);
	return j->fd < 0 ? fail_errno("cannot open %s", j->file) : NULL;
}

static void
get_changes(struct journal_entry *entry, struct cursor *c)
{
	struct journal_change **tail = &entry->changes, *change;
	uint64_t n = get_number(c, 4);
	bool gone;

	for (; n > 0 && !c->bad; n--) {
		change = mem_alloc(sizeof(*change));
		change->path = get_text(c);
		change->before = get_text(c);
		change->after = get_text(c);
		gone = change->after[0] == '\0';
		change->text = get_bytes(c, &change->len);
		if (gone) {
			change->text = NULL;
			change->len = 0;
		}
		*tail = change;
		tail = &change->next;
	}
}

static void
put_looks(struct mem_text *t, const struct journal_look *looks)
{
	const struct journal_look *look;
	uint32_t n = 0;

	for (look = looks; look != NULL; look = look->next)
		n++;
	if (n > 0)
		put_number(t, n, 4);
	for (look = looks; look != NULL; look = look->next)
		put_bytes(t, look->path, strlen(look->path));
}

static void
get_looks(struct journal_entry *entry, struct cursor *c)
{
	uint64_t n = c->at < c->end ? get_number(c, 4) : 0;
	struct journal_look *look;

	for (; n > 0 && !c->bad; n--) {
		look = mem_alloc(sizeof(*look));
		*look = (struct journal_look){entry->looks, get_text(c), ""};
		entry->looks = look;
	}
}

void
journal_pack(struct mem_text *out, const struct journal_entry *entry)
{
	const struct journal_change *c;
	uint32_t n = 0;

	for (c = entry->changes; c != NULL; c = c->next)
		n++;
	mem_add(out, packed, sizeof(packed));
	put_bytes(out, entry->commit, entry->commit_len);
	put_number(out, n, 4);
	for (c = entry->changes; c != NULL; c = c->next) {
		put_bytes(out, c->path, strlen(c->path));
		put_number(out, c->text != NULL, 1);
		put_bytes(out, c->text == NULL ? "" : c->text, c->len);
	}
}

const struct fail *
journal_unpack(struct journal_entry **out, const char *bytes, size_t len)
{
	struct journal_entry *entry = mem_alloc(sizeof(*entry));
	struct journal_change **tail = &entry->changes, *change;
	struct cursor c = {bytes, bytes + len, false};
	uint64_t n;
	bool there;

	*out = entry;
	c.bad =
	    len < sizeof(packed) || memcmp(bytes, packed, sizeof(packed)) != 0;
	c.at += c.bad ? 0 : sizeof(packed);
	entry->commit = get_bytes(&c, &entry->commit_len);
	entry->id = hash_commit(entry->commit, entry->commit_len);
	for (n = get_number(&c, 4); n > 0 && !c.bad; n--) {
		change = mem_alloc(sizeof(*change));
		change->before = change->after = "";
		change->path = get_text(&c);
		there = get_number(&c, 1) == 1;
		change->text = get_bytes(&c, &change->len);
		c.bad = c.bad || (!there && change->len > 0);
		if (!there)
			change->text = NULL;
		*tail = change;
		tail = &change->next;
	}
	if (c.bad || c.at != c.end || entry->commit_len == 0)
		return fail(FAIL_SYSTEM, "it is no commit of a store");
	return NULL;
}

/* The entry at place at, or *out NULL where no whole one stands there. */
static const struct fail *
read_entry(struct journal_entry **out, struct journal *j, uint64_t at)
{
	char head[HEAD_SIZE], *rest;
	struct cursor c = {head, head + HEAD_SIZE, false};
	struct journal_entry *entry;
	uint64_t len, generation;
	struct mem_text t = {0};
	struct mem_mark mark;
	bool whole;
	const struct fail *f;

	*out = NULL;
	if (at + HEAD_SIZE > JOURNAL_SIZE)
		return NULL;
	f = read_all(head, HEAD_SIZE, j->fd, j->file, (off_t)at);
	if (f != NULL)
		return f;
	len = get_number(&c, 8);
	generation = get_number(&c, 8);
	if (generation != j->generation || len > JOURNAL_SIZE ||
	    at + HEAD_SIZE + len > JOURNAL_SIZE)
		return NULL;
	rest = mem_alloc((size_t)len + 1);
	f = read_all(rest, (size_t)len, j->fd, j->file, (off_t)at + HEAD_SIZE);
	if (f != NULL)
		return f;
	mark = mem_mark();
	mem_add(&t, head, 16);
	mem_add(&t, rest, (size_t)len);
	whole = memcmp(hash_sha256(t.text, t.len), head + 16, CHECK_SIZE) == 0;
	mem_release(mark);
	if (!whole)
		return NULL;
	entry = mem_alloc(sizeof(*entry));
	c = (struct cursor){rest, rest + len, false};
	entry->id = get_text(&c);
	entry->commit = get_bytes(&c, &entry->commit_len);
	get_changes(entry, &c);
	get_looks(entry, &c);
	entry->end = at + HEAD_SIZE + len;
	if (!c.bad)
		*out = entry;
	return NULL;
}

const struct fail *
journal_read(struct journal_entry **out, struct journal *j, uint64_t from,
    uint64_t to)
{
	struct journal_entry *entry;
	const struct fail *f;

	*out = NULL;
	if (from >= to)
		return NULL;
	f = need_file(j);
	while (f == NULL && from < to) {
		f = read_entry(&entry, j, from);
		if (f != NULL)
			return f;
		if (entry == NULL)
			return fail(FAIL_SYSTEM,
			    "%s has no valid entry at byte %llu", j->file,
			    (unsigned long long)from);
		*out = entry;
		out = &entry->next;
		from = entry->end;
	}
	return f;
}

bool
journal_is_seal(const struct journal_entry *entry)
{
	return entry->commit_len == 0;
}

/* What stands behind the last seal has not been. */
static void
cut_to_seal(struct journal_entry **all, struct journal *j)
{
	struct journal_entry **end = all;

	j->tail = JOURNAL_START;
	j->head = j->base;
	for (; *all != NULL; all = &(*all)->next)
		if (journal_is_seal(*all)) {
			j->tail = (*all)->end;
			j->head = (*all)->id;
			end = &(*all)->next;
		}
	*end = NULL;
}

const struct fail *
journal_recover(struct journal_entry **out, struct journal *j, bool ordered)
{
	struct journal_entry *entry, **all = out;
	const struct fail *f;

	*out = NULL;
	j->tail = j->applied = JOURNAL_START;
	f = need_file(j);
	if (f == NULL)
		f = read_header(j);
	j->head = j->base;
	while (f == NULL) {
		f = read_entry(&entry, j, j->tail);
		if (f != NULL || entry == NULL)
			break;
		*out = entry;
		out = &entry->next;
		j->tail = entry->end;
		j->head = entry->id;
	}
	if (f == NULL && ordered && *all != NULL && journal_is_seal(*all))
		cut_to_seal(all, j);
	return f;
}

const struct fail *
journal_base(const char **base, struct journal *j)
{
	const struct fail *f = need_file(j);

	if (f == NULL)
		f = read_header(j);
	*base = j->base;
	return f;
}

/* An entry, but for the head. */
static void
put_entry(struct mem_text *t, const struct journal_entry *entry)
{
	const struct journal_change *c;
	uint32_t n = 0;

	for (c = entry->changes; c != NULL; c = c->next)
		n++;
	put_bytes(t, entry->id, strlen(entry->id));
	put_bytes(t, entry->commit, entry->commit_len);
	put_number(t, n, 4);
	for (c = entry->changes; c != NULL; c = c->next) {
		put_bytes(t, c->path, strlen(c->path));
		put_bytes(t, c->before, strlen(c->before));
		put_bytes(t, c->after, strlen(c->after));
		put_bytes(t, c->text == NULL ? "" : c->text, c->len);
	}
	put_looks(t, entry->looks);
}

uint64_t
journal_size(const struct journal_entry *entry)
{
	const struct mem_mark mark = mem_mark();
	struct mem_text t = {0};
	uint64_t size;

	put_entry(&t, entry);
	size = HEAD_SIZE + t.len;
	mem_release(mark);
	return size;
}

bool
journal_has_room(const struct journal *j, uint64_t size)
{
	return j->tail + size + SEAL_SIZE <= JOURNAL_SIZE;
}

const struct fail *
journal_append(bool *full, struct journal *j, struct journal_entry *entry)
{
	struct mem_text rest = {0}, sum = {0}, whole = {0};
	const struct mem_mark mark = mem_mark();
	const uint64_t seal = journal_is_seal(entry) ? 0 : SEAL_SIZE;
	const struct fail *f;

	put_entry(&rest, entry);
	*full = j->tail + HEAD_SIZE + rest.len + seal > JOURNAL_SIZE;
	if (*full)
		return NULL;
	put_number(&sum, rest.len, 8);
	put_number(&sum, j->generation, 8);
	mem_add(&whole, sum.text, sum.len);
	mem_add(&sum, rest.text, rest.len);
	mem_puts(&whole, hash_sha256(sum.text, sum.len));
	mem_add(&whole, rest.text, rest.len);
	f = need_file(j);
	if (f == NULL)
		f = write_all(j->fd, j->file, whole.text, whole.len,
		    (off_t)j->tail);
	if (f != NULL)
		return f;
	entry->end = j->tail + whole.len;
	f = write_mark(j, entry->end, "", MARKS_TAIL);
	if (f != NULL)
		return f;
	j->tail = entry->end;
	mem_release(mark);
	return NULL;
}

const struct fail *
journal_cut(struct journal *j, uint64_t to)
{
	static const char none[HEAD_SIZE];
	const struct fail *f;

	if (j->tail == to)
		return NULL;
	f = need_file(j);
	if (f == NULL)
		f = write_mark(j, to, "", MARKS_TAIL);
	if (f != NULL)
		return f;
	j->tail = to;
	/* after a boot it is to be found by nobody */
	return write_all(j->fd, j->file, none, sizeof(none), (off_t)to);
}

const struct fail *
journal_flush(struct journal *j)
{
	const struct fail *f = need_file(j);

	if (f == NULL && fdatasync(j->fd) != 0)
		f = fail_errno("cannot flush %s", j->file);
	return f;
}

const struct fail *
journal_applied(struct journal *j, const struct journal_entry *entry)
{
	const struct fail *f =
	    write_mark(j, entry->end, entry->id, MARKS_APPLIED);

	if (f == NULL) {
		j->applied = entry->end;
		j->head = entry->id;
	}
	return f;
}

const struct fail *
journal_reset(struct journal *j)
{
	const struct fail *f = need_file(j);

	if (f != NULL)
		return f;
	/* killed from here on, the next process recovers as after a boot */
	f = write_all(j->marks_fd, j->marks_file, "", 1, 0);
	if (f != NULL)
		return f;
	j->ours = false;
	j->generation++;
	j->base = j->head;
	f = write_header(j);
	if (f == NULL && fdatasync(j->fd) != 0)
		f = fail_errno("cannot flush %s", j->file);
	j->tail = j->applied = JOURNAL_START;
	return f == NULL ? write_marks(j) : f;
}
