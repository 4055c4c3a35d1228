/*
 * Packs become fewer: what several hold is copied into one, as it stands, each
 * object once.  Deltas stay what they are; only where their base stands is
 * written anew.  (Format: git's Documentation/gitformat-pack.)
 */
#include "fail.h"
#include "file.h"
#include "hash.h"
#include "mem.h"
#include "store-git-inside.h"
#include "store-git.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
	RAW = HASH_SHA1_SIZE,
	PACK_HEAD = 12,
	IDX_HEAD = 8,
	IDX_IDS = IDX_HEAD + 256 * 4, /* where the ids begin */
	IDX_ROW = RAW + 4 + 4,        /* of one object: id, CRC, offset */
	IDX_TAIL = RAW * 2,
	OFS_DELTA = 6,
	REF_DELTA = 7,
	HEADER_MAX = 10 + RAW,
	REMNANT_SECONDS = 24 * 60 * 60,
	OBJECTS_MAX = 1 << 20 /* of a pack that is to grow */
};

static const unsigned char pack_magic[] = {'P', 'A', 'C', 'K', 0, 0, 0, 2};
static const unsigned char idx_magic[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};

static uint32_t
get32(const void *bytes)
{
	const unsigned char *p = bytes;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void
put32(void *out, uint32_t value)
{
	unsigned char *p = out;
	int i;

	for (i = 3; i >= 0; i--, value >>= 8)
		p[i] = (unsigned char)value;
}

/* A pack: its files without their endings, how much is in it. */
struct pack {
	const char *name;
	size_t size, objects;
};

/* Both files are made anew, read-only like git's, and flushed. */
static const struct fail *
make_file(FILE **out, const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	*out = fd < 0 ? NULL : fdopen(fd, "w");
	return *out == NULL ? fail_errno("cannot make %s", file) : NULL;
}

static const struct fail *
finish_file(FILE *out, const char *file)
{
	bool bad =
	    ferror(out) != 0 || fflush(out) != 0 || fsync(fileno(out)) != 0;

	if (fclose(out) != 0 || bad)
		return fail_errno("cannot write %s", file);
	return NULL;
}

/* The pack that comes into being. */
struct object {
	unsigned char id[RAW];
	uint32_t crc, offset; /* offset: 0 where it is not written yet */
};

struct output {
	FILE *file;
	struct hash_sha1 *sha1;
	uint32_t at; /* bytes written */
	struct object *objects;
	uint32_t count;
	uint32_t *slots; /* a hash table: an object's number + 1, 0 for none */
	uint32_t mask;
	unsigned char sum[RAW];
};

/* The slot that has id, or the empty one where it belongs. */
static uint32_t *
slot_of(const struct output *out, const unsigned char *id)
{
	uint32_t i = get32(id) & out->mask;

	while (out->slots[i] != 0 &&
	       memcmp(out->objects[out->slots[i] - 1].id, id, RAW) != 0)
		i = (i + 1) & out->mask;
	return &out->slots[i];
}

static void
write_bytes(struct output *out, const void *bytes, size_t len)
{
	/* an error is seen when the file is closed */
	fwrite(bytes, 1, len, out->file);
	hash_sha1_add(out->sha1, bytes, len);
	out->at += (uint32_t)len;
}

/* A pack that is read: its bytes, and its objects in the order in which they
 * stand. */
struct place {
	uint32_t offset, row; /* row: in the idx */
};

struct input {
	const char *name;
	const unsigned char *pack, *idx;
	struct place *places;
	uint32_t count, end; /* end: where the objects do */
};

static const struct fail *
damaged(const struct input *in)
{
	return fail(FAIL_SYSTEM, "%s.pack is damaged: see git fsck", in->name);
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static const unsigned char *
row_id(const struct input *in, uint32_t row)
{
	return in->idx + IDX_IDS + (size_t)row * RAW;
}

static uint32_t
row_crc(const struct input *in, uint32_t row)
{
	return get32(
	    in->idx + IDX_IDS + (size_t)in->count * RAW + (size_t)row * 4);
}

static uint32_t
row_offset(const struct input *in, uint32_t row)
{
	return get32(in->idx + IDX_IDS + (size_t)in->count * (RAW + 4) +
	             (size_t)row * 4);
}

static const struct fail *
read_idx(struct input *in, const char *name)
{
	const struct fail *f;
	size_t len;

	in->name = name;
	f = file_read((char **)&in->idx, &len, mem_printf("%s.idx", name));
	if (f != NULL)
		return f;
	if (in->idx == NULL || len < IDX_IDS + IDX_TAIL ||
	    memcmp(in->idx, idx_magic, IDX_HEAD) != 0)
		return damaged(in);
	in->count = get32(in->idx + IDX_IDS - 4);
	if (len != IDX_IDS + IDX_TAIL + (size_t)in->count * IDX_ROW)
		return damaged(in);
	return NULL;
}

static const struct fail *
read_pack(struct input *in)
{
	const unsigned char *tail =
	    in->idx + IDX_IDS + (size_t)in->count * IDX_ROW;
	const struct fail *f;
	size_t len;
	uint32_t i;

	f = file_read((char **)&in->pack, &len,
	    mem_printf("%s.pack", in->name));
	if (f != NULL)
		return f;
	if (in->pack == NULL || len < PACK_HEAD + RAW || len > INT32_MAX ||
	    memcmp(in->pack, pack_magic, sizeof(pack_magic)) != 0 ||
	    get32(in->pack + sizeof(pack_magic)) != in->count ||
	    memcmp(in->pack + len - RAW, tail, RAW) != 0)
		return damaged(in);
	in->end = (uint32_t)len - RAW;
	in->places = mem_alloc((in->count + 1) * sizeof(*in->places));
	for (i = 0; i < in->count; i++)
		in->places[i] = (struct place){row_offset(in, i), i};
	qsort(in->places, in->count, sizeof(*in->places), compare_places);
	in->places[in->count].offset = in->end;
	return NULL;
}

/* The id of the object that begins at offset, or NULL. */
static const unsigned char *
id_at(const struct input *in, uint32_t offset)
{
	const struct place key = {offset, 0}, *found;

	found =
	    bsearch(&key, in->places, in->count, sizeof(key), compare_places);
	return found == NULL ? NULL : row_id(in, found->row);
}

/* The head of an object: its size and type, and where its base is. */
struct header {
	size_t size_len, len; /* of the first part; of all of it */
	int type;
	const unsigned char *base; /* the id, of a delta */
};

static bool
read_header(struct header *h, const struct input *in, uint32_t from,
    uint32_t to)
{
	const unsigned char *p = in->pack + from, *end = in->pack + to;
	uint32_t back;

	*h = (struct header){.type = *p >> 4 & 7};
	while (p < end && (*p & 0x80) != 0)
		p++;
	p++;
	h->size_len = (size_t)(p - (in->pack + from));
	if (h->type == REF_DELTA) {
		h->base = p;
		p += RAW;
	} else if (h->type == OFS_DELTA && p < end) {
		back = *p & 0x7f;
		while ((*p & 0x80) != 0 && p + 1 < end)
			back = (back + 1) << 7 | (*++p & 0x7f);
		p++;
		h->base = back > from ? NULL : id_at(in, from - back);
	}
	h->len = (size_t)(p - (in->pack + from));
	return p <= end && h->size_len <= HEADER_MAX - RAW &&
	       (h->base != NULL || (h->type != OFS_DELTA && p < end));
}

/* The head as it shall be: a base that has been written is told by how far
 * back it is, another one by its id. */
static size_t
make_header(unsigned char *to, const struct output *out, const struct header *h,
    const unsigned char *old)
{
	unsigned char back[8];
	size_t at = sizeof(back);
	uint32_t slot, n;

	memcpy(to, old, h->size_len);
	if (h->base == NULL)
		return h->size_len;
	slot = *slot_of(out, h->base);
	if (slot == 0 || out->objects[slot - 1].offset == 0) {
		to[0] = (unsigned char)((old[0] & 0x8f) | REF_DELTA << 4);
		memcpy(to + h->size_len, h->base, RAW);
		return h->size_len + RAW;
	}
	n = out->at - out->objects[slot - 1].offset;
	back[--at] = n & 0x7f;
	while ((n >>= 7) != 0)
		back[--at] = (unsigned char)(0x80 | (--n & 0x7f));
	to[0] = (unsigned char)((old[0] & 0x8f) | OFS_DELTA << 4);
	memcpy(to + h->size_len, back + at, sizeof(back) - at);
	return h->size_len + sizeof(back) - at;
}

/* Copy the object that stands in in's nth place, unless it is there. */
static const struct fail *
copy_object(struct output *out, const struct input *in, uint32_t n)
{
	uint32_t from = in->places[n].offset, to = in->places[n + 1].offset;
	uint32_t row = in->places[n].row, slot;
	unsigned char head[HEADER_MAX];
	const unsigned char *rest;
	struct object *o;
	struct header h;
	size_t len;
	uLong crc;

	slot = *slot_of(out, row_id(in, row));
	if (slot == 0 || from < PACK_HEAD || to <= from || to > in->end ||
	    crc32(0, in->pack + from, to - from) != row_crc(in, row) ||
	    !read_header(&h, in, from, to))
		return damaged(in);
	o = &out->objects[slot - 1];
	if (o->offset != 0)
		return NULL;
	rest = in->pack + from + h.len;
	len = make_header(head, out, &h, in->pack + from);
	crc = crc32(0, head, (uInt)len);
	crc = crc32(crc, rest, (uInt)(to - from - h.len));
	o->crc = (uint32_t)crc;
	o->offset = out->at;
	write_bytes(out, head, len);
	write_bytes(out, rest, to - from - h.len);
	return NULL;
}

/* Count what pack name has, or (write) copy it. */
static const struct fail *
take_pack(struct output *out, const char *name, bool write)
{
	struct mem_mark mark = mem_mark();
	const struct fail *f;
	struct input in;
	uint32_t n, *slot;

	f = read_idx(&in, name);
	if (f == NULL && write)
		f = read_pack(&in);
	for (n = 0; f == NULL && n < in.count; n++) {
		if (write) {
			f = copy_object(out, &in, n);
			continue;
		}
		slot = slot_of(out, row_id(&in, n));
		if (*slot != 0)
			continue;
		memcpy(out->objects[out->count].id, row_id(&in, n), RAW);
		*slot = ++out->count;
	}
	if (f == NULL)
		mem_release(mark);
	return f;
}

static int
compare_objects(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return memcmp(x->id, y->id, RAW);
}

/* The idx of out, whose objects are sorted by id now. */
static const struct fail *
write_idx(struct output *out, const char *file)
{
	size_t len = IDX_IDS + (size_t)out->count * IDX_ROW + RAW;
	unsigned char *idx = mem_alloc(len + RAW), *at = idx + IDX_IDS;
	unsigned char *crcs = at + (size_t)out->count * RAW;
	unsigned char *offsets = crcs + (size_t)out->count * 4;
	struct hash_sha1 *sha1 = hash_sha1_begin();
	const struct fail *f;
	uint32_t i, byte;
	FILE *to;

	qsort(out->objects, out->count, sizeof(*out->objects), compare_objects);
	memcpy(idx, idx_magic, IDX_HEAD);
	for (i = 0, byte = 0; byte < 256; byte++) {
		while (i < out->count && out->objects[i].id[0] == byte)
			i++;
		put32(idx + IDX_HEAD + byte * 4, i);
	}
	for (i = 0; i < out->count; i++) {
		memcpy(at + (size_t)i * RAW, out->objects[i].id, RAW);
		put32(crcs + (size_t)i * 4, out->objects[i].crc);
		put32(offsets + (size_t)i * 4, out->objects[i].offset);
	}
	memcpy(idx + len - RAW, out->sum, RAW);
	hash_sha1_add(sha1, idx, len);
	hash_sha1_end(idx + len, sha1);
	f = make_file(&to, file);
	if (f != NULL)
		return f;
	fwrite(idx, 1, len + RAW, to);
	return finish_file(to, file);
}

/* Copy the packs into file; its sum is their name. */
static const struct fail *
write_pack(struct output *out, const char *file, const struct pack *packs,
    size_t n)
{
	unsigned char head[PACK_HEAD];
	const struct fail *f, *end;
	size_t i;

	f = make_file(&out->file, file);
	if (f != NULL)
		return f;
	out->sha1 = hash_sha1_begin();
	memcpy(head, pack_magic, sizeof(pack_magic));
	put32(head + sizeof(pack_magic), out->count);
	write_bytes(out, head, sizeof(head));
	for (i = 0; f == NULL && i < n; i++)
		f = take_pack(out, packs[i].name, true);
	hash_sha1_end(out->sum, out->sha1);
	fwrite(out->sum, 1, RAW, out->file);
	end = finish_file(out->file, file);
	return f == NULL ? end : f;
}

/*
 * The old packs go when the new one is on the disk.  An .idx comes before its
 * .pack and goes after it, so that what a killed process leaves is an .idx
 * alone, which nobody reads and clean() takes away.
 */
static const struct fail *
replace(const char *dir, const struct output *out, const struct pack *packs,
    size_t n, const char *pack, const char *idx)
{
	const char *name =
	    mem_printf("%s/pack-%s", dir, hash_hex(out->sum, RAW));
	const struct fail *f;
	size_t i;

	if (rename(idx, mem_printf("%s.idx", name)) != 0 ||
	    rename(pack, mem_printf("%s.pack", name)) != 0)
		return fail_errno("cannot rename to %s.pack", name);
	f = store_git_flush(dir);
	for (i = 0; f == NULL && i < n; i++) {
		/* one that held all that the others did */
		if (strcmp(packs[i].name, name) == 0)
			continue;
		f = file_remove(mem_printf("%s.pack", packs[i].name));
		if (f == NULL)
			f = file_remove(mem_printf("%s.idx", packs[i].name));
	}
	return f;
}

static const struct fail *
merge(const char *dir, const struct pack *packs, size_t n)
{
	const char *pack = mem_printf("%s/tmp_merge.pack", dir);
	const char *idx = mem_printf("%s/tmp_merge.idx", dir);
	struct output out = {0};
	const struct fail *f = NULL;
	size_t objects = 0, i;

	for (i = 0; i < n; i++)
		objects += packs[i].objects;
	for (out.mask = 1; out.mask < objects * 2; out.mask *= 2)
		;
	out.slots = mem_alloc(out.mask * sizeof(*out.slots));
	out.mask--;
	out.objects = mem_alloc(objects * sizeof(*out.objects));
	for (i = 0; f == NULL && i < n; i++)
		f = take_pack(&out, packs[i].name, false);
	if (f == NULL)
		f = write_pack(&out, pack, packs, n);
	if (f == NULL)
		f = write_idx(&out, idx);
	if (f == NULL)
		f = replace(dir, &out, packs, n, pack, idx);
	unlink(pack);
	unlink(idx);
	return f;
}

/* The largest first. */
static int
compare_sizes(const void *a, const void *b)
{
	const struct pack *x = a, *y = b;

	return x->size > y->size ? -1 : x->size < y->size;
}

/* How many of the n packs (the last ones, which are the smallest) are to
 * become one. */
static size_t
choose(const struct pack *packs, size_t n, size_t max_bytes)
{
	size_t size = 0, objects = 0, i, chosen = 0;

	for (i = n; i > 0; i--) {
		if (i < n && packs[i - 1].size < size * 2)
			chosen = n - i + 1;
		size += packs[i - 1].size;
		objects += packs[i - 1].objects;
		if (size > max_bytes || objects > OBJECTS_MAX)
			return chosen > n - i ? n - i : chosen;
	}
	return chosen;
}

/* Take away what a packer that was killed had begun; true where name is such
 * a file. */
static bool
remove_remnant(const char *dir, const char *name)
{
	const char *path = mem_printf("%s/%s", dir, name);
	struct stat st;

	if (strncmp(name, "tmp_merge.", 10) == 0)
		return unlink(path) == 0;
	/* libgit2's may be another program's, which is at work */
	return strncmp(name, "pack_git2_", 10) == 0 && stat(path, &st) == 0 &&
	       st.st_mtime + REMNANT_SECONDS < time(NULL) && unlink(path) == 0;
}

/* The pack whose count files begin at names; .name is NULL where it is not to
 * be merged. */
static struct pack
look_at(const char *dir, struct dirent **names, int count, size_t stem)
{
	struct pack pack = {0};
	struct stat st, idx;
	const char *name =
	    mem_printf("%s/%.*s", dir, (int)stem, names[0]->d_name);

	if (strncmp(names[0]->d_name, "pack-", 5) != 0 ||
	    strcmp(names[0]->d_name + stem, ".idx") != 0)
		return pack;
	if (count == 1)
		unlink(mem_printf("%s.idx", name));
	if (count != 2 || stat(mem_printf("%s.pack", name), &st) != 0 ||
	    stat(mem_printf("%s.idx", name), &idx) != 0)
		return pack;
	pack.name = name;
	pack.size = (size_t)st.st_size;
	pack.objects = (size_t)idx.st_size / IDX_ROW;
	return pack;
}

/* The packs in dir that may be merged, the largest first. */
static const struct fail *
list_packs(struct pack **packs, size_t *n, const char *dir, size_t max_bytes)
{
	struct dirent **names;
	int i, j, count = scandir(dir, &names, NULL, alphasort);
	struct pack pack;
	size_t stem;

	*n = 0;
	if (count < 0)
		return fail_errno("cannot list %s", dir);
	*packs = mem_alloc((size_t)(count + 1) * sizeof(**packs));
	for (i = 0; i < count; i = j) {
		j = i + 1;
		stem = strcspn(names[i]->d_name, ".");
		if (stem == 0 || remove_remnant(dir, names[i]->d_name))
			continue;
		while (j < count && strncmp(names[j]->d_name, names[i]->d_name,
		                        stem + 1) == 0)
			j++;
		pack = look_at(dir, names + i, j - i, stem);
		if (pack.name != NULL && pack.size < max_bytes / 2)
			(*packs)[(*n)++] = pack;
	}
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	qsort(*packs, *n, sizeof(**packs), compare_sizes);
	return NULL;
}

const struct fail *
store_git_merge(size_t *merged, struct store_git *g, size_t max_bytes)
{
	const char *dir = mem_printf("%s/objects/pack", g->dir);
	const struct fail *f;
	struct pack *packs;
	size_t n;

	*merged = 0;
	f = list_packs(&packs, &n, dir, max_bytes);
	if (f != NULL ||
	    access(mem_printf("%s/multi-pack-index", dir), F_OK) == 0)
		return f;
	*merged = choose(packs, n, max_bytes);
	if (*merged < 2)
		*merged = 0;
	return *merged == 0 ? NULL : merge(dir, packs + n - *merged, *merged);
}
